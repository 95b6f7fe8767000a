"""The explorer in a browser: its numbers are the engine's, clicking works, and hostile names stay words."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import Network, Table, Variable
from spasmnet.cli.main import main
from spasmnet.errors import EvidenceError, ImpossibleEvidenceError, SpasmnetError, UnknownVariableError
from spasmnet.explorer.content import content
from spasmnet.explorer.page import explorer_page, write_explorer
from spasmnet.explorer.parts import read, script
from spasmnet.model.words import name_of, percent, state_of
from spasmnet.triage.care import OUTCOMES, assess_contradiction
from spasmnet.triage.guidance import CARE_LEVELS
from spasmnet.triage.report import report, total
from tests import classic, enumeration
from tests.strategies import any_networks, asking_networks, evidence, ranged_networks

ENGINE = spasmnet.compile(spasmnet.load())
SHARED = settings(
    deadline=None,  # a browser takes its time
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the page keeps nothing of an example
)
HOSTILE = [
    "<script>window.hacked = 1</script>", "\"><img src=x onerror='window.hacked = 1'>", "</script><b>bold</b>", "]]>-->",
    "\u202eright to left", "x" * 300, "${window.hacked = 1}", "constructor", "__proto__", "a\u2028b\u200bc", "'\"`\\", "$&",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explorer")


@pytest.fixture(scope="module")
def calculator(browser: Any, folder: Path) -> Iterator[Any]:
    """A page with the explorer's scripts, in which other networks are put into `Model`."""
    found = opened(browser, write_explorer(ENGINE, folder / "calculator.html"))
    yield found
    found.context.close()


@pytest.fixture
def page(browser: Any, folder: Path) -> Iterator[Any]:
    """The shipped network's page, as somebody opens it."""
    found = opened(browser, write_explorer(ENGINE, folder / "page.html"))
    yield found
    assert found.problems == []
    found.context.close()


def opened(browser: Any, path: Path) -> Any:
    """A page in a window of its own; `problems` collects errors, and requests for anything but the file."""
    found = browser.new_context().new_page()
    found.problems = []
    found.on("console", lambda message: found.problems.append(message.text))
    found.on("pageerror", lambda error: found.problems.append(str(error)))
    found.on("dialog", lambda dialog: found.problems.append(dialog.message))
    found.on("request", lambda request: request.url == path.as_uri() or found.problems.append(request.url))
    found.goto(path.as_uri())
    found.wait_for_selector(".card")
    return found


ANSWERS = """([content, cases]) => {
  const model = content ? new Model(JSON.parse(content)) : null;
  return JSON.parse(cases).map((findings) => {
    const answer = model ? model.answer(findings) : spasmnetExplorer.answer(findings);
    return { ...answer, findings: undefined, slopes: undefined, log: answer.log };
  });
}"""
MOVES = """([content, findings, target]) => {
  const model = new Model(JSON.parse(content)), answer = model.answer(JSON.parse(findings));
  const moves = model.moves(answer, target);
  return { ...moves, places: model.places };
}"""


def answers(page: Any, network: Network | None, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the browser answers, with the page's own network or another one."""
    text = json.dumps(content(spasmnet.compile(network))) if network else None
    found: list[dict[str, Any]] = page.evaluate(ANSWERS, [text, json.dumps(cases)])
    return found


def largest_difference(network: Network, found: dict[str, Any], truth: Mapping[str, Mapping[str, float]]) -> float:
    pairs = zip(network.variables, found["posterior"], strict=True)
    return max(abs(p - truth[v.name][s]) for v, row in pairs for s, p in zip(v.states, row, strict=True))


def random_case(network: Network, random: random.Random, share: float = 0.2) -> dict[str, Any]:
    """Up to 20 findings, of which a share is likelihoods."""
    found: dict[str, Any] = {}
    for variable in random.sample(network.variables, random.randint(0, min(20, len(network)))):
        uncertain = random.random() < share
        weights = {state: random.random() for state in variable.states}
        found[variable.name] = weights if uncertain else random.choice(variable.states)
    return found


def test_the_page_equals_the_engine(calculator: Any) -> None:
    """Posteriors, ln P, care, flags and contradictions of 1,000 random evidence sets."""
    pseudo = random.Random(20)
    cases = [random_case(ENGINE.network, pseudo) for _ in range(1000)]
    impossible = 0
    for case, found in zip(cases, answers(calculator, None, cases), strict=True):
        try:
            expected = report(ENGINE, case)
        except ImpossibleEvidenceError as error:
            impossible += 1
            assert sorted(found["contradiction"]) == sorted(error.findings)
            continue
        posterior = expected.posterior
        assert largest_difference(ENGINE.network, found, posterior) <= 1e-12
        shift = sum(math.log(max(f.values())) for f in case.values() if not isinstance(f, str))
        assert found["log"] + shift == pytest.approx(posterior.log_evidence, abs=1e-10)
    assert 10 < impossible < 300


@SHARED
@given(st.data())
def test_any_network_equals_enumeration(calculator: Any, data: st.DataObject) -> None:
    """Posteriors of random networks and findings, and the size of the contradiction where there is one."""
    network = data.draw(any_networks)
    case = data.draw(evidence(network))
    (found,) = answers(calculator, network, [case])
    if enumeration.probability(network, case) == 0:
        assert len(found["contradiction"]) == len(enumeration.smallest_contradiction(network, case))
        (alone,) = answers(calculator, network, [{name: case[name] for name in found["contradiction"]}])
        assert "contradiction" in alone
    else:
        assert largest_difference(network, found, enumeration.posteriors(network, case)) <= 1e-12


def care_case(engine: spasmnet.Engine, case: dict[str, Any]) -> dict[str, Any]:
    """What the library decides for some findings, as plain data: of a contradiction what holds all the same."""
    suspected = []
    try:
        found = report(engine, case)
        care, flags, unresolved = found.care, found.red_flags, found.unresolved_red_flags
        suspected = [v.name for v in found.suspected]
    except ImpossibleEvidenceError as error:
        holds = assess_contradiction(engine.network, case)
        care, flags, unresolved = holds.care, holds.red_flags, holds.unresolved
        assert [flag.id for flag in error.red_flags] == [flag.id for flag in flags]
        assert error.care_floor == (care.level if care else "")
        suspected = list(dict.fromkeys(s for f in flags if f.level in OUTCOMES[2:4] for s in f.suspects))
    return {
        "findings": case,
        "care": care and {**care.as_dict(), "loss": list(care.expected_loss.values())},
        "flags": [[flag.id, flag.holds, flag.probability] for flag in flags],
        "unresolved": [rule.id for rule in unresolved],
        "suspected": suspected,
    }


def check_care(network: Network, expected: dict[str, Any], found: dict[str, Any]) -> None:
    """The script decides the same; a level only where no two losses are equal but for rounding."""
    for flag, (name, holds, probability) in zip(found["flags"], expected["flags"], strict=True):
        assert (flag["id"], flag["holds"]) == (name, holds)
        assert flag["probability"] == pytest.approx(probability, rel=1e-9)
    assert [flag["id"] for flag in found["unresolved"]] == expected["unresolved"]
    assert [network.names[i] for i in found["suspected"]] == expected["suspected"]
    care, theirs = expected["care"], found["care"]
    assert (theirs is None) == (care is None)
    if care is None:
        return
    assert theirs["loss"] == pytest.approx(care["loss"], rel=1e-9)
    assert (OUTCOMES[theirs["floor"]] if theirs["floor"] >= 0 else "") == care["floor"]
    losses = sorted(care["loss"])
    if not losses or np.diff(losses).min() > 1e-9 * max(losses):
        assert OUTCOMES[theirs["level"]] == care["level"]
        assert theirs["undetermined"] == (care["level"] == "undetermined")
        assert theirs["byFlag"] == (care["decided_by"] == "red flag")
        assert (theirs["answered"], theirs["minimum"], theirs["advice"]) == (
            care["answered"], care["minimum"], care["advice"],
        )  # fmt: skip


def random_rules(seed: int) -> tuple[Network, list[dict[str, Any]]]:
    """A chain of variables with every kind of red flag, drawn from a seed, and cases with contradictions among them."""
    pseudo = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(6)]
    variables = [
        Variable(n, ("no", "some", "much"), role="cause" if n in ("v0", "v1") else "finding", question=n) for n in names
    ]
    cpds = {"v0": Table((), [0.7, 0.2, 0.1])}
    for before, name in pairwise(names):
        rows = pseudo.dirichlet([0.3, 0.3, 0.3], 3)
        rows[0] = [1.0, 0.0, 0.0]  # so that findings can contradict one another
        cpds[name] = Table((before,), rows)
    flags = []
    for i in range(8):
        chosen = pseudo.permutation(names[1:])[: pseudo.integers(1, 3)].tolist()
        threshold = float(pseudo.random())
        flags.append(
            spasmnet.Rule(
                f"flag{i}", {n: ("some", "much")[pseudo.integers(2) :] for n in chosen}, f"flag {i}",
                str(pseudo.choice(CARE_LEVELS)), suspects=("v0",)[: pseudo.integers(2)],
                threshold=spasmnet.Parameter(threshold, 0, 1, "s") if pseudo.random() < 0.5 else None,
            )
        )  # fmt: skip
    burden = dict(zip(CARE_LEVELS, (0.0, 1.0, 4.0, 12.0), strict=True))
    harm = spasmnet.Harm("harm", "v0", ("much",), dict(zip(CARE_LEVELS, (90.0, 40.0, 9.0, 0.0), strict=True)))
    network = Network(
        tuple(variables), cpds, guidance=spasmnet.Guidance(
            red_flags=tuple(flags), losses=spasmnet.Losses(burden, (harm,)),
            screening=spasmnet.Screening({}, spasmnet.Parameter(0.5, 0, 1, "s"), "urgent", "Ask."),
        ),
    )  # fmt: skip
    plain = random.Random(seed)
    return network, [random_case(network, plain, 0.4) for _ in range(120)]


