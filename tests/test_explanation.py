"""Explanations against all worlds listed: contributions, paths, sentences and what would change the answer."""

from __future__ import annotations

import json
from itertools import combinations, pairwise, permutations
from math import exp
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import EvidenceError, Network, SpasmnetError, Table, Variable
from spasmnet.findings import overturn
from spasmnet.findings.contributions import contributions
from spasmnet.findings.explanation import explain
from spasmnet.findings.query import Question
from spasmnet.sensitivity.structure import cut_edge
from spasmnet.triage.report import report
from tests import classic, enumeration, strategies

relaxed = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
small = strategies.networks(max_variables=5, max_states=3, max_parents=3)
CASE = {"heavy_sweating": "present", "spasm": "painful", "vomiting_diarrhoea": "present", "low_bp_dizzy": "absent"}


@pytest.fixture(scope="module")
def engine() -> spasmnet.Engine:
    return spasmnet.compile(spasmnet.load())


@st.composite
def questions(draw: st.DrawFn, networks: st.SearchStrategy[Network] = small) -> tuple[Network, Any, dict[str, Any]]:
    """A network, an event that is possible and not certain, and possible findings."""
    network = draw(networks)
    several = [v for v in network.variables if len(v.states) > 1]
    assume(several)
    variable = draw(st.sampled_from(several))
    found = draw(strategies.evidence(network))
    if isinstance(found.get(variable.name), str):
        del found[variable.name]
    assume(enumeration.probability(network, found) > 1e-200)
    return network, (variable.name, draw(st.sampled_from(variable.states))), found


def log_odds(network: Network, target: tuple[str, str], evidence: dict[str, Any]) -> float:
    values = enumeration.marginal(network, enumeration.joint(network, evidence), [target[0]])
    y = network.by_name[target[0]].states.index(target[1])
    with np.errstate(divide="ignore"):
        return float(np.log(values[y]) - np.log(np.delete(values, y).sum()))


@settings(relaxed, max_examples=80)
@given(questions() | questions(strategies.noisy_networks(max_parents=4)))
def test_contributions_are_means_over_all_orders(question: tuple[Network, Any, dict[str, Any]]) -> None:
    """By the definition: the mean effect over every order of the findings; they sum to the change in log-odds."""
    network, target, evidence = question
    assume(len(evidence) <= 5)
    why = explain(spasmnet.compile(network), target, evidence)
    before, after = log_odds(network, target, {}), log_odds(network, target, evidence)
    assert why.belief == pytest.approx(1 / (1 + exp(-after)) if after > -700 else 0, rel=1e-10, abs=1e-10)
    if not np.isfinite(before):
        assert not why.because and not why.settled_by
        return
    if not np.isfinite(after):
        assert not why.because and why.settled_by and why.trails == ()
        alone = {name: evidence[name] for name in why.settled_by}
        assert log_odds(network, target, alone) == after
        for fewer in combinations(evidence, len(alone) - 1):
            assert np.isfinite(log_odds(network, target, {name: evidence[name] for name in fewer}))
        assert "alone make" in str(why) and str(why.as_dict())
        return
    v = {
        frozenset(some): log_odds(network, target, {name: evidence[name] for name in some})
        for size in range(len(evidence) + 1)
        for some in combinations(evidence, size)
    }
    effects: dict[str, list[float]] = {name: [] for name in evidence}
    for order in permutations(evidence):
        for i, name in enumerate(order):
            effects[name].append(v[frozenset(order[: i + 1])] - v[frozenset(order[:i])])
    found = {name: value for name, _, value, _ in why.because}
    assert set(found) == set(evidence)
    scale = max([1.0, *map(abs, v.values())])
    for name, value in found.items():
        assert value == pytest.approx(np.mean(effects[name]), rel=1e-10, abs=1e-10 * scale)
    assert sum(found.values()) == pytest.approx(after - before, rel=1e-10, abs=1e-10 * scale)
    assert set(why.speak_for) == {name for name, value in found.items() if value > 0}


