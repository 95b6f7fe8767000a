"""Contractions against numpy, forwards and backwards, for shapes, layouts and sums of all sorts."""

from __future__ import annotations

import pickle
import time
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spasmnet import CircuitTooLargeError
from spasmnet.inference import contraction, layout
from spasmnet.inference.contraction import NO, Operand, Work, operand, plan
from spasmnet.inference.halves import halves, side_by_side

LETTERS = "abcdefgh"


@st.composite
def products(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, ...]], list[np.ndarray]]:
    """Numbers of states, and tensors over some of the variables, each variable in one at least."""
    cards = draw(st.lists(st.sampled_from([1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33]), min_size=1, max_size=5))
    while prod(cards) > 20_000:
        cards[cards.index(max(cards))] = 2
    variables = st.integers(0, len(cards) - 1)
    scopes = draw(st.lists(st.lists(variables, unique=True, max_size=4).map(tuple), min_size=1, max_size=5))
    scopes += [(v,) for v in range(len(cards)) if not any(v in scope for scope in scopes)]
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    tables = [rng.random([cards[v] for v in scope]) * (rng.random([cards[v] for v in scope]) < 0.8) for scope in scopes]
    return cards, scopes, tables


def worked(
    cards: list[int], scopes: list[tuple[int, ...]], tables: list[np.ndarray]
) -> tuple[Work, list[slice], float]:
    operands, places, size = [], [], 0
    for scope, table in zip(scopes, tables, strict=True):
        operands.append(operand(scope, size, table.shape, {}, True))
        places.append(slice(size, size + table.size))
        size += table.size
    planned = plan(operands, cards, size + 1, one=size)
    work = Work(planned, np.concatenate([*(table.ravel() for table in tables), np.ones(1)]))
    return work, places, work.forwards()


@settings(deadline=None, max_examples=150)
@given(products(), st.booleans())
def test_sums_of_products_and_their_derivatives(
    drawn: tuple[list[int], list[tuple[int, ...]], list[np.ndarray]], large: bool
) -> None:
    """The value and every derivative are what einsum says, also when the work is split between two threads."""
    cards, scopes, tables = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "LARGE", 0 if large else 10**9)
        patch.setattr(contraction, "SMALL", 0 if large else 500)
        work, places, value = worked(cards, scopes, tables)
    _agree(cards, scopes, tables, work, places, value)


def _agree(
    cards: list[int], scopes: list[tuple[int, ...]], tables: list[np.ndarray], work: Work, places: list[slice],
    value: float,
) -> None:  # fmt: skip
    """Compare a result and its derivatives, also when the memory is used again, with einsum."""
    subscripts = ["".join(LETTERS[v] for v in scope) for scope in scopes]
    assert value == pytest.approx(float(np.einsum(",".join(subscripts) + "->", *tables)), rel=1e-12)
    for _ in range(2):
        assert work.forwards() == value
        work.backwards()
    for i, place in enumerate(places):
        others = [np.ones([cards[v] for v in scopes[i]]) if i == j else table for j, table in enumerate(tables)]
        expected = np.einsum(",".join(subscripts) + "->" + subscripts[i], *others)
        assert work.slopes[place] == pytest.approx(expected.ravel(), rel=1e-12, abs=1e-300)


def test_many_axes_in_any_order() -> None:
    """Matrix products and copies that loop over more axes than their innermost code does."""
    cards = [3, 2, 4, 5, 9, 3]
    seen = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contraction, "SMALL", 0)
        for seed in range(60):
            rng = np.random.default_rng(seed)
            scopes = [tuple(rng.permutation(6)[: rng.integers(3, 7)].tolist()) for _ in range(4)]
            scopes += [(v,) for v in range(6)]
            tables = [rng.random([cards[v] for v in scope]) for scope in scopes]
            work, places, value = worked(cards, scopes, tables)
            seen |= {kind for loops, kind in _steps(work) if loops > 3}
            _agree(cards, scopes, tables, work, places, value)
    assert {contraction.MATRIX, contraction.COPY} <= seen


def _steps(work: Work) -> list[tuple[int, int]]:
    """How many loops each step has, and of which kind it is."""
    planned = work._plan
    return [(int(planned.steps[i]), int(planned.steps[i + 1])) for i in planned.starts]


