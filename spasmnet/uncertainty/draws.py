"""Networks drawn from the distributions of their numbers, and what they answer: one batch, on all processors.

Each cited number with a range is drawn. What a row's numbers leave over goes to its state without a number of its
own (a complement); a row whose numbers exceed 1 together is divided by its sum. This is what
`spasmnet.parameters.assignment.with_values` does, here for many draws at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.cases import wide_indicators
from spasmnet.inference.rows import processors
from spasmnet.kernels.layout import TINY
from spasmnet.model.cpd import Key
from spasmnet.model.network import Network
from spasmnet.parameters.names import Place
from spasmnet.parameters.vector import Numbers
from spasmnet.sensitivity.polynomial import Polynomial, polynomial
from spasmnet.sensitivity.scaling import split
from spasmnet.uncertainty.distributions import Distributions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
BLOCK = 512  # draws that share a stream of random numbers


class Rows:
    """Where the numbers with distributions stand in a query's vector, and how their rows are made to sum to 1.

    `used` are those distributions whose numbers the query has, `columns` their numbers.
    """

    def __init__(self, network: Network, numbers: Numbers, distributions: Distributions) -> None:
        self._base = numbers.values
        self._count = len(distributions.places)
        found = _number_of(numbers, distributions.places)
        self.used = np.array([i for i, j in enumerate(found) if j >= 0], dtype=np.int64)
        self.columns = np.array([j for j in found if j >= 0], dtype=np.int64)
        drawn: dict[int, list[int]] = {}  # by the first number of a row: the used distributions
        for i, start in enumerate(numbers.rows[self.columns].tolist()):
            drawn.setdefault(start, []).append(i)
        self._drawn = list(drawn.values())
        self._own: list[Ints] = []
        rest = []
        for start, members in drawn.items():
            whole = np.arange(start, start + numbers.sizes[start])
            name, key = distributions.places[self.used[members[0]]]
            parameters = network.cpds[name].parameters
            own = {k[-1] for k, p in parameters.items() if k[:-1] == key[:-1] and not p.complement}
            others = [j for y, j in enumerate(whole.tolist()) if y not in own]
            rest.append(others[0] if len(others) == 1 else -1)
            self._own.append(np.array([start + y for y in sorted(own)]) if rest[-1] >= 0 else whole)
        self._rest = np.array(rest, dtype=np.int64)
        self._ready = np.concatenate([np.zeros(0, dtype=np.int64), *self._own])
        self._starts = np.cumsum([0, *map(len, self._own)])[:-1]

    def filled(self, drawn: Floats) -> Floats:
        """The query's numbers for draws of all distributions, one draw a row."""
        values = np.tile(self._base, (len(drawn), 1))
        values[:, self.columns] = drawn[:, self.used]
        if len(self.columns):
            totals = np.add.reduceat(values[:, self._ready], self._starts, axis=1)
            remainder = self._rest >= 0
            values[:, self._rest[remainder]] = np.maximum(0.0, 1.0 - totals[:, remainder])
            divided = (totals > 1.0) | ~remainder
            for row in np.flatnonzero(divided.any(axis=0)).tolist():
                at = np.flatnonzero(divided[:, row])
                values[np.ix_(at, self._own[row])] /= totals[at, row][:, None]
        return values

    def slopes(self, drawn: Floats, gradient: Floats) -> Floats:
        """Derivatives with respect to all distributions' numbers, their rows following as they do in draws.

        `drawn` is the point, all distributions' numbers; `gradient` holds the derivatives at that point (first axis:
        of what) with every number taken as independent.
        """
        values = self._base.copy()
        values[self.columns] = drawn[self.used]
        found = gradient[..., self.columns].copy()
        for here, own, rest in zip(self._drawn, self._own, self._rest.tolist(), strict=True):
            total = values[own].sum()
            if rest >= 0 and total <= 1.0:
                found[..., here] -= gradient[..., [rest]]
            else:
                found[..., here] -= (gradient[..., own] @ (values[own] / total))[..., None]
                found[..., here] /= total
        slopes = np.zeros((*gradient.shape[:-1], self._count))
        slopes[..., self.used] = found
        return slopes


