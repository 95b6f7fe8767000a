"""What acting would do, against the mutilated network listed in full, and against networks drawn and asked again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import EvidenceError, Network, SpasmnetError, Table, UnknownStateError, Variable
from spasmnet.findings.effects import Acting
from spasmnet.findings.twin import Twin, descendants
from spasmnet.findings.what_if import what_if
from spasmnet.io.toml import parse_model
from spasmnet.parameters.assignment import Place, with_values
from spasmnet.uncertainty.distributions import Distributions
from tests import enumeration, strategies

relaxed = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
small = strategies.networks(max_variables=5, max_states=3, max_parents=3)


def chance(network: Network, joint: np.ndarray, target: tuple[str, str]) -> float:
    """P(target) in a listed joint that need not sum to 1."""
    values = enumeration.marginal(network, joint, [target[0]])
    return float(values[network.by_name[target[0]].states.index(target[1])] / values.sum())


def conditioned(network: Network, joint: np.ndarray, evidence: dict[str, Any]) -> np.ndarray:
    for name, finding in evidence.items():
        states = network.by_name[name].states
        weights = [finding[s] if isinstance(finding, dict) else float(s == finding) for s in states]
        shape = [-1 if n == name else 1 for n in network.names]
        joint = joint * np.array(weights).reshape(shape)
    return joint


@settings(relaxed, max_examples=150)
@given(small | strategies.noisy_networks(max_parents=5), st.data())
def test_do_is_the_mutilated_network_listed(network: Network, data: st.DataObject) -> None:
    """P(y | do(x), kept) from the truncated factorisation, for any state, with findings of either kind."""
    several = [v for v in network.variables if len(v.states) > 1]
    assume(len(several) > 1)
    variable = data.draw(st.sampled_from(several))
    evidence = data.draw(strategies.evidence(network))
    if isinstance(evidence.get(variable.name), str):
        del evidence[variable.name]
    assume(enumeration.probability(network, evidence) > 1e-9)
    target = variable.name, data.draw(st.sampled_from(variable.states))
    acted = data.draw(st.sampled_from([v for v in several if v is not variable]))
    engine = spasmnet.compile(network)
    found = what_if(engine, target, evidence, actions={acted.name: acted.states}, draws=0, counterfactual=False)
    assert {one.state for one in found.actions} == set(acted.states)
    after = descendants(network, acted.name)
    kept = {name: finding for name, finding in evidence.items() if name != acted.name and name not in after}
    assert found.belief == pytest.approx(chance(network, enumeration.joint(network, evidence), target), abs=1e-10)
    for one in found.actions:
        assert set(one.kept) == set(kept) and set(one.left_out) == set(evidence) - set(kept)
        listed = conditioned(network, enumeration.intervened(network, {acted.name: one.state}), kept)
        assert one.do == pytest.approx(chance(network, listed, target), abs=1e-10)
        mutilated = spasmnet.compile(spasmnet.do(network, {acted.name: one.state})).posterior(kept)
        assert one.do == pytest.approx(mutilated[target[0]][target[1]], abs=1e-10)
        seen = conditioned(network, enumeration.joint(network, {acted.name: one.state}), kept)
        if seen.sum() == 0:
            assert one.see is None
        else:
            assert one.see == pytest.approx(chance(network, seen, target), abs=1e-10)
        observed = evidence.get(acted.name)
        if isinstance(observed, str):
            as_is = conditioned(network, enumeration.intervened(network, {acted.name: observed}), kept)
        else:
            as_is = enumeration.joint(network, kept)
        assert one.as_is == pytest.approx(chance(network, as_is, target), abs=1e-10)
        assert one.change == pytest.approx(one.do - one.as_is, abs=1e-12)
    changes = [one.change for one in found.actions]
    assert changes == sorted(changes)


def simpson() -> Network:
    """A treatment given to the gravely ill: seeing it is bad news, giving it helps; and a sign of the outcome."""
    yes = ("no", "yes")
    return Network(
        [
            Variable("grave", yes, role="finding"),
            Variable("treated", yes, role="risk_factor"),
            Variable("dead", yes, role="finding"),
            Variable("sign", yes, role="finding"),
        ],
        {
            "grave": Table((), [0.5, 0.5]),
            "treated": Table(("grave",), [[0.9, 0.1], [0.1, 0.9]]),
            "dead": Table(("grave", "treated"), [[[0.9, 0.1], [0.95, 0.05]], [[0.3, 0.7], [0.5, 0.5]]]),
            "sign": Table(("dead",), [[0.8, 0.2], [0.1, 0.9]]),
        },
    )


def test_doing_is_not_seeing() -> None:
    """Simpson's paradox: the treated die more often, and treatment saves."""
    found = what_if(spasmnet.compile(simpson()), "dead", {"sign": "yes"}, actions={"treated": ["yes", "no"]}, draws=0)
    by_state = {one.state: one for one in found.actions}
    assert by_state["yes"].do == pytest.approx(0.5 * 0.05 + 0.5 * 0.5)
    assert by_state["yes"].see == pytest.approx(0.1 * 0.05 + 0.9 * 0.5)
    assert by_state["yes"].do < by_state["no"].do and by_state["yes"].see > by_state["no"].see
    assert by_state["yes"].kept == () and by_state["yes"].left_out == ("sign",)
    assert found.actions[0].state == "yes"
    kept = what_if(spasmnet.compile(simpson()), "dead", {"grave": "yes", "treated": "no"}, actions=["treated"], draws=0)
    assert kept.actions[0].change == 0 and kept.actions[0].kept == ("grave",)


