"""Which distributions a query needs at all, told by the graph alone."""

from __future__ import annotations

from collections.abc import Collection

from spasmnet.inference.factors import ancestors
from spasmnet.model.network import Network


def requisite(
    network: Network, targets: Collection[str], observed: Collection[str], uncertain: Collection[str] = ()
) -> frozenset[str]:
    """The variables whose distributions can change P(target | observed) for one of the targets; the others cancel.

    `uncertain` are variables with likelihood evidence, which is the observation of a child that the network lacks. A
    variable's numbers can be thought of as one more parent of it; they matter if an active trail leads from that parent
    to a target.

    Source: Shachter RD (1998), Bayes-ball, UAI, 480-487 (the requisite probability nodes); reachability as in Koller D,
    Friedman N (2009), Probabilistic Graphical Models, algorithm 3.1.
    """
    parents = {name: network.cpds[name].parents for name in network.names}
    children: dict[str, list[str]] = {name: [] for name in network.names}
    for name, listed in parents.items():
        for parent in listed:
            children[parent].append(name)
    above = ancestors(network, [*observed, *uncertain])
    found: set[str] = set()
    seen: set[tuple[str, bool]] = set()
    todo = [(target, True) for target in targets]  # True: reached from a child (or the start), False: from a parent
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
