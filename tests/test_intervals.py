"""Intervals in the ordinary answer: post.interval, frames, JSON, and what a person sees."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from rich.console import Console

import spasmnet
from spasmnet import (
    ImpossibleEvidenceError,
    Network,
    SpasmnetError,
    Table,
    UnknownStateError,
    UnknownVariableError,
    Variable,
)
from spasmnet.cli.main import main
from spasmnet.model.words import between
from spasmnet.triage.report import report
from tests import strategies

ENGINE = spasmnet.compile(spasmnet.load())
CASE = {"spasm": "painful", "vomiting_diarrhoea": "present", "heavy_sweating": "present"}
POST = ENGINE.posterior(CASE, interval=0.9)
MEANING = "The 90% intervals tell the uncertainty of the model's numbers, not of the patient."


def run(*arguments: str, width: int = 100) -> str:
    result = CliRunner().invoke(main, arguments, env={"COLUMNS": str(width), "NO_COLOR": "1"}, prog_name="spasmnet")
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_answer_carries_the_intervals_of_the_delta_method() -> None:
    """post.interval is what credible_intervals gives; the probabilities are those of the plain answer."""
    found = spasmnet.credible_intervals(ENGINE, CASE, method="delta")
    assert POST.interval("dehydration", "mild") == found["dehydration", "mild"]
    assert ENGINE.posterior(CASE) == POST
    assert POST.uncertainty is not None
    assert POST.uncertainty.method == "delta"
    assert POST.uncertainty.distributions.startswith("242 numbers, each PERT")
    assert ENGINE.posterior(CASE).uncertainty is None


def test_monte_carlo_on_request() -> None:
    """The other method gives its own intervals, also at levels that need more draws."""
    post = ENGINE.posterior(CASE, interval=0.9, interval_method="monte_carlo")
    assert post.interval("tetanus", "present") == spasmnet.credible_intervals(ENGINE, CASE)["tetanus", "present"]
    assert ENGINE.posterior({}, interval=0.999, interval_method="monte_carlo").uncertainty is not None


def test_what_is_observed_is_certain() -> None:
    """Observed states have the intervals [1, 1] and [0, 0], also when everything is observed."""
    assert POST.interval("spasm", "painful") == (1.0, 1.0)
    assert POST.interval("spasm", "none") == (0.0, 0.0)
    network = ENGINE.network
    world, _ = ENGINE.most_probable({})
    everything = ENGINE.posterior(world, interval=0.9)
    assert {everything.interval(v.name, s) for v in network.variables for s in v.states} == {(0.0, 0.0), (1.0, 1.0)}


def test_frames_and_dictionaries_carry_them() -> None:
    """Columns low and high, and the key intervals with level, method, distributions, meaning and ends."""
    frame = POST.to_frame()
    assert list(frame.columns) == ["probability", "low", "high"]
    assert tuple(frame.loc[("dehydration", "mild"), ["low", "high"]]) == POST.interval("dehydration", "mild")
    assert frame.attrs["spasmnet"]["intervals"]["meaning"] == MEANING
    content = json.loads(json.dumps(POST.to_dict(), allow_nan=False))
    assert content["intervals"]["level"] == 0.9
    assert tuple(content["intervals"]["posterior"]["dehydration"]["mild"]) == POST.interval("dehydration", "mild")
    plain = ENGINE.posterior(CASE)
    assert list(plain.to_frame().columns) == ["probability"]
    assert "intervals" not in plain.to_dict()
    assert pickle.loads(pickle.dumps(POST)).interval("dehydration", "mild") == POST.interval("dehydration", "mild")


def test_people_see_them_with_their_meaning() -> None:
    """The terminal's table and the notebook's HTML show the intervals and say what they mean."""
    console = Console(width=100, record=True, file=StringIO())
    console.print(POST)
    for text in (console.export_text(), POST._repr_mimebundle_()["text/html"].replace("&#x27;", "'")):
        assert (
            between((1 - POST.interval("dehydration", "none")[1], 1 - POST.interval("dehydration", "none")[0])) in text
        )
        assert MEANING in " ".join(text.split())
    assert "interval" not in ENGINE.posterior(CASE)._repr_mimebundle_()["text/html"]


def test_ranked_causes_have_the_interval_of_being_present() -> None:
    """A cause's interval is that of its not being neutral."""
    found = report(ENGINE, CASE, interval=0.9)
    rows = {row.variable.name: row for row in (*found.causes, *found.serious)}
    low, high = POST.interval("dehydration", "none")
    assert rows["dehydration"].interval == (1 - high, 1 - low)
    assert rows["tetanus"].interval == POST.interval("tetanus", "present")
    assert rows["tetanus"].as_dict()["interval"] == list(POST.interval("tetanus", "present"))
    assert all(row.interval is None for row in report(ENGINE, CASE).causes)


