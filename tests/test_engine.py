"""The engine: shared by threads, exact where floats end, and its other questions."""

from __future__ import annotations

import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import Deterministic, Network, NoisyMax, Table, Variable
from spasmnet.errors import (
    CircuitTooLargeError,
    EvidenceError,
    ImpossibleEvidenceError,
    SpasmnetError,
    UnknownStateError,
    UnknownVariableError,
)
from spasmnet.inference.compiling import MAX_PRODUCTS
from spasmnet.inference.engine import Engine
from spasmnet.inference.sealed import seal
from tests import enumeration
from tests.strategies import any_networks, extreme_cases, networks, networks_with_evidence, noisy_networks, rows

many = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
ABSOLUTE = 1e-12
YES_NO = ("no", "yes")


def same_log(a: float, b: float) -> bool:
    """Whether two logarithms are of numbers that agree to twelve digits or so."""
    return abs(a - b) <= 1e-12 * max(1.0, abs(a), abs(b))


def possible(network: Network, found: dict[str, Any]) -> bool:
    """Whether the evidence has a probability above 0."""
    return bool(enumeration.probability(network, found) > 0)


def chained(count: int = 12, seed: int = 3) -> Network:
    """A network of `count` variables in which each has up to two of the three before it as parents."""
    random = np.random.default_rng(seed)
    variables = [Variable(f"v{i}", tuple("abc"[: 2 + i % 2])) for i in range(count)]
    cpds = {}
    for i, variable in enumerate(variables):
        near = variables[max(0, i - 3) : i]
        parents = [near[j] for j in sorted(random.permutation(len(near))[:2])]
        cpds[variable.name] = Table(
            [p.name for p in parents], rows(random, (*(len(p.states) for p in parents), len(variable.states)), True)
        )
    return Network(variables, cpds, name="chained")


def noisy_or(parents: int, leak: float = 0.01, link: float = 0.3, cause: float = 0.2) -> Network:
    """A noisy-OR with many alike parents."""
    names = [f"p{i}" for i in range(parents)]
    return Network(
        [Variable(name, YES_NO) for name in (*names, "effect")],
        {name: Table((), [1 - cause, cause]) for name in names}
        | {"effect": NoisyMax(names, [1 - leak, leak], [[[1, 0], [1 - link, link]]] * parents)},
        name="noisy-or",
    )


# ------------------------------------------------------------------ sharing


def test_threads_share_an_engine() -> None:
    """Eight threads asking one engine 100,000 questions get, bit for bit, what one thread gets."""
    network = chained()
    engine = spasmnet.compile(network)
    random = np.random.default_rng(0)
    questions: list[dict[str, Any]] = []
    for i in range(250):
        chosen = random.permutation(network.names)[: i % 6].tolist()
        found: dict[str, Any] = {name: str(random.choice(network.by_name[name].states)) for name in chosen}
        if chosen and i % 3 == 0:
            found[chosen[0]] = {s: float(random.random()) for s in network.by_name[chosen[0]].states}
        questions.append(found)
    serial = [engine.posterior(found) for found in questions]
    expected = [(list(post._values), post.log_evidence) for post in serial]

    def ask(thread: int) -> int:
        wrong = 0
        for repeat in range(50):
            for i in range(250):
                k = (i * (2 * thread + 1) + repeat) % 250
                post = engine.posterior(questions[k])
                wrong += (list(post._values), post.log_evidence) != expected[k]
        return wrong

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [0] * 8


def test_threads_share_joints_and_tables() -> None:
    """Joints, explanations and tables of different shapes, which keep circuits of their own, may also run at once."""
    import pandas as pd

    network = chained()
    engine = spasmnet.compile(network)
    frames = [pd.DataFrame({name: ["a", "b", None, "a"] * 250}) for name in network.names]

    def ask(seed: int) -> list[Any]:
        answers: list[Any] = []
        for i in range(12):
            k = (i * 5 + seed) % 12
            answers.append((k, engine.posteriors(frames[k], [network.names[k - 1]], threads=1).to_numpy().tobytes()))
            answers.append((k + 12, engine.joint(list(network.names[k : k + 2]), {"v3": "b"}).to_numpy().tobytes()))
            answers.append((k + 24, tuple(engine.most_probable({network.names[k]: "b"}).assignment.items())))
        return sorted(answers)

    expected = ask(0)
    with ThreadPoolExecutor(8) as pool:
        assert all(answers == expected for answers in pool.map(ask, range(16)))


