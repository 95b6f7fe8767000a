"""Direct elimination of what a case has not observed: the same answers as enumeration and as the circuit."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import spasmnet
from spasmnet import Network, NoisyMax, Table, Variable
from spasmnet.inference.compiling import factorise
from spasmnet.inference.direct import Elimination, eliminate_rows
from spasmnet.inference.engine import Engine
from spasmnet.inference.order import elimination_order
from spasmnet.inference.plan import plan
from spasmnet.kernels import layout as at
from spasmnet.kernels.native import address
from tests import classic, enumeration
from tests.benchmarks import cases
from tests.strategies import any_networks, evidence, networks, rows

many = settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
ABSOLUTE = 1e-12
LIMIT = 10**7


def eliminated(
    network: Network, found: Mapping[str, str], targets: Sequence[str] | None = None, order: Sequence[int] | None = None
) -> tuple[int, float, dict[str, NDArray[np.float64]]]:
    """What becomes of a case, ln P(e), and the posteriors of the targets."""
    factors = factorise(network)
    chosen = elimination_order(factors).variables if order is None else order
    asked = None if targets is None else [network.names.index(name) for name in targets]
    work = Elimination(plan(network, factors, chosen), LIMIT, asked)
    for name, state in found.items():
        work.case[network.names.index(name)] = network.by_name[name].state_index(state)
    out = np.full(work.slots, np.nan)
    status, total, power = work.solve(address(out))
    log_total = np.log(total) + 256 * power * np.log(2) if total > 0 else -np.inf
    posteriors, begin = {}, 0
    for name in network.names if targets is None else targets:
        size = len(network.by_name[name].states)
        posteriors[name] = out[begin : begin + size]
        begin += size
    return status, log_total, posteriors


def agree(posteriors: Mapping[str, NDArray[np.float64]], exact: Mapping[str, Mapping[str, float]]) -> None:
    """Every probability is the exact one."""
    for name, row in posteriors.items():
        np.testing.assert_allclose(row, list(exact[name].values()), rtol=0, atol=ABSOLUTE)


def without_elimination(engine: Engine) -> Engine:
    """The same engine, made to use its circuit for every case."""
    engine._small = 0
    return engine


@many
@given(st.data(), any_networks)
def test_enumeration(data: st.DataObject, network: Network) -> None:
    """Whatever the network, the findings, the order and the targets: the enumerated posteriors and P(e)."""
    found = data.draw(evidence(network, likelihood=False))
    targets = data.draw(st.none() | st.lists(st.sampled_from(network.names), min_size=1, unique=True))
    order = data.draw(st.none() | st.permutations(range(len(factorise(network).cards))))
    exact = enumeration.probability(network, found)
    status, log_total, posteriors = eliminated(network, found, targets, order)
    if exact == 0:
        assert status == at.ZERO
        return
    assume(exact > 1e-100)
    assert status == at.FINE
    assert log_total == pytest.approx(enumeration.log(exact), abs=1e-11)
    agree(posteriors, enumeration.posteriors(network, found))


def crowd(parents: int, states: int, seed: int) -> Network:
    """A noisy-MAX with so many parents that its unobserved part is taken as a chain, and things joined to it."""
    random = np.random.default_rng(seed)
    names = [f"p{i}" for i in range(parents)]
    levels = tuple(f"s{i}" for i in range(states))
    links = [rows(random, (2, states)) for _ in names]
    for link in links:
        link[0] = np.eye(states)[0]
    cpds: dict[str, Any] = {name: Table((), rows(random, (2,), True)) for name in names}
    cpds["p1"] = Table(("p0",), rows(random, (2, 2), True))
    cpds["effect"] = NoisyMax(names, rows(random, (states,), True), links)
    cpds["sign"] = Table(("effect", "p0"), rows(random, (states, 2, 3), True))
    variables = [*(Variable(name, ("no", "yes")) for name in names), Variable("effect", levels)]
    return Network([*variables, Variable("sign", ("a", "b", "c"))], cpds, name="crowd")


@many
@given(st.data(), st.integers(8, 14), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_chains(data: st.DataObject, parents: int, states: int, seed: int) -> None:
    """Large noisy-MAX: as a table, as a chain, and in its first state as a product, the circuit's answers."""
    network = crowd(parents, states, seed)
    found = data.draw(evidence(network, likelihood=False))
    engine = without_elimination(spasmnet.compile(network))
    assume(engine.log_evidence(found) > -200)
    status, log_total, posteriors = eliminated(network, found)
    post = engine.posterior(found)
    assert status == at.FINE
    assert log_total == pytest.approx(post.log_evidence, abs=1e-11)
    agree(posteriors, post)


