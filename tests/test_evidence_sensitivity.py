"""Evidence sensitivity against all worlds listed, textbook identities and the published values of hepar2."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import EvidenceError, ImpossibleEvidenceError, Network, SpasmnetError, Table, TableError, Variable
from spasmnet.findings.evidence_sensitivity import EvidenceSensitivity, evidence_sensitivity
from tests import classic, enumeration, strategies

relaxed = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
small = strategies.networks(max_variables=5, max_states=3, max_parents=3)
CLOSE = {"rel": 1e-10, "abs": 1e-10}


@st.composite
def questions(draw: st.DrawFn, networks: st.SearchStrategy[Network] = small) -> tuple[Network, Any, dict[str, Any]]:
    """A network, a target (whole or an event), and possible findings that leave the target open."""
    network = draw(networks)
    variable = draw(st.sampled_from([v for v in network.variables if len(v.states) > 1] or [None]))
    assume(variable is not None)
    found = draw(strategies.evidence(network))
    if isinstance(found.get(variable.name), str):
        del found[variable.name]
    assume(enumeration.probability(network, found) > 1e-200)
    event = draw(st.booleans())
    return network, (variable.name, draw(st.sampled_from(variable.states))) if event else variable.name, found


def outcomes(network: Network, target: Any, evidence: dict[str, Any], also: tuple[str, ...] = ()) -> np.ndarray:
    """P(outcome, also, e): the first axis is the event and its absence, or every state."""
    name = target if isinstance(target, str) else target[0]
    values = enumeration.marginal(network, enumeration.joint(network, evidence), [name, *also])
    if isinstance(target, str):
        return values
    y = network.by_name[name].states.index(target[1])
    return np.stack([values[y], np.delete(values, y, axis=0).sum(axis=0)])


def without(evidence: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: finding for key, finding in evidence.items() if key != name}


@relaxed
@given(questions() | questions(strategies.noisy_networks(max_parents=4)))
def test_information_is_that_of_all_worlds(question: tuple[Network, Any, dict[str, Any]]) -> None:
    """Mutual information by entropies, the variance by its definition, and the extreme beliefs over all states."""
    network, target, evidence = question
    es = evidence_sensitivity(spasmnet.compile(network), target, evidence)
    name = es.event.variable
    hard = {key for key, finding in evidence.items() if isinstance(finding, str)}
    assert {one.variable for one in es.open} == set(network.names) - hard - {name}
    for one in es.open:
        joint = outcomes(network, target, evidence, (one.variable,))
        joint = joint / joint.sum()
        entropies = [
            -sum(float(p) * np.log2(float(p)) for p in part.ravel() if p > 0)
            for part in (joint.sum(axis=1), joint.sum(axis=0), joint)
        ]
        assert one.mutual_information == pytest.approx(entropies[0] + entropies[1] - entropies[2], **CLOSE)
        assert es.entropy == pytest.approx(entropies[0], **CLOSE)
        seen = [x for x in range(joint.shape[1]) if joint[:, x].sum() > 0]
        beliefs = {x: joint[:, x] / joint[:, x].sum() for x in seen}
        now = joint.sum(axis=1)
        count = len(now) if isinstance(target, str) else 1
        after = sum(joint[:, x].sum() * sum(b * (1 - b) for b in beliefs[x][:count]) for x in seen)
        assert es.variance == pytest.approx(float(sum(p * (1 - p) for p in now[:count])), **CLOSE)
        assert one.variance_reduction == pytest.approx(float(es.variance - after), **CLOSE)
        states = network.by_name[one.variable].states
        y = es.event.names.index(one.outcome)
        spans = [max(b[k] for b in beliefs.values()) - min(b[k] for b in beliefs.values()) for k in range(count)]
        assert float(spans[y]) == pytest.approx(float(max(spans)), **CLOSE)
        assert one.minimum == pytest.approx(float(min(b[y] for b in beliefs.values())), **CLOSE)
        assert one.maximum == pytest.approx(float(max(b[y] for b in beliefs.values())), **CLOSE)
        assert float(beliefs[states.index(one.minimum_state)][y]) == pytest.approx(one.minimum, **CLOSE)
        assert float(beliefs[states.index(one.maximum_state)][y]) == pytest.approx(one.maximum, **CLOSE)


@settings(relaxed, max_examples=60)
@given(questions() | questions(strategies.noisy_networks(max_parents=4)))
def test_findings_at_hand_are_those_of_all_worlds(question: tuple[Network, Any, dict[str, Any]]) -> None:
    """Bayes factors as quotients of likelihoods, and the cost of omission, from the listed joint; nothing is NaN."""
    network, target, evidence = question
    es = evidence_sensitivity(spasmnet.compile(network), target, evidence)
    y = es.event.names.index(es.focus)
    now, none = outcomes(network, target, evidence), outcomes(network, target, {})
    assert es.belief == pytest.approx(float(now[y] / now.sum()), **CLOSE)
    assert es.before == pytest.approx(float(none[y] / none.sum()), **CLOSE)
    costs = [one.cost_of_omission for one in es.at_hand]
    assert costs == sorted(costs, reverse=True)
    assert {one.variable for one in es.at_hand} == set(evidence)
    for one in es.at_hand:
        less = outcomes(network, target, without(evidence, one.variable))
        alone = outcomes(network, target, {one.variable: evidence[one.variable]})
        for factor, with_it, before in ((one.bayes_factor, now, less), (one.bayes_factor_alone, alone, none)):
            others = np.delete(with_it, y).sum(), np.delete(before, y).sum()
            if before[y] == 0 or others[1] == 0:
                assert factor == 1
            elif others[0] == 0:
                assert factor == np.inf
            else:
                assert factor == pytest.approx(float(with_it[y] / before[y] * others[1] / others[0]), rel=1e-10)
        p, q = (now / now.sum()), (less / less.sum())
        cost = sum(float(a) * float(np.log(a / b)) for a, b in zip(p, q, strict=True) if a > 0)
        assert one.cost_of_omission == pytest.approx(cost, **CLOSE)
        assert one.without == pytest.approx(float(q[y]), **CLOSE)
        assert one.alone == pytest.approx(float(alone[y] / alone.sum()), **CLOSE)
        if none[y] > 0:
            assert one.normalised_likelihood == pytest.approx(float(alone[y] / alone.sum() / none[y]), rel=1e-10)
        with np.errstate(divide="ignore"):
            assert one.weight == pytest.approx(np.log(one.bayes_factor), **CLOSE)
        assert one.decibans == pytest.approx(10 / np.log(10) * one.weight)
        if p[y] > 0 and abs(float(q[y] / p[y] - 1)) not in (0.1, 0.2):
            assert one.redundant == (abs(float(q[y] / p[y] - 1)) <= 0.1 + 1e-12)
            assert one.important == (abs(float(q[y] / p[y] - 1)) > 0.2 + 1e-12)
            assert one.sufficient == (abs(float(alone[y] / alone.sum() / p[y] - 1)) <= 0.1 + 1e-12)
    numbers = [*es.findings.select_dtypes("number").to_numpy().ravel(), *es.conflict["conflict"]]
    assert not np.isnan(np.array(numbers, dtype=float)).any()


@settings(relaxed, max_examples=60)
@given(questions() | questions(strategies.noisy_networks(max_parents=4)))
def test_conflict_is_that_of_all_worlds(question: tuple[Network, Any, dict[str, Any]]) -> None:
    """The conflict of every subset that is told, and of every hypothesis that could explain it."""
    network, target, evidence = question
    es = evidence_sensitivity(spasmnet.compile(network), target, evidence)
    expected = {frozenset(pair) for pair in combinations(evidence, 2)}
    if len(evidence) > 2:
        expected.add(frozenset(evidence))
        assert set(es.conflicts[0].findings) == set(evidence)
    assert {frozenset(one.findings) for one in es.conflicts} == expected
    hypotheses = [v for v in network.variables if not isinstance(evidence.get(v.name), str) and len(v.states) > 1]
    for one in es.conflicts:
        some = {name: evidence[name] for name in one.findings}
        singles = [enumeration.probability(network, {name: evidence[name]}) for name in some]
        conflict = float(np.log2(np.prod(singles) / enumeration.probability(network, some)))
        assert one.conflict == pytest.approx(conflict, **CLOSE)
        prior, after = enumeration.posteriors(network, {}), enumeration.posteriors(network, some)
        gains = [
            float(np.log2(after[v.name][s] / prior[v.name][s]))
            for v in hypotheses
            for s in v.states
            if after[v.name][s] > 1e-300
        ]
        gain = max([0.0, *gains])
        assert one.remaining == pytest.approx(conflict - gain, rel=1e-10, abs=1e-10)
        if one.explained_by is not None:
            v, s = one.explained_by
            joined = enumeration.probability(network, some) * after[v][s]
            with_h = float(np.log2(np.prod(singles) * prior[v][s] / joined))
            assert one.remaining == pytest.approx(with_h, rel=1e-10, abs=2e-9)  # of near ties the first is named
        if abs(conflict) > 1e-6 and abs(conflict - gain) > 1e-6:
            verdict = "coherent" if conflict < 0 else "rare case" if conflict < gain else "contradictory"
            assert one.verdict == verdict


def test_hepar2_has_the_reference_values() -> None:
    """PBC without evidence: entropy, mutual information and changes of belief."""
    es = evidence_sensitivity(spasmnet.compile(classic.load("hepar2")), ("PBC", "present"))
    assert es.entropy == pytest.approx(0.96140, abs=1e-5)
    rows = es.unobserved.set_index("variable")
    assert rows.index[:4].tolist() == ["ama", "sex", "ESR", "bilirubin"]
    expected = {"ama": 0.33361, "sex": 0.20230, "ESR": 0.19815, "bilirubin": 0.12920}
    assert rows["mutual_information"][list(expected)].to_dict() == pytest.approx(expected, abs=1e-5)
    assert rows.loc["ama", "maximum"] - es.belief == pytest.approx(0.5827, abs=1e-4)
    assert rows.loc["ama", "minimum"] - es.belief == pytest.approx(-0.1700, abs=1e-4)
    assert rows.loc["age", "minimum"] - es.belief == pytest.approx(-0.3095, abs=1e-4)
    assert rows.loc["ama", "maximum_state"] == "present" and rows.loc["age", "minimum_state"] == "age0_30"


def burglary() -> Network:
    """Burglary, earthquake, alarm and a radio's report: the textbook's rare case, and a contradiction."""
    yes = ("no", "yes")
    return Network(
        [Variable(name, yes) for name in ("burglary", "earthquake", "alarm", "radio")],
        {
            "burglary": Table((), [0.99, 0.01]),
            "earthquake": Table((), [0.999, 0.001]),
            "alarm": Table(("burglary",), [[0.999, 0.001], [0.05, 0.95]]),
            "radio": Table(("earthquake",), [[1, 0], [0.05, 0.95]]),
        },
    )


def test_zeros_are_exact() -> None:
    """A finding that makes the target certain has an infinite Bayes factor; omitting it costs a finite amount."""
    es = evidence_sensitivity(spasmnet.compile(burglary()), ("earthquake", "yes"), {"radio": "yes", "alarm": "no"})
    by_name = {one.variable: one for one in es.at_hand}
    assert by_name["radio"].bayes_factor == by_name["radio"].weight == np.inf
    assert by_name["radio"].cost_of_omission == pytest.approx(-np.log(0.001))
    assert by_name["alarm"].bayes_factor == 1 and by_name["alarm"].redundant
    against = evidence_sensitivity(spasmnet.compile(burglary()), ("earthquake", "no"), {"radio": "yes"})
    assert against.at_hand[0].bayes_factor == 0 and against.at_hand[0].weight == -np.inf
    assert against.at_hand[0].cost_of_omission == pytest.approx(-np.log(0.001))
    assert "∞" in str(es) and "∞" in str(against)


def test_a_rare_case_and_a_contradiction_are_told_apart() -> None:
    """A disease with two opposite signs is a rare case; two tests of one thing that disagree contradict."""
    sign = ("no", "yes")
    network = Network(
        [Variable(n, sign) for n in ("disease", "other", "a", "b", "c")],
        {
            "disease": Table((), [0.999, 0.001]),
            "other": Table((), [0.5, 0.5]),
            "a": Table(("other", "disease"), [[[0.95, 0.05], [0.1, 0.9]], [[0.05, 0.95], [0.1, 0.9]]]),
            "b": Table(("other", "disease"), [[[0.05, 0.95], [0.1, 0.9]], [[0.95, 0.05], [0.1, 0.9]]]),
            "c": Table(("other",), [[0.99, 0.01], [0.01, 0.99]]),
        },
    )
    es = evidence_sensitivity(spasmnet.compile(network), "other", {"a": "yes", "b": "yes"})
    (only,) = es.conflicts
    assert only.conflict > 0 and only.verdict == "rare case" and only.explained_by == ("disease", "yes")
    es = evidence_sensitivity(spasmnet.compile(network), "disease", {"a": "no", "c": "yes"})
    assert es.conflicts[0].verdict == "contradictory" and es.conflicts[0].remaining > 0


@strategies.states_like_none
@relaxed
@given(small, st.data())
def test_a_table_is_its_cases(network: Network, data: st.DataObject) -> None:
    """The summary of a table is the mean over its cases, asked one by one."""
    variable = next((v for v in network.variables if len(v.states) > 1), None)
    assume(variable is not None)
    target = variable.name if data.draw(st.booleans()) else (variable.name, variable.states[0])
    cases = []
    for _ in range(data.draw(st.integers(1, 4))):
        found = data.draw(strategies.evidence(network, likelihood=False))
        found.pop(variable.name, None)
        if enumeration.probability(network, found) > 1e-100:
            cases.append(found)
    assume(cases)
    columns = [name for name in network.names if any(name in case for case in cases)]
    frame = pd.DataFrame([[case.get(name) for name in columns] for case in cases], columns=columns, dtype=object)
    frame.index = [f"case {i}" for i in range(len(cases))]
    engine = spasmnet.compile(network)
    summary = evidence_sensitivity(engine, target, frame)
    single: list[EvidenceSensitivity] = [evidence_sensitivity(engine, target, case) for case in cases]
    assert summary.cases["belief"].tolist() == pytest.approx([es.belief for es in single], **CLOSE)
    assert summary.cases["before"].tolist()[0] <= 1 and summary.cases.index.tolist() == frame.index.tolist()
    for case, conflict, leading in zip(cases, summary.cases["conflict"], summary.cases["leading"], strict=True):
        parts = [enumeration.probability(network, {name: case[name]}) for name in case]
        assert conflict == pytest.approx(
            float(np.log2(np.prod(parts) / enumeration.probability(network, case))), **CLOSE
        )
        assert (leading in case) if case else leading is None
    for row in summary.unobserved.itertuples():
        ones = [one for es in single for one in es.open if one.variable == row.variable]
        assert row.cases == len(ones)
        assert row.mutual_information == pytest.approx(np.mean([one.mutual_information for one in ones]), **CLOSE)
        assert row.variance_reduction == pytest.approx(np.mean([one.variance_reduction for one in ones]), **CLOSE)
        assert row.largest_span >= max(one.maximum - one.minimum for one in ones) - 1e-9
    for row in summary.findings.itertuples():
        hands = [one for es in single for one in es.at_hand if one.variable == row.variable]
        sizes = [abs(one.weight) for one in hands]
        assert row.cases == len(hands)
        assert row.cost_of_omission == pytest.approx(np.mean([one.cost_of_omission for one in hands]), **CLOSE)
        assert row.infinite == sum(np.isinf(sizes))
        finite = [size for size in sizes if np.isfinite(size)]
        assert row.mean_size == pytest.approx(np.mean(finite) if finite else 0.0, rel=1e-10, abs=1e-10)


def test_frames_and_displays() -> None:
    """The frames carry what the question was; the displays say which sensitivity it is and escape what they show."""
    engine = spasmnet.compile(spasmnet.load())
    es = spasmnet.evidence_sensitivity(engine, "dehydration", {"spasm": "painful", "heavy_sweating": "present"})
    for frame in (es.unobserved, es.findings, es.conflict):
        assert frame.attrs["spasmnet"]["target"] == "dehydration" and len(frame)
    assert es.unobserved["mutual_information"].is_monotonic_decreasing
    assert "not parameter sensitivity" in " ".join(str(es).split()) and "Heavy sweating: Yes" in str(es)
    html = es._repr_mimebundle_()["text/html"]
    assert "Evidence sensitivity" in html and "research" in html.lower()
    odd = Network([Variable("<b>", ("<i>", "&")), Variable("x", ("0", "1"))],
                  {"<b>": Table((), [0.5, 0.5]), "x": Table(("<b>",), [[0.1, 0.9], [0.9, 0.1]])})  # fmt: skip
    html = evidence_sensitivity(spasmnet.compile(odd), "x", {"<b>": "<i>"})._repr_mimebundle_()["text/html"]
    assert "<b>" not in html and "&lt;b&gt;" in html


def test_bad_questions_are_refused() -> None:
    """What is wrong is said: an observed target, targets that are no events, thresholds, tables, impossible findings."""
    engine = spasmnet.compile(burglary())
    with pytest.raises(EvidenceError, match="target alarm is observed"):
        evidence_sensitivity(engine, ("alarm", "yes"), {"alarm": "no"})
    with pytest.raises(EvidenceError, match="certain"):
        evidence_sensitivity(engine, ("alarm", ["yes", "no"]))
    with pytest.raises(EvidenceError, match="a target is"):
        evidence_sensitivity(engine, 3)
    with pytest.raises(EvidenceError, match="did you mean 'alarm'"):
        evidence_sensitivity(engine, "alarn")
    with pytest.raises(SpasmnetError, match="thresholds"):
        evidence_sensitivity(engine, "alarm", thresholds=(0.3, 0.1))
    with pytest.raises(SpasmnetError, match="an engine is needed"):
        evidence_sensitivity(burglary(), "alarm")
    with pytest.raises(ImpossibleEvidenceError, match="radio = yes"):
        evidence_sensitivity(engine, "alarm", {"radio": "yes", "earthquake": "no"})
    with pytest.raises(ImpossibleEvidenceError, match="row 1"):
        evidence_sensitivity(engine, "alarm", pd.DataFrame({"radio": ["no", "yes"], "earthquake": ["no", "no"]}))
    with pytest.raises(EvidenceError, match="observed in row 1"):
        evidence_sensitivity(engine, "alarm", pd.DataFrame({"alarm": [None, "yes"]}))
    with pytest.raises(TableError, match="no rows"):
        evidence_sensitivity(engine, "alarm", pd.DataFrame({"radio": []}))
