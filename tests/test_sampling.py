"""Cases drawn from a network are as often what the joint distribution says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet.errors import SpasmnetError
from spasmnet.model import sampling
from tests import enumeration
from tests.strategies import any_networks

DRAWS = 4000


@settings(max_examples=30)
@given(any_networks, st.integers(0, 2**32 - 1), st.booleans())
def test_states_come_as_often_as_enumeration_says(network: spasmnet.Network, seed: int, by_definition: bool) -> None:
    """Each variable's shares, and none of probability 0; noisy-MAX also without its table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "MOST_ROWS", 0 if by_definition else 100_000)
        cases = spasmnet.sample(network, DRAWS, rng=np.random.default_rng(seed))
    truth = enumeration.posteriors(network, {})
    assert list(cases.columns) == list(network.names)
    for variable in network.variables:
        shares = cases[variable.name].value_counts()
        assert list(cases[variable.name].cat.categories) == list(variable.states)
        for state, p in truth[variable.name].items():
            spread = np.sqrt(p * (1 - p) / DRAWS)
            assert abs(shares[state] / DRAWS - p) <= 6 * spread + 1e-9
            assert p > 0 or shares[state] == 0


def test_two_variables_come_together_as_often_as_they_should() -> None:
    """Not only each variable by itself: a cause and a finding, and an observation that nothing can contradict."""
    network = spasmnet.load()
    cases = spasmnet.sample(network, 40_000, rng=np.random.default_rng(5))
    joint = spasmnet.compile(network).joint(["dehydration", "thirst_dry_mouth"])
    shares = cases.groupby(["dehydration", "thirst_dry_mouth"], observed=False).size() / len(cases)
    assert (shares - joint).abs().max() < 0.01
    assert spasmnet.compile(network).posteriors(cases[:200], targets=["dehydration"]).notna().all().all()


def test_the_same_generator_gives_the_same_cases() -> None:
    """Reproducible, also by default; different generators differ; interventions hold."""
    network = spasmnet.load()
    first = spasmnet.sample(network, 50)
    assert first.equals(spasmnet.sample(network, 50))
    assert first.equals(spasmnet.sample(network, 50, rng=np.random.default_rng(0)))
    assert not first.equals(spasmnet.sample(network, 50, rng=np.random.default_rng(1)))
    assert (spasmnet.sample(spasmnet.do(network, {"trauma": "present"}), 50)["trauma"] == "present").all()
    assert spasmnet.sample(network, 0).shape == (0, 48)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("alarm", 3), "takes a network"),
        ((None, -1), "whole number"),
        ((None, 2.5), "whole number"),
        ((None, True), "whole"),
    ],
)
def test_what_is_not_understood_is_refused(arguments: tuple[Any, Any], said: str) -> None:
    network, cases = arguments
    with pytest.raises(SpasmnetError, match=said):
        spasmnet.sample(network or spasmnet.load(), cases)
    with pytest.raises(SpasmnetError, match="numpy Generator"):
        spasmnet.sample(spasmnet.load(), 3, rng=7)  # type: ignore[arg-type]