def test_sampled_contributions_state_their_error(engine: spasmnet.Engine) -> None:
    """Sampled orders sum to the change too, are within their errors, and repeat with the same generator."""
    question = Question.of(engine, ("dehydration", ["mild", "moderate_severe"]), CASE)
    exact = contributions(question, 10, np.random.default_rng(0))
    sampled = contributions(question, 400, np.random.default_rng(3), exact_up_to=2)
    again = contributions(question, 400, np.random.default_rng(3), exact_up_to=2)
    assert exact.exact and not sampled.exact and sampled == again
    assert sum(sampled.values) == pytest.approx(sampled.after - sampled.before, abs=1e-10)
    for a, b, error in zip(exact.values, sampled.values, sampled.errors, strict=True):
        assert 0 < error < 0.05 and abs(a - b) < 4.5 * error
    coarse = contributions(question, 25, np.random.default_rng(3), exact_up_to=2)
    assert 2 < coarse.errors[0] / sampled.errors[0] < 8  # a sixteenth of the orders: four times the error


def test_many_findings_are_sampled(engine: spasmnet.Engine) -> None:
    """Beyond 15 findings there are errors, the display tells them, and rng= decides."""
    network = engine.network
    many = [v for v in network.variables if v.role in ("risk_factor", "finding") and v.name != "spasm"][:17]
    evidence = {v.name: v.states[0] for v in many}
    why = explain(engine, "muscle_fatigue", evidence, permutations=30, rng=np.random.default_rng(5))
    assert not why.shapley.exact and any(error > 0 for *_, error in why.because)
    assert sum(value for _, _, value, _ in why.because) == pytest.approx(
        why.shapley.after - why.shapley.before, abs=1e-10
    )
    other = explain(engine, "muscle_fatigue", evidence, permutations=30, rng=np.random.default_rng(6))
    assert why.because != other.because
    assert explain(engine, "muscle_fatigue", dict(list(evidence.items())[:15])).shapley.exact


@given(questions())
@relaxed
def test_sufficient_sets_are_the_smallest_of_all_subsets(question: tuple[Network, Any, dict[str, Any]]) -> None:
    """By trying every subset."""
    network, target, evidence = question
    why = explain(spasmnet.compile(network), target, evidence)

    def p(some: tuple[str, ...]) -> float:
        return enumeration.posteriors(network, {name: evidence[name] for name in some})[target[0]][target[1]]

    now = p(tuple(evidence))
    if now == 0:
        return
    for size in range(len(evidence) + 1):
        near = {some: abs(p(some) / now - 1) - 0.1 for some in combinations(evidence, size)}
        assume(all(abs(gap) > 1e-9 for gap in near.values()))
        enough = {frozenset(some) for some, gap in near.items() if gap < 0}
        if enough:
            assert {frozenset(some) for some in why.sufficient} == enough
            return


def active_trails(network: Network, start: str, goal: str, evidence: dict[str, Any]) -> list[tuple[str, ...]]:
    """All simple active trails by the definition."""
    edges = {(p, c) for c in network.names for p in network.parents(c)}
    below = {n: {n} for n in network.names}
    for name in reversed(network.order):
        for p in network.parents(name):
            below[p] |= below[name]
    found = []
    others = [n for n in network.names if n not in (start, goal)]
    for size in range(len(others) + 1):
        for middle in permutations(others, size):
            nodes = (start, *middle, goal)
            if all((a, b) in edges or (b, a) in edges for a, b in pairwise(nodes)):
                ok = True
                for a, b, c in zip(nodes, nodes[1:], nodes[2:], strict=False):
                    if (a, b) in edges and (c, b) in edges:
                        ok &= any(name in below[b] for name in evidence)
                    else:
                        ok &= not isinstance(evidence.get(b), str)
                if ok:
                    found.append(nodes)
    return found


@given(
    questions(
        strategies.networks(max_variables=5, max_states=3, max_parents=3, positive=True, kinds=("table", "noisy_max"))
    )
)
@settings(relaxed, max_examples=60)
def test_paths_are_the_strongest_active_trails(question: tuple[Network, Any, dict[str, Any]]) -> None:
    """Among all active trails those whose weakest edge, cut and asked again, takes most of the effect."""
    network, target, evidence = question
    assume(np.isfinite(log_odds(network, target, evidence)))
    check_paths(network, target, evidence, 2)


