"""How the site is built: `python -m sphinx -W -n -j auto docs docs/_build`. Nothing is fetched, then or by readers.

The pages are Markdown; code cells of the tutorial and of the notebooks are run. Formulas are plain text, so that they
read the same here, on GitHub and in a terminal, and no script for mathematics has to be loaded from elsewhere.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "_ext")]

import spasmnet  # noqa: E402 -- of this tree, whatever else is installed

project = "spasmnet"
author = "The spasmnet authors"
copyright = "the spasmnet authors, MIT licence"
release = version = spasmnet.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "docstrings",
    "api_links",
    "notebook_pages",
    "live_explorer",
    "wide_tables",
]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
highlight_language = "none"  # what has no language is a formula or a screen, not Python
smartquotes = False  # "delta" in a docstring is something to type

nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_show_tb = True
nb_merge_streams = True
nb_ipywidgets_js: dict[str, Any] = {}  # would come from another host

html_theme = "furo"
html_title = "spasmnet"
pygments_style = "default"
pygments_dark_style = "github-dark"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False

default_role = "literal"  # docstrings are plain text with `names`
add_module_names = False
python_use_unqualified_type_names = True
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_inherit_docstrings = False  # those of dict and Mapping are not ours
autodoc_preserve_defaults = True
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}

nitpick_ignore_regex = [
    # types of other libraries and of Python: without a network there are no inventories of them
    (r"py:.*", r"(pd|pandas|np|numpy|networkx|matplotlib|Axes|DiscreteBayesianNetwork|pgmpy)(\..*)?"),
    (r"py:.*", r"(collections|typing|os|pathlib)\..*"),
    # types inside the library, which no page is about
    (r"py:.*", r"(.*\.)?(Floats|Ints|Bools|Codes|Key|ArrayLike|NDArray|float64|int64|Any|Path)"),
    (r"py:.*", r"spasmnet\.(inference|triage\.(rule|crossings)|findings\.(query|wording))\..*"),
    (r"py:.*", r"spasmnet\.(uncertainty\.(delta|distributions|monte_carlo)|sensitivity\.(constraint|function))\..*"),
    (r"py:.*", r"spasmnet\.sensitivity\.(multilinear|query|target)\..*"),
    (r"py:.*", r"spasmnet\.model\.network\.Guidance"),
    (r"py:.*", r"BayesNet|Cases|Event|Frame|Query|Target|Totals|TypeAliasForwardRef|spasmnet\.errors\.Fault"),
]
