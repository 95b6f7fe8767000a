"""Parameter sensitivity against re-inference of changed networks, and against reference values."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from math import exp, inf, log
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import EvidenceError, ImpossibleEvidenceError, Network, NoisyMax, SpasmnetError, Table, Variable
from spasmnet.parameters.covariation import highest
from spasmnet.parameters.names import Place, in_words, name_of, parameters
from spasmnet.parameters.rows import row_of
from spasmnet.sensitivity.function import Piece, SensitivityFunction, vertex
from spasmnet.sensitivity.one_way import ParameterSensitivity, parameter_sensitivity
from spasmnet.sensitivity.query import ask, compiled_query
from spasmnet.sensitivity.relevance import sensitivity_set
from tests import classic, strategies

relaxed = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
RULES = ("proportional", "uniform", "order_preserving")


def moved_row(row: np.ndarray, state: int, t: float, rule: str) -> np.ndarray | None:
    """The row with one number at t, by the definitions as they stand in the literature; None where undefined."""
    theta, others = row[state], np.arange(len(row)) != state
    new = row.copy()
    new[state] = t
    if len(row) == 1:
        return None
    if rule == "proportional" and row[others].sum() > 0:
        new[others] = row[others] * (1 - t) / row[others].sum()
    elif rule in ("proportional", "uniform"):
        new[others] = (1 - t) / (len(row) - 1)
    else:
        order = np.argsort(row, kind="stable")
        s = int(np.flatnonzero(order == state)[0])
        if s == len(row) - 1:
            return None
        lower, higher = order[:s], order[s + 1 :]
        top, above = 1 / (len(row) - s), row[higher].sum()
        if t <= theta:
            if theta == 0 or above == 0:
                return None
            new[lower] = row[lower] * t / theta
            new[higher] = -row[higher] * (1 - above) * t / (above * theta) + row[higher] / above
        else:
            if t > top or top <= theta:
                return None
            new[lower] = row[lower] * (top - t) / (top - theta)
            new[higher] = (row[higher] - top) * (top - t) / (top - theta) + top
    return new


def changed(network: Network, place: Place, t: float, rule: str) -> Network | None:
    name, key = place
    cpd = network.cpds[name]
    if isinstance(cpd, NoisyMax):
        leak, links = cpd.leak.copy(), [link.copy() for link in cpd.links]
        row = leak if key[0] < 0 else links[key[0]][key[1]]
        new = moved_row(row.copy(), key[-1], t, rule)
        if new is None or (new < -1e-12).any():
            return None
        row[:] = np.clip(new, 0, 1)
        return network.with_cpds({name: NoisyMax(cpd.parents, leak, links)})
    assert isinstance(cpd, Table)
    values = cpd.values.copy()
    new = moved_row(values[key[:-1]], key[-1], t, rule)
    if new is None or (new < -1e-12).any():
        return None
    values[key[:-1]] = np.clip(new, 0, 1)
    return network.with_cpds({name: Table(cpd.parents, values)})


@st.composite
def queries(draw: st.DrawFn) -> tuple[Network, str, dict[str, object]]:
    """A network, a target and evidence, hard and uncertain, that leaves the target open."""
    network, evidence = draw(strategies.networks_with_evidence())
    free = [v.name for v in network.variables if not isinstance(evidence.get(v.name), str)]
    assume(free and any(parameters(network)))
    return network, draw(st.sampled_from(free)), evidence


def asked(network: Network, name: str, state: str, evidence: dict[str, object], rule: str) -> ParameterSensitivity:
    try:
        return parameter_sensitivity(spasmnet.compile(network), (name, state), evidence, covariation=rule)
    except ImpossibleEvidenceError:
        assume(False)
        raise


def rounding(piece: Piece, t: float, value: float) -> float:
    """What rounding the four coefficients can do to f(t): much where P(e) nearly vanishes.

    They are worked out where the number stands, at `value`: of what is large there, a small remainder elsewhere has
    only the digits that are left.
    """
    far = max(t, value)
    terms = abs(piece.alpha * far) + abs(piece.beta) + abs(piece.gamma * far) + abs(piece.delta)
    bottom = abs(piece.gamma * t + piece.delta)
    return 1e-14 * terms / bottom if bottom else 0.0


@relaxed
@given(queries(), st.sampled_from(RULES), st.data())
def test_functions_are_those_of_the_changed_network(
    query: tuple[Network, str, dict[str, object]], rule: str, data: st.DataObject
) -> None:
    """For a random number and a random new value, f(t) is the posterior of the network in which the row has moved."""
    network, name, evidence = query
    state = data.draw(st.sampled_from(network.by_name[name].states))
    ps = asked(network, name, state, evidence, rule)
    place = data.draw(st.sampled_from(list(parameters(network))))
    t = data.draw(st.sampled_from([0.0, 1.0]) | st.floats(0, 1))
    moved = changed(network, place, t, rule)
    assume(moved is not None)
    assert moved is not None
    try:
        expected = spasmnet.compile(moved).posterior(evidence)[name][state]
    except ImpossibleEvidenceError:
        return  # the end at which the evidence becomes impossible; the function gives the limit there
    f = ps.function(place)
    piece = f.pieces[-1] if t > f.value else f.pieces[0]
    assert f(t) == pytest.approx(expected, abs=1e-8 + rounding(piece, t, f.value))
    scale = exp(spasmnet.compile(moved).log_evidence(evidence))
    now = exp(spasmnet.compile(network).log_evidence(evidence))
    if place[0] not in ps.matters:
        assert (piece.alpha, piece.gamma) == (0.0, 0.0)
    elif scale > 1e-6 and now > 1e-6:  # the coefficients themselves: P(e) and P(y, e) of the changed network
        ratio = ps.query.joint.sum() / now  # likelihoods are scaled, and what is independent of the target left out
        assert (piece.gamma * t + piece.delta) / ratio == pytest.approx(scale, abs=1e-10)
        assert (piece.alpha * t + piece.beta) / ratio == pytest.approx(expected * scale, abs=1e-10)


@relaxed
@given(queries(), st.data())
def test_derivatives_are_the_slopes(query: tuple[Network, str, dict[str, object]], data: st.DataObject) -> None:
    """The derivative of each function agrees with a finite difference of the function, and the frame repeats it."""
    network, name, evidence = query
    ps = asked(network, name, network.by_name[name].states[0], evidence, "proportional")
    for place in data.draw(st.lists(st.sampled_from(list(parameters(network))), min_size=1, max_size=4)):
        f = ps.function(place)
        assert f.derivative == pytest.approx(ps.frame.loc[f.name, "derivative"], rel=1e-9, abs=1e-12)
        step = 1e-6
        if step < f.value < 1 - step and abs(f.derivative) < 1e3:
            slope = (f(f.value + step) - f(f.value - step)) / (2 * step)
            assert f.derivative == pytest.approx(slope, rel=1e-3, abs=1e-5)


@relaxed
@given(queries())
def test_all_functions_meet_in_the_answer(query: tuple[Network, str, dict[str, object]]) -> None:
    """At its present value every number gives the present answer; numbers that cannot matter never change it."""
    network, name, evidence = query
    ps = asked(network, name, network.by_name[name].states[-1], evidence, "proportional")
    expected = spasmnet.compile(network).posterior(evidence)[name][network.by_name[name].states[-1]]
    assert ps.answer == pytest.approx(expected, abs=1e-12)
    assert len(ps.frame) == len(list(parameters(network))) == len(ps)
    for f in ps:
        assert f(f.value) == pytest.approx(expected, abs=1e-9 + rounding(f.pieces[-1], f.value, f.value))
    idle = ps.frame[~ps.frame["matters"]]
    assert (np.abs(idle["derivative"]) < 1e-9).all()
    assert not ps.frame.drop(columns="vertex_proximity").isna().any().any()
    assert not ps.frame["vertex_proximity"].isna().any()


@relaxed
@given(queries(), st.data())
def test_extremes_inverse_and_admissible(query: tuple[Network, str, dict[str, object]], data: st.DataObject) -> None:
    """Extremes bound the function on its range, the inverse leads back, and the most probable state stays inside."""
    network, name, evidence = query
    states = network.by_name[name].states
    ps = asked(network, name, states[0], evidence, data.draw(st.sampled_from(RULES)))
    place = data.draw(st.sampled_from(list(parameters(network))))
    f = ps.function(place)
    low, high = f.extremes(0.0, 1.0)
    grid = np.linspace(f.pieces[0].low, f.pieces[-1].high, 23)
    answers = f(grid)
    assert (answers >= low - 1e-9).all() and (answers <= high + 1e-9).all()
    wanted = float(answers[data.draw(st.integers(0, 22))])
    back = f.inverse(wanted)
    if back is None:
        assert high - low < 1e-9
    else:
        assert f(back) == pytest.approx(wanted, abs=1e-6)
    bottom, top = ps.admissible(place)
    assert bottom <= f.value <= top
    if bottom == top:
        return  # no way to move: uniform co-variation changes the row even if the number stays
    leading = int(np.argmax(ps.query.joint))
    rest = [
        parameter_sensitivity(ps.engine, (name, s), evidence, covariation=ps.covariation).function(place)
        for s in states
    ]
    if ps.covariation == "uniform" and rest[leading](f.value) < max(g(f.value) for g in rest) - 1e-7:
        assert bottom == top == f.value
        return
    for t in np.linspace(max(bottom, f.pieces[0].low), min(top, f.pieces[-1].high), 7):
        assert rest[leading](t) >= max(g(t) for g in rest) - 1e-7


@relaxed
@given(queries(), st.data())
def test_differences_ratios_and_log_odds(query: tuple[Network, str, dict[str, object]], data: st.DataObject) -> None:
    """Two-sided measures are what they say of the two probabilities, also after a number has moved."""
    network, name, evidence = query
    states = network.by_name[name].states
    assume(len(states) > 1)
    engine = spasmnet.compile(network)
    place = data.draw(st.sampled_from(list(parameters(network))))
    t = data.draw(st.floats(0.05, 0.95))
    a, b = (asked(network, name, s, evidence, "proportional").function(place) for s in states[:2])
    assume(a(t) > 1e-6 and b(t) > 1e-6 and b(b.value) > 0)

    def f(measure: str) -> float:
        found = parameter_sensitivity(engine, (name, states[0]), evidence, against=states[1], measure=measure)
        return float(found.function(place)(t))

    assert f("difference") == pytest.approx(a(t) - b(t), abs=1e-9)
    assert f("ratio") == pytest.approx(a(t) / b(t), rel=1e-6)
    assert f("log_odds") == pytest.approx(log(a(t) / b(t)), abs=1e-6)


@relaxed
@given(strategies.networks(), st.data())
def test_the_sensitivity_set_is_sound(network: Network, data: st.DataObject) -> None:
    """Whatever is left out of the sensitivity set changes nothing, for any numbers in its place."""
    names = list(network.names)
    target = data.draw(st.sampled_from(names))
    observed = data.draw(st.dictionaries(st.sampled_from(names), st.integers(0, 9), max_size=3))
    evidence = {
        n: network.by_name[n].states[i % len(network.by_name[n].states)] for n, i in observed.items() if n != target
    }
    idle = [n for n in names if n not in sensitivity_set(network, target, frozenset(evidence))]
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    fresh = {}
    for name in names:
        table = network.cpds[name].table()
        values = rng.dirichlet(np.ones(table.shape[-1]), size=table.shape[:-1]).reshape(table.shape)
        fresh[name] = Table(network.cpds[name].parents, values)
    base = network.with_cpds(fresh)
    again = {
        name: Table(base.cpds[name].parents, np.roll(base.cpds[name].table(), 1, axis=-1)) for name in idle
    }  # fmt: skip
    before = spasmnet.compile(base).posterior(evidence)[target]
    after = spasmnet.compile(base.with_cpds(again)).posterior(evidence)[target]
    assert [before[s] for s in before] == pytest.approx([after[s] for s in after], abs=1e-9)


# ------------------------------------------------------------------ reference values


def test_asia_reference_values() -> None:
    """The classic example: coefficients, derivative and vertex, and the derivative at a number that is 0."""
    engine = spasmnet.compile(classic.load("asia"))
    ps = parameter_sensitivity(engine, ("lung", "yes"), {"dysp": "yes", "xray": "yes"})
    assert ps.answer == pytest.approx(0.6212528, abs=1e-6)
    f = ps["P(tub=yes | asia=no)"]
    (piece,) = f.pieces
    assert (piece.alpha, piece.beta, piece.gamma, piece.delta) == pytest.approx(
        (0, 0.043904, 0.703814, 0.063632), abs=1e-6
    )
    assert f.derivative == pytest.approx(-6.18715, abs=1e-5)
    assert f.vertex_proximity == pytest.approx(0.1493, abs=1e-4)
    zero = ps["P(either=yes | lung=no, tub=no)"]
    assert zero.value == 0.0
    assert abs(zero.derivative) == pytest.approx(6.18465, abs=1e-5)


@pytest.mark.parametrize("states", [2, 9])
@pytest.mark.parametrize("of_log", [False, True])
def test_derivative_where_the_terms_cancel(states: int, of_log: bool) -> None:
    """A finding a million million times rarer than the terms of a row: no digit of the derivative is lost."""
    rare, q, t = Fraction(1, 2**40), (Fraction(3e-13), Fraction(0.3)), (Fraction(0.1), Fraction(0.7))
    cause = Variable("c", tuple(str(i) for i in range(states)))
    finding, target = Variable("e", ("0", "1")), Variable("t", ("0", "1"))
    cpds = {"c": Table((), [float(1 - rare), float(rare), *[0.0] * (states - 2)])}
    for name, row in (("e", q), ("t", t)):
        cpds[name] = Table(("c",), [[float(row[i > 0]), float(1 - row[i > 0])] for i in range(states)])
    engine = spasmnet.compile(Network((cause, finding, target), cpds))
    ps = parameter_sensitivity(engine, ("t", "0"), {"e": "0"}, measure="log_odds" if of_log else None)
    evidence = (1 - rare) * q[0] + rare * q[1]
    yes = (1 - rare) * q[0] * t[0] + rare * q[1] * t[1]
    exact = (t[0] - t[1]) * q[0] * q[1] / (yes * (evidence - yes) if of_log else evidence**2)
    assert ps.frame.loc["P(c=0)", "derivative"] == pytest.approx(float(exact), rel=1e-13)


def test_alarm_reference_values() -> None:
    """The largest derivative, its vertex, and how many of the numbers can matter."""
    engine = spasmnet.compile(classic.load("alarm"))
    ps = parameter_sensitivity(engine, ("CVP", "HIGH"), {"HISTORY": "TRUE"})
    assert ps.answer == pytest.approx(0.0421578, abs=1e-6)
    f = ps["P(HISTORY=TRUE | LVFAILURE=FALSE)"]
    assert f.derivative == pytest.approx(2.08551, abs=1e-5)
    assert abs(f.derivative) == pytest.approx(abs(next(iter(ps)).derivative))
    assert f.vertex_proximity == pytest.approx(0.0255, abs=1e-4)
    below_one = ps.frame[ps.frame["value"] < 1]
    assert (len(below_one), int(below_one["matters"].sum())) == (750, 29)


@pytest.mark.parametrize("name", ["munin1", "pigs", "link", "andes"])
def test_large_networks_answer_single_queries(name: str) -> None:
    """A query needs only its ancestors: networks whose full circuit is large or refused are answered."""
    network = classic.load(name)
    depth: dict[str, int] = {}
    for variable in network.order:
        depth[variable] = 1 + max((depth[p] for p in network.parents(variable)), default=0)
    target = next(v for v in network.order if depth[v] == 3)
    engine_free = spasmnet.sensitivity.polynomial.polynomial(network, [target], {}, max_products=10**7)
    joint, _ = engine_free.differentiate(engine_free.leaves(engine_free.numbers.values, {}))
    assert joint == pytest.approx(1.0)


# ------------------------------------------------------------------ edges of the definitions


def tiny(**rows: object) -> spasmnet.Engine:
    a, b = Variable("a", ("no", "yes")), Variable("b", ("no", "some", "much"))
    cpds = {
        "a": Table((), rows.get("a", [0.7, 0.3])),
        "b": Table(("a",), rows.get("b", [[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])),
    }
    return spasmnet.compile(Network((a, b), cpds))


def test_a_number_of_one_falls_back_on_the_uniform_rule() -> None:
    """The proportional rule says nothing about a number of 1: what it gives up is shared equally, and the frame says so."""
    ps = parameter_sensitivity(tiny(b=[[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]]), ("b", "some"))
    row = ps.frame.loc["P(b=no | a=no)"]
    assert row["covariation"] == "uniform"
    assert ps["P(b=no | a=no)"](0.5) == pytest.approx(0.7 * 0.25 + 0.3 * 0.3)
    assert ps.frame.loc["P(b=some | a=no)", "covariation"] == "proportional"


def test_every_number_of_one_says_so() -> None:
    """Also a number that the answer does not depend on, and a link, are labelled by the rule that they would move by."""
    ps = parameter_sensitivity(tiny(b=[[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]]), ("a", "yes"))
    assert not ps.frame.loc["P(b=no | a=no)", "matters"]
    rules = ps.frame["covariation"]
    assert rules["P(b=no | a=no)"] == "uniform" and (rules.drop("P(b=no | a=no)") == "proportional").all()
    for network in (classic.load("asia"), spasmnet.load()):
        ps = parameter_sensitivity(spasmnet.compile(network), (network.names[0], network.variables[0].states[0]))
        for place in parameters(network):
            row = row_of(network, place)
            alone = row[place[1][-1]] == 1.0 and len(row) > 1
            assert (ps.frame.loc[name_of(network, place), "covariation"] == "uniform") == alone


CURVES = [(0.0, 0.3, -0.7, 0.9, 0.2), (0.4, 0.1, 0.4, 0.15, 0.9), (-1.0, 1.0, 0.5, 0.5, 0.3), (0.2, 0.3, 0.0, 0.5, 0.6)]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(("alpha", "beta", "gamma", "delta", "value"), CURVES)
def test_curvature_and_the_largest_slope(
    alpha: float, beta: float, gamma: float, delta: float, value: float, log: bool
) -> None:
    """f'' at the present value, the steepest slope on [0, 1] and the vertex against the textbook's formulas and a grid."""
    f = SensitivityFunction("n", value, 0.0, 1.0, (Piece(0.0, 1.0, alpha, beta, gamma, delta, log),))
    x, h = np.longdouble(value), np.longdouble(1e-5)

    def exact(t: Any) -> Any:
        ratio = (alpha * t + beta) / (gamma * t + delta)
        return np.log(ratio) if log else ratio

    assert f.second_derivative == pytest.approx(
        float((exact(x + h) - 2 * exact(x) + exact(x - h)) / h**2), rel=1e-6, abs=1e-7
    )
    turn = alpha * delta - beta * gamma
    if not log:
        assert f.second_derivative == pytest.approx(-2 * gamma * turn / (gamma * value + delta) ** 3, abs=1e-12)
    grid = np.linspace(0.0, 1.0, 1001)[:-1] if alpha + beta == 0 and log else np.linspace(0.0, 1.0, 1001)
    slopes = [abs(f.pieces[0].slope(t)) for t in grid]
    assert f.largest_slope >= max(slopes) * (1 - 1e-12)
    assert f.largest_slope == (inf if alpha + beta == 0 and log else pytest.approx(max(slopes), rel=1e-12))
    where = vertex(f.pieces[0], value)
    assert f.vertex_proximity == (inf if where is None else pytest.approx(abs(value - where), rel=1e-9))


