"""Parameter sensitivity for people: the numbers that move an answer, in words, and as data for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from spasmnet.errors import EvidenceError
from spasmnet.model.cpd import Table
from spasmnet.model.words import finding_text, name_of, number, plain, share
from spasmnet.parameters.names import Place, cited_at, parameters
from spasmnet.parameters.names import name_of as name_of_number

if TYPE_CHECKING:
    from spasmnet.sensitivity.function import SensitivityFunction
    from spasmnet.sensitivity.one_way import ParameterSensitivity

NOT_EVIDENCE = (
    "This is parameter sensitivity: how the answer depends on the numbers that the model is made of. It is not "
    "evidence sensitivity, which tells how the answer depends on the findings."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One number and what it does to the answer: `at_low` and `at_high` are the answers at the ends of its range.

    `basis` says what the range [`low`, `high`] rests on: a source's key, "assumption", or the relative spread. The
    range is cut to where the number can be moved. `at_value` is the answer at the present value along the number's own
    function, which for uniform co-variation need not be the answer now.
    """

    function: SensitivityFunction
    low: float
    high: float
    at_low: float
    at_value: float
    at_high: float
    basis: str

    @property
    def width(self) -> float:
        """How far apart the least and the largest answer over the range are."""
        ends = (self.at_low, self.at_value, self.at_high)
        return max(ends) - min(ends) if min(ends) < max(ends) else 0.0


def entries(ps: ParameterSensitivity, most: int | None = None) -> Iterator[Entry]:
    """The numbers of a parameter sensitivity (at most so many), the one with the largest derivative (in size) first.

    Of two numbers that sum to 1, of which the model cites only one, only that one: the other tells nothing new.
    """
    places = {name_of_number(ps.network, place): place for place in parameters(ps.network)}
    for function in islice(ps, most):
        place = places[function.name]
        if not _mere_rest(ps, place):
            yield entry(ps, place, function)


def _mere_rest(ps: ParameterSensitivity, place: Place) -> bool:
    """Whether a number is what one other leaves over, so that moving either is the same."""
    cpd, cited = ps.network.cpds[place[0]], cited_at(ps.network, place)
    if not isinstance(cpd, Table) or cited is None or not cited.complement or ps.covariation == "order_preserving":
        return False  # under the last the larger of two cannot move, but the smaller can
    row = cpd.values[place[1][:-1]]
    return len(row) == 2 or (ps.covariation == "proportional" and 0 < row[place[1][-1]] < 1 and (row > 0).sum() == 2)


def entry(ps: ParameterSensitivity, place: Place, function: SensitivityFunction) -> Entry:
    """One number with the answers at the ends of its range."""
    low, high = reach(function)
    at_low, at_value, at_high = (float(function(t)) for t in (low, function.value, high))
    return Entry(function, low, high, at_low, at_value, at_high, basis(ps, place))


def reach(function: SensitivityFunction) -> tuple[float, float]:
    """A number's range, cut to where it can be moved."""
    return max(function.low, function.pieces[0].low), min(function.high, function.pieces[-1].high)


def basis(ps: ParameterSensitivity, place: Place) -> str:
    """What a number's range rests on: a source's key, "assumption", or the relative spread."""
    cited = cited_at(ps.network, place)
    if cited is None:
        return f"±{100 * ps.spread:g} %"
    source = ps.network.sources.get(cited.source)
    return "assumption" if source is not None and source.kind == "assumption" else plain(cited.source)


def widest(ps: ParameterSensitivity, top: int) -> list[Entry]:
    """The numbers that move the answer furthest over their own ranges, the furthest first; at most `top`."""
    found = sorted(_moving(ps), key=lambda one: -one.width)
    finite = [one.width for one in found if isfinite(one.width)]
    rounding = max(1e-6 * max(finite, default=0.0), 1e-12 * abs(ps.answer) if isfinite(ps.answer) else 0.0)
    return [one for one in found if one.width > rounding][:top]


