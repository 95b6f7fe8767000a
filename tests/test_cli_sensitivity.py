"""The command `sensitivity`: what it prints, its JSON against the library, its plots, and how it says what went wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from math import inf, isfinite
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import pytest
from click.testing import CliRunner, Result
from matplotlib import pyplot as plt

import spasmnet
from spasmnet.cli.main import main
from spasmnet.display.sensitivity_words import vertex_text
from spasmnet.model.words import number, share
from spasmnet.sensitivity.one_way import ParameterSensitivity, parameter_sensitivity

ROOT = Path(__file__).parent.parent
TARGET = "dehydration=moderate_severe"
ASIA = """network asia {}
variable smoke { type discrete [ 2 ] { no, yes }; }
variable lung { type discrete [ 2 ] { no, yes }; }
variable dysp { type discrete [ 2 ] { no, yes }; }
probability ( smoke ) { table 0.5, 0.5; }
probability ( lung | smoke ) { (no) 0.99, 0.01; (yes) 0.9, 0.1; }
probability ( dysp | lung ) { (no) 0.7, 0.3; (yes) 0.2, 0.8; }
"""


def run(*arguments: str, stdin: str | None = None, **env: str) -> Result:
    """Run the command in this process, with a plain environment."""
    environment: dict[str, str | None] = {"COLUMNS": None, "NO_COLOR": None, "FORCE_COLOR": None, **env}
    return CliRunner().invoke(main, ("sensitivity", *arguments), input=stdin, env=environment, prog_name="spasmnet")


def data(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    """What the command prints as JSON, in which NaN and infinity are failures."""
    result = run(*arguments, "--json", stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    content = json.loads(result.stdout, parse_constant=pytest.fail)
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="module")
def ps() -> ParameterSensitivity:
    """The library's answer to the question that most tests here ask."""
    engine = spasmnet.compile(spasmnet.load())
    return parameter_sensitivity(
        engine, ("dehydration", "moderate_severe"), {"spasm": "painful", "weakness": "general"}
    )


@pytest.fixture
def asia(tmp_path: Path) -> str:
    """A foreign file, whose numbers have no ranges and no sources."""
    path = tmp_path / "asia.bif"
    path.write_text(ASIA, encoding="utf-8")
    return str(path)


def test_the_table_shows_the_strongest_numbers(ps: ParameterSensitivity) -> None:
    """Value, range, answers at both ends, derivative and vertex stand beside each number, as the library gives them."""
    result = run(TARGET, "--given", "spasm=painful", "--given", "weakness=general", "--top", "4", COLUMNS="120")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [re.split(r" {2,}", line.strip()) for line in result.stdout.splitlines()]
    start = next(i for i, line in enumerate(lines) if line[0] == "Number of the model")
    assert lines[start][1:] == ["value", "range", "at low", "at high", "derivative", "vertex"]
    rows = [line for line in lines[start + 1 :] if len(line) == 7]
    functions = [f for f in ps if "absent)" not in f.name][:4]
    assert len(rows) == 4
    for row, f in zip(rows, functions, strict=True):
        assert f.name.startswith(row[0])
        assert row[1:] == [
            number(f.value), f"{number(f.low)} to {number(f.high)}", share(f(f.low)), share(f(f.high)),
            number(f.derivative), vertex_text(f),
        ]  # fmt: skip
    sources = [line[0] for line in lines[start + 1 :] if line[0] in ("assumption", "volpe_2009")]
    assert sources == ["assumption", "assumption", "assumption", "volpe_2009"]


