"""Public functions tell what is wrong with their arguments: what they raise on purpose, else which one is of no use.

The functions check what they are given, and their messages come first. Only where something else is raised are the
arguments held against the declared types: one that does not fit is named in an ArgumentError. If all fit, the fault is
ours and is raised as it is.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Set
from numbers import Integral, Real
from types import FunctionType
from typing import Any, TypeVar

from spasmnet.errors import ArgumentError, SpasmnetError, shown

F = TypeVar("F", bound=Callable[..., Any])
LARGEST = 10**300  # of whole numbers: a float can hold it, and Python shows it
ELEMENTS = 1000  # of a collection that are looked at
NAMES = ("Sequence", "Collection", "Iterable", "tuple", "list", "set", "Set", "frozenset")
CONTAINERS = (list, tuple, set, frozenset, Set, range)


def public(function: F) -> F:
    """A function, or a class with its constructor and its methods, whose wrong arguments are SpasmnetErrors."""
    if isinstance(function, type):
        for name, method in list(vars(function).items()):
            if isinstance(method, FunctionType) and (name == "__init__" or not name.startswith("_")):
                setattr(function, name, public(method))
        return function

    @functools.wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (SpasmnetError, Warning):
            raise
        except Exception as error:
            fault = _fault(function, args, options)
            if fault is None:
                raise
            raise ArgumentError(fault) from error

    return called  # type: ignore[return-value]


def _fault(function: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]) -> str | None:
    """The first argument that does not fit its declared type; None if there is none, or their number is wrong."""
    import inspect

    signature = inspect.signature(function)
    try:
        given = signature.bind(*args, **options).arguments
    except TypeError:
        return None
    for name, value in given.items():
        parameter = signature.parameters[name]
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or name == "self":
            continue
        declared = parameter.annotation if isinstance(parameter.annotation, str) else str(parameter.annotation)
        if not _fits(value, declared, function.__globals__):
            return f"{name} is {shown(value)}, which cannot be used here{_readable(declared)}"
    return None


def _readable(declared: str) -> str:
    names = {"int": "whole number", "float": "number", "str": "text", "bool": "True or False", "None": "None"}
    parts = [names.get(part, part) for part in _split(declared, "|")]
    return "" if {"Any", "object"} & set(parts) else f": it takes {' or '.join(parts)}"


def _fits(value: object, declared: str, known: Mapping[str, Any]) -> bool:
    """Whether a value is of a type, as it is written; what is inside collections is looked at, too."""
    return any(_fits_one(value, part, known) for part in _split(declared, "|"))


def _fits_one(value: Any, declared: str, known: Mapping[str, Any]) -> bool:
    name, _, inner = declared.partition("[")
    name, parts = name.rpartition(".")[2].strip(), _split(inner.rstrip().removesuffix("]"), ",") if inner else []
    plain: dict[str, Callable[[Any], object]] = {
        "Any": _is_plain,
        "object": _is_plain,
        "None": lambda value: value is None,
        "int": lambda value: _is_number(value, Integral) and abs(int(value)) < 2**62,
        "float": lambda value: _is_number(value, Real) and abs(value) < LARGEST,
        "bool": lambda value: isinstance(value, bool),
        "str": lambda value: isinstance(value, str) and _is_text(value),
        "PathLike": lambda value: isinstance(value, os.PathLike) and _is_text(_path(value)),
        "Callable": callable,
    }
    if name in plain:
        return bool(plain[name](value))
    if name in ("Mapping", "dict", "FrozenMapping"):
        pairs = _first(value.items()) if isinstance(value, Mapping) else None
        inside = parts or ["Any", "Any"]
        return pairs is not None and all(_fits(k, inside[0], known) and _fits(v, inside[-1], known) for k, v in pairs)
    if name in NAMES:
        inside = [part for part in parts if part != "..."]
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, CONTAINERS):
            return False
        if name == "tuple" and inside and "..." not in parts:
            return len(value) == len(inside) and all(
                _fits(v, part, known) for v, part in zip(value, inside, strict=True)
            )
        return all(_fits(element, inside[0] if inside else "Any", known) for element in _first(value))
    alias = known.get(name)
    if isinstance(alias, TypeVar):
        return True
    if alias is not None and not isinstance(alias, type):  # such as Target = str | tuple[str, str]
        return _fits(value, str(alias).replace("typing.", ""), known)
    if name == "ndarray" and isinstance(value, CONTAINERS):
        return _is_plain(value)
    return any(kind.__name__ == name for kind in type(value).__mro__)


def _is_number(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _is_text(text: object) -> bool:
    if isinstance(text, bytes):
        return b"\0" not in text
    return isinstance(text, str) and len(text) < 10_000 and "\0" not in text


def _path(value: Any) -> object:
    try:
        return os.fspath(value)
    except Exception:  # of a foreign object
        return None


def _is_plain(value: object, depth: int = 0) -> bool:
    """Whether this is made of texts, numbers, collections of such, and nothing else, or is of a library for data."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, (str, Real)):
        return _fits_one(value, "str" if isinstance(value, str) else "float", {})
    if depth > 5:
        return False
    if isinstance(value, Mapping):
        return all(_is_plain(part, depth + 1) for pair in _first(value.items()) for part in pair)
    return isinstance(value, CONTAINERS) and all(_is_plain(part, depth + 1) for part in _first(value))


def _first(values: Any) -> Iterator[Any]:
    from itertools import islice

    return islice(values, ELEMENTS)


def _split(text: str, border: str) -> list[str]:
    """The parts of a type, as it is written, between borders outside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == border and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]
