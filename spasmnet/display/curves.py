"""Small pictures of functions: a curve of one number, and a map of two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import floor, log10

import numpy as np
from numpy.typing import NDArray

from spasmnet.display.page import BLUE, ORANGE
from spasmnet.display.svg import safe, text, wrapped
from spasmnet.display.tracks import signs

Floats = NDArray[np.float64]
WIDE, HIGH, LEFT, TOP, RIGHT = 460.0, 210.0, 66.0, 12.0, 14.0
ACROSS, UP = 20, 18  # cells of a map: whole pixels


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers within [low, high], at most about so many.

    >>> ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    rough = (high - low) / most
    if not rough > 0:
        return [low]
    power = 10.0 ** floor(log10(rough))
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= rough * (1 - 1e-9))
    first = -int(-(low / step - 1e-9) // 1)
    found = [first * step + 0.0]
    while found[-1] + step <= high + 1e-9 * step:
        found.append((first + len(found)) * step)
    return [float(f"{t:.12g}") for t in found]


def words_of(values: Sequence[float], percent: bool) -> list[str]:
    """Ticks in words, all with the decimals that their distance needs."""
    times, unit = (100.0, "%") if percent else (1.0, "")
    step = times * min((b - a for a, b in pairwise(values)), default=1.0)
    decimals = max(0, -floor(log10(step) + 1e-9)) if step > 0 else 0
    return [f"{times * t:.{decimals}f}{unit}" if decimals < 6 else f"{times * t:.3g}{unit}" for t in values]


class Frame:
    """Axes in a picture: places of numbers, ticks with words, and labels."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.x_ends, self.y_ends = x, y

    def x(self, t: float) -> float:
        """Where a number stands."""
        low, high = self.x_ends
        return LEFT + (WIDE - LEFT - RIGHT) * (t - low) / (high - low)

    def y(self, t: float) -> float:
        """At which height an answer stands."""
        low, high = self.y_ends
        return TOP + (HIGH - TOP) * (high - t) / (high - low)

    def drawn(self, label: str, *, percent: bool, up_percent: bool = False) -> tuple[str, float]:
        """The axes with their words, and how high all of it is."""
        right, bottom = WIDE - RIGHT, HIGH
        parts = []
        across, up = ticks(*self.x_ends), ticks(*self.y_ends, 6)
        for t, word in zip(up, words_of(up, percent), strict=True):
            y = self.y(t)
            parts.append(f'<path d="M{LEFT:g} {y:.1f}H{right:g}" stroke="currentColor" opacity=".15"/>')
            parts.append(text(word, LEFT - 6, y + 4, 11, anchor="end"))
        for t, word in zip(across, words_of(across, up_percent), strict=True):
            x = self.x(t)
            parts.append(f'<path d="M{x:.1f} {bottom:g}v4" stroke="currentColor" opacity=".5"/>')
            parts.append(text(word, x, bottom + 17, 11, anchor="middle"))
        parts.append(
            f'<path d="M{LEFT:g} {TOP:g}V{bottom:g}H{right:g}" fill="none" stroke="currentColor" opacity=".5"/>'
        )
        y = bottom + 36
        for line in wrapped(label, 12, right - LEFT, 3):
            parts.append(text(line, (LEFT + right) / 2, y, 12, anchor="middle"))
            y += 15
        return "".join(parts), y - 6


def svg(body: str, height: float, summary: str) -> str:
    """A picture of that height."""
    return (
        f'<svg width="{WIDE:g}" height="{height:g}" viewBox="0 0 {WIDE:g} {height:g}" role="img" '
        f'aria-label="{safe(summary)}" fill="currentColor" font-family="system-ui,sans-serif" '
        f'style="max-width:100%;height:auto;display:block">{body}</svg>'
    )