def test_the_screen_says_what_it_is(ps: ParameterSensitivity) -> None:
    """The answer now, the findings in words, how many numbers can matter, not evidence sensitivity, use, provenance."""
    result = run(TARGET, "spasm=painful", "weakness=general")
    flat = " ".join(result.stdout.split())
    matter = int(ps.frame["matters"].sum())
    for words in (
        f"P(dehydration=moderate_severe) is {share(ps.answer)} now, given Muscle spasm: Painful cramp Weakness: General",
        f"{matter} of the model's {len(ps)} numbers, those of {len(ps.matters)} of its {len(ps.network)} variables, can matter",
        "This is parameter sensitivity", "It is not evidence sensitivity", "not a medical device",
        "proportional co-variation",
    ):  # fmt: skip
        assert words in flat
    assert matter < len(ps)
    assert re.fullmatch(r"spasmnet \S+, model muscle_spasm \S+ \(sha256:\w{12}\)", result.stdout.splitlines()[-1])
    assert len(re.findall(r"^  (?:link|leak|P\()", result.stdout, flags=re.M)) == 15


def test_findings_after_the_target_and_with_given_are_the_same() -> None:
    """--given, positional findings, likelihoods and JSON on standard input may be mixed."""
    plain = run(TARGET, "spasm=painful", "weakness=general").stdout
    assert run(TARGET, "--given", "spasm=painful", "weakness=general").stdout == plain
    assert run(TARGET, "-", "--given", "weakness=general", stdin='{"spasm": "painful"}').stdout == plain
    content = data(TARGET, "dark_urine=normal:0.2,concentrated:0.7,cola:0.1", "--top", "1")
    assert content["evidence"] == {"dark_urine": {"normal": 0.2, "concentrated": 0.7, "cola": 0.1}}
    assert "before any finding" in run(TARGET).stdout


def test_json_is_everything_that_the_library_gives(ps: ParameterSensitivity) -> None:
    """Every number with its columns of the frame and the answers at both ends; infinite ones are null."""
    content = data(TARGET, "--given", "spasm=painful", "--given", "weakness=general")
    assert content["answer"] == ps.answer
    assert content["evidence"] == dict(ps.evidence)
    assert (content["target"], content["variable"], content["states"]) == (
        str(ps.target),
        "dehydration",
        ["moderate_severe"],
    )
    assert (content["measure"], content["covariation"], content["spread"]) == ("probability", "proportional", 0.1)
    assert content["provenance"] == ps.provenance.as_dict()
    assert content["intended_use"] == ps.network.intended_use
    frame = ps.frame
    assert content["numbers"] == len(frame) == len(content["parameters"])
    assert content["numbers_that_can_matter"] == frame["matters"].sum()
    assert set(content["variables_that_can_matter"]) == ps.matters
    for row, (name, expected) in zip(content["parameters"], frame.iterrows(), strict=True):
        assert row["name"] == name
        f = ps[str(name)]
        assert (row["answer_at_low"], row["answer_at_high"]) == (f(f.low), f(f.high))
        for column, value in expected.items():
            wanted = None if isinstance(value, float) and not isfinite(value) else value
            assert row[str(column)] == wanted, (name, column)
    infinite = [row for row in content["parameters"] if row["vertex_proximity"] is None]
    assert len(infinite) == (frame["vertex_proximity"] == inf).sum() > 0


def test_json_with_top_has_the_numbers_of_the_screen() -> None:
    """--top cuts the JSON to what the table shows, in its order."""
    names = [row["name"] for row in data(TARGET, "spasm=painful", "--top", "3")["parameters"]]
    shown = "".join(run(TARGET, "spasm=painful", "--top", "3", COLUMNS="200").stdout.split())
    places = [shown.find(name.replace(" ", "")[:30]) for name in names]
    assert len(names) == 3
    assert -1 < places[0] < places[1] < places[2]


def test_several_states_are_one_target() -> None:
    """name=state,state asks for either; the answer is the sum of both."""
    one, two = (data(f"dehydration={s}", "--top", "1")["answer"] for s in ("mild", "moderate_severe"))
    both = data("dehydration=mild, moderate_severe", "--top", "1")
    assert both["states"] == ["mild", "moderate_severe"]
    assert both["answer"] == pytest.approx(one + two, rel=1e-12)


