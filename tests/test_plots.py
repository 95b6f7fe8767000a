"""Plots of sensitivity: what is drawn is what the functions say, in the axes that were given, and it can be read."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from math import inf, isfinite
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import spasmnet
from spasmnet import ImpossibleEvidenceError, Network, NoisyMax, SpasmnetError, Table, Variable
from spasmnet.model.parameter import Parameter, Source
from spasmnet.plots.sensitivity import plot_function, plot_intervals, plot_surface, plot_tornado
from spasmnet.sensitivity.function import Piece, SensitivityFunction
from spasmnet.sensitivity.one_way import ParameterSensitivity, parameter_sensitivity
from tests import strategies

relaxed = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
RULES = ("proportional", "uniform", "order_preserving")
BLUE, ORANGE = "#0072b2", "#e69f00"
LOW, HIGH = "answer when the number is at its low end", "answer when the number is at its high end"


@pytest.fixture(scope="module")
def engine() -> spasmnet.Engine:
    """The shipped model, compiled."""
    return spasmnet.compile(spasmnet.load())


@pytest.fixture(scope="module")
def ps(engine: spasmnet.Engine) -> ParameterSensitivity:
    """How the shipped model's numbers move a probability."""
    return parameter_sensitivity(engine, ("dehydration", "moderate_severe"), {"spasm": "painful"})


@pytest.fixture(autouse=True)
def no_figure_leaks() -> Any:
    """Every test here: pyplot keeps no figure that it did not have before."""
    before = plt.get_fignums()
    yield
    assert plt.get_fignums() == before


def halves(ax: Axes) -> list[dict[str, tuple[float, float]]]:
    """The bars of a tornado from the top down: where each colour's half begins and ends."""
    found: dict[float, dict[str, tuple[float, float]]] = {}
    for bar in ax.patches:
        start = bar.get_x()
        middle = round(bar.get_y() + bar.get_height() / 2, 9)
        found.setdefault(middle, {})[to_hex(bar.get_facecolor())] = (start, start + bar.get_width())
    return [found[middle] for middle in sorted(found)]


def width(bar: dict[str, tuple[float, float]]) -> float:
    """How far a bar reaches, both halves together."""
    ends = [end for half in bar.values() for end in half]
    return max(ends) - min(ends)


def labels(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def legend(ax: Axes) -> dict[str, str]:
    """The words of a legend, and the colour that stands before each."""
    drawn = ax.get_legend()
    assert drawn is not None
    colours = [
        to_hex(handle.get_facecolor() if hasattr(handle, "get_facecolor") else handle.get_color())
        for handle in drawn.legend_handles
        if handle is not None
    ]
    return dict(zip((text.get_text() for text in drawn.get_texts()), colours, strict=True))


def all_inside(ax: Axes) -> bool:
    """Whether no text of a figure is cut off at its edge."""
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.savefig(BytesIO(), format="png")
    drawn = ax.get_legend()
    ticks = [
        tick.label1
        for axis, view in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim()))
        for tick in axis.get_major_ticks()
        if min(view) <= tick.get_loc() <= max(view)
    ]
    texts = [*ticks, ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts]
    texts += [ax._left_title, *(drawn.get_texts() if drawn else ())]  # type: ignore[attr-defined]
    boxes = [text.get_window_extent() for text in texts if text.get_text() and text.get_visible()]
    whole = figure.bbox
    return all(b.x0 >= -1 and b.y0 >= -1 and b.x1 <= whole.x1 + 1 and b.y1 <= whole.y1 + 1 for b in boxes)


@relaxed
@given(strategies.networks_with_evidence(), st.sampled_from(RULES), st.data())
def test_bars_are_as_wide_as_the_extremes(case: tuple[Network, dict[str, Any]], rule: str, data: st.DataObject) -> None:
    """On random networks the bars are the widest ranges of the answer, the widest first, each from low to high end."""
    network, evidence = case
    free = [v for v in network.variables if not isinstance(evidence.get(v.name), str)]
    assume(free)
    variable = data.draw(st.sampled_from(free))
    state = data.draw(st.sampled_from(variable.states))
    try:
        found = parameter_sensitivity(
            spasmnet.compile(network), (variable.name, state), evidence, covariation=rule, spread=0.3
        )
    except ImpossibleEvidenceError:
        assume(False)
        raise
    drawn = halves(plot_tornado(found, top=5))
    widths = sorted((high - low for low, high in (f.extremes() for f in found if f.derivative)), reverse=True)
    least = max(1e-6 * widths[0], 1e-12 * found.answer) if widths else 0.0
    expected = [w for w in widths if w > least][:5]
    assert [width(bar) for bar in drawn] == pytest.approx(expected, rel=1e-9, abs=1e-13)


