"""Plots of sensitivity: tornado, one-way function, intervals, and the surface of two numbers at once.

Each function draws into the `ax` that it is given, or into a new figure (`axes.figure`) that pyplot does not know, and
returns the axes; nothing is shown. Blue and orange are told apart by everybody; no meaning rests on the colour alone
that the legend does not put into words. matplotlib is only imported when something is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spasmnet.display.sensitivity_words import Entry, answer_text, given_text, widest
from spasmnet.errors import SpasmnetError
from spasmnet.model.words import number, plain, share
from spasmnet.plots.style import (
    BLUE,
    INK,
    ORANGE,
    finish,
    heading,
    legend_above,
    lines_of,
    new_axes,
    set_words,
    tones,
)
from spasmnet.sensitivity.function import vertex

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from spasmnet.sensitivity.function import SensitivityFunction
    from spasmnet.sensitivity.one_way import ParameterSensitivity

Floats = NDArray[np.float64]
WIDE = 46  # characters of a label's line


def plot_tornado(ps: ParameterSensitivity, top: int = 12, ax: Axes | None = None) -> Axes:
    """The numbers that move an answer furthest: a bar each, from the answer at its low to that at its high end.

    `top` (1 or more) is the largest number of bars, the widest at the top. Each number moves over its own range, or
    over its value plus and minus the spread if it has none; the others of its row follow. Bars that would go to an
    infinite answer end at the edge, with an arrow. Of two numbers that sum to 1, of which the model cites only one,
    only that one is drawn. Raises SpasmnetError if the answer now is infinite or not defined.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> ps = spasmnet.parameter_sensitivity(engine, ("dehydration", "mild"), {"spasm": "painful"})
    >>> len(plot_tornado(ps, top=3).get_yticks())
    3
    """
    if not isinstance(top, int) or isinstance(top, bool) or top < 1:
        raise SpasmnetError(f"top is a whole number of bars, 1 or more, not {top!r}")
    answer = ps.answer
    if not isfinite(answer):
        raise SpasmnetError(f"{ps.target} is {answer:g} now, so there is no place to draw bars from")
    found = widest(ps, top)
    labels = [_label(one) for one in found]
    lines = [label.count("\n") + 1 for label in labels]
    room = np.array([max(count, 2) for count in lines], dtype=np.float64) * 0.19 + 0.12  # inches
    drawn = ax if ax is not None else new_axes(9.5, max(float(room.sum()), 0.7) + 2.0)
    edges = np.concatenate([[0.0], np.cumsum(room)])
    middles = (edges[:-1] + edges[1:]) / 2
    ends = [t for one in found for t in (one.at_low, one.at_value, one.at_high) if isfinite(t)]
    least, most = min([answer, *ends]), max([answer, *ends])
    margin = 0.05 * (most - least) or 0.05 * abs(answer) or 0.05
    for one, y in zip(found, middles.tolist(), strict=True):
        halves = [(one.at_low, ORANGE, "low"), (one.at_high, BLUE, "high")]
        for end, colour, which in sorted(halves, key=lambda half: -abs(half[0] - one.at_value)):  # the shorter on top
            _half(drawn, y, one.at_value, end, colour, which, (least - margin, most + margin))
    look = tones(drawn)
    drawn.axvline(answer, color=look.ink, linewidth=1.3, zorder=3)
    drawn.set_xlim(least - margin, most + margin)
    drawn.set_ylim(float(edges[-1]) + 0.05 if found else 1.0, -0.05 if found else 0.0)
    drawn.set_yticks(middles, labels, parse_math=False, linespacing=1.25)
    if not found:
        drawn.text(0.5, 0.5, "No number of the model changes this answer.", ha="center", va="center", color=look.soft,
                   transform=drawn.transAxes, bbox={"facecolor": look.ground, "edgecolor": "none"})  # fmt: skip
    finish(drawn, percent=ps.target.measure == "probability", along="x")
    drawn.tick_params(axis="y", length=0)
    set_words(drawn.set_xlabel, str(ps.target), 60)
    given = f"given {given_text(ps, 100)}" if ps.evidence else "before any finding"
    heading(drawn, "How the numbers of the model move the answer", given, above=3)
    legend_above(
        drawn,
        [
            ("bar", ORANGE, "answer when the number is at its low end"),
            ("bar", BLUE, "answer when the number is at its high end"),
            ("line", look.ink, f"answer now: {answer_text(ps, answer)}"),
        ],
    )
    return drawn


def plot_function(function: SensitivityFunction, ax: Axes | None = None) -> Axes:
    """How the answer depends on one number: the curve, the present value as a dot, and the number's range shaded.

    The vertex of the hyperbola, where it bends most, is marked if it lies in view. An answer that stays within [0, 1]
    is told in percent.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> ps = spasmnet.parameter_sensitivity(engine, ("dehydration", "mild"), {"spasm": "painful"})
    >>> [float(end) for end in plot_function(ps["leak of dehydration: mild"]).get_xlim()]
    [0.0, 1.0]
    """
    first, last = function.pieces[0].low, function.pieces[-1].high
    x = _samples(function, first, last)
    with np.errstate(invalid="ignore"):  # where there is no answer nothing is drawn
        y = np.asarray(function(x), dtype=np.float64)
    x, y = x[np.isfinite(y)], y[np.isfinite(y)]
    now = float(function(function.value))
    if not len(y) or not isfinite(now):
        raise SpasmnetError(f"{function.name}: the answer is {now:g} at {function.value:g}, which cannot be drawn")
    percent = not any(piece.log for piece in function.pieces) and y.min() >= -1e-9 and y.max() <= 1 + 1e-9
    words = share if percent else number
    drawn = ax if ax is not None else new_axes(7.5, 5.2)
    look = tones(drawn)
    drawn.axvspan(function.low, function.high, color=look.shade, zorder=0, linewidth=0)
    drawn.plot(x, y, color=BLUE, linewidth=2.2, zorder=2)
    legend = [("span", look.shade, f"the number's range, {number(function.low)} to {number(function.high)}")]
    legend.insert(0, ("dot", ORANGE, f"now: {words(now)} at {number(function.value)}"))
    for piece in function.pieces:
        at = None if piece.log else vertex(piece, function.value)
        if at is not None and piece.low <= at <= piece.high:
            drawn.plot([at], [float(piece(at))], "D", markersize=7, markerfacecolor=look.ground, markeredgecolor=BLUE,
                       markeredgewidth=1.6, zorder=4, label="vertex")  # fmt: skip
            legend.append(("vertex", BLUE, f"vertex, where the curve bends most, at {number(at)}"))
    drawn.plot(
        [function.value], [now], "o", markersize=9, color=ORANGE, markeredgecolor=look.ink, zorder=5, clip_on=False
    )
    drawn.set_xlim((first, last) if first < last else (function.value - 0.05, function.value + 0.05))
    _room(drawn, y)
    finish(drawn, percent=percent, along="y")
    set_words(drawn.set_ylabel, function.answer, 50)
    set_words(drawn.set_xlabel, function.name, 70)
    heading(drawn, "How the answer depends on one number", "", above=len(legend))
    legend_above(drawn, legend)
    return drawn


def plot_intervals(rows: Iterable[Sequence[Any]], ax: Axes | None = None, *, title: str = "", words: str = "") -> Axes:
    """Values with their intervals: a dot and a horizontal bar a row, in the order given, the first at the top.

    With a `title` or `words` for what the bars are there is a heading, and a legend.

    Each row is (label, value, low, high), with finite numbers and low <= high. In percent if all lie in [0, 1].
    Raises SpasmnetError for rows that are not so.

    >>> axes = plot_intervals([("Dehydration", 0.2, 0.1, 0.3), ("Muscle strain", 0.05, 0.02, 0.11)])
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['Dehydration', 'Muscle strain']
    """
    found = [_interval(i, row) for i, row in enumerate(rows)]
    if not found:
        raise SpasmnetError("there is nothing to draw: a row is (label, value, low, high)")
    labels = ["\n".join(lines_of(label, WIDE, 3)) for label, *_ in found]
    room = np.array([label.count("\n") + 1 for label in labels]) * 0.19 + 0.2
    drawn = ax if ax is not None else new_axes(9.0, float(room.sum()) + 1.0)
    edges = np.concatenate([[0.0], np.cumsum(room)])
    middles = (edges[:-1] + edges[1:]) / 2
    look = tones(drawn)
    for (_, value, low, high), y in zip(found, middles.tolist(), strict=True):
        drawn.plot([low, high], [y, y], color=BLUE, linewidth=4, alpha=0.55, solid_capstyle="round", zorder=2)
        drawn.plot([value], [y], "o", color=BLUE, markersize=8, markeredgecolor=look.ground, zorder=3)
    numbers = np.array([row[1:] for row in found])
    least, most = float(numbers.min()), float(numbers.max())
    percent = least >= 0 and most <= 1
    margin = 0.05 * (most - least) or 0.05 * abs(most) or 0.05
    drawn.set_xlim(least - margin if least - margin > 0 or least < 0 else -0.02 * (most + margin), most + margin)
    drawn.set_yticks(middles, labels, parse_math=False, linespacing=1.25)
    drawn.set_ylim(float(edges[-1]), 0.0)
    finish(drawn, percent=percent, along="x")
    drawn.tick_params(axis="y", length=0)
    if title or words:
        legend = [("dot", BLUE, "value"), ("line", BLUE, words)] if words else []
        heading(drawn, title, "", above=len(legend))
        if legend:
            legend_above(drawn, legend)
    return drawn


def plot_surface(
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    ax: Axes | None = None,
    labels: Sequence[str] = ("", "", ""),
    present: tuple[float, float] | None = None,
) -> Axes:
    """The answer over two numbers at once as contours; `z[i, j]` is the answer at `x[j]` and `y[i]`.

    `x` and `y` increase; `labels` names both numbers and the answer; `present` is where they are now. In percent if all
    answers lie in [0, 1]. Raises SpasmnetError for shapes that do not fit and numbers that are not finite.

    >>> axes = plot_surface([0, 0.5, 1], [0, 1], [[0.1, 0.2, 0.3], [0.2, 0.4, 0.6]], present=(0.5, 0.5))
    >>> [float(end) for end in axes.get_xlim()]
    [0.0, 1.0]
    """
    across, up, height = (np.asarray(values, dtype=np.float64) for values in (x, y, z))
    _check_surface(across, up, height)
    names = [plain(str(label)) for label in (*labels, "", "", "")[:3]]
    percent = bool(height.min() >= 0 and height.max() <= 1)
    words: Callable[[float], str] = share if percent else number
    drawn = ax if ax is not None else new_axes(7.5, 6.2)
    least, most = float(height.min()), float(height.max())
    if most > least:
        from matplotlib import colormaps
        from matplotlib.ticker import MaxNLocator

        levels = MaxNLocator(8, steps=[1, 2, 5, 10]).tick_values(least, most)
        light = colormaps["Blues"](np.linspace(0.05, 0.6, max(len(levels) - 1, 1)))
        drawn.contourf(across, up, height, levels, colors=light, zorder=0)
        inner = [level for level in levels if least < level < most]
        contours = drawn.contour(across, up, height, inner or [(least + most) / 2], colors=INK, linewidths=0.9)
        _boxed(drawn.clabel(contours, fmt=words, fontsize=9.5, inline=False), across, up)
    else:
        drawn.text(
            0.5, 0.9, f"{words(least)} everywhere", ha="center", transform=drawn.transAxes, color=tones(drawn).soft
        )
    drawn.set_xlim(float(across[0]), float(across[-1]))
    drawn.set_ylim(float(up[0]), float(up[-1]))
    finish(drawn, percent=False, along="")
    set_words(drawn.set_xlabel, names[0], 70)
    set_words(drawn.set_ylabel, names[1], 60)
    if present is not None:
        drawn.plot([present[0]], [present[1]], "o", markersize=10, color=ORANGE, markeredgecolor=INK, zorder=5,
                   clip_on=False)  # fmt: skip
        legend_above(drawn, [("dot", ORANGE, f"now: {number(present[0])} and {number(present[1])}")])
    heading(drawn, names[2] or "The answer over two numbers", "", above=int(present is not None))
    return drawn


def _boxed(labels: Iterable[Text], x: Floats, y: Floats) -> None:
    """Put the words on contours into boxes, and take those away that would reach over an edge of the axes."""
    for label in labels:
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0})
        shares = [(t - ends[0]) / (ends[-1] - ends[0]) for t, ends in zip(label.get_position(), (x, y), strict=True)]
        if not all(0.03 < share < 0.97 for share in shares):
            label.remove()


def _label(found: Entry) -> str:
    """A number in words, and under it its range and what that rests on."""
    words = lines_of(found.function.name, WIDE, 6)
    return "\n".join([*words, *lines_of(f"{number(found.low)} to {number(found.high)}, {found.basis}", WIDE, 2)])


def _half(ax: Axes, y: float, start: float, end: float, colour: str, which: str, view: tuple[float, float]) -> None:
    """One half of a tornado's bar; an infinite one goes to the edge and ends in an arrow."""
    shown = end if isfinite(end) else (view[1] if end > 0 else view[0])
    base = start if isfinite(start) else (view[1] if start > 0 else view[0])
    ax.barh(y, shown - base, left=base, height=0.26, color=colour, zorder=2, label=which)
    if not isfinite(end):
        ax.plot([shown], [y], ">" if end > 0 else "<", color=colour, markersize=11, clip_on=False, zorder=4)


