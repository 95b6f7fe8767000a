"""XMLBIF 0.3 as JavaBayes, Weka, SamIam, pgmpy and aGrUM write it, and the variants of 0.1 and 0.2."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from xml.etree.ElementTree import Element

import numpy as np

from spasmnet.errors import FormatError
from spasmnet.io.declared import Declared, Draft, Floats, Shape, numbers, shaped, table
from spasmnet.io.xml import escaped, lines, parse, text_of, texts
from spasmnet.model.network import Network

_CHILDREN = {
    "variable": {"name", "type", "outcome", "value", "property"},
    "definition": {"for", "given", "table", "property"},
    "probability": {"for", "given", "table", "property"},  # what 0.1 and 0.2 call a definition
    "name": set[str](),
    "property": set[str](),
}
_CHANCE = ("nature", "discrete")


def scan(text: str | bytes, origin: str) -> Declared:
    """What an XMLBIF text declares; blanks around names do not count, nor do upper and lower case in elements."""
    networks = [element for element in parse(text, "BIF", origin) if element.tag == "network"]
    if len(networks) != 1:
        raise FormatError(f"{origin}: one <NETWORK> is needed, but there are {len(networks)}")
    draft = Draft()
    draft.name = networks[0].get("name", "").strip()
    for element in networks[0]:
        unknown = {child.tag for child in element} - _CHILDREN.get(element.tag, set())
        if unknown or element.tag not in _CHILDREN:
            tags = ", ".join(f"<{tag.upper()}>" for tag in sorted(unknown or {element.tag}))
            raise FormatError(f"{origin}: not understood: {tags}")
        if element.tag == "name":
            draft.name = text_of(element)
        elif element.tag == "variable":
            _variable(draft, element, origin)
        elif element.tag != "property":
            values = _only(element, "table", origin)
            read = table(values) if element.tag == "definition" else partial(_either, values)
            draft.table(_only(element, "for", origin), texts(element, "given"), read)
    return draft.declared(origin)


def _variable(draft: Draft, element: Element, origin: str) -> None:
    name = element.get("name", "").strip() or _only(element, "name", origin)
    for kind in (element.get("type", "nature"), *texts(element, "type")):
        if kind.strip().lower() not in _CHANCE:
            reason = "only TYPE nature (discrete) is part of a discrete Bayesian network"
            raise FormatError(f"{origin}: {name!r} is a variable of type {kind!r}; {reason}")
    draft.variable(name, texts(element, "outcome", "value"))


def _either(text: str, shape: Shape) -> tuple[Floats, float]:
    """A table of XMLBIF 0.1 or 0.2, in which the child's state varies slowest or fastest: rows that sum to 1 tell."""
    last = len(shape) - 1
    read = numbers(text)
    fastest, slowest = shaped(read, shape), shaped(read, shape, [last, *range(last)])
    fit = [one for one in (fastest, slowest) if (np.abs(one[0].sum(axis=-1) - 1) <= 0.01).all()]
    if len(fit) == 2 and not np.array_equal(fit[0][0], fit[1][0]):
        raise ValueError(
            "can be read in two ways, the child's state varying fastest or slowest; write it as XMLBIF 0.3"
        )
    return fit[0] if fit else fastest


def _only(element: Element, tag: str, origin: str) -> str:
    found = texts(element, tag)
    if len(found) != 1 or not found[0]:
        who = next(iter(texts(element, "for", "name")), "without a name")
        raise FormatError(
            f"{origin}: <{element.tag.upper()}> {who} needs exactly one <{tag.upper()}> that is not empty"
        )
    return found[0]


def text(network: Network) -> str:
    """The network as XMLBIF 0.3, every number with all its digits; distributions of any kind as tables."""
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<BIF VERSION="0.3">',
            "<NETWORK>",
            f"<NAME>{escaped(network.name)}</NAME>",
            *(line for variable in network.variables for line in _declared(variable.name, variable.states)),
            *(line for name in network.names for line in _defined(network, name)),
            "</NETWORK>",
            "</BIF>",
            "",
        ]
    )


def _declared(name: str, states: Iterable[str]) -> list[str]:
    outcomes = [f"  <OUTCOME>{escaped(state)}</OUTCOME>" for state in states]
    return ['<VARIABLE TYPE="nature">', f"  <NAME>{escaped(name)}</NAME>", *outcomes, "</VARIABLE>"]


def _defined(network: Network, name: str) -> list[str]:
    values = network.cpds[name].table()
    given = [f"  <GIVEN>{escaped(parent)}</GIVEN>" for parent in network.parents(name)]
    rows = lines(map(repr, values.ravel().tolist()), values.shape[-1])
    return ["<DEFINITION>", f"  <FOR>{escaped(name)}</FOR>", *given, f"  <TABLE>\n{rows}\n  </TABLE>", "</DEFINITION>"]
