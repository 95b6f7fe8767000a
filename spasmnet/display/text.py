"""A page as plain text for a terminal, as wide as the terminal is."""

from __future__ import annotations

from collections.abc import Sequence
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING

from spasmnet.display.page import Cell, Grid, Heading, Page, Picture, Track
from spasmnet.display.tracks import characters, order, signs
from spasmnet.model.words import plain

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

LEAST, MOST = 40, 120
ROOM = {"w": 30, "p": 40, "s": 16}  # characters that words want at least
LESS = {"w": 22, "p": 30, "s": 12}  # where there is little
TRIED = ((24, ROOM), (24, LESS), (16, LESS), (10, LESS), (0, ROOM), (0, LESS))  # characters of a bar
OF_MARKS = {"line": 2, "reach": 3, "dot": 4}


def text(page: Page, width: int | None = None) -> str:
    """A page as plain text; `width` is in characters (default: the terminal's, at most 120)."""
    from io import StringIO

    from rich.console import Console

    wide = max(LEAST, min(width or get_terminal_size((100, 24)).columns, MOST))
    out = StringIO()
    shown = Console(
        file=out,
        width=wide,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,  # in a notebook it would display what it is to write down
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    shown.print(rich(page, wide))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).strip("\n")


def rich(page: Page, width: int = MOST) -> Group:
    """A page as something that rich prints."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [Text(plain(page.title), style="bold")] if page.title else []
    if page.given:
        parts.append(Text(plain(page.given)))
    for part in page.parts:
        if isinstance(part, Grid):
            parts += _grid(part, width)
        else:
            words = part.words if isinstance(part, Picture) else plain(part)
            parts += [Text(), Text(words)] if words else []
    parts += [Text(), Text(plain(" ".join(page.notes)))] if page.notes else []
    parts += [Text(), *(Text(plain(line), style="dim") for line in page.small)] if page.small else []
    return Group(*parts)


def _grid(grid: Grid, width: int) -> list[RenderableType]:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    widths = _widths(grid, width - 2)
    used = [i for i, wide in enumerate(widths) if wide]
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=any(grid.heads), header_style="dim")
    for i in used:
        kind, wide = grid.kinds[i], widths[i]
        head = plain(grid.heads[i]) if kind != "n" else "\n".join(wrap(plain(grid.heads[i]), wide))
        table.add_column(Text(head), justify="right" if kind == "n" else "left", width=wide, overflow="fold")
    track = sum(wide for wide, kind in zip(widths, grid.kinds, strict=True) if kind == "t")
    colours = _colours(grid)
    for row in grid.rows:
        if isinstance(row, Heading):
            table.add_row()
            table.add_row(Text(plain(row.words), style="bold"))
        else:
            table.add_row(*(_shown(row[i], colours, track) for i in used))
    if grid.scale is not None and track:
        left, right = map(plain, grid.scale)
        right = right.rjust(track - len(left))
        under = Text(left + right if right.startswith(" ") else "", style="dim")
        table.add_row(*(under if grid.kinds[i] == "t" else "" for i in used))
    parts: list[RenderableType] = [Text()]
    parts += [Text(plain(grid.title), style="bold")] if grid.title else []
    if grid.legend and track:
        parts.append(Padding(Text("   ".join(_legend(grid, colours)), style="dim"), (0, 0, 0, 2)))
    if grid.rows:
        parts.append(Padding(table, (0, 0, 0, 2)))
    return [*parts, Padding(Text(plain(grid.note), style="dim"), (0, 0, 0, 2))] if grid.note else parts


def _widths(grid: Grid, width: int) -> list[int]:
    """How many characters each column gets: numbers all of theirs, words what is left; 0 for bars without room."""
    every = range(len(grid.kinds))
    wanted = [_wanted(grid, i) for i in every]
    found = [0] * len(wanted)
    for track, room in TRIED:
        found = [track if kind == "t" else min(wanted[i], room.get(kind, width)) for i, kind in enumerate(grid.kinds)]
        if sum(wide + 2 for wide in found if wide) <= width:
            break
    left = width - sum(wide + 2 for wide in found if wide)
    for i in sorted(every, key=lambda i: wanted[i] - found[i]):  # the nearest to what they want first
        if grid.kinds[i] in ROOM and left > 0:
            more = min(wanted[i] - found[i], left)
            found[i], left = found[i] + more, left - more
    return found


def _wanted(grid: Grid, at: int) -> int:
    """How wide a column would be at best."""
    rows = [_texts(row[at]) for row in grid.rows if not isinstance(row, Heading)]
    found = [cell_len(line) for lines in rows for line in lines]
    head = plain(grid.heads[at])
    if grid.kinds[at] == "n":
        return max([*found, *map(len, head.split()), min(len(head), 8)])
    headings = [cell_len(plain(row.words)) for row in grid.rows if isinstance(row, Heading)] if at == 0 else []
    return max([*found, *headings, len(head), 1])


def cell_len(words: str) -> int:
    """How many characters of a terminal a text takes."""
    from rich.cells import cell_len as taken

    return taken(words)


def _texts(cell: Cell) -> Sequence[str]:
    return () if isinstance(cell, Track) else [plain(cell)] if isinstance(cell, str) else [plain(t) for t in cell]


def _colours(grid: Grid) -> tuple[str, ...]:
    """The colours that have to be told apart, the first drawn solid; none if there are too many for that."""
    rows = (row for row in grid.rows if not isinstance(row, Heading))
    found = {colour for row in rows for cell in row if isinstance(cell, Track) for colour in order(cell)}
    named = [colour for colour, _ in grid.legend if colour in found]
    kept = tuple(dict.fromkeys([*named, *sorted(found)]))
    return kept if len(kept) <= 2 else ()


def _legend(grid: Grid, colours: tuple[str, ...]) -> list[str]:
    full, light, *_ = signs()
    mark = {colour: full if colour == colours[0] else light for colour in colours}
    listed = [
        (mark.get(key) or (signs()[OF_MARKS[key]] if key in OF_MARKS else ""), words) for key, words in grid.legend
    ]
    return [f"{sign} {plain(words)}" for sign, words in listed if sign]


def _shown(cell: Cell, colours: tuple[str, ...], track: int) -> RenderableType:
    from rich.text import Text

    if isinstance(cell, Track):
        return Text(characters(cell, colours, track))
    if isinstance(cell, str):
        return Text(plain(cell))
    main, under = map(plain, cell)
    return Text.assemble(main, (f"\n{under}", "dim")) if under else Text(main)
