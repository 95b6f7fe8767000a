"""What to ask next and when to stop, against enumeration."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet.errors import EvidenceError, ImpossibleEvidenceError, SpasmnetError, UnknownVariableError
from spasmnet.inference.engine import Engine
from spasmnet.model.network import Network, Table, Variable
from spasmnet.triage.care import OUTCOMES
from spasmnet.triage.guidance import CARE_LEVELS, Guidance, Harm, Losses, Rule, guidance_of
from spasmnet.triage.report import report
from spasmnet.voi.batch import Batch, distinct
from spasmnet.voi.interview import interview_step
from spasmnet.voi.outcomes import Decider
from spasmnet.voi.ranking import Ranking, next_question
from spasmnet.voi.stopping import EXACT_TO, same_decision, wilson
from spasmnet.voi.summary import summary
from spasmnet.voi.voi import value_of_information
from tests import enumeration
from tests.strategies import asking_networks, evidence

TIGHT = 1e-10
EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)


def bits(p: np.ndarray[Any, Any]) -> float:
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum())


class Naive:
    """Information, value and decisions by enumeration of the joint distribution."""

    def __init__(self, network: Network, given: Mapping[str, Any]) -> None:
        self.network, self.given = network, given
        self.engine = spasmnet.compile(network)

    def joined(self, more: Mapping[str, str]) -> dict[str, Any]:
        """The findings and more: a state that turns out keeps the likelihood that there was for it."""
        found = dict(self.given)
        for name, state in more.items():
            old = found.get(name)
            found[name] = state if old is None or isinstance(old, str) else {s: old[s] * (s == state) for s in old}
        return found

    def posterior(self, names: list[str], more: Mapping[str, str] | None = None) -> np.ndarray[Any, Any]:
        values = enumeration.joint(self.network, self.joined(more or {}))
        found = enumeration.marginal(self.network, values, names)
        return np.asarray(found / found.sum())

    def chance(self, more: Mapping[str, str]) -> float:
        both = self.joined(more)
        return float(enumeration.probability(self.network, both) / enumeration.probability(self.network, self.given))

    def entropy(self, groups: list[list[str]], more: Mapping[str, str] | None = None) -> float:
        return sum(bits(self.posterior(group, more)) for group in groups)

    def loss(self, more: Mapping[str, str] | None = None) -> float:
        losses = guidance_of(self.network).losses
        assert losses is not None
        total = {level: losses.burden[level] for level in CARE_LEVELS}
        for harm in losses.harms:
            states = self.network.by_name[harm.variable].states
            p = self.posterior([harm.variable], more)
            for level in CARE_LEVELS:
                total[level] += harm.loss[level] * float(sum(p[states.index(s)] for s in harm.states))
        return min(total.values())

    def worlds(self, names: list[str]) -> Iterator[tuple[dict[str, str], float]]:
        """The possible joint states of some variables, with their chances."""
        for states in itertools.product(*(self.network.by_name[n].states for n in names)):
            world = dict(zip(names, states, strict=True))
            chance = self.chance(world)
            if chance > 0:
                yield world, chance

    def expected(self, names: list[str], of: Any) -> float:
        return sum(chance * of(world) for world, chance in self.worlds(names))

    def decided(self, more: Mapping[str, str] | None = None) -> tuple[str, str]:
        """The level of care and the leading cause; a case in which two are equal is given up."""
        found = report(self.engine, {**self.given, **(more or {})})
        ranked = sorted((r.probability for r in (*found.causes, *found.serious)), reverse=True)
        assume(len(ranked) < 2 or found.suspected or ranked[0] - ranked[1] > 1e-9)
        if found.care and found.care.expected_loss:
            losses = sorted(found.care.expected_loss.values())
            assume(losses[1] - losses[0] > 1e-9)
        return found.care.level if found.care else "", found.differential[0].name


@st.composite
def cases(draw: st.DrawFn, losses: bool | None = None, causes: int = 1) -> tuple[Network, dict[str, Any]]:
    network = draw(asking_networks(losses, causes))
    asked = [v.name for v in network.variables if v.question]
    found = draw(evidence(network))
    given = {name: found[name] for name in asked[:-1] if name in found}
    assume(enumeration.probability(network, given) > 1e-200)
    return network, given


@EXAMPLES
@given(cases())
def test_information_value_and_change_against_enumeration(case: tuple[Network, dict[str, Any]]) -> None:
    """Every number of every question is what enumeration gives."""
    network, given = case
    naive = Naive(network, given)
    causes = [v.name for v in network.variables if v.role in ("cause", "serious")]
    groups = [[name] for name in causes]
    found = next_question(naive.engine, given)
    seen = {name for name, finding in given.items() if isinstance(finding, str)}
    assert {q.variable.name for q in found.questions} == {v.name for v in network.variables if v.question} - seen
    assert found.entropy == pytest.approx(naive.entropy(groups), abs=TIGHT)
    for q in found.questions:
        name = [q.variable.name]
        assert q.information == pytest.approx(
            found.entropy - naive.expected(name, lambda w: naive.entropy(groups, w)), abs=TIGHT
        )
        if guidance_of(network).losses:
            scale = max(1.0, naive.loss())
            assert q.value == pytest.approx(naive.loss() - naive.expected(name, naive.loss), abs=TIGHT * scale)
            assert q.net == q.value - q.cost
        else:
            assert q.value == 0
        assert q.information >= 0 and q.value >= 0
        assert q.cost == (1 / 360 if q.variable.cost is None else q.variable.cost)


@EXAMPLES
@given(cases(causes=2))
def test_changes_of_decision_against_enumeration(case: tuple[Network, dict[str, Any]]) -> None:
    """The chance that an answer changes the decision, and the same-decision probability, by asking every world."""
    network, given = case
    naive = Naive(network, given)
    care, cause = naive.decided()
    found = next_question(naive.engine, given)
    for q in found.questions:
        name = [q.variable.name]
        assert q.change_care == pytest.approx(naive.expected(name, lambda w: naive.decided(w)[0] != care), abs=TIGHT)
        assert q.change_cause == pytest.approx(naive.expected(name, lambda w: naive.decided(w)[1] != cause), abs=TIGHT)
        assert q.change == pytest.approx(naive.expected(name, lambda w: naive.decided(w) != (care, cause)), abs=TIGHT)
    hidden = [q.variable.name for q in found.questions]
    assume(np.prod([len(network.by_name[n].states) for n in hidden]) <= 100)
    for decision, at in (("care", 0), ("cause", 1)):
        if decision == "care" and not guidance_of(network).losses:
            continue
        same = same_decision(naive.engine, given, decision=decision)
        expected = naive.expected(hidden, lambda w, at=at: naive.decided(w)[at] == (care, cause)[at])
        assert same.probability == same.low == same.high == pytest.approx(expected, abs=TIGHT)
        assert same.exact and same.hidden == len(hidden)


@EXAMPLES
@given(cases())
def test_two_questions_ahead_against_enumeration(case: tuple[Network, dict[str, Any]]) -> None:
    """The value of a question with the best one after each of its answers, by enumeration of pairs."""
    network, given = case
    naive = Naive(network, given)
    groups = [[v.name] for v in network.variables if v.role in ("cause", "serious")]
    found = next_question(naive.engine, given, ahead=2, by="information")
    names = [q.variable.name for q in found.questions]
    costs = {q.variable.name: q.cost for q in found.questions}
    for q in found.questions:
        first = q.variable.name
        information = value = 0.0
        for answer, chance in naive.worlds([first]):
            now = naive.entropy(groups, answer)
            gains, nets = [0.0], [0.0]
            for second in names:
                if second == first:
                    continue
                pairs = [
                    ({**answer, second: s}, naive.chance({**answer, second: s}) / chance)
                    for s in network.by_name[second].states
                ]
                gains.append(now - sum(p * naive.entropy(groups, w) for w, p in pairs if p > 0))
                if guidance_of(network).losses:
                    loss = sum(p * naive.loss(w) for w, p in pairs if p > 0)
                    nets.append(naive.loss(answer) - loss - costs[second])
            information += chance * (now - max(gains))
            if guidance_of(network).losses:
                value += chance * (naive.loss(answer) - max(nets))
        assert q.information == pytest.approx(found.entropy - information, abs=TIGHT)
        if guidance_of(network).losses:
            assert q.net == pytest.approx(naive.loss() - value - q.cost, abs=TIGHT * max(1.0, naive.loss()))
        assert set(q.then or {}) <= set(q.variable.states)


@EXAMPLES
@given(cases(losses=True), st.data())
def test_perfect_information_is_worth_most(case: tuple[Network, dict[str, Any]], data: st.DataObject) -> None:
    """EVPI >= EVSI >= 0, more variables are worth no less, and all by enumeration."""
    network, given = case
    naive = Naive(network, given)
    scale = TIGHT * max(1.0, naive.loss())
    engine = naive.engine
    perfect = value_of_information(engine, evidence=given)
    some = data.draw(st.lists(st.sampled_from(network.names), unique=True, min_size=1, max_size=2))
    some = [name for name in some if not isinstance(given.get(name), str)]
    worth = value_of_information(engine, some, given)
    assert worth == pytest.approx(max(0.0, naive.loss() - naive.expected(some, naive.loss)), abs=scale)
    assert 0 <= worth <= perfect + scale
    assert value_of_information(engine, some[:1], given) <= worth + scale
    for q in next_question(engine, given).questions:
        assert 0 <= q.value <= perfect + scale
        assert q.value == pytest.approx(value_of_information(engine, [q.variable.name], given), abs=scale)


@EXAMPLES
@given(cases(causes=2))
def test_groups_of_targets_count_their_joint_distribution(case: tuple[Network, dict[str, Any]]) -> None:
    """The information about a group is that about the joint state of its variables."""
    network, given = case
    naive = Naive(network, given)
    causes = [v.name for v in network.variables if v.role in ("cause", "serious")]
    groups = [causes[:2], causes[2:3]] if len(causes) > 2 else [causes]
    found = next_question(naive.engine, given, targets=[tuple(group) for group in groups], by="information")
    assert found.entropy == pytest.approx(naive.entropy(groups), abs=TIGHT)
    for q in found.questions:
        after = naive.expected([q.variable.name], lambda w: naive.entropy(groups, w))
        assert q.information == pytest.approx(found.entropy - after, abs=TIGHT)


@EXAMPLES
@given(cases(causes=2), st.data())
def test_rows_are_decided_as_single_cases_are(case: tuple[Network, dict[str, Any]], data: st.DataObject) -> None:
    """The level of care and the leading cause of rows of findings are those of the report on each."""
    network, given = case
    naive = Naive(network, given)
    targets = [v.name for role in ("cause", "serious") for v in network.variables if v.role == role]
    asked = [v.name for v in network.variables if v.question]
    harms = [h.variable for h in guidance_of(network).losses.harms] if guidance_of(network).losses else []
    batch = Batch(naive.engine, [*targets, *harms], asked, given)
    decider = Decider(batch, targets)
    worlds = [w for w, _ in naive.worlds([n for n in asked if not isinstance(given.get(n), str)])][:20]
    rows = np.repeat(batch.first[None], len(worlds), axis=0)
    for row, world in zip(rows, worlds, strict=True):
        for name, state in world.items():
            row[batch.at[name]] = network.by_name[name].state_index(state)
    found = decider.decide(rows, batch.answer(rows)[0])
    for i, world in enumerate(worlds):
        care, cause = naive.decided(world)
        assert decider.leaders[found.leading[i]] == cause
        assert [*OUTCOMES, ""][found.told[i]] == care  # -1 finds the last


# ---------------------------------------------------------------------------------------------- a network written down


def small(losses: bool = True) -> Network:
    """A cause with two signs; one of them, and both together, are red flags."""
    variables = (
        Variable("cause", ("no", "yes"), role="cause"),
        Variable("other", ("no", "yes"), role="cause"),
        Variable("sign", ("no", "yes"), question="Sign?", role="finding"),
        Variable("alarm", ("no", "yes"), question="Alarm?", role="finding", cost=0.5),
        Variable("pointless", ("no", "yes"), question="Pointless?", role="finding"),
    )
    cpds = {
        "cause": Table((), [0.9, 0.1]),
        "other": Table((), [0.8, 0.2]),
        "sign": Table(("cause",), [[0.9, 0.1], [0.2, 0.8]]),
        "alarm": Table(("cause",), [[0.99, 0.01], [0.7, 0.3]]),
        "pointless": Table((), [0.5, 0.5]),
    }
    flags = (Rule("alarm", {"alarm": ("yes",)}, "Hurry.", "emergency", suspects=("cause",)),)
    harm = Harm("cause", "cause", ("yes",), {"self_care": 20.0, "routine": 5.0, "urgent": 0.0, "emergency": 0.0})
    burden = {"self_care": 0.0, "routine": 1.0, "urgent": 4.0, "emergency": 12.0}
    return Network(
        variables,
        cpds,
        name="small",
        guidance=Guidance(red_flags=flags, losses=Losses(burden, (harm,)) if losses else None),
    )


@pytest.fixture(scope="module")
def engine() -> Engine:
    return spasmnet.compile(small())


@pytest.fixture(scope="module")
def shipped() -> Engine:
    return spasmnet.compile(spasmnet.load())


def order(found: Ranking) -> list[str]:
    return [q.variable.name for q in found.questions]


def test_red_flags_come_first_though_others_tell_more(engine: Engine) -> None:
    """A question of which an answer is a red flag stands before one that is worth more."""
    found = next_question(engine)
    assert order(found) == ["alarm", "sign", "pointless"]
    assert found.best is not None and found.best.red_flag == "emergency"
    assert found.best.alarm == pytest.approx(0.9 * 0.01 + 0.1 * 0.3)
    assert found.questions[1].value > found.best.value
    assert [q.red_flag for q in found.questions[1:]] == ["", ""]


def test_a_flag_that_adds_nothing_does_not_come_first(engine: Engine) -> None:
    """Once the level of care is an emergency, no red flag raises it."""
    found = next_question(engine, {"alarm": "yes"})
    assert order(found)[0] == "sign" and all(q.red_flag == "" for q in found.questions)


def test_unknown_is_not_asked_again(engine: Engine) -> None:
    """What was asked in vain is no finding, and is not asked again."""
    assert order(next_question(engine, unknown=["alarm"])) == ["sign", "pointless"]
    one, other = next_question(engine, unknown=["alarm"]), next_question(engine)
    assert one.entropy == other.entropy
    with pytest.raises(EvidenceError, match="alarm is both a finding and unknown"):
        next_question(engine, {"alarm": "yes"}, unknown=["alarm"])
    assert same_decision(engine, unknown=["alarm"]).hidden == 2


def test_costs_decide_the_order_and_change_no_answer(engine: Engine) -> None:
    """A question that costs more than it is worth follows those that are worth it; the digest has no costs in it."""
    value = next_question(engine).questions[1].value
    dear = next_question(engine, unknown=["alarm"], costs={"sign": value + 1})
    assert dear.questions[0].net < 0
    assert next_question(engine).questions[0].cost == 0.5
    cheap = Network(
        tuple(Variable(v.name, v.states, role=v.role, question=v.question) for v in small().variables),
        small().cpds, guidance=small().guidance,
    )  # fmt: skip
    assert cheap.digest == small().digest


def test_without_losses_and_flags_information_ranks() -> None:
    """A network without roles answers for targets and askable variables that are named."""
    plain = Network(tuple(Variable(v.name, v.states) for v in small().variables), small().cpds)
    engine = spasmnet.compile(plain)
    found = next_question(engine, targets=["cause"], askable=["pointless", "alarm", "sign"])
    assert order(found) == ["sign", "alarm", "pointless"]
    assert all(q.value == 0 and q.red_flag == "" for q in found.questions)
    assert found.questions[0].change_cause == pytest.approx(0.0)
    sure = same_decision(engine, targets=["cause"], hidden=["sign", "alarm"])
    assert sure.decision == "cause" and sure.probability == pytest.approx(1 - 0.1 * 0.8 * 0.3 - 0.9 * 0.1 * 0.01)
    with pytest.raises(SpasmnetError, match="has the role cause or serious; say what the questions are about"):
        next_question(engine)
    with pytest.raises(SpasmnetError, match="has a question; say what can be asked"):
        next_question(engine, targets=["cause"])
    with pytest.raises(SpasmnetError, match="has no losses"):
        same_decision(engine, targets=["cause"], askable=["sign"], decision="care")
    with pytest.raises(SpasmnetError, match="has no losses"):
        value_of_information(engine)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"evidence": {"cause": "yes"}, "targets": ["cause"]}, EvidenceError, "the target cause is already observed"),
        ({"evidence": {"cause": "yes", "other": "no"}}, EvidenceError, "nothing to ask about"),
        ({"targets": ["nonsense"]}, UnknownVariableError, "unknown variable 'nonsense'"),
        ({"targets": []}, EvidenceError, "targets is a list"),
        ({"targets": [()]}, EvidenceError, "a group of targets is empty"),
        ({"targets": "cause"}, EvidenceError, "targets is a list"),
        ({"askable": ["sing"]}, UnknownVariableError, "did you mean 'sign'"),
        ({"askable": []}, EvidenceError, "askable is empty"),
        ({"askable": ["cause", "sign"]}, EvidenceError, "both a target and askable"),
        ({"unknown": "sign"}, EvidenceError, "unknown is a list"),
        ({"costs": {"sign": -1}}, SpasmnetError, "the cost of asking sign must be a finite number"),
        ({"costs": {"sing": 1}}, UnknownVariableError, "did you mean 'sign'"),
        ({"by": "luck"}, SpasmnetError, "by is one of value, information, change"),
        ({"ahead": 3}, SpasmnetError, "ahead is 1 or 2"),
        ({"ahead": 2, "by": "change"}, SpasmnetError, "do not add up"),
    ],
)
def test_bad_input_is_refused(engine: Engine, options: dict[str, Any], error: type[Exception], message: str) -> None:
    """Roles that name nothing, observed targets and unknown options say what is wrong and what to do."""
    with pytest.raises(error, match=message):
        next_question(engine, **options)


def uncertain() -> tuple[Network, dict[str, Any]]:
    """A cause, its sign f with likelihoods, and what turns the leading cause."""
    variables = (
        Variable("a", ("no", "yes"), role="cause"), Variable("b", ("no", "yes"), role="cause"),
        Variable("f", ("no", "yes"), question="f?"),
    )  # fmt: skip
    cpds = {"a": Table((), [0.5, 0.5]), "b": Table((), [0.6, 0.4]), "f": Table(("a",), [[0.9, 0.1], [0.2, 0.8]])}
    return Network(variables, cpds, name="uncertain"), {"f": {"no": 0.5, "yes": 0.8}}


@pytest.mark.parametrize("circuit", [True, False])
def test_a_variable_with_likelihoods_is_still_open(circuit: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known of a variable for uncertain closes no question about it, with a circuit or without one."""
    network, given = uncertain()
    engine = spasmnet.compile(network)
    if not circuit:
        monkeypatch.setattr(Engine, "has_circuit", property(lambda _: False))
    naive = Naive(network, given)
    stays = naive.expected(["f"], lambda w: naive.posterior(["a"], w)[1] > naive.posterior(["b"], w)[1])
    assert naive.posterior(["a"])[1] > naive.posterior(["b"])[1] and 0.3 < stays < 0.7
    found = same_decision(engine, given, hidden=["f"])
    assert found.exact and found.hidden == 1 and found.probability == pytest.approx(stays, abs=TIGHT)
    sampled = same_decision(engine, given, hidden=["f"], samples=1)
    assert sampled.probability == pytest.approx(found.probability, abs=TIGHT)
    [question] = next_question(engine, given).questions
    assert question.change_cause == pytest.approx(1 - stays, abs=TIGHT)
    assert question.information == pytest.approx(
        naive.entropy([["a"], ["b"]]) - naive.expected(["f"], lambda w: naive.entropy([["a"], ["b"]], w)), abs=TIGHT
    )
    assert not next_question(engine, given, unknown=["f"]).questions
    step = interview_step(engine, given)
    assert step.status == "stop" and step.question is None  # who answered is not asked again
    assert not [q for q in summary(engine, step).changes if q.variable.name == "f"]


