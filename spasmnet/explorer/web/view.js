// What is shown: a card for each variable, and a panel with what follows from the findings.

const TOP = 6;

// An element with properties, attributes (names with a dash, role, class) and children; text is never markup.
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const text = (element, words) => { if (element.textContent !== words) element.textContent = words; };
const isolated = (words) => h("bdi", {}, words);

class Explorer {
  // `titled`: with the network's title, as in a notebook; without it the page has one, of level 1.
  constructor(root, model, { findings = {}, titled = true, changed = () => {} } = {}) {
    Object.assign(this, { root, model, changed, titled, target: null, moved: new Set() });
    model.check(findings);
    this.findings = own(findings);
    this.cards = model.variables.map((variable, i) => new Card(this, variable, i));
    this.panel = new Panel(this);
    this.strip = new Strip(this);
    this.said = h("p", { className: "quiet", role: "status", "aria-live": "polite" });
    root.replaceChildren(h("div", { className: "spasmnet-explorer" }, ...this.parts()));
    root.firstChild.addEventListener("keydown", (event) => event.stopPropagation()); // a notebook has keys of its own
    this.update();
    this.gone = this.strip.watch();
  }

  // A heading so many levels below the title.
  heading(depth, className, ...children) {
    return h(`h${(this.titled ? 2 : 1) + depth}`, { className }, ...children);
  }

  parts() {
    const { model } = this;
    const search = h("input", { type: "search", placeholder: "Find a variable", "aria-label": "Find a variable" });
    search.addEventListener("input", () => this.filter(search.value));
    this.clear = h("button", { type: "button", className: "plain" }, "Clear all findings");
    this.clear.addEventListener("click", () => this.set({}));
    return [
      h("div", { className: "head" }, this.titled ? this.heading(0, "title", isolated(model.title)) : null, search, this.clear),
      this.strip.element,
      h("p", { className: "soft small" }, "Bar: how probable now. Thin line: without any findings. ✓: observed. Point at a variable to see what is next to it in the network."),
      h("div", { className: "body" }, h("div", { className: "groups" }, ...this.groups()), this.panel.element),
      this.said,
      h("p", { className: "foot" }, isolated(model.stamp)),
    ];
  }

  groups() {
    const { variables, roles } = this.model;
    const columns = roles ? [["risk_factor"], CAUSES, ["finding"]] : [];
    const named = new Set(columns.flat()), found = [];
    const group = (role, heading) => {
      const cards = this.cards.filter((_, i) => (role ? variables[i].role === role : !named.has(variables[i].role)));
      const list = h("div", { className: role ? "cards" : "cards wide" }, ...cards.map((card) => card.element));
      return cards.length ? h("section", { className: "group", "aria-label": heading }, this.heading(1, "section", heading), list) : null;
    };
    for (const inside of columns) {
      const sections = inside.map((role) => group(role, ROLES[role])).filter(Boolean);
      if (sections.length) found.push(h("div", { className: "column" }, ...sections));
    }
    const others = group("", roles ? "Other variables" : "Variables");
    return others ? [...found, h("div", { className: "column across" }, others)] : found;
  }

  say(words) {
    text(this.said, words);
  }

  filter(words) {
    const wanted = words.trim().toLowerCase();
    const shown = this.cards.filter((card) => card.show(!wanted || card.words.includes(wanted)));
    this.say(wanted ? `${shown.length} of ${this.cards.length} variables shown` : "");
  }

  // Set or clear one finding.
  toggle(i, state) {
    const { name } = this.model.variables[i], findings = own(this.findings), before = findings[name];
    delete findings[name];
    if (state !== undefined && before !== state) findings[name] = state;
    this.set(findings);
  }

  // Set all findings; throws what is wrong with them.
  set(findings, tell = true) {
    this.model.check(findings);
    const before = this.findings;
    this.findings = own(findings);
    this.update(this.difference(before));
    if (tell) this.changed(this.findings);
  }

  // What has changed: one finding in words, several by their number.
  difference(before) {
    const { model, findings } = this, same = (name) => JSON.stringify(before[name]) === JSON.stringify(findings[name]);
    const changed = model.variables.filter(({ name }) => !same(name));
    if (changed.length !== 1) return changed.length ? `${changed.length} findings changed. ` : "";
    const [variable] = changed, finding = findings[variable.name];
    return `${variable.label}: ${finding === undefined ? "cleared" : findingWords(variable, finding)}. `;
  }

  change(number, value, finished) {
    this.model.change(number, value);
    this.moved = new Set([...this.moved, number].filter((one) => this.model.isMoved(one)));
    this.renumber(finished);
  }

  restore() {
    this.model.restore();
    this.moved = new Set();
    this.renumber(true);
  }

  renumber(finished) {
    this.model.prior = this.model.answer({});
    this.update("", finished);
  }

  // Say what has changed, and what follows; while a slider moves, neither is anything said nor are the sliders redrawn.
  update(said = "", finished = true) {
    const { model } = this, answer = model.answer(this.findings);
    const target = this.target ?? this.leading(answer);
    this.answer = answer;
    this.cards.forEach((card) => card.update(answer, model.prior));
    this.strip.update(answer);
    this.panel.update(answer, target, answer.contradiction ? null : model.moves(answer, target), finished);
    this.strip.follow();
    if (finished) this.say(said + this.panel.summary);
  }

