"""Hugin's NET format, as Hugin, aGrUM, UnBBayes and SamIam write it."""

from __future__ import annotations

import re

from spasmnet.errors import FormatError, shown
from spasmnet.io.blocks import BLOCK, HEAD, bare, blocks, excerpt, name, statements, words
from spasmnet.io.declared import Declared, Draft, Floats, Shape, numbers, shaped
from spasmnet.model.network import Network

_KIND = r"(?:discrete\s+|continuous\s+)?(?:chance\s+)?(?:node|decision|utility|function)|net|potential|class|[a-z]+"
_BLOCK = re.compile(rf"\s*+({_KIND}){BLOCK}")
_IN_CLASS = re.compile(rf"\s*+(?:({_KIND}){BLOCK}|{HEAD}={HEAD};)")  # a statement of the class has no kind
_CLASS = re.compile(r"\s*+class\s++([^\s{}\"]++)\s*+\{")
_IN_PARENTHESES = re.compile(r"\((.*)\)", re.DOTALL)
_FOR_LEARNING = ("experience", "fading", "samples_per_interval")  # counts behind a table, which change no probability
_OTHER_NODES = {
    "decision": "a decision, so this is an influence diagram, not a Bayesian network; leave its decisions out",
    "utility": "a utility, so this is an influence diagram, not a Bayesian network; leave its utilities out",
    "continuous": "a continuous variable; make it discrete first",
    "function": "a function node, which is not part of a discrete Bayesian network",
    "temporal": "a variable of a dynamic network; unfold it into its slices first",
    "instance": "an instance of another class; unfold the object-oriented network first",
}
_PLAIN = re.compile(r"[\w.+<>-]+")  # names of variables


def scan(text: str, origin: str) -> Declared:
    """What a NET text declares."""
    text = bare(text, origin, percent=True, escapes=True)
    draft = Draft()
    pattern, start, end = _BLOCK, 0, len(text.rstrip())
    if inside := _CLASS.match(text):  # a class of an object-oriented network, whose nodes are declared within
        if text[end - 1] != "}":
            raise FormatError(f"{origin}: the class {shown(inside[1])} has no end; the file may be cut short")
        draft.name, pattern, start, end = inside[1], _IN_CLASS, inside.end(), end - 1
    for kind, head, body, place in blocks(text, pattern, origin, start, end):
        try:
            if not kind:
                continue
            if other := next((word for word in _OTHER_NODES if word in kind.split()), ""):
                raise ValueError(f"{excerpt(head)} is {_OTHER_NODES[other]}")
            if kind == "class":
                raise ValueError("holds several classes; one that uses no other can be read from a file of its own")
            entries = _entries(body)
            if kind == "net":
                draft.name = name(entries["name"]) if entries.get("name", '""') != '""' else ""
            elif kind == "potential":
                _potential(draft, head, entries)
            elif kind.split()[-1] == "node":
                _node(draft, head, entries)
            else:
                raise ValueError(f"`{kind}` is not part of a discrete Bayesian network; net, node and potential are")
        except ValueError as error:
            raise FormatError(f"{place}: {error}") from None
    return draft.declared(origin)


def _entries(body: str) -> dict[str, str]:
    entries: dict[str, str] = {}
    for statement in statements(body):
        key, equals, value = statement.partition("=")
        if not equals or key.strip() in entries:
            raise ValueError(f"not understood, or given twice: {excerpt(statement)}")
        entries[key.strip()] = value.strip()
    return entries


def _node(draft: Draft, head: str, entries: dict[str, str]) -> None:
    states = _IN_PARENTHESES.fullmatch(entries.get("states", ""))
    if len(head.split()) != 1 or '"' in head or not states:
        raise ValueError(f"a node needs a name without blanks, and `states = (…)`: {excerpt(head)}")
    draft.variable(head, words(states[1]))


def _potential(draft: Draft, head: str, entries: dict[str, str]) -> None:
    inside = _IN_PARENTHESES.fullmatch(head)
    child, _, given = inside[1].partition("|") if inside else ("", "", "")
    if len(child.split()) != 1:
        raise ValueError(f"a potential needs one child, then its parents: {excerpt(head)}")
    child = child.strip()
    if any(entries.get(key, "()").strip("() \n") for key in ("model_nodes", "model_data")):
        raise ValueError(f"{shown(child)} is given by an expression (model_data); compile it to a table first")
    known = ("data", "model_nodes", "model_data", *_FOR_LEARNING)
    if unknown := [key for key in entries if key not in known and not key.startswith("HR_")]:
        raise ValueError(f"`{unknown[0][:60]}` of the potential of {shown(child)} is not understood")
    if "data" not in entries:
        raise ValueError(f"the potential of {shown(child)} has no `data`")
    if left := [key for key in _FOR_LEARNING if key in entries]:
        draft.notes.append(f"{child}: {' and '.join(left)}, which learning uses, left out")
    draft.table(child, given.split(), lambda shape: _values(entries["data"], shape))


def _values(data: str, shape: Shape) -> tuple[Floats, float]:
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