def test_pickle() -> None:
    """An engine survives pickling with the same answers, bit for bit."""
    engine = spasmnet.compile(chained())
    again = pickle.loads(pickle.dumps(engine))
    found = {"v3": "b", "v7": {"a": 0.1, "b": 0.2, "c": 0.0}}
    assert again.network == engine.network
    assert repr(again) == repr(engine)
    assert list(again.posterior(found)._values) == list(engine.posterior(found)._values)
    assert again.posterior(found) == engine.posterior(found)
    assert again.most_probable(found) == engine.most_probable(found)
    assert again.joint(["v0", "v1"], found).equals(engine.joint(["v0", "v1"], found))
    used = pickle.loads(pickle.dumps(again))  # after threads' workspaces and kept circuits exist
    assert used.posterior(found) == engine.posterior(found)


ENGINE = spasmnet.compile(spasmnet.load())
ARRAYS = ("constants", "runs", "pairs", "slots", "groups")
NUMBERS = ("indicators", "nodes", "forward_runs", "root")


def test_a_pickle_of_another_version_is_refused() -> None:
    """The error says which versions these are, and what to do."""
    unpickled, (version, *rest) = ENGINE.__reduce__()
    for other in ("0.0.1, format 7", "", None, 7, "x" * 10_000):
        with pytest.raises(
            SpasmnetError, match=f"^this engine was pickled by .*{version}: compile the .* pickle the Net"
        ):
            unpickled(other, *rest)
    assert unpickled(version, *rest).posterior() == ENGINE.posterior()


def with_part(name: str, value: Any, *, sealed: bool) -> Any:
    """The parts of the engine's pickle with another part of the circuit, under its right digest if `sealed`."""
    unpickled, (version, digest, network, order, circuit, *limits) = ENGINE.__reduce__()
    circuit = replace(circuit, **{name: value})
    if sealed:
        version, digest = seal(network, order, circuit)
    return unpickled, (version, digest, network, order, circuit, *limits)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_pickle_is_refused(data: st.DataObject) -> None:
    """One changed number anywhere in the arrays is an error; so is one with a right digest that leads outside."""
    name = data.draw(st.sampled_from(ARRAYS))
    array = getattr(ENGINE.compiled.circuit, name).copy()
    at = data.draw(st.integers(0, len(array) - 1))
    limits = np.iinfo(array.dtype) if array.dtype.kind == "i" else None
    outside: st.SearchStrategy[Any] = st.sampled_from([-1, -(2**31), 2**31 - 1, 2**20, 0])
    if limits is None:
        outside = st.sampled_from([-1.0, math.nan, math.inf])
    elif limits.max > 2**32:
        outside = st.integers(limits.min, limits.max)
    before = array[at]
    array[at] = data.draw(outside)
    assume(array[at] != before)
    unpickled, parts = with_part(name, array, sealed=False)
    with pytest.raises(SpasmnetError, match="this pickled engine is damaged: compile the network again"):
        unpickled(*parts)
    unpickled, parts = with_part(name, array, sealed=True)
    try:
        engine = unpickled(*parts)
    except SpasmnetError:
        return
    cases = pd.DataFrame({"spasm": ["none"] * 3000, "trauma": ["present", None, "absent"] * 1000})
    for ask in (lambda: engine.posterior({"spasm": dict.fromkeys(ENGINE.network.by_name["spasm"].states, 0.5)}),
                lambda: engine.posteriors(cases, on_impossible="nan")):  # fmt: skip
        with suppress(Exception):  # whatever it answers, it reads and writes what is its own
            ask()


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("change", ["shorter", "longer", "empty", "two axes", "text", "lost"])
def test_arrays_of_another_form_are_refused(name: str, change: str) -> None:
    """A lost end, a repeated one, another shape or another type: an error, under whatever digest."""
    array = getattr(ENGINE.compiled.circuit, name)
    changed = {
        "shorter": array[:-1], "longer": np.concatenate([array, array[-1:]]), "empty": array[:0],
        "two axes": array.reshape(-1, 1), "text": array.astype(str), "lost": None,
    }[change]  # fmt: skip
    for sealed in (False, True):
        try:
            unpickled, parts = with_part(name, changed, sealed=sealed)
        except (ValueError, TypeError):
            return  # no circuit can be made of it
        with_same_numbers = change == "text"
        if with_same_numbers:
            assert unpickled(*parts).posterior() == ENGINE.posterior()
            continue
        if (name, change, sealed) == ("constants", "longer", True):
            continue  # a number that nobody reads
        with pytest.raises(SpasmnetError, match="damaged"):
            unpickled(*parts)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [-1, 0, 1, 2**31, 2**70, 1.0, None, True, "7"])