def test_the_script_decides_as_the_library(calculator: Any, tmp_path: Path) -> None:
    """A file of cases that Python writes, of the shipped network and of random ones, with contradictions: level, flags,
    how they hold, what is unresolved, and the floor."""
    pseudo = random.Random(13)
    chosen = [
        {"spasm": "none", "spasm_frequency": "occasional", "emergency_signs": "present"},
        {"jaw_stiffness": {"absent": 0.01, "present": 0.99}}, {"spasm": "painful"}, {},
    ]  # fmt: skip
    models = [(ENGINE.network, [*chosen, *(random_case(ENGINE.network, pseudo, 0.4) for _ in range(300))])]
    models += [random_rules(seed) for seed in range(12)]
    lines = []
    for network, cases in models:
        engine = spasmnet.compile(network)
        lines.append({"content": content(engine), "cases": [care_case(engine, case) for case in cases]})
    file = tmp_path / "care.json"
    file.write_text(json.dumps(lines), encoding="utf-8")
    kinds = set()
    for (network, _), model in zip(models, json.loads(file.read_text(encoding="utf-8")), strict=True):
        asked = [json.dumps(model["content"]), json.dumps([case["findings"] for case in model["cases"]])]
        for expected, found in zip(model["cases"], calculator.evaluate(ANSWERS, asked), strict=True):
            check_care(network, expected, found)
            held = {holds for _, holds, _ in expected["flags"]}
            kinds |= held | {expected["care"] and expected["care"]["level"]}
            kinds |= {"contradiction with a floor"} if "contradiction" in found and held else set()
    assert {"certain", "likely", "undetermined", *CARE_LEVELS, "contradiction with a floor"} <= kinds


@SHARED
@given(st.data())
def test_decisions_equal_the_engine(calculator: Any, data: st.DataObject) -> None:
    """Care, flags and suspected conditions of random models with rules, also where findings contradict one another."""
    network = data.draw(asking_networks())
    case = data.draw(evidence(network))
    (found,) = answers(calculator, network, [case])
    expected = care_case(spasmnet.compile(network), case)
    check_care(network, expected, found)


@SHARED
@given(st.data())
def test_numbers_move_the_answer_as_parameter_sensitivity_says(calculator: Any, data: st.DataObject) -> None:
    """Each number's extremes over its range, or plus and minus a tenth, and its derivative."""
    network = data.draw(ranged_networks(max_variables=5))
    case = data.draw(evidence(network))
    engine = spasmnet.compile(network)
    variable = data.draw(st.sampled_from(network.variables))
    state = data.draw(st.sampled_from(variable.states))
    if isinstance(case.get(variable.name), str):  # parameter_sensitivity refuses what is already known
        return
    try:
        now = engine.posterior(case)[variable.name][state]
    except ImpossibleEvidenceError:
        return
    target = {"variable": network.names.index(variable.name), "states": [variable.state_index(state)]}
    found = calculator.evaluate(MOVES, [json.dumps(content(engine)), json.dumps(case), target])
    assert found["now"] == pytest.approx(now, abs=1e-12)
    if now < 1e-6 or math.exp(engine.log_evidence(case)) < 1e-6:  # relative errors of rare events are not the subject
        return
    frame = spasmnet.parameter_sensitivity(engine, (variable.name, state), case).frame
    keyed = {(r.variable, r.state, r.given, round(r.value, 14)): r for r in frame.itertuples()}
    for row in found["numbers"]:
        place = found["places"][row["number"]]
        owner = network.variables[place["variable"]]
        expected = keyed[
            owner.name, owner.states[place["state"]], words_of(network, place), round(value_of(network, place), 14)
        ]
        rounding = max(
            1e-9, 1e-11 / math.exp(engine.log_evidence(case))
        )  # of a derivative that is divided by P(findings)
        assert row["derivative"] == pytest.approx(expected.derivative, rel=1e-7, abs=rounding)
        ends = (expected.minimum, expected.maximum)
        if not place["cited"]:
            ends = (expected.minimum_nearby, expected.maximum_nearby)
        assert (row["least"], row["most"]) == pytest.approx(ends, rel=1e-7, abs=1e-9)


def words_of(network: Network, place: dict[str, Any]) -> str:
    """The frame's `given` of a number."""
    owner = network.variables[place["variable"]]
    parents = [network.by_name[name] for name in network.cpds[owner.name].parents]
    if place["kind"] == "leak":
        return "leak"
    if place["kind"] == "table":
        shape = tuple(len(parent.states) for parent in parents)
        states = np.unravel_index(place["row"], shape) if shape else ()
        return ", ".join(f"{p.name}={p.states[i]}" for p, i in zip(parents, states, strict=True))
    parent = parents[place["kind"]]
    return f"link {parent.name}={parent.states[place['row'] + 1]}"


def value_of(network: Network, place: dict[str, Any]) -> float:
    cpd = network.cpds[network.names[place["variable"]]]
    if place["kind"] == "leak":
        return float(cpd.leak[place["state"]])  # type: ignore[union-attr]
    if place["kind"] == "table":
        return float(cpd.table().reshape(-1, place["size"])[place["row"], place["state"]])
    return float(cpd.links[place["kind"]][place["row"] + 1, place["state"]])  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["muscle_spasm", "alarm"])
