"""Credible intervals: distributions against scipy, draws against changed networks, closed forms, and each other."""

from __future__ import annotations

from itertools import product
from math import gamma, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy import stats

import spasmnet
from spasmnet import (
    Engine,
    EvidenceError,
    ImpossibleEvidenceError,
    Network,
    NoisyMax,
    Parameter,
    SpasmnetError,
    Table,
    UnknownVariableError,
    Variable,
)
from spasmnet.parameters.assignment import Place as CitedPlace
from spasmnet.parameters.assignment import with_values
from spasmnet.uncertainty import draws as drawn
from spasmnet.uncertainty.delta import Delta, delta
from spasmnet.uncertainty.distributions import KINDS, Distributions
from spasmnet.uncertainty.intervals import Intervals, credible_intervals
from tests import strategies

relaxed = settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
SHIPPED = spasmnet.load()
ENGINE = spasmnet.compile(SHIPPED)
CASE = {"spasm": "painful", "vomiting_diarrhoea": "present", "heavy_sweating": "present"}
INDEPENDENT = ("pert", "triangular", "uniform", "beta")


def root(value: float = 0.3, low: float = 0.1, high: float = 0.6) -> Network:
    """One variable of two states, whose second is cited."""
    cited = Parameter(value, low, high, "s")
    return Network((Variable("a", ("no", "yes")),), {"a": Table((), [1 - value, value], {(1,): cited})})


def pair(prior: Parameter, hit: float = 0.8, alarm: float = 0.1) -> Network:
    """A cause with an uncertain prior and a sign of it."""
    variables = Variable("cause", ("no", "yes")), Variable("sign", ("no", "yes"))
    cpds = {
        "cause": Table((), [1 - prior.value, prior.value], {(1,): prior}),
        "sign": Table(("cause",), [[1 - alarm, alarm], [1 - hit, hit]]),
    }
    return Network(variables, cpds)


def scipy_distribution(kind: str, p: Parameter) -> Any:
    """The definition of each kind, by scipy."""
    width = p.high - p.low
    mode = (p.value - p.low) / width
    if kind == "pert":
        return stats.beta(1 + 4 * mode, 5 - 4 * mode, loc=p.low, scale=width)
    if kind == "triangular":
        return stats.triang(mode, loc=p.low, scale=width)
    if kind == "uniform":
        return stats.uniform(p.low, width)
    s = p.value * (1 - p.value) / (width / 3.92) ** 2 - 1
    return stats.beta(s * p.value, s * (1 - p.value))


# ---------------------------------------------------------------- distributions


@pytest.mark.parametrize("kind", INDEPENDENT)
@pytest.mark.parametrize("p", [Parameter(0.3, 0.1, 0.6, "s"), Parameter(0.05, 0.02, 0.05, "s")])
def test_distributions_are_scipys(kind: str, p: Parameter) -> None:
    """Moments, quantiles, distribution function and draws of a number are those of the stated distribution."""
    d, truth = Distributions.of(root(p.value, p.low, p.high), kind), scipy_distribution(kind, p)
    mean, variance, third = (float(m[0]) for m in d.moments)
    skew = float(truth.stats(moments="s"))
    assert mean == pytest.approx(truth.mean(), rel=1e-12)
    assert variance == pytest.approx(truth.var(), rel=1e-12)
    assert third == pytest.approx(skew * truth.std() ** 3, rel=1e-9, abs=1e-12)
    u = np.linspace(0.01, 0.99, 21)
    np.testing.assert_allclose(d.quantile(0, u), truth.ppf(u), rtol=1e-9)
    assert [d.below(0, float(t)) for t in truth.ppf(u)] == pytest.approx(u.tolist(), abs=1e-9)
    assert d.below(0, -1.0) == 0.0
    assert d.below(0, 2.0) == 1.0
    draws = d.draw(np.random.default_rng(1), 4000)[:, 0]
    assert stats.kstest(draws, truth.cdf).pvalue > 0.001


def dirichlet_moment(weights: np.ndarray, powers: tuple[int, ...]) -> float:
    """E Π x^power of a Dirichlet distribution."""
    total = weights.sum()
    top = np.prod([gamma(w + k) / gamma(w) for w, k in zip(weights, powers, strict=True)])
    return float(top * gamma(total) / gamma(total + sum(powers)))


