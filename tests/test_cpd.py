"""Networks made by hand: what is wrong with their distributions is told in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from spasmnet import Deterministic, Network, NoisyMax, Table, Variable
from spasmnet.errors import ModelError

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
