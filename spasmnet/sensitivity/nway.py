"""n-way sensitivity functions: how an answer depends on several numbers of the model that move together.

Numbers of different rows enter the polynomial of the circuit at most once each, so that P(y, e) is multilinear in them,
and the answer a quotient of two multilinear forms. Such a form is known from its values where every number stands at an
end of its domain: those values come out of the circuit in one batch, and between them nothing is subtracted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spasmnet.errors import EvidenceError, SpasmnetError
from spasmnet.inference.engine import Engine
from spasmnet.model.cpd import Key, NoisyMax
from spasmnet.parameters.names import Place, find_place, name_of, value_at
from spasmnet.parameters.rows import domain, row_at, row_of
from spasmnet.sensitivity.multilinear import Multilinear
from spasmnet.sensitivity.one_way import ParameterSensitivity, parameter_sensitivity
from spasmnet.sensitivity.polynomial import polynomial
from spasmnet.sensitivity.scaling import slopes_of_rows, split
from spasmnet.views import Shown, plotter

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
MOST = 6  # numbers that move together


class Extremes(NamedTuple):
    """The least and the largest answer over a box, and the corners where they are."""

    minimum: float
    maximum: float
    at_minimum: tuple[float, ...]
    at_maximum: tuple[float, ...]


class Surface(NamedTuple):
    """The answer over two numbers: `z[i, j]` at `x[j]` and `y[i]`."""

    x: Floats
    y: Floats
    z: Floats


def nway_sensitivity(
    engine: Engine,
    target: Any,
    parameters: Sequence[Place | str],
    evidence: Mapping[str, Any] | None = None,
    *,
    against: Any = None,
    measure: str | None = None,
    covariation: str = "proportional",
    spread: float = 0.1,
) -> NWaySensitivity:
    """How an answer depends on up to six numbers at once, the others of their rows co-varying.

    The answer is f(t) = N(t) / D(t) with two multilinear forms, each with 2^n exact coefficients, one for every product
    of some of the numbers (two numbers of different rows of one table have no product term). With order-preserving
    co-variation the forms have a bend at each number's present value.

    `parameters` names the numbers, each as (variable, key) or in words; no two of one row. The other arguments are
    those of `parameter_sensitivity`.

    Raises EvidenceError (also for two numbers of one row, and for one that cannot move), SpasmnetError for numbers that
    do not exist, and what parameter_sensitivity raises.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> names = ["leak of dehydration: mild", "P(vomiting_diarrhoea=present)"]
    >>> f = nway_sensitivity(engine, ("dehydration", "mild"), names, {"spasm": "painful"})
    >>> f(0.1, 0.2) > f(0.05, 0.2)
    True
    >>> f.numerator.shape
    (2, 2)

    Source: Kjærulff U, van der Gaag LC (2000), Making sensitivity analysis computationally efficient, UAI, 317-325;
    Chan H, Darwiche A (2004), Sensitivity analysis in Bayesian networks: from single to multiple parameters, UAI, 67.
    """
    ps = parameter_sensitivity(
        engine, target, evidence, against=against, measure=measure, covariation=covariation, spread=spread
    )
    places = _places(ps, parameters)
    knots = tuple(domain(row_of(ps.network, place), place[1][-1], covariation) for place in places)
    for place, ends in zip(places, knots, strict=True):
        if len(ends) == 1:
            name = name_of(ps.network, place)
            raise EvidenceError(f"{name} cannot be moved with {covariation} co-variation: it is the largest of its row")
    joint = _at_knots(ps, places, knots)
    weights = (ps.target.numerator, ps.target.denominator)
    top, bottom = (Multilinear(knots, np.tensordot(joint, weight, 1)) for weight in weights)
    return NWaySensitivity(ps, places, knots, top, bottom)


def _places(ps: ParameterSensitivity, parameters: Any) -> tuple[Place, ...]:
    network = ps.network
    if isinstance(parameters, str) or not isinstance(parameters, Sequence) or not 1 <= len(parameters) <= MOST:
        raise EvidenceError(f"parameters is a list of 1 to {MOST} numbers, not {parameters!r}")
    places = tuple(find_place(network, place) for place in parameters)
    rows: dict[tuple[str, Key], Place] = {}
    for place in places:
        name, key = place
        if len(network.by_name[name].states) == 1:
            raise EvidenceError(f"{name_of(network, place)} cannot be moved: {name} has one state only")
        other = rows.setdefault((name, key[:-1]), place)
        if other is not place:
            same = "is named twice" if other == place else f"is of the same row as {name_of(network, other)}"
            raise EvidenceError(
                f"{name_of(network, place)} {same}; numbers of one row sum to 1 and do not move independently: keep one"
            )
    return places


def _at_knots(ps: ParameterSensitivity, places: Sequence[Place], knots: Sequence[Floats]) -> Floats:
    """P(y, e) with every number at each of its knots: an axis a number, and then the target's states."""
    engine, name = ps.engine, ps.target.variable
    hard, weights = split(engine.network, ps.evidence)
    free = tuple(dict.fromkeys((name, *weights)))
    compiled = polynomial(
        engine.network, free, hard, derivatives=False, posteriors=True, max_products=engine.max_products
    )
    numbers = compiled.numbers
    shape = tuple(len(ends) for ends in knots)
    values = np.tile(numbers.values, (*shape, 1))
    for axis, (place, ends) in enumerate(zip(places, knots, strict=True)):
        j = numbers.index(place)
        if j is None:
            continue  # the query does not depend on it
        first, size = int(numbers.rows[j]), int(numbers.sizes[j])
        row = numbers.values[first : first + size]
        for at, end in enumerate(ends.tolist()):
            np.moveaxis(values, axis, 0)[at][..., first : first + size] = row_at(row, j - first, end, ps.covariation)
    own = weights.pop(name, np.ones(len(engine.network.by_name[name].states)))
    leaves = compiled.leaves(values.reshape(prod(shape), len(numbers.values)), weights)
    now = compiled.leaves(numbers.values, weights)
    found = slopes_of_rows(compiled, leaves, now)[:, : len(own)] * own
    return found.reshape(*shape, len(own))


