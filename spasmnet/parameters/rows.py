"""How far a number can move, and its row when it stands at an end: where rows are linear, the ends say it all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spasmnet.model.cpd import NoisyMax
from spasmnet.model.network import Network
from spasmnet.parameters.names import Place

Floats = NDArray[np.float64]


def row_of(network: Network, place: Place) -> Floats:
    """The row that a number is in."""
    name, key = place
    cpd = network.cpds[name]
    if isinstance(cpd, NoisyMax):
        return cpd.leak if key[0] < 0 else np.asarray(cpd.links[key[0]][key[1]])
    return np.asarray(cpd.table()[key[:-1]])


def domain(row: Floats, state: int, rule: str) -> Floats:
    """The ends of a number's domain and, where its row bends there, its present value; only that if it cannot move."""
    if rule != "order_preserving":
        return np.array([0.0, 1.0])
    value, rank = row[state], int(np.flatnonzero(np.argsort(row, kind="stable") == state)[0])
    top = 1.0 / (len(row) - rank)
    if rank == len(row) - 1 or top <= value:
        return np.array([value])
    return np.unique([0.0, value, top])


def row_at(row: Floats, state: int, value: float, rule: str) -> Floats:
    """A row with one number at an end of its domain or at its present value, the others following by a rule."""
    if rule == "uniform":
        new = np.full(len(row), (1.0 - value) / (len(row) - 1))
        new[state] = value
        return new
    if rule == "proportional" or value == row[state]:
        return moved_row(row, state, value)
    ranked = np.argsort(row, kind="stable")
    higher = ranked[int(np.flatnonzero(ranked == state)[0]) + 1 :]
    new = np.zeros(len(row))
    new[higher] = row[higher] / row[higher].sum() if value == 0 else value
    new[state] = value
    return new


def moved_row(row: Floats, state: int, value: float) -> Floats:
    """A distribution with one number at `value`: the others keep their ratios, or are equal if they were all 0."""
    if value == row[state]:
        return row.copy()
    others = np.delete(row, state)
    share = others / others.sum() if others.any() else np.full(len(others), 1.0 / len(others))
    return np.insert(share * (1.0 - value), state, value)
