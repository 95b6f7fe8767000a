"""Names and labels as text in SVG: nothing in them is markup, and none is wider than its place.

There are no font metrics here: widths are estimates that err on the wide side.
"""

from __future__ import annotations

from functools import cache
from html import escape
from unicodedata import east_asian_width

from spasmnet.model.words import plain

LONGEST = 400  # characters of a tip that a pointer brings up
SIZE = 12.0
NARROW, WIDE = frozenset("iljtfrI.,:;'|!()[] "), frozenset("mwMW@%")


def safe(text: str) -> str:
    """A text as the content of an element or the value of an attribute.

    Control characters, and marks that turn the direction of writing, become spaces.

    >>> safe('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return escape(plain(text), quote=True)


def tip(text: str) -> str:
    """A title element, which browsers show under the pointer and read aloud."""
    words = plain(text)
    return f"<title>{safe(words if len(words) <= LONGEST else words[: LONGEST - 1] + '…')}</title>"


@cache
def _share(character: str) -> float:
    if character in NARROW:
        return 0.36
    if character in WIDE or character.isupper():
        return 0.9 if character in WIDE else 0.72
    if east_asian_width(character) in "WF":
        return 1.1
    return 0.58 if ord(character) < 0x2000 else 1.0


def width_of(text: str, size: float) -> float:
    """About how wide a text is at a font size, both in pixels."""
    return size * sum(map(_share, text))


def shortened(text: str, size: float, room: float) -> str:
    """The beginning of a text that has room, with an ellipsis if it is not all.

    >>> shortened("a" * 300, 10, 40)
    'aaaaa…'
    """
    words = plain(text)
    if width_of(words, size) <= room:
        return words
    left = room - width_of("…", size)
    for at, character in enumerate(words):
        left -= size * _share(character)
        if left < 0:
            return words[:at].rstrip() + "…"
    return words


def wrapped(text: str, size: float, room: float, most: int = 2) -> list[str]:
    """A text on at most so many lines, broken at spaces, and in names after _, - and /; the last may be shortened.

    >>> wrapped("Muscle breakdown (rhabdomyolysis)", 12, 130)
    ['Muscle breakdown', '(rhabdomyolysis)']
    """
    words = plain(text)
    found: list[str] = []
    while len(found) < most - 1 and width_of(words, size) > room:
        fits = len(shortened(words, size, room + size)) - 1
        at = words.rfind(" ", fits // 2, fits) + 1 or max(words.rfind(mark, 1, fits) for mark in " _-/") + 1
        at = at if at > 1 else max(fits, 1)
        found.append(words[:at].rstrip())
        words = words[at:].lstrip()
    return [*found, shortened(words, size, room)]


def text(
    words: str, x: float, y: float, size: float = SIZE, *, anchor: str = "", fill: str = "", weight: int = 0,
    soft: bool = False,
) -> str:  # fmt: skip
    """A line of text; its direction is its own, so that none can turn its neighbours around."""
    extra = f' text-anchor="{anchor}"' if anchor else ""
    extra += f' fill="{fill}"' if fill else ""
    extra += f' font-weight="{weight}"' if weight else ""
    extra += ' opacity=".7"' if soft else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{extra} style="unicode-bidi:isolate">{safe(words)}</text>'
    )
