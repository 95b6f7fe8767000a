"""The smallest sets of findings that give nearly the same answer as all of them."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from spasmnet.findings.measures import relative_change
from spasmnet.findings.query import Question

MAX_SETS = 100_000


def sufficient_sets(question: Question, threshold: float) -> tuple[tuple[str, ...], ...]:
    """The sufficient sets of the smallest size: |P(y | set) / P(y | all findings) - 1| <= threshold.

    None are told if more than 100,000 sets of one size would have to be looked at.

    Source: Jensen FV, Nielsen TD (2007), Bayesian networks and decision graphs, 2nd ed., chapter 5.
    """
    n = len(question.findings)
    now = question.outcomes(question.full[None])[0][0, 0]
    for size in range(n + 1):
        if comb(n, size) > MAX_SETS:
            return ()
        sets = list(combinations(range(n), size))
        p = question.outcomes(np.array([question.row(chosen) for chosen in sets]))[0][:, 0]
        enough = np.flatnonzero(relative_change(p, np.full_like(p, now)) <= threshold)
        if len(enough):
            return tuple(tuple(question.findings[i] for i in sets[at]) for at in enough.tolist())
    return ()
