"""Parameter sensitivity: how an answer depends on every number of the model, exactly and all at once.

(Not to be mixed up with evidence sensitivity, which is about findings.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError, SpasmnetError, suggest
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Provenance
from spasmnet.model.network import Network
from spasmnet.parameters.covariation import RULES, Lines, along_rows, highest
from spasmnet.parameters.listing import Listing, listing
from spasmnet.parameters.names import Place, cited_at, name_of, value_at
from spasmnet.sensitivity.columns import Functions, admissible
from spasmnet.sensitivity.function import Piece, SensitivityFunction, larger
from spasmnet.sensitivity.query import Query, derivative, keep, prepare
from spasmnet.sensitivity.relevance import sensitivity_set
from spasmnet.sensitivity.target import Target, read_target
from spasmnet.views import Shown, plotter

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]


def parameter_sensitivity(
    engine: Engine,
    target: Any,
    evidence: Mapping[str, Any] | None = None,
    *,
    against: Any = None,
    measure: str | None = None,
    covariation: str = "proportional",
    spread: float = 0.1,
) -> ParameterSensitivity:
    """How P(target | evidence) depends on each number of the network, the others of its row co-varying.

    For every entry of every table, and every leak and link of every noisy-OR or noisy-MAX, the answer is a quotient of
    linear functions of that number t, f(t) = (alpha·t + beta) / (gamma·t + delta), whose coefficients come exactly out
    of the derivatives of the circuit.

    `target` is (variable, state) or (variable, states). `measure` is "probability"; or "difference", "ratio" or
    "log_odds" of the target and `against` (for log_odds by default all its other states). `covariation` is
    "proportional", "uniform" or "order_preserving"; where the proportional rule is undefined, at a number of 1, the
    uniform one is used, and the frame says so. `spread` is the relative range of numbers that have none of their own,
    and of what the frame calls nearby.

    Raises EvidenceError (also if the target is itself observed), UnknownVariableError, UnknownStateError,
    ImpossibleEvidenceError and CircuitTooLargeError.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> ps = parameter_sensitivity(engine, ("dehydration", "mild"), {"spasm": "painful"})
    >>> strongest = next(iter(ps))
    >>> strongest.name
    'leak of dehydration: mild'

    Source: Castillo E, Gutiérrez JM, Hadi AS (1997), Sensitivity analysis in discrete Bayesian networks, IEEE Trans
    SMC-A 27:412-423; Darwiche A (2003), J ACM 50:280-305.
    """
    if not isinstance(engine, Engine):
        raise SpasmnetError(f"an engine is needed (spasmnet.compile(network)), not {type(engine).__name__}")
    if covariation not in RULES:
        raise EvidenceError(f"covariation is one of {', '.join(RULES)}, not {covariation!r}")
    if not isinstance(spread, (int, float)) or isinstance(spread, bool) or not 0 <= spread <= 1:
        raise EvidenceError(f"spread is a number in [0, 1], not {spread!r}")
    given = {} if evidence is None else evidence
    asked, query = _understood(engine, target, against, measure, given)
    functions = None
    if covariation == "order_preserving":
        _ = query.joint
    else:
        uniform = covariation == "uniform"
        functions = query.functions(asked.numerator, asked.denominator, uniform=uniform, log=asked.log)
    return ParameterSensitivity(engine, asked, query.evidence, covariation, float(spread), query, functions)


def _understood(
    engine: Engine, target: Any, against: Any, measure: str | None, evidence: Mapping[str, Any]
) -> tuple[Target, Query]:
    """Target and query. What was asked before in the same words is looked up, neither read nor checked again."""
    kept: dict[Any, tuple[Target, Query]] = engine.__dict__.setdefault("_asked", {})
    try:
        key = (target, against, measure, tuple(evidence.items()))
        if not all(type(word) is str for word in (*target, against or "", *evidence.values())):
            raise TypeError  # 1, 1.0 and True are equal keys, but not the same state
        found = kept.get(key)
    except (TypeError, AttributeError):  # states that are no text, or something that is not understood
        key, found = None, None
    if found is None:
        asked = read_target(engine.network, target, against, measure)
        found = asked, prepare(engine, asked.variable, evidence)
        if key is not None:
            keep(kept, key, found)
    return found


@dataclass(frozen=True, eq=False)
class ParameterSensitivity(Shown):
    """The sensitivity functions of one answer. `frame` has one row a number, the strongest first.

    Iterating gives the functions, the strongest first; `ps["P(lung=yes | smoke=no)"]` or `ps["lung", (1, 0)]` one.
    """

    engine: Engine
    target: Target
    evidence: Mapping[str, Any]
    covariation: str
    spread: float
    query: Query
    functions: Floats | None

    @cached_property
    def observed(self) -> frozenset[str]:
        """The variables with hard evidence."""
        return frozenset(name for name, finding in self.evidence.items() if isinstance(finding, str))

    @property
    def network(self) -> Network:
        """The network that was asked."""
        return self.engine.network

    @property
    def provenance(self) -> Provenance:
        """The versions and the digest that the answer comes from."""
        return self.engine.provenance

    @property
    def answer(self) -> float:
        """What is asked for, at the present numbers."""
        top, bottom = self.target.numerator @ self.query.joint, self.target.denominator @ self.query.joint
        if bottom == 0:
            raise EvidenceError(f"{self.target} is not defined: what it is divided by has probability 0")
        ratio = float(top / bottom)
        return float(np.log(ratio)) if self.target.log and ratio > 0 else (-inf if self.target.log else ratio)

    @cached_property
    def _lines(self) -> tuple[Lines, Lines]:
        """P(y, e) for each state y as a line along each number's row, falling and rising."""
        return along_rows(self.query.joint, self.query.gradient, self.query.numbers, self.covariation)

    @cached_property
    def coefficients(self) -> tuple[Floats, Floats]:
        """alpha, beta, gamma and delta of each number of the query (axes 4, number), for falling and for rising ones.

        gamma·t + delta is P(e), or what the answer is divided by, but for a factor that no number of the query changes.
        """
        if self.functions is not None:
            return self.functions[:4], self.functions[:4]
        weights = np.array([self.target.numerator, self.target.denominator])
        gradient = np.array([self.query.slopes(row) for row in weights])
        both = along_rows(weights @ self.query.joint, gradient, self.query.numbers, self.covariation)
        falling, rising = (np.array([part[i] for i in (0, 1) for part in lines]) for lines in both)
        return falling, rising

    @cached_property
    def derivatives(self) -> Floats:
        """The derivative of the answer with respect to each number of the query, with its sign."""
        return larger(*self._slopes)

    @cached_property
    def _slopes(self) -> tuple[Floats, Floats]:
        """The derivative with respect to each number of the query, for falling and for rising ones."""
        if self.functions is not None:
            return self.functions[4], self.functions[4]
        falling, rising = (derivative(lines, self.query.numbers.values, self.target.log) for lines in self.coefficients)
        return falling, rising

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The variable and the key of each number of the query."""
        return tuple(self.query.numbers.place(j) for j in range(len(self.query.numbers.values)))

    @cached_property
    def matters(self) -> frozenset[str]:
        """The variables whose numbers can change the answer at all (the sensitivity set)."""
        uncertain = self.evidence.keys() - self.observed
        return sensitivity_set(self.network, self.target.variable, self.observed, uncertain)

    @property
    def _listing(self) -> Listing:
        kept: dict[Any, Listing] = self.engine.__dict__
        if "_listing" not in kept:
            kept["_listing"] = listing(self.engine.network)
        return kept["_listing"]

    @cached_property
    def _ranges(self) -> tuple[Floats, Floats]:
        """The numbers' own ranges, or their values plus and minus the relative spread."""
        listed = self._listing
        low, high = np.maximum(0.0, listed.value * (1 - self.spread)), np.minimum(1.0, listed.value * (1 + self.spread))
        return np.where(np.isnan(listed.low), low, listed.low), np.where(np.isnan(listed.high), high, listed.high)

    def range_of(self, place: Place) -> tuple[float, float]:
        """A number's own range, or its value plus and minus the relative spread."""
        cited, value = cited_at(self.network, place), value_at(self.network, place)
        if cited is not None:
            return cited.low, cited.high
        return max(0.0, value * (1 - self.spread)), min(1.0, value * (1 + self.spread))

    def function(self, place: Place) -> SensitivityFunction:
        """The sensitivity function of one number."""
        name, (low, high), value = name_of(self.network, place), self.range_of(place), value_at(self.network, place)
        pieces, j = self._pieces(place, value), self.query.numbers.index(place)
        slope = None if self.functions is None or j is None else float(self.functions[4][j])
        return SensitivityFunction(name, value, low, high, pieces, str(self.target), slope)

    def _pieces(self, place: Place, value: float) -> tuple[Piece, ...]:
        j = self.query.numbers.index(place)
        if j is None:
            top, bottom = (float(w @ self.query.joint) for w in (self.target.numerator, self.target.denominator))
            return (Piece(0.0, 1.0, 0.0, top, 0.0, bottom, self.target.log),)
        known = 1.0 if self.covariation == "uniform" else value

        def piece(low: float, high: float, coefficients: Floats) -> Piece:
            alpha, beta, gamma, delta = coefficients[:, j].tolist()
            return Piece(low, high, alpha, beta, gamma, delta, self.target.log, known)

        falling, rising = self.coefficients
        if self.covariation != "order_preserving":
            return (piece(0.0, 1.0, falling),)
        top = float(highest(self.query.numbers)[j])
        if top == value:  # the largest of its row cannot move
            return (piece(value, value, falling),)
        pieces = piece(0.0, value, falling), piece(value, top, rising)
        return pieces[1:] if value == 0 else pieces

    def __getitem__(self, key: Any) -> SensitivityFunction:
        if isinstance(key, str):
            if key not in self._listing.by_name:
                raise SpasmnetError(f"there is no number {key!r}; {suggest(key, self._listing.by_name)}")
            return self.function(self._listing.by_name[key])
        if key not in self._listing.by_place:
            raise SpasmnetError(f"there is no number {key!r}; name it as in the frame's index, or as (variable, key)")
        return self.function(key)

    def __iter__(self) -> Iterator[SensitivityFunction]:
        return (self.function(place) for place in self._ranked())

    def __len__(self) -> int:
        return len(self._listing.places)

    def _ranked(self) -> list[Place]:
        """The numbers, those with the largest derivative (in size) first; ties in declared order."""
        size, at = np.zeros(len(self)), self._listing.of(self.query.numbers)
        size[at[at >= 0]] = np.abs(self.derivatives[at >= 0])
        return [self._listing.places[i] for i in np.argsort(-size, kind="stable").tolist()]

    def admissible(self, place: Place) -> tuple[float, float]:
        """The widest interval around the present value in which the target's most probable state stays the same.

        Only the present value if not even there: the uniform rule makes the others of the row equal.

        Source: van der Gaag LC, Renooij S (2001), Analysing sensitivity data from probabilistic networks, UAI, 530-537.
        """
        value, j = value_at(self.network, place), self.query.numbers.index(place)
        bottom, top = 0.0, 1.0
        if self.covariation == "order_preserving":
            top = self.function(place).pieces[-1].high
        if j is None:
            return bottom, top
        first = int(np.argmax(self.query.joint))
        for lines, falling in zip(self._lines, (True, False), strict=True):
            lead = [part[first, j] - part[:, j] for part in lines]  # over each state, as a line
            for y in np.flatnonzero(lead[0] > 0 if falling else lead[0] < 0).tolist():
                crossing = -lead[1][y] / lead[0][y]
                bottom, top = (max(bottom, crossing), top) if falling else (bottom, min(top, crossing))
        if bottom > value + 1e-12 or top < value - 1e-12:  # the uniform rule changes the row even at its present value
            return value, value
        return min(bottom, value), max(top, value)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row a number, the strongest first; the index is the number in words.

        variable, state, given, value, low, high, source, where; alpha, beta, gamma, delta; derivative (its size is the
        sensitivity value), second_derivative, largest_slope (the largest size of the derivative wherever the number can
        be moved); vertex_proximity (infinite for a linear function); minimum and maximum over [low, high];
        minimum_nearby and maximum_nearby over the value plus and minus the spread; admissible_low and admissible_high
        (within which the leading state stays); matters (whether it can matter at all); covariation (the rule that was
        used); cited (whether the range is its own). With order-preserving co-variation the coefficients are those for
        larger numbers.
        """
        import pandas as pd

        listed, numbers, theta = self._listing, self.query.numbers, self.query.numbers.values
        at = listed.of(numbers)
        here, n = np.flatnonzero(at >= 0), len(listed.places)
        place = at[here]
        falling, rising = (np.zeros((4, n)) for _ in range(2))
        top, bottom = (float(w @ self.query.joint) for w in (self.target.numerator, self.target.denominator))
        for lines, found in zip((falling, rising), self.coefficients, strict=True):
            lines[1], lines[3] = top, bottom  # of numbers that the query does not have
            lines[:, place] = found[:, here]
        least, most, slopes = np.zeros(n), np.ones(n), (np.zeros(n), np.zeros(n))
        for slope, of_query in zip(slopes, self._slopes, strict=True):
            slope[place] = of_query[here]
        if self.covariation == "order_preserving":
            most[place] = highest(numbers)[here]
            fixed = most == listed.value  # the largest of its row cannot move
            fixed[np.setdiff1d(np.arange(n), place)] = False
            least[fixed] = listed.value[fixed]
            rising[:, fixed] = falling[:, fixed]
            falling = np.where(listed.value == 0, rising, falling)
            slopes = np.where(listed.value == 0, slopes[1], slopes[0]), np.where(fixed, slopes[0], slopes[1])
        known = np.ones(n) if self.covariation == "uniform" else listed.value
        functions = Functions(listed.value, least, most, falling, rising, self.target.log, known, slopes)
        low, high = self._ranges
        minimum, maximum = functions.extremes(low, high)
        near = functions.extremes(*(np.clip(listed.value * (1 + s), 0.0, 1.0) for s in (-self.spread, self.spread)))
        floor, ceiling = np.zeros(n), most.copy()
        down, up = (Lines(*(part[:, here] for part in lines)) for lines in self._lines)
        floor[place], ceiling[place] = admissible(
            self.query.joint, down, up, theta[here], np.zeros(len(here)), most[place]
        )
        rule = np.full(n, self.covariation, dtype=object)
        if self.covariation == "proportional":
            rule[listed.alone] = "uniform"
        matters = np.array([name in self.matters for name in self.network.names], dtype=bool)[listed.owner]
        columns = {
            "variable": listed.variable, "state": listed.state, "given": listed.given, "value": listed.value,
            "low": low, "high": high, "source": listed.source, "where": listed.where,
            **dict(zip(("alpha", "beta", "gamma", "delta"), rising, strict=True)),
            "derivative": functions.derivative, "second_derivative": functions.second_derivative,
            "largest_slope": functions.largest_slope,
            "vertex_proximity": functions.vertex_proximity, "minimum": minimum, "maximum": maximum,
            "minimum_nearby": near[0], "maximum_nearby": near[1],
            "admissible_low": floor, "admissible_high": ceiling, "matters": matters, "covariation": rule,
            "cited": ~np.isnan(listed.low),
        }  # fmt: skip
        ranked = np.argsort(-np.abs(columns["derivative"]), kind="stable")
        index = pd.Index(listed.name[ranked], name="parameter", dtype=object)
        frame = pd.DataFrame({name: column[ranked] for name, column in columns.items()}, index=index)
        frame.attrs["spasmnet"] = {"target": str(self.target), "provenance": self.provenance.as_dict()}
        return frame

    def __repr__(self) -> str:
        return f"<ParameterSensitivity of {self.target}: {len(self):,} numbers, {len(self.matters)} variables matter>"

    def plot(self, top: int = 12, ax: Axes | None = None) -> Axes:
        """The tornado of the `top` numbers that move the answer furthest; see `plot_tornado`."""
        axes: Axes = plotter(type(self))(self, top, ax)
        return axes
