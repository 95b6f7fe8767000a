"""Running a circuit on many cases, on all processors and in bounded memory.

Large circuits first sort the cases by their most telling columns, so that neighbours have much in common. What a block
of neighbours has in common is worked out once (specialise), then what each part of the block has in common beyond
that, and the small program that remains runs over the part's cases, LANES at a time.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.cases import Workspace, indicators_of, needs_wide, wide_indicators
from spasmnet.inference.evidence import Weights
from spasmnet.inference.program import Circuit
from spasmnet.kernels.layout import LANES, TINY
from spasmnet.kernels.native import address, kernels

Floats = NDArray[np.float64]
Ints = NDArray[Any]

BLOCK, PART, PIECE = 65536, 4096, 512  # cases that share a program: each level specialises the one before
SPECIALISE_FROM = 10_000  # products from which sorting and specialising pay
MOST_LANES = 2_000_000  # numbers a case from which cases are taken one at a time, to bound memory


@dataclass(frozen=True)
class Answers:
    """For each case the posteriors by slot and ln P(e); minus infinity, and zeros, for impossible evidence."""

    posteriors: Floats
    log_evidence: Floats


def worth_sorting(circuit: Circuit, rows: int) -> bool:
    """Whether so many cases are solved faster when sorted and specialised."""
    return rows >= 4 * PIECE and len(circuit.pairs) >= SPECIALISE_FROM and circuit.size < MOST_LANES


def solve(
    circuit: Circuit,
    codes: Ints,
    variables: Sequence[int],
    *,
    weights: Weights | None = None,
    likelihoods: Mapping[int, Floats] | None = None,
    telling: Sequence[int] | None = None,
    threads: int | None = None,
) -> Answers:
    """Many cases at once.

    `codes[i, c]` is the state of `variables[c]` in case i (int16), or -1 if it was not observed. `weights` is evidence
    that all cases share. `likelihoods` maps other variables to the weights of their states (second axis) in each case,
    of which the largest is 1 (all are if it was not observed). `telling` orders the columns by how much they simplify
    (default: as they stand).
    """
    rows, workers = len(codes), threads or processors()
    shared = np.ones(circuit.indicators) if weights is None else indicators_of(circuit, weights)
    columns = _columns(circuit, variables)
    weighted, factors = _weighted(circuit, likelihoods or {}, rows)
    sort = worth_sorting(circuit, rows) and not likelihoods
    job = _Job(
        circuit,
        shared,
        _by_row(codes),
        columns,
        weighted,
        factors,
        _sorted_rows(codes, columns[:, 1], range(len(variables)) if telling is None else telling) if sort else None,
        np.zeros((rows, len(circuit.slots) // 2)),
        np.zeros(rows),
        _levels(rows, workers) if sort else (PART,),
    )
    blocks = -(-rows // job.levels[0])
    if not needs_wide(circuit, weights):
        share(job.run, iter(range(blocks)), min(workers, blocks))
    with np.errstate(divide="ignore"):
        log_evidence = np.log(job.totals)
    for i in np.flatnonzero(job.totals <= TINY):
        log_evidence[i], again = wide_indicators(circuit, job.indicators(int(i)))
        job.posteriors[i] = again or 0.0
    return Answers(job.posteriors, log_evidence)


def share(work: Callable[[Iterator[int]], None], queue: Iterator[int], workers: int) -> None:
    """Let so many threads take what is to be done from a common queue; after an error or an interruption they stop."""
    if workers == 1:
        work(queue)
        return
    from concurrent.futures import ThreadPoolExecutor  # not needed, and not cheap, for single cases

    with ThreadPoolExecutor(workers) as pool:
        try:
            for done in [pool.submit(work, queue) for _ in range(workers)]:
                done.result()
        except BaseException:
            for _ in queue:
                pass
            raise


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _levels(rows: int, workers: int) -> tuple[int, ...]:
    """Sizes of blocks, parts and pieces, with several blocks for each worker."""
    block = min(BLOCK, -(-rows // (4 * workers)))
    return (block, *(size for size in (PART, PIECE) if size < block))


def _columns(circuit: Circuit, variables: Sequence[int]) -> Ints:
    """Each variable's first indicator and number of states."""
    starts = sorted([*circuit.first_indicator.values(), circuit.indicators])
    states = dict(zip(starts, np.diff(starts).tolist(), strict=False))
    firsts = [circuit.first_indicator[variable] for variable in variables]
    return np.array([(first, states[first]) for first in firsts], dtype=np.int32).reshape(-1, 2)


