"""Running a circuit on one case, also one that would underflow."""

from __future__ import annotations

import ctypes
from array import array
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.circuit.circuit import Circuit
from spasmnet.evidence import Weights
from spasmnet.kernels.native import address as _address
from spasmnet.kernels.native import kernels

Floats = NDArray[np.float64]
Ints = NDArray[Any]


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
            _address(circuit.slots), _address(circuit.groups), len(circuit.groups),
        )  # fmt: skip
        self._out = ctypes.c_double * (n_slots + 1)
        self._query = kernels().query

    def query(self, at: array[int], weight: array[float]) -> Any:
        """P(e), then the posteriors by slot (zeros if P(e) is too small to divide by)."""
        out = self._out()
        self._query(*self._head, at.buffer_info()[0], weight.buffer_info()[0], len(at), *self._tail, out)
        return out


def indicators_of(circuit: Circuit, weights: Weights) -> Floats:
    """The indicators' values under the evidence."""
    values = np.ones(circuit.indicators)
    values[np.asarray(weights.at, dtype=np.intp)] = weights.weight[: len(weights.at)]
    return values


def wide(circuit: Circuit, weights: Weights) -> tuple[float, list[float]]:
    """ln P(e) and the posteriors by slot of a case that underflows; no posteriors if P(e) is 0."""
    return wide_indicators(circuit, indicators_of(circuit, weights))


def wide_indicators(circuit: Circuit, indicators: Floats) -> tuple[float, list[float]]:
    """The same, given all indicators."""
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
    answers = out[2:]
    if len(answers):
        starts = np.cumsum(circuit.groups) - circuit.groups
        answers = answers / np.repeat(np.add.reduceat(answers, starts), circuit.groups)
    return log(out[0]) + 512 * out[1] * log(2.0), answers.tolist()
