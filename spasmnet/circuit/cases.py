"""Running a circuit: one case, one case that would underflow, and many cases on all processors.

Many cases are sorted by their most telling columns, so that neighbours have much in common; what a chunk of neighbours
has in common is worked out once (specialise), and the small program that remains runs over the chunk's rows.
"""

from __future__ import annotations

import ctypes
import os
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.circuit.circuit import Circuit
from spasmnet.evidence import Weights
from spasmnet.kernels.layout import LANES, TINY
from spasmnet.kernels.native import address as _address
from spasmnet.kernels.native import kernels

Floats = NDArray[np.float64]
Ints = NDArray[Any]

LEVELS = (16384, 2048, 256)  # rows that share one program: each level specialises the one before


class Workspace:
    """The memory for one case at a time; one for each thread."""

    def __init__(self, circuit: Circuit) -> None:
        self._values = np.zeros(circuit.size)
        self._values[circuit.indicators + circuit.nodes :] = circuit.constants
        self._circuit = circuit  # keeps the addresses below alive
        self._head = (_address(self._values), circuit.indicators)
        n_slots = len(circuit.slots) // 2
        self._tail = (
            _address(circuit.runs), len(circuit.runs) // 2, _address(circuit.pairs), circuit.root,
            _address(circuit.slots), n_slots,
        )  # fmt: skip
        self._out = ctypes.c_double * (n_slots + 1)
        self._query = kernels().query

    def query(self, at: array[int], weight: array[float]) -> Any:
        """P(e), then the posteriors by slot (zeros if P(e) is too small to divide by)."""
        out = self._out()
        self._query(*self._head, at.buffer_info()[0], weight.buffer_info()[0], len(at), *self._tail, out)
        return out


def _indicators(circuit: Circuit, weights: Weights) -> Floats:
    values = np.ones(circuit.indicators)
    values[np.asarray(weights.at, dtype=np.intp)] = weights.weight[: len(weights.at)]
    return values


def wide(circuit: Circuit, weights: Weights) -> tuple[float, list[float]]:
    """ln P(e) and the posteriors by slot of a case that underflows; no posteriors if P(e) is 0."""
    return _wide(circuit, _indicators(circuit, weights))


