"""Why an answer is what it is: what it would be without each of the findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Posterior
from spasmnet.model.network import Variable
from spasmnet.triage.report import LEADING, Report, total


@dataclass(frozen=True, slots=True)
class Reason:
    """The probability that a variable is in one of `states`, and in `without` what it is when one finding is left out.

    The states are those of `Variable.event`. Pairs of a finding's variable and that probability; the finding that
    matters most comes first.
    """

    variable: Variable
    states: tuple[str, ...]
    probability: float
    without: tuple[tuple[str, float], ...]

    def as_dict(self) -> dict[str, Any]:
        """The reason as plain data."""
        return {
            "variable": self.variable.name,
            "states": list(self.states),
            "probability": self.probability,
            "findings": [{"variable": name, "without": chance} for name, chance in self.without],
        }


def reasons(engine: Engine, found: Report, targets: Sequence[str] = ()) -> tuple[Reason, ...]:
    """For the targets, or the first three of the differential: the answer without each of the findings in turn.

    The engine is asked once more for each finding. Variables that were observed have no reasons, and neither has a
    network without a circuit for all questions, in which leaving out a finding may make the question too large.

    >>> import spasmnet
    >>> from spasmnet.triage.report import report
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> found = report(engine, {"vomiting_diarrhoea": "present", "trauma": "present"})
    >>> (reason,) = reasons(engine, found, ["dehydration"])
    >>> [name for name, _ in reason.without]
    ['vomiting_diarrhoea', 'trauma']
    """
    evidence = found.posterior.evidence
    names = targets or [variable.name for variable in found.differential[:LEADING]]
    chosen = [engine.network.by_name[name] for name in names if not isinstance(evidence.get(name), str)]
    if not chosen or not engine.has_circuit:
        return ()
    others = {name: engine.posterior(_all_but(evidence, name)) for name in evidence}
    return tuple(_reason(variable, found.posterior, others) for variable in chosen)


def _all_but(evidence: Mapping[str, Any], left_out: str) -> dict[str, Any]:
    return {name: finding for name, finding in evidence.items() if name != left_out}


def _reason(variable: Variable, posterior: Posterior, others: Mapping[str, Posterior]) -> Reason:
    states = variable.event(posterior[variable.name])
    chance = total(posterior[variable.name], states)
    without = [(name, total(other[variable.name], states)) for name, other in others.items()]
    without.sort(key=lambda pair: -round(abs(pair[1] - chance), 12))  # what rounding alone moved stays in order
    return Reason(variable, states, chance, tuple(without))
