"""Twin networks and expected disablement against both worlds listed, noise and all."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import Deterministic, EvidenceError, Network, NoisyMax, SpasmnetError, Table, Variable
from spasmnet.findings import twin as twin_module
from spasmnet.findings.causation import probabilities_of_causation
from spasmnet.findings.ranking import ranked_causes
from spasmnet.findings.twin import Twin, descendants
from tests import enumeration, strategies

relaxed = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
small = strategies.networks(max_variables=4, max_states=3, max_parents=2)


def shared(row: Any, other: Any) -> dict[tuple[int, int], float]:
    """Two distributions drawn by one uniform number, by walking along [0, 1]."""
    found: dict[tuple[int, int], float] = {}
    ends = sorted({0.0, 1.0, *np.cumsum(row).tolist(), *np.cumsum(other).tolist()})
    for a, b in pairwise(ends):
        middle = (a + b) / 2
        if a < 1:
            at = tuple(min(int((np.cumsum(p) < middle).sum()), len(p) - 1) for p in (row, other))
            found[at] = found.get(at, 0.0) + min(b, 1.0) - a  # type: ignore[index, arg-type]
    return found


def mechanisms(cpd: Any, one: tuple[int, ...], two: tuple[int, ...]) -> dict[tuple[int, int], float]:
    """P(y, y') of a variable whose parents are in states `one` and, in the other world, `two`."""
    if isinstance(cpd, Deterministic):
        return {(int(cpd.outcome[one]), int(cpd.outcome[two])): 1.0}
    if isinstance(cpd, NoisyMax):
        found = {(y, y): float(p) for y, p in enumerate(cpd.leak)}
        for link, a, b in zip(cpd.links, one, two, strict=True):
            more: dict[tuple[int, int], float] = {}
            for (y, z), p in found.items():
                for (u, v), q in shared(link[a], link[b]).items():
                    key = max(y, u), max(z, v)
                    more[key] = more.get(key, 0.0) + p * q
            found = more
        return found
    return shared(cpd.values[one], cpd.values[two])


def both_worlds(network: Network, variable: str, state: str, evidence: dict[str, Any]) -> dict[str, np.ndarray]:
    """P(Y had X been in the state | evidence) for all Y, by listing both worlds."""
    names, place = network.order, {name: i for i, name in enumerate(network.order)}
    worlds: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {((), ()): 1.0}
    for name in names:
        cpd, grown = network.cpds[name], {}
        for (one, two), p in worlds.items():
            parents = [tuple(w[place[parent]] for parent in cpd.parents) for w in (one, two)]
            for (y, z), q in mechanisms(cpd, *parents).items():
                if name == variable:
                    z = network.by_name[name].states.index(state)
                key = ((*one, y), (*two, z))
                grown[key] = grown.get(key, 0.0) + p * q
        worlds = grown
    found = {name: np.zeros(len(network.by_name[name].states)) for name in names}
    for (one, two), p in worlds.items():
        for name, finding in evidence.items():
            s = network.by_name[name].states[one[place[name]]]
            p *= finding[s] if isinstance(finding, dict) else float(s == finding)
        for name, y in zip(names, two, strict=True):
            found[name][y] += p
    return {name: values / values.sum() for name, values in found.items()}


@settings(relaxed, max_examples=120)
@given(small, st.data())
def test_the_twin_is_both_worlds_listed(network: Network, data: st.DataObject) -> None:
    """Every descendant in the other world, given findings about this one."""
    variable = data.draw(st.sampled_from(network.variables))
    evidence = data.draw(strategies.evidence(network))
    assume(enumeration.probability(network, evidence) > 1e-6)
    twin = Twin.of(network, variable.name, 10**6)
    assert set(twin.pairs) == descendants(network, variable.name)
    if data.draw(st.booleans()):
        twin = Twin.of(network, variable.name, 10**6, list(evidence))
    state = data.draw(st.sampled_from(variable.states))
    expected = both_worlds(network, variable.name, state, evidence)
    for name, found in twin.would_be(state, evidence).items():
        assert found == pytest.approx(expected[name], abs=1e-10)


@relaxed
@given(strategies.noisy_networks(max_parents=4), st.data())
def test_a_noisy_max_keeps_its_noise(network: Network, data: st.DataObject) -> None:
    """Noisy-MAX variables with several parents that differ between the worlds."""
    variable = data.draw(st.sampled_from([network.by_name["cause"], network.by_name["parent0"]]))
    evidence = data.draw(strategies.evidence(network, likelihood=False))
    for name in list(evidence)[5:]:
        del evidence[name]
    assume(enumeration.probability(network, evidence) > 1e-6)
    small_network = sum(len(v.states) for v in network.variables) <= 18
    assume(small_network)
    expected = both_worlds(network, variable.name, variable.states[0], evidence)
    twin = Twin.of(network, variable.name, 10**7)
    for name, found in twin.would_be(variable.states[0], evidence).items():
        assert found == pytest.approx(expected[name], abs=1e-10)


@relaxed
@given(small, st.data())
def test_setting_what_it_is_changes_nothing(network: Network, data: st.DataObject) -> None:
    """Consistency: had X been in the state that it was seen in, everything would be as it is."""
    variable = data.draw(st.sampled_from(network.variables))
    evidence = data.draw(strategies.evidence(network)) | {variable.name: data.draw(st.sampled_from(variable.states))}
    assume(enumeration.probability(network, evidence) > 1e-6)
    twin = Twin.of(network, variable.name, 10**6)
    now = enumeration.posteriors(network, evidence)
    for name, found in twin.would_be(evidence[variable.name], evidence).items():
        assert found == pytest.approx(list(now[name].values()), abs=1e-10)


def noisy_or(prior: float, p: float, leak: float) -> Network:
    """Two diseases and two symptoms, noisy-OR."""
    yes = ("no", "yes")
    link = [[1.0, 0.0], [1 - p, p]]
    names = (("d1", "cause"), ("d2", "cause"), ("s1", "finding"), ("s2", "finding"))
    return Network(
        [Variable(name, yes, role=role) for name, role in names],
        {
            "d1": Table((), [1 - prior, prior]),
            "d2": Table((), [0.9, 0.1]),
            "s1": NoisyMax(("d1", "d2"), [1 - leak, leak], [link, [[1, 0], [0.6, 0.4]]]),
            "s2": NoisyMax(("d1",), [1 - leak, leak], [link]),
        },
    )


def test_disablement_is_the_closed_form_of_noisy_or() -> None:
    """One symptom, one disease: it switches off if the disease alone was behind it."""
    prior, p, leak = 0.2, 0.7, 0.05
    engine = spasmnet.compile(noisy_or(prior, p, leak))
    found = {one.variable: one for one in ranked_causes(engine, engine.posterior({"s2": "yes"}))}
    seen = 1 - (1 - leak) * (1 - prior * p)
    assert found["d1"].disablement == pytest.approx(prior * p * (1 - leak) / seen, abs=1e-12)
    assert found["d2"].disablement == 0 and found["d2"].switches_off == {}
    both = {one.variable: one for one in ranked_causes(engine, engine.posterior({"s1": "yes", "s2": "yes"}))}
    assert set(both["d1"].switches_off) == {"s1", "s2"} and set(both["d2"].switches_off) == {"s1"}
    none = ranked_causes(engine, engine.posterior({"s1": "no"}))
    assert all(one.disablement == 0 for one in none)


@relaxed
@given(small, st.data())
def test_rankings_are_those_of_both_worlds(network: Network, data: st.DataObject) -> None:
    """Probability from the posterior, disablement from both worlds; places by either."""
    variables = tuple(replace(variable, role="finding") for variable in network.variables)  # the first state is neutral
    network = replace(network, variables=variables)
    evidence = data.draw(strategies.evidence(network, likelihood=False))
    assume(enumeration.probability(network, evidence) > 1e-6)
    engine, names = spasmnet.compile(network), list(network.names)
    causes = [name for name in names if name not in evidence]
    assume(causes)
    found = ranked_causes(engine, engine.posterior(evidence), causes, names)
    now = enumeration.posteriors(network, evidence)
    for one in found:
        neutral = network.by_name[one.variable].states[0]
        worlds = both_worlds(network, one.variable, neutral, evidence)
        present = [
            name for name in evidence
            if evidence[name] != network.by_name[name].states[0] and name in descendants(network, one.variable)
        ]  # fmt: skip
        assert one.disablement == pytest.approx(sum(float(worlds[name][0]) for name in present), abs=1e-10)
        assert one.probability == pytest.approx(1 - now[one.variable][neutral], abs=1e-10)
    assert sorted(one.by_probability for one in found) == sorted(one.by_disablement for one in found)
    for a, b in product(found, found):
        if a.disablement > b.disablement + 1e-9:
            assert a.by_disablement < b.by_disablement
        if a.probability > b.probability + 1e-9:
            assert a.by_probability < b.by_probability


def test_probable_is_not_explaining() -> None:
    """A common disease that has nothing to do with the symptom leads by probability, the rare one explains it."""
    yes = ("no", "yes")
    network = Network(
        [
            Variable("common", yes, role="cause"),
            Variable("rare", yes, role="cause"),
            Variable("s", yes, role="finding"),
        ],
        {
            "common": Table((), [0.2, 0.8]),
            "rare": Table((), [0.98, 0.02]),
            "s": NoisyMax(("rare", "common"), [0.99, 0.01], [[[1, 0], [0.1, 0.9]], [[1, 0], [0.999, 0.001]]]),
        },
    )
    why = spasmnet.explain(spasmnet.compile(network), "rare", {"s": "yes"})
    assert [one.variable for one in why.ranked] == ["rare", "common"]
    assert why.ranked[1].by_probability == 1
    assert any("explains most" in sentence for sentence in why.sentences)


def test_tables_too_large_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of a pair's table is known before it is made."""
    monkeypatch.setattr(twin_module, "MAX_TABLE", 3)
    with pytest.raises(SpasmnetError, match="both worlds would have"):
        Twin.of(noisy_or(0.1, 0.5, 0.1), "d1", 10**6)


# ------------------------------------------------------------------------------------------- probabilities of causation


def three_worlds(
    network: Network, variable: str, x: str, other: str, effect: set[str], given: dict[str, Any], y: str
) -> float:
    """P(Y_x in the effect, Y_x' not in it | given) by listing the mutilated network beside its twin."""
    acted = spasmnet.do(network, {variable: x})
    total = 0.0
    missing = [i for i, s in enumerate(network.by_name[y].states) if s not in effect]
    for state in effect:
        chance = float(enumeration.probability(acted, {**given, y: state}) / enumeration.probability(acted, given))
        if chance > 0:
            worlds = both_worlds(acted, variable, other, {**given, y: state})
            total += chance * float(sum(worlds[y][i] for i in missing))
    return total


@settings(relaxed, max_examples=80)
@given(small, st.data())
def test_probabilities_of_causation_are_those_of_both_worlds(network: Network, data: st.DataObject) -> None:
    """PN, PS and PNS by listing both worlds, within Tian and Pearl's bounds, whatever else is known of the person."""
    several = [v for v in network.variables if len(v.states) > 1]
    assume(len(several) > 1)
    cause, effect = data.draw(st.permutations(several))[:2]
    below = descendants(network, cause.name)
    drawn = data.draw(strategies.evidence(network)).items()
    given_findings = {n: f for n, f in drawn if n not in below and n not in (cause.name, effect.name)}
    x, other = data.draw(st.permutations(cause.states))[:2]
    states = data.draw(
        st.lists(st.sampled_from(effect.states), min_size=1, max_size=len(effect.states) - 1, unique=True)
    )
    for state in (x, other):
        assume(enumeration.probability(network, {**given_findings, cause.name: state}) > 1e-6)
        assume(enumeration.probability(spasmnet.do(network, {cause.name: state}), given_findings) > 1e-6)
    found = probabilities_of_causation(
        spasmnet.compile(network), (cause.name, x), (effect.name, states), given_findings, instead=other
    )

    def changed(seen: str, set_to: str, before: list[str]) -> float | None:
        evidence = {**given_findings, cause.name: seen, effect.name: {s: float(s in before) for s in effect.states}}
        if enumeration.probability(network, evidence) < 1e-9:
            return None
        if effect.name not in below:
            return 0.0
        then = both_worlds(network, cause.name, set_to, evidence)[effect.name]
        return float(sum(p for p, s in zip(then, effect.states, strict=True) if s not in before))

    absent = [s for s in effect.states if s not in states]
    for value, bounds, expected in (
        (found.pn, found.pn_bounds, changed(x, other, states)),
        (found.ps, found.ps_bounds, changed(other, x, absent)),
    ):
        if expected is not None:
            assert value is not None and bounds is not None
            assert value == pytest.approx(expected, abs=1e-9)
            assert bounds[0] - 1e-9 <= value <= bounds[1] + 1e-9
    if effect.name in below:
        expected = three_worlds(network, cause.name, x, other, set(states), given_findings, effect.name)
        assert found.pns == pytest.approx(expected, abs=1e-9)
    else:
        assert found.pns == 0.0
    assert found.pns_bounds[0] - 1e-9 <= found.pns <= found.pns_bounds[1] + 1e-9


def test_questions_of_causation_that_make_no_sense() -> None:
    """The cause against itself, the effect as its own cause, findings that the cause would change."""
    engine = spasmnet.compile(noisy_or(0.2, 0.7, 0.05))
    for cause, effect, evidence, message in (
        (("d1", "no"), "s1", {}, "compared with itself"),
        (("d1", "yes"), "d1", {}, "both the cause and the effect"),
        (("d1", "yes"), "s1", {"s2": "yes"}, "the finding s2"),
        (("d1", "yes"), "s1", {"s1": "yes"}, "the finding s1"),
        ("d1", "s1", {}, "a cause is"),
    ):
        with pytest.raises(EvidenceError, match=message):
            probabilities_of_causation(engine, cause, effect, evidence)  # type: ignore[arg-type]


def test_necessity_of_a_noisy_or_cause() -> None:
    """Of several causes that are there a noisy-OR cause was necessary if it worked and nothing else did."""
    p, leak, other = 0.7, 0.05, 0.4
    engine = spasmnet.compile(noisy_or(0.2, p, leak))
    found = probabilities_of_causation(engine, ("d1", "yes"), "s1", {"d2": "yes"})
    rest = 1 - (1 - leak) * (1 - other)  # P(s1) without d1
    both = 1 - (1 - rest) * (1 - p)
    assert found.pn == pytest.approx(p * (1 - rest) / both, abs=1e-12)
    assert found.ps == pytest.approx(p, abs=1e-12)
    assert found.pns == pytest.approx(p * (1 - rest), abs=1e-12)
    assert found.as_dict()["effect"] == "s1=yes" and found.instead == "d1=no"
