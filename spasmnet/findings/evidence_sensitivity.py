"""Evidence sensitivity of one case: what each finding did to an answer, and what each open question could do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import SpasmnetError
from spasmnet.findings.conflict import Conflict, conflicts, rows_of
from spasmnet.findings.measures import (
    divergence,
    entropy,
    information,
    log_ratio,
    relative_change,
    variance,
    weight,
)
from spasmnet.findings.query import Event, Question
from spasmnet.inference.posterior import Provenance
from spasmnet.model.network import Network
from spasmnet.views import Shown, plotter

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
DECIBANS = 10 / np.log(10)  # a natural weight of evidence in decibans


@dataclass(frozen=True, slots=True)
class Open:
    """What an unobserved variable could tell about the target.

    `mutual_information` (bits) is also the expected fall of the target's entropy; `entropy_share` is its share of the
    entropy now. `variance_reduction` is the expected fall of the variance. `minimum` and `maximum` are the beliefs in
    `outcome` that the variable can cause, through `minimum_state` and `maximum_state`.
    """

    variable: str
    mutual_information: float
    entropy_share: float
    variance_reduction: float
    outcome: str
    minimum: float
    minimum_state: str
    maximum: float
    maximum_state: str


@dataclass(frozen=True, slots=True)
class AtHand:
    """What a finding did to the belief in the focus, given the other findings.

    `without` is the belief without this finding, `alone` with this finding only. `bayes_factor` and `weight` (natural
    logarithm; in decibans `decibans`) compare with `without`; `bayes_factor_alone` and `normalised_likelihood` are
    P(e_i | y) / P(e_i | not y) and P(e_i | y) / P(e_i). `cost_of_omission` is in nats.
    """

    variable: str
    finding: Any
    bayes_factor: float
    weight: float
    decibans: float
    bayes_factor_alone: float
    normalised_likelihood: float
    cost_of_omission: float
    without: float
    alone: float
    sufficient: bool
    redundant: bool
    important: bool


@dataclass(frozen=True, eq=False)
class EvidenceSensitivity(Shown):
    """How an answer depends on the findings. `unobserved`, `findings` and `conflict` are data frames.

    `belief` is P(focus | findings) and `before` P(focus) without findings; the focus is the target event, or of a whole
    variable its most probable state. `open`, `at_hand` and `conflicts` hold the same as the frames, without pandas.
    """

    network: Network
    event: Event
    focus: str
    evidence: Mapping[str, Any]
    belief: float
    before: float
    entropy: float
    variance: float
    open: tuple[Open, ...]
    at_hand: tuple[AtHand, ...]
    conflicts: tuple[Conflict, ...]
    thresholds: tuple[float, float]
    provenance: Provenance

    @cached_property
    def unobserved(self) -> pd.DataFrame:
        """One row an unobserved variable, the most informative first; the columns are those of `Open`."""
        return self._frame(self.open, Open)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row a finding, that with the largest cost of omission first; the columns are those of `AtHand`."""
        return self._frame(self.at_hand, AtHand)

    @cached_property
    def conflict(self) -> pd.DataFrame:
        """All findings (if more than two), then each pair, the largest conflict first; columns of `Conflict`."""
        return self._frame(self.conflicts, Conflict)

    def _frame(self, rows: tuple[Any, ...], kind: type) -> pd.DataFrame:
        import pandas as pd

        names = list(kind.__slots__)  # type: ignore[attr-defined]
        frame = pd.DataFrame([[getattr(row, name) for name in names] for row in rows], columns=names)
        frame.attrs["spasmnet"] = {
            "target": str(self.event), "focus": self.focus, "belief": self.belief,
            "provenance": self.provenance.as_dict(),
        }  # fmt: skip
        return frame

    def __repr__(self) -> str:
        return (
            f"<EvidenceSensitivity of P({self.event.variable}={self.focus}) = {self.belief:.4g}: {len(self.at_hand)} "
            f"findings, {len(self.open)} variables unobserved>"
        )

    def plot(self, top: int = 12, ax: Axes | None = None) -> Axes:
        """What each of the `top` heaviest findings weighs; see `plot_weights`."""
        axes: Axes = plotter(type(self))(self, top, ax)
        return axes


