"""The command line: what it prints where, with which exit code, and how it says what went wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet.cli.main import main
from spasmnet.model.inventory import bibtex, inventory, uses
from spasmnet.model.parameter import Source
from spasmnet.model.words import finding_text, one_in, percent
from spasmnet.triage.care import raised_flags
from spasmnet.triage.guidance import guidance_of
from spasmnet.triage.report import fitting_advice, ranked, report
from tests import classic

ROOT = Path(__file__).parent.parent
COMMANDS = ("query", "variables", "check", "cite")
RED = ("dark_urine=cola", "muscle_pain=present")
ASIA = """network asia {}
variable smoke { type discrete [ 2 ] { no, yes }; }
variable lung { type discrete [ 2 ] { no, yes }; }
variable dysp { type discrete [ 2 ] { no, yes }; }
probability ( smoke ) { table 0.5, 0.5; }
probability ( lung | smoke ) { (no) 0.99, 0.01; (yes) 0.9, 0.1; }
probability ( dysp | lung ) { (no) 0.7, 0.3; (yes) 0.2, 0.8; }
"""


def run(*arguments: str, stdin: str | bytes | None = None, **env: str) -> Result:
    """Run a command in this process, with a plain environment."""
    environment: dict[str, str | None] = {"COLUMNS": None, "NO_COLOR": None, "FORCE_COLOR": None, **env}
    return CliRunner().invoke(main, arguments, input=stdin, env=environment, prog_name="spasmnet")


def data(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    """What a command prints as JSON."""
    result = run(*arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    content = json.loads(result.stdout, parse_constant=pytest.fail)
    assert isinstance(content, dict)
    return content


def real(*arguments: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command line as a process of its own."""
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "FORCE_COLOR")}
    environment |= {"PYTHONPATH": str(ROOT), **env}
    return subprocess.run(
        [sys.executable, "-m", "spasmnet", *arguments], input=stdin, capture_output=True, env=environment, check=False
    )


@pytest.fixture(scope="module")
def engine() -> spasmnet.Engine:
    """The shipped model, compiled."""
    return spasmnet.compile(spasmnet.load())


@pytest.fixture
def asia(tmp_path: Path) -> str:
    """A foreign file without roles, labels and sources."""
    path = tmp_path / "asia.bif"
    path.write_text(ASIA, encoding="utf-8")
    return str(path)


def test_red_flags_stand_above_everything() -> None:
    """A red flag that holds is the first thing printed, the highest level first."""
    lines = run("query", *RED).stdout.splitlines()
    assert lines[0] == "How soon to be seen"
    assert lines[1].startswith("  Emergency care  decided by the red flags below")
    assert lines[2].startswith("  Think of        Muscle breakdown")
    assert next(line for line in lines[3:] if line).startswith("Red flags")
    assert lines[5].lstrip().startswith("Emergency care  Cola-coloured urine together with muscle pain")
    text = "\n".join(lines)
    assert text.index("Emergency care") < text.index("Urgent care") < text.index("Causes")


def test_the_result_is_in_words_with_its_intended_use() -> None:
    """Findings, causes and serious conditions appear with labels; intended use and provenance close the screen."""
    result = run("query", "spasm=painful", "heavy_sweating=absent:0.2,present:0.8")
    assert result.exit_code == 0
    assert result.stderr == ""
    flat = " ".join(result.stdout.split())
    assert "Muscle spasm Painful cramp" in flat
    assert "Heavy sweating likelihood No 0.2, Yes 0.8" in flat
    assert re.search(r"Dehydration +\d+%.*Mildly dehydrated \d+%", result.stdout)
    assert re.search(r"Tetanus +<0.1% +1 in [\d,]+ +1 in [\d,]+", result.stdout)
    assert "not a medical device" in flat
    assert re.fullmatch(r"spasmnet \S+, model muscle_spasm \S+ \(sha256:\w{12}\)", result.stdout.splitlines()[-1])


