"""What is worked out from probabilities: information, Bayes factors, costs of omission. Arrays in, arrays out.

Zeros are exact: 0 · ln 0 is 0, a quotient with a zero below is infinite, and nothing is NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Information(NamedTuple):
    """What observing X would tell about the target; arrays over the leading axes.

    `mutual` is I(T; X) in bits, which is by how much the entropy of the target falls on average; `variance` by how much
    the summed variance of the outcomes' indicators does. `low` and `high` are the least and largest P(outcome | X = x),
    `low_at` and `high_at` the states x (axes: …, outcome).
    """

    mutual: Floats
    variance: Floats
    low: Floats
    high: Floats
    low_at: NDArray[np.int64]
    high_at: NDArray[np.int64]


def information(joint: Floats) -> Information:
    """From P(outcome, x): axes (…, outcome, x), each sums to 1."""
    p_x, p_t = joint.sum(axis=-2, keepdims=True), joint.sum(axis=-1, keepdims=True)
    possible = p_x > 0
    beliefs = joint / np.where(possible, p_x, 1.0)
    ratio = np.where(joint > 0, beliefs / np.where(p_t > 0, p_t, 1.0), 1.0)
    mutual = np.maximum((joint * np.log2(ratio)).sum(axis=(-2, -1)), 0.0)
    variance = (p_x * np.where(possible, beliefs - p_t, 0.0) ** 2).sum(axis=(-2, -1))
    low, high = np.where(possible, beliefs, np.inf), np.where(possible, beliefs, -np.inf)
    return Information(mutual, variance, low.min(axis=-1), high.max(axis=-1), low.argmin(axis=-1), high.argmax(axis=-1))


def entropy(p: Floats) -> Floats:
    """The entropy of distributions along the last axis, in bits."""
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=-1) + 0.0)


def variance(p: Floats) -> Floats:
    """The summed variance of the outcomes' indicators: Σ p (1 - p)."""
    return np.asarray((p * (p.sum(axis=-1, keepdims=True) - p)).sum(axis=-1))


def log_ratio(after: Floats, before: Floats) -> Floats:
    """ln(after / before): infinite where one of them is 0, and 0 where both are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(after) - np.log(before)
    return np.where((after == 0) & (before == 0), 0.0, found)


def weight(after: Floats, against_after: Floats, before: Floats, against_before: Floats) -> Floats:
    """The change of the log-odds, ln[after / against_after] - ln[before / against_before].

    Where the event was impossible or certain before, it stays so and the weight is 0.
    """
    settled = (before == 0) | (against_before == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = log_ratio(after, before) - log_ratio(against_after, against_before)
    return np.where(settled, 0.0, found)


def divergence(p: Floats, q: Floats) -> Floats:
    """Σ p ln(p / q) along the last axis; infinite where q is 0 and p is not."""
    terms = log_ratio(p, q)
    return np.asarray(np.where(p > 0, p * np.where(p > 0, terms, 0.0), 0.0).sum(axis=-1) + 0.0)


def relative_change(p: Floats, q: Floats) -> Floats:
    """|p / q - 1|: 0 where both are 0, infinite where only q is."""
    found = np.abs(p - q) / np.where(q > 0, q, 1.0)
    return np.where(q > 0, found, np.where(p > 0, np.inf, 0.0))
