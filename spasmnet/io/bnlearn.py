"""Networks of R: the fitted networks (bn.fit) of the package bnlearn in .rda, .RData and .rds files, as bnRep has them.

R's serialisation is read by the package `rdata`, which is installed with `pip install 'spasmnet[r]'`; nothing in a file
is run.
"""

from __future__ import annotations

import bz2
import lzma
import warnings
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from spasmnet.errors import FormatError, ModelError, Problem, shown
from spasmnet.io.declared import MAX_AXES, Declared, Floats

if TYPE_CHECKING:
    from rdata.parser import RObject

MOST_BYTES = 512 * 2**20
UnknownRows = Literal["refuse", "uniform"]

_CONTINUOUS = {
    "bn.fit.gnode": "is continuous (Gaussian)",
    "bn.fit.cgnode": "is continuous (conditional Gaussian)",
}
_DISCRETE = ("bn.fit.dnode", "bn.fit.onode")


def scan(data: bytes, origin: str, unknown_rows: UnknownRows = "refuse") -> Declared:
    """What the one bn.fit object of an R file declares: each node's table, parents and states in bnlearn's order.

    A row of a table is all NaN where the data from which it was learnt have no such case; `unknown_rows="uniform"`
    makes such rows even, which the notes of what is returned count, and "refuse" names them. Raises FormatError if the
    file holds no such object, or several, and ModelError with everything that is wrong with it, continuous nodes above
    all.
    """
    if unknown_rows not in ("refuse", "uniform"):
        raise FormatError(f'unknown_rows has to be "refuse" or "uniform", not {shown(unknown_rows)}')
    objects = _objects(data, origin)
    fitted = [name for name, value in objects.items() if "bn.fit" in _classes(value)]
    if len(fitted) != 1:
        listed = ", ".join(
            f"{name} ({' '.join(_classes(value)) or 'no class'})".lstrip() for name, value in objects.items()
        )
        if fitted:
            raise FormatError(
                f"{origin} holds several networks: {', '.join(fitted)}; save the one you want with saveRDS"
            )
        advice = "fit the structure to data in R (bn.fit) and save the result with saveRDS"
        raise FormatError(f"{origin} holds no fitted network of bnlearn (bn.fit), but {listed[:300]}; {advice}")
    nodes = dict(_fields(objects[fitted[0]]))
    problems: list[Problem] = []
    tables = {name: table for name, node in nodes.items() if (table := _table(name, node, problems)) is not None}
    notes = _checked(tables, problems, unknown_rows)
    if problems:
        raise ModelError(problems, origin)
    states = {name: table.states[0] for name, table in tables.items()}
    parents = {name: table.names[1:] for name, table in tables.items()}
    return Declared(fitted[0], states, parents, {name: table.values for name, table in tables.items()}, notes=notes)


class _Table:
    """A node's table, its own axis last, with the names of its variables and their states: the node's own first."""

    def __init__(self, values: Floats, names: tuple[str, ...], states: tuple[tuple[str, ...], ...]) -> None:
        self.values, self.names, self.states = values, names, states


def _table(name: str, node: RObject, problems: list[Problem]) -> _Table | None:
    """The table of a node, or None and a problem."""
    where = f"variables.{name}"
    kinds = _classes(node)
    if reason := next((reason for kind, reason in _CONTINUOUS.items() if kind in kinds), None):
        problems.append(Problem(where, f"{reason}, and only discrete variables can be held; discretise its data in R"))
        return None
    fields = dict(_fields(node))
    if not set(kinds) & set(_DISCRETE) or "prob" not in fields:
        problems.append(Problem(where, f"is of the class {' '.join(kinds) or 'none'}, which is not read"))
        return None
    prob = fields["prob"]
    attributes = dict(_attributes(prob))
    dimnames = list(_items(attributes["dimnames"])) if "dimnames" in attributes else []
    states = tuple(tuple(_strings(one)) for one in dimnames)
    shape = tuple(map(len, states))
    parents = tuple(_strings(fields["parents"])) if "parents" in fields else ()
    own = dict(_attributes(attributes["dimnames"])).get("names") if "dimnames" in attributes else None
    names = tuple(_strings(own)) if own is not None else (name, *parents)
    names = (name, *names[1:])  # a root's only axis may have no name
    values = np.asarray(prob.value, dtype=np.float64).ravel()
    if not states or values.size != np.prod(shape) or len(names) != len(shape) or set(names[1:]) != set(parents):
        axes = f"its table has {len(shape)} axes of {list(shape)} states and {values.size} numbers"
        problems.append(Problem(f"{where}.cpd", f"{axes}, which do not fit its parents {list(parents)}"))
        return None
    if len(shape) > MAX_AXES:
        problems.append(Problem(f"{where}.cpd", f"has {len(parents)} parents; at most {MAX_AXES - 1} can be held"))
        return None
    table = np.moveaxis(values.reshape(shape, order="F"), 0, -1)  # R's first axis varies fastest
    return _Table(np.ascontiguousarray(table), names, states)


