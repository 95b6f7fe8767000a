"""Strength of edges and the effect of cutting them, against all worlds listed."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import CircuitTooLargeError, ImpossibleEvidenceError, Network, NoisyMax, SpasmnetError, Table, Variable
from spasmnet.model.cpd import Deterministic
from spasmnet.sensitivity import structure
from spasmnet.sensitivity.structure import cut_edge, cut_effects, edge_strength
from tests import classic, enumeration, strategies

relaxed = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
small = strategies.networks(max_variables=5, max_states=3, max_parents=3)


def edges(network: Network) -> set[tuple[str, str]]:
    return {(parent, child) for child in network.names for parent in network.parents(child)}


def cut_table(network: Network, parent: str, child: str) -> np.ndarray:
    """The child's table when the edge is cut, all parents kept: by definition, from the listed joint."""
    prior = enumeration.marginal(network, enumeration.joint(network), [parent])
    i = network.parents(child).index(parent)
    table = enumeration.table(network.cpds[child])
    mean = sum(np.take(table, x, axis=i) * p for x, p in enumerate(prior))
    return np.asarray(np.repeat(np.expand_dims(mean, i), len(prior), axis=i), dtype=np.float64)


@relaxed
@given(small | strategies.noisy_networks(max_parents=5))
def test_strengths_are_those_of_all_rows(network: Network) -> None:
    """The strength is the largest total variation over all pairs of rows, the expected one the mean over all worlds."""
    frame = edge_strength(network)
    assert set(zip(frame["parent"], frame["child"], strict=True)) == edges(network)
    assert len(frame) == len(edges(network))
    assert frame["strength"].is_monotonic_decreasing
    worlds = enumeration.joint(network)
    for row in frame.itertuples():
        table = enumeration.table(network.cpds[row.child]).astype(float)
        parents = network.parents(row.child)
        rows = np.moveaxis(table, parents.index(row.parent), 0)
        pairs = [np.abs(rows[a] - rows[b]).sum(axis=-1).max() / 2 for a, b in product(range(len(rows)), repeat=2)]
        assert row.strength == pytest.approx(max(pairs), rel=1e-12, abs=1e-15)
        apart = np.abs(table - cut_table(network, row.parent, row.child)).sum(axis=-1) / 2
        weights = enumeration.marginal(network, worlds, parents)
        assert row.expected == pytest.approx(float((weights * apart).sum()), rel=1e-9, abs=1e-12)
    plain = edge_strength(network, expected=False)
    assert "expected" not in plain and plain["strength"].tolist() == frame["strength"].tolist()


@settings(relaxed, max_examples=100)
@given(small | strategies.noisy_networks(max_parents=5), st.data())
def test_answers_after_cutting_are_those_of_all_worlds(network: Network, data: st.DataObject) -> None:
    """Each answer is that of the joint with the averaged table; cut_edge gives a network that answers the same."""
    evidence = data.draw(strategies.evidence(network))
    free = [v for v in network.variables if not isinstance(evidence.get(v.name), str)]
    assume(free and edges(network))
    variable = data.draw(st.sampled_from(free))
    state = data.draw(st.sampled_from(variable.states))
    try:
        frame = cut_effects(spasmnet.compile(network), (variable.name, state), evidence)
    except ImpossibleEvidenceError:
        assume(False)
        raise
    assert set(zip(frame["parent"], frame["child"], strict=True)) == edges(network)
    assert frame["change"].abs().is_monotonic_decreasing
    now = enumeration.posteriors(network, evidence)[variable.name][state]
    for row in frame.itertuples():
        table = cut_table(network, row.parent, row.child)
        after = network.with_cpds(
            {row.child: Table(network.parents(row.child), np.minimum(table / table.sum(-1, keepdims=True), 1))}
        )
        expected = enumeration.posteriors(after, evidence)[variable.name][state]
        assert row.answer == pytest.approx(expected, abs=1e-10)
        assert row.change == pytest.approx(expected - now, abs=1e-10)
    parent, child = data.draw(st.sampled_from(sorted(edges(network))))
    without = cut_edge(network, parent, child)
    assert edges(without) == edges(network) - {(parent, child)}
    answer = spasmnet.compile(without).posterior(evidence)[variable.name][state]
    (row,) = frame[(frame["parent"] == parent) & (frame["child"] == child)].itertuples()
    assert row.answer == pytest.approx(answer, abs=1e-10)