@relaxed
@given(strategies.networks_with_evidence(names=strategies.plain_text), st.sampled_from(RULES))
def test_each_bar_goes_from_the_low_to_the_high_end(case: tuple[Network, dict[str, Any]], rule: str) -> None:
    """The orange half ends where the number is at its low end and the blue one where it is at its high end."""
    network, evidence = case
    free = [v for v in network.variables if not isinstance(evidence.get(v.name), str)]
    assume(free)
    try:
        found = parameter_sensitivity(
            spasmnet.compile(network), (free[0].name, free[0].states[-1]), evidence, covariation=rule
        )
    except ImpossibleEvidenceError:
        assume(False)
        raise
    ax = plot_tornado(found, top=50)
    by_name = {f.name.replace(" ", ""): f for f in found}
    for label, bar in zip(labels(ax), halves(ax), strict=True):
        lines = label.split("\n")
        f = by_name["".join(lines[:-1]).replace(" ", "")]
        low, high = max(f.low, f.pieces[0].low), min(f.high, f.pieces[-1].high)
        assert bar[ORANGE] == pytest.approx((f(f.value), f(low)), rel=1e-9, abs=1e-13)
        assert bar[BLUE] == pytest.approx((f(f.value), f(high)), rel=1e-9, abs=1e-13)
        assert lines[-1].endswith(", ±10 %")


def test_the_tornado_of_the_shipped_model(ps: ParameterSensitivity) -> None:
    """Bars, labels with range and source, the line of the answer, the legend in words, and percent on the axis."""
    ax = plot_tornado(ps, top=6)
    frame = ps.frame
    spans = (frame["maximum"] - frame["minimum"]).sort_values(ascending=False)
    bars = halves(ax)
    assert len(bars) == len(labels(ax)) == 6
    assert width(bars[0]) == pytest.approx(spans.iloc[0], rel=1e-12)
    assert [width(bar) for bar in bars] == sorted((width(bar) for bar in bars), reverse=True)
    first = "".join(labels(ax)[0].split("\n")[:-1])
    assert first.replace(" ", "") == spans.index[0].replace(" ", "")
    assert labels(ax)[0].split("\n")[-1] == "0.005 to 0.13, volpe_2009"
    assert any(label.endswith(", assumption") for label in labels(ax))
    assert legend(ax) == {LOW: ORANGE, HIGH: BLUE, "answer now: 4.31%": "#222222"}
    assert [list(line.get_xdata()) for line in ax.lines] == [[ps.answer, ps.answer]]
    assert ax.get_xlabel() == "P(dehydration=moderate_severe)"
    assert ax.xaxis.get_major_formatter()(0.04, 0) == "4%"
    assert "given Muscle spasm: Painful cramp" in [text.get_text() for text in ax.texts]
    assert bars[0][BLUE][1] > ps.answer > bars[0][ORANGE][1]  # a larger number, a larger answer


def test_a_number_and_what_it_leaves_over_are_one_bar(ps: ParameterSensitivity) -> None:
    """Of P(x) and 1 - P(x) only the cited one is drawn; with order-preserving co-variation both, for one cannot move."""
    drawn = "\n".join(labels(plot_tornado(ps, top=400)))
    assert "P(vomiting_diarrhoea=present)" in drawn
    assert "P(vomiting_diarrhoea=absent)" not in drawn
    assert "P(vomiting_diarrhoea=absent)" in ps.frame.index


@pytest.mark.parametrize("top", [0, -1, True, 2.5, "12"])
def test_top_is_checked(ps: ParameterSensitivity, top: Any) -> None:
    """A senseless number of bars is refused."""
    with pytest.raises(SpasmnetError, match="top is a whole number of bars, 1 or more"):
        ps.plot(top)


