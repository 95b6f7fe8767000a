"""Vignettes: does the right cause lead, and is the level of care safe?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from spasmnet.inference.engine import Engine
from spasmnet.triage.guidance import CARE_LEVELS, UNDETERMINED
from spasmnet.triage.report import report
from spasmnet.validation.files import Vignette

Z = 1.959963984540054  # of the standard normal distribution, for 95 %


@dataclass(frozen=True)
class Outcome:
    """What the model made of a vignette: its differential, the first few, and the level of care.

    A written case tells a few findings and leaves the rest open, so that a model that wants more questions about red
    flags answered calls its level undetermined. It is judged by the level that floor and expected loss give all the
    same, so that caution hides no level that is too low; `undetermined` says that it was not told.
    """

    vignette: Vignette
    leading: tuple[str, ...]
    care: str
    decided_by: str
    undetermined: bool = False

    @property
    def rank(self) -> int:
        """The place of the first acceptable cause in the differential, from 1; 0 if there is none to find."""
        return next((i for i, name in enumerate(self.leading, 1) if name in self.vignette.causes), 0)

    @property
    def safe(self) -> bool:
        """Whether the level is an acceptable one, more cautious, or at most one less."""
        return _place(self.care) >= _place(self.vignette.acceptable[0]) - 1

    @property
    def triage(self) -> str:
        """ "right", "over" or "under", by the acceptable levels."""
        if _place(self.care) > _place(self.vignette.acceptable[-1]):
            return "over"
        return "under" if _place(self.care) < _place(self.vignette.acceptable[0]) else "right"

    @property
    def missed_emergency(self) -> bool:
        """Whether this is an emergency that the model does not call one."""
        return self.vignette.care == CARE_LEVELS[-1] != self.care


@dataclass(frozen=True)
class Share:
    """A count among a number of cases, with Wilson's 95 % interval.

    >>> Share(9, 10)
    Share(count=9, of=10)
    >>> [round(bound, 3) for bound in Share(9, 10).interval]
    [0.596, 0.982]

    Source: Wilson EB (1927), Probable inference, the law of succession, and statistical inference, JASA 22:209-212.
    """

    count: int
    of: int

    @property
    def value(self) -> float:
        """The share, or 0 if there were no cases."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval."""
        if not self.of:
            return 0.0, 1.0
        n, p = self.of, self.value
        centre, spread = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        scale = 1 + Z * Z / n
        return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


@dataclass(frozen=True)
class Summary:
    """How a set of vignettes went; `baseline` is the top-3 share of the order of causes before any finding.

    `undetermined` counts those whose level is not told for want of answers about red flags; the other shares judge the
    level that floor and expected loss give.
    """

    top_1: Share
    top_3: Share
    baseline: Share
    safe: Share
    right: Share
    over: Share
    under: Share
    missed_emergencies: Share
    undetermined: Share


def run_vignettes(engine: Engine, vignettes: Iterable[Vignette]) -> tuple[Outcome, ...]:
    """Ask the engine about each vignette; the network needs losses (a care table)."""
    outcomes = []
    for vignette in vignettes:
        found = report(engine, vignette.findings)
        assert found.care is not None, "the model has no care table"
        leading = tuple(variable.name for variable in found.differential)
        care = found.care
        decided_by = "red flag" if care.floor == care.provisional else "expected loss"
        undetermined = care.level == UNDETERMINED
        outcomes.append(Outcome(vignette, leading, care.provisional, decided_by, undetermined))
    return tuple(outcomes)


def summarise(engine: Engine, outcomes: Sequence[Outcome]) -> Summary:
    """The shares over all outcomes; healthy people have no cause to find and count for the level of care only."""
    with_cause = [outcome for outcome in outcomes if outcome.vignette.causes]
    before = {variable.name for variable in report(engine).differential[:3]}
    emergencies = [outcome for outcome in outcomes if outcome.vignette.care == CARE_LEVELS[-1]]

    def triage(kind: str) -> Share:
        return Share(sum(outcome.triage == kind for outcome in outcomes), len(outcomes))

    return Summary(
        Share(sum(outcome.rank == 1 for outcome in with_cause), len(with_cause)),
        Share(sum(1 <= outcome.rank <= 3 for outcome in with_cause), len(with_cause)),
        Share(sum(bool(before & {*outcome.vignette.causes}) for outcome in with_cause), len(with_cause)),
        Share(sum(outcome.safe for outcome in outcomes), len(outcomes)),
        triage("right"),
        triage("over"),
        triage("under"),
        Share(sum(outcome.missed_emergency for outcome in emergencies), len(emergencies)),
        Share(sum(outcome.undetermined for outcome in outcomes), len(outcomes)),
    )


def _place(level: str) -> int:
    return CARE_LEVELS.index(level)
