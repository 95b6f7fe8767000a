"""The care rule: which red flags hold, what is unresolved, and that no way of asking goes below a flag that holds."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import ImpossibleEvidenceError, ModelError, Network, Parameter, Rule, Screening, Table, Variable
from spasmnet.cli.main import main
from spasmnet.errors import EvidenceError
from spasmnet.io.toml import parse_model
from spasmnet.triage.care import OUTCOMES, UNDETERMINED
from spasmnet.triage.guidance import CARE_LEVELS, Guidance, guidance_of
from spasmnet.triage.report import report
from spasmnet.voi.interview import interview_step
from tests.strategies import asking_networks, evidence

NETWORK = spasmnet.load()
ENGINE = spasmnet.compile(NETWORK)
HIDDEN = {"spasm": "none", "spasm_frequency": "occasional", "emergency_signs": "present"}
ANY = settings(deadline=None, suppress_health_check=list(HealthCheck))


def place(level: str) -> int:
    """Where a level stands; what is undetermined stands above all levels, and none below."""
    return OUTCOMES.index(level) if level else -1


def open_states(finding: Any) -> set[str]:
    if isinstance(finding, Mapping):
        return {state for state, weight in finding.items() if weight > 0}
    return {finding}


def status(flag: Rule, threshold: float, case: dict[str, Any], unknown: set[str], post: Any) -> str:
    """How a flag stands, by the definition of spasmnet.triage.care, one condition at a time."""
    silent, sure, likely = False, True, True
    for name, states in flag.when.items():
        if name not in case:
            if name in unknown and flag.unknown == "absent":
                return "ruled out"
            silent, sure = True, False
            continue
        left = open_states(case[name])
        if not left & set(states):
            return "ruled out"
        if left <= set(states):
            continue
        sure = False
        inside = [w for s, w in case[name].items() if s in states]
        outside = [w for s, w in case[name].items() if s not in states]
        speaks = np.mean(inside) > np.mean(outside)
        likely &= bool(speaks) or (post is not None and sum(post[name][s] for s in states) >= threshold)
    if sure:
        return "certain"
    return "unresolved" if silent else "likely" if likely else "possible"


@st.composite
def cases(draw: st.DrawFn) -> tuple[Network, dict[str, Any], set[str]]:
    """A network with red flags, findings for it (which may contradict one another), and what was asked in vain."""
    network = draw(asking_networks())
    case = draw(evidence(network))
    asked = [v.name for v in network.variables if v.question and v.name not in case]
    unknown = draw(st.sets(st.sampled_from(asked))) if asked else set()
    return network, case, unknown


@ANY
@given(cases())
def test_flags_stand_as_defined(drawn: tuple[Network, dict[str, Any], set[str]]) -> None:
    """Each flag is certain, likely, possible, unresolved or ruled out by its own conditions alone."""
    network, case, unknown = drawn
    try:
        found = report(spasmnet.compile(network), case, unknown=unknown)
    except ImpossibleEvidenceError as error:
        assert {flag.id for flag in error.red_flags} == {
            rule.id
            for rule in guidance_of(network).red_flags
            if status(rule, 0, case, unknown, None) in ("certain", "likely")
        }
        return
    told = {flag.id: flag.holds for flag in (*found.red_flags, *found.possible_red_flags)}
    told |= {rule.id: "unresolved" for rule in found.unresolved_red_flags}
    for rule in guidance_of(network).red_flags:
        threshold = guidance_of(network).screening.threshold(rule)
        chances = [sum(found.posterior[n][s] for s in states) for n, states in rule.when.items()]
        assume(all(abs(chance - threshold) > 1e-9 for chance in chances))
        expected = status(rule, threshold, case, unknown, found.posterior)
        assert told.get(rule.id, "ruled out") == expected


@ANY
@given(cases())
def test_no_way_of_asking_goes_below_a_flag(drawn: tuple[Network, dict[str, Any], set[str]]) -> None:
    """The level is at least that of every flag that holds for certain: alone, in the interview, in a table, in JSON, and
    where findings contradict one another. All of them tell the same level."""
    network, case, unknown = drawn
    engine = spasmnet.compile(network)
    hard = {name: finding for name, finding in case.items() if isinstance(finding, str)}
    for findings in (case, hard):
        sure = [
            place(r.level) for r in guidance_of(network).red_flags if status(r, 0, findings, unknown, None) == "certain"
        ]
        floor = max(sure, default=-1)
        question = {"contract": 1, "evidence": {**findings, **dict.fromkeys(unknown, "unknown")}}
        assume(not any("unknown" in v.states for v in network.variables))
        try:
            level = told(report(engine, findings, unknown=unknown).care)
            answer = spasmnet.answer_json(engine, json.dumps(question))
            assert told(spasmnet.care_level(engine, findings, unknown=unknown)) == level
            assert (answer["care"]["level"] if answer["care"] else "") == level
        except ImpossibleEvidenceError as error:
            level = error.care_floor
            assert spasmnet.error_json(error)["error"]["care_floor"] == level
            assert pickle.loads(pickle.dumps(error)).red_flags == error.red_flags
            assert all(flag.text in str(error) for flag in error.red_flags)
        assert place(level) >= floor
        about = [v.name for v in network.variables if v.role in ("cause", "serious")]
        if not all(name in hard for name in about) and any(
            v.question and v.name not in about for v in network.variables
        ):
            answers = [*findings.items(), *((name, None) for name in unknown)]
            step = interview_step(engine, answers, interval=None, samples=5)
            assert told(step.care) == level
            assert {flag.id for flag in step.red_flags} >= {
                r.id for r in guidance_of(network).red_flags if status(r, 0, findings, unknown, None) == "certain"
            }
        if findings is hard and hard and not unknown:
            row = engine.reports(pd.DataFrame([hard])).iloc[0]
            assert place(row["level"]) >= floor
            assert row["level"] == (level or (UNDETERMINED if row["status"] == "contradiction" else ""))


def told(care: spasmnet.Care | None) -> str:
    return care.level if care else ""


def test_a_contradiction_hides_no_emergency() -> None:
    """The error, its JSON, the step, the row, the command line and the interview on the screen name the emergency."""
    with pytest.raises(ImpossibleEvidenceError) as caught:
        ENGINE.posterior(HIDDEN)
    assert caught.value.care_floor == "emergency"
    assert [flag.id for flag in caught.value.red_flags] == ["emergency_signs"]
    assert "emergency (emergency_signs): Confusion" in str(caught.value)
    found = spasmnet.error_json(caught.value)["error"]
    assert (found["red_flags"][0]["level"], found["care_floor"]) == ("emergency", "emergency")
    step = interview_step(ENGINE, HIDDEN)
    assert step.status == "contradiction" and step.care is not None and step.care.level == "emergency"
    assert "Confusion" in step.why and step.as_dict()["red_flags"][0]["id"] == "emergency_signs"
    for shown in (str(step), step._repr_mimebundle_()["text/html"]):
        assert "Confusion" in shown and "Emergency care, now" in shown
    row = ENGINE.reports(pd.DataFrame([HIDDEN], index=["me"])).loc["me"]
    assert row.to_dict() == {
        "level": "emergency", "decided_by": "red flag", "flags": ("emergency_signs",),
        "unresolved_flags": row["unresolved_flags"], "status": "contradiction",
    }  # fmt: skip
    run = CliRunner().invoke(main, ["query", *(f"{name}={state}" for name, state in HIDDEN.items())])
    assert run.exit_code == 3 and "emergency (emergency_signs)" in run.output
    with pytest.raises(ImpossibleEvidenceError) as in_table:
        ENGINE.posteriors(pd.DataFrame([HIDDEN]))
    assert in_table.value.care_floor == "emergency" and in_table.value.in_table


def test_not_knowing_is_no_reassurance() -> None:
    """ "Don't know" to every red-flag question ends undetermined, with the flags that are not ruled out."""
    asked = sorted({name for rule in guidance_of(NETWORK).red_flags for name in rule.when} - {"spasm"})
    step = interview_step(ENGINE, [("spasm", "twitch"), *((name, None) for name in asked)], samples=20)
    assert step.care is not None
    assert (step.care.level, step.care.decided_by) == (UNDETERMINED, "too few answers")
    assert step.care.preferred and step.care.advice == guidance_of(NETWORK).screening.advice
    still = {rule.id for rule in step.unresolved_red_flags}
    assert {"emergency_signs", "jaw_stiffness", "saddle_or_retention"} <= still
    assert "cramp_on_walking" not in still  # of which "don't know" counts as absent
    found = spasmnet.answer_json(ENGINE, {"contract": 1, "evidence": dict.fromkeys(asked, "unknown")})
    assert found["care"]["level"] == UNDETERMINED
    unresolved = {rule["id"]: rule for rule in found["unresolved_red_flags"]}
    assert unresolved["jaw_stiffness"]["unknown"] == ["jaw_stiffness"]
    screen = CliRunner().invoke(main, ["query", "spasm=painful", "--no-interval"]).output
    assert "Not known yet" in screen and "not asked: Urine colour" in screen and "a routine appointment" in screen


def test_enough_answers_tell_a_level() -> None:
    """From the sixth of the fifteen questions on a level below urgent care is told; a flag needs no minimum."""
    questions = sorted(guidance_of(NETWORK).screening.questions(guidance_of(NETWORK).red_flags))
    assert len(questions) == 15
    for count in range(len(questions) + 1):
        care = spasmnet.care_level(ENGINE, {name: NETWORK.by_name[name].states[0] for name in questions[:count]})
        assert care is not None and care.answered == count and care.minimum == 6
        assert (care.level == UNDETERMINED) == (count < 6)
        assert care.provisional == care.preferred
    urgent = spasmnet.care_level(ENGINE, {"spasm": "severe"})
    assert urgent is not None and (urgent.level, urgent.decided_by) == ("urgent", "red flag")


def test_a_strongly_reported_sign_counts() -> None:
    """An emergency reported at 0.99 is one, and what decided is listed with its probability."""
    found = report(ENGINE, {"jaw_stiffness": {"absent": 0.01, "present": 0.99}})
    assert found.care is not None and (found.care.level, found.care.decided_by) == ("emergency", "red flag")
    assert [(f.id, f.holds, f.probability) for f in found.red_flags] == [("jaw_stiffness", "likely", 0.99)]
    assert found.red_flags == found.care.flags
    for page in (str(found), found._repr_mimebundle_()["text/html"]):
        assert "likely, 99%" in page and "Red flags not ruled out" in page


def rare(prior: float, **screening: Any) -> spasmnet.Engine:
    """A sign with a prior, which is an emergency."""
    sign = Variable("sign", ("no", "yes"), role="finding", question="A sign?")
    flag = Rule("sign", {"sign": ("yes",)}, "A sign.", "emergency")
    return spasmnet.compile(
        Network(
            (sign,),
            {"sign": Table((), [1 - prior, prior])},
            guidance=Guidance(red_flags=(flag,), screening=Screening(**screening)),
        )
    )


@pytest.mark.parametrize(
    ("prior", "weight", "holds", "probability"),
    [
        (1e-6, 0.99, "likely", 0.99),  # the finding speaks for it, however small the prior is
        (1e-6, 0.51, "likely", 0.51),
        (1e-6, 0.5, "possible", 0.5),  # it says nothing
        (0.04, 0.5, "possible", 0.5),
        (0.06, 0.5, "likely", 0.5),  # the threshold is 0.05
        (0.5, 0.1, "likely", 0.1),  # 0.1: against it, but above the threshold
        (0.5, 0.04, "possible", 0.04),
    ],
)
def test_thresholds(prior: float, weight: float, holds: str, probability: float) -> None:
    """A likelihood makes a flag likely if its probability reaches the threshold, or if it speaks for the flag itself."""
    found = report(rare(prior), {"sign": {"no": 1 - weight, "yes": weight}})
    (flag,) = (*found.red_flags, *found.possible_red_flags)
    assert flag.holds == holds
    assert flag.probability == pytest.approx(probability)
    assert (found.care is not None) == (holds == "likely")


def test_thresholds_can_be_told_per_level_and_flag() -> None:
    """A model's own numbers go before the library's, and a flag's own before its level's."""
    case = {"sign": {"no": 0.7, "yes": 0.3}}
    assert report(rare(0.5), case).red_flags
    high = Parameter(0.4, 0.3, 0.5, "guess")
    assert not report(rare(0.5, thresholds={"emergency": high}), case).red_flags
    network = rare(0.5, thresholds={"emergency": high}).network
    flag = Rule("sign", {"sign": ("yes",)}, "A sign.", "emergency", threshold=Parameter(0.3, 0.2, 0.5, "guess"))
    other = Network(
        network.variables, network.cpds, guidance=Guidance(red_flags=(flag,), screening=guidance_of(network).screening)
    )
    assert report(spasmnet.compile(other), case).red_flags
    digests = {n.digest for n in (network, other, rare(0.5).network)}
    assert len(digests) == 3


def test_unknown_is_checked() -> None:
    """What is unknown is a variable of the network that is not a finding too."""
    with pytest.raises(EvidenceError, match="both a finding and unknown"):
        spasmnet.report(ENGINE, {"spasm": "painful"}, unknown=["spasm"])
    with pytest.raises(spasmnet.UnknownVariableError, match="did you mean 'spasm'"):
        spasmnet.care_level(ENGINE, unknown=["spam"])
    with pytest.raises(EvidenceError, match="unknown is a list"):
        spasmnet.report(ENGINE, unknown="spasm")


def test_reports_are_those_of_each_case() -> None:
    """Every row has the level, flags and open flags of the report on its case, under the same index."""
    sample = spasmnet.sample(NETWORK, 300, rng=np.random.default_rng(5))
    rng = np.random.default_rng(6)
    asked = [v.name for v in NETWORK.variables if v.role in ("risk_factor", "finding")]
    frame = sample[asked].mask(rng.random((300, len(asked))) < 0.6)
    frame.loc[7, ["spasm", "spasm_frequency"]] = ["none", "occasional"]
    frame.index = pd.Index([f"case {i}" for i in range(300)])
    found = ENGINE.reports(frame)
    assert found.index.equals(frame.index)
    assert list(found.columns) == ["level", "decided_by", "flags", "unresolved_flags", "status"]
    assert found.attrs["spasmnet"]["provenance"] == ENGINE.provenance.as_dict()
    assert set(found["level"]) >= {UNDETERMINED, "urgent", "emergency"} and set(found["status"]) == {
        "ok",
        "contradiction",
    }
    for (_, row), (_, told_row) in zip(frame.iterrows(), found.iterrows(), strict=True):
        case = row.dropna().to_dict()
        try:
            expected = report(ENGINE, case)
        except ImpossibleEvidenceError as error:
            assert told_row["status"] == "contradiction"
            assert told_row["level"] == (error.care_floor or UNDETERMINED)
            assert told_row["flags"] == tuple(flag.id for flag in error.red_flags)
            continue
        assert expected.care is not None
        assert (told_row["level"], told_row["decided_by"]) == (expected.care.level, expected.care.decided_by)
        assert told_row["flags"] == tuple(flag.id for flag in expected.red_flags)
        assert told_row["unresolved_flags"] == tuple(rule.id for rule in expected.unresolved_red_flags)


SCREENING = """
[screening]
rules_out = "urgent"
advice = "Ask."
thresholds = { urgent = { value = 0.2, low = 0.1, high = 0.3, source = "guess" } }
answered = { value = 0.5, low = 0.2, high = 1.0, source = "guess" }
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('rules_out = "urgent"', 'rules_out = "urgently"', "screening.rules_out: 'urgently' is not one of self_care"),
        ('advice = "Ask."\n', "", "screening.advice: is missing; text is needed"),
        ("value = 0.2", "value = 2", "screening.thresholds.urgent.value: 2 is not in [0, 1]"),
        ("value = 0.5, ", "", "screening.answered.value: is missing"),
        ('high = 1.0, source = "guess"', "high = 1.0", "screening.answered: names no source"),
        ("urgent = {", "urgently = {", "screening.thresholds.urgently: unknown key; did you mean 'urgent'?"),
        ("advice = ", "advise = ", "screening.advise: unknown key; did you mean 'advice'?"),
    ],
)  # fmt: skip
def test_a_wrong_screening_table_is_refused(old: str, new: str, message: str) -> None:
    """Each fault of a screening table is told with its path."""
    page = (Path(__file__).parent.parent / "docs" / "model-file.md").read_text(encoding="utf-8")
    text = page.split("```toml\n")[1].split("```")[0]
    assert guidance_of(parse_model(text + SCREENING)).screening.advice == "Ask."
    with pytest.raises(ModelError) as caught:
        parse_model(text + SCREENING.replace(old, new, 1))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('unknown = "maybe"', "red_flags.hot_and_cramping.unknown: 'maybe' is not one of possible, absent"),
        ("threshold = 0.2", "red_flags.hot_and_cramping.threshold: a table { value, low, high, source } is needed"),
    ],
)
def test_a_wrong_flag_is_refused(line: str, message: str) -> None:
    """What a flag says about don't know, and its threshold, are checked."""
    page = (Path(__file__).parent.parent / "docs" / "model-file.md").read_text(encoding="utf-8")
    text = page.split("```toml\n")[1].split("```")[0].replace('level = "routine"', f'level = "routine"\n{line}', 1)
    with pytest.raises(ModelError) as caught:
        parse_model(text)
    assert message in str(caught.value)


