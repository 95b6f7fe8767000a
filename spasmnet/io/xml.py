"""XML as the formats built on it need it: elements by their local names, and no entities but those of XML itself.

A document type declaration may stand there, as JavaBayes and Weka write it, but may declare no entities: nothing is
fetched and nothing is multiplied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape

from spasmnet.errors import FormatError, ModelFileError, brief
from spasmnet.io.filetext import decoded, readable_as

MAX_DEPTH = 100
_ENCODING = re.compile(rb"""\s*<\?xml[^?>]*?\bencoding\s*=\s*["']([A-Za-z][\w.-]*)["']""")
_KNOWN = (b"utf-8", b"utf-16", b"iso-8859-1", b"us-ascii")
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse(text: str | bytes, root: str, origin: str) -> Element:
    """The outermost element, which has to be called `root`; bytes are decoded as their own declaration says.

    Names of elements and attributes become lower case, without prefix or namespace. Raises FormatError for what is not
    XML, for another outermost element, for entities, and for elements nested more than 100 deep.

    >>> parse('<x:BIF xmlns:x="urn:bif"><NETWORK Name="a"/></x:BIF>', "BIF", "example")[0].get("name")
    'a'
    """
    builder, depth, outermost = TreeBuilder(), 0, ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, outermost
        outermost = outermost or tag
        depth += 1
        if depth > MAX_DEPTH:
            raise FormatError(f"{origin}: elements are nested more than {MAX_DEPTH} deep")
        builder.start(_local(tag), {_local(key): value for key, value in attributes.items()})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_local(tag))

    def entity(name: str, *_: object) -> None:
        raise FormatError(f"{origin}: the entity {name[:40]!r} is not read; write what it stands for in its place")

    declared = _ENCODING.match(text) if isinstance(text, bytes) else None
    if isinstance(text, bytes) and declared is not None and declared[1].lower() not in _KNOWN:
        name = declared[1].decode("ascii")
        try:
            text = decoded(text, origin, name)  # the parser knows few encodings
        except ModelFileError as error:
            raise FormatError(f"{origin} declares the encoding {name!r}: {error}") from None
    try:
        # the declaration of a text speaks of bytes that are gone
        parser = expat.ParserCreate("utf-8" if isinstance(text, str) else None)
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = builder.data
        parser.EntityDeclHandler = parser.SkippedEntityHandler = entity
        parser.Parse(text.encode("utf-8") if isinstance(text, str) else text, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, FormatError):
            raise
        other = readable_as(text) if isinstance(text, bytes) and not _is_utf8(text) else None
        advice = f'; if only its encoding is wrong, read it with encoding="{other}"' if other else ""
        raise FormatError(f"{origin}: not XML, or cut short: {brief(str(error), 200)}{advice}") from None
    element = builder.close()
    if element.tag != root.lower():
        raise FormatError(f"{origin}: the outermost element is <{outermost}>, but <{root}> is needed")
    return element


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def texts(element: Element, *tags: str) -> list[str]:
    """What stands in the children of these names, without blanks around it; in `name`, `id` or `value` if empty."""
    return [text_of(child) for child in element if child.tag in tags]


def text_of(element: Element) -> str:
    """What stands in an element, or in its attribute `name`, `id` or `value`, without blanks around it."""
    inside = (element.text or "").strip()
    return inside or next((element.attrib[key].strip() for key in ("name", "id", "value") if key in element.attrib), "")


def lines(numbers: Iterator[str], width: int) -> str:
    """Numbers with `width` on each line."""
    listed = list(numbers)
    return "\n".join(" ".join(listed[at : at + width]) for at in range(0, len(listed), width))


def escaped(text: str) -> str:
    """Text for an element or a quoted attribute; raises FormatError for characters that XML cannot hold.

    >>> escaped('a<b "c"')
    'a&lt;b &quot;c&quot;'
    """
    if wrong := _NOT_XML.search(text):
        raise FormatError(f"XML cannot hold the character {wrong[0]!r} in the name {text!r}")
    return escape(text, {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
