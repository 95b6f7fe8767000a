"""Evidence about one case: read by one rule, checked, and turned into weights of indicators.

A finding is a state (hard evidence) or a mapping from every state to a non-negative likelihood (virtual evidence: only
the ratios matter, Pearl 1988, section 2.2.2). A variable that is left out is not observed.

How values are read as names of variables and states, wherever they come from (dicts, cells of tables, JSON, answers):
text means the name that equals it, character by character; a member of an Enum stands for its value; a number means the
name that is an equal number (1, numpy's 1 and 1.0 mean "1" or "1.0"), a truth value the name "true" or "True". A value
that could mean two names is refused. None, NaN, NA and NaT mean that there is no value.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from functools import cached_property
from itertools import islice
from math import inf, isfinite, log
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from spasmnet._immutable import FrozenMapping
from spasmnet.errors import EvidenceError, UnknownStateError, UnknownVariableError
from spasmnet.inference.depth import SHALLOW, Depth, depth_of
from spasmnet.model.network import Network, Variable

ZEROS = array("d", [0.0]) * 4096
LEAST_RATIO = 1e-300  # of likelihoods: further apart, the smaller could not be told from 0
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")  # 01 is a code, not a number


class Names:
    """Names of variables or of states, and which of them a value of any type means."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {name: (name,) for name in names}

    def meant(self, value: object) -> tuple[str, ...]:
        """The names that a value can mean: none, one, or several if it is ambiguous.

        >>> Names(["0", "1", "true", "01"]).meant(1.0), Names(["1", "1.0"]).meant(1), Names(["1", "1.0"]).meant("1.0")
        (('1',), ('1', '1.0'), ('1.0',))
        """
        while isinstance(value, Enum):
            value = value.value
        if isinstance(value, str):
            return self._names.get(str.__str__(value), ())
        content = _content(value)
        return () if content is None else self._by_content.get(content, ())

    @cached_property
    def _by_content(self) -> Mapping[object, tuple[str, ...]]:
        by_content: dict[object, tuple[str, ...]] = {}
        for name in self._names:
            content: object
            if name.casefold() in ("true", "false"):
                content = _content(name.casefold() == "true")
            elif _NUMBER.fullmatch(name):
                content = _decimal(name)
            else:
                continue
            by_content[content] = (*by_content.get(content, ()), name)
        return by_content


def _content(value: object) -> object:
    """What a number or a truth value says, the same for all types that can say it; None for anything else."""
    if isinstance(value, (bool, np.bool_)):
        return "truth", bool(value)
    if isinstance(value, (int, np.integer)):
        return Decimal(int(value))
    if isinstance(value, (float, np.floating)):
        return _decimal(str(value)) if isfinite(value) else None  # the shortest digits: float32's 0.1 is 0.1
    return value if isinstance(value, Decimal) and value.is_finite() else None


def _decimal(digits: str) -> Decimal | None:
    try:
        return Decimal(digits)
    except ArithmeticError:  # an exponent beyond all bounds
        return None


def is_missing(value: object) -> bool:
    """Whether this is one of the ways to say that there is no value: None, NaN, pandas' NA, NaT.

    >>> is_missing(None), is_missing(float("nan")), is_missing("nan"), is_missing(0)
    (True, True, False, False)
    """
    if isinstance(value, (float, np.floating, np.datetime64, np.timedelta64)):
        return bool(value != value)
    if isinstance(value, Decimal):
        return value.is_nan()
    kind = type(value)
    return value is None or (_is_of_pandas(kind) and kind.__name__ in ("NAType", "NaTType"))


