"""Robustness of a decision: how often it stays when the cited numbers vary, and which citations it hangs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError, SpasmnetError, shown
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Provenance
from spasmnet.model.network import Network
from spasmnet.model.sampling import checked_rng
from spasmnet.parameters.assignment import cited_numbers
from spasmnet.parameters.names import Place, cited_at, in_words, name_of, value_at
from spasmnet.sensitivity.query import compiled_query
from spasmnet.triage.care import OUTCOMES
from spasmnet.triage.crossings import CARE, CAUSE, Crossing, Lines
from spasmnet.triage.rule import Decided, DecisionRule
from spasmnet.uncertainty.delta import delta, differentiated
from spasmnet.uncertainty.distributions import Distributions
from spasmnet.uncertainty.draws import Rows, sampled
from spasmnet.uncertainty.intervals import checked_engine
from spasmnet.views import Shown

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

MOST_DRAWS = 10**9  # which would take days


def decision_robustness(
    engine: Engine,
    evidence: Mapping[str, Any] | None = None,
    *,
    draws: int = 2000,
    rng: np.random.Generator | None = None,
    kind: str = "pert",
) -> DecisionRobustness:
    """How often the leading cause and the level of care stay when the cited numbers vary, and what they hang on.

    The leading cause is the first of the report's differential, the level of care that of the triage. Both are decided
    again in `draws` networks drawn as by credible_intervals (`kind`, `rng`). For each number alone, the
    exact value is found at which a decision turns within the number's own range, the others of its row following in
    proportion. The citations are ranked by what part of the variance of each decision's margin their numbers have.

    Raises EvidenceError, ImpossibleEvidenceError, CircuitTooLargeError, and SpasmnetError for options that are not
    understood, if no number has a range, or if there is nothing to decide.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> found = decision_robustness(engine, {"spasm": "painful", "heavy_sweating": "present"}, draws=200)
    >>> found.cause, found.care
    ('cramp_susceptibility', 'undetermined')

    Sources: van der Gaag LC, Renooij S (2001), UAI, 530-537 (where a decision turns); Van Allen T, Singh A, Greiner R,
    Hooper P (2008), Artificial Intelligence 172:483-513 (shares of the variance, by the delta method).
    """
    network = checked_engine(engine).network
    rng = checked_rng(rng)
    if not isinstance(draws, int) or isinstance(draws, bool) or not 1 <= draws <= MOST_DRAWS:
        raise SpasmnetError(f"draws is a whole number of at least 1 and at most {MOST_DRAWS:,}, not {shown(draws)}")
    post = engine.posterior(evidence)
    given = post.evidence
    rule = DecisionRule.of(network, given)
    if not rule.candidates:
        raise SpasmnetError(
            f"{network.name!r} has nothing to decide here: no variable with the role cause or serious is left open"
        )
    distributions = Distributions.of(network, kind)
    present = np.array([[p for name in rule.names for p in post[name].values()]])
    now = rule.decide(rule.quantities(present))
    answers, possible = sampled(network, rule.names, given, distributions, draws, rng, engine.max_products)
    if not possible.any():
        raise EvidenceError(f"the evidence is impossible in all {draws} networks drawn")
    decided = rule.decide(rule.quantities(answers[possible]))
    compiled, weights = compiled_query(engine, rule.names, given)
    joint = differentiated(compiled, compiled.numbers.values, weights, rule.names)
    ranged = tuple((p.variable, p.key) for p, cited in cited_numbers(network).items() if cited.low < cited.high)
    rows = Rows(network, compiled.numbers, Distributions.of(network, "uniform"))
    lines = Lines.of(rule, joint, compiled.numbers)
    turning = []
    for i, j in zip(rows.used.tolist(), rows.columns.tolist(), strict=True):
        cited = cited_at(network, ranged[i])
        assert cited is not None
        for found in lines.crossings(j, value_at(network, ranged[i]), cited.low, cited.high):
            turning.append((ranged[i], found))
    shares = _shares(engine, rule, given, distributions, rule.quantities(present)[0], now)
    return DecisionRobustness(
        network, given, rule, distributions, draws, now, decided, tuple(turning), shares, engine.provenance
    )


@dataclass(frozen=True, eq=False)
class DecisionRobustness(Shown):
    """What was decided `now`, and in the networks drawn (those in which the evidence is possible).

    `outcomes`, `overturning` and `sources` are frames; `shares` has for each decision every number's part in the
    variance of its margin.
    """

    network: Network
    evidence: Mapping[str, Any]
    rule: DecisionRule
    distributions: Distributions
    draws: int
    now: Decided
    drawn: Decided
    turning: tuple[tuple[Place, Crossing], ...]
    shares: Mapping[str, Mapping[Place, float]]
    provenance: Provenance

    @property
    def impossible(self) -> int:
        """In how many of the networks drawn the evidence is impossible."""
        return self.draws - len(self.drawn.care)

    @property
    def cause(self) -> str:
        """The leading cause at the present numbers."""
        return self.rule.candidates[int(self.now.order[0, 0])]

    @property
    def care(self) -> str | None:
        """The level of care at the present numbers, or "undetermined"; None if the model has no losses."""
        return OUTCOMES[self.now.told[0]] if self.rule.levels else None

    @property
    def cause_stays(self) -> float:
        """The share of networks in which the leading cause is the same."""
        return float((self.drawn.order[:, 0] == self.now.order[0, 0]).mean())

    @property
    def care_stays(self) -> float | None:
        """The share of networks in which the level of care is the same; None if the model has no losses."""
        return float((self.drawn.told == self.now.told[0]).mean()) if self.rule.levels else None

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """decision, outcome, share, error, now: what is decided how often, the most frequent first.

        The error is the binomial standard error, with two draws more of each sort, so that it is not 0 at shares of 0
        and 1 (Agresti A, Coull BA (1998), American Statistician 52:119-126).
        """
        import pandas as pd

        rows = []
        columns = [(CAUSE, self.rule.candidates, self.drawn.order[:, 0], self.now.order[0, 0])]
        if self.rule.levels:
            columns.append((CARE, OUTCOMES, self.drawn.told, self.now.told[0]))
        for decision, names, found, now in columns:
            n = len(found)
            counts = np.bincount(found, minlength=len(names))
            kept = [i for i in np.argsort(-counts, kind="stable").tolist() if counts[i] or i == now]
            for i in kept:
                p = (counts[i] + 2) / (n + 4)
                rows.append(
                    {"decision": decision, "outcome": names[i], "share": counts[i] / n,
                     "error": sqrt(p * (1 - p) / (n + 4)), "now": bool(i == now)}
                )  # fmt: skip
        return self._noted(pd.DataFrame(rows))

    @cached_property
    def overturning(self) -> pd.DataFrame:
        """The numbers that overturn a decision alone within their ranges; the index is the number in words.

        variable, state, given, decision, value, low, high, turns_at, becomes (beyond it), chance (that the number lies
        beyond it, by its distribution), source, where. The largest chance comes first.
        """
        import pandas as pd

        rows, names = [], []
        for place, found in self.turning:
            cited = cited_at(self.network, place)
            assert cited is not None
            state, given = in_words(self.network, place)
            names.append(name_of(self.network, place))
            becomes = self.rule.candidates[found.becomes] if found.decision == CAUSE else OUTCOMES[found.becomes]
            rows.append(
                {"variable": place[0], "state": state, "given": given, "decision": found.decision,
                 "value": value_at(self.network, place), "low": cited.low, "high": cited.high,
                 "turns_at": found.turns_at, "becomes": becomes, "chance": self._chance(place, found),
                 "source": cited.source, "where": cited.where}
            )  # fmt: skip
        columns = ["variable", "state", "given", "decision", "value", "low", "high", "turns_at", "becomes", "chance"]
        frame = pd.DataFrame(rows, index=pd.Index(names, name="parameter", dtype=object),
                             columns=[*columns, "source", "where"])  # fmt: skip
        return self._noted(frame.sort_values("chance", ascending=False, kind="stable"))

    def _chance(self, place: Place, found: Crossing) -> float:
        """How probable it is that a number lies beyond where it turns a decision."""
        if place not in self.distributions.places:
            return 0.0
        below = self.distributions.below(self.distributions.places.index(place), found.turns_at)
        return 1 - below if found.rising else below

    @cached_property
    def sources(self) -> pd.DataFrame:
        """Which citation to improve first: one row a source that some number with a range rests on.

        kind, numbers (with a range), overturning (those that overturn a decision alone), cause_share and care_share (of
        the variance of the leading cause's lead over the next, and of the preferred level's advantage over the next),
        flips (the share of decisions that change in the networks drawn, shared out by these), citation. The index is
        the source; the most flips come first, then the larger shares.
        """
        import pandas as pd

        flips = {CAUSE: 1 - self.cause_stays, CARE: 1 - (1.0 if self.care_stays is None else self.care_stays)}
        alone = {place for place, _ in self.turning}
        rows: dict[str, dict[str, Any]] = {}
        for place, cited in cited_numbers(self.network).items():
            key = (place.variable, place.key)
            if cited.low == cited.high:
                continue
            source = self.network.sources.get(cited.source)
            row = rows.setdefault(
                cited.source,
                {"kind": source.kind if source else "", "numbers": 0, "overturning": 0, "cause_share": 0.0,
                 "care_share": 0.0, "flips": 0.0, "citation": source.citation() if source else ""},
            )  # fmt: skip
            row["numbers"] += 1
            row["overturning"] += key in alone
            for name, decision in (("cause_share", CAUSE), ("care_share", CARE)):
                share = self.shares[decision].get(key, 0.0)
                row[name] += share
                row["flips"] += share * flips[decision]
        frame = pd.DataFrame(list(rows.values()), index=pd.Index(rows, name="source", dtype=object))
        both = frame["cause_share"] + frame["care_share"]
        order = np.lexsort((-both.to_numpy(), -frame["flips"].to_numpy()))
        return self._noted(frame.iloc[order])

    def _noted(self, frame: pd.DataFrame) -> pd.DataFrame:
        frame.attrs["spasmnet"] = {
            "draws": self.draws, "impossible": self.impossible, "distributions": str(self.distributions),
            "provenance": self.provenance.as_dict(),
        }  # fmt: skip
        return frame

    def __repr__(self) -> str:
        care = "" if self.care is None else f"; level of care {self.care} in {self.care_stays:.1%}"
        return f"<DecisionRobustness: {self.cause} leads in {self.cause_stays:.1%} of {self.draws:,} networks{care}>"


def _shares(
    engine: Engine,
    rule: DecisionRule,
    given: Mapping[str, Any],
    distributions: Distributions,
    quantities: Floats,
    now: Decided,
) -> dict[str, dict[Place, float]]:
    """Each number's part in the variance of the margins, by the delta method at the means of the numbers.

    A margin is what the leader is ahead of the next (candidates that can be ranked), and what the next best level of
    care costs more than the best.
    """
    try:
        slopes = delta(engine, rule.names, given, distributions).slopes
    except EvidenceError:  # impossible at the means
        return {CAUSE: {}, CARE: {}}
    m, margins = len(rule.candidates), {}
    if rule.ranked > 1:
        first, second = np.argsort(-quantities[: rule.ranked], kind="stable")[:2]
        margins[CAUSE] = rule.weights[:, first] - rule.weights[:, second]
    if rule.levels:
        best, next_best = np.argsort(quantities[m : m + rule.levels], kind="stable")[:2]
        margins[CARE] = rule.weights[:, m + next_best] - rule.weights[:, m + best]
    found: dict[str, dict[Place, float]] = {CAUSE: {}, CARE: {}}
    for decision, weights in margins.items():
        slope = weights @ slopes
        linear = distributions.linear(slope[None])
        if linear.variance[0] > 0:
            parts = (slope * linear.first_parts[0] / linear.variance[0]).tolist()
            found[decision] = dict(zip(distributions.places, parts, strict=True))
    return found