def test_many_noisy_parents_need_no_table() -> None:
    """The strength and the effect of thirty parents, whose table would have 2^31 entries."""
    parents = [Variable(f"p{i}", ("no", "yes")) for i in range(30)]
    links = [[[1.0, 0.0], [1 - i / 40, i / 40]] for i in range(30)]
    cpds: dict[str, Any] = {p.name: Table((), [0.9, 0.1]) for p in parents}
    cpds["y"] = NoisyMax([p.name for p in parents], [0.8, 0.2], links)
    network = Network((*parents, Variable("y", ("no", "yes"))), cpds)
    frame = edge_strength(network, expected=False)
    assert frame["parent"].tolist() == [f"p{i}" for i in range(29, -1, -1)]
    assert frame["strength"].tolist() == pytest.approx([0.8 * i / 40 for i in range(29, -1, -1)])
    with pytest.raises(
        SpasmnetError, match=r"^the table of y would have .* entries, above .*; expected=False leaves out"
    ):
        edge_strength(network)
    effects = cut_effects(spasmnet.compile(network), ("p29", "yes"), {"y": "yes"})
    assert effects.iloc[0][["parent", "child"]].tolist() == ["p29", "y"]
    assert effects.iloc[0]["answer"] == pytest.approx(0.1)


def test_edges_of_the_shipped_network() -> None:
    """What the model says of each edge stands beside it, claims in their own words."""
    network = spasmnet.load()
    engine = spasmnet.compile(network)
    frame = cut_effects(engine, ("dehydration", "mild"), {"spasm": "painful"})
    assert list(frame.columns) == [
        "parent", "child", "strength", "answer", "change", "basis", "contested", "claims", "source", "where", "note",
    ]  # fmt: skip
    said = {(edge.parent, edge.child): edge for edge in network.edges}
    for row in frame.itertuples():
        edge = said[row.parent, row.child]
        assert (row.basis, row.contested, row.source) == (edge.basis, edge.contested, edge.source)
        assert row.claims == "; ".join(network.claims[claim] for claim in edge.claims)
    assert set(frame["basis"]) <= {"article", "literature"}
    assert frame.attrs["spasmnet"]["answer"] == pytest.approx(
        engine.posterior({"spasm": "painful"})["dehydration"]["mild"]
    )
    strengths = edge_strength(network)
    both = frame.merge(strengths, on=["parent", "child"])
    assert (both["strength_x"] == both["strength_y"]).all()


def test_measures_and_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log-odds after cutting are those of the cut network, however the edges are divided into batches."""
    engine = spasmnet.compile(classic.load("asia"))
    evidence = {"dysp": "yes", "xray": "yes"}
    frame = cut_effects(engine, ("lung", "yes"), evidence, measure="log_odds")
    assert len(frame) == 8
    for row in frame.itertuples():
        post = spasmnet.compile(cut_edge(engine.network, row.parent, row.child)).posterior(evidence)["lung"]
        assert row.answer == pytest.approx(np.log(post["yes"] / post["no"]), rel=1e-10)
    monkeypatch.setattr(structure, "CHUNK", 1)
    again = cut_effects(engine, ("lung", "yes"), evidence, measure="log_odds")
    assert again["answer"].tolist() == frame["answer"].tolist()


def test_cutting_below_a_deterministic_variable() -> None:
    """A function of two parents becomes a table of the other one."""
    a, b, c = (Variable(name, ("no", "yes")) for name in "abc")
    cpds = {"a": Table((), [0.7, 0.3]), "b": Table((), [0.4, 0.6]), "c": Deterministic(("a", "b"), [[0, 1], [1, 1]], 2)}
    network = Network((a, b, c), cpds)
    assert cut_edge(network, "a", "c").cpds["c"].table().ravel().tolist() == pytest.approx([0.7, 0.3, 0.0, 1.0])
    alone = cut_edge(cut_edge(network, "a", "c"), "b", "c")
    assert alone.cpds["c"].table().tolist() == pytest.approx([0.28, 0.72])


def test_what_is_not_an_edge_is_told() -> None:
    """A missing edge names the parents that there are; an engine is not a network."""
    network = spasmnet.load()
    with pytest.raises(SpasmnetError, match=r"^there is no edge from spasm to dehydration; "):
        cut_edge(network, "spasm", "dehydration")
    with pytest.raises(spasmnet.UnknownVariableError, match=r"did you mean 'dehydration'"):
        cut_edge(network, "spasm", "dehidration")
    with pytest.raises(SpasmnetError, match=r"^a network is needed, not Engine; pass its network"):
        edge_strength(spasmnet.compile(network))  # type: ignore[arg-type]


def test_expected_strengths_of_networks_too_large_for_one_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one circuit for all of a network is too large, each leaf has its own, and the figures are the same."""
    assert (edge_strength(classic.load("munin1"))["expected"] > 0).any()
    alarm = classic.load("alarm")
    whole = edge_strength(alarm)
    monkeypatch.setattr(structure, "MAX_PRODUCTS", 1_000)
    parts = edge_strength(alarm)
    assert parts["expected"].tolist() == pytest.approx(whole["expected"].tolist(), rel=1e-12)
    monkeypatch.setattr(structure, "MAX_PRODUCTS", 10)
    with pytest.raises(CircuitTooLargeError):
        edge_strength(alarm)
