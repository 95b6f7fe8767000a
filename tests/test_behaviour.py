"""How the shipped network behaves, everywhere: directions, explaining away, doing against seeing, and no false certainty.

Where a test goes through "every" edge, state or pair, it does: nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, permutations, product
from math import prod
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import spasmnet
from spasmnet import Engine, Network, NoisyMax, Posterior, Table, Variable
from spasmnet.model.parameter import UNMEASURED_KINDS
from spasmnet.triage.guidance import guidance_of

ABSOLUTE = 1e-12  # two probabilities that should be the same one
ROUNDING = 1e-12  # the share by which a probability may seem to fall without having fallen

ORDER_BY_CONVENTION = (  # variables whose states are kinds, not grades: each is only held against the neutral state
    ("medication", "kinds of medicine: a statin is not more of an inhaler"),
    ("predisposing", "kinds of condition: earlier cramps are not more of a cirrhosis"),
    ("weakness", "kinds of weakness: focal only counts as higher because it weighs more"),
    ("neuro_sensory", "kinds of altered feeling: radiating pain is not more of a tingling"),
    ("swelling", "kinds of swelling: a warm leg is not more of a bruise"),
)
MAY_FALL: dict[
    tuple[str, str, str, str, str], str
] = {}  # (above, its lower state, its higher state, below, from this state on): why
LOGICAL = ("spasm_frequency", "spasm_distribution")  # neutral exactly when spasm is

Floats = NDArray[np.float64]
Fall = tuple[str, str, str, str, str]
Beliefs = Mapping[str, Floats]  # variable: the probabilities of its states, on the last axis


@pytest.fixture(scope="module")
def network() -> Network:
    """The shipped network."""
    return spasmnet.load("muscle_spasm")


@pytest.fixture(scope="module")
def engine(network: Network) -> Engine:
    """The shipped network, compiled."""
    return spasmnet.compile(network)


@pytest.fixture(scope="module")
def lineage(network: Network) -> dict[str, set[str]]:
    """Each variable and all that is above it."""
    found: dict[str, set[str]] = {}
    for name in network.order:
        found[name] = {name}.union(*(found[parent] for parent in network.parents(name)))
    return found


@pytest.fixture(scope="module")
def before(engine: Engine) -> Beliefs:
    """What the network believes when nothing is known."""
    return beliefs(engine)


@pytest.fixture(scope="module")
def seen(engine: Engine) -> dict[tuple[str, str], Beliefs]:
    """What the network believes when one variable is seen in one state, for every state."""
    cases = items(engine.network)
    answers = batch(engine, [dict([case]) for case in cases])
    return {case: {name: answers[name][row] for name in answers} for row, case in enumerate(cases)}


@pytest.fixture(scope="module")
def done(network: Network) -> dict[tuple[str, str], Beliefs]:
    """What the network believes when one variable is put into one state, for every state."""
    return {case: beliefs(spasmnet.compile(spasmnet.do(network, dict([case])))) for case in items(network)}


def items(network: Network, *roles: str) -> list[tuple[str, str]]:
    """Every state of every variable, or of those in some roles."""
    return [(v.name, state) for v in network.variables for state in v.states if not roles or v.role in roles]


def roots(network: Network) -> list[str]:
    """The variables without parents."""
    return [name for name in network.names if not network.parents(name)]


def conditions(network: Network) -> list[str]:
    """The causes and the serious conditions."""
    return [variable.name for variable in network.variables if variable.role in ("cause", "serious")]


def beliefs(engine: Engine) -> Beliefs:
    """What the engine answers without evidence."""
    post = engine.posterior()
    return {name: np.array(list(post[name].values())) for name in post}


def batch(engine: Engine, cases: Sequence[Mapping[str, str]]) -> Beliefs:
    """What the engine answers to many cases: a row each, NaN where the evidence is impossible."""
    names = engine.network.names
    answers = engine.posteriors(pd.DataFrame(cases, columns=list(names)), on_impossible="nan").to_numpy()
    ends = np.cumsum([len(variable.states) for variable in engine.network.variables])
    return dict(zip(names, np.split(answers, ends[:-1], axis=1), strict=True))


def active(states: Floats) -> Floats:
    """P(not neutral), added up so that rare states keep their digits."""
    chances: Floats = states[..., 1:].sum(axis=-1)
    return chances


def chance(posterior: Posterior, name: str) -> float:
    """P(not neutral) in one posterior."""
    return sum(list(posterior[name].values())[1:])


def not_neutral(variable: Variable) -> dict[str, float]:
    """Evidence that a variable is in any state but its first."""
    return {state: float(i > 0) for i, state in enumerate(variable.states)}


def steps(variable: Variable) -> list[tuple[int, int]]:
    """The pairs of states of which the second is the higher one."""
    if variable.name in dict(ORDER_BY_CONVENTION):
        return [(0, state) for state in range(1, len(variable.states))]
    return [(state - 1, state) for state in range(1, len(variable.states))]


def falls(above: Variable, below: Variable, states: Floats) -> Iterator[Fall]:
    """Where a step up of `above` (the first axis) lowers P(below >= k); `states` are of `below`, on the last axis."""
    at_least = np.cumsum(states[..., :0:-1], axis=-1)[..., ::-1]  # from the second state on
    for low, high in steps(above):
        lower = at_least[high] < at_least[low] * (1 - ROUNDING)
        for k in np.flatnonzero(lower.reshape(-1, lower.shape[-1]).any(axis=0)):
            yield above.name, above.states[low], above.states[high], below.name, below.states[k + 1]


def seeing(seen: Mapping[tuple[str, str], Beliefs], above: Variable, below: Variable) -> Floats:
    """The states of `below` when `above` is seen in each of its states."""
    return np.stack([seen[above.name, state][below.name] for state in above.states])


def unrelated(lineage: Mapping[str, set[str]], names: Sequence[str]) -> list[tuple[str, str]]:
    """The ordered pairs of variables of which neither is above the other, and which have nothing above them in common."""
    return [(a, b) for a, b in permutations(names, 2) if not lineage[a] & lineage[b]]


# ------------------------------------------------------------------ directions


def test_conventional_orders_are_declared(network: Network) -> None:
    """The model file itself says of every variable that is excused here that its states are not grades."""
    for name, reason in ORDER_BY_CONVENTION:
        description = network.by_name[name].description
        assert "only a convention" in description or "kinds rather than grades" in description, (name, reason)


def test_every_edge_is_monotone(network: Network) -> None:
    """A higher parent state never lowers P(child >= k), whatever the other parents are."""
    found = set()
    for child in network.variables:
        cpd = network.cpds[child.name]
        for axis, parent in enumerate(cpd.parents):
            found |= set(falls(network.by_name[parent], child, np.moveaxis(cpd.table(), axis, 0)))
    assert found == set(MAY_FALL)


def test_every_state_of_every_parent_matters(network: Network) -> None:
    """No edge is idle: every active state of every parent changes some probability of the child by 1% or more."""
    idle = []
    for name, cpd in network.cpds.items():
        for axis, parent in enumerate(cpd.parents):
            table = np.moveaxis(cpd.table(), axis, 0)
            for state, row in zip(network.by_name[parent].states[1:], table[1:], strict=True):
                if not (np.abs(row - table[0]) > 0.01 * table[0]).any():
                    idle.append((parent, state, name))
    assert idle == []


def test_more_exposure_never_lowers_a_condition(
    network: Network, engine: Engine, lineage: Mapping[str, set[str]]
) -> None:
    """No cause or serious condition gets less probable with more of a root, in any combination of all other roots."""
    found, asked = set(), 0
    for name in conditions(network):
        exposures = [network.by_name[root] for root in roots(network) if root in lineage[name] - {name}]
        settings = list(product(*(exposure.states for exposure in exposures)))
        if not exposures:
            continue
        assert len(settings) < 100_000, f"{name}: too many combinations for a quick test"
        cases = [dict(zip((e.name for e in exposures), states, strict=True)) for states in settings]
        shape = [len(exposure.states) for exposure in exposures]
        answers = batch(engine, cases)[name].reshape(*shape, -1)
        for axis, exposure in enumerate(exposures):
            found |= set(falls(exposure, network.by_name[name], np.moveaxis(answers, axis, 0)))
            asked += prod(shape)
    assert found == set()
    assert asked > 1000


@pytest.mark.parametrize(
    ("exposure", "effect"),
    [
        ("activity_load", "muscle_fatigue"),
        ("repetitive_motion", "muscle_fatigue"),
        ("prolonged_contraction", "muscle_fatigue"),
        ("hot_environment", "dehydration"),
        ("low_fluid_intake", "dehydration"),
    ],
)
def test_more_exposure_more_effect(
    network: Network, seen: Mapping[tuple[str, str], Beliefs], exposure: str, effect: str
) -> None:
    """More load means more fatigue and more heat more dehydration, clearly and at every step."""
    chances = active(seeing(seen, network.by_name[exposure], network.by_name[effect]))
    assert (chances[1:] > 1.05 * chances[:-1]).all(), chances


def test_seeing_more_of_a_root_never_lowers_what_is_below(
    network: Network, lineage: Mapping[str, set[str]], seen: Mapping[tuple[str, str], Beliefs]
) -> None:
    """A higher state of a root, and nothing else known, never lowers P(X >= k) of anything below it."""
    found = set()
    for above, below in permutations(network.variables, 2):
        if above.name in lineage[below.name] and not network.parents(above.name):
            found |= set(falls(above, below, seeing(seen, above, below)))
    assert found == set()


def test_seeing_more_of_anything_never_lowers_what_is_below(
    network: Network, lineage: Mapping[str, set[str]], seen: Mapping[tuple[str, str], Beliefs]
) -> None:
    """The same holds from every variable, root or not, to everything below it."""
    found = set()
    for above, below in permutations(network.variables, 2):
        if above.name in lineage[below.name]:
            found |= set(falls(above, below, seeing(seen, above, below)))
    assert found == set(MAY_FALL)


# ------------------------------------------------------------------ explaining away


def test_causes_of_spasm_explain_one_another_away(
    network: Network, engine: Engine, lineage: Mapping[str, set[str]]
) -> None:
    """Given any spasm, seeing one parent in any active state lowers every parent that is unrelated to it."""
    outcome = network.by_name[network.main_outcome]
    pairs = unrelated(lineage, network.parents(outcome.name))
    assert len(pairs) >= 20
    risen = []
    for state in outcome.states[1:]:
        alone = engine.posterior({outcome.name: state})
        for a, b in pairs:
            for finding in (*network.by_name[b].states[1:], not_neutral(network.by_name[b])):
                if not chance(engine.posterior({outcome.name: state, b: finding}), a) < chance(alone, a):
                    risen.append((state, a, b, finding))
    assert risen == []


@pytest.mark.parametrize("strain", ["mild_moderate", "severe"])
def test_a_strain_explains_dehydration_away(engine: Engine, strain: str) -> None:
    """Given a painful spasm, a strain lowers dehydration, although hard exertion is a root of both."""
    alone = engine.posterior({"spasm": "painful"})
    together = engine.posterior({"spasm": "painful", "muscle_strain": strain})
    assert chance(together, "dehydration") < chance(alone, "dehydration")


def test_parents_explain_one_another_away_everywhere(
    network: Network, engine: Engine, lineage: Mapping[str, set[str]]
) -> None:
    """At every noisy child, seeing one parent active lowers every unrelated one.

    A weak active state (a statin, for low potassium) speaks against the strong ones too, so that each state is held
    against the neutral one, and all active states together against not knowing.
    """
    risen, children = [], 0
    for child in network.variables:
        pairs = unrelated(lineage, network.parents(child.name))
        if not isinstance(network.cpds[child.name], NoisyMax):
            continue
        children += bool(pairs)
        for state, (a, b) in product(child.states[1:], pairs):
            neutral, *others = network.by_name[b].states
            unknown = chance(engine.posterior({child.name: state}), a)
            without, with_any, *with_one = (
                chance(engine.posterior({child.name: state, b: finding}), a)
                for finding in (neutral, not_neutral(network.by_name[b]), *others)
            )
            if not with_any < unknown or not max(with_one) < without:
                risen.append((child.name, state, a, b))
    assert risen == []
    assert children >= 10


# ------------------------------------------------------------------ doing against seeing


def test_drinking_and_shade_prevent(network: Network, before: Beliefs) -> None:
    """Seeing to it that nobody drinks too little or is out in the heat lowers dehydration and spasm."""
    changed = spasmnet.do(network, {"low_fluid_intake": "absent", "hot_environment": "absent"})
    after = beliefs(spasmnet.compile(changed))
    assert active(after["dehydration"]) < 0.8 * active(before["dehydration"])
    assert active(after["spasm"]) < 0.995 * active(before["spasm"])


def test_taking_a_cause_away_prevents_spasm(
    network: Network, lineage: Mapping[str, set[str]], before: Beliefs, done: Mapping[tuple[str, str], Beliefs]
) -> None:
    """Doing away with any cause above spasm makes spasm less probable."""
    causes = [v for v in network.variables if v.role == "cause" and v.name in lineage["spasm"]]
    assert len(causes) >= 10
    for cause in causes:
        assert active(done[cause.name, cause.states[0]]["spasm"]) < active(before["spasm"]), cause.name


def test_doing_changes_only_what_is_below(
    network: Network, lineage: Mapping[str, set[str]], before: Beliefs, done: Mapping[tuple[str, str], Beliefs]
) -> None:
    """Whatever is done to whichever variable, all that is not below it stays exactly as it was."""
    moved = [
        (name, state, other)
        for name, state in items(network)
        for other in network.names
        if name not in lineage[other] and np.abs(done[name, state][other] - before[other]).max() > ABSOLUTE
    ]
    assert moved == []


def test_doing_a_finding_changes_no_cause(
    network: Network,
    lineage: Mapping[str, set[str]],
    before: Beliefs,
    seen: Mapping[tuple[str, str], Beliefs],
    done: Mapping[tuple[str, str], Beliefs],
) -> None:
    """To put a finding into any state changes no cause and no serious condition, whereas to see it there does."""
    causes = conditions(network)
    findings = [(n, s) for n, s in items(network, "finding") if lineage[n] & set(causes)]
    assert {"thirst_dry_mouth", "muscle_pain"} <= {name for name, _ in findings}
    for case in findings:
        assert max(np.abs(done[case][cause] - before[cause]).max() for cause in causes) <= ABSOLUTE, case
        assert max(abs(active(seen[case][cause]) / active(before[cause]) - 1) for cause in causes) > 0.001, case


def test_doing_a_root_is_seeing_it(
    network: Network, seen: Mapping[tuple[str, str], Beliefs], done: Mapping[tuple[str, str], Beliefs]
) -> None:
    """For every state of every root, doing and seeing give the same probabilities everywhere."""
    for case in items(network):
        if case[0] in roots(network):
            for name in network.names:
                assert np.abs(done[case][name] - seen[case][name]).max() <= ABSOLUTE, (case, name)


def test_rehydration_does_not_undo_its_causes(
    lineage: Mapping[str, set[str]],
    before: Beliefs,
    seen: Mapping[tuple[str, str], Beliefs],
    done: Mapping[tuple[str, str], Beliefs],
) -> None:
    """To make nobody dehydrated changes nothing above dehydration and lowers spasm; to see it lowers all above it."""
    case = ("dehydration", "none")
    above = lineage["dehydration"] - {"dehydration"}
    assert len(above) >= 5
    for name in above:
        assert np.abs(done[case][name] - before[name]).max() <= ABSOLUTE, name
        assert active(seen[case][name]) < (1 - 0.001) * active(before[name]), name
    assert active(seen[case]["spasm"]) < active(done[case]["spasm"]) < active(before["spasm"])


# ------------------------------------------------------------------ no false certainty


def test_nothing_makes_a_condition_certain(network: Network, engine: Engine) -> None:
    """One or two observations of any variables leave every other cause and serious condition strictly within (0, 1)."""
    singles = items(network)
    cases = [dict([case]) for case in singles]
    cases += [dict(pair) for pair in combinations(singles, 2) if pair[0][0] != pair[1][0]]
    answers = batch(engine, cases)
    certain = []
    for name in conditions(network):
        open_ = ((answers[name] > 0) & (answers[name] < 1)).all(axis=1) | np.isnan(answers[name]).all(axis=1)
        certain += [(cases[row], name) for row in np.flatnonzero(~open_) if name not in cases[row]]
    assert certain == []


def test_only_logic_makes_a_pair_impossible(network: Network, engine: Engine) -> None:
    """Two observations contradict each other only where one says that there was a spasm and the other that not."""
    pairs = [pair for pair in combinations(items(network), 2) if pair[0][0] != pair[1][0]]
    answers = batch(engine, [dict(pair) for pair in pairs])["spasm"]
    impossible = {pairs[row] for row in np.flatnonzero(np.isnan(answers).any(axis=1))}
    spasm = [(name, state) for name, state in items(network) if name in ("spasm", *LOGICAL)]
    neutral = {(name, network.by_name[name].states[0]) for name in ("spasm", *LOGICAL)}
    assert impossible == {
        (a, b) for a, b in combinations(spasm, 2) if a[0] != b[0] and (a in neutral) != (b in neutral)
    }


def test_zeros_and_ones_are_logical(network: Network) -> None:
    """A probability is 0 or 1 only where it must be: no spasm goes with no frequency and no distribution of spasm."""
    for child in network.variables:
        cpd = network.cpds[child.name]
        table = cpd.table()
        expected = np.full(table.shape, np.nan)
        if child.name in LOGICAL:
            by_spasm = np.moveaxis(expected, cpd.parents.index("spasm"), 0)  # a view
            by_spasm[0, ..., 0], by_spasm[0, ..., 1:], by_spasm[1:, ..., 0] = 1, 0, 0
        certain = (table <= 0) | (table >= 1)
        assert (certain == ~np.isnan(expected)).all(), child.name
        assert (table[certain] == expected[certain]).all(), child.name


def test_no_link_is_certain(network: Network) -> None:
    """No leak and no active link of a noisy distribution holds a 0 or a 1 for any state."""
    for name, cpd in network.cpds.items():
        if isinstance(cpd, NoisyMax):
            for values in (cpd.leak, *(link[1:] for link in cpd.links)):
                assert ((values > 0) & (values < 1)).all(), name


# ------------------------------------------------------------------ where the numbers come from


def test_every_number_is_cited(network: Network) -> None:
    """Every free number of every distribution is a parameter with just that value."""
    for name, cpd in network.cpds.items():
        given: dict[tuple[int, ...], float] = {}
        if isinstance(cpd, NoisyMax):
            for i, values in enumerate((cpd.leak[None], *cpd.links), start=-1):
                given |= {(i, *at): float(values[at]) for at in np.ndindex(values.shape) if i < 0 or at[0] > 0}
        else:
            assert isinstance(cpd, Table), name
            given = {at: float(cpd.values[at]) for at in np.ndindex(cpd.values.shape)}
        assert cpd.parameters.keys() <= given.keys(), name
        assert {key: p.value for key, p in cpd.parameters.items()} == {key: given[key] for key in cpd.parameters}, name
        uncited = [key[:-1] for key in given if key not in cpd.parameters]  # the remainder of each row, and no more
        assert len(uncited) == len(set(uncited)), name


def test_ranges_hold_their_values(network: Network) -> None:
    """Every value lies in its range, which has a width unless the value is a 0 or 1 that is true by definition."""
    for name, cpd in network.cpds.items():
        for key, p in cpd.parameters.items():
            if p.value in (0, 1):
                assert (p.source, p.low, p.high) == ("assumption_logic", p.value, p.value), (name, key)
            else:
                assert 0 < p.low <= p.value <= p.high < 1, (name, key)
                assert p.low < p.high, (name, key)


def test_no_judgement_is_passed_off_as_logic(network: Network) -> None:
    """Only a 0 or a 1 is put down to assumption_logic."""
    wrong = [
        (name, key, p.value)
        for name, cpd in network.cpds.items()
        for key, p in cpd.parameters.items()
        if p.source == "assumption_logic" and p.value not in (0, 1)
    ]
    assert wrong == []


def test_every_number_has_its_place_or_its_reason(network: Network) -> None:
    """A number names a source that exists and either the place in it or, if assumed, the reasoning; none is lay text."""
    for name, cpd in network.cpds.items():
        for key, p in cpd.parameters.items():
            kind = network.sources[p.source].kind
            assert kind != "article", (name, key)
            if kind == "assumption":
                assert p.note.strip(), (name, key)
            else:
                assert p.where.strip(), (name, key)


def test_every_edge_has_its_place_or_its_reason(network: Network) -> None:
    """Every edge of the network is explained, by a place in a measured source or a note on an assumption."""
    assert {(edge.parent, edge.child) for edge in network.edges} == {
        (parent, child) for child in network.names for parent in network.parents(child)
    }
    for edge in network.edges:
        kind = network.sources[edge.source].kind
        assert edge.where.strip() or kind in UNMEASURED_KINDS, edge
        assert edge.note.strip() or kind != "assumption", edge


def test_every_source_is_used(network: Network) -> None:
    """Every source stands behind a number, an edge, a piece of advice or a red flag, and each of these names one."""
    used = {p.source for cpd in network.cpds.values() for p in cpd.parameters.values()}
    used |= {edge.source for edge in network.edges}
    used |= {rule.source for rule in (*guidance_of(network).advice, *guidance_of(network).red_flags)}
    used |= {number.source for number in guidance_of(network).numbers()}
    assert used == set(network.sources)


# ------------------------------------------------------------------ nothing is dead, nothing leaks


@pytest.fixture(scope="module")
def best(network: Network, engine: Engine) -> dict[str, float]:
    """How probable up to three findings can make each cause and serious condition."""
    present = [(n, s) for n, s in items(network, "finding") if s != network.by_name[n].states[0]]
    cases = [dict(some) for size in (1, 2, 3) for some in combinations(present, size) if len(dict(some)) == size]
    answers = batch(engine, cases)
    return {name: float(np.nanmax(active(answers[name]))) for name in conditions(network)}


def test_no_cause_is_dead(network: Network, before: Beliefs, best: Mapping[str, float]) -> None:
    """Every cause can be made probable, or twice as probable as before, by at most three findings."""
    dead = {
        name: best[name]
        for name in conditions(network)
        if network.by_name[name].role == "cause" and best[name] < min(0.5, 2 * float(active(before[name])))
    }
    assert dead == {}


def test_serious_conditions_can_be_seen(network: Network, before: Beliefs, best: Mapping[str, float]) -> None:
    """Every serious condition can be made at least a hundred times as probable as before by at most three findings."""
    serious = [variable.name for variable in network.variables if variable.role == "serious"]
    assert serious
    assert {name: best[name] for name in serious if best[name] < 100 * active(before[name])} == {}


def test_roots_tell_nothing_about_one_another(
    network: Network, before: Beliefs, seen: Mapping[tuple[str, str], Beliefs]
) -> None:
    """To see any root in any state leaves every other root as it was."""
    assert len(roots(network)) >= 10
    for name, other in permutations(roots(network), 2):
        for state in network.by_name[name].states:
            assert np.abs(seen[name, state][other] - before[other]).max() <= ABSOLUTE, (name, state, other)


def test_unrelated_variables_tell_nothing_about_one_another(
    network: Network, lineage: Mapping[str, set[str]], before: Beliefs, seen: Mapping[tuple[str, str], Beliefs]
) -> None:
    """To see any variable in any state leaves as it was whatever has nothing above it in common with it."""
    changed: list[Any] = [
        (name, state, other)
        for name, other in unrelated(lineage, network.names)
        for state in network.by_name[name].states
        if np.abs(seen[name, state][other] - before[other]).max() > ABSOLUTE
    ]
    assert changed == []
