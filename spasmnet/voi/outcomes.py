"""What is decided for many rows of findings at once: expected losses, the level of care, and the leading cause.

It is what the care rule and the report decide for one case. Here the findings differ from row to row, and with them the
red flags that hold.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spasmnet.triage.care import CareRule, Findings, suspected, weights
from spasmnet.voi.batch import Batch, Codes, Floats

Ints = NDArray[np.int64]


class Outcome(NamedTuple):
    """What is decided in each row.

    Expected losses by level; the highest level of a red flag that holds (-1: none); the level of care by both (-1 where
    there is none); what is told of it, a place in triage.care.OUTCOMES; and the leading cause as a number of
    `Decider.leaders`.
    """

    losses: Floats
    floor: Ints
    care: Ints
    told: Ints
    leading: Ints

    def rows(self, begin: int, end: int) -> Outcome:
        """The outcomes of some neighbouring rows."""
        part = slice(begin, end)
        return Outcome(self.losses[part], self.floor[part], self.care[part], self.told[part], self.leading[part])


class Decider:
    """How rows of a batch are decided; `unknown` are the variables that were asked about in vain.

    The leading cause is what the first urgent or emergency red flag that holds is a flag for; else the target that is
    most probably not neutral (one of which no state is known to be neutral counts with its most probable state); of a
    single target its most probable state. `leaders` names what may lead.
    """

    def __init__(self, batch: Batch, targets: Sequence[str], unknown: Collection[str] = ()) -> None:
        network = batch.network
        self._batch, self._unknown = batch, frozenset(unknown)
        self._rule = CareRule(network)
        self.questions = self._rule.questions  # of red flags that decide whether a level can be told
        self._columns = {
            name: batch.at[name] for name in batch.columns if name in {n for n, _ in self._rule.conditions}
        }
        self._needed = {h.variable for h in self._rule.harms} | {n for n, _ in self._rule.uncertain(batch.soft)}
        self._undirected: list[tuple[int, slice]] = []  # targets of which no state is known to be neutral
        first = [suspected([flag])[:1] for flag in self._rule.ordered]
        self._probabilities = np.zeros((max(s.stop for s in batch.slots.values()), len(targets)))
        if len(targets) == 1:
            self.leaders: tuple[str, ...] = network.by_name[targets[0]].states
            slots = batch.slots[targets[0]]
            self._probabilities = np.eye(self._probabilities.shape[0])[:, slots]
            self._suspects = np.full(len(first), -1)
        else:
            self.leaders = tuple(dict.fromkeys((*targets, *(name for names in first for name in names))))
            for k, name in enumerate(targets):
                variable, start = network.by_name[name], batch.slots[name].start
                for state in variable.active:
                    self._probabilities[start + variable.state_index(state), k] = 1.0
                if not variable.active:
                    self._undirected.append((k, batch.slots[name]))
            self._suspects = np.array([self.leaders.index(s[0]) if s else -1 for s in first], dtype=np.int64)

    def decide(self, codes: Codes, posteriors: Floats) -> Outcome:
        """The outcomes of rows with these posteriors."""
        batch, rule = self._batch, self._rule
        seen = {name: codes[:, column] for name, column in self._columns.items()}
        findings = Findings(len(codes), seen, weights(batch.network, batch.soft), self._unknown)
        holding, levels, losses = rule.decide(
            findings, {name: posteriors[:, batch.slots[name]] for name in self._needed}
        )
        chances = posteriors @ self._probabilities
        for k, slots in self._undirected:
            chances[:, k] = posteriors[:, slots].max(axis=1)
        leading = np.argmax(chances, axis=1)
        pointing = rule.in_order(holding)[:, self._suspects >= 0]
        if pointing.shape[1]:
            suspects = self._suspects[self._suspects >= 0]
            leading = np.where(pointing.any(axis=1), suspects[np.argmax(pointing, axis=1)], leading)
        return Outcome(losses, levels.floor, levels.level, levels.told, leading)
