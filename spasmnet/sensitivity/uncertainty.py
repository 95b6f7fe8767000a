"""Uncertainty of answers that comes from uncertain numbers: credible intervals of posteriors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet._frozen import FrozenMapping
from spasmnet.circuit.cases import wide_indicators
from spasmnet.circuit.rows import processors
from spasmnet.engine import Engine
from spasmnet.errors import EvidenceError, SpasmnetError
from spasmnet.kernels.layout import TINY
from spasmnet.network import Network
from spasmnet.posterior import Posterior, Provenance
from spasmnet.sensitivity.distributions import Distributions, Rows, streams
from spasmnet.sensitivity.polynomial import Polynomial, polynomial
from spasmnet.sensitivity.query import compiled_query

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
METHODS = ("monte_carlo", "delta")
IN_TAIL = 5  # draws that each tail beyond the level must hold


def credible_intervals(
    engine: Engine,
    evidence: Mapping[str, Any] | None = None,
    *,
    targets: Sequence[str] | None = None,
    level: float = 0.9,
    draws: int = 2000,
    rng: np.random.Generator | None = None,
    method: str = "monte_carlo",
    kind: str = "pert",
) -> Intervals:
    """Between which values P(x | evidence) lies, for every state of every target, when the cited numbers vary.

    Every cited number with a range is drawn independently (`kind`: "pert", "triangular" or "uniform", see
    Distributions; what a row leaves over follows); numbers without one are fixed. The interval holds `level` of the
    answers, with equal tails. This is uncertainty about the model's numbers, not about the patient.

    `targets` are variables, by default all that are not observed. `level` lies in (0, 1).

    "monte_carlo" answers for `draws` networks drawn with `rng` (a numpy Generator, by default one with a fixed seed);
    each tail must hold 5 draws or more. Networks in which the evidence is impossible have no answer; they are left out
    and counted. "delta" is instant and draws nothing: answers as linear functions of the numbers around the numbers'
    means, normally distributed with Var f = Σ (df/dθ)² Var θ, and cut off at 0 and 1.

    Raises EvidenceError (also for a target that is observed), UnknownVariableError, ImpossibleEvidenceError,
    CircuitTooLargeError, and SpasmnetError for options that are not understood or if no number has a range.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> found = credible_intervals(engine, {"spasm": "painful"}, targets=["dehydration"])
    >>> low, high = found["dehydration", "mild"]
    >>> low < engine.posterior({"spasm": "painful"})["dehydration"]["mild"] < high
    True

    Source: Van Allen T, Singh A, Greiner R, Hooper P (2008) for the delta method.
    """
    network = checked_engine(engine).network
    if method not in METHODS:
        raise SpasmnetError(f"method is one of {', '.join(METHODS)}, not {method!r}")
    checked_level(level)
    rng = checked_rng(rng)
    post = engine.posterior(evidence)
    given = post.evidence
    asked = _asked(network, targets, given)
    distributions = Distributions.of(network, kind)
    if method == "delta":
        columns = _delta(engine, asked, given, distributions, level)
        samples, n, impossible = None, 0, 0
    else:
        if not isinstance(draws, int) or isinstance(draws, bool) or draws * (1 - level) / 2 < IN_TAIL - 1e-9:
            least = int(np.ceil(2 * IN_TAIL / (1 - level) - 1e-6))
            raise SpasmnetError(f"draws must be a whole number of at least {least} for a level of {level}, not {draws!r}")
        samples = _sampled(network, asked, given, distributions, draws, rng, engine.max_products)
        n, impossible = draws, draws - len(samples)
        if len(samples) * (1 - level) / 2 < 1:
            raise EvidenceError(f"the evidence is impossible in {impossible} of {draws} networks drawn")
        columns = _summary(samples, level)
    return Intervals(network, given, asked, level, method, distributions, n, impossible, post, columns, samples)


@dataclass(frozen=True, eq=False)
class Intervals:
    """Credible intervals of posteriors. `frame` has one row a state; `intervals["lung", "yes"]` is (low, high).

    `samples` has one row a network drawn in which the evidence was possible, and one column a row of the frame (None
    for the delta method); `impossible` counts the other networks.
    """

    network: Network
    evidence: Mapping[str, Any]
    targets: tuple[str, ...]
    level: float
    method: str
    distributions: Distributions
    draws: int
    impossible: int
    posterior: Posterior
    columns: Mapping[str, Floats]
    samples: Floats | None

    @property
    def provenance(self) -> Provenance:
        """The versions and the digest that the answer comes from."""
        return self.posterior.provenance

    @cached_property
    def _position(self) -> dict[tuple[str, str], int]:
        listed = ((name, state) for name in self.targets for state in self.network.by_name[name].states)
        return {key: i for i, key in enumerate(listed)}

    def __getitem__(self, key: tuple[str, str]) -> tuple[float, float]:
        if key not in self._position:
            raise SpasmnetError(f"there is no interval for {key!r}; name it as (variable, state), with one of the targets")
        i = self._position[key]
        return float(self.columns["low"][i]), float(self.columns["high"][i])

    @cached_property
    def frame(self) -> pd.DataFrame:
        """variable, state, value (at the present numbers), low, high, mean, sd, low_error, high_error.

        The errors are the Monte Carlo standard errors of the ends: half the distance of the answers whose ranks lie one
        binomial standard deviation below and above the end's. For the delta method they estimate what it neglects: how
        far the answer is from linear, worked out at the most probable numbers that should give the end, and what the
        skewness of the numbers' distributions moves a quantile by.
        """
        import pandas as pd

        names = [name for name, _ in self._position]
        columns: dict[str, Any] = {"variable": names, "state": [state for _, state in self._position]}
        columns["value"] = [self.posterior[name][state] for name, state in self._position]
        frame = pd.DataFrame(columns | dict(self.columns))
        frame.attrs["spasmnet"] = {
            "level": self.level, "method": self.method, "draws": self.draws, "impossible": self.impossible,
            "distributions": str(self.distributions), "provenance": self.provenance.as_dict(),
        }  # fmt: skip
        return frame

    def __repr__(self) -> str:
        how = f"{self.draws:,} draws" if self.method == "monte_carlo" else "delta method"
        return f"<Intervals of {len(self._position)} posteriors at level {self.level}: {how}, {self.distributions}>"


def checked_engine(engine: object) -> Engine:
    """The engine; raises SpasmnetError for anything else."""
    if not isinstance(engine, Engine):
        raise SpasmnetError(f"an engine is needed (spasmnet.compile(network)), not {type(engine).__name__}")
    return engine


def checked_level(level: object) -> None:
    """Raise SpasmnetError unless the level is a number between 0 and 1."""
    if not isinstance(level, (int, float)) or isinstance(level, bool) or not 0 < level < 1:
        raise SpasmnetError(f"level is a number between 0 and 1, such as 0.9, not {level!r}")


def checked_rng(rng: object) -> np.random.Generator:
    """The generator, or one with a fixed seed; raises SpasmnetError for anything else."""
    if rng is None:
        return np.random.default_rng(0)
    if not isinstance(rng, np.random.Generator):
        raise SpasmnetError(f"rng is a numpy Generator, such as numpy.random.default_rng(7), not {rng!r}")
    return rng


def _asked(network: Network, targets: Sequence[str] | None, given: Mapping[str, Any]) -> tuple[str, ...]:
    if targets is None:
        asked = tuple(name for name in network.names if not isinstance(given.get(name), str))
    else:
        listed = (targets,) if isinstance(targets, str) else targets
        asked = tuple(dict.fromkeys(network.variable(name).name for name in listed))
    for name in asked:
        if isinstance(given.get(name), str):
            raise EvidenceError(f"{name} is observed ({given[name]}), so its probability is certain")
    if not asked:
        raise EvidenceError("there is no target: name a variable that is not observed")
    return asked


# ------------------------------------------------------------------ Monte Carlo


def answer_blocks(
    compiled: Polynomial, weights: Mapping[str, Floats], blocks: Iterable[Callable[[], Floats]]
) -> tuple[Floats, NDArray[np.bool_]]:
    """The posteriors of all free variables for blocks of networks, and whether the evidence is possible in them.

    Each block is a function that gives its networks' numbers, one network a row; blocks run on all processors.
    """
    from concurrent.futures import ThreadPoolExecutor

    def run(block: Callable[[], Floats]) -> tuple[Floats, NDArray[np.bool_]]:
        return answers(compiled, block(), weights)

    with ThreadPoolExecutor(processors()) as pool:
        found = list(pool.map(run, blocks))
    return np.concatenate([rows for rows, _ in found]), np.concatenate([possible for _, possible in found])


def answers(
    compiled: Polynomial, values: Floats, weights: Mapping[str, Floats]
) -> tuple[Floats, NDArray[np.bool_]]:
    """The posteriors of all free variables for some networks, and whether the evidence is possible in them."""
    leaves, n = compiled.leaves(values, weights), compiled.indicators
    totals, slopes = compiled.differentiate_rows(leaves)
    joint = leaves[:, :n] * slopes[:, :n]
    possible = totals > 0
    for i in np.flatnonzero(totals <= TINY).tolist():
        log_total, _ = wide_indicators(compiled.circuit, leaves[i])
        possible[i] = log_total > float("-inf")
        if possible[i]:
            scaled = leaves[i] * compiled.scale(log_total)
            joint[i] = (scaled * compiled.differentiate_rows(scaled[None])[1][0])[:n]
    for start, states in compiled.free.values():  # divided by their own sum, which is P(e) but for rounding
        at = slice(start, start + states)
        joint[:, at] /= np.where(possible, joint[:, at].sum(axis=1), 1.0)[:, None]
    return joint, possible


def soft_weights(network: Network, given: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Floats]]:
    """The hard evidence, and the weights of the states of variables with likelihood evidence."""
    hard = {name: finding for name, finding in given.items() if isinstance(finding, str)}
    weights = {}
    for name in given.keys() - hard.keys():
        likelihoods = np.array([given[name][state] for state in network.by_name[name].states], dtype=np.float64)
        weights[name] = likelihoods / likelihoods.max()
    return hard, {name: weights[name] for name in network.names if name in weights}


def _sampled(
    network: Network,
    asked: tuple[str, ...],
    given: Mapping[str, Any],
    distributions: Distributions,
    draws: int,
    rng: np.random.Generator,
    max_products: int,
) -> Floats:
    """The asked posteriors of all networks drawn in which the evidence is possible."""
    hard, weights = soft_weights(network, given)
    free = tuple(dict.fromkeys((*asked, *weights)))
    compiled = polynomial(network, free, hard, derivatives=False, posteriors=True, max_products=max_products)
    rows = Rows(network, compiled.numbers, distributions)

    def block(stream: np.random.Generator, size: int) -> Callable[[], Floats]:
        return lambda: rows.filled(distributions.draw(stream, size))

    found, possible = answer_blocks(compiled, weights, (block(*stream) for stream in streams(rng, draws)))
    wanted = sum(len(network.by_name[name].states) for name in asked)
    return found[possible][:, :wanted]


def _summary(samples: Floats, level: float) -> dict[str, Floats]:
    ordered = np.sort(np.ascontiguousarray(samples.T), axis=1)
    n = len(samples)
    columns = {}
    for end, p in (("low", (1 - level) / 2), ("high", (1 + level) / 2)):
        ranks = (n - 1) * p + sqrt(n * p * (1 - p)) * np.array([-1.0, 0.0, 1.0])
        below, at, above = (_at_rank(ordered, rank) for rank in np.clip(ranks, 0, n - 1).tolist())
        columns |= {end: at, f"{end}_error": (above - below) / 2}
    columns |= {"mean": ordered.mean(axis=1), "sd": ordered.std(axis=1, ddof=1)}
    return {name: columns[name] for name in ("low", "high", "mean", "sd", "low_error", "high_error")}


def _at_rank(ordered: Floats, rank: float) -> Floats:
    before = int(rank)
    after = min(before + 1, ordered.shape[1] - 1)
    return np.asarray(ordered[:, before] + (rank - before) * (ordered[:, after] - ordered[:, before]))