def test_numbers_are_named_after_their_place(calculator: Any, name: str) -> None:
    """Every number of a model says in words which entry it is: of a table, a leak, or a link."""
    network = classic.load(name) if name == "alarm" else ENGINE.network
    found = calculator.evaluate(
        """(content) => {
          const model = new Model(JSON.parse(content));
          return model.places.map((place, i) => [place, numberWords(model, place), model.values[i]]);
        }""",
        json.dumps(content(spasmnet.compile(network))),
    )
    kinds = set()
    for place, words, number in found:
        owner, given = network.variables[place["variable"]], words_of(network, place)
        pairs = [pair.split("=") for pair in given.removeprefix("link ").split(", ") if "=" in pair]
        told = [f"{name_of(network.by_name[n])} = {state_of(network.by_name[n], s)}" for n, s in pairs]
        expected = f"{name_of(owner)} = {state_of(owner, owner.states[place['state']])}"
        if given == "leak":
            expected += ", with no cause that the model knows"
        elif told:
            expected += f", {'through' if given.startswith('link') else 'given'} {', '.join(told)}"
        assert words == expected
        assert number == pytest.approx(value_of(network, place), abs=1e-15)
        kinds.add(given.split()[0] if given.startswith(("leak", "link")) else "table")
    assert kinds == ({"table"} if name == "alarm" else {"table", "leak", "link"})


@SHARED
@given(st.data())
def test_findings_move_the_answer_as_the_engine_says(calculator: Any, data: st.DataObject) -> None:
    """The answer without each finding, and with each state of what is not known."""
    network = data.draw(any_networks)
    case = data.draw(evidence(network, positive=True))
    engine = spasmnet.compile(network)
    variable = data.draw(st.sampled_from(network.variables))
    state = data.draw(st.sampled_from(variable.states))

    def chance(given: dict[str, Any]) -> float | None:
        try:
            return engine.posterior(given)[variable.name][state]
        except ImpossibleEvidenceError:
            return None

    now = chance(case)
    if not now:
        return
    target = {"variable": network.names.index(variable.name), "states": [variable.state_index(state)]}
    found = calculator.evaluate(MOVES, [json.dumps(content(engine)), json.dumps(case), target])
    for row in found["findings"]:
        name = network.names[row["variable"]]
        assert row["without"] == pytest.approx(chance({n: f for n, f in case.items() if n != name}), abs=1e-10)
    for row in found["unknown"]:
        other = network.variables[row["variable"]]
        expected = [chance({**case, other.name: s}) for s in other.states]
        assert [p is None for p in row["chances"]] == [p is None for p in expected]
        assert [p for p in row["chances"] if p is not None] == pytest.approx(
            [p for p in expected if p is not None], abs=1e-10
        )


@pytest.mark.parametrize("name", ["asia", "alarm", "hepar2", "win95pts", "hailfinder"])
def test_classic_networks_equal_the_engine(calculator: Any, name: str) -> None:
    """Posteriors of classic networks with up to 20 findings."""
    network = classic.load(name)
    engine, pseudo = spasmnet.compile(network), random.Random(3)
    cases = [random_case(network, pseudo) for _ in range(30)]
    for case, found in zip(cases, answers(calculator, network, cases), strict=True):
        try:
            expected = engine.posterior(case)
        except ImpossibleEvidenceError:
            assert "contradiction" in found
        else:
            assert largest_difference(network, found, expected) <= 1e-12


@pytest.mark.parametrize("rare", [1e-3, 1e-200])
def test_what_underflows_is_told_from_what_is_impossible(calculator: Any, rare: float) -> None:
    """A chain whose evidence has a probability far below what a number can hold."""
    names = [f"v{i}" for i in range(150)]
    row = [[1 - rare, rare], [1 - 2 * rare, 2 * rare]]
    cpds = {name: Table((before,), row) for before, name in pairwise(names)}
    network = Network(
        [Variable(name, ("no", "yes")) for name in names],
        {**cpds, "v0": Table((), row[0]), "v149": Table(("v148",), [[1, 0], [0.5, 0.5]])},
    )
    case: dict[str, Any] = {name: "yes" for i, name in enumerate(names) if i % 3 and name != "v149"}
    engine = spasmnet.compile(network)
    fine, not_so = answers(calculator, network, [case, {**case, "v148": "no", "v149": "yes"}])
    assert engine.log_evidence(case) < -600
    assert largest_difference(network, fine, engine.posterior(case)) <= 1e-12
    assert fine["log"] == pytest.approx(engine.log_evidence(case), rel=1e-12)
    assert not_so["contradiction"] == ["v148", "v149"]


