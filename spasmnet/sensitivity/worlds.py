"""What is possible in a network, and the largest sum over what is: variable elimination with max for sum."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import CircuitTooLargeError
from spasmnet.inference.compiling import MAX_PRODUCTS
from spasmnet.inference.factors import Factor, FactorSet, ancestors, factorise
from spasmnet.inference.order import Order, elimination_order
from spasmnet.model.cpd import CPD, Table
from spasmnet.model.network import Network

Floats = NDArray[np.float64]
LogFactor = tuple[tuple[int, ...], Floats]  # minus infinity where a world is left out


class Worlds:
    """What is possible among the ancestors of some variables, by elimination with max for sum.

    `families` are those whose tables are put in later; of the others only the zeros count, and a distribution without
    any is left out.
    """

    def __init__(self, network: Network, families: Mapping[str, tuple[Floats, Floats]], names: Collection[str]) -> None:
        cpds: dict[str, CPD] = {n: Table(network.cpds[n].parents, p) for n, (p, _) in families.items()}
        self.network = network.with_cpds(cpds) if cpds else network
        self.position = {name: i for i, name in enumerate(network.names)}
        self._scopes = {n: (*(self.position[p] for p in cpds[n].parents), self.position[n]) for n in cpds}
        factors = factorise(self.network, keep=names) if ancestors(network, names) else FactorSet((), ())
        self.cards = factors.cards or tuple(len(variable.states) for variable in network.variables)
        free = {scope[-1] for scope in self._scopes.values()}
        tables = [(f.scope, f.make()) for f in factors.factors if f.scope[-1] not in free]
        self._zeros = [(scope, np.where(t > 0, 0.0, -inf)) for scope, t in tables if not (t > 0).all()]

    @cached_property
    def _order(self) -> Order:
        scopes = [*self._scopes.values(), *(scope for scope, _ in self._zeros)]
        order = elimination_order(FactorSet(self.cards, tuple(Factor(scope, lambda: np.zeros(0)) for scope in scopes)))
        if order.size > MAX_PRODUCTS:
            raise CircuitTooLargeError(self.network.name, order.width, int(min(order.size, 2.0**62)), MAX_PRODUCTS)
        return order

    def best_families(self, values: Mapping[str, Floats]) -> float:
        """The largest sum over possible worlds of the families' values; minus infinity where a world is left out."""
        return self._maximum([*self._zeros, *((self._scopes[name], v) for name, v in values.items())])

    def best(self, values: Mapping[int, Floats]) -> float:
        """The largest sum over possible worlds of values of single variables."""
        bound = {v for scope, _ in self._zeros for v in scope}
        alone = sum(float(x.max()) for v, x in values.items() if v not in bound)
        if not self._zeros or alone == -inf:
            return alone
        return alone + self._maximum([*self._zeros, *(((v,), x) for v, x in values.items() if v in bound)])

    def escape(self, families: Mapping[str, tuple[Floats, Floats]]) -> bool:
        """Whether a world is possible with the first table of each family and impossible with the second."""
        if not any(((p > 0) & (q == 0)).any() for p, q in families.values()):
            return False
        lost = {name: np.where(p > 0, (q == 0).astype(np.float64), -inf) for name, (p, q) in families.items()}
        return self.best_families(lost) > 0

    def _maximum(self, factors: Sequence[LogFactor]) -> float:
        left = [self._without_single_states(*factor) for factor in factors]
        for v in self._order.variables:
            touched = [factor for factor in left if v in factor[0]]
            if touched:
                left = [factor for factor in left if v not in factor[0]]
                scope = (*sorted({w for s, _ in touched for w in s} - {v}), v)
                left.append((scope[:-1], np.asarray(sum(_spread(s, x, scope) for s, x in touched)).max(axis=-1)))
        return float(sum(float(x) for _, x in left))

    def _without_single_states(self, scope: tuple[int, ...], values: Floats) -> LogFactor:
        kept = tuple(v for v in scope if self.cards[v] > 1)
        return kept, values.reshape(tuple(self.cards[v] for v in kept))


def _spread(scope: tuple[int, ...], values: Floats, wider: tuple[int, ...]) -> Floats:
    ordered = values.transpose([scope.index(v) for v in wider if v in scope])
    return np.expand_dims(ordered, tuple(i for i, v in enumerate(wider) if v not in scope))
