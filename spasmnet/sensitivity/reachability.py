"""Which numbers can matter in many cases at once: reachability over arrays of truth values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spasmnet.model.network import Network


def sensitivity_sets(network: Network, target: str, observed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whose numbers can change P(target | observed): the sensitivity set of each case, axes (variable, case).

    `observed` says, with the same axes, what was observed. A variable matters if an active trail leads to the target
    from one more parent of it, which is what its numbers are.

    Source: Coupé VMH, van der Gaag LC (2002), Ann Math Artif Intell 36:323-356; reachability as in Koller D, Friedman N
    (2009), Probabilistic Graphical Models, algorithm 3.1.
    """
    at = {name: i for i, name in enumerate(network.names)}
    forwards = [at[name] for name in network.order]
    parents = {at[name]: [at[parent] for parent in network.cpds[name].parents] for name in network.names}
    above = observed.copy()  # what is observed, and its ancestors
    for v in reversed(forwards):
        for parent in parents[v]:
            above[parent] |= above[v]
    up, down = np.zeros_like(observed), np.zeros_like(observed)  # reached from a child (or the start), from a parent
    up[at[target]] = True
    before = -1
    while before != (before := int(up.sum()) + int(down.sum())):
        for v in reversed(forwards):
            rising = (up[v] & ~observed[v]) | (down[v] & above[v])
            for parent in parents[v]:
                up[parent] |= rising
        for v in forwards:
            for parent in parents[v]:
                down[v] |= (up[parent] | down[parent]) & ~observed[parent]
    return np.asarray((up & ~observed) | (down & above))