def test_causes_and_serious_conditions_are_ranked(engine: spasmnet.Engine) -> None:
    """Ranks follow the probability of all states but the neutral one, as the engine gives it."""
    evidence = {"spasm": "painful", "vomiting_diarrhoea": "present"}
    post = engine.posterior(evidence)
    content = data("query", *(f"{k}={v}" for k, v in evidence.items()))
    for key, count in (("causes", 13), ("serious", 4)):
        chances = [row["probability"] for row in content[key]]
        assert len(chances) == count
        assert chances == sorted(chances, reverse=True)
    top = content["causes"][0]
    states = post[top["variable"]]
    assert top["probability"] == pytest.approx(1 - next(iter(states.values())), abs=1e-12)
    assert top["leading_state_probability"] == max(list(states.values())[1:])
    assert content["posterior"]["spasm"]["painful"] == 1.0
    assert content["log_evidence"] == post.log_evidence


def test_a_rare_condition_keeps_its_digits(engine: spasmnet.Engine) -> None:
    """Tetanus is ranked with the digits of its own state, not with those that 1 - P(no) leaves."""
    row = next(row for row in ranked(engine.posterior({})) if row.variable.name == "tetanus")
    assert row.probability == engine.posterior({})["tetanus"]["present"]


def test_json_has_stable_keys() -> None:
    """Everything a program needs is there under fixed keys, red flags and advice with their sources."""
    content = data("query", *RED)
    assert list(content) == [
        "contract", "posterior", "log_evidence", "evidence", "provenance", "intervals", "causes", "serious", "others",
        "red_flags", "possible_red_flags", "unresolved_red_flags", "care", "suspected", "advice", "intended_use",
        "unknown", "differential", "reasons",
    ]  # fmt: skip
    assert content["evidence"] == {"dark_urine": "cola", "muscle_pain": "present"}
    assert [flag["level"] for flag in content["red_flags"]] == ["emergency", "urgent"]
    assert content["red_flags"][0]["citation"]
    assert set(content["provenance"]) == {"library", "model", "model_version", "digest"}
    assert content["advice"][0]["id"] == "see_a_doctor"
    assert content["serious"][0]["variable"] == "rhabdomyolysis"


def test_advice_needs_a_probable_or_leading_cause(engine: spasmnet.Engine) -> None:
    """Advice names its reason: at least one half, or one of the three leading causes in its leading state."""
    found = report(engine, {"spasm": "none", "medication": "statin"})
    leading = {row.variable.name: row.leading for row in found.causes[:3]}
    chosen = {item.rule.id for item in found.advice}
    assert "review_medicine" in chosen
    assert "poor_circulation" not in chosen
    for rule in guidance_of(engine.network).advice:
        fits = all(
            sum(found.posterior[n][s] for s in states) >= 0.5 or leading.get(n) in states
            for n, states in rule.when.items()
        )
        assert (rule.id in chosen) == fits


def test_advice_without_leading_causes_needs_one_half(engine: spasmnet.Engine) -> None:
    """A cause that does not lead calls for its advice from a probability of one half on, and not below."""
    for likelihood, applies in ((1.0, False), (20.0, True)):
        post = engine.posterior({"dehydration": {"none": 1.0, "mild": likelihood, "moderate_severe": likelihood}})
        assert (0.5 <= 1 - post["dehydration"]["none"] < 0.95) == applies
        assert ("drink_ahead" in {item.rule.id for item in fitting_advice(post, ())}) == applies


def test_red_flags_with_likelihoods_are_possible_not_silent(engine: spasmnet.Engine) -> None:
    """A likelihood that leaves a qualifying state open is told; one that leaves nothing else open counts as certain."""
    open_finding = {"normal": 0.5, "concentrated": 0.2, "cola": 0.3}
    found = report(engine, {"dark_urine": open_finding})
    assert found.red_flags == ()
    assert [flag.id for flag in found.possible_red_flags] == ["cola_urine"]
    found = report(engine, {"dark_urine": {"normal": 0.0, "concentrated": 0.0, "cola": 0.3}})
    assert [(flag.id, flag.holds) for flag in found.red_flags] == [("cola_urine", "certain")]
    assert found.possible_red_flags == ()
    lines = run("query", "dark_urine=normal:1,concentrated:0,cola:0.0001").stdout.splitlines()
    assert lines[0] == "How soon to be seen"
    assert lines[1].startswith("  Not known yet  Only 1 of the questions about red flags is answered")
    text = "\n".join(lines)
    assert "(by what is known so far: self-care)" in " ".join(text.split())
    assert text.index("  Urgent care    if a possible red flag below is true") < text.index("\nPossible red flags")


