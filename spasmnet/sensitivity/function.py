"""One-way sensitivity functions: how an answer depends on one number of the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet._shown import Shown
from spasmnet.errors import SpasmnetError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
ROUNDING = 1e-12  # differences of products that are none


@dataclass(frozen=True, slots=True)
class Piece:
    """f(t) = (alpha·t + beta) / (gamma·t + delta) on [low, high]; the logarithm of it if `log`.

    delta is what is left at 0 of what was known at `known`, and exact if that is 0.
    """

    low: float
    high: float
    alpha: float
    beta: float
    gamma: float
    delta: float
    log: bool = False
    known: float = 1.0

    def ratio(self, t: Any) -> Any:
        """The quotient; where numerator and denominator both vanish, at an end of [0, 1], its limit."""
        t = np.asarray(t, dtype=np.float64)
        top, bottom = self.alpha * t + self.beta, self.gamma * t + self.delta
        tiny = np.abs(bottom) <= 1e-15 * (abs(self.gamma) * np.maximum(t, self.known) + abs(self.delta))
        limit = self.alpha / self.gamma if self.gamma else 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(tiny, limit, top / np.where(tiny, 1.0, bottom))

    def __call__(self, t: Any) -> Any:
        found = self.ratio(t)
        if self.log:
            with np.errstate(divide="ignore"):
                return np.log(np.maximum(found, 0.0))  # which rounding may have made negative
        return found

    def slope(self, t: float) -> float:
        """The derivative at t."""
        bottom = self.gamma * t + self.delta
        one, two = self.alpha * self.delta, self.beta * self.gamma
        turn = 0.0 if abs(one - two) <= 1e-15 * abs(one) else one - two  # proportional: constant, up to rounding
        if abs(bottom) <= 1e-15 * (abs(self.gamma) * max(t, self.known) + abs(self.delta)):
            return inf if turn > 0 else (-inf if turn < 0 else 0.0)
        if self.log:
            top = self.alpha * t + self.beta
            return turn / (bottom * top) if top else (inf if turn > 0 else (-inf if turn < 0 else 0.0))
        return turn / bottom**2


@dataclass(frozen=True, slots=True)
class SensitivityFunction(Shown):
    """How the answer depends on one number, the others of its row co-varying.

    `name` says which number, `value` is what it is now, [`low`, `high`] its range, `answer` what the answer is. The
    function is one quotient of linear functions, or (order-preserving co-variation) two: for smaller and for larger
    numbers. `slope` is the derivative at the present value where more digits of it are known than the pieces have.

    Source: Coupé VMH, van der Gaag LC (2002), Properties of sensitivity analysis of Bayesian belief networks, Ann Math
    Artif Intell 36:323-356.
    """

    name: str
    value: float
    low: float
    high: float
    pieces: tuple[Piece, ...]
    answer: str = "answer"
    slope: float | None = None

    def __call__(self, t: Any) -> Any:
        """The answer if the number were t (a number or an array of numbers in the function's domain)."""
        at = np.asarray(t, dtype=np.float64)
        first, last = self.pieces[0].low, self.pieces[-1].high
        if not ((at >= first - 1e-12) & (at <= last + 1e-12)).all():
            raise SpasmnetError(f"{self.name} can be moved in [{first:g}, {last:g}], not to {t!r}")
        found = self.pieces[0](at)
        for piece in self.pieces[1:]:
            found = np.where(at > piece.low, piece(at), found)
        return float(found) if at.ndim == 0 else found

    @property
    def derivative(self) -> float:
        """The derivative at the present value (for two pieces the larger of the two in size), with its sign."""
        if self.slope is not None:
            return self.slope
        return float(larger(*(piece.slope(self.value) for piece in (self.pieces[0], self.pieces[-1]))))

    @property
    def vertex_proximity(self) -> float:
        """The distance of the present value from the hyperbola's vertex; infinite if the function is linear.

        Source: van der Gaag LC, Renooij S, Coupé VMH (2007), Sensitivity analysis of probabilistic networks, in
        Advances in Probabilistic Graphical Models, Springer, 103-124.
        """
        return min(vertex_proximity(p, self.value) for p in self.pieces)

    def inverse(self, answer: float) -> float | None:
        """The value at which the answer is this one, nearest to the present; None if there is none in the domain."""
        found = []
        for piece in self.pieces:
            wanted = np.exp(answer) if piece.log else answer
            slope = piece.alpha - wanted * piece.gamma
            if slope:
                t = (wanted * piece.delta - piece.beta) / slope
                if piece.low - 1e-12 <= t <= piece.high + 1e-12:
                    found.append(min(max(t, piece.low), piece.high))
        return min(found, key=lambda t: abs(t - self.value), default=None)

    def extremes(self, low: float | None = None, high: float | None = None) -> tuple[float, float]:
        """The least and the largest answer over [low, high] (default: the number's range, in the domain).

        Each piece is monotone, so they lie at ends.
        """
        a = max(self.low if low is None else low, self.pieces[0].low)
        b = min(self.high if high is None else high, self.pieces[-1].high)
        inner = [self.value] if a < self.value < b else []
        ends = self(np.array([a, *inner, b]))
        return float(ends.min()), float(ends.max())

    def __repr__(self) -> str:
        return f"<SensitivityFunction of {self.answer}: {self.name}, now {self.value:g}>"

    def plot(self, ax: Axes | None = None) -> Axes:
        """The curve with the present value, the range and the vertex; see spasmnet.plots.plot_function."""
        from spasmnet.plots import plot_function

        return plot_function(self, ax)


def larger(falling: Floats | float, rising: Floats | float) -> Floats:
    """The larger in size of two derivatives (numbers or arrays); of two that are the same but for sign, the first."""
    return np.where(np.abs(rising) * (1 - ROUNDING) > np.abs(falling), rising, falling)


def vertex_proximity(piece: Piece, value: float) -> float:
    """|value - vertex|, with the vertex on the branch that covers [0, 1]; infinite if there is none."""
    at = vertex(piece, value)
    return inf if at is None else abs(value - at)


def vertex(piece: Piece, value: float) -> float | None:
    """Where the hyperbola bends most; None if it is a line. `value` is what the number is now."""
    alpha, beta, gamma, delta = piece.alpha, piece.beta, piece.gamma, piece.delta
    if gamma == 0 or is_constant((alpha, beta, gamma, delta), value):
        return None
    s, r = -delta / gamma, beta / gamma - alpha * delta / gamma**2
    return s + sqrt(abs(r)) if s < 0.5 else s - sqrt(abs(r))


def is_constant(line: Iterable[float], value: float) -> bool:
    """Whether (alpha, beta, gamma, delta) depends on the number by no more than rounding, seen from its value."""
    alpha, beta, gamma, delta = line
    one, two = alpha * (gamma * value + delta), gamma * (alpha * value + beta)
    return abs(one - two) <= ROUNDING * (abs(one) + abs(two))
