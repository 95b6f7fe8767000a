"""Distances between networks and tuned networks, against all worlds listed, grids, and linear programmes."""

from __future__ import annotations

from math import inf, log
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import spasmnet
from spasmnet import EvidenceError, ImpossibleEvidenceError, Network, NoisyMax, SpasmnetError, Table, Variable
from spasmnet.model.cpd import CPD, Deterministic
from spasmnet.parameters.assignment import Place
from spasmnet.parameters.names import parameters, value_at
from spasmnet.sensitivity import distance as distances
from spasmnet.sensitivity.distance import cd_bound, cd_distance, change_distance, kl_divergence, moved
from spasmnet.sensitivity.tuning import Tuning, tune
from spasmnet.sensitivity.tuning_table import tune_table
from tests import classic, enumeration, strategies

relaxed = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
small = strategies.networks(max_variables=5, max_states=3, max_parents=3)


def moderate(network: Network) -> Network:
    """The same zeros, but no positive number below 1e-5: linear programmes and answers at 1e-7 can be compared."""

    def raised(values: np.ndarray) -> np.ndarray:
        new = np.where(values > 0, np.maximum(values, 1e-5), 0.0)
        return np.asarray(new / new.sum(axis=-1, keepdims=True))

    cpds: dict[str, CPD] = {}
    for name, cpd in network.cpds.items():
        if isinstance(cpd, NoisyMax):
            cpds[name] = NoisyMax(cpd.parents, raised(cpd.leak), [raised(link) for link in cpd.links])
        elif isinstance(cpd, Table):
            cpds[name] = Table(cpd.parents, raised(cpd.values))
    return network.with_cpds(cpds)


tiny = strategies.networks(max_variables=4, max_states=3, max_parents=2, kinds=("table", "table", "noisy_max")).map(
    moderate
)


def again(cpd: CPD, random: np.random.Generator, keep_zeros: bool) -> CPD:
    """Another distribution of the same shape: every number multiplied by something, or drawn anew with other zeros."""

    def other(values: np.ndarray) -> np.ndarray:
        new = values * np.exp(random.normal(size=values.shape)) if keep_zeros else strategies.rows(random, values.shape)
        return np.asarray(new / new.sum(axis=-1, keepdims=True))

    if isinstance(cpd, NoisyMax):
        links = [other(link) for link in cpd.links]
        for link in links:
            link[0] = np.eye(len(cpd.leak))[0]
        return NoisyMax(cpd.parents, other(cpd.leak), links)
    if isinstance(cpd, Deterministic):
        return cpd if keep_zeros else Table(cpd.parents, other(cpd.table()))
    return Table(cpd.parents, other(cpd.values))


@st.composite
def pairs(draw: st.DrawFn, drawn: st.SearchStrategy[Network] = small) -> tuple[Network, Network]:
    """A network, and one in which some distributions are others."""
    network = draw(drawn)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = draw(st.lists(st.sampled_from(network.names), unique=True, max_size=3))
    keep = draw(st.sampled_from((True, True, False)))
    return network, network.with_cpds({name: again(network.cpds[name], random, keep) for name in names})


def listed(before: Network, after: Network) -> tuple[float, float]:
    """The CD distance and the KL divergence by listing all worlds."""
    p, q = enumeration.joint(before), enumeration.joint(after)
    kl = inf if ((p > 0) & (q == 0)).any() else float((p[p > 0] * np.log(p[p > 0] / q[p > 0])).sum())
    if ((p > 0) != (q > 0)).any():
        return inf, kl
    ratio = np.log(q[p > 0]) - np.log(p[p > 0])
    return float(ratio.max() - ratio.min()), kl


@settings(relaxed, max_examples=150)
@given(pairs())
def test_distances_are_those_of_all_worlds(pair: tuple[Network, Network]) -> None:
    """The CD distance and the KL divergence agree with listing all worlds, also where something is impossible."""
    cd, kl = listed(*pair)
    assert cd_distance(*pair) == pytest.approx(cd, rel=1e-9, abs=1e-9)
    assert cd_distance(*pair[::-1]) == pytest.approx(cd, rel=1e-9, abs=1e-9)
    assert kl_divergence(*pair) == pytest.approx(kl, rel=1e-9, abs=1e-9)
    assert cd_distance(pair[0], pair[0]) == kl_divergence(pair[0], pair[0]) == 0.0


@settings(relaxed, max_examples=25)
@given(pairs(strategies.noisy_networks(max_parents=6)))
def test_distances_with_chains_of_noisy_parents(pair: tuple[Network, Network]) -> None:
    """The same where distributions that stay are noisy-MAX with many parents, whose hidden variables are no worlds."""
    cd, kl = listed(*pair)
    assert cd_distance(*pair) == pytest.approx(cd, rel=1e-9, abs=1e-9)
    assert kl_divergence(*pair) == pytest.approx(kl, rel=1e-9, abs=1e-9)


