"""What one result means: ranked causes, red flags that hold, advice that fits. Pure data; printing is elsewhere.

- A cause's probability is that of all its states but the neutral one; where none is known to be neutral, that of its
  most probable state (see `Variable.event`).
- Must-not-miss conditions that an urgent or emergency red flag points at stand before all probabilities: `suspected`.
- Advice applies when each variable it names is in a named state with a probability of at least one half, or is one of
  the three leading causes with a named state as its most probable one. Advice without conditions always applies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spasmnet._shown import Shown
from spasmnet.network import Network, Variable
from spasmnet.posterior import Posterior
from spasmnet.rules import Rule
from spasmnet.triage import Care, care_level, flags, holding_flags, suspected

if TYPE_CHECKING:
    from spasmnet.engine import Engine

LEADING = 3
LIKELY = 0.5


@dataclass(frozen=True, slots=True)
class Ranked:
    """One variable's place in a result.

    `probability` and `before` are of being in one of the states `event`, with and without the findings: those that are
    not neutral, or the most probable one where none is known to be neutral. `leading` is the most probable of them;
    `change` is the total variation distance, in [0, 1], that the findings moved the whole. `interval` is the credible
    interval of `probability`, if the posterior has intervals.
    """

    variable: Variable
    states: Mapping[str, float]
    event: tuple[str, ...]
    probability: float
    before: float
    leading: str
    change: float
    interval: tuple[float, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The ranking as plain data."""
        interval = {} if self.interval is None else {"interval": list(self.interval)}
        return {
            "variable": self.variable.name,
            "label": self.variable.label or self.variable.name,
            "role": self.variable.role,
            "states": list(self.event),
            "probability": self.probability,
            **interval,
            "before": self.before,
            "leading_state": self.leading,
            "leading_state_label": self.variable.state_label(self.leading),
            "leading_state_probability": self.states[self.leading],
        }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A piece of advice and the variables that made it apply, with the probability of the states that it names."""

    rule: Rule
    because: tuple[tuple[Variable, float], ...]


@dataclass(frozen=True, slots=True)
class Report(Shown):
    """A posterior, ordered for a reader; `others` are the variables that are neither observed nor causes."""

    posterior: Posterior
    causes: tuple[Ranked, ...]
    serious: tuple[Ranked, ...]
    others: tuple[Ranked, ...]
    red_flags: tuple[Rule, ...]
    possible_red_flags: tuple[Rule, ...]
    advice: tuple[Suggestion, ...]
    care: Care | None
    suspected: tuple[Variable, ...]

    @property
    def differential(self) -> tuple[Variable, ...]:
        """What to think of first: the suspected conditions, then causes and serious conditions by their probability."""
        rows = sorted((*self.causes, *self.serious), key=_by_probability)
        return tuple(dict.fromkeys((*self.suspected, *(row.variable for row in rows))))

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data for JSON: the posterior's own keys and those of this report."""
        network = self.posterior.network
        return {
            **self.posterior.to_dict(),
            "causes": [row.as_dict() for row in self.causes],
            "serious": [row.as_dict() for row in self.serious],
            "others": [row.as_dict() for row in self.others],
            "red_flags": [_rule(rule, network) for rule in self.red_flags],
            "possible_red_flags": [_rule(rule, network) for rule in self.possible_red_flags],
            "care": self.care.as_dict() if self.care else None,
            "suspected": [variable.name for variable in self.suspected],
            "advice": [
                _rule(item.rule, network) | {"because": {variable.name: p for variable, p in item.because}}
                for item in self.advice
            ],
            "intended_use": network.intended_use,
        }

    def __repr__(self) -> str:
        care = f", {self.care.level} care" if self.care is not None else ""
        count = len(self.posterior.evidence)
        return f"<Report given {count} finding{'s' * (count != 1)}: {len(self.red_flags)} red flags{care}>"


