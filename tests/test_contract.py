"""The JSON contract: its schemas stay as they are, answers and errors keep to them, questions are read strictly."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import spasmnet
from spasmnet.api.errors import KINDS, error_kind
from spasmnet.api.question import MOST_PROBLEMS, UNKNOWN, read_question
from spasmnet.cli.main import main
from spasmnet.errors import CircuitTooLargeError, Fault, ModelError, Problem, QuestionError
from tests.strategies import evidence, networks, ranged_networks

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = {name: spasmnet.json_schema(name) for name in ("question", "answer")}
QUESTION, ANSWER = (Draft202012Validator(SCHEMAS[name]) for name in ("question", "answer"))
ENGINE = spasmnet.compile(spasmnet.load())
SMALL = spasmnet.compile(spasmnet.read(GOLDEN / "model.toml"))
ASKED = {
    "contract": 1,
    "evidence": {
        "swelling": "present",
        "spasm": {"absent": 0.25, "present": 0.75},
        "clonus": "unknown",
        "heat": "present",
    },
    "options": {"interval": 0.9},
}
IMPOSSIBLE = {"spasm": "none", "spasm_frequency": "occasional"}


def ask(engine: spasmnet.Engine, question: Any) -> dict[str, Any]:
    """The answer or the error, checked against the schema after a way through JSON text."""
    try:
        found = spasmnet.answer_json(engine, question)
    except spasmnet.SpasmnetError as error:
        found = spasmnet.error_json(error)
    told: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    assert told == found
    ANSWER.validate(told)
    return told


def error(question: Any, engine: spasmnet.Engine = ENGINE) -> dict[str, Any]:
    found = ask(engine, question)["error"]
    assert isinstance(found, dict)
    return found


def rounded(content: Any) -> Any:
    """Numbers with nine digits: what is left of a posterior when another compiler adds up in another order."""
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [rounded(value) for value in content]
    return float(f"{content:.9g}") if isinstance(content, float) else content


@pytest.mark.parametrize("name", ["question", "answer"])
def test_the_schemas_are_what_they_were(name: str) -> None:
    """A change of a schema is a change of the contract: it is made here too, on purpose, and told in the changelog."""
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name] == json.loads((GOLDEN / f"{name}.schema.json").read_text(encoding="utf-8"))


def test_the_answer_is_what_it_was() -> None:
    """Keys, words and numbers of an answer that has every part; only the library's version may differ."""
    found = rounded(ask(SMALL, ASKED))
    assert found["provenance"].pop("library") == f"spasmnet {spasmnet.__version__}"
    assert found == json.loads((GOLDEN / "answer.json").read_text(encoding="utf-8"))


def test_the_golden_answer_has_every_part() -> None:
    """No list is empty and nothing is null, so that a changed shape cannot hide."""
    found = json.loads((GOLDEN / "answer.json").read_text(encoding="utf-8"))
    assert set(SCHEMAS["answer"]["$defs"]["answer"]["properties"]) == set(found)
    empty = [key for key, value in found.items() if value in (None, [], {}, "")]
    assert not empty


@pytest.mark.parametrize("question", [ASKED, *SCHEMAS["question"]["examples"]])
def test_examples_are_questions(question: dict[str, Any]) -> None:
    """The schema's example, and the golden question, keep to the schema and are answered."""
    QUESTION.validate(question)
    assert "error" not in ask(SMALL if question is ASKED else ENGINE, question)


