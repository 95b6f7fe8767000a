"""A query's distributions as symbols over the numbers of the network, each of which is a leaf."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.elimination import ONE, ZERO, Symbol
from spasmnet.model.cpd import CPD, Deterministic, Key, NoisyMax
from spasmnet.model.network import Network
from spasmnet.parameters.vector import Numbers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Leaves:
    """Collects the numbers, and writes each distribution down as symbols over leaves.

    Leaves are numbered from `first`: the numbers, then sums of the first few numbers of a link's row. A symbol's
    entries are leaves, ZERO or ONE.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._values: list[Floats] = []
        self._sizes: list[Ints] = []
        self._blocks: list[tuple[str, int, Key, tuple[int, ...]]] = []
        self._count = 0
        self._sums: list[tuple[Ints, Ints, Ints]] = []  # symbol's entries to fill, first and last number of each sum
        self.cards = [len(variable.states) for variable in network.variables]
        self._position = {name: i for i, name in enumerate(network.names)}

    def add(self, name: str) -> list[Symbol]:
        """The symbols of a variable's distribution, which are over it, its parents and hidden variables."""
        cpd = self._network.cpds[name]
        scope = [self._position[parent] for parent in cpd.parents]
        child = self._position[name]
        if isinstance(cpd, Deterministic):
            return [Symbol((*scope, child), np.where(cpd.table() == 1.0, ONE, ZERO).astype(np.int64))]
        if not isinstance(cpd, NoisyMax):
            return [Symbol((*scope, child), self._block(name, (), cpd.table()))]
        target = self._hidden(child, cpd) if scope else child
        symbols = [Symbol((target,), self._block(name, (-1, 0), cpd.leak))]
        for i, (parent, link) in enumerate(zip(scope, cpd.links, strict=True)):
            so_far, target = target, child if i == len(scope) - 1 else self._hidden(child, cpd)
            symbols.append(Symbol((so_far, parent, target), self._maximum_with(name, i, link)))
        return symbols

    def _hidden(self, child: int, cpd: CPD) -> int:
        self.cards.append(self.cards[child])
        return len(self.cards) - 1

    def _block(self, name: str, prefix: Key, values: Floats) -> Ints:
        """Enter an array of numbers whose last axis is a row; their leaves, counted from 2 (after ZERO and ONE)."""
        self._values.append(values.ravel())
        self._sizes.append(np.full(values.size, values.shape[-1]))
        self._blocks.append((name, self._count, prefix, values.shape))
        ids = 2 + self._count + np.arange(values.size).reshape(values.shape)
        self._count += values.size
        return ids

    def _maximum_with(self, name: str, parent: int, link: Floats) -> Ints:
        """P(max(a, Z) = y) with Z from the link, axes (a, u, y): the link's number below y, their sum up to y at y."""
        states = link.shape[1]
        none = np.zeros((0, states), dtype=np.int64)
        numbers = none if len(link) == 1 else self._block(name, (parent,), link[1:])
        entries = np.full((states, len(link), states), ZERO, dtype=np.int64)
        for y in range(states):
            entries[y, 0, y] = ONE  # a parent in its first state contributes nothing
            entries[:y, 1:, y] = numbers[:, y]
            entries[y, 1:, y] = ONE if y == states - 1 else -1
        if states > 1 and len(numbers):
            at = np.array([(y, u + 1, y) for y in range(states - 1) for u in range(len(numbers))])
            flat = np.ravel_multi_index(tuple(at.T), entries.shape)
            first = np.array([numbers[u, 0] for y in range(states - 1) for u in range(len(numbers))]) - 2
            last = np.array([numbers[u, y] for y in range(states - 1) for u in range(len(numbers))]) - 2
            self._sums.append((flat, first, last))
            entries.ravel()[flat] = -2 - (sum(len(s[0]) for s in self._sums[:-1]) + np.arange(len(flat)))
        return entries

    def numbers(self) -> Numbers:
        """All numbers entered so far."""
        values = np.concatenate([np.zeros(0), *self._values])
        sizes = np.concatenate([np.zeros(0, dtype=np.int64), *self._sizes])
        rows = np.concatenate(
            [
                np.zeros(0, dtype=np.int64),
                *(
                    first + np.arange(len(sizes_)) // sizes_ * sizes_
                    for (_, first, _, _), sizes_ in zip(self._blocks, self._sizes, strict=True)
                ),
            ]
        )
        return Numbers(values, rows, sizes, tuple(self._blocks))

    def sums(self) -> tuple[Ints, Ints]:
        """The first and the last number of each sum."""
        none = np.zeros(0, dtype=np.int64)
        return tuple(np.concatenate([none, *(part[i] for part in self._sums)]) for i in (1, 2))  # type: ignore[return-value]

    def resolved(self, symbols: Iterable[Symbol], first: int) -> list[Symbol]:
        """The symbols with node numbers: ZERO and ONE stay, leaves begin at `first`, sums follow the numbers."""
        found = []
        for symbol in symbols:
            ids = symbol.nodes
            nodes = np.where(ids >= 2, ids - 2 + first, np.where(ids < 0, first + self._count - 2 - ids, ids))
            found.append(Symbol(symbol.scope, nodes.astype(np.int32)))
        return found
