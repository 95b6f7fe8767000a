// The model: findings in, posteriors, care and sensitivities out. Nothing here knows what is shown.

const SAME = 1e-12, LEAST_RATIO = 1e-300;
const CERTAIN = "certain", LIKELY = "likely", POSSIBLE = "possible", UNRESOLVED = "unresolved";

async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

// Findings and likelihoods are looked up by names of a user's network, such as "constructor": nothing is inherited.
const own = (object) => Object.assign(Object.create(null), object);
const isText = (finding) => typeof finding === "string";
const weight = (finding, state) => (isText(finding) ? Number(finding === state) : own(finding)[state]);
const total = (values) => values.reduce((sum, value) => sum + value, 0);

function isLikelihood(finding, { states }) {
  if (!finding || typeof finding !== "object" || Array.isArray(finding) || Object.keys(finding).length !== states.length) return false;
  const weights = states.map((state) => weight(finding, state)), largest = Math.max(...weights);
  return largest > 0 && weights.every((x) => Number.isFinite(x) && (x === 0 || x / largest >= LEAST_RATIO));
}

class Model {
  constructor(content) {
    Object.assign(this, content);
    this.engine = new Circuit(content.circuit);
    this.byName = new Map(this.variables.map((variable, i) => [variable.name, i]));
    this.sources = own(content.sources);
    this.places = placesOf(this);
    this.values = Float64Array.from(this.numbers.values);
    this.alike = new Float64Array(this.values.length).fill(1);
    this.indicators = total(this.variables.map((variable) => variable.states.length));
    this.roles = this.variables.some((variable) => variable.role);
    this.prior = this.answer({});
  }

  // Throws what is wrong with findings that the library would not understand.
  check(findings) {
    for (const [name, finding] of Object.entries(findings)) {
      const variable = this.variables[this.byName.get(name)];
      if (!variable) throw new Error(`there is no variable ${escaped(name)}`);
      const states = variable.states.map(escaped).join(", ");
      if (isText(finding)) {
        if (!variable.states.includes(finding)) throw new Error(`${escaped(name)} has no state ${escaped(finding)}; its states are ${states}`);
      } else if (!isLikelihood(finding, variable)) {
        throw new Error(`${escaped(name)}: give a state (${states}), or a likelihood of at least 0 for each`);
      }
    }
  }

  // The leaves without findings, which change only when a number does.
  leavesOfNumbers() {
    const { values, indicators, engine } = this, [first, last] = this.numbers.sums;
    const leaves = new Float64Array(engine.leaves).fill(1, 0, indicators);
    leaves.set(values, indicators);
    first.forEach((from, i) => {
      let sum = 0;
      for (let j = from; j <= last[i]; j++) sum += values[j];
      leaves[indicators + values.length + i] = sum;
    });
    return leaves;
  }

  leaves(findings, target = null) {
    this.unobserved ??= this.leavesOfNumbers();
    const leaves = this.unobserved.slice();
    for (const [name, finding] of Object.entries(findings)) {
      const { states, leaf } = this.variables[this.byName.get(name)];
      const weights = states.map((state) => weight(finding, state)), largest = Math.max(...weights);
      weights.forEach((value, i) => { leaves[leaf + i] *= value / largest; });
    }
    if (target) {
      const { states, leaf } = this.variables[target.variable];
      states.forEach((_, i) => { if (!target.states.includes(i)) leaves[leaf + i] = 0; });
    }
    return leaves;
  }

  possible(findings) {
    return this.engine.possible(this.leaves(findings));
  }

  // Everything about some findings; `contradiction` names a smallest set of them that cannot be if they cannot. A red flag
  // that holds for certain needs no probability, so a contradiction elsewhere does not hide it.
  answer(given) {
    const findings = own(given), leaves = this.leaves(findings), solved = this.engine.solve(leaves);
    if (!solved) {
      return { findings, ...decision(this, findings, null), contradiction: smallestContradiction(Object.keys(findings), findings, this) };
    }
    const posterior = this.variables.map(({ states, leaf }) => {
      const joint = states.map((_, i) => leaves[leaf + i] * solved.slopes[leaf + i]);
      const sum = total(joint);
      return joint.map((p) => p / sum);
    });
    return { findings, log: solved.log, slopes: solved.slopes, posterior, ...decision(this, findings, posterior) };
  }

