"""Pages of what uncertain numbers do: credible intervals of posteriors, and how robust decisions are."""

from __future__ import annotations

from collections.abc import Sequence

from spasmnet.display.page import BLUE, ORANGE, Cell, Grid, Page, Track, left_out, scaled, shortest, stamp
from spasmnet.model.network import Network
from spasmnet.model.words import between, given, name_of, number, percent, plain, state_of
from spasmnet.triage.crossings import CARE as LEVEL
from spasmnet.triage.robustness import DecisionRobustness
from spasmnet.uncertainty.intervals import Intervals

MOST_ROWS, TOP = 120, 10


def intervals_page(found: Intervals) -> Page:
    """Every state of every target with its interval, drawn over its belief bar."""
    rows: list[Sequence[Cell]] = []
    for name in found.targets:
        variable = found.network.by_name[name]
        for i, state in enumerate(variable.states):
            ends, value = found[name, state], found.posterior[name][state]
            bar = Track(f"{percent(value)}, {between(ends)}", ((0.0, value, BLUE),), None, ends)
            label = name_of(variable) if i == 0 else ""
            rows.append((label, state_of(variable, state), percent(value), between(ends), bar))
    level = f"{100 * found.level:.6g}%"
    legend = [(BLUE, "probability at the present numbers"), ("reach", f"{level} interval")]
    note = left_out(len(rows), MOST_ROWS, "more states in frame")
    grid = Grid("", ("", "", "", "interval", ""), "wsnnt", rows[:MOST_ROWS], ("0", "1"), legend, note)
    how = f"from {found.draws:,} networks drawn" if found.draws else "by the delta method"
    impossible = f"; in {found.impossible:,} of them the findings are impossible" if found.impossible else ""
    notes = [
        f"The intervals tell the uncertainty of the model's numbers, not of the patient; {how}{impossible}. "
        f"{found.distributions}."
    ]
    asked = f"given {given(found.network, found.evidence)}"
    return Page(f"{level} credible intervals", asked, [grid], notes, stamp(found.network, found.provenance))


def robustness_page(found: DecisionRobustness) -> Page:
    """How often each decision stays, what overturns it alone, and which citation to improve first."""
    network = found.network
    rows: list[Sequence[Cell]] = []
    last = ""
    for row in found.outcomes.to_dict("records"):
        share, error = float(row["share"]), float(row["error"])
        bar = Track(percent(share), ((0.0, share, ORANGE if row["now"] else BLUE),))
        head = "" if row["decision"] == last else _decision(str(row["decision"]))
        last = str(row["decision"])
        rows.append(
            (head, _outcome(network, row["decision"], row["outcome"]), percent(share), f"{100 * error:.2g}", bar)
        )
    legend = [(ORANGE, "what is decided now"), (BLUE, "what else would be")]
    parts = [Grid("How often what is decided", ("", "", "", "± points", ""), "swnnt", rows, legend=legend)]
    turning: list[Sequence[Cell]] = []
    for name, line in list(found.overturning.iterrows())[:TOP]:
        place, _, _ = scaled([line["low"], line["high"]])
        words = f"now {number(line['value'])}, turns at {number(line['turns_at'])}"
        bar = Track(words, ((0.0, 1.0, BLUE),), place(line["turns_at"]), dot=place(line["value"]))
        about = f"range {number(line['low'])} to {number(line['high'])}, {line['source']}"
        becomes = f"{_decision(line['decision'])}: {_outcome(network, line['decision'], line['becomes'])}"
        turning.append(
            (
                (plain(str(name)), plain(about)),
                number(line["value"]),
                bar,
                number(line["turns_at"]),
                becomes,
                percent(line["chance"]),
            )
        )
    heads = ("number of the model", "now", "its range", "turns at", "to", "chance")
    marks = [("dot", "now"), ("line", "where the decision turns"), (BLUE, "the number's range")]
    note = left_out(len(found.overturning), TOP, "more in overturning")
    if turning:
        parts.append(Grid("Numbers that overturn a decision alone", heads, "wntnsn", turning, None, marks, note))
    parts.append(_sources(found))
    asked = f"given {given(network, found.evidence)}"
    notes = [f"From {len(found.drawn.care):,} networks drawn. {found.distributions}."]
    cause = name_of(network.by_name[found.cause])
    told = f"{cause} leads in {percent(found.cause_stays)} of the networks drawn"
    if found.care is not None and found.care_stays is not None:
        told += f"; the level of care, {_outcome(network, LEVEL, found.care)}, stays in {percent(found.care_stays)}"
    return Page("How robust the decision is", asked, [f"{told}.", *parts], notes, stamp(network, found.provenance))


def _sources(found: DecisionRobustness) -> Grid:
    frame = found.sources
    place, _, high = scaled(frame["flips"].tolist(), zero=True)
    rows: list[Sequence[Cell]] = []
    for key, row in list(frame.iterrows())[:TOP]:
        cells = (str(row["numbers"]), str(row["overturning"]), percent(row["cause_share"]), percent(row["care_share"]))
        bar = Track(f"changes {percent(row['flips'])} of decisions", ((0.0, place(row["flips"]), BLUE),))
        rows.append(((plain(str(key)), shortest(str(row["citation"]), 150)), *cells, percent(row["flips"]), bar))
    heads = ("source", "numbers", "overturning", "of the cause", "of care", "changes", "")
    note = left_out(len(frame), TOP, "more in sources")
    legend = [(BLUE, f"share of decisions that change, shared out; full: {percent(high)}")]
    return Grid("Which citation to improve first", heads, "wnnnnnt", rows, None, legend, note)


def _decision(kind: str) -> str:
    return "Level of care" if kind == LEVEL else "Leading cause"


def _outcome(network: Network, kind: str, what: str) -> str:
    return what.replace("_", " ") if kind == LEVEL else name_of(network.by_name[what])
