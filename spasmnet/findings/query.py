"""A question about findings, made ready for batches: the target, the findings, and cases that differ in them.

A likelihood finding becomes a child of its variable that was seen, with the likelihoods as its table (Pearl 1988,
section 2.2.2). So every finding, of either kind, is a cell of a case that can be filled or left empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError, SpasmnetError
from spasmnet.inference.engine import Engine, compile
from spasmnet.inference.posterior import Posterior, Provenance
from spasmnet.inference.table import solve_rows
from spasmnet.model.cpd import Table
from spasmnet.model.network import Network, Variable
from spasmnet.sensitivity.target import read_target

Floats = NDArray[np.float64]
Codes = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Event:
    """What is asked about: one event (some states of a variable against the others), or each state of a variable.

    `groups` says which states (first axis) belong to which outcome (second axis); `names` are the outcomes' names. Of
    an event, outcome 0 is the event and outcome 1 its absence.
    """

    variable: str
    states: tuple[str, ...]
    names: tuple[str, ...]
    groups: Floats

    @property
    def whole(self) -> bool:
        """Whether each state of the variable is an outcome of its own."""
        return not self.states

    def __str__(self) -> str:
        return self.variable if self.whole else f"{self.variable}={self.names[0]}"


def read_event(network: Network, target: Any) -> Event:
    """Understand a target: a variable, (variable, state) or (variable, [states]).

    Raises EvidenceError, UnknownVariableError and UnknownStateError.
    """
    if isinstance(target, str):
        variable = network.variable(target)
        if len(variable.states) < 2:
            raise EvidenceError(f"{target} has one state only, so nothing can change its probability")
        return Event(target, (), variable.states, np.eye(len(variable.states)))
    if not isinstance(target, (tuple, list)) or len(target) != 2:
        raise EvidenceError(f"a target is a variable, (variable, state) or (variable, [states]), not {target!r}")
    asked = read_target(network, target)
    if not asked.against:
        raise EvidenceError(f"all states of {asked.variable} together are certain; name some of them")
    names = " or ".join(asked.states), " or ".join(asked.against)
    return Event(asked.variable, asked.states, names, np.stack([asked.numerator, 1 - asked.numerator], axis=1))


@dataclass(frozen=True, eq=False)
class Question:
    """A target, the findings, and an engine that takes each finding as a cell of a case.

    `columns` are the findings' variables by position in that engine's network, and `codes` the states seen there.
    """

    network: Network
    engine: Engine
    event: Event
    posterior: Posterior
    findings: tuple[str, ...]
    columns: tuple[int, ...]
    codes: tuple[int, ...]

    @classmethod
    def of(cls, engine: Engine, target: Any, evidence: Mapping[str, Any] | None) -> Question:
        """Check and understand a question.

        Raises EvidenceError (also for a target that is observed), UnknownVariableError, UnknownStateError and
        ImpossibleEvidenceError.
        """
        network = checked_engine(engine).network
        event = read_event(network, target)
        posterior = engine.posterior(evidence)
        given = posterior.evidence
        refuse_observed(event, given)
        soft = {name: finding for name, finding in given.items() if not isinstance(finding, str)}
        seen = heard(network, soft)
        answering = compile(seen, max_products=engine.max_products) if soft else engine
        place = {name: i for i, name in enumerate(seen.names)}
        heard_as = dict(zip(soft, seen.names[len(network) :], strict=True))
        columns = tuple(place[heard_as.get(name, name)] for name in given)
        codes = tuple(1 if name in soft else network.by_name[name].state_index(given[name]) for name in given)
        return cls(network, answering, event, posterior, tuple(given), columns, codes)

    @property
    def evidence(self) -> Mapping[str, Any]:
        """The findings as they were understood."""
        return self.posterior.evidence

    @property
    def provenance(self) -> Provenance:
        """The versions and the digest that the answer comes from."""
        return self.posterior.provenance

    @cached_property
    def target(self) -> int:
        """The target's variable by position."""
        return self.network.names.index(self.event.variable)

    @cached_property
    def slots(self) -> tuple[slice, ...]:
        """Where each variable's states stand among those of all variables."""
        starts = np.cumsum([0, *(len(v.states) for v in self.network.variables)]).tolist()
        return tuple(slice(a, b) for a, b in pairwise(starts))

    @cached_property
    def unobserved(self) -> tuple[int, ...]:
        """The variables that no hard finding fixes and that are not the target, by position."""
        fixed = {*self.columns, self.target}
        return tuple(i for i in range(len(self.network)) if i not in fixed)

    def row(self, which: Iterable[int]) -> Codes:
        """A case with some of the findings, by their number."""
        row = np.full(len(self.engine.network), -1, dtype=np.int16)
        for i in which:
            row[self.columns[i]] = self.codes[i]
        return row

    @cached_property
    def full(self) -> Codes:
        """The case with all findings."""
        return self.row(range(len(self.findings)))

    def with_state(self, row: Codes, variable: int, state: int) -> Codes:
        """A case with one more variable observed."""
        more = row.copy()
        more[variable] = state
        return more

    def ask(self, rows: Codes, targets: Sequence[int] | None = None) -> tuple[Floats, Floats]:
        """The posteriors of the targets (default: all variables of the network) in each case, and ln P(case).

        An impossible case has ln P = minus infinity, and zeros for posteriors.
        """
        used = np.flatnonzero((rows >= 0).any(axis=0)).tolist()
        chosen = list(range(len(self.network))) if targets is None else list(targets)
        codes = np.ascontiguousarray(rows[:, used])
        found, log_evidence = solve_rows(self.engine, codes, used, chosen, None)
        found[np.isneginf(log_evidence)] = 0.0
        return found, log_evidence

    def outcomes(self, rows: Codes) -> tuple[Floats, Floats]:
        """P(outcome | case) for each case and outcome of the target, and ln P(case)."""
        found, log_evidence = self.ask(rows, [self.target])
        return found @ self.event.groups, log_evidence


def heard(network: Network, soft: Mapping[str, Mapping[str, float]]) -> Network:
    """The network with a child "heard" for each likelihood finding; its second state is that it was."""
    taken, variables, cpds = set(network.names), [], {}
    for name, likelihoods in soft.items():
        child = f"heard of {name}"
        while child in taken:
            child += "'"
        taken.add(child)
        weights = np.array([likelihoods[state] for state in network.by_name[name].states])
        weights /= weights.max()
        variables.append(Variable(child, ("no", "yes")))
        cpds[child] = Table((name,), np.stack([1 - weights, weights], axis=1))
    return replace(network, variables=(*network.variables, *variables), cpds={**network.cpds, **cpds})


def refuse_observed(event: Event, given: Mapping[str, Any]) -> None:
    """Raise EvidenceError if the target is observed."""
    if isinstance(given.get(event.variable), str):
        raise EvidenceError(
            f"the target {event.variable} is observed ({given[event.variable]}), so nothing changes its probability; "
            "ask about another variable, or leave the finding out"
        )


def checked_engine(engine: object) -> Engine:
    """The engine; raises SpasmnetError for anything else."""
    if not isinstance(engine, Engine):
        raise SpasmnetError(f"an engine is needed (spasmnet.compile(network)), not {type(engine).__name__}")
    return engine
