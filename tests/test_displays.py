"""What objects show: the numbers drawn are the numbers answered, the same in HTML and in plain text, and no more."""

from __future__ import annotations

import re
import subprocess
import sys
from math import isfinite
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

import spasmnet
from spasmnet import Network, Table, Variable
from spasmnet.display.bundle import page_of
from spasmnet.display.curves import ticks
from spasmnet.display.page import BLUE, ORANGE, RED, Grid, Heading, Page, Track
from spasmnet.display.text import text
from spasmnet.display.tracks import WIDE, svg
from spasmnet.views import VIEWS
from tests import classic, hostile

TARGET = ("dehydration", "mild")


@pytest.fixture(scope="module")
def engine() -> spasmnet.Engine:
    """The shipped network, compiled."""
    return spasmnet.compile(spasmnet.load())


def bars(html: str, colour: str) -> list[float]:
    """The widths of all bars of a colour (without those of legends, which have whole heights), as shares."""
    found = re.findall(rf'<rect x="[\d.]+" y="3" width="([\d.]+)" height="9" fill="{colour}"/>', html)
    return [float(width) / WIDE for width in found]


def tracks(shown: Any) -> list[Track]:
    """All bars of an object's page."""
    grids = [part for part in page_of(shown).parts if isinstance(part, Grid)]
    rows = [row for grid in grids for row in grid.rows if not isinstance(row, Heading)]
    return [cell for row in rows for cell in row if isinstance(cell, Track)]


def test_everything_shows_itself_in_one_way() -> None:
    """Of every kind that has a page: one bundle of plain text and HTML, short repr, and a printed page."""
    seen = set()
    for name, shown in hostile.shown():
        seen |= {f"{kind.__module__}.{kind.__qualname__}".removeprefix("spasmnet.") for kind in type(shown).__mro__}
        bundle = shown._repr_mimebundle_()
        assert list(bundle) == ["text/plain", "text/html"], name
        assert not hasattr(shown, "_repr_html_") and not hasattr(shown, "_repr_svg_"), name
        assert bundle["text/html"].startswith("<div") and bundle["text/html"].endswith("</div>"), name
        assert "<script" not in bundle["text/html"] and "<img" not in bundle["text/html"], name
        said = " ".join(bundle["text/plain"].split())
        assert "esearch" in said or name in ("distribution", "drawing", "beliefs", "provenance", "question"), name
    assert set(VIEWS) <= seen


def test_printing_gives_the_plain_text(engine: spasmnet.Engine) -> None:
    """print and rich show what a notebook's plain text is; only what is a sentence or plain data stays so."""
    post = engine.posterior({"spasm": "painful"})
    assert str(post) == post._repr_mimebundle_()["text/plain"]
    shown = Console(width=100, force_terminal=False)
    with shown.capture() as captured:
        shown.print(post)
    assert "\n".join(line.rstrip() for line in captured.get().strip("\n").splitlines()) == text(page_of(post), 100)
    assert str(post["dehydration"]) == str(dict(post["dehydration"]))
    assert str(post.provenance).startswith("spasmnet ") and "\n" not in str(post.provenance)


def test_belief_bars_are_the_posterior(engine: spasmnet.Engine) -> None:
    """Each bar is as long as its probability, the mark stands at the prior, findings are orange, serious ones red."""
    case = {"spasm": "painful", "heavy_sweating": {"absent": 0.2, "present": 0.8}}
    post, before = engine.posterior(case, interval=0.9), engine.posterior()
    html = post._repr_mimebundle_()["text/html"]
    network = engine.network

    def present(found: Any, name: str) -> float:
        return sum(found[name][state] for state in network.by_name[name].states[1:])

    def of(*roles: str) -> list[float]:
        return [present(post, v.name) for v in network.variables if v.role in roles and v.name != "spasm"]

    assert sorted(bars(html, ORANGE)) == pytest.approx(sorted((1.0, post["heavy_sweating"]["present"])), abs=1e-4)
    assert sorted(bars(html, BLUE)) == pytest.approx(sorted(of("cause", "risk_factor", "finding")), abs=5e-3)
    assert sorted(bars(html, RED)) == pytest.approx(sorted(of("serious")), abs=5e-3)
    lines = [track.line for track in tracks(post)[2:]]
    expected = [present(before, v.name) for v in network.variables if v.name != "spasm"]
    assert sorted(filter(None, lines)) == pytest.approx(sorted(expected))
    shown = {track.words.split(":")[0]: track for track in tracks(post)[2:]}
    low, high = post.interval("dehydration", "none")
    assert shown["Dehydration"].reach == pytest.approx((1 - high, 1 - low))


