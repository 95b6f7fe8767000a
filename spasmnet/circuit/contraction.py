"""One query as a sequence of contractions of tensors: nothing is compiled, and every entry keeps its derivative.

Where a circuit shares equal products and drops zeros, and pays for it when it is made, a contraction is planned in
microseconds a step and run by tight loops: right for one query whose numbers all are variables.

Source: Dechter R (1999), Bucket elimination: a unifying framework for reasoning, Artif Intell 113:41-85; the
derivatives as in Darwiche A (2003), J ACM 50:280-305.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet._frozen import Rebuilt
from spasmnet.circuit.factors import Factor, FactorSet
from spasmnet.circuit.order import elimination_order
from spasmnet.errors import CircuitTooLargeError
from spasmnet.kernels.native import address, kernels

Floats = NDArray[np.float64]
Ints = NDArray[Any]
Loop = tuple[int, int, int, int]  # length, strides of both operands and of the result
VECTORS, SCALED, DOT, SUM, STRIDED = range(5)  # as in kernels/contract.py
COST = (0.5, 0.4, 0.5, 0.4, 1.5)  # of an innermost turn, in about a nanosecond each
TURN = 4.0  # what starting the innermost loop costs
MOST_LOOPS = 61
NO_SUMS = np.zeros((0, 3), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Operand:
    """A tensor in the common array: its variables, where it begins, and a stride for each variable.

    `wanted` tells whether derivatives with respect to it are asked for; `made` is its size if a step made it, else 0.
    """

    scope: tuple[int, ...]
    offset: int
    strides: tuple[int, ...]
    wanted: bool
    made: int = 0


def operand(scope: Sequence[int], offset: int, shape: Sequence[int], fixed: Mapping[int, int], wanted: bool) -> Operand:
    """A leaf that lies at `offset`, last axis fastest, with the observed variables at their states."""
    strides, stride = [], 1
    for n in reversed(shape):
        strides.append(stride)
        stride *= n
    axes = list(zip(scope, reversed(strides), strict=True))
    free = [(v, along) for v, along in axes if v not in fixed]
    begin = offset + sum(along * fixed[v] for v, along in axes if v in fixed)
    return Operand(tuple(v for v, _ in free), begin, tuple(along for _, along in free), wanted)


@dataclass(frozen=True, eq=False)
class Plan(Rebuilt):
    """The steps from the leaves, which fill the first `leaves` places of an array of `size`, to the result at `root`.

    `sums` are leaves that are sums of neighbouring other leaves: place, first, last.
    """

    steps: Ints
    starts: Ints
    sums: Ints
    leaves: int
    size: int
    root: int


class Work:
    """The memory for one run of a plan at a time, with its addresses at hand."""

    def __init__(self, plan: Plan, leaves: Floats) -> None:
        self.values, self.slopes = np.zeros(plan.size), np.zeros(plan.size)
        self.values[: plan.leaves] = leaves
        self._counters = np.zeros(MOST_LOOPS + 3, dtype=np.int64)
        self._plan = plan  # keeps the addresses below alive
        self.at, self.slopes_at = address(self.values), address(self.slopes)
        steps, n, scratch = address(plan.steps), len(plan.starts), address(self._counters)
        self._root = plan.root
        self._forwards = (self.at, steps, n, scratch + 24, scratch)
        self._backwards = (
            self.at, self.slopes_at, plan.leaves, steps, address(plan.starts), n, address(plan.sums), len(plan.sums),
            scratch + 24, scratch,
        )  # fmt: skip
        self._contract, self._back = kernels().contract, kernels().contract_back

    def forwards(self) -> float:
        """The result for the leaves that `values` begins with."""
        self._contract(*self._forwards)
        return float(self.values[self._root])

    def backwards(self) -> None:
        """The derivatives of the result just computed; those with respect to the leaves come first in `slopes`."""
        self._back(*self._backwards)


def plan(
    operands: Sequence[Operand], cards: Sequence[int], leaves: int, *, one: int, sums: Ints = NO_SUMS, name: str = "",
    max_products: int = 2**62,
) -> Plan:  # fmt: skip
    """Multiply the operands and sum all their variables away; the number 1 stands at place `one` of the leaves.

    Raises CircuitTooLargeError, naming the network, before anything large is allocated.
    """
    order: tuple[int, ...] = ()
    scopes = tuple(Factor(leaf.scope, _no_numbers) for leaf in operands if leaf.scope)
    if scopes:
        best = elimination_order(FactorSet(tuple(cards), scopes))
        if best.size > max_products:
            raise CircuitTooLargeError(name, best.width, int(min(best.size, 2.0**62)), max_products)
        order = best.variables
    writer = _Writer(cards, leaves)
    unit = Operand((), one, (), False)
    buckets = list(operands)
    for variable in order:
        touched = [leaf for leaf in buckets if variable in leaf.scope]
        buckets = [leaf for leaf in buckets if variable not in leaf.scope]
        buckets.append(writer.sum_out(touched if len(touched) > 1 else [*touched, unit], variable))
    total = writer.multiply(unit, unit)
    for leaf in buckets:
        total = writer.multiply(total, leaf)
    return Plan(np.array(writer.steps), np.array(writer.starts), sums, leaves, writer.size, total.offset)


def _no_numbers() -> Floats:
    """An elimination order needs scopes only."""
    return np.zeros(0)


class _Writer:
    """Writes steps down, and gives each result its place."""

    def __init__(self, cards: Sequence[int], size: int) -> None:
        self.cards, self.size = cards, size
        self.steps: list[int] = []
        self.starts: list[int] = []

    def sum_out(self, touched: list[Operand], variable: int) -> Operand:
        """Multiply operands, the pair with the smallest product first, the last with the variable summed away."""
        while len(touched) > 2:
            i, j = self._smallest_pair(touched)
            pair = self.multiply(touched[i], touched[j])
            touched = [operand for at, operand in enumerate(touched) if at not in (i, j)] + [pair]
        return self.multiply(*touched, variable)

    def _smallest_pair(self, touched: list[Operand]) -> tuple[int, int]:
        first: dict[frozenset[int], int] = {}
        for j, operand in enumerate(touched):  # no pair is cheaper than two of equal scope
            i = first.setdefault(frozenset(operand.scope), j)
            if i != j:
                return i, j
        sizes = {
            (prod(self.cards[v] for v in {*a.scope, *touched[j].scope}), i, j)
            for i, a in enumerate(touched)
            for j in range(i + 1, len(touched))
        }
        return min(sizes)[1:]

    def multiply(self, a: Operand, b: Operand, summed: int = -1) -> Operand:
        """A step for the product of two operands; the result's axes lie in the order of the loops."""
        scope, kind, loops, swapped = min(
            (self._loops(a, b, scope, summed) for scope in self._orders(a, b)),
            key=lambda found: self._cost(*found[1:3]),
        )
        if swapped:
            a, b = b, a
        kept = [v for v in scope if v != summed]
        strides = []
        size = 1
        for v in reversed(kept):
            strides.append(size)
            size *= self.cards[v]
        result = Operand(tuple(kept), self.size, tuple(reversed(strides)), a.wanted or b.wanted, size)
        self.size += size
        self.starts.append(len(self.steps))
        self.steps += [
            len(loops),
            kind,
            a.offset,
            b.offset,
            result.offset,
            size,
            a.wanted + 2 * b.wanted,
            a.made,
            b.made,
        ]
        for loop in loops:
            self.steps += loop
        return result

    def _orders(self, a: Operand, b: Operand) -> list[list[int]]:
        """Loop orders worth a look: one operand's own, with what the other has beyond it outermost."""
        found = []
        for lead, other in ((a, b), (b, a)):
            own, rest = (
                [v for _, v in sorted(zip(o.strides, o.scope, strict=True), key=lambda at: -at[0])]
                for o in (lead, other)
            )
            found.append([v for v in rest if v not in own] + own)
        return found

    def _loops(self, a: Operand, b: Operand, scope: list[int], summed: int) -> tuple[list[int], int, list[Loop], bool]:
        """The loops over a scope, neighbours joined where all three tensors allow it."""
        at_a, at_b = dict(zip(a.scope, a.strides, strict=True)), dict(zip(b.scope, b.strides, strict=True))
        loops: list[Loop] = []  # innermost first
        stride = 1
        for v in reversed(scope):
            n = self.cards[v]
            own = 0 if v == summed else stride
            if v != summed:
                stride *= n
            if n == 1:
                continue
            new = (n, at_a.get(v, 0), at_b.get(v, 0), own)
            if loops and all(new[i] == loops[-1][i] * loops[-1][0] for i in (1, 2, 3)):
                loops[-1] = (n * loops[-1][0], *loops[-1][1:])
            else:
                loops.append(new)
        while len(loops) < 2:
            loops.append((1, 0, 0, 0))
        sa, sb, sc = loops[0][1:]
        swapped = sa != 1 and sb == 1
        if swapped:
            sa, sb = sb, sa
            loops = [(n, y, x, z) for n, x, y, z in loops]
        kinds = {(1, 1, 1): VECTORS, (1, 0, 1): SCALED, (1, 1, 0): DOT, (1, 0, 0): SUM}
        return scope, kinds.get((sa, sb, sc), STRIDED), loops[::-1], swapped

    def _cost(self, kind: int, loops: list[Loop]) -> float:
        return prod(loop[0] for loop in loops) * (COST[kind] + TURN / loops[-1][0])