def test_impossible_worlds_are_left_out() -> None:
    """A row that cannot occur may change at no distance; one that can makes it infinite when a zero appears."""
    a, b = Variable("a", ("no", "yes")), Variable("b", ("no", "yes"))

    def made(p: float, rows: Any) -> Network:
        return Network((a, b), {"a": Table((), [1 - p, p]), "b": Table(("a",), rows)})

    never = made(0.0, [[0.5, 0.5], [0.5, 0.5]]), made(0.0, [[0.5, 0.5], [1.0, 0.0]])
    assert cd_distance(*never) == kl_divergence(*never) == 0.0
    rare = made(1e-300, [[0.5, 0.5], [0.5, 0.5]]), made(1e-300, [[0.5, 0.5], [1.0, 0.0]])
    assert cd_distance(*rare) == kl_divergence(*rare) == inf
    assert kl_divergence(rare[1], rare[0]) == pytest.approx(1e-300 * log(2), rel=1e-9, abs=0)
    assert change_distance(never[0], ("b", (1, 0)), 0.9) == 0.0
    assert change_distance(rare[0], ("b", (1, 0)), 0.9) == pytest.approx(log(9))


def test_rare_worlds_of_many_families_are_not_lost() -> None:
    """A chain of 400 rare events has worlds below the smallest number a computer holds; they count all the same."""
    variables = [Variable(f"v{i}", ("no", "yes")) for i in range(400)]
    cpds: dict[str, CPD] = {"v0": Table((), [1 - 1e-9, 1e-9])}
    for i in range(1, 400):
        cpds[f"v{i}"] = Table((f"v{i - 1}",), [[1.0, 0.0], [1 - 1e-9, 1e-9]])
    before = Network(tuple(variables), cpds)
    after = before.with_cpds({"v399": Table(("v398",), [[1.0, 0.0], [1 - 2e-9, 2e-9]])})
    assert cd_distance(before, after) == pytest.approx(log(2), abs=1e-6)
    gone = before.with_cpds({"v399": Table(("v398",), [[1.0, 0.0], [1.0, 0.0]])})
    assert cd_distance(before, gone) == kl_divergence(before, gone) == inf
    assert kl_divergence(gone, before) == 0.0


@relaxed
@given(pairs(), st.data())
def test_order_of_declaration_does_not_matter(pair: tuple[Network, Network], data: st.DataObject) -> None:
    """Variables and parents may stand in another order in the second network."""
    before, after = pair
    cpds: dict[str, CPD] = {}
    for name in after.names:
        parents = data.draw(st.permutations(after.parents(name)))
        axes = [after.parents(name).index(parent) for parent in parents]
        cpds[name] = Table(parents, after.cpds[name].table().transpose([*axes, len(axes)]))
    turned = Network(after.variables[::-1], cpds)
    assert cd_distance(before, turned) == pytest.approx(cd_distance(before, after), rel=1e-9, abs=1e-12)
    assert kl_divergence(before, turned) == pytest.approx(kl_divergence(before, after), rel=1e-9, abs=1e-12)


@settings(relaxed, max_examples=200)
@given(strategies.any_networks, st.data())
def test_the_distance_of_one_number(network: Network, data: st.DataObject) -> None:
    """The distance of one moved table entry, leak or link is the CD distance of the two networks."""
    places = list(parameters(network))
    assume(places)
    place = data.draw(st.sampled_from(places))
    t = data.draw(st.sampled_from([0.0, 1.0]) | st.floats(0, 1))
    assume(len(network.by_name[place[0]].states) > 1)
    after = moved(network, place, t)
    assert value_at(after, place) == t
    assert change_distance(network, place, t) == pytest.approx(cd_distance(network, after), rel=1e-7, abs=1e-9)


@relaxed
@given(strategies.networks(max_variables=5, kinds=("table",), positive=True), st.data())
def test_one_table_entry_moves_by_its_log_odds(network: Network, data: st.DataObject) -> None:
    """Chan and Darwiche's result: the distance of one entry is the change in its log-odds."""
    places = [p for p in parameters(network) if 0 < value_at(network, p) < 1 - 1e-9]
    assume(places)
    place, t = data.draw(st.sampled_from(places)), data.draw(st.floats(0.01, 0.99))
    theta = value_at(network, place)
    expected = abs(log(t / (1 - t)) - log(theta / (1 - theta)))
    assert change_distance(network, place, t) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert cd_distance(network, moved(network, place, t)) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@settings(relaxed, max_examples=100)
@given(pairs(), st.data())
def test_the_bound_holds(pair: tuple[Network, Network], data: st.DataObject) -> None:
    """After any change, every answer lies within what the distance says."""
    before, after = pair
    finite = cd_distance(before, after)
    name = data.draw(st.sampled_from(before.names))
    findings = data.draw(strategies.evidence(before))
    try:
        old, new = (spasmnet.compile(n).posterior(findings)[name] for n in pair)
    except ImpossibleEvidenceError:
        return
    for state in before.by_name[name].states:
        low, high = cd_bound(min(old[state], 1.0), finite)
        assert 0 <= low <= high <= 1
        assert low - 1e-9 <= new[state] <= high + 1e-9


