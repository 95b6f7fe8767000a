"""A naive oracle: the whole joint distribution as one array, in extended precision, and everything read off it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.model.cpd import CPD, Deterministic, NoisyMax
from spasmnet.model.network import Network

Array = NDArray[Any]


def table(cpd: CPD) -> Array:
    """P(state | parents), axes (*parents, state), by the definition of each kind and without the library's own table."""
    if isinstance(cpd, NoisyMax):
        total = np.asarray(cpd.leak, dtype=np.longdouble)
        for link in cpd.links:
            joined = np.zeros((*total.shape[:-1], len(link), total.shape[-1]), dtype=np.longdouble)
            for a in range(total.shape[-1]):
                for z in range(total.shape[-1]):
                    joined[..., max(a, z)] += total[..., None, a] * link[:, z]
            total = joined
        return total
    if isinstance(cpd, Deterministic):
        values = np.zeros(cpd.shape, dtype=np.longdouble)
        for at in np.ndindex(cpd.outcome.shape):
            values[(*at, int(cpd.outcome[at]))] = 1
        return values
    return np.asarray(cpd.values, dtype=np.longdouble)


def joint(network: Network, evidence: Mapping[str, Any] | None = None) -> Array:
    """P(everything and the evidence) as one array with an axis a variable, in declared order."""
    names = network.names
    values = np.ones((), dtype=np.longdouble)
    for name in names:
        scope = (*network.cpds[name].parents, name)
        values = values * _aligned(table(network.cpds[name]), scope, names)
    for name, finding in (evidence or {}).items():
        states = network.by_name[name].states
        weights = [finding[s] if isinstance(finding, Mapping) else float(s == finding) for s in states]
        values = values * _aligned(np.array(weights, dtype=np.longdouble), (name,), names)
    return values


def scaled_joint(network: Network, evidence: Mapping[str, Any] | None = None) -> tuple[Array, int]:
    """The same divided by a power of 2, with the power, so that its largest entry is about 1: nothing of use is lost,
    however small the numbers and however large or small the likelihoods. All zeros if the evidence is impossible.
    """
    names = network.names
    factors = [((*network.cpds[n].parents, n), table(network.cpds[n])) for n in names]
    for name, finding in (evidence or {}).items():
        states = network.by_name[name].states
        weights = [finding[s] if isinstance(finding, Mapping) else float(s == finding) for s in states]
        factors.append(((name,), np.array(weights, dtype=np.longdouble)))
    digits, powers = np.ones((), dtype=np.longdouble), np.zeros((), dtype=np.int64)
    for scope, values in factors:
        digits, more = np.frexp(digits * _aligned(np.asarray(values, dtype=np.longdouble), scope, names))
        powers = powers + more
    if not digits.any():
        return digits, 0
    largest = int(powers[digits > 0].max())
    return np.ldexp(digits, np.maximum(powers - largest, -20_000)), largest


def _aligned(values: Array, scope: Sequence[str], names: Sequence[str]) -> Array:
    ordered = values.transpose([scope.index(name) for name in names if name in scope])
    return np.expand_dims(ordered, tuple(i for i, name in enumerate(names) if name not in scope))


def marginal(network: Network, values: Array, variables: Sequence[str]) -> Array:
    """The sum over all other variables; axes in the order of `variables`."""
    axes = [network.names.index(name) for name in variables]
    summed = values.sum(axis=tuple(i for i in range(values.ndim) if i not in axes))
    kept = sorted(axes)
    return np.asarray(summed).transpose([kept.index(axis) for axis in axes])


def probability(network: Network, evidence: Mapping[str, Any]) -> Any:
    """P(evidence)."""
    return joint(network, evidence).sum()


def log(value: Any) -> float:
    """The natural logarithm of an extended number that a float might not hold."""
    return float(np.log(value))


def posteriors(network: Network, evidence: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """P(variable | evidence) for all variables."""
    values = joint(network, evidence)
    total = values.sum()
    return {
        v.name: dict(zip(v.states, (marginal(network, values, [v.name]) / total).astype(float).tolist(), strict=True))
        for v in network.variables
    }


def smallest_contradiction(network: Network, evidence: Mapping[str, Any]) -> list[str]:
    """The first of the smallest impossible subsets of the evidence, by trying all of them."""
    for size in range(len(evidence) + 1):
        for chosen in combinations(evidence, size):
            if probability(network, {name: evidence[name] for name in chosen}) == 0:
                return list(chosen)
    raise ValueError("the evidence is possible")


def intervened(network: Network, interventions: Mapping[str, str]) -> Array:
    """The truncated factorisation: the product of all other distributions where the interventions hold."""
    names = network.names
    values = np.ones((), dtype=np.longdouble)
    for name in names:
        if name in interventions:
            states = network.by_name[name].states
            fixed = np.array([s == interventions[name] for s in states], dtype=np.longdouble)
            values = values * _aligned(fixed, (name,), names)
        else:
            values = values * _aligned(table(network.cpds[name]), (*network.cpds[name].parents, name), names)
    return values