def ladder(length: int, seed: int) -> Network:
    """Two chains side by side, joined rung by rung: more variables than a word has bits."""
    random = np.random.default_rng(seed)
    cpds: dict[str, Any] = {}
    for i in range(length):
        above = [f"{side}{i - 1}" for side in "ab"] if i else []
        cpds[f"a{i}"] = Table(above[:1], rows(random, (*[2] * len(above[:1]), 2), True))
        cpds[f"b{i}"] = Table((*above[1:], f"a{i}"), rows(random, (*[2] * len(above[1:]), 2, 2), True))
    return Network([Variable(name, ("no", "yes")) for name in cpds], cpds, name="ladder")


@settings(many, max_examples=25)
@given(st.data(), st.sampled_from([31, 32, 33, 70]), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_many_variables(data: st.DataObject, length: int, seed: int, share: float) -> None:
    """Sets of more than one word give the circuit's answers."""
    network, random = ladder(length, seed), np.random.default_rng(seed)
    found = {name: ("no", "yes")[random.integers(2)] for name in network.names if random.random() < share}
    engine = without_elimination(spasmnet.compile(network))
    assume(engine.log_evidence(found) > -150)
    status, _, posteriors = eliminated(network, found)
    assert status == at.FINE
    agree(posteriors, engine.posterior(found))


@pytest.mark.parametrize("name", ["insurance", "hailfinder", "win95pts", "pathfinder", "muscle_spasm"])
def test_networks_of_others(name: str) -> None:
    """Classic networks, some with rows that sum to 1 but for the last printed digit, at any share of findings."""
    network = spasmnet.load() if name == "muscle_spasm" else classic.load(name)
    engine, random = without_elimination(spasmnet.compile(network)), np.random.default_rng(3)
    for share in (0.0, 0.2, 0.5, 0.8, 1.0):
        for found in cases.evidence(network, share, 4, random) if share else [{}]:
            status, log_total, posteriors = eliminated(network, found)
            post = engine.posterior(found)
            assert status == at.FINE
            assert abs(log_total - post.log_evidence) <= 1e-12 * max(1.0, abs(log_total))
            agree(posteriors, post)


@many
@given(networks(), st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([1, 20, LIMIT]))
def test_rows(network: Network, count: int, seed: int, limit: int) -> None:
    """A row of a table is bitwise the single case; one that takes more than the limit is said to."""
    random = np.random.default_rng(seed)
    states = [len(variable.states) for variable in network.variables]
    codes = np.stack([random.integers(-1, n, count) for n in states], axis=1).astype(np.int16)
    factors = factorise(network)
    order = elimination_order(factors).variables
    found = eliminate_rows(plan(network, factors, order), limit, codes, range(len(network)), None, 2)
    if found is None:
        assert limit < LIMIT
        return
    for i, row in enumerate(codes.tolist()):
        case = {v.name: v.states[code] for v, code in zip(network.variables, row, strict=True) if code >= 0}
        status, log_total, posteriors = eliminated(network, case, order=order)
        assert found.statuses[i] in ((status,) if limit == LIMIT else (status, at.TOO_LARGE))
        if found.statuses[i] == at.FINE:
            assert found.posteriors[i].tobytes() == np.concatenate([*posteriors.values()]).tobytes()
            assert found.log_evidence[i] == pytest.approx(log_total, abs=1e-12)


def test_more_room_is_made() -> None:
    """A case that takes more room than there is at first gets it, alone and in a table."""
    network = crowd(13, 4, 1)
    factors = factorise(network)
    made = plan(network, factors, range(len(factors.cards)))
    codes = np.full((3, len(network)), -1, dtype=np.int16)
    exact = without_elimination(spasmnet.compile(network)).posterior()
    found = eliminate_rows(made, LIMIT, codes, range(len(network)), None, 1)
    assert found is not None
    status, _, posteriors = eliminated(network, {}, order=range(len(factors.cards)))
    assert status == at.FINE
    agree(posteriors, exact)
    assert found.posteriors[2].tobytes() == np.concatenate([*posteriors.values()]).tobytes()


def test_what_underflows_is_left_to_the_circuit() -> None:
    """A case whose probability is too small for the messages is not answered wrongly but by the circuit."""
    chain = {f"x{i}": Table((f"x{i - 1}",) if i else (), np.full((2,) * (i > 0) + (2,), 0.5)) for i in range(40)}
    signs = {f"y{i}": Table((f"x{i}",), [[1 - 1e-9, 1e-9], [1 - 1e-8, 1e-8]]) for i in range(40)}
    network = Network([Variable(name, ("no", "yes")) for name in (*chain, *signs)], chain | signs)
    found = dict.fromkeys(signs, "yes")
    assert eliminated(network, found)[0] != at.FINE
    engine = spasmnet.compile(network)
    expected = engine.posterior(found)
    engine._small = LIMIT
    assert engine.posterior(found) == expected
    assert expected.log_evidence == pytest.approx(40 * np.log(0.5 * (1e-9 + 1e-8)), rel=1e-12)


@many
@given(st.lists(st.floats(0, 250), min_size=2, max_size=24), st.integers(0, 2**32 - 1), st.booleans())
@example([9.0] * 36, 1, True)
@example([70.0, 250.0], 1, False)
def test_small_numbers_keep_their_digits(powers: list[float], seed: int, joined: bool) -> None:
    """However small the numbers that one cluster, or no cluster, multiplies: the circuit's answers, or none."""
    random = np.random.default_rng(seed)
    likely = 10.0 ** -np.array(powers)[:, None] * random.uniform(0.1, 1.0, (len(powers), 2))
    cpds = {"cause": Table((), [0.4, 0.6])} | {
        f"sign{i}": Table(("cause",), [[1 - a, a], [1 - b, b]]) if joined else Table((), [1 - a, a])
        for i, (a, b) in enumerate(likely.tolist())
    }
    network = Network([Variable(name, ("no", "yes")) for name in cpds], cpds)
    found = {name: "yes" for name in cpds if name != "cause"}
    status, log_total, posteriors = eliminated(network, found)
    if status == at.FINE:
        exact = without_elimination(spasmnet.compile(network)).posterior(found)
        assert log_total == pytest.approx(exact.log_evidence, rel=1e-13, abs=1e-12)
        agree(posteriors, exact)


def test_an_engine_without_a_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of which only single questions are small enough answers those, and says so of the others."""
    network = classic.load("asia")
    whole = spasmnet.compile(network)
    limit = int(elimination_order(factorise(network)).size) - 1
    monkeypatch.setattr("spasmnet.inference.engine.MAX_PRODUCTS", limit)
    engine = pickle.loads(pickle.dumps(spasmnet.compile(network, max_products=limit)))
    assert engine.products > engine.max_products == limit
    found = {"smoke": "yes", "dysp": "yes", "xray": "yes"}
    agree({n: np.array(list(row.values())) for n, row in engine.posterior(found).items()}, whole.posterior(found))
    soft = {"smoke": {"yes": 0.7, "no": 0.1}, "dysp": "yes", "xray": "yes"}
    agree({n: np.array(list(row.values())) for n, row in engine.posterior(soft).items()}, whole.posterior(soft))
    assert engine.posterior(soft).log_evidence == pytest.approx(whole.posterior(soft).log_evidence, abs=1e-12)
    assert engine.posterior_of(["tub"], found)["tub"] == pytest.approx(dict(whole.posterior(found)["tub"]), abs=1e-12)
    with pytest.raises(spasmnet.ImpossibleEvidenceError, match="either"):
        engine.posterior({"either": "no", "lung": "yes", "smoke": "yes", "dysp": "no", "xray": "yes"})
    with pytest.raises(spasmnet.CircuitTooLargeError, match="raise it with compile"):
        _ = engine.compiled
    table = pd.DataFrame([found, {**found, "either": "no", "lung": "yes"}])
    answers = engine.posteriors(table, ["tub", "bronc"], on_impossible="nan")
    assert answers.iloc[0, 0] == pytest.approx(whole.posterior(found)["tub"]["yes"], abs=1e-12)
    assert answers.iloc[1].isna().all()


def test_a_row_is_asked_only_for_its_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a circuit, a row too large for all posteriors and for direct elimination has its targets answered."""
    network = classic.load("asia")
    monkeypatch.setattr("spasmnet.inference.engine.MAX_PRODUCTS", 20)
    monkeypatch.setattr(Engine, "small_rows", 1)
    engine = spasmnet.compile(network, max_products=20)
    table = pd.DataFrame({"lung": ["yes", "no"]})
    with pytest.raises(spasmnet.CircuitTooLargeError):
        engine.posterior({"lung": "yes"})
    answers = engine.posteriors(table, ["smoke", "asia"])
    expected = spasmnet.compile(network).posteriors(table, ["smoke", "asia"])
    pd.testing.assert_frame_equal(answers, expected, rtol=0, atol=ABSOLUTE)


@pytest.mark.parametrize(
    "found", [pd.Series(["yes", "no"], ["tub", "tub"]), [("tub", "yes")], "tub", {"tub": "yse"}, {"tub": 1}]
)
def test_bad_evidence(found: Any) -> None:
    """Whether a case would be eliminated directly or not, the same evidence is refused in the same words."""
    engine, messages = spasmnet.compile(classic.load("asia")), []
    for small in (0, LIMIT):
        engine._small = small
        with pytest.raises(spasmnet.EvidenceError) as error:
            engine.posterior(found)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("targets", ["tub", 1, None])
def test_bad_targets(targets: Any) -> None:
    """Targets are a list of variables."""
    engine = spasmnet.compile(classic.load("asia"))
    with pytest.raises(spasmnet.EvidenceError, match=r"targets is a list of variables, such as \['asia'\], not"):
        engine.posterior_of(targets)
    with pytest.raises(spasmnet.UnknownVariableError, match="did you mean 'tub'"):
        engine.posterior_of(["tubb"])
