"""The layout shows the architecture: a folder imports only lower ones, and no file is on a ring of imports."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from spasmnet.views import UNCERTAINTY, VIEWS, resolve

ROOT = Path(__file__).parent.parent / "spasmnet"
BASE = ("_version", "errors", "_immutable", "views")
FOLDERS = tuple(layer[0] for layer in runpy.run_path(str(ROOT.parent / "docs" / "make_architecture.py"))["LAYERS"][1:])
TOP = ("__init__", "__main__")


def name_of(path: Path) -> str:
    """A module's name below spasmnet; a folder's own is the folder's."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py")) if "models" not in path.relative_to(ROOT).parts}


def level(name: str) -> int:
    """The height of a module's folder."""
    first = name.split(".")[0]
    return 0 if first in BASE else len(FOLDERS) + 1 if first in TOP else 1 + FOLDERS.index(first)


def imports(path: Path) -> Iterator[str]:
    """The modules of spasmnet that a file imports at run time, also inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[2] or "__init__" for alias in node.names if is_ours(alias.name))
        elif isinstance(node, ast.ImportFrom) and is_ours(node.module or ""):
            module = (node.module or "").partition(".")[2]
            for alias in node.names:
                inner = f"{module}.{alias.name}".lstrip(".")
                yield inner if inner in MODULES else module or "__init__"


def is_ours(name: str) -> bool:
    return name == "spasmnet" or name.startswith("spasmnet.")


IMPORTS = {name: sorted(set(imports(path)) - {name}) for name, path in MODULES.items()}


@pytest.mark.parametrize("name", MODULES)
def test_no_folder_imports_a_higher_one(name: str) -> None:
    """A module imports its own folder and lower ones; what goes up goes through the table of views."""
    wrong = [other for other in IMPORTS[name] if level(other) > level(name)]
    assert not wrong, f"{name} imports {wrong}"


def test_no_file_is_on_a_ring() -> None:
    """No module imports itself by way of others, imports inside functions included."""
    inner = {name: IMPORTS[name] for name in MODULES if name not in TOP}
    try:
        tuple(TopologicalSorter(inner).static_order())
    except CycleError as error:
        pytest.fail("a ring: " + " -> ".join(error.args[1]))


def test_the_top_of_the_package_is_small() -> None:
    """Loose modules are the base and the two that know everything."""
    assert {path.stem for path in ROOT.glob("*.py")} == {*BASE, *TOP}


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_exists(name: str) -> None:
    """The classes and functions that the table of views names are there."""
    assert resolve(name).__qualname__ == name.rpartition(".")[2]
    for function in filter(None, VIEWS[name]):
        assert callable(resolve(function))


def test_what_goes_up_besides_views_exists() -> None:
    """Intervals of a posterior are the one computation that a lower folder asks of a higher one."""
    assert callable(resolve(UNCERTAINTY))


def test_one_module_imports_pgmpy() -> None:
    """pgmpy is named in import statements of one module."""
    named = {
        name
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        and "pgmpy" in (getattr(node, "module", None) or " ".join(alias.name for alias in node.names)).split(".")[0]
    }
    assert named == {"io.pgmpy"}


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
