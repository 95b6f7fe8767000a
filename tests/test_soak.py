"""A moment of each part of the soak run: that it runs, and finds nothing wrong."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from tests.soak import mutation
from tests.soak.report import MOST_ERRORS, Report
from tests.soak.run import PARTS, main

FOLDER = Path(__file__).parent / "soak"


@pytest.mark.parametrize("part", [part for part in PARTS if (FOLDER / f"{part}.py").exists()])
def test_a_moment_of_it(part: str) -> None:
    """Each part tries something at least, and nothing is wrong."""
    report: Report = importlib.import_module(f"tests.soak.{part}").run(1.0, 1)
    assert report.tried > 0
    assert (report.wrong, report.errors) == (0, [])
    assert str(report).startswith(f"{part}: ")


def test_what_is_wrong_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults are counted and the first of them told, with the seed; a part that raises is a fault, too."""
    report = Report("x")
    for _ in range(2 * MOST_ERRORS):
        report.add(0.5, "y" * 10_000)
    assert (report.tried, report.wrong, len(report.errors), len(report.errors[0])) == (100, 100, MOST_ERRORS, 2000)
    threads = importlib.import_module("tests.soak.threads")
    monkeypatch.setattr(threads, "run", lambda *_: 1 / 0)
    assert main(["0", "--only", "threads", "--seed", "7"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("seed 7: threads") and "ZeroDivisionError" in shown and "1 wrong" in shown
    monkeypatch.setattr(threads, "run", lambda *_: Report("threads", tried=1))
    assert main(["0", "--only", "threads"]) == 0


@pytest.mark.parametrize("part", mutation.PARTS)
def test_mutants_differ_in_one_place(part: str) -> None:
    """Every mutant is Python, differs from its source, and the same seed draws the same ones."""
    drawn = mutation.mutants(part, 10, 3)
    assert drawn == mutation.mutants(part, 10, 3)
    assert len(drawn) == 10
    for path, line, told, source in drawn:
        kept = ast.unparse(ast.parse((mutation.ROOT / path).read_text(encoding="utf-8")))
        changed = [i for i, (a, b) in enumerate(zip(kept.splitlines(), source.splitlines(), strict=False)) if a != b]
        assert changed and line > 0 and "->" in told