def _number_of(numbers: Numbers, places: Sequence[Place]) -> list[int]:
    """The numbers at some places, or -1 for those that the query does not have."""
    blocks: dict[tuple[str, Key], tuple[int, tuple[int, ...]]] = {
        (name, prefix): (first, shape) for name, first, prefix, shape in numbers.blocks
    }
    found = []
    for name, key in places:
        j = -1
        if (name, ()) in blocks:
            first, shape = blocks[name, ()]
            j = first + int(np.ravel_multi_index(key, shape))
        elif (name, key[:2]) in blocks:
            j = blocks[name, key[:2]][0] + key[2]
        elif (name, key[:1]) in blocks and key[1] > 0:  # a parent's first state never contributes
            first, shape = blocks[name, key[:1]]
            j = first + int(np.ravel_multi_index((key[1] - 1, key[2]), shape))
        found.append(j)
    return found


def sampled(
    network: Network,
    names: Sequence[str],
    evidence: Mapping[str, Any],
    distributions: Distributions,
    draws: int,
    rng: np.random.Generator,
    max_products: int,
) -> tuple[Floats, Bools]:
    """The posteriors of some variables' states in networks drawn, one a row, and in which the evidence is possible.

    The numbers of the whole network are drawn, in blocks with streams of their own: one generator gives the same
    networks whatever is asked, and however many processors there are.
    """
    hard, weights = split(network, evidence)
    free = tuple(dict.fromkeys((*names, *weights)))
    compiled = polynomial(network, free, hard, derivatives=False, posteriors=True, max_products=max_products)
    rows = Rows(network, compiled.numbers, distributions)

    def block(stream: np.random.Generator, size: int) -> Callable[[], Floats]:
        return lambda: rows.filled(distributions.draw(stream, size))

    found, possible = answer_blocks(compiled, weights, (block(*stream) for stream in streams(rng, draws)))
    return found[:, : sum(len(network.by_name[name].states) for name in names)], possible


def streams(rng: np.random.Generator, draws: int) -> Iterator[tuple[np.random.Generator, int]]:
    """Generators for blocks of draws, so that the draws do not depend on who works them out in which order."""
    sizes = [min(BLOCK, draws - first) for first in range(0, draws, BLOCK)]
    for seed, size in zip(rng.integers(0, 2**63, size=len(sizes)).tolist(), sizes, strict=True):
        yield np.random.default_rng(seed), size


def answer_blocks(
    compiled: Polynomial, weights: Mapping[str, Floats], blocks: Iterable[Callable[[], Floats]]
) -> tuple[Floats, Bools]:
    """The posteriors of all free variables for blocks of networks, and whether the evidence is possible in them.

    Each block is a function that gives its networks' numbers, one network a row; blocks run on all processors.
    """
    from concurrent.futures import ThreadPoolExecutor

    def run(block: Callable[[], Floats]) -> tuple[Floats, Bools]:
        return answers(compiled, block(), weights)

    with ThreadPoolExecutor(processors()) as pool:
        found = list(pool.map(run, blocks))
    return np.concatenate([rows for rows, _ in found]), np.concatenate([possible for _, possible in found])


def answers(compiled: Polynomial, values: Floats, weights: Mapping[str, Floats]) -> tuple[Floats, Bools]:
    """The posteriors of all free variables for some networks, and whether the evidence is possible in them."""
    leaves, n = compiled.leaves(values, weights), compiled.indicators
    totals, slopes = compiled.differentiate_rows(leaves)
    joint = leaves[:, :n] * slopes[:, :n]
    possible = totals > 0
    for i in np.flatnonzero(totals <= TINY).tolist():
        log_total, _ = wide_indicators(compiled.circuit, leaves[i])
        possible[i] = log_total > float("-inf")
        if possible[i]:
            again = compiled.differentiate_rows(leaves[[i]] * compiled.scale(log_total))[1][0]
            joint[i] = leaves[i, :n] * again[:n]
    for start, states in compiled.free.values():  # divided by their own sum, which is P(e) but for rounding
        at = slice(start, start + states)
        joint[:, at] /= np.where(possible, joint[:, at].sum(axis=1), 1.0)[:, None]
    return joint, possible
