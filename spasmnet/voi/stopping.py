"""Whether to stop asking: the probability that knowing all the rest would not change the decision.

    SDP(H) = Σ_h P(h | e) · [d(e, h) = d(e)]

over the states h of the hidden variables H. It is exact where few joint states are left, else estimated from draws of
h, with the interval of Wilson.

Source: Darwiche A, Choi A (2010), Same-decision probability: a confidence measure for threshold-based decisions under
noisy sensors, PGM, 113-120. Wilson EB (1927), J Am Stat Assoc 22:209-212.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import SpasmnetError
from spasmnet.inference.engine import Engine
from spasmnet.model.sampling import checked_rng
from spasmnet.triage.guidance import CARE_LEVELS, guidance_of
from spasmnet.views import Shown
from spasmnet.voi.batch import Batch, Codes, Floats, distinct
from spasmnet.voi.look_ahead import look_ahead
from spasmnet.voi.outcomes import Outcome
from spasmnet.voi.roles import Roles, Target
from spasmnet.voi.scores import Scorer, Scores, bits

EXACT_TO = 1024  # joint states of what is hidden
Z = 1.959963984540054  # of a 95 % interval
DECISIONS = ("care", "cause", "both")


@dataclass(frozen=True)
class SameDecision(Shown):
    """The probability that the decision stays; `low` and `high` are both it if `exact`, else a 95 % interval.

    `hidden` is how many variables are not known, `samples` the number of draws (0 if exact).
    """

    probability: float
    low: float
    high: float
    exact: bool
    samples: int
    hidden: int
    decision: str

    def as_dict(self) -> dict[str, Any]:
        """The probability as plain data."""
        return asdict(self)


def same_decision(
    engine: Engine,
    evidence: Mapping[str, Any] | None = None,
    *,
    hidden: Collection[str] | None = None,
    unknown: Collection[str] = (),
    targets: Collection[Target] | None = None,
    askable: Collection[str] | None = None,
    decision: str | None = None,
    samples: int = 500,
    rng: np.random.Generator | None = None,
) -> SameDecision:
    """How probable it is that the decision stays once everything else that can be asked is known.

    `hidden` are the variables that would become known (default: all askable ones that are open, also those with
    likelihoods). `decision` is "care" (the default where the model has losses; it needs no `targets`), "cause" (the
    leading cause) or "both". Up to 1,024 joint states of what is hidden are summed exactly; beyond that `samples` draws
    are taken, with `rng` (default: a fixed seed). The other arguments and errors are those of next_question.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> found = same_decision(engine, {"jaw_stiffness": "present"}, hidden=["spasm", "muscle_pain"])
    >>> found.exact, found.probability
    (True, 1.0)

    Source: Darwiche A, Choi A (2010), PGM, 113-120.
    """
    chosen, asked = checked_decision(engine, decision), askable if hidden is None else hidden
    if chosen == "care" and targets is None:  # which asks for no leading cause, and so for no targets
        roles = Roles.of_care(engine.network, evidence, unknown, asked)
    else:
        roles = Roles.of(engine.network, evidence, unknown, targets, asked)
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise SpasmnetError(f"samples is a whole number of at least 1, not {samples!r}")
    scorer = Scorer(engine, roles)
    scorer.batch.base()
    return same_decision_of(scorer, engine, scorer.batch.first, chosen, samples, checked_rng(rng))


@dataclass(frozen=True)
class Rule:
    """When to stop: at a same-decision probability of `threshold`, or when no question is worth what it costs.

    `samples` draws estimate the probability where it cannot be summed. A question of which an answer completes an
    urgent or emergency red flag is asked in any case, and as long as too few are answered every one that can be.
    """

    decision: str
    threshold: float = 0.95
    samples: int = 200

    def __post_init__(self) -> None:
        t = self.threshold
        if isinstance(t, bool) or not isinstance(t, (int, float)) or not 0 < t <= 1:
            raise SpasmnetError(f"threshold is a probability above 0 and up to 1, such as 0.95, not {t!r}")


@dataclass(frozen=True)
class Verdict:
    """Whether to stop and `why`: "red flag" or "undecided" (go on), "answered", "cost" or "same decision" (stop)."""

    stop: bool
    why: str
    same: SameDecision | None = None


def verdict(
    scorer: Scorer, engine: Engine, codes: Codes, scores: Scores, costs: Floats, rule: Rule, random: np.random.Generator
) -> Verdict:
    """Whether to stop in a possible case (one row of codes, with its scores).

    Costs count in models with losses: one stops if neither a question nor any two are worth what they cost.
    """
    if not scores.open.any():
        return Verdict(True, "answered")
    undetermined = scores.now.told[0] == len(CARE_LEVELS)
    asks = np.array([name in scorer.decider.questions for name in scorer.names])
    if (scores.flag[scores.open] >= 0).any() or (undetermined and (scores.open[0] & asks).any()):
        return Verdict(False, "red flag")
    same = same_decision_of(scorer, engine, codes, rule.decision, rule.samples, random)
    if same.probability >= rule.threshold:
        return Verdict(True, "same decision", same)
    if scores.now.losses.shape[1] and rule.decision == "care" and not _worth(scores, costs):
        further = look_ahead(scorer, codes[None], scores, costs)
        if not _worth(further.scores, costs):
            return Verdict(True, "cost", same)
    return Verdict(False, "undecided", same)


def _worth(scores: Scores, costs: Floats) -> bool:
    return bool((scores.value - costs > 0)[scores.open].any())


def checked_decision(engine: Engine, decision: str | None) -> str:
    """Which decision is meant; raises SpasmnetError if there is none of that name."""
    has_care = guidance_of(engine.network).losses is not None
    if decision is None:
        return "care" if has_care else "cause"
    if decision not in DECISIONS:
        raise SpasmnetError(f"decision is one of {', '.join(DECISIONS)}, not {decision!r}")
    if decision != "cause" and not has_care:
        raise SpasmnetError(f'{engine.network.name!r} has no losses and so no level of care; ask for decision="cause"')
    return decision


def same_decision_of(
    scorer: Scorer, engine: Engine, codes: Codes, decision: str, samples: int, random: np.random.Generator
) -> SameDecision:
    """The same for a possible case, given by what is known of the columns of the scorer's batch."""
    batch = scorer.batch
    names = [n for n, still in zip(scorer.names, scorer.askable(codes[None])[0].tolist(), strict=True) if still]
    posteriors, log_now = batch.answer(codes[None])
    now = scorer.decider.decide(codes[None], posteriors)
    shape = [len(engine.network.by_name[name].states) for name in names]
    if prod(shape) <= EXACT_TO:
        rows = np.repeat(codes[None], prod(shape), axis=0)
        states = np.array(list(np.ndindex(*shape)), dtype=np.int16).reshape(len(rows), len(names))
        rows[:, [batch.at[name] for name in names]] = states
        found, log_p = batch.answer(rows)
        stays = same(scorer.decider.decide(rows, found), now, decision)
        p = min(1.0, float(np.exp(log_p - log_now[0]) @ stays))
        return SameDecision(p, p, p, True, 0, len(names), decision)
    rows = draw_rest(Batch(engine, names, batch.columns, batch.given), codes, names, samples, random)
    stays = same(scorer.decider.decide(rows, batch.answer(rows)[0]), now, decision)
    p = float(stays.mean())
    return SameDecision(p, *wilson(p, samples), False, samples, len(names), decision)


