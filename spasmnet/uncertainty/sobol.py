"""Sobol indices: how much of an answer's variance each uncertain number of the model explains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError, SpasmnetError
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Provenance
from spasmnet.model.network import Network
from spasmnet.model.sampling import checked_rng
from spasmnet.parameters.names import Place, cited_at, in_words, name_of
from spasmnet.sensitivity.polynomial import polynomial
from spasmnet.sensitivity.relevance import sensitivity_set
from spasmnet.sensitivity.scaling import split
from spasmnet.sensitivity.target import Target, read_target
from spasmnet.uncertainty.distributions import Distributions
from spasmnet.uncertainty.draws import Rows, answer_blocks
from spasmnet.uncertainty.intervals import checked_engine, checked_level
from spasmnet.views import Shown

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
BLOCK = 2048  # networks that are worked out together


def sobol_indices(
    engine: Engine,
    target: Any,
    evidence: Mapping[str, Any] | None = None,
    *,
    against: Any = None,
    measure: str | None = None,
    samples: int = 512,
    level: float = 0.95,
    rng: np.random.Generator | None = None,
    kind: str = "pert",
) -> SobolIndices:
    """Which share of an answer's variance each number explains, alone (first order) and with the others (total).

    With the numbers as independent variables θ and the answer f, the first-order index of θ_i is
    Var E(f | θ_i) / Var f: the share of the variance that would vanish, on average, if θ_i were known (as EVPPI is for
    a squared loss). The total index is
    E Var(f | all but θ_i) / Var f: the share that would be left if all others were known. Only numbers that have a
    range and can matter at all (the sensitivity set) enter.

    `target`, `against` and `measure` are those of parameter_sensitivity, `kind` is that of credible_intervals (without
    "dirichlet", whose numbers are not independent). `samples`, a power of 2, is the size of each of the two samples
    that SALib takes from a scrambled Sobol sequence; samples · (numbers + 2) networks answer. The errors are half the
    width of bootstrap confidence intervals at `level`.

    Raises EvidenceError (also if the evidence is impossible in a network drawn), UnknownVariableError,
    UnknownStateError, ImpossibleEvidenceError, CircuitTooLargeError, and SpasmnetError for options that are not
    understood or if no number has a range.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> found = sobol_indices(engine, ("tetanus", "present"), {"jaw_stiffness": "present"}, samples=64)
    >>> found.frame["total"].is_monotonic_decreasing
    True

    Sources: Ballester-Ripoll R, Leonelli M (2024), Global sensitivity analysis of uncertain parameters in Bayesian
    networks, arXiv:2406.05764; Saltelli A, Annoni P, Azzini I, Campolongo F, Ratto M, Tarantola S (2010), Computer
    Physics Communications 181:259-270, table 2 (b, f); Iwanaga T, Usher W, Herman J (2022), Toward SALib 2.0,
    Socio-Environmental Systems Modelling 4:18155.
    """
    network = checked_engine(engine).network
    asked = read_target(network, target, against, measure)
    if not isinstance(samples, int) or isinstance(samples, bool) or samples < 8 or samples & (samples - 1):
        raise SpasmnetError(f"samples is a power of 2 of at least 8, such as 512, not {samples!r}")
    checked_level(level)
    rng = checked_rng(rng)
    if kind == "dirichlet":
        raise SpasmnetError("Sobol indices are for independent numbers, which those of a Dirichlet row are not: name "
                            "another kind, such as 'beta'")  # fmt: skip
    given = engine.posterior(evidence).evidence
    if isinstance(given.get(asked.variable), str):
        raise EvidenceError(f"{asked.variable} is observed ({given[asked.variable]}), so its probability is certain")
    distributions = Distributions.of(network, kind)
    hard, weights = split(network, given)
    free = tuple(dict.fromkeys((asked.variable, *weights)))
    compiled = polynomial(network, free, hard, derivatives=False, posteriors=True, max_products=engine.max_products)
    rows = Rows(network, compiled.numbers, distributions)
    matters = sensitivity_set(network, asked.variable, frozenset(hard), weights)
    which = [i for i in rows.used.tolist() if distributions.places[i][0] in matters]
    count = len(network.by_name[asked.variable].states)

    def respond(blocks: list[Callable[[], Floats]]) -> Floats:
        found, possible = answer_blocks(compiled, weights, [partial(_filled, rows, block) for block in blocks])
        if not possible.all():
            raise EvidenceError(f"the evidence is impossible in {(~possible).sum()} of {len(possible)} networks drawn")
        return _answers(asked, found[:, :count])

    answers, indices = _indices(distributions, which, respond, samples, level, rng)
    return SobolIndices(
        network, asked, given, distributions, samples, float(level), tuple(distributions.places[i] for i in which),
        float(answers.mean()), float(answers.var()), indices, engine.provenance,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class SobolIndices(Shown):
    """First-order and total indices of numbers for an answer with this `mean` and `variance`.

    `frame` has one row a number, the largest total first; `places` are the numbers in declared order.
    """

    network: Network
    target: Target
    evidence: Mapping[str, Any]
    distributions: Distributions
    samples: int
    level: float
    places: tuple[Place, ...]
    mean: float
    variance: float
    indices: Mapping[str, Floats]
    provenance: Provenance

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The index is the number in words; variable, state, given, first, first_error, total, total_error, value, low,
        high, source, where.
        """
        import pandas as pd

        rows, names = [], []
        for i, place in enumerate(self.places):
            cited = cited_at(self.network, place)
            assert cited is not None
            state, given = in_words(self.network, place)
            names.append(name_of(self.network, place))
            rows.append(
                {"variable": place[0], "state": state, "given": given}
                | {name: float(values[i]) for name, values in self.indices.items()}
                | {"value": cited.value, "low": cited.low, "high": cited.high}
                | {"source": cited.source, "where": cited.where}
            )
        columns = ["variable", "state", "given", *self.indices, "value", "low", "high", "source", "where"]
        frame = pd.DataFrame(rows, index=pd.Index(names, name="parameter", dtype=object), columns=columns)
        frame = frame.sort_values("total", ascending=False, kind="stable")
        frame.attrs["spasmnet"] = {
            "target": str(self.target), "mean": self.mean, "variance": self.variance, "samples": self.samples,
            "level": self.level, "distributions": str(self.distributions), "provenance": self.provenance.as_dict(),
        }  # fmt: skip
        return frame

    def __repr__(self) -> str:
        return (
            f"<SobolIndices of {self.target}: {len(self.places)} numbers, {self.samples} samples, variance "
            f"{self.variance:.4g}>"
        )


