"""What would change the answer: the single finding, or the pair, that overturns the leading cause or the level of care.

Every state of every candidate, and every pair of them, is one case of one batch. What is decided for a case is what the
report and the care rule decide.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError
from spasmnet.findings.query import Codes, Question
from spasmnet.triage.care import OUTCOMES, CareRule, Findings, chance_of, suspected, weights
from spasmnet.triage.guidance import guidance_of

Floats = NDArray[np.float64]
KINDS = ("cause", "care", "target")
MAX_CASES = 200_000
MAX_WORK = 10_000_000_000  # pairs times products of the circuit, up to which pairs are sought unasked


@dataclass(frozen=True, slots=True)
class Overturn:
    """One or two more findings that change what is decided, and how probable they are, given the findings at hand.

    `kind` is "cause" (the leading cause), "care" (the level of care) or "target" (whether the event asked about is more
    probable than not); `now` and `then` are what is decided without and with them.
    """

    kind: str
    findings: tuple[tuple[str, str], ...]
    probability: float
    now: str
    then: str


def overturns(
    question: Question, candidates: Collection[str] | None = None, pairs: bool | None = None
) -> tuple[Overturn, ...]:
    """The single findings that overturn a decision, and the pairs of which neither does alone, the likeliest first.

    `candidates` are the variables that may be found; by default those not observed of role risk_factor or finding, in a
    network without roles all but the target. Pairs are sought by default if that is quick. Raises EvidenceError
    for candidates that are observed, and for more than 200,000 pairs if they are asked for.
    """
    network = question.network
    places = [network.names.index(name) for name in _candidates(question, candidates)]
    singles = [((i, s),) for i in places for s in range(len(network.variables[i].states))]
    count = len(singles) * (len(singles) - 1) // 2
    if pairs and count > MAX_CASES:
        raise EvidenceError(f"{count:,} pairs of findings are too many; name candidates=, or say pairs=False")
    wanted = pairs or (pairs is None and count <= MAX_CASES and count * question.engine.products <= MAX_WORK)
    both = [(*a, *b) for a, b in combinations(singles, 2) if a[0][0] != b[0][0]] if wanted else []
    cases: list[tuple[tuple[int, int], ...]] = [(), *singles, *both]
    rows = np.repeat(question.full[None], len(cases), axis=0)
    for row, more in zip(rows, cases, strict=True):
        for column, state in more:
            row[column] = state
    posteriors, log_evidence = _posteriors(question, rows)
    chances = np.exp(log_evidence - log_evidence[0])
    found = []
    for kind, decided in decisions(question, rows, posteriors).items():
        alone: set[tuple[int, int]] = set()
        for more, chance, then in zip(cases[1:], chances[1:].tolist(), decided[1:], strict=True):
            if chance > 0 and then != decided[0] and not alone.intersection(more):
                if len(more) == 1:
                    alone.add(more[0])
                named = tuple((network.names[i], network.variables[i].states[s]) for i, s in more)
                found.append(Overturn(kind, named, min(chance, 1.0), decided[0], then))
    return tuple(sorted(found, key=lambda one: (KINDS.index(one.kind), len(one.findings), -one.probability)))


def _candidates(question: Question, candidates: Collection[str] | None) -> Sequence[str]:
    network, given = question.network, question.evidence
    if candidates is None:
        roles = any(v.role for v in network.variables)
        return [
            v.name
            for v in network.variables
            if not isinstance(given.get(v.name), str)
            and v.name != question.event.variable
            and (v.role in ("risk_factor", "finding") or not roles)
        ]
    if isinstance(candidates, str):
        raise EvidenceError(f"candidates is a list of variables, such as [{candidates!r}]")
    names = [network.variable(name).name for name in candidates]
    for name in names:
        if isinstance(given.get(name), str):
            raise EvidenceError(f"the candidate {name} is observed ({given[name]}) already")
    return names


def decisions(question: Question, rows: Codes, posteriors: Mapping[str, Floats]) -> dict[str, list[str]]:
    """What is decided in each case, by kind: only the kinds that the network knows."""
    network, given = question.network, question.evidence
    rule = CareRule(network)
    looked_at = {name for flag in rule.flags for name in flag.when}
    codes = {name: rows[:, i] for i, name in enumerate(network.names) if name in looked_at}
    holding, levels, _ = rule.decide(Findings(len(rows), codes, weights(network, given)), posteriors)
    found: dict[str, list[str]] = {}
    ranked = [v.name for role in ("cause", "serious") for v in network.variables if v.role == role]
    if ranked:
        conditions = [(name, network.by_name[name].active) for name in ranked]
        chance = np.stack([chance_of(network, posteriors, one) for one in conditions], axis=1)
        chance[rows[:, [network.names.index(name) for name in ranked]] >= 0] = -1.0
        best = chance.argmax(axis=1).tolist()
        first = [(*suspected([flag]), "")[0] for flag in rule.ordered]
        pointing = rule.in_order(holding) & np.array([bool(name) for name in first], dtype=bool)
        which = np.where(pointing.any(axis=1), pointing.argmax(axis=1) if first else 0, -1).tolist()
        found["cause"] = [first[k] if k >= 0 else ranked[b] for k, b in zip(which, best, strict=True)]
    if guidance_of(network).losses is not None:
        found["care"] = [OUTCOMES[place] for place in levels.told.tolist()]
    p = posteriors[question.event.variable] @ question.event.groups
    found["target"] = [question.event.names[int(i)] for i in p.argmax(axis=1)]
    return found


def _posteriors(question: Question, rows: Codes) -> tuple[dict[str, Floats], Floats]:
    """The posteriors, in each case, of the variables that any decision looks at, and ln P(case)."""
    network = question.network
    needed = {v.name for v in network.variables if v.role in ("cause", "serious")} | {question.event.variable}
    needed |= {harm.variable for harm in guidance_of(network).harms}
    needed |= {name for rule in guidance_of(network).red_flags for name in rule.when}
    names = [name for name in network.names if name in needed]
    found, log_evidence = question.ask(rows, [network.names.index(name) for name in names])
    ends = np.cumsum([len(network.by_name[name].states) for name in names])
    return dict(zip(names, np.split(found, ends[:-1], axis=1), strict=True)), log_evidence
