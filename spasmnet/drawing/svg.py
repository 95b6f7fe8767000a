"""A laid-out network as SVG: edges by strength and by what they rest on, boxes, headings, and a legend in words.

Colours are the page's own (currentColor) and some in the middle between black and white, so that one picture suits
light pages, dark ones, and paper. No script, no font, no identifier, nothing from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from spasmnet.display.svg import shortened, text, tip, width_of
from spasmnet.drawing.boxes import COLOURS, OBSERVED, PLAIN, SMALL, Beliefs, bar_svg, box_svg
from spasmnet.drawing.layout import Layout, Point
from spasmnet.model.network import Edge, Variable
from spasmnet.model.words import name_of, plain

CONTESTED = "#c77700"
DASHES = {"article": "", "literature": "7 3.5", "contested": "2 3"}
BASES = {
    "article": "edge: a claim of the article",
    "literature": "edge: a claim of the literature",
    "contested": "edge: contested, sources disagree",
}
ROLES = {"risk_factor": "risk factor", "cause": "cause", "serious": "serious condition", "finding": "finding"}
BANDS = ("Risk factors", "Causes", "Findings")
ARROW, EDGE, MARGIN = 7.0, 14.0, 12.0
SEEN = 980.0  # of a wide picture what a reader sees without scrolling
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Scene:
    """What a picture shows, all worked out: the variables, where they are, and what is known about the edges.

    `strength` is empty where all edges are equally wide; `edges` holds what the model says of them.
    """

    title: str
    notes: Sequence[str]
    variables: Sequence[Variable]
    layout: Layout
    edges: Mapping[Key, Edge]
    strength: Mapping[Key, float]
    beliefs: Beliefs | None
    bands: Mapping[str, int] | None


def picture(scene: Scene) -> tuple[str, float, float]:
    """The elements of a picture, its width and its height in pixels."""
    width = max(scene.layout.width, 520.0)
    head, y = _head(scene, width)
    x = (width - scene.layout.width) / 2
    by_name = {variable.name: variable for variable in scene.variables}
    columns, gap = _columns(scene)
    lines = [_edge(scene, key, by_name) for key in scene.layout.routes]
    boxes = [box_svg(v, scene.layout.boxes[v.name], scene.beliefs) for v in scene.variables]
    y += gap
    graph = (
        f'<g transform="translate({x:.1f} {y:.1f})">{columns}{"".join(lines)}<g role="list">{"".join(boxes)}</g></g>'
    )
    y += scene.layout.height + 14
    legend, y = _legend(scene, min(width, SEEN), y)
    body = f'<g transform="translate({MARGIN:g} {MARGIN:g})">{head}{graph}{legend}</g>'
    return body, width + 2 * MARGIN, y + 2 * MARGIN


def _head(scene: Scene, width: float) -> tuple[str, float]:
    parts, y = [text(shortened(scene.title, 15.0, width), 0, 13, 15.0, weight=600)], 13.0
    for note in scene.notes:
        for line in _lines(note, width):
            y += 16
            parts.append(text(line, 0, y, soft=True))
    return "".join(parts), y + 16


def _lines(note: str, width: float) -> list[str]:
    """A note on as many lines as it needs, at most four."""
    found = [""]
    for word in plain(note).split():
        longer = f"{found[-1]} {word}".strip()
        if found[-1] and width_of(longer, 12.0) > width:
            found.append(word)
        else:
            found[-1] = longer
    kept = found[:4] if len(found) < 5 else [*found[:3], f"{found[3]} …"]
    return [shortened(line, 12.0, width) for line in kept]


def _columns(scene: Scene) -> tuple[str, float]:
    """The headings of the bands, over their first columns, and the room that they take."""
    if scene.bands is None:
        return "", 0.0
    first: dict[int, int] = {}
    for name, band in scene.bands.items():
        first[band] = min(first.get(band, len(scene.layout.columns)), scene.layout.layer[name])
    if len(set(first.values())) < len(first):
        return "", 0.0
    found = [text(BANDS[band], scene.layout.columns[at], -9, 13.0, weight=600, soft=True) for band, at in first.items()]
    return "".join(found), 20.0


def _edge(scene: Scene, key: Key, by_name: Mapping[str, Variable]) -> str:
    said = scene.edges.get(key)
    kind = _kind(said)
    colour, opacity = (CONTESTED, 0.95) if kind == "contested" else ("currentColor", 0.55)
    strength = scene.strength.get(key)
    width = _width(strength)
    points = scene.layout.routes[key]
    x, y = points[-1]
    size = ARROW + width / 2
    if scene.layout.down:
        box = scene.layout.boxes[key[0]]
        path = _path_down((*points[:-1], (x, y - size + 0.5)), box.y + box.height)
        head = f"M{x:.1f} {y:.1f}l{-size / 2:.1f} {-size:.1f}h{size:.1f}z"
    else:
        path = _path((*points[:-1], (x - size + 0.5, y)))
        head = f"M{x:.1f} {y:.1f}l{-size:.1f} {-size / 2:.1f}v{size:.1f}z"
    dash = f' stroke-dasharray="{DASHES[kind]}"' if DASHES[kind] else ""
    words = f"{name_of(by_name[key[0]])[:150]} → {name_of(by_name[key[1]])[:150]}"
    if said is not None:
        words += f": {said.basis}{', contested' if said.contested else ''}"
    if strength is not None:
        words += f"; strength {strength:.2f}"
    return (
        f'<g fill="none" opacity="{opacity}">{tip(words)}<path d="{path}" stroke="{colour}" '
        f'stroke-width="{width:.2f}"{dash}/><path d="{head}" fill="{colour}"/></g>'
    )


def _kind(said: Edge | None) -> str:
    if said is None:
        return "article"
    return "contested" if said.contested else said.basis if said.basis in DASHES else "article"


def _width(strength: float | None) -> float:
    return 1.3 if strength is None else 0.7 + 4.3 * min(max(strength, 0.0), 1.0)


def _path(points: Sequence[Point]) -> str:
    """A curve that leaves and enters level: bends between layers, straight where it passes one."""
    found = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for i, ((x, y), (to, at)) in enumerate(pairwise(points)):
        half = (x + to) / 2
        found += f"H{to:.1f}" if i % 2 else f"C{half:.1f} {y:.1f} {half:.1f} {at:.1f} {to:.1f} {at:.1f}"
    return found


def _path_down(points: Sequence[Point], start: float) -> str:
    """The same from layer to layer downwards, from the foot of a box that may end before its layer does."""
    found = f"M{points[0][0]:.1f} {start:.1f}V{points[0][1]:.1f}"
    for i, ((x, y), (to, at)) in enumerate(pairwise(points)):
        half = (y + at) / 2
        found += f"V{at:.1f}" if i % 2 else f"C{x:.1f} {half:.1f} {to:.1f} {half:.1f} {to:.1f} {at:.1f}"
    return found


def _legend(scene: Scene, width: float, y: float) -> tuple[str, float]:
    """What colours, lines and bars mean, in words, on as many lines as they need."""
    found, x = [], 0.0
    for mark, words in _meanings(scene):
        room = 40 + width_of(words, SMALL) + 18
        if x and x + room > width:
            x, y = 0.0, y + 19
        found.append(f'<g transform="translate({x:.1f} {y:.1f})">{mark}{text(words, 40, 11, SMALL)}</g>')
        x += room
    return "".join(found), (y + 16 if found else y)


def _meanings(scene: Scene) -> list[tuple[str, str]]:
    found = []
    roles = {variable.role for variable in scene.variables}
    found += [(bar_svg(27, 1, 5, 12, COLOURS[role]), words) for role, words in ROLES.items() if role in roles]
    if scene.beliefs is not None:
        found.append((bar_svg(0, 3, 32, 7, PLAIN), "probability" + (" given the findings" * bool(_given(scene)))))
        if scene.beliefs.prior is not None:
            found.append((bar_svg(0, 6, 32, 3, "currentColor", 0.5), "before the findings"))
        if scene.beliefs.posterior.uncertainty is not None:
            level = f"{100 * scene.beliefs.posterior.uncertainty.level:.6g}%"
            found.append((bar_svg(0, 6.4, 32, 1.2, "currentColor", 0.9), f"{level} interval"))
        if _given(scene):
            frame = (
                f'<rect x="1" y="1" width="30" height="11" rx="3" fill="none" stroke="{OBSERVED}" stroke-width="2.2"/>'
            )
            found.append((frame, "observed"))
    kinds = {_kind(scene.edges[key]) for key in scene.layout.routes if key in scene.edges}
    found += [(_sample(1.8, kind), words) for kind, words in BASES.items() if kind in kinds]
    if scene.strength:
        wide = _sample(_width(0.0), "article", 0, 14) + _sample(_width(1.0), "article", 18, 32)
        found.append((wide, "edge's width: the most that the parent can shift its child's probabilities, 0 to 100%"))
    return found


def _given(scene: Scene) -> Mapping[str, Any]:
    return scene.beliefs.posterior.evidence if scene.beliefs is not None else {}


def _sample(width: float, kind: str, start: float = 0, stop: float = 32) -> str:
    colour, opacity = (CONTESTED, 0.95) if kind == "contested" else ("currentColor", 0.55)
    dash = f' stroke-dasharray="{DASHES[kind]}"' if DASHES[kind] else ""
    return (
        f'<path d="M{start:g} 7H{stop:g}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
        f'opacity="{opacity}"{dash}/>'
    )
