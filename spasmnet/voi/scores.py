"""What each question is worth in each of many cases, from one batch: a row for every answer that may come.

For a question X with the answers x, findings e, targets C, levels of care a with losses L and the decision d:

    information  Σ_C I(X; C | e) = Σ_C [H(C | e) - Σ_x P(x | e) H(C | x, e)], in bits
    value        min_a E[L(a) | e] - Σ_x P(x | e) min_a E[L(a) | x, e], which is never negative (EVSI)
    change       Σ_x P(x | e) [d(e, x) differs from d(e)]
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.engine import Engine
from spasmnet.triage.guidance import CARE_LEVELS, guidance_of
from spasmnet.voi.batch import Batch, Codes, Floats
from spasmnet.voi.outcomes import Decider, Outcome
from spasmnet.voi.roles import Roles

Ints = NDArray[Any]
URGENT = CARE_LEVELS.index("urgent")


@dataclass(frozen=True, eq=False)
class Scores:
    """For each case (first axis) and each variable that may be asked (second axis) what asking is worth.

    What cannot be asked any more has `open` False and zeros. `flag` is the highest level of care, among urgent and
    emergency, that an answer brings by completing a red flag where a lower one was decided (-1: none), `alarm` the
    chance of such an answer. `chance` holds the chance of each answer, in the order of `Scorer.answers`.
    """

    now: Outcome
    entropy: Floats
    open: NDArray[np.bool_]
    information: Floats
    value: Floats
    change_care: Floats
    change_cause: Floats
    change: Floats
    flag: Ints
    alarm: Floats
    chance: Floats

    def row(self, i: int) -> Scores:
        """The scores of one case."""
        at = slice(i, i + 1)
        rest = {f.name: getattr(self, f.name)[at] for f in fields(self) if f.name != "now"}
        return Scores(now=self.now.rows(i, i + 1), **rest)


class Scorer:
    """Scores questions; what does not depend on the case is prepared once."""

    def __init__(self, engine: Engine, roles: Roles) -> None:
        network = engine.network
        harms = [harm.variable for harm in guidance_of(network).harms]
        self.roles, self.names = roles, roles.askable
        grouped = [group for group in roles.targets if len(group) > 1]
        together = [name for group in grouped for name in group]
        self.batch = Batch(engine, [*roles.single, *harms], [*roles.askable, *together], roles.given)
        self.decider = Decider(self.batch, roles.single, roles.unknown)
        self.columns = np.array([self.batch.at[n] for n in self.names], dtype=np.int64)
        self.sizes = np.array([len(network.by_name[n].states) for n in self.names], dtype=np.int64)
        self.answers = np.array([(a, s) for a, size in enumerate(self.sizes) for s in range(size)], dtype=np.int64)
        places = [self.batch.slots[group[0]] for group in roles.targets if len(group) == 1]
        self._slots = np.array([i for place in places for i in range(place.start, place.stop)], dtype=np.int64)
        self._groups = [
            (
                [self.batch.at[name] for name in group],
                np.array(list(np.ndindex(*(len(network.by_name[name].states) for name in group))), dtype=np.int16),
            )
            for group in grouped
        ]

    def entropy(self, codes: Codes, posteriors: Floats, log_p: Floats) -> Floats:
        """The sum of the entropies of the targets in bits, by row; of a group, that of its joint distribution."""
        total = bits(posteriors[:, self._slots]).sum(axis=1)
        for columns, states in self._groups:
            rows = np.repeat(codes, len(states), axis=0)
            rows[:, columns] = np.tile(states, (len(codes), 1))
            joint = self.batch.answer(rows)[1].reshape(len(codes), len(states))
            known = log_p > -np.inf
            total[known] += bits(np.exp(joint[known] - log_p[known, None])).sum(axis=1)
        return np.asarray(total)

    def askable(self, codes: Codes) -> NDArray[np.bool_]:
        """Which variables may be asked in each case: neither observed nor asked in vain."""
        in_vain = np.array([name in self.roles.unknown for name in self.names], dtype=bool)
        return np.asarray((codes[:, self.columns] < 0) & ~in_vain)

    def rows(self, codes: Codes, may_come: NDArray[np.bool_]) -> tuple[Codes, Ints, Ints]:
        """A row for each answer that may come in each case, the case of each row, and its number in `answers`."""
        case, answer = np.nonzero(may_come)
        rows = codes[case]
        rows[np.arange(len(rows)), self.columns[self.answers[answer, 0]]] = self.answers[answer, 1]
        return rows, case, answer

    def scores(self, codes: Codes, possible: NDArray[np.bool_] | None = None) -> Scores:
        """The scores of all questions in cases with these codes.

        `possible` is False for answers (by case) of which it is known that they are impossible. Raises
        ImpossibleEvidenceError if what is given is impossible.
        """
        open_ = self.askable(codes)
        may_come = open_[:, self.answers[:, 0]]
        rows, case, answer = self.rows(codes, may_come if possible is None else may_come & possible)
        both = np.concatenate([codes, rows])
        posteriors, log_p = self.batch.answer(both)
        n = len(codes)
        if np.isneginf(log_p[:n]).any():
            raise self.batch.impossible()
        decided = self.decider.decide(both, posteriors)
        now, then = decided.rows(0, n), decided.rows(n, len(both))
        chance = np.exp(log_p[n:] - log_p[:n][case])
        entropy = self.entropy(both, posteriors, log_p)
        asked = self.answers[answer, 0]
        shape = (n, len(self.names))
        where = case * shape[1] + asked

        def expected(values: NDArray[Any]) -> Floats:
            found = np.bincount(where, chance * values, minlength=shape[0] * shape[1])
            return np.asarray(found, dtype=np.float64).reshape(shape)

        information = entropy[:n, None] - expected(entropy[n:])
        value = np.zeros(shape)
        if now.losses.shape[1]:
            value = now.losses.min(axis=1)[:, None] - expected(then.losses.min(axis=1))
        other_care, other_cause = then.told != now.told[case], then.leading != now.leading[case]
        level = np.maximum(now.care, now.floor)[case]
        chances = np.zeros(may_come.shape)
        chances[case, answer] = chance
        raised = (then.floor > level) & (then.floor >= URGENT) & (chance > 0)
        flag = np.full(shape[0] * shape[1], -1, dtype=np.int64)
        np.maximum.at(flag, where[raised], then.floor[raised])
        return Scores(
            now, entropy[:n], open_,
            np.where(open_, np.maximum(information, 0.0), 0.0), np.where(open_, np.maximum(value, 0.0), 0.0),
            expected(other_care), expected(other_cause), expected(other_care | other_cause),
            flag.reshape(shape), expected(raised), chances,
        )  # fmt: skip


def bits(p: Floats) -> Floats:
    """-p log2 p, 0 at 0."""
    return -p * np.log2(np.where(p > 0, p, 1.0))


def order(scores: Scores, costs: Floats, by: str) -> Ints:
    """For each case the questions, the best first: red flags before all others, then by `by`; closed ones last.

    "value" is the value net of the cost; questions that are not worth their cost follow by their information.
    """
    net = np.maximum(scores.value - costs, 0.0) if by == "value" else np.zeros(scores.value.shape)
    key = scores.change if by == "change" else scores.information
    alarm = np.where(scores.flag >= 0, scores.alarm, 0.0)
    place = np.broadcast_to(np.arange(key.shape[1]), key.shape)
    return np.lexsort((place, *(-k for k in (key, net, alarm, scores.flag)), ~scores.open), axis=1)
