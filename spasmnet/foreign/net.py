"""Hugin's NET format."""

from __future__ import annotations

import re

from spasmnet.errors import FormatError
from spasmnet.foreign.declared import Declared, Draft, Floats, Shape, numbers, shaped
from spasmnet.foreign.text import BLOCK, QUOTED, blocks, name, statements, words
from spasmnet.network import Network

_BLOCK = re.compile(rf"\s*+(net|node|discrete\s+node|potential|[a-z]+(?:\s+node)?){BLOCK}")
_COMMENT = re.compile(rf"{QUOTED}|%[^\n]*+|//[^\n]*+|/\*.*?\*/", re.DOTALL)
_IN_PARENTHESES = re.compile(r"\((.*)\)", re.DOTALL)
_PLAIN = re.compile(r"[\w.+<>-]+")  # names of variables


def scan(text: str, origin: str) -> Declared:
    """What a NET text declares."""
    draft = Draft()
    for kind, head, body, place in blocks(text, _BLOCK, _COMMENT, origin):
        try:
            entries: dict[str, str] = {}
            for statement in statements(body):
                key, equals, value = statement.partition("=")
                if not equals or key.strip() in entries:
                    raise ValueError(f"not understood, or given twice: {statement[:60]!r}")
                entries[key.strip()] = value.strip()
            if kind == "net":
                draft.name = name(entries["name"]) if "name" in entries else ""
            elif kind == "potential":
                _potential(draft, head, entries)
            elif kind.split() in (["node"], ["discrete", "node"]):
                _node(draft, head, entries)
            else:
                raise ValueError(f"`{kind}` is not part of a discrete Bayesian network; net, node and potential are")
        except ValueError as error:
            raise FormatError(f"{place}: {error}") from None
    return draft.declared(origin)


def _node(draft: Draft, head: str, entries: dict[str, str]) -> None:
    states = _IN_PARENTHESES.fullmatch(entries.get("states", ""))
    if len(head.split()) != 1 or '"' in head or not states:
        raise ValueError(f"a node needs a name without blanks, and `states = (…)`: {head[:60]!r}")
    if "\\" in states[1]:
        raise ValueError(f"a backslash in a state of {head} can be read in two ways")
    draft.variable(head, words(states[1]))


def _potential(draft: Draft, head: str, entries: dict[str, str]) -> None:
    inside = _IN_PARENTHESES.fullmatch(head)
    child, _, given = inside[1].partition("|") if inside else ("", "", "")
    if len(child.split()) != 1 or set(entries) != {"data"}:
        raise ValueError(f"a potential needs one child, then its parents, and `data` alone: {head[:60]}")
    draft.table(child.strip(), given.split(), lambda shape: _values(entries["data"], shape))


def _values(data: str, shape: Shape) -> Floats:
    """Numbers in parentheses: one pair around all, or nested once for every parent."""
    expected = "()"
    for size in reversed(shape[:-1]):
        expected = f"({expected * size})" if len(expected) * size <= len(data) else "too long"
    if re.sub(r"[^()]+", "", data) not in (expected, "()") or not _IN_PARENTHESES.fullmatch(data):
        raise ValueError("the parentheses of its data do not follow its parents' states")
    return shaped(numbers(re.sub(r"[()]", " ", data)), shape)


def text(network: Network) -> str:
    """The network in Hugin's NET format, every number with all its digits; distributions of any kind as tables.

    Raises FormatError for a variable's name that is more than letters, digits and a few signs, for NET does not quote
    names, and for a state or a network with a quote or a backslash in its name. Hugin itself wants names of letters,
    digits and underscores.
    """
    lines = ["net", "{", f"  name = {_quoted(network.name)};", "}"]
    for variable in network.variables:
        if not _PLAIN.fullmatch(variable.name):
            raise FormatError(f"NET does not quote names of variables, and so cannot hold {variable.name!r}")
        states = " ".join(map(_quoted, variable.states))
        lines += [f"node {variable.name}", "{", f"  states = ( {states} );", "}"]
    for child in network.names:
        given = " ".join(["|", *network.parents(child)])
        lines += [f"potential ( {child} {given} )", "{", f"  data = {_nested(network.cpds[child].table())};", "}"]
    return "\n".join([*lines, ""])


def _quoted(name: str) -> str:
    if '"' in name or "\\" in name:
        raise FormatError(f"the quote or backslash in the name {name!r} can be read in two ways in NET")
    return f'"{name}"'


def _nested(values: Floats) -> str:
    """The numbers in parentheses, nested once for every parent; a row on each line."""
    rows = [f"({' '.join(map(repr, row))})" for row in values.reshape(-1, values.shape[-1]).tolist()]
    for size in reversed(values.shape[:-1]):
        rows = [f"({chr(10).join(rows[at : at + size])})" for at in range(0, len(rows), size)]
    return rows[0]