def strongest(ps: ParameterSensitivity, top: int) -> list[Entry]:
    """The numbers with the largest derivatives in size, at most `top`; only those that can change the answer."""
    rounding = 1e-12 * abs(ps.answer) if isfinite(ps.answer) else 0.0
    return list(islice(_moving(ps, rounding), top))


def _moving(ps: ParameterSensitivity, rounding: float = 0.0) -> Iterator[Entry]:
    """The numbers that change the answer by more than rounding does, the one with the largest derivative first.

    Those that come first may be rounding alone: where P(e) hangs on what 1 - t leaves of a t next to 1.
    """
    count = int((ps.derivatives != 0).sum())
    return (one for one in entries(ps, count) if abs(one.function.derivative) > rounding)


def answer_text(ps: ParameterSensitivity, answer: float) -> str:
    """An answer for people: a percentage with three digits if it is a probability, else the plain number."""
    return share(answer) if ps.target.measure == "probability" else number(answer)


def given_text(ps: ParameterSensitivity, longest: int = 10**9) -> str:
    """The findings in words, or "nothing"; if they are longer than that, the first of them and how many more."""
    by_name = ps.network.by_name
    words = [f"{name_of(by_name[n])}: {finding_text(f, by_name[n])}" for n, f in ps.evidence.items()]
    for count in range(len(words), 1, -1):
        more = f"; and {len(words) - count} more" if count < len(words) else ""
        if len("; ".join(words[:count]) + more) <= longest:
            return "; ".join(words[:count]) + more
    return "; ".join(words[:1]) + (f"; and {len(words) - 1} more" if len(words) > 1 else "") or "nothing"


def answer_now(ps: ParameterSensitivity) -> str:
    """The answer at the present numbers in words; why there is none if it is not defined."""
    try:
        return f"{plain(str(ps.target))} is {answer_text(ps, ps.answer)} now"
    except EvidenceError as error:
        return plain(str(error))


def matter_counts(ps: ParameterSensitivity) -> tuple[int, int]:
    """How many numbers can matter at all for the question, and how many there are."""
    names = [name for name, _ in parameters(ps.network)]
    return sum(name in ps.matters for name in names), len(names)


def matters_text(ps: ParameterSensitivity) -> str:
    """How many numbers can matter at all, in a sentence."""
    some, every = matter_counts(ps)
    return (
        f"{some:,} of the model's {every:,} numbers, those of {len(ps.matters):,} of its {len(ps.network.variables):,} "
        "variables, can matter at all for this question; the structure rules the others out."
    )


def vertex_text(function: SensitivityFunction) -> str:
    """How near the number is to the bend of its function; "linear" if there is none."""
    near = function.vertex_proximity
    return "linear" if near == inf else number(near)


def as_data(ps: ParameterSensitivity, top: int | None = None) -> dict[str, Any]:
    """Everything as plain data for JSON: the question, the answer, and each number (or the `top` strongest).

    What is infinite, such as the vertex proximity of a linear function, is None.
    """
    frame = ps.frame if top is None else ps.frame.loc[[found.function.name for found in strongest(ps, top)]]
    some, every = matter_counts(ps)
    return {
        "target": str(ps.target),
        "variable": ps.target.variable,
        "states": list(ps.target.states),
        "measure": ps.target.measure,
        "evidence": {name: f if isinstance(f, str) else dict(f) for name, f in ps.evidence.items()},
        "covariation": ps.covariation,
        "spread": ps.spread,
        "answer": _finite(ps.answer),
        "numbers": every,
        "numbers_that_can_matter": some,
        "variables_that_can_matter": [name for name in ps.network.names if name in ps.matters],
        "parameters": [
            {"name": str(name), **{str(key): _finite(value) for key, value in row.items()}, **_ends(ps, str(name))}
            for name, row in zip(frame.index, frame.to_dict("records"), strict=True)
        ],
        "intended_use": ps.network.intended_use,
        "provenance": ps.provenance.as_dict(),
    }


def _ends(ps: ParameterSensitivity, name: str) -> dict[str, float | None]:
    function = ps[name]
    low, high = reach(function)
    return {"answer_at_low": _finite(float(function(low))), "answer_at_high": _finite(float(function(high)))}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value
