"""Robustness of decisions: the batch rule against the report, crossings against changed networks, and closed forms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import (
    EvidenceError,
    Harm,
    ImpossibleEvidenceError,
    Losses,
    Network,
    NoisyMax,
    Parameter,
    SpasmnetError,
    Table,
    Variable,
)
from spasmnet.io import catalogue
from spasmnet.parameters.assignment import Place as CitedPlace
from spasmnet.parameters.assignment import cited_numbers, with_values
from spasmnet.parameters.names import Place, value_at
from spasmnet.triage.care import OUTCOMES
from spasmnet.triage.crossings import CARE, CAUSE
from spasmnet.triage.guidance import CARE_LEVELS, Guidance, Rule, Screening, guidance_of
from spasmnet.triage.report import report
from spasmnet.triage.robustness import DecisionRobustness, decision_robustness
from spasmnet.triage.rule import DecisionRule
from spasmnet.uncertainty import draws as drawn
from spasmnet.uncertainty.distributions import Distributions
from spasmnet.validation.files import read_vignettes
from tests import strategies

NETWORK = spasmnet.load()
ENGINE = spasmnet.compile(NETWORK)
CASE = {"spasm": "painful", "heavy_sweating": "present"}
VIGNETTES = read_vignettes(catalogue.companion("vignettes"), NETWORK).items


def decided(engine: spasmnet.Engine, evidence: dict[str, Any]) -> tuple[str, str | None]:
    """The leading cause and the level of care by the report."""
    found = report(engine, evidence)
    return found.differential[0].name, found.care.level if found.care else None


def order_of(rule: DecisionRule, engine: spasmnet.Engine, evidence: dict[str, Any]) -> tuple[list[str], str | None]:
    """The order and the level by the batch rule."""
    post = engine.posterior(evidence)
    row = np.array([[p for name in rule.names for p in post[name].values()]])
    found = rule.decide(rule.quantities(row))
    care = OUTCOMES[found.told[0]] if rule.levels else None
    return [rule.candidates[i] for i in found.order[0]], care


# ---------------------------------------------------------------- the rule


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda v: v.id)
def test_the_rule_is_the_reports_on_every_vignette(vignette: Any) -> None:
    """The whole order of the differential and the level of care are those of the report."""
    found = report(ENGINE, vignette.findings)
    rule = DecisionRule.of(NETWORK, vignette.findings)
    order, care = order_of(rule, ENGINE, vignette.findings)
    names = [v.name for v in found.differential]
    assert order[: len(names)] == names
    assert found.care is not None
    assert care == found.care.level


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_rule_is_the_reports_on_any_findings(data: st.DataObject) -> None:
    """Also with likelihoods, which leave red flags possible, and with causes and serious conditions observed."""
    evidence = data.draw(strategies.evidence(NETWORK))
    kept = data.draw(st.lists(st.sampled_from(NETWORK.names), max_size=8, unique=True))
    evidence = {name: finding for name, finding in evidence.items() if name in kept}
    try:
        found = report(ENGINE, evidence)
    except ImpossibleEvidenceError:
        assume(False)
        return
    order, care = order_of(DecisionRule.of(NETWORK, evidence), ENGINE, evidence)
    names = [v.name for v in found.differential]
    assert order[: len(names)] == names
    assert found.care is not None
    assert care == found.care.level


# ---------------------------------------------------------------- draws


def test_each_draw_is_decided_as_its_network_is() -> None:
    """The leading cause and the level of each drawn network are those of the report on that network."""
    for evidence in (CASE, {"spasm": "twitch"}, {"dark_urine": {"normal": 1.0, "concentrated": 2.0, "cola": 3.0}}):
        found = decision_robustness(ENGINE, evidence, draws=12, rng=np.random.default_rng(4))
        ((stream, size),) = drawn.streams(np.random.default_rng(4), 12)
        places = [CitedPlace(*place) for place in found.distributions.places]
        for i, values in enumerate(found.distributions.draw(stream, size)):
            engine = spasmnet.compile(with_values(NETWORK, dict(zip(places, values.tolist(), strict=True))))
            cause, care = decided(engine, evidence)
            assert found.rule.candidates[found.drawn.order[i, 0]] == cause
            assert OUTCOMES[found.drawn.told[i]] == care


def two_causes(**options: Any) -> Network:
    """Two causes, whose probabilities are uncertain numbers themselves, with losses for one of them."""
    first = options.get("first", Parameter(0.5, 0.3, 0.7, "study"))
    second = options.get("second", Parameter(0.45, 0.2, 0.6, "guess"))
    variables = Variable("a", ("no", "yes"), role="cause"), Variable("b", ("no", "yes"), role="cause")
    cpds = {n: Table((), [1 - p.value, p.value], {(1,): p}) for n, p in (("a", first), ("b", second))}
    burden = dict(zip(CARE_LEVELS, (0.0, 1.0, 2.0, 3.0), strict=True))
    loss = dict(zip(CARE_LEVELS, (4.0, 1.0, 0.5, 0.0), strict=True))
    return Network(variables, cpds, guidance=Guidance(losses=Losses(burden, (Harm("h", "b", ("yes",), loss),))))


def test_shares_in_closed_form() -> None:
    """Two uniform probabilities: how often the first is above the second, and the loss decides at one third."""
    found = decision_robustness(spasmnet.compile(two_causes()), kind="uniform", draws=20000)
    assert (found.cause, found.care) == ("a", "routine")
    u, v = (np.linspace(low, high, 4001) for low, high in ((0.3, 0.7), (0.2, 0.6)))
    truth = float(np.clip((u - v[0]) / (v[-1] - v[0]), 0, 1).mean())
    frame = found.outcomes.set_index(["decision", "outcome"])
    assert abs(found.cause_stays - truth) < 4 * frame.loc[(CAUSE, "a"), "error"]
    assert found.cause_stays == frame.loc[(CAUSE, "a"), "share"]
    # self-care costs 4 p, routine care 1 + p: the same at 1/3
    assert found.care_stays is not None
    assert abs(found.care_stays - (0.6 - 1 / 3) / 0.4) < 4 * frame.loc[(CARE, "routine"), "error"]
    assert frame.loc[(CARE, "self_care"), "share"] == pytest.approx(1 - found.care_stays)
    assert frame.groupby("decision")["share"].sum().tolist() == pytest.approx([1.0, 1.0])
    n, p = 20000, (found.cause_stays * 20000 + 2) / 20004
    assert frame.loc[(CAUSE, "a"), "error"] == pytest.approx(np.sqrt(p * (1 - p) / (n + 4)))


def test_crossings_in_closed_form() -> None:
    """Each number turns the lead where it meets the other's value, and the level of care at one third."""
    found = decision_robustness(spasmnet.compile(two_causes()), kind="uniform", draws=100)
    frame = found.overturning
    rows = {(r.variable, r.decision): r for r in frame.itertuples()}
    assert rows["a", CAUSE].turns_at == pytest.approx(0.45, abs=1e-12)
    assert rows["a", CAUSE].becomes == "b"
    assert rows["a", CAUSE].chance == pytest.approx(0.15 / 0.4)
    assert rows["b", CAUSE].turns_at == pytest.approx(0.5, abs=1e-12)
    assert rows["b", CAUSE].chance == pytest.approx(0.1 / 0.4)
    assert rows["b", CARE].turns_at == pytest.approx(1 / 3, abs=1e-12)
    assert rows["b", CARE].becomes == "self_care"
    assert ("a", CARE) not in rows
    assert frame["chance"].is_monotonic_decreasing
    assert frame.index[0] == "P(a=yes)"