  // What was not observed, by how probable it is that it is not neutral; without roles, by how far it moved. What a red
  // flag points at comes first, whatever its probability.
  ranking(answer) {
    const { variables, roles, prior } = this.model;
    const open = variables.map((_, i) => i).filter((i) => !isText(answer.findings[variables[i].name]));
    const candidates = roles ? open.filter((i) => CAUSES.includes(variables[i].role)) : open;
    const rank = candidates.map((variable) => {
      const states = answer.posterior[variable], before = prior.posterior?.[variable] ?? states;
      const active = event(variables[variable], states);
      const change = total(states.map((p, s) => Math.abs(p - before[s]))) / 2;
      return { variable, states: active, probability: chance(states, active), before: chance(before, active), change };
    });
    const suspected = (row) => answer.suspected.includes(row.variable);
    return rank.sort((a, b) => suspected(b) - suspected(a) || (roles ? b.probability - a.probability : b.change - a.change));
  }

  leading(answer) {
    const [first] = answer.contradiction ? [] : this.ranking(answer);
    if (first) return { variable: first.variable, states: first.states };
    const [{ active, states }] = this.model.variables;
    return { variable: 0, states: active.length ? active : [states.length - 1] };
  }

  // What a row of the ranking is about: the variable, with the state unless its role says which one is neutral.
  words({ variable, states }) {
    const { label, labels, role } = this.model.variables[variable];
    return role ? label : `${label}: ${states.map((s) => labels[s]).join(" or ")}`;
  }

  choose(target) {
    this.target = target;
    this.update();
  }

  show(i) {
    const card = this.cards[i];
    card.show(true);
    card.element.scrollIntoView({ block: "center" });
    card.focused.focus({ preventScroll: true });
  }

  // Mark what stands directly above and below a variable in the network.
  mark(i) {
    const { variables } = this.model;
    const contested = (child, parent) => (variables[child].contested.includes(parent) ? ", contested" : "");
    this.cards.forEach((card, j) => {
      const parent = i !== null && variables[i].parents.includes(j), child = i !== null && variables[j].parents.includes(i);
      card.element.classList.toggle("related", parent || child);
      text(card.kin, parent ? `parent →${contested(i, j)}` : child ? `→ child${contested(j, i)}` : "");
    });
  }
}

// The states that are meant where only a variable is named: all but the neutral one, or else the most probable one.
const event = ({ active }, chances) => (active.length ? active : [chances.indexOf(Math.max(...chances))]);

class Card {
  constructor(explorer, variable, i) {
    Object.assign(this, { explorer, variable, i });
    this.words = [variable.name, variable.label, ...variable.labels].join(" ").toLowerCase();
    this.states = variable.states.map((_, s) => this.state(s));
    this.note = h("p", { className: "uncertain" });
    this.focused = this.states[0].button;
    this.kin = h("span", { className: "kin", "aria-hidden": "true" });
    const name = explorer.heading(2, "name", isolated(variable.label), this.kin);
    name.title = variable.about;
    const list = h("div", { className: "states" }, ...this.states.map(({ button }) => button));
    this.element = h("div", { className: `card ${variable.role}`, role: "group", "aria-label": variable.label }, name, list, this.note);
    this.element.dataset.variable = i;
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("pointerenter", () => explorer.mark(i));
    this.element.addEventListener("pointerleave", () => explorer.mark(null));
    this.element.addEventListener("focusin", () => explorer.mark(i));
    this.element.addEventListener("focusout", () => explorer.mark(null));
    this.turn(0, false);
  }

  state(s) {
    const bar = h("span", { className: "bar" }), before = h("span", { className: "before" });
    const value = h("span", { className: "value" }, "–");
    const label = h("span", { className: "label" }, isolated(this.variable.labels[s]));
    const track = h("span", { className: "track", "aria-hidden": "true" }, bar, before);
    const button = h("button", { type: "button", className: "state", "aria-pressed": "false" }, label, track, value);
    button.addEventListener("click", () => {
      this.turn(s, false);
      this.explorer.toggle(this.i, this.variable.states[s]);
    });
    return { button, bar, before, value };
  }

  // One stop of the tab key for each card; arrows move between its states, Delete clears the finding.
  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return; // those keys are the browser's
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const last = this.states.length - 1, now = this.states.findIndex(({ button }) => button === this.focused);
    if (step) this.turn(Math.min(last, Math.max(0, now + step)), true);
    else if (event.key === "Home") this.turn(0, true);
    else if (event.key === "End") this.turn(last, true);
    else if (event.key === "Delete" || event.key === "Backspace") this.explorer.toggle(this.i);
    else return;
    event.preventDefault();
  }

  turn(s, focus) {
    this.states.forEach(({ button }, other) => { button.tabIndex = other === s ? 0 : -1; });
    this.focused = this.states[s].button;
    if (focus) this.focused.focus();
  }

  show(visible) {
    this.element.hidden = !visible;
    return visible;
  }

  update(answer, prior) {
    const { variable, i } = this, finding = answer.findings[variable.name];
    this.element.classList.toggle("observed", finding !== undefined);
    text(this.note, finding === undefined || isText(finding) ? "" : findingWords(variable, finding));
    this.states.forEach(({ button, bar, before, value }, s) => {
      const p = answer.posterior?.[i][s], was = prior.posterior?.[i][s];
      const pressed = String(finding === variable.states[s]), title = titleOf(p, was);
      if (button.title === title && button.getAttribute("aria-pressed") === pressed) return; // most change in few places
      button.title = title;
      button.setAttribute("aria-pressed", pressed);
      bar.style.transform = `scaleX(${p ?? 0})`;
      before.hidden = was === undefined;
      before.style.left = `${100 * (was ?? 0)}%`;
      text(value, p === undefined ? "–" : percent(p));
    });
  }
}

const titleOf = (p, was) => (p === undefined ? "" : `${p.toPrecision(6)}${was === undefined ? "" : `; ${percent(was)} without findings`}`);
