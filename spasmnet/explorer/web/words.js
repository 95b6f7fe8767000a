// Words and numbers for people.

const CARE = { self_care: "Self-care", routine: "Routine care", urgent: "Urgent care", emergency: "Emergency care", undetermined: "Not known yet" };

// What decided a level of care.
function decidedWords(care, levels) {
  if (care.undetermined) {
    const so = (CARE[levels[care.provisional]] ?? levels[care.provisional]).toLowerCase();
    return `${care.answered} of at least ${care.minimum} questions about red flags are answered; by what is known so far: ${so}. ${care.advice}`;
  }
  return care.byFlag ? "Decided by a red flag, whatever the probabilities say." : "The level with the least expected loss; no red flag asks for more.";
}

const ROLES = { risk_factor: "Risk factors", cause: "Causes", serious: "Serious conditions", finding: "Findings" };

// Letters that cannot be seen, or that turn the direction of writing, as JSON writes them; line ends are kept.
const escaped = (words) => words.replace(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu, (letter) => letter.split("").map(codeOf).join(""));
const codeOf = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

const CAUSES = ["cause", "serious"]; // the roles of what findings are asked for

// Never 0 % or 100 % unless it is exactly that.
function percent(p) {
  if (p === 0 || p === 1) return `${100 * p}%`;
  if (p < 0.001) return "<0.1%";
  if (p > 0.999) return ">99.9%";
  return p < 0.0995 || p > 0.9905 ? `${(100 * p).toFixed(1)}%` : `${(100 * p).toFixed(0)}%`;
}

function oneIn(p) {
  if (p === 0) return "impossible";
  if (p >= 0.01) return "";
  if (p < 1e-9) return "under 1 in a billion";
  return `1 in ${Number((1 / p).toPrecision(2)).toLocaleString("en")}`;
}

const figure = (x) => String(Number(x.toPrecision(3)));

function findingWords(variable, finding) {
  if (isText(finding)) return variable.labels[variable.states.indexOf(finding)];
  return variable.states.map((state, i) => `${variable.labels[i]} ${figure(weight(finding, state))}`).join(", ") + " (likelihoods)";
}

// A number of the model in words: an entry of a table, a leak, or a link.
function numberWords({ variables }, place) {
  const { label, labels, parents } = variables[place.variable];
  const what = `${label} = ${labels[place.state]}`;
  if (place.kind === "leak") return `${what}, with no cause that the model knows`;
  if (place.kind !== "table") {
    const parent = variables[parents[place.kind]];
    return `${what}, through ${parent.label} = ${parent.labels[place.row + 1]}`;
  }
  let row = place.row;
  const given = [...parents].reverse().map((i) => {
    const { label: name, labels: states } = variables[i], state = states[row % states.length];
    row = Math.floor(row / states.length);
    return `${name} = ${state}`;
  });
  return given.length ? `${what}, given ${given.reverse().join(", ")}` : what;
}
