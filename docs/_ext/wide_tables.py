"""Columns of tables that hold sentences are marked, so that words which cannot be broken do not squeeze them."""

from __future__ import annotations

from typing import Any

from docutils import nodes


def mark(app: Any, doctree: nodes.document) -> None:
    """Give the cells of a column with long texts a class; the style sheet gives it room."""
    for table in doctree.findall(nodes.table):
        rows = [row.children for row in table.findall(nodes.row)]
        for column in zip(*rows, strict=False):
            longest = max(len(entry.astext()) for entry in column)
            if longest > 40:
                for entry in column:
                    entry["classes"].append("sentences" if longest > 120 else "words")


def setup(app: Any) -> dict[str, bool]:
    """Hook it in."""
    app.connect("doctree-read", mark)
    return {"parallel_read_safe": True}