def _by_row(codes: Ints) -> Ints:
    """A copy with the codes of a case side by side, made in tiles that stay in the cache."""
    rows = np.empty(codes.shape, dtype=np.int16)
    for first in range(0, len(codes), 8192):
        rows[first : first + 8192] = codes[first : first + 8192]
    return rows


def _weighted(circuit: Circuit, likelihoods: Mapping[int, Floats], rows: int) -> tuple[Ints, Floats]:
    """The indicators of variables with likelihoods, and by what they are multiplied in each case (first axis)."""
    if not likelihoods:
        return np.zeros(0, dtype=np.int32), np.zeros((rows, 0))
    leaves = [circuit.first_indicator[v] + s for v, values in likelihoods.items() for s in range(values.shape[1])]
    return np.array(leaves, dtype=np.int32), np.ascontiguousarray(np.concatenate([*likelihoods.values()], axis=1))


def _sorted_rows(codes: Ints, states: Ints, telling: Sequence[int]) -> Ints:
    """The cases in an order in which neighbours agree on the first columns of `telling`."""
    key, used = np.zeros(len(codes), dtype=np.int64), 1
    for column in telling:
        used *= int(states[column]) + 1
        if used > 2**62:
            break
        key = key * (int(states[column]) + 1) + codes[:, column] + 1
    return np.argsort(key, kind="stable")


