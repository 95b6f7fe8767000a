"""The layout shows the architecture: a lower layer never imports a higher one."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "spasmnet"
LAYERS = (
    ("errors", "_version", "_frozen", "_shown", "_replace", "_public"),
    ("filetext",),
    ("parameter",),
    ("cpd", "triage.guidance"),
    ("network",),
    ("assign",),
    ("kernels", "circuit", "evidence", "contradiction", "posterior", "modelfile", "catalogue", "causal"),
    ("engine", "table", "sampling"),
    ("triage",),
    ("sensitivity",),
    ("inventory",),
    ("contract",),
    ("decision",),
    ("evidential",),
    ("foreign", "interop"),
    ("writing",),
    ("reading",),
    ("display", "findings", "failure", "screens"),
    ("asking",),
    (
        "sensitivity_display",
        "sensitivity_screen",
        "evidential_display",
        "explanation_display",
        "what_if_display",
        "interview_screen",
        "figure",
        "plot_style",
        "plots",
        "plots_beliefs",
        "drawing",
        "showing",
        "explorer",
    ),
    ("validation",),
    ("cli_options",),
    ("cli_sensitivity", "cli_asking", "cli_interview", "cli_explain", "cli_explorer"),
    ("cli",),
    ("__init__", "__main__"),
)
HOOKS = {  # a higher layer that an object calls when it is shown; imported then, never with the module
    ("network", "drawing"),
    ("_shown", "showing"),
    ("engine", "interop"),  # models of other libraries, which compile converts
    ("engine", "sensitivity"),  # intervals, when a posterior is asked with them
    ("engine", "triage"),  # what a table's cases mean, when that is asked; red flags, when findings contradict
    ("sensitivity", "plots"),
    ("asking", "plot_style"),
    ("evidential", "explanation_display"),
    ("evidential", "plots_beliefs"),
}


def level(name: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if name in layer)


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if "models" not in path.parts)


LISTED = {name for layer in LAYERS for name in layer}


def name_of(path: Path) -> str:
    return listed(path.relative_to(ROOT).with_suffix("").parts)


def listed(parts: tuple[str, ...]) -> str:
    """The name under which a module stands in LAYERS: its own, or that of its folder."""
    return ".".join(parts[:2]) if ".".join(parts[:2]) in LISTED else parts[0]


def imports(path: Path) -> Iterator[str]:
    """The parts of spasmnet that a file imports at run time, also inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "spasmnet" and len(parts) > 1:
                place = ROOT / parts[1]
                if place.with_suffix(".py").exists() or place.is_dir():
                    yield listed(tuple(parts[1:]))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_layer_imports_a_higher_one(path: Path) -> None:
    """Each module imports only its own layer and lower ones, except the declared hooks."""
    own = name_of(path)
    wrong = [name for name in imports(path) if level(name) > level(own) and (own, name) not in HOOKS]
    assert not wrong, f"{own} imports {wrong}"


def test_only_interop_imports_pgmpy() -> None:
    """pgmpy is named in import statements of one module."""
    found = {
        name_of(path)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        and "pgmpy" in (getattr(node, "module", None) or " ".join(alias.name for alias in node.names))
    }
    assert found == {"interop"}


def test_a_query_imports_nothing_heavy() -> None:
    """Loading, compiling and asking with a dict needs neither pandas, pgmpy, scikit-learn, matplotlib nor numba."""
    code = (
        "import sys, spasmnet; spasmnet.compile(spasmnet.load()).posterior({'trauma': 'present'})['spasm'];"
        "print(sorted({'pandas', 'pgmpy', 'sklearn', 'matplotlib', 'networkx', 'numba', 'rich', 'click'} & set(sys.modules)))"
    )
    run = [sys.executable, "-c", code]
    subprocess.run(run, check=True, capture_output=True)  # makes sure that the kernels are in the cache
    done = subprocess.run(run, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