def test_dirichlet_moments_are_exact() -> None:
    """Variance and third central moment of a linear function of a Dirichlet row, against its mixed moments."""
    row, slopes = [0.2, 0.5, 0.3], np.array([0.7, -1.2, 2.0])
    cited = {(0,): Parameter(0.2, 0.1, 0.35, "s"), (1,): Parameter(0.5, 0.4, 0.65, "s")}
    network = Network((Variable("a", ("x", "y", "z")),), {"a": Table((), row, cited)})
    d = Distributions.of(network, "dirichlet")
    s = (0.2 * 0.8 + 0.5 * 0.5) / ((0.25 / 3.92) ** 2 + (0.25 / 3.92) ** 2) - 1
    np.testing.assert_allclose(d.concentration, s)
    weights = s * np.array(row)

    def raw(order: int) -> float:
        return sum(
            float(np.prod(slopes[list(at)])) * dirichlet_moment(weights, tuple(at.count(i) for i in range(3)))
            for at in product(range(3), repeat=order)
        )

    mean = raw(1)
    linear = d.linear(slopes[None])
    assert linear.variance[0] == pytest.approx(raw(2) - mean**2, rel=1e-9)
    assert linear.third[0] == pytest.approx(raw(3) - 3 * mean * raw(2) + 2 * mean**3, rel=1e-7)
    draws = d.draw(np.random.default_rng(3), 20000)
    np.testing.assert_allclose(draws.sum(axis=1), 1.0)
    assert (draws @ slopes).var() == pytest.approx(float(linear.variance[0]), rel=0.05)
    assert draws.mean(axis=0).tolist() == pytest.approx(row, abs=0.005)


def test_a_dirichlet_of_two_is_a_beta() -> None:
    """With two states the two kinds are one."""
    one, other = (Distributions.of(root(), kind) for kind in ("beta", "dirichlet"))
    slopes = np.array([[0.7]])
    both = one.linear(slopes), other.linear(np.array([[0.0, 0.7]]))
    assert both[0].variance == pytest.approx(both[1].variance, rel=1e-12)
    assert both[0].third == pytest.approx(both[1].third, rel=1e-12)
    assert one.quantile(0, np.array([0.3])) == pytest.approx(other.quantile(1, np.array([0.3])), rel=1e-12)


def test_what_has_no_distribution_is_told() -> None:
    """An unknown kind, no ranges, ranges beyond [0, 1], and Beta distributions that do not exist."""
    with pytest.raises(SpasmnetError, match="kind is one of pert, triangular"):
        Distributions.of(root(), "normal")
    with pytest.raises(SpasmnetError, match=r"no number .* has a range"):
        Distributions.of(root(0.3, 0.3, 0.3))
    with pytest.raises(SpasmnetError, match=r"P\(a=yes\) is \[0.1, 1.2\]"):
        Distributions.of(root(0.3, 0.1, 1.2))
    for kind, family in (("beta", "Beta"), ("dirichlet", "Dirichlet")):
        with pytest.raises(SpasmnetError, match=rf"no {family} distribution .* P\(a=yes\) = 0 .* 'pert'"):
            Distributions.of(root(0.0, 0.0, 0.2), kind)


# ---------------------------------------------------------------- draws against changed networks


@st.composite
def questions(draw: st.DrawFn) -> tuple[Network, dict[str, Any]]:
    """A network with ranges, and possible evidence that leaves something open."""
    network = draw(strategies.ranged_networks())
    evidence = draw(strategies.evidence(network))
    free = [v.name for v in network.variables if not isinstance(evidence.get(v.name), str)]
    assume(free)
    try:
        spasmnet.compile(network).posterior(evidence)
    except ImpossibleEvidenceError:
        assume(False)
    return network, evidence


def drawn_values(network: Network, kind: str, seed: int, draws: int) -> tuple[Distributions, np.ndarray]:
    """The numbers that a seed gives."""
    d = Distributions.of(network, kind)
    parts = [d.draw(g, size) for g, size in drawn.streams(np.random.default_rng(seed), draws)]
    return d, np.concatenate(parts)


