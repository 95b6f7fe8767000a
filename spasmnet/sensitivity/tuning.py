"""Tuning: the least changes of single numbers of a model that make an answer what it should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from math import inf, nextafter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import SpasmnetError
from spasmnet.inference.engine import Engine
from spasmnet.kernels.layout import TINY
from spasmnet.model.network import Network
from spasmnet.parameters.names import Place, cited_at, in_words, name_of, parameters
from spasmnet.parameters.rows import moved_row
from spasmnet.sensitivity.constraint import Wanted, quotient, read
from spasmnet.sensitivity.distance import Changes, moved
from spasmnet.sensitivity.one_way import ParameterSensitivity
from spasmnet.sensitivity.query import compiled_query
from spasmnet.views import Shown

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
SMALL = 1e-3  # needed values this much nearer to an end than the present one are worth a second look
LOST = 1e-4  # of the terms of a sum: what is smaller has lost too many digits to be relied on
ALMOST = 1e-6  # how far beyond its end a number may seem to have to move
FURTHER = 64  # numbers of a computer after the crossing that may have to be tried
ROUNDING = 1e-12  # differences that are none


@dataclass(frozen=True, slots=True)
class Change:
    """One number that has to move from `value` to `needed`, and the answer that is then `achieved`.

    [`low`, `high`] is its cited range, or [0, 1] if it has none; `within_range` says that a cited range holds `needed`.
    `distance` is the CD distance of the change, infinite if something impossible becomes possible or the reverse.
    """

    place: Place
    name: str
    value: float
    needed: float
    low: float
    high: float
    within_range: bool
    distance: float
    achieved: float
    source: str


def tune(
    engine: Engine,
    target: Any,
    evidence: Mapping[str, Any] | None = None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    against: Any = None,
    measure: str | None = None,
) -> Tuning:
    """Every change of a single number that makes an answer at least, or at most, what is wanted, the smallest first.

    The others of the number's row keep their ratios (where the number is 1 they become equal). The constraint is
    linear in each number t, so that the least change is known exactly. Changes are ranked by their CD distance, which
    bounds what they do to every other answer of the network (`cd_bound`).

    `target`, `against` and `measure` are as in `parameter_sensitivity`: P(y | e) >= k is
    `tune(engine, (variable, y), e, at_least=k)`; `against=z` makes it P(y | e) - P(z | e), with `measure="ratio"` their
    quotient. `at_least` and `at_most` lie in the measure's range; both together ask for an answer between them.

    Raises EvidenceError (also if the target is itself observed), UnknownVariableError, UnknownStateError,
    ImpossibleEvidenceError and CircuitTooLargeError.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> tuning = tune(engine, ("spasm", "painful"), at_most=engine.posterior()["spasm"]["painful"] - 0.01)
    >>> round(spasmnet.compile(tuning.network()).posterior()["spasm"]["painful"] - tuning.answer, 6)
    -0.01

    Source: Chan H, Darwiche A (2002), When do numbers really matter?, J Artif Intell Res 17:265-287.
    """
    ps, wanted, holds = read(engine, target, evidence, at_least, at_most, against, measure)
    if holds:
        return Tuning(ps, wanted, True, (), None)
    changes, distances, closest = [], Changes(engine.network), (ps.answer, 0, 0.0)
    known = set(parameters(engine.network))
    for path in _paths(ps, wanted):
        place = ps.places[path.number]
        if place not in known or place[0] not in ps.matters:
            continue
        for end in (0.0, 1.0):
            reached = path.answer(end)
            if reached is not None and wanted.better(reached, closest[0]):
                closest = reached, path.number, end
        needed = path.needed()
        if needed is not None:
            achieved = path.answer(needed)
            assert achieved is not None
            changes.append(_change(engine.network, place, path.value, needed, achieved, distances))
    ranked = sorted(changes, key=partial(_rank, engine.network))
    nearest, (reached, j, end) = None, closest
    if not changes and abs(reached - ps.answer) > ROUNDING * max(1.0, abs(reached)):
        value = float(ps.query.numbers.values[j])
        nearest = _change(engine.network, ps.places[j], value, end, reached, distances)
    return Tuning(ps, wanted, False, tuple(ranked), nearest)


@dataclass(frozen=True, slots=True)
class Path:
    """What becomes of a constraint while one number moves from 0 to 1, the others of its row keeping their ratios.

    `ends` are numerator and denominator of the answer with the number at 0 and at 1, axes (end, part). Both are linear,
    and at t they are (1 - t) · the first + t · the second, so that no digits get lost. By `slack`, for rounding, the
    answer may miss the bound.
    """

    wanted: Wanted
    slack: float
    number: int
    value: float
    ends: tuple[tuple[float, float], tuple[float, float]]

    def answer(self, t: float) -> float | None:
        """The answer with the number at t; None if it is not defined there."""
        (top, bottom), (to_top, to_bottom) = self.ends
        above, below = (1.0 - t) * top + t * to_top, (1.0 - t) * bottom + t * to_bottom
        if below > 0:
            return quotient(above, below, self.wanted.target.log)
        return inf if above > 0 else None

    def satisfies(self, t: float) -> bool:
        """Whether the constraint holds with the number at t, up to rounding."""
        answer = self.answer(t)
        return answer is not None and self.wanted.sign * (answer - self.wanted.bound) >= -self.slack

    def needed(self) -> float | None:
        """The value nearest to the present one at which the constraint holds; None if there is none."""
        a, b = self.wanted.factors
        first, last = (a * top - b * bottom for top, bottom in self.ends)
        end = 1.0 if last > first else 0.0
        if first == last or not self.satisfies(end):  # the answer is monotone
            return None
        t = min(max(first / (first - last), 0.0), 1.0)
        if t == self.value:  # it would have to move by less than a computer can tell
            return None
        for _ in range(FURTHER):
            if (t - self.value) * (end - self.value) > 0 and self.satisfies(t):
                return t
            t = nextafter(t, end)  # the crossing lies between two numbers of a computer
        return None


def _paths(ps: ParameterSensitivity, wanted: Wanted) -> Iterator[Path]:
    """The paths of all numbers that can matter for a constraint.

    The ends follow from the one-way functions. Where these have lost digits, at or near the crossing or at an end that
    decides whether there is one, the query is asked again with the number at each end.
    """
    values, (alpha, beta, gamma, delta) = ps.query.numbers.values, ps.coefficients[0]
    slack = min(1e-9 * max(1.0, abs(wanted.bound)), abs(wanted.bound - ps.answer) / 2)
    a, b = wanted.factors
    before, after = a * beta - b * delta, a * (alpha + beta) - b * (gamma + delta)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        crossing = np.where(before == after, np.inf, before / (before - after))
    t = np.clip(crossing, 0.0, 1.0)
    reach = np.maximum(t, values)
    size = np.abs(a) * (np.abs(alpha) * reach + np.abs(beta)) + np.abs(b) * (np.abs(gamma) * reach + np.abs(delta))
    below = np.abs(b if wanted.target.log else a) * (gamma * t + delta)
    near = (crossing > -ALMOST) & (crossing < 1 + ALMOST)
    close = (t < SMALL * values) | (1 - t < SMALL * (1 - values)) | ~(below > LOST * size)
    steep = np.minimum(np.abs(delta), np.abs(gamma + delta)) <= LOST * (np.abs(gamma) + np.abs(delta))
    doubtful = (near & close) | steep | (np.abs(before - after) <= LOST * size)
    ends = np.array([[beta, delta], [alpha + beta, gamma + delta]])
    for j in range(len(values)):
        at_ends = ends[:, :, j]
        if doubtful[j]:
            at_ends = _asked_again(ps, wanted, j, at_ends)
        (top, bottom), (to_top, to_bottom) = at_ends.tolist()
        yield Path(wanted, slack, j, float(values[j]), ((top, bottom), (to_top, to_bottom)))


def _asked_again(ps: ParameterSensitivity, wanted: Wanted, j: int, ends: Floats) -> Floats:
    """Numerator and denominator with a number at 0 and at 1, by asking the query again; `ends` if they underflow."""
    name, numbers, states = wanted.target.variable, ps.query.numbers, len(ps.query.joint)
    compiled, weights = compiled_query(ps.engine, (name,), ps.evidence)
    row = slice(int(numbers.rows[j]), int(numbers.rows[j] + numbers.sizes[j]))
    if numbers.sizes[j] == 1:
        return ends
    values = np.tile(numbers.values, (2 * states, 1))
    for end in (0, 1):
        values[end * states : (end + 1) * states, row] = moved_row(numbers.values[row], j - row.start, float(end))
    indicators = np.tile(np.eye(states), (2, 1)) * weights.pop(name, 1.0)
    joint, _ = compiled.differentiate_rows(compiled.leaves(values, {**weights, name: indicators}))
    joint = joint.reshape(2, states)
    if joint.max() <= TINY:
        return ends
    return joint @ np.stack([wanted.target.numerator, wanted.target.denominator], axis=1)


def _rank(network: Network, change: Change) -> tuple[float, bool, float]:
    """The nearest first; of two numbers that are one change, up to rounding, the one that is more than what is left."""
    cited = cited_at(network, change.place)
    size = abs(change.needed - change.value)
    return float(f"{change.distance:.12g}"), cited is not None and cited.complement, size


def _change(network: Network, place: Place, value: float, needed: float, achieved: float, distances: Changes) -> Change:
    cited = cited_at(network, place)
    low, high = (0.0, 1.0) if cited is None else (cited.low, cited.high)
    within = cited is not None and low <= needed <= high
    distance, source = distances.distance(place, needed), "" if cited is None else cited.source
    return Change(place, name_of(network, place), value, needed, low, high, within, distance, achieved, source)


@dataclass(frozen=True, eq=False)
class Tuning(Shown):
    """What `tune` found: `changes`, the smallest first; none if the constraint already `holds`, or cannot be met.

    `closest` is the change to 0 or 1 of one number that brings the answer nearest to the constraint; None if no number
    brings it nearer. (Where the evidence would become impossible, it is the limit.)
    """

    sensitivity: ParameterSensitivity
    wanted: Wanted
    holds: bool
    changes: tuple[Change, ...]
    closest: Change | None

    @property
    def answer(self) -> float:
        """The present answer."""
        return self.sensitivity.answer

    @property
    def best(self) -> Change | None:
        """The change of the least CD distance; None if there is none, or if none is needed."""
        return self.changes[0] if self.changes else None

    def network(self, rank: int = 0) -> Network:
        """The network after the change of that rank; the present one if the constraint already holds.

        Raises SpasmnetError if there is no such change.
        """
        if self.holds:
            return self.sensitivity.network
        if not self.changes:
            raise SpasmnetError(str(self))
        if isinstance(rank, bool) or not isinstance(rank, int) or not 0 <= rank < len(self.changes):
            raise SpasmnetError(f"rank is a whole number from 0 to {len(self.changes) - 1}, not {rank!r}")
        return moved(self.sensitivity.network, self.changes[rank].place, self.changes[rank].needed)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row a change, the smallest first; the index is the number in words.

        variable, state, given, value, needed, low, high, within_range, distance, achieved, source.
        """
        import pandas as pd

        columns = ["variable", "state", "given", "value", "needed", "low", "high"]
        columns += ["within_range", "distance", "achieved", "source"]
        rows = []
        for c in self.changes:
            state, given = in_words(self.sensitivity.network, c.place)
            numbers = (c.value, c.needed, c.low, c.high, c.within_range, c.distance, c.achieved)
            rows.append((c.place[0], state, given, *numbers, c.source))
        index = pd.Index([c.name for c in self.changes], name="number", dtype=object)
        kinds = {n: float for n in columns[3:10] if n != "within_range"} | {"within_range": bool}
        frame = pd.DataFrame(rows, index=index, columns=columns).astype(kinds)
        frame.attrs["spasmnet"] = {"wanted": str(self.wanted), "provenance": self.sensitivity.provenance.as_dict()}
        return frame

    def __str__(self) -> str:
        if self.holds:
            return f"{self.wanted.target} is {self.answer:.6g}: no change is needed"
        if self.best is not None:
            c = self.best
            return f"{self.wanted} if {c.name} is {c.needed:.6g} (now {c.value:.6g}; distance {c.distance:.4g})"
        head = f"no single number makes {self.wanted} (it is {self.answer:.6g}); "
        if self.closest is None:
            return head + "none brings it nearer"
        c = self.closest
        return f"{head}the closest is {c.achieved:.6g}, with {c.name} at {c.needed:g} (now {c.value:.6g})"

    def __repr__(self) -> str:
        return f"<Tuning: {self}; {len(self.changes)} changes>"