def test_sources_in_closed_form() -> None:
    """The lead is a difference of two numbers: shares by their variances; the level of care hangs on one of them."""
    found = decision_robustness(spasmnet.compile(two_causes()), kind="uniform", draws=2000)
    frame = found.sources
    assert set(frame.index) == {"study", "guess"}
    assert frame["cause_share"].to_dict() == pytest.approx({"study": 0.5, "guess": 0.5})
    assert frame["care_share"].to_dict() == pytest.approx({"study": 0.0, "guess": 1.0})
    assert frame.index[0] == "guess"
    assert found.care_stays is not None
    expected = 0.5 * (1 - found.cause_stays) + 1 - found.care_stays
    assert frame.loc["guess", "flips"] == pytest.approx(expected)
    assert frame["flips"].sum() == pytest.approx(2 - found.cause_stays - found.care_stays)
    assert frame["overturning"].to_dict() == {"study": 1, "guess": 1}


# ---------------------------------------------------------------- crossings against changed networks


def moved(network: Network, place: Place, t: float) -> Network:
    """The network with one number at t, the others of its row in proportion."""
    name, key = place
    cpd = network.cpds[name]
    if isinstance(cpd, NoisyMax):
        leak, links = cpd.leak.copy(), [link.copy() for link in cpd.links]
        row = leak if key[0] < 0 else links[key[0]][key[1]]
    else:
        values = cpd.table().copy()
        row = values[key[:-1]]
    others = np.arange(len(row)) != key[-1]
    rest = row[others].sum()
    row[others] = row[others] * (1 - t) / rest if rest > 0 else (1 - t) / others.sum()
    row[key[-1]] = t
    new = NoisyMax(cpd.parents, leak, links) if isinstance(cpd, NoisyMax) else Table(cpd.parents, values)
    return network.with_cpds({name: new})


