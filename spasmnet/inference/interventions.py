"""Interventions: the network after something has been done, not seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spasmnet.errors import EvidenceError
from spasmnet.inference.evidence import Names, shown, state_of, variable_of
from spasmnet.model.arguments import public
from spasmnet.model.cpd import Table
from spasmnet.model.network import Network


@public
def do(network: Network, interventions: Mapping[str, str]) -> Network:
    """The mutilated network for do(X = x): X no longer depends on its parents and is in the given state.

    `interventions` maps variables to states. The result is an ordinary network: compile it and ask. For a root, doing
    and observing are the same. Raises EvidenceError for an unknown variable or state.

    >>> import spasmnet
    >>> spasmnet.do(spasmnet.load(), {"heavy_sweating": "absent"}).parents("heavy_sweating")
    ()

    Source: Pearl J (2009), Causality, 2nd ed., section 3.2.1 (truncated factorisation).
    """
    if not isinstance(interventions, Mapping):
        raise EvidenceError(f"do takes a mapping from variables to states, not {type(interventions).__name__}")
    cpds = {}
    for name, state in interventions.items():
        variable = variable_of(network, name)
        if not isinstance(state, str) and not Names(variable.states).meant(state):
            allowed = ", ".join(variable.states)
            raise EvidenceError(f"{variable.name}: an intervention sets one state ({allowed}), not {shown(state)}")
        cpds[variable.name] = Table((), np.eye(len(variable.states))[variable.state_index(state_of(variable, state))])
    kept = tuple(edge for edge in network.edges if edge.child not in cpds)
    return network.with_cpds(cpds, edges=kept)
