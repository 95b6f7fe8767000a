"""Pages of tuning: which change of one number, or of one table, makes an answer what it should be."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from spasmnet.display.page import BLUE, ORANGE, Cell, Grid, Page, Picture, Track, left_out, stamp
from spasmnet.display.sensitivity_words import answer_text, given_text
from spasmnet.inference.posterior import Provenance
from spasmnet.model.words import name_of, number, plain
from spasmnet.parameters.names import in_words, parameters, value_at
from spasmnet.sensitivity.tuning import Change, Tuning
from spasmnet.sensitivity.tuning_table import TableTuning

TOP = 12
CD = "Distance: Chan and Darwiche's, the largest change of log-odds that any question can see."


def tuning_page(found: Tuning) -> Page:
    """The changes of one number that do it, the smallest first; else how near one comes."""
    ps = found.sensitivity
    rows = [_row(found, change) for change in found.changes[:TOP]]
    if not rows and found.closest is not None:
        rows = [_row(found, found.closest)]
    heads = ("number of the model", "now", "", "needed", "answer then", "distance", "in its range")
    legend = [(BLUE, "its range"), ("dot", "now"), ("line", "needed")]
    note = left_out(len(found.changes), TOP, "more changes in frame")
    grid = Grid("", heads, "wntnnns", rows, ("0", "1"), legend, note)
    asked = f"given {given_text(ps, 400)}. It is {answer_text(ps, found.answer)} now."
    told = plain(str(found))
    parts: list[Grid | Picture | str] = [f"{told[:1].upper()}{told[1:]}.", *([grid] if rows else [])]
    notes = (CD,) if rows else ()
    return Page(f"What would make {plain(str(found.wanted))}", asked, parts, notes, stamp(ps.network, ps.provenance))


def _row(found: Tuning, change: Change) -> Sequence[Cell]:
    cited = bool(change.source)
    words = f"{number(change.value)} to {number(change.needed)}"
    bar = Track(words, ((change.low, change.high, BLUE),) if cited else (), change.needed, dot=change.value)
    about = f"range {number(change.low)} to {number(change.high)}, {plain(change.source)}" if cited else "no range"
    distance = "∞" if not isfinite(change.distance) else f"{change.distance:.3g}"
    reached = answer_text(found.sensitivity, change.achieved)
    inside = ("yes" if change.within_range else "no") if cited else ""
    return (plain(change.name), about), number(change.value), bar, number(change.needed), reached, distance, inside


def table_page(found: TableTuning) -> Page:
    """The table that has changed, and what that does."""
    network, variable = found.network, found.network.by_name[found.variable]
    places = list(parameters(network, [found.variable]))
    rows: list[Sequence[Cell]] = []
    for place in places[: 2 * TOP]:
        (state, given), value = in_words(network, place), value_at(network, place)
        rows.append((plain(given), plain(state), number(value), Track(number(value), ((0.0, value, ORANGE),))))
    note = left_out(len(places), len(rows), "more numbers")
    heads = ("given", "state", "new value", "")
    grid = Grid(f"The table of {name_of(variable)}, changed", heads, "wwnt", rows, ("0", "1"), note=note)
    words = f"The answer goes from {found.answer:.4g} to {found.achieved:.4g}; distance {found.distance:.4g}."
    small = stamp(network, Provenance.of(network))
    return Page(f"What would make {plain(str(found.wanted))}", "", [words, grid], (CD,), small)