def test_covariation_and_spread_are_passed_on(asia: str) -> None:
    """Another rule gives other functions, and another spread other ranges and words."""
    uniform = data(TARGET, "spasm=painful", "--covariation", "uniform")
    assert uniform["covariation"] == "uniform"
    assert {row["covariation"] for row in uniform["parameters"]} == {"uniform"}
    assert "order-preserving co-variation" in " ".join(run(TARGET, "--covariation", "order_preserving").stdout.split())
    row = data("lung=yes", "--model", asia, "--spread", "0.5", "--top", "1")["parameters"][0]
    assert (row["low"], row["high"]) == (row["value"] * 0.5, min(1.0, row["value"] * 1.5))
    assert "±50 %" in run("lung=yes", "--model", asia, "--spread", "0.5").stdout


def test_a_foreign_model(asia: str) -> None:
    """Numbers without sources are told to have a spread; the notice stands for the intended use."""
    shown = run("lung=yes", "dysp=yes", "--model", asia).stdout
    assert "±10 %" in shown
    assert "For research and education; not a medical device." in shown
    assert data("lung=yes", "--model", asia)["parameters"][0]["source"] == ""


def test_an_answer_that_no_number_changes() -> None:
    """All states together are certain, whatever the numbers are; rounding is not taken for a derivative."""
    result = run("spasm=none,twitch,painful,severe")
    assert result.exit_code == 0
    assert "No number of the model changes this answer." in result.stdout
    assert "is 100% now" in result.stdout


