"""n-way sensitivity functions against re-inference of networks in which several numbers have moved."""

from __future__ import annotations

from itertools import product
from math import exp, inf, log
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import EvidenceError, ImpossibleEvidenceError, Network, NoisyMax, SpasmnetError, Table, Variable
from spasmnet.parameters import names as places_module
from spasmnet.parameters.names import Place, find_place, name_of, parameters, value_at
from spasmnet.sensitivity.nway import NWaySensitivity, nway_sensitivity
from spasmnet.sensitivity.one_way import parameter_sensitivity
from tests import strategies
from tests.test_sensitivity import RULES, changed, queries

relaxed = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


def chosen(network: Network, data: st.DataObject, most: int = 4) -> list[Place]:
    """Some numbers, no two of one row."""
    movable = [p for p in parameters(network) if len(network.by_name[p[0]].states) > 1]
    assume(movable)
    kind = st.lists(st.sampled_from(movable), min_size=1, max_size=most, unique_by=lambda p: (p[0], p[1][:-1]))
    return data.draw(kind)


def all_moved(network: Network, places: list[Place], values: list[float], rule: str) -> Network | None:
    """The network with every number at its value, by the definitions in the literature; None where undefined."""
    for place, t in zip(places, values, strict=True):
        moved = changed(network, place, t, rule)
        if moved is None:
            return None
        network = moved
    return network


def asked(query: tuple[Network, str, dict[str, object]], places: Any, rule: str, **options: Any) -> NWaySensitivity:
    network, name, evidence = query
    target = (name, network.by_name[name].states[0])
    try:
        return nway_sensitivity(spasmnet.compile(network), target, places, evidence, covariation=rule, **options)
    except ImpossibleEvidenceError:
        assume(False)
        raise
    except EvidenceError as error:
        assume("cannot be moved" not in str(error))
        raise


def drawn_points(f: NWaySensitivity, data: st.DataObject) -> list[float]:
    ends = [(float(k[0]), float(k[-1])) for k in f.knots]
    return [data.draw(st.sampled_from([a, b]) | st.floats(a, b).filter(_is_no_dust)) for a, b in ends]


def _is_no_dust(t: float) -> bool:
    return t == 0 or t > 1e-30  # the product of several smaller ones is 0


@settings(relaxed, max_examples=150)
@given(queries(), st.sampled_from(RULES), st.data())
def test_values_are_those_of_the_changed_network(
    query: tuple[Network, str, dict[str, object]], rule: str, data: st.DataObject
) -> None:
    """f(t) is the posterior of the network in which all the rows have moved, and the forms are P(y, e) and P(e)."""
    network, name, evidence = query
    places = chosen(network, data)
    f = asked(query, places, rule)
    values = drawn_points(f, data)
    after = all_moved(network, places, values, rule)
    assume(after is not None)
    assert after is not None
    engine, state = spasmnet.compile(after), network.by_name[name].states[0]
    try:
        expected = engine.posterior(evidence)[name][state]
    except ImpossibleEvidenceError:
        with pytest.raises(SpasmnetError, match="is not defined at"):
            f(*values)
        return
    assert f(*values) == pytest.approx(expected, rel=1e-10, abs=1e-13)
    then = engine.log_evidence(evidence)
    assume(spasmnet.compile(network).log_evidence(evidence) > -500)  # else all is scaled
    scale = float(np.prod([1 / max(e.values()) for e in evidence.values() if isinstance(e, dict)]))  # likelihoods
    points = np.array(values)
    assert float(f.bottom(points)) / scale == pytest.approx(exp(then), rel=1e-9, abs=1e-10)
    assert float(f.top(points)) / scale == pytest.approx(exp(then) * expected, rel=1e-9, abs=1e-10)


@relaxed
@given(queries(), st.sampled_from(RULES), st.data())
def test_coefficients_are_the_forms(
    query: tuple[Network, str, dict[str, object]], rule: str, data: st.DataObject
) -> None:
    """The sum over all products of numbers, with their coefficients, is the form; where products must vanish, they do."""
    places = chosen(query[0], data)
    f = asked(query, places, rule)
    values = np.array([data.draw(st.floats(float(k[-2]), float(k[-1]))) for k in f.knots])
    for form, coefficients in ((f.top, f.numerator), (f.bottom, f.denominator)):
        assert coefficients.shape == (2,) * len(places)
        terms = [
            coefficients[used] * np.prod([t for t, is_in in zip(values, used, strict=True) if is_in])
            for used in product((0, 1), repeat=len(places))
        ]
        size = float(np.abs(terms).sum())
        assert float(form(values)) == pytest.approx(
            sum(terms), rel=1e-12, abs=1e-13 * max(size, float(form.values.max()))
        )
    assert list(f.frame["numerator"]) == f.numerator.ravel().tolist()
    assert f.frame.index[0] == "1" and f.frame.index[-1] == " · ".join(f.names)


