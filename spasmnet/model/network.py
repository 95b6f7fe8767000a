"""The immutable network: variables, their conditional distributions, and where everything comes from."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from spasmnet._immutable import FrozenMapping, Rebuilt
from spasmnet.errors import ModelError, Problem, UnknownStateError, UnknownVariableError, shown, suggest
from spasmnet.model.arguments import public
from spasmnet.model.cpd import CPD, Deterministic, NoisyMax, Table
from spasmnet.model.cpd import ROW_SUM_TOLERANCE as ROW_SUM_TOLERANCE
from spasmnet.model.parameter import Parameter, Source
from spasmnet.views import Shown, plotter

if TYPE_CHECKING:
    import networkx

    from spasmnet.drawing.draw import Drawing

_ROUNDING = 0.01  # how far printed decimals and single precision put a row's sum off
_REMEDY = "v / v.sum(axis=-1, keepdims=True) makes every row sum to 1"
_NO_PART_OF_A_NAME = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
ROLES = ("risk_factor", "cause", "serious", "finding")
DENIALS = ("no", "none", "absent", "false", "normal")  # what the neutral state is called where no role says which it is
OPPOSITES = {"negative": "positive", "off": "on", "n": "y", "f": "t", "0": "1"}  # of two states, also these


@public
@dataclass(frozen=True)
class Variable(Rebuilt):
    """A discrete variable; with a `role`, its first state is the neutral one, and the others follow by severity.

    `cost` is what asking for it costs, on the scale of the model's losses; None if the model does not say.
    `modifiable` says whether somebody can act on it; None if the model does not say.
    """

    name: str
    states: tuple[str, ...]
    label: str = ""
    description: str = ""
    question: str = ""
    role: str = ""
    state_labels: tuple[str, ...] = ()
    state_descriptions: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=FrozenMapping)
    claims: tuple[str, ...] = ()
    cost: float | None = None
    modifiable: bool | None = None

    def __post_init__(self) -> None:
        for name in ("states", "state_labels", "state_descriptions", "claims"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "codes", FrozenMapping(self.codes))

    def state_index(self, state: str) -> int:
        """The position of a state; raises UnknownStateError with the nearest names."""
        try:
            return self.states.index(state)
        except ValueError:
            raise UnknownStateError(self.name, state, self.states) from None

    def state_label(self, state: str) -> str:
        """The label of a state for people, or its name."""
        position = self.state_index(state)
        return (self.state_labels[position] if self.state_labels else "") or state

    @property
    def neutral(self) -> str:
        """The state in which nothing is the matter; "" where nothing says which one that is.

        Of a variable with a role it is the first; else the one state that is called no, none, absent, false or normal,
        or that denies the only other one. The order alone says nothing: files of other tools begin with any state.

        >>> Variable("fever", ("present", "absent")).neutral, Variable("pressure", ("low", "medium", "high")).neutral
        ('absent', '')
        """
        if len(self.states) < 2:
            return ""
        if self.role:
            return self.states[0]
        denying = [state for state in self.states if state.lower() in DENIALS]
        if len(self.states) == 2 and not denying:
            pairs = (self.states, self.states[::-1])
            denying = [no for no, yes in pairs if OPPOSITES.get(no.lower()) == yes.lower()]
        return denying[0] if len(denying) == 1 else ""

    @property
    def active(self) -> tuple[str, ...]:
        """All states but the neutral one; none where no state is known to be neutral."""
        return tuple(state for state in self.states if state != self.neutral) if self.neutral else ()

    def event(self, chances: Mapping[str, float]) -> tuple[str, ...]:
        """The states that are meant where only the variable is named: the active ones, or else the most probable one.

        `chances` are the probabilities of the states, by which the latter is chosen; of equals the first by name.

        >>> Variable("pressure", ("low", "medium", "high")).event({"low": 0.1, "medium": 0.3, "high": 0.6})
        ('high',)
        """
        return self.active or (min(self.states, key=lambda state: (-round(chances[state], 12), state)),)


@public
@dataclass(frozen=True)
class Edge:
    """Why a parent points at a child: `basis` is article or literature; `contested` says that sources disagree."""

    parent: str
    child: str
    basis: str
    contested: bool = False
    claims: tuple[str, ...] = ()
    source: str = ""
    where: str = ""
    note: str = ""


class Guidance(Protocol):
    """What a model says should be done with its answers; only the parts that know its field understand it."""

    def content(self) -> list[Any]:
        """Everything that changes a decision, as plain data in a fixed order."""

    def numbers(self) -> tuple[Parameter, ...]:
        """The cited numbers in it."""

    def sources(self) -> tuple[str, ...]:
        """The source of each of its rules, by key; empty text for a rule that names none."""

    def counts(self) -> Mapping[str, int]:
        """How many rules of which kind it has, by the kind's name for one."""


