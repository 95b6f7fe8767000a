"""Distributions of the cited numbers, from their values and ranges, and networks drawn from them.

Each cited number with a range is drawn on its own. What a row's numbers leave over goes to its state without a number
of its own (a complement); a row whose numbers exceed 1 together is divided by its sum. This is what
`spasmnet.assign.with_values` does, here for many draws at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spasmnet.assign import cited_numbers
from spasmnet.cpd import Key
from spasmnet.errors import SpasmnetError
from spasmnet.network import Network
from spasmnet.sensitivity.numbers import Numbers
from spasmnet.sensitivity.places import Place, name_of, value_at

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
KINDS = {
    "pert": "PERT: a Beta distribution over [low, high] with its mode at the value",
    "triangular": "triangular over [low, high] with its mode at the value",
    "uniform": "uniform over [low, high]",
}
MODE_WEIGHT = 4.0  # of a PERT distribution
BLOCK = 512  # draws that share a stream of random numbers


@dataclass(frozen=True, eq=False)
class Distributions:
    """The independent distributions of all cited numbers that have a range; the other numbers are fixed.

    `kind` is "pert", "triangular" or "uniform" over [`low`, `high`]; the first two have their mode at the present
    `value`, or at the end next to it if the value lies outside.

    Source: Malcolm DG, Roseboom JH, Clark CE, Fazar W (1959), Application of a technique for research and development
    program evaluation, Operations Research 7:646-669.
    """

    kind: str
    places: tuple[Place, ...]
    value: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, network: Network, kind: str = "pert") -> Distributions:
        """The distributions of a network's numbers; raises SpasmnetError if none has a range.

        >>> import spasmnet
        >>> print(Distributions.of(spasmnet.load(), "uniform"))
        242 numbers, each uniform over [low, high]
        """
        if kind not in KINDS:
            raise SpasmnetError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
        ranged = {place: p for place, p in cited_numbers(network).items() if p.high != p.low}
        for place, p in ranged.items():
            if not 0 <= p.low < p.high <= 1:
                raise SpasmnetError(f"the range of {name_of(network, place)} is [{p.low}, {p.high}], not within [0, 1]")
        if not ranged:
            raise SpasmnetError(
                f"no number of {network.name!r} has a range, so that nothing is uncertain; give the distributions "
                "parameters=, with a low and a high for each number"
            )
        places = tuple((place.variable, place.key) for place in ranged)
        value, low, high = (
            np.array(numbers, dtype=np.float64)
            for numbers in (
                [value_at(network, place) for place in places],
                [p.low for p in ranged.values()],
                [p.high for p in ranged.values()],
            )
        )
        return cls(kind, places, value, low, high)

    def __str__(self) -> str:
        return f"{len(self.places)} numbers, each {KINDS[self.kind]}"

    @cached_property
    def _mode(self) -> Floats:
        """Where the mode stands between low (0) and high (1)."""
        return (np.clip(self.value, self.low, self.high) - self.low) / (self.high - self.low)

    @cached_property
    def _shape(self) -> tuple[Floats, Floats]:
        """The two parameters of the Beta distributions of a PERT."""
        return 1 + MODE_WEIGHT * self._mode, 1 + MODE_WEIGHT * (1 - self._mode)

    @cached_property
    def moments(self) -> tuple[Floats, Floats, Floats]:
        """The means, the variances and the third central moments."""
        width, t = self.high - self.low, self._mode
        if self.kind == "pert":
            a, b = self._shape
            n = 2 + MODE_WEIGHT
            mean, variance = a / n, a * b / (n**2 * (n + 1))
            third = 2 * a * b * (b - a) / (n**3 * (n + 1) * (n + 2))
        elif self.kind == "triangular":
            mean, variance = (1 + t) / 3, (1 - t + t**2) / 18
            third = (1 - 2 * t) * (1 + t) * (2 - t) / 270
        else:
            mean, variance, third = np.full_like(t, 1 / 2), np.full_like(t, 1 / 12), np.zeros_like(t)
        return self.low + width * mean, width**2 * variance, width**3 * third

    def draw(self, rng: np.random.Generator, draws: int) -> Floats:
        """So many draws of all numbers, one draw a row."""
        size, width = (draws, len(self.places)), self.high - self.low
        if self.kind == "pert":
            return self.low + width * rng.beta(*self._shape, size=size)
        if self.kind == "triangular":
            return self.low + width * rng.triangular(0.0, self._mode, 1.0, size=size)
        return self.low + width * rng.random(size)

    def quantile(self, which: int, u: Floats) -> Floats:
        """The inverse distribution function of one number, at u in [0, 1]."""
        t = float(self._mode[which])
        if self.kind == "pert":
            from scipy.special import betaincinv  # type: ignore[import-untyped]

            a, b = (float(shape[which]) for shape in self._shape)
            part = betaincinv(a, b, u)
        elif self.kind == "triangular":
            part = np.where(u <= t, np.sqrt(u * t), 1 - np.sqrt((1 - u) * (1 - t)))
        else:
            part = u
        return np.asarray(self.low[which] + (self.high[which] - self.low[which]) * part, dtype=np.float64)


def streams(rng: np.random.Generator, draws: int) -> Iterator[tuple[np.random.Generator, int]]:
    """Generators for blocks of draws, so that the draws do not depend on who works them out in which order."""
    sizes = [min(BLOCK, draws - first) for first in range(0, draws, BLOCK)]
    for seed, size in zip(rng.integers(0, 2**63, size=len(sizes)).tolist(), sizes, strict=True):
        yield np.random.default_rng(seed), size


def draw_values(
    network: Network, numbers: Numbers, rng: np.random.Generator, draws: int, kind: str = "pert"
) -> Floats:
    """Draws of a query's numbers, one network a row: every row of numbers sums to 1.

    The numbers of the whole network are drawn, so that one generator gives the same networks whatever is asked.
    """
    distributions = Distributions.of(network, kind)
    rows = Rows(network, numbers, distributions)
    return np.concatenate([rows.filled(distributions.draw(g, size)) for g, size in streams(rng, draws)])


class Rows:
    """Where the numbers with distributions stand in a query's vector, and how their rows are made to sum to 1.

    `used` are those distributions whose numbers the query has, `columns` their numbers.
    """

    def __init__(self, network: Network, numbers: Numbers, distributions: Distributions) -> None:
        self._base = numbers.values
        found = _number_of(numbers, distributions.places)
        self.used = np.array([i for i, j in enumerate(found) if j >= 0], dtype=np.int64)
        self.columns = np.array([j for j in found if j >= 0], dtype=np.int64)
        drawn: dict[int, list[int]] = {}  # by the first number of a row: the used distributions
        for i, start in enumerate(numbers.rows[self.columns].tolist()):
            drawn.setdefault(start, []).append(i)
        self._drawn = list(drawn.values())
        self._whole = [np.arange(start, start + numbers.sizes[start]) for start in drawn]
        self._own: list[Ints] = []
        rest = []
        for start, whole in zip(drawn, self._whole, strict=True):
            name, key = distributions.places[self.used[drawn[start][0]]]
            parameters = network.cpds[name].parameters
            own = {k[-1] for k, p in parameters.items() if k[:-1] == key[:-1] and not p.complement}
            others = [j for y, j in enumerate(whole.tolist()) if y not in own]
            rest.append(others[0] if len(others) == 1 else -1)
            self._own.append(np.array([j for y, j in enumerate(whole.tolist()) if y in own]) if rest[-1] >= 0 else whole)
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
        """Derivatives with respect to the used distributions' numbers, their rows following as they do in draws.

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
        return found


def _number_of(numbers: Numbers, places: tuple[Place, ...]) -> list[int]:
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