@dataclass(frozen=True)
class _Job:
    """A table being solved; threads take blocks of its cases from a common queue."""

    circuit: Circuit
    shared: Floats
    codes: Ints
    columns: Ints
    weighted: Ints
    factors: Floats
    order: Ints | None
    posteriors: Floats
    totals: Floats
    levels: tuple[int, ...]

    def run(self, queue: Iterator[int]) -> None:
        """Solve blocks until there are none left, with memory of this thread's own."""
        size = self.levels[0]
        if self.circuit.size >= MOST_LANES:
            self._one_by_one(queue)
            return
        programs = [_Program.of(self.circuit)]
        if self.order is not None:
            programs += [_Program(self.circuit) for _ in self.levels]
        values = np.zeros((programs[-1].base + len(programs[-1].constants), LANES))
        for block in queue:
            cases = slice(block * size, (block + 1) * size)
            if self.order is None:
                rows = np.arange(cases.start, min(cases.stop, len(self.codes)))
                self._solve(programs, self.codes[cases], rows, values)
            else:
                self._solve(programs, self.codes[self.order[cases]], self.order[cases], values)

    def indicators(self, row: int) -> Floats:
        """The indicators of one case."""
        indicators = self.shared.copy()
        for (first, states), code in zip(self.columns.tolist(), self.codes[row].tolist(), strict=True):
            if code >= 0:
                indicators[[first + s for s in range(states) if s != code]] = 0.0
        indicators[self.weighted] *= self.factors[row]
        return indicators

    def _one_by_one(self, queue: Iterator[int]) -> None:
        work, at = Workspace(self.circuit), array("i", range(self.circuit.indicators))
        for block in queue:
            for i in range(block * self.levels[0], min((block + 1) * self.levels[0], len(self.codes))):
                self.totals[i], *self.posteriors[i] = work.query(at, array("d", self.indicators(i)))

    def _solve(self, programs: Sequence[_Program], codes: Ints, rows: Ints, values: Floats) -> None:
        """Specialise for what these cases have in common, then for each part of them, until the parts are small."""
        if len(programs) == 1:
            self._evaluate(programs[0], codes, rows, values)
            return
        self._specialise(programs[0], codes, programs[1])
        size = self.levels[2 - len(programs)] if len(programs) > 2 else len(rows)
        for first in range(0, len(rows), size):
            part = slice(first, first + size)
            self._solve(programs[1:], codes[part], rows[part], values)

    def _specialise(self, source: _Program, codes: Ints, into: _Program) -> None:
        native, columns = kernels(), self.columns
        native.alive_states(address(codes), *codes.shape, address(columns), address(into.seen), address(into.alive))
        into.ends[:] = source.ends
        n_runs, _, n_constants, n_nodes = source.sizes.tolist()
        native.specialise(
            address(self.shared), address(into.alive), self.circuit.indicators, n_nodes, source.base,
            address(source.constants), n_constants, address(source.runs), n_runs, address(source.pairs),
            address(into.ends), len(into.ends), address(into.state), address(into.number), address(into.rest),
            address(into.rename), address(into.moved), address(into.live), address(into.starts), address(into.kept),
            address(into.runs), address(into.pairs), address(into.constants), address(into.sizes),
        )  # fmt: skip

    def _evaluate(self, program: _Program, codes: Ints, rows: Ints, values: Floats) -> None:
        n_runs, _, n_constants, _ = program.sizes.tolist()
        values[program.base : program.base + n_constants] = program.constants[:n_constants, None]
        program.slots[1::2] = program.ends[1:]
        kernels().query_rows(
            address(values), address(self.shared), self.circuit.indicators, address(codes), len(self.columns),
            address(self.columns), address(self.factors), len(self.weighted), address(self.weighted),
            address(rows), len(rows), address(program.runs), n_runs, address(program.pairs),
            int(program.ends[0]), address(program.slots), len(program.slots) // 2, address(self.circuit.groups),
            len(self.circuit.groups), address(program.sums),
            address(program.answers), address(self.posteriors), address(self.totals),
        )  # fmt: skip


class _Program:
    """A specialised program, and memory for one after another; `ends` are the root and the slots' derivatives."""

    def __init__(self, circuit: Circuit) -> None:
        self._common(circuit)
        size, nodes, products = circuit.size + circuit.nodes + 1, circuit.nodes, len(circuit.pairs)
        self.alive, self.state, self.live = np.full(size, 2, np.int8), np.empty(size, np.int8), np.empty(size, np.int8)
        self.number, self.rest, self.constants = (np.empty(size) for _ in range(3))
        self.rename, self.moved = np.empty(size, np.int32), np.empty(size, np.int64)
        self.starts, self.kept = np.empty(nodes + 1, np.int64), np.empty(products + 1, np.int64)
        self.runs, self.pairs = np.empty(2 * nodes + 2, np.int32), np.empty(products + nodes, np.int64)
        self.seen = np.empty(len(circuit.first_indicator) + 1, np.int64)
        self.sizes = np.zeros(4, np.int64)  # runs, products, constants, nodes

    def _common(self, circuit: Circuit) -> None:
        self.base = circuit.indicators + circuit.nodes
        self.slots = circuit.slots.copy()
        self.ends = np.concatenate([[circuit.root], circuit.slots[1::2]]).astype(np.int32)
        self.sums, self.answers = np.empty(LANES), np.empty((len(circuit.slots) // 2 + 1, LANES))

    @classmethod
    def of(cls, circuit: Circuit) -> _Program:
        """The circuit's own program."""
        program = cls.__new__(cls)
        program._common(circuit)
        program.runs, program.pairs, program.constants = circuit.runs, circuit.pairs, circuit.constants
        counts = (len(circuit.runs) // 2, len(circuit.pairs), len(circuit.constants), circuit.nodes)
        program.sizes = np.array(counts, np.int64)
        return program
