"""Evidence about one case: checked, and turned into weights of indicators.

A finding is a state (hard evidence) or a mapping from every state to a non-negative likelihood (virtual evidence: only
the ratios matter, Pearl 1988, section 2.2.2). A variable that is left out is not observed.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from itertools import islice
from math import inf, log
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from spasmnet._frozen import FrozenMapping
from spasmnet.circuit.depth import SHALLOW, Depth, depth_of
from spasmnet.errors import EvidenceError, UnknownStateError
from spasmnet.network import Network, Variable

ZEROS = array("d", [0.0]) * 4096
LEAST_RATIO = 1e-300  # of likelihoods: further apart, the smaller could not be told from 0


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
        """The same, with likelihoods and with an error for all that is not understood."""
        check(self.network, evidence)
        at, weight, shift, depth = array("i"), array("d"), 0.0, SHALLOW
        for name, finding in evidence.items():
            if isinstance(finding, Mapping):
                largest = max(float(finding[state]) for state in finding)
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
        return Weights(at, weight, shift, own(evidence), depth)


def check(network: Network, evidence: Mapping[str, Any]) -> None:
    """Raise an EvidenceError that tells everything that is wrong with the evidence, if anything is."""
    if not isinstance(evidence, Mapping):
        raise EvidenceError(
            f"evidence must map variables to states, such as {{{network.names[0]!r}: "
            f"{network.variables[0].states[-1]!r}}}, not be {type(evidence).__name__}"
        )
    problems: list[EvidenceError] = []
    for name, finding in evidence.items():
        try:
            found = finding_problems(network.variable(name), finding)
        except EvidenceError as error:
            problems.append(error)
        else:
            problems += [error for _, error in islice(found, 1)]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise EvidenceError("\n  ".join([f"{len(problems)} problems with the evidence:", *map(str, problems)]))


def finding_problems(variable: Variable, finding: object) -> Iterator[tuple[str | None, EvidenceError]]:
    """Everything that is wrong with a finding: for likelihoods the state that a problem is about, and the problem."""
    if isinstance(finding, Mapping):
        yield from _likelihood_problems(variable, finding)
    elif not isinstance(finding, str):
        yield (
            None,
            EvidenceError(
                f"{variable.name}: {_shown(finding)} ({type(finding).__name__}) is not a finding; give a state "
                f"({', '.join(variable.states[:8])}) or a likelihood for each, and leave out what was not observed"
            ),
        )
    elif finding not in variable.states:
        yield None, UnknownStateError(variable.name, finding, variable.states)


def _shown(value: object) -> str:
    """A value as Python writes it, but for whole numbers so long that it may refuse to."""
    return "beyond 10^4000" if isinstance(value, int) and abs(value) > 10**4000 else repr(value)


def _likelihood_problems(
    variable: Variable, likelihood: Mapping[Any, Any]
) -> Iterator[tuple[str | None, EvidenceError]]:
    fine = True
    for state, value in likelihood.items():
        if state not in variable.states:
            yield state, UnknownStateError(variable.name, state, variable.states)
        elif not _is_weight(value):
            fine = False
            yield (
                state,
                EvidenceError(
                    f"{variable.name}: the likelihood of {state} is {_shown(value)}; a finite number >= 0 is needed"
                ),
            )
    missing = [state for state in variable.states if state not in likelihood]
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
    positive = [float(likelihood[state]) for state in variable.states if float(likelihood[state]) > 0]
    if not positive:
        yield None, EvidenceError(f"{variable.name}: the likelihoods are all 0, which rules out every state")
    elif min(positive) / max(positive) < LEAST_RATIO:
        yield (
            None,
            EvidenceError(
                f"{variable.name}: the likelihoods {min(positive)!r} and {max(positive)!r} are too far apart (their "
                f"ratio is below {LEAST_RATIO}); give 0 for a state that the finding rules out"
            ),
        )


def _is_weight(value: object) -> bool:
    """Whether this is a finite number of at least 0, and no truth value."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) < inf
    except OverflowError:
        return False


def own(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence as plain data that nobody else can change."""
    return {
        name: FrozenMapping({state: float(value) for state, value in finding.items()})
        if isinstance(finding, Mapping)
        else finding
        for name, finding in evidence.items()
    }