def test_numbers_that_are_hardly_above_zero() -> None:
    """A prior of 1e-200 under evidence that only it explains: nothing underflows, and nothing is NaN."""
    yes = ("no", "yes")
    cpds = {
        "a": Table((), [1.0, 1e-200]),
        "b": Table(("a",), [[1.0, 0.0], [0.4, 0.6]]),
        "c": Table(("a",), [[0.5, 0.5], [0.1, 0.9]]),
    }
    network = Network(tuple(Variable(name, yes) for name in "abc"), cpds)
    for rule in RULES:
        ps = parameter_sensitivity(spasmnet.compile(network), ("c", "yes"), {"b": "yes"}, covariation=rule)
        assert ps.answer == pytest.approx(0.9)
        assert not ps.frame.drop(columns=["low", "high"]).select_dtypes("number").isna().any(axis=None)
        if rule == "order_preserving":  # the largest of its row cannot move
            continue
        f, hidden = ps["P(c=yes | a=yes)"], ps["P(b=yes | a=no)"]  # any chance of b without a would explain everything
        assert f.derivative == pytest.approx(1.0)
        assert f.vertex_proximity == inf and f.largest_slope == pytest.approx(1.0)
        assert hidden.derivative == pytest.approx(-0.4 / 0.6e-200, rel=1e-6)
        assert hidden.vertex_proximity == pytest.approx(np.sqrt(0.4 * 0.6e-200), rel=1e-6)