def test_networks_without_roles_have_a_bar_for_each_state() -> None:
    """Every state of every variable that was not observed, the prior marked, in declared order."""
    engine = spasmnet.compile(classic.load("asia"))
    post = engine.posterior({"xray": "yes"})
    found = [(track.spans[0][1], track.line) for track in tracks(post)]
    before = engine.posterior()
    expected = [(post[n][s], before[n][s]) for n in post if n != "xray" for s in post[n]]
    assert np.array(found[1:]) == pytest.approx(np.array(expected)) and found[0] == (1.0, before["xray"]["yes"])
    assert "and 5 less probable" not in str(post) and "before the findings" in str(post)


def test_large_networks_say_what_is_left_out() -> None:
    """A posterior of hundreds of variables shows some, says how many more there are, and where."""
    shown = str(spasmnet.compile(classic.load("pigs")).posterior())
    more = re.search(r"and (\d+) more variables; to_frame\(\) has all", shown)
    assert more and shown.count("%") < 200


def test_the_tornado_shows_what_the_functions_say(engine: spasmnet.Engine) -> None:
    """Each bar runs from the answer at the low end over the answer now to the answer at the high end."""
    ps = spasmnet.parameter_sensitivity(engine, TARGET, {"spasm": "painful"})
    page = page_of(ps)
    (grid,) = (part for part in page.parts if isinstance(part, Grid))
    widths = []
    for row in grid.rows:
        assert not isinstance(row, Heading) and isinstance(row[0], tuple) and isinstance(row[2], Track)
        f = ps[row[0][0]]
        assert row[1] == f"{100 * f(f.low):.3g}%" and row[3] == f"{100 * f(f.high):.3g}%"
        (_, low, orange), (_, high, blue) = row[2].spans
        assert (orange, blue) == (ORANGE, BLUE)
        widths.append(abs(f(f.high) - f(f.low)))
        assert (high - low) / (f(f.high) - f(f.low)) == pytest.approx(1 / _span(grid, ps))
        source = ps.frame.loc[f.name, "source"]
        assert row[0][1].endswith("assumption" if source.startswith("assumption") else source)
    assert widths == sorted(widths, reverse=True) and len(widths) == 12
    every = [abs(f(f.high) - f(f.low)) for f in ps]
    assert widths[0] == pytest.approx(max(every))


def _span(grid: Grid, ps: Any) -> float:
    names = [row[0][0] for row in grid.rows if not isinstance(row, Heading) and isinstance(row[0], tuple)]
    ends = [ps[name](t) for name in names for t in (ps[name].low, ps[name].high)]
    return max(ends) - min(ends)


def test_the_curve_goes_through_the_answers(engine: spasmnet.Engine) -> None:
    """The points of the curve are answers; the dot is at the present value."""
    ps = spasmnet.parameter_sensitivity(engine, TARGET, {"spasm": "painful"})
    f = ps["link heavy_sweating=present of dehydration: mild"]
    html = f._repr_mimebundle_()["text/html"]
    path = re.search(rf'<path d="M([^"]+)" fill="none" stroke="{BLUE}"', html)
    dot = re.search(r'<circle cx="([\d.]+)" cy="([\d.]+)"', html)
    assert path and dot
    points = np.array([point.split() for point in path[1].split("L")], dtype=float)
    x = (points[:, 0] - points[0, 0]) / (points[-1, 0] - points[0, 0])
    slope, shift = np.polyfit(f(x.clip(0, 1)), points[:, 1], 1)
    assert points[:, 1] == pytest.approx(slope * f(x.clip(0, 1)) + shift, abs=0.4)
    assert float(dot[2]) == pytest.approx(slope * f(f.value) + shift, abs=0.4)
    assert "▁" in str(f) and "█" in str(f) and f"{100 * f(f.value):.3g}%" in str(f)