def test_draws_of_what_has_likelihoods(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws weigh the states of an uncertain finding as its likelihoods do."""
    network, given = uncertain()
    engine = spasmnet.compile(network)
    exact = same_decision(engine, given, hidden=["f"]).probability
    monkeypatch.setattr("spasmnet.voi.stopping.EXACT_TO", 1)
    drawn = same_decision(engine, given, hidden=["f"], samples=4000, rng=np.random.default_rng(2))
    assert not drawn.exact and drawn.low - 0.01 < exact < drawn.high + 0.01


def test_the_level_of_care_needs_no_targets() -> None:
    """Whether the level of care stays asks for no leading cause: neither roles nor targets are needed."""
    network = small()
    plain = replace(network, variables=tuple(replace(v, role="") for v in network.variables))
    for decision in (None, "care"):
        found = same_decision(spasmnet.compile(plain), {"sign": "yes"}, decision=decision)
        expected = same_decision(spasmnet.compile(network), {"sign": "yes"}, decision="care")
        assert (found.probability, found.exact, found.hidden) == (expected.probability, True, 2)
        assert 0 < found.probability < 1
    naive = Naive(network, {"sign": "yes"})
    care = report(naive.engine, naive.given).care
    assert care is not None
    stays = 0.0
    for world, chance in naive.worlds(["cause"]):
        then = report(naive.engine, {**naive.given, **world}).care
        stays += chance * (then is not None and then.level == care.level)
    known = same_decision(spasmnet.compile(plain), {"sign": "yes"}, hidden=["cause"])
    assert known.probability == pytest.approx(stays, abs=TIGHT)
    with pytest.raises(SpasmnetError, match="no variable of 'small' has the role"):
        same_decision(spasmnet.compile(plain), {"sign": "yes"}, decision="cause")


def test_impossible_findings_are_named(shipped: Engine) -> None:
    """Contradictory findings raise the error that names them."""
    with pytest.raises(ImpossibleEvidenceError) as caught:
        next_question(shipped, {"spasm": "none", "spasm_frequency": "occasional", "trauma": "present"})
    assert caught.value.findings == {"spasm": "none", "spasm_frequency": "occasional"}


def test_samples_agree_with_the_sum(shipped: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws estimate what the sum gives, within their stated interval, and the same seed gives the same estimate."""
    given = {"spasm": "painful"}
    hidden = ["vomiting_diarrhoea", "medication", "weakness", "spasm_frequency", "heavy_sweating"]
    exact = same_decision(shipped, given, hidden=hidden)
    monkeypatch.setattr("spasmnet.voi.stopping.EXACT_TO", 1)
    drawn = same_decision(shipped, given, hidden=hidden, samples=4000, rng=np.random.default_rng(1))
    assert not drawn.exact and drawn.samples == 4000
    assert drawn.low - 0.01 < exact.probability < drawn.high + 0.01
    assert drawn == same_decision(shipped, given, hidden=hidden, samples=4000, rng=np.random.default_rng(1))
    assert EXACT_TO > 1


def test_draws_follow_the_joint_distribution(shipped: Engine) -> None:
    """Drawn states come as often as their joint probability says, impossible ones never."""
    from spasmnet.voi.stopping import draw_rest

    names = ("spasm", "spasm_frequency")
    batch = Batch(shipped, names, names, {})
    rows = draw_rest(batch, batch.first, names, 20_000, np.random.default_rng(3))
    joint = shipped.joint(names)
    counts = np.zeros((4, 3))
    np.add.at(counts, (rows[:, batch.at["spasm"]], rows[:, batch.at["spasm_frequency"]]), 1)
    assert np.abs(counts / 20_000 - joint.to_numpy().reshape(4, 3)).max() < 0.012
    assert counts[0, 1] == counts[0, 2] == 0


def test_equal_rows_are_found() -> None:
    """The different rows, and which row is which."""
    codes = np.random.default_rng(0).integers(-1, 3, (500, 4)).astype(np.int16)
    different, which = distinct(codes)
    assert (different[which] == codes).all() and len(different) == len({tuple(r) for r in codes.tolist()})


def test_wilson_at_the_ends() -> None:
    """No draw of many leaves an interval that is not a point."""
    assert wilson(0.0, 50)[0] == 0.0 and 0 < wilson(0.0, 50)[1] < 0.1


def test_rankings_are_data(shipped: Engine) -> None:
    """A ranking turns into JSON and a frame with a row a question."""
    import json

    found = next_question(shipped, {"heavy_sweating": {"absent": 0.2, "present": 0.8}}, ahead=2)
    content = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert content["questions"][0]["variable"] == order(found)[0]
    assert len(found.frame) == len(found.questions) == 31
    assert found == next_question(shipped, {"heavy_sweating": {"absent": 0.2, "present": 0.8}}, ahead=2)


# ------------------------------------------------------------------------------------------ command, costs and the study


def test_the_command(shipped: Engine) -> None:
    """`spasmnet ask` prints the ranking; groups of targets are joined by commas."""
    import json

    from click.testing import CliRunner

    from spasmnet.cli.main import main

    shown = CliRunner().invoke(main, ["ask", "spasm=painful", "--top", "3"])
    assert shown.exit_code == 0 and "Signs of an emergency" in shown.output and "and 27 more" in shown.output
    options = ["ask", "--json", "--unknown", "spasm", "--target", "low_potassium,low_calcium", "--ahead", "2"]
    content = json.loads(CliRunner().invoke(main, options).stdout)
    assert content["targets"] == [["low_potassium", "low_calcium"]] and content["unknown"] == ["spasm"]
    assert "then" in content["questions"][0]
    wrong = CliRunner().invoke(main, ["ask", "dehydration=mild", "--target", "dehydration", "--json"])
    assert wrong.exit_code == 2 and "already observed" in json.loads(wrong.stderr)["error"]["message"]
    everything = [f"{v.name}={v.states[0]}" for v in shipped.network.variables if v.question]
    assert "Everything that can be asked" in CliRunner().invoke(main, ["ask", *everything]).output


def test_a_network_without_roles_on_the_command_line(tmp_path: Path) -> None:
    """The error says which options to use, and with them it works."""
    from click.testing import CliRunner

    from spasmnet.cli.main import main

    plain = Network(tuple(Variable(v.name, v.states) for v in small().variables), small().cpds, name="plain")
    path = tmp_path / "plain.bif"
    spasmnet.write(plain, path)
    for command in ("ask", "interview"):
        options = [command, "--model", str(path)]
        result = CliRunner().invoke(main, options, input="")
        assert result.exit_code == 2 and "--target NAME" in result.stderr
        named = CliRunner().invoke(
            main, [*options, "--target", "cause", "--ask", "sign", "--ask", "alarm"], input="c\n2\n1\n"
        )
        assert named.exit_code == 0 and "sign" in named.output


def test_costs_in_the_model_file() -> None:
    """A cost is read, checked, and not part of the digest."""
    from spasmnet.errors import ModelError
    from spasmnet.io.toml import parse_model
    from tests.test_docs import blocks

    (text,) = blocks(Path(__file__).parent.parent / "docs" / "model-file.md", "toml")
    plain = parse_model(text)
    asked = '\nquestion = "Were you in the heat?"\n'
    priced = parse_model(text.replace(asked, f"{asked}cost = 0.25\n"))
    assert priced.by_name["heat"].cost == 0.25 and plain.by_name["heat"].cost is None
    assert priced.digest == plain.digest
    for wrong in ("-1", "inf", "nan", "true", '"much"'):
        with pytest.raises(ModelError, match=r"variables.heat.cost: a finite number >= 0 is needed"):
            parse_model(text.replace(asked, f"{asked}cost = {wrong}\n"))
    with pytest.raises(ModelError, match="is not a finite number >= 0"):
        Network((Variable("a", ("x",), cost=float("inf")),), {"a": Table((), [1.0])})


def test_the_study_is_repeatable_and_its_counts_are_right(shipped: Engine) -> None:
    """The same seed gives the same figures; what is settled agrees with asking one person step by step."""
    from spasmnet.model.sampling import draw_codes
    from spasmnet.validation.asking_study import study

    found = study(shipped, 12, 3, stopping=4)
    assert found.as_dict() == study(shipped, 12, 3, stopping=4).as_dict()
    drawn = draw_codes(shipped.network, 12, np.random.default_rng(3))
    states = {v.name: v.states for v in shipped.network.variables}
    names = [v.name for v in shipped.network.variables if v.question]
    for i in range(3):
        given: dict[str, str] = {}
        stopped = -1
        for t in range(len(names) + 1):
            step = spasmnet.interview_step(shipped, given, interval=None, samples=100)
            assert step.care is not None and OUTCOMES[found.courses["value"].care[t, i]] == step.care.level
            if step.status == "stop" and stopped < 0:
                stopped = t
            if step.question is not None:
                name = step.question.variable.name
                given[name] = states[name][drawn[name][i]]
        assert found.courses["value"].stopped[i] == stopped
        care = found.courses["value"].care[:, i]
        settled = found.settled("value", "care")[i]
        assert (care[settled:] == care[-1]).all() and (settled == 0 or care[settled - 1] != care[-1])
    assert "order of the file" in found.table()
    assert (found.courses["value"].care[-1] == found.courses["random"].care[-1]).all()
