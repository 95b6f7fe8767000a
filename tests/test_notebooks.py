"""Every notebook runs to its end, without a warning, and is kept as a reader should find it: with no outputs."""

from __future__ import annotations

import ast
import os
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import jupyter_client
import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TIMEOUT = 300  # seconds for a cell; the first of all may have to compile the kernels
STRICT = "import warnings\nwarnings.simplefilter('error')"
PICTURES = ("image/png", "image/svg+xml")
SHOWN = "<svg"  # the library's own pictures are SVG within HTML

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    """A notebook as it is committed, checked against the format."""
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    return notebook


def code(notebook: Any) -> list[str]:
    """The code cells as Python, without lines for IPython."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return [re.sub(r"^%.*$", "pass", source, flags=re.MULTILINE) for source in sources]


def run(notebook: Any) -> Any:
    """The notebook executed in a kernel of its own, of this environment and this tree, with warnings as errors."""
    done = nbformat.from_dict(notebook)
    done.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
    place = {"metadata": {"path": str(ROOT / "notebooks")}}
    specs = jupyter_client.kernelspec.KernelSpecManager(kernel_dirs=[])  # not one installed by somebody else
    kernel = jupyter_client.AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    nbclient.NotebookClient(done, km=kernel, timeout=TIMEOUT, resources=place).execute(cleanup_kc=True)
    return done


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels import this tree, whatever is installed."""
    known = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *([known] if known else [])]))


def test_there_are_notebooks() -> None:
    """Seven, numbered without a gap, and each is in the list of the folder's README."""
    listed = re.findall(r"\]\((\d+_\w+\.ipynb)\)", (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8"))
    assert listed == [path.name for path in NOTEBOOKS]
    assert [int(path.name[:2]) for path in NOTEBOOKS] == [1, 2, 3, 4, 5, 6, 7]


def test_kernels_are_of_this_python_and_strict() -> None:
    """The kernel is this interpreter with this tree, and a warning in a cell stops it."""
    asked = "import sys, spasmnet\nprint(sys.executable, spasmnet.__file__, sep='\\n')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(asked)])
    told = run(notebook).cells[-1].outputs[0].text.splitlines()
    assert told == [sys.executable, str(ROOT / "spasmnet" / "__init__.py")]
    for harm in ("warnings.warn('old')", "assert 1 > 2", "raise ValueError"):
        with pytest.raises(nbclient.exceptions.CellExecutionError):
            run(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(harm)]))


@each
def test_runs(path: Path) -> None:
    """All cells run, all assertions hold, nothing warns, and a picture comes out."""
    outputs = [output for cell in run(read(path)).cells for output in cell.get("outputs", [])]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    shown = [output.data for output in outputs if "data" in output]
    assert any(kind in data for data in shown for kind in PICTURES) or any(
        SHOWN in data.get("text/html", "") for data in shown
    )
    assert not [data for data in shown if "<Figure size" in data.get("text/plain", "") and "image/png" not in data]


OBJECTS = """
engine.network
engine
engine.posterior(case)
report(engine, case)
spasmnet.draw(engine.posterior(case), around="dehydration")
spasmnet.parameter_sensitivity(engine, ("dehydration", "mild"), case)
spasmnet.parameter_sensitivity(engine, ("dehydration", "mild"), case)["leak of dehydration: mild"]
spasmnet.tune(engine, ("dehydration", "mild"), case, at_least=0.4)
spasmnet.credible_intervals(engine, case, targets=["dehydration"])
spasmnet.evidence_sensitivity(engine, ("dehydration", "mild"), case)
spasmnet.explain(engine, "dehydration", case)
spasmnet.what_if(engine, "dehydration", case, draws=200)
spasmnet.next_question(engine, case)
engine.most_probable(case)
"""


def test_objects_show_themselves_once() -> None:
    """In a kernel the last line of a cell is shown once: a picture or a page, and words for where there is no HTML."""
    start = "import spasmnet\nfrom spasmnet.triage.report import report\nengine = spasmnet.compile(spasmnet.load())"
    case = 'case = {"vomiting_diarrhoea": "present", "spasm": "painful"}'
    sources = [f"{start}\n{case}", *OBJECTS.split("\n")[1:-1]]
    done = run(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources]))
    for cell in done.cells[2:]:
        (output,) = cell.outputs
        assert output.output_type == "execute_result", cell.source
        assert output.data["text/plain"].strip(), cell.source
        assert output.data["text/html"].startswith("<div"), cell.source


@each
def test_is_kept_without_outputs(path: Path) -> None:
    """No outputs, no counts, nothing about a machine or a widget; cells with names that stay."""
    notebook = read(path)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert not any(cell.metadata for cell in notebook.cells)
    names = [cell.id for cell in notebook.cells]
    assert len(set(names)) == len(names) and all(name.startswith(path.name[:2]) for name in names)
    assert path.read_text(encoding="utf-8").endswith("}\n")


@each
def test_tells_a_story(path: Path) -> None:
    """One title first, headings that go down one step at a time, a question, a conclusion, and what is meant for people."""
    notebook = read(path)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    headings = [line for text in texts for line in text.splitlines() if re.match(r"#+ ", line)]
    levels = [len(line.split()[0]) for line in headings]
    assert notebook.cells[0].source.startswith("# ") and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert "**Question.**" in texts[0] and "## Conclusion" in headings
    if any("spasmnet.load()" in source for source in code(notebook)):
        assert "**Intended use.** Research and education only." in texts[0]


@each
def test_asserts(path: Path) -> None:
    """Claims are checked in several cells, and no assertion is about time or about a constant."""
    trees = [ast.parse(source) for source in code(read(path))]
    found = [[node for node in ast.walk(tree) if isinstance(node, ast.Assert)] for tree in trees]
    assert sum(map(bool, found)) >= 3
    for assertion in (one for cell in found for one in cell):
        words = {node.id for node in ast.walk(assertion) if isinstance(node, ast.Name)}
        assert words and not words & {"perf_counter", "started", "seconds"}


@each
def test_links_lead_somewhere(path: Path) -> None:
    """Relative links point at files that exist, and at headings that they have."""
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for target, anchor in re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)", cell.source):
                place = path.parent / target
                assert place.is_file(), target
                if anchor:
                    titles = re.findall(r"^#+ (.+)$", place.read_text(encoding="utf-8"), re.MULTILINE)
                    assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_folders_readme_has_no_dead_link() -> None:
    """Relative links of notebooks/README.md lead to files."""
    text = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert all((ROOT / "notebooks" / target).is_file() for target in re.findall(r"\]\((?!https?:)([^)#]+)", text))