def test_linear_functions_have_no_vertex() -> None:
    """Without evidence the functions are linear, and their vertex is infinitely far away."""
    ps = parameter_sensitivity(tiny(), ("b", "much"))
    assert all(f.vertex_proximity == inf for f in ps)
    assert ps["P(a=yes)"](0.0) == pytest.approx(0.1)


def test_order_preserving_ends_where_the_order_would_change() -> None:
    """The largest number of a row cannot move; the others rise to 1 / (number of those not smaller)."""
    ps = parameter_sensitivity(tiny(), ("a", "yes"), {"b": "much"}, covariation="order_preserving")
    largest = ps["P(b=no | a=no)"]
    assert (largest.pieces[0].low, largest.pieces[-1].high) == (0.6, 0.6)
    with pytest.raises(SpasmnetError, match=r"can be moved in \[0.6, 0.6\]"):
        largest(0.5)
    assert ps["P(b=some | a=no)"].pieces[-1].high == 0.5
    assert ps["P(b=much | a=no)"].pieces[-1].high == pytest.approx(1 / 3)
    assert highest(ps.query.numbers).max() <= 1


def test_the_end_at_which_evidence_becomes_impossible_is_a_limit() -> None:
    """At the value at which P(e) vanishes the function is continued, never divided by zero."""
    network = tiny(b=[[0.6, 0.4, 0.0], [0.2, 0.3, 0.5]])
    ps = parameter_sensitivity(network, ("a", "yes"), {"b": "much"})
    f = ps["P(b=much | a=yes)"]
    assert f(0.0) == pytest.approx(1.0)
    assert f(1e-300) == pytest.approx(1.0)