@SHARED
@given(st.floats(1, 2), st.floats(1, 2), st.integers(-40, 40), st.integers(-600, 600) | st.integers(-40, 40))
def test_wide_numbers_add_like_fractions(calculator: Any, a: float, b: float, near: int, apart: int) -> None:
    """Two numbers as a mantissa and a power of 2 ** 512: near to one another, and as far apart as may be."""
    terms = [(a, 256 + near), (b, 256 + near + apart)]
    split = [(m * 2.0 ** ((k + 256) % 512 - 256), (k + 256) // 512) for m, k in terms]
    m, e = calculator.evaluate(
        """([[m, e], [p, q]]) => {
          const found = new Float64Array([m]), power = new Int32Array([e]);
          add(found, power, 0, p, q);
          return [found[0], power[0]];
        }""",
        split,
    )
    exact = sum(Fraction(m) * Fraction(2) ** k for m, k in terms)
    assert 2.0**-256 <= m < 2.0**256
    assert abs(Fraction(m) * Fraction(2) ** (512 * e) / exact - 1) < 1e-15


def state(page: Any, label: str, words: str) -> Any:
    """The button of a variable's state, found as a screen reader finds it."""
    return page.get_by_role("group", name=label, exact=True).get_by_role("button", name=words).first


def value(button: Any) -> str:
    return str(button.locator(".value").inner_text())


def test_clicking_sets_and_clears_findings(page: Any) -> None:
    """Beliefs, care, leading causes and what moves them follow each click."""
    cramp = state(page, "Muscle spasm", "Painful cramp")
    mild = state(page, "Dehydration", "Mildly dehydrated")
    before = value(mild)
    cramp.click()
    assert cramp.get_attribute("aria-pressed") == "true"
    assert value(cramp) == "100%"
    assert page.evaluate("spasmnetExplorer.findings") == {"spasm": "painful"}
    assert value(mild) != before
    panel = page.get_by_role("complementary")
    assert panel.get_by_text("Not known yet").is_visible()  # too few questions about red flags are answered
    assert panel.get_by_text("not ruled out").first.is_visible()
    state(page, "Muscle spasm", "Twitch").click()
    assert page.evaluate("spasmnetExplorer.findings") == {"spasm": "twitch"}
    state(page, "Vomiting or diarrhoea", "Yes").click()
    state(page, "Dizzy on standing", "Yes").click()
    assert panel.get_by_text("Urgent care").is_visible()
    assert panel.get_by_text("Decided by a red flag").is_visible()
    assert "Urgent care" in page.get_by_role("status").inner_text()
    panel.get_by_role("button", name="Clear Dizzy on standing").click()
    state(page, "Muscle spasm", "Twitch").click()
    assert page.evaluate("spasmnetExplorer.findings") == {"vomiting_diarrhoea": "present"}
    page.get_by_role("button", name="Clear all findings").click()
    assert page.evaluate("spasmnetExplorer.findings") == {}
    assert value(mild) == before


def test_what_is_shown_is_what_the_engine_says(page: Any) -> None:
    """Every value on the page after some clicks, to the digits shown."""
    state(page, "Muscle spasm", "Painful cramp").click()
    state(page, "Heavy sweating", "Yes").click()
    expected = ENGINE.posterior({"spasm": "painful", "heavy_sweating": "present"})
    shown = page.locator(".card .state").evaluate_all("all => all.map((e) => parseFloat(e.title))")
    assert shown == pytest.approx([p for v in ENGINE.network.names for p in expected[v].values()], rel=1e-5, abs=1e-9)


def test_the_keyboard_does_it_all(page: Any) -> None:
    """One tab stop a card, arrows within it, space to set, Delete to clear."""
    page.get_by_role("button", name="Clear all findings").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText").startswith("18 to 39")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert page.evaluate("spasmnetExplorer.findings") == {"age_band": "40_64"}
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert page.evaluate("spasmnetExplorer.findings") == {"age_band": "65_plus"}
    page.keyboard.press("Home")
    page.keyboard.press("Delete")
    assert page.evaluate("spasmnetExplorer.findings") == {}
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.card').getAttribute('aria-label')") == "Hot surroundings"


def test_everything_has_a_name_and_a_role(page: Any) -> None:
    """Nothing that can be operated is without words, and every state says whether it is set."""
    state(page, "Muscle spasm", "Painful cramp").click()
    operable = page.locator("button, input, select, textarea")
    unnamed = operable.evaluate_all(
        "all => all.filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim())).map((e) => e.outerHTML)"
    )
    assert unnamed == []
    assert page.locator(".state:not([aria-pressed])").count() == 0
    assert page.locator(".state[aria-pressed=true]").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("group", name="Dehydration", exact=True).count() == 1


def test_impossible_findings_are_said_and_repaired(page: Any) -> None:
    """An alert names the findings that contradict one another; clearing one brings the beliefs back."""
    state(page, "Muscle spasm", "None").click()
    state(page, "How often, and how much it restricts", "Occasional").click()
    state(page, "Heavy sweating", "Yes").click()
    alert = page.get_by_role("alert").first
    assert "cannot occur together: Muscle spasm = None and How often" in alert.inner_text()
    assert "Heavy sweating" not in alert.inner_text()
    assert "NaN" not in page.inner_text("body")
    page.get_by_role("button", name="Clear Muscle spasm").click()
    assert not alert.is_visible()
    assert value(state(page, "Heavy sweating", "Yes")) == "100%"


def test_findings_go_out_and_in_as_data(page: Any) -> None:
    """What is copied is what the engine takes; what is pasted is checked."""
    state(page, "Muscle spasm", "Painful cramp").click()
    page.get_by_text("As data").click()
    area = page.get_by_label("Findings as JSON")
    assert json.loads(area.input_value()) == {"spasm": "painful"}
    use = page.get_by_role("button", name="Use these findings")
    area.fill('{"heavy_sweating": {"absent": 0.2, "present": 0.8}, "spasm": "twitch"}')
    use.click()
    expected = ENGINE.posterior({"heavy_sweating": {"absent": 0.2, "present": 0.8}, "spasm": "twitch"})
    shown = page.get_by_role("group", name="Heavy sweating", exact=True).locator(".state").last.get_attribute("title")
    assert float(shown.split(";")[0]) == pytest.approx(expected["heavy_sweating"]["present"], rel=1e-5)
    for wrong, said in (
        ("{", "JSON"), ("[]", "object"), ('{"spsm": "twitch"}', "no variable"), ('{"spasm": "twich"}', "twitch"),
        ('{"spasm": {"twitch": 1}}', "likelihood"), ('{"spasm": 3}', "likelihood"), ('{"constructor": "x"}', "no variable"),
    ):  # fmt: skip
        area.fill(wrong)
        use.click()
        assert said in page.locator(".problem").inner_text()
    assert set(page.evaluate("spasmnetExplorer.findings")) == {"heavy_sweating", "spasm"}


def test_a_number_can_be_moved_and_put_back(page: Any) -> None:
    """A slider changes a cited number within its range; beliefs follow, and the page says that it is another model."""
    page.get_by_label("What moves the probability of").select_option(label="Dehydration: Clearly dehydrated")
    mild = state(page, "Dehydration", "Clearly dehydrated")
    before = mild.get_attribute("title")
    slider = page.locator(".number input").first
    slider.evaluate(
        "(e) => { e.value = e.max; e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change')); }"
    )
    assert mild.get_attribute("title") != before
    assert "not the answers of the model as published" in page.get_by_role("complementary").inner_text()
    page.get_by_role("button", name="Put them back").click()
    assert mild.get_attribute("title") == before


def test_variables_are_found_by_words(page: Any) -> None:
    """The search hides all cards that do not have the words."""
    page.get_by_label("Find a variable").fill("urine")
    assert page.locator(".card:visible").count() == 1
    assert "1 of 48" in page.get_by_role("status").inner_text()
    page.get_by_label("Find a variable").fill("")
    assert page.locator(".card:visible").count() == 48


def test_a_narrow_window_needs_no_sideways_scrolling(page: Any) -> None:
    """On a phone everything stands in one column."""
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


IN_VIEW = """(strip) => {
  const { top, bottom, left, right } = strip.getBoundingClientRect();
  const ends = [top, left, innerHeight - bottom, innerWidth - right];
  const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return Math.min(...ends) >= -0.5 && bottom > top && strip.contains(hit);
}"""
FLAGS = {"dark_urine": "cola", "muscle_pain": "present"}
CONTRADICTION = {"spasm": "none", "spasm_frequency": "occasional", "emergency_signs": "present"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(360, 740), (700, 500), (1280, 800)])
def test_the_level_of_care_is_in_view_wherever_the_page_is_scrolled(
    browser: Any, folder: Path, size: tuple[int, int], scheme: str
) -> None:
    """After a red flag is set, at every scroll position, the strip is inside the window and says how soon."""
    page = opened(browser, write_explorer(ENGINE, folder / "strip.html"))
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    strip, height = page.locator(".strip"), page.evaluate("document.documentElement.scrollHeight")
    assert height > size[1]
    for share in (0, 0.1, 0.35, 0.7, 1):
        page.evaluate("(y) => { spasmnetExplorer.findings = {}; scrollTo(0, y); }", share * (height - size[1]))
        assert strip.evaluate(IN_VIEW) and "care" not in strip.inner_text()
        page.evaluate("(findings) => { spasmnetExplorer.findings = findings; }", FLAGS)
        assert strip.evaluate(IN_VIEW)
        assert strip.inner_text().split("\n")[0] == "Emergency care"
        assert "Leading: Muscle breakdown (rhabdomyolysis), " in strip.inner_text()
        page.evaluate("(findings) => { spasmnetExplorer.findings = findings; }", CONTRADICTION)
        assert strip.evaluate(IN_VIEW)
        assert strip.inner_text().split("\n")[0] == "Emergency care"
        assert "These findings cannot occur together" in strip.inner_text()
    assert page.problems == []
    page.context.close()


def test_a_click_far_down_on_a_phone_shows_the_level(page: Any) -> None:
    """What is clicked stays in view, not beneath the strip, and so does the level that follows."""
    page.set_viewport_size({"width": 360, "height": 740})
    for label, words in (("Urine colour", "Cola-coloured"), ("Muscle pain", "Yes")):
        state(page, label, words).click()
        assert state(page, label, words).evaluate(IN_VIEW)
    assert page.evaluate("scrollY") > 740
    assert page.locator(".strip").evaluate(IN_VIEW)
    assert page.locator(".strip strong").inner_text() == "Emergency care"


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_strip_can_be_read(page: Any) -> None:
    """White on every level's colour has a contrast of 4.5 to 1 or more, and the colours differ."""
    grounds = []
    for level in ("", "self_care", "routine", "urgent", "emergency", "undetermined"):
        page.evaluate("(level) => { document.querySelector('.strip').className = `strip ${level}`; }", level)
        ground, ink = page.locator(".strip").evaluate(
            "(e) => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
        )
        assert (luminance(ink) + 0.05) / (luminance(ground) + 0.05) >= 4.5
        grounds.append(ground)
    assert len(set(grounds[:5])) == 5


def test_what_is_not_ruled_out_is_shown(page: Any) -> None:
    """Red flags that are not resolved are counted in the strip and listed beside the level."""
    state(page, "Heavy sweating", "Yes").click()
    unresolved = spasmnet.report(ENGINE, {"heavy_sweating": "present"}).unresolved_red_flags
    assert page.locator(".strip strong").inner_text() == "Not known yet"
    assert f"{len(unresolved)} red flags not ruled out" in page.locator(".strip").inner_text()
    page.get_by_text(f"{len(unresolved)} red flags are not ruled out").click()
    assert page.locator(".unresolved li").all_inner_texts() == [rule.text for rule in unresolved]
    state(page, "Muscle pain", "Yes").click()
    assert page.locator(".unresolved li").first.is_visible()


@pytest.mark.parametrize(
    ("name", "findings", "words"),
    [
        ("asia", {"xray": "yes"}, {"either: yes", "lung: yes"}),
        ("hepar2", {"carcinoma": "present"}, {"PBC: present"}),
        (
            "alarm",
            {"HRBP": "HIGH"},
            {"HR: LOW or HIGH", "HREKG: LOW or HIGH", "HRSAT: LOW or HIGH", "CO: LOW or HIGH", "CATECHOL: HIGH"},
        ),
    ],
)
def test_without_guidance_the_strip_names_what_moved_most(
    browser: Any, folder: Path, name: str, findings: dict[str, str], words: set[str]
) -> None:
    """A network without roles has no level; its leading variable is named with the state whose probability is shown."""
    network = classic.load(name)
    page = opened(browser, write_explorer(network, folder / f"{name}.html", findings))
    found = page.locator(".strip").inner_text()
    said, shown = found.removeprefix("Moved most: ").rsplit(", ", 1)
    assert said in words
    variable, states = said.split(": ")
    assert shown == percent(total(spasmnet.compile(network).posterior(findings)[variable], states.split(" or ")))
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.locator(".strip").evaluate(IN_VIEW)
    page.context.close()


def hostile_network() -> Network:
    """Names, labels, states, title, sources and rules that are anything but words."""
    from spasmnet import Rule

    variables = [
        Variable(
            name, ("no", HOSTILE[i - 1]), label=name.replace("\u200b", "\x00\n"), question=name, role=("risk_factor", "cause", "finding", "")[i % 4],
            state_labels=("no", HOSTILE[i - 1]),
        )
        for i, name in enumerate(HOSTILE)
    ]  # fmt: skip
    cpds: dict[str, Any] = {HOSTILE[0]: Table((), [0.5, 0.5])}
    for before, name in pairwise(HOSTILE):
        cpds[name] = Table((before,), [[0.9, 0.1], [0.2, 0.8]])
    flags = (Rule("x", {HOSTILE[0]: (HOSTILE[-1],)}, HOSTILE[0], "emergency"),)
    return Network(
        variables,
        cpds,
        name=HOSTILE[0],
        title=HOSTILE[1],
        intended_use=HOSTILE[2],
        guidance=spasmnet.Guidance(red_flags=flags),
    )


def test_hostile_names_stay_words(browser: Any, folder: Path) -> None:
    """Nothing in a user's network is run, loaded or taken for markup, and clicking works all the same."""
    network = hostile_network()
    page = opened(browser, write_explorer(spasmnet.compile(network), folder / "hostile.html", {HOSTILE[7]: HOSTILE[6]}))
    assert page.locator("main img, main script, main b").count() == 0
    for name in HOSTILE:
        i = network.names.index(name)
        page.locator(f".card[data-variable='{i}'] .state").last.click()
        findings = json.loads(page.get_by_label("Findings as JSON").input_value())
        assert findings.get(name) == (None if name == HOSTILE[7] else network.variables[i].states[1])
    expected = spasmnet.compile(network).posterior(findings)
    assert expected.log_evidence < 0
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.problems == []
    page.context.close()


def test_the_page_is_small_and_loads_nothing() -> None:
    """One file below 1 MB, with no address in it and a policy that forbids loading and sending."""
    text = explorer_page(ENGINE)
    assert len(text.encode()) <= 1_000_000
    assert "default-src 'none'" in text
    for part in ("http://", "https://", "//cdn", "@import", "url("):
        assert part not in text


def test_pages_are_the_same_each_time() -> None:
    """The same network and findings give the same page, byte for byte."""
    again = spasmnet.compile(spasmnet.load())
    assert explorer_page(ENGINE, {"spasm": "painful"}) == explorer_page(again, {"spasm": "painful"})


def test_a_page_begins_with_findings(browser: Any, folder: Path) -> None:
    """Findings, likelihoods among them, that the page was written with."""
    findings = {"spasm": "painful", "heavy_sweating": {"absent": 0.25, "present": 0.75}}
    page = opened(browser, write_explorer(ENGINE, folder / "begun.html", findings))
    assert page.evaluate("spasmnetExplorer.findings") == findings
    page.context.close()


def test_networks_too_large_for_a_browser_are_refused() -> None:
    """The error says how large, and what to do instead."""
    with pytest.raises(SpasmnetError, match=r"too large: its circuit would have some [\d,]+ products.*draw\("):
        explorer_page(spasmnet.compile(classic.load("barley")))


def test_wrong_files_and_findings_are_refused(tmp_path: Path) -> None:
    """The ending, and findings that are not understood."""
    with pytest.raises(SpasmnetError, match=r"\.html, not as \.txt"):
        write_explorer(ENGINE, tmp_path / "page.txt")
    with pytest.raises(UnknownVariableError, match="did you mean 'spasm'"):
        write_explorer(ENGINE, tmp_path / "page.html", {"spsm": "painful"})
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    """`spasmnet explorer`, also to standard output; errors with their exit codes."""
    place = tmp_path / "page.html"
    done = CliRunner().invoke(main, ["explorer", "spasm=painful", "-o", str(place)])
    assert done.exit_code == 0 and str(place) in done.output
    assert place.read_text(encoding="utf-8") == explorer_page(ENGINE, {"spasm": "painful"})
    assert CliRunner().invoke(main, ["explorer", "-o", "-"]).output == explorer_page(ENGINE)
    assert CliRunner().invoke(main, ["explorer", "spasm=painfull", "-o", str(place)]).exit_code == 2
    assert CliRunner().invoke(main, ["explorer", "-o", str(tmp_path / "page.txt")]).exit_code != 0


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"))


def test_the_focus_stays_where_rows_are_redrawn(page: Any) -> None:
    """Clearing leads to the next finding and in the end to the button that clears all; a slider keeps the focus."""
    for label, words in (("Muscle spasm", "Painful cramp"), ("Heavy sweating", "Yes"), ("Muscle pain", "Yes")):
        state(page, label, words).click()
    page.get_by_role("button", name="Clear Heavy sweating").focus()
    heard = []
    for _ in range(3):
        page.keyboard.press("Enter")
        heard.append(focused(page))
    assert heard == ["Clear Muscle pain", "Clear Muscle spasm", "Clear all findings"]
    slider = page.get_by_role("slider").first
    words, before = slider.get_attribute("aria-label"), slider.input_value()
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert (focused(page), page.evaluate("document.activeElement.value") != before) == (words, True)
    page.get_by_role("button", name="Put them back").focus()
    page.keyboard.press("Enter")
    assert focused(page) == "What moves the probability of"


def test_keys_that_are_not_ours_do_nothing(page: Any) -> None:
    """Delete where text is typed clears no finding, and keys with Alt or Ctrl are the browser's."""
    state(page, "Muscle spasm", "Painful cramp").click()
    page.get_by_text("As data").click()
    for place in (page.get_by_label("Find a variable"), page.get_by_label("Findings as JSON")):
        place.focus()
        page.keyboard.press("Delete")
        page.keyboard.press("Backspace")
    state(page, "Muscle spasm", "Painful cramp").focus()
    page.keyboard.press("Control+Backspace")
    assert page.evaluate("spasmnetExplorer.findings") == {"spasm": "painful"}
    assert page.evaluate(
        """() => document.activeElement.dispatchEvent(
          new KeyboardEvent("keydown", { key: "ArrowLeft", altKey: true, bubbles: true, cancelable: true }))"""
    )


def test_changes_are_said_briefly(page: Any) -> None:
    """The status says what was set or cleared and what follows, and nothing while a slider moves."""
    status = page.get_by_role("status")
    state(page, "Heavy sweating", "Yes").click()
    assert status.inner_text().startswith("Heavy sweating: Yes. Not known yet. Leading: ")
    state(page, "Heavy sweating", "Yes").click()
    assert status.inner_text().startswith("Heavy sweating: cleared. Leading: ")
    page.get_by_text("As data").click()
    page.get_by_label("Findings as JSON").fill('{"spasm": "twitch", "heavy_sweating": "present"}')
    page.get_by_role("button", name="Use these findings").click()
    assert status.inner_text().startswith("2 findings changed. ")
    said = status.inner_text()
    slider = page.get_by_role("slider").first
    slider.evaluate("(e) => { e.value = e.max; e.dispatchEvent(new Event('input')); }")
    assert status.inner_text() == said
    slider.evaluate("(e) => e.dispatchEvent(new Event('change'))")
    assert status.inner_text() != said
    assert " in " in page.get_by_role("slider").first.get_attribute("aria-valuetext")


def test_no_probability_outranks_a_red_flag(page: Any) -> None:
    """What a red flag points at leads, is said first, and is what the panel asks about, however improbable it is."""
    state(page, "Urine colour", "Cola-coloured").click()
    state(page, "Muscle pain", "Yes").click()
    panel = page.get_by_role("complementary")
    first, second = panel.locator(".brief .line").all()[:2]
    assert first.inner_text().startswith("Muscle breakdown")
    assert float(value(first).rstrip("%")) < float(value(second).rstrip("%"))
    assert first.get_by_text("red flag").is_visible() and "breakdown (rhabdomyolysis) red flag" in first.inner_text()
    assert "Leading: Muscle breakdown" in page.get_by_role("status").inner_text()
    assert page.locator(".now").inner_text().startswith("Muscle breakdown (rhabdomyolysis): Yes")
    assert "the probability of Muscle breakdown (rhabdomyolysis): Yes" in panel.inner_text()
    assert panel.get_by_text("Emergency care").is_visible()


def test_moved_numbers_are_said_beside_the_result(page: Any) -> None:
    """Whoever reads the level of care reads that the model is no longer the published one."""
    page.get_by_role("slider").first.focus()
    page.keyboard.press("End")
    said = page.locator(".result").get_by_text("not the answers of the model as published")
    assert said.is_visible()


HEADINGS = "root => [...root.querySelectorAll('h1, h2, h3, h4, h5')].map((e) => Number(e.tagName[1]))"


def test_headings_skip_no_level(page: Any) -> None:
    """The title, then groups, then cards."""
    levels = page.locator("body").evaluate(HEADINGS)
    assert levels[0] == 1
    assert set(levels) == {1, 2, 3}
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_intended_use_and_sources_stand_beside_the_result(page: Any) -> None:
    """The notice is in the panel; each number says where it is from, an assumption that it is one."""
    panel = page.get_by_role("complementary")
    assert panel.get_by_text(ENGINE.network.intended_use).is_visible()
    state(page, "Muscle spasm", "Painful cramp").click()
    kinds = {source.kind for source in ENGINE.network.sources.values()}
    shown = panel.locator(".number .tag").all_inner_texts()
    assert len(shown) == panel.get_by_role("slider").count() > 0
    assert "assumption" in shown
    assert set(shown) <= kinds


def test_numbers_without_a_source_say_so(browser: Any, folder: Path) -> None:
    """Of a network without citations, and of one whose citation leads nowhere, under a name that every object has."""
    from spasmnet import Parameter

    cited = {(1,): Parameter(0.5, 0.4, 0.6, "constructor")}
    variables = [Variable("x", ("a", "b")), Variable("y", ("a", "b"))]
    network = Network(variables, {"x": Table((), [0.5, 0.5], cited), "y": Table(("x",), [[0.9, 0.1], [0.3, 0.7]])})
    page = opened(browser, write_explorer(network, folder / "uncited.html"))
    page.get_by_label("What moves the probability of").select_option(label="y: b")
    tags = page.locator(".number .tag").all_inner_texts()
    assert sorted(set(tags)) == ["no source", "source"]
    assert page.locator(".number .source").all_inner_texts()[tags.index("source")] == "constructor"
    assert page.problems == []
    page.context.close()


def test_a_row_comes_back_from_its_ends(calculator: Any) -> None:
    """A number moved to 1 and back leaves the ratios of the others as they were; putting back is exact."""
    network = Network([Variable("x", ("a", "b", "c", "d"))], {"x": Table((), [0.1, 0.2, 0.3, 0.4])})
    back, moved, published = calculator.evaluate(
        """(content) => {
          const model = new Model(JSON.parse(content)), all = () => [...model.values], published = all();
          model.change(1, 1);
          model.change(1, 0.2);
          const back = all();
          for (const [i, x] of [[1, 0.7], [2, 0.05], [1, 0], [3, 1], [0, 0.3]]) model.change(i, x);
          const moved = all();
          model.restore();
          return [back, moved, [all(), published]];
        }""",
        json.dumps(content(spasmnet.compile(network))),
    )
    assert back == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=1e-15)
    assert sum(moved) == pytest.approx(1, abs=1e-15)
    assert published[0] == published[1]