def test_sizes_that_do_not_fit_are_refused(name: str, value: Any) -> None:
    """The sizes of a circuit must be those of its arrays."""
    unpickled, parts = with_part(name, value, sealed=True)
    if name in ("root", "forward_runs") and type(value) is int and 0 <= value < 2:
        unpickled(*parts).posterior()  # wrong, but inside
    else:
        with pytest.raises(SpasmnetError, match="damaged"):
            unpickled(*parts)


def test_an_order_that_is_none_is_refused() -> None:
    """An elimination order has each variable once; indicators lie side by side."""
    unpickled, (_, _, network, order, circuit, *limits) = ENGINE.__reduce__()
    for variables in (
        (),
        order.variables[:-1],
        (*order.variables[:-1], order.variables[0]),
        (*order.variables, 10**6),
        5,
    ):
        wrong = replace(order, variables=variables)
        with pytest.raises(SpasmnetError, match="damaged"):
            unpickled(*seal(network, wrong, circuit), network, wrong, circuit, *limits)
    starts = dict(circuit.first_indicator)
    for changed in (
        {},
        {**starts, 0: starts[1]},
        {**starts, 0: 10**9},
        {**starts, 0: -1},
        {**starts, 0: "x"},
        {**starts, 999: 0},
    ):
        unpickled, parts = with_part("first_indicator", changed, sealed=True)
        with pytest.raises(SpasmnetError, match="damaged"):
            unpickled(*parts)


@pytest.mark.parametrize(
    "values",
    [
        [math.nan, 0.5],
        [-0.5, 1.5],
        [0.5, 0.6],
        [1.0],
        [],
        None,
        "no",
        [None, 1.0],
        np.full((2, 2), 0.5),
        [math.inf, 0.0],
        {},
    ],
    ids=str,
)
def test_a_damaged_network_is_refused(values: Any) -> None:
    """A pickled network is made by its constructors, which check it as if it were new."""
    network = Network([Variable("a", ("no", "yes"))], {"a": Table((), [0.5, 0.5])})
    again, (variables, cpds, *rest) = network.__reduce__()
    table, (parents, _, *others) = cpds["a"].__reduce__()
    with pytest.raises(SpasmnetError):
        again(variables, {"a": table(parents, values, *others)}, *rest)
    assert again(variables, {"a": table(parents, np.array([0.5, 0.5]), *others)}, *rest) == network


def test_an_engine_belongs_to_its_network() -> None:
    """A pickle whose network was exchanged, also for one with the same structure, is refused."""
    unpickled, (version, digest, network, *rest) = ENGINE.__reduce__()
    name = next(iter(network.cpds))
    states = len(network.by_name[name].states)
    other = replace(network, cpds={**network.cpds, name: Table((), np.full(states, 1 / states))})
    for wrong in (other, None, "network"):
        with pytest.raises(SpasmnetError, match="damaged"):
            unpickled(version, digest, wrong, *rest)


def test_compiling_twice_gives_the_same_bits() -> None:
    """Compiling is repeatable: two engines of one network answer bitwise alike."""
    one, two = spasmnet.compile(chained()), spasmnet.compile(chained())
    found = {"v2": "a", "v9": "c"}
    assert list(one.posterior(found)._values) == list(two.posterior(found)._values)
    assert one.posterior(found).log_evidence == two.posterior(found).log_evidence


def test_repr_and_sizes() -> None:
    """An engine tells how large it is."""
    engine = spasmnet.compile(chained())
    assert engine.products > 0
    assert engine.width >= 2
    assert repr(engine) == f"<Engine of 'chained': {engine.products:,} products, width {engine.width}>"


# ------------------------------------------------------------------ where floats end


def naive_bayes(findings: int, present: list[float], absent: list[float]) -> Network:
    """A disease and findings with the given probabilities of being present with and without it."""
    names = [f"f{i}" for i in range(findings)]
    return Network(
        [Variable(name, YES_NO) for name in ("disease", *names)],
        {"disease": Table((), [0.99, 0.01])}
        | {n: Table(("disease",), [[1 - a, a], [1 - p, p]]) for n, p, a in zip(names, present, absent, strict=True)},
    )


@pytest.mark.parametrize("findings", [10, 80, 100, 120, 400, 1500])
def test_underflow(findings: int) -> None:
    """With hundreds of findings of probability 1e-3, ln P(e) and the posteriors are those of exact fractions."""
    random = np.random.default_rng(1)
    absent = (10.0 ** random.uniform(-3.1, -2.9, findings)).tolist()
    present = [p * float(ratio) for p, ratio in zip(absent, np.exp(random.normal(0, 0.3, findings)), strict=True)]
    network = naive_bayes(findings, present, absent)
    found = {f"f{i}": "yes" for i in range(findings)}
    without = Fraction(0.99) * math.prod(map(Fraction, absent))
    having = Fraction(0.01) * math.prod(map(Fraction, present))
    total = without + having
    post = spasmnet.compile(network).posterior(found)
    exact_log = math.log(total.numerator) - math.log(total.denominator)
    assert abs(post.log_evidence - exact_log) <= 1e-12 * abs(exact_log)
    assert abs(post["disease"]["yes"] - float(having / total)) <= ABSOLUTE
    assert post["f0"]["no"] == 0.0
    assert post["f0"]["yes"] == pytest.approx(1.0, abs=ABSOLUTE)


