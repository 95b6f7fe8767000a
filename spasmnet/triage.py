"""How soon somebody should be seen: red flags set a floor, above it the least expected loss decides.

The rule is written down in full in the model file: a burden for each level of care, and for each harm what is lost when
only that level was sought. Whatever the probabilities say, the level is never below a red flag that holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from spasmnet._frozen import FrozenMapping, Rebuilt
from spasmnet.network import Network
from spasmnet.posterior import Posterior
from spasmnet.rules import CARE_LEVELS, Harm, Rule

LIKELY = 0.5


@dataclass(frozen=True)
class Care(Rebuilt):
    """A level of care and what decided it.

    `floor` is the highest level of the red flags in `flags` ("" if there are none), `preferred` the level with the
    least expected loss, `level` the higher of the two, and `decided_by` is "red flag" or "expected loss".
    `expected_loss` gives each level's; `contributions` the harms that make up the loss of the level below `preferred`
    (of `preferred` itself if there is none below), the largest first.
    """

    level: str
    decided_by: str
    floor: str
    preferred: str
    flags: tuple[Rule, ...]
    expected_loss: Mapping[str, float]
    contributions: tuple[tuple[Harm, float, float], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "expected_loss", FrozenMapping(self.expected_loss))

    def as_dict(self) -> dict[str, Any]:
        """The decision as plain data."""
        return {
            "level": self.level,
            "decided_by": self.decided_by,
            "floor": self.floor,
            "preferred": self.preferred,
            "flags": [flag.id for flag in self.flags],
            "expected_loss": dict(self.expected_loss),
            "contributions": [
                {"harm": harm.id, "probability": chance, "loss": loss} for harm, chance, loss in self.contributions
            ],
        }


def care_level(posterior: Posterior) -> Care | None:
    """The level of care that the model's losses and red flags ask for; None if the model has no losses.

    The expected loss of a level is its burden plus Σ over the harms of P(condition given the findings) · loss; the
    level with the least is preferred (the more cautious one of equals). A red flag that holds for certain, or that
    uncertain findings make more likely than not, sets a floor.

    >>> import spasmnet
    >>> care = care_level(spasmnet.compile(spasmnet.load()).posterior({"jaw_stiffness": "present"}))
    >>> care.level, care.decided_by
    ('emergency', 'red flag')

    Source: von Neumann J, Morgenstern O (1944), Theory of games and economic behavior (expected utility).
    """
    network = posterior.network
    if network.losses is None:
        return None
    chances = {harm.id: _probability(posterior, harm) for harm in network.losses.harms}
    loss = {
        level: network.losses.burden[level] + sum(chances[h.id] * h.loss[level] for h in network.losses.harms)
        for level in CARE_LEVELS
    }
    preferred = min(reversed(CARE_LEVELS), key=lambda level: loss[level])
    holding = holding_flags(posterior)
    floor = holding[0].level if holding else ""
    by_flag = bool(floor) and CARE_LEVELS.index(floor) > CARE_LEVELS.index(preferred)
    below = CARE_LEVELS[max(CARE_LEVELS.index(preferred) - 1, 0)]
    parts = [(harm, chances[harm.id], chances[harm.id] * harm.loss[below]) for harm in network.losses.harms]
    return Care(
        floor if by_flag else preferred,
        "red flag" if by_flag or floor == preferred else "expected loss",
        floor,
        preferred,
        tuple(flag for flag in holding if flag.level == floor),
        loss,
        tuple(sorted((part for part in parts if part[2] > 0), key=lambda part: -part[2])),
    )


def _probability(posterior: Posterior, harm: Harm) -> float:
    states = posterior[harm.variable]
    return min(1.0, sum(states[state] for state in harm.states))


def flags(network: Network, evidence: Mapping[str, Any]) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """The red flags that hold, and those that uncertain findings leave possible; the highest level of care first.

    A red flag holds when the findings leave no state open that would not qualify; it is possible when an uncertain
    finding (likelihoods) leaves both kinds of state open.
    """
    open_states = {name: _open_states(finding) for name, finding in evidence.items()}
    certain, possible = [], []
    for rule in network.red_flags:
        conditions = [(open_states.get(name, frozenset()), set(states)) for name, states in rule.when.items()]
        if all(left and left <= states for left, states in conditions):
            certain.append(rule)
        elif all(left & states for left, states in conditions):
            possible.append(rule)
    return by_level(certain), by_level(possible)


def holding_flags(posterior: Posterior) -> tuple[Rule, ...]:
    """The red flags that set the floor: those that hold, and possible ones of which each condition is likely."""
    certain, possible = flags(posterior.network, posterior.evidence)
    likely = [
        rule
        for rule in possible
        if all(sum(posterior[name][s] for s in states) >= LIKELY for name, states in rule.when.items())
    ]
    return by_level([*certain, *likely])


def suspected(holding: Iterable[Rule]) -> tuple[str, ...]:
    """The conditions that the urgent and emergency flags among these are flags for, the highest level first."""
    named = (name for rule in holding if rule.level in CARE_LEVELS[2:] for name in rule.suspects)
    return tuple(dict.fromkeys(named))


def _open_states(finding: Any) -> frozenset[str]:
    if isinstance(finding, Mapping):
        return frozenset(state for state, likelihood in finding.items() if likelihood > 0)
    return frozenset({finding})


def by_level(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules with the highest level of care first; those of one level in the order given."""
    return tuple(sorted(rules, key=lambda rule: -CARE_LEVELS.index(rule.level) if rule.level in CARE_LEVELS else 1))
