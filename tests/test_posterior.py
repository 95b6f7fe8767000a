"""Posteriors of single cases: right to the last digits, the same however one asks, and clear about bad evidence."""

from __future__ import annotations

import math
import pickle
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import Deterministic, Network, NoisyMax, Table, Variable
from spasmnet.errors import EvidenceError, ImpossibleEvidenceError, UnknownStateError, UnknownVariableError
from spasmnet.inference.compiling import Compiled, factorise
from spasmnet.inference.elimination import eliminate
from spasmnet.inference.engine import Engine
from spasmnet.inference.order import Order, elimination_order
from spasmnet.inference.plan import plan
from spasmnet.inference.program import finish
from tests import enumeration
from tests.strategies import any_networks, evidence, extreme_cases, networks, networks_with_evidence, noisy_networks

many = settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
ABSOLUTE = 1e-12


def same_log(a: float, b: float) -> bool:
    """Whether two logarithms are of numbers that agree to twelve digits or so."""
    return abs(a - b) <= 1e-12 * max(1.0, abs(a), abs(b))


def agree(post: Mapping[str, Mapping[str, float]], other: Mapping[str, Mapping[str, float]]) -> None:
    """Every probability of two results agrees."""
    assert set(post) == set(other)
    for name in post:
        assert list(post[name]) == list(other[name])
        for state, value in post[name].items():
            assert abs(value - other[name][state]) <= ABSOLUTE, (name, state, value, other[name][state])


def possible(network: Network, found: Mapping[str, Any]) -> bool:
    """Whether the evidence has a probability above 0."""
    return bool(enumeration.probability(network, found) > 0)


# ------------------------------------------------------------------ right


@settings(many, max_examples=400)
@given(networks_with_evidence() | extreme_cases())
def test_enumeration(case: tuple[Network, dict[str, Any]]) -> None:
    """Posteriors and log P(e) are those of the enumerated joint; impossible evidence names a smallest contradiction."""
    network, found = case
    engine = spasmnet.compile(network)
    if not possible(network, found):
        event("impossible")
        with pytest.raises(ImpossibleEvidenceError) as caught:
            engine.posterior(found)
        assert list(caught.value.findings) == enumeration.smallest_contradiction(network, found)
        assert caught.value.findings == {name: found[name] for name in caught.value.findings}
        assert engine.log_evidence(found) == -math.inf
        return
    post = engine.posterior(found)
    agree(post, enumeration.posteriors(network, found))
    assert same_log(post.log_evidence, enumeration.log(enumeration.probability(network, found)))
    assert engine.log_evidence(found) == post.log_evidence


@many
@given(st.data(), noisy_networks())
def test_chains_of_maxima(data: st.DataObject, network: Network) -> None:
    """A noisy-MAX with four parents or more, which is computed as a chain, gives the enumerated posteriors."""
    found = data.draw(evidence(network))
    assume(possible(network, found))
    engine = spasmnet.compile(network)
    assert len(engine.compiled.factors.cards) > len(network)
    agree(engine.posterior(found), enumeration.posteriors(network, found))


@many
@given(networks_with_evidence() | extreme_cases())
def test_probabilities_are_probabilities(case: tuple[Network, dict[str, Any]]) -> None:
    """Every number lies in [0, 1] and those of a variable sum to 1; an observed state has exactly 1."""
    network, found = case
    assume(possible(network, found))
    post = spasmnet.compile(network).posterior(found)
    for name in post:
        assert all(0.0 <= value <= 1.0 for value in post[name].values()), dict(post[name])
        assert abs(sum(post[name].values()) - 1.0) <= ABSOLUTE
        if isinstance(found.get(name), str):
            assert dict(post[name]) == {state: float(state == found[name]) for state in post[name]}


