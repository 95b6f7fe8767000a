"""The care rule, for many cases at once: red flags set a floor, above it the least expected loss decides.

The rule is written down in full in the model file: red flags with their thresholds, a burden for each level of care,
and for each harm what is lost when only that level was sought. One case is a batch of one.

A red flag asks for states of one variable or several. With the findings of a case it

- holds for *certain* if the findings leave no other state of any of its variables open;
- is *ruled out* if they leave none of its states open for some variable;
- is *unresolved* if it is neither, and one of its variables was not asked about, or was in vain (a flag of which the
  model says that "don't know" counts as absent is then ruled out);
- else some findings are uncertain, and it is *likely* or only *possible*. A condition, V in S with the likelihoods
  L(v), is likely if P(V in S | all findings) reaches the flag's threshold, or if the finding alone speaks for it:

      m / (m + n) > 1/2    where m is the mean of L over S, and n the mean of L over the other states

  which is the probability that it has at even odds before the finding, so that no small prior hides what was reported.
  A flag is likely if each of its conditions is likely or certain. Its probability is the smallest among its conditions
  of the larger of these two numbers.

Certain and likely flags set the floor. Whatever the probabilities say, the level is never below it. What holds for
certain, or because the finding alone speaks for it, needs no posterior: findings that contradict one another do not
take it away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spasmnet._immutable import FrozenMapping, Rebuilt
from spasmnet.errors import RaisedFlag
from spasmnet.inference.posterior import Posterior
from spasmnet.model.network import Network
from spasmnet.triage.guidance import CARE_LEVELS, UNDETERMINED, Harm, Rule, guidance_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
CERTAIN, LIKELY, POSSIBLE = "certain", "likely", "possible"
OUTCOMES = (*CARE_LEVELS, UNDETERMINED)  # what may be told
EVEN = 0.5  # above it, a finding speaks for a condition
Condition = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Findings:
    """What is known in each of `count` cases.

    `codes` maps variables to the number of the state that was seen in each case (-1: not observed); `likelihoods` maps
    variables to the likelihoods of their states (second axis) in each case, or in one row for all; NaN stands for none,
    and where a state was seen they do not count. `unknown` are the variables that were asked about in vain.
    """

    count: int
    codes: Mapping[str, NDArray[Any]]
    likelihoods: Mapping[str, Floats] = field(default_factory=dict)
    unknown: Collection[str] = ()

    @classmethod
    def of(
        cls, network: Network, evidence: Mapping[str, Any], unknown: Collection[str] = (), count: int = 1
    ) -> Findings:
        """The same findings in `count` cases."""
        hard = {n: network.by_name[n].state_index(f) for n, f in evidence.items() if isinstance(f, str)}
        return cls(count, {n: np.full(count, code) for n, code in hard.items()}, weights(network, evidence), unknown)


class Holding(NamedTuple):
    """Which red flags hold, by case (first axis) and flag (second axis, as in `CareRule.flags`).

    `probability` is 1 for a certain flag, 0 for one that findings do not reach. `answered` counts, by case, the
    answered questions that flags of the level `rules_out` and above look at.
    """

    certain: Bools
    likely: Bools
    possible: Bools
    unresolved: Bools
    probability: Floats
    answered: Ints

    @property
    def any(self) -> Bools:
        """Which flags set the floor."""
        return self.certain | self.likely


class Levels(NamedTuple):
    """For each case the `floor` set by red flags, the `preferred` level, and the higher of the two, as places in the
    levels of care (-1: none); `undetermined` where too few questions about red flags are answered to tell `level`.
    """

    floor: Ints
    preferred: Ints
    level: Ints
    undetermined: Bools

    @property
    def told(self) -> Ints:
        """What is said: the level, or the number of levels where it is undetermined, which no level exceeds."""
        return np.where(self.undetermined, len(CARE_LEVELS), self.level)


class CareRule:
    """The care rule of a network: which red flags hold in each case, and the level of care that follows."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.flags = by_level(guidance_of(network).red_flags)
        self.conditions: tuple[Condition, ...] = tuple(
            dict.fromkeys(c for flag in self.flags for c in flag.when.items())
        )
        self.thresholds = tuple(guidance_of(network).screening.threshold(flag) for flag in self.flags)
        self.places = np.array([_place(flag.level) for flag in self.flags], dtype=np.int64)
        self.questions = guidance_of(network).screening.questions(self.flags)
        self.minimum = guidance_of(network).screening.minimum(self.flags)
        self.harms = guidance_of(network).harms
        twice = [*self.places.tolist(), *self.places.tolist()]
        self._order = sorted(range(len(twice)), key=lambda i: (-twice[i], i))
        self.ordered = tuple((*self.flags, *self.flags)[i] for i in self._order)  # as certain ones, and as likely ones

    def losses(self, chances: Floats) -> Floats:
        """The expected losses by level, from the probabilities of the harms' conditions (cases by harms).

        Without losses in the model there are no columns.
        """
        losses = guidance_of(self.network).losses
        if losses is None:
            return np.zeros((len(chances), 0))
        burden = np.array([losses.burden[level] for level in CARE_LEVELS])
        weights = np.array([[harm.loss[level] for level in CARE_LEVELS] for harm in self.harms])
        return np.asarray(burden + chances @ weights.reshape(len(self.harms), len(CARE_LEVELS)))

    def harm_chances(self, posteriors: Mapping[str, Floats], count: int) -> Floats:
        """The probabilities of the harms' conditions, from posteriors (cases by states) by variable."""
        found = [chance_of(self.network, posteriors, (harm.variable, harm.states)) for harm in self.harms]
        return np.stack(found, axis=1) if found else np.zeros((count, 0))

    def holding(self, findings: Findings, chances: Mapping[Condition, Floats] | None) -> Holding:
        """Which red flags hold.

        `chances` are P(condition | findings) by case, of the conditions that `uncertain` names for these findings; None
        where the findings contradict one another, so that only what they say themselves is known.
        """
        n, readings = findings.count, {}
        for condition in self.conditions:
            readings[condition] = self._reading(findings, *condition)
        certain, likely, barred, silent = (np.full((n, len(self.flags)), start) for start in (True, True, False, False))
        probability = np.ones((n, len(self.flags)))
        for k, (flag, threshold) in enumerate(zip(self.flags, self.thresholds, strict=True)):
            for condition in flag.when.items():
                heard, must, may = readings[condition]
                certain[:, k] &= must
                barred[:, k] |= ~may
                if condition[0] in findings.unknown and flag.unknown == "absent":
                    barred[:, k] |= ~heard
                silent[:, k] |= ~heard
                if condition[0] in findings.likelihoods:
                    reported = self._reported(findings, *condition)
                    chance = np.zeros(n) if chances is None else chances[condition]
                    likely[:, k] &= must | (chance >= threshold) | (reported > EVEN)
                    both = np.where(must, 1.0, np.fmax(chance, reported))
                    probability[:, k] = np.minimum(probability[:, k], both)
                else:
                    likely[:, k] &= must
        open_ = ~certain & ~barred
        probability[~certain & (barred | silent)] = 0.0
        return Holding(
            certain, open_ & ~silent & likely, open_ & ~silent & ~likely, open_ & silent, probability,
            self._answered(findings),
        )  # fmt: skip

    def uncertain(self, likelihoods: Collection[str]) -> tuple[Condition, ...]:
        """The conditions of red flags on variables with likelihoods, each once."""
        return tuple(one for one in self.conditions if one[0] in likelihoods)

    def in_order(self, holding: Holding) -> Bools:
        """Which of `ordered` hold, by case: the highest level first, and of one level what is certain first."""
        return np.concatenate([holding.certain, holding.likely], axis=1)[:, self._order]

    def levels(self, losses: Floats, holding: Holding) -> Levels:
        """The levels of care, from expected losses and the flags that hold; of equal losses the more cautious level."""
        raised = holding.any
        floor = np.full(len(raised), -1, dtype=np.int64)
        if len(self.flags):
            floor = np.where(raised.any(axis=1), self.places[np.argmax(raised, axis=1)], -1)
        preferred = np.full(len(losses), -1, dtype=np.int64)
        if losses.shape[1]:
            preferred = losses.shape[1] - 1 - np.argmin(losses[:, ::-1], axis=1)
        level = np.maximum(preferred, floor)
        below = (level >= 0) & (level < _place(guidance_of(self.network).screening.rules_out))
        return Levels(floor, preferred, level, below & (holding.answered < self.minimum))

    def decide(self, findings: Findings, posteriors: Mapping[str, Floats]) -> tuple[Holding, Levels, Floats]:
        """The flags, the levels, and the expected losses, from posteriors (cases by states) by variable.

        Needed are the posteriors of the harms' variables and of those with likelihoods that red flags look at.
        """
        wanted = self.uncertain(findings.likelihoods)
        holding = self.holding(findings, {one: chance_of(self.network, posteriors, one) for one in wanted})
        losses = self.losses(self.harm_chances(posteriors, findings.count))
        return holding, self.levels(losses, holding), losses

    def _reading(self, findings: Findings, name: str, states: tuple[str, ...]) -> tuple[Bools, Bools, Bools]:
        """In which cases a variable has a finding, and whether it then must, or else may, be in one of the states."""
        n, inside = findings.count, self._inside(name, states)
        likelihoods = findings.likelihoods.get(name, np.full((1, len(inside)), np.nan))
        left = likelihoods > 0
        heard = np.broadcast_to(~np.isnan(likelihoods[:, 0]), n)
        must, may = heard & ~(left & ~inside).any(axis=1), ~heard | (left & inside).any(axis=1)
        if name not in findings.codes:
            return heard, must, may
        seen, fits = findings.codes[name] >= 0, inside[findings.codes[name]]
        return heard | seen, np.where(seen, fits, must), np.where(seen, fits, may)

    def _reported(self, findings: Findings, name: str, states: tuple[str, ...]) -> Floats:
        """The probability of some states at even odds before the finding, by case: m / (m + n), of mean likelihoods."""
        likelihoods, inside = findings.likelihoods[name], self._inside(name, states)
        shares = likelihoods / likelihoods.max(axis=1, keepdims=True)  # near the smallest floats sums would lose digits
        m, n = (shares[:, part].sum(axis=1) / max(part.sum(), 1) for part in (inside, ~inside))
        return np.asarray(m / (m + n))

    def _inside(self, name: str, states: tuple[str, ...]) -> Bools:
        """Which states of a variable are among some."""
        return np.array([state in states for state in self.network.by_name[name].states])

    def _answered(self, findings: Findings) -> Ints:
        serious = [
            flag for flag in self.flags if _place(flag.level) >= _place(guidance_of(self.network).screening.rules_out)
        ]
        count = np.zeros(findings.count, dtype=np.int64)
        for name in self.questions:
            settled = name in findings.unknown and all(f.unknown == "absent" for f in serious if name in f.when)
            count += self._reading(findings, name, ())[0] | settled
        return count