@pytest.mark.parametrize("measure", ["probability", "log_odds", "ratio", "difference"])
def test_every_measure_is_drawn(engine: spasmnet.Engine, measure: str) -> None:
    """Whatever is asked for, its tornado and its functions are drawn, also where an answer is infinite."""
    against = None if measure in ("probability", "log_odds") else "none"
    for name, state in (TARGET, ("tetanus", "present")):
        wanted = against if name == "dehydration" or against is None else "absent"
        ps = spasmnet.parameter_sensitivity(
            engine, (name, state), {"spasm": "painful"}, against=wanted, measure=measure
        )
        assert "<table" in ps._repr_mimebundle_()["text/html"]
        for f in list(ps)[:40:10]:
            assert "<svg" in f._repr_mimebundle_()["text/html"]


def test_numbers_that_cannot_move_have_no_curve() -> None:
    """A number that is the largest of its row stays where it is under the order-preserving rule, and says so."""
    network = Network([Variable("a", ("x", "y"))], {"a": Table((), [0.7, 0.3])})
    ps = spasmnet.parameter_sensitivity(spasmnet.compile(network), ("a", "y"), covariation="order_preserving")
    html = ps["P(a=x)"]._repr_mimebundle_()["text/html"]
    assert "0.7" in html and "<path" not in html


cells = st.one_of(st.text(max_size=30), st.tuples(st.text(max_size=20), st.text(max_size=20)))


@settings(deadline=None)
@given(st.lists(st.tuples(cells, st.text(alphabet="0123456789.%", max_size=7), st.floats(0, 1), cells), max_size=5),
       st.integers(60, 120))  # fmt: skip
def test_text_fits_whatever_the_words(rows: list[tuple[Any, str, float, Any]], width: int) -> None:
    """No line is wider than the terminal, and no number is cut."""
    lines = [(a, n, Track("", ((0.0, p, BLUE),), p, (p / 2, p)), b) for a, n, p, b in rows]
    page = Page("title", "given", [Grid("grid", ("one", "two", "", "three"), "wnts", lines, ("0", "1"))])
    shown = text(page, width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert all(number in shown for _, number, _, _ in rows)


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e6))
def test_ticks_are_round_and_within(low: float, span: float) -> None:
    """Between two and some ten ticks, evenly apart, none outside."""
    high = low + span
    if not (isfinite(high) and span > 1e-9 * abs(low)):
        return
    found = ticks(low, high)
    assert 1 <= len(found) <= 11
    assert low - 1e-6 * span <= found[0] and found[-1] <= high + 1e-6 * span


def test_bars_stay_on_their_track() -> None:
    """Marks at the ends are drawn whole."""
    drawn = svg(Track('<&">', ((0.0, 1.0, BLUE),), 1.0, (0.0, 1.0), 0.0))
    places = [float(x) + float(w) for x, w in re.findall(r'x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', drawn)]
    assert max(places) <= WIDE and "&lt;&amp;&quot;&gt;" in drawn


def test_terminals_that_know_no_blocks() -> None:
    """Where standard output is ASCII, bars are too, and printing works."""
    code = (
        "import spasmnet; n = spasmnet.Network([spasmnet.Variable('a', ('x', 'y'))], {'a': spasmnet.Table((), [.7, .3])});"
        "print(spasmnet.compile(n).posterior())"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(
        run, check=True, capture_output=True, env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)}
    )
    assert b"#####" in done.stdout


def test_ipython_asks_for_nothing_else(engine: spasmnet.Engine) -> None:
    """A notebook gets the bundle and no other representation; of a dict's subclass IPython writes the plain text."""
    formatters = pytest.importorskip("IPython.core.formatters")
    for shown in (engine.posterior(), engine.network.draw(around="spasm"), engine.posterior()["spasm"]):
        data, _ = formatters.DisplayFormatter().format(shown)
        expected = shown._repr_mimebundle_()
        assert list(data) == list(expected) and data["text/html"] == expected["text/html"]
        assert data["text/plain"] == expected["text/plain"] or isinstance(shown, dict)