def _wide(circuit: Circuit, indicators: Floats) -> tuple[float, list[float]]:
    values, powers = np.zeros(circuit.size), np.zeros(circuit.size, dtype=np.int64)
    values[: circuit.indicators] = indicators
    values[circuit.indicators + circuit.nodes :] = circuit.constants
    out = np.zeros(len(circuit.slots) // 2 + 2)
    kernels().query_wide(
        _address(values), _address(powers), circuit.indicators, circuit.nodes, len(circuit.constants),
        _address(circuit.runs), len(circuit.runs) // 2, _address(circuit.pairs), circuit.root,
        _address(circuit.slots), len(circuit.slots) // 2, _address(out),
    )  # fmt: skip
    if out[0] == 0.0:
        return float("-inf"), []
    return log(out[0]) + 512 * out[1] * log(2.0), out[2:].tolist()


@dataclass(frozen=True)
class Answers:
    """For each case the posteriors by slot and ln P(e); minus infinity, and zeros, for impossible evidence."""

    posteriors: Floats
    log_evidence: Floats


def solve(
    circuit: Circuit,
    codes: Ints,
    variables: Sequence[int],
    *,
    weights: Weights | None = None,
    telling: Sequence[int] | None = None,
    threads: int | None = None,
) -> Answers:
    """Many cases at once.

    `codes[i, c]` is the state of `variables[c]` in case i (int16), or -1 if it was not observed. `weights` is evidence
    that all cases share. `telling` orders the columns by how much they simplify (default: as they stand).
    """
    rows = len(codes)
    slots = len(circuit.slots) // 2
    posteriors, totals = np.empty((rows, slots)), np.empty(rows)
    shared = np.ones(circuit.indicators) if weights is None else _indicators(circuit, weights)
    columns = np.array([_column(circuit, v) for v in variables], dtype=np.int32).reshape(-1, 2)
    order = _sorted_rows(codes, columns[:, 1], range(len(variables)) if telling is None else telling)
    codes = _by_row(codes)
    job = _Job(circuit, shared, codes, columns, order, posteriors, totals)
    workers = threads or _processors()
    pieces = [piece for piece in np.array_split(np.arange(-(-rows // LEVELS[0])), workers) if len(piece)]
    if len(pieces) <= 1:  # one block, or one processor
        for piece in pieces:
            job.run(piece)
    else:
        from concurrent.futures import ThreadPoolExecutor  # not needed, and not cheap, for single cases

        with ThreadPoolExecutor(len(pieces)) as pool:
            list(pool.map(job.run, pieces))
    with np.errstate(divide="ignore"):
        log_evidence = np.log(totals)
    for i in np.flatnonzero(totals <= TINY):
        log_evidence[i], again = _wide(circuit, _with_row(shared, columns, codes[i]))
        posteriors[i] = again or 0.0
    return Answers(posteriors, log_evidence)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _column(circuit: Circuit, variable: int) -> tuple[int, int]:
    """A variable's first indicator and number of states."""
    starts = sorted([*circuit.first_indicator.values(), circuit.indicators])
    first = circuit.first_indicator[variable]
    return first, starts[starts.index(first) + 1] - first


def _by_row(codes: Ints) -> Ints:
    """A copy with the codes of a row side by side, made in tiles that stay in the cache."""
    rows = np.empty(codes.shape, dtype=np.int16)
    for first in range(0, len(codes), 8192):
        rows[first : first + 8192] = codes[first : first + 8192]
    return rows


def _with_row(shared: Floats, columns: Ints, row: Ints) -> Floats:
    indicators = shared.copy()
    for (first, states), code in zip(columns, row, strict=True):
        if code >= 0:
            indicators[[first + s for s in range(states) if s != code]] = 0.0
    return indicators


def _sorted_rows(codes: Ints, states: Ints, telling: Sequence[int]) -> Ints:
    """The rows in an order in which neighbours agree on the first columns of `telling`."""
    key, used = np.zeros(len(codes), dtype=np.int64), 1
    for column in telling:
        used *= int(states[column]) + 1
        if used > 2**62 or len(codes) <= LEVELS[-1]:
            break
        key = key * (int(states[column]) + 1) + codes[:, column] + 1
    return np.argsort(key, kind="stable")


class _Job:
    """A table being solved; threads take disjoint blocks of its rows."""

    def __init__(
        self, circuit: Circuit, shared: Floats, codes: Ints, columns: Ints, order: Ints, out: Floats, totals: Floats
    ) -> None:
        self.circuit, self.shared, self.codes, self.columns = circuit, shared, codes, columns
        self.order, self.out, self.totals = order, out, totals

    def run(self, blocks: Ints) -> None:
        """Solve some blocks of rows, with memory of this thread's own."""
        programs = [_Program.of(self.circuit), *(_Program(self.circuit) for _ in LEVELS)]
        values = np.zeros((programs[-1].base + len(programs[-1].constants), LANES))
        for block in blocks.tolist():
            rows = self.order[block * LEVELS[0] : (block + 1) * LEVELS[0]]
            self._solve(programs, self.codes[rows], rows, values)

    def _solve(self, programs: Sequence[_Program], codes: Ints, rows: Ints, values: Floats) -> None:
        """Specialise for what these rows have in common, then for each part of them, until the parts are small."""
        source, program, *finer = programs
        self._specialise(source, codes, program)
        if not finer:
            self._evaluate(program, codes, rows, values)
            return
        size = LEVELS[-len(finer)]
        for first in range(0, len(rows), size):
            self._solve(programs[1:], codes[first : first + size], rows[first : first + size], values)

    def _specialise(self, source: _Program, codes: Ints, into: _Program) -> None:
        native, columns = kernels(), self.columns
        native.alive_states(_address(codes), *codes.shape, _address(columns), _address(into.seen), _address(into.alive))
        into.ends[:] = source.ends
        n_runs, _, n_constants, n_nodes = source.sizes.tolist()
        native.specialise(
            _address(self.shared), _address(into.alive), self.circuit.indicators, n_nodes, source.base,
            _address(source.constants), n_constants, _address(source.runs), n_runs, _address(source.pairs),
            _address(into.ends), len(into.ends), _address(into.state), _address(into.number), _address(into.rest),
            _address(into.rename), _address(into.moved), _address(into.live), _address(into.starts),
            _address(into.kept), _address(into.runs), _address(into.pairs), _address(into.constants),
            _address(into.sizes),
        )  # fmt: skip

    def _evaluate(self, program: _Program, codes: Ints, rows: Ints, values: Floats) -> None:
        n_runs, _, n_constants, _ = program.sizes.tolist()
        values[program.base : program.base + n_constants] = program.constants[:n_constants, None]
        program.slots[1::2] = program.ends[1:]
        kernels().query_rows(
            _address(values), _address(self.shared), self.circuit.indicators, _address(codes), len(self.columns),
            _address(self.columns), _address(rows), len(rows), _address(program.runs), n_runs, _address(program.pairs),
            int(program.ends[0]), _address(program.slots), len(program.slots) // 2, _address(self.out),
            _address(self.totals),
        )  # fmt: skip


class _Program:
    """A specialised program, and memory for one after another; `ends` are the root and the slots' derivatives."""

    def __init__(self, circuit: Circuit) -> None:
        size, nodes, products = circuit.size + circuit.nodes + 1, circuit.nodes, len(circuit.pairs)
        self.base = circuit.indicators + nodes
        self.slots = circuit.slots.copy()
        self.ends = np.concatenate([[circuit.root], circuit.slots[1::2]]).astype(np.int32)
        self.alive, self.state, self.live = np.full(size, 2, np.int8), np.empty(size, np.int8), np.empty(size, np.int8)
        self.number, self.rest, self.constants = (np.empty(size) for _ in range(3))
        self.rename, self.moved = np.empty(size, np.int32), np.empty(size, np.int64)
        self.starts, self.kept = np.empty(nodes + 1, np.int64), np.empty(products + 1, np.int64)
        self.runs, self.pairs = np.empty(2 * nodes + 2, np.int32), np.empty(products + nodes, np.int64)
        self.seen = np.empty(len(circuit.first_indicator) + 1, np.int64)
        self.sizes = np.zeros(4, np.int64)  # runs, products, constants, nodes

    @classmethod
    def of(cls, circuit: Circuit) -> _Program:
        """The circuit's own program, as something to specialise."""
        program = cls.__new__(cls)
        program.base = circuit.indicators + circuit.nodes
        program.runs, program.pairs, program.constants = circuit.runs, circuit.pairs, circuit.constants
        program.ends = np.concatenate([[circuit.root], circuit.slots[1::2]]).astype(np.int32)
        counts = (len(circuit.runs) // 2, len(circuit.pairs), len(circuit.constants), circuit.nodes)
        program.sizes = np.array(counts, np.int64)
        return program