def report(engine: Engine, evidence: Mapping[str, Any] | None = None, *, interval: float | None = None) -> Report:
    """Ask the engine, and order what it answers for a reader.

    `interval` is the level of credible intervals, in (0, 1), or None for none. Raises EvidenceError,
    ImpossibleEvidenceError and SpasmnetError, as `Engine.posterior` does.

    >>> import spasmnet
    >>> found = report(spasmnet.compile(spasmnet.load()), {"dark_urine": "cola", "muscle_pain": "present"})
    >>> found.red_flags[0].level, found.serious[0].variable.name
    ('emergency', 'rhabdomyolysis')
    """
    posterior = engine.posterior(evidence, interval=interval)
    before = engine.posterior({}) if posterior.evidence else posterior
    rows = ranked(posterior, before)
    causes = tuple(row for row in rows if row.variable.role == "cause")
    certain, possible = flags(engine.network, posterior.evidence)
    return Report(
        posterior,
        causes,
        tuple(row for row in rows if row.variable.role == "serious"),
        _others(rows, engine.network),
        certain,
        possible,
        fitting_advice(posterior, causes[:LEADING]),
        care_level(posterior),
        tuple(engine.network.by_name[name] for name in suspected(holding_flags(posterior))),
    )


def ranked(posterior: Posterior, before: Posterior | None = None) -> tuple[Ranked, ...]:
    """The variables that were not observed, the largest probability of the event first; ties stay in declared order."""
    earlier = posterior if before is None else before
    variables = [v for v in posterior.network.variables if not isinstance(posterior.evidence.get(v.name), str)]
    rows = (_ranked(v, posterior, earlier[v.name]) for v in variables)
    return tuple(sorted(rows, key=_by_probability))


def _others(rows: Iterable[Ranked], network: Network) -> tuple[Ranked, ...]:
    """What the findings moved most comes first; what rounding alone moved stays in declared order."""
    place = {name: i for i, name in enumerate(network.names)}
    found = [row for row in rows if row.variable.role not in ("cause", "serious")]
    return tuple(sorted(found, key=lambda row: (-round(row.change, 12), place[row.variable.name])))


def _by_probability(row: Ranked) -> float:
    return -row.probability


def _ranked(variable: Variable, posterior: Posterior, before: Mapping[str, float]) -> Ranked:
    states = posterior[variable.name]
    event = variable.event(states)
    return Ranked(
        variable,
        states,
        event,
        total(states, event),
        total(before, event),
        max(event, key=states.__getitem__),
        sum(abs(states[s] - before[s]) for s in variable.states) / 2,
        _interval(posterior, variable, event),
    )


def _interval(posterior: Posterior, variable: Variable, event: tuple[str, ...]) -> tuple[float, float] | None:
    """The interval of an event's probability: of its state, or of several states what the neutral one leaves."""
    if posterior.uncertainty is None:
        return None
    if len(event) == 1:
        return posterior.interval(variable.name, event[0])
    low, high = posterior.interval(variable.name, variable.neutral)
    return 1 - high, 1 - low


def total(states: Mapping[str, float], named: Collection[str]) -> float:
    """The probability of the named states: added up, never 1 minus the rest, so that rare ones keep their digits."""
    return min(1.0, sum(states[state] for state in named))


def fitting_advice(posterior: Posterior, leading: Iterable[Ranked]) -> tuple[Suggestion, ...]:
    """The advice that applies, in the model's order."""
    first = {row.variable.name: row.leading for row in leading}
    chosen = []
    for rule in posterior.network.advice:
        chances = {name: total(posterior[name], states) for name, states in rule.when.items()}
        if all(chances[name] >= LIKELY or first.get(name) in states for name, states in rule.when.items()):
            by_name = posterior.network.by_name
            chosen.append(Suggestion(rule, tuple((by_name[name], chance) for name, chance in chances.items())))
    return tuple(chosen)


def _rule(rule: Rule, network: Network) -> dict[str, Any]:
    """A rule as plain data, with its source in full."""
    source = network.sources.get(rule.source)
    return {
        "id": rule.id,
        "level": rule.level,
        "text": rule.text,
        "when": {name: list(states) for name, states in rule.when.items()},
        "claims": list(rule.claims),
        "source": rule.source,
        "citation": source.citation() if source else "",
        "where": rule.where,
    }
