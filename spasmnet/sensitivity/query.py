"""One query with all its derivatives: P(y, e) for every state y of the target, and their gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.engine import Engine
from spasmnet.errors import EvidenceError, ImpossibleEvidenceError
from spasmnet.evidence import check
from spasmnet.sensitivity.numbers import Numbers
from spasmnet.sensitivity.polynomial import Polynomial, polynomial

Floats = NDArray[np.float64]
KEPT = 16  # compiled queries an engine keeps


@dataclass(frozen=True, eq=False)
class Query:
    """`joint[y]` is P(y, e) and `gradient[y, j]` its derivative with respect to number j, all scaled by one factor."""

    numbers: Numbers
    joint: Floats
    gradient: Floats


def ask(engine: Engine, variable: str, evidence: Mapping[str, Any] | None) -> Query:
    """Differentiate P(y, e) for all states y of a variable.

    Raises EvidenceError for what is not understood or if the variable is itself observed, ImpossibleEvidenceError, and
    CircuitTooLargeError.
    """
    given = {} if evidence is None else evidence
    check(engine.network, given)
    if isinstance(given.get(variable), str):
        raise EvidenceError(
            f"{variable} is observed ({given[variable]}), so no number of the model changes its probability"
        )
    compiled, weights = compiled_query(engine, (variable,), given)
    states = len(engine.network.by_name[variable].states)
    rows = np.eye(states) * weights.pop(variable, 1.0)
    values = np.broadcast_to(compiled.numbers.values, (states, len(compiled.numbers.values)))
    leaves = compiled.leaves(values, {**weights, variable: rows})
    joint, found = compiled.differentiate_rows(leaves)
    if joint.sum() < 1e-250:
        joint, found = _scaled(engine, compiled, leaves, given)
    return Query(compiled.numbers, joint, found[:, compiled.indicators :])


def compiled_query(
    engine: Engine, free: tuple[str, ...], evidence: Mapping[str, Any]
) -> tuple[Polynomial, dict[str, Floats]]:
    """The polynomial of a query, kept by the engine, and the weights of likelihood evidence."""
    hard = {name: finding for name, finding in evidence.items() if isinstance(finding, str)}
    soft = {name: finding for name, finding in evidence.items() if not isinstance(finding, str)}
    key = (tuple(dict.fromkeys((*free, *soft))), tuple(sorted(hard.items())))
    kept: dict[Any, Polynomial] = engine.__dict__.setdefault("_polynomials", {})
    found = kept.get(key)
    if found is None:
        found = polynomial(engine.network, key[0], hard, max_products=engine.max_products)
        if len(kept) >= KEPT:
            kept.pop(next(iter(tuple(kept))), None)
        kept[key] = found
    weights = {}
    for name, finding in soft.items():
        largest = max(finding.values())
        weights[name] = np.array([finding[state] / largest for state in engine.network.by_name[name].states])
    return found, weights


def _scaled(engine: Engine, compiled: Polynomial, leaves: Floats, evidence: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """The same where P(e) underflows: each variable's numbers are multiplied by a factor, which cancels in answers.

    Every term of the polynomial has one number of each table and of each leak.
    """
    log_evidence = engine.log_evidence(evidence)
    if log_evidence == float("-inf"):
        raise ImpossibleEvidenceError(engine.contradiction(evidence))
    blocks = [(first, shape) for _, first, prefix, shape in compiled.numbers.blocks if len(prefix) != 1]
    factor = exp(-log_evidence / len({name for name, *_ in compiled.numbers.blocks}))
    scaled = leaves.copy()
    scale = np.ones(compiled.indicators + len(compiled.numbers.values))
    for first, shape in blocks:
        begin = compiled.indicators + first
        scale[begin : begin + int(np.prod(shape))] = factor
    scaled[:, : len(scale)] *= scale
    joint, found = compiled.differentiate_rows(scaled)
    return joint, found * scale
