"""Sobol indices: closed forms on small networks, the delta method on the shipped one, and stated errors that hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import (
    Engine,
    EvidenceError,
    ImpossibleEvidenceError,
    Network,
    Parameter,
    SpasmnetError,
    Table,
    UnknownStateError,
    Variable,
)
from spasmnet.sensitivity.relevance import sensitivity_set
from spasmnet.uncertainty import draws as drawn
from spasmnet.uncertainty.delta import delta
from spasmnet.uncertainty.distributions import Distributions
from spasmnet.uncertainty.sobol import SobolIndices, sobol_indices
from tests import strategies

ENGINE = spasmnet.compile(spasmnet.load())
CASE = {"spasm": "painful", "vomiting_diarrhoea": "present", "heavy_sweating": "present"}
HIT, ALARM, PRIOR = Parameter(0.8, 0.6, 0.9, "s"), Parameter(0.1, 0.0, 0.3, "s"), Parameter(0.3, 0.1, 0.5, "s")


def pair(prior: Parameter | None = None, hit: Parameter | None = HIT, alarm: Parameter | None = ALARM) -> Engine:
    """A cause and a sign of it, with some numbers uncertain."""
    variables = Variable("cause", ("no", "yes")), Variable("sign", ("no", "yes"))
    p, h, a = prior.value if prior else 0.4, hit.value if hit else 0.8, alarm.value if alarm else 0.0
    cited = {(0, 1): alarm, (1, 1): hit}
    cpds = {
        "cause": Table((), [1 - p, p], {(1,): prior} if prior else {}),
        "sign": Table(("cause",), [[1 - a, a], [1 - h, h]], {k: v for k, v in cited.items() if v}),
    }
    return spasmnet.compile(Network(variables, cpds))


def within(found: SobolIndices, first: list[float], total: list[float]) -> None:
    """The indices are those in closed form, within the stated errors, which are small."""
    for name, truth in (("first", first), ("total", total)):
        off, error = np.abs(found.indices[name] - truth), found.indices[f"{name}_error"]
        assert (off <= error + 1e-9).all(), (name, off, error)
        assert (error < 0.15).all()


@pytest.mark.parametrize("kind", ["uniform", "pert", "triangular", "beta"])
def test_an_additive_answer(kind: str) -> None:
    """P(sign) = 0.4 hit + 0.6 alarm: shares of the variance, first order and total alike."""
    hit = Parameter(0.8, 0.6, 0.9, "s")
    alarm = Parameter(0.1, 0.02, 0.2, "s")
    engine = pair(hit=hit, alarm=alarm)
    found = sobol_indices(engine, ("sign", "yes"), kind=kind, samples=1024)
    variance = Distributions.of(engine.network, kind).moments[1]
    parts = {place[1]: v for place, v in zip(found.places, variance, strict=True)}
    share = np.array([0.6**2 * parts[0, 1], 0.4**2 * parts[1, 1]])
    order = [share[key[0]] / share.sum() for _, key in found.places]
    within(found, order, order)
    assert found.variance == pytest.approx(share.sum(), rel=0.02)
    mean = Distributions.of(engine.network, kind).moments[0]
    assert found.mean == pytest.approx(
        sum((0.6, 0.4)[key[0]] * m for (_, key), m in zip(found.places, mean, strict=True)), rel=1e-3
    )


def test_a_product() -> None:
    """P(sign) = prior · hit: with means m and variances v, V1 = v1 m2², V12 = v1 v2."""
    engine = pair(PRIOR, HIT, None)
    found = sobol_indices(engine, ("sign", "yes"), kind="uniform", samples=2048)
    (m1, m2), (v1, v2) = (0.3, 0.75), (0.4**2 / 12, 0.3**2 / 12)
    whole = v1 * m2**2 + v2 * m1**2 + v1 * v2
    assert [place[0] for place in found.places] == ["cause", "sign"]
    within(
        found,
        [v1 * m2**2 / whole, v2 * m1**2 / whole],
        [(v1 * m2**2 + v1 * v2) / whole, (v2 * m1**2 + v1 * v2) / whole],
    )


def test_stated_errors_hold() -> None:
    """Over seeds, the truth lies within the stated errors about as often as their level says, or more often."""
    engine = pair(PRIOR, HIT, None)
    (m1, m2), (v1, v2) = (0.3, 0.75), (0.4**2 / 12, 0.3**2 / 12)
    truth = v1 * m2**2 / (v1 * m2**2 + v2 * m1**2 + v1 * v2)
    inside = []
    for seed in range(60):
        found = sobol_indices(
            engine, ("sign", "yes"), kind="uniform", samples=64, level=0.9, rng=np.random.default_rng(seed)
        )
        inside.append(abs(found.indices["first"][0] - truth) <= found.indices["first_error"][0])
    assert np.mean(inside) > 0.85


def test_one_number_explains_everything() -> None:
    """With one uncertain number both indices are 1, also given evidence and for log-odds."""
    for target, evidence, measure in (
        (("sign", "yes"), {}, None),
        (("cause", "yes"), {"sign": "yes"}, None),
        (("cause", "yes"), {"sign": "yes"}, "log_odds"),
    ):
        found = sobol_indices(pair(PRIOR, None, Parameter(0.1, 0.1, 0.1, "s")), target, evidence, measure=measure)
        assert found.indices["total"] == pytest.approx([1.0], abs=0.05)
        assert found.indices["first"] == pytest.approx([1.0], abs=0.05)


def test_only_what_matters_enters() -> None:
    """Numbers outside the sensitivity set, and those without a range, have no row; a target that none moves has none."""
    found = sobol_indices(ENGINE, ("dehydration", "mild"), CASE, samples=16)
    matters = sensitivity_set(ENGINE.network, "dehydration", frozenset(CASE))
    places = Distributions.of(ENGINE.network).places
    assert set(found.places) == {place for place in places if place[0] in matters}
    assert 0 < len(found.places) < len(places)
    still = sobol_indices(pair(None), ("cause", "yes"), samples=16)
    assert still.frame.empty
    assert list(still.frame.columns) == list(found.frame.columns)
    assert (still.mean, still.variance) == (pytest.approx(0.4), pytest.approx(0.0, abs=1e-30))


def test_a_number_that_does_nothing_has_zero() -> None:
    """A hit rate and a false alarm rate that cancel out leave no variance, and indices of 0 instead of NaN."""
    variables = Variable("a", ("no", "yes")), Variable("b", ("no", "yes")), Variable("c", ("no", "yes"))
    cpds = {
        "a": Table((), [0.5, 0.5], {(1,): Parameter(0.5, 0.2, 0.8, "s")}),
        "b": Table(("a",), [[0.3, 0.7], [0.3, 0.7]]),
        "c": Table((), [0.5, 0.5]),
    }
    found = sobol_indices(spasmnet.compile(Network(variables, cpds)), ("b", "yes"), samples=16)
    assert found.indices["first"].tolist() == [0.0]
    assert found.frame["total_error"].to_list() == [0.0]


# ---------------------------------------------------------------- the shipped network


def test_without_evidence_first_order_has_a_closed_form() -> None:
    """Before any finding the answer is multilinear in independent numbers: V_i = (∂f/∂θ_i at the means)² Var θ_i."""
    found = sobol_indices(ENGINE, ("spasm", "painful"), samples=256)
    d = found.distributions
    exact = delta(ENGINE, ["spasm"], {}, d)
    state = ENGINE.network.by_name["spasm"].states.index("painful")
    parts = exact.slopes[state] ** 2 * d.moments[1] / found.variance
    truth = np.array([parts[d.places.index(place)] for place in found.places])
    inside = np.abs(found.indices["first"] - truth) <= found.indices["first_error"] + 1e-4
    assert inside.mean() > 0.9
    assert (np.abs(found.indices["first"] - truth) <= 2.5 * found.indices["first_error"] + 1e-4).all()
    assert found.variance == pytest.approx(float(exact.sd[state]) ** 2, rel=0.1)


def test_sobol_delta_and_monte_carlo_agree() -> None:
    """Given findings: the variance by three ways, and first-order shares against those of the linear answer."""
    found = sobol_indices(ENGINE, ("dehydration", "mild"), CASE)
    state = ENGINE.network.by_name["dehydration"].states.index("mild")
    linear = delta(ENGINE, ["dehydration"], CASE, found.distributions)
    drawn_ = spasmnet.credible_intervals(ENGINE, CASE, targets=["dehydration"], draws=4000).frame.iloc[state]
    assert found.variance == pytest.approx(drawn_["sd"] ** 2, rel=4 * np.sqrt(2 / 4000))
    assert found.variance == pytest.approx(float(linear.sd[state]) ** 2, rel=0.1)
    assert found.mean == pytest.approx(drawn_["mean"], abs=4 * drawn_["sd"] / np.sqrt(4000))
    share = (linear.slopes * linear.linear.first_parts)[state] / linear.linear.variance[state]
    truth = np.array([share[found.distributions.places.index(place)] for place in found.places])
    off = np.abs(found.indices["first"] - truth)
    assert (off <= 1.5 * found.indices["first_error"] + 0.005).all()
    assert (found.indices["total"] >= found.indices["first"] - 2 * found.indices["first_error"] - 2e-3).all()
    top = found.frame.iloc[0]
    assert found.frame.index[0] == "link vomiting_diarrhoea=present of dehydration: mild"
    assert (top["source"], top["low"], top["high"]) == ("assumption_causes", 0.25, 0.6)


def test_the_frame_and_its_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns, order, notes; the same generator gives the same numbers with any number of processors."""
    found = sobol_indices(ENGINE, ("tetanus", "present"), {"jaw_stiffness": "present"}, samples=64)
    assert list(found.frame.columns) == [
        "variable", "state", "given", "first", "first_error", "total", "total_error", "value", "low", "high", "source",
        "where",
    ]  # fmt: skip
    assert found.frame["total"].is_monotonic_decreasing
    assert found.frame.attrs["spasmnet"]["target"] == "P(tetanus=present)"
    assert found.frame.attrs["spasmnet"]["provenance"] == ENGINE.provenance.as_dict()
    assert "64 samples" in repr(found)
    monkeypatch.setattr(drawn, "processors", lambda: 1)
    again = sobol_indices(ENGINE, ("tetanus", "present"), {"jaw_stiffness": "present"}, samples=64)
    assert found.frame.equals(again.frame)
    other = sobol_indices(
        ENGINE, ("tetanus", "present"), {"jaw_stiffness": "present"}, samples=64, rng=np.random.default_rng(9)
    )
    assert not found.frame.equals(other.frame)


