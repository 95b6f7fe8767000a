"""What to ask next: the open questions ranked by information, value, and the chance that a decision changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spasmnet._immutable import FrozenMapping
from spasmnet.errors import SpasmnetError
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Provenance
from spasmnet.model.network import Variable
from spasmnet.triage.guidance import CARE_LEVELS
from spasmnet.views import Shown
from spasmnet.voi.batch import Floats
from spasmnet.voi.look_ahead import Ahead, look_ahead
from spasmnet.voi.roles import Roles, Target
from spasmnet.voi.scores import Scorer, Scores, order

if TYPE_CHECKING:
    import pandas as pd

BY = ("value", "information", "change")


@dataclass(frozen=True)
class Question(Shown):
    """A variable that may be asked, and what asking it is worth.

    `information` is in bits; `value` (EVSI), `cost` and `net` are on the scale of the model's losses (`value` is 0 in a
    model without them); `change_care`, `change_cause` and `change` are the chances that the answer changes the level
    of care, the leading cause, or either. `red_flag` is the highest level of care that an answer brings by completing a
    red flag ("" for none), `alarm` the chance of such an answer. `then` is the best next question after each answer, if
    one looked ahead; `information` and `net` are then those of both questions together.
    """

    variable: Variable
    information: float
    value: float
    cost: float
    net: float
    change_care: float
    change_cause: float
    change: float
    red_flag: str
    alarm: float
    then: Mapping[str, str] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The question as plain data."""
        v = self.variable
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        then = {} if self.then is None else {"then": dict(self.then)}
        return {"variable": v.name, "label": v.label or v.name, "question": v.question, **numbers, **then}

    def __repr__(self) -> str:
        return f"<Question {self.variable.name!r}: {self.information:.3g} bits, net value {self.net:.3g}>"


_NUMBERS = (
    "information", "value", "cost", "net", "change_care", "change_cause", "change", "red_flag", "alarm",
)  # fmt: skip


@dataclass(frozen=True)
class Ranking(Shown):
    """The open questions, the best first; `entropy` is what is not known about the targets, in bits."""

    questions: tuple[Question, ...]
    entropy: float
    by: str
    ahead: int
    targets: tuple[tuple[str, ...], ...]
    evidence: Mapping[str, Any]
    unknown: tuple[str, ...]
    provenance: Provenance

    @property
    def best(self) -> Question | None:
        """What to ask next; None if nothing is open."""
        return self.questions[0] if self.questions else None

    @property
    def frame(self) -> pd.DataFrame:
        """The questions as a pandas frame, one row each."""
        import pandas as pd

        rows = [q.as_dict() for q in self.questions]
        columns = ["variable", "label", "question", *_NUMBERS, *(["then"] if self.ahead > 1 else [])]
        return pd.DataFrame(rows, columns=columns)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data for JSON."""
        evidence = {n: dict(f) if isinstance(f, Mapping) else f for n, f in self.evidence.items()}
        return {
            "questions": [q.as_dict() for q in self.questions],
            "entropy": self.entropy,
            "by": self.by,
            "ahead": self.ahead,
            "targets": [list(group) for group in self.targets],
            "evidence": evidence,
            "unknown": list(self.unknown),
            "provenance": self.provenance.as_dict(),
        }

    def __repr__(self) -> str:
        best = f"; next: {self.best.variable.name}" if self.best else ""
        return f"<Ranking of {len(self.questions)} open questions by {self.by}{best}>"


def next_question(
    engine: Engine,
    evidence: Mapping[str, Any] | None = None,
    *,
    unknown: Collection[str] = (),
    targets: Collection[Target] | None = None,
    askable: Collection[str] | None = None,
    costs: Mapping[str, float] | None = None,
    by: str = "value",
    ahead: int = 1,
) -> Ranking:
    """What to ask next: all open questions, the best first.

    `evidence` is as for Engine.posterior; `unknown` are variables that were asked in vain and are not asked again.
    A variable with likelihoods is still open: to ask it is to see its state.
    `targets` are variables, or groups of them whose joint distribution counts (default: the roles cause and serious);
    `askable` are what can be asked (default: variables with a question); `costs` replaces costs of the model file.
    Questions of which an answer completes an urgent or emergency red flag come first. The others are ordered `by`
    "value" (expected gain for the level of care net of the cost; those not worth it follow by information),
    "information" (about the targets) or "change" (chance that the level of care or the leading cause changes). With
    `ahead=2` information and value count the best next question after each answer too.

    Raises EvidenceError, ImpossibleEvidenceError, UnknownVariableError and SpasmnetError for what makes no sense, such
    as a target that is observed or roles that name nothing, and CircuitTooLargeError.

    >>> import spasmnet
    >>> found = next_question(spasmnet.compile(spasmnet.load()), {"spasm": "painful"})
    >>> found.best.variable.name, found.best.red_flag
    ('emergency_signs', 'emergency')

    Sources: Shannon CE (1948), Bell System Technical Journal 27:379-423 (information); Raiffa H, Schlaifer R (1961),
    Applied statistical decision theory (value of sample information).
    """
    if ahead not in (1, 2) or isinstance(ahead, bool):
        raise SpasmnetError(f"ahead is 1 or 2 questions, not {ahead!r}")
    if by == "change" and ahead == 2:
        raise SpasmnetError('looking ahead is offered by "value" and "information": chances of a change do not add up')
    roles = Roles.of(engine.network, evidence, unknown, targets, askable, costs)
    return rank(Scorer(engine, roles), engine, by, ahead)[0]


def rank(scorer: Scorer, engine: Engine, by: str, ahead: int = 1) -> tuple[Ranking, Scores]:
    """The ranking for a case whose roles have been checked, and the scores that it is made from."""
    if by not in BY:
        raise SpasmnetError(f"by is one of {', '.join(BY)}, not {by!r}")
    roles = scorer.roles
    costs = np.array([roles.costs[name] for name in scorer.names])
    codes = scorer.batch.first[None]
    scores = scorer.scores(codes)
    further = look_ahead(scorer, codes, scores, costs) if ahead == 2 else None
    questions = _questions(scorer, scores, costs, by, further)
    found = Ranking(
        questions, float(scores.entropy[0]), by, ahead, roles.targets, FrozenMapping(roles.given), roles.unknown,
        engine.provenance,
    )  # fmt: skip
    return found, scores


def _questions(scorer: Scorer, scores: Scores, costs: Floats, by: str, further: Ahead | None) -> tuple[Question, ...]:
    ranked = scores if further is None else further.scores
    found = []
    for k in order(ranked, costs, by)[0].tolist():
        if not scores.open[0, k]:
            continue
        flag = int(scores.flag[0, k])
        found.append(
            Question(
                scorer.batch.network.by_name[scorer.names[k]],
                information=float(ranked.information[0, k]),
                value=float(scores.value[0, k]),
                cost=float(costs[k]),
                net=float(ranked.value[0, k] - costs[k]),
                change_care=float(scores.change_care[0, k]),
                change_cause=float(scores.change_cause[0, k]),
                change=float(scores.change[0, k]),
                red_flag=CARE_LEVELS[flag] if flag >= 0 else "",
                alarm=float(scores.alarm[0, k]),
                then=None if further is None else FrozenMapping(further.then[k]),
            )
        )
    return tuple(found)
