"""What keeps a circuit's numbers within a float: likelihoods with a largest of 1, and factors where P(e) underflows."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.circuit.cases import wide_indicators
from spasmnet.errors import SpasmnetError
from spasmnet.network import Network
from spasmnet.sensitivity.polynomial import Polynomial

Floats = NDArray[np.float64]
DEEP = 1e-250  # a probability below which everything is scaled


def likelihoods(network: Network, evidence: Mapping[str, Any]) -> dict[str, Floats]:
    """The weights of the states that are given likelihoods, the largest being 1."""
    weights = {}
    for name, finding in evidence.items():
        if not isinstance(finding, str):
            largest = max(finding.values())
            weights[name] = np.array([finding[state] / largest for state in network.by_name[name].states])
    return weights


def scale_of(compiled: Polynomial, log_evidence: float) -> Floats:
    """What to multiply indicators and numbers by so that P(e) is 1: a factor a variable, which cancels in answers.

    Every term of the polynomial has one number of each table and of each leak.
    """
    blocks = [(first, shape) for _, first, prefix, shape in compiled.numbers.blocks if len(prefix) != 1]
    factor = exp(-log_evidence / len({name for name, *_ in compiled.numbers.blocks}))
    scale = np.ones(compiled.indicators + len(compiled.numbers.values))
    for first, shape in blocks:
        begin = compiled.indicators + first
        scale[begin : begin + prod(shape)] = factor
    return scale


def slopes_of_rows(compiled: Polynomial, leaves: Floats, now: Floats) -> Floats:
    """The derivatives that a circuit was asked for, for many sets of leaves, one a row.

    Where it underflows for the present leaves `now`, all rows are multiplied by one factor. Raises SpasmnetError if
    other rows are then too large for a float.
    """
    if float(compiled.differentiate_rows(now[None])[0][0]) <= DEEP:
        scale = scale_of(compiled, wide_indicators(compiled.circuit, now)[0])
        leaves = leaves.copy()
        leaves[:, : len(scale)] *= scale
    found = compiled.differentiate_rows(leaves)[1]
    if not np.isfinite(found).all():
        raise SpasmnetError("the evidence is so much more probable at other values that no float holds both")
    return found