def check_crossings(engine: spasmnet.Engine, evidence: dict[str, Any], found: DecisionRobustness) -> int:
    """Just before each crossing the decision is the present one, just beyond the one that is told."""
    now = decided(engine, evidence)
    for place, crossing in found.turning:
        which = 0 if crossing.decision == CAUSE else 1
        names = found.rule.candidates if which == 0 else OUTCOMES
        step = 1e-6 * (1 if crossing.rising else -1)
        for t, expected in (
            (crossing.turns_at - step, now[which]),
            (crossing.turns_at + step, names[crossing.becomes]),
        ):
            new = spasmnet.compile(moved(engine.network, place, min(max(t, 0.0), 1.0)))
            assert decided(new, evidence)[which] == expected, (place, crossing)
    return len(found.turning)


def test_crossings_are_those_of_changed_networks() -> None:
    """On vignettes of the shipped network, every level told, by compiling the networks on either side."""
    count = 0
    engine = spasmnet.compile(replace(NETWORK, guidance=replace(guidance_of(NETWORK), screening=Screening())))
    for vignette in VIGNETTES[::5]:
        found = decision_robustness(engine, vignette.findings, draws=10)
        count += check_crossings(engine, dict(vignette.findings), found)
    assert count > 5


def test_what_does_not_cross_stays_at_both_ends() -> None:
    """A number that is not told to overturn leaves both decisions as they are over its whole range."""
    evidence = {"spasm": "twitch"}
    found, now = decision_robustness(ENGINE, evidence, draws=10), decided(ENGINE, evidence)
    turning = {place for place, _ in found.turning}
    numbers = cited_numbers(NETWORK)
    ranged = [place for place, p in numbers.items() if p.low < p.high and tuple(place) not in turning]
    for place in ranged[::12]:
        for t in (numbers[place].low, numbers[place].high):
            assert decided(spasmnet.compile(moved(NETWORK, tuple(place), t)), evidence) == now