def certain_network() -> Network:
    """Rain makes the street wet; a number's range ends where a wet street becomes impossible."""
    from spasmnet import Parameter, Rule

    variables = [Variable("rain", ("no", "yes"), role="cause"), Variable("street", ("dry", "wet"), role="finding")]
    rain = Table((), [0.8, 0.2], {(1,): Parameter(0.2, 0.0, 0.4, "")})
    flags = (Rule("flood", {"street": ("wet",)}, "Water in the street.", "emergency"),)
    return Network(
        variables,
        {"rain": rain, "street": Table(("rain",), [[1, 0], [0.5, 0.5]])},
        guidance=spasmnet.Guidance(red_flags=flags),
    )


def test_a_contradiction_made_by_a_slider_can_be_undone(browser: Any, folder: Path) -> None:
    """The slider stays, the alert names the other way out, and the red flag that holds for certain stays as well."""
    page = opened(browser, write_explorer(certain_network(), folder / "certain.html", {"street": "wet"}))
    page.get_by_label("What moves the probability of").select_option(label="street: dry")
    assert "the findings rule it out" in page.locator(".now").inner_text()
    page.get_by_label("What moves the probability of").select_option(label="rain: yes")
    state(page, "rain", "yes").click()
    assert page.locator(".number").count() == 0
    assert page.locator(".moves").get_by_text("Nothing.").count() == 2
    state(page, "rain", "yes").click()
    page.get_by_label("What moves the probability of").select_option(label="rain: no")
    page.get_by_label("What moves the probability of").select_option(label="rain: yes")
    page.evaluate("const e = spasmnetExplorer; e.findings = {}")
    slider = page.get_by_role("slider").first
    slider.focus()
    page.keyboard.press("Home")
    assert focused(page) == "rain = yes"
    state(page, "street", "wet").click()
    alert = page.get_by_role("alert").first
    assert alert.inner_text() == "This finding cannot occur: street = wet. Clear one to go on, or put the numbers back."
    assert page.get_by_role("complementary").get_by_text("Emergency care").is_visible()
    assert page.get_by_text("Water in the street.").is_visible()
    assert "Emergency care" in page.get_by_role("status").inner_text()
    page.get_by_role("slider").first.focus()
    page.keyboard.press("End")
    assert not alert.is_visible()
    assert value(state(page, "rain", "yes")) == "100%"
    assert page.problems == []
    page.context.close()


