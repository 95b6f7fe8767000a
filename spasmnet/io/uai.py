"""The UAI competition's format, which has no names: variables become var_0, var_1, … and states 0, 1, …

The standard says that the last variable of a scope is the child and varies fastest. Writers differ: pgmpy 1.1 lets the
first variable vary fastest, aGrUM the child and then the first parent, and some put the child first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from itertools import islice
from math import prod
from typing import NamedTuple

import numpy as np

from spasmnet.errors import FormatError, shown
from spasmnet.io.declared import Declared, Draft, Floats, Numbers, Shape, check_axes, numbers, shaped
from spasmnet.model.network import Network

_SIGN = re.compile(r"[ \t]*+#[^\n]*+|\n|[^\s#]++")
_MARK = re.compile(r" {3}# (\S[^\n]*+)")  # behind a scope, the child's name
_NAME = re.compile(r"[ \t]*+#[ \t]*+([^\s()|,;]++)[ \t]*+")
NEAR = 0.01  # how far a row's sum may be from 1 for an order of axes to be believed


class Order(NamedTuple):
    """Where the child stands in a scope, and which variables vary fastest."""

    what: str
    child_last: bool
    backwards: bool  # of all variables in the scope, the first varies fastest
    parents_backwards: bool = False  # the child varies fastest, then the first of the parents

    def axes(self, count: int) -> list[int]:
        """Which axis of (*parents, child) each axis of the written table is, the first one varying slowest."""
        parents = list(range(count - 1))
        if self.parents_backwards:
            return [*reversed(parents), count - 1]
        written = [*parents, count - 1] if self.child_last else [count - 1, *parents]
        return written[::-1] if self.backwards else written


STANDARD = Order("the standard's: the last variable is the child and varies fastest", True, False)
AGRUM = Order("aGrUM's, whose mark the file bears: the child varies fastest, then the first parent", True, False, True)
OTHERS = (
    Order("pgmpy's: the last variable is the child, the first varies fastest", True, True),
    Order("the child first, the last variable varying fastest", False, False),
    Order("the child first and varying fastest", False, True),
)


def scan(text: str, origin: str) -> Declared:
    """What a UAI text declares; MARKOV networks are refused."""
    try:
        sizes, scopes, tables = _parts(re.sub(r"#[^\n]*", "", text))
        layouts, note = _layouts(text, sizes, scopes, tables)
    except ValueError as error:
        raise FormatError(f"{origin}: {error}") from None
    draft = Draft()
    draft.notes += note
    for variable, size in enumerate(sizes):
        draft.variable(f"var_{variable}", map(str, range(size)))
    for scope, table, (place, axes) in zip(scopes, tables, layouts, strict=True):
        parents = [f"var_{variable}" for variable in scope]
        child = parents.pop(place)
        draft.table(child, parents, partial(shaped, table, order=axes))
    return draft.declared(origin)


def _parts(text: str) -> tuple[list[int], list[list[int]], list[Numbers]]:
    """The numbers of states, the scopes and the tables, each of which has to be of the size that its scope makes."""
    words = (found[0] for found in re.finditer(r"\S++", text))

    def take(count: int) -> list[str]:
        taken = list(islice(words, count))
        if len(taken) < count:
            raise ValueError("cut short")
        return taken

    def integers() -> list[int]:
        """A count, then as many integers."""
        return [_integer(word) for word in take(_integer(take(1)[0]))]

    if (kind := take(1)[0]) != "BAYES":
        raise ValueError(f"starts with {shown(kind, 20)}; only BAYES, a directed network, can be held")
    sizes = integers()
    scopes = [integers() for _ in range(_integer(take(1)[0]))]
    for number, scope in enumerate(scopes):
        if not scope or max(scope) >= len(sizes) or len(set(scope)) < len(scope):
            raise ValueError(f"the scope {number} names no variable, one twice, or one not among 0 to {len(sizes) - 1}")
    tables = []
    for number, scope in enumerate(scopes):
        count, expected = _integer(take(1)[0]), prod(sizes[variable] for variable in scope)
        if count != expected:
            raise ValueError(
                f"the table {number} announces {count:,} numbers, but its variables' states make {expected:,}"
            )
        check_axes(len(scope))
        tables.append(numbers(" ".join(take(count))))
    if left := sum(1 for _ in words):
        raise ValueError(f"{left:,} numbers too many at the end")
    if lonely := set(range(len(sizes))).difference(*scopes):
        raise ValueError(f"the variable {min(lonely)} is in no table")
    return sizes, scopes, tables


def _integer(word: str) -> int:
    if not re.fullmatch(r"\d{1,9}", word, re.ASCII):
        raise ValueError(f"{shown(word, 20)} is not a count or an index")
    return int(word)


Layout = tuple[int, list[int]]


def _layouts(
    text: str, sizes: Sequence[int], scopes: Sequence[Sequence[int]], tables: Sequence[Numbers]
) -> tuple[list[Layout], list[str]]:
    """For each table the child's place in its scope and the order of its axes, with a note that says how that is known.

    Raises ValueError if it can be read in two ways.
    """
    order, note = _order(text, sizes, scopes, tables)
    if order is None and (places := _children(sizes, scopes, tables)) is not None:
        axes = [[*range(place), len(s) - 1, *range(place, len(s) - 1)] for place, s in zip(places, scopes, strict=True)]
        told = "the child of each table is the variable whose states' numbers sum to 1; the last one varies fastest"
        return list(zip(places, axes, strict=True)), [told]
    if order is None:
        order = STANDARD
        none = "no order of axes that is known makes all rows sum to 1, nor each variable the child of one table; "
        note = [none + _note(STANDARD)]
    return [(len(scope) - 1 if order.child_last else 0, order.axes(len(scope))) for scope in scopes], note


def _children(sizes: Sequence[int], scopes: Sequence[Sequence[int]], tables: Sequence[Numbers]) -> list[int] | None:
    """The child's place in each scope, if the sums of rows and that each variable is the child once leave one way."""
    open_places: dict[int, list[int]] = {}
    for number, (scope, table) in enumerate(zip(scopes, tables, strict=True)):
        values = table.values.reshape([sizes[variable] for variable in scope])
        with np.errstate(over="ignore"):
            sums = [np.abs(values.sum(axis=axis) - 1) <= NEAR for axis in range(values.ndim)]
        open_places[number] = [axis for axis, near in enumerate(sums) if near.all()]
    places, taken, settled = dict[int, int](), set[int](), True
    while open_places and settled:
        settled = False
        for number, options in list(open_places.items()):
            left = [place for place in options if scopes[number][place] not in taken]
            if len(left) == 1:
                places[number] = left[0]
                taken.add(scopes[number][left[0]])
                del open_places[number]
                settled = True
    return None if open_places else [places[number] for number in range(len(scopes))]