def same(then: Outcome, now: Outcome, decision: str) -> NDArray[np.bool_]:
    """In which rows the decision is the present one."""
    care, cause = then.told == now.told, then.leading == now.leading
    return np.asarray(care if decision == "care" else cause if decision == "cause" else care & cause)


def draw_rest(batch: Batch, first: Codes, names: Collection[str], samples: int, random: np.random.Generator) -> Codes:
    """Draws of the joint state of some variables given what is known, one a row: a variable at a time, given the
    variables before it. Rare ones come first, so that most draws agree for long and are asked together.
    """
    posteriors, _ = batch.answer(first[None])
    surprise = {name: float(bits(posteriors[0, batch.slots[name]]).sum()) for name in names}
    rows = np.repeat(first[None], samples, axis=0)
    for name in sorted(names, key=surprise.__getitem__):
        different, which = distinct(rows)
        chances = batch.answer(different)[0][:, batch.slots[name]].cumsum(axis=1)
        point = random.random(samples) * chances[which, -1]
        rows[:, batch.at[name]] = (point[:, None] >= chances[which]).sum(axis=1)
    return rows


def wilson(p: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share p of n draws.

    >>> low, high = wilson(1.0, 100)
    >>> round(low, 3), high
    (0.963, 1.0)
    """
    centre, half = (p + Z * Z / (2 * n)), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    low, high = (centre - half) / (1 + Z * Z / n), (centre + half) / (1 + Z * Z / n)
    return (low if p > 0 else 0.0), (high if p < 1 else 1.0)