def chance_of(network: Network, posteriors: Mapping[str, Floats], condition: Condition) -> Floats:
    """P(a variable is in one of some states), by case: added up, so that rare states keep their digits."""
    name, states = condition
    columns = [network.by_name[name].state_index(state) for state in states]
    return np.asarray(np.minimum(posteriors[name][:, columns].sum(axis=1), 1.0))


def weights(network: Network, evidence: Mapping[str, Any]) -> dict[str, Floats]:
    """The likelihoods in some evidence by variable: one row, by state."""
    return {
        name: np.array([[finding[state] for state in network.by_name[name].states]])
        for name, finding in evidence.items()
        if not isinstance(finding, str)
    }


def _place(level: str) -> int:
    return CARE_LEVELS.index(level) if level in CARE_LEVELS else -1


def by_level(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules with the highest level of care first; those of one level in the order given."""
    return tuple(sorted(rules, key=lambda rule: -_place(rule.level)))


def suspected(holding: Iterable[Rule | RedFlag]) -> tuple[str, ...]:
    """The conditions that the urgent and emergency flags among these are flags for, in the order of the flags."""
    named = (name for flag in holding if flag.level in CARE_LEVELS[2:] for name in flag.suspects)
    return tuple(dict.fromkeys(named))


# ---------------------------------------------------------------- one case


@dataclass(frozen=True)
class RedFlag(Rebuilt):
    """A red flag that the findings of a case reach: its `rule`, how it `holds`, and its `probability`.

    `holds` is "certain", "likely", or "possible" (it depends on findings given with likelihoods, and sets no floor).
    """

    rule: Rule
    holds: str
    probability: float

    @property
    def id(self) -> str:
        """The rule's name."""
        return self.rule.id

    @property
    def level(self) -> str:
        """The level of care that it asks for."""
        return self.rule.level

    @property
    def text(self) -> str:
        """What it means, in words."""
        return self.rule.text

    @property
    def suspects(self) -> tuple[str, ...]:
        """The conditions that it is a flag for."""
        return self.rule.suspects


@dataclass(frozen=True)
class Care(Rebuilt):
    """A level of care and what decided it.

    `floor` is the highest level of the red flags that hold ("" if there are none), `flags` those of this level;
    `preferred` is the level with the least expected loss ("" in a model without losses, and where findings contradict
    one another). `level` is the higher of the two, and `decided_by` is "red flag" or "expected loss"; or `level` is
    "undetermined", decided by "too few answers", if only `answered` of the `minimum` of red-flag questions are answered
    that the model asks for: `advice` is then what to do. `expected_loss` gives each level's; `contributions` the harms
    that make up the loss of the level below `preferred` (of `preferred` itself if there is none below), the largest
    first.
    """

    level: str
    decided_by: str
    floor: str
    preferred: str
    flags: tuple[RedFlag, ...]
    expected_loss: Mapping[str, float]
    contributions: tuple[tuple[Harm, float, float], ...]
    answered: int = 0
    minimum: int = 0
    advice: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "expected_loss", FrozenMapping(self.expected_loss))

    @property
    def provisional(self) -> str:
        """The higher of `floor` and `preferred`, also where too few answers are there to tell it."""
        return max(self.floor, self.preferred, key=_place)

    def as_dict(self) -> dict[str, Any]:
        """The decision as plain data."""
        return {
            "level": self.level,
            "decided_by": self.decided_by,
            "floor": self.floor,
            "preferred": self.preferred,
            "flags": [flag.id for flag in self.flags],
            "expected_loss": dict(self.expected_loss),
            "contributions": [
                {"harm": harm.id, "probability": chance, "loss": loss} for harm, chance, loss in self.contributions
            ],
            "answered": self.answered,
            "minimum": self.minimum,
            "advice": self.advice,
        }