def test_underflow_is_told_from_contradiction() -> None:
    """Very improbable evidence is scaled, and its functions are those of the probable kind."""
    root = Variable("root", ("no", "yes"))
    leaves = [Variable(f"x{i}", ("no", "yes")) for i in range(60)]
    cpds = {"root": Table((), [0.5, 0.5])}
    cpds |= {v.name: Table(("root",), [[1 - 2e-9, 2e-9], [1 - 1e-9, 1e-9]]) for v in leaves}
    engine = spasmnet.compile(Network((root, *leaves), cpds))
    evidence = {v.name: "yes" for v in leaves}
    assert engine.log_evidence(evidence) < -1000
    ps = parameter_sensitivity(engine, ("root", "yes"), evidence, measure="log_odds")
    assert ps.answer == pytest.approx(-60 * log(2), rel=1e-9)
    f = ps["P(x0=yes | root=yes)"]
    assert f.derivative == pytest.approx(1e9, rel=1e-6)
    assert f(2e-9) == pytest.approx(-59 * log(2), rel=1e-6)


def test_contradictions_apart_from_the_target_are_told() -> None:
    """Evidence that has nothing to do with the target and cannot occur is refused too, whether hard or uncertain."""
    a, b, c = (Variable(name, ("no", "yes")) for name in "abc")
    never = Table((), [1.0, 0.0])
    network = Network((a, b, c), {"a": Table((), [0.7, 0.3]), "b": never, "c": Table(("b",), [[0.5, 0.5], [0.1, 0.9]])})
    engine = spasmnet.compile(network)
    for evidence in ({"b": "yes"}, {"b": "yes", "c": "no"}, {"b": {"no": 0.0, "yes": 1.0}}):
        with pytest.raises(ImpossibleEvidenceError):
            parameter_sensitivity(engine, ("a", "yes"), evidence)
    ps = parameter_sensitivity(engine, ("a", "yes"), {"b": {"no": 1e-200, "yes": 1.0}, "c": "no"})
    assert ps["P(a=yes)"](0.5) == 0.5
    assert ps["P(c=yes | b=no)"](0.2) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("name", "target", "finding"),
    [
        ("alarm", "BP", "HISTORY"),
        ("insurance", "PropCost", "DrivHist"),
        ("water", "CBODD_12_45", "C_NI_12_45"),
        ("hailfinder", "R5Fcst", "WindFieldPln"),
        ("andes", "SNode_151", "SNode_155"),
        ("munin1", "R_APB_FORCE", "DIFFN_M_SEV_PROX"),
        ("pathfinder", "F70", "F1"),
    ],
)
def test_contraction_and_circuit_agree(name: str, target: str, finding: str) -> None:
    """The derivatives by contraction are those of the circuit, for shapes of all sorts, on large networks."""
    network = classic.load(name)
    evidence = {finding: network.by_name[finding].states[0]}
    engine = cast(spasmnet.Engine, SimpleNamespace(network=network, max_products=10**8))  # munin1 is not compiled
    query = ask(engine, target, evidence)
    compiled, _ = compiled_query(engine, (target,), evidence)
    states = len(query.joint)
    leaves = np.tile(compiled.leaves(compiled.numbers.values, {}), (states, 1))
    leaves[:, :states] = np.eye(states)
    joint, gradient = compiled.differentiate_rows(leaves)
    assert query.joint == pytest.approx(joint, rel=1e-10, abs=1e-15)
    difference = np.abs(query.gradient - gradient[:, compiled.indicators :])
    assert (difference / (1e-3 + np.abs(query.gradient))).max() < 1e-10