def test_a_slider_shows_where_its_number_is(browser: Any, folder: Path) -> None:
    """Also where the others of its row have moved it out of its range."""
    from spasmnet import Parameter

    cited = {(i,): Parameter(0.3, 0.25, 0.9, "") for i in (1, 2)}
    network = Network([Variable("x", ("a", "b", "c"))], {"x": Table((), [0.4, 0.3, 0.3], cited)})
    page = opened(browser, write_explorer(network, folder / "row.html"))
    page.get_by_label("What moves the probability of").select_option(label="x: a")
    page.get_by_role("slider", name="x = b").focus()
    page.keyboard.press("End")
    shown = page.get_by_role("slider", name="x = c").get_attribute("aria-valuetext")
    assert shown == "0.0429 in 0.25 to 0.9"
    page.context.close()


def test_a_number_that_is_back_is_no_change(page: Any) -> None:
    """Two numbers of a row, moved with the keyboard and moved back in turn, leave the published model, to the last bit."""
    state(page, "Heavy sweating", "Yes").click()
    page.get_by_label("What moves the probability of").select_option(label="Age: 40 to 64")
    before = page.locator(".state").evaluate_all("all => all.map((e) => e.title)")
    names = [page.get_by_role("slider").nth(i).get_attribute("aria-label") for i in range(2)]
    assert all(name.startswith("Age = ") for name in names)
    for name, key in (
        (names[0], "ArrowRight"),
        (names[1], "ArrowRight"),
        (names[1], "ArrowLeft"),
        (names[0], "ArrowLeft"),
    ):
        assert page.locator(".changes").is_visible() == (key == "ArrowLeft" or name == names[1])
        page.get_by_role("slider", name=name, exact=True).focus()
        for _ in range(3):
            page.keyboard.press(key)
    assert not page.locator(".changes").is_visible()
    assert page.locator(".state").evaluate_all("all => all.map((e) => e.title)") == before


