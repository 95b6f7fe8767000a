"""Naming the numbers of a network: their places, values, ranges, and words for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from spasmnet.errors import SpasmnetError, suggest
from spasmnet.model.cpd import Key, NoisyMax, Table
from spasmnet.model.network import Network
from spasmnet.model.parameter import Parameter

Place = tuple[str, Key]


def parameters(network: Network, names: Iterable[str] | None = None) -> Iterator[Place]:
    """Every number (or those of some variables) in declared order: table entries, leaks, links (of the last two the
    states after the first).
    """
    for name in network.names if names is None else names:
        cpd = network.cpds[name]
        if isinstance(cpd, Table):
            yield from ((name, tuple(int(i) for i in key)) for key in np.ndindex(cpd.values.shape))
        elif isinstance(cpd, NoisyMax):
            yield from ((name, (-1, 0, y)) for y in range(1, len(cpd.leak)))
            for i, link in enumerate(cpd.links):
                yield from ((name, (i, u, y)) for u in range(1, len(link)) for y in range(1, len(cpd.leak)))


def value_at(network: Network, place: Place) -> float:
    """The present value of a number."""
    name, key = place
    cpd = network.cpds[name]
    if isinstance(cpd, NoisyMax):
        return float((cpd.leak if key[0] < 0 else cpd.links[key[0]][key[1]])[key[-1]])
    assert isinstance(cpd, Table)
    return float(cpd.values[key])


def cited_at(network: Network, place: Place) -> Parameter | None:
    """The cited parameter behind a number, if there is one."""
    return network.cpds[place[0]].parameters.get(place[1])


def in_words(network: Network, place: Place) -> tuple[str, str]:
    """A number's state, and what it is given: "lung=no, tub=no", "link lung=yes", "leak", or "" for a root."""
    name, key = place
    cpd, state = network.cpds[name], network.by_name[name].states[key[-1]]
    if isinstance(cpd, NoisyMax):
        if key[0] < 0:
            return state, "leak"
        parent = network.by_name[cpd.parents[key[0]]]
        return state, f"link {parent.name}={parent.states[key[1]]}"
    pairs = zip(cpd.parents, key[:-1], strict=True)
    return state, ", ".join(f"{parent}={network.by_name[parent].states[u]}" for parent, u in pairs)


def name_of(network: Network, place: Place) -> str:
    """A number in words: "P(lung=yes | smoke=no)", "leak of spasm: painful", "link strain=severe of spasm: painful"."""
    state, given = in_words(network, place)
    if isinstance(network.cpds[place[0]], NoisyMax):
        return f"{given} of {place[0]}: {state}"
    return f"P({place[0]}={state} | {given})" if given else f"P({place[0]}={state})"


def find_place(network: Network, place: Any) -> Place:
    """The place of a number that is named by its place or in words; raises SpasmnetError with the nearest."""
    if not isinstance(network, Network):
        raise SpasmnetError(f"a network is needed, not {type(network).__name__}{hint(network)}")
    if isinstance(place, str):
        told = [name for name in network.names if place.startswith(f"P({name}=") or f" of {name}: " in place]
        for names in (told, network.names):  # all names of a large network take seconds
            named = {name_of(network, each): each for each in parameters(network, names)}
            if place in named:
                return named[place]
        raise SpasmnetError(f"there is no number {place!r}; {suggest(place, named)}")
    owner = [place[0]] if isinstance(place, tuple) and place and place[0] in network.names else []
    if place not in set(parameters(network, owner)):
        raise SpasmnetError(f"there is no number {place!r}; a place is (variable, key), or the number in words")
    return place[0], tuple(place[1])


def hint(given: object) -> str:
    """What to say if something that has a network was given for one."""
    return "; pass its network" if isinstance(getattr(given, "network", None), Network) else ""
