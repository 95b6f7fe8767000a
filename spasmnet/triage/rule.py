"""What is decided from posteriors, for many at once: the order of the differential and the level of care.

The findings are those of one case, the posteriors differ, as when numbers of the model vary. Everything that counts in
it, the candidates' probabilities, the levels' expected losses and the conditions of red flags, is linear in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spasmnet.model.network import Network
from spasmnet.triage.care import CareRule, Condition, Findings, suspected
from spasmnet.triage.guidance import CARE_LEVELS, guidance_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Decided(NamedTuple):
    """For each posterior the candidates in `order` (their numbers), the level of `care` by floor and expected loss (its
    place in the levels, -1: none), and what is `told` (its place in triage.care.OUTCOMES, which end in undetermined).
    """

    order: Ints
    care: Ints
    told: Ints


@dataclass(frozen=True, eq=False)
class DecisionRule:
    """How one case is decided, as a function of the posteriors of `names`: what counts and is not observed.

    `candidates` are causes, then serious conditions (the first `ranked` of them), then what red flags suspect although
    it is observed. `weights` and `constant` give the quantities that count: each candidate's probability, each level's
    expected loss (none without losses), and the probability of each of the `conditions` of red flags with an uncertain
    finding.
    """

    names: tuple[str, ...]
    candidates: tuple[str, ...]
    ranked: int
    levels: int
    care: CareRule
    evidence: Mapping[str, Any]
    conditions: tuple[Condition, ...]
    weights: Floats
    constant: Floats

    @classmethod
    def of(cls, network: Network, evidence: Mapping[str, Any]) -> DecisionRule:
        """The rule for a case with these findings."""
        observed = {name for name, finding in evidence.items() if isinstance(finding, str)}
        care = CareRule(network)
        conditions = care.uncertain([name for name in evidence if name not in observed])
        ranked = [v.name for role in ("cause", "serious") for v in network.variables if v.role == role]
        ranked = [name for name in ranked if name not in observed]
        may_hold = care.holding(Findings.of(network, evidence), {one: np.ones(1) for one in conditions}).any[0]
        flags = [flag for flag, may in zip(care.flags, may_hold.tolist(), strict=True) if may]
        candidates = tuple(dict.fromkeys((*ranked, *suspected(flags))))
        needed = {*candidates, *(h.variable for h in care.harms), *(name for name, _ in conditions)}
        names = tuple(name for name in network.names if name in needed and name not in observed)
        sums: list[list[tuple[float, str, tuple[str, ...]]]] = []
        for name in candidates:
            variable = network.by_name[name]
            sums.append([(1.0, name, variable.active or variable.states)])
        losses = guidance_of(network).losses
        levels = CARE_LEVELS if losses else ()
        sums += [[(h.loss[level], h.variable, h.states) for h in care.harms] for level in levels]
        sums += [[(1.0, name, states)] for name, states in conditions]
        burden = [losses.burden[level] for level in levels] if losses else []
        constant = np.array([0.0] * len(candidates) + burden + [0.0] * len(conditions))
        starts = dict(
            zip(names, np.cumsum([0, *(len(network.by_name[n].states) for n in names)]).tolist(), strict=False)
        )
        weights = np.zeros((sum(len(network.by_name[n].states) for n in names), len(sums)))
        for k, parts in enumerate(sums):
            for factor, name, chosen in parts:
                for state in chosen:
                    if name in starts:
                        weights[starts[name] + network.by_name[name].state_index(state), k] += factor
                    else:
                        constant[k] += factor * (evidence[name] == state)
        return cls(names, candidates, len(ranked), len(levels), care, evidence, conditions, weights, constant)

    @property
    def thresholds(self) -> tuple[tuple[int, float], ...]:
        """The number of a condition, and a probability at which it makes a red flag likely."""
        pairs = zip(self.care.flags, self.care.thresholds, strict=True)
        found = (
            (self.conditions.index(one), t) for flag, t in pairs for one in flag.when.items() if one in self.conditions
        )
        return tuple(dict.fromkeys(found))

    def quantities(self, posteriors: Floats) -> Floats:
        """What counts, for posteriors of the states of `names` (last axis)."""
        return posteriors @ self.weights + self.constant

    def decide(self, quantities: Floats) -> Decided:
        """What is decided for each row of quantities; care is -1 without losses where no red flag holds."""
        n, m, k = len(quantities), len(self.candidates), len(self.candidates) + self.levels
        chances = {one: np.minimum(quantities[:, k + i], 1.0) for i, one in enumerate(self.conditions)}
        holding = self.care.holding(Findings.of(self.care.network, self.evidence, count=n), chances)
        levels = self.care.levels(quantities[:, m:k], holding)
        keys = quantities[:, :m].copy()
        keys[:, self.ranked :] = -1.0
        patterns, which = np.unique(self.care.in_order(holding), axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            rows = np.flatnonzero(which.ravel() == number)
            held = (flag for flag, on in zip(self.care.ordered, pattern.tolist(), strict=True) if on)
            for place, name in enumerate(suspected(held)):
                keys[rows, self.candidates.index(name)] = 2.0 + m - place  # before all probabilities
        return Decided(np.argsort(-keys, axis=1, kind="stable"), levels.level, levels.told)
