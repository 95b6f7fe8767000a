"""How results look: words and numbers for people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import floor, log10
from typing import TYPE_CHECKING, Any

from spasmnet.errors import CircuitTooLargeError
from spasmnet.network import Variable
from spasmnet.triage.report import Ranked

if TYPE_CHECKING:
    from spasmnet.engine import Engine
    from spasmnet.network import Network
    from spasmnet.posterior import Posterior
    from spasmnet.triage.care import Care, RedFlag
    from spasmnet.triage.guidance import Rule

MOST_FOR_PRIORS = 2_000_000  # products of a circuit that is compiled only for what stands beside
NOTICE = "For research and education; not a medical device."
ROLE_TITLES = {"cause": "Causes", "serious": "Serious conditions", "finding": "Findings", "risk_factor": "Risk factors"}


CARE_WORDS = {
    "emergency": "Emergency care, now",
    "urgent": "Urgent care, today",
    "routine": "A routine appointment",
    "self_care": "Self-care",
    "undetermined": "Not known yet",
}
DECIDED_WORDS = {
    "red flag": "a red flag",
    "expected loss": "the least expected loss",
    "too few answers": "too few answers about red flags",
}


def undetermined_text(care: Care) -> str:
    """That a level of care cannot be told yet, why, and what to do until then."""
    count = f"{care.answered} of the questions about red flags {'is' if care.answered == 1 else 'are'} answered"
    likely = CARE_WORDS[care.provisional].lower()
    words = f"only {count}; at least {care.minimum} are needed to tell how soon to be seen"
    told = f"{words} (by what is known so far: {likely})." if care.provisional else f"{words}."
    return f"{told[0].upper()}{told[1:]} {plain(care.advice)}".strip()


def held_text(flag: RedFlag) -> str:
    """How a red flag holds, in words."""
    return flag.holds if flag.holds == "certain" else f"{flag.holds}, {percent(flag.probability)}"


def unresolved_text(rule: Rule, network: Network, unknown: Collection[str] = (), given: Collection[str] = ()) -> str:
    """What of a red flag was not asked about, or is not known."""
    asked = [name_of(network.by_name[name]) for name in rule.when if name in unknown]
    silent = [name_of(network.by_name[name]) for name in rule.when if name not in unknown and name not in given]
    parts = [f"not asked: {', '.join(silent)}" if silent else "", f"not known: {', '.join(asked)}" if asked else ""]
    return "; ".join(part for part in parts if part)


def percent(probability: float) -> str:
    """A probability for people; never 0 % or 100 % unless it is exactly that.

    >>> percent(0.256), percent(0.00001), percent(0.99999), percent(0.0)
    ('26%', '<0.1%', '>99.9%', '0%')
    """
    if probability in (0.0, 1.0):
        return f"{probability:.0%}"
    if probability < 0.001:
        return "<0.1%"
    if probability > 0.999:
        return ">99.9%"
    return f"{probability:.1%}" if probability < 0.0995 or probability > 0.9905 else f"{probability:.0%}"


def one_in(probability: float, below: float = 0.01) -> str:
    """A probability under `below` as a frequency with two digits; empty where a percentage says enough.

    >>> one_in(0.00012), one_in(0.3), one_in(1e-12), one_in(0.0)
    ('1 in 8,300', '', 'under 1 in a billion', 'impossible')
    """
    if probability == 0:
        return "impossible"
    if probability >= below:
        return ""
    if probability < 1e-9:
        return "under 1 in a billion"
    count = 1 / probability
    return f"1 in {round(count, 1 - floor(log10(count))):,.0f}"


def between(interval: tuple[float, float], *, rare: bool = False) -> str:
    """An interval for people: in percent, or (rare) in frequencies.

    >>> between((0.081, 0.17)), between((0.21, 0.44)), between((1e-5, 2e-4), rare=True)
    ('8.1-17%', '21-44%', '1 in 100,000 to 5,000')
    """
    if rare:
        first, last = (one_in(p, below=0.1) or percent(p) for p in interval)
        return first if first == last else f"{first} to {last.removeprefix('1 in ')}"
    first, last = map(percent, interval)
    return first if first == last else f"{first.removesuffix('%')}-{last}"


def plain(text: str) -> str:
    """A text from a model file without control characters, which a terminal might obey."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def name_of(variable: Variable) -> str:
    """A variable's label, or its name."""
    return plain(variable.label or variable.name)


def state_of(variable: Variable, state: str) -> str:
    """A state's label, or its name."""
    return plain(variable.state_label(state))


def finding_text(finding: Any, variable: Variable | None = None) -> str:
    """A finding in words: the state, or the likelihoods; with labels if the variable is given."""
    if isinstance(finding, Mapping):
        words = [f"{state_of(variable, s) if variable else s} {value:g}" for s, value in finding.items()]
        return "likelihood " + ", ".join(words)
    return state_of(variable, finding) if variable else str(finding)


def states_text(variable: Variable, states: Mapping[str, float], most: int = 6, post: Posterior | None = None) -> str:
    """The states with their probabilities, in order; of many, the most probable. With `post`, its intervals follow."""
    shown: Sequence[str] = variable.states
    if len(shown) > most:
        shown = sorted(shown, key=lambda state: -states[state])[: most - 1]
    words = [f"{state_of(variable, s)} {percent(states[s])}{_bracketed(post, variable, s)}" for s in shown]
    return "; ".join(words) + (f"; and {len(states) - len(shown)} more" if len(shown) < len(states) else "")


def _bracketed(post: Posterior | None, variable: Variable, state: str) -> str:
    if post is None or post.uncertainty is None:
        return ""
    return f" ({between(post.interval(variable.name, state))})"


def event_of(variable: Variable, states: Sequence[str]) -> str:
    """What a probability in one number is of: with the states, unless the variable's role says which one is neutral."""
    words = name_of(variable)
    return words if variable.role else f"{words}: {' or '.join(state_of(variable, state) for state in states)}"


def probability_of(variables: Iterable[Variable]) -> str:
    """What the bars of some variables, each called as `event_of` says, are the probabilities of."""
    kinds = {bool(variable.role) for variable in variables}
    if kinds == {True}:
        return "probability of any but the neutral state"
    return "probability of what is named" + (", or of any but the neutral one" if True in kinds else "")


def presence(row: Ranked) -> str:
    """The most probable state that is not neutral, of several with its own probability; "" if `event_of` names it."""
    if not row.variable.role:
        return ""
    words = state_of(row.variable, row.leading)
    return f"{words} {percent(row.states[row.leading])}" if len(row.variable.states) > 2 else words


def prior_of(post: Posterior, engine: Engine | None = None) -> Posterior | None:
    """The posterior of no findings, where there are findings; None also where it would take long."""
    from spasmnet.engine import compile

    if not post.evidence:
        return None
    try:
        return (engine or compile(post.network, max_products=MOST_FOR_PRIORS)).posterior()
    except CircuitTooLargeError:
        return None