@dataclass(frozen=True)
class Assessment:
    """What the findings of one case say about red flags and care.

    `red_flags` hold, for certain or likely, and set the floor; `possible` ones depend on uncertain findings;
    `unresolved` ones are not ruled out, since something was not asked about or is not known. The highest level of care
    comes first.
    """

    red_flags: tuple[RedFlag, ...]
    possible: tuple[RedFlag, ...]
    unresolved: tuple[Rule, ...]
    care: Care | None


def assess(posterior: Posterior, unknown: Collection[str] = ()) -> Assessment:
    """The red flags and the level of care of one case; `unknown` are the variables that were asked about in vain."""
    network = posterior.network
    rule = CareRule(network)
    findings = Findings.of(network, posterior.evidence, unknown)
    needed = {harm.variable for harm in rule.harms} | {name for name, _ in rule.uncertain(findings.likelihoods)}
    values = {name: np.array([list(posterior[name].values())]) for name in needed}
    holding, levels, losses = rule.decide(findings, values)
    return _assessment(rule, holding, levels, losses, rule.harm_chances(values, 1))


def assess_contradiction(network: Network, evidence: Mapping[str, Any], unknown: Collection[str] = ()) -> Assessment:
    """The same for findings that contradict one another: what holds by the findings alone, and its floor."""
    rule = CareRule(network)
    holding = rule.holding(Findings.of(network, evidence, unknown), None)
    levels = rule.levels(np.zeros((1, 0)), holding)
    return _assessment(rule, holding, levels._replace(undetermined=np.zeros(1, dtype=bool)), np.zeros((1, 0)), None)