USE = """([content, seed]) => {
  const random = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor((seed / 2147483648) * n); };
  const root = document.body.appendChild(document.createElement("div")), model = new Model(JSON.parse(content));
  const explorer = new Explorer(root, model);
  const some = (selector) => { const all = root.querySelectorAll(selector); return all.length ? all[random(all.length)] : null; };
  const slide = (slider) => {
    slider.value = [slider.min, slider.max, (Number(slider.min) + Number(slider.max)) / 2][random(3)];
    for (const name of ["input", "change"]) slider.dispatchEvent(new Event(name));
  };
  const choose = (select) => { select.selectedIndex = random(select.options.length); select.dispatchEvent(new Event("change")); };
  const acts = [["input[type=range]", slide], ["select", choose], ...Array(4).fill([".state", (e) => e.click()]), ["button", (e) => e.click()]];
  const wrong = [];
  for (let i = 0; i < 25; i++) {
    const [selector, act] = acts[random(acts.length)], element = some(selector);
    if (element) act(element);
    const words = root.querySelector(".body").textContent;
    if (/NaN|undefined|Infinity|object Object/.test(words)) wrong.push(words);
    const { answer } = explorer, buttons = explorer.cards.flatMap((card) => [...card.element.querySelectorAll(".state")]);
    const titles = buttons.map((e) => e.title && parseFloat(e.title));
    const sure = answer.contradiction ? titles.map(() => "") : answer.posterior.flat().map((p) => Number(p.toPrecision(6)));
    if (JSON.stringify(titles) !== JSON.stringify(sure)) wrong.push([titles, sure]);
  }
  root.remove();
  return wrong;
}"""


@SHARED
@given(st.data())
def test_whatever_is_clicked_the_beliefs_are_shown(calculator: Any, data: st.DataObject) -> None:
    """Random clicks, sliders and targets: each card shows the present answer, and nothing is shown that is no number."""
    network = data.draw(ranged_networks(max_variables=4) | asking_networks())
    plainly = content(spasmnet.compile(network))
    for i, variable in enumerate(plainly["variables"]):  # its words could be anything, such as NaN
        variable["label"], variable["about"] = f"v{i}", ""
        variable["labels"] = [f"s{k}" for k, _ in enumerate(variable["states"])]
    assert calculator.evaluate(USE, [json.dumps(plainly), data.draw(st.integers(1, 2**31 - 1))]) == []


def alike_network() -> Network:
    """Variables and states that are called the same or nothing, and names that are numbers."""
    binary = {"states": ("0", "1"), "state_labels": ("same", "same")}
    variables = [
        Variable("2", label="Pain", **binary), Variable("1", label="Pain", **binary),
        Variable("a" * 500, ("0", "1")), Variable("a" * 499 + "b", ("0", "1")), Variable(" ", ("\u202e", "\u202d"), label="\t"),
    ]  # fmt: skip
    cpds = {v.name: Table((), [0.5, 0.5]) for v in variables}
    return Network(variables, {**cpds, "1": Table(("2",), [[1, 0], [0, 1]])})


def test_what_is_called_the_same_can_be_told_apart(browser: Any, folder: Path) -> None:
    """By name where labels are the same, by number where the names look the same, too; nothing is without words."""
    network = alike_network()
    page = opened(browser, write_explorer(network, folder / "alike.html"))
    labels = page.locator(".card").evaluate_all("all => all.map((e) => e.getAttribute('aria-label'))")
    assert labels[:2] == ["Pain (2)", "Pain (1)"]
    assert labels[4] == "( )"
    assert len(set(labels)) == 5
    for card in page.locator(".card").all():
        states = card.locator(".label").all_inner_texts()
        assert len(set(states)) == len(states)
        assert all(words.strip() for words in states)
    state(page, "Pain (2)", "same (1)").click()
    state(page, "Pain (1)", "same (0)").click()
    assert "cannot occur together" in page.get_by_role("alert").first.inner_text()
    findings = json.loads(page.get_by_label("Findings as JSON").input_value())
    assert findings == {"1": "0", "2": "1"}
    with pytest.raises(ImpossibleEvidenceError):
        spasmnet.compile(network).posterior(findings)
    assert page.get_by_role("button", name="Clear Pain (1)").count() == 1
    page.context.close()


UNSEEN = r"""() => {
  const found = [];
  const look = (words) => { if (/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u.test(words)) found.push(words); };
  for (const e of document.querySelectorAll("main *")) {
    for (const name of e.getAttributeNames()) look(e.getAttribute(name));
    if ("value" in e) look(String(e.value));
    if (e.children.length === 0) look(e.textContent);
  }
  return found;
}"""


def test_marks_that_cannot_be_seen_are_shown_nowhere(browser: Any, folder: Path) -> None:
    """Not in text, tips and accessible names, not in what is to be copied, and not in error messages."""
    mark = "\u202eabc\u2066"
    network = Network([Variable(mark, ("no", mark))], {mark: Table((), [0.5, 0.5])}, title=mark, name=mark)
    page = opened(browser, write_explorer(network, folder / "unseen.html", {mark: mark}))
    area = page.get_by_label("Findings as JSON")
    assert page.evaluate(UNSEEN) == []
    assert json.loads(area.input_value()) == {mark: mark}
    page.get_by_text("As data").click()
    for wrong in ({mark: "x" + mark}, {mark: 3}, {mark + "x": mark}):
        area.fill(json.dumps(wrong))
        page.get_by_role("button", name="Use these findings").click()
        assert "\\u202e" in page.locator(".problem").inner_text()
        assert page.evaluate(UNSEEN) == []
    page.context.close()


