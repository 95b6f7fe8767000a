"""P(evidence) and P(target, evidence) as polynomials in the model's numbers, for one query.

Only the ancestors of target and evidence matter; hard evidence is put in before an elimination order is chosen, so that
the circuit is a fraction of the one for all queries. Every number is a leaf of its own, also those that are 0 or 1,
since the sensitivity to them is often the largest; one run gives the derivatives with respect to all of them.

Source: Darwiche A (2003), A differential approach to inference in Bayesian networks, J ACM 50:280-305.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, prod

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.cases import wide_derivatives
from spasmnet.inference.compiling import elimination_order, too_large
from spasmnet.inference.elimination import Nodes, OutOfRoom, Symbol, write_down
from spasmnet.inference.factors import Factor, FactorSet, ancestors
from spasmnet.inference.order import NO_ORDER
from spasmnet.inference.program import Circuit, finish
from spasmnet.kernels.layout import LANES
from spasmnet.kernels.native import address, kernels
from spasmnet.model.network import Network
from spasmnet.parameters.vector import Numbers
from spasmnet.sensitivity.leaves import Leaves

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NUMBERS = -1  # stands for the numbers where the circuit maps variables to leaves


@dataclass(frozen=True, eq=False)
class Polynomial:
    """A compiled query: P(evidence) as a function of the numbers and of indicators of the free variables.

    `free` maps each free variable (target or uncertain finding) to its first indicator and number of states.
    """

    circuit: Circuit
    numbers: Numbers
    free: Mapping[str, tuple[int, int]]
    sums: tuple[Ints, Ints]

    @property
    def indicators(self) -> int:
        """How many indicators come before the numbers."""
        return sum(states for _, states in self.free.values())

    def leaves(self, values: Floats, weights: Mapping[str, Floats]) -> Floats:
        """The circuit's leaves for some values of the numbers (last axis); indicators not in `weights` are 1."""
        first, last = self.sums
        ones = np.ones((*values.shape[:-1], self.indicators))
        for name, weight in weights.items():
            start, states = self.free[name]
            ones[..., start : start + states] = weight
        if not len(first):
            return np.concatenate([ones, values], axis=-1)
        ends = np.stack(
            [first, last + 1], axis=1
        ).ravel()  # nothing is subtracted, so that small sums keep their digits
        padded = np.concatenate([values, np.zeros((*values.shape[:-1], 1))], axis=-1)
        return np.concatenate([ones, values, np.add.reduceat(padded, ends, axis=-1)[..., ::2]], axis=-1)

    def scale(self, log_evidence: float) -> Floats:
        """Factors for the leaves with which P(e), whose logarithm this is, becomes 1: every term has one number of each
        variable's table or leak.
        """
        scale = np.ones(self.indicators + len(self.numbers.values) + len(self.sums[0]))
        factor = exp(min(-log_evidence / max(len({name for name, *_ in self.numbers.blocks}), 1), 700.0))
        for _, first, prefix, shape in self.numbers.blocks:
            if len(prefix) != 1:
                scale[self.indicators + first : self.indicators + first + prod(shape)] = factor
        return scale

    def differentiate(self, leaves: Floats) -> tuple[float, Floats]:
        """P and its derivatives with respect to the leaves that were asked for: indicators, then numbers."""
        circuit = self.circuit
        values = np.empty(circuit.size)
        values[: circuit.indicators] = leaves
        values[circuit.indicators + circuit.nodes :] = circuit.constants
        out = np.empty(len(circuit.slots) // 2 + 1)
        kernels().differentiate(
            address(values), circuit.indicators, address(circuit.runs), len(circuit.runs) // 2, address(circuit.pairs),
            circuit.root, address(circuit.slots), len(circuit.slots) // 2, address(out),
        )  # fmt: skip
        return float(out[0]), self._by_number(out[1:])

    def differentiate_rows(self, leaves: Floats) -> tuple[Floats, Floats]:
        """The same for many sets of leaves, one a row."""
        circuit = self.circuit
        values = np.zeros((circuit.size, LANES))
        values[circuit.indicators + circuit.nodes :] = circuit.constants[:, None]
        totals, out = np.empty(len(leaves)), np.empty((len(leaves), len(circuit.slots) // 2))
        rows = np.ascontiguousarray(leaves)
        kernels().differentiate_rows(
            address(values), address(rows), circuit.indicators, len(rows), address(circuit.runs),
            len(circuit.runs) // 2, address(circuit.pairs), circuit.root, address(circuit.slots),
            len(circuit.slots) // 2, address(out), address(totals),
        )  # fmt: skip
        return totals, self._by_number(out)

    def differentiate_wide(self, leaves: Floats, rows: Floats) -> tuple[Floats, Floats]:
        """The same for some sets of leaves whose values may be too small for a float, divided by that of `leaves`."""
        totals, found = wide_derivatives(self.circuit, leaves, rows)
        return totals, self._by_number(found)

    def _by_number(self, found: Floats) -> Floats:
        """Pass what the sums receive on to the numbers in them."""
        first, last = self.sums
        if not len(first) or found.shape[-1] <= self.indicators:
            return found
        n = len(self.numbers.values)
        gradient = found[..., : self.indicators + n].copy()
        lengths = last - first + 1
        which = np.repeat(np.arange(len(first)), lengths)
        summed = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        np.add.at(gradient.T, self.indicators + summed, found.T[self.indicators + n + which])
        return gradient


def polynomial(
    network: Network,
    free: Sequence[str],
    observed: Mapping[str, str],
    *,
    derivatives: bool = True,
    posteriors: bool = False,
    names: Sequence[str] | None = None,
    max_products: int,
) -> Polynomial:
    """Compile a query: `free` variables get indicators, `observed` ones are fixed to a state.

    The distributions of `names` are multiplied, by default those of all ancestors of these variables.
    Asked for are the derivatives with respect to the numbers, or (`posteriors`) to the indicators, or both.
    """
    position = {name: i for i, name in enumerate(network.names)}
    leaves = Leaves(network)
    if names is None:
        relevant = ancestors(network, [*free, *observed])
        names = [name for name in network.names if name in relevant]
    symbols = [symbol for name in names for symbol in leaves.add(name)]
    fixed = {position[name]: network.by_name[name].state_index(state) for name, state in observed.items()}
    symbols = [_sliced(symbol, fixed) for symbol in symbols]
    starts: dict[str, tuple[int, int]] = {}
    count = 0
    for name in free:
        states = len(network.by_name[name].states)
        starts[name] = (count, states)
        count += states
    numbers, sums = leaves.numbers(), leaves.sums()
    n_leaves = len(numbers.values) + len(sums[0])
    ready = leaves.resolved(symbols, 2 + count)
    for name, (start, states) in starts.items():
        ready.append(Symbol((position[name],), (2 + start + np.arange(states)).astype(np.int32)))
    cards = tuple(leaves.cards)
    scopes = FactorSet(cards, tuple(Factor(symbol.scope, _no_numbers) for symbol in ready if symbol.scope))
    order = elimination_order(scopes) if scopes.factors else NO_ORDER
    if order.size > max_products:
        raise too_large(network, order, max_products)
    nodes = Nodes(np.array([0.0, 1.0]), count + n_leaves)
    try:
        root = write_down(nodes, ready, order.variables, cards)
    except OutOfRoom:
        raise too_large(network, order, max_products) from None
    indicators = {position[name]: 2 + start for name, (start, _) in starts.items()}
    wanted = {position[name]: states for name, (_, states) in starts.items()} if posteriors or derivatives else {}
    if n_leaves:  # there is none if all distributions are deterministic
        indicators[NUMBERS] = 2 + count
        wanted |= {NUMBERS: n_leaves} if derivatives else {}
    circuit = finish(nodes, root, indicators, wanted)
    return Polynomial(circuit, numbers, starts, sums)


def _no_numbers() -> Floats:
    """An elimination order needs scopes only."""
    return np.zeros(0)


def _sliced(symbol: Symbol, fixed: Mapping[int, int]) -> Symbol:
    """The symbol with the observed variables at their states."""
    if not any(v in fixed for v in symbol.scope):
        return symbol
    index = tuple(fixed.get(v, slice(None)) for v in symbol.scope)
    return Symbol(tuple(v for v in symbol.scope if v not in fixed), np.asarray(symbol.nodes[index]))