  // How a target's probability depends on each finding, on what is not known yet, and on every number.
  moves(answer, target) {
    const now = answer.contradiction ? 0 : chance(answer.posterior[target.variable], target.states);
    if (now === 0) return { now, findings: [], unknown: [], numbers: [] };
    const solved = this.engine.solve(this.leaves(answer.findings, target));
    const joint = { findings: solved.slopes, evidence: answer.slopes };
    return { now, ...this.byFinding(answer, target, now, joint), numbers: this.byNumber(now, joint) };
  }

  // P(target given x and the others) for each state x is a ratio of derivatives with respect to x's indicator.
  byFinding(answer, target, now, { findings: above, evidence: below }) {
    const known = [], unknown = [];
    this.variables.forEach(({ name, states, leaf }, i) => {
      if (i === target.variable) return;
      if (name in answer.findings) {
        const sums = [above, below].map((slopes) => total(states.map((_, s) => slopes[leaf + s])));
        known.push({ variable: i, without: Math.min(1, (now * sums[0]) / sums[1]) });
      } else {
        const chances = states.map((_, s) => (below[leaf + s] > 0 ? (now * above[leaf + s]) / below[leaf + s] : null));
        const possible = chances.filter((p) => p !== null);
        unknown.push({ variable: i, chances, least: Math.min(...possible), most: Math.min(1, Math.max(...possible)) });
      }
    });
    known.sort((a, b) => Math.abs(b.without - now) - Math.abs(a.without - now));
    unknown.sort((a, b) => b.most - b.least - (a.most - a.least));
    return { findings: known, unknown };
  }

  // f(x) = now (1 + a (x - x0)) / (1 + b (x - x0)), where a and b are derivatives along the number's row (the others of
  // the row keep their ratios), each divided by its probability.
  byNumber(now, { findings: above, evidence: below }) {
    const found = [];
    this.places.forEach(({ low, high, fixed }, number) => {
      if (fixed || low === high) return;
      const [a, b] = [above, below].map((slopes) => this.along(slopes, number));
      if (!Number.isFinite(a) || !Number.isFinite(b)) return; // the findings are rarer than a number can hold
      const at = (x) => quotient(now, a, b, x - this.values[number], Math.max(x, this.values[number]));
      const ends = [at(low), at(high)];
      const [least, most] = [Math.min(now, ...ends), Math.max(now, ...ends)];
      found.push({ number, least, most, ends, derivative: now * (a - b) });
    });
    return found.sort((x, y) => y.most - y.least - (x.most - x.least));
  }

  along(slopes, number) {
    const { first, size } = this.places[number], ratios = this.ratios(number);
    let weighted = 0, rest = 0;
    for (let i = first; i < first + size; i++) {
      if (i === number) continue;
      weighted += ratios[i] * this.slope(slopes, i);
      rest += ratios[i];
    }
    return this.slope(slopes, number) - weighted / rest;
  }

  // Where the ratios of the others in a number's row stand: at present, as published if they are all 0 now, else alike.
  ratios(number) {
    const { first, size } = this.places[number];
    const some = (values) => {
      for (let i = first; i < first + size; i++) if (i !== number && values[i] > 0) return true;
      return false;
    };
    return [this.values, this.numbers.values].find(some) ?? this.alike;
  }

  // A number's derivative, with what it passes on through sums.
  slope(slopes, number) {
    let found = slopes[this.indicators + number];
    for (const sum of this.places[number].sums) found += slopes[this.indicators + this.values.length + sum];
    return found;
  }

