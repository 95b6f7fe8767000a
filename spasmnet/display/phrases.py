"""How results look: words and numbers for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from spasmnet.errors import CircuitTooLargeError
from spasmnet.model.network import Variable
from spasmnet.model.words import between, percent, state_of
from spasmnet.triage.report import Ranked

if TYPE_CHECKING:
    from spasmnet.inference.engine import Engine
    from spasmnet.inference.posterior import Posterior

MOST_FOR_PRIORS = 2_000_000  # products of a circuit that is compiled only for what stands beside
ROLE_TITLES = {"cause": "Causes", "serious": "Serious conditions", "finding": "Findings", "risk_factor": "Risk factors"}


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
    from spasmnet.inference.engine import compile

    if not post.evidence:
        return None
    try:
        return (engine or compile(post.network, max_products=MOST_FOR_PRIORS)).posterior()
    except CircuitTooLargeError:
        return None
