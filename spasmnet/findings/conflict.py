"""Whether findings contradict one another, and whether a rare case explains that they seem to.

conf(e) = log2 [P(e_1) · … · P(e_n) / P(e)] is above 0 when findings are less probable together than if they had nothing
to do with one another, as those of one coherent case are not. A hypothesis h explains the conflict away if
conf(e, h) = conf(e) + log2 [P(h) / P(h | e)] is at most 0: then the findings are those of a rare case.

Source: Jensen FV, Chamberlain B, Nordahl T, Jensen F (1990), Analysis in HUGIN of data conflict, UAI, 546-554.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from spasmnet.findings.query import Codes, Question

Floats = NDArray[np.float64]
LN2 = float(np.log(2.0))
ROUNDING = 1e-9  # bits
VERDICTS = ("coherent", "rare case", "contradictory")


@dataclass(frozen=True, slots=True)
class Conflict:
    """The conflict of some findings in bits, and the hypothesis (variable, state) that explains most of it.

    `remaining` is what is left of the conflict if that hypothesis holds. `verdict` is "coherent" (no conflict),
    "rare case" (the hypothesis explains it away) or "contradictory" (none does: look for a wrong finding, or for a
    case that the model does not know).
    """

    findings: tuple[str, ...]
    conflict: float
    explained_by: tuple[str, str] | None
    remaining: float
    verdict: str


def subsets_of(question: Question) -> list[tuple[int, ...]]:
    """All findings together (if there are several), then each pair of them, by number."""
    n = len(question.findings)
    pairs: list[tuple[int, ...]] = list(combinations(range(n), 2))
    return [tuple(range(n)), *pairs] if n > 2 else pairs


def rows_of(question: Question) -> list[Codes]:
    """The cases that conflicts are worked out from."""
    return [question.row(chosen) for chosen in subsets_of(question)]


def conflicts(
    question: Question, prior: Floats, singles: Floats, posteriors: Floats, log_evidence: Floats
) -> tuple[Conflict, ...]:
    """The conflicts of `subsets_of`: of all findings, then of pairs from the largest to the least.

    `prior` holds the probabilities of all states before any finding, `singles` ln P(e_i); `posteriors` and
    `log_evidence` belong to the subsets.
    """
    names = hypotheses(question)
    found = []
    for chosen, post, log_p in zip(subsets_of(question), posteriors, log_evidence.tolist(), strict=True):
        bits = float(sum(singles[i] for i in chosen) - log_p) / LN2
        explained, gain = _best(question, names, prior, post)
        remaining = bits - gain
        verdict = VERDICTS[0 if bits <= ROUNDING else 1 if remaining <= ROUNDING else 2]
        found.append(Conflict(tuple(question.findings[i] for i in chosen), bits, explained, remaining, verdict))
    whole = int(len(question.findings) > 2)
    return (*found[:whole], *sorted(found[whole:], key=lambda one: -one.conflict))


def hypotheses(question: Question) -> list[int]:
    """What may explain: unobserved variables that are not findings; in a network without roles, all unobserved."""
    variables = question.network.variables
    fixed = set(question.columns)
    return [i for i, v in enumerate(variables) if i not in fixed and v.role != "finding" and len(v.states) > 1]


def _best(
    question: Question, names: Sequence[int], prior: Floats, post: Floats
) -> tuple[tuple[str, str] | None, float]:
    """The hypothesis with the largest log2 P(h | e) / P(h), the first where only rounding differs, and the largest."""
    best, gain, most = None, 0.0, 0.0
    for i in names:
        before, after = prior[question.slots[i]], post[question.slots[i]]
        ratio = after / np.where(before > 0, before, 1.0)
        at = int(ratio.argmax())
        bits = float(np.log2(ratio[at])) if ratio[at] > 0 else 0.0
        most = max(most, bits)
        if bits > gain + ROUNDING:
            variable = question.network.variables[i]
            best, gain = (variable.name, variable.states[at]), bits
    return best, most
