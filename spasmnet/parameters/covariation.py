"""How the other numbers of a row move when one of them does, so that the row still sums to 1.

A rule turns the gradient of a probability (its derivatives with every number taken as independent) into a line: the
probability as a function of one number t, the others of its row following. The proportional rule keeps their ratios;
the uniform one gives each the same share of 1 - t, so that its line does not go through the present unless the others
are equal; the order-preserving one keeps their order, with a bend at the present value.

Sources: Laskey KB (1995), Sensitivity analysis for probability assessments in Bayesian networks, IEEE Trans SMC 25:901;
Renooij S (2014), Co-variation for sensitivity analysis in Bayesian networks, Int J Approx Reasoning 55:1022.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spasmnet.parameters.vector import Numbers

Floats = NDArray[np.float64]


class Lines(NamedTuple):
    """slope · t + intercept for each probability (first axis) and number (last axis)."""

    slope: Floats
    intercept: Floats


RULES = ("proportional", "uniform", "order_preserving")


def along_rows(joint: Floats, gradient: Floats, numbers: Numbers, rule: str) -> tuple[Lines, Lines]:
    """Probabilities as linear functions of each number, when it falls and when it rises (different only for
    `order_preserving`).

    `joint` holds some probabilities (first axis), `gradient` their derivatives with the numbers on the last axis. A
    number of a row of one state cannot move: its slope is 0.
    """
    theta, present = numbers.values, joint[:, None]
    if rule == "order_preserving":
        falling, rising = _order_preserving(gradient, numbers)
        return Lines(falling, present - falling * theta), Lines(rising, present - rising * theta)
    slope, shared = _uniform(gradient, numbers)
    weighted = _others(gradient * theta, numbers)
    intercept = np.where(numbers.sizes > 1, present - weighted - gradient * theta + shared, present)
    if rule == "proportional":
        movable, rest = _movable(numbers), _others(theta, numbers)
        slope = np.where(movable, gradient - weighted / np.where(movable, rest, 1.0), slope)
        intercept = np.where(movable, present - slope * theta, intercept)
    both = Lines(slope, intercept)
    return both, both


def _movable(numbers: Numbers) -> NDArray[np.bool_]:
    """Where the proportional rule is defined: the others have something to share."""
    return (numbers.sizes > 1) & (_others(numbers.values, numbers) > 0.0)


def _uniform(gradient: Floats, numbers: Numbers) -> tuple[Floats, Floats]:
    """The slope if all others of the row share (1 - t) equally, and what they contribute at t = 0."""
    shared = _others(gradient, numbers) / np.maximum(numbers.sizes - 1, 1)
    return np.where(numbers.sizes > 1, gradient - shared, 0.0), shared


def _others(values: Floats, numbers: Numbers) -> Floats:
    """For each number the sum over the others of its row, without subtracting: a number near 1 loses nothing."""
    found = np.zeros_like(values)
    starts = numbers.rows == np.arange(len(numbers.rows))
    for size in np.unique(numbers.sizes).tolist():
        at = np.flatnonzero(starts & (numbers.sizes == size))[:, None] + np.arange(size)
        found[..., at] = values[..., at] @ (1.0 - np.eye(size))
    return found


def _order_preserving(gradient: Floats, numbers: Numbers) -> tuple[Floats, Floats]:
    falling, rising = np.zeros_like(gradient), np.zeros_like(gradient)
    theta = numbers.values
    for start in np.flatnonzero(numbers.rows == np.arange(len(numbers.rows))).tolist():
        size = int(numbers.sizes[start])
        row, g = theta[start : start + size], gradient[..., start : start + size]
        ranked = np.argsort(row, kind="stable")
        for s, at in enumerate(ranked[:-1]):
            lower, higher = ranked[:s], ranked[s + 1 :]
            t, top, above = row[at], 1.0 / (size - s), float(row[higher].sum())
            own = g[..., at]
            if t > 0 and above > 0:
                down = own + g[..., lower] @ (row[lower] / t)
                rest = float(row[lower].sum()) + t  # 1 - above, without losing digits
                falling[..., start + at] = down - g[..., higher] @ (row[higher] * rest / (above * t))
            if top > t:
                up = own - g[..., lower] @ (row[lower] / (top - t))
                rising[..., start + at] = up - g[..., higher] @ ((row[higher] - top) / (top - t))
    return falling, rising


def highest(numbers: Numbers) -> Floats:
    """How far each number can rise while the order of its row is kept; its own value for the row's largest."""
    found = np.ones(len(numbers.values))
    for start in np.flatnonzero(numbers.rows == np.arange(len(numbers.rows))).tolist():
        size = int(numbers.sizes[start])
        ranked = np.argsort(numbers.values[start : start + size], kind="stable")
        found[start + ranked] = 1.0 / (size - np.arange(size))
        found[start + ranked[-1]] = numbers.values[start + ranked[-1]]
    return found
