// A page of its own: the content stands in the page, and other scripts may use `spasmnetExplorer`.

async function start() {
  const bytes = (id) => Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  const model = new Model(await unpacked(bytes("content")));
  const findings = JSON.parse(new TextDecoder().decode(bytes("findings")));
  const explorer = new Explorer(document.getElementById("explorer"), model, { findings, titled: false });
  window.spasmnetExplorer = {
    answer: (findings) => { model.check(findings); return model.answer(findings); },
    moves: (findings, target) => model.moves(model.answer(findings), target),
    get findings() { return { ...explorer.findings }; },
    set findings(findings) { explorer.set(findings); },
  };
}

start().catch((error) => {
  const words = typeof DecompressionStream === "undefined" ? "This page needs a browser of 2023 or later." : String(error);
  document.getElementById("explorer").textContent = words;
});
