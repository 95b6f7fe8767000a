"""One-way sensitivity functions: how an answer depends on one number of the model."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import SpasmnetError
from spasmnet.views import Shown, plotter

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
        top, bottom = self.alpha * t + self.beta, self.gamma * t + self.delta
        large, other = max(abs(self.alpha), abs(self.beta)) or 1.0, max(abs(self.gamma), abs(self.delta)) or 1.0
        one, two = self.alpha / large * (self.delta / other), self.beta / large * (self.gamma / other)
        if abs(one - two) <= 1e-15 * abs(one):  # proportional: constant, up to rounding
            return 0.0
        vanishes = abs(bottom) <= 1e-15 * (abs(self.gamma) * max(t, self.known) + abs(self.delta))
        if vanishes or (self.log and not top):
            return inf if one > two else -inf
        return float(slope_of(self.alpha, self.gamma, top, bottom, self.log))

    @property
    def coefficients(self) -> tuple[float, float, float, float]:
        """alpha, beta, gamma, delta."""
        return self.alpha, self.beta, self.gamma, self.delta


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
        return float(larger(*self._slopes))

    @property
    def _slopes(self) -> tuple[float, float]:
        """The derivatives of the first and the last piece at the present value."""
        if self.slope is not None:
            return self.slope, self.slope
        return self.pieces[0].slope(self.value), self.pieces[-1].slope(self.value)

    @property
    def second_derivative(self) -> float:
        """The second derivative at the present value (of two pieces that of the steeper), with its sign."""
        falling, rising = self._slopes
        steeper = self.pieces[0] if larger(falling, rising) == falling else self.pieces[-1]
        return float(second_derivative(steeper.coefficients, self.value, self.derivative, steeper.log))

    @property
    def largest_slope(self) -> float:
        """The largest size of the derivative wherever the number can be moved; infinite at a pole."""
        ends = (self.pieces[0], self.pieces[0].low), (self.pieces[-1], self.pieces[-1].high)
        pairs = zip(ends, self._slopes, strict=True)
        return float(max(largest_slope(p.coefficients, end, self.value, slope, p.log) for (p, end), slope in pairs))

    @property
    def vertex_proximity(self) -> float:
        """The distance of the present value from the hyperbola's vertex; infinite if the function is linear.

        Source: van der Gaag LC, Renooij S, Coupé VMH (2007), Sensitivity analysis of probabilistic networks, in
        Advances in Probabilistic Graphical Models, Springer, 103-124.
        """
        ends = zip((self.pieces[0], self.pieces[-1]), self._slopes, strict=True)
        return float(min(vertex_proximity(p.coefficients, self.value, slope, p.log) for p, slope in ends))

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
        """The curve with the present value, the range and the vertex; see spasmnet.plots.sensitivity.plot_function."""
        axes: Axes = plotter(type(self))(self, ax)
        return axes


def larger(falling: Floats | float, rising: Floats | float) -> Floats:
    """The larger in size of two derivatives (numbers or arrays); of two that are the same but for sign, the first."""
    return np.where(np.abs(rising) * (1 - ROUNDING) > np.abs(falling), rising, falling)


def slope_of(alpha: Any, gamma: Any, top: Any, bottom: Any, log: bool) -> Any:
    """The derivative of top / bottom, two linear functions with slopes alpha and gamma, or of its logarithm.

    (alpha - gamma · top / bottom) / bottom keeps its digits where both are small, and squares nothing that may vanish.
    """
    turn = alpha - gamma * (top / bottom)
    return np.where(turn == 0, 0.0, turn / (top if log else bottom))


def second_derivative(coefficients: Any, t: Any, slope: Any, log: bool) -> Floats:
    """f''(t) = -2 gamma f'(t) / (gamma·t + delta), from the derivative f'(t); of the logarithm if `log`.

    That is -f' (alpha / (alpha·t + beta) + gamma / (gamma·t + delta)).
    """
    alpha, beta, gamma, delta = coefficients
    bottom = np.asarray(gamma * t + delta)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        bend = gamma / bottom + (np.asarray(alpha) / (alpha * t + beta) if log else gamma / bottom)
        return np.where(np.asarray(slope) == 0, 0.0, -slope * bend)


def largest_slope(coefficients: Any, end: Any, value: Any, slope: Any, log: bool) -> Floats:
    """The largest |f'| between the present value, where f' is `slope`, and an end.

    |f'| is |alpha·delta - beta·gamma| over a square, or for a logarithm over a product of two lines of one sign, so
    that it is largest at one of the two.
    """
    alpha, beta, gamma, delta = coefficients
    size = np.abs(slope)

    def grown(line: Any, constant: Any) -> Any:
        now, then = line * value + constant, np.asarray(line * end + constant)
        lost = np.abs(then) <= 1e-15 * (np.abs(line) * np.maximum(end, value) + np.abs(constant))
        return np.where(lost, np.inf, now / np.where(lost, 1.0, then))

    with np.errstate(invalid="ignore", over="ignore"):
        factor = grown(gamma, delta)
        there = size * np.abs(factor * (grown(alpha, beta) if log else factor))
    return np.asarray(np.where(is_constant(coefficients, value) | (size == 0), size, np.maximum(size, there)))


def vertex_proximity(coefficients: Any, value: Any, slope: Any, log: bool) -> Floats:
    """|value - vertex|, with the vertex on the branch that covers [0, 1]; infinite if f is a line.

    With s = -delta/gamma the pole and r = (beta·gamma - alpha·delta) / gamma², the vertex is s + √|r| or s - √|r|. As
    |r| = |f'| (value - s)², the distance is |value - s| · |1 - √|f'||, in which no digits get lost.
    """
    alpha, beta, gamma, delta = coefficients
    top, bottom = np.asarray(alpha * value + beta), np.asarray(gamma * value + delta)
    flat = (np.asarray(gamma) == 0) | is_constant(coefficients, value)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        of_quotient = slope * (top / bottom) if log else slope
        found = np.abs(bottom / np.where(flat, 1.0, gamma)) * np.abs(1.0 - np.sqrt(np.abs(of_quotient)))
    return np.where(flat | np.isnan(found), np.inf, found)


def vertex(piece: Piece, value: float) -> float | None:
    """Where the hyperbola bends most; None if it is a line. `value` is what the number is now."""
    alpha, beta, gamma, delta = piece.coefficients
    if gamma == 0 or is_constant(piece.coefficients, value):
        return None
    s, r = -delta / gamma, (beta - alpha * (delta / gamma)) / gamma
    return s + sqrt(abs(r)) if s < 0.5 else s - sqrt(abs(r))


def is_constant(line: Any, value: Any) -> Any:
    """Whether (alpha, beta, gamma, delta) depends on the number by no more than rounding, seen from its value."""
    alpha, beta, gamma, delta = line
    top, bottom = alpha * value + beta, gamma * value + delta
    scale = np.maximum(np.abs(top), np.abs(bottom))
    scale = np.where(scale > 0, scale, 1.0)  # so that products of small numbers do not vanish
    one, two = alpha * (bottom / scale), gamma * (top / scale)
    return np.abs(one - two) <= ROUNDING * (np.abs(one) + np.abs(two))
