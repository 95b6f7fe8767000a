"""The interview as a pure function: the answers so far in, the next question or the end out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spasmnet._immutable import FrozenMapping
from spasmnet.errors import CircuitTooLargeError, EvidenceError, ImpossibleEvidenceError
from spasmnet.inference.engine import Engine
from spasmnet.inference.evidence import is_missing, read_evidence, variable_of
from spasmnet.inference.posterior import Posterior, Provenance
from spasmnet.model.network import Network
from spasmnet.model.words import name_of, percent, state_of
from spasmnet.parameters.assignment import has_ranges
from spasmnet.triage.care import Assessment, Care, RedFlag, assess, assess_contradiction, raised_flags
from spasmnet.triage.guidance import Rule as FlagRule
from spasmnet.triage.report import Ranked, ranked
from spasmnet.views import Shown
from spasmnet.voi.ranking import Question, Ranking, rank
from spasmnet.voi.roles import Roles, Target
from spasmnet.voi.scores import Scorer
from spasmnet.voi.stopping import Rule, SameDecision, checked_decision, verdict

UNKNOWN = "unknown"
Answers = Sequence[tuple[str, Any]] | Mapping[str, Any]


@dataclass(frozen=True)
class Step(Shown):
    """Where an interview stands.

    `status` is "ask", "stop" or "contradiction", `why` says in words why. `question` is the next one (also after
    "stop", for those who want to go on; None if nothing is open), `reason` why it is the next. `causes` are the
    targets, the most probable first, with credible intervals if the model has ranges; `leading` is the leading cause,
    `care` the level of care. `red_flags` hold, `unresolved_red_flags` are not ruled out, since something was not asked
    or is not known. `contradiction` is a smallest set of answers that cannot be true together; as long as there is one,
    nothing is concluded but what holds all the same: the red flags that are certain, and their level of care. `same` is
    the same-decision probability, if it was looked at.
    """

    status: str
    why: str
    answers: tuple[tuple[str, Any], ...]
    question: Question | None
    reason: str
    causes: tuple[Ranked, ...]
    leading: str
    care: Care | None
    same: SameDecision | None
    contradiction: Mapping[str, Any]
    network: Network
    provenance: Provenance
    red_flags: tuple[RedFlag, ...] = ()
    unresolved_red_flags: tuple[FlagRule, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The step as plain data for JSON."""
        question = None
        if self.question is not None:
            v = self.question.variable
            options = [{"state": s, "label": v.state_label(s)} for s in v.states]
            question = {**self.question.as_dict(), "options": options, "reason": self.reason}
        return {
            "status": self.status,
            "why": self.why,
            "question": question,
            "causes": [row.as_dict() for row in self.causes],
            "leading": self.leading,
            "care": self.care.as_dict() if self.care else None,
            "red_flags": [
                {"id": f.id, "level": f.level, "text": f.text, "holds": f.holds, "probability": f.probability}
                for f in self.red_flags
            ],
            "unresolved_red_flags": [{"id": f.id, "level": f.level, "text": f.text} for f in self.unresolved_red_flags],
            "same_decision": self.same.as_dict() if self.same else None,
            "contradiction": {n: plain_answer(f) for n, f in self.contradiction.items()},
            "answers": [{"variable": n, "answer": plain_answer(f)} for n, f in self.answers],
            "provenance": self.provenance.as_dict(),
            "intended_use": self.network.intended_use,
        }

    def __repr__(self) -> str:
        asked = f"; next: {self.question.variable.name}" if self.question is not None else ""
        return f"<Step: {self.status} after {len(self.answers)} answer{'s' * (len(self.answers) != 1)}{asked}>"


def interview_step(
    engine: Engine,
    answers: Answers = (),
    *,
    targets: Collection[Target] | None = None,
    askable: Collection[str] | None = None,
    costs: Mapping[str, float] | None = None,
    by: str = "value",
    decision: str | None = None,
    threshold: float = 0.95,
    samples: int = 200,
    interval: float | None = 0.9,
) -> Step:
    """Where an interview stands after some answers: what to ask next and why, or that it may end and why.

    `answers` are pairs (variable, answer) in the order in which they were given, or a mapping. An answer is a state,
    likelihoods of the states, or "unknown" (or None, NaN, NA) for what was asked in vain; none is asked again. The same
    answers give the same step: nothing is remembered and nothing is drawn from a moving seed. The interview stops when
    no red-flag question is open and the decision (see same_decision) stays with a probability of `threshold`, or no
    question is worth what it costs. `interval` is the level of the causes' credible intervals, or None for none. The
    other arguments are those of next_question. Contradictory answers raise nothing: the step names a smallest set of
    them.

    Raises EvidenceError, UnknownVariableError and UnknownStateError for answers that are not understood, and the errors
    of next_question.

    >>> import spasmnet
    >>> step = interview_step(spasmnet.compile(spasmnet.load()), [("spasm", "painful"), ("age_band", "unknown")])
    >>> step.status, step.question.variable.name, step.care.level
    ('ask', 'emergency_signs', 'undetermined')

    Sources: those of next_question and same_decision.
    """
    network = engine.network
    given, unknown, listed = understood(network, answers)
    roles = Roles.of(network, given, answered_unsurely(given, unknown), targets, askable, costs)
    rule = Rule(checked_decision(engine, decision), threshold, samples)
    try:
        post = _posterior(engine, given, interval)
    except ImpossibleEvidenceError as error:
        named = [f"“{name_of(network.by_name[n])}: {words(network, n, f)}”" for n, f in error.findings.items()]
        fault = "cannot be true" if len(named) == 1 else "cannot be true together"
        why = f"{' and '.join(named)} {fault}; correct one of the answers."
        holds = assess_contradiction(network, given, unknown)
        return Step("contradiction", why + _still(holds), listed, None, "", (), "", holds.care, None,
                    FrozenMapping(error.findings), network, engine.provenance, holds.red_flags,
                    holds.unresolved)  # fmt: skip
    scorer = Scorer(engine, roles)
    found, scores = rank(scorer, engine, by)
    prices = np.array([roles.costs[name] for name in scorer.names])
    end = verdict(scorer, engine, scorer.batch.first, scores, prices, rule, np.random.default_rng(0))
    before = engine.posterior() if given else post
    causes = tuple(row for row in ranked(post, before) if row.variable.name in roles.single)
    leading = scorer.decider.leaders[int(scores.now.leading[0])]
    reason = question_reason(network, found, given) if found.best else ""
    assessed = assess(post, unknown)
    return Step(
        "stop" if end.stop else "ask", _why(end.why, end.same, rule), listed, found.best, reason, causes, leading,
        assessed.care, end.same, FrozenMapping(), network, engine.provenance, assessed.red_flags, assessed.unresolved,
    )  # fmt: skip