def check_paths(network: Network, target: tuple[str, str], evidence: dict[str, Any], paths: int) -> None:
    why = explain(spasmnet.compile(network), target, evidence, paths=paths)
    cut = {(p, c): cut_edge(network, p, c) for c in network.names for p in network.parents(c)}
    for name in evidence:
        less = {key: finding for key, finding in evidence.items() if key != name}
        effect = log_odds(network, target, evidence) - log_odds(network, target, less)
        mine = [trail for trail in why.trails if trail.finding == name]
        if name == target[0]:
            assert [trail.nodes for trail in mine] == [(name,)]
            continue
        drop = {
            edge: effect - (log_odds(other, target, evidence) - log_odds(other, target, less))
            for edge, other in cut.items()
        }
        strengths = []
        for nodes in active_trails(network, name, target[0], evidence):
            along = [(a, b) if (a, b) in drop else (b, a) for a, b in pairwise(nodes)]
            strengths.append((min(abs(drop[edge]) for edge in along), nodes))
        worth = sorted((s for s, _ in strengths if s > 1e-5 * max(abs(effect), 1e-3)), reverse=True)
        for trail, expected in zip(mine, worth, strict=False):
            assert abs(trail.carries) == pytest.approx(expected, rel=1e-10, abs=1e-10)
        assert len(mine) >= min(paths, len(worth))
        for trail in mine:
            assert trail.nodes in [nodes for _, nodes in strengths]
            assert trail.effect == pytest.approx(effect, rel=1e-10, abs=1e-10)
            assert trail.weakest is not None
            assert trail.carries == pytest.approx(drop[trail.weakest], rel=1e-10, abs=1e-10)


@given(
    questions(
        strategies.networks(max_variables=5, max_states=3, max_parents=3, positive=True, kinds=("table", "noisy_max"))
    )
)
@settings(relaxed, max_examples=60)
def test_sentences_say_what_the_worlds_say(question: tuple[Network, Any, dict[str, Any]]) -> None:
    """The factor of each link is P(then | first, since) / P(then | since) of the listed joint."""
    network, target, evidence = question
    assume(np.isfinite(log_odds(network, target, evidence)))
    check_links(network, target, evidence)


def check_links(network: Network, target: tuple[str, str], evidence: dict[str, Any]) -> None:
    why = explain(spasmnet.compile(network), target, evidence, paths=5)
    for trail, steps in zip(why.trails, why.links, strict=True):
        if steps:
            assert (steps[0].first, steps[-1].then) == (trail.nodes[0], trail.nodes[-1])
        for link in steps:
            since = {name: evidence[name] for name in link.since}
            joint = enumeration.marginal(network, enumeration.joint(network, since), [link.first, link.then])
            states = network.by_name[link.first].states
            finding = evidence.get(link.first)
            if isinstance(finding, dict):
                weights = np.array([finding[s] for s in states])
            else:
                weights = np.array([float(s in link.first_states) for s in states])
            then = [network.by_name[link.then].states.index(s) for s in link.then_states]
            chance = (weights @ joint)[then].sum() / (weights @ joint).sum()
            assert link.times == pytest.approx(float(chance / (joint[:, then].sum() / joint.sum())), rel=1e-10)


def dense(seed: int, states: int) -> Network:
    """Five variables that all look at all earlier ones: many trails, also through what is observed."""
    random = np.random.default_rng(seed)
    variables = [Variable(name, tuple(f"s{i}" for i in range(states))) for name in "abcde"]
    cpds = {}
    for i, variable in enumerate(variables):
        weights = random.exponential(size=(states,) * (i + 1)) ** 2 + 0.01
        cpds[variable.name] = Table("abcde"[:i], weights / weights.sum(axis=-1, keepdims=True))
    return Network(variables, cpds)


