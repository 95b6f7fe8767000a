"""The Bayesian Interchange Format (BIF 0.15), as bnlearn, pgmpy, aGrUM and GeNIe write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

import numpy as np

from spasmnet.errors import FormatError, suggest
from spasmnet.foreign.declared import MAX_AXES, MAX_ENTRIES, Declared, Draft, Floats, Shape, numbers, shaped
from spasmnet.foreign.text import BLOCK, QUOTED, blocks, listed, name, statements
from spasmnet.network import Network

_BLOCK = re.compile(rf"\s*+(network|variable|probability){BLOCK}")
_COMMENT = re.compile(rf"{QUOTED}|//[^\n]*+|/\*.*?\*/", re.DOTALL)
_TYPE = re.compile(r"type\s+discrete\s*\[\s*(\d+)\s*\]\s*\{(.*)\}", re.DOTALL)
_BAR = re.compile(rf'((?:[^|"]++|{QUOTED})*+)(\|?)(.*)', re.DOTALL)
_PLAIN = re.compile(r"[\w.+<>=/-]+")  # names that need no quotes


def scan(text: str, origin: str) -> Declared:
    """What a BIF text declares."""
    draft = Draft()
    for kind, head, body, place in blocks(text, _BLOCK, _COMMENT, origin):
        try:
            found = [statement for statement in statements(body) if not _is_property(statement)]
            if kind == "probability":
                _probability(draft, head, found)
            elif kind == "variable":
                _variable(draft, name(head), found)
            else:
                draft.name = name(head) if head else ""
                if found:
                    raise ValueError(f"not understood: {found[0][:60]!r}")
        except ValueError as error:
            raise FormatError(f"{place}: {error}") from None
    return draft.declared(origin)


def _is_property(statement: str) -> bool:
    if not re.match(r"property\b", statement):
        return False
    if "\n" in statement:  # a comment sign in it has swallowed its semicolon, and with it the next statement
        raise ValueError(f"a property goes on over several lines: {statement.splitlines()[0][:60]!r}")
    return True


def _variable(draft: Draft, variable: str, found: list[str]) -> None:
    declaration = _TYPE.fullmatch(found[0]) if len(found) == 1 else None
    if not declaration:
        raise ValueError(f"{variable} needs `type discrete [n] {{ states }};` and nothing else but properties")
    count = int(declaration[1])
    states = listed(declaration[2], count)
    if len(states) != count:
        raise ValueError(f"{variable} announces {count} states but lists {len(states)}: {', '.join(states)}")
    draft.variable(variable, states)


def _probability(draft: Draft, head: str, found: list[str]) -> None:
    split = _BAR.fullmatch(head[1:-1]) if head[:1] == "(" and head[-1:] == ")" else None
    if not split:
        raise ValueError(f"not understood: probability {head[:60]}")
    child, bar, given = split[1].strip(), split[2], split[3].strip()
    if bar:
        parents = [given] if given in draft.states else listed(given) if given else []
        names = [name(child), *parents]
    else:  # either a name, perhaps with blanks, or the older form: child, then parents
        names = [child] if child in draft.states else listed(child)
    draft.table(names[0], names[1:], lambda shape: _values(draft.states, names[1:], found, shape))


def _values(states: Mapping[str, tuple[str, ...]], parents: Sequence[str], found: list[str], shape: Shape) -> Floats:
    """From `table …` (the child's state varies slowest), or a row `(states) …` each, `default …` for the others."""
    rows = [statement for statement in found if statement[0] == "("]
    others = {(words := statement.split(None, 1))[0]: words[1:] for statement in found if statement[0] != "("}
    if len(rows) + len(others) != len(found) or not others.keys() <= ({"default"} if rows else {"table", "default"}):
        raise ValueError(f"not understood, or given twice: {next(s for s in found if s[0] != '(')[:60]!r}")
    if "table" in others:
        if len(others) > 1:
            raise ValueError("has both a table and a default")
        return np.ascontiguousarray(np.moveaxis(shaped(numbers(*others["table"]), (shape[-1], *shape[:-1])), 0, -1))
    count = prod(shape[:-1])
    if "default" not in others and len(rows) < count:
        raise ValueError(f"has {len(rows):,} rows, but its parents' states make {count:,}, and each is needed")
    if prod(shape) > MAX_ENTRIES or len(shape) > MAX_AXES:
        raise ValueError(f"has {prod(shape):,} entries and {len(shape) - 1} parents, which is too many")
    values = np.empty((count, shape[-1]))
    if "default" in others:
        values[:] = shaped(numbers(*others["default"]), shape[-1:])
    positions = [{state: at for at, state in enumerate(states[parent])} for parent in parents]
    seen: set[int] = set()
    for row in rows:
        inside, close, after = row[1:].rpartition(")")
        given = listed(inside, len(parents)) if inside.strip() else []
        if not close or len(given) != len(parents):
            raise ValueError(f"a row needs one state for each of its parents ({', '.join(parents)}): {row[:60]!r}")
        at = 0
        for parent, position, state in zip(parents, positions, given, strict=True):
            if state not in position:
                raise ValueError(f"{parent} has no state {state!r}; {suggest(state, states[parent], show_all=True)}")
            at = at * len(position) + position[state]
        if at in seen:
            raise ValueError(f"the row ({', '.join(given)}) is given twice")
        seen.add(at)
        read = numbers(after)
        if len(read) != shape[-1]:
            raise ValueError(f"the row ({', '.join(given)}) has {len(read)} numbers for {shape[-1]} states")
        values[at] = read
    return values.reshape(shape)


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
        states = [[_quoted(state) for state in network.by_name[parent].states] for parent in parents]
        for combination, row in zip(product(*states), rows, strict=True):
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