@pytest.mark.parametrize(
    ("found", "smallest"),
    [
        ({"a": "no", "b": "yes", "c": "yes"}, {"a": "no", "b": "yes"}),
        ({"c": "yes", "b": "yes", "a": "no", "never": "no"}, {"b": "yes", "a": "no"}),
        ({"never": "yes"}, {"never": "yes"}),
        ({"a": "no", "b": "yes", "never": "yes"}, {"never": "yes"}),
        ({"a": {"no": 1.0, "yes": 0.0}, "b": "yes"}, {"a": {"no": 1.0, "yes": 0.0}, "b": "yes"}),
    ],
)
def test_contradictions_are_small(found: dict[str, Any], smallest: dict[str, Any]) -> None:
    """The error names a smallest contradicting subset, and says what to do."""
    states = ("no", "yes")
    network = Network(
        [Variable(name, states) for name in ("a", "b", "c", "never")],
        {"a": Table((), [0.5, 0.5]), "b": Deterministic(("a",), [0, 1], 2), "c": Table(("b",), [[0.5, 0.5], [0.1, 0.9]]),
         "never": Table((), [1.0, 0.0])},
    )  # fmt: skip
    with pytest.raises(ImpossibleEvidenceError) as caught:
        spasmnet.compile(network).posterior(found)
    assert caught.value.findings == smallest
    together = "cannot occur together" if len(smallest) > 1 else "cannot occur in this network"
    message = str(caught.value)
    assert message.startswith("impossible evidence: ")
    assert together in message
    assert message.endswith("drop or correct one of them")
    assert str(pickle.loads(pickle.dumps(caught.value))) == message


def test_the_smallest_contradiction_beats_the_first() -> None:
    """Three findings that contradict only all together come after two that contradict alone."""
    names = ("a", "b", "c", "all", "d", "e")
    either = Deterministic(("a", "b", "c"), np.indices((2, 2, 2)).min(axis=0), 2)
    network = Network(
        [Variable(name, ("no", "yes")) for name in names],
        {name: Table((), [0.5, 0.5]) for name in "abcd"} | {"all": either, "e": Deterministic(("d",), [0, 1], 2)},
    )
    found = dict.fromkeys(("a", "b", "c"), "yes") | {"all": "no", "d": "yes", "e": "no"}
    engine = spasmnet.compile(network)
    with pytest.raises(ImpossibleEvidenceError) as caught:
        engine.posterior(found)
    assert list(caught.value.findings) == ["d", "e"]
    with pytest.raises(ImpossibleEvidenceError) as caught:
        engine.posterior({name: found[name] for name in ("a", "b", "c", "all", "d")})
    assert list(caught.value.findings) == ["a", "b", "c", "all"]


# ------------------------------------------------------------------ the same, however one asks


@many
@given(st.data(), networks_with_evidence() | extreme_cases())
def test_declaration_order(data: st.DataObject, case: tuple[Network, dict[str, Any]]) -> None:
    """The order in which variables and findings are declared changes nothing."""
    network, found = case
    assume(possible(network, found))
    shuffled = Network(data.draw(st.permutations(network.variables)), network.cpds)
    again = dict(data.draw(st.permutations(list(found.items()))))
    one, two = spasmnet.compile(network).posterior(found), spasmnet.compile(shuffled).posterior(again)
    agree(one, two)
    assert same_log(one.log_evidence, two.log_evidence)


def with_order(network: Network, order: list[int]) -> Engine:
    """An engine whose variables were eliminated in a given order."""
    factors = factorise(network)
    cards = {i: len(variable.states) for i, variable in enumerate(network.variables)}
    nodes, root, firsts = eliminate(factors, order, cards)
    circuit = finish(nodes, root, dict(zip(cards, firsts.tolist(), strict=True)), cards)
    found = Order(tuple(order), 0.0, 0.0, 0)
    compiled = Compiled(circuit, factors, found, tuple(cards), tuple(cards))
    return Engine(network, found, compiled, plan(network, factors, order))


@many
@given(st.data(), networks_with_evidence() | extreme_cases())
def test_elimination_order(data: st.DataObject, case: tuple[Network, dict[str, Any]]) -> None:
    """Whatever the elimination order, the answers are the same."""
    network, found = case
    assume(possible(network, found))
    hidden = range(len(factorise(network).cards))
    one = spasmnet.compile(network).posterior(found)
    two = with_order(network, data.draw(st.permutations(hidden))).posterior(found)
    agree(one, two)
    assert same_log(one.log_evidence, two.log_evidence)


@many
@given(any_networks, st.integers(1, 30))
def test_orders_are_complete_and_repeatable(network: Network, tries: int) -> None:
    """An elimination order has every variable once, hidden ones too, and more tries never make it worse."""
    factors = factorise(network)
    order = elimination_order(factors, tries)
    assert sorted(order.variables) == list(range(len(factors.cards)))
    assert elimination_order(factors, tries) == order
    assert elimination_order(factors, tries + 1).size <= order.size
    assert order.largest <= order.size