def test_the_page_refuses_what_the_library_refuses(calculator: Any) -> None:
    """Findings of all kinds, right and wrong: accepted by both or by neither."""
    network = Network([Variable("x", ("0", "1"))], {"x": Table((), [0.5, 0.5])})
    engine = spasmnet.compile(network)
    cases = [
        "0", "2", "", 0, 1.5, None, True, [], ["0"], [0.5, 0.5], {}, {"0": 1}, {"0": 1, "1": 0}, {"0": 0, "1": 0},
        {"0": -1, "1": 1}, {"0": 1, "1": "1"}, {"0": 1, "1": True}, {"0": 1, "1": 1, "2": 1}, {"0": 1e-310, "1": 1},
        {"0": 1e-299, "1": 1}, {"0": 1e308, "1": 1e308}, {"0": {"0": 1}, "1": 1}, {"0": 5e-324, "1": 5e-324},
    ]  # fmt: skip
    accepted = calculator.evaluate(
        """([content, cases]) => JSON.parse(cases).map((x) => {
          const model = new Model(JSON.parse(content));
          try { model.check({ x }); return true; } catch { return false; }
        })""",
        [json.dumps(content(engine)), json.dumps(cases)],
    )
    for case, told in zip(cases, accepted, strict=True):
        try:
            engine.posterior({"x": case})
        except EvidenceError:
            assert not told, case
        else:
            assert told or type(case) is int, case  # numbers become names of states before the page has them


@pytest.mark.parametrize("count", [1, 60])
def test_networks_of_one_variable(browser: Any, folder: Path, count: int) -> None:
    """With one state and with sixty."""
    names = tuple(f"s{i}" for i in range(count))
    network = Network([Variable("only", names)], {"only": Table((), [1 / count] * count)})
    page = opened(browser, write_explorer(network, folder / "one.html"))
    last = state(page, "only", names[-1])
    last.click()
    assert value(last) == "100%"
    assert "NaN" not in page.inner_text("body")
    last.focus()
    page.keyboard.press("Delete")
    assert page.evaluate("spasmnetExplorer.findings") == {}
    assert page.problems == []
    page.context.close()


def test_findings_of_any_number_type(tmp_path: Path) -> None:
    """What the engine takes, such as numpy's numbers and fractions; a network instead of an engine, too."""
    findings = {"heavy_sweating": {"absent": np.float32(0.25), "present": Fraction(3, 4)}}
    plain = {"heavy_sweating": {"absent": 0.25, "present": 0.75}}
    assert explorer_page(ENGINE.network, findings) == explorer_page(ENGINE, plain)
    with pytest.raises(SpasmnetError, match="a network or an engine, not str"):
        explorer_page("alarm")  # type: ignore[arg-type]
    with pytest.raises(SpasmnetError, match="cannot write the page to"):
        write_explorer(ENGINE, tmp_path / "missing" / "page.html")
    done = CliRunner().invoke(main, ["explorer", "-o", str(tmp_path / "missing" / "page.html")])
    assert "cannot write the page to" in done.output
    assert done.exit_code != 0


# The widget. A page stands in for the notebook: it gives the script what a notebook's front end gives it.
HOST = """async ([code, style, content, findings]) => {
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  const { default: widget } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const letters = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const values = { _content: new DataView(letters.buffer), findings }, heard = [];
  window.saved = [];
  window.shared = {
    get: (name) => values[name],
    set: (name, value) => { values[name] = value; },
    save_changes: () => window.saved.push(JSON.parse(JSON.stringify(values.findings))),
    on: (event, call) => heard.push([event, call]),
    off: (event, call) => heard.splice(heard.findIndex((pair) => pair[1] === call), 1),
    fromPython: (value) => { values.findings = value; heard.forEach(([event, call]) => event === "change:findings" && call()); },
    heard,
  };
  window.gone = await widget.render({ model: window.shared, el: document.body.appendChild(document.createElement("div")) });
}"""


def test_the_widget_shares_findings_with_python(browser: Any) -> None:
    """Clicks go to Python, what Python sets is shown, and a widget that is gone hears nothing."""
    from base64 import b64encode

    widget = spasmnet.explore(ENGINE, {"spasm": "painful"})
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    code, style = script("widget.js"), read("explorer.css")
    page.evaluate(HOST, [code, style, b64encode(widget._content).decode(), dict(widget.findings)])
    assert page.locator(".state[aria-pressed=true]").inner_text().startswith("Painful cramp")
    state(page, "Heavy sweating", "Yes").click()
    (saved,) = page.evaluate("saved")
    widget.findings = saved
    assert widget.posterior.evidence == {"spasm": "painful", "heavy_sweating": "present"}
    widget.findings = {"spasm": "twitch"}
    page.evaluate("(findings) => shared.fromPython(findings)", dict(widget.findings))
    assert page.locator(".state[aria-pressed=true]").inner_text().startswith("Twitch")
    assert len(page.evaluate("saved")) == 1
    page.evaluate("gone()")
    assert page.evaluate("shared.heard.length") == 0
    assert problems == []
    page.close()


CELL = """([output]) => {
  document.body.innerHTML = `<div id="notebook" style="height: 420px; margin-top: 60px; overflow-y: auto">
    <div style="height: 300px">In [1]</div><div id="output" style="${output}"></div><div style="height: 900px">In [2]</div></div>`;
}"""


@pytest.mark.parametrize("output", ["", "overflow: auto", "overflow-x: auto; position: relative"])
@pytest.mark.parametrize("width", [380, 1200])
def test_the_strip_is_in_view_inside_a_notebook(browser: Any, width: int, output: str) -> None:
    """The notebook scrolls, not the window, and a cell's output may be a scroll container itself: the strip stays in view
    as long as the widget is, and never leaves it."""
    from base64 import b64encode

    widget = spasmnet.explore(ENGINE)
    page = browser.new_page(viewport={"width": width, "height": 600})
    page.evaluate(CELL, [output])
    host = HOST.replace("document.body.appendChild", "document.getElementById('output').appendChild")
    page.evaluate(host, [script("widget.js"), read("explorer.css"), b64encode(widget._content).decode(), {}])
    strip = page.locator(".strip")
    inside = """(strip) => {
      const [it, around, root] = [strip, strip.closest("#notebook"), strip.parentElement].map((e) => e.getBoundingClientRect());
      return { below: it.top >= around.top - 0.5, above: it.bottom <= around.bottom + 0.5, within: it.top >= root.top - 0.5 && it.bottom <= root.bottom + 0.5 };
    }"""
    height = page.locator(".spasmnet-explorer").evaluate("(e) => e.offsetHeight")
    for y in (200, 320, 900, 0.5 * height, height):
        page.locator("#notebook").evaluate("(e, y) => { e.scrollTop = y; }", y)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        page.evaluate("(findings) => shared.fromPython(findings)", FLAGS)
        assert strip.evaluate(inside) == {"below": True, "above": True, "within": True}
        assert strip.locator("strong").inner_text() == "Emergency care"
        page.evaluate("shared.fromPython({})")
    page.locator("#notebook").evaluate("(e) => { e.scrollTop = e.scrollHeight; }")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert strip.evaluate(inside)["within"]
    page.close()


def test_the_widget_checks_what_python_sets() -> None:
    """Findings are those of the engine; what is not understood leaves the old ones."""
    widget = spasmnet.explore(ENGINE.network, {"spasm": {"none": 0, "twitch": 0.5, "painful": 1, "severe": 0}})
    assert widget.report.posterior.evidence == widget.findings
    assert json.loads(json.dumps(widget.get_state()["findings"])) == widget.findings
    with pytest.raises(EvidenceError, match="did you mean 'spasm'"):
        widget.findings = {"spsm": "painful"}
    assert set(widget.findings) == {"spasm"}
    with pytest.raises(SpasmnetError, match="a network or an engine"):
        spasmnet.explore("alarm")  # type: ignore[arg-type]
    widget.findings = {"spasm": "none", "spasm_frequency": "occasional"}
    with pytest.raises(ImpossibleEvidenceError):
        _ = widget.posterior
    widget.close()


def test_each_widget_is_its_own() -> None:
    """Two widgets share nothing but the engine."""
    one, two = spasmnet.explore(ENGINE), spasmnet.explore(ENGINE)
    one.findings = {"spasm": "painful"}
    assert two.findings == {}
    assert one.engine is two.engine
