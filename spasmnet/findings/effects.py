"""P(target | do(X = x), findings) at the present numbers and in networks drawn from their distributions, as one batch.

An intervention replaces the distribution of X, in every row of the batch, by certainty of x (the truncated
factorisation); everything else of the row stays. The same draws serve all interventions, so that differences between
them are those of one model, not of two.

Source: Pearl J (2009), Causality, 2nd ed., section 3.2.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.model.cpd import CPD, Deterministic, NoisyMax, Table
from spasmnet.model.network import Network
from spasmnet.parameters.vector import Numbers
from spasmnet.sensitivity.polynomial import Polynomial, polynomial
from spasmnet.sensitivity.scaling import split
from spasmnet.uncertainty.distributions import Distributions
from spasmnet.uncertainty.draws import Rows, answers

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Acting:
    """A query that is asked under interventions on one variable.

    The first row of every answer is that of the present numbers, the others those of the draws; NaN where the findings
    are impossible in a draw.
    """

    network: Network
    variable: str
    target: str
    compiled: Polynomial
    weights: Mapping[str, Floats]
    values: Floats

    @classmethod
    def on(
        cls, network: Network, variable: str, target: str, evidence: Mapping[str, Any],
        distributions: Distributions | None, drawn: Floats, max_products: int,
    ) -> Acting:  # fmt: skip
        """Compile the query P(target | do(variable), evidence); none of the evidence descends from the variable."""
        cpd = network.cpds[variable]
        if isinstance(cpd, Deterministic):
            network = network.with_cpds({variable: Table(cpd.parents, cpd.table())})
        hard, weights = split(network, evidence)
        free = tuple(dict.fromkeys((target, *weights)))
        compiled = polynomial(network, free, hard, derivatives=False, posteriors=True, max_products=max_products)
        now = compiled.numbers.values[None]
        rows = [now] if distributions is None else [now, Rows(network, compiled.numbers, distributions).filled(drawn)]
        return cls(network, variable, target, compiled, weights, np.concatenate(rows))

    def ask(self, state: int | None) -> Floats:
        """P(target's states) (second axis) when the variable is set to a state, or left alone (None)."""
        values = self.values
        if state is not None:
            values = values.copy()
            for at, fixed in settings(self.network, self.compiled.numbers, self.variable, state):
                values[:, at] = fixed
        found, possible = answers(self.compiled, values, self.weights)
        states = len(self.network.by_name[self.target].states)
        return np.where(possible[:, None], found[:, :states], np.nan)


def settings(network: Network, numbers: Numbers, variable: str, state: int) -> Sequence[tuple[slice, Floats]]:
    """Where a variable's numbers stand in a query, and what they are when it is set to a state."""
    cpd: CPD = network.cpds[variable]
    found = []
    for name, first, prefix, shape in numbers.blocks:
        if name == variable:
            rows = np.zeros(shape)
            is_link = isinstance(cpd, NoisyMax) and len(prefix) == 1
            rows[..., 0 if is_link else state] = 1.0  # links contribute nothing, the leak is what it is set to
            found.append((slice(first, first + prod(shape)), rows.ravel()))
    return found
