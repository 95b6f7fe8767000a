"""Pages of sensitivity functions: of one number as a curve, of several as a table and a map of the first two."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from spasmnet.display.curves import ACROSS, UP, curve, heat, spark
from spasmnet.display.page import BLUE, ORANGE, Cell, Grid, Page, Picture, Track, stamp
from spasmnet.display.sensitivity_words import answer_now, answer_text, given_text
from spasmnet.errors import SpasmnetError
from spasmnet.model.words import number, plain, share
from spasmnet.sensitivity.function import SensitivityFunction, vertex
from spasmnet.sensitivity.nway import NWaySensitivity
from spasmnet.triage.guidance import NOTICE

Floats = NDArray[np.float64]
POINTS = 121


def function_page(f: SensitivityFunction) -> Page:
    """The curve with the present value, the range and the vertex, and the same in numbers."""
    first, last = f.pieces[0].low, f.pieces[-1].high
    near = np.geomspace(1e-3, 0.1, 12)
    shares = np.unique(np.concatenate([np.linspace(0, 1, POINTS), near, 1 - near]))
    joints = [f.value, *(end for piece in f.pieces for end in (piece.low, piece.high))]
    x = np.unique(np.concatenate([first + (last - first) * shares, joints]).clip(first, last))
    with np.errstate(invalid="ignore", divide="ignore"):
        y = np.asarray(f(x), dtype=np.float64)
    now = float(f(f.value))
    fine = np.isfinite(y)
    within = bool(((y[fine] >= -1e-9) & (y[fine] <= 1 + 1e-9)).all())
    percent = within and not any(p.log for p in f.pieces)
    words = share if percent else number
    bends = [(at, height) for at, height in _vertices(f) if isfinite(height)]
    low, high = max(f.low, first), min(f.high, last)
    rows: list[Sequence[Cell]] = [("now", number(f.value), words(now))]
    ends = ("low end of the range", low), ("high end of the range", high)
    rows += [(name, number(t), words(float(f(t)))) for name, t in ends]
    rows += [("vertex, where the curve bends most", number(at), words(height)) for at, height in bends]
    proximity = "" if f.vertex_proximity == inf else f"; the vertex is {number(f.vertex_proximity)} away"
    note = f"derivative {number(f.derivative)} now" + (proximity or "; the function is a line, or not bent")
    legend = [(ORANGE, "now"), (BLUE, "the answer; shaded: the number's range")]
    parts: list[Grid | Picture | str] = []
    if fine.sum() > 1 and first < last and isfinite(now):
        summary = f"{f.answer} as {f.name} goes from {first:g} to {last:g}"
        parts.append(
            Picture(
                curve(x[fine], y[fine], (f.value, now), (low, high), bends, f.name, summary, percent=percent),
                f"{spark(_sampled(x[fine], y[fine]))}  from {number(first)} to {number(last)}",
            )
        )
    parts.append(Grid("", ("", "number", "answer"), "wnn", rows, legend=legend if len(parts) else (), note=note))
    return Page(f"How {plain(f.answer)} depends on {plain(f.name)}", "", parts, small=(NOTICE,))


def _vertices(f: SensitivityFunction) -> list[tuple[float, float]]:
    """Where the pieces bend most, and the answers there."""
    found = ((piece, vertex(piece, f.value)) for piece in f.pieces if not piece.log)
    return [(at, float(piece(at))) for piece, at in found if at is not None and piece.low <= at <= piece.high]


def _sampled(x: Floats, y: Floats) -> list[float]:
    """The curve at even steps."""
    return [float(t) for t in np.interp(np.linspace(x[0], x[-1], 40), x, y)]


def nway_page(found: NWaySensitivity) -> Page:
    """The numbers with their ranges, the answers that they can reach together, and a map of the first two."""
    ps = found.sensitivity
    asked = f"given {given_text(ps, 400)}. {answer_now(ps)}."
    parts: list[Grid | Picture | str] = []
    try:
        ends = found.extremes()
    except SpasmnetError as error:
        return Page(_title(found), asked, [plain(str(error))], small=stamp(ps.network, ps.provenance))
    rows: list[Sequence[Cell]] = []
    for name, value, (low, high), at_least, at_most in zip(
        found.names, found.values, found.ranges, ends.at_minimum, ends.at_maximum, strict=True
    ):
        bar = Track(f"{number(value)} in {number(low)} to {number(high)}", ((low, high, BLUE),), dot=value)
        rows.append((plain(name), number(value), bar, number(at_least), number(at_most)))
    least, most = answer_text(ps, ends.minimum), answer_text(ps, ends.maximum)
    heads = ("number of the model", "value", "", f"at the least answer, {least}", f"at the largest, {most}")
    grid = Grid("", heads, "wntnn", rows, ("0", "1"), [(BLUE, "its range"), ("dot", "value now")])
    if len(found.places) > 1:
        try:
            x, y, z = found.surface(_centres(found, 0, ACROSS), _centres(found, 1, UP))
        except SpasmnetError:
            return Page(_title(found), asked, [grid], small=stamp(ps.network, ps.provenance))
        if np.isfinite(z).all() and (np.diff(x) > 0).all() and (np.diff(y) > 0).all():
            now = found.values[0], found.values[1]
            summary = f"{ps.target}: from {answer_text(ps, float(z.min()))} to {answer_text(ps, float(z.max()))}"
            words = heat(x, y, z, now, (found.names[0], found.names[1]), summary, lambda t: answer_text(ps, t))
            parts.append(Picture(words, ""))
    return Page(_title(found), asked, [grid, *parts], small=stamp(ps.network, ps.provenance))


def _centres(found: NWaySensitivity, number: int, count: int) -> Floats:
    """The middles of so many cells over a number's range."""
    low, high = (float(np.clip(t, found.knots[number][0], found.knots[number][-1])) for t in found.ranges[number])
    return low + (high - low) * (np.arange(count) + 0.5) / count


def _title(found: NWaySensitivity) -> str:
    return f"Sensitivity of {plain(str(found.sensitivity.target))} to {len(found.places)} numbers at once"
