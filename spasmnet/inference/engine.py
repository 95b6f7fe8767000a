"""The compiled engine: evidence in, posteriors out."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from math import exp, ldexp, log
from typing import TYPE_CHECKING, Any, TypeVar

from spasmnet._immutable import FrozenMapping
from spasmnet.errors import CircuitTooLargeError, EvidenceError, ImpossibleEvidenceError, SpasmnetError
from spasmnet.inference.cases import Workspace, needs_wide, wide
from spasmnet.inference.compiling import (
    MAX_MEMORY,
    MAX_PRODUCTS,
    Compiled,
    Order,
    build_circuit,
    compile_circuit,
    elimination_order,
    factorise,
    too_large,
)
from spasmnet.inference.contradiction import smallest_contradiction
from spasmnet.inference.depth import SHALLOW
from spasmnet.inference.direct import Elimination
from spasmnet.inference.evidence import Encoder, read_evidence
from spasmnet.inference.most_probable import best_leaves
from spasmnet.inference.plan import Plan, plan
from spasmnet.inference.posterior import Distribution, Explanation, Posterior, Provenance
from spasmnet.inference.program import Circuit
from spasmnet.inference.sealed import opened, seal
from spasmnet.kernels.layout import FINE, TINY
from spasmnet.model.arguments import public
from spasmnet.model.network import Network
from spasmnet.views import CONVERTED, RAISED_FLAGS, REPORTS, UNCERTAINTY, Shown, resolve

if TYPE_CHECKING:
    import pandas as pd

Frame = TypeVar("Frame")  # of pandas, polars, pyarrow, …
MOST_WITHOUT = 20 * MAX_PRODUCTS  # products up to which a network is accepted without a circuit for all questions
DIRECT_FROM = 20_000  # products from which elimination may be quicker than the circuit for a case
PRODUCTS_A_CELL = 6  # how many products take as long as one entry of a cluster
PRODUCTS_A_CELL_OF_ROWS = 25  # the same where the circuit runs on many cases side by side
LN2 = log(2.0)


@public
def compile(network: Network | object, *, max_products: int = MAX_PRODUCTS, max_memory: float = MAX_MEMORY) -> Engine:
    """Compile a network into an engine that answers queries exactly.

    `network` is a Network, or a model of pgmpy or pyAgrum, which is converted as `from_pgmpy` and `from_pyagrum` do.
    `max_products` bounds the circuit's estimated size, and `max_memory` the bytes that making it takes (default: 2 GB);
    a network that exceeds them is refused with CircuitTooLargeError before that memory is touched. At the default,
    networks of up to twenty times that size are accepted without a circuit for all questions: those that their findings
    or chosen targets make small enough are answered, others are refused in the same way when they are asked.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load("muscle_spasm"))
    >>> round(engine.posterior({"vomiting_diarrhoea": "present"})["dehydration"]["none"], 1) < 0.8
    True

    Source: Darwiche A (2003), A differential approach to inference in Bayesian networks, J ACM 50:280-305.
    """
    if not isinstance(network, Network):
        converted: Network = resolve(CONVERTED)(network)
        return compile(converted, max_products=max_products, max_memory=max_memory)
    if isinstance(max_products, bool) or not isinstance(max_products, int) or max_products < 1:
        raise SpasmnetError(f"max_products must be a whole number of at least 1, not {max_products!r}")
    if isinstance(max_memory, bool) or not isinstance(max_memory, (int, float)) or not max_memory > 0:
        raise SpasmnetError(f"max_memory must be a number of bytes above 0, not {max_memory!r}")
    factors = factorise(network)
    order = elimination_order(factors)
    without = max_products >= MAX_PRODUCTS and order.size <= MOST_WITHOUT
    compiled = None
    if order.size <= max_products or not without:
        try:
            compiled = build_circuit(network, factors, order, network.names, network.names, max_products, max_memory)
        except CircuitTooLargeError as error:
            if not (without and error.memory):
                raise
    return Engine(network, order, compiled, plan(network, factors, order.variables), max_products, max_memory)


@public
class Engine(Shown):
    """A compiled network: immutable, picklable, and safe to share between threads."""

    __slots__ = (
        "__dict__", "_codes", "_compiled", "_encode", "_local", "_max_memory", "_max_products", "_order", "_provenance",
        "_small", "_wide", "network", "plan",
    )  # fmt: skip

    def __init__(
        self,
        network: Network,
        order: Order,
        compiled: Compiled | None,
        plan: Plan,
        max_products: int = MAX_PRODUCTS,
        max_memory: float = MAX_MEMORY,
    ) -> None:
        self.network = network
        self._order = order
        self._compiled = compiled
        self.plan = plan
        self._max_products = max_products
        self._max_memory = max_memory
        self._provenance = Provenance.of(network)
        self._codes = {
            variable.name: (i, {state: code for code, state in enumerate(variable.states)})
            for i, variable in enumerate(network.variables)
        }
        if compiled is None:
            self._small = max_products
        else:
            self._encode = Encoder(network, compiled.circuit.first_indicator)
            self._small = self.products // PRODUCTS_A_CELL if self.products >= DIRECT_FROM else 0
        self._wide = plan.depth.extended
        if self._wide:
            self._small = 0
        self._local = threading.local()

    def __reduce__(self) -> tuple[Any, ...]:
        circuit = None if self._compiled is None else self._compiled.circuit
        sealed = seal(self.network, self._order, circuit)
        return _unpickled, (*sealed, self.network, self._order, circuit, self._max_products, self._max_memory)

    def __repr__(self) -> str:
        return f"<Engine of {self.network.name!r}: {self.products:,} products, width {self.width}>"

    @property
    def compiled(self) -> Compiled:
        """The circuit for all variables, and what it was made from; raises CircuitTooLargeError if there is none."""
        if self._compiled is None:
            raise too_large(self.network, self._order, self._max_products, self._max_memory)
        return self._compiled

    @property
    def has_circuit(self) -> bool:
        """Whether there is a circuit for all questions."""
        return self._compiled is not None

    @property
    def small_rows(self) -> int:
        """How many entries of clusters a case of a table may take to be eliminated directly."""
        if self._wide:
            return 0
        most = self.products // PRODUCTS_A_CELL_OF_ROWS * (self.products >= DIRECT_FROM)
        return most if self.has_circuit else self._max_products

    @property
    def products(self) -> int:
        """How many products the circuit for all questions has, or would have."""
        return len(self._compiled.circuit.pairs) if self._compiled else int(self._order.size)

    @property
    def max_products(self) -> int:
        """The largest circuit that this engine compiles."""
        return self._max_products

    @property
    def width(self) -> int:
        """The width of the elimination order."""
        return self._order.width

    @property
    def provenance(self) -> Provenance:
        """The versions and the digest that stand on every result."""
        return self._provenance

    def posterior(
        self,
        evidence: Mapping[str, Any] | None = None,
        *,
        interval: float | None = None,
        interval_method: str = "delta",
    ) -> Posterior:
        """The posteriors of all variables for one case.

        `evidence` maps variables to a state (hard evidence) or to a mapping from every state to a non-negative
        likelihood (virtual evidence); variables left out are not observed. `interval` is the level, in (0, 1), of
        credible intervals that the answer then carries; `interval_method` is "delta" or "monte_carlo" (see
        spasmnet.credible_intervals). Raises EvidenceError for what is not understood, ImpossibleEvidenceError for
        findings that contradict one another, and SpasmnetError if intervals are asked of a model without ranges.

        >>> import spasmnet
        >>> post = spasmnet.compile(spasmnet.load()).posterior({"trauma": "present"})
        >>> post["trauma"]["present"]
        1.0
        """
        given = {} if evidence is None else evidence
        post = self._directly(given) or self._by_circuit(given)
        if interval is None:
            return post
        return post.with_uncertainty(resolve(UNCERTAINTY)(self, post, interval, interval_method))

    def posterior_of(
        self, targets: Collection[str], evidence: Mapping[str, Any] | None = None
    ) -> dict[str, Distribution]:
        """The posteriors of some variables for one case, by what only they need of the network.

        Networks without a circuit for all questions may answer this in milliseconds. Errors as for `posterior`.

        >>> import spasmnet
        >>> found = spasmnet.compile(spasmnet.load()).posterior_of(["dehydration"], {"trauma": "present"})
        >>> list(found["dehydration"])
        ['none', 'mild', 'moderate_severe']

        Source: Shachter RD (1998), Bayes-ball, UAI, 480-487.
        """
        given = {} if evidence is None else evidence
        if isinstance(targets, str) or not isinstance(targets, Collection):
            raise EvidenceError(f"targets is a list of variables, such as [{self.network.names[0]!r}], not {targets!r}")
        rows, log_total = self._targeted(list(targets), given)
        if log_total == float("-inf"):
            raise self.impossible(given)
        states = self.network.layout
        return {name: Distribution(zip(states[name][1], row.tolist(), strict=True)) for name, row in rows.items()}

    def _targeted(self, targets: Sequence[str], evidence: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
        from spasmnet.inference.targeted import targeted_posterior  # not needed where the circuit answers

        return targeted_posterior(self.network, targets, evidence, self._max_products)

    def _directly(self, evidence: Mapping[str, Any]) -> Posterior | None:
        """The posterior by elimination of what was not observed, where that is quicker than the circuit.

        None where it is not, for likelihoods, for evidence that is not understood, and where P(e) is 0 or may be.
        """
        if not self._small or not isinstance(evidence, (dict, Mapping)):  # dict first, since the test is quicker
            return None
        try:
            work = self._local.direct
        except AttributeError:
            work = self._local.direct = Elimination(self.plan, self._small)
        case, codes = work.case, self._codes
        case[:] = work.blank  # on the way in, so that it does not matter where the last one was interrupted
        try:
            for name, state in evidence.items():
                i, numbers = codes[name]
                case[i] = numbers[state]
        except (KeyError, TypeError, AttributeError):
            return None
        out = (ctypes.c_double * (work.slots + 1))()
        status, total, power = work.solve(ctypes.addressof(out) + 8)
        if status != FINE:
            return None
        out[0] = ldexp(total, 256 * int(power))
        log_total = log(total) + 256 * power * LN2
        return Posterior(self.network, out, log_total, dict(evidence), self._provenance)

    def _by_circuit(self, evidence: Mapping[str, Any]) -> Posterior:
        """The posterior by the circuit for all questions; without one, by what the findings leave of the network."""
        if self._compiled is None:
            findings = read_evidence(self.network, evidence)
            rows, log_total = self._targeted(self.network.names, findings)
            if log_total == float("-inf"):
                raise self.impossible(evidence)
            values = [_exp(log_total), *(p for row in rows.values() for p in row.tolist())]
            return Posterior(self.network, values, log_total, findings, self._provenance)
        circuit, weights = self._compiled.circuit, self._encode(evidence)
        try:
            work = self._local.work
        except AttributeError:
            work = self._local.work = Workspace(circuit)
        values = work.query(weights.at, weights.weight)
        total = 0.0 if self._wide or (weights.depth is not SHALLOW and needs_wide(circuit, weights)) else values[0]
        if total > TINY:
            log_total = log(total)
        else:
            log_total, answers = wide(circuit, weights)
            if not answers:
                raise self.impossible(evidence)
            values = [_exp(log_total), *answers]
        return Posterior(self.network, values, log_total + weights.shift, weights.findings, self._provenance)

    def log_evidence(self, evidence: Mapping[str, Any] | None = None) -> float:
        """The natural logarithm of P(evidence); minus infinity if the evidence is impossible."""
        try:
            return self.posterior(evidence).log_evidence
        except ImpossibleEvidenceError:
            return float("-inf")

    def posteriors(
        self,
        frame: Frame,
        targets: Collection[str] | None = None,
        *,
        log_evidence: bool = False,
        on_impossible: str = "raise",
        threads: int | None = None,
    ) -> Frame:
        """The posteriors for a table of cases, one row a case.

        `frame` is a data frame of pandas, polars or pyarrow (or another that narwhals knows). Its columns are named
        after variables, with states as cells; an empty cell (None, NaN, NA, "") is a variable that was not observed.
        Columns named (variable, state), or "variable=state", hold likelihoods: one for every state of the variable, or
        none in a row in which it was not observed.

        The result is of the same kind, with the same index and the columns (variable, state) for `targets` or all
        variables; where columns have one name, it is "variable=state". `log_evidence` adds the column
        ("log_evidence", ""), or "log_evidence", with ln P(findings of the row); no state is called "", and that name
        has no "=", so that it is never another column's. `on_impossible` is "raise", or "nan" to leave rows with
        contradicting findings empty (their ln P is minus infinity). `threads` bounds the processors used (default:
        all). No rows in, no rows out.

        Raises TableError for a table that is not understood, and ImpossibleEvidenceError with the row. Warns
        (SpasmnetWarning) if empty cells may have been a state such as None, which pandas.read_csv takes for empty.

        >>> import pandas as pd, spasmnet
        >>> cases = pd.DataFrame({"trauma": ["present", None], "hot_environment": ["absent", "present"]})
        >>> spasmnet.compile(spasmnet.load()).posteriors(cases, targets=["dehydration"]).shape
        (2, 3)
        """
        from spasmnet.inference.table import table_posteriors

        return table_posteriors(
            self, frame, targets, log_evidence=log_evidence, on_impossible=on_impossible, threads=threads
        )

    def reports(self, frame: Frame) -> Frame:
        """The level of care and the red flags of every case of a table, one row a case.

        `frame` is as for `posteriors`. The result is of the same kind, and has the same index and the columns `level`
        (a level of care, or "undetermined"), `decided_by` ("red flag", "expected loss", "too few answers",
        "contradiction"), `flags` and `unresolved_flags` (tuples, or lists outside pandas, of the names of red flags,
        the highest level first), and `status` ("ok" or "contradiction"). A row whose findings contradict one another
        keeps the red flags that hold by the findings alone, and their level. In a model without losses the level is ""
        where no flag holds. Raises TableError for a table that is not understood.

        >>> import pandas as pd, spasmnet
        >>> cases = pd.DataFrame({"spasm": ["none", "painful"], "spasm_frequency": ["occasional", None],
        ...                       "emergency_signs": ["present", None]})
        >>> found = spasmnet.compile(spasmnet.load()).reports(cases)
        >>> found["level"].tolist(), found["status"].tolist(), found["flags"].tolist()
        (['emergency', 'undetermined'], ['contradiction', 'ok'], [('emergency_signs',), ()])
        """
        answers: Frame = resolve(REPORTS)(self, frame)
        return answers

    def joint(self, variables: Sequence[str], evidence: Mapping[str, Any] | None = None) -> pd.Series:
        """The joint posterior of several variables: a pandas Series over all combinations of their states."""
        from spasmnet.inference.table import joint_posterior

        return joint_posterior(self, variables, {} if evidence is None else evidence)

    def most_probable(self, evidence: Mapping[str, Any] | None = None) -> Explanation:
        """The most probable joint state of all variables given the evidence, with its log-probability.

        Ties are broken the same way every time. Raises ImpossibleEvidenceError.

        >>> import spasmnet
        >>> assignment, log_probability = spasmnet.compile(spasmnet.load()).most_probable({"trauma": "present"})
        >>> assignment["trauma"]
        'present'
        """
        given = {} if evidence is None else evidence
        post = self.posterior(given)
        circuit, encode = self._expanded
        weights = encode(given)
        leaves, log_best = best_leaves(circuit.circuit, weights)
        assignment = {}
        for position, start in circuit.circuit.first_indicator.items():
            variable = self.network.variables[position]
            assignment[variable.name] = variable.states[
                next(i for i in range(len(variable.states)) if start + i in leaves)
            ]
        log_best += weights.shift
        return Explanation(
            FrozenMapping(assignment), log_best, log_best - post.log_evidence, post.evidence, self._provenance
        )

    @cached_property
    def _expanded(self) -> tuple[Compiled, Encoder]:
        """The circuit over full tables, in which maximising commutes."""
        compiled = compile_circuit(
            self.network, (), expand=True, max_products=self._max_products, max_memory=self._max_memory
        )
        return compiled, Encoder(self.network, compiled.circuit.first_indicator)

    def specialised(self, targets: Sequence[str], observable: Sequence[str]) -> Compiled:
        """A circuit for some targets and observed columns only; kept for the next table of the same shape."""
        if len(targets) == len(self.network):
            return self.compiled
        key = (tuple(sorted(targets)), tuple(sorted(observable)))
        kept: dict[Any, Compiled] = self.__dict__.setdefault("_circuits", {})
        found = kept.get(key)
        if found is None:
            found = compile_circuit(self.network, *key, max_products=self._max_products, max_memory=self._max_memory)
            if len(kept) >= 8:
                kept.pop(next(iter(tuple(kept))), None)  # of a copy, since other threads may add to it
            kept[key] = found
        return found

    def impossible(
        self, evidence: Mapping[str, Any], row: object = None, *, in_table: bool = False
    ) -> ImpossibleEvidenceError:
        """The error for findings that contradict one another: a smallest set of them, and the red flags that hold.

        `row` is the index label of the case if the findings came from a table (`in_table`).
        """
        return ImpossibleEvidenceError(
            self.contradiction(evidence), row, in_table, resolve(RAISED_FLAGS)(self.network, evidence)
        )

    def contradiction(self, evidence: Mapping[str, Any]) -> dict[str, Any]:
        """A smallest subset of impossible findings that is impossible by itself."""
        evidence = read_evidence(self.network, evidence)

        def possible(findings: Collection[str]) -> bool:
            some = {name: evidence[name] for name in findings}
            if self._compiled is None:
                return self._targeted((), some)[1] > float("-inf")
            return bool(wide(self._compiled.circuit, self._encode(some))[1])

        return {name: evidence[name] for name in smallest_contradiction(list(evidence), possible)}


def _unpickled(
    version: str,
    digest: str,
    network: Network,
    order: Order,
    circuit: Circuit | None,
    max_products: int,
    max_memory: float,
) -> Engine:
    """An engine from its pickle; raises SpasmnetError for one of another version, and for one that is damaged."""
    factors, compiled = opened(version, digest, network, order, circuit)
    return Engine(network, order, compiled, plan(network, factors, order.variables), max_products, max_memory)


def _exp(power: float) -> float:
    """e to a power, or the largest float."""
    return exp(min(power, 709.0))