def _checked(tables: Mapping[str, _Table], problems: list[Problem], unknown_rows: UnknownRows) -> tuple[str, ...]:
    """Check that states agree, and fill rows without data if that is wanted; what was filled, in words."""
    notes = []
    for name, table in tables.items():
        for parent, states in zip(table.names[1:], table.states[1:], strict=True):
            if parent not in tables:
                if not any(problem.path == f"variables.{parent}" for problem in problems):
                    problems.append(Problem(f"variables.{name}.cpd", f"its parent {parent!r} is no node"))
            elif states != tables[parent].states[0]:
                fault = f"has the states {list(states)} for its parent {parent!r}, whose own are"
                problems.append(Problem(f"variables.{name}.cpd", f"{fault} {list(tables[parent].states[0])}"))
        unknown = np.isnan(table.values).all(axis=-1)
        if not unknown.any():
            continue
        count, total = int(unknown.sum()), unknown.size
        rows = f"{count:,} of {total:,} rows {'has' if count == 1 else 'have'} no numbers (NaN)"
        cause = "the data from which they were learnt have no such case"
        if unknown_rows == "uniform":
            table.values[unknown] = 1 / table.values.shape[-1]
            notes.append(f"{name!r}: {rows}, since {cause}; they were taken as uniform")
        else:
            at = np.argwhere(unknown)[0].tolist()
            given = ", ".join(f"{p}={s[u]}" for p, s, u in zip(table.names[1:], table.states[1:], at, strict=True))
            first = f", the first given {given}" if given else ""
            advice = 'unknown_rows="uniform" makes them even'
            problems.append(Problem(f"variables.{name}.cpd", f"{rows}{first}: {cause}; {advice}"))
    return tuple(notes)


# ------------------------------------------------------------------ R's objects


def _objects(data: bytes, origin: str) -> dict[str, RObject]:
    """The objects of a file by name; that of an .rds file has none."""
    try:
        from rdata.parser import RObjectType, parse_data
    except ImportError as error:
        raise FormatError(f"the package rdata is needed for R's files: pip install 'spasmnet[r]' ({error})") from None
    content = _unpacked(data, origin)
    named = content.startswith((b"RDX", b"RDA", b"RDB"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            root = parse_data(content, extension=".rda" if named else ".rds").object
    except (Exception, RecursionError) as error:  # whatever a damaged file makes of another library
        raise FormatError(f"{origin} is not data of R, or damaged: {type(error).__name__} {str(error)[:200]}") from None
    if not named:
        return {"": root}
    return dict(_fields(root)) if root.info.type in (RObjectType.LIST, RObjectType.NILVALUE) else {}


def _unpacked(data: bytes, origin: str) -> bytes:
    """The content of a file that R compressed with gzip, bzip2 or xz, within a bound."""
    try:
        if data.startswith(b"\x1f\x8b"):
            content = zlib.decompressobj(wbits=31).decompress(data, MOST_BYTES + 1)
        elif data.startswith(b"BZh"):
            content = bz2.BZ2Decompressor().decompress(data, MOST_BYTES + 1)
        elif data.startswith(b"\xfd7zXZ\0"):
            content = lzma.LZMADecompressor(memlimit=MOST_BYTES).decompress(data, MOST_BYTES + 1)
        else:
            content = data
    except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise FormatError(f"{origin} is compressed and damaged: {error}") from None
    if len(content) > MOST_BYTES:
        raise FormatError(f"{origin} unpacks to more than {MOST_BYTES:,} bytes, which are not read")
    return content


def _fields(value: RObject) -> Iterator[tuple[str, RObject]]:
    """The named items of a list, also of R's older linked lists."""
    if isinstance(value.value, tuple):
        yield from _linked(value)
    else:
        names = dict(_attributes(value)).get("names")
        yield from zip(_strings(names) if names is not None else [], _items(value), strict=False)


def _linked(value: RObject | None) -> Iterator[tuple[str, RObject]]:
    while value is not None and isinstance(value.value, tuple):
        if value.tag is not None:
            yield _symbol(value.tag), value.value[0]
        value = value.value[1]


def _attributes(value: RObject) -> Iterator[tuple[str, RObject]]:
    return _linked(value.attributes)


def _symbol(value: RObject) -> str:
    symbol = value.referenced_object or value
    return _text(symbol.value)


def _items(value: RObject) -> list[RObject]:
    return list(value.value) if isinstance(value.value, list) else []


def _strings(value: RObject) -> list[str]:
    return [_text(item) for item in _items(value)]


def _text(value: RObject) -> str:
    """A text, which R marks as UTF-8 or Latin-1, or leaves to the reader."""
    data = value.value or b""
    try:
        return str(data.decode("utf-8"))
    except UnicodeDecodeError:
        return str(data.decode("latin-1"))


def _classes(value: RObject) -> list[str]:
    found = dict(_attributes(value)).get("class")
    return _strings(found) if found is not None else []
