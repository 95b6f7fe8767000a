"""The explorer's scripts and styles, which are files in `web`."""

from __future__ import annotations

from importlib.resources import files

SHARED = ("circuit.js", "model.js", "words.js", "view.js", "strip.js", "panel.js")


def script(last: str) -> str:
    """The whole script, ending in `last`: page.js or widget.js."""
    return "\n".join(map(read, (*SHARED, last)))


def read(name: str) -> str:
    """One of the files as text."""
    return (files("spasmnet.explorer") / "web" / name).read_text(encoding="utf-8")
