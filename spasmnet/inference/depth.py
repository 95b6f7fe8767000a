"""How small a product of a model's numbers can get, which tells what must be answered in the extended range.

Every term of the network polynomial has one number of each table, leak, link and likelihood. If even the product of the
smallest ones is a float with all its digits, nothing can underflow, whatever is asked. Networks of many variables go
beyond that, but where all their numbers are ordinary, what gets lost is negligible beside P(e), unless P(e) is itself
tiny, which is looked at. Where some numbers are extreme, it need not be: then every number gets an exponent of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spasmnet.model.cpd import CPD, Deterministic, NoisyMax

Floats = NDArray[np.float64]
SAFE = 900.0  # bits below 1 that a float has room for, with all its digits and some to spare
EXTREME = 32.0  # bits below 1 from which a number is not ordinary: 2.3e-10


@dataclass(frozen=True, slots=True)
class Depth:
    """How many bits below 1 the smallest product is (`total`), and how many its smallest factor is (`most`)."""

    total: float = 0.0
    most: float = 0.0

    def __add__(self, other: Depth) -> Depth:
        return Depth(self.total + other.total, max(self.most, other.most))

    @property
    def extended(self) -> bool:
        """Whether answers need the extended range."""
        return self.total > SAFE and self.most > EXTREME


SHALLOW = Depth()


def depth_of(parts: Iterable[Floats]) -> Depth:
    """The depth of products of one number of each part, zeros apart.

    >>> import numpy as np
    >>> depth_of([np.array([0.75, 0.25]), np.array([0.0, 1.0])])
    Depth(total=2.0, most=2.0)
    """
    bits = [0.0]
    for part in parts:
        smallest = float(part.min(where=part > 0, initial=1.0))
        bits.append(float(-np.log2(smallest)))
    return Depth(sum(bits), max(bits))


def depth_of_distributions(cpds: Iterable[CPD]) -> Depth:
    """The depth of a network with these distributions."""
    return depth_of(part for cpd in cpds for part in _parts(cpd))


def _parts(cpd: CPD) -> tuple[Floats, ...]:
    if isinstance(cpd, NoisyMax):
        return (cpd.leak, *cpd.links)
    return () if isinstance(cpd, Deterministic) else (cpd.values,)
