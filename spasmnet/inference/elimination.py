"""Compile factors into a circuit: variable elimination, run on node numbers instead of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.depth import SHALLOW, Depth
from spasmnet.inference.factors import FactorSet
from spasmnet.kernels.native import kernels

Ints = NDArray[Any]
ZERO, ONE = 0, 1
MAX_MEMORY = 2_000_000_000  # bytes that building a circuit may take
BYTES_A_PRODUCT, BYTES_A_NODE = 48, 80  # that the finished circuit and its derivatives take, at most, while made


class OutOfRoom(MemoryError):
    """A circuit under construction would take more memory than it may; nothing of that has been allocated."""


@dataclass(frozen=True)
class Symbol:
    """A factor whose entries are node numbers."""

    scope: tuple[int, ...]
    nodes: Ints


class Nodes:
    """The nodes made so far. Leaves come first: zero, one, the other constants, and an indicator λ for each state.

    `depth` tells how small a product of the constants can get. Raises OutOfRoom rather than take more than `room`
    bytes, for the nodes or for what `finish` makes of them.
    """

    def __init__(
        self, constants: NDArray[np.float64], n_indicators: int, depth: Depth = SHALLOW, room: float = MAX_MEMORY
    ) -> None:
        self.depth, self._room = depth, room
        self.first = len(constants) + n_indicators
        self.count = np.array([self.first, 0])  # nodes, products
        self.steps = [self.first]
        self.starts = np.zeros(4096 + self.first, dtype=np.int64)
        self.left = np.empty(4096, dtype=np.int32)
        self.right = np.empty(4096, dtype=np.int32)
        self.constants = np.full(len(self.starts), np.nan)
        self.constants[: len(constants)] = constants
        self.table = np.full(8192, -1, dtype=np.int32)

    def reserve(self, nodes: int, products: int) -> None:
        """Make room for so many more, and for the numbers of their factors; raises OutOfRoom."""
        more_nodes, more_products = int(self.count[0]) + nodes + 2, int(self.count[1]) + products
        finished = BYTES_A_PRODUCT * int(self.count[1]) + BYTES_A_NODE * int(self.count[0])
        growing = 27 * more_nodes + 8 * (more_products + len(self.left)) + 8 * products
        if max(finished, growing) > self._room:
            raise OutOfRoom
        if more_nodes > len(self.starts):
            size = int(max(more_nodes, len(self.starts) * 1.7))
            self.starts = np.concatenate([self.starts, np.zeros(size - len(self.starts), dtype=np.int64)])
            self.constants = np.concatenate([self.constants, np.full(size - len(self.constants), np.nan)])
        if more_products > len(self.left):
            size = int(max(more_products, len(self.left) * 1.7))
            self.left, self.right = (_grown(ids, size, self.count[1]) for ids in (self.left, self.right))
        if 2 * more_nodes > len(self.table):
            self.table = np.full(1 << int(2 * more_nodes - 1).bit_length(), -1, dtype=np.int32)
            kernels().insert_all(
                self.starts.ctypes.data, self.first, int(self.count[0]), self.left.ctypes.data, self.right.ctypes.data,
                self.table.ctypes.data, len(self.table) - 1,
            )  # fmt: skip

    def release(self) -> None:
        """Give the memory back, once everything has been copied."""
        self.left = self.right = self.table = np.empty(0, dtype=np.int32)
        self.starts, self.constants = np.zeros(0, dtype=np.int64), np.zeros(0)

    def combine(self, a: Ints, b: Ints) -> Ints:
        """Nodes for Σ_x a[i, x] · b[i, x]."""
        n, k = a.shape
        out = np.empty(n, dtype=np.int32)
        kernels().combine(
            a.ctypes.data, b.ctypes.data, n, k, self.constants.ctypes.data, self.starts.ctypes.data,
            self.left.ctypes.data, self.right.ctypes.data, self.table.ctypes.data, len(self.table) - 1,
            self.count.ctypes.data, out.ctypes.data,
        )  # fmt: skip
        self.steps.append(int(self.count[0]))
        return out


def _grown(ids: Ints, size: int, used: int) -> Ints:
    larger = np.empty(size, dtype=ids.dtype)
    larger[:used] = ids[:used]
    return larger


def _multiply(nodes: Nodes, a: Symbol, b: Symbol, cards: Sequence[int], out: Iterable[int] = ()) -> Symbol:
    """The product of two factors, with the variables in `out` summed away in the same nodes."""
    summed = tuple(out)
    union = tuple(sorted({*a.scope, *b.scope} - {*summed}))
    scope = (*union, *summed)
    shape = tuple(cards[v] for v in scope)
    split = (prod(shape[: len(union)]), prod(shape[len(union) :]))
    nodes.reserve(split[0], prod(split))
    aligned = [np.ascontiguousarray(_spread(symbol, scope, shape)).reshape(split) for symbol in (a, b)]
    return Symbol(union, nodes.combine(*aligned).reshape(shape[: len(union)]))


def _spread(symbol: Symbol, scope: tuple[int, ...], shape: tuple[int, ...]) -> Ints:
    """The factor's nodes with axes in the order of `scope`, repeated along the axes that it lacks."""
    axes = [symbol.scope.index(v) for v in scope if v in symbol.scope]
    missing = tuple(i for i, v in enumerate(scope) if v not in symbol.scope)
    return np.broadcast_to(np.expand_dims(symbol.nodes.transpose(axes), missing), shape)


