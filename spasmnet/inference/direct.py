"""Answering cases by eliminating their unobserved variables directly; the memory for one thread, and tables."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.plan import Plan, bit
from spasmnet.inference.rows import processors, share
from spasmnet.kernels import layout as at
from spasmnet.kernels.native import address, kernels

Floats = NDArray[np.float64]
Ints = NDArray[Any]
STAGES = (
    "read_case",
    "place_factors",
    "form_clusters",
    "eliminate_upwards",
    "pass_beliefs_down",
    "answer_simply",
)
MOST_CELLS = 2 ** (at.MOST_ITEMS - 1)  # so that no cluster has more variables than are listed
FIRST_ROOM = 4096  # entries of clusters for which there is room from the beginning
MOST_ROOM = 1_000_000  # the same for tables, of which only a case that takes more gets more
SHARE_FROM = 1024  # cases that are worth a thread
BLOCK = 4096  # cases of a table that a thread takes at a time, at most
PROBE = 256  # cases that tell whether a table is worth it


@dataclass(frozen=True, eq=False, slots=True)
class _Room:
    """Memory for clusters, and the arguments that tell the kernel where it is: replaced as a whole, never in parts."""

    head: Ints
    arena: Floats
    offsets: Ints
    before: tuple[int, int]


class Elimination:
    """The memory for one thread that eliminates directly, up to `limit` entries of clusters a case.

    `case` is the state of each variable, or -1; each use of it begins with a copy of `blank`, so that one that was
    interrupted leaves nothing behind. `targets` are the variables asked for, by position (None: all).
    """

    def __init__(self, plan: Plan, limit: int, targets: Sequence[int] | None = None) -> None:
        self._plan, self._limit = plan, min(limit, MOST_CELLS)
        n_ranks, n, words, n_factors = plan.counts
        asked = range(n) if targets is None else targets
        starts = np.cumsum((0, *plan.states))
        answers = np.array([(starts[i], plan.states[i]) for i in asked], dtype=np.int64).reshape(-1, 2)
        self.slots = int(answers[:, 1].sum())
        self.blank = array("h", [-1]) * n
        self.case = self.blank[:]
        target = np.zeros(n, dtype=np.int64)
        target[list(asked)] = 1
        every, entries = n_factors + n_ranks, len(plan.arrays[at.P_MEMBER])
        room = {
            at.P_STATE: n_ranks, at.P_SETS: 4 * words, at.P_GONE: n, at.P_SIMPLE: n, at.P_WANTED: n_ranks,
            at.P_HEAD: n_ranks, at.P_NEXT: every, at.P_BASE: every, at.P_MASK: every * words,
            at.P_REST: entries + n_ranks * at.MOST_ITEMS, at.P_CLUSTER: n_ranks * words, at.P_SIZE: n_ranks,
            at.P_ROWS: n_ranks, at.P_AT: n_ranks, at.P_UP: n_ranks, at.P_STEP: n_ranks, at.P_ITEMS: n_ranks,
            at.P_ITEM: n_ranks * at.MOST_ITEMS, at.P_MINE: at.MOST_ITEMS, at.P_STRIDES: at.MOST_ITEMS,
        }  # fmt: skip
        own: dict[int, Any] = {key: np.zeros(size, dtype=np.int64) for key, size in room.items()}
        of_messages = entries + np.arange(n_ranks) * at.MOST_ITEMS
        own[at.P_RESTING] = np.concatenate([plan.arrays[at.P_FIRST][:-1], of_messages])
        own |= {at.P_TARGET: target, at.P_ANSWERS: answers, at.P_POST: np.zeros(sum(plan.states))}
        hidden = np.zeros(words, dtype=np.uint64)
        for r in np.flatnonzero(plan.arrays[at.P_REAL] < 0).tolist():
            hidden |= bit(r, words)
        head = np.concatenate([np.zeros(at.P_COUNT, dtype=np.int64), hidden.view(np.int64)])
        head[[at.P_V, at.P_N, at.P_W, at.P_FACTORS]] = plan.counts
        head[[at.P_LIMIT, at.P_TARGETS]] = self._limit, -1 if targets is None else len(answers)
        for key, numbers in (*plan.arrays.items(), *own.items()):
            head[key] = address(numbers)
        head[at.P_CASE] = self.case.buffer_info()[0]
        stages = kernels().addresses
        for k, stage in enumerate(STAGES):
            narrow = stages.get(f"{stage}_64", stages[stage])
            head[at.P_STAGES + k] = narrow if words == 1 else stages[stage]
        self._own = own  # keeps the addresses alive
        self._result = array("d", [0.0]) * 6
        self._one = array("d", [0.0, 0.0]), array("b", [0]), array("q", [0])
        totals, status, row = (part.buffer_info()[0] for part in self._one)
        self._single = (totals, 0, 0, row, 1, self.slots), (totals, totals + 8, status)
        self._run = kernels().direct_rows
        self._room = self._reserved(head, min(self._limit, FIRST_ROOM))

    def _reserved(self, head: Ints, room: int) -> _Room:
        """Room for clusters of so many entries together: their tables, and messages of at most as many."""
        tables = len(self._plan.tables)
        arena, offsets, head = np.empty(tables + 2 * room), np.empty(room, dtype=np.int64), head.copy()
        arena[:tables] = self._plan.tables
        head[[at.P_ROOM, at.P_START]] = room, tables
        head[at.P_ARENA], head[at.P_OFFSET] = address(arena), address(offsets)
        return _Room(head, arena, offsets, (address(head), self._result.buffer_info()[0]))

    def solve(self, out: int) -> tuple[int, float, float]:
        """Answer the case in `case`: what became of it, and P(e) as mantissa and power of 2^256.

        At the address `out` there is room for the posteriors asked.
        """
        columns, ends = self._single
        self._run(*self._room.before, *columns, out, *ends)
        (total, power), status, _ = self._one
        if status[0] == at.NO_ROOM:
            self._room = self._reserved(self._room.head, int(self._result[at.R_CELLS]))
            return self.solve(out)
        return status[0], total, power

    def rows(self, codes: Ints, columns: Ints, rows: Ints, found: Found) -> None:
        """Answer some cases of a table: `codes[i, c]` is the state of variable `columns[c]` in case i, or -1.

        Case i is row `rows[i]` of what is found. One that takes more room than the limit is left out.
        """
        if self._room.head[at.P_ROOM] < min(self._limit, MOST_ROOM):
            self._room = self._reserved(self._room.head, min(self._limit, MOST_ROOM))
        self.case[:] = self.blank
        self._run(
            *self._room.before, address(codes), len(columns), address(columns), address(rows), len(rows), self.slots,
            address(found.posteriors), address(found.totals), address(found.powers), address(found.statuses),
        )  # fmt: skip
        for b in np.flatnonzero(found.statuses[rows] == at.NO_ROOM).tolist():
            for i, code in zip(columns.tolist(), codes[b].tolist(), strict=True):
                self.case[i] = code
            row = int(rows[b])
            found.statuses[row], found.totals[row], found.powers[row] = self.solve(address(found.posteriors[row]))


@dataclass(frozen=True, eq=False)
class Found:
    """Room for the answers to a table: posteriors by slot, P(e) as mantissa and power of 2^256, each case's status."""

    posteriors: Floats
    totals: Floats
    powers: Floats
    statuses: NDArray[np.int8]

    @classmethod
    def room(cls, rows: int, slots: int) -> Found:
        """Room for so many rows."""
        return cls(np.empty((rows, slots)), np.empty(rows), np.empty(rows), np.empty(rows, dtype=np.int8))

    @property
    def log_evidence(self) -> Floats:
        """ln P(e) of each case that was answered; minus infinity for the others."""
        with np.errstate(divide="ignore"):
            return np.log(np.where(self.statuses == at.FINE, self.totals, 0.0)) + self.powers * (256 * log(2.0))


