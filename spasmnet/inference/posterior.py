"""Results: what was asked, of which model, and the probabilities that came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from spasmnet._immutable import FrozenMapping
from spasmnet._version import __version__
from spasmnet.errors import SpasmnetError, UnknownStateError, UnknownVariableError
from spasmnet.model.network import Network
from spasmnet.views import Shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Provenance(Shown):
    """Which library and which model gave a result; `digest` covers everything that changes an answer.

    `notes` says what reading the model's file assumed, left out or repaired.
    """

    library: str
    model: str
    model_version: str
    digest: str
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, network: Network) -> Provenance:
        """The stamp for results from this network."""
        return cls(f"spasmnet {__version__}", network.name, network.version, f"sha256:{network.digest}", network.notes)

    def as_dict(self) -> dict[str, str | list[str]]:
        """The stamp as plain data; `notes` is left out if there are none."""
        plain: dict[str, str | list[str]] = asdict(self)
        plain["notes"] = list(self.notes)
        return plain if self.notes else {key: value for key, value in plain.items() if key != "notes"}

    def __str__(self) -> str:
        return f"{self.library}, model {self.model} {self.model_version} ({self.digest[:19]})"


class Distribution(Shown, dict[str, float]):
    """The probabilities of a variable's states: a dict (so that JSON and pandas take it) that cannot be changed."""

    __slots__ = ()
    __str__ = dict.__repr__

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("a posterior cannot be changed; take a copy with dict(…)")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __missing__(self, state: object) -> NoReturn:
        raise UnknownStateError("the variable", str(state), tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Credible intervals of all posteriors: `level` of the answers lie within when the model's numbers vary.

    `low` and `high` hold the ends for each state of each variable; `method` is "delta" or "monte_carlo", and
    `distributions` says what the numbers vary by.
    """

    level: float
    method: str
    distributions: str
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def meaning(self) -> str:
        """What the intervals say, in one sentence for people."""
        return f"The {100 * self.level:.6g}% intervals tell the uncertainty of the model's numbers, not of the patient."


class Posterior(Shown, Mapping[str, Mapping[str, float]]):
    """P(X = x given the evidence) for every variable X: a mapping from variables to mappings from states to floats.

    Variables that were observed are there too. `log_evidence` is the natural logarithm of P(evidence), `evidence` what
    was understood, and `provenance` the versions of library and model. `uncertainty` holds the credible intervals if
    they were asked for.
    """

    __slots__ = ("_evidence", "_log_evidence", "_network", "_provenance", "_uncertainty", "_values")

    def __init__(
        self,
        network: Network,
        values: Sequence[float],  # P(evidence), then each state of each variable
        log_evidence: float,
        evidence: Mapping[str, Any],
        provenance: Provenance,
        uncertainty: Uncertainty | None = None,
    ) -> None:
        self._uncertainty = uncertainty
        self._network = network
        self._values = values
        self._log_evidence = log_evidence
        self._evidence = evidence
        self._provenance = provenance

    @property
    def network(self) -> Network:
        """The network that was asked."""
        return self._network

    @property
    def log_evidence(self) -> float:
        """The natural logarithm of P(evidence)."""
        return self._log_evidence

    @property
    def provenance(self) -> Provenance:
        """Versions of library and model, and the digest."""
        return self._provenance

    @property
    def evidence(self) -> Mapping[str, Any]:
        """The evidence as it was understood: variable → state, or state → likelihood."""
        text = str.__str__  # a subclass of str, such as numpy's, is told from text by its type only
        return FrozenMapping({text(n): text(f) if isinstance(f, str) else f for n, f in self._evidence.items()})

    def __getitem__(self, variable: str) -> Mapping[str, float]:
        values = self._values
        if type(values) is not list:
            values = self._values = list(values)  # from the kernel's memory, once, when first needed
        try:
            place, states = self._network.layout[variable]
        except (KeyError, TypeError):
            raise UnknownVariableError(variable, self.network.names) from None
        return Distribution(zip(states, values[place]))  # noqa: B905 -- equally long, and hot

    @property
    def uncertainty(self) -> Uncertainty | None:
        """The credible intervals of all posteriors, if they were asked for."""
        return self._uncertainty

    def with_uncertainty(self, uncertainty: Uncertainty) -> Posterior:
        """The same answer with these intervals."""
        values = list(self._values)
        return Posterior(self.network, values, self.log_evidence, self.evidence, self.provenance, uncertainty)

    def interval(self, variable: str, state: str) -> tuple[float, float]:
        """The credible interval of P(variable = state): (low, high).

        Raises SpasmnetError if the question was asked without `interval=`, UnknownVariableError and UnknownStateError.

        >>> import spasmnet
        >>> post = spasmnet.compile(spasmnet.load()).posterior({"spasm": "painful"}, interval=0.9)
        >>> low, high = post.interval("dehydration", "mild")
        >>> low < post["dehydration"]["mild"] < high
        True
        """
        if self.uncertainty is None:
            raise SpasmnetError("there are no intervals; ask for them: engine.posterior(evidence, interval=0.9)")
        at = self.network.layout[self.network.variable(variable).name][0].start - 1
        at += self.network.by_name[variable].state_index(state)
        return self.uncertainty.low[at], self.uncertainty.high[at]

    def __contains__(self, variable: object) -> bool:
        return variable in self.network.by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self.network.names)

    def __len__(self) -> int:
        return len(self.network.names)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Posterior):
            return list(self._values) == list(other._values) and self.provenance == other.provenance
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # mappings are compared by content

    def __reduce__(self) -> tuple[Any, ...]:
        values = list(self._values)
        return type(self), (
            self.network, values, self.log_evidence, dict(self.evidence), self.provenance, self.uncertainty,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data for JSON: posteriors, log_evidence, evidence, provenance, and intervals if any."""
        evidence = {n: dict(f) if isinstance(f, Mapping) else f for n, f in self.evidence.items()}
        found = {
            "posterior": {name: dict(self[name]) for name in self},
            "log_evidence": self.log_evidence,
            "evidence": evidence,
            "provenance": self.provenance.as_dict(),
        }
        if self.uncertainty is not None:
            known = self.uncertainty
            found["intervals"] = {
                "level": known.level,
                "method": known.method,
                "distributions": known.distributions,
                "meaning": known.meaning,
                "posterior": {
                    v.name: {s: list(self.interval(v.name, s)) for s in v.states} for v in self.network.variables
                },
            }
        return found

    def to_frame(self) -> pd.DataFrame:
        """A pandas data frame with one row a state: index (variable, state), column probability, the rest in attrs.

        With intervals the columns low and high follow.
        """
        import pandas as pd

        index = [(variable.name, state) for variable in self.network.variables for state in variable.states]
        columns: dict[str, Any] = {"probability": list(self._values)[1:]}
        if self.uncertainty is not None:
            columns |= {"low": self.uncertainty.low, "high": self.uncertainty.high}
        frame = pd.DataFrame(columns, index=pd.MultiIndex.from_tuples(index, names=["variable", "state"]))
        about = {key: value for key, value in self.to_dict().items() if key != "posterior"}
        about.get("intervals", {}).pop("posterior", None)
        frame.attrs["spasmnet"] = about
        return frame

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={finding}" for name, finding in self.evidence.items()) or "no evidence"
        return f"<Posterior of {len(self)} variables given {given}; ln P(evidence) = {self.log_evidence:.6g}>"


@dataclass(frozen=True)
class Explanation(Shown):
    """The most probable joint state of all variables; unpacks into (assignment, log_probability).

    `log_probability` is ln P(assignment and evidence), `log_posterior` is ln P(assignment given the evidence).
    """

    assignment: Mapping[str, str]
    log_probability: float
    log_posterior: float
    evidence: Mapping[str, Any]
    provenance: Provenance

    def __iter__(self) -> Iterator[Any]:
        return iter((self.assignment, self.log_probability))

    def __repr__(self) -> str:
        return f"<Explanation: {len(self.assignment)} variables; ln P(assignment) = {self.log_probability:.6g}>"
