"""Which single numbers overturn a decision within their own ranges, and where: exact crossings of linear functions.

When one number t moves and the others of its row follow in proportion, P(x, e) is linear in t for every state x. A
lead P(a | e) - P(b | e), or a difference of expected losses, changes its sign where a linear function does.

Source: van der Gaag LC, Renooij S (2001), Analysing sensitivity data from probabilistic networks, UAI, 530-537.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spasmnet.parameters.covariation import along_rows
from spasmnet.parameters.vector import Numbers
from spasmnet.triage.rule import DecisionRule
from spasmnet.uncertainty.delta import Joint

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CAUSE, CARE = "leading cause", "level of care"
TINY = 1e-12  # of P(e): what is no more than rounding


@dataclass(frozen=True)
class Crossing:
    """A number beyond whose value `turns_at` (in the direction of `rising`) another outcome is decided."""

    number: int
    decision: str
    turns_at: float
    rising: bool
    becomes: int


@dataclass(frozen=True, eq=False)
class Lines:
    """The quantities of a rule times P(e), and P(e), as linear functions of single numbers (last axis)."""

    rule: DecisionRule
    slope: Floats
    intercept: Floats
    slope_evidence: Floats
    intercept_evidence: Floats

    @classmethod
    def of(cls, rule: DecisionRule, joint: Joint, numbers: Numbers) -> Lines:
        """The lines of a query's numbers, from P(x, e) for the states of the rule's variables, scaled to P(e) = 1."""
        values = np.append(joint.values, joint.total) / joint.total
        gradient = np.concatenate([joint.gradient, joint.total_gradient[None]]) / joint.total
        (slope, intercept), _ = along_rows(values, gradient, numbers, "proportional")
        return cls(
            rule,
            rule.weights.T @ slope[:-1] + rule.constant[:, None] * slope[-1],
            rule.weights.T @ intercept[:-1] + rule.constant[:, None] * intercept[-1],
            slope[-1],
            intercept[-1],
        )

    def at(self, number: int, t: Floats) -> Floats:
        """The quantities for some values of a number (first axis)."""
        evidence = self.slope_evidence[number] * t + self.intercept_evidence[number]
        return np.asarray((np.outer(t, self.slope[:, number]) + self.intercept[:, number]) / evidence[:, None])

    def crossings(self, number: int, value: float, low: float, high: float) -> Iterator[Crossing]:
        """The nearest crossings of both decisions on either side of the present value within [low, high]."""
        now = self.rule.decide(self.at(number, np.array([value])))
        points = self._points(number, now.order[0, 0], low, high)
        for rising in (False, True):
            end = high if rising else low
            if end == value:
                continue
            beyond = np.sort(points[points > value] if rising else points[points < value])
            ends = np.concatenate([[value], beyond if rising else beyond[::-1], [end]])
            found = self.rule.decide(self.at(number, (ends[:-1] + ends[1:]) / 2))
            for name, new, old in ((CAUSE, found.order[:, 0], now.order[0, 0]), (CARE, found.told, now.told[0])):
                for i in np.flatnonzero(new != old)[:1].tolist():  # at once where two are equal now
                    yield Crossing(number, name, float(ends[i]), rising, int(new[i]))

    def _points(self, number: int, first: int, low: float, high: float) -> Floats:
        """Where, within (low, high), something may be decided otherwise: all sign changes that matter."""
        m, k = len(self.rule.candidates), len(self.rule.candidates) + self.rule.levels
        line = np.stack([self.slope[:, number], self.intercept[:, number]])
        evidence = np.array([[self.slope_evidence[number]], [self.intercept_evidence[number]]])
        parts = [line[:, first : first + 1] - line[:, :m]]
        parts += [threshold * evidence - line[:, k + i : k + i + 1] for i, threshold in self.rule.thresholds]
        if self.rule.levels:
            losses = line[:, m:k]
            parts += [losses[:, i : i + 1] - losses for i in range(self.rule.levels)]
        slope, intercept = np.concatenate(parts, axis=1)
        real = np.abs(slope) * (high - low) > TINY
        t = -intercept[real] / slope[real]
        return np.unique(t[(low < t) & (t < high)])
