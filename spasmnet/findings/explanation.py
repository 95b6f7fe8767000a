"""Why an answer is what it is: contributions, paths, what would change it, and which causes explain the findings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import exp
from typing import TYPE_CHECKING, Any

import numpy as np

from spasmnet.errors import SpasmnetError
from spasmnet.findings.contributions import Contributions, contributions
from spasmnet.findings.overturn import Overturn, overturns
from spasmnet.findings.query import Question, checked_engine
from spasmnet.findings.ranking import RankedCause, ranked_causes
from spasmnet.findings.sentences import explanation_data, explanation_sentences
from spasmnet.findings.sufficient import sufficient_sets
from spasmnet.findings.trails import Trail, trails
from spasmnet.findings.wording import Link, links
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Provenance
from spasmnet.model.network import Network
from spasmnet.views import Shown

if TYPE_CHECKING:
    import pandas as pd

SUFFICIENT = 0.1  # of the probability
ROUNDING = 1e-12  # of log-odds: a smaller contribution speaks neither for nor against
Because = tuple[str, Any, float, float]  # variable, finding, contribution, standard error


@dataclass(frozen=True, eq=False)
class Explanation(Shown):
    """Why P(event | findings) is what it is.

    `belief` and `before` are the probability of the event with and without the findings, `shapley` the contributions of
    the findings to its log-odds. The data frames: `contributions`, `paths`, `changes` and `causes`; the same as tuples:
    `because`, `trails`, `overturns` and `ranked`. What takes longer than the contributions is worked out when it is
    first asked for. `sentences` tells the whole in plain words.
    """

    engine: Engine
    question: Question
    belief: float
    before: float
    shapley: Contributions
    top: int
    pairs: bool | None
    candidates: Collection[str] | None
    named_causes: Collection[str] | None
    named_findings: Collection[str] | None

    @property
    def network(self) -> Network:
        """The network that was asked."""
        return self.question.network

    @property
    def evidence(self) -> Mapping[str, Any]:
        """The findings as they were understood."""
        return self.question.evidence

    @property
    def provenance(self) -> Provenance:
        """The versions and the digest that the answer comes from."""
        return self.question.provenance

    @property
    def settled_by(self) -> tuple[str, ...]:
        """The findings that settle the event, so that there are no contributions; usually none."""
        return self.shapley.settled_by

    @cached_property
    def because(self) -> tuple[Because, ...]:
        """Each finding with its contribution and standard error, the largest contribution in size first."""
        if not self.shapley.values:
            return ()
        rows = zip(self.evidence.items(), self.shapley.values, self.shapley.errors, strict=True)
        listed = [
            (name, finding, value if abs(value) > ROUNDING else 0.0, error) for (name, finding), value, error in rows
        ]
        return tuple(sorted(listed, key=lambda row: -abs(row[2])))

    @property
    def speak_for(self) -> tuple[str, ...]:
        """The findings that raise the log-odds, the strongest first."""
        return tuple(name for name, _, value, _ in self.because if value > 0)

    @property
    def speak_against(self) -> tuple[str, ...]:
        """The findings that lower the log-odds, the strongest first."""
        return tuple(name for name, _, value, _ in self.because if value < 0)

    @cached_property
    def sufficient(self) -> tuple[tuple[str, ...], ...]:
        """The smallest sets of findings that alone give the answer within a tenth of it."""
        return sufficient_sets(self.question, SUFFICIENT)

    @cached_property
    def trails(self) -> tuple[Trail, ...]:
        """The strongest active trails of each finding, the strongest first."""
        event = self.question.event
        if not self.shapley.values:
            return ()
        return trails(self.engine, (event.variable, event.states), event.variable, self.evidence, self.top)

    @cached_property
    def links(self) -> tuple[tuple[Link, ...], ...]:
        """The steps of each of the trails."""
        return tuple(links(self.question, self.trails))

    @cached_property
    def overturns(self) -> tuple[Overturn, ...]:
        """The findings, and pairs of findings, that would change what is decided."""
        return overturns(self.question, self.candidates, self.pairs)

    @cached_property
    def ranked(self) -> tuple[RankedCause, ...]:
        """The causes by what they explain; none in a network without roles, unless causes= and findings= name some."""
        roles = {v.role for v in self.network.variables}
        if (self.named_causes is None and not roles & {"cause", "serious"}) or (
            self.named_findings is None and "finding" not in roles
        ):
            return ()
        return ranked_causes(self.engine, self.question.posterior, self.named_causes, self.named_findings)

    @cached_property
    def contributions(self) -> pd.DataFrame:
        """variable, finding, contribution (to the log-odds), error (standard), odds_times, speaks (for or against)."""
        rows = [
            (name, finding, value, error, exp(value), "for" if value > 0 else "against" if value < 0 else "neither")
            for name, finding, value, error in self.because
        ]
        return self._frame(rows, ["variable", "finding", "contribution", "error", "odds_times", "speaks"])

    @cached_property
    def paths(self) -> pd.DataFrame:
        """finding, path (names from the finding to the target), carries, effect (on the log-odds), weakest edge."""
        rows = [(t.finding, t.nodes, t.carries, t.effect, t.weakest) for t in self.trails]
        return self._frame(rows, ["finding", "path", "carries", "effect", "weakest"])

    @cached_property
    def changes(self) -> pd.DataFrame:
        """kind (cause, care, target), findings ((variable, state), …), probability, now, then."""
        rows = [(o.kind, o.findings, o.probability, o.now, o.then) for o in self.overturns]
        return self._frame(rows, ["kind", "findings", "probability", "now", "then"])

    @cached_property
    def causes(self) -> pd.DataFrame:
        """variable, probability, disablement, by_probability, by_disablement (places), switches_off."""
        rows = [
            (c.variable, c.probability, c.disablement, c.by_probability, c.by_disablement, dict(c.switches_off))
            for c in self.ranked
        ]
        heads = ["variable", "probability", "disablement", "by_probability", "by_disablement", "switches_off"]
        return self._frame(rows, heads)

    def _frame(self, rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
        import pandas as pd

        frame = pd.DataFrame(rows, columns=columns)
        frame.attrs["spasmnet"] = {
            "target": str(self.question.event), "belief": self.belief, "before": self.before,
            "provenance": self.provenance.as_dict(),
        }  # fmt: skip
        return frame

    @property
    def sentences(self) -> tuple[str, ...]:
        """The explanation in plain sentences."""
        return explanation_sentences(self)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data for JSON; infinite log-odds are None."""
        return explanation_data(self)

    def __repr__(self) -> str:
        n = len(self.evidence)
        return f"<Explanation of P({self.question.event}) = {self.belief:.4g}, before {self.before:.4g}: {n} findings>"


