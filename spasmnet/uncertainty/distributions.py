"""Distributions of the cited numbers, from their values and ranges, each kind stated in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import SpasmnetError
from spasmnet.model.cpd import NoisyMax, Table
from spasmnet.model.network import Network
from spasmnet.model.parameter import Parameter
from spasmnet.parameters.assignment import cited_numbers
from spasmnet.parameters.names import Place, name_of, value_at

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
KINDS = {
    "pert": "each PERT: a Beta distribution over [low, high] with its mode at the value",
    "triangular": "each triangular over [low, high] with its mode at the value",
    "uniform": "each uniform over [low, high]",
    "beta": "each Beta with its mean at the value, and [low, high] 3.92 standard deviations wide",
    "dirichlet": "in rows that are Dirichlet with their means at the values, as wide as the ranges of a row together",
}
MODE_WEIGHT = 4.0  # of a PERT distribution
DEVIATIONS = 3.92  # standard deviations in a range that holds 95 % of a normal distribution


class Linear(NamedTuple):
    """A linear function of the numbers: its variance and third central moment, and what each number has in them.

    The numbers' parts times the function's slopes add up to the whole. The first part, divided by the function's
    standard deviation, is how far a number lies from its mean, on average, where the function lies one higher.
    """

    variance: Floats
    third: Floats
    first_parts: Floats
    second_parts: Floats


@dataclass(frozen=True, eq=False)
class Distributions:
    """The distributions of all cited numbers that have a range; the other numbers are fixed.

    `kind` is a key of KINDS. Numbers are independent, except those of one row of a Dirichlet. `low` and `high` are the
    ends of each distribution. The mode of a PERT or triangular distribution is the present `value`, or the end next to
    it if the value lies outside the range. `rows` holds the first number of each number's row.

    Sources: Malcolm DG, Roseboom JH, Clark CE, Fazar W (1959), Application of a technique for research and development
    program evaluation, Operations Research 7:646-669 (PERT); Briggs A, Claxton K, Sculpher M (2006), Decision modelling
    for health economic evaluation, Oxford University Press, chapter 4 (Beta and Dirichlet from mean and variance).
    """

    kind: str
    places: tuple[Place, ...]
    value: Floats
    low: Floats
    high: Floats
    rows: Ints
    concentration: Floats

    @classmethod
    def of(cls, network: Network, kind: str = "pert") -> Distributions:
        """The distributions of a network's numbers.

        Raises SpasmnetError for an unknown kind, if no number has a range, and if there is no Beta or Dirichlet
        distribution with a number's mean and width.

        >>> import spasmnet
        >>> print(Distributions.of(spasmnet.load(), "uniform"))
        242 numbers, each uniform over [low, high]
        """
        if kind not in KINDS:
            raise SpasmnetError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
        ranged = _ranged(network)
        if kind == "dirichlet":
            return _dirichlet(network, ranged)
        places = tuple(ranged)
        value = np.array([value_at(network, place) for place in places], dtype=np.float64)
        low, high = (np.array(ends) for ends in zip(*((p.low, p.high) for p in ranged.values()), strict=True))
        concentration = np.full(len(places), 2 + MODE_WEIGHT)
        if kind == "beta":
            concentration = value * (1 - value) / ((high - low) / DEVIATIONS) ** 2 - 1
            for i in np.flatnonzero(concentration <= 0)[:1]:
                raise _too_wide(network, places[i], value[i], "Beta")
            low, high = np.zeros_like(value), np.ones_like(value)
        return cls(kind, places, value, low, high, np.arange(len(places)), concentration)

    def __str__(self) -> str:
        return f"{len(self.places)} numbers, {KINDS[self.kind]}"

    @cached_property
    def _mode(self) -> Floats:
        """Where the mode stands between low (0) and high (1)."""
        return (np.clip(self.value, self.low, self.high) - self.low) / (self.high - self.low)

    @cached_property
    def _shape(self) -> tuple[Floats, Floats]:
        """The two parameters of the numbers' (marginal) Beta distributions between low and high."""
        if self.kind == "pert":
            return 1 + MODE_WEIGHT * self._mode, 1 + MODE_WEIGHT * (1 - self._mode)
        return self.concentration * self.value, self.concentration * (1 - self.value)

    @cached_property
    def moments(self) -> tuple[Floats, Floats, Floats]:
        """The means, the variances and the third central moments of the numbers."""
        width, t = self.high - self.low, self._mode
        if self.kind == "triangular":
            mean, variance = (1 + t) / 3, (1 - t + t**2) / 18
            third = (1 - 2 * t) * (1 + t) * (2 - t) / 270
        elif self.kind == "uniform":
            mean, variance, third = np.full_like(t, 1 / 2), np.full_like(t, 1 / 12), np.zeros_like(t)
        else:
            a, b = self._shape
            n = a + b
            mean, variance = a / n, a * b / (n**2 * (n + 1))
            third = 2 * a * b * (b - a) / (n**3 * (n + 1) * (n + 2))
        return self.low + width * mean, width**2 * variance, width**3 * third

    def linear(self, slopes: Floats) -> Linear:
        """The moments of Σ slope · number, for some functions (first axis).

        For a Dirichlet row with mean θ and concentration s, with slopes a and their mean μ = Σ θ a, the variance is
        Σ θ (a - μ)² / (s + 1) and the third central moment 2 Σ θ (a - μ)³ / ((s + 1)(s + 2)).
        """
        _, variance, third = self.moments
        if self.kind == "dirichlet":
            starts = np.flatnonzero(self.rows == np.arange(len(self.rows)))
            row, s = np.cumsum(self.rows == np.arange(len(self.rows))) - 1, self.concentration
            theta = self.value
            off = slopes - np.add.reduceat(theta * slopes, starts, axis=-1)[..., row]
            square = np.add.reduceat(theta * off**2, starts, axis=-1)[..., row]
            first, second = theta * off / (s + 1), 2 * theta * (off**2 - square) / ((s + 1) * (s + 2))
        else:
            first, second = slopes * variance, slopes**2 * third
        return Linear((slopes * first).sum(axis=-1), (slopes * second).sum(axis=-1), first, second)

    def draw(self, rng: np.random.Generator, draws: int) -> Floats:
        """So many draws of all numbers, one draw a row."""
        size, width = (draws, len(self.places)), self.high - self.low
        if self.kind == "triangular":
            return self.low + width * rng.triangular(0.0, self._mode, 1.0, size=size)
        if self.kind == "uniform":
            return self.low + width * rng.random(size)
        if self.kind == "dirichlet":
            return self._sticks(rng, draws)
        return self.low + width * rng.beta(*self._shape, size=size)

    def _sticks(self, rng: np.random.Generator, draws: int) -> Floats:
        """Dirichlet rows: each number in turn takes a Beta share of what those before it have left."""
        found, at = np.empty((draws, len(self.places))), np.arange(len(self.places))
        left = np.ones((draws, len(self.places)))
        weight = self.concentration * self.value
        after = np.array([weight[j + 1 :][self.rows[j + 1 :] == self.rows[j]].sum() for j in at])
        for step in range(int((at - self.rows).max()) + 1):
            here = np.flatnonzero(at - self.rows == step)
            inner, last = here[after[here] > 0], here[after[here] == 0]
            share = rng.beta(weight[inner], after[inner], size=(draws, len(inner)))
            found[:, inner] = left[:, inner] * share
            left[:, inner + 1] = left[:, inner] * (1 - share)
            found[:, last] = left[:, last]
        return found

    def quantile(self, which: Ints | int, u: Floats) -> Floats:
        """The inverse distribution functions of some numbers (last axis, or one), at u in [0, 1]."""
        t = self._mode[which]
        if self.kind == "triangular":
            part = np.where(u <= t, np.sqrt(u * t), 1 - np.sqrt((1 - u) * (1 - t)))
        elif self.kind == "uniform":
            part = u
        else:
            from scipy.special import betaincinv  # type: ignore[import-untyped]

            a, b = self._shape
            part = betaincinv(a[which], b[which], u)
        return np.asarray(self.low[which] + (self.high[which] - self.low[which]) * part, dtype=np.float64)

    def below(self, which: int, t: float) -> float:
        """The probability that a number lies below t: its distribution function."""
        x = min(max((t - float(self.low[which])) / float(self.high[which] - self.low[which]), 0.0), 1.0)
        mode = float(self._mode[which])
        if self.kind == "triangular":
            return x * x / mode if x < mode else 1 - (1 - x) ** 2 / (1 - mode) if mode < 1 else 1.0
        if self.kind == "uniform":
            return x
        from scipy.special import betainc

        a, b = self._shape
        return float(betainc(a[which], b[which], x))


