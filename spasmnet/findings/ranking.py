"""Causes ranked in two ways: by how probable they are, and by how much of what was found they would take away.

The expected disablement of a cause is the expected number of present findings that would switch off, that is be in
their neutral state, had the cause been neutral in this very person. A cause may be probable and explain
nothing, as what is common and has nothing to do with the findings; or explain all and be improbable. What is assumed
about the person in the other world is said in `spasmnet.findings.twin`.

Source: Richens JG, Lee CM, Johri S (2020), Improving the accuracy of medical diagnosis with causal machine learning,
Nat Commun 11:3923 (for noisy-OR networks of two states; here for any network).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from spasmnet.errors import EvidenceError
from spasmnet.findings.twin import Twin, descendants
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Posterior
from spasmnet.model.network import Network
from spasmnet.triage.report import total


@dataclass(frozen=True, slots=True)
class RankedCause:
    """A cause with its probability (of not being neutral) and its expected disablement, and its place by either.

    `switches_off` maps each present finding to the probability that it would not be there without the cause.
    """

    variable: str
    probability: float
    disablement: float
    by_probability: int
    by_disablement: int
    switches_off: Mapping[str, float]


def ranked_causes(
    engine: Engine, post: Posterior, causes: Collection[str] | None = None, findings: Collection[str] | None = None
) -> tuple[RankedCause, ...]:
    """The unobserved causes, the one with the largest expected disablement first.

    `causes` are by default the variables of role cause or serious, `findings` those of role finding; of the findings
    those count that were observed in a state other than their neutral one. Raises EvidenceError for variables of which
    no state is known to be neutral (see Variable.neutral).
    """
    network = engine.network
    chosen = [name for name in role(network, ("cause", "serious"), causes, "causes") if name not in hard(post)]
    asked = [name for name in role(network, ("finding",), findings, "findings") if present(post, name)]
    rows = []
    for name in chosen:
        variable = network.by_name[name]
        off: dict[str, float] = {}
        if asked:
            seen = [finding for finding in asked if finding in descendants(network, name)]
            if seen and variable.neutral:
                twin = Twin.of(network, name, engine.max_products, post.evidence)
                would_be = twin.would_be(variable.neutral, post.evidence)
                for finding in seen:
                    other = network.by_name[finding]
                    off[finding] = min(float(would_be[finding][other.state_index(other.neutral)]), 1.0)
        rows.append((name, total(post[name], variable.active), sum(off.values()), off))
    places = {
        key: {row[0]: i + 1 for i, row in enumerate(sorted(rows, key=lambda row: -row[key]))}  # type: ignore[operator]
        for key in (1, 2)
    }
    found = [RankedCause(n, p, d, places[1][n], places[2][n], off) for n, p, d, off in rows]
    return tuple(sorted(found, key=lambda one: one.by_disablement))


def hard(post: Posterior) -> set[str]:
    """The variables that were observed."""
    return {name for name, finding in post.evidence.items() if isinstance(finding, str)}


def present(post: Posterior, name: str) -> bool:
    """Whether a variable was observed in a state other than its neutral one."""
    finding = post.evidence.get(name)
    return isinstance(finding, str) and finding in post.network.by_name[name].active


def role(network: Network, roles: Collection[str], named: Collection[str] | None, argument: str) -> list[str]:
    """The variables that are named, or else those of some roles; raises EvidenceError if there are none."""
    if named is None:
        found = [v.name for v in network.variables if v.role in roles and v.neutral]
    elif isinstance(named, str):
        raise EvidenceError(f"{argument} is a list of variables, such as [{named!r}]")
    else:
        found = list(dict.fromkeys(network.variable(name).name for name in named))
    if not found:
        raise EvidenceError(
            f"no variable of {network.name!r} has the role {' or '.join(roles)}; name some with {argument}=[…]"
            if named is None
            else f"{argument} is empty; name some variables, or leave it out for those of role {' or '.join(roles)}"
        )
    for variable in map(network.by_name.__getitem__, found):
        if not variable.neutral and len(variable.states) > 1:
            raise EvidenceError(
                f"{argument} are variables of which one state is neutral, such as absent, and of {variable.name} "
                f"({', '.join(variable.states)}) none is known to be; leave it out, or give it a role, which makes its "
                "first state the neutral one"
            )
    return found
