"""The numbers of a network as one vector: table entries, leaks and links, in rows that sum to 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spasmnet.model.cpd import Key

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of some variables of a network.

    `values` holds them, `rows` the first number of each number's row, `sizes` the row's length. `blocks` tells for each
    variable where its numbers begin and what they are: (variable, first number, keys' prefix, shape), where the prefix
    is () for a table, (-1, 0) for a leak, and (i,) for the links of parent i (states from the second on).
    """

    values: Floats
    rows: Ints
    sizes: Ints
    blocks: tuple[tuple[str, int, Key, tuple[int, ...]], ...]

    def place(self, number: int) -> tuple[str, Key]:
        """The variable of a number, and its key among the variable's parameters."""
        starts = [block[1] for block in self.blocks]
        name, first, prefix, shape = self.blocks[int(np.searchsorted(starts, number, side="right")) - 1]
        index = tuple(int(i) for i in np.unravel_index(number - first, shape))
        return name, (prefix[0], index[0] + 1, index[1]) if len(prefix) == 1 else (*prefix, *index)

    def index(self, place: tuple[str, Key]) -> int | None:
        """The number at a place; None if its variable is not among these."""
        name, key = place
        for owner, first, prefix, shape in self.blocks:
            if owner == name and key[: len(prefix)] == prefix:
                index = key[len(prefix) :]
                return first + int(np.ravel_multi_index((index[0] - 1, index[1]) if len(prefix) == 1 else index, shape))
        return None