def test_uncertain_flags_turn_decisions() -> None:
    """A flag on an uncertain finding lifts the level where its condition reaches the flag's threshold."""
    network = two_causes(first=Parameter(0.6, 0.5, 0.7, "study"))
    half = Parameter(0.5, 0.4, 0.6, "study")
    flag = Rule("f", {"b": ("yes",)}, "see somebody", "emergency", suspects=("b",), threshold=half)
    flagged = Network(
        network.variables, network.cpds, guidance=Guidance(red_flags=(flag,), losses=guidance_of(network).losses)
    )
    engine, evidence = spasmnet.compile(flagged), {"b": {"no": 1.1, "yes": 1.0}}
    found = decision_robustness(engine, evidence, kind="uniform", draws=4000)
    assert decided(engine, evidence) == (found.cause, found.care) == ("a", "routine")
    rows = {(r.variable, r.decision, r.becomes): r for r in found.overturning.itertuples()}
    turn = 1.1 / 2.1  # t = 1.1 (1 - t)
    assert rows["b", CARE, "emergency"].turns_at == pytest.approx(turn, abs=1e-12)
    assert rows["b", CAUSE, "b"].turns_at == pytest.approx(turn, abs=1e-12)
    share = found.outcomes.set_index(["decision", "outcome"]).loc[(CARE, "emergency"), "share"]
    assert share == pytest.approx((0.6 - turn) / 0.4, abs=0.03)
    check_crossings(engine, evidence, found)


def test_the_nearest_crossing_is_told() -> None:
    """Where two others could lead, the number turns the decision at the nearer one."""
    names = {"a": 0.5, "b": 0.45, "c": 0.35, "d": 0.7}
    variables = tuple(Variable(name, ("no", "yes"), role="cause") for name in names)
    wide = {"a": Parameter(0.5, 0.1, 0.9, "s"), "d": Parameter(0.7, 0.2, 0.9, "s")}
    cpds = {n: Table((), [1 - p, p], {(1,): wide[n]} if n in wide else {}) for n, p in names.items()}
    found = decision_robustness(spasmnet.compile(Network(variables, cpds)), kind="uniform", draws=10)
    assert [(r.variable, r.becomes) for r in found.overturning.itertuples()] == [("d", "a"), ("a", "a")]
    assert found.overturning["turns_at"].to_list() == pytest.approx([0.5, 0.7], abs=1e-12)


def test_what_is_observed_leads_only_if_a_flag_suspects_it() -> None:
    """A condition that is given is no candidate, unless a red flag that is likely points at it."""
    network = two_causes()
    flag = Rule("f", {"b": ("yes",)}, "see somebody", "urgent", suspects=("c",))
    flagged = Network(
        (*network.variables, Variable("c", ("no", "yes"), role="serious")),
        {**network.cpds, "c": Table((), [0.9, 0.1])},
        guidance=Guidance(red_flags=(flag,), losses=guidance_of(network).losses),
    )
    engine = spasmnet.compile(flagged)
    for likelihood, leads in ((0.2, "a"), (3.0, "c")):  # 0.14 and 0.71: the threshold of urgent flags is 0.2
        evidence = {"c": "yes", "b": {"no": 1.0, "yes": likelihood}}
        found = decision_robustness(engine, evidence, kind="uniform", draws=50)
        assert (found.cause, found.care) == decided(engine, evidence)
        assert found.cause == leads


