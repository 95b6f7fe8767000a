"""What is decided from posteriors, for many at once: the order of the differential and the level of care.

It is what spasmnet.report and spasmnet.triage decide for one posterior. Everything that counts in it, the candidates'
probabilities, the levels' expected losses and the conditions of red flags, is linear in the posteriors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spasmnet.network import Network
from spasmnet.rules import CARE_LEVELS, Rule
from spasmnet.triage import LIKELY, by_level, flags, suspected

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Decided(NamedTuple):
    """For each posterior the candidates in order (their numbers), and the level of care (its place in CARE_LEVELS)."""

    order: Ints
    care: Ints


@dataclass(frozen=True, eq=False)
class DecisionRule:
    """How one case is decided, as a function of the posteriors of `names`: what counts and is not observed.

    `candidates` are causes, then serious conditions (the first `ranked` of them), then what red flags suspect although
    it is observed. `weights` and `constant` give the quantities that count: each candidate's probability, each level's
    expected loss (none without losses), and for each condition of a red flag that may hold its probability.
    """

    names: tuple[str, ...]
    candidates: tuple[str, ...]
    ranked: int
    levels: int
    certain: tuple[Rule, ...]
    possible: tuple[Rule, ...]
    weights: Floats
    constant: Floats

    @classmethod
    def of(cls, network: Network, evidence: Mapping[str, Any]) -> DecisionRule:
        """The rule for a case with these findings."""
        observed = {name for name, finding in evidence.items() if isinstance(finding, str)}
        certain, possible = flags(network, evidence)
        ranked = [v.name for role in ("cause", "serious") for v in network.variables if v.role == role]
        ranked = [name for name in ranked if name not in observed]
        candidates = tuple(dict.fromkeys((*ranked, *suspected(by_level((*certain, *possible))))))
        harms = network.losses.harms if network.losses else ()
        conditions = [(name, states) for rule in possible for name, states in rule.when.items()]
        needed = {*candidates, *(h.variable for h in harms), *(name for name, _ in conditions)}
        names = tuple(name for name in network.names if name in needed and name not in observed)
        sums: list[list[tuple[float, str, tuple[str, ...]]]] = []
        for name in candidates:
            variable = network.by_name[name]
            sums.append([(1.0, name, variable.active or variable.states)])
        levels = CARE_LEVELS if network.losses else ()
        sums += [[(h.loss[level], h.variable, h.states) for h in harms] for level in levels]
        sums += [[(1.0, name, tuple(states))] for name, states in conditions]
        burden = [network.losses.burden[level] for level in levels] if network.losses else []
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
        return cls(names, candidates, len(ranked), len(levels), certain, possible, weights, constant)

    def quantities(self, posteriors: Floats) -> Floats:
        """What counts, for posteriors of the states of `names` (last axis)."""
        return posteriors @ self.weights + self.constant

    def decide(self, quantities: Floats) -> Decided:
        """What is decided for each row of quantities; care is -1 in a network without losses."""
        n, m, k = len(quantities), len(self.candidates), len(self.candidates) + self.levels
        likely, at = np.zeros((n, len(self.possible)), dtype=bool), k
        for i, rule in enumerate(self.possible):
            likely[:, i] = (quantities[:, at : at + len(rule.when)] >= LIKELY).all(axis=1)
            at += len(rule.when)
        keys = quantities[:, :m].copy()
        keys[:, self.ranked :] = -1.0
        care = np.full(n, -1)
        if self.levels:
            care = self.levels - 1 - np.argmin(quantities[:, m:k][:, ::-1], axis=1)  # the more cautious of equals
        patterns, which = np.unique(likely, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            rows = np.flatnonzero(which.ravel() == number)
            holding = by_level((*self.certain, *(r for r, on in zip(self.possible, pattern, strict=True) if on)))
            for place, name in enumerate(suspected(holding)):
                keys[rows, self.candidates.index(name)] = 2.0 + m - place  # before all probabilities
            if holding and self.levels:
                care[rows] = np.maximum(care[rows], CARE_LEVELS.index(holding[0].level))
        return Decided(np.argsort(-keys, axis=1, kind="stable"), care)