@relaxed
@given(questions(), st.sampled_from(("pert", "triangular", "uniform")), st.integers(0, 1000))
def test_each_draw_is_the_network_with_these_values(
    question: tuple[Network, dict[str, Any]], kind: str, seed: int
) -> None:
    """A row of the batch is the posterior of the network whose cited numbers are those drawn."""
    network, evidence = question
    names = [v.name for v in network.variables if not isinstance(evidence.get(v.name), str)]
    d, values = drawn_values(network, kind, seed, 3)
    answers, possible = drawn.sampled(network, names, evidence, d, 3, np.random.default_rng(seed), 10**6)
    for row, value, fine in zip(answers, values, possible, strict=True):
        changed = with_values(network, {CitedPlace(*place): float(t) for place, t in zip(d.places, value, strict=True)})
        try:
            post = spasmnet.compile(changed).posterior(evidence)
        except ImpossibleEvidenceError:
            assert not fine
            continue
        assert fine
        expected = [p for name in names for p in post[name].values()]
        np.testing.assert_allclose(row, expected, atol=1e-9)


@relaxed
@given(questions())
def test_slopes_are_those_of_answers_at_the_means(question: tuple[Network, dict[str, Any]]) -> None:
    """The delta method's slopes against central differences of exact answers of networks with changed numbers."""
    network, evidence = question
    names = [v.name for v in network.variables if not isinstance(evidence.get(v.name), str)]
    engine, d = spasmnet.compile(network), Distributions.of(network)
    mean = d.moments[0]

    def at(point: np.ndarray) -> np.ndarray:
        changed = with_values(network, {CitedPlace(*p): float(t) for p, t in zip(d.places, point, strict=True)})
        post = spasmnet.compile(changed).posterior(evidence)
        return np.array([p for name in names for p in post[name].values()])

    try:
        found, now = delta(engine, names, evidence, d), at(mean)
    except (EvidenceError, ImpossibleEvidenceError):
        assume(False)
        return
    np.testing.assert_allclose(found.mean, now, atol=1e-9)
    which, h = int(np.argmax(d.high - d.low)), 1e-5 * float((d.high - d.low).max())
    step = h * (np.arange(len(mean)) == which)
    sides = (at(mean + step) - now) / h, (now - at(mean - step)) / h
    low, high = np.minimum(*sides), np.maximum(*sides)  # a bend where a row begins to be divided lies between them
    tolerance = 1e-3 * (1 + np.abs(high))
    assert (found.slopes[:, which] >= low - tolerance).all()
    assert (found.slopes[:, which] <= high + tolerance).all()


