"""What direct elimination needs to know of a network: its factors, strides and sets, as arrays for the kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np
from numpy.typing import NDArray

from spasmnet._immutable import FrozenMapping, Rebuilt, readonly
from spasmnet.inference.depth import Depth
from spasmnet.inference.factors import Factor, FactorSet
from spasmnet.kernels import layout as at
from spasmnet.model.cpd import CPD, NoisyMax
from spasmnet.model.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LARGEST_TABLE = 2**16  # entries of a noisy-MAX that is written out as well
ROUNDING = 1e-14


@dataclass(frozen=True, eq=False)
class Plan(Rebuilt):
    """What the kernel needs to know of a network: all arrays of whole numbers by their name in layout.py, the tables.

    `counts` are the numbers of ranks, of the network's variables, of words in a set and of factors. `depth` tells how
    small a product of the numbers can get; with one that needs the extended range, nothing is eliminated directly.
    """

    counts: tuple[int, int, int, int]
    arrays: Mapping[int, Ints]
    tables: Floats
    states: tuple[int, ...]
    depth: Depth


def plan(network: Network, factors: FactorSet, order: Sequence[int]) -> Plan:
    """The plan of a network, with its factors (see factorise) and an elimination order of all their variables.

    A noisy-MAX that is a chain of factors is written out as a table as well, if that is not too large: which of the two
    is better depends on how much of it is observed.
    """
    n = len(network)
    parts: list[list[Factor]] = [[] for _ in range(n)]
    for factor in factors.factors:
        parts[factor.family].append(factor)
    for i, variable in enumerate(network.names):
        if prod(network.cpds[variable].shape) <= at.WIDEST_TABLE:
            parts[i] = parts[i][:1]  # never taken as a chain
    used = sorted({*range(n), *(v for chain in parts if len(chain) > 1 for factor in chain for v in factor.scope)})
    number = {v: k for k, v in enumerate(used)}
    cards = np.array([factors.cards[v] for v in used], dtype=np.int64)
    ranks = np.empty(len(cards), dtype=np.int64)
    ranks[[number[v] for v in order if v in number]] = np.arange(len(cards))
    words = -(-len(cards) // 64)
    position = {name: i for i, name in enumerate(network.names)}
    parents, children = (np.zeros((n, words), dtype=np.uint64) for _ in range(2))
    listed: list[Factor] = []
    full, chain = np.full(n, -1), np.full((n, 4), -1)
    for i, name in enumerate(network.names):
        cpd = network.cpds[name]
        above = tuple(position[parent] for parent in cpd.parents)
        for j in above:
            parents[i] |= bit(ranks[j], words)
            children[j] |= bit(ranks[i], words)
        if not _sums_to_one(cpd):
            children[i] |= bit(ranks[i], words)  # never left out
        if len(parts[i]) > 1:
            chain[i, :2] = len(listed), len(listed) + len(parts[i])
            listed += (Factor(tuple(number[v] for v in part.scope), part.make) for part in parts[i])
        if isinstance(cpd, NoisyMax):
            chain[i, 2:] = len(listed), len(listed) + len(above) + 1
            listed += (Factor((j,), partial(_first_column, link)) for j, link in zip(above, cpd.links, strict=True))
            listed.append(Factor((), partial(_first_column, cpd.leak[None])))
        if len(parts[i]) == 1 or prod(cpd.shape) <= LARGEST_TABLE:
            full[i] = len(listed)
            listed.append(Factor((*above, i), cpd.table))
    tables = [factor.make() for factor in listed]
    scope = np.zeros((len(listed), words), dtype=np.uint64)
    members: list[tuple[int, int]] = []
    for k, (factor, table) in enumerate(zip(listed, tables, strict=True)):
        for v in factor.scope:
            scope[k] |= bit(ranks[v], words)
        strides = [step // table.itemsize for step in np.ascontiguousarray(table).strides][: len(factor.scope)]
        members += sorted(zip(ranks[list(factor.scope)].tolist(), strides, strict=True))
    starts, by_rank, real = np.cumsum(cards) - cards, np.empty_like(cards), np.full(len(cards), -1)
    by_rank[ranks], real[ranks[:n]] = cards, np.arange(n)
    latest = np.array([position[name] for name in reversed(network.order)])  # children before parents
    arrays = {
        at.P_CARDS: by_rank,
        at.P_RANK: ranks[:n],
        at.P_REAL: real,
        at.P_PLACE: np.append(starts[:n], cards[:n].sum()),
        at.P_LATE: np.argsort(latest),
        at.P_LATEST: latest,
        at.P_SCOPE: scope.view(np.int64),
        at.P_CHILDREN: children.view(np.int64),
        at.P_PARENTS: parents.view(np.int64),
        at.P_FULL: full,
        at.P_CHAIN: chain,
        at.P_TABLE: np.cumsum([0, *(table.size for table in tables)]),
        at.P_FIRST: np.cumsum([0, *(len(factor.scope) for factor in listed)]),
        at.P_MEMBER: np.array([rank for rank, _ in members]),
        at.P_STRIDE: np.array([step for _, step in members]),
    }
    return Plan(
        (len(cards), n, words, len(listed)),
        FrozenMapping({key: readonly(array.ravel(), np.int64) for key, array in arrays.items()}),
        readonly(np.concatenate([np.zeros(0), *(table.ravel() for table in tables)])),
        tuple(cards[:n].tolist()),
        factors.depth,
    )


def _first_column(link: Floats) -> Floats:
    return link[:, 0]


def _sums_to_one(cpd: CPD) -> bool:
    """Whether its rows sum to 1 but for rounding, so that the variable may be left out where nothing depends on it."""
    rows = np.concatenate([cpd.leak[None], *cpd.links]) if isinstance(cpd, NoisyMax) else cpd.table()
    return bool((np.abs(rows.sum(axis=-1) - 1.0) < ROUNDING).all())


def bit(rank: int, words: int) -> NDArray[np.uint64]:
    found = np.zeros(words, dtype=np.uint64)
    found[rank // 64] = 1 << int(rank % 64)
    return found
