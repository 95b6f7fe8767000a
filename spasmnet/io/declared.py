"""What a foreign file declares, and the checks that all formats share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, log10, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import FormatError, ModelError, Problem, brief, shown, suggest

Floats = NDArray[np.float64]
Shape = tuple[int, ...]
MAX_ENTRIES = 50_000_000  # of a table that stands in the file
MAX_FILLED = 2**22  # of all tables of a file that `default` fills
MAX_AXES = 64  # of a numpy array
MOST_PROBLEMS = 100
NEGLIGIBLE = 1e-6  # how far a row's sum may be from 1, however many digits are printed

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_PLAIN = re.compile(r"[-+.,eE\d\s]*+", re.ASCII)
_PRINTED = re.compile(r"[-+]?\d*\.?(\d*)(?:[eE]([-+]?\d+))?", re.ASCII)
_BLANK = re.compile(r"[\s,]")
_PIECE = 2**18  # characters of numbers that are read at once: their words take much memory


@dataclass(frozen=True)
class Declared:
    """Names and states in their order, and for each variable its parents and its distribution.

    A distribution is a table with axes (*parents, state), or of another kind if the file says so.
    `units` holds, for tables with rows that are off by more than 1e-6, the value of one in the last printed digit.
    `notes` says what reading the file assumed or left out.
    """

    name: str
    states: Mapping[str, tuple[str, ...]]
    parents: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Any]
    units: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Numbers:
    """Numbers in the order of the file; `words` gives their texts again.

    >>> numbers("0.333 0.667").unit
    0.001
    """

    values: Floats
    words: Callable[[], Iterable[str]]

    @property
    def unit(self) -> float:
        """The value of one in the last printed digit, of the numbers in the largest decade below 1; 0 if there is none.

        Whether a writer keeps a number of decimals or of significant digits, it is the same there.
        """
        below = self.values[(self.values > 0) & (self.values < 1)]
        if not below.size:
            return 0.0
        decade = 10.0 ** floor(log10(float(below.max())))
        digits = 0
        for word, value in zip(self.words(), self.values.ravel().tolist(), strict=True):
            if decade <= value < 1 and (printed := _PRINTED.fullmatch(word)):
                digits = max(digits, len(printed[1]) - int((printed[2] or "0")[:5]))
        return float(10.0 ** -min(digits, 300))


Reader = Callable[[Shape], tuple[Any, float]]


class Draft:
    """Collects declarations in any order, then checks that each variable has exactly one table of the right size."""

    def __init__(self) -> None:
        self.name = ""
        self.states: dict[str, tuple[str, ...]] = {}
        self.notes: list[str] = []
        self.filled = 0
        self._tables: dict[str, tuple[tuple[str, ...], Reader]] = {}
        self._problems: list[Problem] = []

    def problem(self, path: str, message: str) -> None:
        """Note what does not fit together; at most a hundred such things are kept."""
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(Problem(brief(path, 200), message))
        elif len(self._problems) == MOST_PROBLEMS:
            self._problems.append(Problem("", f"and more than the {MOST_PROBLEMS} problems above"))

    def variable(self, name: str, states: Iterable[str]) -> None:
        """Declare a variable."""
        if name in self.states:
            self.problem(f"variables.{name}", "is declared twice")
        self.states[name] = states = tuple(states)
        if len(set(states)) < len(states):
            for state, count in Counter(states).items():
                if count > 1:
                    self.problem(f"variables.{name}.states", f"{shown(state)} stands twice")

    def table(self, name: str, parents: Iterable[str], read: Reader) -> None:
        """Declare a distribution; `read` makes values and unit once the shape is known, or raises ValueError."""
        if name in self._tables:
            self.problem(f"variables.{name}.cpd", "is given twice")
        self._tables[name] = tuple(parents), read

    def fill(self, entries: int) -> None:
        """Account for entries that a file does not write out; raises ValueError if it asks for too many in all."""
        self.filled += entries
        if self.filled > MAX_FILLED:
            raise ValueError(f"`default` would fill more than {MAX_FILLED:,} entries of this file's tables")

    def declared(self, origin: str) -> Declared:
        """Everything declared; raises one ModelError with all that does not fit together."""
        if not self.states and not self._problems and not self._tables:
            raise FormatError(f"{origin}: no variable is declared")
        for name in self.states:
            if name not in self._tables:
                self.problem(f"variables.{name}", "has no distribution; the file may be cut short")
        values: dict[str, Any] = {}
        units: dict[str, float] = {}
        for name, (parents, read) in self._tables.items():
            where = f"variables.{name}.cpd"
            unknown = [other for other in dict.fromkeys((name, *parents)) if other not in self.states]
            for other in unknown:
                near = "" if len(self._problems) >= MOST_PROBLEMS else f"; {suggest(other, self.states)}"
                self.problem(where, f"{shown(other)} is not declared{near}")
            if not unknown:
                try:
                    shape = (*(len(self.states[parent]) for parent in parents), len(self.states[name]))
                    values[name], units[name] = read(shape)
                except ValueError as error:
                    self.problem(where, str(error))
        if self._problems:
            raise ModelError(self._problems, origin)
        parents_of = {name: self._tables[name][0] for name in self.states}
        return Declared(self.name, self.states, parents_of, values, units, tuple(self.notes))


def words_of(text: str) -> Iterator[str]:
    """The words of a text, separated by blanks or commas, a piece of it at a time."""
    start = 0
    while start < len(text):
        end = _BLANK.search(text, start + _PIECE)
        stop = end.start() if end else len(text)
        yield from text[start:stop].replace(",", " ").split()
        start = stop


def floats(text: str) -> list[float]:
    """Decimal numbers separated by blanks or commas; refuses nan, inf and whatever else float() would take.

    >>> floats("0.25, 7.5e-1")
    [0.25, 0.75]
    """
    try:
        if _PLAIN.fullmatch(text):
            return [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        pass
    raise _no_number(words_of(text))


def numbers(text: str) -> Numbers:
    """Many such numbers; see `floats`."""
    try:
        if _PLAIN.fullmatch(text):
            return Numbers(np.fromiter(map(float, words_of(text)), np.float64), lambda: words_of(text))
    except ValueError:
        pass
    raise _no_number(words_of(text))


def _no_number(words: Iterable[str]) -> ValueError:
    wrong = next((word for word in words if not _NUMBER.fullmatch(word)), "")
    return ValueError(f"{shown(wrong, 40)} is not a number")


def table(text: str) -> Reader:
    """A reader of numbers in the order of axes (*parents, state), the last one varying fastest."""
    return lambda shape: shaped(numbers(text), shape)


def shaped(read: Numbers, shape: Shape, order: Sequence[int] | None = None) -> tuple[Floats, float]:
    """The numbers as an array of that shape, and their unit; refuses a wrong count.

    `order` says which axis of the result each axis of the numbers is, the first one varying slowest; without it they
    are in order.
    """
    check_axes(len(shape))
    if read.values.size != prod(shape):
        wrong = f"has {read.values.size:,} numbers, but its parents' and own states make {prod(shape):,}"
        raise ValueError(wrong)
    if order is None:
        values = read.values.reshape(shape)
    else:
        written = read.values.reshape([shape[axis] for axis in order])
        values = np.ascontiguousarray(written.transpose(np.argsort(order)))
    return values, unit_of(values, read)


def unit_of(values: Floats, read: Numbers) -> float:
    """The unit of the printed numbers if a row is off by more than 1e-6, when it matters; else 0."""
    with np.errstate(over="ignore"):
        off = ~(np.abs(values.sum(axis=-1) - 1) <= NEGLIGIBLE)
    return read.unit if off.any() else 0.0


def check_axes(count: int) -> None:
    """Refuse more axes than an array can have."""
    if count > MAX_AXES:
        raise ValueError(f"has {count - 1:,} parents; at most {MAX_AXES - 1} can be held")
