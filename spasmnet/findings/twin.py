"""The twin network: this person, and the same person had one variable been set to another state.

Both worlds share everything that does not descend from the intervened variable, and they share the noise of what does.
A descendant Y therefore becomes one variable with a state for each pair (y as it is, y as it would be). What noise is
shared is an assumption beyond the network, which says nothing about it:

- a deterministic variable has no noise;
- a noisy-MAX is the maximum of the effects of its parents and the leak, each with noise of its own (its definition); an
  effect whose parent would be as it is stays as it is;
- a row of a table, and a parent's effect, is drawn by one uniform number on the states in their order (quantile
  coupling): a row that lies higher as a whole never makes anybody's state lower, and of two states as few people as
  possible change theirs.

Sources: Balke A, Pearl J (1994), Probabilistic evaluation of counterfactual queries, AAAI, 230-237 (twin networks);
Pearl J (2009), Causality, 2nd ed., sections 7.1 and 9.2 (monotonicity).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import SpasmnetError
from spasmnet.inference.engine import Engine, compile
from spasmnet.inference.factors import ancestors
from spasmnet.model.cpd import CPD, NoisyMax, Table
from spasmnet.model.network import Network, Variable

Floats = NDArray[np.float64]
MAX_TABLE = 4_000_000  # entries of the table of a pair


@dataclass(frozen=True, eq=False)
class Twin:
    """An engine for both worlds; `pairs` are the variables that may differ between them, with their twins' names."""

    network: Network
    variable: str
    engine: Engine
    set_to: str
    pairs: Mapping[str, str]

    @classmethod
    def of(cls, network: Network, variable: str, max_products: int, about: Collection[str] | None = None) -> Twin:
        """The twin network for interventions on one variable; with `about`, as far as these variables need it.

        Raises SpasmnetError if the table of a pair would be too large, and CircuitTooLargeError.
        """
        below = descendants(network, variable)
        needed = network.names if about is None else ancestors(network, [*about, variable])
        builder = _Builder(network, variable, below)
        for name in network.order:
            if name in needed:
                builder.add(name)
        made = Network(tuple(builder.variables), builder.cpds, name=f"twin of {network.name}")
        return cls(network, variable, compile(made, max_products=max_products), builder.set_to, builder.pairs)

    def would_be(self, state: str, evidence: Mapping[str, Any]) -> Mapping[str, Floats]:
        """P(Y had X been in the state | evidence about the world as it is), for the pairs that the network has."""
        found = {}
        for name in evidence:
            if name in self.pairs:
                found[self.pairs[name]] = self._likelihood(name, evidence[name])
            else:
                found[name] = evidence[name]
        post = self.engine.posterior({**found, self.set_to: state})
        return {
            name: np.array(list(post[pair].values())).reshape(len(self.network.by_name[name].states), -1).sum(axis=0)
            for name, pair in self.pairs.items()
        }

    def _likelihood(self, name: str, finding: Any) -> dict[str, float]:
        states = self.network.by_name[name].states
        weights = [finding[s] if isinstance(finding, Mapping) else float(s == finding) for s in states]
        pair = self.engine.network.by_name[self.pairs[name]]
        return dict(zip(pair.states, np.repeat(weights, len(states)).tolist(), strict=True))


def descendants(network: Network, variable: str) -> set[str]:
    """The descendants of a variable, without itself."""
    below: set[str] = set()
    for name in network.order:
        if any(parent == variable or parent in below for parent in network.parents(name)):
            below.add(name)
    return below


