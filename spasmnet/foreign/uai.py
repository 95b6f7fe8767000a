"""The UAI competition's format, which has no names: variables become var_0, var_1, … and states 0, 1, …"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from itertools import islice
from math import prod

import numpy as np

from spasmnet.errors import FormatError
from spasmnet.foreign.declared import Declared, Draft, Floats, Shape, numbers, shaped
from spasmnet.network import Network


def scan(text: str, origin: str) -> Declared:
    """What a UAI text declares; MARKOV networks are refused."""
    tokens = iter(re.sub(r"#[^\n]*", "", text).split())

    def take(count: int) -> list[str]:
        taken = list(islice(tokens, count))
        if len(taken) < count:
            raise ValueError("cut short")
        return taken

    def integers() -> list[int]:
        """A count, then as many integers."""
        return [_integer(token) for token in take(_integer(take(1)[0]))]

    try:
        if (kind := take(1)[0]) != "BAYES":
            raise ValueError(f"starts with {kind[:20]!r}; only BAYES, a Bayesian network, can be held")
        sizes = integers()
        scopes = [integers() for _ in range(_integer(take(1)[0]))]
        tables = [numbers(" ".join(take(_integer(take(1)[0])))) for _ in scopes]
        if left := list(tokens):
            raise ValueError(f"{len(left)} numbers too many at the end")
        if any(not scope or max(scope) >= len(sizes) for scope in scopes):
            raise ValueError(f"a table names no variable, or one that is not among 0 to {len(sizes) - 1}")
        backwards = _is_backwards([tuple(sizes[at] for at in scope) for scope in scopes], tables)
    except ValueError as error:
        raise FormatError(f"{origin}: {error}") from None
    draft = Draft()
    for at, size in enumerate(sizes):
        draft.variable(f"var_{at}", map(str, range(size)))
    for scope, table in zip(scopes, tables, strict=True):
        *parents, child = (f"var_{at}" for at in scope)
        draft.table(child, parents, partial(_values, table, backwards))
    return draft.declared(origin)


def _integer(token: str) -> int:
    if not re.fullmatch(r"\d{1,9}", token, re.ASCII):
        raise ValueError(f"{token[:20]!r} is not a count or an index")
    return int(token)


def _values(table: Sequence[float], backwards: bool, shape: Shape) -> Floats:
    return np.ascontiguousarray(shaped(table, shape[::-1]).T) if backwards else shaped(table, shape)


def _is_backwards(shapes: Sequence[Shape], tables: Sequence[list[float]]) -> bool:
    """Whether the first variable of a scope varies fastest, as pgmpy 1.1 writes, not the last, as the standard says.

    Only one of the two readings has rows that sum to 1, except in rare cases, which are refused.
    """
    sized = [(shape, table) for shape, table in zip(shapes, tables, strict=True) if len(table) == prod(shape)]
    standard, backwards = ([_values(table, flag, shape) for shape, table in sized] for flag in (False, True))
    if not all(_has_unit_rows(values) for values in backwards):
        return False
    if not all(_has_unit_rows(values) for values in standard):
        return True
    if all(np.array_equal(one, other) for one, other in zip(standard, backwards, strict=True)):
        return False
    raise ValueError("can be read in two ways (by the UAI standard, and as pgmpy 1.1 writes it); use another format")


def _has_unit_rows(values: Floats) -> bool:
    return bool((np.abs(values.sum(axis=-1) - 1) <= 0.01).all())


def text(network: Network) -> str:
    """The network in the UAI format, every number with all its digits; distributions of any kind as tables.

    Raises FormatError unless variables are called var_0, var_1, … and states "0", "1", …, for the format has no names.
    """
    numbers = {variable.name: tuple(map(str, range(len(variable.states)))) for variable in network.variables}
    wanted = {f"var_{at}" for at in range(len(network))}
    if wanted != set(numbers) or any(variable.states != numbers[variable.name] for variable in network.variables):
        raise FormatError("UAI has no names: variables have to be called var_0, var_1, … and states 0, 1, …")
    numbered = [f"var_{at}" for at in range(len(network))]
    position = {name: at for at, name in enumerate(numbered)}
    scopes = [[*network.parents(name), name] for name in numbered]
    lines = ["BAYES", str(len(network)), " ".join(str(len(network.by_name[name].states)) for name in numbered)]
    lines += [str(len(network)), *(f"{len(scope)} {' '.join(str(position[n]) for n in scope)}" for scope in scopes)]
    for name in numbered:
        values = network.cpds[name].table()
        rows = values.reshape(-1, values.shape[-1]).tolist()
        lines += ["", str(values.size), *(" ".join(map(_positional, row)) for row in rows)]
    return "\n".join([*lines, ""])


def _positional(number: float) -> str:
    """The shortest decimals that are this number, without an exponent, which some readers of UAI do not know."""
    return np.format_float_positional(number, trim="0")