@pytest.mark.parametrize("seed", range(8))
def test_paths_of_dense_networks(seed: int) -> None:
    """Every pair of variables is joined: the strongest of many trails, and the links of several states."""
    network = dense(seed, 2 + seed % 2)
    evidence = {"e": "s1", "b": "s0"} if seed % 4 < 2 else {"d": "s0", "c": "s1"}
    check_paths(network, ("a", "s0"), evidence, 6)
    check_links(network, ("a", "s0"), evidence)


def test_a_trail_through_what_is_observed() -> None:
    """Explaining away: two causes of one observed effect, joined by it and by nothing else; told "given" it."""
    yes = ("no", "yes")
    network = Network(
        [Variable(name, yes) for name in ("a", "b", "c", "d")],
        {
            "a": Table((), [0.8, 0.2]),
            "b": Table((), [0.7, 0.3]),
            "c": Table(("a", "b"), [[[0.99, 0.01], [0.2, 0.8]], [[0.1, 0.9], [0.05, 0.95]]]),
            "d": Table(("a", "b"), [[[0.9, 0.1], [0.3, 0.7]], [[0.2, 0.8], [0.1, 0.9]]]),
        },
    )
    engine = spasmnet.compile(network)
    why = explain(engine, ("b", "yes"), {"a": "yes", "c": "yes"}, paths=5)
    assert [trail.nodes for trail in why.trails if trail.finding == "a"] == [("a", "c", "b")]
    (link,) = why.links[[trail.nodes for trail in why.trails].index(("a", "c", "b"))]
    assert link.since == ("c",) and link.times < 1
    assert any(sentence.startswith("given c, a: yes makes b: yes") for sentence in why.sentences)
    nothing = explain(engine, ("b", "yes"), {"a": "yes"})
    assert nothing.trails == ()


def test_what_would_change_it_is_what_the_report_says(engine: spasmnet.Engine) -> None:
    """Every single finding, and a sample of pairs, asked again one by one: the report decides the same."""
    network = engine.network
    evidence = {**CASE, "dark_urine": {"normal": 0.1, "concentrated": 0.2, "cola": 0.7}}
    names = ["weakness", "jaw_stiffness", "swelling", "thirst_dry_mouth", "carpopedal_sign", "overuse"]
    for given_findings in (CASE, evidence, {}, {"spasm": "painful", "muscle_fatigue": "present"}):
        why = explain(engine, "dehydration", given_findings, candidates=names)

        def decided(more: dict[str, str], base: Any = given_findings) -> dict[str, str]:
            found = report(engine, {**base, **more})
            p = found.posterior["dehydration"]
            return {
                "cause": found.differential[0].name,
                "care": found.care.level if found.care else "",
                "target": "none" if p["none"] >= 0.5 else "mild or moderate_severe",
            }

        now = decided({})
        told = {(one.kind, frozenset(one.findings)): one for one in why.overturns}
        singles = [(name, s) for name in names for s in network.by_name[name].states]
        for kind in ("cause", "care", "target"):
            alone = set()
            for single in singles:
                then = decided(dict([single]))
                one = told.get((kind, frozenset([single])))
                assert (one is not None) == (then[kind] != now[kind]), (kind, single)
                if one is not None:
                    assert (one.now, one.then) == (now[kind], then[kind])
                    chance = engine.posterior(given_findings)[single[0]][single[1]]
                    assert one.probability == pytest.approx(chance, rel=1e-10)
                    alone.add(single)
            for a, b in list(combinations(singles, 2))[::5]:
                if a[0] != b[0]:
                    pair = told.get((kind, frozenset([a, b])))
                    changes = decided(dict([a, b]))[kind] != now[kind] and not alone & {a, b}
                    assert (pair is not None) == changes, (kind, a, b)


def test_what_has_likelihoods_may_still_be_found(engine: spasmnet.Engine) -> None:
    """A variable whose finding is uncertain is a candidate like any that is not observed; its state may settle it."""
    evidence = {**CASE, "dark_urine": {"normal": 0.1, "concentrated": 0.2, "cola": 0.7}}
    changes = explain(engine, "dehydration", evidence, pairs=False).overturns
    one = next(one for one in changes if one.findings == (("dark_urine", "cola"),))
    assert one.probability == pytest.approx(engine.posterior(evidence)["dark_urine"]["cola"], rel=1e-10)
    assert not {name for change in changes for name, _ in change.findings} & set(CASE)