def _still(holds: Assessment) -> str:
    """What holds although the answers contradict one another, in words."""
    listed = " ".join(f"{flag.text} ({flag.level} care)" for flag in holds.red_flags)
    return f" A red flag holds all the same, and counts first: {listed}" if listed else ""


def understood(
    network: Network, answers: Answers
) -> tuple[dict[str, Any], tuple[str, ...], tuple[tuple[str, Any], ...]]:
    """The evidence, what is unknown, and all answers in order (None for unknown); raises EvidenceError."""
    try:
        pairs = [(name, answer) for name, answer in (answers.items() if isinstance(answers, Mapping) else answers)]
    except (TypeError, ValueError):
        raise EvidenceError(f"answers are pairs (variable, answer), or a mapping, not {answers!r}") from None
    asked: dict[str, Any] = {}
    for name, answer in pairs:
        variable = variable_of(network, name)
        if variable.name in asked:
            raise EvidenceError(f"{variable.name} is answered twice; replace the first answer to correct it")
        in_vain = is_missing(answer) or (isinstance(answer, str) and answer == UNKNOWN not in variable.states)
        asked[variable.name] = None if in_vain else answer
    given = read_evidence(network, {name: answer for name, answer in asked.items() if answer is not None})
    unknown = tuple(name for name, answer in asked.items() if answer is None)
    return given, unknown, tuple((name, given.get(name)) for name in asked)


def answered_unsurely(given: Mapping[str, Any], unknown: Collection[str]) -> tuple[str, ...]:
    """What an interview does not ask again although it is open: what was answered by likelihoods, or not known."""
    return (*unknown, *(name for name, answer in given.items() if not isinstance(answer, str)))


def plain_answer(answer: Any) -> Any:
    """An answer as plain data: null for unknown."""
    return dict(answer) if isinstance(answer, Mapping) else answer


def words(network: Network, name: str, answer: Any) -> str:
    """An answer in words."""
    variable = network.by_name[name]
    if answer is None:
        return "not known"
    if isinstance(answer, Mapping):
        return "uncertain, " + ", ".join(f"{state_of(variable, s)} {weight:g}" for s, weight in answer.items())
    return state_of(variable, answer)


def question_reason(network: Network, found: Ranking, given: Mapping[str, Any]) -> str:
    """Why the first question of a ranking is the first, in words."""
    best = found.best
    assert best is not None
    if best.red_flag:
        held = raised_flags(network, given)
        for state in best.variable.states:
            for rule in raised_flags(network, {**given, best.variable.name: state}):
                if rule not in held and rule.level == best.red_flag:
                    return f"“{state_of(best.variable, state)}” would be a red flag ({rule.level} care): {rule.text}"
        return f"An answer would be a red flag ({best.red_flag} care)."
    parts = []
    if best.net > 0 and best.change_care > 0:
        parts.append(f"The answer changes the level of care with a chance of {percent(best.change_care)}")
    elif best.net > 0:
        parts.append("The answer helps to choose the level of care")
    if best.information > 0 and found.entropy > 0:
        tells = f"it tells {percent(best.information / found.entropy)} of what is not known about the causes"
        parts.append(tells if parts else tells.capitalize())
    return ", and ".join(parts) + "." if parts else "Little is left to ask; no answer is likely to change anything."


def _posterior(engine: Engine, given: Mapping[str, Any], interval: float | None) -> Posterior:
    if interval is not None and has_ranges(engine.network):
        try:
            return engine.posterior(given, interval=interval)
        except ImpossibleEvidenceError:
            raise
        except (EvidenceError, CircuitTooLargeError):
            pass  # intervals that cannot be had do not take away the answer
    return engine.posterior(given)


def _why(why: str, same: SameDecision | None, rule: Rule) -> str:
    """Why to go on or to stop, in words."""
    what = {"care": "the level of care", "cause": "the leading cause"}.get(
        rule.decision, "the level of care and the leading cause"
    )
    known = ""
    if same is not None:
        spread = "" if same.exact else f" (between {percent(same.low)} and {percent(same.high)})"
        known = (
            f"{what} would stay with a probability of {percent(same.probability)}{spread} if all the rest were known"
        )
    return {
        "answered": "Everything that can be asked has been asked.",
        "red flag": "Questions about red flags are asked in any case.",
        "same decision": f"Enough is known: {known}.",
        "cost": f"No further question is worth what it costs; {known}.",
        "undecided": f"{known[:1].upper()}{known[1:]}; {percent(rule.threshold)} is wanted.",
    }[why]
