"""The network as a product of factors: one a table, a chain of small ones a noisy-MAX with many parents.

A noisy-MAX variable is the maximum of independent contributions. Taking the maximum one parent at a time, with a hidden
variable for the maximum so far, keeps every factor small: the cost is linear in the number of parents where the table's
is exponential. Every number stays non-negative, so nothing cancels and rare events keep their digits.

Source: Heckerman D, Breese JS (1996), Causal independence for probability assessment and inference using Bayesian
networks, IEEE Trans SMC-A 26:826-831 (temporal decomposition).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from spasmnet.cpd import NoisyMax
from spasmnet.network import Network

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Factor:
    """A table of numbers over the variables in `scope` (positions in the network; hidden ones come after).

    `make` gives the numbers: an order, and whether the circuit is too large, can be told without them. `family` is the
    variable whose distribution the factor is, or is a part of.
    """

    scope: tuple[int, ...]
    make: Callable[[], Floats]
    family: int = -1


@dataclass(frozen=True)
class FactorSet:
    """Factors whose product, summed over hidden variables, is the joint distribution of the network's variables."""

    cards: tuple[int, ...]
    factors: tuple[Factor, ...]


def factorise(network: Network, keep: Iterable[str] | None = None, chain_from: int = 4) -> FactorSet:
    """The factors of the network, or of the ancestors of `keep`.

    Noisy-MAX distributions with `chain_from` parents or more become chains; 0 expands all.
    """
    return factors_of(network, set(network.names) if keep is None else ancestors(network, keep), chain_from)


def factors_of(network: Network, kept: Collection[str], chain_from: int = 4) -> FactorSet:
    """The factors of the distributions of exactly these variables."""
    position = {name: i for i, name in enumerate(network.names)}
    cards = [len(variable.states) for variable in network.variables]
    factors: list[Factor] = []
    for name in network.names:
        if name not in kept:
            continue
        cpd = network.cpds[name]
        scope = [position[parent] for parent in cpd.parents]
        if isinstance(cpd, NoisyMax) and 0 < chain_from <= len(scope):
            factors += _chain(cpd, scope, position[name], cards)
        else:
            factors.append(Factor((*scope, position[name]), cpd.table, position[name]))
    return FactorSet(tuple(cards), tuple(factors))


def ancestors(network: Network, names: Iterable[str]) -> set[str]:
    """The named variables and everything above them: no other distribution matters for their joint."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(network.cpds[name].parents)
    return found


def _chain(cpd: NoisyMax, parents: Sequence[int], child: int, cards: list[int]) -> list[Factor]:
    """One factor a parent: (maximum so far, parent, maximum with it); the last maximum is the child itself."""
    first = NoisyMax(("first",), cpd.leak, cpd.links[:1]).table
    factors = []
    so_far: tuple[int, ...] = ()
    for i, (parent, link) in enumerate(zip(parents, cpd.links, strict=True)):
        if i == len(parents) - 1:
            target = child
        else:
            target = len(cards)
            cards.append(len(cpd.leak))
        factors.append(Factor((*so_far, parent, target), partial(_maximum_with, link) if so_far else first, child))
        so_far = (target,)
    return factors


def _maximum_with(link: Floats) -> Floats:
    """P(max(a, Z) = y) with Z drawn from link[u]; axes (a, u, y)."""
    states = link.shape[1]
    reached = np.cumsum(link, axis=1)
    reached[:, -1] = 1.0
    a = np.arange(states)[:, None, None]
    y = np.arange(states)[None, None, :]
    return np.where(a < y, link[None], np.where(a == y, reached[None], 0.0))