def test_hard_findings_raise_exactly_the_flags_that_hold(engine: spasmnet.Engine) -> None:
    """For hard findings the flags are those whose own rule says that they hold."""
    evidence = {"spasm": "severe", "weakness": "focal", "neuro_sensory": "tingling", "medication": "diuretic"}
    certain = raised_flags(engine.network, evidence)
    assert {rule.id for rule in certain} == {
        rule.id for rule in guidance_of(engine.network).red_flags if rule.holds(evidence)
    }
    assert len(certain) > 3


def test_findings_come_from_arguments_files_and_standard_input(tmp_path: Path) -> None:
    """All three are combined; saying the same thing twice is no contradiction."""
    file = tmp_path / "case.json"
    file.write_text('\ufeff{"trauma": "present", "spasm": "painful"}', encoding="utf-8")
    stdin = '{"heavy_sweating": {"absent": 1, "present": 4}}'
    for argument in (str(file), f"@{file}"):
        content = data("query", "spasm=painful", argument, "-", stdin=stdin)
        assert content["evidence"] == {
            "spasm": "painful", "trauma": "present", "heavy_sweating": {"absent": 1.0, "present": 4.0},
        }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["heavysweating=present"], "unknown variable 'heavysweating'; did you mean 'heavy_sweating'?"),
        (["heavy_sweating=yes"], "heavy_sweating has no state 'yes'; it has absent, present"),
        (["heavy_sweating"], "it needs a state: heavy_sweating=absent or heavy_sweating=present"),
        (["heavy_sweating="], "heavy_sweating is given no state; it has absent, present"),
        (["=present"], "'=present' is not a finding: write name=state, such as age_band=65_plus"),
        (["spasm=none", "spasm=twitch"], "spasm is given twice, as 'none' (argument) and as 'twitch' (argument)"),
        (
            ["trauma=absent:x,present:1"],
            "trauma: 'absent:x' is not state:likelihood, such as trauma=absent:0.5,present:0.5",
        ),
        (["trauma=absent:1"], "trauma: the likelihood names no number for present; every state needs one"),
        (["trauma=absent:-1,present:1"], "the likelihood of absent is -1.0; a finite number >= 0 is needed"),
        (["trauma=absent:nan,present:1"], "the likelihood of absent is nan; a finite number >= 0 is needed"),
        (["trauma=absent:0,present:0"], "trauma: the likelihoods are all 0, which rules out every state"),
        (["trauma=absent:1,absent:2"], "the likelihood of absent is given twice, as 1 and as 2"),
        (["nowhere.json"], "cannot read the findings in 'nowhere.json': No such file or directory"),
        (["@/"], "cannot read the findings in '/': Is a directory"),
        (["-", "-"], "- stands twice, but standard input can be read only once"),
        (["spasm=none", "--target", "dehidration"], "unknown variable 'dehidration'; did you mean 'dehydration'"),
    ],
)
def test_findings_that_are_not_understood(arguments: list[str], message: str) -> None:
    """Exit code 2, nothing on standard output, and what to do instead; in JSON the same message."""
    result = run("query", *arguments, stdin="{}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    result = run("query", *arguments, "--json", stdin="{}")
    assert (result.exit_code, result.stdout) == (2, "")
    content = json.loads(result.stderr)
    assert message in content["error"]["message"]
    assert content["exit_code"] == 2
    assert content["type"].endswith("Error")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "standard input is empty; a JSON object of findings is needed, such as {"),
        (b"  \n", "standard input is empty"),
        (b"\xff\xfe{", "standard input is not UTF-8: byte 0xff in line 1; save it as UTF-8"),
        (b'{\n"spasm": "none",\n\xe9', "byte 0xe9 in line 3"),
        (b'{"spasm": none}', "standard input is not JSON: Expecting value, line 1, column 11"),
        (b"[1]", "standard input holds a list; a JSON object"),
        (b"null", "standard input holds null; a JSON object"),
        (b"12", "standard input holds a number; a JSON object"),
        (b"[" * 100_000, "standard input is nested too deeply"),
        (b'{"spasm": "none", "spasm": "twitch"}', "spasm is given twice, as 'none' (standard input)"),
        (b'{"spasm": null}', "None (NoneType) is not a finding; give a state (none, twitch, painful, severe)"),
        (b'{"trauma": {"absent": NaN, "present": 1}}', "the likelihood of absent is nan"),
        (b'{"trauma": {"absent": ' + b"9" * 5000 + b', "present": 1}}', "the likelihood of absent is inf"),
    ],
)
def test_json_that_is_not_understood(content: bytes, message: str) -> None:
    """Malformed input is told with its place; never a traceback."""
    result = run("query", "-", stdin=content)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_all_problems_with_the_findings_are_told_at_once() -> None:
    """One message lists every finding that is not understood."""
    result = run("query", "spam=none", "spasm=x", "trauma", "-", stdin="[]")
    assert result.stderr.startswith("Error: 4 problems with the findings:")
    for part in ("unknown variable 'spam'", "spasm has no state 'x'", "'trauma' is not a finding", "holds a list"):
        assert part in result.stderr