def test_everything_is_drawn_into_the_given_axes(ps: ParameterSensitivity) -> None:
    """The axes that were given come back, and their figure has no others."""
    function = next(iter(ps))
    for draw in (
        lambda ax: ps.plot(3, ax),
        lambda ax: plot_tornado(ps, ax=ax),
        lambda ax: plot_function(function, ax=ax),
        lambda ax: plot_intervals([("a", 0.5, 0.4, 0.6)], ax=ax),
        lambda ax: plot_surface([0, 1], [0, 1], [[0.1, 0.2], [0.3, 0.4]], ax=ax),
    ):
        figure = Figure()
        ax = figure.add_subplot()
        assert draw(ax) is ax
        assert figure.axes == [ax]


def test_plots_without_axes_have_figures_of_their_own(
    ps: ParameterSensitivity, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two calls give two figures; pyplot knows neither (see the fixture), and nothing is printed."""
    first, second = ps.plot(top=2), ps.plot(top=2)
    assert first.figure is not second.figure
    assert capsys.readouterr() == ("", "")


def long_network() -> Network:
    """Names that no margin is prepared for, with signs that mean something to TeX and HTML."""
    names = [f"a_very_long_name_of_variable_number_{i}_that_goes_on" for i in range(5)]
    variables = [Variable(name, ("absent_altogether", "$x_present <b>&")) for name in names]
    rows = np.random.default_rng(1).dirichlet([1, 1], size=(2, 2, 2, 2))
    cpds = {name: Table((), [0.7, 0.3]) for name in names[:4]} | {names[4]: Table(names[:4], rows)}
    return Network(variables, cpds)


@pytest.mark.parametrize("top", [1, 2, 12])
def test_no_text_is_cut_off(ps: ParameterSensitivity, top: int) -> None:
    """Labels, title and legend lie within the figure, also long ones and with a single bar; no warning is raised."""
    network = long_network()
    v = network.variables
    long = parameter_sensitivity(
        spasmnet.compile(network), (v[4].name, v[4].states[1]), {v[0].name: v[0].states[1], v[1].name: v[1].states[0]}
    )
    for found in (ps, long):
        ax = plot_tornado(found, top=top)
        assert len(halves(ax)) == top
        assert all_inside(ax)
    assert all_inside(plot_function(long[next(iter(long)).name]))
    assert all_inside(plot_intervals([(network.names[0] * 4, 0.5, 0.4, 0.6)]))


def test_when_no_number_matters_it_says_so() -> None:
    """A question that no number changes gives axes without bars and a sentence."""
    network = Network((Variable("a", ("no", "yes")),), {"a": Table((), [0.0, 1.0])})
    ax = plot_tornado(parameter_sensitivity(spasmnet.compile(network), ("a", ["no", "yes"])))
    assert halves(ax) == []
    assert "No number of the model changes this answer." in [text.get_text() for text in ax.texts]
    assert all_inside(ax)


def cited(low: float, high: float, source: str = "guess") -> Network:
    """One variable with a cited number of 0.2."""
    parameters = {
        (1,): Parameter(0.2, low, high, source),
        (0,): Parameter(0.8, 1 - high, 1 - low, source, complement=True),
    }
    sources = {"guess": Source("guess", "assumption", "A guess"), "doe": Source("doe", "expert", "What Doe thinks")}
    return Network((Variable("a", ("no", "yes")),), {"a": Table((), [0.8, 0.2], parameters)}, sources=sources)


def test_ranges_say_what_they_rest_on() -> None:
    """An assumption is called so whatever its key; others are named by their key; what has no range has the spread."""
    for source, words in (("guess", "0.1 to 0.5, assumption"), ("doe", "0.1 to 0.5, doe")):
        found = parameter_sensitivity(spasmnet.compile(cited(0.1, 0.5, source)), ("a", "yes"))
        assert labels(plot_tornado(found)) == [f"P(a=yes)\n{words}"]
    bare = Network((Variable("a", ("no", "yes")),), {"a": Table((), [0.8, 0.2])})
    found = parameter_sensitivity(spasmnet.compile(bare), ("a", "yes"), spread=0.25)
    assert labels(plot_tornado(found)) == ["P(a=no)\n0.6 to 1, ±25 %", "P(a=yes)\n0.15 to 0.25, ±25 %"]
    assert legend(plot_tornado(found))["answer now: 20%"] == "#222222"


def test_infinite_ends_are_cut_off_and_marked() -> None:
    """A bar to minus infinity ends at the edge with an arrow; an answer that is itself infinite is refused."""
    found = parameter_sensitivity(spasmnet.compile(cited(0.0, 0.5)), ("a", "yes"), measure="log_odds")
    assert found["P(a=yes)"](0.0) == -inf
    ax = plot_tornado(found)
    (bar,) = halves(ax)
    assert all(isfinite(end) for half in bar.values() for end in half)
    assert bar[ORANGE][1] == pytest.approx(ax.get_xlim()[0])
    assert bar[BLUE][1] == pytest.approx(0.0)
    assert [line.get_marker() for line in ax.lines if line.get_marker() != "None"] == ["<"]
    assert ax.xaxis.get_major_formatter()(0.04, 0) != "4%"
    sure = Network((Variable("a", ("no", "yes")),), {"a": Table((), [1.0, 0.0])})
    found = parameter_sensitivity(spasmnet.compile(sure), ("a", "yes"), measure="log_odds")
    with pytest.raises(SpasmnetError, match="is -inf now, so there is no place to draw bars from"):
        found.plot()


@relaxed
@given(strategies.networks_with_evidence(), st.sampled_from(RULES), st.data())
def test_the_curve_is_the_function(case: tuple[Network, dict[str, Any]], rule: str, data: st.DataObject) -> None:
    """On random networks: the line is f, the dot is now, the shade is the range, and a vertex is where it should be."""
    network, evidence = case
    free = [v for v in network.variables if not isinstance(evidence.get(v.name), str)]
    assume(free)
    try:
        found = parameter_sensitivity(
            spasmnet.compile(network), (free[0].name, free[0].states[-1]), evidence, covariation=rule
        )
    except ImpossibleEvidenceError:
        assume(False)
        raise
    assume(len(found))
    f = data.draw(st.sampled_from(list(found)))
    ax = plot_function(f)
    curve, *marks = ax.lines
    x, y = (np.asarray(part, dtype=float) for part in curve.get_data())
    assert y == pytest.approx(f(x), abs=1e-12)
    assert (x[0], x[-1]) == (f.pieces[0].low, f.pieces[-1].high)
    dot = marks[-1]
    assert (list(dot.get_xdata()), list(dot.get_ydata())) == ([f.value], [pytest.approx(f(f.value))])
    span = ax.patches[0]
    assert (span.get_x(), span.get_width()) == pytest.approx((f.low, f.high - f.low))
    for mark in marks[:-1]:
        at = float(np.asarray(mark.get_xdata())[0])
        assert any(p.low <= at <= p.high and p.slope(at) ** 2 == pytest.approx(1, rel=1e-4) for p in f.pieces)
    words = legend(ax)
    assert sum(text.startswith("vertex, where the curve bends most, at ") for text in words) == len(marks) - 1
    assert sum(text.startswith("the number's range, ") for text in words) == 1


def test_a_function_plots_itself(ps: ParameterSensitivity) -> None:
    """f.plot() draws into the axes that it is given."""
    f = next(iter(ps))
    ax = f.plot()
    assert f.plot(ax) is ax
    assert f.name in ax.get_xlabel().replace("\n", " ")


def test_the_vertex_is_marked_only_in_view(ps: ParameterSensitivity) -> None:
    """It stands at the vertex proximity from the value; where it lies outside [0, 1] nothing is marked."""
    f = ps["leak of dehydration: moderate_severe"]
    ax = plot_function(f)
    vertex = ax.lines[1]
    assert float(np.asarray(vertex.get_xdata())[0]) == pytest.approx(f.value + f.vertex_proximity)
    assert "now: 4.31% at 0.003" in legend(ax)
    assert ax.yaxis.get_major_formatter()(0.2, 0) == "20%"
    assert ax.get_xlabel() == f.name
    assert len(plot_function(ps["leak of spasm: painful"]).lines) == 2
    assert all_inside(ax)


def test_functions_that_are_not_probabilities() -> None:
    """Log-odds are drawn without percent and without their infinite ends; what is infinite now is refused."""
    f = SensitivityFunction("t", 0.2, 0.1, 0.3, (Piece(0.0, 1.0, 1.0, 0.0, -1.0, 1.0, log=True),))
    ax = plot_function(f)
    assert np.isfinite(ax.lines[0].get_data()).all()
    assert any(text.startswith("now: -1.39 at 0.2") for text in legend(ax))
    assert "%" not in ax.yaxis.get_major_formatter()(1.0, 0)
    with pytest.raises(SpasmnetError, match=r"t: the answer is -inf at 0, which cannot be drawn"):
        plot_function(SensitivityFunction("t", 0.0, 0.0, 0.3, f.pieces))


def test_a_number_that_cannot_move() -> None:
    """The largest number of a row, order preserved, has a single point."""
    ax = plot_function(SensitivityFunction("t", 0.7, 0.6, 0.8, (Piece(0.7, 0.7, 0.0, 0.4, 0.0, 1.0),)))
    assert list(ax.lines[0].get_xdata()) == [0.7]
    assert ax.get_xlim() == (pytest.approx(0.65), pytest.approx(0.75))


def test_intervals() -> None:
    """Each row is a dot on a bar, the first at the top, in percent if all lie in [0, 1]."""
    rows = [("Dehydration", 0.2, 0.1, 0.3), ("Muscle $strain$", 0.05, 0.02, 0.11)]
    ax = plot_intervals(rows)
    assert labels(ax) == [row[0] for row in rows]
    bars, dots = ax.lines[::2], ax.lines[1::2]
    assert [tuple(line.get_xdata()) for line in bars] == [row[2:] for row in rows]
    assert [tuple(line.get_xdata()) for line in dots] == [(row[1],) for row in rows]
    tops = [float(np.asarray(dot.get_ydata())[0]) for dot in dots]
    assert ax.get_ylim()[1] < tops[0] < tops[1] < ax.get_ylim()[0]
    assert ax.xaxis.get_major_formatter()(0.1, 0) == "10%"
    assert "%" not in plot_intervals([("x", -1, -2, 3)]).xaxis.get_major_formatter()(1.0, 0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], r"there is nothing to draw: a row is \(label, value, low, high\)"),
        ([("a", 1, 2)], "row 0 is not"),
        ([("a", 1, 0, 2), 5], "row 1 is not"),
        ([("a", "x", 0, 1)], "row 0 is not"),
        ([("a", 0.5, 0.6, 0.4)], "row 0 needs finite numbers with low <= high, not 0.5, 0.6 and 0.4"),
        ([("a", inf, 0, 1)], "row 0 needs finite numbers"),
    ],
)
def test_rows_that_are_not_intervals(rows: Any, message: str) -> None:
    """Wrong rows are told with their position."""
    with pytest.raises(SpasmnetError, match=message):
        plot_intervals(rows)


def test_a_surface() -> None:
    """Contours over both numbers, labelled, with the present point and its numbers in the legend."""
    x, y = np.linspace(0, 0.1, 20), np.linspace(0.2, 0.6, 15)
    ax = plot_surface(x, y, 0.1 + x[None, :] + 0.5 * y[:, None], labels=("$one", "two", "P"), present=(0.03, 0.4))
    assert (ax.get_xlim(), ax.get_ylim()) == ((0.0, 0.1), (0.2, 0.6))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$one", "two")
    assert [tuple(map(float, point)) for point in ax.lines[-1].get_xydata()] == [(0.03, 0.4)]
    assert list(legend(ax)) == ["now: 0.03 and 0.4"]
    written = {text.get_text() for text in ax.texts}
    assert "30%" in written
    assert all_inside(ax)
    flat = plot_surface([0, 1], [0, 1], np.full((2, 2), 0.25))
    assert "25% everywhere" in [text.get_text() for text in flat.texts]


@pytest.mark.parametrize(
    ("x", "y", "z", "message"),
    [
        ([0, 1], [0, 1, 2], np.zeros((2, 3)), r"x \(2,\), y \(3,\) and z \(2, 3\)"),
        ([0], [0, 1], np.zeros((2, 1)), "with two or more of each"),
        ([0, 1], [0, 1], [[0, 1], [np.nan, 1]], "a surface needs finite numbers"),
        ([1, 0], [0, 1], np.zeros((2, 2)), "x and y must increase"),
    ],
)
def test_surfaces_that_do_not_fit(x: Any, y: Any, z: Any, message: str) -> None:
    """Shapes that do not fit, holes and wrong orders are refused with what is needed."""
    with pytest.raises(SpasmnetError, match=message):
        plot_surface(x, y, z)


def test_the_notebook_table(ps: ParameterSensitivity) -> None:
    """Twelve numbers with value, range, both answers, derivative and source; what it is, intended use, provenance."""
    html = ps._repr_mimebundle_()["text/html"]
    assert html.count("<tr") == 1 + 12 + 1 and html.count("<svg") == 3 + 12
    first = ps.frame.iloc[0]
    for words in (
        first.name, "0.003", "0.001 to 0.01", "4.06%", "5.19%", "1.26", "assumption", "volpe_2009",
        "is 4.31% now", "given Muscle spasm: Painful cramp", "not evidence sensitivity", "Research and education only",
        ps.provenance.digest[:19], f"of the model&#x27;s {len(ps)} numbers",
    ):  # fmt: skip
        assert words in html


def test_the_notebook_table_is_escaped() -> None:
    """Names are never markup; a ratio that is not defined says why instead of failing."""
    network = long_network()
    v = network.variables
    html = parameter_sensitivity(spasmnet.compile(network), (v[4].name, v[4].states[1]))._repr_mimebundle_()[
        "text/html"
    ]
    assert "<b>" not in html
    assert "$x_present &lt;b&gt;&amp;" in html
    assert "±10 %" in html
    sure = Network((Variable("<i>a", ("no", "yes")),), {"<i>a": Table((), [1.0, 0.0])})
    html = parameter_sensitivity(
        spasmnet.compile(sure), ("<i>a", "no"), against="yes", measure="ratio"
    )._repr_mimebundle_()["text/html"]
    assert "is not defined" in html
    assert "<i>" not in html
    assert "<table" not in html


def test_matplotlib_is_needed_only_for_drawing(ps: ParameterSensitivity, monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing the module does not import it, and without it the message says what to install."""
    code = "import sys, spasmnet.plots.sensitivity, spasmnet.sensitivity.one_way; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "spasmnet.plots.figure", raising=False)  # imported anew, as in a fresh process
    with pytest.raises(SpasmnetError, match="plots need matplotlib"):
        ps.plot()


def test_rounding_in_one_number_does_not_hide_the_others() -> None:
    """Where a number next to 1 seems to move the answer, by rounding alone, the bars of those that do are drawn."""
    two = ("s0", "s1")
    links = {
        "effect": [[0.011107068540649991, 0.98889293145935], [0.0005013482917543878, 0.9994986517082456],
                   [0.3553639434378359, 0.644636056562164]],
        "other": [[0.18158085087875692, 0.8184191491212431], [0.08544490995491526, 0.9145550900450848]],
    }  # fmt: skip
    leaks = {"effect": [1.0, 0.0], "other": [4.945569776710178e-09, 0.9999999950544302]}
    priors = {
        "first": [0.7172780281576375, 0.28272197184236253], "second": [0.7759834511379763, 0.22401654886202374],
        "third": [0.9997640588175697, 0.000235941182430329],
    }  # fmt: skip
    cpds: dict[str, Any] = {name: Table((), values) for name, values in priors.items()}
    for name, rows in links.items():
        cpds[name] = NoisyMax(tuple(priors)[: len(rows)], leaks[name], [[[1, 0], row] for row in rows])
    engine = spasmnet.compile(Network([Variable(name, two) for name in cpds], cpds))
    ps = parameter_sensitivity(engine, ("third", "s0"), {"effect": "s0", "other": "s0"}, spread=0.3)
    low, high = ps["P(third=s0)"].extremes()
    assert high - low > 0.1 and width(halves(plot_tornado(ps))[0]) == pytest.approx(high - low)
    assert "P(third=s0)" in str(ps)
