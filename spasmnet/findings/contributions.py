"""Contributions of findings to the change of the log-odds, which sum to it: Shapley values over the findings.

v(S) is the log-odds of the event given the findings in S. A finding's contribution is its mean effect v(S with i) -
v(S) over all orders in which the findings may have come in: Σ_S |S|! (n - |S| - 1)! / n! · [v(S with i) - v(S)].

Sources: Shapley LS (1953), A value for n-person games, Contributions to the theory of games II, 307-317; Castro J,
Gómez D, Tejada J (2009), Polynomial calculation of the Shapley value based on sampling, Comput Oper Res 36:1726-1730.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.findings.query import Question

Floats = NDArray[np.float64]
EXACT_UP_TO = 15  # findings, whose subsets are all asked


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each finding contributed to the log-odds (natural logarithm), in the order of the findings.

    `errors` are standard errors, 0 where all subsets were asked. `before` and `after` are the log-odds without and with
    the findings. If the findings settle the event there are no contributions (`values` is empty), since the change is
    infinite; `settled_by` is then the first of the smallest sets of findings that settle it.
    """

    values: tuple[float, ...]
    errors: tuple[float, ...]
    before: float
    after: float
    permutations: int
    settled_by: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether all subsets were asked."""
        return self.permutations == 0


def contributions(
    question: Question, permutations: int, rng: np.random.Generator, exact_up_to: int = EXACT_UP_TO
) -> Contributions:
    """The contributions, over all subsets of up to `exact_up_to` findings, beyond that over sampled orders."""
    n = len(question.findings)
    before, after = _log_odds(question, np.array([[False] * n, [True] * n], dtype=bool)).tolist()
    if not np.isfinite(after) or not np.isfinite(before):
        return Contributions((), (), before, after, 0, _settling(question) if np.isfinite(before) else ())
    if n <= exact_up_to:
        values = _exact(question, n)
        return Contributions(tuple(values.tolist()), (0.0,) * n, before, after, 0, ())
    effects = _sampled(question, n, permutations, rng)
    errors = effects.std(axis=0, ddof=1) / np.sqrt(permutations)
    return Contributions(
        tuple(effects.mean(axis=0).tolist()), tuple(errors.tolist()), before, after, permutations, ()
    )  # fmt: skip


def _log_odds(question: Question, chosen: Any) -> Floats:
    """The log-odds of the event for sets of findings (rows of truth values)."""
    n = len(question.findings)
    rows = np.full((len(chosen), len(question.engine.network)), -1, dtype=np.int16)
    for i in range(n):
        rows[chosen[:, i], question.columns[i]] = question.codes[i]
    p = question.outcomes(rows)[0]
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(p[:, 0]) - np.log(p[:, 1]))


def _exact(question: Question, n: int) -> Floats:
    sets = np.arange(2**n)
    chosen = (sets[:, None] >> np.arange(n)) & 1 == 1
    v = _log_odds(question, chosen)
    size = chosen.sum(axis=1)
    weights = np.array([1 / (n * comb(n - 1, k)) for k in range(n)])
    values = np.empty(n)
    for i in range(n):
        less = sets[~chosen[:, i]]
        values[i] = weights[size[less]] @ (v[less | (1 << i)] - v[less])
    return values


def _sampled(question: Question, n: int, permutations: int, rng: np.random.Generator) -> Floats:
    """The effects of the findings (second axis) in some orders of coming in (first axis)."""
    orders = np.array([rng.permutation(n) for _ in range(permutations)])
    rank = np.argsort(orders, axis=1)
    chosen = rank[:, None, :] < np.arange(n + 1)[None, :, None]  # the first k of each order
    sets, back = np.unique(np.packbits(chosen.reshape(-1, n), axis=1), axis=0, return_inverse=True)
    v = _log_odds(question, np.unpackbits(sets, axis=1, count=n).astype(bool))[back.ravel()]
    steps = np.diff(v.reshape(permutations, n + 1), axis=1)
    return np.take_along_axis(steps, rank, axis=1)


def _settling(question: Question) -> tuple[str, ...]:
    """The first of the smallest sets of findings given which the event is impossible or certain."""
    n = len(question.findings)
    for size in range(1, n + 1):
        sets = list(combinations(range(n), size))
        chosen = np.zeros((len(sets), n), dtype=bool)
        for row, members in zip(chosen, sets, strict=True):
            row[list(members)] = True
        settled = np.flatnonzero(~np.isfinite(_log_odds(question, chosen)))
        if len(settled):
            return tuple(question.findings[i] for i in sets[int(settled[0])])
    return question.findings
