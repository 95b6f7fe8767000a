"""XMLBIF 0.3 (JavaBayes, Weka) and XDSL (GeNIe, SMILE)."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from spasmnet.errors import FormatError, brief
from spasmnet.filetext import readable_as
from spasmnet.foreign.declared import Declared, Draft, table

_ENCODING = re.compile(rb"""\s*<\?xml[^?>]*?\bencoding\s*=\s*["']([A-Za-z][\w.-]*)["']""")
_XMLBIF = {
    "VARIABLE": {"NAME", "OUTCOME", "PROPERTY"},
    "DEFINITION": {"FOR", "GIVEN", "TABLE", "PROPERTY"},
    "NAME": set[str](),
    "PROPERTY": set[str](),
}


def scan_xmlbif(text: str | bytes, origin: str) -> Declared:
    """What an XMLBIF text declares; blanks around names do not count."""
    network = _root(text, "BIF", origin).find("NETWORK")
    if network is None:
        raise FormatError(f"{origin}: there is no <NETWORK>")
    draft = Draft()
    for element in network:
        unknown = {child.tag for child in element} - _XMLBIF[element.tag] if element.tag in _XMLBIF else {element.tag}
        if unknown:
            raise FormatError(f"{origin}: not understood: {', '.join(f'<{tag}>' for tag in sorted(unknown))}")
        if element.get("TYPE", "nature") != "nature":
            raise FormatError(f"{origin}: a variable of type {element.get('TYPE')!r} is not part of a Bayesian network")
        if element.tag == "NAME":
            draft.name = (element.text or "").strip()
        elif element.tag == "VARIABLE":
            draft.variable(_only(element, "NAME", origin), _texts(element, "OUTCOME"))
        elif element.tag == "DEFINITION":
            values = table(_only(element, "TABLE", origin))
            draft.table(_only(element, "FOR", origin), _texts(element, "GIVEN"), values)
    return draft.declared(origin)


def scan_xdsl(text: str | bytes, origin: str) -> Declared:
    """What an XDSL text declares; every node has to be a <cpt>."""
    root = _root(text, "smile", origin)
    nodes = root.find("nodes")
    if nodes is None:
        raise FormatError(f"{origin}: there is no <nodes>")
    if root.find("dynamic") is not None:
        raise FormatError(f"{origin}: a dynamic network cannot be held; unroll it first")
    by_agrum = any(element.get("app", "").startswith("aGrUM") for element in root.iter("genie"))
    draft = Draft()
    draft.name = root.get("id", "")
    for node in nodes:
        variable = node.get("id", "")
        if node.tag != "cpt":
            advice = "in GeNIe, change its type to General"
            raise FormatError(f"{origin}: {variable!r} is a <{node.tag}>, but only <cpt> is read; {advice}")
        values = table(_only(node, "probabilities", origin))
        draft.variable(variable, [state.get("id", "") for state in node.findall("state")])
        parents = " ".join(_texts(node, "parents")).split()
        if by_agrum and len(parents) > 1:
            fault = "which lists the rows of several parents in another order than GeNIe; save it as BIF"
            raise FormatError(f"{origin}: {variable!r} was written by aGrUM, {fault}")
        draft.table(variable, parents, values)
    return draft.declared(origin)


def _root(content: str | bytes, tag: str, origin: str) -> Element:
    """The outermost element; bytes are in the encoding that they declare themselves."""
    try:
        try:
            root = ElementTree.fromstring(content)
        except (ValueError, LookupError):  # the parser knows encodings of one byte a character, and UTF-16
            declared = _ENCODING.match(content) if isinstance(content, bytes) else None
            if declared is None:
                raise
            root = ElementTree.fromstring(content.decode(declared[1].decode("ascii")))  # type: ignore[union-attr]
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        other = readable_as(content) if isinstance(content, bytes) and not _is_utf8(content) else None
        advice = f'; if only its encoding is wrong, read it with encoding="{other}"' if other else ""
        raise FormatError(f"{origin}: not XML, or cut short: {brief(str(error), 200)}{advice}") from None
    if root.tag != tag:
        raise FormatError(f"{origin}: the outermost element is <{root.tag}>, but <{tag}> is needed")
    return root


def _texts(element: Element, tag: str) -> list[str]:
    return [(child.text or "").strip() for child in element.findall(tag)]


def _only(element: Element, tag: str, origin: str) -> str:
    found = _texts(element, tag)
    if len(found) != 1 or not found[0]:
        who = element.get("id") or element.findtext("FOR") or element.findtext("NAME") or "without a name"
        raise FormatError(f"{origin}: <{element.tag}> {who} needs exactly one <{tag}> that is not empty")
    return found[0]


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
