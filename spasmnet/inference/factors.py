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

from spasmnet.inference.depth import SAFE, SHALLOW, Depth, depth_of_distributions
from spasmnet.model.cpd import CPD, NoisyMax
from spasmnet.model.network import Network

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
    """Factors whose product, summed over hidden variables, is the joint distribution of the network's variables.

    `depth` tells how small a product of their numbers can get.
    """

    cards: tuple[int, ...]
    factors: tuple[Factor, ...]
    depth: Depth = SHALLOW


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
            factors += _written_out(cpd, (*scope, position[name]), position[name])
    depth = depth_of_distributions(network.cpds[name] for name in network.names if name in kept)
    return FactorSet(tuple(cards), tuple(factors), depth)


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
    first = NoisyMax(("first",), cpd.leak, cpd.links[:1])
    factors: list[Factor] = []
    so_far: tuple[int, ...] = ()
    for i, (parent, link) in enumerate(zip(parents, cpd.links, strict=True)):
        if i == len(parents) - 1:
            target = child
        else:
            target = len(cards)
            cards.append(len(cpd.leak))
        scope = (*so_far, parent, target)
        factors += [Factor(scope, partial(_maximum_with, link), child)] if so_far else _written_out(first, scope, child)
        so_far = (target,)
    return factors


def _written_out(cpd: CPD, scope: tuple[int, ...], family: int) -> list[Factor]:
    """A distribution as one table; as a product of several where its own numbers may be too small for a float."""
    depth = depth_of_distributions([cpd]).total
    if not isinstance(cpd, NoisyMax) or depth <= SAFE:
        return [Factor(scope, cpd.table, family)]
    return [Factor(scope, partial(_share_of_table, cpd, k), family) for k in range(int(depth // SAFE) + 1)]


def _share_of_table(cpd: NoisyMax, k: int) -> Floats:
    """The k-th of some tables whose product is that of a noisy-MAX: its digits, and its powers of 2 shared out."""
    digits, powers = _extended_table(cpd)
    if k == 0:
        return np.minimum(np.ldexp(digits, np.maximum(powers, -int(SAFE))), 1.0)  # rounding can pass 1 by one unit
    return np.ldexp(np.ones(digits.shape), np.clip(powers + int(SAFE) * k, -int(SAFE), 0))


def _extended_table(cpd: NoisyMax) -> tuple[Floats, NDArray[np.int64]]:
    """NoisyMax.table as digits · 2^power, with digits in [0.5, 1) or 0."""
    digits, powers = _scaled(np.asarray(cpd.leak), np.zeros(len(cpd.leak), dtype=np.int64))
    for link in cpd.links:
        reached = np.cumsum(link, axis=-1)
        parts = []
        below: Extended = (np.zeros(powers.shape[:-1]), np.full(powers.shape[:-1], NO_POWER))
        for y in range(len(cpd.leak)):
            own = digits[..., y], powers[..., y]
            parts.append(_sum(_times(own, reached[:, y]), _times(below, link[:, y])))
            below = _sum(below, own)
        digits = np.stack([part[0] for part in parts], axis=-1)
        powers = np.stack([part[1] for part in parts], axis=-1)
    return digits.reshape(cpd.shape), powers.reshape(cpd.shape)


Extended = tuple[Floats, NDArray[np.int64]]
NO_POWER = -(2**40)


def _scaled(digits: Floats, powers: NDArray[np.int64]) -> Extended:
    fraction, more = np.frexp(digits)
    return fraction, np.where(fraction == 0, NO_POWER, powers + more)


def _times(number: Extended, row: Floats) -> Extended:
    """Products with a row of ordinary numbers, along a new last axis."""
    fraction, more = np.frexp(row)
    return _scaled(number[0][..., None] * fraction, number[1][..., None] + more)


def _sum(a: Extended, b: Extended) -> Extended:
    power = np.maximum(a[1], b[1])
    parts = [np.ldexp(x, np.maximum(own - power, -2000)) for x, own in (a, b)]
    return _scaled(parts[0] + parts[1], power)


def _maximum_with(link: Floats) -> Floats:
    """P(max(a, Z) = y) with Z drawn from link[u]; axes (a, u, y)."""
    states = link.shape[1]
    reached = np.cumsum(link, axis=1)
    reached[:, -1] = 1.0
    a = np.arange(states)[:, None, None]
    y = np.arange(states)[None, None, :]
    return np.where(a < y, link[None], np.where(a == y, reached[None], 0.0))