def test_underflow_of_hidden_neighbours() -> None:
    """Variables far from the findings keep their posteriors when P(e) underflows."""
    base = naive_bayes(300, [2e-3] * 300, [1.9e-3] * 300)
    network = Network(
        (*base.variables, Variable("sibling", YES_NO), Variable("rare", YES_NO)),
        {**base.cpds, "sibling": Table(("disease",), [[0.7, 0.3], [0.4, 0.6]]), "rare": Table((), [1.0, 1e-300])},
    )
    post = spasmnet.compile(network).posterior({f"f{i}": "yes" for i in range(300)})
    odds = 0.01 / 0.99 * (2 / 1.9) ** 300
    disease = odds / (1 + odds)
    assert abs(post["disease"]["yes"] - disease) <= 1e-9  # the ratio 2e-3 / 1.9e-3 is rounded, 300 times
    assert abs(post["sibling"]["yes"] - (0.3 + 0.3 * post["disease"]["yes"])) <= ABSOLUTE
    assert post["rare"]["yes"] == pytest.approx(1e-300, rel=1e-12)


@pytest.mark.parametrize("findings", [5, 200, 400])
def test_contradiction_is_not_underflow(findings: int) -> None:
    """Where P(e) underflows and is also 0, the contradiction is found among hundreds of findings."""
    base = naive_bayes(findings, [1e-3] * findings, [2e-3] * findings)
    network = Network(
        (*base.variables, Variable("sign", YES_NO)), {**base.cpds, "sign": Deterministic(("disease",), [0, 1], 2)}
    )
    engine = spasmnet.compile(network)
    found = {f"f{i}": "yes" for i in range(findings)} | {"sign": "yes"}
    assert engine.posterior(found)["disease"]["yes"] == pytest.approx(1.0, abs=ABSOLUTE)
    with pytest.raises(ImpossibleEvidenceError) as caught:
        engine.posterior(found | {"disease": "no"})
    assert caught.value.findings == {"disease": "no", "sign": "yes"}
    assert engine.log_evidence(found | {"disease": "no"}) == -math.inf
    with pytest.raises(ImpossibleEvidenceError):
        engine.most_probable(found | {"disease": "no"})
    with pytest.raises(ImpossibleEvidenceError):
        engine.joint(["f0"], found | {"disease": "no"})


def test_tiny_numbers() -> None:
    """Probabilities down to the smallest float multiply without being lost."""
    tiny = 5e-324
    names = [f"x{i}" for i in range(20)]
    network = Network(
        [Variable(n, YES_NO) for n in names],
        {
            n: Table((names[i - 1],) if i else (), np.full((2,) * bool(i) + (2,), [1.0, tiny]))
            for i, n in enumerate(names)
        },
    )
    post = spasmnet.compile(network).posterior(dict.fromkeys(names, "yes"))
    assert post.log_evidence == pytest.approx(20 * math.log(tiny), rel=1e-12)
    soft = spasmnet.compile(network).posterior({n: {"no": 1e-300, "yes": 1.0} for n in names})
    ratio = Fraction(tiny) / Fraction(1e-300)
    assert soft["x5"]["yes"] == pytest.approx(float(ratio / (1 + ratio)), rel=1e-9)
    assert soft.log_evidence == pytest.approx(20 * math.log(1e-300), rel=1e-12)


# ------------------------------------------------------------------ most probable explanation


def assignments(network: Network, values: np.ndarray[Any, Any]) -> dict[tuple[str, ...], float]:
    """The probability of each joint state."""
    return {
        tuple(v.states[i] for v, i in zip(network.variables, at, strict=True)): values[at]
        for at in np.ndindex(values.shape)
    }


@settings(many, max_examples=100)
@given(networks_with_evidence() | extreme_cases())
def test_most_probable(case: tuple[Network, dict[str, Any]]) -> None:
    """The explanation is the most probable joint state of the enumerated ones, with its probability."""
    network, found = case
    engine = spasmnet.compile(network)
    values = enumeration.joint(network, found)
    if not values.sum() > 0:
        with pytest.raises(ImpossibleEvidenceError):
            engine.most_probable(found)
        return
    result = engine.most_probable(found)
    assignment, log_probability = result
    assert list(assignment) == list(network.names)
    at = tuple(network.by_name[name].states.index(state) for name, state in assignment.items())
    best = enumeration.log(values.max())
    assert same_log(log_probability, best)
    assert same_log(enumeration.log(values[at]), best)
    assert same_log(result.log_posterior, enumeration.log(values.max() / values.sum()))
    assert all(assignment[name] == state for name, state in found.items() if isinstance(state, str))
    assert engine.most_probable(found) == result
    assert result.provenance == engine.provenance


