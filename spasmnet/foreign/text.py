"""Blocks in braces, statements and names, as BIF and NET share them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from spasmnet.errors import FormatError

QUOTED = r'"[^"]*+"'
FLAT = rf'(?:[^{{}}"]++|{QUOTED})*+'
BLOCK = rf"\b({FLAT})\{{((?:[^{{}}\"]++|{QUOTED}|\{{{FLAT}\}})*+)\}}"

_STATEMENT = re.compile(rf'((?:[^;"]++|{QUOTED})*+)(;|\Z)')
_ITEM = re.compile(rf'((?:[^,"]++|{QUOTED})*+)(?:,|\Z)')
_WORD = re.compile(rf'{QUOTED}|[^\s"]++')


Block = tuple[str, str, str, str]


def blocks(text: str, block: re.Pattern[str], comment: re.Pattern[str], origin: str) -> Iterator[Block]:
    """(kind, head, body, place) of each block; the whole text has to be blocks."""
    text = comment.sub(lambda found: found[0] if found[0][0] == '"' else " " + "\n" * found[0].count("\n"), text)
    position, counted, line, end = 0, 0, 1, len(text.rstrip())
    while position < end:
        found = block.match(text, position)
        start = found.start(1) if found else len(text) - len(text[position:].lstrip())
        line += text.count("\n", counted, start)
        counted = start
        place = f"{origin}, line {line}"
        if not found:
            raise FormatError(f"{place}: not understood, or cut short: {text[start:].splitlines()[0][:60]!r}")
        yield found[1], found[2].strip(), found[3], place
        position = found.end()


def statements(body: str) -> list[str]:
    """The statements of a body, without their semicolons."""
    pieces = [found[0] for found in _STATEMENT.findall(body)] if '"' in body else body.split(";")
    while pieces and not pieces[-1].strip():
        pieces.pop()
    if pieces and not body.rstrip().endswith(";"):
        raise ValueError(f"a semicolon is missing after {pieces[-1].strip()[-60:]!r}")
    return [stripped for piece in pieces if (stripped := piece.strip())]


def name(text: str) -> str:
    """A name, without the quotes it may stand in.

    >>> name(' "not present" ')
    'not present'
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not text or '"' in text:
        raise ValueError(f"{text!r} is not a name")
    return text


def words(text: str) -> list[str]:
    """Names separated by blanks."""
    return [name(word) for word in _WORD.findall(text)]


def listed(text: str, count: int | None = None) -> list[str]:
    """Names separated by commas, or by blanks when there is no comma; `count` = 1 makes blanks part of the name.

    >>> listed("none, not present"), listed("true false"), listed("not present", 1)
    (['none', 'not present'], ['true', 'false'], ['not present'])
    """
    items = list(_ITEM.findall(text))[:-1] if '"' in text else text.split(",")
    if '"' in text and text.rstrip().endswith(","):
        items.append("")
    return words(text) if len(items) == 1 and count != 1 else [name(item) for item in items]