@st.composite
def questions(draw: st.DrawFn, network: spasmnet.Network) -> dict[str, Any]:
    """Any question that the contract allows: findings, unknown ones, and options."""
    found = draw(evidence(network))
    missing = [v.name for v in network.variables if v.name not in found and UNKNOWN not in v.states]
    if missing:
        found |= dict.fromkeys(draw(st.lists(st.sampled_from(missing), unique=True)), UNKNOWN)
    question: dict[str, Any] = {"contract": 1, "evidence": found}
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["targets"] = draw(st.lists(st.sampled_from(network.names), min_size=1, max_size=4, unique=True))
    if draw(st.booleans()):
        options["reasons"] = draw(st.booleans())
    if draw(st.booleans()):
        options["interval"] = draw(st.floats(0.01, 0.99))
    return question | ({"options": options} if options or draw(st.booleans()) else {})


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_answers_keep_to_the_schema(data: st.DataObject) -> None:
    """Every allowed question of the shipped network fits the schema, and so does its answer, with the engine's numbers."""
    question = data.draw(questions(ENGINE.network))
    QUESTION.validate(question)
    found = ask(ENGINE, json.dumps(question))
    known = {name: finding for name, finding in question["evidence"].items() if finding != UNKNOWN}
    if "error" in found:
        assert ENGINE.log_evidence(known) == -math.inf
        assert found["error"]["kind"] == "impossible_evidence"
        assert ENGINE.log_evidence(found["error"]["contradiction"]) == -math.inf
        return
    post = ENGINE.posterior(known)
    targets = question.get("options", {}).get("targets", list(ENGINE.network.names))
    assert found["posterior"] == {name: dict(post[name]) for name in targets}
    assert (found["evidence"], found["unknown"]) == (known, [n for n in question["evidence"] if n not in known])
    assert ("intervals" in found) == ("interval" in question.get("options", {}))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_network_keeps_to_the_schema(data: st.DataObject) -> None:
    """Networks with hostile names, zeros and ones, without roles, losses and ranges."""
    network = data.draw(networks())
    engine = spasmnet.compile(network)
    question = data.draw(questions(network))
    QUESTION.validate(question)
    found = ask(engine, question)
    if "error" in found:
        kind = "no_ranges" if "interval" in question.get("options", {}) else "impossible_evidence"
        assert found["error"]["kind"] == kind
    else:
        assert (found["care"], found["differential"]) == (None, [])


@settings(max_examples=40, deadline=None)
@given(ranged_networks(), st.data())
def test_intervals_keep_to_the_schema(network: spasmnet.Network, data: st.DataObject) -> None:
    """Intervals are finite and within [0, 1], also of numbers at 0 and 1."""
    question = {"contract": 1, "evidence": data.draw(evidence(network)), "options": {"interval": 0.95}}
    found = ask(spasmnet.compile(network), question)
    if "error" not in found:
        assert set(found["intervals"]["posterior"]) == set(network.names)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
near = st.fixed_dictionaries(
    {},
    optional={
        "contract": st.just(1) | anything,
        "evidence": st.dictionaries(st.sampled_from(ENGINE.network.names) | st.text(max_size=4), anything, max_size=3)
        | anything,
        "options": st.fixed_dictionaries(
            {}, optional={"targets": anything, "interval": anything, "reasons": anything, "more": anything}
        ),
    },
)


@settings(max_examples=200, deadline=None)
@given(anything | near)
def test_what_the_schema_refuses_is_refused(question: Any) -> None:
    """Nonsense is an error in the contract's shape, and what the schema of questions refuses is never answered."""
    found = ask(ENGINE, question)
    if not QUESTION.is_valid(question):
        assert found["error"]["problems"]
    elif "error" in found:
        of_the_model = {"unknown_variable", "unknown_state", "bad_likelihood", "impossible_evidence"}
        assert {problem["kind"] for problem in found["error"]["problems"]} <= of_the_model


