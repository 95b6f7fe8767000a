"""The derivatives of an answer in many cases at once, summed up part by part, so that memory stays bounded.

A case is two rows of one circuit in which the observed columns are free: one for the part that is asked for, one for
what it is a part of. Backwards the circuit gives both gradients, and both together the derivative of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.engine import Engine
from spasmnet.inference.rows import solve
from spasmnet.parameters.covariation import Lines, along_rows
from spasmnet.sensitivity.function import larger, slope_of
from spasmnet.sensitivity.polynomial import Polynomial, polynomial
from spasmnet.sensitivity.reachability import sensitivity_sets
from spasmnet.sensitivity.scaling import DEEP
from spasmnet.sensitivity.target import Target

Floats = NDArray[np.float64]
Ints = NDArray[Any]
MATTERS = 1e-9  # a derivative that is larger is more than rounding
FINE, IMPOSSIBLE, UNDEFINED = range(3)


class Totals(NamedTuple):
    """For each number, over some cases: the sum of its derivatives and of their sizes, the largest and in which case.

    `moving` counts the cases in which it is not 0.
    """

    signed: Floats
    size: Floats
    most: Floats
    where: Ints
    moving: Floats


class Part(NamedTuple):
    """What some neighbouring cases gave: answers, whether they are defined, totals, and perhaps all derivatives."""

    answers: Floats
    status: Ints
    totals: Totals
    derivatives: Floats | None


@dataclass(frozen=True, eq=False)
class Cases:
    """Different cases, `codes[i, c]` being the state of column c or -1, and how many are like each of them."""

    engine: Engine
    target: Target
    columns: tuple[str, ...]
    codes: Ints
    counts: Ints
    rule: str
    compiled: Polynomial

    @classmethod
    def of(cls, engine: Engine, target: Target, columns: Sequence[str], codes: Ints, counts: Ints, rule: str) -> Cases:
        """Compile for these columns; those in which all cases agree are put in."""
        network = engine.network
        same = (codes == codes[0]).all(axis=0)
        fixed = {
            name: network.by_name[name].states[code]
            for name, code, agrees in zip(columns, codes[0].tolist(), same.tolist(), strict=True)
            if agrees and code >= 0
        }
        free = [name for name, agrees in zip(columns, same.tolist(), strict=True) if not agrees]
        compiled = polynomial(network, (target.variable, *free), fixed, max_products=engine.max_products)
        return cls(engine, target, tuple(columns), codes, counts, rule, compiled)

    def evidence(self, case: int) -> dict[str, str]:
        """The findings of a case."""
        pairs = zip(self.columns, self.codes[case].tolist(), strict=True)
        return {name: self.engine.network.by_name[name].states[code] for name, code in pairs if code >= 0}

    def run(self, cases: range, keep: bool) -> Part:
        """Derivatives with respect to all numbers of the query in some neighbouring cases."""
        n, skipped = len(cases), self.compiled.indicators
        leaves = self._leaves(cases)
        joint, gradient = self.compiled.differentiate_rows(leaves)
        gradient = gradient[:, skipped:]
        status = np.zeros(n, dtype=np.int8)
        rare = np.flatnonzero(~(joint[n:] > DEEP))
        for i, log_evidence in zip(rare.tolist(), self._log_evidence(rare + cases.start), strict=True):
            if log_evidence == -inf:
                status[i] = IMPOSSIBLE
                continue
            rows = [i, n + i]
            scale = self.compiled.scale(log_evidence)
            joint[rows], found = self.compiled.differentiate_rows(leaves[rows] * scale)
            gradient[rows] = (found * scale[: found.shape[1]])[:, skipped:]
        top, bottom = joint[:n], joint[n:]
        log = self.target.log
        status[(status == FINE) & ((bottom <= 0) | (log & (top <= 0)))] = UNDEFINED
        bad = status > FINE
        top, bottom = np.where(bad, 1.0, top), np.where(bad, 1.0, bottom)
        falling, rising = along_rows(joint, gradient, self.compiled.numbers, self.rule)
        derivatives = self._slopes(falling, top, bottom)
        if rising is not falling:
            found = self._slopes(rising, top, bottom)
            derivatives = larger(derivatives, found)
        derivatives[bad] = 0.0
        derivatives[self._idle(cases)] = 0.0
        answers = np.log(top) - np.log(bottom) if log else top / bottom
        answers[bad] = np.nan
        totals = self._totals(derivatives, self.counts[cases.start : cases.stop], cases.start)
        if keep:
            derivatives[bad] = np.nan
        return Part(answers, status, totals, derivatives if keep else None)

    def _slopes(self, lines: Lines, top: Floats, bottom: Floats) -> Floats:
        """The derivative of the answer in each case (first axis) with respect to each number."""
        n = len(top)
        rise, fall, at, part = lines.slope[:n], lines.slope[n:], bottom[:, None], top[:, None]
        if self.rule == "uniform":  # which changes the row even where the number stays
            here = lines.slope * self.compiled.numbers.values + lines.intercept
            part, at = here[:n], here[n:]
        with np.errstate(divide="ignore", invalid="ignore"):
            found = slope_of(rise, fall, part, at, self.target.log)
        return np.where(np.isnan(found), 0.0, found)

    def _idle(self, cases: range) -> NDArray[np.bool_]:
        """Which numbers cannot matter in which cases."""
        network = self.engine.network
        observed = np.zeros((len(network.names), len(cases)), dtype=bool)
        at = [network.names.index(name) for name in self.columns]
        observed[at] = self.codes[cases.start : cases.stop].T >= 0
        sets = sensitivity_sets(network, self.target.variable, observed)
        blocks = self.compiled.numbers.blocks
        owners = np.repeat([network.names.index(name) for name, *_ in blocks], [prod(shape) for *_, shape in blocks])
        return ~sets[owners.astype(np.int64)].T

    def _log_evidence(self, cases: Ints) -> list[float]:
        """ln P(e) of some cases, also where it underflows; minus infinity if the findings are impossible together."""
        if not len(cases):
            return []
        names = self.engine.network.names
        positions = [names.index(name) for name in self.columns]
        found: list[float] = solve(
            self.engine.compiled.circuit, self.codes[cases], positions, threads=1
        ).log_evidence.tolist()
        return found

    def _leaves(self, cases: range) -> Floats:
        """The circuit's leaves, for the numerators and then for the denominators."""
        compiled, codes = self.compiled, self.codes[cases.start : cases.stop]
        base = compiled.leaves(compiled.numbers.values, {})
        leaves = np.tile(base, (2, len(cases), 1))
        start, states = compiled.free[self.target.variable]
        leaves[0, :, start : start + states] = self.target.numerator
        leaves[1, :, start : start + states] = self.target.denominator
        for column, name in enumerate(self.columns):
            if name in compiled.free:
                start, states = compiled.free[name]
                code = codes[:, column, None]
                leaves[:, :, start : start + states] = (code == np.arange(states)) | (code < 0)
        return leaves.reshape(2 * len(cases), -1)

    @staticmethod
    def _totals(derivatives: Floats, counts: Ints, first: int) -> Totals:
        size = np.abs(derivatives)
        where = size.argmax(axis=0)
        most = np.take_along_axis(derivatives, where[None], 0)[0]
        weights = counts.astype(np.float64)
        moving = weights @ (size > MATTERS).astype(np.float64)
        return Totals(weights @ derivatives, weights @ size, most, where + first, moving)


def joined(parts: Sequence[Totals]) -> Totals:
    """The totals of several parts."""
    found = parts[0]
    for part in parts[1:]:
        larger = np.abs(part.most) > np.abs(found.most)
        found = Totals(
            found.signed + part.signed,
            found.size + part.size,
            np.where(larger, part.most, found.most),
            np.where(larger, part.where, found.where),
            found.moving + part.moving,
        )
    return found