def test_one_generator_gives_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed gives bitwise the same intervals, whatever else is asked and with any number of processors."""
    answers = [credible_intervals(ENGINE, CASE, draws=1200, rng=np.random.default_rng(5)) for _ in range(2)]
    monkeypatch.setattr(drawn, "processors", lambda: 1)
    answers.append(credible_intervals(ENGINE, CASE, draws=1200, rng=np.random.default_rng(5)))
    assert all((a.ends == answers[0].ends).all() for a in answers)
    alone = credible_intervals(ENGINE, CASE, draws=1200, rng=np.random.default_rng(5), targets="dehydration")
    assert alone["dehydration", "mild"] == pytest.approx(answers[0]["dehydration", "mild"], abs=1e-12)
    other = credible_intervals(ENGINE, CASE, draws=1200, rng=np.random.default_rng(6))
    assert (other.ends != answers[0].ends).any()


def signs(count: int, chance: float) -> Network:
    """A cause with an uncertain prior, and many rare signs of it."""
    names = [f"s{i}" for i in range(count)]
    variables = (Variable("cause", ("no", "yes")), *(Variable(name, ("no", "yes")) for name in names))
    cpds = {"cause": Table((), [0.7, 0.3], {(1,): Parameter(0.3, 0.1, 0.5, "s")})}
    rows = [[1 - chance, chance], [1 - 1.01 * chance, 1.01 * chance]]
    return Network(variables, cpds | {name: Table(("cause",), rows) for name in names})


def test_underflow_is_not_impossible() -> None:
    """Evidence of probability 1e-360 has exact intervals: the odds are multiplied by 1.01 for each sign."""
    network = signs(120, 1e-3)
    engine, evidence = spasmnet.compile(network), {f"s{i}": "yes" for i in range(120)}
    drawn_ = credible_intervals(engine, evidence, draws=400, kind="uniform")
    assert drawn_.impossible == 0
    low, high = (1 / (1 + 1 / (1.01**120 * t / (1 - t))) for t in (0.12, 0.48))
    assert drawn_["cause", "yes"] == pytest.approx((low, high), abs=0.02)
    found = credible_intervals(engine, evidence, method="delta", kind="uniform")
    mean = 1.01**120 * 0.3 / (1.01**120 * 0.3 + 0.7)
    assert found.frame["mean"].to_list() == pytest.approx([1 - mean, mean], rel=1e-9)
    assert found["cause", "yes"] == pytest.approx((low, high), abs=0.05)


def test_impossible_draws_are_counted() -> None:
    """Where the numbers of a row leave nothing for an observed state, a network has no answer and is left out."""
    cited = {(0,): Parameter(0.5, 0.2, 0.8, "s"), (1,): Parameter(0.4, 0.2, 0.8, "s")}
    variables = Variable("a", ("x", "y", "z")), Variable("b", ("no", "yes"))
    rows = [[0.9, 0.1], [0.8, 0.2], [0.5, 0.5]]
    network = Network(variables, {"a": Table((), [0.5, 0.4, 0.1], cited), "b": Table(("a",), rows)})
    found = credible_intervals(spasmnet.compile(network), {"a": "z"}, kind="uniform", draws=2000)
    assert found.impossible / found.draws == pytest.approx(0.5, abs=0.05)
    assert found["b", "yes"] == pytest.approx((0.5, 0.5), abs=1e-12)
    tight = {(0,): Parameter(0.5, 0.5, 0.9, "s"), (1,): Parameter(0.4, 0.4, 0.8, "s")}
    sign = Table(("a",), [[1.0, 0.0], [1.0, 0.0], [0.5, 0.5]])
    narrow = network.with_cpds({"a": Table((), [0.5, 0.4, 0.1], tight), "b": sign})
    with pytest.raises(EvidenceError, match="impossible at the means"):
        credible_intervals(spasmnet.compile(narrow), {"b": "yes"}, kind="uniform", method="delta")


# ---------------------------------------------------------------- closed forms


@pytest.mark.parametrize("kind", INDEPENDENT)
def test_a_roots_interval_is_its_distributions(kind: str) -> None:
    """P(a=yes) is the number itself, so that its interval holds the distribution's quantiles."""
    network = root()
    truth = scipy_distribution(kind, Parameter(0.3, 0.1, 0.6, "s"))
    expected = truth.ppf([0.05, 0.95])
    engine = spasmnet.compile(network)
    sampled = credible_intervals(engine, draws=20000, kind=kind)
    row = sampled.frame.iloc[1]
    assert abs(row["low"] - expected[0]) < 4 * row["low_error"]
    assert abs(row["high"] - expected[1]) < 4 * row["high_error"]
    assert row["mean"] == pytest.approx(truth.mean(), abs=4 * truth.std() / sqrt(20000))
    assert row["sd"] == pytest.approx(truth.std(), rel=0.03)
    found = credible_intervals(engine, method="delta", kind=kind).frame.iloc[1]
    assert found["mean"] == pytest.approx(truth.mean(), rel=1e-12)
    assert found["sd"] == pytest.approx(truth.std(), rel=1e-12)
    assert abs(found["low"] - expected[0]) <= found["low_error"] + 1e-9
    assert abs(found["high"] - expected[1]) <= found["high_error"] + 1e-9


def test_the_standard_errors_are_those_of_repeated_draws() -> None:
    """The stated errors of the ends are the spread of the ends over seeds."""
    engine = spasmnet.compile(root())
    found = [credible_intervals(engine, draws=400, rng=np.random.default_rng(seed)) for seed in range(200)]
    ends = np.array([f.ends[:, 1] for f in found])
    stated = np.array([f.answers.errors(0.9)[:, 1] for f in found])
    assert ends.std(axis=0).tolist() == pytest.approx(stated.mean(axis=0).tolist(), rel=0.2)


def test_a_linear_answers_variance_is_exact() -> None:
    """P(sign) is linear in the prior: the delta method's variance is (hit - alarm)² Var prior."""
    p = Parameter(0.3, 0.1, 0.6, "s")
    found = credible_intervals(spasmnet.compile(pair(p)), method="delta", targets=["sign"]).frame.iloc[1]
    truth = scipy_distribution("pert", p)
    assert found["sd"] == pytest.approx(0.7 * truth.std(), rel=1e-12)
    assert found["mean"] == pytest.approx(0.1 + 0.7 * truth.mean(), rel=1e-12)


