"""Comments, blocks in braces, statements and names, as BIF and NET share them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from spasmnet.errors import FormatError, shown

QUOTED = r'"[^"]*+"'
FLAT = rf'(?:[^{{}}"]++|{QUOTED})*+'
HEAD = rf'(?:[^{{}}";=]++|{QUOTED})*+'
BLOCK = rf"\b({HEAD})\{{((?:[^{{}}\"]++|{QUOTED}|\{{{FLAT}\}})*+)\}}"

_STATEMENT = re.compile(rf'((?:[^;"]++|{QUOTED})*+)(;|\Z)')
_ITEM = re.compile(rf'((?:[^,"]++|{QUOTED})*+)(?:,|\Z)')
_WORD = re.compile(rf'{QUOTED}|[^\s"]++')
_STRING = re.compile(r'"[^"]*+"')
_ESCAPING_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_LINE = re.compile(r"[^\n]*+")
_COMMENT = re.compile(r"/\*(?:[^*]++|\*(?!/))*+\*/")
_NEXT = r"\n(?!\s*+(?:property|type|table|default)\b|\s*+\()"  # no line that begins another statement
_PROPERTY = re.compile(rf'property\b(?:\s*+"[^"]*+"\s*+;|(?:[^;"{{}}\n]++|"[^"\n]*+"|{_NEXT})*+;)')
_QUOTE = "\ufffe"  # stands for a quote inside quotes; no text has this code, which is no character


Block = tuple[str, str, str, str]


def bare(text: str, origin: str, *, percent: bool = False, properties: bool = False, escapes: bool = False) -> str:
    """The text without comments (/* */, // and, with `percent`, %) and `properties`, lines kept; one linear pass.

    Signs in quotes are no comments, nor are those in a property, which goes up to its semicolon. With `escapes`, a
    backslash makes the quote after it part of a name.
    """
    if _QUOTE in text:
        raise FormatError(f"{origin}: holds the code U+FFFE, which is no character")
    sign = re.compile(r'"|//|/\*' + "|%" * percent + r"|\bproperty\b" * properties)
    pieces: list[str] = []
    position, last = 0, ";"  # the last sign before, other than blanks: a property stands where a statement begins
    while found := sign.search(text, position):
        before = text[position : found.start()]
        pieces.append(before)
        last = before.rstrip()[-1:] or last
        if found[0] == '"':
            end = (_ESCAPING_STRING if escapes else _STRING).match(text, found.start())
        elif found[0] == "/*":
            end = _COMMENT.match(text, found.start())
        elif found[0] == "property":
            end = _PROPERTY.match(text, found.start()) if last in "{;}" else found
        else:
            end = _LINE.match(text, found.start())
        if not end:
            what = {'"': "a quote", "/*": "a comment", "property": "a property, or a quote in it,"}[found[0]]
            line = text.count("\n", 0, found.start()) + 1
            excerpt = shown(text[found.start() : found.start() + 60].splitlines()[0])
            raise FormatError(f"{origin}, line {line}: {what} has no end, or the file is cut short: {excerpt}")
        position = end.end()
        if found[0] == '"':
            pieces.append(f'"{_unescaped(end[1])}"' if escapes else end[0])
            last = '"'
        elif end is found:
            pieces.append(end[0])
            last = "y"
        else:
            pieces.append(" " + "\n" * end[0].count("\n"))
    return "".join([*pieces, text[position:]])


def _unescaped(inside: str) -> str:
    if "\\" not in inside:
        return inside
    return re.sub(r'\\(["\\])', lambda found: _QUOTE if found[1] == '"' else "\\", inside)


def blocks(text: str, block: re.Pattern[str], origin: str, start: int = 0, end: int | None = None) -> Iterator[Block]:
    """(kind, head, body, place) of each block between `start` and `end` of a bare text, which has to be all blocks."""
    end = len(text.rstrip()) if end is None else end
    position, counted, line = start, 0, 1
    while position < end:
        found = block.match(text, position, end)
        first = found.start(1) if found else position + len(text[position:end]) - len(text[position:end].lstrip())
        if first >= end:
            return
        line += text.count("\n", counted, first)
        counted = first
        place = f"{origin}, line {line}"
        if not found:
            raise FormatError(f"{place}: not understood, or cut short: {excerpt(text[first:end])}")
        yield found[1] or "", (found[2] or "").strip(), found[3] or "", place
        position = found.end()


def excerpt(text: str) -> str:
    """The beginning of a text's first line, for a message.

    >>> excerpt(" 0.1 0.2;\\n0.3")
    "'0.1 0.2;'"
    """
    return shown(text[:200].strip().split("\n")[0])


def statements(body: str) -> list[str]:
    """The statements of a body, without their semicolons."""
    pieces = [found[0] for found in _STATEMENT.findall(body)] if '"' in body else body.split(";")
    while pieces and not pieces[-1].strip():
        pieces.pop()
    if pieces and not body.rstrip().endswith(";"):
        raise ValueError(f"a semicolon is missing after {shown(pieces[-1].strip()[-60:])}")
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
        raise ValueError(f"{shown(text)} is not a name")
    return text.replace(_QUOTE, '"')


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
