"""One query with all its derivatives: P(y, e) for every state y of the target, and the function of every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import inf, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet._immutable import Rebuilt
from spasmnet.errors import EvidenceError
from spasmnet.inference.cases import LARGEST, wide_indicators
from spasmnet.inference.contraction import Work
from spasmnet.inference.depth import Depth, depth_of, depth_of_distributions
from spasmnet.inference.engine import Engine
from spasmnet.inference.evidence import read_evidence
from spasmnet.inference.factors import ancestors
from spasmnet.inference.halves import side_by_side
from spasmnet.inference.requisite import requisite
from spasmnet.inference.rows import processors
from spasmnet.kernels.layout import TINY
from spasmnet.kernels.native import address, kernels
from spasmnet.model.network import Network
from spasmnet.parameters.covariation import along_rows
from spasmnet.parameters.vector import Numbers
from spasmnet.sensitivity.function import slope_of
from spasmnet.sensitivity.polynomial import Polynomial, polynomial
from spasmnet.sensitivity.scaling import split
from spasmnet.sensitivity.tensors import Tensors, tensors

Floats = NDArray[np.float64]
MANY = 100_000  # numbers from which a second thread pays
KEPT = 16  # queries of a kind that an engine keeps


@dataclass(frozen=True, eq=False)
class Question(Rebuilt):
    """A planned query: P(y, e) as `joint`, and P(e) as `below`, whose numbers are the first ones of `joint`.

    `below` is None if no number changes P(e). `apart` is what does not depend on the target, if it may become 0.
    `depth` tells how small a product of the numbers can get.
    """

    variable: str
    joint: Tensors
    below: Tensors | None
    apart: Tensors | None
    depth: Depth

    @cached_property
    def blocks(self) -> NDArray[np.int64]:
        """The first number of each block, how many rows it has, and how many numbers a row; half of the numbers come
        before block `half`.
        """
        middle = len(self.joint.numbers.values) // 2
        blocks: list[tuple[int, int, int]] = []
        for _, first, _, shape in self.joint.numbers.blocks:
            rows, size = prod(shape[:-1]), shape[-1]
            cut = min(max(middle - first, 0) // size, rows)
            blocks += [(first, cut, size), (first + cut * size, rows - cut, size)]
        return np.array([block for block in blocks if block[1]], dtype=np.int64).reshape(-1, 3)

    @cached_property
    def half(self) -> int:
        """How many blocks the first half of the numbers is, if there are so many that two threads pay; else all."""
        numbers = len(self.joint.numbers.values)
        if numbers < MANY or processors() == 1:
            return len(self.blocks)
        return int((self.blocks[:, 0] + self.blocks[:, 2] <= numbers // 2).sum())

    @cached_property
    def blocks_at(self) -> int:
        """The address of the blocks."""
        return address(self.blocks)


class Query:
    """P(y, e) for every state y of a variable; functions of the numbers and their derivatives are computed on demand.

    All probabilities are scaled by one factor: what does not depend on the variable is left out.
    """

    def __init__(
        self, engine: Engine, question: Question, evidence: Mapping[str, Any], weights: Mapping[str, Floats]
    ) -> None:
        self.engine, self.question, self.evidence, self.weights = engine, question, evidence, weights

    def __reduce__(self) -> tuple[Any, ...]:
        return prepare, (self.engine, self.question.variable, dict(self.evidence))  # planned again, never from a pickle

    @property
    def numbers(self) -> Numbers:
        """The numbers that can matter."""
        return self.question.joint.numbers

    @cached_property
    def joint(self) -> Floats:
        """P(y, e) for each state y; raises ImpossibleEvidenceError if all are 0."""
        if self._needs_wide:
            return self._wide[0]
        place = self.question.joint.free[self.question.variable]
        work = self._differentiate(np.ones(place.stop - place.start))
        found = self._joint(work)
        self.question.joint.release(work)
        return found if found.sum() > TINY else self._wide[0]

    @cached_property
    def _needs_wide(self) -> bool:
        """Whether a product of the numbers may be too small for a float."""
        return (self.question.depth + depth_of(self.weights.values())).extended

    @cached_property
    def gradient(self) -> Floats:
        """The derivative of each P(y, e) with respect to each number: axes (y, number)."""
        return np.array([self.slopes(row) for row in np.eye(len(self.joint))])

    def slopes(self, weights: Floats) -> Floats:
        """The derivatives of Σ_y weights[y] · P(y, e) with respect to each number."""
        _ = self.joint
        if "_wide" in self.__dict__:
            return np.asarray(weights @ self._wide[1])
        found = np.zeros(len(self.numbers.values))
        if weights.min() == weights.max() == 1.0:
            source, work = self.question.below, self._differentiate_below()
        else:
            source, work = self.question.joint, self._differentiate(weights)
        if source is not None and work is not None:
            n = len(source.numbers.values)
            found[:n] = work.slopes[:n]
            source.release(work)
        return found

    def functions(self, top: Floats, bottom: Floats, *, uniform: bool, log: bool) -> Floats:
        """alpha, beta, gamma, delta of each number's one-way function, and its derivative: axes (5, number).

        Numerator and denominator are Σ_y weights[y] · P(y, e) with weights `top` and `bottom`; the others of a row move
        by the proportional rule or the `uniform` one; with `log` the derivative is that of the logarithm.
        """
        if self._needs_wide:
            return self._carefully(top, bottom, uniform, log)
        question, tensors = self.question, self.question.joint
        work = self._differentiate(top)
        joint = self._joint(work)
        below = float(bottom @ joint)
        if below <= TINY:  # perhaps there is nothing to divide by; perhaps it underflows
            tensors.release(work)
            return self._carefully(top, bottom, uniform, log)
        self.__dict__.setdefault("joint", joint)
        other, source = None, tensors
        if 0.0 in bottom.tolist():
            other = self._differentiate(bottom)
        elif question.below is not None:
            other, source = self._differentiate_below(), question.below
        out = self._one_way(
            (work.at, work.slopes_at, (other or work).slopes_at), len(source.numbers.values) if other else 0,
            (float(top @ joint), below), uniform, log, (work, other),
        )  # fmt: skip
        tensors.release(work)
        if other is not None:
            source.release(other)
        return out

    def _one_way(
        self, places: tuple[int, int, int], moving: int, values: tuple[float, float], uniform: bool, log: bool,
        memory: object,
    ) -> Floats:  # fmt: skip
        """The functions, given where numbers and derivatives of numerator and denominator lie, and the values of both.

        The first `moving` numbers change the denominator; `memory` holds what lies at the places.
        """
        question = self.question
        n = len(question.joint.numbers.values)
        out = np.empty((5, n))
        at = address(out)
        given = (*places, moving, *values, question.blocks_at)
        asked = (uniform, log, at, at + 8 * n, at + 16 * n, at + 24 * n, at + 32 * n)
        one_way, half = kernels().one_way, question.half
        rest = len(question.blocks) - half
        if rest:
            one, other = partial(one_way, *given, 0, half, *asked), partial(one_way, *given, half, rest, *asked)
            side_by_side(one, other, (memory, question, out))
        else:
            one_way(*given, 0, half, *asked)
        return out

    def _carefully(self, top: Floats, bottom: Floats, uniform: bool, log: bool) -> Floats:
        weights = np.array([top, bottom])
        gradient = np.array([self.slopes(row) for row in weights])
        above, below = (weights @ self.joint).tolist()
        if below > 0 and (above > 0 or not log):
            numbers = np.ascontiguousarray(self.numbers.values)
            places = address(numbers), address(gradient), address(gradient[1])
            return _moderate(self._one_way(places, len(numbers), (above, below), uniform, log, (numbers, gradient)))
        lines, _ = along_rows(weights @ self.joint, gradient, self.numbers, "uniform" if uniform else "proportional")
        coefficients = np.array([part[i] for i in (0, 1) for part in lines])
        return np.concatenate([coefficients, [derivative(coefficients, self.numbers.values, log)]])

    def _differentiate(self, states: Floats) -> Work:
        weights, name = self.weights, self.question.variable
        return self.question.joint.differentiate(
            {**weights, name: states * weights[name] if name in weights else states} if weights else {name: states}
        )

    def _differentiate_below(self) -> Work | None:
        return None if self.question.below is None else self.question.below.differentiate(self.weights)

    def _joint(self, work: Work) -> Floats:
        """P(y, e): the derivatives with respect to the target's indicators, times its own likelihoods."""
        found = work.slopes[self.question.joint.free[self.question.variable]]
        own = self.weights.get(self.question.variable)
        return found.copy() if own is None else found * own

    @cached_property
    def _wide(self) -> tuple[Floats, Floats]:
        """P(y, e) and the gradient where P(e) or a part of it underflows: both divided by P(e)."""
        name = self.question.variable
        compiled, weights = compiled_query(self.engine, (name,), self.evidence)
        leaves = compiled.leaves(compiled.numbers.values, weights)
        if wide_indicators(compiled.circuit, leaves)[0] == -inf:
            raise self.engine.impossible(self.evidence)
        start, states = compiled.free[name]
        rows = np.tile(leaves, (states, 1))
        rows[:, start : start + states] *= np.eye(states)
        joint, found = compiled.differentiate_wide(leaves, rows)
        return joint, found[:, compiled.indicators :]