@relaxed
@given(queries(), st.sampled_from(RULES), st.data())
def test_one_number_is_the_one_way_function(
    query: tuple[Network, str, dict[str, object]], rule: str, data: st.DataObject
) -> None:
    """With one number the function, its derivative and its extremes are those of parameter_sensitivity."""
    (place,) = chosen(query[0], data, most=1)
    f = asked(query, [place], rule)
    one = f.sensitivity.function(place)
    (t,) = drawn_points(f, data)
    piece = one.pieces[-1]
    size = abs(piece.alpha) + abs(piece.beta) + abs(piece.gamma) + abs(piece.delta)
    try:
        value = f(t)
    except SpasmnetError:
        return
    loss = 1e-14 * size / float(f.bottom(np.array([t])))
    assume(loss < 1e-6)
    assert value == pytest.approx(one(t), abs=1e-9 + loss)
    ends = np.clip([one.low, one.high], f.knots[0][0], f.knots[0][-1])
    assume(
        1e-14 * size / (float(f.bottom(ends[None]).min()) or 1e-300) < 1e-9
    )  # else the one-way function loses digits
    low, high = one.extremes()
    found = f.extremes()
    assert (found.minimum, found.maximum) == pytest.approx((low, high), abs=1e-7)


@relaxed
@given(queries(), st.sampled_from(RULES), st.data())
def test_extremes_lie_at_corners(query: tuple[Network, str, dict[str, object]], rule: str, data: st.DataObject) -> None:
    """No point of a grid over the box is beyond the extremes, which are the answers at the corners that are named."""
    places = chosen(query[0], data, most=3)
    f = asked(query, places, rule)
    ends = [sorted((a, b)) for a, b in zip(drawn_points(f, data), drawn_points(f, data), strict=True)]
    try:
        found = f.extremes([a for a, _ in ends], [b for _, b in ends])
    except SpasmnetError as error:
        assert "is not defined anywhere in this box" in str(error)
        return
    assert f(*found.at_minimum) == found.minimum
    assert f(*found.at_maximum) == found.maximum
    for point in product(*(np.linspace(a, b, 6) for a, b in ends)):
        try:
            answer = f(*point)
        except SpasmnetError:
            continue
        assert found.minimum - 1e-9 <= answer <= found.maximum + 1e-9


@relaxed
@given(queries(), st.sampled_from(RULES), st.sampled_from(("probability", "log_odds")), st.data())
def test_the_gradient_is_the_slopes(
    query: tuple[Network, str, dict[str, object]], rule: str, measure: str, data: st.DataObject
) -> None:
    """Each derivative agrees with a difference of the function."""
    name = query[1]
    assume(len(query[0].by_name[name].states) > 1)
    places = chosen(query[0], data, most=3)
    f = asked(query, places, rule, measure=measure)
    values = [float(a + (b - a) * data.draw(st.floats(0.3, 0.6))) for a, b in ((k[-2], k[-1]) for k in f.knots)]
    try:
        gradient = f.gradient(*values)
    except SpasmnetError:
        return
    for k, slope in enumerate(gradient.tolist()):
        step = 1e-5 * float(f.knots[k][-1] - f.knots[k][-2])
        up, down = (f(*[t + side * step * (i == k) for i, t in enumerate(values)]) for side in (1, -1))
        assert slope == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-4 * (1 + abs(up)))


@relaxed
@given(queries(), st.data())
def test_measures_are_what_they_say(query: tuple[Network, str, dict[str, object]], data: st.DataObject) -> None:
    """Difference, ratio and log-odds are those of the two probabilities at the same point."""
    network, name, evidence = query
    states = network.by_name[name].states
    assume(len(states) > 1)
    places = chosen(network, data, most=3)
    first = asked(query, places, "proportional")
    values = drawn_points(first, data)
    engine = first.sensitivity.engine
    second = nway_sensitivity(engine, (name, states[1]), places, evidence)
    try:
        p, q = first(*values), second(*values)
    except SpasmnetError:
        return

    def measured(measure: str) -> float:
        return float(asked(query, places, "proportional", measure=measure, against=states[1])(*values))

    assert measured("difference") == pytest.approx(p - q, abs=1e-12)
    if q > 0 and p > 0:
        assert measured("ratio") == pytest.approx(p / q, rel=1e-9)
        assert measured("log_odds") == pytest.approx(log(p) - log(q), rel=1e-9, abs=1e-9)
    elif p > 0:
        assert measured("log_odds") == inf
        with pytest.raises(SpasmnetError, match="it is divided by a probability of 0"):
            measured("ratio")