def test_impossible_evidence_names_the_findings() -> None:
    """Exit code 3, with a smallest contradiction and none of the other findings."""
    arguments = ("query", "spasm=none", "trauma=present", "spasm_frequency=occasional")
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "impossible evidence: spasm = none and spasm_frequency = occasional cannot occur together" in result.stderr
    content = json.loads(run(*arguments, "--json").stderr)
    assert content["type"] == "ImpossibleEvidenceError"
    assert content["findings"] == {"spasm": "none", "spasm_frequency": "occasional"}


def test_a_network_that_is_too_large_is_refused() -> None:
    """Exit code 4, and the option that would allow it, also in valid JSON."""
    result = run("query", "--max-products", "5")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "above the limit of 5" in result.stderr
    assert re.search(r"On the command line: spasmnet query --max-products \d+", result.stderr)
    content = json.loads(run("query", "--max-products", "5", "--json").stderr)
    assert (content["exit_code"], content["limit"]) == (4, 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["qurey"], "No such command 'qurey'"),
        (["query", "--jsno"], "--jsno"),
        (["query", "--all", "--target", "spasm"], "--target and --all exclude each other"),
        (["query", "--top", "0"], "0 is not in the range x>=1"),
        (["cite", "--json", "--bibtex"], "--json and --bibtex exclude each other"),
        (["cite", "grander_2017"], "unknown source 'grander_2017'; did you mean 'grandner_2017'"),
        (["variables", "spam"], "unknown variable 'spam'; did you mean 'spasm'"),
        (["check"], "Missing argument 'FILE'"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str) -> None:
    """Exit code 2 and nothing on standard output."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_wrong_usage_is_json_when_json_is_wanted() -> None:
    """A program that asked for JSON can parse what went wrong with its options too."""
    content = json.loads(run("query", "--json", "--top", "0").stderr)
    assert (content["type"], content["exit_code"]) == ("UsageError", 2)


def test_targets_and_top_narrow_the_result() -> None:
    """--target shows only these, with every state; --top cuts the causes, never the serious conditions."""
    result = run("query", "trauma=present", "--target", "spasm", "--target", "dehydration")
    assert "Clearly dehydrated" in result.stdout
    assert "Causes" not in result.stdout
    assert list(data("query", "trauma=present", "--target", "spasm")["posterior"]) == ["spasm"]
    content = data("query", "trauma=present", "--top", "2")
    assert (len(content["causes"]), len(content["serious"])) == (2, 4)
    result = run("query", "trauma=present", "--top", "2")
    assert "and 11 more of at most" in result.stdout
    assert "Tetanus" in result.stdout
    assert "Jaw stiffness" not in result.stdout.split("\nGiven")[1]  # above it stands what was not asked
    assert "Jaw stiffness" in run("query", "trauma=present", "--all").stdout


def test_a_foreign_network_prints_with_its_names(asia: str) -> None:
    """Without roles and labels, the variables stand by name, those that moved most first."""
    result = run("query", "--model", asia, "dysp=yes")
    assert result.exit_code == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    start = lines.index(next(line for line in lines if line[:1] == ["Variables"]))
    assert [line[0] for line in lines[start + 1 : start + 3]] == ["lung", "smoke"]
    assert "For research and education; not a medical device." in result.stdout
    assert [row["variable"] for row in data("query", "--model", asia, "dysp=yes")["others"]] == ["lung", "smoke"]


def test_models_by_name_and_by_path(asia: str, tmp_path: Path) -> None:
    """A name that is not shipped is suggested; a file that cannot be read says why; both with exit code 1."""
    for model, message in (
        ("muscel_spasm", "there is no shipped model 'muscel_spasm'; did you mean 'muscle_spasm'?"),
        (str(tmp_path / "none.toml"), "none.toml"),
        (str(tmp_path), "is a directory, not a model file"),
    ):
        result = run("query", "--model", model)
        assert (result.exit_code, result.stdout) == (1, "")
        assert message in result.stderr
    off = tmp_path / "off.bif"
    off.write_text(ASIA.replace("0.99, 0.01", "0.985000, 0.010000"), encoding="utf-8")  # more than printed decimals
    result = run("query", "--model", str(off))
    assert result.exit_code == 1
    assert "On the command line: --normalize" in result.stderr
    assert run("query", "--model", str(off), "--normalize").exit_code == 0


def test_check_lists_every_problem_with_its_path(tmp_path: Path) -> None:
    """A broken model gives exit code 1 and all problems on standard error."""
    text = (ROOT / "models" / "muscle_spasm.toml").read_text(encoding="utf-8")
    file = tmp_path / "broken.toml"
    file.write_text(text.replace('role = "cause"', 'role = "reason"', 2), encoding="utf-8")
    result = run("check", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.search(r"Error: \d+ problems in .*broken.toml:", result.stderr)
    assert result.stderr.count(".role: ") == 2
    content = json.loads(run("check", str(file), "--json").stderr)
    assert content["type"] == "ModelError"
    assert sum(problem["path"].endswith(".role") for problem in content["problems"]) == 2


def test_check_sums_up_a_good_model(engine: spasmnet.Engine) -> None:
    """Counts, the share of assumptions, the circuit, the prior and the digest are on one screen."""
    network = engine.network
    result = run("check", str(ROOT / "models" / "muscle_spasm.toml"))
    assert (result.exit_code, result.stderr) == (0, "")
    counts = inventory(network)
    for part in (
        "No problems found", f"{counts.parameters} cited numbers", f"sha256:{network.digest}", "are judgements",
        f"width {engine.width}, {engine.products:,} products", f"Muscle spasm: None {percent(engine.posterior()['spasm']['none'])}",
    ):  # fmt: skip
        assert part in result.stdout
    assert len(result.stdout.splitlines()) <= 30
    content = data("check", "muscle_spasm")
    assert content["parameters"] == sum(content["kinds"].values()) == counts.parameters
    assert content["circuit"] == {"width": engine.width, "products": engine.products}
    assert content["prior"] == dict(engine.posterior()["spasm"])


def test_check_of_a_foreign_file_says_what_it_is(asia: str) -> None:
    """The kind of file, its size, that there are no problems, and that its numbers have no provenance."""
    result = run("check", asia)
    assert result.exit_code == 0
    size = Path(asia).stat().st_size
    for part in (
        f"asia.bif, a network in BIF (bnlearn, pgmpy, GeNIe), {size:,} bytes", "No problems found",
        "6 states, 10 probabilities", "No provenance: its numbers carry neither sources nor ranges",
    ):  # fmt: skip
        assert part in result.stdout
    content = data("check", asia)
    assert content["file"] == {"path": asia, "bytes": size}
    assert (content["parameters"], content["sources"]) == (0, 1)  # the file itself, which no number cites
    assert data("check", "muscle_spasm")["file"] is None


EVERY_COMMAND = (
    ("query", "HRBP=HIGH"), ("query", "-"), ("variables",), ("cite",), ("explain", "CVP=HIGH", "HRBP=HIGH"), ("explain", "CVP", "HRBP=HIGH"),
    ("what-if", "HISTORY=TRUE", "--act", "LVFAILURE=FALSE"), ("what-if", "HISTORY", "--act", "LVFAILURE"),
    ("sensitivity", "HYPOVOLEMIA=TRUE", "HISTORY=TRUE"), ("ask", "--target", "HYPOVOLEMIA", "--ask", "HISTORY"),
    ("interview", "--target", "HYPOVOLEMIA", "--ask", "HISTORY", "--json"), ("explorer", "-o", "-"),
)  # fmt: skip


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)
def test_every_command_takes_what_read_takes(tmp_path: Path, command: tuple[str, ...]) -> None:
    """ALARM as the bnlearn repository has it, of which rows miss 1 by the rounding of printed decimals."""
    file = tmp_path / "alarm.bif"
    file.write_text(classic.text("alarm"), encoding="utf-8")
    assert spasmnet.read(file)
    result = run(*command, "--model", str(file), stdin='{"HRBP": "HIGH"}' if command == ("query", "-") else None)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert command != ("cite",) or "alarm.bif" in result.stdout


@pytest.mark.parametrize("ending", ["bif", "xml", "xmlbif", "xdsl", "net", "uai"])
def test_files_of_other_tools_are_checked_and_asked(tmp_path: Path, ending: str) -> None:
    """The same answer as that of the library, in every format."""
    network, file = classic.load("earthquake"), tmp_path / f"earthquake.{ending}"
    if ending == "uai":  # which has no names
        from pgmpy.readwrite import UAIWriter

        UAIWriter(spasmnet.to_pgmpy(network)).write(str(file))
    else:
        spasmnet.write(network, file)
    again = spasmnet.read(file)
    last = again.variables[-1]
    expected = spasmnet.compile(again).posterior({last.name: last.states[0]})
    found = data("query", "--model", str(file), f"{last.name}={last.states[0]}")
    assert found["posterior"] == expected.to_dict()["posterior"]
    result = run("check", str(file))
    assert (
        result.exit_code == 0
        and f"earthquake.{ending}, a network" in result.stdout
        and "No provenance" in result.stdout
    )


def test_variables_tell_what_can_be_asked() -> None:
    """Names, states with labels and questions; details for chosen ones."""
    result = run("variables", "--role", "finding")
    assert "dark_urine  Urine colour" in result.stdout
    assert "normal (Usual); concentrated (Dark yellow); cola (Cola-coloured)" in result.stdout
    assert "What colour is your urine?" in result.stdout
    assert "heavy_sweating" not in result.stdout
    assert "depends on: " in run("variables", "dark_urine").stdout
    content = data("variables", "dark_urine", "spasm")
    assert [variable["name"] for variable in content["variables"]] == ["dark_urine", "spasm"]
    assert content["variables"][0]["states"][2] == {"name": "cola", "label": "Cola-coloured"}
    assert len(data("variables")["variables"]) == len(spasmnet.load())


def test_cite_counts_what_rests_on_each_source() -> None:
    """Every parameter and rule is counted once, measured kinds come first."""
    network = spasmnet.load()
    content = data("cite")["sources"]
    assert len(content) == len(network.sources)
    assert sum(s["used"]["parameters"] for s in content) == inventory(network).parameters
    assert sum(s["used"]["rules"] for s in content) == sum(
        len(rules)
        for rules in (
            guidance_of(network).advice,
            guidance_of(network).red_flags,
            guidance_of(network).losses.harms if guidance_of(network).losses else (),
        )
    )
    assert (content[0]["kind"], content[-1]["kind"]) == ("cohort", "article")
    chosen = run("cite", "grandner_2017").stdout
    assert "Nocturnal leg cramps" in chosen
    assert "doi:10.1371/journal.pone.0178465" in " ".join(chosen.split())
    assert [use.source.key for use in uses(network, ("article", "grandner_2017"))] == ["article", "grandner_2017"]


def test_bibtex_is_escaped_and_complete() -> None:
    """Special characters are escaped, surnames marked, and every source has an entry."""
    entry = bibtex(Source("x", "trial", "50% & more", authors="Doe JA, van Roe R, et al.", journal="J", doi="10.1/a_b"))
    assert "author = {Doe, JA and van Roe, R and others}" in entry
    assert r"title = {{50\% \& more}}" in entry
    assert "doi = {10.1/a_b}" in entry
    shown = run("cite", "--bibtex").stdout
    assert len(re.findall(r"^@(?:article|misc)\{", shown, flags=re.M)) == len(spasmnet.load().sources)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text('ab \\{}%&#_$~^"\n\t,é日', max_size=12), min_size=7, max_size=7))
def test_no_text_breaks_a_bibtex_entry(texts: list[str]) -> None:
    """Whatever a source says, the entry has one line a field, balanced braces, and no character with another meaning."""
    key, kind, title, authors, journal, doi, url = texts
    head, *lines, end = bibtex(Source(key, kind, title, authors=authors, journal=journal, doi=doi, url=url)).split("\n")
    assert re.fullmatch(r"@(article|misc)\{[^\s{}\\\"#%~,]+,", head) and end == "}"
    for line in lines:
        name, value = re.fullmatch(r"  ([a-z]+) = \{(.+)\},", line).groups()
        depth = [value[: i + 1].count("{") - value[: i + 1].count("}") for i in range(len(value))]
        assert min(depth) >= 0 and depth[-1] == 0
        if name in ("doi", "url"):  # taken as they are
            assert not set(value) & set('{}\\" \n')
        else:
            plain = re.sub(r"\\text[a-z]+\{\}|\\[&%$#_]", "", value)
            assert not set(plain) & set('\\%&#_$~^"')


def test_a_company_is_one_author() -> None:
    """An "and" in a name is no border between authors."""
    entry = bibtex(Source("x", "trial", "T", authors="Smith and Sons, Doe J"))
    assert "author = {{Smith and Sons} and Doe, J}," in entry


def test_a_network_of_another_tool_has_its_file_as_source(asia: str) -> None:
    """The file, which no number cites, with the digest of its content."""
    result = run("cite", "--model", asia)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "asia_bif  cited by none" in result.stdout and "SHA-256" in result.stdout


def test_version_shows_library_model_and_digest() -> None:
    """One line, the same stamp as on results."""
    shown = run("--version").stdout
    assert shown == f"{spasmnet.Provenance.of(spasmnet.load())}\n"
    assert "sha256:" in shown


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_example_in_the_help_runs(command: str, tmp_path: Path) -> None:
    """The examples are taken from the help texts and run in a shell; exit codes are documented there."""
    shown = run(*filter(None, [command]), "--help").stdout
    examples = re.findall(r"^ +\$ (.+)$", shown, flags=re.M)
    assert len(examples) >= 2
    for code in ("0  success", "1  the model", "2  wrong usage", "3  findings", "4  the network"):
        assert code in shown
    script = f'set -e\nspasmnet() {{ "{sys.executable}" -m spasmnet "$@"; }}\n' + "\n".join(examples)
    done = subprocess.run(
        ["sh", "-c", script],
        capture_output=True, text=True, cwd=tmp_path, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_a_real_process_separates_result_and_errors() -> None:
    """The result alone is on standard output, without colours or trailing spaces; errors on standard error."""
    done = real("query", "-", stdin=b'{"dark_urine": "cola"}')
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout
    lines = done.stdout.decode().splitlines()
    assert max(map(len, lines)) <= 100
    assert all(line == line.rstrip() for line in lines)
    done = real("query", "spasm=none", "spasm_frequency=occasional")
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"Traceback" not in done.stderr


def test_a_terminal_without_unicode_gets_plain_characters() -> None:
    """Bars become signs that every encoding has."""
    done = real("query", "spasm=painful", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "####" in done.stdout.decode("ascii")


def test_no_pandas_or_pgmpy_for_a_query() -> None:
    """A query loads neither; help does not even load rich."""
    script = (
        "import sys\nfrom spasmnet.cli.main import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        "print([name for name in ('pandas', 'pgmpy', 'networkx', 'rich') if name in sys.modules], file=sys.stderr)"
    )
    for arguments, loaded in ((["query", "spasm=painful"], "['rich']"), (["query", "--json"], "[]")):
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.stderr.strip() == loaded


@pytest.mark.parametrize("width", [40, 60, 72, 80, 120])
def test_screens_fit_the_width(width: int) -> None:
    """No line is wider than the terminal and no number is cut off."""
    result = run("query", *RED, COLUMNS=str(width))
    assert max(len(line) for line in result.stdout.splitlines()) <= width
    assert "…" not in result.stdout
    assert "<0.1%" in result.stdout
    assert len(re.findall(r" before$", result.stdout, flags=re.M)) == (2 if width >= 110 else 1 if width >= 80 else 0)
    assert not re.search(r" be(f|fo|for)?$", result.stdout, flags=re.M)


def test_colour_only_where_it_is_wanted() -> None:
    """FORCE_COLOR gives colours, NO_COLOR takes them away again."""
    assert "\x1b[" in run("query", *RED, FORCE_COLOR="1").stdout
    assert "\x1b[" not in run("query", *RED, NO_COLOR="1").stdout


def test_labels_are_never_markup(tmp_path: Path) -> None:
    """Brackets, HTML and control characters in a model's labels are shown, not obeyed."""
    variable = spasmnet.Variable("a", ("no", "yes"), label="[red]<b>x\x1b[2J", role="cause")
    network = spasmnet.Network((variable,), {"a": spasmnet.Table((), [0.5, 0.5])})
    post = spasmnet.compile(network).posterior()
    assert "&lt;b&gt;" in post._repr_mimebundle_()["text/html"]
    assert "<b>x" not in post._repr_mimebundle_()["text/html"]
    from rich.console import Console

    shown = Console(width=100, force_terminal=False)
    with shown.capture() as captured:
        shown.print(post)
    assert "[red]<b>x [2J" in captured.get()


