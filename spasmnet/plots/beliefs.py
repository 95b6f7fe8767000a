"""Plots of answers: ranked causes, what findings changed, cases side by side, and what each risk factor does.

Each function draws into the `ax` that it is given, or into a new figure (`axes.figure`) that pyplot does not know, and
returns the axes; nothing is shown. What the colours mean stands in a legend in words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from spasmnet.display.phrases import prior_of, probability_of
from spasmnet.errors import SpasmnetError
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Posterior
from spasmnet.model.network import Network, Variable
from spasmnet.model.words import event_of, name_of, said, state_of
from spasmnet.plots.style import BLUE, INK, ORANGE, finish, heading, legend_above, lines_of, new_axes, set_words, tones
from spasmnet.triage.report import ranked, total

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spasmnet.findings.evidence_sensitivity import EvidenceSensitivity

CAUSES = ("cause", "serious")
CASES = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#D55E00")  # Okabe and Ito's


def plot_ranked(
    post: Posterior, variables: Collection[str] | None = None, top: int = 12, ax: Axes | None = None
) -> Axes:
    """The most probable causes: P(any state but the neutral one) as a bar, with its interval if `post` has them.

    In a network without roles the states are named: any but the one that its own name makes neutral, such as absent,
    or where there is none such, the most probable one.
    `variables` are the ones to rank (default: causes and serious conditions, or all if there are no roles); at most
    `top` (1 or more) are drawn. Raises UnknownVariableError, and SpasmnetError if there is nothing to draw.

    >>> import spasmnet
    >>> post = spasmnet.compile(spasmnet.load()).posterior({"spasm": "painful"}, interval=0.9)
    >>> len(plot_ranked(post, top=5).get_yticks())
    5
    """
    names = _names(post.network, variables)
    rows = [row for row in ranked(post) if row.variable.name in names][: _positive(top)]
    if not rows:
        raise SpasmnetError("there is nothing to rank: all of these variables were observed")
    drawn = _axes_for([event_of(row.variable, row.event) for row in rows], ax, 0.36)
    look = tones(drawn)
    for y, row in enumerate(rows):
        drawn.barh(y, row.probability, height=0.55, color=BLUE, zorder=2)
        if row.interval is not None:
            drawn.plot(row.interval, [y, y], color=look.ink, linewidth=1.6, marker="|", markersize=8, zorder=3)
    finish(drawn, percent=True, along="x")
    legend = [("bar", BLUE, probability_of(row.variable for row in rows))]
    if post.uncertainty is not None:
        legend.append(("line", look.ink, f"{100 * post.uncertainty.level:.6g}% interval, of the model's numbers"))
    heading(drawn, "What is most probable", "", above=len(legend))
    legend_above(drawn, legend)
    return drawn


def plot_change(
    post: Posterior, variables: Collection[str] | None = None, top: int = 12, ax: Axes | None = None
) -> Axes:
    """What the findings changed: an arrow from the probability before them to the one after, the longest first.

    Arguments and errors as for `plot_ranked`. Raises SpasmnetError too if there are no findings.

    >>> import spasmnet
    >>> post = spasmnet.compile(spasmnet.load()).posterior({"spasm": "painful"})
    >>> len(plot_change(post, top=3).get_yticks())
    3
    """
    before = prior_of(post)
    if before is None:
        raise SpasmnetError("there is no change to draw: the posterior has no findings, or its network is too large")
    names = _names(post.network, variables)
    rows = [row for row in ranked(post, before) if row.variable.name in names]
    rows = sorted(rows, key=lambda row: -abs(row.probability - row.before))[: _positive(top)]
    if not rows:
        raise SpasmnetError("there is nothing to draw: all of these variables were observed")
    drawn = _axes_for([event_of(row.variable, row.event) for row in rows], ax, 0.36)
    look, most = tones(drawn), max(max(row.probability, row.before) for row in rows)
    for y, row in enumerate(rows):
        colour = ORANGE if row.probability >= row.before else BLUE
        arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 2.4, "shrinkA": 0, "shrinkB": 0}
        drawn.annotate("", (row.probability, y), (row.before, y), arrowprops=arrow, zorder=3)
        if abs(row.probability - row.before) < 0.04 * most:  # too short for an arrow
            drawn.plot([row.probability], [y], "o", color=colour, markersize=4, zorder=5)
        drawn.plot([row.before], [y], "o", color=look.ground, markeredgecolor=look.ink, markersize=7, zorder=4)
    drawn.set_xlim(-0.02 * most, 1.06 * most or 1.0)
    finish(drawn, percent=True, along="x")
    heading(drawn, "What the findings changed", f"{probability_of(row.variable for row in rows)}; circle: before",
            above=2)  # fmt: skip
    legend_above(drawn, [("bar", ORANGE, "raised by the findings"), ("bar", BLUE, "lowered by the findings")])
    return drawn


def plot_cases(
    cases: Mapping[str, Posterior], variables: Collection[str] | None = None, top: int = 10, ax: Axes | None = None
) -> Axes:
    """Two to six cases side by side: a group of bars a variable, the ones that differ most first.

    `cases` maps what to call a case to its posterior: of one network, or of networks with the same variables, such as
    one and what `do` makes of it. Other arguments and errors as for `plot_ranked`; variables observed in some cases are
    drawn too. Where no state is known to be neutral, one is named, as in `plot_ranked`: the most probable on average.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> cases = {"rested": engine.posterior(), "after vomiting": engine.posterior({"vomiting_diarrhoea": "present"})}
    >>> len(plot_cases(cases, top=4).patches)
    8
    """
    posts = list(cases.values())
    if not 2 <= len(posts) <= len(CASES) or any(post.network.variables != posts[0].network.variables for post in posts):
        raise SpasmnetError(f"two to {len(CASES)} cases can be compared, all with the same variables, not {len(posts)}")
    network = posts[0].network
    events = {name: _event(posts, name) for name in _names(network, variables)}
    chances = {name: [total(post[name], event) for post in posts] for name, event in events.items()}
    names = sorted(chances, key=lambda name: min(chances[name]) - max(chances[name]))[: _positive(top)]
    shown = [network.by_name[name] for name in names]
    drawn = _axes_for([event_of(v, events[v.name]) for v in shown], ax, 0.16 + 0.17 * len(posts))
    height = 0.8 / len(posts)
    for i, colour in enumerate(CASES[: len(posts)]):
        places = [y - 0.4 + height * (i + 0.5) for y in range(len(names))]
        drawn.barh(places, [chances[name][i] for name in names], height=0.9 * height, color=colour, zorder=2)
    finish(drawn, percent=True, along="x")
    heading(drawn, "How the cases differ", probability_of(shown), above=len(posts))
    words = (" ".join(lines_of(label, 60, 2)) for label in cases)
    legend_above(drawn, [("bar", colour, word) for colour, word in zip(CASES, words, strict=False)])
    return drawn


def plot_heat_map(
    engine: Engine,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    evidence: Mapping[str, Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """How each risk factor shifts each finding: P(column | row = its last state) minus that given its neutral state.

    P(column) is that of any state but the neutral one. Where none is known to be neutral, a state is named, as in
    `plot_ranked`; of such a row it is that state against all its others. `rows` and `columns` are variables (default:
    risk factors and findings, by role); `evidence` holds for all cells. A row's states are observed, not brought about
    (see `do`). Raises SpasmnetError if the network has no roles and nothing is named, UnknownVariableError, and
    EvidenceError.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> plot_heat_map(engine, ["heavy_sweating"], ["thirst_dry_mouth", "weakness"]).get_title(loc="left")
    'How risk factors shift findings'
    """
    network, given = engine.network, {} if evidence is None else dict(evidence)
    chosen = []
    for names, role in ((rows, "risk_factor"), (columns, "finding")):
        found = [v for v in network.variables if v.role == role] if names is None else [*map(network.variable, names)]
        chosen.append([variable for variable in found if variable.name not in given])
    factors, findings = chosen
    if not factors or not findings:
        raise SpasmnetError("name the variables: rows=[...] and columns=[...]; none are left by role or observed")
    base = engine.posterior(given)
    shift, called = _shifts(engine, given, base, factors, findings)
    size = max(3.5 + 0.55 * len(findings), 8.0), max(2.6 + 0.33 * len(factors), 4.5)
    drawn = ax if ax is not None else new_axes(*size)
    reach = float(np.abs(shift).max()) or 1.0
    image = drawn.imshow(shift, cmap="PuOr_r", vmin=-reach, vmax=reach, aspect="auto")
    for y, x in np.ndindex(shift.shape):
        if abs(shift[y, x]) >= 0.005:
            colour = "white" if abs(shift[y, x]) > 0.6 * reach else INK
            drawn.text(x, y, f"{100 * shift[y, x]:+.0f}", ha="center", va="center", fontsize=8.5, color=colour)
    drawn.set_yticks(range(len(factors)), [_label(name) for name in called[0]], parse_math=False)
    drawn.set_xticks(range(len(findings)), [_label(name, 22) for name in called[1]], rotation=60, ha="right",
                     rotation_mode="anchor", parse_math=False)  # fmt: skip
    look = tones(drawn)
    drawn.tick_params(length=0, labelsize=9.5, colors=look.ink)
    drawn.spines[:].set_color(look.line)
    roles = all(v.role for v in factors)
    ends = "from a row's neutral state to its last" if roles else "with a row's state against without"
    heading(drawn, "How risk factors shift findings", f"percentage points, {ends}", above=0)
    bar = drawn.figure.colorbar(image, ax=drawn, shrink=0.7)
    bar.ax.yaxis.set_major_formatter(lambda t, _: f"{100 * t:+.0f}" if abs(t) > 1e-9 else "0")
    bar.ax.tick_params(colors=look.ink, color=look.line)
    bar.outline.set_edgecolor(look.line)
    return drawn


def plot_weights(es: EvidenceSensitivity, top: int = 12, ax: Axes | None = None) -> Axes:
    """What each finding weighs for the answer, the other findings given: a bar in decibans to either side of 0.

    The heaviest come first, at most `top` (1 or more). A finding that settles the answer has an infinite weight: its
    bar ends at the edge, with an arrow. Raises SpasmnetError if there are no findings.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> case = {"spasm": "painful", "heavy_sweating": "present"}
    >>> len(plot_weights(spasmnet.evidence_sensitivity(engine, ("dehydration", "mild"), case)).patches)
    2

    Source: Good IJ (1950), Probability and the weighing of evidence.
    """
    rows = sorted(es.at_hand, key=lambda one: -abs(one.weight))[: _positive(top)]
    if not rows:
        raise SpasmnetError("there is nothing to draw: the answer was asked without findings")
    most = max((abs(one.decibans) for one in rows if isfinite(one.decibans)), default=0.0) or 1.0
    drawn = ax if ax is not None else new_axes(8.5, 1.9 + 0.45 * len(rows))
    for y, one in enumerate(rows):
        colour, end = (ORANGE if one.weight > 0 else BLUE), min(max(one.decibans, -1.15 * most), 1.15 * most)
        drawn.barh(y, end, height=0.55, color=colour, zorder=2)
        if not isfinite(one.weight):
            drawn.plot([end], [y], ">" if end > 0 else "<", color=colour, markersize=11, clip_on=False, zorder=4)
    labels = ["\n".join(lines_of(said(es.network, one.variable, one.finding), 40, 2)) for one in rows]
    drawn.axvline(0.0, color=tones(drawn).ink, linewidth=1.3, zorder=3)
    drawn.set_yticks(range(len(rows)), labels, parse_math=False)
    drawn.set_ylim(len(rows) - 0.4, -0.6)
    drawn.set_xlim(-1.15 * most, 1.15 * most)
    finish(drawn, percent=False, along="x")
    drawn.tick_params(axis="y", length=0)
    set_words(drawn.set_xlabel, "weight of evidence in decibans, the other findings given", 60)
    variable = es.network.by_name[es.event.variable]
    states = " or ".join(state_of(variable, state) for state in es.event.states or (es.focus,))
    heading(drawn, "What each finding weighs", f"for {name_of(variable)}: {states}", above=2)
    legend_above(drawn, [("bar", ORANGE, "speaks for it"), ("bar", BLUE, "speaks against it")])
    return drawn


def _shifts(
    engine: Engine, given: Mapping[str, Any], base: Posterior, factors: Sequence[Variable], findings: Sequence[Variable]
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], tuple[list[str], list[str]]]:
    """The differences, rows by columns, and what rows and columns are called."""
    events = [v.event(base[v.name]) for v in findings]
    rows, called = [], []
    for row in factors:
        named = row.states[-1:] if row.role else row.event(base[row.name])
        rest = (row.neutral,) if row.neutral else tuple(s for s in row.states if s not in named) or named
        with_it, without = (
            engine.posterior({**given, row.name: {s: float(s in chosen) for s in row.states}})
            for chosen in (named, rest)
        )
        moves = (total(with_it[v.name], e) - total(without[v.name], e) for v, e in zip(findings, events, strict=True))
        rows.append([1.0 if v is row else move for v, move in zip(findings, moves, strict=True)])
        called.append(event_of(row, named))
    return np.array(rows), (called, [event_of(v, e) for v, e in zip(findings, events, strict=True)])


def _event(posts: Sequence[Posterior], name: str) -> tuple[str, ...]:
    """The states of a variable that are drawn for several cases."""
    variable = posts[0].network.by_name[name]
    return variable.event({state: sum(post[name][state] for post in posts) / len(posts) for state in variable.states})


def _names(network: Network, variables: Collection[str] | None) -> list[str]:
    if variables is not None:
        return [network.variable(name).name for name in ([variables] if isinstance(variables, str) else variables)]
    return [v.name for v in network.variables if v.role in CAUSES] or list(network.names)


def _positive(top: int) -> int:
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise SpasmnetError(f"top is a whole number of at least 1, not {top!r}")
    return top


def _label(words: str, width: int = 34) -> str:
    return "\n".join(lines_of(words, width, 2))


def _axes_for(names: Sequence[str], ax: Axes | None, each: float) -> Axes:
    """Axes with a row a variable, called so, the first at the top."""
    if not names:
        raise SpasmnetError("there is nothing to draw: name at least one variable")
    drawn = ax if ax is not None else new_axes(8.5, 1.5 + max(each, 0.4) * len(names))
    drawn.set_yticks(range(len(names)), [_label(name) for name in names], parse_math=False)
    drawn.set_ylim(len(names) - 0.4, -0.6)
    return drawn