def eliminate_rows(
    plan: Plan, limit: int, codes: Ints, variables: Sequence[int], targets: Sequence[int] | None, threads: int | None
) -> Found | None:
    """The posteriors of `targets` for a table of cases; None if most of them take more room than the limit.

    `codes[i, c]` is the state of `variables[c]` in case i (int16), or -1 if it was not observed.
    """
    columns = np.array(variables, dtype=np.int64)
    found = Found.room(
        len(codes), sum(plan.states[i] for i in (range(len(plan.states)) if targets is None else targets))
    )
    some = np.unique(np.linspace(0, len(codes) - 1, PROBE).astype(np.int64))
    Elimination(plan, limit, targets).rows(np.ascontiguousarray(codes[some]), columns, some, found)
    if (found.statuses[some] == at.TOO_LARGE).mean() > 0.5:
        return None
    if len(some) == len(codes):
        return found
    workers = min(threads or processors(), -(-len(codes) // SHARE_FROM))
    blocks = workers * -(-len(codes) // (workers * BLOCK))
    size = -(-len(codes) // blocks)
    queue = iter(range(0, len(codes), size))

    def work(blocks: Iterator[int]) -> None:
        elimination = Elimination(plan, limit, targets)
        for begin in blocks:
            rows = np.arange(begin, min(begin + size, len(codes)))
            elimination.rows(np.ascontiguousarray(codes[begin : begin + size]), columns, rows, found)

    share(work, queue, workers)
    return found
