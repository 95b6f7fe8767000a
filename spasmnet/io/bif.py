"""The Bayesian Interchange Format (BIF 0.15), as bnlearn, pgmpy, aGrUM and GeNIe write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

import numpy as np

from spasmnet.errors import FormatError, shown, suggest
from spasmnet.io.blocks import BLOCK, QUOTED, bare, blocks, excerpt, listed, name, statements
from spasmnet.io.declared import (
    MAX_ENTRIES,
    Declared,
    Draft,
    Floats,
    Numbers,
    Shape,
    check_axes,
    floats,
    numbers,
    shaped,
    unit_of,
    words_of,
)
from spasmnet.model.network import Network

_BLOCK = re.compile(rf"\s*+(network|variable|probability){BLOCK}")
_TYPE = re.compile(r"type\s+discrete\s*\[\s*(\d{1,9})\s*\]\s*\{(.*)\}", re.DOTALL | re.ASCII)
_OTHER_TYPE = re.compile(r"type\s+(?!discrete\b)(\w+)")
_BAR = re.compile(rf'((?:[^|"]++|{QUOTED})*+)(\|?)(.*)', re.DOTALL)
_PLAIN = re.compile(r"[\w.+<>=/-]+")  # names that need no quotes


def scan(text: str, origin: str) -> Declared:
    """What a BIF text declares."""
    draft = Draft()
    for kind, head, body, place in blocks(bare(text, origin, properties=True), _BLOCK, origin):
        try:
            found = statements(body)
            if kind == "probability":
                _probability(draft, head, found)
            elif kind == "variable":
                _variable(draft, name(head), found)
            else:
                draft.name = name(head) if head.strip('" ') else ""
                if found:
                    raise ValueError(f"not understood: {excerpt(found[0])}")
        except ValueError as error:
            raise FormatError(f"{place}: {error}") from None
    return draft.declared(origin)


def _variable(draft: Draft, variable: str, found: list[str]) -> None:
    declaration = _TYPE.fullmatch(found[0]) if len(found) == 1 else None
    if not declaration:
        if found and (other := _OTHER_TYPE.match(found[0])):
            raise ValueError(f"{shown(variable)} is of the type {other[1][:40]}; only discrete variables can be held")
        raise ValueError(f"{shown(variable)} needs `type discrete [n] {{ states }};` and nothing else but properties")
    count = int(declaration[1])
    states = listed(declaration[2], count)
    if len(states) != count:
        raise ValueError(
            f"{variable} announces {count} states but lists {len(states):,}: {', '.join(states[:12])[:200]}"
        )
    draft.variable(variable, states)


def _probability(draft: Draft, head: str, found: list[str]) -> None:
    split = _BAR.fullmatch(head[1:-1]) if head[:1] == "(" and head[-1:] == ")" else None
    if not split:
        raise ValueError(f"not understood: probability {excerpt(head)}")
    child, bar, given = split[1].strip(), split[2], split[3].strip()
    if bar:
        parents = [given] if given in draft.states else listed(given) if given else []
        names = [name(child), *parents]
    else:  # either a name, perhaps with blanks, or the older form: child, then parents
        names = [child] if child in draft.states else listed(child) if child else []
    if not names:
        raise ValueError(f"names no variable: probability {excerpt(head)}")
    draft.table(names[0], names[1:], lambda shape: _values(draft, names[1:], found, shape))


def _values(draft: Draft, parents: Sequence[str], found: list[str], shape: Shape) -> tuple[Floats, float]:
    """From `table …` (the child's state varies slowest), or a row `(states) …` each, `default …` for the others."""
    rows = [statement for statement in found if statement[0] == "("]
    others = {(words := statement.split(None, 1))[0]: words[1:] for statement in found if statement[0] != "("}
    if len(rows) + len(others) != len(found) or not others.keys() <= ({"default"} if rows else {"table", "default"}):
        raise ValueError(f"not understood, or given twice: {excerpt(next(s for s in found if s[0] != '('))}")
    if "table" in others:
        if len(others) > 1:
            raise ValueError("has both a table and a default")
        return shaped(numbers("".join(others["table"])), shape, [len(shape) - 1, *range(len(shape) - 1)])
    check_axes(len(shape))
    count = prod(shape[:-1])
    if "default" not in others and len(rows) < count:
        raise ValueError(f"has {len(rows):,} rows, but its parents' states make {count:,}, and each is needed")
    if prod(shape) > MAX_ENTRIES:
        raise ValueError(f"has {prod(shape):,} entries; at most {MAX_ENTRIES:,} can be held")
    values = np.empty((count, shape[-1]))
    if "default" in others:
        draft.fill(prod(shape))
        values[:] = shaped(numbers("".join(others["default"])), shape[-1:])[0]
    positions = [{state: index for index, state in enumerate(draft.states[parent])} for parent in parents]
    places: dict[int, str] = {}
    for row in rows:
        inside, close, after = row[1:].rpartition(")")
        given = listed(inside, len(parents)) if inside.strip() else []
        if not close or len(given) != len(parents):
            names = ", ".join(parents)[:200]
            raise ValueError(f"a row needs one state for each of its parents ({names}): {excerpt(row)}")
        place = _place(draft, parents, positions, given)
        if place in places:
            raise ValueError(f"the row ({', '.join(given)[:200]}) is given twice")
        places[place] = after
        read = floats(after)
        if len(read) != shape[-1]:
            raise ValueError(f"the row ({', '.join(given)[:200]}) has {len(read)} numbers for {shape[-1]} states")
        values[place] = read
    printed = Numbers(values[list(places)], lambda: words_of("\n".join(places.values())))
    return values.reshape(shape), unit_of(values, printed)


def _place(draft: Draft, parents: Sequence[str], positions: Sequence[Mapping[str, int]], given: Sequence[str]) -> int:
    """The number of the row for these states of the parents, the last one varying fastest."""
    place = 0
    for parent, position, state in zip(parents, positions, given, strict=True):
        if state not in position:
            known = draft.states[parent]
            raise ValueError(f"{parent[:60]} has no state {shown(state)}; {suggest(state, known, show_all=True)}")
        place = place * len(position) + position[state]
    return place


def text(network: Network) -> str:
    """The network as BIF, every number with all its digits; distributions of any kind as tables.

    Names of letters, digits and signs that mean nothing in BIF stand as they are, others in quotes. Raises FormatError
    for a name with a quote in it.
    """
    lines = [f"network {_quoted(network.name)} {{", "}"]
    for variable in network.variables:
        states = ", ".join(map(_quoted, variable.states))
        lines.append(f"variable {_quoted(variable.name)} {{")
        lines += [f"  type discrete [ {len(variable.states)} ] {{ {states} }};", "}"]
    for child in network.names:
        parents = network.parents(child)
        rows = network.cpds[child].table().reshape(-1, len(network.by_name[child].states)).tolist()
        given = f" | {', '.join(map(_quoted, parents))}" if parents else ""
        lines.append(f"probability ( {_quoted(child)}{given} ) {{")
        given_states = [[_quoted(state) for state in network.by_name[parent].states] for parent in parents]
        for combination, row in zip(product(*given_states), rows, strict=True):
            head = f"({', '.join(combination)})" if parents else "table"
            lines.append(f"  {head} {', '.join(map(repr, row))};")
        lines.append("}")
    return "\n".join([*lines, ""])


def _quoted(name: str) -> str:
    if _PLAIN.fullmatch(name) and "//" not in name:
        return name
    if '"' in name:
        raise FormatError(f"BIF has no way to write the quote in the name {name!r}")
    return f'"{name}"'