def curve(
    x: Floats, y: Floats, now: tuple[float, float], reach: tuple[float, float], vertices: Sequence[tuple[float, float]],
    label: str, summary: str, *, percent: bool,
) -> str:  # fmt: skip
    """A curve with the number's range shaded, the present as a dot, and vertices as diamonds."""
    least, most = float(y.min()), float(y.max())
    margin = 0.07 * (most - least) or 0.1 * abs(most) or 0.1
    bottom = 0.0 if least >= 0 and least - margin < 0.25 * most else least - margin
    top = most + margin if not percent else min(most + margin, 1.0 + margin / 2)
    frame = Frame((float(x[0]), float(x[-1])), (bottom, top))
    low, high = (frame.x(min(max(t, x[0]), x[-1])) for t in reach)
    shade = (
        f'<rect x="{low:.1f}" y="{TOP:g}" width="{max(high - low, 1):.1f}" height="{HIGH - TOP:g}" fill="{BLUE}" '
        f'opacity=".2"/>'
    )
    path = "M" + "L".join(f"{frame.x(a):.1f} {frame.y(b):.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    line = f'<path d="{path}" fill="none" stroke="{BLUE}" stroke-width="2.2" stroke-linejoin="round"/>'
    bends = "".join(
        f'<path d="M{frame.x(a):.1f} {frame.y(b) - 5:.1f}l5 5l-5 5l-5 -5z" fill="none" stroke="currentColor" '
        f'stroke-width="1.5"/>'
        for a, b in vertices
    )
    dot = f'<circle cx="{frame.x(now[0]):.1f}" cy="{frame.y(now[1]):.1f}" r="5" fill="{ORANGE}" stroke="currentColor"/>'
    axes, height = frame.drawn(label, percent=percent)
    return svg(shade + axes + line + bends + dot, height, summary)


def heat(
    x: Floats, y: Floats, z: Floats, now: tuple[float, float], labels: tuple[str, str], summary: str,
    words: Callable[[float], str],
) -> str:  # fmt: skip
    """A map of an answer over two numbers, fuller where it is larger, the present as a dot; its ends in words."""
    half = [(t[1] - t[0]) / 2 for t in (x, y)]
    frame = Frame(*((float(t[0] - h), float(t[-1] + h)) for t, h in zip((x, y), half, strict=True)))
    least, most = float(z.min()), float(z.max())
    span = most - least or 1.0
    wide, high = (WIDE - LEFT - RIGHT) / len(x), (HIGH - TOP) / len(y)
    cells = []
    for i, j in np.ndindex(z.shape):
        at = LEFT + j * wide, HIGH - (i + 1) * high
        cells.append(
            f'<rect x="{at[0]:.1f}" y="{at[1]:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{BLUE}" '
            f'fill-opacity="{0.06 + 0.9 * (float(z[i, j]) - least) / span:.2f}"/>'
        )
    dot = f'<circle cx="{frame.x(now[0]):.1f}" cy="{frame.y(now[1]):.1f}" r="5" fill="{ORANGE}" stroke="currentColor"/>'
    axes, height = frame.drawn(labels[0], percent=False)
    named = ""
    for line in wrapped(f"upwards: {labels[1]}", 12, WIDE, 2):
        height += 16
        named += text(line, 0, height, 12)
    height += 12
    row = np.linspace(0, 1, 24)
    key = "".join(
        f'<rect x="{LEFT + 5 * i:.1f}" y="{height:.1f}" width="5.3" height="10" fill="{BLUE}" '
        f'fill-opacity="{0.06 + 0.9 * t:.2f}"/>'
        for i, t in enumerate(row.tolist())
    )
    key += text(words(least), LEFT - 6, height + 9, 11, anchor="end") + text(words(most), LEFT + 126, height + 9, 11)
    return svg(f'<g shape-rendering="crispEdges">{"".join(cells)}</g>' + axes + dot + named + key, height + 16, summary)


def spark(y: Sequence[float]) -> str:
    """A curve as a line of characters.

    >>> spark([0.0, 0.5, 1.0])
    '▁▅█'
    """
    low, high = min(y), max(y)
    steps = "▁▂▃▄▅▆▇█" if signs()[0] == "█" else ".:-=+*#"
    return "".join(steps[round((t - low) / (high - low) * (len(steps) - 1)) if high > low else 0] for t in y)
