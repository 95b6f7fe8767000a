"""The figures of all sensitivity functions at once: extremes, vertex proximity, admissible deviation, as columns.

Each function has a falling and a rising piece, which are the same but for order-preserving co-variation. They are what
SensitivityFunction works out for one number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spasmnet.parameters.covariation import Lines
from spasmnet.sensitivity.function import larger, largest_slope, second_derivative, vertex_proximity

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Functions:
    """The pieces of many functions (axes: alpha to delta, number) for numbers below and above their `value`.

    Each number can be moved in [`bottom`, `top`]; `log` tells whether the answer is the logarithm of the quotient, and
    `known` where the functions were known exactly, as in Piece. `slopes` are the derivatives of the two pieces.
    """

    value: Floats
    bottom: Floats
    top: Floats
    falling: Floats
    rising: Floats
    log: bool
    known: Floats
    slopes: tuple[Floats, Floats]

    def __call__(self, t: Floats) -> Floats:
        """The answers at one value of each number; where numerator and denominator vanish, their limits."""
        alpha, beta, gamma, delta = np.where(t > self.value, self.rising, self.falling)
        above, below = alpha * t + beta, gamma * t + delta
        tiny = np.abs(below) <= 1e-15 * (np.abs(gamma) * np.maximum(t, self.known) + np.abs(delta))
        with np.errstate(divide="ignore", invalid="ignore"):
            limit = np.where(gamma == 0, 0.0, alpha / gamma)
            found = np.where(tiny, limit, above / below)
            return np.asarray(np.log(np.maximum(found, 0.0)) if self.log else found)

    def extremes(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """The least and the largest answers over [low, high], cut to where the numbers can be moved."""
        a, b = np.maximum(low, self.bottom), np.minimum(high, self.top)
        inner = np.where((a < self.value) & (self.value < b), self.value, a)
        ends = np.stack([self(a), self(inner), self(b)])
        return ends.min(axis=0), ends.max(axis=0)

    @property
    def derivative(self) -> Floats:
        """The derivative at each value (of two pieces the larger in size), with its sign."""
        return larger(*self.slopes)

    @property
    def second_derivative(self) -> Floats:
        """The second derivative at each value (of two pieces that of the steeper), with its sign."""
        falls = self.derivative == self.slopes[0]
        steeper = np.where(falls, self.falling, self.rising)
        return second_derivative(steeper, self.value, self.derivative, self.log)

    @property
    def largest_slope(self) -> Floats:
        """The largest size of the derivative wherever each number can be moved; infinite at a pole."""
        down, up = (
            largest_slope(piece, end, self.value, slope, self.log)
            for piece, end, slope in zip(self._both, (self.bottom, self.top), self.slopes, strict=True)
        )
        return np.maximum(down, up)

    @property
    def vertex_proximity(self) -> Floats:
        """How far each value is from the nearer of its pieces' vertices; infinite for lines."""
        down, up = (
            vertex_proximity(piece, self.value, slope, self.log)
            for piece, slope in zip(self._both, self.slopes, strict=True)
        )
        return np.minimum(down, up)

    @property
    def _both(self) -> tuple[Floats, Floats]:
        return self.falling, self.rising


def admissible(
    joint: Floats, falling: Lines, rising: Lines, value: Floats, bottom: Floats, top: Floats
) -> tuple[Floats, Floats]:
    """The widest intervals in which the most probable state stays, within [bottom, top]; see ParameterSensitivity.

    `joint` is P(y, e), `falling` and `rising` are the same as lines along each number's row.
    """
    first = int(np.argmax(joint))
    low, high = bottom, top
    for lines, down in ((falling, True), (rising, False)):
        slope, intercept = (part[first] - part for part in lines)  # over each state
        leads = slope > 0 if down else slope < 0
        with np.errstate(over="ignore"):
            crossing = -intercept / np.where(leads, slope, 1.0)
        if down:
            low = np.maximum(low, np.where(leads, crossing, -np.inf).max(axis=0))
        else:
            high = np.minimum(high, np.where(leads, crossing, np.inf).min(axis=0))
    never = (low > value + 1e-12) | (high < value - 1e-12)  # the uniform rule changes the row even at its present value
    return np.where(never, value, np.minimum(low, value)), np.where(never, value, np.maximum(high, value))
