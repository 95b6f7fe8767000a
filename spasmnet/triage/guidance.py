"""What a model says should be done: advice, red flags, how they are screened for, and the losses of levels of care."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from spasmnet._immutable import FrozenMapping, Rebuilt
from spasmnet.model.arguments import public
from spasmnet.model.network import Network
from spasmnet.model.parameter import Parameter

CARE_LEVELS = ("self_care", "routine", "urgent", "emergency")  # from the least to the most
UNDETERMINED = "undetermined"  # in place of a level, where too few questions about red flags are answered
THRESHOLDS = FrozenMapping({"self_care": 0.5, "routine": 0.5, "urgent": 0.2, "emergency": 0.05})
UNKNOWN_COUNTS_AS = ("possible", "absent")


@public
@dataclass(frozen=True)
class Rule(Rebuilt):
    """A piece of advice, or (with a care level) a red flag, that applies when the named states hold.

    `when` maps variables to the states that qualify; all variables are required, and an empty mapping always applies.
    `suspects` names the conditions that a red flag is a flag for. `threshold` is the probability in [0, 1] from which
    an uncertain finding makes this red flag likely (None: that of its level, see Screening). `unknown` says what the
    answer "don't know" leaves of a red flag: it stays "possible", or counts as "absent".
    """

    id: str
    when: Mapping[str, tuple[str, ...]]
    text: str
    level: str = ""
    claims: tuple[str, ...] = ()
    source: str = ""
    where: str = ""
    suspects: tuple[str, ...] = ()
    threshold: Parameter | None = None
    unknown: str = "possible"

    def __post_init__(self) -> None:
        object.__setattr__(self, "when", FrozenMapping({name: tuple(states) for name, states in self.when.items()}))
        object.__setattr__(self, "suspects", tuple(self.suspects))

    def holds(self, evidence: Mapping[str, object]) -> bool:
        """Whether hard evidence meets every condition; an unobserved or uncertain variable does not."""
        return all(evidence.get(name) in states for name, states in self.when.items())


@public
@dataclass(frozen=True)
class Screening(Rebuilt):
    """How a model's red flags count where findings are uncertain, missing, or asked for in vain.

    `thresholds` maps levels of care to the probability from which an uncertain finding makes a red flag of that level
    likely; a level that is left out has that of THRESHOLDS (0.05 for emergencies, 0.2 for urgent flags, else 0.5).
    A level of care below `rules_out` is told only if at least the share `answered`, in [0, 1], of the questions is
    answered that red flags of `rules_out` and above look at; below that the level is "undetermined", and `advice` is
    given in its place. Without `answered` (None) every level is told.
    """

    thresholds: Mapping[str, Parameter] = field(default_factory=FrozenMapping)
    answered: Parameter | None = None
    rules_out: str = "urgent"
    advice: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "thresholds", FrozenMapping(self.thresholds))

    def threshold(self, flag: Rule) -> float:
        """The probability from which an uncertain finding makes a red flag likely."""
        number = flag.threshold or self.thresholds.get(flag.level)
        return THRESHOLDS.get(flag.level, 0.5) if number is None else number.value

    def questions(self, flags: Iterable[Rule]) -> frozenset[str]:
        """The variables that red flags of the level `rules_out` and above look at."""
        serious = CARE_LEVELS[CARE_LEVELS.index(self.rules_out) :]
        return frozenset(name for flag in flags if flag.level in serious for name in flag.when)

    def minimum(self, flags: Iterable[Rule]) -> int:
        """How many of these questions must be answered before a level below `rules_out` is told."""
        share = 0.0 if self.answered is None else self.answered.value
        return ceil(share * len(self.questions(flags)) - 1e-9)

    def content(self, flags: Iterable[Rule]) -> list[Any]:
        """Everything that changes a decision about these flags, as plain data in a fixed order."""
        flags = tuple(flags)
        rules = sorted((flag.id, self.threshold(flag).hex(), flag.unknown) for flag in flags)
        return [rules, self.rules_out, self.minimum(flags)]


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


NOTICE = "For research and education; not a medical device."


@public
@dataclass(frozen=True)
class Guidance(Rebuilt):
    """What a model says should be done: advice, red flags and how they are screened for, losses of levels of care."""

    advice: tuple[Rule, ...] = ()
    red_flags: tuple[Rule, ...] = ()
    losses: Losses | None = None
    screening: Screening = field(default_factory=Screening)

    def __post_init__(self) -> None:
        for name in ("advice", "red_flags"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def harms(self) -> tuple[Harm, ...]:
        """The harms in the losses; none without losses."""
        return self.losses.harms if self.losses is not None else ()

    def content(self) -> list[Any]:
        """Everything that changes a decision, as plain data in a fixed order."""
        flags = sorted(
            (flag.id, flag.level, sorted((k, sorted(v)) for k, v in flag.when.items()), *flag.suspects)
            for flag in self.red_flags
        )
        screening = [self.screening.content(self.red_flags)] if self.red_flags else []
        return [flags, *screening, *([self.losses.content()] if self.losses is not None else [])]

    def numbers(self) -> tuple[Parameter, ...]:
        """The cited numbers: thresholds of levels and of single flags, and the share of questions to be answered."""
        own = (self.screening.answered, *(flag.threshold for flag in self.red_flags))
        return tuple(number for number in (*self.screening.thresholds.values(), *own) if number is not None)

    def sources(self) -> tuple[str, ...]:
        """The source of each rule and harm, by key."""
        rules = [rule.source for rule in (*self.advice, *self.red_flags)]
        return (*rules, *(harm.source for harm in self.harms))

    def counts(self) -> Mapping[str, int]:
        """How many red flags and pieces of advice there are."""
        return FrozenMapping({"red flag": len(self.red_flags), "piece of advice": len(self.advice)})


NO_GUIDANCE = Guidance()


def guidance_of(network: Network) -> Guidance:
    """The guidance of a network; one without any rules if it has none, or one of another field."""
    return network.guidance if isinstance(network.guidance, Guidance) else NO_GUIDANCE