  // Set a number; the others of its row keep their ratios. A row that is as published but for rounding becomes exactly so.
  change(number, value) {
    const { first, size } = this.places[number], ratios = this.ratios(number);
    let rest = 0;
    for (let i = first; i < first + size; i++) if (i !== number) rest += ratios[i];
    for (let i = first; i < first + size; i++) if (i !== number) this.values[i] = (ratios[i] / rest) * (1 - value);
    this.values[number] = value;
    const { values: published } = this.numbers, row = Array.from({ length: size }, (_, i) => first + i);
    if (row.every((i) => Math.abs(this.values[i] - published[i]) < SAME)) for (const i of row) this.values[i] = published[i];
    this.unobserved = null;
  }

  // Whether the row of a number is not as published.
  isMoved(number) {
    const { first, size } = this.places[number];
    return this.values.subarray(first, first + size).some((value, i) => value !== this.numbers.values[first + i]);
  }

  restore() {
    this.values.set(this.numbers.values);
    this.unobserved = null;
  }
}

function quotient(now, a, b, step, reach) {
  const below = 1 + b * step;
  if (Math.abs(below) <= 1e-15 * (1 + Math.abs(b) * reach)) return b === 0 ? 0 : (now * a) / b;
  return (now * (1 + a * step)) / below;
}

// Where each number stands: its variable, row, state, range, source, and the sums that it is in.
function placesOf({ variables, numbers }) {
  const places = [];
  for (const [variable, kind, count, size] of numbers.blocks) {
    const begin = places.length;
    for (let i = 0; i < count; i++) {
      const first = begin + Math.floor(i / size) * size, value = numbers.values[begin + i];
      const near = { low: 0.9 * value, high: Math.min(1, 1.1 * value), source: "", where: "", cited: false };
      const fixed = size < 2 || (i % size === 0 && (kind !== "table" || size === 2)); // it is what the others leave
      places.push({ variable, kind, row: Math.floor(i / size), state: i % size, first, size, sums: [], fixed, ...near });
    }
  }
  for (const [i, low, high, source, where, rest] of numbers.cited) {
    Object.assign(places[i], { low, high, source, where, cited: true, fixed: rest });
  }
  numbers.sums[0].forEach((from, i) => { for (let j = from; j <= numbers.sums[1][i]; j++) places[j].sums.push(i); });
  return places;
}

const chance = (states, chosen) => Math.min(1, total(chosen.map((i) => states[i])));

// The care rule (spasmnet/triage/care.py): red flags set a floor under the level of care; above it the least expected loss
// decides. Without posteriors, since the findings contradict one another, what holds by the findings alone is left.
function decision(model, findings, posterior) {
  const read = model.flags.map((flag) => ({ ...flag, ...reading(model, flag, findings, posterior) }));
  const held = byLevel(model, read.filter((flag) => flag.holds === CERTAIN || flag.holds === LIKELY));
  const unresolved = byLevel(model, read.filter((flag) => flag.holds === UNRESOLVED));
  const suspected = [...new Set(held.filter((flag) => model.levels.indexOf(flag.level) >= 2).flatMap((flag) => flag.suspects))];
  return { flags: held, unresolved, suspected, care: careOf(model, findings, held, posterior) };
}

// `level` is what is told, a place in the model's levels, of which the last is "undetermined"; -1 stands for none.
function careOf(model, findings, held, posterior) {
  const floor = held.length ? model.levels.indexOf(held[0].level) : -1;
  const loss = posterior && model.losses ? expectedLosses(model.losses, posterior, model.variables) : [];
  let preferred = loss.length - 1;
  for (let level = preferred; level >= 0; level--) if (loss[level] < loss[preferred]) preferred = level;
  const provisional = Math.max(floor, preferred), { questions, minimum, rulesOut, advice } = model.screening;
  if (provisional < 0) return null;
  const answered = questions.filter((i) => findings[model.variables[i].name] !== undefined).length;
  const undetermined = Boolean(posterior) && provisional < rulesOut && answered < minimum;
  const level = undetermined ? model.levels.length - 1 : provisional;
  const byFlag = !undetermined && floor === provisional;
  return { level, floor, preferred, provisional, loss, byFlag, undetermined, answered, minimum, advice: undetermined ? advice : "" };
}

