"""What keeps a circuit's numbers within a float: likelihoods with a largest of 1, and factors where P(e) underflows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import SpasmnetError
from spasmnet.inference.cases import wide_indicators
from spasmnet.model.network import Network
from spasmnet.sensitivity.polynomial import Polynomial

Floats = NDArray[np.float64]
DEEP = 1e-250  # a probability below which everything is scaled


def split(network: Network, evidence: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Floats]]:
    """Hard evidence, and the weights of the states of variables with likelihoods, of which the largest is 1."""
    hard = {name: finding for name, finding in evidence.items() if isinstance(finding, str)}
    weights = {}
    for name, finding in evidence.items():
        if name not in hard:
            largest = max(finding.values())
            weights[name] = np.array([finding[state] / largest for state in network.by_name[name].states])
    return hard, weights


def slopes_of_rows(compiled: Polynomial, leaves: Floats, now: Floats) -> Floats:
    """The derivatives that a circuit was asked for, for many sets of leaves, one a row.

    Where it underflows for the present leaves `now`, all rows are multiplied by one factor. Raises SpasmnetError if
    other rows are then too large for a float.
    """
    if float(compiled.differentiate_rows(now[None])[0][0]) <= DEEP:
        leaves = leaves * compiled.scale(wide_indicators(compiled.circuit, now)[0])
    found = compiled.differentiate_rows(leaves)[1]
    if not np.isfinite(found).all():
        raise SpasmnetError("the evidence is so much more probable at other values that no float holds both")
    return found