def test_the_bound_is_a_move_of_the_log_odds() -> None:
    """Known values, and the ends: what is certain stays so at any finite distance."""
    assert cd_bound(0.5, 0.0) == (0.5, 0.5)
    assert cd_bound(0.2, log(4)) == pytest.approx((0.2 / (0.2 + 0.8 * 4), 0.5))
    assert cd_bound(0.0, 800.0) == (0.0, 0.0)
    assert cd_bound(1.0, 800.0) == (1.0, 1.0)
    assert cd_bound(0.3, inf) == cd_bound(0.0, inf) == (0.0, 1.0)


MEASURES = ("probability", "difference", "ratio", "log_odds")


@st.composite
def constraints(draw: st.DrawFn, drawn: st.SearchStrategy[Network] = tiny) -> tuple[Network, Any, dict[str, Any], dict]:
    """A network, a target, evidence that is possible, and a constraint that the answer does not satisfy yet."""
    network = draw(drawn)
    findings = draw(strategies.evidence(network))
    free = [v for v in network.variables if not isinstance(findings.get(v.name), str) and len(v.states) > 1]
    assume(free)
    variable = draw(st.sampled_from(free))
    measure = draw(st.sampled_from(MEASURES))
    against = None if measure in ("probability", "log_odds") else variable.states[1]
    options: dict[str, Any] = {"measure": measure, "against": against}
    now = answered(network, (variable.name, variable.states[0]), findings, options)
    assume(now is not None and abs(now) < 1e6)
    assert now is not None
    side, part = draw(st.sampled_from(("at_least", "at_most"))), draw(st.floats(0.02, 0.98))
    low, high = {
        "probability": (0, 1),
        "difference": (-1, 1),
        "ratio": (0, 5 * now + 1),
        "log_odds": (now - 4, now + 4),
    }[measure]
    bound = now + part * (high - now) if side == "at_least" else now - part * (now - low)
    assume(abs(bound - now) > 1e-6)
    return network, (variable.name, variable.states[0]), findings, {**options, side: bound}


def answered(network: Network, target: Any, findings: dict[str, Any], options: dict[str, Any]) -> float | None:
    """The answer by listing all worlds; None if it is not defined."""
    joint = enumeration.marginal(network, enumeration.joint(network, findings), [target[0]])
    states = network.by_name[target[0]].states
    first = joint[states.index(target[1])]
    if joint.sum() == 0:
        return None
    if options["measure"] == "probability":
        return float(first / joint.sum())
    if options["measure"] == "difference":
        return float((first - joint[states.index(options["against"])]) / joint.sum())
    other = joint[states.index(options["against"])] if options["against"] else joint.sum() - first
    if other == 0:
        return None if first == 0 else inf
    if options["measure"] == "log_odds":
        return float(np.log(first / other)) if first > 0 else -inf
    return float(first / other)


def satisfied(answer: float | None, options: dict[str, Any], slack: float) -> bool:
    """Whether an answer satisfies the constraint with something to spare (or, slack below 0, almost does)."""
    if answer is None:
        return False
    if answer in (inf, -inf):
        return (answer > 0) == ("at_least" in options)
    if "at_least" in options:
        return answer >= options["at_least"] + slack * max(1, abs(options["at_least"]))
    return answer <= options["at_most"] - slack * max(1, abs(options["at_most"]))


def tuned(network: Network, target: Any, findings: dict[str, Any], options: dict[str, Any]) -> Tuning:
    return tune(spasmnet.compile(network), target, findings, **options)


@settings(relaxed, max_examples=100)
@given(constraints())
def test_every_change_is_needed_and_enough(drawn: tuple[Network, Any, dict[str, Any], dict]) -> None:
    """The changed network satisfies the constraint, a slightly smaller change does not, and distances are CD's."""
    network, target, findings, options = drawn
    tuning = tuned(*drawn)
    assert not tuning.holds
    ranks = [change.distance for change in tuning.changes]
    assert ranks == pytest.approx(sorted(ranks), rel=1e-9)
    for rank, change in enumerate(tuning.changes):
        after = tuning.network(rank)
        answer = answered(after, target, findings, options)
        assert satisfied(answer, options, -1e-7)
        assert change.achieved == pytest.approx(answer, rel=1e-6, abs=1e-7)
        assert change.distance == pytest.approx(cd_distance(network, after), rel=1e-6, abs=1e-9)
        if change.needed != change.value:
            less = change.value + 0.99 * (change.needed - change.value)
            assert not satisfied(answered(moved(network, change.place, less), target, findings, options), options, 1e-9)