def eliminate(
    factors: FactorSet, order: Sequence[int], indicators: dict[int, int], room: float = MAX_MEMORY
) -> tuple[Nodes, int, Ints]:
    """Write the network polynomial down; its nodes, its root, and the first leaf of each indicated variable.

    `indicators` maps each variable that may be observed or asked for to its number of states. Raises OutOfRoom.
    """
    tables = [factor.make() for factor in factors.factors]
    constants = np.unique(np.concatenate([[0.0, 1.0], *(table.ravel() for table in tables)]))
    constants = np.concatenate([[0.0, 1.0], constants[(constants != 0.0) & (constants != 1.0)]])
    rank = np.argsort(constants, kind="stable")
    nodes = Nodes(constants, sum(indicators.values()), factors.depth, room)
    symbols = []
    for factor, table in zip(factors.factors, tables, strict=True):
        ids = rank[np.searchsorted(constants, table, sorter=rank)].astype(np.int32)
        symbols.append(Symbol(factor.scope, ids))
    leaf = len(constants)
    firsts = []
    for variable, states in indicators.items():
        symbols.append(Symbol((variable,), np.arange(leaf, leaf + states, dtype=np.int32)))
        firsts.append(leaf)
        leaf += states
    return nodes, write_down(nodes, symbols, order, factors.cards), np.array(firsts, dtype=np.int32)


def write_down(nodes: Nodes, symbols: Sequence[Symbol], order: Sequence[int], cards: Sequence[int]) -> int:
    """The root of the sum over all variables, eliminated in `order`, of the product of the symbols."""
    for variable in order:
        touched = [symbol for symbol in symbols if variable in symbol.scope]
        symbols = [symbol for symbol in symbols if variable not in symbol.scope]
        symbols.append(_sum_out(nodes, touched, variable, cards))
    root = Symbol((), np.array(ONE, dtype=np.int32))
    for symbol in symbols:
        root = _multiply(nodes, root, symbol, cards)
    nodes.reserve(0, 0)  # what is to come has room, too
    return int(root.nodes)


def _sum_out(nodes: Nodes, touched: list[Symbol], variable: int, cards: Sequence[int]) -> Symbol:
    """Multiply the factors, the pair with the smallest product first, and sum the variable away in the last product."""
    if len(touched) == 1:
        touched = [*touched, Symbol((variable,), np.full(cards[variable], ONE, dtype=np.int32))]
    touched = _join_alike(nodes, touched, cards)
    while len(touched) > 2:
        sizes = {
            (i, j): (prod(cards[v] for v in {*a.scope, *touched[j].scope}), i, j)
            for i, a in enumerate(touched)
            for j in range(i + 1, len(touched))
        }
        i, j = min(sizes, key=sizes.__getitem__)
        pair = _multiply(nodes, touched[i], touched[j], cards)
        touched = [symbol for at, symbol in enumerate(touched) if at not in (i, j)] + [pair]
    return _multiply(nodes, touched[0], touched[1], cards, out=(variable,))


def _join_alike(nodes: Nodes, touched: Sequence[Symbol], cards: Sequence[int]) -> list[Symbol]:
    """Multiply factors of equal scope, down to two factors: no pair is cheaper, and a cause may have hundreds."""
    alike: dict[frozenset[int], list[Symbol]] = {}
    for symbol in touched:
        alike.setdefault(frozenset(symbol.scope), []).append(symbol)
    spare = len(touched) - 2
    for group in alike.values():
        while len(group) > 1 and spare > 0:
            group[:] = [*group[2:], _multiply(nodes, group[0], group[1], cards)]
            spare -= 1
    return [symbol for group in alike.values() for symbol in group]
