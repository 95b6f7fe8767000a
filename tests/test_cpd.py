"""Networks made by hand: what is wrong with their distributions is told in words."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import Deterministic, Network, NoisyMax, Table, Variable
from spasmnet.errors import ModelError
from spasmnet.model.cpd import proper_rows
from spasmnet.model.parameter import Parameter
from tests.strategies import rows

EPSILON = Fraction(1, 2**52)
RAGGED = "all rows need equally many numbers, nested one level deep for each parent"
WRONG: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: Table(("rain",), [[0.9, 0.1], [0.2]]), "a Table with the parents rain", f"values: {RAGGED}"),
    (lambda: Table(("a", "b"), [[0.5, 0.5], [[0.2, 0.8]]]), "a Table with the parents a, b", f"values: {RAGGED}"),
    (lambda: Table((), ["low", "high"]), "a Table", "values: numbers are needed (could not convert string to float: 'low')"),
    (lambda: Table((), {"no": 0.8, "yes": 0.2}), "a Table", "values: numbers are needed (float() argument must be"),
    (lambda: NoisyMax(("a",), [0.9, "x"], [[[1, 0], [0.5, 0.5]]]), "a NoisyMax with the parents a", "leak: numbers are needed"),
    (lambda: NoisyMax(("a", "b"), [0.9, 0.1], [[[1, 0], [0.5, 0.5]], [[1, 0], [0.5]]]), "a NoisyMax with the parents a, b", f"links[1]: {RAGGED}"),
    (
        lambda: Deterministic(("a",), [0.7, 1], 2),
        "a Deterministic with the parents a",
        "outcome: numbers are needed (positions of states are whole numbers, counted from 0)",
    ),
    (lambda: Deterministic(("a",), [0, [1]], 2), "a Deterministic with the parents a", f"outcome: {RAGGED}"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "where", "message"), WRONG)
def test_what_is_no_array_of_numbers(make: Callable[[], Any], where: str, message: str) -> None:
    """Rows of unequal length, words and mappings: which part of which distribution, and what is needed."""
    with pytest.raises(ModelError) as caught:
        make()
    (problem,) = caught.value.problems
    assert caught.value.origin == where
    assert str(problem).startswith(message)


def test_all_problems_of_a_network_at_once() -> None:
    """Rows off 1 with their place, an unknown parent with what was probably meant, and a wrong shape."""
    names = ("rain", "sprinkler", "wet", "slippery")
    with pytest.raises(ModelError) as caught:
        Network(
            [Variable(name, ("no", "yes")) for name in names],
            {
                "rain": Table((), [0.75, 0.5]),
                "sprinkler": Table(("rain",), [[0.5, 0.25], [0.5, 0.5]]),
                "wet": Table(("rian",), [[0.9, 0.1], [0.2, 0.8]]),
                "slippery": Table(("wet",), [[0.5, 0.5]]),
            },
        )
    assert [str(problem) for problem in caught.value.problems] == [
        "variables.rain.cpd: a row does not sum to 1 within 1e-09: 1.25",
        "variables.sprinkler.cpd: a row does not sum to 1 within 1e-09: 0.75 at (0,)",
        "variables.wet.parents.rian: there is no variable of that name; did you mean 'rain'?",
        "variables.slippery.cpd: has shape (1, 2), but its parents' and own states make (2, 2)",
    ]


def exact_sum(row: np.ndarray[Any, Any]) -> Fraction:
    """The sum of floats without any rounding."""
    return sum(map(Fraction, row.tolist()), Fraction(0))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(-9e-10, 9e-10))
def test_dust_is_removed(seed: int, states: int, dust: float) -> None:
    """Rows off by up to 1e-9 sum to 1 but for rounding, numbers keep their proportion, and once is enough."""
    values = rows(np.random.default_rng(seed), (5, states))
    values[0] *= 1 + dust
    values[1, -1] += dust
    made = Table(("a",), values).values
    assert proper_rows(made) is made
    for before, after in zip(values, made, strict=True):
        assert abs(exact_sum(after) - 1) <= (states - 1) * EPSILON
        if abs(exact_sum(before) - 1) <= (states - 1) * EPSILON and before.min() >= 0 and before.max() <= 1:
            assert after.tolist() == before.tolist()
        np.testing.assert_allclose(after, np.clip(before, 0, 1), rtol=1.1e-9, atol=0)
    assert made[1].min() >= 0
    assert made[1].max() <= 1


def test_rows_further_off_are_refused_as_they_were_written() -> None:
    """Nothing is repaired beyond 1e-9: the message shows the number that was given."""
    for row in ([0.5, 0.5 + 2e-9], [1 + 2e-9, -2e-9], [1.0, -1e-8], [np.nan, 1.0], [0.9, 0.2], [1e300, 1e300]):
        assert Table((), row).values.tolist() == pytest.approx(row, abs=0, nan_ok=True)
        with pytest.raises(ModelError):
            Network([Variable("a", ("no", "yes"))], {"a": Table((), row)})


def test_a_row_off_by_dust_has_the_answer_of_the_distribution() -> None:
    """No evidence has probability 1 and the posterior adds up, of tables and of noisy-OR alike; the citation stays."""
    cited = Parameter(0.5 + 4.5e-10, 0.4, 0.6, "source")
    network = Network(
        [Variable(name, ("no", "yes")) for name in "abc"],
        {
            "a": Table((), [0.5, 0.5 + 4.5e-10], {(1,): cited}),
            "b": NoisyMax(("a",), [1.0 + 1e-10, -1e-12], [[[1, 1e-12], [0.25, 0.75 - 8e-10]]]),
            "c": Table(("b",), [[1.0000000000000002, -2.8e-17], [0, 1]]),
        },
    )
    post = spasmnet.compile(network).posterior()
    assert post.log_evidence == 0.0
    assert post["a"]["yes"] == pytest.approx(float(Fraction(0.5 + 4.5e-10) / (1 + Fraction(4.5e-10))), abs=1e-15)
    assert post["c"]["yes"] == pytest.approx(0.375, abs=1e-9)
    assert network.cpds["b"].links[0][0].tolist() == [1.0, 0.0]  # type: ignore[union-attr]
    assert network.cpds["a"].parameters[1,] == cited
    assert pickle.loads(pickle.dumps(network)).digest == network.digest