@pytest.mark.parametrize("kind", INDEPENDENT)
def test_a_monotone_answers_quantile_is_that_of_the_number(kind: str) -> None:
    """P(cause | sign) rises with the prior: its quantiles are the function of the prior's quantiles."""
    p = Parameter(0.1, 0.02, 0.4, "s")
    engine = spasmnet.compile(pair(p))
    truth = scipy_distribution(kind, p).ppf([0.05, 0.95])
    expected = 0.8 * truth / (0.8 * truth + 0.1 * (1 - truth))
    found = credible_intervals(engine, {"sign": "yes"}, draws=20000, kind=kind).frame.iloc[1]
    assert abs(found["low"] - expected[0]) < 4 * found["low_error"]
    assert abs(found["high"] - expected[1]) < 4 * found["high_error"]
    found = credible_intervals(engine, {"sign": "yes"}, method="delta", kind=kind).frame.iloc[1]
    assert abs(found["low"] - expected[0]) <= found["low_error"] + 1e-9
    assert abs(found["high"] - expected[1]) <= found["high_error"] + 1e-9
    # and draw by draw
    _, values = drawn_values(engine.network, kind, 0, 200)
    exact = credible_intervals(engine, {"sign": "yes"}, draws=200, kind=kind, targets=["cause"]).answers
    t = values[:, 0]
    np.testing.assert_allclose(exact.answers[:, 1], 0.8 * t / (0.8 * t + 0.1 * (1 - t)), rtol=1e-12)  # type: ignore[union-attr]


def test_what_cannot_move_has_no_width() -> None:
    """A posterior without an uncertain number above it is certain, by both methods; so is a deterministic one."""
    network = pair(Parameter(0.3, 0.1, 0.6, "s"))
    lone = Network(
        (*network.variables, Variable("other", ("no", "yes"))),
        {**network.cpds, "other": Table((), [0.25, 0.75])},
    )
    for method in ("delta", "monte_carlo"):
        found = credible_intervals(spasmnet.compile(lone), {"sign": "yes"}, method=method)
        assert found["other", "yes"] == pytest.approx((0.75, 0.75), abs=1e-12)
        assert found.frame["low_error"].iloc[3] == pytest.approx(0.0, abs=1e-12)


# ---------------------------------------------------------------- the shipped network


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_two_methods_agree(kind: str) -> None:
    """On the shipped network the ends agree within the stated errors, and the delta method's are near in any case."""
    drawn_ = credible_intervals(ENGINE, CASE, draws=4000, kind=kind).frame
    found = credible_intervals(ENGINE, CASE, method="delta", kind=kind).frame
    off, stated = [], []
    for end in ("low", "high"):
        off.append(np.abs(drawn_[end] - found[end]))
        stated.append(found[f"{end}_error"] + 2 * drawn_[f"{end}_error"] + 1e-12)
    within = np.array(off) <= np.array(stated)
    assert within.mean() > 0.9
    assert (np.array(off) <= 3 * np.array(stated)).all()
    width = drawn_["high"] - drawn_["low"]
    wide = width > 1e-3
    relative = np.array(off)[:, wide] / width[wide].to_numpy()
    assert np.median(relative) < 0.03
    assert np.quantile(relative, 0.95) < 0.08
    assert kind == "dirichlet" or relative.max() < 0.2  # a Dirichlet makes rare states very skewed
    common = found[found["value"].between(0.02, 0.98)].index
    assert (found["sd"] / drawn_["sd"])[common].between(0.75, 1.15).all()


def test_the_value_lies_within_nearly_always() -> None:
    """Most answers at the present numbers lie in their intervals, which are wider at a higher level."""
    narrow, wide = (credible_intervals(ENGINE, CASE, level=level, method="delta") for level in (0.5, 0.95))
    frame = wide.frame
    assert ((frame["low"] <= frame["value"] + 1e-12) & (frame["value"] <= frame["high"] + 1e-12)).mean() > 0.98
    assert (wide.ends[1] - wide.ends[0] >= narrow.ends[1] - narrow.ends[0] - 1e-12).all()


