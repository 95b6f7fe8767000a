// The panel: care, the leading causes, the findings, and what moves the answer.

class Panel {
  constructor(explorer) {
    this.explorer = explorer;
    this.summary = "";
    this.alert = h("div", { className: "alert", role: "alert", hidden: true });
    this.care = h("div", { className: "care" });
    this.leading = h("div", { className: "brief" });
    this.select = h("select", { "aria-label": "What moves the probability of" }, ...this.targets());
    this.select.addEventListener("change", () => explorer.choose(this.chosen()));
    this.now = h("p", { className: "now" });
    this.known = h("div");
    this.unknown = h("div");
    this.numbers = h("div");
    this.changes = h("p", { className: "changes", hidden: true });
    const section = (heading, ...parts) => [explorer.heading(1, "section", heading), ...parts];
    const part = (heading, ...parts) => [explorer.heading(2, "part", heading), ...parts];
    this.element = h(
      "aside", { className: "panel", "aria-label": "What follows" },
      h(
        "div", { className: "result" }, this.alert, this.care,
        h("p", { className: "soft small" }, isolated(explorer.model.notice)), // beside the result, wherever that is shown
        this.changes,
        ...section(explorer.model.roles ? "Leading causes" : "What moved most", this.leading),
        ...section("Findings", this.known, this.data()),
      ),
      h(
        "div", { className: "moves" }, ...section("What moves the probability of", this.select, this.now),
        ...part("Finding out, from least to most probable it can become", this.unknown),
        ...part("Numbers of the model, each over its range; move one to see", this.numbers),
      ),
    );
  }

  targets() {
    const { variables, roles } = this.explorer.model;
    const options = variables.map(({ label, labels, role, active }, i) => {
      const several = active.length > 1 && CAUSES.includes(role);
      const any = several ? [h("option", { value: `${i}:any` }, `${label}: ${active.map((s) => labels[s]).join(" or ")}`)] : [];
      return [...any, ...labels.map((state, s) => h("option", { value: `${i}:${s}` }, `${label}: ${state}`))];
    });
    return [h("option", { value: "" }, roles ? "the leading cause" : "what moved most"), ...options.flat()];
  }

  chosen() {
    if (!this.select.value) return null;
    const [variable, state] = this.select.value.split(":");
    return { variable: Number(variable), states: state === "any" ? this.explorer.model.variables[variable].active : [Number(state)] };
  }

  // The findings as data, to copy and to paste.
  data() {
    this.area = h("textarea", { rows: 5, spellcheck: false, "aria-label": "Findings as JSON" });
    this.problem = h("p", { className: "problem", role: "alert" });
    const use = h("button", { type: "button", className: "plain" }, "Use these findings");
    use.addEventListener("click", () => this.use());
    const copy = h("button", { type: "button", className: "plain" }, "Copy");
    copy.addEventListener("click", () => {
      this.area.select();
      const copied = navigator.clipboard?.writeText(this.area.value) ?? Promise.reject(); // some pages have no clipboard
      copied.catch(() => document.execCommand("copy")).then(() => this.explorer.say("Copied."));
    });
    return h("details", {}, h("summary", {}, "As data"), this.area, h("div", {}, copy, " ", use), this.problem);
  }

  use() {
    try {
      const findings = JSON.parse(this.area.value);
      if (!findings || typeof findings !== "object" || Array.isArray(findings)) throw new Error("findings are an object, such as {\"name\": \"state\"}");
      this.explorer.set(findings);
    } catch (error) {
      text(this.problem, error.message);
    }
  }

  update(answer, target, moves, withNumbers) {
    const refocus = this.focus();
    this.area.value = escaped(JSON.stringify(answer.findings, null, 1));
    text(this.problem, "");
    this.showContradiction(answer);
    this.showCare(answer);
    this.showLeading(answer);
    const { label, labels } = this.explorer.model.variables[target.variable];
    const words = `${label}: ${target.states.map((s) => labels[s]).join(" or ")}`;
    this.showKnown(answer, moves, words);
    this.showTarget(words, moves);
    this.showUnknown(moves);
    if (withNumbers) this.showNumbers(moves);
    this.showChanges(this.explorer.moved.size);
    refocus();
  }

  // Rows are redrawn. What had the focus gets it again, or what has taken its place, or what is nearest.
  focus() {
    const { explorer, select } = this, active = this.element.getRootNode().activeElement;
    const lists = [[this.leading, explorer.clear], [this.known, explorer.clear], [this.unknown, select], [this.numbers, select], [this.changes, select]];
    const [list, nearest] = lists.find(([one]) => one.contains(active)) ?? [];
    const rows = () => [...list.querySelectorAll("button, input")];
    const at = list ? rows().indexOf(active) : -1, number = active?.dataset.number;
    return () => {
      if (at < 0 || active.isConnected) return;
      const now = rows(), same = number && now.find((row) => row.dataset.number === number);
      (same || now[Math.min(at, now.length - 1)] || nearest).focus();
    };
  }