def test_ties_are_settled_the_same_way() -> None:
    """Where all joint states are equally probable, the same one is chosen each time, and in another process too."""
    network = Network(
        [Variable(f"t{i}", ("a", "b", "c")) for i in range(6)],
        {f"t{i}": Table((f"t{i - 1}",) if i else (), np.full((3,) * bool(i) + (3,), 1 / 3)) for i in range(6)},
    )
    results = [spasmnet.compile(network).most_probable({"t2": "c"}) for _ in range(3)]
    assert results[0] == results[1] == results[2] == pickle.loads(pickle.dumps(results[0]))
    assert results[0].assignment["t2"] == "c"
    assert results[0].log_probability == pytest.approx(6 * math.log(1 / 3), rel=1e-12)


def test_most_probable_of_an_underflowing_case() -> None:
    """The most probable explanation is computed in logarithms and does not underflow."""
    network = naive_bayes(400, [1e-3] * 400, [1.1e-3] * 400)
    found = {f"f{i}": "yes" for i in range(399)}
    assignment, log_probability = spasmnet.compile(network).most_probable(found)
    assert assignment["disease"] == "no"
    assert assignment["f399"] == "no"
    assert log_probability == pytest.approx(math.log(0.99) + 399 * math.log(1.1e-3) + math.log(1 - 1.1e-3), rel=1e-12)


# ------------------------------------------------------------------ joints


@settings(many, max_examples=80)
@given(st.data(), networks_with_evidence() | extreme_cases())
def test_joint(data: st.DataObject, case: tuple[Network, dict[str, Any]]) -> None:
    """The joint of any variables, observed and weighted ones too, is the enumerated one, in the order asked."""
    network, found = case
    assume(possible(network, found))
    names = data.draw(st.lists(st.sampled_from(network.names), min_size=1, max_size=3, unique=True))
    series = spasmnet.compile(network).joint(names, found)
    values = enumeration.joint(network, found)
    expected = enumeration.marginal(network, values, names) / values.sum()
    assert list(series.index.names) == names
    assert series.name == "probability"
    np.testing.assert_allclose(series.to_numpy(), expected.astype(float).ravel(), rtol=0, atol=ABSOLUTE)
    for at in np.ndindex(expected.shape):
        label = tuple(network.by_name[name].states[i] for name, i in zip(names, at, strict=True))
        assert abs(float(series.iloc[int(np.ravel_multi_index(at, expected.shape))]) - expected[at]) <= ABSOLUTE
        assert tuple(series.index[int(np.ravel_multi_index(at, expected.shape))]) == label
    assert (series >= 0).all()
    assert (series <= 1).all()


@many
@given(networks_with_evidence() | extreme_cases())
def test_joint_of_one_is_the_posterior(case: tuple[Network, dict[str, Any]]) -> None:
    """The joint of a single variable is its posterior."""
    network, found = case
    assume(possible(network, found))
    engine = spasmnet.compile(network)
    name = network.names[0]
    np.testing.assert_allclose(
        engine.joint([name], found).to_numpy(), list(engine.posterior(found)[name].values()), rtol=0, atol=ABSOLUTE
    )


def test_joint_provenance() -> None:
    """A joint carries the evidence and the model's stamp."""
    engine = spasmnet.compile(chained())
    series = engine.joint(("v1", "v0"), {"v3": "b"})
    assert series.attrs["spasmnet"] == {"evidence": {"v3": "b"}, "provenance": engine.provenance.as_dict()}
    assert series["a", "b"] == pytest.approx(engine.joint(["v0", "v1"], {"v3": "b"})["b", "a"], abs=ABSOLUTE)


@pytest.mark.parametrize(
    ("variables", "kind", "message"),
    [
        ("v0", EvidenceError, "joint needs a list of variables, such as ['v0', 'v1'], not 'v0'"),
        ([], EvidenceError, "joint needs a list of variables"),
        (None, EvidenceError, "joint needs a list of variables"),
        (5, EvidenceError, "joint needs a list of variables, such as ['v0', 'v1'], not 5"),
        (["v0", "v0"], EvidenceError, "joint names a variable twice: v0, v0"),
        (["v0", "w1"], UnknownVariableError, "unknown variable 'w1'; known: v0, v1, v2"),
        ([f"v{i}" for i in range(24)], EvidenceError, "the joint of these 24 variables has 2,176,782,336 states, above"),
    ],
    ids=repr,
)  # fmt: skip
def test_bad_joints(variables: Any, kind: type[EvidenceError], message: str) -> None:
    """Variables that cannot be joined are refused with what is wrong."""
    with pytest.raises(kind) as caught:
        spasmnet.compile(chained(24)).joint(variables)
    assert str(caught.value).startswith(message)