class _Builder:
    def __init__(self, network: Network, variable: str, below: set[str]) -> None:
        self.network, self.variable, self.below = network, variable, below
        self.variables: list[Variable] = []
        self.cpds: dict[str, CPD] = {}
        self.pairs: dict[str, str] = {}
        self._taken = set(network.names)
        self.set_to = self._new(f"{variable} set to")
        states = network.by_name[variable].states
        self.variables.append(Variable(self.set_to, states))
        self.cpds[self.set_to] = Table((), np.full(len(states), 1 / len(states)))

    def _new(self, name: str) -> str:
        while name in self._taken:
            name += "'"
        self._taken.add(name)
        return name

    def add(self, name: str) -> None:
        """Add a variable, as it is or as a pair."""
        cpd, states = self.network.cpds[name], self.network.by_name[name].states
        if name not in self.below:
            self.variables.append(self.network.by_name[name])
            self.cpds[name] = cpd
            return
        if isinstance(cpd, NoisyMax):
            self.pairs[name] = self._chain(name, cpd, len(states))
        else:
            axes = [self._as_pair(parent) for parent in cpd.parents]
            k = len(states)
            self._check(name, prod(size for _, size, _, _ in axes) * k * k)
            first, second = (np.ix_(*(worlds[w] for *_, worlds in axes)) for w in (0, 1))
            table = coupled(cpd.table()[first], cpd.table()[second])
            table = table.reshape(*(size for _, size, _, _ in axes), k * k)
            self.pairs[name] = self._pair(name, k, *self._with_parents(axes, table))

    def _check(self, name: str, entries: int) -> None:
        if entries > MAX_TABLE:
            raise SpasmnetError(
                f"the table of {name} in both worlds would have {entries:,} entries, above {MAX_TABLE:,}; the "
                f"counterfactual of {self.variable} cannot be worked out in this network"
            )

    def _as_pair(self, parent: str) -> tuple[str, int, str, tuple[Any, Any]]:
        """A parent as one axis: name, size, kind, and its state in each world along the axis."""
        k = len(self.network.by_name[parent].states)
        if parent == self.variable or parent in self.below:
            both = np.arange(k * k)
            return parent, k * k, "own" if parent == self.variable else "pair", (both // k, both % k)
        return parent, k, "same", (np.arange(k), np.arange(k))

    def _with_parents(self, axes: list[tuple[str, int, str, Any]], table: Floats) -> tuple[tuple[str, ...], Floats]:
        """The parents' names in the twin network; the intervened variable is two of them."""
        names, shape = [], []
        for parent, size, kind, _ in axes:
            if kind == "own":
                k = len(self.network.by_name[parent].states)
                names += [parent, self.set_to]
                shape += [k, k]
            else:
                names.append(self.pairs[parent] if kind == "pair" else parent)
                shape.append(size)
        return tuple(names), table.reshape(*shape, table.shape[-1])

    def _pair(self, name: str, k: int, parents: tuple[str, ...], table: Floats) -> str:
        new = self._new(f"{name} in both worlds")
        self.variables.append(Variable(new, tuple(f"{a} {b}" for a in range(k) for b in range(k))))
        self.cpds[new] = Table(parents, table)
        return new

    def _chain(self, name: str, cpd: NoisyMax, k: int) -> str:
        """A noisy-MAX in both worlds: parents that are the same in both first, then a pair for each that is not."""
        axes = [self._as_pair(parent) for parent in cpd.parents]
        same = [i for i, axis in enumerate(axes) if axis[2] == "same"]
        own = NoisyMax([cpd.parents[i] for i in same], cpd.leak, [cpd.links[i] for i in same])
        base = self._new(f"{name} by what is the same")
        self.variables.append(Variable(base, tuple(map(str, range(k)))))
        self.cpds[base] = own
        reached, size, worlds = base, k, (np.arange(k), np.arange(k))
        for i, (parent, states, kind, (a, b)) in enumerate(axes):
            if kind == "same":
                continue
            self._check(name, size * states * k * k)
            effect = coupled(cpd.links[i][a], cpd.links[i][b]).reshape(states, k * k)
            table = np.zeros((size, states, k * k))
            for at in range(size):
                first = np.maximum(worlds[0][at], np.arange(k * k) // k)
                second = np.maximum(worlds[1][at], np.arange(k * k) % k)
                for z in range(k * k):
                    table[at, :, first[z] * k + second[z]] += effect[:, z]
            names, shaped = self._with_parents(
                [(parent, states, kind, (a, b))], table.transpose(1, 0, 2).reshape(states, -1)
            )
            shaped = np.moveaxis(shaped.reshape(*shaped.shape[:-1], size, k * k), -2, 0)
            reached = self._pair(name, k, (reached, *names), shaped)
            size, worlds = k * k, (np.arange(k * k) // k, np.arange(k * k) % k)
        return reached


def coupled(rows: Floats, others: Floats) -> Floats:
    """The joint distribution of two rows drawn by one uniform number: axes (…, y of `rows`, y of `others`).

    >>> coupled(np.array([0.75, 0.25]), np.array([0.5, 0.5])).tolist()
    [[0.5, 0.25], [0.0, 0.25]]
    """
    (starts, ends), (other_starts, other_ends) = _intervals(rows), _intervals(others)
    low = np.maximum(starts[..., :, None], other_starts[..., None, :])
    high = np.minimum(ends[..., :, None], other_ends[..., None, :])
    return np.asarray(np.maximum(high - low, 0.0))


def _intervals(rows: Floats) -> tuple[Floats, Floats]:
    """The part of [0, 1] that belongs to each state; exactly nothing for a state of probability 0."""
    later = np.cumsum(rows[..., ::-1], axis=-1)[..., ::-1]
    ends = np.minimum(np.cumsum(rows, axis=-1), 1.0)
    ends[..., :-1] = np.where(later[..., 1:] == 0, 1.0, ends[..., :-1])
    ends[..., -1] = 1.0
    return np.concatenate([np.zeros((*ends.shape[:-1], 1)), ends[..., :-1]], axis=-1), ends
