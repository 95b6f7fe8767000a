"""Which variables are asked about, which can be asked, and what asking costs: from the model file or from arguments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, prod
from numbers import Real
from typing import Any

from spasmnet.errors import EvidenceError, SpasmnetError
from spasmnet.inference.evidence import read_evidence
from spasmnet.model.network import Network
from spasmnet.triage.guidance import guidance_of

QUESTION_COST = 1 / 360
COST_REASON = (
    "An assumption: answering a question takes ten seconds, an appointment with the way there an hour, and the burden "
    "of one appointment is the unit of the losses."
)
MOST_JOINT = 512  # states of a group of targets

Target = str | Sequence[str]


@dataclass(frozen=True)
class Roles:
    """The `targets` that questions are about (each a group of one or more variables), what is `askable`, and `costs`.

    `given` is the evidence, `unknown` what was asked in vain, `open` the askable variables that are neither observed
    nor asked in vain: one with likelihoods is still open.
    """

    targets: tuple[tuple[str, ...], ...]
    askable: tuple[str, ...]
    costs: Mapping[str, float]
    given: Mapping[str, Any]
    unknown: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[str, ...]:
        """What can still be asked, in the order of the model."""
        return tuple(n for n in self.askable if not isinstance(self.given.get(n), str) and n not in self.unknown)

    @property
    def single(self) -> tuple[str, ...]:
        """The target variables, each once."""
        return tuple(dict.fromkeys(name for group in self.targets for name in group))

    @classmethod
    def of(
        cls,
        network: Network,
        evidence: Mapping[str, Any] | None = None,
        unknown: Collection[str] = (),
        targets: Collection[Target] | None = None,
        askable: Collection[str] | None = None,
        costs: Mapping[str, float] | None = None,
    ) -> Roles:
        """The roles of one case; raises EvidenceError, UnknownVariableError and SpasmnetError for what is wrong."""
        given, hard, in_vain = _known(network, evidence, unknown)
        groups = _targets(network, targets, hard)
        about = {name for group in groups for name in group}
        return cls(groups, _askable(network, askable, about), _costs(network, costs), given, in_vain)

    @classmethod
    def of_care(
        cls,
        network: Network,
        evidence: Mapping[str, Any] | None = None,
        unknown: Collection[str] = (),
        askable: Collection[str] | None = None,
    ) -> Roles:
        """The same where only the level of care counts: the targets are what a harm depends on, which may be asked too.

        By default causes and serious conditions are not asked.
        """
        given, _, in_vain = _known(network, evidence, unknown)
        harms = dict.fromkeys(harm.variable for harm in guidance_of(network).harms)
        about = {v.name for v in network.variables if v.role in ("cause", "serious")} if askable is None else set()
        names = _askable(network, askable, about)
        return cls(tuple((name,) for name in harms), names, _costs(network, None), given, in_vain)


def _known(
    network: Network, evidence: Mapping[str, Any] | None, unknown: Collection[str]
) -> tuple[Mapping[str, Any], set[str], tuple[str, ...]]:
    """The evidence, the variables that it observes, and what was asked in vain."""
    given = read_evidence(network, {} if evidence is None else evidence)
    hard = {name for name, finding in given.items() if isinstance(finding, str)}
    in_vain = _names(network, unknown, "unknown")
    both = [name for name in in_vain if name in hard]
    if both:
        raise EvidenceError(f"{both[0]} is both a finding and unknown; leave it out of one of the two")
    return given, hard, in_vain


def _targets(
    network: Network, targets: Collection[Target] | None, hard: Collection[str]
) -> tuple[tuple[str, ...], ...]:
    if targets is None:
        named = [v.name for role in ("cause", "serious") for v in network.variables if v.role == role]
        if not named:
            raise SpasmnetError(
                f"no variable of {network.name!r} has the role cause or serious; say what the questions are about: "
                f"targets=[{network.names[0]!r}]"
            )
        left = [name for name in named if name not in hard]
        if not left:
            raise EvidenceError("all causes and serious conditions are observed already; there is nothing to ask about")
        return tuple((name,) for name in left)
    if isinstance(targets, (str, Mapping)) or not isinstance(targets, Collection) or not targets:
        raise EvidenceError(f"targets is a list of variables or groups of them, such as [{network.names[0]!r}]")
    groups = tuple(_names(network, [t] if isinstance(t, str) else t, "a group of targets") for t in targets)
    for group in groups:
        if not group:
            raise EvidenceError("a group of targets is empty; name one variable or more")
        for name in group:
            if name in hard:
                raise EvidenceError(
                    f"the target {name} is already observed; leave it out of the targets or of the findings"
                )
        size = prod(len(network.by_name[name].states) for name in group)
        if len(group) > 1 and size > MOST_JOINT:
            raise EvidenceError(
                f"the group {', '.join(group)} has {size:,} joint states, above {MOST_JOINT:,}; name fewer variables"
            )
    return groups


def _askable(network: Network, askable: Collection[str] | None, about: Collection[str]) -> tuple[str, ...]:
    if askable is None:
        found = tuple(v.name for v in network.variables if v.question and v.name not in about)
        if not found:
            raise SpasmnetError(
                f"no variable of {network.name!r} has a question; say what can be asked: askable=[{network.names[0]!r}]"
            )
        return found
    found = _names(network, askable, "askable")
    if not found:
        raise EvidenceError(
            "askable is empty; name what can be asked, or leave it out for all variables with a question"
        )
    both = [name for name in found if name in about]
    if both:
        raise EvidenceError(f"{both[0]} is both a target and askable; a target cannot be asked")
    return found


def _costs(network: Network, costs: Mapping[str, float] | None) -> dict[str, float]:
    found = {v.name: QUESTION_COST if v.cost is None else v.cost for v in network.variables}
    for name, cost in (costs or {}).items():
        network.variable(name)
        if isinstance(cost, bool) or not isinstance(cost, Real) or not isfinite(float(cost)) or float(cost) < 0:
            raise SpasmnetError(f"the cost of asking {name} must be a finite number >= 0, not {cost!r}")
        found[name] = float(cost)
    return found


def _names(network: Network, names: Any, what: str) -> tuple[str, ...]:
    if isinstance(names, (str, Mapping)) or not isinstance(names, Collection):
        raise EvidenceError(f"{what} is a list of variables, such as [{network.names[0]!r}], not {names!r}")
    return tuple(dict.fromkeys(network.variable(name).name for name in names))
