"""Running a circuit: one case, one case that would underflow, and many cases on all processors.

Many cases are sorted by their most telling columns, so that neighbours have much in common; what a chunk of neighbours
has in common is worked out once (specialise), and the small program that remains runs over the chunk's rows.
"""

from __future__ import annotations

import ctypes
import os
from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.circuit.circuit import Circuit
from spasmnet.evidence import Weights
from spasmnet.kernels.layout import LANES, TINY
from spasmnet.kernels.native import kernels

Floats = NDArray[np.float64]
Ints = NDArray[Any]

CHUNK = 256  # rows that share one specialised program


def _address(values: Any) -> int:
    return int(values.__array_interface__["data"][0])


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

    `codes[i, c]` is the state of `variables[c]` in case i (int16), or -1 if it was not observed. `weights` is evidence that
    all cases share. `telling` orders the columns by how much they simplify (default: as they stand).
    """
    rows = len(codes)
    slots = len(circuit.slots) // 2
    posteriors, totals = np.empty((rows, slots)), np.empty(rows)
    shared = np.ones(circuit.indicators) if weights is None else _indicators(circuit, weights)
    columns = np.array([_column(circuit, v) for v in variables], dtype=np.int32).reshape(-1, 2)
    codes = np.ascontiguousarray(codes, dtype=np.int16)
    order = _sorted_rows(codes, columns[:, 1], range(len(variables)) if telling is None else telling)
    job = _Job(circuit, shared, codes, columns, order, posteriors, totals)
    workers = threads or _processors()
    pieces = [piece for piece in np.array_split(np.arange(-(-rows // CHUNK)), workers) if len(piece)]
    if len(pieces) <= 1:
        for piece in pieces:
            job.run(piece)
    else:
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
        if used > 2**62 or len(codes) <= CHUNK:
            break
        key = key * (int(states[column]) + 1) + codes[:, column] + 1
    return np.argsort(key, kind="stable")


class _Job:
    """A table being solved; threads take disjoint chunks of its rows."""

    def __init__(
        self, circuit: Circuit, shared: Floats, codes: Ints, columns: Ints, order: Ints, out: Floats, totals: Floats
    ) -> None:
        self.circuit, self.shared, self.codes, self.columns = circuit, shared, codes, columns
        self.order, self.out, self.totals = order, out, totals

    def run(self, chunks: Ints) -> None:
        """Solve some chunks with memory of this thread's own."""
        circuit, native = self.circuit, kernels()
        slots = len(circuit.slots) // 2
        base = circuit.indicators + circuit.nodes
        small = _Small(circuit)
        values = np.zeros((base + len(small.constants), LANES))
        for chunk in chunks.tolist():
            rows = self.order[chunk * CHUNK : (chunk + 1) * CHUNK]
            program = small.specialise(self.shared, self.codes, self.columns, rows)
            values[base : base + program.constants] = small.constants[: program.constants, None]
            native.query_rows(
                _address(values), _address(self.shared), circuit.indicators, _address(self.codes), len(self.columns),
                _address(self.columns), _address(rows), len(rows), _address(small.runs), program.runs,
                _address(small.pairs), program.root, _address(small.slots), slots, _address(self.out),
                _address(self.totals),
            )  # fmt: skip


@dataclass(frozen=True)
class _Program:
    runs: int
    constants: int
    root: int


class _Small:
    """Memory for one specialised program after another."""

    def __init__(self, circuit: Circuit) -> None:
        size, nodes, products = circuit.size, circuit.nodes, len(circuit.pairs)
        self.circuit = circuit
        self.alive, self.known, self.live = np.full(size, 2, np.int8), np.empty(size, np.int8), np.empty(size, np.int8)
        self.number, self.rename, self.moved = np.empty(size), np.empty(size, np.int32), np.empty(size, np.int64)
        self.starts, self.kept = np.empty(nodes + 1, np.int64), np.empty(products, np.int64)
        self.runs, self.pairs = np.empty(2 * nodes + 2, np.int32), np.empty(products, np.int64)
        self.constants, self.sizes = np.empty(size + nodes + 1), np.zeros(3, np.int64)
        self.slots = circuit.slots.copy()

    def specialise(self, shared: Floats, codes: Ints, columns: Ints, rows: Ints) -> _Program:
        """The program that remains when what the rows have in common is worked out."""
        circuit, native = self.circuit, kernels()
        native.alive_states(
            _address(codes), len(columns), _address(columns), _address(rows), len(rows), _address(self.alive)
        )
        ends = np.concatenate([[circuit.root], circuit.slots[1::2]]).astype(np.int32)
        native.specialise(
            _address(shared), _address(self.alive), circuit.indicators, circuit.nodes, _address(circuit.constants),
            len(circuit.constants), _address(circuit.runs), len(circuit.runs) // 2, _address(circuit.pairs),
            _address(ends), len(ends), _address(self.known), _address(self.number), _address(self.rename),
            _address(self.moved), _address(self.live), _address(self.starts), _address(self.kept),
            _address(self.runs), _address(self.pairs), _address(self.constants), _address(self.sizes),
        )  # fmt: skip
        self.slots[1::2] = ends[1:]
        return _Program(int(self.sizes[0]), int(self.sizes[2]), int(ends[0]))
