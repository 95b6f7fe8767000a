"""Plots of answers: the bars, arrows and cells are the engine's numbers."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

import spasmnet
from spasmnet import Network, SpasmnetError, Table, UnknownVariableError, Variable
from spasmnet.plots.beliefs import plot_cases, plot_change, plot_heat_map, plot_ranked
from spasmnet.plots.sensitivity import plot_intervals
from tests import classic, hostile

ENGINE = spasmnet.compile(spasmnet.load())
POST = ENGINE.posterior({"spasm": "painful", "heavy_sweating": "present"}, interval=0.9)
PRIOR = ENGINE.posterior()


def present(post: spasmnet.Posterior, name: str) -> float:
    """The probability of not being in the first state."""
    return 1 - post[name][post.network.by_name[name].states[0]]


def test_ranked_causes_are_the_posteriors() -> None:
    """Bars fall from the top, have the right lengths, and carry intervals."""
    ax = plot_ranked(POST, ["overuse", "dehydration", "tetanus"])
    expected = sorted((present(POST, name) for name in ("overuse", "dehydration", "tetanus")), reverse=True)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(expected)
    low, high = 1 - POST.interval("dehydration", "none")[1], 1 - POST.interval("dehydration", "none")[0]
    assert any(list(line.get_xdata()) == [low, high] for line in ax.lines)
    assert not plot_ranked(PRIOR).lines
    mine = Figure().add_subplot()
    assert plot_ranked(POST, ax=mine) is mine


def test_notebooks_show_figures_without_a_backend() -> None:
    """The last line of a cell is a picture, once, whether or not an inline backend has been chosen."""
    from IPython.core.formatters import DisplayFormatter

    figure = plot_ranked(POST).figure
    shown, _ = DisplayFormatter().format(figure)
    assert shown["image/png"].startswith(b"\x89PNG")
    assert set(shown) == {"text/plain", "image/png"}


def test_changes_go_from_before_to_after() -> None:
    """The circle is the probability before the findings, the arrow's tip the one after; the longest change comes first."""
    ax = plot_change(POST, top=5)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    circles = [float(line.get_xdata()[0]) for line in ax.lines if line.get_markersize() == 7]
    tips = [float(text.xy[0]) for text in ax.texts if isinstance(text, Annotation) and text.arrow_patch]
    by_label = {v.label: v.name for v in ENGINE.network.variables}
    assert circles == pytest.approx([present(PRIOR, by_label[label]) for label in labels])
    assert tips == pytest.approx([present(POST, by_label[label]) for label in labels])
    moved = [abs(a - b) for a, b in zip(circles, tips, strict=True)]
    assert moved == sorted(moved, reverse=True)


def test_cases_stand_side_by_side() -> None:
    """One bar a case in each group, and a legend with what they were called, whatever that says."""
    ax = plot_cases({"<b>$x$</b>": PRIOR, "now": POST}, ["dehydration", "overuse"])
    widths = sorted(bar.get_width() for bar in ax.patches)
    expected = sorted(present(post, name) for post in (PRIOR, POST) for name in ("dehydration", "overuse"))
    assert widths == pytest.approx(expected)
    legend = ax.get_legend()
    assert legend is not None and [text.get_text() for text in legend.get_texts()] == ["<b>$x$</b>", "now"]


def test_before_and_after_acting_stand_side_by_side() -> None:
    """A network and what do() makes of it have the same variables."""
    acted = spasmnet.compile(spasmnet.do(ENGINE.network, {"low_fluid_intake": "absent"})).posterior(
        {"spasm": "painful"}
    )
    ax = plot_cases({"as it is": POST, "after drinking": acted}, ["dehydration"])
    found = [patch.get_width() for patch in ax.patches]
    assert found == pytest.approx([present(POST, "dehydration"), present(acted, "dehydration")])


def test_cells_are_differences_of_posteriors() -> None:
    """A cell is P(finding | last state) - P(finding | first state), with the other findings held."""
    given = {"vomiting_diarrhoea": "present"}
    ax = plot_heat_map(ENGINE, ["heavy_sweating", "age_band"], ["thirst_dry_mouth", "spasm"], given)
    shown = ax.images[0].get_array()
    assert shown is not None
    for i, (row, first, last) in enumerate((("heavy_sweating", "absent", "present"), ("age_band", "18_39", "65_plus"))):
        for j, column in enumerate(("thirst_dry_mouth", "spasm")):
            ends = [present(ENGINE.posterior({**given, row: state}), column) for state in (first, last)]
            assert float(shown[i, j]) == pytest.approx(ends[1] - ends[0])


def test_what_cannot_be_plotted_is_said() -> None:
    """Each wrong argument is named with what is allowed."""
    with pytest.raises(UnknownVariableError):
        plot_ranked(POST, ["dehidration"])
    with pytest.raises(SpasmnetError, match="all of these variables were observed"):
        plot_ranked(POST, ["spasm"])
    with pytest.raises(SpasmnetError, match="top is a whole number"):
        plot_change(POST, top=0)
    with pytest.raises(SpasmnetError, match="no findings"):
        plot_change(PRIOR)
    with pytest.raises(SpasmnetError, match="two to 6 cases can be compared, all with the same variables, not 1"):
        plot_cases({"alone": PRIOR})
    with pytest.raises(SpasmnetError, match="two to 6 cases can be compared, all with the same variables"):
        plot_cases({"one": PRIOR, "other": spasmnet.compile(classic.load("asia")).posterior()})
    with pytest.raises(SpasmnetError, match="name the variables"):
        plot_heat_map(spasmnet.compile(classic.load("asia")))
    with pytest.raises(SpasmnetError, match="at least one variable"):
        plot_cases({"one": PRIOR, "two": POST}, [])


