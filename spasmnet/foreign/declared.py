"""What a foreign file declares, and the checks that all formats share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import FormatError, ModelError, Problem, suggest

Floats = NDArray[np.float64]
Shape = tuple[int, ...]
MAX_ENTRIES = 50_000_000
MAX_AXES = 64  # of a numpy array

_NUMERIC = re.compile(r"[-+.,eE\d\s]*+", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Declared:
    """Names and states in their order, and for each variable its parents and its distribution.

    A distribution is a table with axes (*parents, state), or what the file says it is. `notes` say what was assumed or
    changed while reading.
    """

    name: str
    states: Mapping[str, tuple[str, ...]]
    parents: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Any]
    notes: tuple[str, ...] = ()


class Draft:
    """Collects declarations in any order, then checks that each variable has exactly one table of the right size."""

    def __init__(self) -> None:
        self.name = ""
        self.states: dict[str, tuple[str, ...]] = {}
        self._tables: dict[str, tuple[tuple[str, ...], Callable[[Shape], Any]]] = {}
        self._problems: list[Problem] = []

    def variable(self, name: str, states: Iterable[str]) -> None:
        """Declare a variable."""
        if name in self.states:
            self._problems.append(Problem(f"variables.{name}", "is declared twice"))
        self.states[name] = states = tuple(states)
        twice = [state for state in dict.fromkeys(states) if states.count(state) > 1]
        self._problems += [Problem(f"variables.{name}.states", f"{state!r} stands twice") for state in twice]

    def table(self, name: str, parents: Iterable[str], read: Callable[[Shape], Any]) -> None:
        """Declare a distribution; `read` makes the values once the shape is known, or raises ValueError."""
        if name in self._tables:
            self._problems.append(Problem(f"variables.{name}.cpd", "is given twice"))
        self._tables[name] = tuple(parents), read

    def declared(self, origin: str) -> Declared:
        """Everything declared; raises one ModelError with all that does not fit together."""
        if not self.states and not self._problems:
            raise FormatError(f"{origin}: no variable is declared")
        problems = [*self._problems]
        for name in self.states:
            if name not in self._tables:
                problems.append(Problem(f"variables.{name}", "has no distribution; the file may be cut short"))
        values: dict[str, Any] = {}
        for name, (parents, read) in self._tables.items():
            where = f"variables.{name}.cpd"
            unknown = [other for other in (name, *parents) if other not in self.states]
            for other in unknown:
                problems.append(Problem(where, f"{other!r} is not declared; {suggest(other, self.states)}"))
            if not unknown:
                try:
                    values[name] = read((*(len(self.states[parent]) for parent in parents), len(self.states[name])))
                except ValueError as error:
                    problems.append(Problem(where, str(error)))
        if problems:
            raise ModelError(problems, origin)
        return Declared(self.name, self.states, {n: self._tables[n][0] for n in self.states}, values)


def scan(text: str, form: str, origin: str) -> Declared:
    """What `text` in the format `form` (bif, xmlbif, xdsl, net or uai) declares.

    Raises FormatError for text that is not understood and ModelError for declarations that contradict each other.
    """
    from spasmnet.foreign import bif, net, uai, xdsl, xmlbif

    scanners = {"bif": bif.scan, "net": net.scan, "xmlbif": xmlbif.scan, "xdsl": xdsl.scan, "uai": uai.scan}
    return scanners[form](text, origin)


def numbers(text: str) -> list[float]:
    """Decimal numbers separated by blanks or commas; refuses nan, inf and whatever else float() would take.

    >>> numbers("0.25, 7.5e-1")
    [0.25, 0.75]
    """
    tokens = text.replace(",", " ").split()
    try:
        if _NUMERIC.fullmatch(text):
            return [float(token) for token in tokens]
    except ValueError:
        pass
    wrong = next((token for token in tokens if not _NUMBER.fullmatch(token)), text.strip())
    raise ValueError(f"{wrong[:40]!r} is not a number")


def table(text: str) -> Callable[[Shape], Floats]:
    """A reader of numbers in the order of axes (*parents, state), the last one varying fastest."""
    return lambda shape: shaped(numbers(text), shape)


def shaped(values: Sequence[float], shape: Shape) -> Floats:
    """The numbers as an array of that shape; refuses a wrong count."""
    if len(values) != prod(shape):
        raise ValueError(f"has {len(values):,} numbers, but its parents' and own states make {prod(shape):,}")
    if len(shape) > MAX_AXES:
        raise ValueError(f"has {len(shape) - 1} parents; at most {MAX_AXES - 1} can be held")
    return np.array(values, dtype=np.float64).reshape(shape)
