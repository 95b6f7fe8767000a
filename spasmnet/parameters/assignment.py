"""Giving the cited numbers of a network other values: for perturbation, rounding and fitting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spasmnet.model.cpd import CPD, Key, NoisyMax, Table
from spasmnet.model.network import Network
from spasmnet.model.parameter import Parameter

Floats = NDArray[np.float64]


class Place(NamedTuple):
    """Where a cited number stands: its variable, and its key in the parameters of the variable's distribution."""

    variable: str
    key: Key


def cited_numbers(network: Network) -> dict[Place, Parameter]:
    """Every cited number of a network, in declared order, without those that are only what others leave over."""
    return {
        Place(name, key): parameter
        for name in network.names
        for key, parameter in network.cpds[name].parameters.items()
        if not parameter.complement
    }


def has_ranges(network: Network) -> bool:
    """Whether any cited number has a range, so that answers have intervals."""
    return any(p.low < p.high for p in cited_numbers(network).values())


def with_values(network: Network, values: Mapping[Place, float]) -> Network:
    """The network with some cited numbers replaced; their ranges and sources stay.

    The state of a row that has no number of its own gets the rest. If the numbers of a row then sum to more than 1, or
    if every state has a number and they do not sum to 1, the row is divided by its sum.
    """
    changed: dict[str, dict[Key, float]] = {}
    for place, value in values.items():
        changed.setdefault(place.variable, {})[place.key] = value
    return network.with_cpds({name: _replaced(network.cpds[name], new) for name, new in changed.items()})


def _replaced(cpd: CPD, new: Mapping[Key, float]) -> CPD:
    if isinstance(cpd, Table):
        values = cpd.values.copy()
        for row in {key[:-1] for key in new}:
            _fill(values[row], {k[-1]: v for k, v in new.items() if k[:-1] == row}, _own(cpd, row))
        return Table(cpd.parents, values, cpd.parameters)
    if isinstance(cpd, NoisyMax):
        leak, links = cpd.leak.copy(), [link.copy() for link in cpd.links]
        for row in {key[:-1] for key in new}:
            numbers = {k[-1]: v for k, v in new.items() if k[:-1] == row}
            _fill(leak if row[0] < 0 else links[row[0]][row[1]], numbers, _own(cpd, row))
        return NoisyMax(cpd.parents, leak, links, cpd.parameters)
    raise TypeError(f"{type(cpd).__name__} has no cited numbers")


def _own(cpd: Table | NoisyMax, row: Key) -> set[int]:
    """The states of a row that have numbers of their own."""
    return {key[-1] for key, p in cpd.parameters.items() if key[:-1] == row and not p.complement}


def _fill(row: Floats, numbers: Mapping[int, float], own: set[int]) -> None:
    for state, value in numbers.items():
        row[state] = value
    rest = [state for state in range(len(row)) if state not in own]
    total = sum(row[state] for state in own)
    for state in rest:
        row[state] = max(0.0, 1.0 - total) if len(rest) == 1 else row[state]
    row /= row.sum()
