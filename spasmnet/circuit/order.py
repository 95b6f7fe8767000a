"""Elimination orders: several randomised greedy ones, of which the cheapest is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spasmnet.circuit.factors import FactorSet
from spasmnet.kernels.native import kernels

EFFORT = 400_000  # a budget for trying orders, in units of n² for n variables: a few milliseconds
MOST_TRIES = 24


@dataclass(frozen=True)
class Order:
    """An elimination order with the sum of its cluster sizes (products, at least), and its width."""

    variables: tuple[int, ...]
    size: float
    largest: float
    width: int


def elimination_order(factors: FactorSet, tries: int | None = None) -> Order:
    """The cheapest of several greedy orders (weighted min-fill and min-weight, with noisy ties; always the same)."""
    present = sorted({v for factor in factors.factors for v in factor.scope})
    where = {v: i for i, v in enumerate(present)}
    n = len(present)
    adjacent = np.zeros((n, n), dtype=np.int8)
    for factor in factors.factors:
        at = np.array([where[v] for v in factor.scope])
        adjacent[at[:, None], at] = 1
    np.fill_diagonal(adjacent, 0)
    cards = np.array([factors.cards[v] for v in present], dtype=np.float64)
    if tries is None:
        tries = int(np.clip(EFFORT // max(n * n, 1), 2, MOST_TRIES))
    scores, result = np.empty(n), np.empty(3)
    order, neighbours, nearby = (np.empty(n, dtype=np.int32) for _ in range(3))
    best: Order | None = None
    for attempt in range(tries):
        by_fill, noise = attempt % 2 == 0, 0.0 if attempt < 2 else 0.6
        used = adjacent.copy()
        kernels().eliminate(
            used.ctypes.data, n, cards.ctypes.data, int(by_fill), attempt + 1, noise, scores.ctypes.data,
            neighbours.ctypes.data, nearby.ctypes.data, order.ctypes.data, result.ctypes.data,
        )  # fmt: skip
        if best is None or result[0] < best.size:
            variables = tuple(present[i] for i in order.tolist())
            best = Order(variables, float(result[0]), float(result[1]), int(result[2]))
    assert best is not None  # there is at least one try
    return best


def telling_order(factors: FactorSet, columns: Sequence[int], depth: int = 10) -> list[int]:
    """Columns in the order in which observing them simplifies the network most, the first `depth` chosen greedily."""
    cards = list(factors.cards)
    left, chosen = list(range(len(columns))), []

    def size_if_observed(column: int) -> float:
        trial = list(cards)
        trial[columns[column]] = 1
        return elimination_order(FactorSet(tuple(trial), factors.factors), tries=1).size

    while left and len(chosen) < depth:
        best = min(left, key=size_if_observed)
        cards[columns[best]] = 1
        chosen.append(best)
        left.remove(best)
    return chosen + left