def test_a_flag_that_holds_decides_whatever_the_numbers() -> None:
    """Where red flags decide, nothing overturns: the shares are 1, with an error that is not 0."""
    evidence = {"dark_urine": "cola", "muscle_pain": "present"}
    found = decision_robustness(ENGINE, evidence, draws=100)
    assert (found.cause, found.care) == ("rhabdomyolysis", "emergency")
    assert (found.cause_stays, found.care_stays) == (1.0, 1.0)
    assert found.overturning.empty
    assert (found.outcomes["error"] > 0).all()
    assert (found.sources["flips"] == 0).all()


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(strategies.ranged_networks(), st.data())
def test_any_network(network: Network, data: st.DataObject) -> None:
    """With random roles and findings, draws are shared out among the outcomes, and crossings are real."""
    roles = data.draw(st.lists(st.sampled_from(["cause", "serious", "finding", ""]), min_size=9, max_size=9))
    variables = tuple(Variable(v.name, v.states, role=role) for v, role in zip(network.variables, roles, strict=False))
    network = Network(variables, network.cpds, name="drawn")
    evidence = data.draw(strategies.evidence(network))
    engine = spasmnet.compile(network)
    try:
        found = decision_robustness(engine, evidence, draws=50)
    except ImpossibleEvidenceError:
        assume(False)
        return
    except (EvidenceError, SpasmnetError) as error:
        assert "nothing to decide" in str(error) or "impossible in all" in str(error)
        return
    assert found.care is None
    assert found.care_stays is None
    assert found.outcomes["share"].sum() == pytest.approx(1.0)
    ranges = {tuple(place): (p.low, p.high) for place, p in cited_numbers(network).items()}
    for place, crossing in found.turning[:5]:
        low, high = ranges[place]
        now = value_at(network, place)  # where two are equal now, the end of a range may be where it turns
        assert low < crossing.turns_at < high or crossing.turns_at == now
        post = spasmnet.compile(moved(network, place, crossing.turns_at)).posterior(evidence)
        both = found.cause, found.rule.candidates[crossing.becomes]
        chances = [sum(post[n][s] for s in network.by_name[n].states[1:] or network.by_name[n].states) for n in both]
        assert chances[0] == pytest.approx(chances[1], abs=1e-7)
        assert both[0] != both[1]
    assert not found.sources.isna().any().any()


# ---------------------------------------------------------------- frames and errors


def test_frames_and_words() -> None:
    """The columns, the citations and the notes; Dirichlet rows too."""
    found = decision_robustness(ENGINE, CASE, draws=200)
    assert list(found.outcomes.columns) == ["decision", "outcome", "share", "error", "now"]
    assert list(found.overturning.columns) == [
        "variable", "state", "given", "decision", "value", "low", "high", "turns_at", "becomes", "chance", "source",
        "where",
    ]  # fmt: skip
    top = found.sources.iloc[0]
    assert top["citation"] == NETWORK.sources[found.sources.index[0]].citation()
    assert found.sources["cause_share"].sum() == pytest.approx(1.0)
    assert found.sources["numbers"].sum() == len(Distributions.of(NETWORK).places)
    assert found.sources.attrs["spasmnet"]["draws"] == 200
    assert "cramp_susceptibility leads in" in repr(found)
    rows = decision_robustness(ENGINE, CASE, draws=200, kind="dirichlet")
    assert rows.sources["cause_share"].sum() == pytest.approx(1.0, abs=0.05)
    again = decision_robustness(ENGINE, CASE, draws=200)
    assert again.outcomes.equals(found.outcomes)


def test_bad_input() -> None:
    """What is not understood, and what leaves nothing to decide, is told."""
    with pytest.raises(SpasmnetError, match="draws is a whole number of at least 1"):
        decision_robustness(ENGINE, CASE, draws=0)
    with pytest.raises(SpasmnetError, match="rng is a numpy Generator"):
        decision_robustness(ENGINE, CASE, rng=1)  # type: ignore[arg-type]
    with pytest.raises(SpasmnetError, match="kind is one of"):
        decision_robustness(ENGINE, CASE, kind="flat")
    with pytest.raises(EvidenceError):
        decision_robustness(ENGINE, {"spasm": "very"})
    with pytest.raises(SpasmnetError, match=r"spasmnet\.compile"):
        decision_robustness(NETWORK, CASE)  # type: ignore[arg-type]
    plain = Network((Variable("a", ("no", "yes")),), {"a": Table((), [0.5, 0.5], {(1,): Parameter(0.5, 0, 1, "s")})})
    with pytest.raises(SpasmnetError, match="nothing to decide"):
        decision_robustness(spasmnet.compile(plain))
