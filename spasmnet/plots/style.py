"""What all plots share: colours, labels on several lines, plain axes, percent ticks, and a legend over the axes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10
from typing import TYPE_CHECKING, Any

from spasmnet.errors import SpasmnetError
from spasmnet.model.words import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, INK, SOFT = "#0072B2", "#E69F00", "#222222", "#666666"  # the first two are Okabe and Ito's
LINE = "#BBBBBB"


@dataclass(frozen=True, slots=True)
class Tones:
    """The colours that go with light or dark axes: words, softer words, frame, grid, a shaded range, and the ground."""

    ink: str
    soft: str
    line: str
    grid: str
    shade: str
    ground: str


LIGHT = Tones(INK, SOFT, LINE, "#E6E6E6", "#D9E6F2", "white")
DARK = Tones("#E2E2E2", "#A8A8A8", "#666666", "#333333", "#1E3A52", "black")


def tones(ax: Axes) -> Tones:
    """The colours for axes, by how light what stands behind them is; transparent ones go by the colour of words."""
    from matplotlib import rcParams
    from matplotlib.colors import to_rgba

    for ground in (ax.get_facecolor(), ax.figure.get_facecolor()):
        if to_rgba(ground)[3] > 0.5:
            return LIGHT if _lightness(ground) > 0.5 else DARK
    return DARK if _lightness(rcParams["text.color"]) > 0.5 else LIGHT


def _lightness(colour: Any) -> float:
    from matplotlib.colors import to_rgb

    return float(sum(part * share for part, share in zip(to_rgb(colour), (0.299, 0.587, 0.114), strict=True)))


def new_axes(width: float, height: float) -> Axes:
    """Axes in a figure of their own, which pyplot does not keep."""
    try:
        from spasmnet.plots.figure import ShownFigure
    except ImportError:
        raise SpasmnetError("plots need matplotlib; install it first: pip install matplotlib") from None
    return ShownFigure(figsize=(width, height), layout="constrained", dpi=110).add_subplot()


def lines_of(text: object, width: int, most: int) -> list[str]:
    """A text on at most so many lines (2 or more), of a longer one both ends.

    Names that are too long for a line are broken after _ or =.

    >>> lines_of("P(first_name=present | second_name=absent)", 20, 2)
    ['P(first_name=prese …', 'second_name=absent)']
    """
    pieces: list[str] = []
    for word in re.findall(r"\S+\s*", plain(str(text))):
        while len(word.rstrip()) > width:
            at = max(word.rfind("_", 0, width), word.rfind("=", 0, width)) + 1 or width
            pieces.append(word[:at])
            word = word[at:]
        pieces.append(word)
    found = [""]
    for piece in pieces:
        if found[-1] and len(found[-1] + piece.rstrip()) > width:
            found.append("")
        found[-1] += piece
    found = [line.rstrip() for line in found]
    if len(found) <= most:
        return found
    end = most // 2
    start = most - end - 1
    return [*found[:start], f"{found[start][: width - 2]} …", *found[-end:]]


def set_words(setter: Callable[..., Any], text: str, width: int) -> None:
    """Name an axis, on at most three lines."""
    setter("\n".join(lines_of(text, width, 3)), parse_math=False)


def finish(ax: Axes, *, percent: bool, along: str) -> None:
    """No frame, a light grid along the axis of the answer, readable sizes, and percent where the answer is one."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.spines[["top", "right"]].set_visible(False)
    look = tones(ax)
    ax.spines[["left", "bottom"]].set_color(look.line)
    ax.tick_params(colors=look.ink, labelsize=10, color=look.line)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_color(look.ink)
    ax.set_axisbelow(True)
    if along:
        axis = ax.xaxis if along == "x" else ax.yaxis
        ax.grid(axis="x" if along == "x" else "y", color=look.grid, linewidth=0.8)
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        if percent:
            axis.set_major_formatter(FuncFormatter(lambda t, _: tick(t, axis.get_majorticklocs().tolist())))


def tick(value: float, places: Sequence[float]) -> str:
    """A tick of a percent axis, with as many decimals as the distance of the ticks needs.

    >>> tick(0.05, (0.0, 0.05, 0.1)), tick(0.05, (0.05, 0.055)), tick(2e-9, (0.0, 2e-9))
    ('5%', '5.0%', '2e-07%')
    """
    step = 100 * min((abs(b - a) for a, b in pairwise(places)), default=1.0)
    decimals = max(0, -floor(log10(step) + 1e-9)) if step else 0
    if decimals > 5:
        return f"{100 * value:.3g}%" if abs(100 * value) > step / 1000 else "0%"
    return f"{100 * value:.{decimals}f}%"


def heading(ax: Axes, title: str, note: str, above: int) -> None:
    """The title, left, over a note and the lines of the legend."""
    lines, look = lines_of(note, 60, 2) if note else [], tones(ax)
    base = 15.5 * above + 4
    if lines:
        ax.annotate("\n".join(lines), (0, 1), (0, base + 2), "axes fraction", "offset points", color=look.soft,
                    fontsize=10, va="bottom", parse_math=False)  # fmt: skip
    ax.set_title("\n".join(lines_of(title, 60, 3)), loc="left", pad=base + 15 * len(lines) + 4, fontsize=12.5,
                 fontweight="bold", color=look.ink, parse_math=False)  # fmt: skip


def legend_above(ax: Axes, rows: Sequence[tuple[str, str, str]]) -> None:
    """A legend over the axes, a line for each thing drawn."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    ink, ground = tones(ax).ink, tones(ax).ground
    kinds: dict[str, Callable[[str], Any]] = {
        "bar": lambda c: Patch(color=c),
        "span": lambda c: Patch(color=c),
        "line": lambda c: Line2D([], [], color=c, linewidth=1.3),
        "dot": lambda c: Line2D([], [], marker="o", markersize=9, color=c, markeredgecolor=ink, linestyle=""),
        "vertex": lambda c: Line2D([], [], marker="D", markersize=7, color=c, markerfacecolor=ground, linestyle=""),
    }
    drawn = ax.legend([kinds[kind](colour) for kind, colour, _ in rows], [words for *_, words in rows], frameon=False,
                      loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, borderpad=0, fontsize=10,
                      labelspacing=0.35, handlelength=1.4)  # fmt: skip
    for text in drawn.get_texts():
        text.set_parse_math(False)
        text.set_color(ink)
