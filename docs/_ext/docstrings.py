"""Docstrings are plain text with `names` and examples; this makes rst of them, with links to what is public."""

from __future__ import annotations

import re
from typing import Any

import spasmnet

PUBLIC = {name for name in spasmnet.__all__ if not name.startswith("_")}
TOLD_APART = "|".join(name for name in PUBLIC if re.search("[a-z][A-Z]", name))  # no word of English looks so
CLASSES = re.compile(rf"(?<![\w.])({TOLD_APART})\b")
MARKS = re.compile(r"[*|\\]|_(?!\w)")
ALIAS = re.compile(r"TypeAliasForwardRef\('(\w+)'\)")
BUILT_BY_HAND = {
    "Network", "Variable", "Table", "NoisyMax", "Deterministic", "Parameter", "Source", "Edge", "Rule", "Losses",
    "Harm", "Place", "Problem",
}  # fmt: skip


def as_rst(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep marks of rst from meaning anything, and link public names, but not to where the reader is."""
    own = name.rpartition(".")[2]
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = line.split("`")
            parts[::2] = [plain(text) for text in parts[::2]]
            parts[1::2] = [named(text, own) for text in parts[1::2]]
            lines[i] = "".join(parts)


def plain(text: str) -> str:
    """What stands outside backticks: nothing in it is a mark; errors and classes are links."""
    return CLASSES.sub(r":py:class:`\1 <spasmnet.\1>`", MARKS.sub(r"\\\g<0>", text))


def named(text: str, own: str) -> str:
    """What stood between backticks: a link if it is a public name, else code."""
    name = text.removeprefix("spasmnet.")
    if name in PUBLIC and name != own:
        return f":py:obj:`{text} <spasmnet.{name}>`"
    return "`" + text.replace("\\", "\\\\") + "`"


def shorter(app: Any, what: str, name: str, obj: Any, options: Any, given: str | None, returned: str | None) -> Any:
    """What functions return is not made by hand, so how it is made is of no interest; aliases keep their names."""
    if given and what == "class" and name.rpartition(".")[2] not in BUILT_BY_HAND:
        return "", None
    given, returned = (text and ALIAS.sub(r"\1", text).replace("<factory>", "...") for text in (given, returned))
    return given, returned


def setup(app: Any) -> dict[str, bool]:
    """Hook both in."""
    app.connect("autodoc-process-docstring", as_rst)
    app.connect("autodoc-process-signature", shorter)
    return {"parallel_read_safe": True}