@many
@given(st.data(), networks_with_evidence() | extreme_cases())
def test_flat_likelihoods(data: st.DataObject, case: tuple[Network, dict[str, Any]]) -> None:
    """A likelihood of 1 for every state is no evidence at all."""
    network, found = case
    assume(possible(network, found))
    flat = {v.name: dict.fromkeys(v.states, 1.0) for v in network.variables if v.name not in found}
    engine = spasmnet.compile(network)
    one, two = engine.posterior(found), engine.posterior(found | flat)
    agree(one, two)
    assert same_log(one.log_evidence, two.log_evidence)


@many
@given(networks_with_evidence(), st.floats(-300, 300))
def test_scaled_likelihoods(case: tuple[Network, dict[str, Any]], power: float) -> None:
    """Multiplying a likelihood by a number shifts log P(e) by its logarithm and leaves the posteriors alone."""
    network, found = case
    assume(possible(network, found))
    soft = [name for name, finding in found.items() if isinstance(finding, dict)]
    factor = 10.0**power
    scaled = found | {name: {s: v * factor for s, v in found[name].items()} for name in soft}
    engine = spasmnet.compile(network)
    one, two = engine.posterior(found), engine.posterior(scaled)
    agree(one, two)
    assert same_log(one.log_evidence + len(soft) * math.log(factor), two.log_evidence)


@many
@given(networks_with_evidence() | extreme_cases())
def test_hard_evidence_is_a_likelihood(case: tuple[Network, dict[str, Any]]) -> None:
    """A state, and a likelihood that rules out all others, are the same finding."""
    network, found = case
    assume(possible(network, found))
    soft = {
        name: {s: float(s == finding) for s in network.by_name[name].states} if isinstance(finding, str) else finding
        for name, finding in found.items()
    }
    engine = spasmnet.compile(network)
    agree(engine.posterior(found), engine.posterior(soft))


@many
@given(networks_with_evidence())
def test_chain_rule(case: tuple[Network, dict[str, Any]]) -> None:
    """ln P(e) is the sum of the logarithms of each finding's probability given those before it."""
    network, found = case
    assume(possible(network, found))
    engine = spasmnet.compile(network)
    total, before = 0.0, {}
    for name, finding in found.items():
        now = engine.posterior(before)[name]
        total += math.log(now[finding] if isinstance(finding, str) else sum(now[s] * finding[s] for s in now))
        before[name] = finding
    expected = engine.posterior(found).log_evidence
    assert abs(total - expected) <= 1e-9 * max(1.0, abs(expected))  # each term has lost up to seven digits


@many
@given(st.data(), networks_with_evidence())
def test_separated_evidence(data: st.DataObject, case: tuple[Network, dict[str, Any]]) -> None:
    """A finding that is d-separated from a variable changes nothing about it."""
    import networkx

    network, found = case
    assume(possible(network, found) and len(network) > 1)
    hard = {name: finding for name, finding in found.items() if isinstance(finding, str)}
    target, extra = data.draw(st.lists(st.sampled_from(network.names), min_size=2, max_size=2, unique=True))
    known = set(hard) - {target, extra}
    assume(networkx.is_d_separator(network.to_networkx(), {target}, {extra}, known))
    before = {name: hard[name] for name in known}
    after = before | {extra: data.draw(st.sampled_from(network.by_name[extra].states))}
    assume(possible(network, after))
    engine = spasmnet.compile(network)
    one, two = engine.posterior(before)[target], engine.posterior(after)[target]
    assert all(abs(one[state] - two[state]) <= ABSOLUTE for state in one)


@many
@given(st.data(), networks_with_evidence())
def test_doing_at_a_root_is_observing(data: st.DataObject, case: tuple[Network, dict[str, Any]]) -> None:
    """For a variable without parents, an intervention and an observation have the same consequences."""
    network, found = case
    root = data.draw(st.sampled_from([name for name in network.names if not network.cpds[name].parents]))
    state = data.draw(st.sampled_from(network.by_name[root].states))
    found = {name: finding for name, finding in found.items() if name != root}
    assume(possible(network, found | {root: state}))
    seen = spasmnet.compile(network).posterior(found | {root: state})
    done = spasmnet.compile(spasmnet.do(network, {root: state})).posterior(found)
    agree(seen, done)


