"""The explorer as one self-contained page: the circuit as data, the evaluator as script, nothing from elsewhere."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import Any

from spasmnet.display.svg import safe
from spasmnet.errors import SpasmnetError
from spasmnet.explorer.content import engine_of, packed
from spasmnet.explorer.parts import read, script
from spasmnet.inference.engine import Engine
from spasmnet.inference.evidence import read_evidence
from spasmnet.model.network import Network


def explorer_page(what: Network | Engine, findings: Mapping[str, Any] | None = None) -> str:
    """A page (HTML) in which findings are set by clicking, and everything follows at once; it needs no server.

    The page holds the network's circuit and numbers and works posteriors, care and sensitivities out by itself, exactly
    but for rounding. A content security policy forbids it to load or send anything. `findings` are those that it begins
    with. Raises EvidenceError for findings that are not understood, and SpasmnetError for what is neither network nor
    engine and for a network whose circuit is too large for a browser.

    >>> import spasmnet
    >>> page = explorer_page(spasmnet.load())
    >>> len(page) < 1_000_000
    True
    """
    engine = engine_of(what)
    given = read_evidence(engine.network, {} if findings is None else findings)
    code, look = script("page.js"), read("page.css") + read("explorer.css")
    return Template(read("page.html")).substitute(
        title=safe(engine.network.title or engine.network.name),
        style=look,
        style_digest=_digest(look),
        script=code,
        script_digest=_digest(code),
        content=_letters(packed(engine)),
        findings=_letters(json.dumps(given, default=dict).encode()),
    )


def write_explorer(what: Network | Engine, path: str | Path, findings: Mapping[str, Any] | None = None) -> Path:
    """Write the page to a file whose name ends in .html; returns its path.

    Raises SpasmnetError for another ending and for a file that cannot be written, and what `explorer_page` raises.
    """
    place = Path(path)
    if place.suffix.lower() not in (".html", ".htm"):
        raise SpasmnetError(f"the explorer is a page, to be saved as .html, not as {place.suffix or place.name}")
    page = explorer_page(what, findings)
    try:
        place.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SpasmnetError(f"cannot write the page to {str(place)!r}: {error.strerror or error}") from None
    return place


def _digest(text: str) -> str:
    return _letters(sha256(text.encode("utf-8")).digest())


def _letters(data: bytes) -> str:
    """Data as letters and digits (base64), which need no escaping anywhere."""
    return b64encode(data).decode("ascii")
