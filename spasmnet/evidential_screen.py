"""What the commands `explain` and `what-if` print: sections as rich tables that wrap to the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spasmnet.display import NOTICE, plain
from spasmnet.evidential_display import Section

if TYPE_CHECKING:
    from spasmnet.network import Network
    from spasmnet.posterior import Provenance


def sections_screen(
    title: str, sections: Iterable[Section], notes: Iterable[str], network: Network, provenance: Provenance
) -> RenderableType:
    """A title, tables, notes, the intended use and the provenance."""
    parts: list[RenderableType] = [Text(plain(title), style="bold")]
    for heading, heads, rows in sections:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for head in heads:
            table.add_column(head, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        parts += [Text("\n" + heading, style="bold"), Padding(table, (0, 0, 0, 2))]
    parts += [Text("\n" + " ".join(notes)), Text("\n" + (plain(network.intended_use) or NOTICE), style="italic")]
    return Group(*parts, Text(str(provenance), style="dim"))