def explain(
    engine: Engine,
    target: Any,
    evidence: Mapping[str, Any] | None = None,
    *,
    permutations: int = 1000,
    rng: np.random.Generator | None = None,
    paths: int = 2,
    pairs: bool | None = None,
    candidates: Collection[str] | None = None,
    causes: Collection[str] | None = None,
    findings: Collection[str] | None = None,
) -> Explanation:
    """Why P(target | findings) is what it is, and what would change it.

    `target` is (variable, state), (variable, [states]), or a variable, which stands for any state but its
    neutral one, and for the most probable one where none is known to be neutral (see Variable.event).

    The contributions of the findings are Shapley values: they sum to the change of the log-odds from before to after
    the findings. Up to 15 findings all 2^n subsets are asked, in one batch; beyond that `permutations` orders are
    sampled with `rng` (a numpy Generator, by default one with a fixed seed), and each contribution has a standard
    error. If findings settle the event (P is 0 or 1) the change is infinite: there are no contributions, and
    `settled_by` names a smallest set of findings that does it.

    At most `paths` trails are told for each finding. What would change the answer is sought among the states of
    `candidates` (by default what is not observed of role risk_factor or finding) and pairs of them (always with
    `pairs=True`, never with False, by default if that is quick).
    `causes` and `findings` name what is ranked by expected disablement, and which findings count; by default the roles
    of the model file say so.

    Raises EvidenceError (also for a target that is observed, for one that is impossible or certain before any finding,
    and for roles that nothing has), UnknownVariableError, UnknownStateError, ImpossibleEvidenceError, and
    SpasmnetError for options that are not understood.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> why = spasmnet.explain(engine, "dehydration", {"vomiting_diarrhoea": "present", "low_bp_dizzy": "absent"})
    >>> why.speak_for, why.speak_against
    (('vomiting_diarrhoea',), ('low_bp_dizzy',))

    Sources: Shapley LS (1953), Contributions to the theory of games II, 307-317; Suermondt HJ (1992), Explanation in
    Bayesian belief networks, Stanford; Richens JG, Lee CM, Johri S (2020), Nat Commun 11:3923.
    """
    network = checked_engine(engine).network
    for name, value, least in (("permutations", permutations, 2), ("paths", paths, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise SpasmnetError(f"{name} must be a whole number of at least {least}, not {value!r}")
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise SpasmnetError(f"rng is a numpy Generator, such as numpy.random.default_rng(7), not {rng!r}")
    if isinstance(target, str):
        variable = network.variable(target)
        target = target, variable.active or variable.event(engine.posterior_of([target], evidence)[target])
    question = Question.of(engine, target, evidence)
    found = contributions(question, permutations, np.random.default_rng(0) if rng is None else rng)
    p = question.outcomes(np.array([question.full, question.row(())]))[0]
    return Explanation(
        engine, question, float(p[0, 0]), float(p[1, 0]), found, paths, pairs, candidates, causes, findings
    )  # fmt: skip
