"""Posteriors of chosen targets against the engine's, and on networks too large for a circuit of all variables."""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import CircuitTooLargeError, EvidenceError, ImpossibleEvidenceError, Network, Table, Variable
from spasmnet.inference.targeted import targeted_posterior
from tests import classic, strategies

relaxed = settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))


@relaxed
@given(strategies.networks_with_evidence(), st.data())
def test_the_same_as_the_engine(drawn: tuple[Network, dict[str, object]], data: st.DataObject) -> None:
    """Posteriors and ln P(e) are the engine's, for any targets, observed ones too; impossible evidence has none."""
    network, evidence = drawn
    targets = data.draw(st.lists(st.sampled_from(network.names), unique=True, max_size=3))
    found, log_evidence = targeted_posterior(network, targets, evidence, 10**7)
    try:
        post = spasmnet.compile(network).posterior(evidence)
    except ImpossibleEvidenceError:
        assert (found, log_evidence) == ({}, -inf)
        return
    assert log_evidence == pytest.approx(post.log_evidence, abs=1e-9)
    assert list(found) == targets
    for name in targets:
        assert found[name] == pytest.approx(list(post[name].values()), abs=1e-12)


@pytest.mark.parametrize("name", ["alarm", "win95pts", "hepar2", "hailfinder"])
def test_classic_networks(name: str) -> None:
    """The same on classic networks, with a third of the variables observed."""
    network = classic.load(name)
    rng = np.random.default_rng(4)
    engine = spasmnet.compile(network)
    state = {v.name: v.states[int(rng.integers(len(v.states)))] for v in network.variables}
    evidence = {v: state[v] for v in network.names[::9]}
    try:
        post = engine.posterior(evidence)
    except ImpossibleEvidenceError:
        evidence = {v: state[v] for v in network.names[:1]}
        post = engine.posterior(evidence)
    targets = [v for v in network.names if v not in evidence][::5]
    found, log_evidence = targeted_posterior(network, targets, evidence, 10**7)
    assert log_evidence == pytest.approx(post.log_evidence, abs=1e-9)
    for target in targets:
        assert found[target] == pytest.approx(list(post[target].values()), abs=1e-11)


def test_a_network_that_is_refused_as_a_whole() -> None:
    """munin1's circuit for all variables exceeds the limit; a single question does not come near it."""
    network = classic.load("munin1")
    first, last = network.variables[0], network.variables[-1]
    found, log_evidence = targeted_posterior(network, [last.name], {first.name: first.states[0]}, 10_000)
    assert found[last.name].sum() == pytest.approx(1.0)
    assert log_evidence < 0


def test_underflow_is_told_from_contradiction() -> None:
    """Very improbable evidence has a posterior; evidence that cannot occur has none, also apart from the target."""
    root, other = Variable("root", ("no", "yes")), Variable("other", ("no", "yes"))
    leaves = [Variable(f"x{i}", ("no", "yes")) for i in range(60)]
    cpds = {"root": Table((), [0.5, 0.5]), "other": Table((), [1.0, 0.0])}
    cpds |= {v.name: Table(("root",), [[1 - 2e-9, 2e-9], [1 - 1e-9, 1e-9]]) for v in leaves}
    network = Network((root, other, *leaves), cpds)
    evidence = {v.name: "yes" for v in leaves}
    found, log_evidence = targeted_posterior(network, ["root", "other"], evidence, 10**6)
    assert log_evidence == pytest.approx(log(0.5) + 60 * log(2e-9), rel=1e-12)
    assert found["root"][1] == pytest.approx(2.0**-60, rel=1e-6)
    assert list(found["other"]) == [1.0, 0.0]
    assert targeted_posterior(network, ["root"], {"other": "yes"}, 10**6) == ({}, -inf)
    assert targeted_posterior(network, [], {}, 10**6) == ({}, 0.0)


def test_errors() -> None:
    """What is not understood, and what is too large."""
    network = classic.load("alarm")
    with pytest.raises(EvidenceError, match="did you mean 'CVP'"):
        targeted_posterior(network, ["CVPP"], {}, 10**6)
    with pytest.raises(EvidenceError, match="has no state"):
        targeted_posterior(network, ["CVP"], {"HISTORY": "perhaps"}, 10**6)
    with pytest.raises(CircuitTooLargeError, match="alarm"):
        targeted_posterior(network, ["BP"], {}, 10)