@many
@given(networks_with_evidence(max_parents=3))
def test_tables_for_functions(case: tuple[Network, dict[str, Any]]) -> None:
    """A noisy-MAX or deterministic distribution and its table are the same distribution."""
    network, found = case
    assume(possible(network, found))
    plain = {name: Table(cpd.parents, cpd.table()) for name, cpd in network.cpds.items()}
    agree(
        spasmnet.compile(network).posterior(found), spasmnet.compile(Network(network.variables, plain)).posterior(found)
    )


# ------------------------------------------------------------------ what a result is


@pytest.fixture(scope="module")
def engine() -> Engine:
    """A small network: rain or a sprinkler wets the grass."""
    states = ("no", "yes")
    return spasmnet.compile(
        Network(
            [
                Variable("rain", ("none", "light", "heavy")),
                Variable("sprinkler", states),
                Variable("wet_grass", states),
            ],
            {
                "rain": Table((), [0.7, 0.2, 0.1]),
                "sprinkler": Table((), [0.75, 0.25]),
                "wet_grass": NoisyMax(
                    ("rain", "sprinkler"), [0.99, 0.01], [[[1, 0], [0.4, 0.6], [0.1, 0.9]], [[1, 0], [0.2, 0.8]]]
                ),
            },
            name="lawn",
            version="1.2",
        )
    )


def test_result_is_a_mapping(engine: Engine) -> None:
    """A result behaves as a read-only mapping of mappings, in declared order."""
    post = engine.posterior({"wet_grass": "yes"})
    assert isinstance(post, Mapping)
    assert list(post) == ["rain", "sprinkler", "wet_grass"]
    assert list(post["rain"]) == ["none", "light", "heavy"]
    assert len(post) == 3
    assert len(post["rain"]) == 3
    assert "rain" in post
    assert "snow" not in post
    assert post.get("snow") is None
    assert {name: dict(states) for name, states in post.items()} == post.to_dict()["posterior"]
    assert all(type(value) is float for states in post.values() for value in states.values())
    with pytest.raises(TypeError):
        post["rain"]["none"] = 1.0  # type: ignore[index]
    with pytest.raises(KeyError):
        post["rain"]["snow"]


def test_unknown_variable_of_a_result(engine: Engine) -> None:
    """Asking a result for what it does not have is a KeyError that suggests the name."""
    post = engine.posterior()
    with pytest.raises(KeyError) as caught:
        post["rian"]
    assert isinstance(caught.value, UnknownVariableError)
    assert str(caught.value) == "unknown variable 'rian'; did you mean 'rain'?"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    for strange in (1, None, ("rain",), ["rain"]):
        with pytest.raises(UnknownVariableError, match="unknown variable"):
            post[strange]  # type: ignore[index]


def test_result_carries_its_origin(engine: Engine) -> None:
    """A result knows what was asked of which model; the evidence on it cannot be changed from outside."""
    found: dict[str, Any] = {"sprinkler": "no", "rain": {"heavy": 1, "none": 2, "light": Fraction(1, 2)}}
    post = engine.posterior(found)
    found["sprinkler"] = "yes"
    found["rain"]["none"] = 0
    assert post.evidence == {"sprinkler": "no", "rain": {"heavy": 1.0, "none": 2.0, "light": 0.5}}
    assert post.provenance == engine.provenance
    assert post.provenance.model == "lawn"
    assert post.provenance.model_version == "1.2"
    assert post.provenance.digest == f"sha256:{engine.network.digest}"
    assert repr(post).startswith("<Posterior of 3 variables given sprinkler=no, rain=")
    assert repr(engine.posterior()).startswith("<Posterior of 3 variables given no evidence; ln P(evidence) = ")


def test_pickle_and_equality(engine: Engine) -> None:
    """A result survives pickling unchanged, and equals another one exactly when the numbers and the model do."""
    post = engine.posterior({"wet_grass": "yes", "rain": {"none": 1.0, "light": 0.5, "heavy": 0.0}})
    again = pickle.loads(pickle.dumps(post))
    assert again == post
    assert again.to_dict() == post.to_dict()
    assert again.network == post.network
    assert again != engine.posterior({"wet_grass": "no"})
    assert post != post.to_dict()
    assert post == engine.posterior(dict(post.evidence))
    with pytest.raises(TypeError):
        hash(post)


