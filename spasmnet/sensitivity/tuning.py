"""Tuning: the least changes of single numbers of a model that make an answer what it should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.engine import Engine
from spasmnet.errors import SpasmnetError
from spasmnet.kernels.layout import TINY
from spasmnet.network import Network
from spasmnet.sensitivity.constraint import Wanted, no_more_than_rounding, read
from spasmnet.sensitivity.distance import Changes, moved, moved_row
from spasmnet.sensitivity.function import is_constant
from spasmnet.sensitivity.parameters import ParameterSensitivity
from spasmnet.sensitivity.places import Place, cited_at, in_words, name_of, parameters
from spasmnet.sensitivity.query import compiled_query

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
SMALL = 1e-3  # needed values this much smaller than the present one are worth a second look
ROUNDING = 1e-12  # how far beyond its end a number may seem to have to move, and differences that are none


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
    lines = ps.coefficients[0].T  # alpha, beta, gamma, delta
    a, b = wanted.factors
    margin = float(wanted.weights @ ps.query.joint)
    slope = a * lines[:, 0] - b * lines[:, 2]
    changes, distances, closest = [], Changes(engine.network), (ps.answer, 0, 0.0)
    known = set(parameters(engine.network))
    for j, place in enumerate(ps.places):
        if place not in known or place[0] not in ps.matters:
            continue
        value = float(ps.query.numbers.values[j])
        ends = [wanted.along(lines[j], end, value) for end in (0.0, 1.0)]
        for end, reached in zip((0.0, 1.0), ends, strict=True):
            if wanted.better(reached, closest[0]):
                closest = reached, j, end
        needed = value - margin / float(slope[j]) if slope[j] else inf
        if not -ROUNDING <= needed <= 1 + ROUNDING:
            continue
        needed = min(max(needed, 0.0), 1.0)
        gone = no_more_than_rounding(float(lines[j, 2]), float(lines[j, 3]), needed, value)
        if gone and not wanted.better(ends[needed > value], wanted.bound):
            continue  # the evidence would become impossible before the answer changes
        achieved, constant = wanted.along(lines[j], needed, value), is_constant(lines[j], value)
        if needed < SMALL * value:
            needed, achieved = _refined(ps, wanted, j, needed, float(slope[j]))
            if constant and not wanted.almost(achieved):
                continue
        elif constant:
            continue  # up to rounding; what seemed to be needed is where the evidence becomes impossible
        if needed != value:  # else it would have to move by less than a computer can tell
            changes.append(_change(engine.network, place, value, needed, achieved, distances))
    ranked = sorted(changes, key=partial(_rank, engine.network))
    nearest, (reached, j, end) = None, closest
    if not changes and abs(reached - ps.answer) > ROUNDING * max(1.0, abs(reached)):
        value = float(ps.query.numbers.values[j])
        nearest = _change(engine.network, ps.places[j], value, end, reached, distances)
    return Tuning(ps, wanted, False, tuple(ranked), nearest)


def _refined(ps: ParameterSensitivity, wanted: Wanted, j: int, needed: float, slope: float) -> tuple[float, float]:
    """A needed value next to 0, and the answer, to their own precision: from the margin that is left at that value."""
    name, numbers, achieved = wanted.target.variable, ps.query.numbers, wanted.bound
    compiled, weights = compiled_query(ps.engine, (name,), ps.evidence)
    indicators = np.eye(len(ps.query.joint)) * weights.pop(name, 1.0)
    row = slice(int(numbers.rows[j]), int(numbers.rows[j] + numbers.sizes[j]))
    values = np.tile(numbers.values, (len(indicators), 1))
    for step in range(3):
        values[:, row] = moved_row(numbers.values[row], j - row.start, needed)
        joint, _ = compiled.differentiate_rows(compiled.leaves(values, {**weights, name: indicators}))
        if joint.sum() < TINY:
            return needed, achieved  # the query is scaled; the first look has to do
        achieved = wanted.answer(joint) if wanted.target.denominator @ joint > 0 else inf
        if step < 2:
            needed = min(max(needed - float(wanted.weights @ joint) / slope, 0.0), 1.0)
    return needed, achieved


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
class Tuning:
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
