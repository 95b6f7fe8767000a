"""The interview: a pure step, a conversation that loses nothing, and its report."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet.cli.answers_file import read_answers, write_answers
from spasmnet.cli.main import main
from spasmnet.display.interview_page import page
from spasmnet.errors import EvidenceError, SpasmnetError, UnknownStateError, UnknownVariableError
from spasmnet.inference.engine import Engine
from spasmnet.model.network import Network
from spasmnet.triage.report import report
from spasmnet.voi.interview import interview_step
from spasmnet.voi.ranking import next_question
from spasmnet.voi.summary import summary
from tests import enumeration
from tests.strategies import asking_networks

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def engine() -> Engine:
    return spasmnet.compile(spasmnet.load())


def talk(keys: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["interview", *options], input="\n".join(keys) + "\n" if keys else "")


def kept(path: Path) -> list[tuple[str, Any]]:
    return [(a["variable"], a["answer"]) for a in json.loads(path.read_text(encoding="utf-8"))["answers"]]


# ------------------------------------------------------------------------------------------------------------ the step


def test_the_step_is_pure(engine: Engine) -> None:
    """The same answers give the same step, whatever was asked before; the answers are not changed."""
    answers = [("spasm", "painful"), ("emergency_signs", None)]
    first = interview_step(engine, answers)
    interview_step(engine, [("spasm", "none"), ("dark_urine", "cola")])
    assert interview_step(engine, tuple(answers)).as_dict() == first.as_dict()
    assert interview_step(pickle.loads(pickle.dumps(engine)), dict(answers)).as_dict() == first.as_dict()
    assert answers == [("spasm", "painful"), ("emergency_signs", None)]


def test_the_step_says_what_the_other_functions_say(engine: Engine) -> None:
    """Question, causes, care and intervals are those of next_question and the report."""
    evidence = {"spasm": "painful", "heavy_sweating": "present"}
    step = interview_step(engine, evidence)
    found = report(engine, evidence, interval=0.9)
    best = next_question(engine, evidence).best
    assert step.question == best and best is not None
    assert step.care == found.care
    assert step.leading == found.differential[0].name
    rows = sorted((*found.causes, *found.serious), key=lambda row: -row.probability)
    assert [(r.variable.name, r.probability, r.interval) for r in step.causes] == [
        (r.variable.name, r.probability, r.interval) for r in rows
    ]
    json.dumps(step.as_dict(), allow_nan=False)


def test_unknown_is_not_a_finding_and_not_open(engine: Engine) -> None:
    """An unknown answer leaves the probabilities alone and its question is not asked again."""
    nothing, unknown = interview_step(engine), interview_step(engine, [("emergency_signs", "unknown")])
    assert nothing.question is not None and nothing.question.variable.name == "emergency_signs"
    assert unknown.question is not None and unknown.question.variable.name != "emergency_signs"
    assert [r.probability for r in unknown.causes] == [r.probability for r in nothing.causes]
    assert unknown.as_dict()["answers"] == [{"variable": "emergency_signs", "answer": None}]


def test_a_state_called_unknown_is_a_state() -> None:
    """Where a variable has a state of that name, the word is the state, and None says that nothing is known."""
    from spasmnet.model.network import Table, Variable

    variables = (
        Variable("cause", ("no", "yes"), role="cause"),
        Variable("sign", ("no", "unknown"), question="?", role="finding"),
    )
    network = Network(variables, {"cause": Table((), [0.9, 0.1]), "sign": Table(("cause",), [[0.9, 0.1], [0.1, 0.9]])})
    engine = spasmnet.compile(network)
    assert interview_step(engine, {"sign": "unknown"}).causes[0].probability == pytest.approx(0.5)
    assert interview_step(engine, {"sign": None}).causes[0].probability == pytest.approx(0.1)


def test_contradictory_answers_are_named_and_kept(engine: Engine) -> None:
    """A smallest set of contradicting answers is named; the step keeps all answers and concludes nothing."""
    answers = [("trauma", "present"), ("spasm", "none"), ("spasm_frequency", "occasional")]
    step = interview_step(engine, answers)
    assert step.status == "contradiction" and step.question is None and step.causes == ()
    assert dict(step.contradiction) == {"spasm": "none", "spasm_frequency": "occasional"}
    assert list(step.answers) == answers
    assert "“Muscle spasm: None” and “How often, and how much it restricts: Occasional” cannot be" in step.why
    json.dumps(step.as_dict(), allow_nan=False)
    with pytest.raises(EvidenceError, match="contradict one another"):
        summary(engine, step)


@pytest.mark.parametrize(
    ("answers", "error", "message"),
    [
        ([("spasmm", "none")], UnknownVariableError, "did you mean 'spasm'"),
        ([("spasm", "awful")], UnknownStateError, "spasm has no state 'awful'"),
        ([("spasm", "none"), ("spasm", "twitch")], EvidenceError, "spasm is answered twice"),
        ([("spasm", 3)], EvidenceError, "is not a finding"),
        ("spasm", EvidenceError, "answers are pairs"),
        (7, EvidenceError, "answers are pairs"),
    ],
)
def test_answers_that_are_not_understood(engine: Engine, answers: Any, error: type[Exception], message: str) -> None:
    """What is no answer says so."""
    with pytest.raises(error, match=message):
        interview_step(engine, answers)


def test_options_that_are_not_understood(engine: Engine) -> None:
    """Thresholds, decisions and orders that do not exist are refused."""
    for options in ({"threshold": 0}, {"threshold": 1.2}, {"decision": "fate"}, {"by": "luck"}):
        with pytest.raises(SpasmnetError, match=r"is a probability|is one of"):
            interview_step(engine, **options)


def test_stopping(engine: Engine) -> None:
    """Red flags are asked before one may stop; an emergency stops at once, and everything asked stops too."""
    assert interview_step(engine).status == "ask"
    alarm = interview_step(engine, {"emergency_signs": "present"})
    assert alarm.status == "stop" and alarm.same is not None and alarm.same.probability == 1.0
    assert alarm.care is not None and alarm.care.level == "emergency" and alarm.question is not None
    everything = [(v.name, None) for v in engine.network.variables if v.question]
    end = interview_step(engine, everything)
    assert end.status == "stop" and end.question is None and "Everything" in end.why
    dear = interview_step(engine, everything[:-14], costs={v.name: 1e6 for v in engine.network.variables})
    assert dear.status == "stop" or "red flag" in dear.why


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(asking_networks(), st.data())
def test_interviews_on_any_network(network: Network, data: st.DataObject) -> None:
    """On any network, with any answers, an interview goes on, stops, or names a contradiction, and ends."""
    engine = spasmnet.compile(network)
    assume(enumeration.probability(network, {}) > 0)
    answers: list[tuple[str, Any]] = []
    for _ in range(len(network) + 1):
        step = interview_step(engine, answers, samples=50)
        json.dumps(step.as_dict(), allow_nan=False)
        if step.status == "contradiction":
            assert enumeration.probability(network, dict(step.contradiction)) == 0
            break
        text = page(summary(engine, step))
        assert text.startswith("# ") and "## What would change it" in text
        if step.question is None:
            assert step.status == "stop"
            break
        variable = step.question.variable
        assert variable.name not in dict(answers)
        answers.append((variable.name, data.draw(st.sampled_from([None, *variable.states]))))
    else:
        raise AssertionError("the interview did not end")


# ---------------------------------------------------------------------------------------------------- the conversation


def test_answers_are_saved_undone_and_gone_on_with(tmp_path: Path) -> None:
    """Every answer is in the file; undo takes the last away; the next call begins where this one ended."""
    file = tmp_path / "answers.json"
    result = talk("1?2uq", "--file", str(file))
    assert result.exit_code == 0, result.output
    assert kept(file) == [("emergency_signs", "absent"), ("carpopedal_sign", None)]
    assert "Taken back: saddle_or_retention" in result.output
    again = talk("1q", "--file", str(file))
    assert "Going on after 2 answers" in again.output and "3. Are you numb" in again.output
    assert kept(file)[2:] == [("saddle_or_retention", "absent")]


def test_the_end_of_input_and_strange_keys_lose_nothing(tmp_path: Path) -> None:
    """Input that ends is like leaving; a key that is not offered is asked again."""
    file = tmp_path / "answers.json"
    result = talk("1x92"[:3], "--file", str(file))
    assert result.exit_code == 0 and "is not one of 1-2, ?, u, q" in result.output
    assert kept(file) == [("emergency_signs", "absent")]
    assert talk("", "--file", str(file)).exit_code == 0
    assert talk("u", "--file", str(tmp_path / "new.json")).output.count("There is no answer to take back") == 1


def test_contradictions_are_corrected_and_nothing_is_lost(tmp_path: Path) -> None:
    """The contradicting answers are numbered; the one chosen is asked again in its place."""
    file = tmp_path / "answers.json"
    network = spasmnet.load()
    before = [("trauma", "present"), ("spasm", "none"), ("spasm_frequency", "occasional"), ("age_band", None)]
    write_answers(file, network, before)
    left = talk("q", "--file", str(file))
    assert left.exit_code == 0 and "cannot be true together" in left.output and kept(file) == before
    half = talk("1q", "--file", str(file))
    assert half.exit_code == 0 and kept(file) == before
    done = talk("13q", "--file", str(file))
    assert "2. Have you had muscle twitches" in done.output
    assert kept(file) == [before[0], ("spasm", "painful"), *before[2:]]
    write_answers(file, network, before)
    refused = talk("q", "--file", str(file), "--report", str(tmp_path / "r.md"))
    assert refused.exit_code == 2 and "no report was written" in refused.output and kept(file) == before


def test_it_stops_and_can_go_on(tmp_path: Path) -> None:
    """When enough is known it says why; one may finish, take back, or ask on."""
    file = tmp_path / "answers.json"
    write_answers(file, spasmnet.load(), [("emergency_signs", "present")])
    done = talk("f", "--file", str(file))
    assert done.exit_code == 0 and "Enough is known" in done.output and "Emergency care" in done.output
    more = talk("c1q", "--file", str(file))
    assert more.exit_code == 0 and len(kept(file)) == 2
    assert talk("u1q", "--file", str(file)).exit_code == 0


def test_killed_in_the_middle(tmp_path: Path) -> None:
    """A process killed between two answers leaves a whole file with all answers given."""
    file = tmp_path / "answers.json"
    command = [sys.executable, "-m", "spasmnet", "interview", "--file", str(file)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(b"1\n1\n")
    process.stdin.flush()
    for _ in range(600):
        if file.exists() and len(kept(file)) == 2:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    assert kept(file) == [("emergency_signs", "absent"), ("carpopedal_sign", "absent")]
    assert [path.name for path in tmp_path.iterdir()] == ["answers.json"]


@pytest.mark.skipif(os.name == "nt", reason="this system has no modes of files")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_answers_are_private(tmp_path: Path, mask: int) -> None:
    """A new file is for its owner alone, whatever the umask; an existing one keeps its mode, and gets no other."""
    file = tmp_path / "answers.json"
    before = os.umask(mask)
    try:
        write_answers(file, spasmnet.load(), [])
        assert file.stat().st_mode & 0o777 == 0o600
        for mode in (0o600, 0o640, 0o400, 0o644):
            file.chmod(mode)
            write_answers(file, spasmnet.load(), [("spasm", "none")])
            assert file.stat().st_mode & 0o777 == mode
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name == "nt", reason="links need rights of their own on this system")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What a link points at is replaced, in its own folder, also through two links and where nothing is there yet."""
    (tmp_path / "private").mkdir()
    real, link, other = tmp_path / "private" / "real.json", tmp_path / "link.json", tmp_path / "other.json"
    link.symlink_to(other)
    other.symlink_to(Path("private") / "real.json")
    for answers in ([], [("spasm", "none")]):
        write_answers(link, spasmnet.load(), answers)
        assert link.is_symlink() and other.is_symlink() and not real.is_symlink()
        assert kept(real) == answers
    assert len(list(tmp_path.rglob("*"))) == 4