@dataclass(frozen=True, eq=False)
class NWaySensitivity(Shown):
    """An answer as a function of several numbers, f(t) = N(t) / D(t) (or the logarithm of it).

    `places` says which numbers, `knots` where the forms may bend: the ends of each number's domain and, with
    order-preserving co-variation, its present value. `top` and `bottom` are N and D.
    """

    sensitivity: ParameterSensitivity
    places: tuple[Place, ...]
    knots: tuple[Floats, ...]
    top: Multilinear
    bottom: Multilinear

    @property
    def names(self) -> tuple[str, ...]:
        """The numbers in words."""
        return tuple(name_of(self.sensitivity.network, place) for place in self.places)

    @property
    def values(self) -> tuple[float, ...]:
        """What the numbers are now."""
        return tuple(value_at(self.sensitivity.network, place) for place in self.places)

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """Each number's range: its cited one, or its value plus and minus the spread."""
        return tuple(self.sensitivity.range_of(place) for place in self.places)

    @property
    def answer(self) -> float:
        """The answer now."""
        return self.sensitivity.answer

    def __call__(self, *values: Any) -> Any:
        """The answer where the numbers have these values, one argument each: numbers, or arrays that broadcast.

        Raises SpasmnetError for values outside a number's domain, and where the answer is not defined.
        """
        points = self._points(values)
        top, bottom = self.top(points), self.bottom(points)
        undefined = (bottom == 0) & ((top == 0) | (not self.sensitivity.target.log))
        if undefined.any():
            at = tuple(float(t) for t in points[:, undefined][:, 0])
            raise SpasmnetError(
                f"{self.sensitivity.target} is not defined at {at}: it is divided by a probability of 0"
            )
        with np.errstate(divide="ignore", over="ignore"):
            found = np.log(top) - np.log(bottom) if self.sensitivity.target.log else top / bottom
        return float(found) if found.ndim == 0 else found

    @cached_property
    def numerator(self) -> Floats:
        """N's coefficients, shape (2,)·n: [1, 0, 1] is that of the first number times the third.

        Scaled with those of D so that D is the probability of the evidence, or of what the answer is divided by. With
        order-preserving co-variation these are the coefficients for numbers that are larger than now.
        """
        return self.top.coefficients(self._tables)

    @cached_property
    def denominator(self) -> Floats:
        """D's coefficients, in the same order."""
        return self.bottom.coefficients(self._tables)

    @property
    def frame(self) -> pd.DataFrame:
        """Both forms' coefficients, one row a product of numbers: the columns numerator and denominator."""
        import pandas as pd

        subsets = list(product((0, 1), repeat=len(self.places)))
        words = [" · ".join(n for n, used in zip(self.names, each, strict=True) if used) or "1" for each in subsets]
        columns = {"numerator": self.numerator.ravel(), "denominator": self.denominator.ravel()}
        frame = pd.DataFrame(columns, index=pd.Index(words, name="product", dtype=object))
        provenance = self.sensitivity.provenance.as_dict()
        frame.attrs["spasmnet"] = {"target": str(self.sensitivity.target), "provenance": provenance}
        return frame

    def gradient(self, *values: float) -> Floats:
        """The derivatives of the answer with respect to the numbers at a point (default: now).

        At a bend they are those for larger numbers. Raises SpasmnetError where the answer is infinite or not defined.
        """
        points = self._points(values or self.values)
        if points.ndim > 1:
            raise SpasmnetError("the gradient is for one point: a value for each number")
        top, bottom = float(self.top(points)), float(self.bottom(points))
        log = self.sensitivity.target.log
        if bottom == 0 or (log and top == 0):
            raise SpasmnetError(
                f"{self.sensitivity.target} has no derivative at {tuple(points.tolist())}: it is infinite"
            )
        axes = range(len(self.places))
        rise, fall = (np.array([float(form.slope(points, k)) for k in axes]) for form in (self.top, self.bottom))
        return rise / top - fall / bottom if log else (rise * bottom - fall * top) / bottom**2

    def extremes(self, low: Sequence[float] | None = None, high: Sequence[float] | None = None) -> Extremes:
        """The least and the largest answer over a box, and where; the box is [low, high], by default the ranges.

        Along each number the answer is monotone (between bends), so that extremes lie at corners. Corners where the
        answer is not defined are left out: it is constant on the way to them. Raises SpasmnetError.
        """
        sides = []
        for bound in (low, high):
            if bound is not None and len(bound) != len(self.places):
                raise SpasmnetError(f"a box has one low and one high end for each of the {len(self.places)} numbers")
        for k, ends in enumerate(self.knots):
            a, b = np.clip(self.ranges[k], ends[0], ends[-1]).tolist()
            a, b = (a if low is None else float(low[k])), (b if high is None else float(high[k]))
            if a > b:
                raise SpasmnetError(f"{self.names[k]}: the low end {a:g} is above the high end {b:g}")
            sides.append(sorted({a, b, *(t for t in ends.tolist() if a < t < b)}))
        corners = np.array(list(product(*sides)))
        points = self._points(corners.T)
        top, bottom = self.top(points), self.bottom(points)
        defined = np.flatnonzero((bottom > 0) | (top > 0))
        if not len(defined):
            raise SpasmnetError(f"{self.sensitivity.target} is not defined anywhere in this box")
        with np.errstate(divide="ignore", over="ignore"):
            answers = top[defined] / bottom[defined]
            answers = np.log(answers) if self.sensitivity.target.log else answers
        least, most = int(answers.argmin()), int(answers.argmax())
        where = [tuple(corners[defined[i]].tolist()) for i in (least, most)]
        return Extremes(float(answers[least]), float(answers[most]), *where)

    def surface(
        self,
        x: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        over: tuple[int, int] = (0, 1),
        points: int = 41,
    ) -> Surface:
        """The answer over two of the numbers, the others as they are now.

        `over` says which two; `x` and `y` are their values, by default `points` over each one's range.
        """
        if len(self.places) < 2 or len(set(over)) < 2 or not all(0 <= k < len(self.places) for k in over):
            raise SpasmnetError(f"a surface is over two of the {len(self.places)} numbers, not {over!r}")
        grids = []
        for k, given in zip(over, (x, y), strict=True):
            low, high = (float(np.clip(t, self.knots[k][0], self.knots[k][-1])) for t in self.ranges[k])
            grids.append(np.linspace(low, high, points) if given is None else np.asarray(given, dtype=np.float64))
        at: list[Any] = list(self.values)
        at[over[0]], at[over[1]] = grids[0][None, :], grids[1][:, None]
        return Surface(grids[0], grids[1], self(*at))

    def plot(self, ax: Axes | None = None, *, over: tuple[int, int] = (0, 1)) -> Axes:
        """The surface over two of the numbers as contours; see `plot_surface`."""
        first, second = over
        labels = (self.names[first], self.names[second], f"{self.sensitivity.target} over two numbers of the model")
        present = (self.values[first], self.values[second])
        axes: Axes = plotter(type(self))(*self.surface(over=over), ax, labels, present)
        return axes

    def __repr__(self) -> str:
        return f"<NWaySensitivity of {self.sensitivity.target} to {', '.join(self.names)}>"

    @property
    def _tables(self) -> tuple[tuple[str, int | None], ...]:
        """Which table each number is in: the links of one parent are one, and a leak is one."""
        cpds = self.sensitivity.network.cpds
        return tuple((name, key[0] if isinstance(cpds[name], NoisyMax) else None) for name, key in self.places)

    def _points(self, values: Any) -> Floats:
        """Values, checked, with an axis for the numbers first."""
        if len(values) != len(self.places):
            raise SpasmnetError(f"{len(self.places)} values are needed, for {', '.join(self.names)}; not {len(values)}")
        points = np.array(np.broadcast_arrays(*(np.asarray(t, dtype=np.float64) for t in values)))
        for name, ends, t in zip(self.names, self.knots, points, strict=True):
            if not ((t >= ends[0] - 1e-12) & (t <= ends[-1] + 1e-12)).all():
                wrong = t[~((t >= ends[0] - 1e-12) & (t <= ends[-1] + 1e-12))].ravel()[0]
                raise SpasmnetError(f"{name} can be moved in [{ends[0]:g}, {ends[-1]:g}], not to {wrong:g}")
        return points