def _filled(rows: Rows, block: Callable[[], Floats]) -> Floats:
    return rows.filled(block())


def _answers(target: Target, found: Floats) -> Floats:
    """The answers for posteriors of the target's states."""
    top, bottom = found @ target.numerator, found @ target.denominator
    if (bottom <= 0).any() or (target.log and (top <= 0).any()):
        raise EvidenceError(f"{target} is infinite or not defined in a network drawn")
    return np.asarray(np.log(top / bottom) if target.log else top / bottom)


def _indices(
    distributions: Distributions,
    which: list[int],
    respond: Callable[[list[Callable[[], Floats]]], Floats],
    samples: int,
    level: float,
    rng: np.random.Generator,
) -> tuple[Floats, dict[str, Floats]]:
    """All answers of the two samples, and the indices with their errors."""
    n, means = len(which), distributions.moments[0]
    if n == 0:
        answers, nothing = respond([lambda: means[None]]), np.zeros(0)
        return answers, dict.fromkeys(("first", "first_error", "total", "total_error"), nothing)
    first, second = (_quantiles(distributions, which, part) for part in _two_samples(n, samples, rng))

    def block(begin: int, end: int) -> Callable[[], Floats]:
        def make() -> Floats:
            numbers = np.tile(means, (end - begin, n + 2, 1))
            numbers[:, :, which] = first[begin:end, None]
            for k, i in enumerate(which):
                numbers[:, k + 1, i] = second[begin:end, k]
            numbers[:, -1, which] = second[begin:end]
            return numbers.reshape(-1, len(means))

        return make

    step = max(1, BLOCK // (n + 2))
    answers = respond([block(begin, min(begin + step, samples)) for begin in range(0, samples, step)])
    own = np.concatenate([answers[:: n + 2], answers[n + 1 :: n + 2]])
    if own.std() <= 1e-12 * np.abs(own).max():
        return own, {name: np.zeros(n) for name in ("first", "first_error", "total", "total_error")}
    from SALib.analyze import sobol  # type: ignore[import-untyped]

    problem = _problem(n)
    seed = int(rng.integers(1, 2**31))
    found = sobol.analyze(problem, answers, calc_second_order=False, conf_level=level, seed=seed)
    names = {"first": "S1", "first_error": "S1_conf", "total": "ST", "total_error": "ST_conf"}
    return own, {ours: np.asarray(found[theirs], dtype=np.float64) for ours, theirs in names.items()}


def _problem(n: int) -> dict[str, Any]:
    return {"num_vars": n, "names": [str(i) for i in range(n)], "bounds": [[0.0, 1.0]] * n}


def _two_samples(n: int, samples: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Points in the unit cube, twice so many: the first and the last of each step of SALib's sample.

    With the variables in two groups a step is short; the points in which single variables are exchanged are made from
    the two samples later, block by block.
    """
    from SALib.sample import sobol  # type: ignore[import-untyped]

    problem = _problem(n) | {"groups": ["one"] + ["others"] * (n - 1)}
    found = sobol.sample(problem, samples, calc_second_order=False, seed=int(rng.integers(1, 2**31)))
    step = len(found) // samples
    return found[::step], found[step - 1 :: step]


def _quantiles(distributions: Distributions, which: list[int], unit: Floats) -> Floats:
    return np.stack([distributions.quantile(i, unit[:, k]) for k, i in enumerate(which)], axis=1)
