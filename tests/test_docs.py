"""Every block of code in README and docs runs."""

from __future__ import annotations

import ast
import re
import runpy
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

import spasmnet
from spasmnet.cli.main import main
from spasmnet.io.toml import parse_model

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if not {"_build", "notebooks"} & set(page.parts)),
]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python blocks of a page run one after the other, as a reader would type them, and give what a comment says."""
    monkeypatch.chdir(tmp_path)  # some write files
    names: dict[str, object] = {}
    for code in blocks(page, "python"):
        exec(compile(code, str(page), "exec"), names)
        for line, told in re.findall(r"^(\S.*?)  # (.+)$", code, re.MULTILINE):
            try:
                expression, value = ast.parse(line, mode="eval"), ast.literal_eval(told)
            except (SyntaxError, ValueError):
                continue  # a statement, or a comment in words
            found = eval(compile(expression, str(page), "eval"), names)
            assert found == value, f"{line} is {found}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `spasmnet …` line of a page exits with 0 and prints something."""
    monkeypatch.chdir(ROOT)
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            if line.startswith("spasmnet "):
                result = CliRunner().invoke(main, shlex.split(line, comments=True)[1:])
                assert result.exit_code == 0, f"{line}: {result.output}"
                assert result.output.strip()


def test_the_model_in_the_docs_is_a_model() -> None:
    """The example of the model file format is read without a problem and can be asked."""
    (text,) = blocks(ROOT / "docs" / "model-file.md", "toml")
    engine = spasmnet.compile(parse_model(text))
    assert engine.posterior({"spasm": "yes"})["strain"]["yes"] > engine.posterior()["strain"]["yes"]


def test_files_in_the_docs_are_the_files() -> None:
    """A block under `<!-- file: … -->` is that file, whole and as it stands."""
    shown = [
        (page, name, block)
        for page in PAGES
        for name, block in re.findall(
            r"^<!-- file: (\S+) -->\n```\w+\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
    ]
    assert shown
    for page, name, block in shown:
        assert block == (page.parent / name).read_text(encoding="utf-8"), f"{page.name}: {name} has changed"


def test_links_lead_somewhere() -> None:
    """Relative links in README and docs point at files that exist."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} -> {target}"


def test_readme_has_the_two_commands() -> None:
    """The two commands that do everything are single lines, where .ci/run looks for them."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("query command", "test command"):
        (command,) = re.findall(rf"<!-- {name} -->\n```sh\n(.*?)```", text, re.DOTALL)
        assert len(command.strip().splitlines()) == 1
        assert "python3 -m venv .venv" in command


def test_every_source_file_has_its_sentence() -> None:
    """The architecture page names each source file once, with the first sentence of its docstring."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = text[text.index("## One sentence per source file") :]
    rows = re.findall(r"^\| `([^`]+\.py)` \| (.*) \|$", listed, re.MULTILINE)
    expected = {}
    for path in (ROOT / "spasmnet").rglob("*.py"):
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        sentence = " ".join(words.split("\n\n")[0].split()).replace("|", "\\|")
        expected[path.relative_to(ROOT / "spasmnet").as_posix()] = sentence
    assert len(rows) == len(dict(rows)), "a file stands twice"
    assert not dict(rows).keys() - expected.keys(), "these files are gone"
    missing = [f"| `{name}` | {expected[name]} |" for name in expected if dict(rows).get(name) != expected[name]]
    assert not missing, "docs/architecture.md should have these rows:\n" + "\n".join(sorted(missing))
    for name in re.findall(r"`((?:spasmnet|tests)/[^`]+)`", text):
        assert (ROOT / name).exists(), name


def test_the_architecture_page_is_generated() -> None:
    """Its tables and the picture of the layers are those of today (`python docs/make_architecture.py`)."""
    for path, content in runpy.run_path(str(ROOT / "docs" / "make_architecture.py"))["files"]().items():
        assert path.read_text(encoding="utf-8") == content, path.name


def test_pictures_are_what_the_library_draws() -> None:
    """The committed pictures are those of today (`python docs/pictures/make.py` draws them anew)."""
    folder = ROOT / "docs" / "pictures"
    drawn = runpy.run_path(str(folder / "make.py"))["pictures"]()
    assert {*drawn, "layers.svg"} == {path.name for path in folder.glob("*.svg")}
    for name, svg in drawn.items():
        assert (folder / name).read_text(encoding="utf-8") == svg, name
        assert "prefers-color-scheme:dark" in svg and "http" not in svg.replace("http://www.w3.org/2000/svg", "")
