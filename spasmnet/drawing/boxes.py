"""A variable as a box: its label, or on request its states as belief bars, with the finding and the prior marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from spasmnet.display.phrases import states_text
from spasmnet.display.svg import SIZE, shortened, text, tip, width_of, wrapped
from spasmnet.drawing.layout import Box
from spasmnet.inference.posterior import Posterior
from spasmnet.model.network import Variable
from spasmnet.model.words import between, finding_text, name_of, percent, state_of

COLOURS = {"risk_factor": "#8a76bd", "cause": "#3b7fbf", "serious": "#cc5a41", "finding": "#3f9468"}
PLAIN, OBSERVED = "#3b7fbf", "#d98a00"  # all of them in the middle between black and white
SMALL = 11.0
LINE, ROW, TOP, FOOT = 14.0, 15.0, 7.0, 5.0
MOST_STATES = 6
MOST_LINES = 3
BAR, BARS = 50.0, 126.0  # a bar's width, and that of all that is not the label of a state
LEAST_LABEL, MOST_LABEL = 64.0, 124.0


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What the boxes show: posteriors, and what they were before the findings (None: that is not shown)."""

    posterior: Posterior
    prior: Mapping[str, Mapping[str, float]] | None = None


def box_width(variables: Iterable[Variable], beliefs: Beliefs | None) -> float:
    """The width of all boxes: what their labels (with beliefs, those of the states) need, within bounds."""
    if beliefs is None:
        labels = [name_of(v) for v in variables]
        whole = max(width_of(label, SIZE) for label in labels)
        word = max(width_of(word, SIZE) for label in labels for word in label.split() or [""])  # is not to be broken
        return min(max(80.0, min(whole, 103.0) + 21, word + 21), 160.0)
    words = (state_of(variable, state) for variable in variables for state in _shown(variable, beliefs)[0])
    return BARS + min(max(LEAST_LABEL, *(width_of(label, SMALL) for label in words)), MOST_LABEL)


def box_height(variable: Variable, width: float, beliefs: Beliefs | None) -> float:
    """The height that a variable's box of that width needs."""
    title = LINE * len(_title(variable, width, beliefs))
    if beliefs is None:
        return title + 2 * TOP - 2
    shown, left = _shown(variable, beliefs)
    return TOP + title + ROW * (len(shown) + bool(left) + (variable.name in beliefs.posterior.evidence)) + FOOT


def box_svg(variable: Variable, box: Box, beliefs: Beliefs | None) -> str:
    """A variable's box."""
    finding = beliefs.posterior.evidence.get(variable.name) if beliefs is not None else None
    colour = COLOURS.get(variable.role, PLAIN)
    frame = (OBSERVED, 2.2, 1.0) if finding is not None else ("currentColor", 1.0, 0.35)
    parts = [
        tip(_words(variable, beliefs, finding)),
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="4" '
        f'fill="currentColor" fill-opacity=".05" stroke="{frame[0]}" stroke-width="{frame[1]}" '
        f'stroke-opacity="{frame[2]}"/>',
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="4" height="{box.height:.1f}" rx="2" fill="{colour}"/>',
    ]
    y = box.y + TOP + SIZE - 2
    for line in _title(variable, box.width, beliefs):
        parts.append(text(line, box.x + 11, y, weight=0 if beliefs is None else 600))
        y += LINE
    if beliefs is not None:
        if finding is not None:
            words = "observed" if isinstance(finding, str) else "observed, uncertain"
            parts.append(text(words, box.x + 11, y, SMALL, weight=600))  # orange is too pale for small letters
            y += ROW
        parts += _rows(variable, box, y, beliefs, finding, colour)
    return f'<g role="listitem">{"".join(parts)}</g>'


def bar_svg(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1.0) -> str:
    """A horizontal bar."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.0):.2f}" height="{height:.1f}" fill="{fill}" '
        f'fill-opacity="{opacity:g}"/>'
    )


def _rows(variable: Variable, box: Box, y: float, beliefs: Beliefs, finding: Any, colour: str) -> list[str]:
    found, shown = [], beliefs.posterior[variable.name]
    states, left = _shown(variable, beliefs)
    x, room = box.x, BAR
    label = box.width - BARS
    first = x + 11 + label + 8
    for state in states:
        certain = finding == state
        words = shortened(state_of(variable, state), SMALL, label)
        found.append(text(words, x + 11, y, SMALL, weight=600 if certain else 0))
        found.append(bar_svg(first, y - 8, room, 9, "currentColor", 0.1))
        found.append(bar_svg(first, y - 8, room * shown[state], 6, OBSERVED if certain else colour))
        if beliefs.prior is not None:
            found.append(bar_svg(first, y - 2, room * beliefs.prior[variable.name][state], 3, "currentColor", 0.5))
        if beliefs.posterior.uncertainty is not None and finding is None:
            low, high = beliefs.posterior.interval(variable.name, state)
            found.append(bar_svg(first + room * low, y - 5.6, max(room * (high - low), 0.8), 1.2, "currentColor", 0.9))
        found.append(
            text(percent(shown[state]), x + box.width - 7, y, SMALL, anchor="end", weight=600 if certain else 0)
        )
        y += ROW
    if left:
        found.append(text(f"and {left} more", x + 11, y, SMALL, soft=True))
    return found


def _shown(variable: Variable, beliefs: Beliefs) -> tuple[tuple[str, ...], int]:
    """The states that are shown, of many the most probable ones in their order, and how many are not."""
    if len(variable.states) <= MOST_STATES:
        return variable.states, 0
    found = beliefs.posterior[variable.name]
    kept = set(sorted(variable.states, key=lambda state: -found[state])[: MOST_STATES - 1])
    return tuple(state for state in variable.states if state in kept), len(variable.states) - len(kept)


def _title(variable: Variable, width: float, beliefs: Beliefs | None) -> list[str]:
    return wrapped(name_of(variable), SIZE if beliefs is None else SIZE * 1.06, width - 20, MOST_LINES)


def _words(variable: Variable, beliefs: Beliefs | None, finding: Any) -> str:
    """Everything about a variable in words, for a pointer and for those who listen."""
    name = "" if name_of(variable) == variable.name else f" ({variable.name})"
    if beliefs is None:
        states = ", ".join(state_of(variable, state) for state in variable.states[:12])
        return f"{name_of(variable)}{name}: {states}{', …' if len(variable.states) > 12 else ''}"
    found = states_text(variable, beliefs.posterior[variable.name], most=12)
    before = (
        f"; before the findings: {states_text(variable, beliefs.prior[variable.name], 12)}" if beliefs.prior else ""
    )
    observed = f", observed {finding_text(finding, variable)}" if finding is not None else ""
    intervals = ""
    if beliefs.posterior.uncertainty is not None and finding is None:
        ends = (between(beliefs.posterior.interval(variable.name, state)) for state in variable.states[:12])
        intervals = f"; {100 * beliefs.posterior.uncertainty.level:.6g}% intervals {', '.join(ends)}"
    return f"{name_of(variable)}{name}{observed}: {found}{before}{intervals}"