def test_all_problems_are_told_with_their_places() -> None:
    """One error has every problem, each with a JSON Pointer, a fixed kind and what is allowed."""
    question = {
        "contract": 2,
        "evidnce": {},
        "evidence": {
            "dehidration": "mild",
            "spasm": "unkown",
            "trauma": {"absent": -1, "present": math.nan},
            "heavy_sweating": {"absent": 0, "present": 0},
            "dark_urine": {"normal": 1, "colo": 1},
            "muscle_pain": None,
        },
        "options": {"targets": ["spasm", "spasm", "spam", 3], "interval": 1, "reasons": 0, "top": 3},
    }
    found = error(question)
    assert found["kind"] == "invalid_question"
    assert [(problem["kind"], problem["path"]) for problem in found["problems"]] == [
        ("invalid_question", "/evidnce"),
        ("invalid_question", "/contract"),
        ("unknown_variable", "/evidence/dehidration"),
        ("unknown_state", "/evidence/spasm"),
        ("bad_likelihood", "/evidence/trauma/absent"),
        ("bad_likelihood", "/evidence/trauma/present"),
        ("bad_likelihood", "/evidence/heavy_sweating"),
        ("unknown_state", "/evidence/dark_urine/colo"),
        ("bad_likelihood", "/evidence/dark_urine"),
        ("invalid_question", "/evidence/muscle_pain"),
        ("invalid_question", "/options/top"),
        ("invalid_question", "/options/targets/1"),
        ("unknown_variable", "/options/targets/2"),
        ("invalid_question", "/options/targets/3"),
        ("invalid_question", "/options/interval"),
        ("invalid_question", "/options/reasons"),
    ]
    for part in (
        "did you mean 'evidence'?", "it speaks 1", "did you mean 'dehydration'?", "did you mean 'unknown'?",
        "the likelihood of present is nan", "the likelihoods are all 0", "did you mean 'cola'?", "no number for",
        'null is not a finding; give a state (absent, present), "unknown"', "did you mean 'spasm'?", "such as 0.9",
    ):  # fmt: skip
        assert part in found["message"]


@pytest.mark.parametrize("long", ["", "x" * 300, "x" * 100_000])
@pytest.mark.parametrize(
    "question",
    [
        {"contract": 1, "evidence": {"MARK": "present"}},
        {"contract": 1, "evidence": {"spasm": "MARK"}},
        {"contract": 1, "evidence": {"spasm": {"MARK": 1.0}}},
        {"contract": 1, "evidence": {}, "MARK": 1},
        {"contract": 1, "evidence": {}, "options": {"MARK": 1}},
        {"contract": 1, "evidence": {}, "options": {"targets": ["MARK"]}},
        {"contract": 1, "evidence": {"MARK": "a", "MARKS": "b"}},
    ],
)
def test_an_error_does_not_send_the_question_back(question: Any, long: str) -> None:
    """What was sent stands at most once in an error, in the place of the problem, and never at length."""
    text = json.dumps(question).replace("MARK", f"marked{long}")
    with pytest.raises(spasmnet.SpasmnetError) as caught:
        spasmnet.answer_json(ENGINE, text)
    told = json.dumps(spasmnet.error_json(caught.value))
    assert told.count("marked") <= text.count("marked")
    assert len(told) < 4_000
    assert len(str(caught.value)) <= 4_100


