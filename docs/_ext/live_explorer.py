"""The explorer of the shipped network as a file of the site, to try out; the page about it leads there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import spasmnet
from spasmnet.explorer.page import write_explorer

PLACE = "explorer-muscle-spasm.html"
WORDS = f'\n\n<p><a href="{PLACE}">Try it here</a>: the shipped network, with a painful spasm to begin with.</p>\n\n'


def lead_there(app: Any, name: str, text: list[str]) -> None:
    """Put the link after the first paragraph; elsewhere than on the site it would lead nowhere."""
    if name == "explorer":
        title, first, rest = text[0].split("\n\n", 2)
        text[0] = f"{title}\n\n{first}{WORDS}{rest}"


def write(app: Any, error: Exception | None) -> None:
    """Write the file beside the pages."""
    if error is None and app.builder.format == "html":
        engine = spasmnet.compile(spasmnet.load("muscle_spasm"))
        write_explorer(engine, Path(app.outdir, PLACE), {"spasm": "painful"})


def setup(app: Any) -> dict[str, bool]:
    """Hook both in."""
    app.connect("source-read", lead_there)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
