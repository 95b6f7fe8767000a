"""A page as plain text for a terminal, as wide as the terminal is."""

from __future__ import annotations

from shutil import get_terminal_size
from typing import TYPE_CHECKING

from spasmnet.display import plain
from spasmnet.showing.page import Cell, Grid, Page, Picture, Track
from spasmnet.showing.tracks import CHARACTERS, characters, order, signs

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

NARROW, LEAST, MOST = 72, 40, 120
OF_MARKS = {"line": 2, "reach": 3, "dot": 4}


def text(page: Page, width: int | None = None) -> str:
    """A page as plain text; `width` is in characters (default: the terminal's, at most 120)."""
    from io import StringIO

    from rich.console import Console

    wide = max(LEAST, min(width or get_terminal_size((100, 24)).columns, MOST))
    out = StringIO()
    shown = Console(file=out, width=wide, color_system=None, force_terminal=False, highlight=False, markup=False,
                    emoji=False, legacy_windows=False)  # fmt: skip
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

    tracks = width >= NARROW
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=any(grid.heads), header_style="dim")
    for head, kind in zip(grid.heads, grid.kinds, strict=True):
        if kind == "t" and tracks:
            table.add_column(Text(plain(head)), no_wrap=True, min_width=CHARACTERS)
        elif kind != "t":
            table.add_column(Text(plain(head)), justify="right" if kind == "n" else "left", no_wrap=kind == "n",
                             overflow="fold", min_width=12 if kind == "w" else None)  # fmt: skip
    colours = tuple(colour for colour, _ in grid.legend if colour.startswith("#")) or _colours(grid)
    for row in grid.rows:
        table.add_row(*(_shown(c, colours) for c, kind in zip(row, grid.kinds, strict=True) if tracks or kind != "t"))
    if grid.scale is not None and tracks:
        left, right = map(plain, grid.scale)
        under = Text(left + right.rjust(CHARACTERS - len(left)), style="dim")
        table.add_row(*(under if kind == "t" else "" for kind in grid.kinds))
    parts: list[RenderableType] = [Text()]
    parts += [Text(plain(grid.title), style="bold")] if grid.title else []
    if grid.legend and tracks:
        parts.append(Padding(Text("   ".join(_legend(grid, colours)), style="dim"), (0, 0, 0, 2)))
    if grid.rows:
        parts.append(Padding(table, (0, 0, 0, 2)))
    return [*parts, Padding(Text(plain(grid.note), style="dim"), (0, 0, 0, 2))] if grid.note else parts


def _colours(grid: Grid) -> tuple[str, ...]:
    found = (colour for row in grid.rows for cell in row if isinstance(cell, Track) for colour in order(cell))
    return tuple(dict.fromkeys(found)) or ("",)


def _legend(grid: Grid, colours: tuple[str, ...]) -> list[str]:
    full, light, *_ = signs()
    mark = {colour: full if colour == colours[0] else light for colour in colours}
    return [f"{mark.get(key) or signs()[OF_MARKS[key]]} {plain(words)}" for key, words in grid.legend]


def _shown(cell: Cell, colours: tuple[str, ...]) -> RenderableType:
    from rich.text import Text

    if isinstance(cell, Track):
        return Text(characters(cell, colours))
    if isinstance(cell, str):
        return Text(plain(cell))
    main, under = map(plain, cell)
    return Text.assemble(main, (f"\n{under}", "dim")) if under else Text(main)