# ------------------------------------------------------------------ interventions


@many
@given(st.data(), networks_with_evidence())
def test_do(data: st.DataObject, case: tuple[Network, dict[str, Any]]) -> None:
    """Posteriors after any interventions are those of the truncated factorisation."""
    network, found = case
    chosen = data.draw(st.lists(st.sampled_from(network.names), max_size=3, unique=True))
    actions = {name: data.draw(st.sampled_from(network.by_name[name].states)) for name in chosen}
    mutilated = spasmnet.do(network, actions)
    values = enumeration.intervened(network, actions)
    seen = {name: finding for name, finding in found.items() if name not in actions}
    weighed = values * (enumeration.joint(flat(network), seen) * math.prod(values.shape))
    assume(weighed.sum() > 0)
    post = spasmnet.compile(mutilated).posterior(seen)
    for variable in network.variables:
        expected = enumeration.marginal(network, weighed, [variable.name]) / weighed.sum()
        assert np.abs(np.array(list(post[variable.name].values())) - expected).max() <= ABSOLUTE
    for name, state in actions.items():
        assert post[name][state] == pytest.approx(1.0, abs=ABSOLUTE)
        assert mutilated.parents(name) == ()


def flat(network: Network) -> Network:
    """Independent variables with all states equally likely, to weigh joint states by evidence alone."""
    sizes = {variable.name: len(variable.states) for variable in network.variables}
    return Network(network.variables, {name: Table((), [1 / size] * size) for name, size in sizes.items()})


def test_doing_is_not_seeing() -> None:
    """Wetting the grass does not make it rain; seeing it wet does (Pearl 2009, section 1.3)."""
    network = Network(
        [Variable("rain", YES_NO), Variable("wet", YES_NO)],
        {"rain": Table((), [0.8, 0.2]), "wet": Table(("rain",), [[0.9, 0.1], [0.1, 0.9]])},
    )
    seen = spasmnet.compile(network).posterior({"wet": "yes"})["rain"]["yes"]
    done = spasmnet.compile(spasmnet.do(network, {"wet": "yes"})).posterior()["rain"]["yes"]
    assert seen == pytest.approx(0.18 / 0.26, abs=ABSOLUTE)
    assert done == pytest.approx(0.2, abs=ABSOLUTE)
    assert spasmnet.do(network, {}) == network


@pytest.mark.parametrize(
    ("actions", "kind", "message"),
    [
        ({"raim": "yes"}, UnknownVariableError, "unknown variable 'raim'; did you mean 'rain'?"),
        ({"rain": "maybe"}, UnknownStateError, "rain has no state 'maybe'; it has no, yes"),
        ({"rain": {"no": 0.5, "yes": 0.5}}, EvidenceError, "rain: an intervention sets one state (no, yes), not {"),
        ({"rain": True}, EvidenceError, "rain: an intervention sets one state (no, yes), not True"),
        ({"rain": None}, EvidenceError, "rain: an intervention sets one state (no, yes), not None"),
        ([("rain", "yes")], EvidenceError, "do takes a mapping from variables to states, not list"),
        (None, EvidenceError, "do takes a mapping from variables to states, not NoneType"),
    ],
    ids=repr,
)
def test_bad_interventions(actions: Any, kind: type[EvidenceError], message: str) -> None:
    """Interventions that are not understood are refused with what is allowed."""
    network = Network([Variable("rain", YES_NO)], {"rain": Table((), [0.8, 0.2])})
    with pytest.raises(kind) as caught:
        spasmnet.do(network, actions)
    assert str(caught.value).startswith(message)


# ------------------------------------------------------------------ compiling


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "10", None])
def test_bad_limits(limit: Any) -> None:
    """The limit is a whole number of at least 1."""
    with pytest.raises(SpasmnetError) as caught:
        spasmnet.compile(chained(), max_products=limit)
    assert str(caught.value) == f"max_products must be a whole number of at least 1, not {limit!r}"


@pytest.mark.parametrize("thing", [None, "muscle_spasm", {}, 1])
def test_not_a_network(thing: Any) -> None:
    """Only a Network is compiled."""
    with pytest.raises(SpasmnetError) as caught:
        spasmnet.compile(thing)
    assert str(caught.value) == f"compile takes a spasmnet Network, not {type(thing).__name__}"