def evidence_sensitivity(
    engine: Any, target: Any, evidence: Any = None, *, thresholds: tuple[float, float] = (0.1, 0.2)
) -> Any:
    """How P(target | findings) depends on the findings, and what other findings could still do to it.

    This is evidence sensitivity: findings come and go, the model's numbers stay. `target` is a variable, (variable,
    state) or (variable, [states]). `evidence` is that of one case; with a table (a data frame, one row a case) the
    answer is an `EvidenceSummary` over its cases.

    For every unobserved variable: the mutual information with the target, given the findings, in bits; the expected
    fall of the variance; the least and largest belief that it can cause, and through which states. For every finding:
    Bayes factor and weight of evidence given the other findings; Bayes factor and normalised likelihood of it alone;
    the cost of omission Σ_y P(y|e) ln[P(y|e) / P(y|e without e_i)]. With (t1, t2) = `thresholds`, the finding is
    sufficient if |P(y|e_i) / P(y|e) - 1| <= t1, redundant if |P(y|e without e_i) / P(y|e) - 1| <= t1, and important if
    that is more than t2. And the conflict of all findings and of each pair.

    Where y is impossible or certain already without a finding, its Bayes factor is 1; a finding that rules y out or
    makes it certain has 0 or infinity, and a weight of minus or plus infinity.

    Raises EvidenceError (also for a target that is observed), UnknownVariableError, UnknownStateError, TableError,
    ImpossibleEvidenceError, and SpasmnetError for thresholds that are not understood.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> es = evidence_sensitivity(engine, ("dehydration", "mild"), {"heavy_sweating": "present", "spasm": "painful"})
    >>> es.findings["variable"].tolist()
    ['heavy_sweating', 'spasm']

    Sources: Jensen FV, Nielsen TD (2007), Bayesian networks and decision graphs, 2nd ed., chapter 5 (sufficient,
    redundant, important); Good IJ (1950), Probability and the weighing of evidence; Cover TM, Thomas JA (2006),
    Elements of information theory, 2nd ed., section 2.4; Suermondt HJ (1992), Explanation in Bayesian belief networks
    (the cost of omission).
    """
    t1, t2 = checked_thresholds(thresholds)
    if hasattr(evidence, "columns") and not isinstance(evidence, Mapping):  # a data frame of any kind
        from spasmnet.findings.summary import summarise

        return summarise(engine, target, evidence, (t1, t2))
    question = Question.of(engine, target, evidence)
    event, n = question.event, len(question.findings)
    every = range(n)
    rows = [question.full, question.row(())]
    rows += [question.row(j for j in every if j != i) for i in every] + [question.row([i]) for i in every]
    first = len(rows)
    rows += rows_of(question)
    last = len(rows)
    told = slice(first, last)
    states = range(len(question.network.variables[question.target].states))
    rows += [question.with_state(question.full, question.target, state) for state in states]
    posteriors, log_evidence = question.ask(np.array(rows))
    outcomes = posteriors[:last, question.slots[question.target]] @ event.groups
    y = 0 if not event.whole else int(outcomes[0].argmax())
    return EvidenceSensitivity(
        question.network,
        event,
        event.names[y],
        question.evidence,
        float(outcomes[0, y]),
        float(outcomes[1, y]),
        float(entropy(outcomes[0])),
        float(variance(outcomes[0])) * (1.0 if event.whole else 0.5),
        _open(question, posteriors[0], posteriors[last:]),
        _at_hand(question, outcomes, y, t1, t2),
        conflicts(question, posteriors[1], log_evidence[2 + n : first], posteriors[told], log_evidence[told]),
        (t1, t2),
        question.provenance,
    )  # fmt: skip


def _open(question: Question, now: Floats, given_target: Floats) -> tuple[Open, ...]:
    """What each unobserved variable could tell, from the posteriors given each state of the target."""
    event, slots = question.event, question.slots
    p_target = now[slots[question.target]]
    total = float(entropy(p_target @ event.groups))
    rows = []
    for i in question.unobserved:
        joint = event.groups.T @ (p_target[:, None] * given_target[:, slots[i]])
        known = information(joint)
        at = int((known.high - known.low).argmax()) if event.whole else 0
        states = question.network.variables[i].states
        rows.append(
            Open(
                question.network.names[i],
                float(known.mutual),
                min(float(known.mutual) / total, 1.0) if total > 0 else 0.0,
                float(known.variance) * (1.0 if event.whole else 0.5),
                event.names[at],
                float(known.low[at]),
                states[int(known.low_at[at])],
                float(known.high[at]),
                states[int(known.high_at[at])],
            )
        )
    return tuple(sorted(rows, key=lambda row: -row.mutual_information))


def _at_hand(question: Question, outcomes: Floats, y: int, t1: float, t2: float) -> tuple[AtHand, ...]:
    """What each finding did; rows of outcomes: all findings, none, without each, each alone."""
    n = len(question.findings)
    now, none, without, alone = outcomes[0], outcomes[1], outcomes[2 : 2 + n], outcomes[2 + n : 2 + 2 * n]
    rest = np.delete(outcomes, y, axis=1).sum(axis=1)
    weights = weight(now[y], rest[0], without[:, y], rest[2 : 2 + n])
    weights_alone = weight(alone[:, y], rest[2 + n : 2 + 2 * n], none[y], rest[1])
    with np.errstate(over="ignore"):
        factors, factors_alone = np.exp(weights), np.exp(weights_alone)
        normalised = np.exp(log_ratio(alone[:, y], none[y]))
    omission = divergence(now, without)
    short, changed = relative_change(alone[:, y], now[y]), relative_change(without[:, y], now[y])
    rows = [
        AtHand(
            name,
            question.evidence[name],
            float(factors[i]),
            float(weights[i]),
            float(weights[i] * DECIBANS),
            float(factors_alone[i]),
            float(normalised[i]),
            float(omission[i]),
            float(without[i, y]),
            float(alone[i, y]),
            bool(short[i] <= t1),
            bool(changed[i] <= t1),
            bool(changed[i] > t2),
        )
        for i, name in enumerate(question.findings)
    ]
    return tuple(sorted(rows, key=lambda row: -row.cost_of_omission))


def checked_thresholds(thresholds: Any) -> tuple[float, float]:
    """The two thresholds; raises SpasmnetError unless they are numbers of at least 0, the first at most the second."""
    try:
        t1, t2 = map(float, thresholds)
    except (TypeError, ValueError):
        t1, t2 = 1.0, 0.0
    if not 0 <= t1 <= t2 < float("inf"):
        raise SpasmnetError(
            "thresholds are two numbers, 0 <= redundant within <= important beyond, such as (0.1, 0.2), not "
            f"{thresholds!r}"
        )
    return t1, t2
