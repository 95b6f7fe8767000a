"""Posteriors of a few chosen variables for one case, where a circuit for all variables would be large or impossible.

Only the distributions that the question needs are multiplied, with the observed variables at their states, so that
networks whose full circuit is refused answer single questions in milliseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from math import inf, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.cases import wide_indicators
from spasmnet.inference.compiling import MAX_PRODUCTS, too_large
from spasmnet.inference.contraction import Operand, Work, operand, plan
from spasmnet.inference.depth import depth_of
from spasmnet.inference.elimination import OutOfRoom, eliminate
from spasmnet.inference.evidence import read_evidence
from spasmnet.inference.factors import Factor, FactorSet, ancestors, factors_of
from spasmnet.inference.order import NO_ORDER, elimination_order
from spasmnet.inference.program import finish
from spasmnet.inference.requisite import requisite
from spasmnet.kernels.layout import TINY
from spasmnet.model.network import Network

Floats = NDArray[np.float64]


def targeted_posterior(
    network: Network, targets: Sequence[str], evidence: Mapping[str, Any], max_products: int
) -> tuple[dict[str, Floats], float]:
    """P(states | evidence) of each target, and ln P(evidence); no posteriors and minus infinity if it is impossible.

    `evidence` is as for Engine.posterior; `max_products` bounds the work. Raises EvidenceError, UnknownVariableError
    and CircuitTooLargeError, the last before anything large is allocated.

    >>> import spasmnet
    >>> found, log_evidence = targeted_posterior(spasmnet.load(), ["dehydration"], {"trauma": "present"}, 10**7)
    >>> len(found["dehydration"]), log_evidence < 0
    (3, True)

    Source: Shachter RD (1998), Bayes-ball, UAI, 480-487; Darwiche A (2003), J ACM 50:280-305.
    """
    for name in targets:
        network.variable(name)
    evidence = read_evidence(network, evidence)
    states = {v.name: v.states for v in network.variables}
    hard = {name: finding for name, finding in evidence.items() if isinstance(finding, str)}
    weights, shift = {}, 0.0
    for name in evidence.keys() - hard.keys():
        likelihoods = np.array([float(evidence[name][state]) for state in states[name]])
        shift += log(likelihoods.max())
        weights[name] = likelihoods / likelihoods.max()
    asked = [name for name in targets if name not in hard]
    needed = requisite(network, asked, hard, weights)
    found: dict[str, Floats] = {}
    total = shift
    for names in (needed, ancestors(network, evidence) - needed):  # what does not depend on the targets, apart
        if names:
            part = _part(network, names, [name for name in asked if name in names], hard, weights, max_products)
            found |= part[0]
            total += part[1]
    if total == -inf:
        return {}, total
    found |= {name: np.array([float(s == hard[name]) for s in states[name]]) for name in targets if name in hard}
    return {name: found[name] for name in targets}, total


def _part(
    network: Network, names: Collection[str], asked: Sequence[str], hard: Mapping[str, str],
    weights: Mapping[str, Floats], max_products: int,
) -> tuple[dict[str, Floats], float]:  # fmt: skip
    """The same for the distributions of some variables, which do not depend on the others."""
    position = {name: i for i, name in enumerate(network.names)}
    fixed = {position[name]: network.by_name[name].state_index(state) for name, state in hard.items()}
    factors = _sliced(factors_of(network, names), fixed)
    free = [name for name in dict.fromkeys((*asked, *weights)) if name in names]
    cards = {name: len(network.by_name[name].states) for name in free}
    tables = [np.array(factor.make(), order="C") for factor in factors.factors]
    operands, size = [], 0
    for factor, table in zip(factors.factors, tables, strict=True):
        operands.append(operand(factor.scope, size, table.shape, {}, False))
        size += table.size
    one = size
    size += 1
    places = {}
    indicators = [weights.get(name, np.ones(cards[name])) for name in free]
    for name in free:
        operands.append(Operand((position[name],), size, (1,), name in asked))
        places[name] = slice(size, size + cards[name])
        size += cards[name]
    planned = plan(operands, factors.cards, size, one=one, name=network.name, max_products=max_products)
    if (factors.depth + depth_of(indicators)).extended:
        return _carefully(network, factors, free, asked, indicators)
    leaves = np.concatenate([*(table.ravel() for table in tables), np.ones(1), *indicators])
    work = Work(planned, leaves)
    total = work.forwards()
    if total <= TINY:
        return _carefully(network, factors, free, asked, indicators)
    work.backwards()
    joint = {name: leaves[places[name]] * work.slopes[places[name]] for name in asked}
    return {name: row / row.sum() for name, row in joint.items()}, log(total)


def _carefully(
    network: Network, factors: FactorSet, free: Sequence[str], asked: Sequence[str], indicators: Sequence[Floats]
) -> tuple[dict[str, Floats], float]:
    """The same with an exponent beside every number, which tells what underflows from what is impossible."""
    position = {name: i for i, name in enumerate(network.names)}
    cards = {position[name]: len(row) for name, row in zip(free, indicators, strict=True)}
    scopes = tuple(factor for factor in factors.factors if factor.scope)
    order = elimination_order(FactorSet(factors.cards, scopes)) if scopes else NO_ORDER
    try:
        nodes, root, firsts = eliminate(factors, order.variables, cards)
    except OutOfRoom:
        raise too_large(network, order, MAX_PRODUCTS) from None
    wanted = {position[name]: cards[position[name]] for name in asked}
    circuit = finish(nodes, root, dict(zip(cards, firsts.tolist(), strict=True)), wanted)
    values = np.ones(circuit.indicators)
    for name, row in zip(free, indicators, strict=True):
        start = circuit.first_indicator[position[name]]
        values[start : start + len(row)] = row
    log_total, answers = wide_indicators(circuit, values)
    found, at = {}, 0
    for name in asked if answers else ():
        found[name] = np.array(answers[at : at + cards[position[name]]])
        at += cards[position[name]]
    return found, log_total


def _sliced(factors: FactorSet, fixed: Mapping[int, int]) -> FactorSet:
    """The factors with the observed variables at their states."""

    def at_states(factor: Factor) -> Floats:
        return factor.make()[tuple(fixed.get(v, slice(None)) for v in factor.scope)]

    return FactorSet(
        factors.cards,
        tuple(Factor(tuple(v for v in f.scope if v not in fixed), partial(at_states, f)) for f in factors.factors),
        factors.depth,
    )