def test_the_counterfactual_keeps_the_findings() -> None:
    """It is the twin network's, and for a variable seen as it would be set nothing changes."""
    network = simpson()
    evidence = {"sign": "yes", "treated": "no"}
    engine = spasmnet.compile(network)
    found = what_if(engine, "dead", evidence, actions={"treated": ["no", "yes"]}, draws=0)
    by_state = {one.state: one for one in found.actions}
    assert by_state["no"].would_be == pytest.approx(found.belief) and by_state["no"].would_change == pytest.approx(0)
    twin = Twin.of(network, "treated", 10**6).would_be("yes", evidence)
    assert by_state["yes"].would_be == pytest.approx(twin["dead"][1])
    assert by_state["yes"].would_be < found.belief
    above = what_if(engine, "grave", evidence, actions=["treated"], draws=0).actions[0]
    assert above.change == 0 and above.would_change == 0
    assert what_if(engine, "dead", actions=["treated"], draws=0, counterfactual=False).actions[0].would_be is None


def test_an_observed_target_would_have_been_another() -> None:
    """Acting changes what was observed: P(died had nobody been exposed | exposed, died) is 1 - PN of Tian and Pearl."""
    yes, rows = ("no", "yes"), [[59010 / 59026, 16 / 59026], [69130 / 69160, 30 / 69160]]
    network = Network([Variable("exposed", yes), Variable("died", yes)],
                      {"exposed": Table((), [0.5, 0.5]), "died": Table(("exposed",), rows)})  # fmt: skip
    engine, seen = spasmnet.compile(network), {"exposed": "yes", "died": "yes"}
    [action] = what_if(engine, "died", seen, actions={"exposed": "no"}, draws=0).actions
    assert action.would_be == pytest.approx(1 - 0.3751002, abs=1e-7)
    assert action.do == pytest.approx(16 / 59026) and action.as_is == pytest.approx(30 / 69160)
    assert action.would_change == pytest.approx(-0.3751002, abs=1e-7) and action.left_out == ("exposed", "died")


@relaxed
@given(strategies.ranged_networks(), st.data())
def test_draws_are_networks_acted_on(network: Network, data: st.DataObject) -> None:
    """Each row of the batch is the network with the numbers drawn, mutilated and asked again."""
    several = [v for v in network.variables if len(v.states) > 1]
    assume(len(several) > 1)
    target, acted = data.draw(st.permutations(several))[:2]
    after = descendants(network, acted.name)
    evidence = {
        name: finding
        for name, finding in data.draw(strategies.evidence(network)).items()
        if name != acted.name and name not in after and not (name == target.name and isinstance(finding, str))
    }
    assume(enumeration.probability(network, evidence) > 1e-6)
    distributions = Distributions.of(network)
    drawn = distributions.draw(np.random.default_rng(1), 3)
    acting = Acting.on(network, acted.name, target.name, evidence, distributions, drawn, 10**7)
    state = data.draw(st.integers(0, len(acted.states) - 1))
    found, left = acting.ask(state), acting.ask(None)
    for row, numbers in enumerate([None, *drawn]):
        values = (
            {}
            if numbers is None
            else dict(zip((Place(*p) for p in distributions.places), numbers.tolist(), strict=True))
        )
        changed = with_values(network, values)
        listed = conditioned(changed, enumeration.intervened(changed, {acted.name: acted.states[state]}), evidence)
        if enumeration.probability(changed, evidence) == 0:
            assert np.isnan(found[row]).all()
            continue
        for k, name in enumerate(target.states):
            assert found[row, k] == pytest.approx(chance(changed, listed, (target.name, name)), abs=1e-10)
            now = chance(changed, enumeration.joint(changed, evidence), (target.name, name))
            assert left[row, k] == pytest.approx(now, abs=1e-10)