def test_intervals_say_what_they_are() -> None:
    """Level, method, distributions, draws and provenance stand on the result; it pickles and is asked by name."""
    found = credible_intervals(ENGINE, CASE, targets=["dehydration", "dehydration"], draws=200)
    assert isinstance(found, Intervals)
    assert found.targets == ("dehydration",)
    assert list(found.frame.columns) == [
        "variable", "state", "value", "low", "high", "mean", "sd", "low_error", "high_error",
    ]  # fmt: skip
    attrs = found.frame.attrs["spasmnet"]
    assert attrs["provenance"] == ENGINE.provenance.as_dict()
    assert attrs["draws"] == 200
    assert "242 numbers, each PERT" in attrs["distributions"]
    assert "level 0.9: 200 draws" in repr(found)
    assert "delta method" in repr(credible_intervals(ENGINE, CASE, method="delta"))
    labels = [label.get_text() for label in found.plot().get_yticklabels()]
    assert labels == [
        "Dehydration: Not dehydrated",
        "Dehydration: Mildly dehydrated",
        "Dehydration: Clearly dehydrated",
    ]
    with pytest.raises(SpasmnetError, match="no interval for 'dehydration'"):
        found["dehydration"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"method": "exact"}, SpasmnetError, "method is one of monte_carlo, delta"),
        ({"level": 1.0}, SpasmnetError, "level is a number between 0 and 1"),
        ({"level": True}, SpasmnetError, "level is a number between 0 and 1"),
        ({"draws": 99}, SpasmnetError, "at least 100 for a level of 0.9"),
        ({"draws": 2000.0}, SpasmnetError, "at least 100"),
        ({"draws": 500, "level": 0.99}, SpasmnetError, "at least 1000 for a level of 0.99"),
        ({"rng": 7}, SpasmnetError, "rng is a numpy Generator"),
        ({"kind": "gauss"}, SpasmnetError, "kind is one of"),
        ({"targets": ["spasm"]}, EvidenceError, "spasm is observed"),
        ({"targets": []}, EvidenceError, "no target"),
        ({"targets": ["dehydratoin"]}, UnknownVariableError, "did you mean 'dehydration'"),
    ],
)
def test_bad_input(options: dict[str, Any], error: type[Exception], words: str) -> None:
    """What is not understood is told, with what is allowed."""
    with pytest.raises(error, match=words):
        credible_intervals(ENGINE, CASE, **options)


def test_bad_engine_and_evidence() -> None:
    """A network is not an engine; impossible evidence and unknown findings are errors."""
    with pytest.raises(SpasmnetError, match=r"spasmnet.compile"):
        credible_intervals(SHIPPED, CASE)  # type: ignore[arg-type]
    with pytest.raises(EvidenceError):
        credible_intervals(ENGINE, {"spasm": "terrible"})
    network = Network(
        (Variable("a", ("no", "yes")), Variable("b", ("no", "yes"))),
        {
            "a": Table((), [1.0, 0.0]),
            "b": Table((), [0.5, 0.5], {(1,): Parameter(0.5, 0.2, 0.8, "s")}),
        },
    )
    with pytest.raises(ImpossibleEvidenceError):
        credible_intervals(spasmnet.compile(network), {"a": "yes"})


def test_noisy_links_are_drawn() -> None:
    """A noisy-OR's leak and link, both uniform: P(y | x) = 1 - (1 - leak)(1 - link) in closed form."""
    cited = {(-1, 0, 1): Parameter(0.1, 0.0, 0.2, "s"), (0, 1, 1): Parameter(0.5, 0.4, 0.6, "s")}
    variables = Variable("x", ("no", "yes")), Variable("y", ("no", "yes"))
    cpd = NoisyMax(("x",), [0.9, 0.1], [[[1, 0], [0.5, 0.5]]], cited)
    engine: Engine = spasmnet.compile(Network(variables, {"x": Table((), [0.5, 0.5]), "y": cpd}))
    found = credible_intervals(engine, {"x": "yes"}, kind="uniform", method="delta")
    assert isinstance(found.answers, Delta)
    variance = (0.5**2 * 0.2**2 + 0.9**2 * 0.2**2) / 12
    assert found.frame["sd"].to_list()[1] == pytest.approx(sqrt(variance), rel=1e-12)
    samples = credible_intervals(engine, {"x": "yes"}, kind="uniform", draws=20000).frame.iloc[1]
    exact = variance + (0.2**2 / 12) ** 2
    assert samples["sd"] == pytest.approx(sqrt(exact), rel=0.03)
    assert samples["mean"] == pytest.approx(1 - 0.9 * 0.5, abs=0.002)