def extreme(network: Network) -> Network:
    """The same with numbers next to 0 where the others are small, so that answers turn steeply at the ends."""

    def turned(values: np.ndarray) -> np.ndarray:
        new = np.where((values > 0) & (values < 0.2), 1e-12 * values, values)
        return np.asarray(new / new.sum(axis=-1, keepdims=True))

    cpds: dict[str, CPD] = {
        name: Table(cpd.parents, turned(cpd.values)) for name, cpd in network.cpds.items() if isinstance(cpd, Table)
    }
    return network.with_cpds(cpds)


steep = strategies.networks(max_variables=4, max_states=3, max_parents=2, kinds=("table",)).map(extreme)


@settings(relaxed, max_examples=60)
@given(constraints(steep))
def test_no_change_that_is_listed_misses_the_bound(drawn: tuple[Network, Any, dict[str, Any], dict]) -> None:
    """Also where an answer turns within 1e-12 of an end, each change does what it says, and none is missing."""
    network, target, findings, options = drawn
    now = answered(network, target, findings, options)
    assert now is not None
    for answer in (now, options.get("at_least", now), options.get("at_most", now)):  # else a float next to 1 is coarser
        assume(options["measure"] != "log_odds" or abs(answer) < 12)
        assume(options["measure"] != "ratio" or 1e-5 < abs(answer) < 1e5)
    tuning = tuned(*drawn)
    for rank, change in enumerate(tuning.changes):
        answer = answered(tuning.network(rank), target, findings, options)
        assert satisfied(answer, options, -1e-9)
        assert change.achieved == pytest.approx(answer, rel=1e-6, abs=1e-7)
    places = {change.place for change in tuning.changes}
    for place in parameters(network):
        if len(network.by_name[place[0]].states) > 1 and place not in places:
            for t in (0.0, 1e-9, 0.5, 1 - 1e-9, 1.0):
                assert not satisfied(answered(moved(network, place, t), target, findings, options), options, 1e-9)


def test_an_answer_that_turns_just_before_the_end() -> None:
    """Evidence that is hardly possible at the end: what is reached there counts, not what the line would reach beyond."""
    yes = ("no", "yes")
    variables = [Variable(name, yes) for name in ("a", "seen", "target")]
    cpds = {
        "a": Table((), [0.5, 0.5]),
        "seen": Table(("a",), [[0.5, 0.5], [1 - 1e-13, 1e-13]]),
        "target": Table(("a",), [[0.8, 0.2], [0.2932, 0.7068]]),
    }
    network = Network(tuple(variables), cpds)
    engine, target = spasmnet.compile(network), ("target", "yes")
    names = [change.name for change in tune(engine, target, {"seen": "yes"}, at_least=0.7516).changes]
    assert not [name for name in names if name.startswith("P(a=")]
    tuning = tune(engine, target, {"seen": "yes"}, at_least=0.6)
    for rank, change in enumerate(tuning.changes):
        answer = answered(tuning.network(rank), target, {"seen": "yes"}, {"measure": "probability"})
        assert answer is not None and answer >= 0.6 - 1e-9
        assert change.achieved == pytest.approx(answer, abs=1e-9)
    assert {"P(a=yes)", "P(a=no)"} <= {change.name for change in tuning.changes}


def test_of_two_names_for_one_change_the_cited_one_comes_first() -> None:
    """Moving either number of a row of two is the same; the one that its source is about leads."""
    engine = spasmnet.compile(spasmnet.load())
    tuning = tune(engine, ("dehydration", "moderate_severe"), {"spasm": "painful"}, at_least=0.1)
    assert [change.name for change in tuning.changes[:2]] == [
        "P(vomiting_diarrhoea=present)",
        "P(vomiting_diarrhoea=absent)",
    ]


@settings(relaxed, max_examples=60)
@given(constraints())
def test_no_change_is_missing(drawn: tuple[Network, Any, dict[str, Any], dict]) -> None:
    """Whatever a grid over every number finds is there, with a change that is no larger; and nothing beats the closest."""
    network, target, findings, options = drawn
    tuning = tuned(*drawn)
    found = {change.place: change for change in tuning.changes}
    best = []
    for place in parameters(network):
        if len(network.by_name[place[0]].states) == 1:
            continue
        for t in (0.0, 1e-6, 0.1, 0.25, 0.5, 0.75, 0.9, 1 - 1e-6, 1.0):
            answer = answered(moved(network, place, t), target, findings, options)
            best.append(answer)
            if satisfied(answer, options, 1e-6):
                assert place in found
                value, change = value_at(network, place), found[place]
                assert (t - value) * (change.needed - value) >= 0
                assert abs(change.needed - value) <= abs(t - value) + 1e-9
                assert tuning.best is not None
                assert tuning.best.distance <= change_distance(network, place, t) + 1e-7
    if not found:
        sign = 1 if "at_least" in options else -1
        known = max([sign * answer for answer in best if answer is not None], default=-inf)
        nearest = tuning.answer if tuning.closest is None else tuning.closest.achieved
        assert sign * nearest >= known - 1e-7 * max(1.0, abs(known))
        assert not satisfied(nearest, options, 0.0)
        with pytest.raises(SpasmnetError, match="no single number makes"):
            tuning.network()


