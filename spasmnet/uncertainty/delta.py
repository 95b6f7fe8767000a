"""The delta method: how uncertain answers are, from their derivatives at the means of the numbers.

With answers taken as linear in the numbers, Var f = Σ over rows of ∇ᵀ Σ ∇, where Σ is the covariance of a row's
numbers. A quantile of f comes from its normal quantile z and, since distributions of numbers are skewed, the term of
Cornish and Fisher with the third moment. What is linear in the numbers says which numbers belong to that quantile, on
average; the end of the interval is the exact answer there.

Sources: Van Allen T, Singh A, Greiner R, Hooper P (2008), Quantifying the uncertainty of a belief net response:
Bayesian error-bars for belief net inference, Artificial Intelligence 172:483-513; Cornish EA, Fisher RA (1938), Moments
and cumulants in the specification of distributions, Revue de l'Institut International de Statistique 5:307-320.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError
from spasmnet.inference.cases import wide_indicators
from spasmnet.inference.engine import Engine
from spasmnet.kernels.layout import TINY
from spasmnet.sensitivity.polynomial import Polynomial
from spasmnet.sensitivity.query import compiled_query
from spasmnet.uncertainty.distributions import Distributions, Linear
from spasmnet.uncertainty.draws import Rows, answers

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Joint:
    """P(x, e) for every state x of some variables (`values`), and its derivatives (last axis: the query's numbers).

    `total` is P(e) and `total_gradient` its derivatives; all are scaled by one factor.
    """

    values: Floats
    gradient: Floats
    total: float
    total_gradient: Floats


@dataclass(frozen=True, eq=False)
class Delta:
    """Answers at the means of the numbers, their slopes by distribution, and the query that gives exact answers."""

    compiled: Polynomial
    weights: Mapping[str, Floats]
    rows: Rows
    distributions: Distributions
    mean: Floats
    slopes: Floats

    @cached_property
    def linear(self) -> Linear:
        """The moments of the answers as linear functions of the numbers."""
        return self.distributions.linear(self.slopes)

    @cached_property
    def sd(self) -> Floats:
        """The standard deviations of the answers."""
        return np.sqrt(np.maximum(self.linear.variance, 0.0))

    @cached_property
    def _divisor(self) -> Floats:
        return np.where(self.sd > 0, self.sd, 1.0)

    def ends(self, level: float) -> Floats:
        """Low and high ends of the answers (axes: end, answer)."""
        return np.sort([self._exact(self._likely(z)) for z in _both(level)], axis=0)

    def errors(self, level: float) -> Floats:
        """Estimates of how far the ends are off: from the ends without curvature, and those of the quantiles of single
        numbers, which are exact for an answer that depends on one.
        """
        found = []
        for z, end in zip(_both(level), self.ends(level), strict=True):
            straight = self.mean + z * self.sd + self._skewed(z) * self.linear.third / self._divisor**2
            found.append(np.abs(end - straight) + np.abs(end - self._exact(self._quantiles(z))))
        return np.array(found)

    def _skewed(self, z: float) -> Floats:
        """The coefficient of the skewness in the quantiles; bounded so that quantiles rise with z."""
        skewness = np.abs(self.linear.third) / self._divisor**3
        return (z * z - 1) / 6 * np.minimum(1.0, 3 / np.maximum(abs(z) * skewness, 1e-300))

    def _likely(self, z: float) -> Floats:
        """The numbers that belong to the answers' quantiles, by distribution (axes: answer, number)."""
        d, linear, sd = self.distributions, self.linear, self._divisor[:, None]
        moved = z * linear.first_parts / sd + self._skewed(z)[:, None] * linear.second_parts / sd**2
        return np.clip(d.moments[0] + moved, d.low, d.high)

    def _quantiles(self, z: float) -> Floats:
        """The same, each number at the quantile of its own distribution that corresponds to its normal one."""
        from scipy.special import ndtr  # type: ignore[import-untyped]

        d = self.distributions
        mean, variance, _ = d.moments
        points = np.tile(mean, (len(self.mean), 1))
        shifts = z * self.linear.first_parts / self._divisor[:, None] / np.sqrt(variance)
        for i in self.rows.used.tolist():
            moved = np.flatnonzero(shifts[:, i])
            points[moved, i] = d.quantile(i, ndtr(shifts[moved, i]))
        return points

    def _exact(self, points: Floats) -> Floats:
        """Each answer at a point of its own."""
        found, possible = answers(self.compiled, self.rows.filled(points), self.weights)
        each = np.arange(len(points))
        return np.where(possible, found[each, each], self.mean)


def delta(engine: Engine, names: Sequence[str], evidence: Mapping[str, Any], distributions: Distributions) -> Delta:
    """The answers for all states of some variables that are not observed, and their slopes.

    Raises EvidenceError if the evidence is impossible at the numbers' means, and CircuitTooLargeError.
    """
    compiled, weights = compiled_query(engine, tuple(names), evidence)
    rows = Rows(engine.network, compiled.numbers, distributions)
    means = distributions.moments[0]
    joint = differentiated(compiled, rows.filled(means[None])[0], weights, names)
    found = joint.values / joint.total
    gradient = (joint.gradient - found[:, None] * joint.total_gradient) / joint.total
    return Delta(compiled, weights, rows, distributions, found, rows.slopes(means, gradient))


def differentiated(compiled: Polynomial, numbers: Floats, weights: Mapping[str, Floats], names: Sequence[str]) -> Joint:
    """P(x, e) for all states x of some free variables of a query, with the derivatives.

    Raises EvidenceError if the evidence is impossible with these numbers.
    """
    n = compiled.indicators
    leaves = compiled.leaves(numbers, weights)
    log_total, scale = 0.0, np.ones_like(leaves)
    total, _ = compiled.differentiate(leaves)
    if total <= TINY:
        log_total, _ = wide_indicators(compiled.circuit, leaves)
        if log_total == float("-inf"):
            raise EvidenceError("the evidence is impossible at the means of the numbers' distributions")
        scale = compiled.scale(log_total)
    blocks = [compiled.free[name] for name in names]
    listed = [(start, start + i, states) for start, states in blocks for i in range(states)]
    each = np.repeat((leaves * scale)[None], len(listed) + 1, axis=0)
    for row, (start, at, states) in enumerate(listed):
        alone = np.arange(start, start + states) != at
        each[row, start : start + states][alone] = 0.0
    values, found = compiled.differentiate_rows(each)
    gradient = found[:, n:] * scale[n : n + found.shape[1] - n]
    return Joint(values[:-1], gradient[:-1], float(values[-1]), gradient[-1])


def _both(level: float) -> tuple[float, float]:
    z = NormalDist().inv_cdf((1 + level) / 2)
    return -z, z