def test_rows_of_one_table_have_no_product_term() -> None:
    """Two rows of a table, or two states of one parent's link, never meet in a world; a leak and links do."""
    a, b, c = Variable("a", ("no", "yes")), Variable("b", ("none", "mild", "bad")), Variable("c", ("no", "yes"))
    cpds = {
        "a": Table((), [0.7, 0.3]),
        "b": Table(("a",), [[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]]),
        "c": NoisyMax(("b",), [0.9, 0.1], [[[1, 0], [0.6, 0.4], [0.3, 0.7]]]),
    }
    engine = spasmnet.compile(Network((a, b, c), cpds))
    names = ["P(b=mild | a=no)", "P(b=mild | a=yes)", "link b=mild of c: yes", "link b=bad of c: yes", "leak of c: yes"]
    f = nway_sensitivity(engine, ("a", "yes"), names, {"c": "yes"})
    for form in (f.numerator, f.denominator):
        assert not form[1, 1].any() and not form[:, :, 1, 1].any()
    assert f.denominator[1, 0, 1, 0, 1] != 0 and f.denominator[0, 1, 0, 1, 1] != 0
    assert f(*f.values) == pytest.approx(f.answer, rel=1e-13)


def test_forms_in_closed_form() -> None:
    """P(b=yes) of a chain with three numbers, by hand: x·y + (1 - x)·z."""
    a, b = Variable("a", ("no", "yes")), Variable("b", ("no", "yes"))
    cpds = {"a": Table((), [0.7, 0.3]), "b": Table(("a",), [[0.9, 0.1], [0.4, 0.6]])}
    engine = spasmnet.compile(Network((a, b), cpds))
    f = nway_sensitivity(engine, ("b", "yes"), [("a", (1,)), ("b", (1, 1)), ("b", (0, 1))])
    expected = np.zeros((2, 2, 2))
    expected[1, 1, 0], expected[0, 0, 1], expected[1, 0, 1] = 1, 1, -1
    assert f.numerator == pytest.approx(expected, abs=1e-15)
    assert f.denominator.ravel().tolist() == pytest.approx([1, *[0] * 7], abs=1e-15)
    assert f.extremes([0, 0.5, 0], [1, 0.75, 0.25]) == (0.0, 0.75, (0.0, 0.5, 0.0), (1.0, 0.75, 0.0))
    x, y, z = np.ix_(*[np.linspace(0, 1, 5)] * 3)
    assert f(x, y, z) == pytest.approx(x * y + (1 - x) * z, abs=1e-15)
    assert f.gradient(0.3, 0.6, 0.1) == pytest.approx([0.5, 0.3, 0.7])


def test_rare_evidence() -> None:
    """Evidence below the smallest number that a float holds is scaled."""
    variables = [Variable("x", ("no", "yes"))] + [Variable(f"v{i}", ("no", "yes")) for i in range(60)]
    cpds = {"x": Table((), [0.5, 0.5])} | {
        f"v{i}": Table(("x",), [[1 - 1e-8, 1e-8], [1 - 2e-8, 2e-8]]) for i in range(60)
    }
    engine = spasmnet.compile(Network(tuple(variables), cpds))
    evidence = {f"v{i}": "yes" for i in range(60)}
    f = nway_sensitivity(engine, ("x", "no"), [("x", (0,)), ("v0", (0, 1)), ("v1", (1, 1))], evidence)
    assert f(*f.values) == pytest.approx(1 / (1 + 2.0**60), rel=1e-10)
    assert f(0.9, 4e-8, 1e-8) == pytest.approx(1 / (1 + 2.0**60 / 9 / 4 / 2), rel=1e-9)


