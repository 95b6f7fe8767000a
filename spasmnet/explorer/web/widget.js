// In a notebook: the findings are shared with Python, the content comes once.

async function render({ model: shared, el }) {
  const bytes = shared.get("_content");
  const model = new Model(await unpacked(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
  const changed = (findings) => { shared.set("findings", findings); shared.save_changes(); };
  const explorer = new Explorer(el, model, { findings: shared.get("findings"), changed });
  const follow = () => {
    const findings = shared.get("findings");
    if (JSON.stringify(findings) !== JSON.stringify(explorer.findings)) explorer.set(findings, false);
  };
  shared.on("change:findings", follow);
  return () => {
    shared.off("change:findings", follow);
    explorer.gone();
  };
}

export default { render };
