"""Public names in the text of a page lead to the API reference."""

from __future__ import annotations

import re
from typing import Any

from docstrings import PUBLIC
from docutils import nodes
from sphinx import addnodes

CALLED = re.compile(r"(spasmnet\.)?(\w+)(\(.*\))?")
UNMISTAKABLE = re.compile(r"\w_\w|[a-z][A-Z]")  # `tune_table` or `SpasmnetError`; `do` and `read` may mean anything


def link(app: Any, doctree: nodes.document) -> None:
    """Wrap code that is nothing but a public name, or a call of it, into a reference."""
    if app.env.docname.startswith("api/"):
        return  # docstrings have their own
    for code in list(doctree.findall(nodes.literal)):
        found = CALLED.fullmatch(code.astext())
        if found and found[2] in PUBLIC and (found[1] or UNMISTAKABLE.search(found[2])) and free(code):
            target = {"refdomain": "py", "reftype": "obj", "reftarget": f"spasmnet.{found[2]}"}
            reference = addnodes.pending_xref("", refdoc=app.env.docname, refexplicit=True, refwarn=True, **target)
            code.replace_self(reference)
            reference += code


def free(node: nodes.Node) -> bool:
    """Whether a node stands in plain text: in no heading, and in no link."""
    above = node.parent
    while above is not None:
        if isinstance(above, nodes.title | nodes.reference | addnodes.pending_xref):
            return False
        above = above.parent
    return True


def setup(app: Any) -> dict[str, bool]:
    """Hook it in."""
    app.connect("doctree-read", link)
    return {"parallel_read_safe": True}
