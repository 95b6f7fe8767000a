"""Which numbers can matter at all for a query: the sensitivity set, by d-separation."""

from __future__ import annotations

from collections.abc import Collection

from spasmnet.circuit.factors import ancestors
from spasmnet.network import Network


def sensitivity_set(
    network: Network, target: str, observed: Collection[str], uncertain: Collection[str] = ()
) -> frozenset[str]:
    """The variables whose numbers can change P(target | observed).

    `uncertain` are variables with likelihood evidence, which is the observation of a child that the network lacks. A
    variable's numbers can be thought of as one more parent of it; they matter if an active trail leads from that parent
    to the target.

    Source: Coupé VMH, van der Gaag LC (2002), Ann Math Artif Intell 36:323-356 (the sensitivity set); reachability as
    in Koller D, Friedman N (2009), Probabilistic Graphical Models, algorithm 3.1.
    """
    parents = {name: network.cpds[name].parents for name in network.names}
    children: dict[str, list[str]] = {name: [] for name in network.names}
    for name, listed in parents.items():
        for parent in listed:
            children[parent].append(name)
    above = ancestors(network, [*observed, *uncertain])
    found: set[str] = set()
    seen: set[tuple[str, bool]] = set()
    todo = [(target, True)]  # True: reached from a child (or the start), False: from a parent
    while todo:
        name, from_below = todo.pop()
        if (name, from_below) in seen:
            continue
        seen.add((name, from_below))
        if from_below and name not in observed:
            found.add(name)
            todo += [(parent, True) for parent in parents[name]]
            todo += [(child, False) for child in children[name]]
        elif not from_below:
            if name not in observed:
                todo += [(child, False) for child in children[name]]
            if name in above:
                found.add(name)
                todo += [(parent, True) for parent in parents[name]]
    return frozenset(found)