  showContradiction({ contradiction, findings }) {
    this.alert.hidden = !contradiction;
    if (!contradiction) return void this.alert.replaceChildren();
    const { variables, byName } = this.explorer.model;
    const words = contradiction.map((name) => {
      const variable = variables[byName.get(name)];
      return `${variable.label} = ${findingWords(variable, findings[name])}`;
    });
    const start = words.length > 1 ? "These findings cannot occur together" : "This finding cannot occur";
    const back = this.explorer.moved.size ? ", or put the numbers back" : "";
    const said = [`${start}: `, words.join(" and "), `. Clear one to go on${back}.`];
    if (this.alert.textContent === said.join("")) return; // it would be read aloud again
    this.alert.replaceChildren(said[0], isolated(said[1]), said[2]);
  }

  showCare(answer) {
    const { care, flags, unresolved, findings } = answer, known = Object.keys(findings).length > 0, parts = [];
    const { model } = this.explorer, level = levelOf(model, answer);
    if (!known) parts.push(h("p", {}, "Click a state to set a finding; click it again to clear it."));
    if (known && level) {
      parts.push(h("p", { className: `level ${level}` }, careWords(level)));
      parts.push(h("p", {}, care ? decidedWords(care, model.levels) : ""));
    }
    if (known) for (const flag of flags) parts.push(h("p", { className: "flag" }, isolated(flag.text), flag.holds === LIKELY ? ` (likely, ${percent(flag.probability)})` : ""));
    if (known) parts.push(...this.unresolved(unresolved));
    this.care.replaceChildren(...parts);
    this.summary = known && level ? `${careWords(level)}. ` : "";
  }

  // Red flags of which something was not asked or is not known: what is not ruled out is no reassurance.
  unresolved(flags) {
    if (!flags.length) return [];
    const { variables } = this.explorer.model;
    const silent = [...new Set(flags.flatMap((flag) => flag.silent))].map((i) => variables[i].label);
    const listed = h("ul", {}, ...flags.map((flag) => h("li", {}, isolated(flag.text))));
    const open = this.care.querySelector(".unresolved")?.open ?? false; // it is redrawn
    const words = `${flags.length} red flag${flags.length > 1 ? "s are" : " is"} not ruled out; not asked: `;
    return [h("details", { className: "unresolved", open }, h("summary", {}, words, isolated(silent.join(", "))), listed)];
  }

  showLeading(answer) {
    const { explorer } = this, { roles } = explorer.model;
    if (answer.contradiction) return void this.leading.replaceChildren();
    const rank = explorer.ranking(answer), suspected = new Set(answer.suspected);
    this.leading.replaceChildren(...rank.slice(0, TOP).map((row) => {
      return line(explorer.words(row), [suspected.has(row.variable) ? "red flag" : "", roles ? oneIn(row.probability) : ""], {
        bar: row.probability, before: row.before, value: percent(row.probability), press: () => explorer.show(row.variable),
      });
    }));
    const [top] = rank;
    if (top) this.summary += `${roles ? "Leading" : "Moved most"}: ${explorer.words(top)}, ${percent(top.probability)}`;
  }

  showKnown(answer, moves, target) {
    const { explorer } = this, { variables, byName } = explorer.model;
    const without = new Map((moves?.findings ?? []).map((row) => [row.variable, row.without]));
    const rows = Object.entries(answer.findings).map(([name, finding]) => {
      const i = byName.get(name), words = `${variables[i].label}: ${findingWords(variables[i], finding)}`;
      const clear = h("button", { type: "button", className: "clear", "aria-label": `Clear ${variables[i].label}`, title: "Clear" }, "×");
      clear.addEventListener("click", () => explorer.toggle(i));
      const effect = without.has(i) ? `without it ${percent(without.get(i))}` : "";
      return h("div", { className: "given" }, h("span", {}, isolated(words)), h("span", { className: "soft" }, effect), clear);
    });
    const about = without.size ? [h("p", { className: "soft small" }, "Without it: the probability of ", isolated(target))] : [];
    this.known.replaceChildren(...(rows.length ? [...about, ...rows] : [h("p", { className: "soft" }, "None yet.")]));
  }

  showTarget(words, moves) {
    const nothing = moves && moves.now === 0 ? "; the findings rule it out" : "";
    this.now.replaceChildren(isolated(words), moves ? ` ${percent(moves.now)} ${oneIn(moves.now) && moves.now ? `(${oneIn(moves.now)})` : ""}${nothing}` : "");
  }