def test_a_posterior_displays_in_terminal_and_notebook(engine: spasmnet.Engine) -> None:
    """Both show labels, never a false certainty, the intended use and the provenance."""
    from rich.console import Console

    post = engine.posterior({"spasm": "painful"})
    shown = Console(width=120, force_terminal=False)
    with shown.capture() as captured:
        shown.print(post)
    for text in (captured.get(), post._repr_mimebundle_()["text/html"]):
        assert "Cauda equina syndrome" in text
        assert "Muscle spasm: Painful cramp" in text
        assert "Research and education only" in " ".join(text.split())
        assert post.provenance.digest[:19] in text
        assert not re.search(r"Tetanus\D*\b0%", text)


def test_words_for_numbers() -> None:
    """Percentages never claim certainty, and frequencies have two digits."""
    assert [percent(p) for p in (0.0, 1e-300, 0.0994, 0.5, 0.9999, 1.0)] == [
        "0%",
        "<0.1%",
        "9.9%",
        "50%",
        ">99.9%",
        "100%",
    ]
    assert [one_in(p) for p in (1 / 59_123, 0.0099, 0.01, 0.0)] == ["1 in 59,000", "1 in 100", "", "impossible"]
    assert finding_text({"no": 0.25, "yes": 1.0}) == "likelihood no 0.25, yes 1"