def test_the_shipped_network() -> None:
    """Cited ranges, the surface over them, and its plot."""
    engine = spasmnet.compile(spasmnet.load())
    names = ["leak of dehydration: mild", "P(vomiting_diarrhoea=present)", "leak of spasm: painful"]
    f = nway_sensitivity(engine, ("dehydration", "mild"), names, {"spasm": "painful"})
    assert f.names == tuple(names)
    cited = [engine.network.cpds[p[0]].parameters[p[1]] for p in f.places]
    assert f.ranges == tuple((c.low, c.high) for c in cited)
    assert f(*f.values) == pytest.approx(engine.posterior({"spasm": "painful"})["dehydration"]["mild"], rel=1e-12)
    one_way = [parameter_sensitivity(engine, ("dehydration", "mild"), {"spasm": "painful"})[name] for name in names]
    assert f.gradient() == pytest.approx([one.derivative for one in one_way], rel=1e-9)
    x, y, z = f.surface(points=5)
    assert z.shape == (5, 5) and (x[0], x[-1]) == f.ranges[0] and (y[0], y[-1]) == f.ranges[1]
    assert z[1, 3] == f(x[3], y[1], f.values[2])
    assert f.surface([0.1, 0.2], [0.3], over=(2, 0)).z[0, 1] == f(0.3, f.values[1], 0.2)
    axes = f.plot(over=(1, 2))
    assert axes.get_xlabel() == "P(vomiting_diarrhoea=present)" and axes.get_ylabel() == "leak of spasm: painful"
    found = f.extremes()
    box = [end for at in (found.at_minimum, found.at_maximum) for end in at]
    assert all(t in ends for t, ends in zip(box, f.ranges * 2, strict=True))
    assert found.minimum < f.answer < found.maximum


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (["P(trauma=present)"] * 2, r"^P\(trauma=present\) is named twice"),
        (["P(trauma=present)", "P(trauma=absent)"], r"^P\(trauma=absent\) is of the same row as P\(trauma=present\); numbers of one row sum to 1"),
        ([], "^parameters is a list of 1 to 6 numbers"),
        ("P(trauma=present)", "^parameters is a list of 1 to 6 numbers"),
        (["P(truma=present)"], r"^there is no number 'P\(truma=present\)'; did you mean 'P\(trauma=present\)'"),
        ([("trauma", (7,))], "^there is no number"),
    ],
)  # fmt: skip
def test_numbers_that_cannot_move_together(numbers: Any, message: str) -> None:
    """Numbers of one row, unknown ones, none and too many are refused, with what to do."""
    engine = spasmnet.compile(spasmnet.load())
    with pytest.raises(SpasmnetError, match=message):
        nway_sensitivity(engine, ("spasm", "painful"), numbers)


def test_wrong_points_are_told() -> None:
    """Values outside [0, 1], too few of them, and boxes turned around."""
    engine = spasmnet.compile(spasmnet.load())
    f = nway_sensitivity(engine, ("spasm", "painful"), ["P(trauma=present)", "leak of spasm: painful"])
    with pytest.raises(SpasmnetError, match=r"^leak of spasm: painful can be moved in \[0, 1\], not to 1.5$"):
        f(0.5, 1.5)
    with pytest.raises(
        SpasmnetError, match=r"^2 values are needed, for P\(trauma=present\), leak of spasm: painful; not 1"
    ):
        f(0.5)
    with pytest.raises(SpasmnetError, match=r"^P\(trauma=present\): the low end 0.5 is above the high end 0.4"):
        f.extremes([0.5, 0.1], [0.4, 0.2])
    with pytest.raises(SpasmnetError, match="one low and one high end for each of the 2 numbers"):
        f.extremes([0.5], [0.6])
    with pytest.raises(SpasmnetError, match="a surface is over two of the 2 numbers"):
        f.surface(over=(0, 0))
    with pytest.raises(EvidenceError, match="cannot be moved with order_preserving co-variation: it is the largest"):
        nway_sensitivity(engine, ("spasm", "painful"), ["P(trauma=absent)"], covariation="order_preserving")


def test_places_and_words_are_the_same() -> None:
    """A number may be named as (variable, key) or in words."""
    network = spasmnet.load()
    for place in list(parameters(network))[::17]:
        assert find_place(network, name_of(network, place)) == find_place(network, place) == place
        assert 0 <= value_at(network, place) <= 1


@relaxed
@given(strategies.networks(), st.data())
def test_any_name_leads_to_its_place(network: Network, data: st.DataObject) -> None:
    """Whatever variables and states are called, the words for a number find it, or one of the same words."""
    places = list(parameters(network))
    assume(places)
    place = data.draw(st.sampled_from(places))
    name = name_of(network, place)
    assert name_of(network, find_place(network, name)) == name
    assert find_place(network, place) == place


def test_naming_a_number_of_a_large_network_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of variables that are not meant are not written out."""
    network = spasmnet.load()
    written: list[str] = []
    real = places_module.name_of
    monkeypatch.setattr(places_module, "name_of", lambda n, p: written.append(p[0]) or real(n, p))
    assert find_place(network, "P(trauma=present)") == ("trauma", (1,))
    assert set(written) == {"trauma"}