def test_the_shipped_model_explains_itself(engine: spasmnet.Engine) -> None:
    """Sentences from the labels, two rankings that differ, frames, JSON and HTML."""
    why = spasmnet.explain(engine, "dehydration", CASE)
    text = " ".join(why.sentences)
    assert "Vomiting or diarrhoea: Yes raises the odds by a factor of 5.68" in text
    assert "Vomiting or diarrhoea: Yes makes Dehydration: Mildly dehydrated or Clearly dehydrated 2.9 times" in text
    assert "explains most of what was found; Dehydration is the most probable cause" in text
    assert why.causes.iloc[0]["by_probability"] != 1
    for frame in (why.contributions, why.paths, why.changes, why.causes):
        assert len(frame) and frame.attrs["spasmnet"]["before"] == why.before
    data = json.loads(json.dumps(why.as_dict(), allow_nan=False))
    assert sum(row["contribution"] for row in data["contributions"]) == pytest.approx(
        data["log_odds"] - data["log_odds_before"]
    )
    assert "Which cause explains the findings" in str(why) and "counterfactual" in why._repr_mimebundle_()["text/html"]
    nothing = spasmnet.explain(engine, "dehydration")
    assert nothing.because == () and nothing.trails == () and nothing.belief == nothing.before and str(nothing)


def test_networks_without_roles(engine: spasmnet.Engine) -> None:
    """A classic network has no roles: no rankings, unless causes and findings are named."""
    asia = spasmnet.compile(classic.load("asia"))
    evidence = {"xray": "yes", "dysp": "yes"}
    assert spasmnet.explain(asia, ("lung", "yes"), evidence).ranked == ()
    why = spasmnet.explain(asia, ("lung", "yes"), evidence, causes=["lung", "tub"], findings=["dysp"])
    assert {one.kind for one in why.overturns} <= {"target"} and str(why)


def test_bad_options_are_refused(engine: spasmnet.Engine) -> None:
    """What is wrong, and what is allowed."""
    with pytest.raises(EvidenceError, match="is observed"):
        explain(engine, "spasm", {"spasm": "none"})
    for options in ({"permutations": 1}, {"paths": 0}, {"paths": True}, {"rng": 7}):
        with pytest.raises(SpasmnetError, match=r"must be|numpy Generator"):
            explain(engine, "dehydration", CASE, **options)
    with pytest.raises(EvidenceError, match="candidate spasm is observed"):
        _ = explain(engine, "dehydration", CASE, candidates=["spasm"]).overturns
    with pytest.raises(EvidenceError, match="list of variables"):
        _ = explain(engine, "dehydration", CASE, candidates="spasm").overturns
    with pytest.raises(EvidenceError, match="causes is empty"):
        _ = explain(engine, "dehydration", CASE, causes=[]).ranked
    with pytest.raises(EvidenceError, match="did you mean"):
        _ = explain(engine, "dehydration", CASE, causes=["dehidration"]).ranked
    with pytest.raises(SpasmnetError, match="an engine"):
        explain(None, "dehydration")  # type: ignore[arg-type]


def test_pairs_that_are_too_many(engine: spasmnet.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default they are left out, asked for they are refused; single findings are told all the same."""
    full = explain(engine, "dehydration", CASE).overturns
    assert any(len(one.findings) == 2 for one in full)
    singles = tuple(one for one in full if len(one.findings) == 1)
    assert explain(engine, "dehydration", CASE, pairs=False).overturns == singles
    monkeypatch.setattr(overturn, "MAX_CASES", 10)
    assert explain(engine, "dehydration", CASE).overturns == singles
    with pytest.raises(EvidenceError, match="pairs of findings are too many"):
        _ = explain(engine, "dehydration", CASE, pairs=True).overturns
