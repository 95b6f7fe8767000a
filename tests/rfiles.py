"""R's serialisation (XDR, version 2), enough of it to write fitted networks of bnlearn, also broken ones."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

NIL = struct.pack(">i", 254)


def _flags(kind: int, *, attributes: bool = False, tag: bool = False) -> bytes:
    return struct.pack(">i", kind | (attributes << 9) | (tag << 10) | ((attributes and kind == 19) << 8))


def text(value: str, encoding: str = "utf-8") -> bytes:
    """A CHARSXP."""
    data = value.encode(encoding)
    return struct.pack(">i", 9 | ((8 if encoding == "utf-8" else 4) << 12)) + struct.pack(">i", len(data)) + data


def symbol(name: str) -> bytes:
    """A symbol, written out each time."""
    return struct.pack(">i", 1) + text(name)


def pairlist(items: dict[str, bytes]) -> bytes:
    """A linked list with tags."""
    return b"".join(_flags(2, tag=True) + symbol(name) + value for name, value in items.items()) + NIL


def _with(items: dict[str, bytes]) -> bytes:
    return pairlist(items) if items else b""


def strings(values: list[str] | tuple[str, ...], encoding: str = "utf-8") -> bytes:
    """A character vector."""
    return _flags(16) + struct.pack(">i", len(values)) + b"".join(text(value, encoding) for value in values)


def reals(values: Any, **attributes: bytes) -> bytes:
    """A numeric vector."""
    data = np.asarray(values, dtype=">f8").tobytes()
    return _flags(14, attributes=bool(attributes)) + struct.pack(">i", len(data) // 8) + data + _with(attributes)


def integers(values: Any) -> bytes:
    """An integer vector."""
    data = np.asarray(values, dtype=">i4").tobytes()
    return _flags(13) + struct.pack(">i", len(data) // 4) + data


def vector(items: list[bytes], **attributes: bytes) -> bytes:
    """A list."""
    return _flags(19, attributes=bool(attributes)) + struct.pack(">i", len(items)) + b"".join(items) + _with(attributes)


def named(items: dict[str, bytes], *classes: str) -> bytes:
    """A list with names, and perhaps classes."""
    attributes = {"names": strings(list(items))} | ({"class": strings(classes)} if classes else {})
    return vector(list(items.values()), **attributes)


def node(
    name: str, states: dict[str, list[str]], prob: Any, kind: str = "bn.fit.dnode", encoding: str = "utf-8"
) -> bytes:
    """A node of bn.fit: `prob` has axes (state, *parents), `states` those of each axis, the node's own first."""
    dimnames = vector([strings(one, encoding) for one in states.values()], names=strings(list(states), encoding))
    table = np.asarray(prob, dtype=float)
    content = {
        "node": strings([name]), "parents": strings(list(states)[1:], encoding), "children": strings([]),
        "prob": reals(table.ravel(order="F"), dim=integers(table.shape), dimnames=dimnames),
    }  # fmt: skip
    return named(content, kind)


def network(nodes: dict[str, bytes], kind: str = "bn.fit.dnet") -> bytes:
    """A bn.fit object."""
    return named(nodes, "bn.fit", kind)


HEADER = b"X\n" + struct.pack(">iii", 2, 0x40302, 0x20300)


def rds(value: bytes) -> bytes:
    """A file of one object."""
    return HEADER + value


def rda(objects: dict[str, bytes]) -> bytes:
    """A file of named objects."""
    return b"RDX2\n" + HEADER + pairlist(objects)