def test_to_frame(engine: Engine) -> None:
    """The data frame holds the same numbers, labelled, and where they come from."""
    post = engine.posterior({"wet_grass": "yes"})
    frame = post.to_frame()
    assert frame.index.names == ["variable", "state"]
    assert list(frame.columns) == ["probability"]
    assert {(v, s): p for v in post for s, p in post[v].items()} == frame["probability"].to_dict()
    assert frame.attrs["spasmnet"]["evidence"] == {"wet_grass": "yes"}
    assert frame.attrs["spasmnet"]["provenance"]["digest"] == f"sha256:{engine.network.digest}"


def test_to_dict_is_json(engine: Engine) -> None:
    """The plain form goes through JSON and back."""
    import json

    plain = engine.posterior({"rain": {"none": 1, "light": 2, "heavy": 3}}).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert set(plain) == {"posterior", "log_evidence", "evidence", "provenance"}


@pytest.mark.parametrize(
    "found",
    [
        MappingProxyType({"sprinkler": "yes"}),
        {"sprinkler": np.str_("yes")},
        {np.str_("sprinkler"): "yes"},
        {"sprinkler": MappingProxyType({"no": np.float64(0), "yes": np.float32(0.5)})},
        {"sprinkler": {"yes": 1, "no": 0}},
        {"sprinkler": {"yes": Fraction(1, 3), "no": 0.0}},
    ],
    ids=str,
)
def test_evidence_of_other_types(engine: Engine, found: Any) -> None:
    """Any mapping, numpy's strings and any real number will do."""
    post = engine.posterior(found)
    agree(post, engine.posterior({"sprinkler": "yes"}))
    finding = post.evidence["sprinkler"]
    assert isinstance(finding, str) or all(type(value) is float for value in finding.values())
    pickle.loads(pickle.dumps(post))


# ------------------------------------------------------------------ bad evidence

BOOLEAN = ["sprinkler: True (bool) is not a finding", "give a state (no, yes)", "leave out what was not observed"]


