"""Conditional probability distributions: full tables, noisy-OR / noisy-MAX, and deterministic functions.

Each knows its parents and how to expand into an array with axes (*parents, state). They hold arrays; names of states
live in the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spasmnet._immutable import FrozenMapping, Rebuilt, readonly
from spasmnet.errors import ModelError, Problem
from spasmnet.model.arguments import public
from spasmnet.model.parameter import Parameter

Floats = NDArray[np.float64]
Key = tuple[int, ...]
NO_PARAMETERS: Mapping[Any, Parameter] = FrozenMapping()
ROW_SUM_TOLERANCE = 1e-9  # how far a row's sum may be from 1, and a number from [0, 1]
EPSILON = 2.0**-52  # the distance from 1 to the next float


def proper_rows(values: Floats) -> Floats:
    """The rows (last axis) as distributions: numbers clipped to [0, 1], and divided by their sum where it is not 1.

    This removes dust: a row is repaired if all its numbers lie within 1e-9 of [0, 1] and its sum within 1e-9 of 1. Any
    other row stays as it is, for a check to refuse. A row of n numbers whose exact sum is within (n - 1) · 2^-52 of 1
    is a distribution but for rounding, and keeps every bit; so a second call changes nothing.

    >>> proper_rows(np.array([[0.5, 0.5 + 1e-10], [1.0, -1e-12], [0.5, 0.6]])).sum(axis=-1).tolist()
    [1.0, 1.0, 1.1]
    """
    if not values.ndim or not values.shape[-1]:
        return values
    allowed = (values.shape[-1] - 1) * EPSILON
    off = np.abs(values.sum(axis=-1) - 1)  # itself rounded, by half of what is allowed at most
    least, most = values.min(axis=-1), values.max(axis=-1)
    suspect = (off > allowed / 2) | (least < 0) | (most > 1)
    suspect &= (off <= 2 * ROW_SUM_TOLERANCE) & (least >= -ROW_SUM_TOLERANCE) & (most <= 1 + ROW_SUM_TOLERANCE)
    if not suspect.any():
        return values
    repaired = np.array(values)
    for key in map(tuple, np.argwhere(suspect).tolist()):
        row = np.clip(values[key], 0.0, 1.0)
        if abs(fsum(values[key].tolist()) - 1) <= ROW_SUM_TOLERANCE:
            total = fsum(row.tolist())
            repaired[key] = row / total if abs(total - 1) > allowed else row
    if np.array_equal(repaired, values):
        return values
    repaired.setflags(write=False)
    return repaired


@public
@dataclass(frozen=True, eq=False)
class Table(Rebuilt):
    """A conditional probability table.

    `values` has one axis a parent, in the order of `parents`, and the variable's own states last; every row (last
    axis) sums to 1, and is made to where it is off by at most 1e-9 (see proper_rows). `parameters` maps an index of
    `values` to the cited number behind it, which stays as cited.

    >>> Table(("rain",), [[0.9, 0.1], [0.2, 0.8]]).table().shape
    (2, 2)
    """

    parents: tuple[str, ...]
    values: Floats
    parameters: Mapping[Key, Parameter] = NO_PARAMETERS

    def __init__(
        self, parents: Iterable[str], values: ArrayLike, parameters: Mapping[Key, Parameter] = NO_PARAMETERS
    ) -> None:
        object.__setattr__(self, "parents", tuple(parents))
        object.__setattr__(self, "values", proper_rows(_numbers("values", values, self)))
        object.__setattr__(self, "parameters", FrozenMapping(parameters))

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of states: the parents' in order, then the variable's own."""
        return self.values.shape

    def table(self) -> Floats:
        """The probabilities, axes (*parents, state)."""
        return self.values


