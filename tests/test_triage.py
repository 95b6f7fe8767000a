"""The level of care: red flags are a floor that nothing lowers, and the least expected loss decides above it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spasmnet
from spasmnet import Harm, Losses, ModelError, Network, Posterior, Problem, Rule, Table, Variable
from spasmnet.io.toml import parse_model
from spasmnet.triage.care import UNDETERMINED, assess, assess_contradiction, suspected
from spasmnet.triage.guidance import CARE_LEVELS, Guidance, guidance_of
from spasmnet.triage.report import report

NETWORK = spasmnet.load()
ENGINE = spasmnet.compile(NETWORK)
OBSERVABLE = [v for v in NETWORK.variables if v.role in ("risk_factor", "finding")]


def place(level: str) -> int:
    return CARE_LEVELS.index(level)


def ways(rule: Rule) -> Iterator[dict[str, str]]:
    """Every combination of findings that makes a red flag hold."""
    for states in product(*rule.when.values()):
        yield dict(zip(rule.when, states, strict=True))


def possible(evidence: dict[str, str]) -> Posterior | None:
    try:
        return ENGINE.posterior(evidence)
    except spasmnet.ImpossibleEvidenceError:
        return None


@pytest.mark.parametrize("rule", guidance_of(NETWORK).red_flags, ids=lambda rule: rule.id)
def test_no_further_finding_takes_the_level_below_a_flag(rule: Rule) -> None:
    """For every way in which a flag holds and every further finding, the level is at least the flag's."""
    for findings in ways(rule):
        for variable in OBSERVABLE:
            for state in variable.states if variable.name not in findings else ():
                post = possible({**findings, variable.name: state})
                if post is not None:
                    care = assess(post).care
                    assert care is not None
                    assert place(care.provisional) >= place(rule.level), (findings, variable.name, state)
                    assert care.level in (care.provisional, UNDETERMINED)
                    assert care.level != UNDETERMINED or place(care.provisional) < place("urgent")


def test_no_pair_of_further_findings_removes_a_flag() -> None:
    """Flags are only ever added by findings: exhaustive over all ways of all flags and all pairs of their variables' states."""
    used = {name for rule in guidance_of(NETWORK).red_flags for name in rule.when}
    extras = [(v.name, s) for v in OBSERVABLE if v.name in used for s in v.states]
    for rule in guidance_of(NETWORK).red_flags:
        for findings in ways(rule):
            for pair in combinations(extras, 2):
                more = dict(pair)
                if len(more) == 2 and not more.keys() & findings.keys():
                    assert rule.holds({**findings, **more})


@given(st.dictionaries(st.sampled_from(OBSERVABLE), st.integers(0, 10), max_size=12))
def test_flags_hold_one_by_one(chosen: dict[Variable, int]) -> None:
    """Which flags hold depends on each rule alone, never on the other flags or findings."""
    evidence = {v.name: v.states[i % len(v.states)] for v, i in chosen.items()}
    certain = {flag.rule for flag in assess_contradiction(NETWORK, evidence).red_flags}
    assert certain == {rule for rule in guidance_of(NETWORK).red_flags if rule.holds(evidence)}


@given(st.dictionaries(st.sampled_from(OBSERVABLE), st.integers(0, 10), max_size=6))
def test_the_level_is_the_higher_of_floor_and_least_loss(chosen: dict[Variable, int]) -> None:
    """The expected losses are those of a direct sum over the posterior, the least is preferred, the floor wins."""
    post = possible({v.name: v.states[i % len(v.states)] for v, i in chosen.items()})
    if post is None:
        return
    found, losses = assess(post), guidance_of(NETWORK).losses
    care = found.care
    assert care is not None and losses is not None
    for level in CARE_LEVELS:
        expected = losses.burden[level]
        for harm in losses.harms:
            expected += sum(post[harm.variable][s] for s in harm.states) * harm.loss[level]
        assert care.expected_loss[level] == pytest.approx(expected, abs=1e-12)
    assert care.expected_loss[care.preferred] == min(care.expected_loss.values())
    floor = max((place(flag.level) for flag in found.red_flags), default=0)
    level = max(place(care.preferred), floor)
    assert place(care.provisional) == level
    told = level >= place("urgent") or care.answered >= care.minimum
    assert care.level == (CARE_LEVELS[level] if told else UNDETERMINED)
    by_rule = "red flag" if care.flags and floor >= place(care.preferred) else "expected loss"
    assert care.decided_by == (by_rule if told else "too few answers")