def test_observed_variables_are_views() -> None:
    """A tensor with an observed variable is the same memory, and the entries of other states have derivative 0."""
    table = np.arange(1.0, 25.0).reshape(2, 3, 4)
    planned = plan([operand((0, 1, 2), 0, table.shape, {1: 2}, True)], (2, 3, 4), 25, one=24)
    work = Work(planned, np.append(table.ravel(), 1.0))
    assert work.forwards() == table[:, 2].sum()
    work.backwards()
    slopes = work.slopes[:24].reshape(table.shape)
    assert (slopes[:, 2] == 1.0).all() and not slopes[:, :2].any()


def test_what_is_not_wanted_is_not_computed() -> None:
    """Derivatives of constants are left alone; a plan can be pickled."""
    leaves = [Operand((0,), 0, (1,), False), Operand((0,), 3, (1,), True)]
    planned = pickle.loads(pickle.dumps(plan(leaves, (3,), 7, one=6)))
    work = Work(planned, np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 1.0]))
    work.forwards()
    work.backwards()
    assert work.slopes[:6].tolist() == [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]
    assert NO in planned.steps


def test_too_large_is_refused_first() -> None:
    """Nothing is allocated for a product that exceeds the limit."""
    leaves = [Operand(tuple(range(30)), 0, tuple(2**i for i in range(30)), True)]
    with pytest.raises(CircuitTooLargeError, match="big"):
        plan(leaves, (2,) * 30, 1, one=0, name="big", max_products=10**6)


def test_side_by_side() -> None:
    """Both are done when it returns, each once, whoever does the other."""
    for slow in (0.0, 0.01):
        for _ in range(20):
            done: list[str] = []
            side_by_side(lambda: (time.sleep(slow), done.append("one")), lambda: done.append("other"))  # noqa: B023
            assert sorted(done) == ["one", "other"]


@given(st.data())
def test_places_do_not_overlap(data: st.DataObject) -> None:
    """What is needed at the same time lies in different places, and what is no longer needed is used again."""
    n = data.draw(st.integers(1, 30))
    used: list[list[int]] = [[] for _ in range(n)]
    for i in range(n - 1):  # a tree
        used[data.draw(st.integers(i + 1, n - 1))].append(i)
    sizes, costs = (data.draw(st.lists(st.integers(1, 9), min_size=n, max_size=n)) for _ in range(2))
    copies = [len(earlier) == 1 and data.draw(st.booleans()) for earlier in used]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "LARGE", data.draw(st.sampled_from([0, 10**9])))
        found = layout.arrange(used, costs, sizes, copies, 5)
    assert sorted(i for part in found.parts for i in part) == list(range(n))

    def disjoint(places: dict[int, int], needed: set[int]) -> bool:
        cells = [cell for i in needed for cell in range(places[i], places[i] + sizes[i])]
        return len(cells) == len(set(cells)) and all(5 <= cell < found.size for cell in cells)

    one, other, rest = (list(part) for part in found.parts)
    for first, second in ((one, other), (other, one)):  # whichever of the two comes first
        needed: set[int] = set()
        for i in (*first, *second, *rest):
            assert set(used[i]) <= needed
            needed.add(i)
            assert disjoint(found.results, needed)
            needed -= set(used[i]) if copies[i] else set()
        needed = {n - 1}
        for i in (*rest[::-1], *first[::-1], *second[::-1]):
            assert i in needed
            needed |= set(used[i])
            assert disjoint(found.slopes, needed)
            needed.remove(i)


def test_what_is_no_longer_needed_is_used_again() -> None:
    """A chain of a hundred steps needs memory for the derivatives of two."""
    found = layout.arrange([[], *([i] for i in range(99))], [1] * 100, [7] * 100, [False] * 100, 0)
    assert max(found.slopes.values()) == 7
    assert max(found.results.values()) == 7 * 99


def test_halves() -> None:
    """Two branches of equal cost run side by side; a chain cannot be split."""
    one, other, rest = halves([5, 5, 4, 4, 1], [[], [], [0], [1], [2, 3]])
    assert (sorted([one, other]), rest) == ([[0, 2], [1, 3]], [4])
    assert halves([5, 5, 5], [[], [0], [1]]) == ([], [], [0, 1, 2])
