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

from spasmnet.errors import EvidenceError
from spasmnet.inference.posterior import Posterior
from spasmnet.model.network import Network, Variable
from spasmnet.triage.care import Care, RedFlag, assess, suspected
from spasmnet.triage.guidance import Rule, guidance_of
from spasmnet.views import Shown

if TYPE_CHECKING:
    from spasmnet.inference.engine import Engine

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
    """A posterior, ordered for a reader; `others` are the variables that are neither observed nor causes.

    `red_flags` hold, for certain or likely; `possible_red_flags` depend on uncertain findings; `unresolved_red_flags`
    are not ruled out, since something that they look at was not asked about, or is `unknown`.
    """

    posterior: Posterior
    causes: tuple[Ranked, ...]
    serious: tuple[Ranked, ...]
    others: tuple[Ranked, ...]
    red_flags: tuple[RedFlag, ...]
    possible_red_flags: tuple[RedFlag, ...]
    unresolved_red_flags: tuple[Rule, ...]
    advice: tuple[Suggestion, ...]
    care: Care | None
    suspected: tuple[Variable, ...]
    unknown: tuple[str, ...] = ()

    @property
    def differential(self) -> tuple[Variable, ...]:
        """What to think of first: the suspected conditions, then causes and serious conditions by their probability."""
        rows = sorted((*self.causes, *self.serious), key=_by_probability)
        return tuple(dict.fromkeys((*self.suspected, *(row.variable for row in rows))))

    def not_asked(self, rule: Rule) -> list[str]:
        """The variables of a red flag of which nothing was said."""
        return [name for name in rule.when if name not in self.posterior.evidence and name not in self.unknown]

    def in_vain(self, rule: Rule) -> list[str]:
        """The variables of a red flag that were asked about in vain."""
        return [name for name in rule.when if name in self.unknown]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data for JSON: the posterior's own keys and those of this report."""
        network = self.posterior.network
        return {
            **self.posterior.to_dict(),
            "causes": [row.as_dict() for row in self.causes],
            "serious": [row.as_dict() for row in self.serious],
            "others": [row.as_dict() for row in self.others],
            "red_flags": [_flag(flag, network) for flag in self.red_flags],
            "possible_red_flags": [_flag(flag, network) for flag in self.possible_red_flags],
            "unresolved_red_flags": [
                rule_as_dict(rule, network) | {"not_asked": self.not_asked(rule), "unknown": self.in_vain(rule)}
                for rule in self.unresolved_red_flags
            ],
            "care": self.care.as_dict() if self.care else None,
            "suspected": [variable.name for variable in self.suspected],
            "advice": [
                rule_as_dict(item.rule, network) | {"because": {variable.name: p for variable, p in item.because}}
                for item in self.advice
            ],
            "intended_use": network.intended_use,
        }

    def __repr__(self) -> str:
        care = f", {self.care.level} care" if self.care is not None else ""
        count = len(self.posterior.evidence)
        return f"<Report given {count} finding{'s' * (count != 1)}: {len(self.red_flags)} red flags{care}>"


def report(
    engine: Engine,
    evidence: Mapping[str, Any] | None = None,
    *,
    unknown: Collection[str] = (),
    interval: float | None = None,
) -> Report:
    """What the findings of one case mean: causes in order, red flags, the level of care, and advice.

    `unknown` are the variables that were asked about in vain; they count as not observed, and what is not known rules
    no red flag out. `interval` is the level of credible intervals, in (0, 1), or None for none. Raises EvidenceError,
    UnknownVariableError, ImpossibleEvidenceError (with the red flags that hold) and SpasmnetError, as
    `Engine.posterior` does.

    >>> import spasmnet
    >>> found = spasmnet.report(spasmnet.compile(spasmnet.load()), {"dark_urine": "cola", "muscle_pain": "present"})
    >>> found.red_flags[0].level, found.red_flags[0].holds, found.serious[0].variable.name
    ('emergency', 'certain', 'rhabdomyolysis')
    """
    in_vain = checked_unknown(engine.network, evidence, unknown)
    posterior = engine.posterior(evidence, interval=interval)
    before = engine.posterior({}) if posterior.evidence else posterior
    rows = ranked(posterior, before)
    causes = tuple(row for row in rows if row.variable.role == "cause")
    found = assess(posterior, in_vain)
    return Report(
        posterior,
        causes,
        tuple(row for row in rows if row.variable.role == "serious"),
        _others(rows, engine.network),
        found.red_flags,
        found.possible,
        found.unresolved,
        fitting_advice(posterior, causes[:LEADING]),
        found.care,
        tuple(engine.network.by_name[name] for name in suspected(found.red_flags)),
        in_vain,
    )


def care_level(
    engine: Engine, evidence: Mapping[str, Any] | None = None, *, unknown: Collection[str] = ()
) -> Care | None:
    """How soon somebody with these findings should be seen, and what decided it.

    The expected loss of a level is its burden plus Σ over the harms of P(condition given the findings) · loss; the
    level with the least is preferred (the more cautious one of equals). Red flags that hold set a floor. Where the
    model wants more red-flag questions answered, a level that is not urgent is "undetermined". None in a model without
    losses of which no red flag holds. `unknown` are the variables that were asked about in vain. Errors as for
    `report`.

    >>> import spasmnet
    >>> care = spasmnet.care_level(spasmnet.compile(spasmnet.load()), {"jaw_stiffness": "present"})
    >>> care.level, care.decided_by
    ('emergency', 'red flag')

    Source: von Neumann J, Morgenstern O (1944), Theory of games and economic behavior (expected utility).
    """
    in_vain = checked_unknown(engine.network, evidence, unknown)
    return assess(engine.posterior(evidence), in_vain).care


def checked_unknown(network: Network, evidence: Mapping[str, Any] | None, unknown: Collection[str]) -> tuple[str, ...]:
    """The variables that were asked about in vain; raises EvidenceError for one that is also a finding."""
    if isinstance(unknown, str):
        raise EvidenceError(f"unknown is a list of variables, such as [{unknown!r}]")
    names = tuple(dict.fromkeys(network.variable(name).name for name in unknown))
    both = [name for name in names if name in (evidence or ())]
    if both:
        raise EvidenceError(f"{both[0]} is both a finding and unknown; leave it out of one of the two")
    return names


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
    for rule in guidance_of(posterior.network).advice:
        chances = {name: total(posterior[name], states) for name, states in rule.when.items()}
        if all(chances[name] >= LIKELY or first.get(name) in states for name, states in rule.when.items()):
            by_name = posterior.network.by_name
            chosen.append(Suggestion(rule, tuple((by_name[name], chance) for name, chance in chances.items())))
    return tuple(chosen)


def _flag(flag: RedFlag, network: Network) -> dict[str, Any]:
    return rule_as_dict(flag.rule, network) | {"holds": flag.holds, "probability": flag.probability}


def rule_as_dict(rule: Rule, network: Network) -> dict[str, Any]:
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
