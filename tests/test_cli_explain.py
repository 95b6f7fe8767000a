"""The commands `explain` and `what-if`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import spasmnet
from spasmnet.cli.main import main


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


def test_explain_prints_tables_and_json() -> None:
    """The same numbers as in Python; details add evidence sensitivity."""
    findings = ("vomiting_diarrhoea=present", "spasm=painful")
    shown = run("explain", "dehydration", *findings)
    assert "Vomiting or diarrhoea: Yes" in shown and "What would change the answer" in shown
    assert "Findings at hand" not in shown
    assert "Findings at hand" in run("explain", "dehydration", findings[0], "--given", findings[1], "--details")
    data = json.loads(run("explain", "dehydration=mild,moderate_severe", *findings, "--json", "--details"))
    why = spasmnet.explain(
        spasmnet.compile(spasmnet.load()), "dehydration", {"vomiting_diarrhoea": "present", "spasm": "painful"}
    )
    assert data["probability"] == why.belief
    assert [row["variable"] for row in data["contributions"]] == [name for name, *_ in why.because]
    assert data["sentences"] == list(why.sentences)
    assert {row["variable"] for row in data["evidence_sensitivity"]["findings"]} == {"vomiting_diarrhoea", "spasm"}
    only = json.loads(run("explain", "dehydration=mild", "spasm=painful", "--json"))
    assert only["states"] == ["mild"] and "evidence_sensitivity" not in only


def test_json_has_no_infinity() -> None:
    """What findings settle is told in words, and infinite numbers are null."""
    data = json.loads(run("explain", "spasm_frequency", "spasm=none", "--json", "--details"))
    assert data["log_odds"] is None and data["settled_by"] == ["spasm"] and data["contributions"] == []
    assert data["evidence_sensitivity"]["findings"][0]["weight"] is None
    assert "alone makes it impossible" in run("explain", "spasm_frequency", "spasm=none")


def test_what_if_prints_tables_and_json() -> None:
    """All actions by default, named ones with --act; a bare name is set to its first state."""
    shown = run("what-if", "dehydration", "vomiting_diarrhoea=present", "--draws", "100")
    assert "What would help" in shown and "100 networks drawn" in " ".join(shown.split())
    data = json.loads(
        run(
            "what-if",
            "spasm=painful,severe",
            "--act",
            "dehydration",
            "--act",
            "overuse=present",
            "--draws",
            "0",
            "--json",
        )
    )
    assert {(row["variable"], row["state"]) for row in data["actions"]} == {
        ("dehydration", "none"),
        ("overuse", "present"),
    }
    assert data["draws"] == 0 and data["level"] is None and data["actions"][0]["do_interval"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("explain", "dehidration"), 2, "did you mean 'dehydration'"),
        (("explain", "dehydration=wet"), 2, "has no state 'wet'"),
        (("explain", "dehydration="), 2, "has no state"),
        (("explain", "spasm", "spasm=none"), 2, "is observed"),
        (("explain", "dehydration", "spasm=none", "spasm_frequency=occasional"), 3, "impossible"),
        (("what-if", "dehydration", "--act", "overuse=much"), 2, "has no state 'much'"),
        (("what-if", "dehydration", "--act", "dehydration"), 2, "cannot be acted on"),
        (("what-if", "dehydration", "--draws", "20"), 2, "at least"),
    ],
)
def test_mistakes_are_told(arguments: tuple[str, ...], code: int, message: str) -> None:
    """Exit codes and messages of what is not understood."""
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == code and message in result.output