def test_the_command_shows_them_by_default() -> None:
    """`query` shows 90 % intervals and their meaning; --no-interval does not, --interval changes the level."""
    findings = [f"{name}={state}" for name, state in CASE.items()]
    shown = run("query", *findings)
    assert MEANING in shown
    low, high = POST.interval("dehydration", "none")
    (line,) = (line for line in shown.splitlines() if line.startswith("  Dehydration   "))
    assert between((1 - high, 1 - low)) in line
    without = run("query", *findings, "--no-interval")
    assert "interval" not in without
    assert "50% intervals" in run("query", *findings, "--interval", "0.5", "--target", "dehydration")
    data = json.loads(run("query", *findings, "--json", "--target", "dehydration"))
    assert list(data["intervals"]["posterior"]) == ["dehydration"]
    assert data["intervals"]["meaning"] == MEANING
    assert len(data["causes"][0]["interval"]) == 2
    assert "intervals" not in json.loads(run("query", *findings, "--json", "--no-interval"))
    assert "%)" in run("query", *findings, "--all")
    for width in (40, 60, 80, 95, 100, 120):
        assert max(map(len, run("query", *findings, width=width).splitlines())) <= width


def test_a_model_without_ranges_has_none(tmp_path: Any) -> None:
    """Nothing is shown by default; asking for intervals is an error that says what is missing."""
    network = Network((Variable("a", ("no", "yes")),), {"a": Table((), [0.4, 0.6])}, name="small")
    with pytest.raises(SpasmnetError, match="no number of 'small' has a range"):
        spasmnet.compile(network).posterior(interval=0.9)
    path = tmp_path / "small.bif"
    spasmnet.write(network, path)
    assert "interval" not in run("query", "--model", str(path))
    result = CliRunner().invoke(main, ["query", "--model", str(path), "--interval", "0.9"])
    assert result.exit_code == 2
    assert "has a range" in result.stderr
    both = CliRunner().invoke(main, ["query", "--interval", "0.9", "--no-interval"])
    assert both.exit_code == 2
    assert "exclude each other" in both.stderr


def test_bad_questions() -> None:
    """Levels, methods and names that are not understood."""
    with pytest.raises(SpasmnetError, match="level is a number between 0 and 1"):
        ENGINE.posterior(CASE, interval=1.5)
    with pytest.raises(SpasmnetError, match="level is a number between 0 and 1"):
        ENGINE.posterior(ENGINE.most_probable({}).assignment, interval=0.0)
    with pytest.raises(SpasmnetError, match="method is one of"):
        ENGINE.posterior(CASE, interval=0.9, interval_method="exact")
    with pytest.raises(SpasmnetError, match=r"engine.posterior\(evidence, interval=0.9\)"):
        ENGINE.posterior(CASE).interval("dehydration", "mild")
    with pytest.raises(UnknownVariableError, match="did you mean 'dehydration'"):
        POST.interval("dehydratoin", "mild")
    with pytest.raises(UnknownStateError):
        POST.interval("dehydration", "some")


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(strategies.ranged_networks(), st.data())
def test_any_network_with_ranges_has_ordered_intervals(network: Network, data: st.DataObject) -> None:
    """Intervals lie in [0, 1], low before high but for rounding, and displays of any names and findings work."""
    evidence = data.draw(strategies.evidence(network))
    try:
        post = spasmnet.compile(network).posterior(evidence, interval=0.8)
    except ImpossibleEvidenceError:
        assume(False)
        return
    except SpasmnetError as error:
        assert "means" in str(error)
        return
    for variable in network.variables:
        for state in variable.states:
            low, high = post.interval(variable.name, state)
            assert 0 <= low <= high <= 1
    assert post._repr_mimebundle_()["text/html"]


def test_without_intervals_nothing_more_is_imported() -> None:
    """Intervals by the delta method need neither scipy nor pandas."""
    code = (
        "import sys, spasmnet; e = spasmnet.compile(spasmnet.load()); e.posterior({'trauma': 'present'});"
        "assert not any(m.startswith('spasmnet.sensitivity') for m in sys.modules);"
        "e.posterior({'trauma': 'present'}, interval=0.9).interval('spasm', 'none');"
        "print(sorted({'pandas', 'scipy', 'SALib', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_an_interval_in_words() -> None:
    """Equal ends are told once; what is rare in frequencies."""
    assert between((0.0001, 0.0002)) == "<0.1%"
    assert between((0.0, 0.3)) == "0-30%"
    assert between((1e-4, 0.2), rare=True) == "1 in 10,000 to 20%"
    assert between((1e-4, 1e-4), rare=True) == "1 in 10,000"
