"""What is shown, apart from how: a title, tables whose cells are words, numbers or bars, pictures, and notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

from spasmnet.inference.posterior import Provenance
from spasmnet.model.network import Network
from spasmnet.model.words import plain
from spasmnet.triage.guidance import NOTICE

BLUE, ORANGE, RED, GREEN = "#3b7fbf", "#d98a00", "#cc5a41", "#3f9468"  # in the middle between black and white
Span = tuple[float, float, str]


@dataclass(frozen=True, slots=True)
class Track:
    """A bar on a scale from 0 to 1: filled `spans` (start, end, colour), the narrower ones above the wider ones.

    `line` is an upright mark, `reach` a thin line with ends, `dot` a point; `words` says the same to those who listen.
    """

    words: str
    spans: tuple[Span, ...] = ()
    line: float | None = None
    reach: tuple[float, float] | None = None
    dot: float | None = None


Cell = str | tuple[str, str] | Track  # of two texts the second stands beneath, less loud


@dataclass(frozen=True, slots=True)
class Heading:
    """A row of a table that is a heading of the rows beneath."""

    words: str


Row = Sequence[Cell] | Heading


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: `kinds` has a letter a column: w words, p sentences, s soft words, n numbers, t tracks.

    `scale` says what the ends of the tracks are; `legend` what colours and marks mean: (colour or mark, words), the
    marks being "line", "reach" and "dot"; `note` what was left out.
    """

    title: str
    heads: Sequence[str]
    kinds: str
    rows: Sequence[Row]
    scale: tuple[str, str] | None = None
    legend: Sequence[tuple[str, str]] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as markup that is safe to show, and what a terminal shows instead."""

    html: str
    words: str


@dataclass(frozen=True, slots=True)
class Page:
    """All that an object shows: `given` is what was asked with it, `parts` the body, `small` what stands at the end."""

    title: str
    given: str = ""
    parts: Sequence[Grid | Picture | str] = ()
    notes: Sequence[str] = ()
    small: Sequence[str] = ()


def stamp(network: Network | None, provenance: Provenance) -> tuple[str, ...]:
    """The intended use, and where a result comes from."""
    return (plain(network.intended_use) if network is not None else "") or NOTICE, plain(str(provenance))


def scaled(numbers: Sequence[float], *, zero: bool = False) -> tuple[Callable[[float], float], float, float]:
    """A function from the range of some numbers (infinite ones left out) to [0, 1], and the ends of the range.

    >>> place, low, high = scaled([1.0, 3.0])
    >>> place(2.0), low, high
    (0.5, 1.0, 3.0)
    """
    found = [number for number in numbers if isfinite(number)] or [0.0]
    low, high = min(found), max(found)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if not low < high:
        low, high = low - 0.5, high + 0.5
    return lambda t: min(max((t - low) / (high - low), 0.0), 1.0), low, high


def left_out(count: int, shown: int, what: str = "more") -> str:
    """What to say of rows that are not shown; nothing if all are."""
    return f"and {count - shown:,} {what}" if count > shown else ""


def shortest(words: str, most: int) -> str:
    """Words that are not longer than that; of longer ones the beginning."""
    found = plain(words)
    return found if len(found) <= most else f"{found[: most - 1].rstrip()}…"