def _order(
    text: str, sizes: Sequence[int], scopes: Sequence[Sequence[int]], tables: Sequence[Numbers]
) -> tuple[Order | None, list[str]]:
    """The order that all tables share, and a note of it; None if none fits; raises ValueError if two do."""
    comments = _comments(text, 3 + len(sizes), scopes) if "#" in text else []
    matters = any(len(scope) > 2 for scope in scopes)
    marked = len(comments) == len(scopes) and len(set(comments)) == len(comments)
    if marked and all(_MARK.fullmatch(comment) for comment in comments):
        return AGRUM, [_note(AGRUM)] if matters else []
    if marked and matters and all(_NAME.fullmatch(comment) for comment in comments):
        raise ValueError(
            "can be read in two ways, as the names behind the scopes may be the mark by which aGrUM's order of parents "
            "is known: remove these comments for the standard's order, or save the network as BIF for aGrUM's"
        )
    fitting = [order for order in (STANDARD, *OTHERS) if _fits(order, sizes, scopes, tables)]
    if not fitting:
        return None, []
    first, *others = fitting
    if any(_differ(first, other, sizes, scopes, tables) for other in others):
        raise ValueError(
            "can be read in two ways (by the UAI standard, and as pgmpy 1.1 writes it); use another format"
        )
    return first, [_note(first)] if matters or first is not STANDARD else []


def _note(order: Order) -> str:
    return f"the order of axes is taken to be {order.what}"


def _comments(text: str, words: int, scopes: Sequence[Sequence[int]]) -> list[str]:
    """The comments that stand on the lines of the scopes, which follow after so many words."""
    signs = (found[0] for found in _SIGN.finditer(text))
    ends = np.cumsum([len(scope) + 1 for scope in scopes]) + words
    last, comments, seen, scope = set(ends.tolist()), [], 0, -1
    for sign in signs:
        if sign.lstrip().startswith("#"):
            if seen in last and scope != seen:
                comments.append(sign)
            scope = seen
        elif sign == "\n":
            scope = seen
        else:
            if seen >= ends[-1]:
                break
            seen += 1
    return comments


def _child(order: Order, scope: Sequence[int]) -> int:
    return scope[-1 if order.child_last else 0]


def _fits(order: Order, sizes: Sequence[int], scopes: Sequence[Sequence[int]], tables: Sequence[Numbers]) -> bool:
    """Whether each variable is the child of one table, and all rows sum to about 1."""
    if len({_child(order, scope) for scope in scopes}) < len(scopes):
        return False
    arrays = (_table(order, sizes, scope, table) for scope, table in zip(scopes, tables, strict=True))
    with np.errstate(over="ignore"):
        return all(bool((np.abs(values.sum(axis=-1) - 1) <= NEAR).all()) for values in arrays)


def _differ(
    one: Order, other: Order, sizes: Sequence[int], scopes: Sequence[Sequence[int]], tables: Sequence[Numbers]
) -> bool:
    return any(
        _child(one, scope) != _child(other, scope)
        or not np.array_equal(_table(one, sizes, scope, table), _table(other, sizes, scope, table))
        for scope, table in zip(scopes, tables, strict=True)
    )


def _table(order: Order, sizes: Sequence[int], scope: Sequence[int], table: Numbers) -> Floats:
    """The numbers with axes (*parents, child), without a check of their sums."""
    shape: Shape = tuple(sizes[variable] for variable in (scope if order.child_last else [*scope[1:], scope[0]]))
    axes = order.axes(len(scope))
    return table.values.reshape([shape[axis] for axis in axes]).transpose(np.argsort(axes))


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