def raised_flags(network: Network, evidence: Mapping[str, Any]) -> tuple[RaisedFlag, ...]:
    """The red flags that hold by the findings alone, as errors carry them."""
    found = assess_contradiction(network, evidence).red_flags
    return tuple(RaisedFlag(flag.id, flag.level, flag.text) for flag in found)


def _assessment(rule: CareRule, holding: Holding, levels: Levels, losses: Floats, chances: Floats | None) -> Assessment:
    def listed(which: Bools, how: str) -> list[RedFlag]:
        places = np.flatnonzero(which[0]).tolist()
        return [RedFlag(rule.flags[i], how, float(holding.probability[0, i])) for i in places]

    held = [*listed(holding.certain, CERTAIN), *listed(holding.likely, LIKELY)]
    red_flags = tuple(sorted(held, key=lambda flag: -_place(flag.level)))  # of one level, certain ones first
    unresolved = tuple(rule.flags[i] for i in np.flatnonzero(holding.unresolved[0]).tolist())
    care = _care(rule, red_flags, levels, losses, chances, int(holding.answered[0]))
    return Assessment(red_flags, tuple(listed(holding.possible, POSSIBLE)), unresolved, care)


def _care(
    rule: CareRule,
    red_flags: tuple[RedFlag, ...],
    levels: Levels,
    losses: Floats,
    chances: Floats | None,
    answered: int,
) -> Care | None:
    place, preferred = int(levels.level[0]), int(levels.preferred[0])
    if place < 0:
        return None
    floor = int(levels.floor[0])
    contributions: list[tuple[Harm, float, float]] = []
    if preferred >= 0 and chances is not None:
        below = CARE_LEVELS[max(preferred - 1, 0)]
        parts = [(h, p, p * h.loss[below]) for h, p in zip(rule.harms, chances[0].tolist(), strict=True)]
        contributions = sorted((part for part in parts if part[2] > 0), key=lambda part: -part[2])
    undetermined = bool(levels.undetermined[0])
    decided_by = "red flag" if floor == place else "expected loss"
    return Care(
        UNDETERMINED if undetermined else CARE_LEVELS[place],
        "too few answers" if undetermined else decided_by,
        CARE_LEVELS[floor] if floor >= 0 else "",
        CARE_LEVELS[preferred] if preferred >= 0 else "",
        tuple(flag for flag in red_flags if _place(flag.level) == floor),
        dict(zip(CARE_LEVELS, losses[0].tolist(), strict=False)),
        tuple(contributions),
        answered,
        rule.minimum,
        guidance_of(rule.network).screening.advice if undetermined else "",
    )
