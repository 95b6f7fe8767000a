"""What the command `sensitivity` prints: a rich renderable of the strongest numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spasmnet.display.sensitivity_words import (
    NOT_EVIDENCE,
    Entry,
    answer_now,
    answer_text,
    matters_text,
    strongest,
    vertex_text,
)
from spasmnet.model.words import finding_text, name_of, number, plain
from spasmnet.triage.guidance import NOTICE

if TYPE_CHECKING:
    from spasmnet.sensitivity.one_way import ParameterSensitivity

WIDE, MIDDLE = 100, 72  # characters from which there is room for all columns, and for all but two


def sensitivity_screen(ps: ParameterSensitivity, shown: Console, *, top: int) -> RenderableType:
    """The answer now, the findings, the numbers with the largest derivatives, and what kind of sensitivity this is.

    A narrow terminal leaves columns out: first the vertex and the derivative, then the value and its range.
    """
    network = ps.network
    found = strongest(ps, top)
    parts: list[RenderableType] = [
        Text(plain(network.title or network.name), style="bold"),
        Text.assemble("\n", (answer_now(ps), "bold"), *_given(ps)),
        Text(),
    ]
    if found:
        parts += [_table(ps, found, shown), Text()]
        parts.append(Text(_note(ps, shown.width), style="dim"))
    else:
        parts.append(Text("No number of the model changes this answer."))
    parts += [Text(matters_text(ps)), Text(NOT_EVIDENCE)]
    parts.append(Text("\n" + (plain(network.intended_use) or NOTICE), style="italic"))
    parts.append(Text(str(ps.provenance), style="dim"))
    return Group(*parts)


def _given(ps: ParameterSensitivity) -> list[str]:
    by_name = ps.network.by_name
    if not ps.evidence:
        return [", before any finding"]
    return [", given", *(f"\n  {name_of(by_name[n])}: {finding_text(f, by_name[n])}" for n, f in ps.evidence.items())]


def _note(ps: ParameterSensitivity, width: int) -> str:
    words = "Those with the largest derivatives first; when one moves, the others of its row follow"
    words += f" ({ps.covariation.replace('_', '-')} co-variation). Low and high are the ends of the number's range."
    if width >= WIDE:
        words += " Vertex is how far the value is from the bend of its curve: near one, the derivative soon changes."
    return words


def _table(ps: ParameterSensitivity, found: Sequence[Entry], shown: Console) -> Table:
    """Under each number in words stands what its range rests on."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(Text("Number of the model", style="not dim bold"), overflow="fold", min_width=12)
    wide, middle = shown.width >= WIDE, shown.width >= MIDDLE
    signs = shown.encoding.startswith("utf")
    heads = [*(("value", "range") if middle else ()), "at low", "at high", *(("derivative", "vertex") if wide else ())]
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for one in found:
        f = one.function
        cells = [number(f.value), f"{number(one.low)} to {number(one.high)}"] if middle else []
        cells += [answer_text(ps, one.at_low), answer_text(ps, one.at_high)]
        cells += [number(f.derivative), vertex_text(f)] if wide else []
        rests_on = one.basis if signs else one.basis.replace("±", "+/-")
        words = Text.assemble(plain(f.name), (f"\n{rests_on}", "dim"))
        table.add_row(Padding(words, (0, 0, 0, 2)), *cells)
    return table
