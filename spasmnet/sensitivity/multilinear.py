"""Multilinear forms, known by their values where every argument is at an end."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Multilinear:
    """A function of n numbers that is linear in each, or is so in each cell of a grid.

    `knots` are each number's places in the grid (two if there is one cell only), `values` the function there, with an
    axis a number. Between the knots it is a weighted mean of them: nothing is subtracted.

    >>> product_of_two = Multilinear((np.array([0.0, 1.0]),) * 2, np.array([[0.0, 0.0], [0.0, 1.0]]))
    >>> float(product_of_two(np.array([0.5, 0.2])))
    0.1
    """

    knots: tuple[Floats, ...]
    values: Floats

    def __call__(self, points: Floats) -> Floats:
        """The values at some points; the first axis is the numbers'."""
        return self._mixed(points, None)

    def slope(self, points: Floats, along: int) -> Floats:
        """The derivative along one number; at a knot, towards larger numbers."""
        return self._mixed(points, along)

    def _mixed(self, points: Floats, along: int | None) -> Floats:
        cells, shares = [], []
        for k, (ends, t) in enumerate(zip(self.knots, points, strict=True)):
            cell = np.searchsorted(ends[1:-1], t, side="right")
            width = ends[cell + 1] - ends[cell]
            share = (t - ends[cell]) / width
            cells.append(cell)
            shares.append((-1.0 / width, 1.0 / width) if k == along else (1.0 - share, share))
        found = np.zeros(points.shape[1:])
        for corner in product((0, 1), repeat=len(self.knots)):
            weight = np.ones(points.shape[1:])
            for share, side in zip(shares, corner, strict=True):
                weight = weight * share[side]
            found += weight * self.values[tuple(cell + side for cell, side in zip(cells, corner, strict=True))]
        return found

    def coefficients(self, kinds: Sequence[Hashable]) -> Floats:
        """The coefficients of all products in the last cell, shape (2,)·n: [1, 0, 1] is for the first times the third.

        Those of products of two numbers of one kind are exactly 0.
        """
        found = self.values
        for axis, ends in enumerate(self.knots):
            low, high = (found.take(i, axis=axis) for i in (-2, -1))
            slope = (high - low) / (ends[-1] - ends[-2])
            found = np.stack([low - slope * ends[-2], slope], axis=axis)
        for used in product((0, 1), repeat=len(kinds)):
            chosen = [kind for kind, is_in in zip(kinds, used, strict=True) if is_in]
            if len(set(chosen)) < len(chosen):
                found[used] = 0.0
        return found