@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(strategies.ranged_networks(), st.data())
def test_any_network(network: Network, data: st.DataObject) -> None:
    """Indices are finite, total at least first order but for their errors, and the shares add up to no more than 1."""
    evidence = data.draw(strategies.evidence(network, positive=True))
    free = [v for v in network.variables if not isinstance(evidence.get(v.name), str)]
    assume(free)
    target = data.draw(st.sampled_from(free))
    try:
        found = sobol_indices(spasmnet.compile(network), (target.name, target.states[-1]), evidence, samples=128)
    except ImpossibleEvidenceError:
        assume(False)
        return
    except EvidenceError as error:
        assert "networks drawn" in str(error)
        return
    assert all(np.isfinite(values).all() for values in found.indices.values())
    slack = 2 * (found.indices["first_error"] + found.indices["total_error"]) + 0.05
    assert (found.indices["first"] <= found.indices["total"] + slack).all()
    assert found.indices["first"].sum() <= 1 + 2 * np.sqrt((found.indices["first_error"] ** 2).sum()) + 0.1


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((("dehydration", "mild"), CASE), {"samples": 100}, SpasmnetError, "a power of 2 of at least 8"),
        ((("dehydration", "mild"), CASE), {"samples": 512.0}, SpasmnetError, "a power of 2"),
        ((("dehydration", "mild"), CASE), {"level": 0}, SpasmnetError, "level is a number between 0 and 1"),
        ((("dehydration", "mild"), CASE), {"rng": 3}, SpasmnetError, "rng is a numpy Generator"),
        ((("dehydration", "mild"), CASE), {"kind": "dirichlet"}, SpasmnetError, "such as 'beta'"),
        ((("dehydration", "mild"), CASE), {"kind": "normal"}, SpasmnetError, "kind is one of"),
        ((("spasm", "painful"), CASE), {}, EvidenceError, "spasm is observed"),
        ((("dehydration", "some"), CASE), {}, UnknownStateError, "some"),
        (("dehydration", CASE), {}, EvidenceError, "a target is"),
    ],
)
def test_bad_input(arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception], words: str) -> None:
    """What is not understood is told, with what is allowed."""
    with pytest.raises(error, match=words):
        sobol_indices(ENGINE, *arguments, **options)


def test_answers_that_do_not_exist() -> None:
    """Evidence that is impossible in some networks, and infinite log-odds, are errors."""
    cited = {(0,): Parameter(0.5, 0.2, 0.8, "s"), (1,): Parameter(0.4, 0.2, 0.8, "s")}
    variables = Variable("a", ("x", "y", "z")), Variable("b", ("no", "yes"))
    b = Table(("a",), [[0.9, 0.1], [0.8, 0.2], [0.5, 0.5]], {(2, 1): Parameter(0.5, 0.3, 0.6, "s")})
    engine = spasmnet.compile(Network(variables, {"a": Table((), [0.5, 0.4, 0.1], cited), "b": b}))
    with pytest.raises(EvidenceError, match=r"impossible in \d+ of \d+ networks drawn"):
        sobol_indices(engine, ("b", "yes"), {"a": "z"}, kind="uniform", samples=64)
    with pytest.raises(EvidenceError, match="infinite or not defined in a network drawn"):
        sobol_indices(engine, ("a", "z"), kind="uniform", samples=64, measure="log_odds")
    with pytest.raises(SpasmnetError, match=r"spasmnet.compile"):
        sobol_indices(engine.network, ("b", "yes"))  # type: ignore[arg-type]