def test_equal_losses_take_the_more_cautious_level() -> None:
    """When two levels cost the same, the higher one is preferred."""
    variable = Variable("x", ("no", "yes"))
    losses = Losses(dict(zip(CARE_LEVELS, (0.0, 0.0, 5.0, 5.0), strict=True)), ())
    network = Network((variable,), {"x": Table((), [0.5, 0.5])}, guidance=Guidance(losses=losses))
    care = spasmnet.care_level(spasmnet.compile(network))
    assert care is not None and care.level == "routine"


def test_a_network_without_losses_has_no_level() -> None:
    """A network that says nothing about care gets no level of care."""
    network = Network((Variable("x", ("no", "yes")),), {"x": Table((), [0.5, 0.5])})
    assert spasmnet.care_level(spasmnet.compile(network)) is None
    assert report(spasmnet.compile(network)).care is None


def test_uncertain_findings_raise_the_floor_when_they_are_likely() -> None:
    """A possible flag counts for the floor once its condition is likely, and not before."""
    for likelihood, level in ((0.0001, False), (1000.0, True)):
        care = spasmnet.care_level(ENGINE, {"saddle_or_retention": {"absent": 1.0, "present": likelihood}})
        assert care is not None
        assert (care.floor == "emergency") is level


def test_flags_name_what_they_are_flags_for() -> None:
    """What an urgent or emergency flag points at comes first in the differential, whatever its probability."""
    found = report(ENGINE, {"dark_urine": "cola", "muscle_pain": "present"})
    assert found.differential[0].name == "rhabdomyolysis"
    assert suspected(found.red_flags) == ("rhabdomyolysis",)
    routine = [rule for rule in guidance_of(NETWORK).red_flags if rule.level == "routine"]
    assert suspected([replace(routine[0], suspects=("dvt",))]) == ()


def test_every_serious_condition_is_named_by_a_flag() -> None:
    """Nothing that must not be missed depends on probabilities alone."""
    named = {name for rule in guidance_of(NETWORK).red_flags for name in rule.suspects}
    assert {v.name for v in NETWORK.variables if v.role == "serious"} <= named


def test_losses_are_part_of_the_digest() -> None:
    """A changed loss is another model."""
    losses = guidance_of(NETWORK).losses
    assert losses is not None
    dearer = replace(losses, burden={**losses.burden, "routine": 1.5})
    assert replace(NETWORK, guidance=replace(guidance_of(NETWORK), losses=dearer)).digest != NETWORK.digest


def test_more_probable_harm_never_lowers_the_level() -> None:
    """Along rising probability of every harm alone, the preferred level only rises."""
    losses = guidance_of(NETWORK).losses
    assert losses is not None
    for harm in losses.harms:
        last = 0
        for p in np.linspace(0, 1, 101):
            total = {level: losses.burden[level] + p * harm.loss[level] for level in CARE_LEVELS}
            best = max(place(level) for level in CARE_LEVELS if total[level] == min(total.values()))
            assert best >= last, harm.id
            last = best
        assert last > 0, f"{harm.id} never asks for more than self-care"


CARE = """
[care]
unit = "one visit"
source = "guess"
burden = { self_care = 0.0, routine = 1.0, urgent = 2.0, emergency = 3.0 }
[[care.harms]]
id = "strain"
when = { strain = ["yes"] }
loss = { self_care = 4.0, routine = 0.0, urgent = 0.0, emergency = 0.0 }
"""