def test_weights_are_those_of_the_findings() -> None:
    """Each bar ends at the decibans of its finding, the heaviest first, for and against by side and colour."""
    case = {"spasm": "painful", "heavy_sweating": "present", "vomiting_diarrhoea": "present"}
    es = spasmnet.evidence_sensitivity(ENGINE, ("dehydration", "mild"), case)
    ax = es.plot()
    expected = sorted((one.decibans for one in es.at_hand), key=abs, reverse=True)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(expected)
    colours = {bar.get_width() > 0: bar.get_facecolor() for bar in ax.patches}
    assert colours[True] != colours[False]
    assert "Vomiting or diarrhoea: Yes" in [label.get_text() for label in ax.get_yticklabels()]
    assert len(es.plot(top=1).patches) == 1
    with pytest.raises(SpasmnetError, match="without findings"):
        spasmnet.evidence_sensitivity(ENGINE, ("dehydration", "mild")).plot()


def test_a_finding_that_settles_the_answer_ends_in_an_arrow() -> None:
    """An infinite weight is drawn to the edge, with an arrow on its side."""
    network = Network(
        [Variable("a", ("no", "yes")), Variable("b", ("no", "yes"))],
        {"a": Table((), [0.5, 0.5]), "b": Table(("a",), [[0.5, 0.5], [1.0, 0.0]])},
    )
    es = spasmnet.evidence_sensitivity(spasmnet.compile(network), ("a", "yes"), {"b": "yes"})
    ax = es.plot()
    (bar,), (low, _) = ax.patches, ax.get_xlim()
    assert bar.get_width() == low and "<" in [str(line.get_marker()) for line in ax.lines]


@pytest.mark.parametrize("ground", ["white", "black", "#fdf6e3", "#002b36"])
def test_words_and_marks_stand_out_on_every_ground(ground: str) -> None:
    """Every text of every plot has a contrast of 4.5 to 1 or more with the ground of its figure."""
    es = spasmnet.evidence_sensitivity(ENGINE, ("dehydration", "mild"), {"spasm": "painful"})
    ps = spasmnet.parameter_sensitivity(ENGINE, ("dehydration", "mild"), {"spasm": "painful"})
    makers = [
        lambda ax: plot_ranked(POST, ax=ax), lambda ax: plot_change(POST, ax=ax), lambda ax: es.plot(ax=ax),
        lambda ax: plot_cases({"a": PRIOR, "b": POST}, ax=ax), lambda ax: ps.plot(ax=ax),
        lambda ax: ps["leak of dehydration: mild"].plot(ax), lambda ax: plot_intervals([("a", 0.2, 0.1, 0.3)], ax, title="t", words="w"),
    ]  # fmt: skip
    for make in makers:
        figure = Figure(figsize=(10, 6), facecolor=ground, layout="constrained")
        ax = figure.add_subplot(facecolor=ground)
        make(ax)
        figure.canvas.draw()
        words = [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label, ax._left_title]  # type: ignore[attr-defined]
        words += [*ax.texts, *(ax.get_legend().get_texts() if ax.get_legend() else ())]
        for text in words:
            if text.get_text():
                assert contrast(text.get_color(), ground) >= 4.5, text


def contrast(one: Any, other: Any) -> float:
    """The contrast of two colours as WCAG 2 defines it."""

    def luminance(colour: Any) -> float:
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_hostile_texts_are_drawn_as_text() -> None:
    """Dollars, backslashes, markup and marks in names are words in every plot, and cannot stop one being drawn."""
    model = hostile.network(hostile.TEXTS[:8])
    engine, v = spasmnet.compile(model), model.variables
    case, target = {v[3].name: v[3].states[1]}, (v[1].name, v[1].states[1])
    post = engine.posterior(case, interval=0.9)
    ps = spasmnet.parameter_sensitivity(engine, target, case)
    both = spasmnet.nway_sensitivity(engine, target, [(v[1].name, (0, 1)), (v[1].name, (1, 1))], case)
    drawn = [
        plot_ranked(post), plot_change(post), plot_cases({v[0].name: engine.posterior(), v[5].name: post}),
        plot_heat_map(engine), spasmnet.evidence_sensitivity(engine, target, case).plot(), ps.plot(),
        next(iter(ps)).plot(), both.plot(), spasmnet.credible_intervals(engine, case, draws=100).plot(),
    ]  # fmt: skip
    for ax in drawn:
        figure = ax.figure
        figure.savefig(BytesIO(), format="png")
        texts = [text for text in figure.findobj(Text) if text.get_text()]
        assert not any("$" in text.get_text() and text.get_parse_math() for text in texts)
        assert not any(mark in text.get_text() for text in texts for mark in "\x00\x1b\u202e\u2067")
