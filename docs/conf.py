"""How the site is built: `python -m sphinx -W -n -j auto docs docs/_build`. Nothing is fetched while it is built or read.

The pages are Markdown; code cells of the tutorial and of the notebooks are run. Formulas are plain text, so that they
read the same here, on GitHub and in a terminal, and no script for mathematics has to be loaded from elsewhere.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))

import spasmnet  # noqa: E402 -- of this tree, whatever else is installed

project = "spasmnet"
author = "The spasmnet authors"
copyright = "the spasmnet authors, MIT licence"
release = version = spasmnet.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
highlight_language = "none"  # what has no language is a formula or a screen, not Python

nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_ipywidgets_js: dict[str, Any] = {}  # would come from another host

smartquotes = False  # "delta" in a docstring is something to type

html_theme = "furo"
html_title = "spasmnet"
pygments_style = "default"
pygments_dark_style = "github-dark"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False

default_role = "literal"  # docstrings are plain text with `names`
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_inherit_docstrings = False  # those of dict and Mapping are not ours
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False

nitpick_ignore_regex = [
    # types of other libraries and of Python: there is no network for their inventories
    (r"py:.*", r"(pd|pandas|np|numpy|networkx|matplotlib|Axes|Figure|DiscreteBayesianNetwork|pgmpy)(\..*)?"),
    (r"py:.*", r"(collections|typing|os|pathlib|datetime)\..*"),
    # types inside the library, which no page is about
    (r"py:.*", r"(.*\.)?(Floats|Ints|Bools|Codes|Key|ArrayLike|NDArray|float64|int64|Any|Path|Self)"),
    (r"py:.*", r"spasmnet\.(circuit|decision\.(rule|crossings)|evidential\.(question|wording))\..*"),
    (r"py:.*", r"spasmnet\.sensitivity\.(constraint|delta|distributions|function|monte_carlo|multilinear|query|target)\..*"),
    (r"py:.*", r"Cases|Event|Totals|spasmnet\.errors\.Fault"),
]

NOTEBOOKS = DOCS / "notebooks"  # a copy of the folder at the top: Sphinx wants pages under docs/
BUILT_BY_HAND = {
    "Network", "Variable", "Table", "NoisyMax", "Deterministic", "Parameter", "Source", "Edge", "Rule", "Losses", "Harm",
    "Place", "Problem",
}  # fmt: skip


def copy_notebooks(app: Any) -> None:
    """Put the notebooks where Sphinx looks for pages, with links that lead from there; those that are gone go."""
    found = {path.name: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
    for old in NOTEBOOKS.glob("*.ipynb"):
        if old.name not in found:
            old.unlink()
    for name, path in found.items():
        NOTEBOOKS.mkdir(exist_ok=True)
        text = re.sub(r"\]\(\.\./(docs/)?", lambda link: "](../" if link[1] else "](../../", path.read_text("utf-8"))
        place = NOTEBOOKS / name
        if not place.exists() or place.read_text("utf-8") != text:  # else it would be run again
            place.write_text(text, "utf-8")


def list_notebooks(app: Any, name: str, text: list[str]) -> None:
    """End the page about notebooks with those that there are; Sphinx warns of a pattern that matches none."""
    listed = [f"notebooks/{path.stem}" for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    if name == "notebooks" and listed:
        text[0] += "\n".join(["\n```{toctree}", *listed, "```\n"])


PUBLIC = {name for name in spasmnet.__all__ if not name.startswith("_")}
CLASSES = re.compile(rf"(?<![\w.])({'|'.join(name for name in PUBLIC if re.search('[a-z][A-Z]', name))})\b")  # told from other words


def as_rst(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text: only `names` and examples mean something to rst. Public names become links."""
    own = name.rpartition(".")[2]
    for i, line in enumerate(lines):
        if line.lstrip().startswith((">>>", "...")):
            continue
        parts = line.split("`")
        for k, text in enumerate(parts):
            if k % 2 == 0:
                plain = re.sub(r"([*|\\]|_(?!\w))", r"\\\1", text)
                parts[k] = CLASSES.sub(lambda found: f":py:class:`{found[1]} <spasmnet.{found[1]}>`", plain)
            elif (called := text.removeprefix("spasmnet.")) in PUBLIC and called != own:
                parts[k] = f":py:obj:`{text} <spasmnet.{called}>`"
            else:
                parts[k] = "`" + text.replace("\\", "\\\\") + "`"
        lines[i] = "".join(parts)


def without_arguments(app: Any, what: str, name: str, obj: Any, options: Any, given: str | None, returned: Any) -> Any:
    """What functions return is not made by hand: how is of no interest."""
    return ("", None) if given and what == "class" and name.rpartition(".")[2] not in BUILT_BY_HAND else None


def setup(app: Any) -> None:
    """Hook all that in."""
    app.connect("builder-inited", copy_notebooks)
    app.connect("source-read", list_notebooks)
    app.connect("autodoc-process-signature", without_arguments)
    app.connect("autodoc-process-docstring", as_rst)