@pytest.mark.parametrize(
    ("question", "kind", "message"),
    [
        ({}, "invalid_question", 'the key "contract" is missing; this library speaks "contract": 1'),
        ({"contract": True, "evidence": {}}, "invalid_question", "True is not a contract"),
        ({"contract": 1}, "invalid_question", 'the key "evidence" is missing; without findings it is {}'),
        ({"contract": 1, "evidence": []}, "invalid_question", "an object from variables to findings"),
        ({"contract": 1, "evidence": {}, "options": 1}, "invalid_question", "targets, interval, reasons is needed"),
        ([], "invalid_question", "a question is an object, such as"),
        ("[]", "invalid_question", "not a list"),
        ("{", "invalid_json", "line 1, column 2"),
        ("", "invalid_json", "Expecting value"),
        (b"\xff", "invalid_json", "byte 0 is not UTF-8"),
        ("[" * 100_000, "invalid_json", "nested too deeply"),
        ('{"contract": NaN}', "invalid_json", "NaN is not a number in JSON"),
        ('{"a": 1, "b": 1, "b": 2}', "invalid_json", "'b' stands twice"),
        ('{"evidence": {"spasm": "none", "spasm": "none"}}', "invalid_json", "'spasm' stands twice"),
        ('{"contract": ' + "9" * 5000 + ', "evidence": {}}', "invalid_question", "inf is not a contract"),
        ({"contract": 1, "evidence": {"spasm": "x"}}, "unknown_state", "it has none, twitch, painful, severe, unknown"),
        ({"contract": 1, "evidence": {"spam": "x"}}, "unknown_variable", "did you mean 'spasm'?"),
        ({"contract": 1, "evidence": {"trauma": {}}}, "bad_likelihood", "names no number for absent, present"),
        ({"contract": 1, "evidence": {}, "options": {"targets": []}}, "invalid_question", "not an empty one"),
        ({"contract": 1, "evidence": {}, "options": {"interval": 10**400}}, "invalid_question", "between 0 and 1"),
    ],
)  # fmt: skip
def test_kinds_of_errors(question: Any, kind: str, message: str) -> None:
    """The kind is a fixed word, the message teaches."""
    found = error(question)
    assert found["kind"] == kind
    assert message in found["message"]


def test_impossible_findings_name_the_smallest_contradiction() -> None:
    """Only the findings that cannot occur together are named, with their places and what was said."""
    found = error({"contract": 1, "evidence": {"trauma": "present", **IMPOSSIBLE, "muscle_pain": "unknown"}})
    assert (found["kind"], found["contradiction"]) == ("impossible_evidence", IMPOSSIBLE)
    assert [problem["path"] for problem in found["problems"]] == ["/evidence/spasm", "/evidence/spasm_frequency"]
    uncertain = {"absent": 0.0, "present": 2.0}
    found = error({"contract": 1, "evidence": {"spasm": "absent", "clonus": uncertain}}, SMALL)
    assert found["contradiction"] == {"spasm": "absent", "clonus": uncertain}


def test_a_hostile_question_has_a_bounded_error() -> None:
    """Of thousands of problems the first fifty are told, and that there are more."""
    found = error({"contract": 1, "evidence": {f"v{i}": "x" for i in range(5000)}})
    assert len(found["problems"]) == MOST_PROBLEMS + 1
    assert "more than 50 problems" in found["problems"][-1]["message"]


def test_names_are_escaped_in_paths() -> None:
    """A slash or a tilde in a name does not change the place."""
    assert error({"contract": 1, "evidence": {"a/b~c": "x"}})["problems"][0]["path"] == "/evidence/a~1b~0c"


def test_every_error_has_a_kind_of_the_schema() -> None:
    """All of the library's errors, and others, of which nothing is told."""
    kinds = set(SCHEMAS["answer"]["$defs"]["kind"]["enum"])
    assert {kind for _, kind in KINDS} <= kinds
    for found, kind in (
        (ModelError([Problem("cpds.a", "wrong")]), "invalid_model"),
        (CircuitTooLargeError("big", 99, 10**20, 10), "too_large"),
        (spasmnet.SpasmnetError("no"), "refused"),
        (QuestionError([Fault("unknown_state", "", "a"), Fault("unknown_variable", "", "b")]), "invalid_question"),
        (ZeroDivisionError("secret"), "internal"),
    ):
        assert error_kind(found) == kind
        told = spasmnet.error_json(found)
        ANSWER.validate(told)
        assert "secret" not in str(told)
    assert spasmnet.error_json(ModelError([Problem("cpds.a", "wrong")]))["error"]["problems"][0]["path"] == "cpds.a"


