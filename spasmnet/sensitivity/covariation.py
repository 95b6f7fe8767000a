"""How the other numbers of a row move when one of them does, so that the row still sums to 1.

A rule turns the gradient of a probability (its derivatives with every number taken as independent) into the derivative
along the row: the number moves by 1, the others by what the rule says.

Sources: Laskey KB (1995), Sensitivity analysis for probability assessments in Bayesian networks, IEEE Trans SMC 25:901;
Renooij S (2014), Co-variation for sensitivity analysis in Bayesian networks, Int J Approx Reasoning 55:1022.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spasmnet.sensitivity.numbers import Numbers

Floats = NDArray[np.float64]
RULES = ("proportional", "uniform", "order_preserving")


def along_rows(gradient: Floats, numbers: Numbers, rule: str) -> tuple[Floats, Floats]:
    """Derivatives along the rows when a number falls, and when it rises; they differ for `order_preserving` only.

    `gradient` has the numbers on its last axis. A number of a row of one state cannot move: its derivative is 0.
    """
    if rule == "order_preserving":
        return _order_preserving(gradient, numbers)
    both = _uniform(gradient, numbers)
    if rule == "proportional":
        theta = numbers.values
        weighted = _row_sums(gradient * theta, numbers)
        with np.errstate(divide="ignore", invalid="ignore"):
            others = (weighted - theta * gradient) / (1.0 - theta)
        both = np.where(_movable(numbers), gradient - others, both)
    return both, both


def _movable(numbers: Numbers) -> NDArray[np.bool_]:
    """Where the proportional rule is defined: the others have something to share."""
    rest = _row_sums(numbers.values, numbers) - numbers.values
    return (numbers.sizes > 1) & (numbers.values < 1.0) & (rest > 0.0)


def falls_back(numbers: Numbers) -> NDArray[np.bool_]:
    """Numbers for which the proportional rule is undefined (they are 1), so that the uniform one is used."""
    return (numbers.sizes > 1) & ~_movable(numbers)


def _uniform(gradient: Floats, numbers: Numbers) -> Floats:
    total = _row_sums(gradient, numbers)
    return np.where(numbers.sizes > 1, gradient - (total - gradient) / np.maximum(numbers.sizes - 1, 1), 0.0)


def _row_sums(values: Floats, numbers: Numbers) -> Floats:
    """For each number the sum over its row."""
    if not values.shape[-1]:
        return values
    starts = np.flatnonzero(numbers.rows == np.arange(len(numbers.rows)))
    sums = np.add.reduceat(values, starts, axis=-1)
    return np.repeat(sums, numbers.sizes[starts], axis=-1)


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
                falling[..., start + at] = down - g[..., higher] @ (row[higher] * (1 - above) / (above * t))
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
