"""Elimination orders: several randomised greedy ones, of which the cheapest is kept."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from spasmnet.inference.factors import FactorSet
from spasmnet.kernels.native import address, kernels

EFFORT = 400_000  # what trying orders may cost at first, in units of n² for n variables: a few milliseconds
MOST_TRIES = 24
SEED = 219  # any would do; this one finds a good order for the shipped network early
HOPELESS = 1e10  # no order makes a circuit of this size fit
MORE_TRIES = ((300_000, 40), (5_000_000, 100), (20_000_000, 300))  # (size, tries): a larger circuit pays for more


@dataclass(frozen=True)
class Order:
    """An elimination order with the sum of its cluster sizes (products, at least), and its width."""

    variables: tuple[int, ...]
    size: float
    largest: float
    width: int


NO_ORDER = Order((), 0.0, 0.0, 0)  # of no variables


def elimination_order(factors: FactorSet, tries: int | None = None) -> Order:
    """The cheapest of several greedy orders (weighted min-fill and min-weight, with noisy ties; always the same)."""
    graph = _Graph(factors)
    quick = graph.greedy(1)
    if tries is None and quick.size > HOPELESS**2:
        return quick  # min-fill would take long to tell the same
    best = min(graph.greedy(0), quick, key=lambda order: order.size)
    first_tries = int(np.clip(EFFORT // max(graph.n**2, 1), 2, MOST_TRIES)) if tries is None else tries
    if tries is None and best.size > HOPELESS:
        first_tries = 2
    attempt = 2
    while attempt < first_tries or (tries is None and attempt < _worth(best.size)):
        found = graph.greedy(attempt)
        best = found if found.size < best.size else best
        attempt += 1
    return best


def _worth(size: float) -> int:
    """How many tries a circuit of this size is worth."""
    if size > HOPELESS:
        return 0
    return max((tries for least, tries in MORE_TRIES if size >= least), default=0)


def telling_order(factors: FactorSet, columns: Sequence[int], depth: int = 10) -> list[int]:
    """Columns in the order in which observing them simplifies the network most, the first `depth` chosen greedily."""
    graph = _Graph(factors)
    left = list(range(len(columns)))
    chosen: list[int] = []
    while left and len(chosen) < depth:
        best = min(left, key=lambda column: graph.without(columns[column]).greedy(0).size)
        graph = graph.without(columns[best])
        chosen.append(best)
        left.remove(best)
    return chosen + left


class _Graph:
    """Which variables share a factor, and how many states each has."""

    def __init__(self, factors: FactorSet) -> None:
        self.present = sorted({v for factor in factors.factors for v in factor.scope})
        self.n = len(self.present)
        where = {v: i for i, v in enumerate(self.present)}
        self.adjacent = np.zeros((self.n, self.n), dtype=np.int8)
        for factor in factors.factors:
            at = np.array([where[v] for v in factor.scope])
            self.adjacent[at[:, None], at] = 1
        np.fill_diagonal(self.adjacent, 0)
        self.cards = np.array([factors.cards[v] for v in self.present], dtype=np.float64)

    def without(self, variable: int) -> _Graph:
        """The graph when a variable is observed: it has one state and connects nothing."""
        graph = copy(self)
        if variable in self.present:
            at = self.present.index(variable)
            graph.adjacent, graph.cards = self.adjacent.copy(), self.cards.copy()
            graph.adjacent[at] = graph.adjacent[:, at] = 0
            graph.cards[at] = 1
        return graph

    def greedy(self, attempt: int) -> Order:
        """One order: the first two attempts are plain min-fill and min-weight, the others add noise to the scores."""
        n, used = self.n, self.adjacent.copy()
        scores, result = np.empty(n), np.empty(3)
        order, neighbours, nearby = (np.empty(n, dtype=np.int32) for _ in range(3))
        kernels().eliminate(
            address(used), n, address(self.cards), int(attempt % 2 == 0), attempt + SEED, 0.0 if attempt < 2 else 0.6,
            address(scores), address(neighbours), address(nearby), address(order), address(result),
        )  # fmt: skip
        variables = tuple(self.present[i] for i in order.tolist())
        return Order(variables, float(result[0]), float(result[1]), int(result[2]))
