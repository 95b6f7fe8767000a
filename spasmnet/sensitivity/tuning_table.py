"""Tuning a whole table: the change of all its rows at once, nearest to what they are, that makes an answer so."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, inf, log1p, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import SpasmnetError
from spasmnet.inference.engine import Engine
from spasmnet.model.cpd import Table
from spasmnet.model.network import Network
from spasmnet.sensitivity.constraint import Wanted, read
from spasmnet.sensitivity.one_way import ParameterSensitivity
from spasmnet.views import Shown

Floats = NDArray[np.float64]
ROUNDING = 1e-12  # differences that are none


@dataclass(frozen=True, eq=False)
class TableTuning(Shown):
    """What `tune_table` found: the changed `network`, its CD `distance`, and the answer before and after."""

    wanted: Wanted
    variable: str
    network: Network
    distance: float
    answer: float
    achieved: float

    def __repr__(self) -> str:
        return f"<TableTuning of {self.variable}: {self.wanted}, from {self.answer:.4g} to {self.achieved:.4g}>"


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
    possible = distance is not None and float(ps.target.denominator @ joint) > 0
    if distance is None or not possible or not wanted.almost(wanted.answer(joint)):
        # the constraint is also met, up to rounding, where what the answer is divided by vanishes
        reached = _furthest(ps, wanted, gradient)
        raise SpasmnetError(f"no table of {name} makes {wanted} (it is {ps.answer:.6g}); the closest is {reached:.6g}")
    changed = network.with_cpds({name: Table(cpd.parents, values.reshape(shape), cpd.parameters)})
    return TableTuning(wanted, name, changed, distance, ps.answer, wanted.answer(joint))


def _least(theta: Floats, helps: Floats, noise: Floats, missing: float) -> tuple[Floats, float | None]:
    """The table nearest to `theta` that gains what is missing, and its distance; None for that if there is none.

    Entries that help equally (up to noise) share in proportion; rows of which all do stay as they are.
    """
    own, helps = helps, helps - helps.min(axis=-1, keepdims=True)
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
        part = np.divide(shares, within, out=np.zeros_like(shares), where=within > 0)
        top = np.empty_like(theta)
        np.put_along_axis(top, order, sizes * np.take_along_axis(part, group, -1), -1)
        gain = float((top * own)[~flat].sum()) + s * float((theta * own)[flat].sum())  # room, where less cancels
        grown = missing / (gain if gain > 0 else room)  # e^d - 1
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