def test_levels_have_places() -> None:
    """What is undetermined is no level, and no level is above it."""
    assert (*CARE_LEVELS, UNDETERMINED) == OUTCOMES


def test_a_contradiction_hides_no_reported_emergency() -> None:
    """An emergency reported at 0.99 stays when other findings contradict one another, in an error and in a table."""
    unsure = {**HIDDEN, "emergency_signs": {"absent": 0.01, "present": 0.99}}
    with pytest.raises(ImpossibleEvidenceError) as caught:
        ENGINE.posterior(unsure)
    assert caught.value.care_floor == "emergency"
    columns = {("emergency_signs", state): [weight] for state, weight in unsure.pop("emergency_signs").items()}  # type: ignore[attr-defined]
    row = ENGINE.reports(pd.DataFrame({**{name: [state] for name, state in unsure.items()}, **columns})).iloc[0]
    assert (row["level"], row["flags"], row["status"]) == ("emergency", ("emergency_signs",), "contradiction")


def test_reports_of_tables_with_likelihoods_are_those_of_single_cases() -> None:
    """Rows with likelihoods, certain findings and neither have the level and the flags of each case alone, in any frame."""
    weights = {"absent": [None, 0.01, 0.6, 0.9, 0.0, None], "present": [None, 0.99, 0.4, 0.1, 1.0, None]}
    frame = pl.DataFrame(
        {"spasm": ["painful", "twitch", None, "severe", "none", None]}
        | {f"jaw_stiffness={state}": column for state, column in weights.items()}
    )
    found = ENGINE.reports(frame)
    assert isinstance(found, pl.DataFrame)
    for row, spasm, no, yes in zip(
        found.to_dicts(), frame["spasm"], weights["absent"], weights["present"], strict=True
    ):
        case = ({"spasm": spasm} if spasm else {}) | (
            {"jaw_stiffness": {"absent": no, "present": yes}} if yes is not None else {}
        )
        alone = report(ENGINE, case)
        assert alone.care is not None and row["level"] == alone.care.level
        assert row["flags"] == [flag.id for flag in alone.red_flags]
        assert row["unresolved_flags"] == [rule.id for rule in alone.unresolved_red_flags]