def _moderate(found: Floats) -> Floats:
    """Functions and derivatives whose coefficients are at most 1, so that products of them are no infinities.

    What numerator and denominator have in common cancels. A derivative beyond all floats becomes LARGEST.
    """
    largest = np.abs(found[:4]).max(axis=0)
    alpha, beta, gamma, delta = found[:4] = found[:4] / np.where(largest > 1.0, largest, 1.0)
    slope = np.where(np.isnan(found[4]), LARGEST * np.sign(alpha * delta - beta * gamma), found[4])
    found[4] = np.clip(slope, -LARGEST, LARGEST)
    return found


def derivative(coefficients: Floats, theta: Floats, log: bool) -> Floats:
    """The derivative of each function (axes: alpha to delta, number) at the number's value, or of its logarithm."""
    alpha, beta, gamma, delta = coefficients
    with np.errstate(divide="ignore", invalid="ignore"):
        found = slope_of(alpha, gamma, alpha * theta + beta, gamma * theta + delta, log)
    return np.where(np.isnan(found), 0.0, found)  # undefined: the uniform rule makes the evidence impossible


def ask(engine: Engine, variable: str, evidence: Mapping[str, Any] | None) -> Query:
    """Plan P(y, e) for the states y of a variable, and see that the evidence is possible.

    Raises EvidenceError for what is not understood or if the variable is itself observed, ImpossibleEvidenceError, and
    CircuitTooLargeError.
    """
    query = prepare(engine, variable, {} if evidence is None else evidence)
    _ = query.joint
    return query


