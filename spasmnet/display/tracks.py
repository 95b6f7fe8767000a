"""Bars as small SVG pictures, and as characters for a terminal."""

from __future__ import annotations

import sys

from spasmnet.display.page import Track
from spasmnet.display.svg import safe

WIDE, HIGH = 170, 15
BLOCKS, ASCII = ("█", "▒", "│", "─", "●", "·"), ("#", "=", "|", "-", "o", ".")


def svg(track: Track) -> str:
    """A track as an inline picture; colours are the page's own or in the middle between black and white."""
    parts = [_rect(0, 3, WIDE, HIGH - 6, "currentColor", 0.12)]
    for start, end, colour in sorted(track.spans, key=lambda span: -abs(span[1] - span[0])):
        first, last = sorted((start * WIDE, end * WIDE))
        parts.append(_rect(first, 3, max(last - first, 0.75 if start != end else 0.0), HIGH - 6, colour))
    if track.reach is not None:
        low, high = (_inside(end) for end in track.reach)
        parts.append(
            f'<path d="M{low:.1f} {HIGH / 2:g}H{high:.1f}M{low:.1f} 4V{HIGH - 4}M{high:.1f} 4V{HIGH - 4}" '
            f'fill="none" stroke="currentColor" stroke-width="1.4" opacity=".85"/>'
        )
    if track.line is not None:
        parts.append(_rect(min(max(track.line * WIDE - 1, 0), WIDE - 2), 0, 2, HIGH, "currentColor", 0.85))
    if track.dot is not None:
        parts.append(f'<circle cx="{_inside(track.dot, 4):.1f}" cy="{HIGH / 2:g}" r="3.6" fill="currentColor"/>')
    return (
        f'<svg width="{WIDE}" height="{HIGH}" viewBox="0 0 {WIDE} {HIGH}" role="img" '
        f'aria-label="{safe(track.words)}" style="display:block;max-width:100%">{"".join(parts)}</svg>'
    )


def sample(mark: str) -> str:
    """What a legend shows of a colour or of a mark."""
    drawn = {
        "line": _rect(6, 0, 2, 12, "currentColor", 0.85),
        "dot": '<circle cx="7" cy="6" r="3.6" fill="currentColor"/>',
        "reach": '<path d="M1 6H13M1 2.5V9.5M13 2.5V9.5" fill="none" stroke="currentColor" stroke-width="1.4"/>',
    }.get(mark) or _rect(1, 1.5, 12, 9, mark)
    return (
        f'<svg width="14" height="12" viewBox="0 0 14 12" aria-hidden="true" '
        f'style="vertical-align:-1px;margin-right:.4em">{drawn}</svg>'
    )


def _rect(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1.0) -> str:
    faint = f' opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<rect x="{x:.2f}" y="{y:g}" width="{width:.2f}" height="{height:g}" fill="{fill}"{faint}/>'


def _inside(share: float, room: float = 1) -> float:
    return min(max(share * WIDE, room), WIDE - room)


def signs() -> tuple[str, ...]:
    """The characters for bars that standard output can take."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return BLOCKS if encoding.startswith(("utf", "cp65001")) else ASCII


def order(track: Track) -> tuple[str, ...]:
    """The colours of a track in the order of their spans."""
    return tuple(dict.fromkeys(colour for *_, colour in track.spans))


def characters(track: Track, colours: tuple[str, ...], width: int) -> str:
    """A track as so many characters; of two `colours` the first is drawn solid, the other lighter."""
    full, light, line, dash, dot, empty = signs()
    row = [empty] * width
    for start, end, colour in sorted(track.spans, key=lambda span: -abs(span[1] - span[0])):
        first, last = sorted((round(start * width), round(end * width)))
        row[first:last] = [light if colour in colours[1:] else full] * (last - first)
    if track.reach is not None:
        first, last = (_cell(end, width) for end in track.reach)
        row[first : last + 1] = [dash] * (last + 1 - first)
    if track.line is not None:
        row[_cell(track.line, width)] = line
    if track.dot is not None:
        row[_cell(track.dot, width)] = dot
    return "".join(row)


def _cell(share: float, width: int) -> int:
    return min(int(share * width), width - 1)