@pytest.fixture(scope="module")
def engine() -> spasmnet.Engine:
    return spasmnet.compile(spasmnet.load())


def test_the_shipped_model_tells_what_helps(engine: spasmnet.Engine) -> None:
    """Intervals hold the answers, repeat with the generator, and grow with the level; displays and frame."""
    evidence = {"spasm": "painful", "vomiting_diarrhoea": "present"}
    found = spasmnet.what_if(engine, "dehydration", evidence, draws=200)
    first = found.actions[0]
    assert (first.variable, first.state) == ("vomiting_diarrhoea", "absent") and first.helps == first.best == 1.0
    assert first.do_interval is not None and first.change_interval is not None
    assert first.do_interval[0] < first.do < first.do_interval[1]
    assert first.change_interval[0] < first.change < first.change_interval[1] < 0
    assert sum(one.best or 0.0 for one in found.actions) == pytest.approx(1)
    again = spasmnet.what_if(engine, "dehydration", evidence, draws=200)
    assert again.actions == found.actions
    other = spasmnet.what_if(engine, "dehydration", evidence, draws=200, rng=np.random.default_rng(9), level=0.5)
    narrow = other.actions[0].do_interval
    assert narrow is not None and narrow[1] - narrow[0] < first.do_interval[1] - first.do_interval[0]
    assert "age_band" not in {one.variable for one in found.actions}  # the model file says that nobody can act on it
    assert {"do_low", "change_high", "see", "would_be"} <= set(found.frame) and found.frame.attrs["spasmnet"][
        "draws"
    ] == 200
    assert "do is acting" in str(found) and "Vomiting or diarrhoea: No" in found._repr_mimebundle_()["text/html"]


def test_roles_come_from_the_model_file() -> None:
    """`modifiable` is read, and decides over the role."""
    from tests.test_docs import ROOT, blocks

    (text,) = blocks(ROOT / "docs" / "model-file.md", "toml")
    assert {one.variable for one in what_if(spasmnet.compile(parse_model(text)), "spasm", draws=0).actions} == {
        "heat",
        "strain",
    }
    changed = text.replace('role = "cause"\n', 'role = "cause"\nmodifiable = false\n', 1)
    assert {one.variable for one in what_if(spasmnet.compile(parse_model(changed)), "spasm", draws=0).actions} == {
        "heat"
    }
    with pytest.raises(spasmnet.ModelError, match="true or false is needed"):
        parse_model(text.replace('role = "cause"\n', 'role = "cause"\nmodifiable = "no"\n', 1))


def test_bad_questions_are_refused(engine: spasmnet.Engine) -> None:
    """Roles and actions that name nothing, targets that are observed or acted on, options out of range."""
    plain = Network([Variable("a", ("0", "1")), Variable("b", ("0", "1"))],
                    {"a": Table((), [0.5, 0.5]), "b": Table(("a",), [[0.1, 0.9], [0.9, 0.1]])})  # fmt: skip
    bare = spasmnet.compile(plain)
    with pytest.raises(EvidenceError, match="none has the role risk_factor or cause"):
        what_if(bare, "b")
    assert what_if(bare, "b", actions=["a"]).actions[0].do == pytest.approx(0.9)
    with pytest.raises(EvidenceError, match="actions is empty"):
        what_if(bare, "b", actions=[])
    with pytest.raises(EvidenceError, match="list of variables, or a mapping"):
        what_if(bare, "b", actions="a")
    with pytest.raises(UnknownStateError):
        what_if(bare, "b", actions={"a": "2"})
    with pytest.raises(EvidenceError, match="cannot be acted on"):
        what_if(bare, "b", actions=["b"])
    with pytest.raises(EvidenceError, match="is observed"):
        what_if(bare, "a", {"a": "1"}, actions=["b"])
    with pytest.raises(EvidenceError, match="lies above hot_environment"):
        what_if(engine, "hot_environment")
    for options in ({"draws": -1}, {"draws": True}, {"draws": 20}, {"level": 2}, {"rng": 3}, {"kind": "normal"}):
        with pytest.raises(SpasmnetError, match=r"draws|level|rng|kind"):
            what_if(engine, "dehydration", **options)
    with pytest.raises(SpasmnetError, match="an engine"):
        what_if(plain, "b")  # type: ignore[arg-type]
