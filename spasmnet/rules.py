"""What a model says should be done: advice, red flags, and the losses by which a level of care is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spasmnet._frozen import FrozenMapping, Rebuilt
from spasmnet._public import public

CARE_LEVELS = ("self_care", "routine", "urgent", "emergency")  # from the least to the most


@public
@dataclass(frozen=True)
class Rule(Rebuilt):
    """A piece of advice, or (with a care level) a red flag, that applies when the named states hold.

    `when` maps variables to the states that qualify; all variables are required, and an empty mapping always applies.
    `suspects` names the conditions that a red flag is a flag for.
    """

    id: str
    when: Mapping[str, tuple[str, ...]]
    text: str
    level: str = ""
    claims: tuple[str, ...] = ()
    source: str = ""
    where: str = ""
    suspects: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "when", FrozenMapping({name: tuple(states) for name, states in self.when.items()}))
        object.__setattr__(self, "suspects", tuple(self.suspects))

    def holds(self, evidence: Mapping[str, object]) -> bool:
        """Whether hard evidence meets every condition; an unobserved or uncertain variable does not."""
        return all(evidence.get(name) in states for name, states in self.when.items())


@public
@dataclass(frozen=True)
class Harm(Rebuilt):
    """What is lost, on the scale of the model's burdens, if a condition holds and only a level of care was sought.

    The condition is that `variable` is in one of `states`; `loss` maps each care level to a number of at least 0 that
    does not rise with the level.
    """

    id: str
    variable: str
    states: tuple[str, ...]
    loss: Mapping[str, float]
    source: str = ""
    where: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "states", tuple(self.states))
        object.__setattr__(self, "loss", FrozenMapping(self.loss))


@public
@dataclass(frozen=True)
class Losses(Rebuilt):
    """The utilities of a model, as losses: the burden of each level of care, and the harms of seeking too little.

    The expected loss of a level is its burden plus the sum over the harms of P(condition given the findings) times the
    harm's loss at that level. `unit` says what a loss of 1 is.
    """

    burden: Mapping[str, float]
    harms: tuple[Harm, ...]
    unit: str = ""
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "burden", FrozenMapping(self.burden))
        object.__setattr__(self, "harms", tuple(self.harms))

    def content(self) -> list[Any]:
        """Everything that changes a decision, as plain data in a fixed order."""
        harms = sorted((h.id, h.variable, sorted(h.states), [h.loss[k].hex() for k in CARE_LEVELS]) for h in self.harms)
        return [[self.burden[level].hex() for level in CARE_LEVELS], harms]