def _samples(function: SensitivityFunction, first: float, last: float) -> Floats:
    """Where a curve is evaluated: evenly, closer together near both ends, where it may be steep, and at the joints."""
    near = np.geomspace(1e-6, 1.0, 200)
    joints = [function.value, *(end for piece in function.pieces for end in (piece.low, piece.high))]
    shares = np.concatenate([np.linspace(0, 1, 301), near, 1 - near])
    return np.unique(np.concatenate([first + (last - first) * shares, joints]).clip(first, last))


def _room(ax: Axes, y: Floats) -> None:
    """Limits for the answer: from 0 if it comes near it, never below for what cannot be negative."""
    least, most = float(y.min()), float(y.max())
    margin = 0.06 * (most - least) or 0.1 * abs(most) or 0.1
    bottom = 0.0 if least >= 0 and least - margin < 0.25 * most else least - margin
    ax.set_ylim(bottom, most + margin)


def _interval(at: int, row: Sequence[Any]) -> tuple[str, float, float, float]:
    try:
        label, *numbers = row
        value, low, high = (float(n) for n in numbers)
    except (TypeError, ValueError):
        raise SpasmnetError(f"row {at} is not (label, value, low, high): {row!r}") from None
    if not (isfinite(value) and isfinite(low) and isfinite(high) and low <= high):
        raise SpasmnetError(f"row {at} needs finite numbers with low <= high, not {value:g}, {low:g} and {high:g}")
    return str(label), value, low, high


def _check_surface(x: Floats, y: Floats, z: Floats) -> None:
    if x.ndim != 1 or y.ndim != 1 or z.shape != (len(y), len(x)) or min(z.shape) < 2:
        raise SpasmnetError(
            f"z[i, j] is the answer at x[j] and y[i], with two or more of each; the shapes are x {x.shape}, "
            f"y {y.shape} and z {z.shape}"
        )
    if not (np.isfinite(z).all() and np.isfinite(x).all() and np.isfinite(y).all()):
        raise SpasmnetError("a surface needs finite numbers")
    if not ((np.diff(x) > 0).all() and (np.diff(y) > 0).all()):
        raise SpasmnetError("x and y must increase")
