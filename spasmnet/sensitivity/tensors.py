"""One query as contractions of tensors whose entries are the model's numbers, with the derivative of each.

The same polynomial as in polynomial.py, which is a circuit for many sets of numbers; this is for the numbers as they
are, and needs no compiling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.contraction import NO_SUMS, Plan, Work, operand, plan
from spasmnet.model.network import Network
from spasmnet.parameters.vector import Numbers
from spasmnet.sensitivity.leaves import Leaves

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tensors:
    """P(evidence) from the distributions of `names`, as a contraction.

    The leaves are the numbers, then tensors whose entries are numbers or sums of them (links of noisy-MAX), then 1,
    then the indicators: `free` maps each free variable to the place of its own.
    """

    names: tuple[str, ...]
    plan: Plan
    numbers: Numbers
    leaves: Floats
    free: Mapping[str, slice]
    _idle: list[Work] = field(default_factory=list)

    def __reduce__(self) -> tuple[type[Tensors], tuple[object, ...]]:
        return type(self), (self.names, self.plan, self.numbers, self.leaves, self.free)

    def differentiate(self, weights: Mapping[str, Floats]) -> Work:
        """Run forwards and backwards, with 1 for indicators not in `weights`; give the memory back with `release`."""
        work = self._with(weights)
        work.forwards()
        work.backwards()
        return work

    def value(self, weights: Mapping[str, Floats]) -> float:
        """P(evidence)."""
        work = self._with(weights)
        found = work.forwards()
        self.release(work)
        return found

    def _with(self, weights: Mapping[str, Floats]) -> Work:
        try:
            work = self._idle.pop()
        except IndexError:
            work = Work(self.plan, self.leaves)
        for name, place in self.free.items():
            work.values[place] = weights.get(name, 1.0)
        return work

    def release(self, work: Work) -> None:
        """Keep the memory for a later run."""
        self._idle.append(work)


def tensors(
    network: Network, names: Sequence[str], free: Sequence[str], observed: Mapping[str, str], max_products: int
) -> Tensors:
    """Plan P(observed) from the distributions of `names`, as a function of them and of indicators of `free` variables.

    Raises CircuitTooLargeError before anything large is allocated.
    """
    position = {name: i for i, name in enumerate(network.names)}
    fixed = {position[name]: network.by_name[name].state_index(state) for name, state in observed.items()}
    leaves = Leaves(network)
    symbols = [symbol for name in names for symbol in leaves.add(name)]
    numbers, (first, last) = leaves.numbers(), leaves.sums()
    parts, sums = [numbers.values], [NO_SUMS]
    size = len(numbers.values)
    operands = []
    for scope, ids in ((symbol.scope, symbol.nodes) for symbol in symbols):
        if ids.flat[0] >= 2 and ids.flat[-1] - ids.flat[0] == ids.size - 1:  # a table or a leak: the numbers themselves
            operands.append(operand(scope, int(ids.flat[0]) - 2, ids.shape, fixed, True))
            continue
        filled, behind = _filled(ids.ravel(), numbers.values, first, last, size)
        operands.append(operand(scope, size, ids.shape, fixed, len(behind) > 0))
        parts.append(filled)
        sums.append(behind)
        size += ids.size
    one = size
    size += 1
    places = {}
    for name in free:
        states = len(network.by_name[name].states)
        operands.append(operand((position[name],), size, (states,), {}, True))
        places[name] = slice(size, size + states)
        size += states
    parts.append(np.ones(size - one))
    planned = plan(
        operands, leaves.cards, size, one=one, sums=np.concatenate(sums), name=network.name, max_products=max_products
    )
    return Tensors(tuple(names), planned, numbers, np.concatenate(parts), places)


def _filled(ids: Ints, values: Floats, first: Ints, last: Ints, offset: int) -> tuple[Floats, Ints]:
    """The entries of a tensor of constants, numbers and sums of numbers, and which numbers are behind each entry."""
    filled, behind = ids.astype(np.float64), []
    for k, i in enumerate(ids.tolist()):
        if i < 0 or i >= 2:
            a, b = (i - 2, i - 2) if i >= 2 else (int(first[-2 - i]), int(last[-2 - i]))
            filled[k] = values[a : b + 1].sum()
            behind.append((offset + k, a, b))
    return filled, np.array(behind, dtype=np.int64).reshape(-1, 3)
