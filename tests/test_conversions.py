"""Models of other libraries: converted by name or by compile, or refused with what to do; and networks made by hand."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import spasmnet
from spasmnet import Network, Table, Variable
from spasmnet.errors import FormatError, ModelError, SpasmnetError, UnknownStateError, UnknownVariableError
from tests.strategies import networks

gum = pytest.importorskip("pyagrum")


def agrum(text: str = "a{lo|mid|hi}->c{no|yes}<-b{x|y};c->d[3];a->d", seed: int = 5) -> Any:
    """A pyAgrum model with random numbers."""
    gum.initRandom(seed)
    return gum.fastBN(text)


def test_agrums_posteriors_are_ours() -> None:
    """compile(model) is compile(from_pyagrum(model)), and answers as pyAgrum does, parents in whatever order."""
    model = agrum()
    network = spasmnet.from_pyagrum(model)
    assert network.by_name["a"].states == ("lo", "mid", "hi")
    engine = spasmnet.compile(model)
    assert engine.network == network
    propagation = gum.LazyPropagation(model)
    propagation.setEvidence({"d": 1, "b": "y"})
    propagation.makeInference()
    post = engine.posterior({"d": "1", "b": "y"})
    for name in ("a", "c"):
        assert list(post[name].values()) == pytest.approx(propagation.posterior(name).tolist(), abs=1e-12)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(networks(max_variables=5, max_parents=3))
def test_every_number_arrives_from_agrum(network: Network) -> None:
    """A network built in pyAgrum entry by entry is the same network here, numbers bit for bit."""
    model = gum.BayesNet("drawn")
    for variable in network.variables:
        model.add(gum.LabelizedVariable(variable.name, "", list(variable.states)))
    for name in network.names:
        for parent in network.parents(name):
            model.addArc(parent, name)
    for name in network.names:
        table, states = network.cpds[name].table(), [network.by_name[p].states for p in (*network.parents(name), name)]
        for place in np.ndindex(table.shape):
            given_states = {n: s[u] for n, s, u in zip((*network.parents(name), name), states, place, strict=True)}
            model.cpt(name)[given_states] = float(table[place])
    again = spasmnet.from_pyagrum(model)
    for name in network.names:
        mine, axes = network.cpds[name].table(), [*network.parents(name), name]
        order = [axes.index(other) for other in (*again.parents(name), name)]
        assert again.by_name[name].states == network.by_name[name].states
        assert np.allclose(again.cpds[name].table(), mine.transpose(order), rtol=0, atol=1e-15)


def test_single_precision_from_agrum_is_repaired() -> None:
    """Rows that single precision has put off are divided by their sums, or refused with normalize=False."""
    model = gum.fastBN("a[3]")
    model.cpt("a").fillWith(np.float32([0.1, 0.2, 0.7]).astype(float).tolist())
    assert math.fsum(spasmnet.from_pyagrum(model).cpds["a"].table()) == pytest.approx(1, abs=1e-15)
    with pytest.raises(ModelError, match=r"variables\.a\.cpd: sums to"):
        spasmnet.from_pyagrum(model, normalize=False)


def test_pgmpy_models_are_compiled() -> None:
    """compile(model) converts a pgmpy model."""
    network = Network([Variable("a", ("n", "y"))], {"a": Table((), [0.25, 0.75])})
    assert spasmnet.compile(spasmnet.to_pgmpy(network)).posterior()["a"]["y"] == 0.75


class _Sorobn:
    pass


class _Diagram:
    pass


_Sorobn.__module__, _Diagram.__module__ = "sorobn.bayes_net", "pyagrum.influence_diagram"


def _bnlearn() -> dict[str, Any]:
    return {"model": spasmnet.to_pgmpy(Network([Variable("a", ("n",))], {"a": Table((), [1.0])})), "adjmat": None}


HINTS = {
    "file": (lambda: "alarm.bif", "not str; read a file with spasmnet.read"),
    "sorobn": (_Sorobn, "not _Sorobn; build a spasmnet.Network from its tables, which are pandas Series in `P`"),
    "bnlearn": (_bnlearn, 'not dict; what the Python package bnlearn returns holds a pgmpy model: pass its ["model"]'),
    "undirected": (_Diagram, "_Diagram is not a pyagrum.BayesNet"),
    "graph": (lambda: __import__("networkx").DiGraph(), "a graph has no probabilities"),
}


@pytest.mark.parametrize(("make", "expected"), HINTS.values(), ids=HINTS)
def test_other_objects_get_a_hint(make: Any, expected: str) -> None:
    """Objects of other libraries are named, with the way that there is."""
    with pytest.raises(SpasmnetError) as caught:
        spasmnet.compile(make())
    assert expected in str(caught.value)


@pytest.mark.parametrize("normalize", ["yes", 1.0, 2], ids=repr)
def test_normalize_has_three_values(normalize: Any) -> None:
    """Anything but True, False and None is refused, also what has no truth value."""
    import pandas as pd

    for value in (normalize, pd.NA, 10**5000):
        with pytest.raises(FormatError, match="normalize is True, False or None, not "):
            spasmnet.from_pyagrum(agrum(), normalize=value)


def test_names_without_a_text_are_refused() -> None:
    """An integer of thousands of digits, for which Python has no text, is no name."""
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    model = DiscreteBayesianNetwork()
    model.add_node("a")
    model.add_cpds(TabularCPD("a", 2, [[0.5], [0.5]], state_names={"a": [10**5000, 1]}))
    with pytest.raises(FormatError, match=r"states of a: an integer of 5,001 digits is not a name"):
        spasmnet.from_pgmpy(model)


@pytest.mark.parametrize(
    "values",
    [np.float32([[0.1, 0.2, 0.7], [1 / 3] * 3]), [[0.333333] * 3, [0.5, 0.3, 0.2]]],
    ids=["float32", "rounded"],
)
def test_the_remedy_for_rounded_rows_works(values: Any) -> None:
    """The message about a network made by hand names a remedy that can be followed word for word."""
    variables = [Variable("a", ("x", "y")), Variable("b", ("x", "y", "z"))]

    def made(values: Any) -> Network:
        return Network(variables, {"a": Table((), [0.5, 0.5]), "b": Table(("a",), values)})

    try:
        made(values)
    except ModelError as error:
        assert "if that is rounding: v = numpy.float64(values); v / v.sum(axis=-1, keepdims=True) makes" in str(error)
    v = np.float64(values)
    assert np.abs(made(v / v.sum(axis=-1, keepdims=True)).cpds["b"].table().sum(axis=-1) - 1).max() <= 1e-15
    with pytest.raises(ModelError) as caught:
        made([[0.5, 0.5, 0.5], [0.5, 0.3, 0.2]])
    assert "rounding" not in str(caught.value)


def test_unknown_names_are_key_errors() -> None:
    """A name that is not there raises what is a KeyError too, reads well, and survives pickling."""
    engine = spasmnet.compile(spasmnet.load())
    for ask, kind in (
        (lambda: engine.posterior({"spams": "none"}), UnknownVariableError),
        (lambda: engine.posterior({"spasm": "nne"}), UnknownStateError),
        (lambda: engine.posterior()["spams"], UnknownVariableError),
        (lambda: engine.posterior()["spasm"]["nne"], UnknownStateError),
        (lambda: engine.network.variable("spams"), UnknownVariableError),
    ):
        with pytest.raises(KeyError) as caught:
            ask()
        error = caught.value
        assert isinstance(error, kind) and isinstance(error, SpasmnetError)
        assert "did you mean 'spasm'?" in str(error) or "did you mean 'none'?" in str(error)
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))
