"""Which numbers can matter at all for a query: the sensitivity set, by d-separation."""

from __future__ import annotations

from collections.abc import Collection

from spasmnet.inference.requisite import requisite
from spasmnet.model.network import Network


def sensitivity_set(
    network: Network, target: str, observed: Collection[str], uncertain: Collection[str] = ()
) -> frozenset[str]:
    """The variables whose numbers can change P(target | observed); see requisite.

    Source: Coupé VMH, van der Gaag LC (2002), Ann Math Artif Intell 36:323-356.
    """
    return requisite(network, (target,), observed, uncertain)
