"""A page as HTML for notebooks: inline styles and SVG only, so that nothing of it reaches the rest of the page.

The colours are the page's own, so that it suits light pages, dark ones, and paper. No script, no identifier, no style
sheet; every text of a model is escaped, and stands in a direction of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from spasmnet.display.page import Cell, Grid, Heading, Page, Picture, Row, Track
from spasmnet.display.svg import safe
from spasmnet.display.tracks import WIDE, sample, svg

_CELL = "padding:.18em 1.1em .18em 0;border:0;background:none;vertical-align:top;white-space:normal;line-height:1.35"
_KINDS = {
    "w": "text-align:left;overflow-wrap:anywhere;max-width:26em;min-width:7em",
    "p": "text-align:left;overflow-wrap:anywhere;max-width:44em;min-width:12em",
    "s": "text-align:left;overflow-wrap:anywhere;max-width:26em;min-width:5.5em;opacity:.75",
    "n": "text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums",
    "t": "text-align:left;min-width:6em",
}
_HEAD = ";font-weight:400;opacity:.72;white-space:normal;overflow-wrap:normal"
_TABLE = (
    "border-collapse:collapse;border:0;color:inherit;font-size:inherit;table-layout:auto;margin:.1em 0;width:auto;"
    "display:table;overflow:visible"
)
_ROW = "background:none;border:0;break-inside:avoid"
_READ = "max-width:72em"
_SMALL = "opacity:.72;font-size:85%"


def html(page: Page) -> str:
    """A page as one element."""
    parts = [f'<div style="{_READ};font-weight:600;font-size:1.05em">{safe(page.title)}</div>' if page.title else ""]
    if page.given:
        parts.append(f'<div style="{_READ};opacity:.8">{safe(page.given)}</div>')
    for part in page.parts:
        if isinstance(part, Grid):
            parts.append(_grid(part))
        elif isinstance(part, Picture):
            parts.append(f'<div style="margin:.5em 0">{part.html}</div>')
        else:
            parts.append(f'<div style="{_READ};margin:.4em 0">{safe(part)}</div>')
    if page.notes:
        parts.append(f'<div style="{_READ};opacity:.8;margin-top:.6em">{safe(" ".join(page.notes))}</div>')
    if page.small:
        parts.append(f'<div style="{_SMALL};margin-top:.6em">{"<br>".join(map(safe, page.small))}</div>')
    return (
        '<div dir="ltr" style="line-height:1.4;text-align:left;unicode-bidi:isolate;'
        f'overflow-wrap:anywhere;color:inherit">{"".join(parts)}</div>'
    )


def _grid(grid: Grid) -> str:
    parts = []
    if grid.title:
        parts.append(f'<div style="font-weight:600;margin-top:.8em">{safe(grid.title)}</div>')
    if grid.legend:
        parts.append(_legend(grid.legend))
    rows = []
    if any(grid.heads):
        heads = zip(grid.heads, grid.kinds, strict=True)
        rows.append(_row(_cell("th", safe(head), kind, _HEAD) for head, kind in heads))
    grouped = any(not isinstance(row, Heading) and row[0] == "" for row in grid.rows)
    rows += [_line(row, grid.kinds, ";padding-top:.6em" if grouped else "") for row in grid.rows]
    if grid.scale is not None:
        ends = "".join(f"<span>{safe(end)}</span>" for end in grid.scale)
        under = f'<div style="display:flex;justify-content:space-between;max-width:{WIDE}px;{_SMALL}">{ends}</div>'
        rows.append(_row(_cell("td", under if kind == "t" else "", kind, ";padding-top:0") for kind in grid.kinds))
    if grid.rows:
        parts.append(f'<table style="{_TABLE}">{"".join(rows)}</table>')
    if grid.note:
        parts.append(f'<div style="{_SMALL}">{safe(grid.note)}</div>')
    return "".join(parts)


def _line(row: Row, kinds: str, apart: str) -> str:
    """A row; the first one of a group, whose first cell is not empty, stands a little apart."""
    if isinstance(row, Heading):
        style = f"{_CELL};text-align:left;font-weight:600;padding-top:.8em"
        return _row([f'<th colspan="{len(kinds)}" style="{style}">{safe(row.words)}</th>'])
    extra = apart if row[0] != "" else ""
    return _row(_cell("td", _shown(cell), kind, extra) for cell, kind in zip(row, kinds, strict=True))


def _row(cells: Iterable[str]) -> str:
    return f'<tr style="{_ROW}">{"".join(cells)}</tr>'


def _cell(tag: str, inner: str, kind: str, extra: str = "") -> str:
    return f'<{tag} style="{_CELL};{_KINDS[kind]}{extra}">{inner}</{tag}>'


def _shown(cell: Cell) -> str:
    if isinstance(cell, Track):
        return f'<div style="padding-top:.16em">{svg(cell)}</div>'
    if isinstance(cell, str):
        return safe(cell)
    main, under = cell
    return f'{safe(main)}<div style="{_SMALL}">{safe(under)}</div>' if under else safe(main)


def _legend(rows: Iterable[tuple[str, str]]) -> str:
    found = (
        f'<span style="margin-right:1.4em">{sample(mark)}<span style="opacity:.75">{safe(words)}</span></span>'
        for mark, words in rows
    )
    return f'<div style="font-size:85%;margin:.15em 0">{" ".join(found)}</div>'