  showUnknown(moves) {
    const { explorer } = this, { variables } = explorer.model;
    const told = (row) => row.most > row.least && !CAUSES.includes(variables[row.variable].role);
    const rows = (moves?.unknown ?? []).filter(told).slice(0, TOP);
    this.unknown.replaceChildren(...orNothing([...spans(rows, moves?.now)].map(([row, span]) => {
      const { label, labels } = variables[row.variable];
      const states = row.chances.map((p, s) => (p === null ? null : `${labels[s]} ${percent(p)}`)).filter(Boolean).join("; ");
      return line(label, [], { span, value: range(row), press: () => explorer.show(row.variable), title: states });
    })));
  }

  showNumbers(moves) {
    const { model, moved } = this.explorer, all = moves?.numbers ?? [];
    const most = all.filter((row) => !moved.has(row.number) && row.most > row.least).slice(0, TOP);
    const still = [...moved].map((number) => all.find((row) => row.number === number) ?? { number }); // to be moved back
    const found = spans([...still.filter((row) => "most" in row), ...most], moves?.now);
    this.numbers.replaceChildren(...orNothing([...still, ...most].map((row) => this.number(row, found.get(row)))));
    this.now.title = `${model.places.length} numbers in the model`;
  }

  number(row, span) {
    const { explorer } = this, { model } = explorer, place = model.places[row.number], words = numberWords(model, place);
    const source = place.cited ? sourceOf(model, place) : { kind: "no source", text: "10% less to 10% more of what the model says" };
    const slider = h("input", { type: "range", min: place.low, max: place.high, step: "any", "aria-label": words });
    slider.value = model.values[row.number];
    slider.dataset.number = row.number;
    const shown = h("span", { className: "soft" });
    const tell = (value) => {
      text(shown, `${figure(value)} in ${figure(place.low)} to ${figure(place.high)}`);
      slider.setAttribute("aria-valuetext", shown.textContent);
    };
    tell(model.values[row.number]); // which the slider cannot show if the others of the row have moved it out of its range
    slider.addEventListener("input", () => { tell(Number(slider.value)); explorer.change(row.number, Number(slider.value), false); });
    slider.addEventListener("change", () => explorer.change(row.number, Number(slider.value), true));
    const cited = h("p", { className: "source" }, isolated(source.text + (place.where ? ` (${place.where})` : "")));
    const top = line(words, [source.kind], { span, value: span ? range(row) : "" });
    return h("div", { className: "number" }, top, h("div", { className: "move" }, slider, shown), cited);
  }

  showChanges(count) {
    this.changes.hidden = !count;
    if (!count) return void this.changes.replaceChildren();
    const back = h("button", { type: "button", className: "plain" }, "Put them back");
    back.addEventListener("click", () => this.explorer.restore());
    const words = `${count} ${count > 1 ? "numbers are" : "number is"} changed: these are not the answers of the model as published. `;
    this.changes.replaceChildren(words, back);
  }
}

const sourceOf = ({ sources }, { source }) => sources[source] ?? { kind: "source", text: escaped(source) };
const orNothing = (rows) => (rows.length ? rows : [h("p", { className: "soft" }, "Nothing.")]);
const range = ({ least, most }) => `${percent(least)} to ${percent(most)}`;

// By row where its range and the present value lie, on a scale that all rows share.
function spans(rows, now) {
  const low = Math.min(now, ...rows.map((row) => row.least)), high = Math.max(now, ...rows.map((row) => row.most));
  const at = (p) => (high > low ? (p - low) / (high - low) : 0);
  return new Map(rows.map((row) => [row, { from: at(row.least), to: at(row.most), now: at(now) }]));
}

// A row of the panel: words, tags, a bar or a span, a value; a button if pressing does something.
function line(words, tags, { bar, before, span, value, press, title = "" }) {
  const track = h("span", { className: "track", "aria-hidden": "true" });
  const part = (className, style) => { const e = h("span", { className }); Object.assign(e.style, style); track.append(e); };
  if (bar !== undefined) part("bar", { transform: `scaleX(${bar})` });
  if (before !== undefined) part("before", { left: `${100 * before}%` });
  if (span) part("span", { left: `${100 * span.from}%`, width: `${100 * Math.max(0.005, span.to - span.from)}%` });
  if (span) part("before", { left: `${100 * span.now}%` });
  const marks = tags.filter(Boolean).flatMap((tag) => [" ", h("span", { className: tag === "red flag" ? "tag red" : "tag" }, tag)]);
  const inside = [h("span", { className: "label" }, isolated(words), ...marks), track, h("span", { className: "value" }, value)];
  if (!press) return h("div", { className: "line", title }, ...inside);
  const button = h("button", { type: "button", className: "line", title }, ...inside);
  button.addEventListener("click", press);
  return button;
}