def test_ranges_and_sources_come_along() -> None:
    """The shipped network's own ranges and sources stand in the frame; other networks get a relative range."""
    network = spasmnet.load()
    ps = parameter_sensitivity(spasmnet.compile(network), ("dehydration", "moderate_severe"), {"spasm": "painful"})
    row = ps.frame.loc["link vomiting_diarrhoea=present of dehydration: moderate_severe"]
    assert (row["low"], row["value"], row["high"]) == (0.08, 0.2, 0.35)
    assert row["source"] == "assumption_causes" and row["cited"]
    assert row["minimum"] < ps.answer < row["maximum"]
    plain = parameter_sensitivity(tiny(), ("b", "much"), spread=0.2).frame.loc["P(a=yes)"]
    assert (plain["low"], plain["high"], plain["cited"]) == pytest.approx((0.24, 0.36, False))
    assert list(ps.frame["derivative"].abs()) == sorted(ps.frame["derivative"].abs(), reverse=True)


def test_results_are_values() -> None:
    """A result can be pickled and copied, and asking again gives bitwise the same."""
    engine = tiny()
    ps = parameter_sensitivity(engine, ("b", "much"), {"a": {"no": 0.2, "yes": 0.9}})
    for other in (
        pickle.loads(pickle.dumps(ps)),
        copy.deepcopy(ps),
        parameter_sensitivity(engine, ("b", "much"), {"a": {"no": 0.2, "yes": 0.9}}),
    ):
        assert other.frame.equals(ps.frame)
    assert replace(ps["P(a=yes)"], low=0.1).low == 0.1


