"""One query as a sequence of contractions of tensors: nothing is compiled, and every entry keeps its derivative.

Where a circuit shares equal products and drops zeros, and pays for it when it is made, a contraction is planned in
microseconds a step and run by tight loops: right for one query whose numbers all are variables.

Source: Dechter R (1999), Bucket elimination: a unifying framework for reasoning, Artif Intell 113:41-85; the
derivatives as in Darwiche A (2003), J ACM 50:280-305.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet._immutable import Rebuilt
from spasmnet.errors import CircuitTooLargeError
from spasmnet.inference.factors import Factor, FactorSet
from spasmnet.inference.halves import one_after_the_other, side_by_side
from spasmnet.inference.layout import arrange
from spasmnet.inference.order import elimination_order
from spasmnet.inference.rows import processors
from spasmnet.kernels.native import address, kernels

Floats = NDArray[np.float64]
Ints = NDArray[Any]
Loop = tuple[int, int, int, int]  # length, strides of both operands and of the result
PRODUCTS, SCALED, DOT, SUM, STRIDED, STRIDED_DOT, MATRIX, COPY = range(8)  # as in kernels/contract.py
KINDS = {(1, 1, 1): PRODUCTS, (1, 0, 1): SCALED, (1, 1, 0): DOT, (1, 0, 0): SUM}
COST = (0.4, 0.3, 0.5, 0.8, 1.6, 1.6, 0.3, 1.6)  # of an innermost turn, in about a nanosecond each
TURN = 3.0  # what starting the innermost loop costs
NOTHING: Loop = (1, 0, 0, 0)
NO, ADD, SET, TILED = range(4)  # what is wanted of an operand's derivatives, as in kernels/contract.py
FEW, QUICK = 4, 5_000  # how many orders are tried, unless the best of them takes more turns
SMALL = 500  # turns up to which a step is not worth much thought
MOST_LOOPS = 61
WIDE = 8  # numbers in a row from which several rows are multiplied at once
NO_SUMS = np.zeros((0, 3), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Operand:
    """A tensor in the common array: its variables, where it begins, and a stride for each variable.

    `wanted` tells whether derivatives with respect to it are asked for.
    """

    scope: tuple[int, ...]
    offset: int
    strides: tuple[int, ...]
    wanted: bool

    def in_memory(self) -> list[int]:
        """The variables as they lie in memory, the slowest first."""
        return [v for _, v in sorted(zip(self.strides, self.scope, strict=True), key=lambda axis: -axis[0])]


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
    """The steps from the leaves, which fill the first `leaves` places of an array of `size`, to the result.

    `parts` are how many steps can run side by side, first the one and then the other half, and how many come after
    both; `root` are the places of the result and, in an array of its own, of its derivative; `sums` are leaves that are
    sums of neighbouring other leaves: place, first, last.
    """

    steps: Ints
    starts: Ints
    parts: tuple[int, int, int]
    sums: Ints
    leaves: int
    size: int
    root: tuple[int, int]


class Work:
    """The memory for one run of a plan at a time, with its addresses at hand."""

    def __init__(self, plan: Plan, leaves: Floats) -> None:
        self.values, self.slopes = np.zeros(plan.size), np.zeros(plan.size)
        self.values[: plan.leaves] = leaves
        self._counters = np.zeros((3, MOST_LOOPS + 3), dtype=np.int64)
        self._plan = plan
        self._memory = plan, self.values, self.slopes, self._counters  # keeps the addresses below alive
        self.at, self.slopes_at = address(self.values), address(self.slopes)
        self._root, self._root_slope = plan.root
        steps, starts, scratch, first = address(plan.steps), address(plan.starts), address(self._counters), 0
        native = kernels()
        self._forwards, self._backwards = [], []
        for part, n in enumerate(plan.parts):
            own = scratch + part * self._counters.strides[0]
            begin = steps + 8 * int(plan.starts[first]) if n else steps
            back = (self.at, self.slopes_at, steps, starts + 8 * first, n, own + 24, own)
            self._forwards.append(partial(native.contract, self.at, begin, n, own + 24, own))
            self._backwards.append(partial(native.contract_back, *back))
            first += n
        self._pass_on = partial(native.pass_on, self.slopes_at, address(plan.sums), len(plan.sums))
        self._halved, self._has_sums = plan.parts[0] > 0, len(plan.sums) > 0
        self._together: Callable[..., None] = side_by_side if processors() > 1 else one_after_the_other

    def forwards(self) -> float:
        """The result for the leaves that `values` begins with."""
        if self._halved:
            self._together(*self._forwards[:2], self._memory)
        self._forwards[2]()
        return float(self.values[self._root])

    def backwards(self) -> None:
        """The derivatives of the result just computed; those with respect to the leaves come first in `slopes`."""
        self.slopes[self._root_slope] = 1.0
        self._backwards[2]()
        if self._halved:
            self._together(*self._backwards[:2], self._memory)
        if self._has_sums:
            self._pass_on()


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
        factors = FactorSet(tuple(cards), scopes)
        best = elimination_order(factors, FEW)
        if best.size > QUICK:
            best = elimination_order(factors)
        if best.size > max_products:
            raise CircuitTooLargeError(name, best.width, int(min(best.size, 2.0**62)), max_products)
        order = best.variables
    writer = _Writer(cards, leaves, one)
    unit = Operand((), one, (), False)
    buckets = list(operands)
    for variable in order:
        touched = [leaf for leaf in buckets if variable in leaf.scope]
        buckets = [leaf for leaf in buckets if variable not in leaf.scope]
        buckets.append(writer.sum_out(touched if len(touched) > 1 else [*touched, unit], variable))
    total = writer.multiply(unit, unit)
    for leaf in buckets:
        total = writer.multiply(total, leaf)
    return writer.program(sums)


def _no_numbers() -> Floats:
    """An elimination order needs scopes only."""
    return np.zeros(0)


class _Writer:
    """Writes steps down, and gives each result its place."""

    def __init__(self, cards: Sequence[int], leaves: int, one: int) -> None:
        self.cards, self._leaves, self._unit = cards, leaves, Operand((), one, (), False)
        self._next = leaves  # a number for the next result, as if all of them had places of their own
        self.steps: list[list[int]] = []
        self.costs: list[int] = []
        self.used: list[list[int]] = []
        self.sizes: list[int] = []
        self._made: dict[int, int] = {}  # number of a result: its step

    def sum_out(self, touched: list[Operand], variable: int) -> Operand:
        """Multiply operands, the pair with the smallest product first, the last with the variable summed away."""
        while len(touched) > 2:
            i, j = self._smallest_pair(touched)
            pair = self.multiply(touched[i], touched[j])
            touched = [operand for at, operand in enumerate(touched) if at not in (i, j)] + [pair]
        return self.multiply(touched[0], touched[1], variable)

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
        pairs = ((a, b), (b, a))
        best, copy = min((self._nest(x, y, _led_by(x, y), summed) for x, y in pairs), key=_cost), None
        if best.cells > SMALL:  # perhaps one of the two had better be copied into another order
            cost = best.cost
            for x, y in pairs:
                for order in (_led_by(y, x), _apart(x, y, summed)):
                    copying = self._nest(x, self._unit, [v for v in order if v in x.scope], -1)
                    nest = self._nest(self._result(copying), y, order, summed)
                    if copying.cost + nest.cost < cost:
                        best, copy, cost = nest, copying, copying.cost + nest.cost
        if copy:
            self._write(copy)
        return self._write(best)

    def _nest(self, a: Operand, b: Operand, order: Sequence[int], summed: int) -> _Nest:
        """The loops in an order, neighbours joined where all three tensors allow it; the sum next to the innermost."""
        at_a, at_b = dict(zip(a.scope, a.strides, strict=True)), dict(zip(b.scope, b.strides, strict=True))
        loops: list[Loop] = []  # innermost first
        over, innermost = NOTHING, False
        stride = 1
        for v in reversed(order):
            n = self.cards[v]
            new = (n, at_a.get(v, 0), at_b.get(v, 0), 0 if v == summed else stride)
            if v == summed:
                over, innermost = new, not loops
                continue
            stride *= n
            if n == 1:
                continue
            if loops and all(new[i] == loops[-1][i] * loops[-1][0] for i in (1, 2, 3)):
                loops[-1] = (n * loops[-1][0], *loops[-1][1:])
            else:
                loops.append(new)
        if innermost and over[0] > 1:
            loops.insert(0, over)
        else:
            loops = [*(loops[:1] or [NOTHING]), over, *loops[1:]]
        loops += [NOTHING] * (3 - len(loops))
        if loops[0][1] != 1 and loops[0][2] == 1:
            a, b = b, a
            loops = [(n, y, x, z) for n, x, y, z in loops]
        if loops[0][1:] == (1, 0, 1):  # a loop that meets the vectors again had best be near
            again = max(range(2, len(loops)), key=lambda d: (loops[d][0] > 1 and not loops[d][1]) * loops[d][0])
            loops.insert(2, loops.pop(again))
        if not b.scope and summed < 0 and b.offset == self._unit.offset:
            return _Nest(a, b, tuple(order), COPY, tuple(sorted(loops)))  # the longest innermost
        kind = KINDS.get(loops[0][1:], STRIDED_DOT if loops[0] is over or loops[0][3] == 0 else STRIDED)
        if kind == SCALED and loops[2][1] == 0 and loops[0][0] >= WIDE:
            kind = MATRIX
        kept = tuple(v for v in order if v != summed)
        return _Nest(a, b, kept, kind, tuple(reversed(loops)))

    def _result(self, nest: _Nest) -> Operand:
        """Where the result of a step will lie if it is the next one."""
        shape = [self.cards[v] for v in nest.kept]
        return operand(nest.kept, self._next, shape, {}, nest.a.wanted or nest.b.wanted)

    def _write(self, nest: _Nest) -> Operand:
        a, b, result = nest.a, nest.b, self._result(nest)
        self.sizes.append(prod(self.cards[v] for v in nest.kept))
        self._next += self.sizes[-1]
        wanted = [self._wanted(operand, nest, i) for i, operand in ((1, a), (2, b))]
        clear = [
            1 + sum(along * (self.cards[v] - 1) for v, along in zip(operand.scope, operand.strides, strict=True))
            if how == ADD
            else 0
            for operand, how in zip((a, b), wanted, strict=True)
        ]
        self.used.append([self._made[operand.offset] for operand in (a, b) if operand.offset in self._made])
        self._made[result.offset] = len(self.steps)
        header = [len(nest.loops), nest.kind, a.offset, b.offset, result.offset, *wanted, *clear, 0, 0, 0]
        self.steps.append([*header, *chain.from_iterable(nest.loops)])
        self.costs.append(nest.cells)
        return result

    def program(self, sums: Ints) -> Plan:
        """All steps, in the order in which they run, and with their places in memory."""
        copies = [step[1] == COPY for step in self.steps]
        layout = arrange(self.used, self.costs, self.sizes, copies, self._leaves)
        rows = [self.steps[i] for part in layout.parts for i in part]
        for row in rows:
            for i in (0, 1, 2):
                place = row[2 + i]
                made = self._made.get(place)
                row[2 + i] = place if made is None else layout.results[made]
                row[9 + i] = place if made is None else layout.slopes[made]
        starts = np.cumsum([0, *(len(row) for row in rows)])[:-1]
        one, other, rest = (len(part) for part in layout.parts)
        root = (rows[-1][4], rows[-1][11])
        flat = np.array([*chain.from_iterable(rows)])
        return Plan(flat, starts, (one, other, rest), sums, self._leaves, layout.size, root)

    def _wanted(self, operand: Operand, nest: _Nest, i: int) -> int:
        """Whether derivatives are wanted at all, and whether the loops meet each of them more than once."""
        if not operand.wanted:
            return NO
        again = {d for d, loop in enumerate(nest.loops, -len(nest.loops)) if loop[0] > 1 and not loop[i]}
        if nest.kind in (SCALED, MATRIX) and i == 2:
            again -= {-1}  # innermost, they are summed at once
        if nest.kind == MATRIX and i == 1:
            again -= {-3}  # as over the blocks
        if nest.kind == SCALED and i == 1 and again == {-3}:
            return TILED
        return ADD if again else SET


def _led_by(a: Operand, b: Operand) -> list[int]:
    """The variables in the order of one operand, with what the other has beyond it outermost."""
    return [v for v in b.in_memory() if v not in a.scope] + a.in_memory()


def _apart(a: Operand, b: Operand, summed: int) -> list[int]:
    """What the operands share, what only the other has, the sum, and innermost what only `a` has: a matrix product."""
    own, other = a.in_memory(), b.in_memory()
    shared = [v for v in own if v in other and v != summed]
    rest = [v for v in other if v not in own and v != summed]
    return [*shared, *rest, *([summed] if summed >= 0 else []), *(v for v in own if v not in other and v != summed)]


def _cost(nest: _Nest) -> float:
    return nest.cost


@dataclass(frozen=True, slots=True)
class _Nest:
    """Loops, outermost first, for the product of two operands; `kept` are the result's axes."""

    a: Operand
    b: Operand
    kept: tuple[int, ...]
    kind: int
    loops: tuple[Loop, ...]

    @property
    def cells(self) -> int:
        return prod(loop[0] for loop in self.loops)

    @property
    def cost(self) -> float:
        return self.cells * (COST[self.kind] + TURN / self.loops[-1][0])
