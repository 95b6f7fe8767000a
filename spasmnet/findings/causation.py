"""Probabilities of causation: how probable it is that a cause was necessary, sufficient, or both, for an effect.

With X = x the cause, X = x' what there is instead, y the effect (some states of Y), y' its absence, Y_x what Y would be
had X been x, and findings z that do not descend from X:

    PN  = P(Y_x' = y' | X = x, Y = y, z)     but for x, no y
    PS  = P(Y_x = y | X = x', Y = y', z)     with x, y
    PNS = P(Y_x = y, Y_x' = y' | z)          y with x, and not without

They are counterfactuals, which the probabilities of a network do not determine. What identifies them here is the twin
network's assumption about noise (see twin.py): every variable has noise of its own, independent of all others, and rows
of a table are coupled monotonically. The bounds need none of it, only that the arrows are causal.

Sources: Pearl J (2009), Causality, 2nd ed., chapter 9; Tian J, Pearl J (2000), Probabilities of causation: bounds and
identification, Ann Math Artif Intell 28:287-313.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spasmnet.errors import EvidenceError, ImpossibleEvidenceError
from spasmnet.findings.query import Event, checked_engine, read_event
from spasmnet.findings.twin import Twin, descendants
from spasmnet.findings.what_if import active_states, neutral_state
from spasmnet.inference.engine import Engine, compile
from spasmnet.inference.evidence import read_evidence, state_of
from spasmnet.inference.interventions import do
from spasmnet.model.network import Network

Bounds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Causation:
    """The probabilities of necessity (`pn`), of sufficiency (`ps`), and of both (`pns`), with bounds.

    `pn` and its bounds are None if cause and effect cannot occur together, `ps` and its bounds if what there is instead
    and the absence of the effect cannot. The bounds hold whatever the noise is.
    """

    cause: str
    instead: str
    effect: str
    pn: float | None
    ps: float | None
    pns: float
    pn_bounds: Bounds | None
    ps_bounds: Bounds | None
    pns_bounds: Bounds

    def as_dict(self) -> dict[str, Any]:
        """The probabilities as plain data."""
        return asdict(self)


def probabilities_of_causation(
    engine: Engine,
    cause: tuple[str, str],
    effect: Any,
    evidence: Mapping[str, Any] | None = None,
    *,
    instead: str | None = None,
) -> Causation:
    """How probable it is that a cause was necessary for an effect (PN), sufficient for it (PS), and both (PNS).

    PN = P(Y_x' = y' | X = x, Y = y, z) is the probability that who had both would not have had the effect but for the
    cause; PS = P(Y_x = y | X = x', Y = y', z) that who had neither would have had it with the cause; and
    PNS = P(Y_x = y, Y_x' = y' | z) that the cause makes the difference.

    `cause` is (variable, state), and `instead` the state that it is compared with (default: the variable's first).
    `effect` is (variable, state), (variable, [states]), or a variable, which stands for not being in its neutral state.
    `evidence` says of whom one asks; none of it may be about the cause, or descend from it. The network is read as
    causal, each variable with noise of its own: a deterministic variable has none, a noisy-MAX separate ones for its
    parents, and a row of a table is drawn by one number that is the same in both worlds, so that effects are monotone
    wherever the rows are. If in addition nothing is behind both X and Y, PN = 1 - P(y | x') / P(y | x) for a cause that
    raises the effect. The bounds are those of Tian and Pearl, and hold for any noise.

    Raises EvidenceError, UnknownVariableError, UnknownStateError, ImpossibleEvidenceError, CircuitTooLargeError, and
    SpasmnetError if a table of the twin network would be too large.

    >>> import spasmnet
    >>> yes = ("no", "yes")
    >>> variables = [spasmnet.Variable("exposed", yes), spasmnet.Variable("died", yes)]
    >>> rows = [[59010 / 59026, 16 / 59026], [69130 / 69160, 30 / 69160]]
    >>> cpds = {"exposed": spasmnet.Table((), [0.5, 0.5]), "died": spasmnet.Table(("exposed",), rows)}
    >>> engine = spasmnet.compile(spasmnet.Network(variables, cpds))
    >>> round(probabilities_of_causation(engine, ("exposed", "yes"), "died").pn, 4)
    0.3751

    Sources: Pearl J (2009), Causality, 2nd ed., definitions 9.2.1 to 9.2.3; Tian J, Pearl J (2000), Ann Math Artif
    Intell 28:287-313 (bounds).
    """
    network = checked_engine(engine).network
    given = read_evidence(network, {} if evidence is None else evidence)
    name, x, other, event = _understood(network, cause, effect, given, instead)
    x_y, x_not, p_x = _seen(engine, event, name, x, given)
    other_y, other_not, p_other = _seen(engine, event, name, other, given)
    with_x, without = (_done(engine, event, name, state, given) for state in (x, other))
    elsewhere = max(1.0 - p_x - p_other, 0.0)
    pn = ps = pn_bounds = ps_bounds = None
    if x_y > 0:
        pn = _would_be(engine.network, engine, event, name, other, {**given, name: x}, True)
        pn_bounds = _between((x_y + other_y - without) / x_y, (1 - without - other_not) / x_y)
    if other_not > 0:
        ps = _would_be(engine.network, engine, event, name, x, {**given, name: other}, False)
        ps_bounds = _between((other_not + x_not - (1 - with_x)) / other_not, (with_x - x_y) / other_not)
    pns = 0.0
    if with_x > 0:
        pns = with_x * _would_be(do(network, {name: x}), engine, event, name, other, given, True)
    least = max(with_x - without, x_y + other_y - without, other_not + x_not - (1 - with_x))
    most = min(
        with_x, 1 - without, x_y + other_not + elsewhere, with_x - without + x_not + other_y + elsewhere
    )  # fmt: skip
    return Causation(
        f"{name}={x}", f"{name}={other}", str(event), pn, ps, pns, pn_bounds, ps_bounds, _between(least, most)
    )


def _understood(
    network: Network, cause: Any, effect: Any, given: Mapping[str, Any], instead: str | None
) -> tuple[str, str, str, Event]:
    """The cause's variable, its state, the state instead, and the effect; raises EvidenceError."""
    if not isinstance(cause, (tuple, list)) or len(cause) != 2:
        raise EvidenceError(f"a cause is (variable, state), not {cause!r}")
    variable = network.variable(cause[0])
    x = state_of(variable, cause[1])
    other = neutral_state(variable) if instead is None else state_of(variable, instead)
    if x == other:
        raise EvidenceError(f"{variable.name}={x} is compared with itself; name another state with instead=")
    event = read_event(
        network, (effect, active_states(network.variable(effect))) if isinstance(effect, str) else effect
    )
    if event.variable == variable.name:
        raise EvidenceError(f"{variable.name} is both the cause and the effect")
    below = {variable.name, event.variable, *descendants(network, variable.name)}
    for finding in given:
        if finding in below:
            raise EvidenceError(
                f"the finding {finding} is the cause or the effect, or descends from the cause, and would change with "
                "it; leave it out"
            )
    return variable.name, x, other, event


def _seen(engine: Engine, event: Event, name: str, state: str, given: Mapping[str, Any]) -> tuple[float, float, float]:
    """P(state, effect | given), P(state, no effect | given) and P(state | given)."""
    p = engine.posterior(given)[name][state]
    try:
        post = engine.posterior({**given, name: state})
    except ImpossibleEvidenceError:
        return 0.0, 0.0, 0.0
    effect, none = (p * np.array(list(post[event.variable].values())) @ event.groups).tolist()
    return effect, none, p


def _done(engine: Engine, event: Event, name: str, state: str, given: Mapping[str, Any]) -> float:
    """P(effect | do(state), given)."""
    acted = compile(do(engine.network, {name: state}), max_products=engine.max_products)
    return float(np.array(list(acted.posterior(given)[event.variable].values())) @ event.groups[:, 0])


def _would_be(
    network: Network, engine: Engine, event: Event, name: str, state: str, given: Mapping[str, Any], effect: bool
) -> float:
    """The probability that the effect would be another had the variable been in a state, given whether it is there."""
    if event.variable not in descendants(network, name):
        return 0.0
    seen, changed = event.groups[:, 0 if effect else 1], event.groups[:, 1 if effect else 0]
    likelihoods = dict(zip(network.by_name[event.variable].states, seen.tolist(), strict=True))
    twin = Twin.of(network, name, engine.max_products, [event.variable, *given])
    found = twin.would_be(state, {**given, event.variable: likelihoods})[event.variable]
    return min(max(float(found @ changed), 0.0), 1.0)


def _between(least: float, most: float) -> Bounds:
    """Bounds cut to [0, 1]."""
    low = min(max(least, 0.0), 1.0)
    return low, max(low, min(most, 1.0))
