"""What an interview ends with: findings, causes, reasons for and against, what would change it, advice, sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import log2
from typing import Any

from spasmnet.errors import EvidenceError
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Posterior
from spasmnet.model.words import event_of, name_of, state_of
from spasmnet.triage.care import RedFlag, assess
from spasmnet.triage.guidance import UNDETERMINED
from spasmnet.triage.report import Suggestion, fitting_advice, total
from spasmnet.triage.words import undetermined_text
from spasmnet.views import Shown
from spasmnet.voi.interview import Step, answered_unsurely, plain_answer, understood, words
from spasmnet.voi.ranking import Question, next_question
from spasmnet.voi.roles import Target

SHOWN = 5


@dataclass(frozen=True)
class Reason:
    """What one finding says about the leading cause, the other findings given.

    `factor` is by how much it multiplies the odds; None where the odds are 0 or infinite with it or without it.
    `care_without` is the level of care without it ("" in a model without losses).
    """

    variable: str
    finding: Any
    factor: float | None
    care_without: str

    @property
    def weight(self) -> float | None:
        """The weight of evidence in bits: log2 of the factor."""
        return None if self.factor is None else log2(self.factor)


@dataclass(frozen=True)
class Summary(Shown):
    """A step, and what is said about it at the end.

    `flags` are the red flags that hold, `unanswered` the questions, not asked or not known, of which an answer would
    be a red flag; `reasons` what the findings say about the leading cause; `changes` the open questions that are most
    likely to change something.
    """

    step: Step
    flags: tuple[RedFlag, ...]
    unanswered: tuple[Question, ...]
    reasons: tuple[Reason, ...]
    changes: tuple[Question, ...]
    advice: tuple[Suggestion, ...]
    sources: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data for JSON."""
        network = self.step.network
        content = self.step.as_dict()
        findings = [
            {
                "variable": n,
                "label": name_of(network.by_name[n]),
                "answer": plain_answer(f),
                "words": words(network, n, f),
            }
            for n, f in self.step.answers
        ]
        reasons = [
            {
                "variable": r.variable,
                "label": name_of(network.by_name[r.variable]),
                "factor": r.factor,
                "weight_bits": r.weight,
                "care_without": r.care_without,
            }
            for r in self.reasons
        ]
        return {
            **content,
            "title": network.title or network.name,
            "findings": findings,
            "complete": self.step.status == "stop",
            "red_flags_without_an_answer": [q.variable.name for q in self.unanswered],
            "reasons": reasons,
            "would_change": [q.as_dict() for q in self.changes],
            "advice": [{"id": a.rule.id, "text": a.rule.text, "source": a.rule.source} for a in self.advice],
            "sources": list(self.sources),
        }

    def __repr__(self) -> str:
        return f"<Summary of an interview: {self.step.status} after {len(self.step.answers)} answers>"


def summary(
    engine: Engine,
    step: Step,
    *,
    targets: Sequence[Target] | None = None,
    askable: Sequence[str] | None = None,
    costs: Mapping[str, float] | None = None,
) -> Summary:
    """The end of an interview; raises EvidenceError if its answers contradict one another."""
    if step.status == "contradiction":
        raise EvidenceError(f"there is no report on answers that contradict one another: {step.why}")
    network = engine.network
    given, unknown, _ = understood(network, step.answers)
    post = engine.posterior(given)
    single = len(step.causes) == 1
    causes = [row for row in step.causes if row.variable.role == "cause"] or list(step.causes)
    advice = fitting_advice(post, causes[:3])
    ask = partial(next_question, engine, given, targets=targets, askable=askable, costs=costs)
    ranked = ask(unknown=answered_unsurely(given, unknown))
    anything = ask(unknown=answered_unsurely(given, ())) if unknown else ranked
    unanswered = tuple(q for q in anything.questions if q.red_flag)
    changes = sorted((q for q in ranked.questions if q.change > 0), key=lambda q: -q.change)[:SHOWN]
    rules = [*(flag.rule for flag in step.red_flags), *(item.rule for item in advice)]
    cited = dict.fromkeys(rule.source for rule in rules if rule.source)
    reasons = tuple(_reason(engine, post, given, name, single, step) for name in given)
    ordered = sorted(reasons, key=lambda r: -abs(r.weight if r.weight is not None else 1e9))
    sources = tuple(network.sources[key].citation() for key in cited if key in network.sources)
    return Summary(step, step.red_flags, unanswered, tuple(ordered), tuple(changes), advice, sources)


def _reason(engine: Engine, post: Posterior, given: Mapping[str, Any], name: str, single: bool, step: Step) -> Reason:
    leading = step.leading
    without = engine.posterior({n: f for n, f in given.items() if n != name})
    cause = step.causes[0].variable.name if single else leading
    variable = engine.network.by_name[cause]
    named = (leading,) if single else variable.event(post[cause])

    def odds(found: Posterior) -> float | None:
        yes = total(found[cause], named)
        no = total(found[cause], [s for s in variable.states if s not in named])
        return yes / no if yes > 0 and no > 0 else None

    after, before = odds(post), odds(without)
    care = assess(without, [n for n, answer in step.answers if answer is None]).care
    factor = None if after is None or before is None else after / before
    return Reason(name, given[name], factor, care.level if care else "")


def leading_in_words(step: Step) -> str:
    """The leading cause by its label; of a single target its most probable state."""
    if len(step.causes) == 1:
        row = step.causes[0]
        return f"{name_of(row.variable)}: {state_of(row.variable, step.leading)}"
    events = {row.variable.name: event_of(row.variable, row.event) for row in step.causes}
    return events.get(step.leading) or name_of(step.network.by_name[step.leading])


def warnings(found: Summary) -> list[str]:
    """What a reader must know before the rest: that the interview was left, and which red flags have no answer."""
    lines = []
    if found.step.status == "ask":
        lines.append("The interview was left before enough was known; what follows may change with the next answer.")
    if found.unanswered:
        named = "; ".join(name_of(q.variable) for q in found.unanswered)
        lines.append(f"No answer to questions of which an answer would be a red flag: {named}.")
    if found.step.care is not None and found.step.care.level == UNDETERMINED:
        lines.append(undetermined_text(found.step.care))
    return lines