@pytest.mark.parametrize(
    ("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("PNG", b"\x89PNG")]
)
def test_plots_are_of_the_kind_that_the_ending_names(tmp_path: Path, ending: str, magic: bytes) -> None:
    """The tornado is written, the table still printed, and no figure is left behind."""
    file = tmp_path / f"tornado.{ending}"
    before = plt.get_fignums()
    result = run(TARGET, "spasm=painful", "--plot", str(file), "--top", "3")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Number of the model" in result.stdout
    assert file.read_bytes().startswith(magic)
    assert plt.get_fignums() == before


def test_a_plot_is_the_same_every_time(tmp_path: Path) -> None:
    """The same question gives the same bytes, also with --json."""
    files = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for file in files:
        data(TARGET, "spasm=painful", "--plot", str(file), "--top", "1")
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(files[0].read_bytes()) > 10_000


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["dehydration"], 2, "TARGET is name=state, such as dehydration=none or dehydration=mild or dehydration=moderate_severe, not 'dehydration'"),
        (["nothing"], 2, "TARGET is name=state, such as age_band="),
        (["=mild"], 2, "TARGET is name=state"),
        (["dehydration="], 2, "TARGET is name=state, such as dehydration=none"),
        (["dehydration=wet"], 2, "dehydration has no state 'wet'; it has none, mild, moderate_severe"),
        (["dehydration=mild,wet"], 2, "dehydration has no state 'wet'"),
        (["dehidration=mild"], 2, "unknown variable 'dehidration'; did you mean 'dehydration'"),
        ([TARGET, "spam=none"], 2, "unknown variable 'spam'"),
        ([TARGET, "spasm=none", "--given", "spasm=twitch"], 2, "spasm is given twice, as 'none' (argument) and as 'twitch'"),
        ([TARGET, "--given", "dehydration=mild"], 2, "dehydration is observed (mild), so no number of the model changes"),
        ([TARGET, "spasm=none", "spasm_frequency=occasional"], 3, "spasm = none and spasm_frequency = occasional cannot occur together"),
        ([TARGET, "--max-products", "5"], 4, "above the limit of 5"),
        ([TARGET, "--model", "muscel_spasm"], 1, "there is no shipped model 'muscel_spasm'"),
        ([TARGET, "--plot", "tornado.jpg"], 2, "--plot 'tornado.jpg': the file's name must end in .png, .svg or .pdf"),
        ([TARGET, "--plot", "tornado"], 2, "must end in .png, .svg or .pdf"),
        ([TARGET, "--plot", "nowhere/at/all/t.png"], 2, "cannot write the plot to 'nowhere/at/all/t.png': No such file or directory"),
        ([TARGET, "--top", "0"], 2, "0 is not in the range x>=1"),
        ([TARGET, "--spread", "2"], 2, "2.0 is not in the range 0<=x<=1"),
        ([TARGET, "--covariation", "even"], 2, "'even' is not one of 'proportional', 'uniform', 'order_preserving'"),
        ([], 2, "Missing argument 'TARGET'"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told(arguments: list[str], code: int, message: str) -> None:
    """The exit code of its kind, nothing on standard output, and the message; in JSON the same."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in " ".join(result.stderr.split())
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stdout) == (code, "")
    content = json.loads(result.stderr)
    assert message in content["error"]["message"]
    assert content["exit_code"] == code


def test_a_directory_is_not_a_plot(tmp_path: Path) -> None:
    """A place that cannot be written to is told with its reason, before anything is printed."""
    place = tmp_path / "t.png"
    place.mkdir()
    result = run(TARGET, "--plot", str(place))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.strip().endswith("Is a directory")


def test_every_example_in_the_help_runs(tmp_path: Path) -> None:
    """The examples are taken from the help text and run in a shell; exit codes are documented there."""
    shown = run("--help").stdout
    examples = re.findall(r"^ +\$ (.+)$", shown, flags=re.M)
    assert len(examples) == 3
    for code in ("0  success", "1  the model", "2  wrong usage", "3  findings", "4  the network"):
        assert code in shown
    script = f'set -e\nspasmnet() {{ "{sys.executable}" -m spasmnet "$@"; }}\n' + "\n".join(examples)
    done = subprocess.run(
        ["sh", "-c", script],
        capture_output=True, text=True, cwd=tmp_path, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert "sensitivity" in CliRunner().invoke(main, ["--help"]).stdout


def test_a_terminal_without_unicode_gets_plain_characters(asia: str) -> None:
    """Signs that an encoding lacks are replaced by such as it has."""
    done = subprocess.run(
        [sys.executable, "-m", "spasmnet", "sensitivity", "lung=yes", "--model", asia],
        capture_output=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert "+/-10 %" in done.stdout.decode("ascii")
    assert "?" not in done.stdout.decode("ascii")


@pytest.mark.parametrize("width", [40, 71, 72, 99, 100, 120])
def test_the_screen_fits_the_width(width: int) -> None:
    """No line is wider than the terminal and no number is cut off; narrow ones lose columns."""
    result = run(TARGET, "spasm=painful", COLUMNS=str(width))
    assert max(len(line) for line in result.stdout.splitlines()) <= width
    assert "…" not in result.stdout
    assert ("derivative  vertex" in result.stdout) == (width >= 100)
    assert bool(re.search(r"value +range", result.stdout)) == (width >= 72)
    assert re.search(r"at low +at high", result.stdout)


def test_names_are_never_markup(tmp_path: Path) -> None:
    """Brackets and control characters in a model's names are shown, not obeyed."""
    file = tmp_path / "odd.bif"
    file.write_text(ASIA.replace("lung", '"[red]lung"'), encoding="utf-8")
    result = run("[red]lung=yes", "--model", str(file), FORCE_COLOR="1")
    assert result.exit_code == 0, result.stderr
    assert "[red]lung=yes" in result.stdout


def test_words_for_numbers() -> None:
    """Percentages keep three digits of what is rarer and never claim certainty; numbers are short."""
    assert [share(p) for p in (0.0, 1e-9, 0.0429, 0.5, 0.9532, 1 - 1e-12, 1.0)] == [
        "0%", "1e-07%", "4.29%", "50%", "95.32%", ">99.999999%", "100%",
    ]  # fmt: skip
    assert [number(x) for x in (0.0, -0.12345, 1234.5, 2.5e7, -inf)] == ["0", "-0.123", "1,230", "2.5e+07", "-∞"]
