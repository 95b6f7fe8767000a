"""Which module reads which format."""

from __future__ import annotations

from spasmnet.filetext import decoded
from spasmnet.foreign.declared import Declared

TEXTS = ("bif", "net", "uai")


def scan(content: str | bytes, form: str, origin: str, encoding: str | None = None) -> Declared:
    """What a file's content in the format `form` (bif, xmlbif, xdsl, net or uai) declares.

    Bytes are decoded as `encoding` says; without it as a byte order mark, or XML's own declaration, says, else as
    UTF-8. Raises ModelFileError for bytes that are no text, FormatError for text that is not understood and ModelError
    for declarations that contradict each other.
    """
    from spasmnet.foreign import bif, net, uai, xml  # each is imported when a file is read

    if isinstance(content, bytes) and (form in TEXTS or encoding):
        content = decoded(content, origin, encoding)
    if form in TEXTS:
        text = content if isinstance(content, str) else ""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return {"bif": bif.scan, "net": net.scan, "uai": uai.scan}[form](text, origin)
    content = content.lstrip()  # some writers begin with an empty line, which XML does not allow
    return {"xmlbif": xml.scan_xmlbif, "xdsl": xml.scan_xdsl}[form](content, origin)
