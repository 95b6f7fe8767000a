"""Pages of many numbers of a model: the tornado of one answer, of many cases, and shares of its variance."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from spasmnet.display.page import BLUE, ORANGE, Cell, Grid, Page, Track, left_out, scaled, stamp
from spasmnet.display.sensitivity_words import (
    NOT_EVIDENCE,
    Entry,
    answer_now,
    answer_text,
    given_text,
    matters_text,
    strongest,
    widest,
)
from spasmnet.errors import EvidenceError
from spasmnet.model.words import number, plain, share
from spasmnet.sensitivity.one_way import ParameterSensitivity
from spasmnet.sensitivity.population import PopulationSensitivity
from spasmnet.uncertainty.sobol import SobolIndices

TOP = 12
LEGEND = (
    (ORANGE, "answer while the number falls to its low end"),
    (BLUE, "while it rises to its high end"),
    ("line", "answer now"),
)


def sensitivity_page(ps: ParameterSensitivity, top: int = TOP) -> Page:
    """The tornado: the numbers that move the answer furthest over their own ranges, with their sources."""
    title = f"Parameter sensitivity of {plain(str(ps.target))}"
    asked = f"given {given_text(ps, 400)}. {answer_now(ps)}."
    small = stamp(ps.network, ps.provenance)
    notes = (matters_text(ps), NOT_EVIDENCE)
    try:
        answer = ps.answer
    except EvidenceError:
        return Page(title, asked, [], notes, small)
    found = widest(ps, top) if isfinite(answer) else []
    found = found or strongest(ps, top)
    if not found:
        return Page(title, asked, ["No number of the model changes this answer."], notes, small)
    place, low, high = scaled([answer, *(t for one in found for t in (one.at_low, one.at_value, one.at_high))])
    rows = [_row(ps, one, place, answer) for one in found]
    heads = ("number of the model", "answer at low", "", "at high", "derivative")
    ends = answer_text(ps, low), answer_text(ps, high)
    note = "the numbers that move the answer furthest, each over its own range; plot() and frame have more"
    return Page(title, asked, [Grid("", heads, "wntnn", rows, ends, LEGEND, note)], notes, small)


def _row(ps: ParameterSensitivity, one: Entry, place: Any, answer: float) -> Sequence[Cell]:
    f = one.function
    at_low, at_high = answer_text(ps, one.at_low), answer_text(ps, one.at_high)
    base = place(one.at_value)
    bar = Track(
        f"from {at_low} to {at_high}",
        ((base, place(one.at_low), ORANGE), (base, place(one.at_high), BLUE)),
        place(answer) if isfinite(answer) else None,
    )
    about = f"{number(f.value)}, range {number(one.low)} to {number(one.high)}, {one.basis}"
    return (plain(f.name), about), at_low, bar, at_high, number(f.derivative)


def population_page(found: PopulationSensitivity) -> Page:
    """The numbers that move the answer most in the mean of all cases."""
    network, rows = found.job.engine.network, found.frame
    kept = rows[rows["mean_size"] > 0].sort_values("swing", ascending=False, kind="stable").head(TOP)
    place, _, high = scaled(kept["swing"].tolist(), zero=True)
    lines: list[Sequence[Cell]] = []
    for name, row in kept.iterrows():
        about = _about(network, row)
        bar = Track(f"moves the answer by {number(row['swing'])} in the mean", ((0.0, place(row["swing"]), BLUE),))
        cells = (number(row["mean_size"]), share(float(row["share"])), number(row["largest"]))
        lines.append(((plain(str(name)), plain(about)), cells[0], bar, number(row["swing"]), *cells[1:]))
    heads = ("number of the model", "mean size", "", "swing", "of cases", "largest")
    legend = [(BLUE, "swing: mean size of the derivative times the width of the number's range")]
    count = len(found.answers) - found.left_out
    asked = f"over {count:,} cases" + (f", {found.left_out:,} left out" if found.left_out else "")
    note = left_out(len(rows), len(lines), "more numbers in frame")
    title = f"Parameter sensitivity of {plain(str(found.target))} in a population"
    grid = Grid("", heads, "wntnnn", lines, ("0", number(high)), legend, note)
    return Page(title, asked, [grid], (NOT_EVIDENCE,), stamp(network, found.provenance))


def sobol_page(found: SobolIndices) -> Page:
    """How much of an answer's variance each number explains, alone and in all."""
    rows: list[Sequence[Cell]] = []
    frame = found.frame
    kept = frame[frame["total"] > 0].head(TOP)
    high = max([*kept["total"], *kept["first"], 1e-9])
    place, _, _ = scaled([0.0, high])
    for name, row in kept.iterrows():
        about = _about(found.network, row)
        alone, whole = place(row["first"]), place(max(row["total"], row["first"]))
        spans = ((0.0, alone, BLUE), (alone, whole, ORANGE))
        bar = Track(f"first {number(row['first'])}, total {number(row['total'])}", spans)
        first, total = ((f"{row[key]:.3f}", f"±{row[f'{key}_error']:.2g}") for key in ("first", "total"))
        cells: tuple[Cell, ...] = (first, bar, total)
        lines = (plain(str(name)), plain(about))
        rows.append((lines, *cells))
    heads = ("number of the model", "first", "", "total")
    legend = [(BLUE, "explained alone (first)"), (ORANGE, "more, together with others (total)")]
    note = left_out(len(frame), len(rows), "more numbers in frame")
    grid = Grid("", heads, "wntn", rows, ("0", number(high)), legend, note)
    sd = float(found.variance) ** 0.5
    asked = f"mean {number(found.mean)}, standard deviation {number(sd)}; given {said(found.network, found.evidence)}"
    notes = (f"From {found.samples:,} samples a number; ± is the half width of a {100 * found.level:g}% interval. "
             f"{found.distributions}.",)  # fmt: skip
    return Page(
        f"Which numbers the variance of {plain(str(found.target))} comes from (Sobol indices)",
        asked, [grid], notes, stamp(found.network, found.provenance),
    )  # fmt: skip


def said(network: Any, evidence: Any) -> str:
    """The findings in words."""
    from spasmnet.model.words import given

    return given(network, evidence)


def _about(network: Any, row: Any) -> str:
    """A number's value, its range, and what that rests on."""
    return f"{number(row['value'])}, range {number(row['low'])} to {number(row['high'])}, {_source(network, row)}"


def _source(network: Any, row: Any) -> str:
    source = network.sources.get(row["source"])
    if source is not None and source.kind == "assumption":
        return "assumption"
    return str(row["source"]) or "spread"
