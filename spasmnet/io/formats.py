"""Which module reads and writes which format, and by which endings of names formats are known."""

from __future__ import annotations

from typing import Literal

from spasmnet.io.declared import Declared
from spasmnet.io.filetext import decoded
from spasmnet.model.network import Network

TEXTS = ("bif", "net", "uai")
ENDINGS = {
    ".bif": "bif", ".xml": "xmlbif", ".xmlbif": "xmlbif", ".bifxml": "xmlbif", ".xdsl": "xdsl", ".net": "net",
    ".oobn": "net", ".uai": "uai", ".rda": "rdata", ".rdata": "rdata", ".rds": "rdata",
}  # fmt: skip
WRITTEN = {ending: form for ending, form in ENDINGS.items() if form != "rdata"}
UnknownRows = Literal["refuse", "uniform"]


def scan(
    content: str | bytes, form: str, origin: str, encoding: str | None = None, unknown_rows: UnknownRows = "refuse"
) -> Declared:
    """What a file's content in the format `form` (bif, xmlbif, xdsl, net, uai or rdata) declares.

    Bytes are decoded as `encoding` says; without it as a byte order mark, or XML's own declaration, says, else as
    UTF-8. `unknown_rows` is for R's tables, in which rows may have no numbers. Raises ModelFileError for bytes that are
    no text, FormatError for what is not understood and ModelError for declarations that contradict each other.
    """
    from spasmnet.io import bif, bnlearn, net, uai, xdsl, xmlbif  # each is imported when a file is read

    if form == "rdata":
        return bnlearn.scan(content.encode() if isinstance(content, str) else content, origin, unknown_rows)
    if isinstance(content, bytes) and (form in TEXTS or encoding):
        content = decoded(content, origin, encoding)
    if form in TEXTS:
        text = content if isinstance(content, str) else ""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return {"bif": bif.scan, "net": net.scan, "uai": uai.scan}[form](text, origin)
    content = content.lstrip()  # some writers begin with an empty line, which XML does not allow
    return {"xmlbif": xmlbif.scan, "xdsl": xdsl.scan}[form](content, origin)


def text(network: Network, form: str) -> str:
    """The text of a network in the format `form`; raises FormatError with the first thing that does not fit."""
    from spasmnet.io import bif, net, uai, xdsl, xmlbif

    writers = {"bif": bif.text, "net": net.text, "uai": uai.text, "xdsl": xdsl.text, "xmlbif": xmlbif.text}
    return writers[form](network)