def _is_of_pandas(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "pandas"  # which is not imported for this


def state_of(variable: Variable, value: object, names: Names | None = None) -> str:
    """The state that a value means, by the rule of this module; `names` are the names of the variable's states.

    Raises UnknownStateError for text that is no state, EvidenceError for a value of another type that means none or
    that could mean several.

    >>> import numpy as np
    >>> state_of(Variable("grade", ("0", "1")), np.float64(1.0))
    '1'
    """
    meant = (names or Names(variable.states)).meant(value)
    if len(meant) == 1:
        return meant[0]
    raise _no_state(variable, value, meant)


def _no_state(variable: Variable, value: object, meant: tuple[str, ...]) -> EvidenceError:
    if meant:
        either = " or ".join(map(repr, meant))
        return EvidenceError(
            f"{variable.name}: {shown(value)} ({type(value).__name__}) could mean the state {either}; give its "
            f"name as text, such as {meant[0]!r}"
        )
    while isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return UnknownStateError(variable.name, str.__str__(value), variable.states)
    return EvidenceError(
        f"{variable.name}: {shown(value)} ({type(value).__name__}) is not a finding; give a state "
        f"({', '.join(variable.states[:8])}) or a likelihood for each, and leave out what was not observed"
    )


def variable_of(network: Network, name: object) -> Variable:
    """The variable that a value means, by the same rule; raises UnknownVariableError with the nearest names."""
    if type(name) is str and name in network.by_name:  # as nearly always, and the quickest
        return network.by_name[name]
    meant = Names(network.names).meant(name)
    if len(meant) > 1:
        either = " or ".join(map(repr, meant))
        raise EvidenceError(f"{shown(name)} ({type(name).__name__}) could mean the variable {either}; give it as text")
    if not meant:
        raise UnknownVariableError(name, network.names)  # type: ignore[arg-type]  # whatever was given is shown
    return network.by_name[meant[0]]


class Weights(NamedTuple):
    """Evidence for the kernels: indicators at `at` take the values `weight`; `shift` is added to ln P(e).

    `findings` is the evidence as it was understood, in data of its own; `depth` is that of the likelihoods.
    """

    at: array[int]
    weight: array[float]
    shift: float
    findings: Mapping[str, Any]
    depth: Depth = SHALLOW


class Encoder:
    """Turns findings into weights, for one network and one layout of indicators."""

    def __init__(self, network: Network, first_indicator: Mapping[int, int]) -> None:
        self.network = network
        self._first = {network.names[i]: leaf for i, leaf in first_indicator.items()}
        self._others = {
            variable.name: {
                state: array("i", [self._first[variable.name] + i for i, s in enumerate(variable.states) if s != state])
                for state in variable.states
            }
            for variable in network.variables
            if variable.name in self._first
        }

    def __call__(self, evidence: Mapping[str, Any]) -> Weights:
        """The weights of evidence; raises EvidenceError with everything that is wrong with it."""
        if not isinstance(evidence, (dict, Mapping)):  # dict first, since the test is quicker
            return self._carefully(evidence)
        at = array("i")
        others = self._others
        try:
            for name, state in evidence.items():
                at.extend(others[name][state])
        except (KeyError, TypeError, AttributeError):
            return self._carefully(evidence)
        return Weights(at, ZEROS if len(at) <= len(ZEROS) else array("d", bytes(8 * len(at))), 0.0, dict(evidence))

    def _carefully(self, evidence: Mapping[str, Any]) -> Weights:
        """The same, with likelihoods, with values that are no text, and with an error for all not understood."""
        findings = read_evidence(self.network, evidence)
        at, weight, shift, depth = array("i"), array("d"), 0.0, SHALLOW
        for name, finding in findings.items():
            if isinstance(finding, Mapping):
                largest = max(finding.values())
                shift += log(largest)
                states = self.network.by_name[name].states
                row = [float(finding[state]) / largest for state in states]
                at.extend(range(self._first[name], self._first[name] + len(states)))
                weight.extend(row)
                depth += depth_of([np.array(row)])
            else:
                others = self._others[name][finding]
                at.extend(others)
                weight.extend([0.0] * len(others))
        return Weights(at, weight, shift, findings, depth)


def read_evidence(network: Network, evidence: Mapping[Any, Any]) -> dict[str, Any]:
    """The evidence as it is understood, in data of its own: variables and states by name, likelihoods as floats.

    Raises an EvidenceError that tells everything that is wrong with it.

    >>> from spasmnet.model.cpd import Table
    >>> network = Network((Variable("day", ("1", "2")),), {"day": Table((), [0.5, 0.5])})
    >>> read_evidence(network, {"day": 1.0})
    {'day': '1'}
    """
    if not isinstance(evidence, Mapping):
        raise EvidenceError(_not_evidence(network, evidence))
    findings: dict[str, Any] = {}
    problems: list[EvidenceError] = []
    for name, finding in evidence.items():
        try:
            variable = variable_of(network, name)
            if variable.name in findings:
                raise EvidenceError(f"{variable.name} is given twice, also as {shown(name)}; keep one")
            findings[variable.name] = read_finding(variable, finding)
        except EvidenceError as error:
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise EvidenceError("\n  ".join([f"{len(problems)} problems with the evidence:", *map(str, problems)]))
    return findings


def _not_evidence(network: Network, evidence: object) -> str:
    kind = type(evidence)
    remedy = ""
    if kind.__name__ == "Series" and _is_of_pandas(kind):
        remedy = "; for a row of a table give row.dropna().to_dict(), or the whole table to engine.posteriors"
    return (
        f"evidence must map variables to states, such as {{{network.names[0]!r}: "
        f"{network.variables[0].states[-1]!r}}}, not be {kind.__name__}{remedy}"
    )


def read_finding(variable: Variable, finding: object) -> Any:
    """The name of a state, or a frozen mapping from states to likelihoods; raises the first EvidenceError."""
    if type(finding) is str and finding in variable.states:  # as nearly always, and the quickest
        return finding
    for _, error in islice(finding_problems(variable, finding), 1):
        raise error
    names = Names(variable.states)
    if isinstance(finding, Mapping):
        return FrozenMapping({state_of(variable, state, names): float(value) for state, value in finding.items()})
    return state_of(variable, finding, names)


def finding_problems(variable: Variable, finding: object) -> Iterator[tuple[object, EvidenceError]]:
    """Everything that is wrong with a finding: for likelihoods the state that a problem is about, and the problem."""
    if isinstance(finding, Mapping):
        yield from _likelihood_problems(variable, finding)
    else:
        try:
            state_of(variable, finding)
        except EvidenceError as error:
            yield None, error


def shown(value: object) -> str:
    """A value as Python writes it, but for whole numbers so long that it may refuse to."""
    if isinstance(value, np.generic):
        value = value.item()
    return "beyond 10^4000" if isinstance(value, int) and abs(value) > 10**4000 else repr(value)


def _likelihood_problems(variable: Variable, likelihood: Mapping[Any, Any]) -> Iterator[tuple[object, EvidenceError]]:
    names = Names(variable.states)
    fine = True
    values: dict[str, Any] = {}
    for given, value in likelihood.items():
        meant = names.meant(given)
        if len(meant) != 1:
            unknown = UnknownStateError(variable.name, given, variable.states)
            yield given, _no_state(variable, given, meant) if meant else unknown
            continue
        (state,) = meant
        if state in values:
            yield given, EvidenceError(f"{variable.name}: the likelihood of {state} is given twice; keep one")
        values[state] = value
        if not is_weight(value):
            fine = False
            yield (
                given,
                EvidenceError(
                    f"{variable.name}: the likelihood of {state} is {shown(value)}; a finite number >= 0 is needed"
                ),
            )
    missing = [state for state in variable.states if state not in values]
    if missing:
        yield (
            None,
            EvidenceError(
                f"{variable.name}: the likelihood names no number for {', '.join(missing)}; every state needs one (0 "
                "for a state that the finding rules out)"
            ),
        )
    if missing or not fine:
        return
    problem = ratio_problem([float(value) for value in values.values()])
    if problem:
        yield None, EvidenceError(f"{variable.name}: {problem}")


def ratio_problem(likelihoods: Iterable[float]) -> str:
    """What is wrong with likelihoods taken together, if anything is: all 0, or too far apart to be told from 0."""
    positive = [value for value in likelihoods if value > 0]
    if not positive:
        return "the likelihoods are all 0, which rules out every state"
    if min(positive) / max(positive) < LEAST_RATIO:
        return (
            f"the likelihoods {min(positive)!r} and {max(positive)!r} are too far apart (their ratio is below "
            f"{LEAST_RATIO}); give 0 for a state that the finding rules out"
        )
    return ""


def is_weight(value: object) -> bool:
    """Whether this is a finite number of at least 0, and no truth value."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) < inf
    except OverflowError:
        return False
