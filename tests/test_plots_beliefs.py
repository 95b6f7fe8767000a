"""Plots of answers: the bars, arrows and cells are the engine's numbers."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import pytest
from matplotlib.figure import Figure

import spasmnet
from spasmnet import SpasmnetError, UnknownVariableError
from spasmnet.plots_beliefs import plot_cases, plot_change, plot_heat_map, plot_ranked
from tests import classic

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


def test_changes_go_from_before_to_after() -> None:
    """The circle is the probability before the findings, the dot the one after; the longest change comes first."""
    ax = plot_change(POST, top=5)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    circles = [float(line.get_xdata()[0]) for line in ax.lines if line.get_markersize() == 7]
    dots = [float(line.get_xdata()[0]) for line in ax.lines if line.get_markersize() == 4]
    by_label = {v.label: v.name for v in ENGINE.network.variables}
    assert circles == pytest.approx([present(PRIOR, by_label[label]) for label in labels])
    assert dots == pytest.approx([present(POST, by_label[label]) for label in labels])
    moved = [abs(a - b) for a, b in zip(circles, dots, strict=True)]
    assert moved == sorted(moved, reverse=True)


def test_cases_stand_side_by_side() -> None:
    """One bar a case in each group, and a legend with what they were called, whatever that says."""
    ax = plot_cases({"<b>$x$</b>": PRIOR, "now": POST}, ["dehydration", "overuse"])
    widths = sorted(bar.get_width() for bar in ax.patches)
    expected = sorted(present(post, name) for post in (PRIOR, POST) for name in ("dehydration", "overuse"))
    assert widths == pytest.approx(expected)
    legend = ax.get_legend()
    assert legend is not None and [text.get_text() for text in legend.get_texts()] == ["<b>$x$</b>", "now"]


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
    with pytest.raises(SpasmnetError, match="two to 6 cases of one network can be compared, not 1"):
        plot_cases({"alone": PRIOR})
    with pytest.raises(SpasmnetError, match="two to 6 cases of one network"):
        plot_cases({"one": PRIOR, "other": spasmnet.compile(classic.load("asia")).posterior()})
    with pytest.raises(SpasmnetError, match="name the variables"):
        plot_heat_map(spasmnet.compile(classic.load("asia")))
    with pytest.raises(SpasmnetError, match="at least one variable"):
        plot_cases({"one": PRIOR, "two": POST}, [])