function expectedLosses({ burden, harms }, posterior, variables) {
  const chances = harms.map(({ variable, states }) => {
    return chance(posterior[variable], states.map((state) => variables[variable].states.indexOf(state)));
  });
  return burden.map((own, level) => own + total(harms.map((harm, i) => chances[i] * harm.loss[level])));
}

// The highest level of care first, and what is certain before what is only likely.
function byLevel(model, flags) {
  const rank = (flag) => 2 * model.levels.indexOf(flag.level) + Number(flag.holds === CERTAIN);
  return flags.sort((a, b) => rank(b) - rank(a));
}

// How a red flag holds, its probability, and the variables of it of which nothing is known. An uncertain finding makes a
// condition likely if its probability reaches the flag's threshold, or if it speaks for the condition by itself.
function reading(model, flag, findings, posterior) {
  const conditions = flag.when.map(([i, states]) => {
    const { name, states: all } = model.variables[i], finding = findings[name], heard = finding !== undefined;
    const open = heard ? all.filter((state) => weight(finding, state) > 0) : [];
    const must = heard && open.every((state) => states.includes(state)), may = !heard || open.some((state) => states.includes(state));
    const known = posterior ? chance(posterior[i], states.map((state) => all.indexOf(state))) : 0;
    const reported = must || !heard || isText(finding) ? 0 : evenOdds(finding, all, states);
    const likely = must || (Boolean(posterior) && known >= flag.threshold) || reported > 0.5;
    return { variable: i, heard, must, may, likely, probability: must ? 1 : Math.max(known, reported) };
  });
  const silent = conditions.filter((one) => !one.heard).map((one) => one.variable);
  if (conditions.every((one) => one.must)) return { holds: CERTAIN, probability: 1, silent };
  if (!conditions.every((one) => one.may)) return { holds: "", probability: 0, silent };
  if (silent.length) return { holds: UNRESOLVED, probability: 0, silent };
  const probability = Math.min(...conditions.map((one) => one.probability));
  return { holds: conditions.every((one) => one.likely) ? LIKELY : POSSIBLE, probability, silent };
}

// The probability of some states after a finding, at even odds before it.
function evenOdds(finding, all, states) {
  const largest = Math.max(...all.map((state) => weight(finding, state)));
  const mean = (some) => total(some.map((state) => weight(finding, state) / largest)) / Math.max(some.length, 1);
  const inside = mean(all.filter((state) => states.includes(state))), outside = mean(all.filter((state) => !states.includes(state)));
  return inside / (inside + outside);
}

// As in the library: candidates meet every set of findings without which the rest is possible (Ignatiev et al. 2015).
function smallestContradiction(names, findings, model) {
  const possible = (chosen) => model.possible(Object.fromEntries(chosen.map((name) => [name, findings[name]])));
  const repairs = [];
  for (;;) {
    const candidate = smallestMeeting(names.filter((name) => repairs.some((set) => set.has(name))), repairs);
    if (!possible(candidate)) return names.filter((name) => candidate.includes(name));
    const grown = [...candidate];
    for (const name of names) if (!grown.includes(name) && possible([...grown, name])) grown.push(name);
    repairs.push(new Set(names.filter((name) => !grown.includes(name))));
  }
}

function smallestMeeting(names, sets) {
  for (let size = 0; size <= names.length; size++) {
    for (const chosen of choices(names, size)) {
      if (sets.every((set) => chosen.some((name) => set.has(name)))) return chosen;
    }
  }
  return names;
}

function* choices(names, size, from = 0) {
  if (size === 0) { yield []; return; }
  for (let i = from; i <= names.length - size; i++) {
    for (const rest of choices(names, size - 1, i + 1)) yield [names[i], ...rest];
  }
}
