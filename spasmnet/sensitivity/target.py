"""What is asked: a probability, or the difference, ratio or log-odds of two, as weights of the target's states."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError
from spasmnet.inference.evidence import Names, is_missing, state_of
from spasmnet.model.network import Network

Floats = NDArray[np.float64]
MEASURES = ("probability", "difference", "ratio", "log_odds")


@dataclass(frozen=True, eq=False)
class Target:
    """An answer as (numerator · P(states, e)) / (denominator · P(states, e)), or the logarithm of it."""

    variable: str
    states: tuple[str, ...]
    against: tuple[str, ...]
    measure: str
    numerator: Floats
    denominator: Floats

    @property
    def log(self) -> bool:
        """Whether the answer is the logarithm of the quotient."""
        return self.measure == "log_odds"

    def __str__(self) -> str:
        first, second = (f"P({self.variable}={' or '.join(s)})" for s in (self.states, self.against))
        if self.measure == "probability":
            return first
        joined = {"difference": " - ", "ratio": " / ", "log_odds": " : "}[self.measure]
        return f"{'log-odds ' * self.log}{first}{joined}{second}"


def read_target(network: Network, target: Any, against: Any = None, measure: str | None = None) -> Target:
    """Check and understand a target: (variable, state) or (variable, states); see parameter_sensitivity.

    Raises EvidenceError, UnknownVariableError and UnknownStateError.
    """
    if not isinstance(target, (tuple, list)) or len(target) != 2:
        raise EvidenceError(f"a target is (variable, state) or (variable, [states]), not {target!r}")
    variable = network.variable(target[0])
    states = _states(network, variable.name, target[1])
    wanted = measure or ("probability" if against is None else "difference")
    if wanted not in MEASURES:
        raise EvidenceError(f"measure is one of {', '.join(MEASURES)}, not {measure!r}")
    if wanted == "probability" and against is not None:
        raise EvidenceError("against is for a difference, ratio or log_odds; name the measure")
    if against is None and wanted in ("difference", "ratio"):
        raise EvidenceError(f"a {wanted} needs two: name the other states with against=")
    if against is None:
        others = tuple(state for state in variable.states if state not in states)
    else:
        others = _states(network, variable.name, against)
    if wanted == "log_odds" and not others:
        raise EvidenceError(f"the log-odds of all states of {variable.name} are not defined")
    first, second = (np.array([float(s in chosen) for s in variable.states]) for chosen in (states, others))
    ones = np.ones(len(variable.states))
    numerator = first - second if wanted == "difference" else first
    return Target(variable.name, states, others, wanted, numerator, ones if wanted in MEASURES[:2] else second)


def _states(network: Network, name: str, given: Any) -> tuple[str, ...]:
    one = isinstance(given, str) or not isinstance(given, Collection)
    if is_missing(given) or not (one or given):
        raise EvidenceError(f"{name}: a state or a list of states is needed, not {given!r}")
    variable = network.by_name[name]
    names = Names(variable.states)
    listed = {state_of(variable, state, names) for state in ((given,) if one else given)}
    return tuple(state for state in variable.states if state in listed)
