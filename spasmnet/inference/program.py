"""The compiled circuit: one program of sums of binary products that ends in every posterior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet._immutable import FrozenMapping, Rebuilt
from spasmnet.inference.depth import SHALLOW, Depth
from spasmnet.inference.elimination import ONE, ZERO, Nodes
from spasmnet.kernels.native import kernels

Ints = NDArray[Any]
Floats = NDArray[np.float64]
CHUNK = 1 << 20  # products that are renumbered at a time, to bound memory


@dataclass(frozen=True, eq=False)
class Circuit(Rebuilt):
    """P(evidence) and its derivatives as one program.

    The program works on one array of values: `indicators` λ first, one for each state of each observable variable
    (`first_indicator` says where a variable's begin), then the program's `nodes`, then the `constants`. It computes
    the network polynomial forwards (the first `forward_runs` runs; `root` is P(e)), then its derivatives. `slots` pairs
    each wanted indicator with the node of its derivative, and `groups` says how many belong to each target. `runs`
    holds (arity, count) of neighbouring nodes of one arity that do not depend on one another, `pairs` their products,
    left + right · 2^32. `depth` tells how small a product of the constants can get.
    """

    first_indicator: Mapping[int, int]
    indicators: int
    nodes: int
    constants: Floats
    runs: Ints
    pairs: Ints
    forward_runs: int
    root: int
    slots: Ints
    groups: Ints
    depth: Depth = SHALLOW

    def __post_init__(self) -> None:
        object.__setattr__(self, "first_indicator", FrozenMapping(self.first_indicator))
        for name, kind in (
            ("runs", np.int32),
            ("slots", np.int32),
            ("groups", np.int32),
            ("pairs", np.int64),
            ("constants", np.float64),
        ):
            array = np.ascontiguousarray(getattr(self, name), dtype=kind)  # not copied: they can be gigabytes
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def size(self) -> int:
        """How many numbers a case takes."""
        return self.indicators + self.nodes + len(self.constants)


def finish(nodes: Nodes, root: int, indicators: Mapping[int, int], targets: Mapping[int, int]) -> Circuit:
    """Drop what the root does not need, order the nodes for speed, and append the derivatives of the target indicators.

    `indicators` maps variables to their first indicator among the nodes; `targets` maps those asked for to their
    numbers of states. The nodes are used up.
    """
    total = int(nodes.count[0])
    live, needs = np.zeros(total, dtype=np.int8), np.zeros(total, dtype=np.int8)
    for v, states in targets.items():
        needs[indicators[v] : indicators[v] + states] = 1
    native = kernels()
    native.mark(
        nodes.starts.ctypes.data, nodes.left.ctypes.data, nodes.right.ctypes.data, nodes.constants.ctypes.data, root,
        nodes.first, live.ctypes.data, needs.ctypes.data,
    )  # fmt: skip
    live[[ZERO, ONE]] = 1
    fixed = ~np.isnan(nodes.constants[:total])
    first = min(indicators.values(), default=nodes.first)
    free = np.arange(first, nodes.first)
    constant = np.flatnonzero(fixed & (live == 1))
    inner = nodes.first + np.flatnonzero((live == 1)[nodes.first :] & ~fixed[nodes.first :])
    arity = np.diff(nodes.starts[: total + 1]).astype(np.int32)
    step = np.searchsorted(nodes.steps, inner, side="right").astype(np.int32)
    by_arity = np.lexsort((arity[inner], step))
    inner, step = inner[by_arity], step[by_arity]
    forward = _Part(len(free), step, arity[inner])

    rename = np.zeros(total, dtype=np.int32)
    rename[free] = np.arange(len(free))
    rename[inner] = forward.numbers
    far = 2 * total  # constants come behind the derivatives, whose number is not known yet
    rename[constant] = far + np.arange(len(constant))
    native.copy_nodes(
        inner.ctypes.data, len(inner), nodes.starts.ctypes.data, nodes.left.ctypes.data, nodes.right.ctypes.data,
        rename.ctypes.data, forward.left.ctypes.data, forward.right.ctypes.data,
    )  # fmt: skip
    constants = nodes.constants[constant]
    nodes.release()
    del fixed, arity, step, by_arity
    wanted = np.zeros(far + len(constant), dtype=np.int8)
    wanted[: len(free) + len(inner)] = np.concatenate([needs[free], needs[inner]])
    del live, needs, inner
    back, derivative = _derivatives(forward, wanted, int(rename[root]), int(rename[ONE]), int(rename[ZERO]))
    n_nodes = len(forward.arity) + len(back.arity)
    end = len(free) + n_nodes

    def place(ids: Ints) -> Ints:
        placed = np.array(ids, dtype=np.int64)
        placed[placed >= far] += end - far
        return placed

    pairs, first = np.empty(len(forward.left) + len(back.left), dtype=np.int64), 0
    for part in (forward, back):
        for i in range(0, len(part.left), CHUNK):
            both = pairs[first + i : first + min(i + CHUNK, len(part.left))]
            both[:] = place(part.right[i : i + CHUNK]) << 32
            both |= place(part.left[i : i + CHUNK])
        first += len(part.left)
        part.left = part.right = np.empty(0, dtype=np.int32)

    start = {v: int(rename[leaf]) for v, leaf in indicators.items()}
    leaves = np.concatenate([np.zeros(0, dtype=np.int64), *(start[v] + np.arange(n) for v, n in targets.items())])
    slots = np.stack([leaves, derivative[leaves]], axis=1)
    runs = [part.runs() for part in (forward, back)]
    return Circuit(
        first_indicator=start,
        indicators=len(free),
        nodes=n_nodes,
        constants=constants,
        runs=np.concatenate(runs),
        pairs=pairs,
        forward_runs=len(runs[0]) // 2,
        root=int(place(rename[[root]])[0]),
        slots=place(slots.ravel()),
        groups=np.array(list(targets.values())),
        depth=nodes.depth,
    )


class _Part:
    """Part of a program under construction: nodes in steps, those of one step ordered by arity."""

    def __init__(self, first: int, step: Ints, arity: Ints) -> None:
        self.first, self.step, self.arity = first, step, arity
        self.numbers = first + np.arange(len(arity), dtype=np.int32)
        self.starts = np.concatenate([[0], np.cumsum(arity)]).astype(np.int64)
        self.left, self.right = (np.empty(self.starts[-1], dtype=np.int32) for _ in range(2))

    def runs(self) -> Ints:
        """(arity, count) of neighbouring nodes of equal arity in one step, flattened."""
        if not len(self.arity):
            return np.zeros(0, dtype=np.int32)
        changes = (np.diff(self.arity) != 0) | (np.diff(self.step) != 0)
        cuts = np.concatenate([[0], np.flatnonzero(changes) + 1, [len(self.arity)]])
        return np.stack([self.arity[cuts[:-1]], np.diff(cuts)], axis=1).astype(np.int32).ravel()


def _derivatives(forward: _Part, needs: Ints, root: int, one: int, zero: int) -> tuple[_Part, Ints]:
    """The backward program for what depends on a target indicator, and each node's derivative.

    ∂P/∂v is the sum over the products that use v of the using node's derivative times the other factor.
    """
    n, first = len(forward.arity), forward.first
    native = kernels()
    uses = np.zeros(len(needs), dtype=np.int32)
    sides = (forward.left, forward.right)
    native.count_uses(
        first, n, forward.starts.ctypes.data, *(ids.ctypes.data for ids in sides), needs.ctypes.data, uses.ctypes.data
    )
    wanted = np.flatnonzero(uses)
    step = -np.concatenate([np.zeros(first, dtype=np.int32), forward.step])[wanted]
    by_arity = np.lexsort((uses[wanted], step))
    wanted, step = wanted[by_arity], step[by_arity]
    back = _Part(first + n, step, uses[wanted])
    derivative = np.full(len(needs), zero, dtype=np.int32)
    derivative[wanted] = back.numbers
    derivative[root] = one
    place = np.zeros(len(needs), dtype=np.int64)
    place[wanted] = back.starts[:-1]
    native.transpose(
        first, n, forward.starts.ctypes.data, *(ids.ctypes.data for ids in sides), needs.ctypes.data,
        place.ctypes.data, derivative.ctypes.data, back.left.ctypes.data, back.right.ctypes.data,
    )  # fmt: skip
    return back, derivative