def prepare(engine: Engine, variable: str, evidence: Mapping[str, Any]) -> Query:
    """The same as ask, but whether the evidence is possible is only told by the first use."""
    evidence = read_evidence(engine.network, evidence)
    if isinstance(evidence.get(variable), str):
        raise EvidenceError(
            f"{variable} is observed ({evidence[variable]}), so no number of the model changes its probability"
        )
    hard, weights = split(engine.network, evidence)
    kept: dict[Any, Question] = engine.__dict__.setdefault("_questions", {})
    key = (variable, tuple(sorted(weights)), tuple(sorted(hard.items())))
    question = kept.get(key)
    if question is None:
        question = _plan(engine, variable, hard, weights, evidence)
        keep(kept, key, question)
    if question.apart is not None and question.apart.free:
        _must_be_possible(engine, question.apart, weights, evidence)
    return Query(engine, question, evidence, weights)


def keep(kept: dict[Any, Any], key: Any, value: Any) -> None:
    """Remember a value, and forget the oldest if there are many."""
    if len(kept) >= KEPT:
        kept.pop(next(iter(tuple(kept))), None)  # of a copy, since other threads may add to it
    kept[key] = value


def _plan(
    engine: Engine, variable: str, hard: Mapping[str, str], weights: Mapping[str, Floats], evidence: Mapping[str, Any]
) -> Question:
    network, limit = engine.network, engine.max_products
    names, moving = needed(network, (variable,), hard, weights)
    known = ancestors(network, [*hard, *weights])
    elsewhere = [name for name in network.names if name in known and name not in names]

    def planned(chosen: Sequence[str], *target: str) -> Tensors:
        free = [*target, *(name for name in weights if name in chosen and name not in target)]
        return tensors(network, chosen, free, hard, limit)

    apart = planned(elsewhere) if elsewhere else None
    if apart is not None and not apart.free:
        _must_be_possible(engine, apart, weights, evidence)
    below = planned(names[:moving]) if moving else None
    depth = depth_of_distributions(network.cpds[name] for name in names)
    return Question(variable, planned(names, variable), below, apart, depth)


def _must_be_possible(
    engine: Engine, apart: Tensors, weights: Mapping[str, Floats], evidence: Mapping[str, Any]
) -> None:
    """Raise ImpossibleEvidenceError if what does not depend on the target is contradictory."""
    if apart.value(weights) > TINY:
        return
    hard, _ = split(engine.network, evidence)
    circuit = polynomial(
        engine.network, tuple(apart.free), hard, derivatives=False, names=apart.names, max_products=engine.max_products
    )
    log_value, _ = wide_indicators(
        circuit.circuit, circuit.leaves(circuit.numbers.values, {name: weights[name] for name in apart.free})
    )
    if log_value == -inf:
        raise engine.impossible(evidence)


def needed(
    network: Network, targets: Sequence[str], hard: Mapping[str, str], weights: Mapping[str, Floats]
) -> tuple[list[str], int]:
    """The variables whose distributions matter for some targets, first those that P(evidence) depends on; how many."""
    found = requisite(network, targets, hard, weights)
    above = ancestors(network, [*hard, *weights])
    first = [name for name in network.names if name in found and name in above]
    return [*first, *(name for name in network.names if name in found and name not in above)], len(first)


def compiled_query(
    engine: Engine, free: tuple[str, ...], evidence: Mapping[str, Any]
) -> tuple[Polynomial, dict[str, Floats]]:
    """The circuit of a query, for many sets of numbers, kept by the engine; and the weights of likelihood evidence."""
    hard, weights = split(engine.network, evidence)
    key = (tuple(dict.fromkeys((*free, *weights))), tuple(sorted(hard.items())))
    kept: dict[Any, Polynomial] = engine.__dict__.setdefault("_polynomials", {})
    found = kept.get(key)
    if found is None:
        names, _ = needed(engine.network, free, hard, weights)
        found = polynomial(engine.network, key[0], hard, names=names, max_products=engine.max_products)
        keep(kept, key, found)
    return found, weights