def test_a_state_called_unknown_is_a_state() -> None:
    """A model's own word wins over the contract's."""
    variable = spasmnet.Variable("smoker", ("no", "yes", "unknown"))
    network = spasmnet.Network([variable], {"smoker": spasmnet.Table((), [0.5, 0.3, 0.2])})
    asked = read_question(network, {"contract": 1, "evidence": {"smoker": "unknown"}})
    assert (asked.evidence, asked.unknown) == ({"smoker": "unknown"}, ())


def test_unknown_is_not_observed() -> None:
    """Saying that nobody knows gives the numbers of not asking, and is in the answer."""
    without = ask(ENGINE, {"contract": 1, "evidence": {"spasm": "painful"}})
    found = ask(ENGINE, {"contract": 1, "evidence": {"spasm": "painful", "trauma": "unknown"}})
    assert found["unknown"] == ["trauma"]
    assert {**found, "unknown": []} == without


def test_reasons_are_the_answer_without_each_finding() -> None:
    """Each finding is left out in turn; the one that matters most comes first; targets replace the differential."""
    findings = {"vomiting_diarrhoea": "present", "trauma": "present", "spasm": "painful"}
    for options in ({}, {"targets": ["dehydration", "spasm", "muscle_pain"]}):
        found = ask(ENGINE, {"contract": 1, "evidence": findings, "options": options})
        wanted = ["dehydration", "muscle_pain"] if options else found["differential"][:3]
        assert [reason["variable"] for reason in found["reasons"]] == wanted
        for reason in found["reasons"]:
            name = reason["variable"]
            moved = [abs(item["without"] - reason["probability"]) for item in reason["findings"]]
            assert moved == sorted(moved, reverse=True)
            for item in reason["findings"]:
                others = {key: value for key, value in findings.items() if key != item["variable"]}
                states = ENGINE.posterior(others)[name]
                assert item["without"] == pytest.approx(1 - states[ENGINE.network.by_name[name].states[0]], abs=1e-12)
    assert ask(ENGINE, {"contract": 1, "evidence": findings, "options": {"reasons": False}})["reasons"] == []


def test_red_flags_stand_whatever_the_targets() -> None:
    """Choosing targets hides no red flag, no suspected condition and no level of care."""
    question = {"contract": 1, "evidence": {"jaw_stiffness": "present"}, "options": {"targets": ["dehydration"]}}
    found = ask(ENGINE, question)
    assert list(found["posterior"]) == ["dehydration"]
    assert [row["variable"] for key in ("causes", "serious", "others") for row in found[key]] == ["dehydration"]
    assert (found["care"]["level"], found["care"]["decided_by"]) == ("emergency", "red flag")
    assert found["differential"][0] == found["suspected"][0] == "tetanus"


def test_the_command_line_gives_the_same_answer() -> None:
    """One shape: `query --json` prints what `answer_json` returns, and errors alike."""
    question = {"contract": 1, "evidence": {"spasm": "painful"}, "options": {"interval": 0.9}}
    printed = CliRunner().invoke(main, ["query", "spasm=painful", "--json"])
    assert json.loads(printed.stdout) == ask(ENGINE, question)
    arguments = [f"{name}={state}" for name, state in IMPOSSIBLE.items()]
    for wrong in (["query", *arguments], ["query", "spam=none"], ["query", "--top", "0"], ["check", "nowhere.toml"]):
        told = json.loads(CliRunner().invoke(main, [*wrong, "--json"]).stderr)
        ANSWER.validate(told)
        assert told["error"]["message"]
    impossible = json.loads(CliRunner().invoke(main, ["query", *arguments, "--json"]).stderr)["error"]
    assert impossible == error({"contract": 1, "evidence": IMPOSSIBLE})


@pytest.mark.parametrize("name", ["question", "answer"])
def test_the_command_line_prints_the_schemas(name: str) -> None:
    """`spasmnet schema` prints what the package carries."""
    assert json.loads(CliRunner().invoke(main, ["schema", name]).stdout) == SCHEMAS[name]