def test_threads_share_an_engine() -> None:
    """The same questions from several threads at once, in turns with others, get bitwise the same answers."""
    engine = spasmnet.compile(classic.load("insurance"))
    questions = [
        (("PropCost", state), {"DrivHist": finding}) for state in ("Thousand", "Million") for finding in ("Zero", "One")
    ]

    def answers(_: int) -> list[bytes]:
        found = [parameter_sensitivity(engine, *question) for question in questions * 10]
        return [np.asarray(ps.functions).tobytes() for ps in found]

    expected = answers(0)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(answers, range(8)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "b"}, "a target is (variable, state)"),
        ({"target": ("c", "much")}, "unknown variable 'c'"),
        ({"target": ("b", "mach")}, "did you mean 'much'?"),
        ({"target": ("b", [])}, "a state or a list of states is needed"),
        ({"target": ("b", "much"), "evidence": {"b": "no"}}, "b is observed (no)"),
        ({"target": ("b", "much"), "evidence": {"a": "perhaps"}}, "perhaps"),
        ({"target": ("b", "much"), "measure": "odds"}, "measure is one of"),
        ({"target": ("b", "much"), "measure": "ratio"}, "a ratio needs two"),
        ({"target": ("b", "much"), "measure": "probability", "against": "no"}, "against is for"),
        ({"target": ("b", ["no", "some", "much"]), "measure": "log_odds"}, "are not defined"),
        ({"target": ("b", "much"), "covariation": "linear"}, "covariation is one of"),
        ({"target": ("b", "much"), "spread": 2.0}, "spread is a number in [0, 1]"),
        ({"target": ("b", "much"), "spread": True}, "spread is a number in [0, 1]"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(arguments: dict[str, object], message: str) -> None:
    """Each error says what and what is allowed."""
    with pytest.raises(EvidenceError) as caught:
        parameter_sensitivity(tiny(), **arguments)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_other_errors() -> None:
    """No engine, impossible evidence, an unknown number, a measure without a denominator."""
    with pytest.raises(SpasmnetError, match="an engine is needed"):
        parameter_sensitivity(spasmnet.load(), ("spasm", "none"))  # type: ignore[arg-type]
    engine = tiny(a=[1.0, 0.0], b=[[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    with pytest.raises(ImpossibleEvidenceError):
        parameter_sensitivity(engine, ("a", "yes"), {"b": "much"})
    ps = parameter_sensitivity(engine, ("a", "yes"))
    with pytest.raises(SpasmnetError, match=r"did you mean 'P\(a=yes\)'"):
        ps["P(a=yas)"]
    with pytest.raises(SpasmnetError, match="there is no number"):
        ps["a", (7,)]
    with pytest.raises(EvidenceError, match="is not defined"):
        _ = parameter_sensitivity(engine, ("a", "no"), against="yes", measure="ratio").answer


def test_small_sums_of_a_link_keep_their_digits() -> None:
    """A finding that a noisy-MAX makes nearly impossible is not taken for impossible, and derivatives pass through."""
    parent, child, other = (Variable(name, ("no", "yes")) for name in ("parent", "child", "other"))
    cpds = {
        "parent": Table((), [0.4, 0.6]),
        "child": NoisyMax(("parent",), [0.9, 0.1], [[[1.0, 0.0], [1e-19, 1.0]]]),
        "other": Table(("child",), [[0.3, 0.7], [0.6, 0.4]]),
    }
    engine = spasmnet.compile(Network((parent, child, other), cpds))
    ps = parameter_sensitivity(engine, ("child", "no"), {"parent": "yes"})
    assert ps.answer == pytest.approx(0.9e-19, rel=1e-12)
    assert ps["leak of child: yes"].derivative == pytest.approx(-1e-19, rel=1e-12)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data(), strategies.any_networks, st.sampled_from(RULES))
def test_columns_are_the_functions_one_by_one(data: st.DataObject, network: Network, rule: str) -> None:
    """Every figure of the frame is what the function of its number says, also of numbers that cannot matter."""
    target = data.draw(st.sampled_from(network.names))
    found = data.draw(strategies.evidence(network))
    found.pop(target, None)
    engine = spasmnet.compile(network)
    assume(engine.log_evidence(found) > -200)
    state = data.draw(st.sampled_from(network.by_name[target].states))
    ps = spasmnet.parameter_sensitivity(engine, (target, state), found, covariation=rule)
    frame = ps.frame
    assert sorted(frame.index) == sorted(name_of(network, place) for place in parameters(network))
    sizes = frame["derivative"].abs().to_numpy()
    assert (np.diff(sizes) <= 0).all()
    for place in parameters(network):
        f = ps[place]
        row = frame.loc[frame.index == f.name].iloc[0]
        piece, (low, high) = f.pieces[-1], f.extremes()
        assert (row["variable"], row["value"], row["low"], row["high"]) == (place[0], f.value, f.low, f.high)
        assert (row["state"], row["given"]) == in_words(network, place)
        assert tuple(row[["alpha", "beta", "gamma", "delta"]]) == (piece.alpha, piece.beta, piece.gamma, piece.delta)
        assert row["vertex_proximity"] == pytest.approx(f.vertex_proximity, rel=1e-12)
        assert row["derivative"] == f.derivative or row["derivative"] == pytest.approx(f.derivative, rel=1e-9)
        assert row["second_derivative"] == pytest.approx(f.second_derivative, rel=1e-6, abs=1e-9)
        assert row["largest_slope"] == pytest.approx(f.largest_slope, rel=1e-6, abs=1e-9)
        assert not frame.drop(columns=["low", "high"]).select_dtypes("number").isna().any(axis=None)
        assert (row["minimum"], row["maximum"]) == pytest.approx((low, high), abs=1e-14)
        assert (row["admissible_low"], row["admissible_high"]) == pytest.approx(ps.admissible(place), abs=1e-14)
        nearby = f.extremes(f.value * 0.9, min(f.value * 1.1, 1.0))
        assert (row["minimum_nearby"], row["maximum_nearby"]) == pytest.approx(nearby, abs=1e-14)
        assert row["matters"] == (place[0] in ps.matters)


def test_a_number_of_zero_that_hides_all_other_causes() -> None:
    """Evidence that is far more probable if a number of 0 rises: at 0 the answer is the present one, not a limit."""
    cause, other = Variable("cause", ("no", "yes")), Variable("other", ("no", "yes"))
    findings = [Variable(f"x{i}", ("no", "yes")) for i in range(4)]
    cpds: dict[str, Table] = {"cause": Table((), [1.0, 0.0]), "other": Table((), [0.7, 0.3])}
    cpds |= {v.name: Table(("cause",), [[1 - 1e-6, 1e-6], [0.0, 1.0]]) for v in findings[:3]}
    cpds["x3"] = Table(("cause", "other"), [[[0.9, 0.1], [1.0, 1e-9]], [[0.1, 0.9], [0.0, 1.0]]])
    network = Network((cause, other, *findings), {n: Table(c.parents, c.values / c.values.sum(-1, keepdims=True)) for n, c in cpds.items()})  # fmt: skip
    engine, evidence = spasmnet.compile(network), {v.name: "yes" for v in findings}
    now = engine.posterior(evidence)["other"]["yes"]
    for rule in ("proportional", "order_preserving"):
        ps = parameter_sensitivity(engine, ("other", "yes"), evidence, covariation=rule)
        f, row = ps["P(cause=yes)"], ps.frame.loc["P(cause=yes)"]
        assert f.value == 0.0
        assert f(0.0) == pytest.approx(now, rel=1e-9)
        assert row["minimum"] == pytest.approx(now, rel=1e-9)
        assert f.derivative == pytest.approx(row["derivative"], rel=1e-9)
        assert 1e12 < f.derivative < inf
    tuning = spasmnet.tune(engine, ("other", "yes"), evidence, at_least=0.2)
    needed = tuning.frame.loc["P(cause=yes)", "needed"]
    moved = network.with_cpds({"cause": Table((), [1 - needed, needed])})
    assert spasmnet.compile(moved).posterior(evidence)["other"]["yes"] == pytest.approx(0.2, rel=1e-9)
    assert tuning.frame.loc["P(cause=yes)", "achieved"] == pytest.approx(0.2, rel=1e-9)


def test_two_slopes_that_differ_in_sign_only() -> None:
    """Where a row is even, order-preserving slopes to both sides may be equal in size: frame and function choose one."""
    rows = np.full((3, 4), 0.25)
    a, b = Variable("a", ("x", "y", "z")), Variable("b", ("p", "q", "r", "s"))
    network = Network((a, b), {"a": Table((), [0.2, 0.3, 0.5]), "b": Table(("a",), rows)})
    ps = parameter_sensitivity(spasmnet.compile(network), ("b", ["p", "q"]), covariation="order_preserving")
    for f in ps:
        assert f.derivative == pytest.approx(ps.frame.loc[f.name, "derivative"], abs=1e-12)