def model_with(care: str) -> str:
    page = (Path(__file__).parent.parent / "docs" / "model-file.md").read_text(encoding="utf-8")
    return page.split("```toml\n")[1].split("```")[0] + care


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("emergency = 3.0", "emergency = 0.5", "care.burden: must not fall from self_care to emergency"),
        ("self_care = 4.0, ", "", "care.harms.strain.loss.self_care: is missing; a number of at least 0 is needed"),
        ("self_care = 4.0", "self_care = -4.0", "care.harms.strain.loss.self_care: a number of at least 0 is needed"),
        ("routine = 0.0", "routine = nan", "care.harms.strain.loss.routine: a number of at least 0 is needed"),
        ("routine = 0.0", "routine = 5.0", "care.harms.strain.loss: must not rise"),
        ('strain = ["yes"]', 'strein = ["yes"]', "there is no variable 'strein'; did you mean 'strain'?"),
        ('strain = ["yes"]', 'strain = ["often"]', "strain has no state 'often'"),
        ('strain = ["yes"]', 'strain = ["yes"], heat = ["yes"]', "names several variables"),
        ('source = "guess"', 'source = "gues"', "there is no source 'gues'; did you mean 'guess'?"),
        ('unit = "one visit"', 'unit = ""', "care.unit: is empty"),
        ("burden = ", "burdens = ", "care.burdens: unknown key"),
    ],
)  # fmt: skip
def test_a_wrong_care_table_is_refused(old: str, new: str, message: str) -> None:
    """Each fault of a care table is told with its path."""
    assert guidance_of(parse_model(model_with(CARE))).losses is not None
    with pytest.raises(ModelError) as caught:
        parse_model(model_with(CARE.replace(old, new, 1)))
    assert message in str(caught.value)


def test_what_is_no_harm_is_told_once() -> None:
    """A harm or a care table that is no table is one problem, not a list of all that it lacks."""
    for care, path in (("[care]\nunit='u'\nsource='guess'\nburden={self_care=0,routine=0,urgent=0,emergency=0}\nharms=[3]",
                        "care.harms[#1]"), ("care=3", "care")):  # fmt: skip
        text = f"{care}\n{model_with('')}" if path == "care" else model_with(f"\n{care}\n")
        with pytest.raises(ModelError) as caught:
            parse_model(text)
        assert list(caught.value.problems) == [Problem(path, "a table is needed, not a number (3)")]


def test_a_care_table_is_read_whole() -> None:
    """Unit, source and note of the losses; a harm has its own source, or that of the table."""
    text = model_with(CARE.replace("burden", 'note = " why "\nburden', 1) + 'note = "how"\nwhere = "p. 7"')
    losses = guidance_of(parse_model(text)).losses
    assert losses is not None
    assert (losses.unit, losses.source, losses.note) == ("one visit", "guess", "why")
    assert losses.burden == {"self_care": 0.0, "routine": 1.0, "urgent": 2.0, "emergency": 3.0}
    (harm,) = losses.harms
    assert (harm.id, harm.variable, harm.states, harm.source, harm.where, harm.note) == (
        "strain", "strain", ("yes",), "guess", "p. 7", "how"
    )  # fmt: skip
    text = model_with(CARE.replace('source = "guess"\n', "", 1) + 'source = "guess"')
    own = guidance_of(parse_model(text)).losses
    assert own is not None
    assert (own.source, own.harms[0].source) == ("", "guess")


def test_a_suspect_must_exist() -> None:
    """A red flag can only point at variables of the model."""
    text = model_with("").replace('level = "routine"', 'level = "routine"\nsuspects = ["strains"]')
    with pytest.raises(ModelError, match=r"red_flags\.hot_and_cramping\.suspects: there is no variable 'strains'"):
        parse_model(text)


def test_harms_are_values() -> None:
    """A harm keeps what it was given and cannot be changed through it."""
    loss = dict.fromkeys(CARE_LEVELS, 1.0)
    harm = Harm("h", "x", ("yes",), loss)
    loss["routine"] = 9.0
    assert harm.loss["routine"] == 1.0
