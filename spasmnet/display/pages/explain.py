"""Pages of what findings do: evidence sensitivity, of one case and of many, explanations, and what-ifs."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from spasmnet.display.evidence_words import NOT_PARAMETERS, Section, belief_now, evidence_sections
from spasmnet.display.evidence_words import TOP as EVIDENCE_TOP
from spasmnet.display.explanation_words import explanation_notes, explanation_sections, explanation_title
from spasmnet.display.page import BLUE, ORANGE, Cell, Grid, Page, Track, left_out, scaled, stamp
from spasmnet.display.what_if_words import what_if_notes, what_if_sections, what_if_title
from spasmnet.findings.evidence_sensitivity import EvidenceSensitivity
from spasmnet.findings.explanation import Explanation
from spasmnet.findings.sentences import TOP as EXPLANATION_TOP
from spasmnet.findings.summary import EvidenceSummary
from spasmnet.findings.what_if import WhatIf
from spasmnet.model.words import between, name_of, number, percent, plain, state_of

TOP = 12
_NUMBERS = dict.fromkeys(
    (
        "without it, with it",
        "alone",
        "cost of omission",
        "bits",
        "carries",
        "chance",
        "probability",
        "findings explained",
    ),
    "n",
) | {"path": "p"}  # columns of the sections
FOR, AGAINST = (ORANGE, "speaks for it"), (BLUE, "speaks against it")


def evidence_page(es: EvidenceSensitivity, top: int = EVIDENCE_TOP) -> Page:
    """The findings by their weight, conflicts, and what could still be found."""
    found = evidence_sections(es, top)
    parts = [_plain_grid(section) for section in found]
    if es.at_hand:
        weights = [one.decibans for one in es.at_hand]
        parts[0] = _weighed(found[0], weights, 3)
    shares = [one.entropy_share for one in es.open]
    title, heads, rows = found[-1]
    place, _, high = scaled(shares, zero=True)
    lines: list[Sequence[Cell]] = [
        (*row[:3], Track(row[2], ((0.0, place(share), BLUE),)), *row[3:])
        for row, share in zip(rows, shares, strict=False)
    ]
    legend = [(BLUE, f"share of what is not known that it would tell; full: {percent(high)}")]
    kinds = "wnnt" + "s" * (len(heads) - 3)
    note = left_out(len(es.open), len(lines), "more in unobserved")
    parts[-1] = Grid(title, (*heads[:3], "", *heads[3:]), kinds, lines, None, legend, note)
    asked = f"given {_given(es)}"
    title = f"Evidence sensitivity of {belief_now(es).rsplit(', given ', 1)[0]}"
    return Page(title, asked, parts, (NOT_PARAMETERS,), stamp(es.network, es.provenance))


def _given(found: EvidenceSensitivity) -> str:
    from spasmnet.model.words import given

    return given(found.network, found.evidence)


def _weighed(section: Section, weights: Sequence[float], at: int) -> Grid:
    """A section with bars of weights of evidence to both sides of 0, put before the column `at`."""
    title, heads, rows = section
    most = max((abs(w) for w in weights if isfinite(w)), default=0.0) or 1.0
    place, low, high = scaled([-most, most])
    lines: list[Sequence[Cell]] = []
    for row, weight in zip(rows, weights, strict=True):
        end = place(weight) if isfinite(weight) else float(weight > 0)
        span = (0.5, end, ORANGE if weight > 0 else BLUE)
        lines.append((*row[:at], Track(number(weight), (span,), 0.5), *row[at:]))
    kinds = "w" + "n" * (at - 1) + "t" + "".join(_NUMBERS.get(head, "s") for head in heads[at:])
    legend = [FOR, AGAINST]
    return Grid(title, (*heads[:at], "", *heads[at:]), kinds, lines, (number(low), number(high)), legend)


def _plain_grid(section: Section) -> Grid:
    title, heads, rows = section
    return Grid(title, heads, "".join(_NUMBERS.get(head, "s" if i else "w") for i, head in enumerate(heads)), rows)


def summary_page(found: EvidenceSummary) -> Page:
    """The findings and the open variables that matter most in a table of cases, in the mean."""
    parts = []
    for title, frame, key, columns, heads in (
        (
            "Findings, in the mean of the cases that have them", found.findings, "cost_of_omission",
            ("mean_size", "redundant", "important"), ("size of weight", "redundant", "important"),
        ),
        (
            "What was not observed, the most informative first", found.unobserved, "mutual_information",
            ("entropy_share", "largest_span"), ("of entropy", "largest span"),
        ),
    ):  # fmt: skip
        place, _, _ = scaled(frame[key].tolist(), zero=True)
        rows: list[Sequence[Cell]] = []
        for row in frame.head(TOP).to_dict("records"):
            bar = Track(number(row[key]), ((0.0, place(row[key]), BLUE),))
            cells = (number(row[c]) if c == "mean_size" else percent(float(row[c])) for c in columns)
            rows.append((plain(row["variable"]), f"{row['cases']:,}", number(row[key]), bar, *cells))
        unit = "nats" if key == "cost_of_omission" else "bits"
        words = "cost of leaving it out" if unit == "nats" else "mutual information"
        note = left_out(len(frame), len(rows))
        kinds = "wnnt" + "n" * len(columns)
        parts.append(Grid(title, ("", "cases", unit, "", *heads), kinds, rows, None, [(BLUE, words)], note))
    title = f"Evidence sensitivity of {plain(str(found.event))} in {len(found.cases):,} cases"
    return Page(title, "", parts, (NOT_PARAMETERS,), stamp(None, found.provenance))


def explanation_page(why: Explanation, top: int = EXPLANATION_TOP) -> Page:
    """The sentences, the contributions of the findings as bars, and the other tables."""
    found = explanation_sections(why, top)
    parts: list[Grid | str] = [_plain_grid(section) for section in found]
    if why.because:
        parts[0] = _weighed(found[0], [value for _, _, value, _ in why.because], 3)
    title, _, asked = explanation_title(why).partition(", given ")
    notes = [*explanation_notes(why)]
    return Page(title, f"given {asked}", parts, notes, stamp(why.network, why.provenance))


def what_if_page(found: WhatIf) -> Page:
    """The actions, the most helpful first, each with where it takes the probability."""
    title, heads, rows = what_if_sections(found)[0]
    shown = found.actions[: len(rows)]
    ends = [t for one in shown for t in (one.as_is, one.do, *(one.do_interval or ()))]
    place, low, high = scaled(ends, zero=True)
    lines: list[Sequence[Cell]] = []
    for row, one in zip(rows, shown, strict=True):
        span = (place(one.as_is), place(one.do), BLUE if one.do < one.as_is else ORANGE)
        reach = (place(one.do_interval[0]), place(one.do_interval[1])) if one.do_interval else None
        bar = Track(f"{percent(one.as_is)} to {percent(one.do)}", (span,), place(one.as_is), reach)
        variable = found.network.by_name[one.variable]
        name = f"{name_of(variable)}: {state_of(variable, one.state)}"
        done = percent(one.do) if one.do_interval is None else (percent(one.do), between(one.do_interval))
        change = row[3].partition(" (")
        changed = row[3] if not change[1] else (change[0], change[2].rstrip(")"))
        lines.append((name, row[1], bar, done, changed, *row[4:]))
    legend = [("line", "as is"), (BLUE, "acting lowers it"), (ORANGE, "acting raises it")]
    if found.level is not None:
        legend.append(("reach", f"{100 * found.level:g}% interval of what acting gives"))
    kinds = "wntnn" + "n" * (len(heads) - 4)
    note = left_out(len(found.actions), len(rows), "more in frame")
    head, _, asked = what_if_title(found).partition(", given ")
    grid = Grid(title, (heads[0], heads[1], "", *heads[2:]), kinds, lines, (percent(low), percent(high)), legend, note)
    return Page(head, f"given {asked}", [grid], what_if_notes(found), stamp(found.network, found.provenance))
