"""What an answer should be: at least or at most a bound, as a linear constraint on P(y, e)."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError
from spasmnet.sensitivity.one_way import ParameterSensitivity, parameter_sensitivity
from spasmnet.sensitivity.target import Target

Floats = NDArray[np.float64]
RANGES = {"probability": (0.0, 1.0), "difference": (-1.0, 1.0), "ratio": (0.0, inf), "log_odds": (-inf, inf)}


@dataclass(frozen=True, eq=False)
class Wanted:
    """A bound on an answer, from below (`sign` 1) or above (-1).

    It holds where a · numerator - b · denominator >= 0, with `factors` (a, b); both are linear in every number.
    """

    target: Target
    bound: float
    sign: int

    def __str__(self) -> str:
        return f"{self.target} {'>=' if self.sign > 0 else '<='} {self.bound:g}"

    @property
    def factors(self) -> tuple[float, float]:
        """(1, bound), or for log-odds (1, e^bound) divided by the larger; the sign in both."""
        if not self.target.log:
            return float(self.sign), self.sign * self.bound
        return self.sign * exp(-max(self.bound, 0.0)), self.sign * exp(min(self.bound, 0.0))

    @property
    def weights(self) -> Floats:
        """What P(y, e) counts for in the constraint."""
        a, b = self.factors
        return np.asarray(a * self.target.numerator - b * self.target.denominator)

    def better(self, answer: float, than: float) -> bool:
        """Whether one answer is nearer to the constraint than another."""
        return self.sign * answer > self.sign * than

    def almost(self, answer: float) -> bool:
        """Whether the constraint holds up to rounding."""
        return self.sign * (answer - self.bound) >= -1e-9 * max(1.0, abs(self.bound))

    def answer(self, joint: Floats) -> float:
        """The answer for some P(y, e)."""
        return quotient(float(self.target.numerator @ joint), float(self.target.denominator @ joint), self.target.log)


def quotient(top: float, bottom: float, log: bool) -> float:
    """An answer, or its logarithm."""
    ratio = top / bottom
    return float(np.log(ratio)) if log and ratio > 0 else (-inf if log else ratio)


def read(
    engine: Any, target: Any, evidence: Any, at_least: Any, at_most: Any, against: Any, measure: Any
) -> tuple[ParameterSensitivity, Wanted, bool]:
    """The sensitivities, the constraint that matters, and whether it holds already.

    Raises EvidenceError and what parameter_sensitivity raises.
    """
    if at_least is None and at_most is None:
        raise EvidenceError("what is wanted? give at_least= or at_most=")
    ps = parameter_sensitivity(engine, target, evidence, against=against, measure=measure)
    low, high = RANGES[ps.target.measure]
    for name, bound in (("at_least", at_least), ("at_most", at_most)):
        number = isinstance(bound, (int, float, np.floating)) and not isinstance(bound, bool)
        if bound is not None and not (number and low <= bound <= high and abs(bound) < inf):
            shown = "a finite number" if low == -inf else f"in [{low:g}, {high:g}{']' if high < inf else ')'}"
            raise EvidenceError(f"{name} for a {ps.target.measure} is {shown}, not {bound!r}")
    if at_least is not None and at_most is not None and at_least > at_most:
        raise EvidenceError(f"at_least ({at_least!r}) is above at_most ({at_most!r})")
    low_side = at_least is not None and (at_most is None or ps.answer < at_least)
    wanted = Wanted(ps.target, float(at_least if low_side else at_most), 1 if low_side else -1)
    return ps, wanted, not wanted.better(wanted.bound, ps.answer)
