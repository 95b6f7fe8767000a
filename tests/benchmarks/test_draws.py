"""Uncertain numbers: many networks drawn in one batch, and the ways to do without."""

from __future__ import annotations

import numpy as np
import pytest

import spasmnet
from tests.benchmarks import cases
from tests.benchmarks.conftest import Add, timed
from tests.benchmarks.report import Row

SHIPPED = "muscle_spasm"
DRAWS = 10_000


@pytest.fixture(scope="module")
def engine() -> spasmnet.Engine:
    """The shipped network."""
    return spasmnet.compile(spasmnet.load(SHIPPED))


def test_parameter_draws(engine: spasmnet.Engine, add: Add) -> None:
    """10,000 parameter draws, all posteriors of one case, their intervals included."""
    (case,) = cases.evidence(engine.network, 0.1, 1, np.random.default_rng(1))

    def draw() -> object:
        return spasmnet.credible_intervals(engine, case, draws=DRAWS, rng=np.random.default_rng(2)).ends

    add(Row(f"{DRAWS:,} parameter draws, all posteriors of one case", SHIPPED, timed(draw, 5), most_asked=1.0))


def test_delta_method(engine: spasmnet.Engine, add: Add) -> None:
    """The same intervals by the delta method; the posterior that carries them."""
    (case,) = cases.evidence(engine.network, 0.1, 1, np.random.default_rng(1))
    add(Row("one case with intervals (delta method)", SHIPPED, timed(lambda: engine.posterior(case, interval=0.9), 9)))


def test_sobol_indices(engine: spasmnet.Engine, add: Add) -> None:
    """First-order and total indices of every number that matters, for one query."""
    target, evidence = ("dehydration", "mild"), {"spasm": "painful", "heavy_sweating": "present"}
    add(Row("Sobol indices, one query, 512 samples", SHIPPED,
            timed(lambda: spasmnet.sobol_indices(engine, target, evidence), 3)))  # fmt: skip


def test_decision_robustness(engine: spasmnet.Engine, add: Add) -> None:
    """Robustness of the leading cause and of the level of care, with all crossings."""
    evidence = {"spasm": "painful", "heavy_sweating": "present"}
    add(Row("robustness of the decision, 2,000 draws", SHIPPED,
            timed(lambda: spasmnet.decision_robustness(engine, evidence).overturning, 5)))  # fmt: skip
