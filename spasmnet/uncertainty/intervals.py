"""Uncertainty of answers that comes from uncertain numbers: credible intervals of posteriors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError, SpasmnetError
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Posterior, Provenance, Uncertainty
from spasmnet.model.network import Network
from spasmnet.model.sampling import checked_rng
from spasmnet.uncertainty.delta import Delta, delta
from spasmnet.uncertainty.distributions import Distributions
from spasmnet.uncertainty.draws import sampled
from spasmnet.uncertainty.monte_carlo import Samples
from spasmnet.views import Shown, plotter

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

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

    Every cited number with a range has a distribution, and what a row leaves over follows; numbers without a range are
    fixed. The interval holds `level` of the answers, with equal tails. This is uncertainty about the model's numbers,
    not about the patient.

    `targets` are variables, by default all that are not observed. `level` lies in (0, 1). `kind` says which
    distribution a value and its range stand for: "pert", "triangular", "uniform" or "beta" for each number, or
    "dirichlet" for the rows that they stand in.

    "monte_carlo" answers for `draws` networks drawn with `rng` (a numpy Generator, by default one with a fixed seed);
    each tail must hold 5 draws or more. Networks in which the evidence is impossible have no answer; they are left out
    and counted. "delta" is instant and draws nothing: it goes from the answer at the means of the numbers, with
    Var f = Σ over rows of ∇ᵀ Σ ∇, to the numbers that belong to the ends.

    Raises EvidenceError (also for a target that is observed), UnknownVariableError, ImpossibleEvidenceError,
    CircuitTooLargeError, and SpasmnetError for options that are not understood or if no number has a range.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> found = credible_intervals(engine, {"spasm": "painful"}, targets=["dehydration"])
    >>> low, high = found["dehydration", "mild"]
    >>> low < engine.posterior({"spasm": "painful"})["dehydration"]["mild"] < high
    True

    Source: Van Allen T, Singh A, Greiner R, Hooper P (2008), Artificial Intelligence 172:483-513 (both methods).
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
    found: Delta | Samples
    if method == "delta":
        found = delta(engine, asked, given, distributions)
    else:
        checked_draws(draws, level)
        answers, possible = sampled(network, asked, given, distributions, draws, rng, engine.max_products)
        found = Samples(answers[possible], draws)
        if len(found.answers) * (1 - level) / 2 < 1:
            raise EvidenceError(f"the evidence is impossible in {found.impossible} of {draws} networks drawn")
    return Intervals(network, given, asked, float(level), method, distributions, post, found)


def uncertainty_of(engine: Engine, post: Posterior, level: float, method: str) -> Uncertainty:
    """The intervals of all of an engine's answers to one question; what is observed is certain.

    Raises what credible_intervals raises.
    """
    network, given = engine.network, post.evidence
    checked_level(level)
    low, high = ([p for name in network.names for p in post[name].values()] for _ in range(2))
    if all(isinstance(given.get(name), str) for name in network.names):
        distributions = Distributions.of(network)
    else:
        draws = max(2000, ceil(2 * IN_TAIL / (1 - level)))
        found = credible_intervals(engine, given, level=level, draws=draws, method=method)
        distributions, done = found.distributions, 0
        for name in found.targets:
            place = network.layout[name][0]
            count = place.stop - place.start
            low[place.start - 1 : place.stop - 1], high[place.start - 1 : place.stop - 1] = (
                end[done : done + count].tolist() for end in found.ends
            )
            done += count
    return Uncertainty(float(level), method, str(distributions), tuple(low), tuple(high))


@dataclass(frozen=True, eq=False)
class Intervals(Shown):
    """Credible intervals of posteriors. `frame` has one row a state; `intervals["lung", "yes"]` is (low, high).

    `answers` are the posteriors of the networks drawn (a Samples), or what the delta method made (a Delta).
    """

    network: Network
    evidence: Mapping[str, Any]
    targets: tuple[str, ...]
    level: float
    method: str
    distributions: Distributions
    posterior: Posterior
    answers: Delta | Samples

    @property
    def provenance(self) -> Provenance:
        """The versions and the digest that the answer comes from."""
        return self.posterior.provenance

    @property
    def draws(self) -> int:
        """How many networks were drawn; none for the delta method."""
        return self.answers.draws if isinstance(self.answers, Samples) else 0

    @property
    def impossible(self) -> int:
        """In how many of the networks drawn the evidence is impossible."""
        return self.answers.impossible if isinstance(self.answers, Samples) else 0

    @cached_property
    def ends(self) -> Floats:
        """Low and high (first axis) of every state of every target."""
        return np.clip(self.answers.ends(self.level), 0.0, 1.0)

    @cached_property
    def _position(self) -> dict[tuple[str, str], int]:
        listed = ((name, state) for name in self.targets for state in self.network.by_name[name].states)
        return {key: i for i, key in enumerate(listed)}

    def __getitem__(self, key: tuple[str, str]) -> tuple[float, float]:
        if key not in self._position:
            raise SpasmnetError(f"there is no interval for {key!r}; name it as (variable, state) of a target")
        low, high = self.ends[:, self._position[key]].tolist()
        return low, high

    @cached_property
    def frame(self) -> pd.DataFrame:
        """variable, state, value (at the present numbers), low, high, mean, sd, low_error, high_error.

        The errors are the Monte Carlo standard errors of the ends. For the delta method they estimate what it neglects:
        how much curvature moves the end, and how far it is from what the quantiles of the single numbers give; its mean
        is the answer at the means of the numbers.
        """
        import pandas as pd

        names = [name for name, _ in self._position]
        columns: dict[str, Any] = {"variable": names, "state": [state for _, state in self._position]}
        columns["value"] = [self.posterior[name][state] for name, state in self._position]
        columns |= {"low": self.ends[0], "high": self.ends[1], "mean": self.answers.mean, "sd": self.answers.sd}
        columns |= dict(zip(("low_error", "high_error"), self.answers.errors(self.level), strict=True))
        frame = pd.DataFrame(columns)
        frame.attrs["spasmnet"] = {
            "level": self.level, "method": self.method, "draws": self.draws, "impossible": self.impossible,
            "distributions": str(self.distributions), "provenance": self.provenance.as_dict(),
        }  # fmt: skip
        return frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """A dot and a bar for every state of every target; see spasmnet.plots.sensitivity.plot_intervals."""
        rows = []
        for i, (name, state) in enumerate(self._position):
            variable = self.network.by_name[name]
            label = f"{variable.label or name}: {variable.state_label(state)}"
            rows.append((label, self.posterior[name][state], *self.ends[:, i].tolist()))
        words = f"{100 * self.level:.6g}% interval, of the model's numbers"
        axes: Axes = plotter(type(self))(rows, ax, title="How certain the answers are", words=words)
        return axes

    def __repr__(self) -> str:
        how = f"{self.draws:,} draws" if self.draws else "delta method"
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


def checked_draws(draws: object, level: float) -> None:
    """Raise SpasmnetError unless there are enough draws for the level."""
    if not isinstance(draws, int) or isinstance(draws, bool) or draws * (1 - level) / 2 < IN_TAIL - 1e-9:
        least = int(np.ceil(2 * IN_TAIL / (1 - level) - 1e-6))
        raise SpasmnetError(f"draws must be a whole number of at least {least} for a level of {level}, not {draws!r}")


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