def test_there_are_two_schemas() -> None:
    """Another name is told what there is."""
    with pytest.raises(spasmnet.SpasmnetError, match=r"did you mean 'answer'\? it has question, answer"):
        spasmnet.json_schema("anser")


def test_an_answer_imports_nothing_heavy() -> None:
    """Question in, answer out, with intervals: none of the libraries for tables, plots, statistics or terminals."""
    code = (
        "import sys, spasmnet; engine = spasmnet.compile(spasmnet.load());"
        "spasmnet.answer_json(engine, '{\"contract\": 1, \"evidence\": {}, \"options\": {\"interval\": 0.9}}');"
        "print(sorted({'pandas', 'pgmpy', 'scipy', 'matplotlib', 'networkx', 'numba', 'rich', 'click', 'SALib'}"
        " & set(sys.modules)))"
    )  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The example of the guide, running as a process of its own on a free port of this machine."""
    run = [sys.executable, str(ROOT / "docs" / "examples" / "service.py"), "0"]
    with subprocess.Popen(run, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert line.startswith("http://127.0.0.1:"), line + process.stderr.read()
            yield int(line.removeprefix("http://127.0.0.1:").split("/")[0])
        finally:
            process.terminate()


def send(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    connection.request(method, path, body)
    reply = connection.getresponse()
    return reply.status, json.loads(reply.read())


QUESTIONS: tuple[tuple[int, Any], ...] = (
    (200, {"contract": 1, "evidence": {}}),
    (200, {"contract": 1, "evidence": {"jaw_stiffness": "present", "trauma": "unknown"}}),
    (200, {"contract": 1, "evidence": {"spasm": "painful"}, "options": {"interval": 0.8, "targets": ["overuse"]}}),
    (200, {"contract": 1, "evidence": {"dark_urine": {"normal": 0.2, "concentrated": 0.7, "cola": 0.1}}}),
    (400, {"contract": 1, "evidence": {}, "optoins": {}}),
    (400, [1]),
    (422, {"contract": 1, "evidence": {"dehidration": "mild"}}),
    (422, {"contract": 1, "evidence": {"trauma": {"absent": -1, "present": 1}}}),
    (422, {"contract": 1, "evidence": IMPOSSIBLE}),
)  # fmt: skip


def test_the_example_service_answers_as_the_engine_does(port: int) -> None:
    """Eight threads ask good and bad questions at once; every answer is the engine's, every error in the contract."""
    expected = [(status, ask(ENGINE, question)) for status, question in QUESTIONS]
    start = threading.Barrier(8)

    def client(number: int) -> list[bool]:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        start.wait(60)
        right = []
        for turn in range(3 * len(QUESTIONS)):
            i = (turn * (1 + number % 2) + number) % len(QUESTIONS)
            body = json.dumps(QUESTIONS[i][1]).encode()
            right.append(send(connection, "POST", "/answer", body) == expected[i])
        connection.close()
        return right

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(client, range(8)))
    assert all(all(right) for right in found)
    assert sum(map(len, found)) == 8 * 3 * len(QUESTIONS)


def test_the_example_service_refuses_what_is_no_question(port: int) -> None:
    """Other paths, no length, too much, and no JSON are told in the contract's shape; then it still answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    assert send(connection, "GET", "/schema") == (200, SCHEMAS)
    for status, method, path, body in (
        (404, "GET", "/", None),
        (404, "POST", "/", b"{}"),
        (413, "POST", "/answer", b" " * 64_001),
        (400, "POST", "/answer", b"{"),
        (400, "POST", "/answer", b""),
    ):
        found, content = send(connection, method, path, body)
        assert found == status
        ANSWER.validate(content)
    connection.putrequest("POST", "/answer")
    connection.endheaders()
    assert connection.getresponse().status == 411
    connection.close()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    assert send(connection, "POST", "/answer", b'{"contract": 1, "evidence": {}}')[0] == 200
    connection.close()
