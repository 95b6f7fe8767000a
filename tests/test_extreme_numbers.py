"""Numbers down to 1e-307 and likelihoods to 1e±300: every way of answering has ten digits, nothing is NaN or falsely impossible."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import Network, NoisyMax, Table, Variable
from spasmnet.inference.depth import EXTREME, SAFE, Depth
from spasmnet.inference.engine import Engine
from tests import classic, enumeration
from tests.soak import networks as soak

YES_NO = ("no", "yes")


def yes_no(cpds: dict[str, Any]) -> Network:
    """A network of variables that are no or yes."""
    return Network([Variable(name, YES_NO) for name in cpds], cpds)


def chain(p: float) -> Network:
    """c needs b, which needs a and a chance of its own: P(b) = p²."""
    return yes_no(
        {
            "a": Table((), [1 - p, p]),
            "b": Table(("a",), [[1, 0], [1 - p, p]]),
            "c": Table(("b",), [[1, 0], [0.25, 0.75]]),
        }
    )


def ways(engine: Engine) -> dict[str, Engine]:
    """An engine that answers by its circuit, and one that has none."""
    return {"circuit": engine, "no circuit": Engine(engine.network, engine._order, None, engine.plan)}


@pytest.mark.parametrize("p", [1e-100, 1e-154, 1e-160, 1e-200, 1e-307])
def test_constants_are_not_lost_while_compiling(p: float) -> None:
    """What needs two numbers of 1e-200 together is possible, and certain where nothing else explains a finding."""
    weight = max(p, 1e-300)
    for name, engine in ways(spasmnet.compile(chain(p))).items():
        post = engine.posterior({"c": "yes"})
        assert post["a"]["yes"] == post["b"]["yes"] == 1.0, name
        assert post.log_evidence == pytest.approx(2 * math.log(p) + math.log(0.75), rel=1e-14), name
        half = engine.posterior({"c": {"no": 1.0, "yes": 1.0}, "b": {"no": weight, "yes": 1.0}})
        share = Fraction(p) ** 2 / (Fraction(weight) * (1 - Fraction(p) ** 2) + Fraction(p) ** 2)
        assert half["b"]["yes"] == pytest.approx(float(share), rel=1e-12), name
        table = engine.posteriors(pd.DataFrame({"c": ["yes", "no"], "b": [None, "yes"]}))
        assert table["a", "yes"].tolist() == [1.0, 1.0], name
        assert not table.isna().any(axis=None), name
    engine = spasmnet.compile(chain(p))
    assert engine.joint(["a", "b"], {"c": "yes"}).tolist() == [0, 0, 0, 1]
    assert dict(engine.most_probable({"c": "yes"}).assignment) == dict.fromkeys("abc", "yes")
    with pytest.raises(spasmnet.ImpossibleEvidenceError) as caught:
        engine.posterior({"b": "yes", "a": "no", "c": "yes"})
    assert caught.value.findings == {"b": "yes", "a": "no"}
    found = spasmnet.parameter_sensitivity(engine, ("a", "yes"), {"b": {"no": weight, "yes": 1.0}})
    numbers = found.frame[["alpha", "beta", "gamma", "delta", "derivative", "minimum", "maximum", "vertex_proximity"]]
    assert not numbers.isna().any(axis=None)
    assert found.answer == pytest.approx(engine.posterior({"b": {"no": weight, "yes": 1.0}})["a"]["yes"], rel=1e-12)


@pytest.mark.parametrize("parents", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("power", [-100, -200, -300])
def test_noisy_max_keeps_its_digits(parents: int, power: int) -> None:
    """P(none) of a noisy-OR is a product of small numbers, in a table and in a chain, asked as it is and as the best."""
    q = 10.0**power
    causes = {f"p{i}": Table((), [0.5, 0.5]) for i in range(parents)}
    effect = NoisyMax(tuple(causes), [q, 1 - q], [[[1, 0], [q, 1 - q]]] * parents)
    network = yes_no(causes | {"effect": effect})
    for name, engine in ways(spasmnet.compile(network)).items():
        post = engine.posterior({"effect": "no"})
        exact = math.log(q) + parents * math.log((1 + q) / 2)
        assert post.log_evidence == pytest.approx(exact, rel=1e-13), name
        assert post["p0"]["yes"] == pytest.approx(q / (1 + q), rel=1e-12), name
        all_there = dict.fromkeys(causes, "yes") | {"effect": "no"}
        expected = parents * math.log(0.5) + (parents + 1) * math.log(q)
        assert engine.posterior(all_there).log_evidence == pytest.approx(expected, rel=1e-13), name
    explanation = spasmnet.compile(network).most_probable(all_there)
    assert explanation.log_probability == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_large_and_small_likelihoods(size: float) -> None:
    """Likelihoods matter by their ratios, however large or small they are; ln P(e) has their product."""
    soft = {name: {"no": size, "yes": size / 2} for name in ("dysp", "xray", "smoke")}
    network = classic.load("asia")
    for name, engine in ways(spasmnet.compile(network)).items():
        post = engine.posterior(soft)
        values, power = enumeration.scaled_joint(network, soft)
        exact = float(np.log(values.sum())) + power * math.log(2)
        assert post.log_evidence == pytest.approx(exact, rel=1e-12), name
        lung = enumeration.marginal(network, values, ["lung"]) / values.sum()
        assert list(post["lung"].values()) == pytest.approx(lung.astype(float).tolist(), rel=1e-12), name


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32 - 1))
def test_every_way_of_answering(seed: int) -> None:
    """Random networks of every kind, extreme ones among them, beside enumeration with an exponent of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert soak.faults(seed, 0, Counter()) == []


def test_ordinary_networks_stay_quick() -> None:
    """No classic network, nor the shipped one, needs the extended range."""
    for network in (spasmnet.load(), *map(classic.load, classic.SMALL)):
        assert not spasmnet.compile(network).plan.depth.extended, network.name
    assert not Depth(SAFE + 1, EXTREME).extended
    assert not Depth(SAFE, EXTREME + 1).extended
    assert Depth(SAFE + 1, EXTREME + 1).extended