def test_a_foreign_model() -> None:
    """Another library's model is converted, or refused with what it lacks."""
    models = pytest.importorskip("pgmpy.models")
    with pytest.raises(SpasmnetError, match=r"variables\.a: has no CPD"):
        spasmnet.compile(models.DiscreteBayesianNetwork([("a", "b")]))


def dense(count: int, parents: int, states: int = 2) -> Network:
    """Variables with parents all over the network: hard for every exact method."""
    random = np.random.default_rng(5)
    names = [f"n{i}" for i in range(count)]
    cpds = {}
    for i, name in enumerate(names):
        above = [names[j] for j in random.permutation(i)[:parents]]
        cpds[name] = Table(above, np.full((states,) * (len(above) + 1), 1 / states))
    return Network([Variable(n, tuple(map(str, range(states)))) for n in names], cpds, name="dense")


def test_too_large_is_told_at_once() -> None:
    """A network beyond exact inference is refused before memory is touched, with its width, its size, and what to do."""
    network = dense(60, 10)
    with pytest.raises(CircuitTooLargeError) as caught:
        spasmnet.compile(network)
    error = caught.value
    message = str(error)
    assert error.width > 20
    assert error.products >= 2**error.width
    assert error.limit == MAX_PRODUCTS
    assert message.startswith(
        f"the circuit of 'dense' would have about {error.products:,} products (width {error.width}"
    )
    assert f"above the limit of {MAX_PRODUCTS:,}" in message
    assert f"compile(network, max_products={error.products})" in message
    assert isinstance(error, MemoryError)
    assert str(pickle.loads(pickle.dumps(error))) == message