def test_only_files_are_replaced(tmp_path: Path) -> None:
    """A folder or a device is no file of answers, and stays what it is."""
    for place in (tmp_path, Path(os.devnull), tmp_path / "a\0b", tmp_path / "no" / "where.json"):
        with pytest.raises(SpasmnetError, match="cannot be written: "):
            write_answers(place, spasmnet.load(), [])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(EvidenceError, match="cannot be read: "):
        read_answers(tmp_path / "a\0b", spasmnet.load())


@pytest.mark.skipif(os.name == "nt", reason="this system has no such locks")
def test_what_a_kill_left_behind_goes_with_the_next_answer(tmp_path: Path) -> None:
    """Killed while it writes, an interview leaves a file with findings; the next write removes it, and no other."""
    file = tmp_path / "answers.json"
    code = (
        "import os, signal, sys; from spasmnet import load; from spasmnet.kernels import replace\n"
        "from spasmnet.cli.answers_file import write_answers\n"
        "replace.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_answers(sys.argv[1], load(), [('spasm', 'painful')])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)])
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.stat().st_mode & 0o077 == 0
    others = [tmp_path / name for name in (".another.json.abc.spasmnet-new", "answers.json.new", ".answers.json.old")]
    for other in others:
        other.write_text("not ours")
    write_answers(file, spasmnet.load(), [("spasm", "none")])
    assert sorted(tmp_path.iterdir()) == sorted([file, *others])


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the file cannot be replaced, it stays as it was and nothing is left beside it."""
    file = tmp_path / "answers.json"
    network = spasmnet.load()
    write_answers(file, network, [("spasm", "none")])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spasmnet.kernels.replace.os.replace", full)
    with pytest.raises(SpasmnetError, match="cannot be written: No space left"):
        write_answers(file, network, [("spasm", "none"), ("trauma", "absent")])
    assert kept(file) == [("spasm", "none")] and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged or no file of answers"),
        (b'{"format": "spasmnet-answers", "answers": [', "damaged or no file of answers"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"[1, 2]", "no file of answers"),
        (b'{"spasm": "painful"}', "no file of answers"),
        (b'{"format": "spasmnet-answers", "format_version": 9}', "format_version 9; this version reads 1"),
        (b'{"format": "spasmnet-answers", "format_version": 1, "model": "asia"}', "answers for the model 'asia'"),
        (b'{"format": "spasmnet-answers", "format_version": 1, "model": "muscle_spasm"}', "answers is a list"),
    ],
)
def test_damaged_and_foreign_files(tmp_path: Path, content: bytes, message: str) -> None:
    """A file that holds no answers for this model is refused, said so, and left as it is."""
    file = tmp_path / "answers.json"
    file.write_bytes(content)
    with pytest.raises(EvidenceError, match=message):
        read_answers(file, spasmnet.load())
    result = talk("1", "--file", str(file))
    assert result.exit_code == 2 and file.read_bytes() == content


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"variable": "spasmm", "answer": "none"}, "answer #2: unknown variable 'spasmm'"),
        ({"variable": "spasm", "answer": "awful"}, "answer #2: spasm has no state 'awful'"),
        ({"variable": "trauma", "answer": None}, "answers trauma a second time"),
        ({"variable": "spasm"}, "answer #2 is not {variable, answer}"),
        ("spasm", "answer #2 is not {variable, answer}"),
    ],
)
def test_files_with_an_answer_that_is_not_understood(tmp_path: Path, item: Any, message: str) -> None:
    """The number of the answer and what is wrong with it."""
    file = tmp_path / "answers.json"
    write_answers(file, spasmnet.load(), [("trauma", "absent")])
    content = json.loads(file.read_text(encoding="utf-8"))
    content["answers"].append(item)
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(EvidenceError, match=message):
        read_answers(file, spasmnet.load())


def test_a_file_that_cannot_be_written_is_told_before_the_first_question(tmp_path: Path) -> None:
    """A folder that does not exist is found out before anybody answers."""
    result = talk("1", "--file", str(tmp_path / "nowhere" / "a.json"))
    assert result.exit_code == 2 and "cannot be written" in result.output and "Are you" not in result.output
    assert talk("1", "--report", "report.pdf").exit_code == 2
    assert talk("1", "--report", str(tmp_path / "nowhere" / "r.md")).exit_code == 2


def test_the_report(tmp_path: Path) -> None:
    """The report in both forms names findings, causes, reasons, changes, advice, sources and the intended use."""
    file, markdown, data = tmp_path / "answers.json", tmp_path / "r.md", tmp_path / "r.json"
    answers = [("spasm", "painful"), ("weakness", "general"), ("dark_urine", None),
               ("heavy_sweating", {"absent": 0.2, "present": 0.8})]  # fmt: skip
    write_answers(file, spasmnet.load(), answers)
    result = talk("q", "--file", str(file), "--report", str(markdown), "--report", str(data))
    assert result.exit_code == 0, result.output
    text = markdown.read_text(encoding="utf-8")
    for part in ("Intended use", "How soon to be seen", "## Findings", "Urine colour: not known", "## Causes", "## Sources",
                 "## Reasons for and against", "## What would change it", "## Advice", "Red flag (urgent)"):  # fmt: skip
        assert part in text
    content = json.loads(data.read_text(encoding="utf-8"))
    assert [f["words"] for f in content["findings"]][:3] == ["Painful cramp", "General", "not known"]
    assert content["intended_use"] and content["sources"] and content["advice"] and content["red_flags"]
    assert not content["complete"] and "was left before enough was known" in text
    assert {"dark_urine", "emergency_signs"} <= set(content["red_flags_without_an_answer"])
    assert "would be a red flag: Signs of an emergency; " in text
    assert content["provenance"]["digest"].startswith("sha256:")


def test_reasons_are_odds_ratios_of_leaving_a_finding_out(engine: Engine) -> None:
    """The weight of a finding is the odds of the leading cause with it over those without it."""
    evidence = {"spasm": "painful", "thirst_dry_mouth": "present", "age_band": "65_plus"}
    step = interview_step(engine, evidence)
    reasons = {r.variable: r for r in summary(engine, step).reasons}
    assert reasons.keys() == evidence.keys()

    def odds(given: dict[str, str]) -> float:
        neutral, *others = engine.posterior(given)[step.leading].values()
        return sum(others) / neutral

    for name, reason in reasons.items():
        without = {n: s for n, s in evidence.items() if n != name}
        assert reason.factor == pytest.approx(odds(evidence) / odds(without), rel=1e-10)
        care = report(engine, without).care
        assert care is not None and reason.care_without == care.level


def test_json_asks_nothing(tmp_path: Path) -> None:
    """--json prints the step after the answers in the file, and roles can be named."""
    file = tmp_path / "answers.json"
    write_answers(file, spasmnet.load(), [("spasm", "painful")])
    options = ["interview", "--json", "--file", str(file), "--target", "dehydration", "--ask", "heavy_sweating"]
    result = CliRunner().invoke(main, options)
    content = json.loads(result.stdout)
    assert content["question"]["variable"] == "heavy_sweating" and len(content["causes"]) == 1
    assert content["leading"] in ("none", "mild", "moderate_severe")
    wrong = CliRunner().invoke(main, ["interview", "--json", "--target", "dehidration"])
    assert wrong.exit_code == 2 and "did you mean 'dehydration'" in json.loads(wrong.stderr)["error"]["message"]


def test_markdown_shows_texts_as_they_stand(engine: Engine) -> None:
    """What a model calls things cannot change the page."""
    from dataclasses import replace

    network = replace(engine.network, title="<b>*x*</b>\n# y | z")
    text = page(summary(spasmnet.compile(network), interview_step(spasmnet.compile(network))))
    assert text.splitlines()[0] == r"# \<b\>\*x\*\</b\> \# y \| z: report on an interview"
