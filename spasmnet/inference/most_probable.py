"""The most probable explanation: the same program with max for sum, traced back to the indicators."""

from __future__ import annotations

import numpy as np

from spasmnet.inference.evidence import Weights
from spasmnet.inference.program import Circuit
from spasmnet.kernels.layout import LOW
from spasmnet.kernels.native import kernels


def best_leaves(circuit: Circuit, weights: Weights) -> tuple[set[int], float]:
    """The indicators of the best complete assignment and its log-probability."""
    values = np.ones(circuit.size)
    values[circuit.indicators + circuit.nodes :] = circuit.constants
    values[np.asarray(weights.at, dtype=np.intp)] = weights.weight[: len(weights.at)]
    with np.errstate(divide="ignore"):
        logs = np.log(values)
    choice = np.zeros(circuit.nodes, dtype=np.int64)
    kernels().best_products(
        logs.ctypes.data, circuit.indicators, circuit.runs.ctypes.data, circuit.forward_runs,
        circuit.pairs.ctypes.data, choice.ctypes.data,
    )  # fmt: skip
    leaves, todo = set(), [circuit.root]
    while todo:
        node = todo.pop()
        if node < circuit.indicators:
            leaves.add(node)
        elif node < circuit.indicators + circuit.nodes:
            pair = int(circuit.pairs[choice[node - circuit.indicators]])
            todo += [pair & LOW, pair >> 32]
    return leaves, float(logs[circuit.root])
