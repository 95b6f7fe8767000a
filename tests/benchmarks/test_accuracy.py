"""Accuracy beside enumeration of the joint distribution; beside pyAgrum it is measured with the classic networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from numpy.typing import NDArray

import spasmnet
from spasmnet import Network
from tests.benchmarks.conftest import Add
from tests.benchmarks.report import Row
from tests.strategies import networks_with_evidence

EXAMPLES = 200


def joint(network: Network, evidence: Mapping[str, Any]) -> NDArray[np.float64]:
    """P(all variables, evidence), one axis a variable: the product of all tables, term by term."""
    axis = {name: i for i, name in enumerate(network.names)}
    sizes = [len(variable.states) for variable in network.variables]
    product = np.ones(sizes)

    def spread(values: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.float64]:
        """The values with one axis for every variable of the network."""
        ordered = sorted(names, key=axis.__getitem__)
        moved = np.transpose(values, [names.index(name) for name in ordered])
        return moved.reshape([size if name in names else 1 for name, size in zip(network.names, sizes, strict=True)])

    for name in network.names:
        cpd = network.cpds[name]
        product = product * spread(cpd.table(), (*cpd.parents, name))
    for name, finding in evidence.items():
        states = network.by_name[name].states
        weights = [finding[s] if isinstance(finding, Mapping) else float(s == finding) for s in states]
        product = product * spread(np.array(weights), (name,))
    return product


def test_beside_enumeration(add: Add) -> None:
    """The largest difference of a posterior from enumeration over random small networks of every kind."""
    found: list[float] = []

    @settings(
        max_examples=EXAMPLES, database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(networks_with_evidence(min_variables=4))
    def compare(drawn: tuple[Network, dict[str, Any]]) -> None:
        network, evidence = drawn
        exact = joint(network, evidence)
        assume(exact.sum() > 1e-250)  # possible, and enumeration has all its digits
        posterior = spasmnet.compile(network).posterior(evidence)
        for i, name in enumerate(network.names):
            rest = tuple(other for other in range(exact.ndim) if other != i)
            difference = np.array(list(posterior[name].values())) - exact.sum(axis=rest) / exact.sum()
            found.append(float(np.abs(difference).max()))

    compare()
    what = "accuracy: largest difference of a posterior from enumeration"
    add(Row(what, f"{EXAMPLES} random", max(found), unit="", most_asked=1e-12))