@pytest.mark.parametrize(
    ("found", "parts"),
    [
        ({"sprinkler": True}, BOOLEAN),
        ({"sprinkler": 1}, ["sprinkler: 1 (int) is not a finding", "give a state (no, yes)"]),
        ({"sprinkler": math.nan}, ["sprinkler: nan (float) is not a finding", "leave out what was not observed"]),
        ({"sprinkler": None}, ["sprinkler: None (NoneType) is not a finding", "leave out what was not observed"]),
        ({"sprinkler": ["yes"]}, ["sprinkler: ['yes'] (list) is not a finding"]),
        ({"sprinkler": ("no", "yes")}, ["sprinkler: ('no', 'yes') (tuple) is not a finding"]),
        ({"sprinkler": "Yes"}, ["sprinkler has no state 'Yes'; did you mean 'yes'? it has no, yes"]),
        ({"sprinkler": ""}, ["sprinkler has no state ''; it has no, yes"]),
        ({"sprinklr": "yes"}, ["unknown variable 'sprinklr'; did you mean 'sprinkler'?"]),
        ({"zzz": "yes"}, ["unknown variable 'zzz'; known: rain, sprinkler, wet_grass"]),
        ({1: "yes"}, ["unknown variable 1; known: rain, sprinkler, wet_grass"]),
        ({None: "yes"}, ["unknown variable None; known: "]),
        ({"rain": {"none": -0.1, "light": 1, "heavy": 1}}, ["rain: the likelihood of none is -0.1", "number >= 0"]),
        (
            {"rain": {"none": math.nan, "light": 1, "heavy": 1}},
            ["rain: the likelihood of none is nan", "finite number"],
        ),
        (
            {"rain": {"none": math.inf, "light": 1, "heavy": 1}},
            ["rain: the likelihood of none is inf", "finite number"],
        ),
        (
            {"rain": {"none": 10**400, "light": 1, "heavy": 1}},
            ["rain: the likelihood of none is 1000", "finite number"],
        ),
        pytest.param(
            {"rain": {"none": 10**5000, "light": 1, "heavy": 1}},
            ["rain: the likelihood of none is beyond 10^4000; a finite number"],
            id="a likelihood too long to write",
        ),
        pytest.param({"rain": -(10**5000)}, ["rain: beyond 10^4000 (int) is not a finding"], id="a number too long"),
        ({"rain": {"none": True, "light": 1, "heavy": 1}}, ["rain: the likelihood of none is True", "finite number"]),
        ({"rain": {"none": "1", "light": 1, "heavy": 1}}, ["rain: the likelihood of none is '1'", "finite number"]),
        ({"rain": {"none": None, "light": 1, "heavy": 1}}, ["rain: the likelihood of none is None"]),
        ({"rain": {"none": 0, "light": 0.0, "heavy": 0}}, ["rain: the likelihoods are all 0, which rules out every"]),
        ({"rain": {"none": 1}}, ["rain: the likelihood names no number for light, heavy; every state needs one"]),
        (
            {"rain": {"none": 1e-200, "light": 1, "heavy": 1e101}},
            ["rain: the likelihoods 1e-200 and 1e+101 are too far"],
        ),
        ({"rain": {}}, ["rain: the likelihood names no number for none, light, heavy"]),
        ({"rain": {"none": 1, "light": 1, "heavy": 1, "hail": 1}}, ["rain has no state 'hail'", "none, light, heavy"]),
        ({"rain": {0: 1, 1: 1, 2: 1}}, ["rain has no state 0; it has none, light, heavy"]),
        ([("rain", "none")], ["evidence must map variables to states, such as {'rain': 'heavy'}, not be list"]),
        ("rain", ["evidence must map variables to states", "not be str"]),
        (0, ["evidence must map variables to states", "not be int"]),
        ([], ["evidence must map variables to states", "not be list"]),
        (True, ["evidence must map variables to states", "not be bool"]),
    ],
    ids=lambda value: "" if isinstance(value, list) and value and isinstance(value[0], str) else repr(value)[:40],
)
def test_bad_evidence(engine: Engine, found: Any, parts: list[str]) -> None:
    """Evidence that is not understood is refused with what is wrong, where, and what is allowed."""
    for ask in (engine.posterior, engine.most_probable, engine.log_evidence, lambda e: engine.joint(["rain"], e)):
        with pytest.raises(EvidenceError) as caught:
            ask(found)
        assert all(part in str(caught.value) for part in parts), str(caught.value)
        assert not isinstance(caught.value, ImpossibleEvidenceError)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_all_problems_at_once(engine: Engine) -> None:
    """Several problems are reported together."""
    with pytest.raises(EvidenceError) as caught:
        engine.posterior({"rian": "none", "sprinkler": 1, "wet_grass": "maybe", "rain": {"none": -1}})
    assert str(caught.value).splitlines() == [
        "4 problems with the evidence:",
        "  unknown variable 'rian'; did you mean 'rain'?",
        "  sprinkler: 1 (int) is not a finding; give a state (no, yes) or a likelihood for each, and leave out what was "
        "not observed",
        "  wet_grass has no state 'maybe'; it has no, yes",
        "  rain: the likelihood of none is -1; a finite number >= 0 is needed",
    ]


def test_errors_are_data(engine: Engine) -> None:
    """Programs can read what was wrong from the error's fields."""
    with pytest.raises(UnknownStateError) as state:
        engine.posterior({"rain": "hail"})
    assert (state.value.variable, state.value.state, state.value.known) == ("rain", "hail", ("none", "light", "heavy"))
    with pytest.raises(UnknownVariableError) as name:
        engine.posterior({"snow": "yes"})
    assert (name.value.name, name.value.known) == ("snow", ("rain", "sprinkler", "wet_grass"))


def test_a_series_is_not_evidence(engine: Engine) -> None:
    """A pandas Series is refused whether or not its values are states: it is no mapping and may hold gaps."""
    import pandas as pd

    for series in (pd.Series({"rain": "none"}), pd.Series({"rain": "none", "sprinkler": None})):
        with pytest.raises(EvidenceError, match="not be Series"):
            engine.posterior(series)  # type: ignore[arg-type]


@many
@given(networks(max_variables=4, max_states=3), st.integers(-320, 300), st.integers(0, 290), st.randoms())
def test_extreme_likelihoods(network: Network, smallest: int, spread: int, random: Any) -> None:
    """Likelihoods of any magnitude give finite answers, and no contradiction unless one of them is 0."""
    powers = range(smallest, min(smallest + spread, 307) + 1)
    found = {v.name: {s: float(f"1e{random.choice(powers)}") for s in v.states} for v in network.variables}
    post = spasmnet.compile(network).posterior(found)
    agree(post, enumeration.posteriors(network, found))
    assert same_log(post.log_evidence, enumeration.log(enumeration.probability(network, found)))