@public
@dataclass(frozen=True, eq=False)
class NoisyMax(Rebuilt):
    """A noisy-MAX (noisy-OR for two states): parents act independently and the strongest effect shows.

    In Díez's convention `links[i][u, y]` is P(Y = y) when parent i alone is in state u and the leak is off, and
    `leak[y]` is P(Y = y) when every parent is in its first state. The first state of each parent never contributes:
    `links[i][0]` is (1, 0, …). Then P(Y <= y | u) = C_leak(y) · Π_i C_i(y; u_i) with C the cumulated distributions.

    `parameters` maps `(-1, 0, y)` for the leak and `(i, u, y)` for a link to the cited number. Rows off by at most 1e-9
    are repaired, as those of a Table.

    Source: Díez FJ (1993), Parameter adjustment in Bayes networks: the generalized noisy OR-gate, UAI, 99-105.

    >>> NoisyMax(("a", "b"), [0.9, 0.1], [[[1, 0], [0.5, 0.5]], [[1, 0], [0.8, 0.2]]]).table()[1, 1].round(3).tolist()
    [0.36, 0.64]
    """

    parents: tuple[str, ...]
    leak: Floats
    links: tuple[Floats, ...]
    parameters: Mapping[Key, Parameter] = NO_PARAMETERS

    def __init__(
        self,
        parents: Iterable[str],
        leak: ArrayLike,
        links: Sequence[ArrayLike],
        parameters: Mapping[Key, Parameter] = NO_PARAMETERS,
    ) -> None:
        object.__setattr__(self, "parents", tuple(parents))
        object.__setattr__(self, "leak", proper_rows(_numbers("leak", leak, self)))
        numbers = (_numbers(f"links[{i}]", link, self) for i, link in enumerate(links))
        object.__setattr__(self, "links", tuple(_proper_link(link) for link in numbers))
        object.__setattr__(self, "parameters", FrozenMapping(parameters))

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of states: the parents' in order, then the variable's own."""
        return (*(len(link) for link in self.links), len(self.leak))

    def table(self) -> Floats:
        """The probabilities, axes (*parents, state), without any subtraction, so that rare states keep their digits."""
        states = len(self.leak)
        total = np.asarray(self.leak)
        for link in self.links:
            below = np.cumsum(total, axis=-1)
            strictly_below = np.concatenate([np.zeros((*total.shape[:-1], 1)), below[..., :-1]], axis=-1)
            reached = np.cumsum(link, axis=-1)
            total = total[..., None, :] * reached + strictly_below[..., None, :] * link
        return np.minimum(total, 1.0).reshape(*self.shape[:-1], states)  # rounding can pass 1 by one unit


@public
@dataclass(frozen=True, eq=False)
class Deterministic(Rebuilt):
    """A variable that is a function of its parents: `outcome[u]` is the index of the state it takes.

    >>> Deterministic(("a", "b"), [[0, 1], [1, 1]], states=2).table()[0, 1].tolist()
    [0.0, 1.0]
    """

    parents: tuple[str, ...]
    outcome: NDArray[np.int64]
    states: int
    parameters: Mapping[Key, Parameter] = field(default=NO_PARAMETERS, init=False)

    def __init__(self, parents: Iterable[str], outcome: ArrayLike, states: int) -> None:
        object.__setattr__(self, "parents", tuple(parents))
        object.__setattr__(self, "outcome", _numbers("outcome", outcome, self, np.int64))
        object.__setattr__(self, "states", int(states))
        object.__setattr__(self, "parameters", NO_PARAMETERS)

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of states: the parents' in order, then the variable's own."""
        return (*self.outcome.shape, self.states)

    def table(self) -> Floats:
        """The probabilities (zeros and ones), axes (*parents, state)."""
        return np.eye(self.states)[self.outcome]


def _proper_link(link: Floats) -> Floats:
    """The rows as distributions, the first one (1, 0, …) if it is so but for dust."""
    found = proper_rows(link)
    if found.ndim != 2 or not found.size:
        return found
    neutral = np.eye(1, found.shape[1])[0]
    if (found[0] == neutral).all() or not (np.abs(found[0] - neutral) <= ROW_SUM_TOLERANCE).all():
        return found
    return readonly(np.concatenate([neutral[None], found[1:]]))


def _numbers(what: str, values: ArrayLike, of: CPD, dtype: type = np.float64) -> NDArray[Any]:
    """The numbers as an array that cannot be changed; raises ModelError for rows of unequal length, and for words."""
    try:
        found = readonly(values, dtype)
        if dtype is np.int64 and not np.array_equal(found, np.asarray(values)):
            raise ValueError("positions of states are whole numbers, counted from 0")
        return found
    except (TypeError, ValueError) as error:
        ragged = "all rows need equally many numbers, nested one level deep for each parent"
        wrong = ragged if "inhomogeneous" in str(error) else f"numbers are needed ({error})"
        parents = ", ".join(map(str, of.parents))
        origin = f"a {type(of).__name__} with the parents {parents}" if parents else f"a {type(of).__name__}"
        raise ModelError([Problem(what, wrong)], origin) from None


CPD = Table | NoisyMax | Deterministic
