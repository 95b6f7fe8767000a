"""What is decided for many rows of findings at once: expected losses, the level of care, and the leading cause.

It is what spasmnet.triage and spasmnet.report decide for one posterior. Here the findings differ from row to row, and
with them the red flags that hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spasmnet.asking.batch import Batch, Codes, Floats
from spasmnet.rules import CARE_LEVELS
from spasmnet.triage import LIKELY, by_level

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Outcome(NamedTuple):
    """For each row: expected losses by level, the highest level of a red flag that holds (-1: none), the level of care
    (-1 in a model without losses), and the leading cause as a number of `Decider.leaders`."""

    losses: Floats
    floor: Ints
    care: Ints
    leading: Ints

    def rows(self, begin: int, end: int) -> Outcome:
        """The outcomes of some neighbouring rows."""
        at = slice(begin, end)
        return Outcome(self.losses[at], self.floor[at], self.care[at], self.leading[at])


@dataclass(frozen=True)
class _Condition:
    column: int
    states: Bools
    slots: tuple[int, ...]  # of a variable with an uncertain finding


class Decider:
    """How rows of a batch are decided.

    The leading cause is what the first urgent or emergency red flag that holds is a flag for; else the target that is
    most probably not neutral (one of which no state is known to be neutral counts with its most probable state); of a
    single target its most probable state. `leaders` names what may lead.
    """

    def __init__(self, batch: Batch, targets: Sequence[str]) -> None:
        network = batch.network
        self._one = len(targets) == 1
        self._undirected: list[tuple[int, slice]] = []  # targets of which no state is known to be neutral
        open_states = {n: {s for s, weight in f.items() if weight > 0} for n, f in batch.soft.items()}
        flags = [f for f in by_level(network.red_flags) if set(f.when) <= {*batch.columns, *batch.soft}]

        def unsure(when: dict[str, tuple[str, ...]]) -> bool:
            return any(name in open_states and not open_states[name] <= set(states) for name, states in when.items())

        levels = [CARE_LEVELS.index(f.level) if f.level in CARE_LEVELS else -1 for f in flags]
        order = sorted(range(len(flags)), key=lambda i: (-levels[i], unsure(dict(flags[i].when))))
        self.flags = tuple(flags[i] for i in order)
        self._levels = np.array([levels[i] for i in order], dtype=np.int64)
        self._conditions = [[self._condition(batch, n, s) for n, s in flag.when.items()] for flag in self.flags]
        first = [f.suspects[0] if f.suspects and f.level in CARE_LEVELS[2:] else "" for f in self.flags]
        if self._one:
            self.leaders: tuple[str, ...] = network.by_name[targets[0]].states
            self._probabilities = self._single(batch, targets[0])
            self._suspects = np.full(len(first), -1)
        else:
            self.leaders = tuple(dict.fromkeys((*targets, *filter(None, first))))
            self._probabilities = np.zeros((self._width(batch), len(targets)))
            for k, name in enumerate(targets):
                variable, start = network.by_name[name], batch.slots[name].start
                for state in variable.active:
                    self._probabilities[start + variable.state_index(state), k] = 1.0
                if not variable.active:
                    self._undirected.append((k, batch.slots[name]))
            self._suspects = np.array([self.leaders.index(s) if s else -1 for s in first], dtype=np.int64)
        losses = network.losses
        levels_known = CARE_LEVELS if losses else ()
        self._constant = np.array([losses.burden[level] for level in levels_known] if losses else [])
        self._weights = np.zeros((self._width(batch), len(levels_known)))
        for harm in losses.harms if losses else ():
            for state in harm.states:
                slot = batch.slots[harm.variable].start + network.by_name[harm.variable].state_index(state)
                self._weights[slot] += [harm.loss[level] for level in levels_known]

    def _width(self, batch: Batch) -> int:
        return int(max(s.stop for s in batch.slots.values()))

    def _single(self, batch: Batch, name: str) -> Floats:
        slots = batch.slots[name]
        found = np.zeros((self._width(batch), slots.stop - slots.start))
        found[slots] = np.eye(slots.stop - slots.start)
        return found

    @staticmethod
    def _condition(batch: Batch, name: str, states: Sequence[str]) -> _Condition:
        known = batch.network.by_name[name].states
        if name in batch.soft:
            start = batch.slots[name].start
            return _Condition(-1, np.zeros(0, bool), tuple(start + i for i, s in enumerate(known) if s in states))
        return _Condition(batch.at[name], np.array([*(s in states for s in known), False]), ())  # -1 finds the last

    def holding(self, codes: Codes, posteriors: Floats) -> Bools:
        """Which red flags hold, by row."""
        found = np.ones((len(codes), len(self.flags)), dtype=bool)
        for k, conditions in enumerate(self._conditions):
            for c in conditions:
                if c.slots or c.column < 0:
                    found[:, k] &= posteriors[:, list(c.slots)].sum(axis=1) >= LIKELY
                else:
                    found[:, k] &= c.states[codes[:, c.column]]
        return found

    def decide(self, codes: Codes, posteriors: Floats) -> Outcome:
        """The outcomes of rows with these posteriors."""
        n = len(codes)
        holding = self.holding(codes, posteriors)
        floor = np.full(n, -1, dtype=np.int64)
        if len(self.flags):
            first = np.argmax(holding, axis=1)
            floor = np.where(holding.any(axis=1), self._levels[first], -1)
        losses = posteriors @ self._weights + self._constant
        care = np.full(n, -1, dtype=np.int64)
        if losses.shape[1]:
            care = np.maximum(losses.shape[1] - 1 - np.argmin(losses[:, ::-1], axis=1), floor)
        chances = posteriors @ self._probabilities
        for k, slots in self._undirected:
            chances[:, k] = posteriors[:, slots].max(axis=1)
        leading = np.argmax(chances, axis=1)
        pointing = holding[:, self._suspects >= 0]
        if pointing.shape[1]:
            suspects = self._suspects[self._suspects >= 0]
            leading = np.where(pointing.any(axis=1), suspects[np.argmax(pointing, axis=1)], leading)
        return Outcome(losses, floor, care, leading)
