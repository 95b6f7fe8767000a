"""Tuning: the least changes of a model's numbers that make an answer what it should be."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, log1p, prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.cpd import Table
from spasmnet.engine import Engine
from spasmnet.errors import SpasmnetError
from spasmnet.kernels.layout import TINY
from spasmnet.network import Network
from spasmnet.sensitivity.constraint import Wanted, no_more_than_rounding, read
from spasmnet.sensitivity.distance import Changes, moved, moved_row
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

    `target`, `against` and `measure` are as in `parameter_sensitivity`: P(y | e) >= k is `tune(engine, (variable, y),
    e, at_least=k)`; `against=z` makes it P(y | e) - P(z | e), with `measure="ratio"` their quotient. `at_least` and
    `at_most` lie in the measure's range; both together ask for an answer between them.

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
        ends = [wanted.along(lines[j], end) for end in (0.0, 1.0)]
        for end, reached in zip((0.0, 1.0), ends, strict=True):
            if wanted.better(reached, closest[0]):
                closest = reached, j, end
        needed = value - margin / float(slope[j]) if slope[j] else inf
        if not -ROUNDING <= needed <= 1 + ROUNDING:
            continue
        needed = min(max(needed, 0.0), 1.0)
        gone = no_more_than_rounding(float(lines[j, 2]), float(lines[j, 3]), needed)
        if gone and not wanted.better(ends[needed > value], wanted.bound):
            continue  # the evidence would become impossible before the answer changes
        achieved = wanted.along(lines[j], needed)
        if needed < SMALL * value:
            needed, achieved = _refined(ps, wanted, j, needed, float(slope[j]))
        if needed != value:  # else it would have to move by less than a computer can tell
            changes.append(_change(engine.network, place, value, needed, achieved, distances))
    ranked = sorted(changes, key=lambda change: (change.distance, abs(change.needed - change.value)))
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


@dataclass(frozen=True, eq=False)
class TableTuning:
    """What `tune_table` found: the changed `network`, its CD `distance`, and the answer before and after."""

    wanted: Wanted
    variable: str
    network: Network
    distance: float
    answer: float
    achieved: float


def tune_table(
    engine: Engine,
    variable: str,
    target: Any,
    evidence: Mapping[str, Any] | None = None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    against: Any = None,
    measure: str | None = None,
) -> TableTuning:
    """The change of one table, all rows at once, that satisfies a constraint with the least CD distance.

    The constraint is linear in the entries, and the distance d of a changed table says that its entries have moved by
    factors between B and A = B e^d. At the optimum every row that matters gives A to the share s of its mass that helps
    most and B to the rest, the same s for all rows, so that d = ln(1 + m / F(s)), with m what is missing, and the
    concave, piecewise linear F(s) largest at one of its bends: no search, and no smaller change exists. Within a
    binary row both entries move, by as much as the shared A and B allow.

    Entries of 0 stay 0, unless nothing else helps (the distance is then infinite, and the way to the extreme table is
    gone as far as needed). The other arguments are those of `tune`. Raises SpasmnetError if the constraint cannot be
    met, with the closest answer that can, and for variables that have no table of their own numbers.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> found = tune_table(engine, "trauma", ("spasm", "painful"), at_least=0.2)
    >>> round(found.achieved, 6)
    0.2

    Source: Chan H, Darwiche A (2004), Sensitivity analysis in Bayesian networks: from single to multiple parameters,
    UAI, 67-75 (the constraint and the distance); the least change follows from them by linear programming.
    """
    ps, wanted, holds = read(engine, target, evidence, at_least, at_most, against, measure)
    network = engine.network
    name = network.variable(variable).name
    cpd = network.cpds[name]
    if not isinstance(cpd, Table):
        raise SpasmnetError(
            f"{name} has no table of numbers but a {type(cpd).__name__} distribution; tune changes leaks and links one "
            "at a time"
        )
    if holds:
        return TableTuning(wanted, name, network, 0.0, ps.answer, ps.answer)
    block = next((b for b in ps.query.numbers.blocks if b[0] == name), None)
    if block is None or name not in ps.matters:
        raise SpasmnetError(f"the table of {name} has no influence on {wanted.target} with this evidence")
    first, shape = block[1], block[3]
    gradient = ps.query.gradient[:, first : first + prod(shape)].reshape(len(ps.query.joint), -1, shape[-1])
    helps = np.tensordot(wanted.weights, gradient, 1)
    noise = ROUNDING * np.tensordot(np.abs(wanted.weights), gradient, 1).max(axis=-1, keepdims=True)
    missing = -float(wanted.weights @ ps.query.joint)
    values, distance = _least(cpd.values.reshape(-1, shape[-1]), helps, noise, missing)
    joint = np.einsum("yux,ux->y", gradient, values)
    if distance is None or not ps.target.denominator @ joint > 0:
        reached = _furthest(ps, wanted, gradient)
        raise SpasmnetError(f"no table of {name} makes {wanted} (it is {ps.answer:.6g}); the closest is {reached:.6g}")
    changed = network.with_cpds({name: Table(cpd.parents, values.reshape(shape), cpd.parameters)})
    return TableTuning(wanted, name, changed, distance, ps.answer, wanted.answer(joint))


def _least(theta: Floats, helps: Floats, noise: Floats, missing: float) -> tuple[Floats, float | None]:
    """The table nearest to `theta` that gains what is missing, and its distance; None for that if there is none.

    Entries that help equally (up to noise) share in proportion; rows of which all do stay as they are.
    """
    helps = helps - helps.min(axis=-1, keepdims=True)
    flat = helps.max(axis=-1) <= noise[:, 0]
    helps[flat] = 0.0
    order = np.argsort(-helps, axis=-1, kind="stable")
    sizes, ranked = (np.take_along_axis(x, order, -1) for x in (theta, helps))
    starts = np.concatenate([np.ones((len(theta), 1), dtype=bool), -np.diff(ranked, axis=-1) > noise], axis=-1)
    group = np.cumsum(starts, axis=-1) - 1  # of entries that help equally
    rows = np.arange(len(theta))[:, None]
    within, average = np.zeros_like(theta), np.zeros_like(theta)
    np.add.at(within, (rows, group), sizes)
    np.maximum.at(average, (rows, group), ranked)
    upto = np.cumsum(within, axis=-1)
    below = np.concatenate([np.zeros((len(theta), 1)), upto[:, :-1]], axis=-1)
    wanted = float((within * average).sum()) + missing

    def slope(s: float) -> float:
        return float(average[(below <= s) & (s < upto)].sum()) - wanted

    bends = np.unique(upto[~flat])
    bends = bends[bends < 1.0]
    at = min(bisect_left(bends, True, key=lambda s: slope(s) <= 0), len(bends) - 1)
    s = float(bends[at]) if len(bends) else 0.0
    shares = np.clip(s - below, 0.0, within)
    room = float((shares * average).sum()) - s * wanted
    values = theta.copy()
    if room > ROUNDING * s * wanted:
        grown = missing / room  # e^d - 1
        part = np.divide(shares, within, out=np.zeros_like(shares), where=within > 0)
        top = np.empty_like(theta)
        np.put_along_axis(top, order, sizes * np.take_along_axis(part, group, -1), -1)
        values[~flat] = ((theta + grown * top) / (1.0 + s * grown))[~flat]
        return values / values.sum(axis=-1, keepdims=True), log1p(grown)
    values[~flat] = np.eye(theta.shape[1])[helps.argmax(axis=-1)][~flat]
    gain = float(((values - theta) * helps).sum())
    if gain < missing * (1 - ROUNDING):
        return theta, None
    return theta + min(1.0, missing / gain) * (values - theta), inf


def _furthest(ps: ParameterSensitivity, wanted: Wanted, gradient: Floats) -> float:
    """The answer nearest to the constraint that any table gives: better extremes, until there are none."""
    answer, top, bottom = ps.answer, ps.target.numerator, ps.target.denominator
    while True:
        now = exp(answer) if ps.target.log else answer
        best = (wanted.sign * np.tensordot(top - now * bottom, gradient, 1)).argmax(axis=-1)
        joint = np.take_along_axis(gradient, best[None, :, None], -1).sum(axis=(1, 2))
        if not bottom @ joint > 0 or not wanted.better(wanted.answer(joint), answer):
            return answer
        answer = wanted.answer(joint)
