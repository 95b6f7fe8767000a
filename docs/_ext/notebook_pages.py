"""The notebooks of the repository as pages: Sphinx wants pages under docs/, so they are copied there when it starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COPIES = ROOT / "docs" / "notebooks"  # git does not see it


def copy(app: Any) -> None:
    """Copy what has changed, with links that lead from there; those that are gone go."""
    found = {path.name: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
    for old in COPIES.glob("*.ipynb"):
        if old.name not in found:
            old.unlink()
    for name, path in found.items():
        COPIES.mkdir(exist_ok=True)
        text = re.sub(r"\]\(\.\./(docs/)?", lambda link: "](../" if link[1] else "](../../", path.read_text("utf-8"))
        place = COPIES / name
        if not place.exists() or place.read_text("utf-8") != text:  # else it would be run again
            place.write_text(text, "utf-8")


def list_them(app: Any, name: str, text: list[str]) -> None:
    """Make the page about notebooks of the folder's README and those that there are; without any it stays as it is."""
    listed = [f"notebooks/{path.stem}" for path in sorted(COPIES.glob("*.ipynb"))]
    if name == "notebooks" and listed:
        about = (ROOT / "notebooks" / "README.md").read_text("utf-8")
        about = re.sub(r"\]\((?=\w+\.ipynb)", "](notebooks/", about).replace("](../README.md)", "](index.md#install)")
        text[0] = "\n".join([about, "```{toctree}", ":hidden:", "", *listed, "```", ""])


def setup(app: Any) -> dict[str, bool]:
    """Hook both in."""
    app.connect("builder-inited", copy)
    app.connect("source-read", list_them)
    return {"parallel_read_safe": True}