def linear(network: Network, name: str, target: Any, findings: dict[str, Any], options: dict[str, Any]) -> np.ndarray:
    """What each entry of a table adds to the constraint's margin per unit, by listing all worlds."""
    variable, states = network.by_name[name], network.by_name[target[0]].states
    bound, sign = (options["at_least"], 1) if "at_least" in options else (options["at_most"], -1)
    top = np.array([s == target[1] for s in states], dtype=np.longdouble)
    against = np.array([s == options["against"] for s in states], dtype=np.longdouble)
    if options["measure"] in ("probability", "difference"):
        weights = top - against * (options["measure"] == "difference") - bound
    else:
        factor = np.exp(np.longdouble(bound)) if options["measure"] == "log_odds" else bound
        weights = top - factor * (against if options["against"] else 1 - top)
    uniform = network.with_cpds({name: Table((), np.full(len(variable.states), 1 / len(variable.states)))})
    joint = enumeration.joint(uniform, findings) * len(variable.states)
    shape = [-1 if n == target[0] else 1 for n in network.names]
    scope = (*network.parents(name), name)
    return sign * enumeration.marginal(network, joint * weights.reshape(shape), scope).astype(float)


def reachable(theta: np.ndarray, gains: np.ndarray, distance: float) -> float:
    """The largest margin of any table within a CD distance: a linear programme over the entries and the factor B."""
    size, width = theta.size, theta.shape[-1]
    flat = theta.reshape(-1)
    upper = np.hstack([np.eye(size), -np.exp(distance) * flat[:, None]])
    lower = np.hstack([-np.eye(size), flat[:, None]])
    sums = np.hstack([np.kron(np.eye(size // width), np.ones(width)), np.zeros((size // width, 1))])
    scale = np.abs(gains).max()
    done = linprog(
        -np.append(gains.reshape(-1) / scale, 0.0),
        A_ub=np.vstack([upper, lower]),
        b_ub=np.zeros(2 * size),
        A_eq=sums,
        b_eq=np.ones(size // width),
        bounds=[(0, None)] * (size + 1),
    )
    assert done.status == 0
    return -float(done.fun) * float(scale)


@settings(relaxed, max_examples=120)
@given(constraints(strategies.networks(max_variables=4, max_states=4, max_parents=2).map(moderate)), st.data())
def test_a_tuned_table_is_the_nearest(drawn: tuple[Network, Any, dict[str, Any], dict], data: st.DataObject) -> None:
    """The constraint holds in the changed network, the distance is CD's, and a linear programme finds nothing nearer."""
    network, target, findings, options = drawn
    names = [name for name in network.names if isinstance(network.cpds[name], Table)]
    assume(names)
    name = data.draw(st.sampled_from(names))
    theta, gains = network.cpds[name].table(), linear(*drawn[:1], name, *drawn[1:])
    movable = np.ptp(gains, axis=-1).max() > 1e-9 * np.abs(gains).max()
    if movable:
        assert (gains * theta).sum() < 0  # it does not hold yet
    extreme = float(gains.max(axis=-1).sum())
    assume(not movable or abs(extreme) > 1e-6 * np.abs(gains).sum())
    engine = spasmnet.compile(network)
    if not movable or extreme < 0:
        with pytest.raises(SpasmnetError, match=r"no table of|has no influence"):
            tune_table(engine, name, target, findings, **options)
        return
    found = tune_table(engine, name, target, findings, **options)
    answer = answered(found.network, target, findings, options)
    bound = options.get("at_least", options.get("at_most"))
    assert found.achieved == pytest.approx(bound, rel=1e-7, abs=1e-7)
    assert answer == pytest.approx(bound, rel=1e-6, abs=1e-6)
    assert found.distance == pytest.approx(cd_distance(network, found.network), rel=1e-6, abs=1e-9)
    if found.distance == inf:
        support = np.where(theta > 0, gains, -inf).max(axis=-1).sum()
        assert support < 1e-6 * np.abs(gains).sum()
        return
    if 1e-3 < found.distance < 15:
        scale = np.abs(gains * theta).sum()
        assert reachable(theta, gains, found.distance * 0.99) < 1e-9 * scale
        assert reachable(theta, gains, found.distance * 1.01) > -1e-9 * scale


@relaxed
@given(constraints())
def test_a_table_is_no_further_than_its_best_entry(drawn: tuple[Network, Any, dict[str, Any], dict]) -> None:
    """Moving a whole table never takes a larger distance than moving one of its entries."""
    network, target, findings, options = drawn
    for change in tuned(*drawn).changes[:4]:
        if isinstance(network.cpds[change.place[0]], Table):
            found = tune_table(spasmnet.compile(network), change.place[0], target, findings, **options)
            assert found.distance <= change.distance * (1 + 1e-9) + 1e-9


def test_a_table_beats_equal_steps_in_log_odds() -> None:
    """Two rows far apart: moving both by one step in log-odds takes nearly twice the distance that is needed."""
    a, b = Variable("a", ("no", "yes")), Variable("b", ("no", "yes"))
    rows = np.array([[0.99, 0.01], [0.01, 0.99]])
    network = Network((a, b), {"a": Table((), [0.5, 0.5]), "b": Table(("a",), rows)})
    engine = spasmnet.compile(network)
    for bound in (0.505, 0.6, 0.8):
        found = tune_table(engine, "b", ("b", "yes"), at_least=bound)
        assert spasmnet.compile(found.network).posterior()["b"]["yes"] == pytest.approx(bound)
        low, high = 0.0, 40.0
        for _ in range(80):
            step = (low + high) / 2
            odds = np.exp(step) * rows[:, 1] / rows[:, 0]
            low, high = (low, step) if (odds / (1 + odds)).mean() >= bound else (step, high)
        equal = network.with_cpds({"b": Table(("a",), np.stack([1 / (1 + odds), odds / (1 + odds)], axis=1))})
        assert found.distance < cd_distance(network, equal) - 1e-4


def test_one_row_moves_by_its_log_odds() -> None:
    """A table of one binary row moves as its entry does: by the change in log-odds."""
    a = Variable("a", ("no", "yes"))
    engine = spasmnet.compile(Network((a,), {"a": Table((), [0.9, 0.1])}))
    found = tune_table(engine, "a", ("a", "yes"), at_least=0.5)
    assert found.distance == pytest.approx(log(9))
    single = tune(engine, ("a", "yes"), at_least=0.5)
    assert [c.needed for c in single.changes] == pytest.approx([0.5, 0.5])
    assert single.best is not None and single.best.distance == pytest.approx(log(9))


def test_states_that_help_equally_keep_their_ratios() -> None:
    """In a row of four states of which one is asked for, the other three stay in proportion."""
    a = Variable("a", ("w", "x", "y", "z"))
    engine = spasmnet.compile(Network((a,), {"a": Table((), [0.1, 0.2, 0.3, 0.4])}))
    table = tune_table(engine, "a", ("a", "w"), at_least=0.55).network.cpds["a"].table()
    assert table == pytest.approx([0.55, 0.1, 0.15, 0.2])


def test_asia_against_reference() -> None:
    """On asia, the tuned numbers are where re-inference says the answer is the bound."""
    engine = spasmnet.compile(classic.load("asia"))
    tuning = tune(engine, ("lung", "yes"), {"dysp": "yes", "xray": "yes"}, at_least=0.7)
    assert tuning.answer == pytest.approx(0.6212528, abs=1e-6)
    assert len(tuning.changes) > 4
    for rank in range(len(tuning.changes)):
        after = spasmnet.compile(tuning.network(rank)).posterior({"dysp": "yes", "xray": "yes"})
        assert after["lung"]["yes"] == pytest.approx(0.7, abs=1e-9)


def test_the_shipped_network() -> None:
    """Leaks and links are among the changes, cited ranges are compared, and the frame repeats what the changes say."""
    engine = spasmnet.compile(spasmnet.load())
    now = engine.posterior({"spasm": "painful"})["dehydration"]["mild"]
    tuning = tune(engine, ("dehydration", "mild"), {"spasm": "painful"}, at_least=now + 0.02)
    frame = tuning.frame
    assert list(frame.columns) == [
        "variable", "state", "given", "value", "needed", "low", "high", "within_range", "distance", "achieved", "source",
    ]  # fmt: skip
    assert len(frame) == len(tuning.changes) > 3
    assert frame["distance"].tolist() == pytest.approx(sorted(frame["distance"]), rel=1e-9)
    assert frame["given"].str.startswith("link").any() and (frame["given"] == "leak").any()
    inside = (frame["low"] <= frame["needed"]) & (frame["needed"] <= frame["high"]) & (frame["source"] != "")
    assert (frame["within_range"] == inside).all()
    assert not frame.isna().any().any()
    assert frame.index[0] == tuning.best.name if tuning.best else False
    after = spasmnet.compile(tuning.network()).posterior({"spasm": "painful"})["dehydration"]["mild"]
    assert after == pytest.approx(now + 0.02, abs=1e-9)
    assert repr(tuning).startswith("<Tuning: P(dehydration=mild) >= ")
    assert tuning.network(1).cpds[tuning.changes[1].place[0]].parameters  # cited ranges stay


def test_nothing_to_do_and_nothing_possible() -> None:
    """If the constraint holds no change is proposed; if no number can meet it, the message says what comes closest."""
    a, b = Variable("a", ("no", "yes")), Variable("b", ("no", "yes"))
    network = Network((a, b), {"a": Table((), [0.5, 0.5]), "b": Table(("a",), [[0.9, 0.1], [0.4, 0.6]])})
    engine = spasmnet.compile(network)
    done = tune(engine, ("b", "yes"), at_least=0.3)
    assert done.holds and done.best is None and done.network() is network and len(done.frame) == 0
    assert str(done) == "P(b=yes) is 0.35: no change is needed"
    assert tune(engine, ("b", "yes"), at_least=0.3, at_most=0.4).holds
    between = tune(engine, ("b", "yes"), at_least=0.4, at_most=0.45)
    assert all(0.4 - 1e-12 <= change.achieved <= 0.45 for change in between.changes) and between.changes
    never = tune(engine, ("b", "yes"), at_least=0.95)
    assert never.best is None and never.closest is not None and list(never.frame.columns)[:2] == ["variable", "state"]
    assert str(never) == (
        "no single number makes P(b=yes) >= 0.95 (it is 0.35); the closest is 0.8, with P(b=no | a=no) at 0 (now 0.9)"
    )
    with pytest.raises(SpasmnetError, match=r"the closest is 0\.8, with P\(b=no \| a=no\) at 0"):
        never.network()
    same = tune_table(engine, "b", ("b", "yes"), at_least=0.3)
    assert same.network is network and same.distance == 0.0 and same.achieved == same.answer
    with pytest.raises(
        SpasmnetError, match=r"no table of a makes P\(b=yes\) >= 0\.95 \(it is 0\.35\); the closest is 0\.6"
    ):
        tune_table(engine, "a", ("b", "yes"), at_least=0.95)


def test_numbers_next_to_zero_keep_their_digits() -> None:
    """A number that must fall to 1e-20 is found to its own precision; what no computer can tell is not proposed."""
    a = Variable("a", ("x", "y", "z"))
    network = Network((a,), {"a": Table((), [1e-20, 5e-4, 1 - 5e-4])})
    options = {"against": "y", "measure": "ratio"}
    tuning = tune(spasmnet.compile(network), ("a", "x"), at_least=0.125, **options)
    assert tuning.frame.loc["P(a=y)", "needed"] == pytest.approx(8e-20, rel=1e-3, abs=0)
    for rank in range(len(tuning.changes)):
        p = tuning.network(rank).cpds["a"].table()
        assert p[0] / p[1] == pytest.approx(0.125)
    b = Variable("b", ("x", "y"))
    engine = spasmnet.compile(Network((b,), {"b": Table((), [1e-26, 1.0])}))
    names = [c.name for c in tune(engine, ("b", "x"), at_least=1e-25).changes]
    assert names == ["P(b=x)"]


def test_numbers_of_zero() -> None:
    """A zero may have to become something: the distance is then infinite, and such changes come last."""
    a, b = Variable("a", ("no", "yes")), Variable("b", ("no", "yes"))
    network = Network((a, b), {"a": Table((), [0.5, 0.5]), "b": Table(("a",), [[0.9, 0.1], [1.0, 0.0]])})
    engine = spasmnet.compile(network)
    frame = tune(engine, ("b", "yes"), at_least=0.08).frame
    assert frame["distance"].tolist()[-1] == inf and frame["distance"].tolist()[0] < 1
    assert frame.loc["P(b=yes | a=yes)", "needed"] == pytest.approx(0.06)
    assert tune_table(engine, "b", ("b", "yes"), at_least=0.3).distance == pytest.approx(log(0.6 / 0.1 * 0.9 / 0.4))
    only = tune_table(engine, "b", ("b", "yes"), at_least=0.7)
    assert only.distance == inf and only.achieved == pytest.approx(0.7)


def test_networks_of_other_structures_are_refused() -> None:
    """The message names every difference of structure."""
    a, b, c = Variable("a", ("no", "yes")), Variable("b", ("no", "yes")), Variable("c", ("x",))
    half = Table((), [0.5, 0.5])
    one = Network((a, b), {"a": half, "b": half})
    two = Network((a, b, c), {"a": half, "b": Table(("a",), [[0.5, 0.5]] * 2), "c": Table((), [1.0])})
    three = Network((a, Variable("b", ("yes", "no"))), {"a": half, "b": half})
    for function in (cd_distance, kl_divergence):
        with pytest.raises(SpasmnetError) as caught:
            function(one, two)
        assert str(caught.value) == (
            "distances are for two networks of one structure: c is only in the second; b has the parents () in the "
            "first and (a) in the second"
        )
        with pytest.raises(
            SpasmnetError, match=r"b has the states \(no, yes\) in the first and \(yes, no\) in the second"
        ):
            function(one, three)
        with pytest.raises(SpasmnetError, match=r"the second is not a network but Engine; pass its network$"):
            function(one, spasmnet.compile(one))  # type: ignore[arg-type]
        with pytest.raises(SpasmnetError, match=r"the first is not a network but int$"):
            function(3, one)  # type: ignore[arg-type]


def test_a_table_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A noisy-MAX that differs is written out up to a size; one number of it needs no table."""
    network = spasmnet.load()
    place = Place("spasm", (-1, 0, 1))
    after = moved(network, place, 0.05)
    expected = cd_distance(network, after)
    assert 0 < expected < inf
    monkeypatch.setattr(distances, "MAX_TABLE", 100)
    with pytest.raises(
        SpasmnetError,
        match=r"noisy-MAX distribution of spasm differs, and its table would have 9,216 entries, above 100; .*change_distance",
    ):
        cd_distance(network, after)
    assert change_distance(network, place, 0.05) == pytest.approx(expected)


def test_bad_input_to_distances_is_explained() -> None:
    """What is wrong is said in words."""
    network = spasmnet.load()
    with pytest.raises(SpasmnetError, match=r"^p is a probability in \[0, 1\], not 1\.5$"):
        cd_bound(1.5, 1.0)
    with pytest.raises(SpasmnetError, match=r"^a distance is a number of at least 0, not nan$"):
        cd_bound(0.5, float("nan"))
    with pytest.raises(SpasmnetError, match=r"^P\(trauma=present\) is a probability in \[0, 1\], not -0\.1$"):
        change_distance(network, "P(trauma=present)", -0.1)
    with pytest.raises(
        SpasmnetError, match=r"there is no number 'P\(trauma=presnt\)'; did you mean 'P\(trauma=present\)'\?"
    ):
        moved(network, "P(trauma=presnt)", 0.1)
    with pytest.raises(SpasmnetError, match=r"there is no number \('trauma', \(7,\)\); a place is \(variable, key\)"):
        change_distance(network, ("trauma", (7,)), 0.1)
    with pytest.raises(SpasmnetError, match=r"^a network is needed, not Engine; pass its network$"):
        change_distance(spasmnet.compile(network), ("trauma", (0,)), 0.1)  # type: ignore[arg-type]
    alone = Network((Variable("c", ("x",)),), {"c": Table((), [1.0])})
    with pytest.raises(SpasmnetError, match=r"^c has one state only, so its probability is 1 and cannot become 0\.5$"):
        moved(alone, ("c", (0,)), 0.5)
    assert change_distance(alone, ("c", (0,)), 1.0) == 0.0


def test_bad_input_to_tuning_is_explained() -> None:
    """What is wrong is said in words."""
    engine = spasmnet.compile(spasmnet.load())
    target = ("spasm", "painful")
    with pytest.raises(EvidenceError, match=r"^what is wanted\? give at_least= or at_most=$"):
        tune(engine, target)
    with pytest.raises(EvidenceError, match=r"^at_least for a probability is in \[0, 1\], not 20$"):
        tune(engine, target, at_least=20)
    with pytest.raises(EvidenceError, match=r"^at_most for a ratio is in \[0, inf\), not -1$"):
        tune(engine, target, at_most=-1, against="none", measure="ratio")
    with pytest.raises(EvidenceError, match=r"^at_least for a log_odds is a finite number, not inf$"):
        tune(engine, target, at_least=inf, measure="log_odds")
    with pytest.raises(EvidenceError, match=r"^at_least for a probability is in \[0, 1\], not nan$"):
        tune(engine, target, at_least=float("nan"))
    with pytest.raises(EvidenceError, match=r"^at_least \(0\.5\) is above at_most \(0\.4\)$"):
        tune(engine, target, at_least=0.5, at_most=0.4)
    with pytest.raises(EvidenceError, match=r"^spasm is observed \(painful\), so no number"):
        tune(engine, target, {"spasm": "painful"}, at_least=0.5)
    with pytest.raises(SpasmnetError, match=r"an engine is needed"):
        tune(engine.network, target, at_least=0.5)  # type: ignore[arg-type]
    with pytest.raises(SpasmnetError, match=r"^rank is a whole number from 0 to \d+, not -1$"):
        tune(engine, target, at_least=0.2).network(-1)
    with pytest.raises(
        SpasmnetError, match=r"^dehydration has no table of numbers but a NoisyMax distribution; tune changes"
    ):
        tune_table(engine, "dehydration", target, at_least=0.2)
    with pytest.raises(SpasmnetError, match=r"^the table of jaw_stiffness has no influence on P\(spasm=painful\)"):
        tune_table(engine, "jaw_stiffness", target, at_least=0.2)
    with pytest.raises(spasmnet.UnknownVariableError, match="did you mean 'trauma'"):
        tune_table(engine, "truma", target, at_least=0.2)


def test_a_table_that_only_makes_the_question_undefined_is_no_answer() -> None:
    """A constraint that is met, up to rounding, only where the answer has nothing to be divided by is not met."""
    a = Variable("a", ("x", "y"))
    network = Network((a,), {"a": Table((), [0.06701701840285973, 1 - 0.06701701840285973])})
    with pytest.raises(SpasmnetError, match=r"^no table of a makes P\(a=x\) / P\(a=x\) <= 0.296441 \(it is 1\)"):
        tune_table(spasmnet.compile(network), "a", ("a", "x"), against="x", measure="ratio", at_most=0.2964414633675371)