def test_beyond_all_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A size that no float holds is told as well."""
    from spasmnet.inference import engine
    from spasmnet.inference.order import Order

    hopeless = Order((), math.inf, math.inf, 1100)
    monkeypatch.setattr(engine, "elimination_order", lambda factors: hopeless)
    with pytest.raises(CircuitTooLargeError, match=r"would have about 10\^308 products \(width 1100"):
        spasmnet.compile(chained())


def test_hopeless_is_told_at_once() -> None:
    """A network beyond any machine is refused, without advice that cannot help."""
    network = dense(150, 3, states=10)
    with pytest.raises(CircuitTooLargeError) as caught:
        spasmnet.compile(network)
    assert "and what any machine can do; ask for fewer variables or simplify the network" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_the_limit_can_be_raised_and_lowered() -> None:
    """The number that the error gives is enough; one less is not."""
    network = chained()
    with pytest.raises(CircuitTooLargeError) as caught:
        spasmnet.compile(network, max_products=20)
    needed = caught.value.products
    assert isinstance(spasmnet.compile(network, max_products=needed), Engine)
    with pytest.raises(CircuitTooLargeError):
        spasmnet.compile(network, max_products=needed - 1)


@pytest.mark.parametrize("limit", [0, -1, True, "10", None, math.nan])
def test_bad_memory_limits(limit: Any) -> None:
    """The limit is a number of bytes above 0."""
    with pytest.raises(SpasmnetError) as caught:
        spasmnet.compile(chained(), max_memory=limit)
    assert str(caught.value) == f"max_memory must be a number of bytes above 0, not {limit!r}"


def test_memory_is_bounded() -> None:
    """A circuit that would take more memory than it may is not made: what findings make small is answered without."""
    network = chained(40)
    whole = spasmnet.compile(network)
    engine = pickle.loads(pickle.dumps(spasmnet.compile(network, max_memory=50_000)))
    assert whole.has_circuit
    assert not engine.has_circuit
    found = {"v3": "b", "v7": {"a": 0.1, "b": 0.2, "c": 0.0}}
    for name, row in engine.posterior(found).items():
        assert list(row.values()) == pytest.approx(list(whole.posterior(found)[name].values()), abs=ABSOLUTE)
    with pytest.raises(CircuitTooLargeError) as caught:
        engine.most_probable(found)
    message = str(caught.value)
    assert message.startswith("the circuit of 'chained' would take more than 0.05 MB (width ")
    assert "raise that with compile(network, max_memory=100000)" in message
    assert str(pickle.loads(pickle.dumps(caught.value))) == message
    limit = caught.value.memory
    while not spasmnet.compile(network, max_memory=limit).has_circuit:
        limit *= 2
    assert limit < 2**27


def test_the_memory_of_a_circuit_is_what_it_may_take() -> None:
    """Making a circuit takes no more than the least limit that allows it, by the memory that arrays report."""
    import tracemalloc

    network = dense(40, 2, states=3)
    limit = 10**6
    while not spasmnet.compile(network, max_memory=limit).has_circuit:
        limit = int(limit * 1.3)
    tracemalloc.start()
    try:
        spasmnet.compile(network, max_memory=limit)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= limit + 3_000_000  # the plan of direct elimination, and Python's own objects


# ------------------------------------------------------------------ noisy-OR and noisy-MAX


def test_thirty_parents(monkeypatch: pytest.MonkeyPatch) -> None:
    """A noisy-OR of thirty parents, whose table would have two thousand million numbers, is never expanded."""
    network = noisy_or(30)
    table = NoisyMax.table

    def small(self: NoisyMax) -> Any:
        assert len(self.parents) < 4, "a large table was expanded"
        return table(self)

    monkeypatch.setattr(NoisyMax, "table", small)
    engine = spasmnet.compile(network)
    assert engine.products < 2000
    none = (1 - 0.01) * (1 - 0.2 * 0.3) ** 30
    assert engine.posterior()["effect"]["no"] == pytest.approx(none, abs=ABSOLUTE)
    post = engine.posterior({"effect": "yes"})
    cause = 0.2 * (1 - 0.7 * (1 - 0.01) * (1 - 0.2 * 0.3) ** 29) / (1 - none)
    for i in range(30):
        assert post[f"p{i}"]["yes"] == pytest.approx(cause, abs=ABSOLUTE)
    assert engine.posterior({"effect": "no"})["p7"]["yes"] == pytest.approx(0.2 * 0.7 / (1 - 0.06), abs=ABSOLUTE)
    all_yes = engine.posterior({f"p{i}": "yes" for i in range(30)})
    assert all_yes["effect"]["yes"] == pytest.approx(1 - 0.99 * 0.7**30, abs=ABSOLUTE)
    assert engine.joint(["p0", "p29"], {"effect": "yes"}).sum() == pytest.approx(1.0, abs=ABSOLUTE)


def test_thirty_parents_have_no_explanation() -> None:
    """The most probable explanation needs full tables, so it is refused where they are too large."""
    engine = spasmnet.compile(noisy_or(30))
    with pytest.raises(CircuitTooLargeError, match="'noisy-or' would have about 4,294,967,294 products"):
        engine.most_probable()


def test_rare_effects_keep_their_digits() -> None:
    """In a chain of maxima nothing cancels: effects of 1e-18 have all their digits."""
    engine = spasmnet.compile(noisy_or(8, leak=1e-18, link=1e-18, cause=0.5))
    found = {f"p{i}": "yes" for i in range(8)}
    assert engine.posterior(found)["effect"]["yes"] == pytest.approx(9e-18, rel=1e-12)
    assert engine.posterior()["effect"]["yes"] == pytest.approx(5e-18, rel=1e-12)


@many
@given(any_networks | noisy_networks())
def test_noisy_max_tables(network: Network) -> None:
    """A noisy-MAX table is the product of cumulated distributions (Díez 1993), and every row sums to 1."""
    for cpd in network.cpds.values():
        if isinstance(cpd, NoisyMax):
            below = np.cumsum(cpd.leak)
            for link in cpd.links:
                below = below[..., None, :] * np.cumsum(link, axis=1)
            table = cpd.table()
            assert table.shape == cpd.shape
            np.testing.assert_allclose(np.cumsum(table, axis=-1), below, rtol=0, atol=ABSOLUTE)
            np.testing.assert_allclose(table, enumeration.table(cpd).astype(float), rtol=1e-12, atol=0)
            assert (table >= 0).all()
            assert (table <= 1).all()


@pytest.mark.parametrize("parents", range(1, 9))
def test_noisy_or_formula(parents: int) -> None:
    """P(no effect | causes) = (1 - leak) · the product of (1 - link) over the causes present (Pearl 1988, 4.3.2)."""
    random = np.random.default_rng(parents)
    links, leak = random.random(parents), random.random()
    cpd = NoisyMax([f"p{i}" for i in range(parents)], [1 - leak, leak], [[[1, 0], [1 - link, link]] for link in links])
    for at in np.ndindex((2,) * parents):
        expected = (1 - leak) * np.prod(1 - links[np.array(at, dtype=bool)])
        assert cpd.table()[at].tolist() == pytest.approx([expected, 1 - expected], abs=ABSOLUTE)


@many
@given(networks(kinds=("deterministic", "table")))
def test_deterministic_tables(network: Network) -> None:
    """A deterministic table is 1 at its outcome and 0 elsewhere."""
    for cpd in network.cpds.values():
        if isinstance(cpd, Deterministic):
            assert (cpd.table() == enumeration.table(cpd)).all()