def _ranged(network: Network) -> dict[Place, Parameter]:
    """The cited numbers that have a range."""
    ranged = {(place.variable, place.key): p for place, p in cited_numbers(network).items() if p.high != p.low}
    for place, p in ranged.items():
        if not 0 <= p.low < p.high <= 1:
            raise SpasmnetError(f"the range of {name_of(network, place)} is [{p.low}, {p.high}], not within [0, 1]")
    if not ranged:
        raise SpasmnetError(
            f"no number of {network.name!r} has a range, so that nothing is uncertain; give the distributions "
            "parameters=, with a low and a high for each number"
        )
    return ranged


def _dirichlet(network: Network, ranged: dict[Place, Parameter]) -> Distributions:
    """All numbers of the rows in which one has a range; a number that is 0 stays 0.

    The variances θ(1 - θ)/(s + 1) of the ranged numbers of a row sum to what their ranges ask for.
    """
    widths: dict[Place, dict[int, float]] = {}
    for (name, key), p in ranged.items():
        widths.setdefault((name, key[:-1]), {})[key[-1]] = (p.high - p.low) / DEVIATIONS
    places: list[Place] = []
    values: list[float] = []
    rows: list[int] = []
    concentration: list[float] = []
    for (name, prefix), deviations in widths.items():
        row = _row(network, name, prefix)
        spread = sum(float(row[y] * (1 - row[y])) for y in deviations)
        s = spread / sum(d**2 for d in deviations.values()) - 1
        if s <= 0:
            y = next(iter(deviations))
            raise _too_wide(network, (name, (*prefix, y)), float(row[y]), "Dirichlet")
        states = np.flatnonzero(row > 0).tolist()
        rows += [len(places)] * len(states)
        places += [(name, (*prefix, y)) for y in states]
        values += row[states].tolist()
        concentration += [s] * len(states)
    value = np.array(values)
    ends = np.zeros_like(value), np.ones_like(value)
    return Distributions("dirichlet", tuple(places), value, *ends, np.array(rows), np.array(concentration))


def _row(network: Network, name: str, prefix: Sequence[int]) -> Floats:
    cpd = network.cpds[name]
    if isinstance(cpd, NoisyMax):
        return np.asarray(cpd.leak if prefix[0] < 0 else cpd.links[prefix[0]][prefix[1]])
    assert isinstance(cpd, Table)
    return np.asarray(cpd.values[tuple(prefix)])


def _too_wide(network: Network, place: Place, value: float, family: str) -> SpasmnetError:
    return SpasmnetError(
        f"no {family} distribution has its mean at {name_of(network, place)} = {value:g} and is as wide as its range; "
        "take another kind, such as 'pert'"
    )
