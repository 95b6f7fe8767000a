"""Intervals from answers of drawn networks, with the sampling errors of their ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Samples:
    """Answers of drawn networks in which the evidence is possible (axes: draw, answer), and how many were drawn."""

    answers: Floats
    draws: int

    @property
    def impossible(self) -> int:
        """In how many of the networks drawn the evidence is impossible."""
        return self.draws - len(self.answers)

    @property
    def mean(self) -> Floats:
        """The means of the answers."""
        return np.asarray(self.answers.mean(axis=0))

    @property
    def sd(self) -> Floats:
        """The standard deviations of the answers."""
        return np.asarray(self.answers.std(axis=0, ddof=1))

    @cached_property
    def _ordered(self) -> Floats:
        return np.sort(np.ascontiguousarray(self.answers.T), axis=1)

    def ends(self, level: float) -> Floats:
        """Low and high ends with equal tails (axes: end, answer): sample quantiles."""
        n = len(self.answers)
        return np.array([self._at((n - 1) * p) for p in ((1 - level) / 2, (1 + level) / 2)])

    def errors(self, level: float) -> Floats:
        """The standard errors of the ends: half the distance of the answers whose ranks lie one binomial standard
        deviation below and above.
        """
        n, found = len(self.answers), []
        for p in ((1 - level) / 2, (1 + level) / 2):
            rank, deviation = (n - 1) * p, sqrt(n * p * (1 - p))
            found.append((self._at(rank + deviation) - self._at(rank - deviation)) / 2)
        return np.array(found)

    def _at(self, rank: float) -> Floats:
        """The answers at a rank from 0, interpolated."""
        within = min(max(rank, 0.0), self._ordered.shape[1] - 1.0)
        before = int(within)
        after = min(before + 1, self._ordered.shape[1] - 1)
        first, second = self._ordered[:, before], self._ordered[:, after]
        return np.asarray(first + (within - before) * (second - first))