@public
@dataclass(frozen=True, eq=False)
class Network(Rebuilt, Shown):
    """An immutable Bayesian network.

    `variables` keeps the declared order, `cpds` maps each variable's name to its distribution. Construction checks the
    whole and raises one ModelError that lists every problem. Two networks are equal when their digests are. `notes`
    says what reading the network's file assumed, left out or repaired, and stands in the provenance of every result.

    >>> rain = Variable("rain", ("no", "yes"))
    >>> wet = Variable("wet", ("no", "yes"))
    >>> Network((rain, wet), {"rain": Table((), [0.8, 0.2]), "wet": Table(("rain",), [[0.9, 0.1], [0.2, 0.8]])})
    <Network 'unnamed': 2 variables, 1 edge, 6 probabilities>
    """

    variables: tuple[Variable, ...]
    cpds: Mapping[str, CPD]
    name: str = "unnamed"
    version: str = "0"
    title: str = ""
    description: str = ""
    population: str = ""
    window: str = ""
    intended_use: str = ""
    license: str = ""
    main_outcome: str = ""
    edges: tuple[Edge, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=FrozenMapping)
    claims: Mapping[str, str] = field(default_factory=FrozenMapping)
    guidance: Guidance | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("variables", "edges", "notes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("cpds", "sources", "claims"):
            object.__setattr__(self, name, FrozenMapping(getattr(self, name)))
        problems = find_problems(self.variables, self.cpds)
        if problems:
            raise ModelError(problems, f"network {self.name!r}")

    @cached_property
    def by_name(self) -> Mapping[str, Variable]:
        """The variables by name, in declared order."""
        return FrozenMapping({variable.name: variable for variable in self.variables})

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The variables' names in declared order."""
        return tuple(variable.name for variable in self.variables)

    @cached_property
    def layout(self) -> Mapping[str, tuple[slice, tuple[str, ...]]]:
        """Each variable's place in a list of P(evidence) and then every state of every variable, and its states."""
        starts = [1, *(1 + np.cumsum([len(variable.states) for variable in self.variables])).tolist()]
        return {v.name: (slice(s, s + len(v.states)), v.states) for v, s in zip(self.variables, starts, strict=False)}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The variables' names with every parent before its children."""
        return tuple(TopologicalSorter({name: self.cpds[name].parents for name in self.names}).static_order())

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all that changes an answer or a decision: states, structure, numbers, ranges, guidance."""
        import hashlib  # with OpenSSL a tenth of our import time

        sha = hashlib.sha256(b"spasmnet network digest 1\n")
        for name in sorted(self.names):
            cpd = self.cpds[name]
            ranges = sorted(
                (list(key), *(float(x).hex() for x in (p.value, p.low, p.high))) for key, p in cpd.parameters.items()
            )
            head = [name, self.by_name[name].states, cpd.parents, type(cpd).__name__, ranges]
            sha.update(json.dumps(head).encode())
            for values in _numbers(cpd):
                sha.update((np.asarray(values, dtype="<f8") + 0.0).tobytes())
        for part in [[]] if self.guidance is None else self.guidance.content():
            sha.update(json.dumps(part).encode())
        return sha.hexdigest()

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Network) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        edges = sum(len(cpd.parents) for cpd in self.cpds.values())
        size = sum(int(np.prod(cpd.shape)) for cpd in self.cpds.values())
        return (
            f"<Network {self.name!r}: {len(self.variables)} variable{'s' * (len(self.variables) != 1)}, "
            f"{edges} edge{'s' * (edges != 1)}, {size:,} probabilities>"
        )

    def __len__(self) -> int:
        return len(self.variables)

    def variable(self, name: str) -> Variable:
        """The variable of that name; raises UnknownVariableError with the nearest names."""
        try:
            return self.by_name[name]
        except (KeyError, TypeError):
            raise UnknownVariableError(name, self.names) from None

    def parents(self, name: str) -> tuple[str, ...]:
        """The parents of a variable, in the order of its distribution's axes."""
        return self.cpds[self.variable(name).name].parents

    def with_cpds(self, cpds: Mapping[str, CPD], **changes: Any) -> Network:
        """A network in which some distributions, and perhaps other fields, are replaced."""
        for name in cpds:
            self.variable(name)
        return replace(self, cpds={**self.cpds, **cpds}, **changes)

    def to_networkx(self) -> networkx.DiGraph:
        """The directed graph, parents pointing at children, as a networkx DiGraph."""
        import networkx

        graph = networkx.DiGraph(name=self.name)
        graph.add_nodes_from(self.names)
        graph.add_edges_from((parent, name) for name in self.names for parent in self.cpds[name].parents)
        return graph

    def draw(self, around: str | Collection[str] | None = None, **options: Any) -> Drawing:
        """The network as a picture; see spasmnet.draw for the options and errors.

        >>> import spasmnet
        >>> spasmnet.load().draw()
        <Drawing of muscle_spasm: 48 variables, 86 edges; save it with .save('network.svg')>
        """
        drawing: Drawing = plotter(Network)(self, around, **options)
        return drawing


def _numbers(cpd: CPD) -> Sequence[Any]:
    if isinstance(cpd, NoisyMax):
        return (cpd.leak, *cpd.links)
    return (cpd.values,) if isinstance(cpd, Table) else (cpd.outcome,)


def find_problems(variables: Iterable[Variable], cpds: Mapping[str, CPD]) -> list[Problem]:
    """Everything wrong with a network's variables, structure and numbers."""
    variables = tuple(variables)
    problems = [problem for variable in variables for problem in _state_problems(variable)]
    names = [variable.name for variable in variables]
    if not variables:
        problems.append(Problem("variables", "a network needs at least one variable"))
    problems += [
        Problem(f"variables.{n}", "is declared twice") for n in sorted(n for n, k in Counter(names).items() if k > 1)
    ]
    known = {variable.name: len(variable.states) for variable in variables}
    for name in cpds:
        if name not in known:
            problems.append(Problem(f"cpds.{name}", "is the distribution of a variable that does not exist"))
    for name, states in known.items():
        if name not in cpds:
            problems.append(Problem(f"variables.{name}", "has no distribution"))
        else:
            problems += _cpd_problems(name, states, cpds[name], known)
    return problems + cycle_problems({n: [p for p in cpds[n].parents if p in known] for n in known if n in cpds})


def cycle_problems(parents: Mapping[str, Iterable[str]]) -> list[Problem]:
    """A directed cycle, if there is one."""
    try:
        tuple(TopologicalSorter(parents).static_order())
    except CycleError as error:
        return [Problem("variables", "the parents form a cycle: " + " -> ".join(error.args[1]))]
    return []


def _state_problems(variable: Variable) -> list[Problem]:
    where = f"variables.{variable.name}.states"
    states = variable.states
    if not isinstance(variable.name, str) or not variable.name:
        return [Problem("variables", f"{shown(variable.name)} is not a name: a non-empty string is needed")]
    if fault := _fault_of(variable.name):
        return [Problem("variables", f"the name {shown(variable.name)} {fault}")]
    if not states:
        return [Problem(where, "is empty; at least one state is needed")]
    problems = [
        Problem(where, f"{shown(s)} is not a state's name: a non-empty string is needed")
        for s in states
        if not isinstance(s, str) or not s
    ]
    problems += [
        Problem(where, f"the state {shown(s)} {fault}")
        for s in states
        if isinstance(s, str) and (fault := _fault_of(s))
    ]
    texts: dict[str, tuple[str, ...]] = {
        "label": (variable.label,),
        "description": (variable.description,),
        "question": (variable.question,),
    }
    texts |= {"state_labels": variable.state_labels, "state_descriptions": variable.state_descriptions}
    problems += [
        Problem(f"variables.{variable.name}.{key}", f"has the lone surrogate {sign[0]!r}, which no file can hold")
        for key, words in texts.items()
        for text in words
        if isinstance(text, str) and (sign := _LONE_SURROGATE.search(text))
    ]
    if variable.cost is not None and not 0 <= variable.cost < inf:
        problems.append(Problem(f"variables.{variable.name}.cost", f"{variable.cost} is not a finite number >= 0"))
    return problems + [Problem(where, f"{s!r} stands twice") for s, k in Counter(states).items() if k > 1]


def _fault_of(name: str) -> str:
    """What is wrong with the characters of a name, if anything is."""
    sign = _NO_PART_OF_A_NAME.search(name)
    if not sign:
        return ""
    what = "lone surrogate" if "\ud800" <= sign[0] <= "\udfff" else "control character"
    return f"has the {what} {sign[0]!r} at position {sign.start()}; names are shown and written, so leave it out"


def _cpd_problems(name: str, states: int, cpd: CPD, known: Mapping[str, int]) -> list[Problem]:
    where = f"variables.{name}"
    problems = []
    for parent in dict.fromkeys(cpd.parents):
        if parent not in known:
            wrong = f"there is no variable of that name; {suggest(parent, known)}"
            problems.append(Problem(f"{where}.parents.{parent}", wrong))
        elif cpd.parents.count(parent) > 1:
            problems.append(Problem(f"{where}.parents.{parent}", "stands twice"))
    if problems:
        return problems
    expected = (*(known[parent] for parent in cpd.parents), states)
    if cpd.shape != expected:
        return [Problem(f"{where}.cpd", f"has shape {cpd.shape}, but its parents' and own states make {expected}")]
    if isinstance(cpd, Deterministic):
        if ((cpd.outcome < 0) | (cpd.outcome >= states)).any():
            problems.append(Problem(f"{where}.cpd", f"an outcome is not the index of a state (0 to {states - 1})"))
    elif isinstance(cpd, NoisyMax):
        problems += _row_problems(f"{where}.cpd.leak", cpd.leak)
        for parent, link in zip(cpd.parents, cpd.links, strict=True):
            problems += _row_problems(f"{where}.cpd.links.{parent}", link)
            if link[0, 0] != 1.0:
                problems.append(Problem(f"{where}.cpd.links.{parent}", "a parent's first state must not contribute"))
    else:
        problems += _row_problems(f"{where}.cpd", cpd.values)
    return problems


def _row_problems(where: str, rows: np.ndarray[Any, Any]) -> list[Problem]:
    """Numbers outside [0, 1] and rows that do not sum to 1; the first few of each, with their place."""
    sums = rows.sum(axis=-1)
    if (rows >= 0).all() and (rows <= 1).all() and (np.abs(sums - 1) <= ROW_SUM_TOLERANCE).all():
        return []
    wrong = [f"{rows[tuple(at)]} at {tuple(at.tolist())}" for at in np.argwhere(~((rows >= 0) & (rows <= 1)))[:3]]
    if wrong:
        return [Problem(where, f"not in [0, 1]: {', '.join(wrong)}")]
    off = np.argwhere(np.abs(sums - 1) > ROW_SUM_TOLERANCE)
    if not len(off):
        return []
    shown = ", ".join(f"{float(sums[tuple(at)])!r}{f' at {tuple(at.tolist())}' * bool(len(at))}" for at in off[:3])
    which = "a row does" if len(off) == 1 else f"{len(off)} rows do"
    remedy = ""
    if (np.abs(sums - 1) <= _ROUNDING).all():
        remedy = f"; if that is rounding: v = numpy.float64(values); {_REMEDY}"
    return [Problem(where, f"{which} not sum to 1 within {ROW_SUM_TOLERANCE}: {shown}{remedy}")]
