"""Running a circuit on one case, also one that would underflow."""

from __future__ import annotations

import ctypes
from array import array
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.depth import SHALLOW
from spasmnet.inference.evidence import Weights
from spasmnet.inference.program import Circuit
from spasmnet.kernels.native import address as _address
from spasmnet.kernels.native import kernels

Floats = NDArray[np.float64]
Ints = NDArray[Any]
POWER, LN2 = 512, log(2.0)
LARGEST = 1e290  # what stands for a derivative that is larger: something to spare for sums and products


def needs_wide(circuit: Circuit, weights: Weights | None) -> bool:
    """Whether evidence must be answered with an exponent beside every number, lest some product underflow."""
    if weights is None or weights.depth is SHALLOW:
        return circuit.depth.extended
    return (circuit.depth + weights.depth).extended


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
    values, powers = _evaluated(circuit, indicators)
    root, power = values[circuit.root], int(powers[circuit.root])
    if root == 0.0:
        return float("-inf"), []
    pairs = circuit.slots.reshape(-1, 2)
    shares = values[pairs[:, 0]] * values[pairs[:, 1]] / root
    answers = _shifted(shares, powers[pairs[:, 0]] + powers[pairs[:, 1]] - power)
    if len(answers):
        starts = np.cumsum(circuit.groups) - circuit.groups
        answers = answers / np.repeat(np.add.reduceat(answers, starts), circuit.groups)
    return log(root) + POWER * power * LN2, answers.tolist()


def wide_derivatives(circuit: Circuit, leaves: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """The value for each of some rows of leaves, and its derivatives by slot, divided by the value for `leaves`.

    A quotient too large for a float becomes LARGEST.
    """
    values, powers = _evaluated(circuit, leaves)
    root, power = values[circuit.root], int(powers[circuit.root])
    wanted = np.concatenate([[circuit.root], circuit.slots[1::2]])
    found = np.empty((len(rows), len(wanted)))
    for i, row in enumerate(rows):
        values, powers = _evaluated(circuit, row)
        found[i] = _shifted(values[wanted] / root, powers[wanted] - power)
    return found[:, 0], found[:, 1:]


def _evaluated(circuit: Circuit, indicators: Floats) -> tuple[Floats, Ints]:
    """Every number of a case as value · 2^(512·power)."""
    values, powers = np.zeros(circuit.size), np.zeros(circuit.size, dtype=np.int64)
    values[: circuit.indicators] = indicators
    values[circuit.indicators + circuit.nodes :] = circuit.constants
    kernels().evaluate_wide(
        _address(values), _address(powers), circuit.indicators, circuit.nodes, len(circuit.constants),
        _address(circuit.runs), len(circuit.runs) // 2, _address(circuit.pairs),
    )  # fmt: skip
    return values, powers


def _shifted(values: Floats, powers: Ints) -> Floats:
    """value · 2^(512·power) as floats; those of zeros mean nothing."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.minimum(np.ldexp(values, POWER * np.clip(powers, -10, 10)), LARGEST))
