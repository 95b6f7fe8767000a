"""Causal what-if: what would help, asked of the mutilated network, beside what merely seeing it would say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError, ImpossibleEvidenceError, SpasmnetError
from spasmnet.findings.effects import Acting
from spasmnet.findings.query import Event, checked_engine, read_event
from spasmnet.findings.twin import Twin, descendants
from spasmnet.inference.engine import Engine
from spasmnet.inference.evidence import state_of
from spasmnet.inference.factors import ancestors
from spasmnet.inference.posterior import Posterior, Provenance
from spasmnet.model.network import Network, Variable
from spasmnet.model.sampling import checked_rng
from spasmnet.parameters.assignment import has_ranges
from spasmnet.uncertainty.distributions import Distributions
from spasmnet.uncertainty.draws import streams
from spasmnet.uncertainty.intervals import checked_draws, checked_level
from spasmnet.views import Shown

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Interval = tuple[float, float]
ROLES = ("risk_factor", "cause")


@dataclass(frozen=True, slots=True)
class Action:
    """What setting a variable to a state would do to the probability of the event.

    `do` is P(event | do(X = x), kept), `see` P(event | X = x, kept) (None if X = x and kept are impossible together),
    and `as_is` what `do` is compared with: P(event | do(X = as observed), kept), or P(event | kept) if X was not
    observed; `change` is do - as_is. `kept` are the findings that do not come after X, `left_out` the others.
    `helps` and `best` say in which share of the networks drawn this action lowers the probability, and lowers it most.
    `would_be` is the counterfactual, P(event had X been x | all findings), and `would_change` it minus the probability
    now. What was not asked for is None.
    """

    variable: str
    state: str
    observed: Any
    do: float
    see: float | None
    as_is: float
    change: float
    do_interval: Interval | None
    change_interval: Interval | None
    helps: float | None
    best: float | None
    would_be: float | None
    would_change: float | None
    kept: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class WhatIf(Shown):
    """What acting would do to P(event), the action that lowers it most first. `frame` has one row an action.

    `belief` is P(event | all findings). `level` and `draws` belong to the intervals; None and 0 without.
    """

    network: Network
    event: Event
    evidence: Mapping[str, Any]
    belief: float
    actions: tuple[Action, ...]
    level: float | None
    draws: int
    provenance: Provenance

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The actions; the columns are those of `Action`, with the intervals as low and high."""
        import pandas as pd

        names = [name for name in Action.__slots__ if not name.endswith("_interval")]
        frame = pd.DataFrame([[getattr(a, name) for name in names] for a in self.actions], columns=names)
        for key in ("change", "do"):
            ends = [getattr(a, f"{key}_interval") or (None, None) for a in self.actions]
            at = names.index(key) + 1
            frame.insert(at, f"{key}_low", [low for low, _ in ends])
            frame.insert(at + 1, f"{key}_high", [high for _, high in ends])
        frame.attrs["spasmnet"] = {
            "target": str(self.event), "belief": self.belief, "level": self.level, "draws": self.draws,
            "provenance": self.provenance.as_dict(),
        }  # fmt: skip
        return frame

    def __repr__(self) -> str:
        return f"<WhatIf of P({self.event}) = {self.belief:.4g}: {len(self.actions)} actions>"


def what_if(
    engine: Engine,
    target: Any,
    evidence: Mapping[str, Any] | None = None,
    *,
    actions: Any = None,
    level: float = 0.9,
    draws: int = 500,
    rng: np.random.Generator | None = None,
    kind: str = "pert",
    counterfactual: bool = True,
) -> WhatIf:
    """What P(target) would be if something were done, for each thing that can be acted on: what would help most.

    `target` is (variable, state), (variable, [states]), or a variable, which stands for any state but its neutral one.
    `actions` are variables (each set to its neutral state; see Variable.neutral), or a mapping from variables to a
    state or a list of states.
    By default they are the variables above the target that can be acted on (`modifiable` in the model file; where it
    does not say, those of role risk_factor and cause) and were not observed in their neutral state already.

    do(X = x) is read as an intervention: P(target | do(X = x), kept) in the mutilated network, where X no longer
    depends on its parents and is in state x. Kept are the findings about what does not descend from X: they are as
    they are whatever is done to X. Findings about X itself and its descendants are left out, since acting on X would
    change them; the answer is that for people of whom the kept findings are known. It is compared with do(X as
    observed), or with doing nothing if X was not observed. see is ordinary conditioning on X = x: it differs from do
    where something causes both X and the target, or where X is a sign of the target.

    The counterfactual keeps all findings: P(target would be | all findings, had X been x), for this very person; it
    assumes more than the network says (see docs/findings.md) and has no interval. `counterfactual=False` leaves it out.
    The target may be observed, if what is acted on lies above it: acting would change it, and the counterfactual says
    what it would have been (see also `probabilities_of_causation`).

    Where numbers have ranges, `draws` networks (0 for none) drawn with `rng` (default: a fixed seed) give intervals of
    the `level` and how often an action helps, and helps most. `kind` names the distributions (see credible_intervals).

    Raises EvidenceError (also for a target that is acted on, for one that is observed and does not descend from what is
    acted on, for roles and actions that name nothing, and where a variable alone is named of which no state is known to
    be neutral), UnknownVariableError, UnknownStateError, ImpossibleEvidenceError, CircuitTooLargeError, SpasmnetError.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> found = spasmnet.what_if(engine, "dehydration", {"vomiting_diarrhoea": "present"}, draws=0)
    >>> found.actions[0].variable, found.actions[0].change < 0
    ('vomiting_diarrhoea', True)

    Sources: Pearl J (2009), Causality, 2nd ed., sections 3.2 (interventions) and 7.1 (counterfactuals).
    """
    network = checked_engine(engine).network
    event = read_event(
        network, (target, active_states(network.variable(target))) if isinstance(target, str) else target
    )
    post = engine.posterior(evidence)
    chosen = _chosen(network, event, post, actions)
    distributions = None
    drawn = np.zeros((0, 0))
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 0:
        raise SpasmnetError(f"draws must be a whole number of at least 0, not {draws!r}")
    if draws and has_ranges(network):
        checked_level(level)
        checked_draws(draws, level)
        distributions = Distributions.of(network, kind)
        drawn = np.concatenate([distributions.draw(*stream) for stream in streams(checked_rng(rng), draws)])
    done = [
        one
        for name, states in chosen.items()
        for one in _acted(engine, event, post, name, states, distributions, drawn, counterfactual)
    ]
    found = _with_intervals(done, level) if distributions is not None else [action for action, _, _ in done]
    return WhatIf(
        network,
        event,
        post.evidence,
        _event(event, np.array(list(post[event.variable].values()))),
        tuple(sorted(found, key=lambda action: action.change)),
        level if distributions is not None else None,
        len(drawn),
        engine.provenance,
    )


Done = tuple[Action, Floats, Floats]  # with the answers, and the changes, in the networks drawn


def _acted(
    engine: Engine, event: Event, post: Posterior, name: str, states: Iterable[str],
    distributions: Distributions | None, drawn: Floats, counterfactual: bool,
) -> list[Done]:  # fmt: skip
    """The actions on one variable."""
    network, given = engine.network, post.evidence
    below = descendants(network, name)
    kept = {key: finding for key, finding in given.items() if key != name and key not in below}
    left_out = tuple(key for key in given if key not in kept)
    acting = Acting.on(network, name, event.variable, kept, distributions, drawn, engine.max_products)
    observed = given.get(name)
    variable = network.by_name[name]
    seen = variable.state_index(observed) if isinstance(observed, str) else None
    as_is = acting.ask(seen) @ event.groups[:, 0]
    twin = None
    if counterfactual and event.variable in below:
        twin = Twin.of(network, name, engine.max_products, [event.variable, *given])
    now = _event(event, np.array(list(post[event.variable].values())))
    found = []
    for state in states:
        do = acting.ask(variable.state_index(state)) @ event.groups[:, 0]
        changes = do - as_is
        would_be = now if counterfactual else None
        if twin is not None:
            would_be = _event(event, twin.would_be(state, given)[event.variable])
        action = Action(
            name,
            state,
            observed,
            _share(do[0]),
            _seen(engine, event, {**kept, name: state}),
            _share(as_is[0]),
            float(changes[0]),
            None,
            None,
            None,
            None,
            would_be,
            None if would_be is None else would_be - now,
            tuple(kept),
            left_out,
        )
        found.append((action, do[1:], changes[1:]))
    return found


def _with_intervals(done: list[Done], level: float) -> list[Action]:
    """The actions with intervals, and how often each helps, and helps most."""
    from dataclasses import replace

    answers, changes = (np.array([row[k] for row in done]) for k in (1, 2))
    possible = ~np.isnan(answers).any(axis=0)
    if possible.sum() * (1 - level) / 2 < 1:
        raise EvidenceError(
            f"the findings are impossible in {int((~possible).sum())} of {len(possible)} networks drawn"
        )
    answers, changes = answers[:, possible], changes[:, possible]
    tails = [(1 - level) / 2, (1 + level) / 2]
    do_ends, change_ends = (np.quantile(values, tails, axis=1).T.tolist() for values in (answers, changes))
    helps = changes < -1e-12
    best = helps & (changes == changes.min(axis=0))
    return [
        replace(
            action,
            do_interval=(_share(do_ends[i][0]), _share(do_ends[i][1])),
            change_interval=(change_ends[i][0], change_ends[i][1]),
            helps=float(helps[i].mean()),
            best=float(best[i].mean()),
        )
        for i, (action, _, _) in enumerate(done)
    ]


def _event(event: Event, p: Floats) -> float:
    return _share(p @ event.groups[:, 0])


def _share(p: Any) -> float:
    return min(max(float(p), 0.0), 1.0)


def _seen(engine: Engine, event: Event, evidence: Mapping[str, Any]) -> float | None:
    """P(event | evidence); None if the evidence is impossible."""
    try:
        post = engine.posterior(evidence)
    except ImpossibleEvidenceError:
        return None
    return _event(event, np.array(list(post[event.variable].values())))


def active_states(variable: Variable) -> tuple[str, ...]:
    """The states to be avoided; raises EvidenceError if nothing says which those are."""
    if not variable.active:
        example = (variable.name, variable.states[-1])
        raise EvidenceError(
            f"which states of {variable.name} are meant is not known, since none of {', '.join(variable.states)} is "
            f"known to be neutral; name one, such as {example!r}, or several: ({variable.name!r}, [...])"
        )
    return variable.active


def neutral_state(variable: Variable) -> str:
    """The state that acting on a variable sets it to; raises EvidenceError if nothing says which one that is."""
    if not variable.neutral:
        raise EvidenceError(
            f"what {variable.name} is to be set to is not known, since none of {', '.join(variable.states)} is known "
            f"to be neutral; name the state: actions={{{variable.name!r}: {variable.states[0]!r}}}"
        )
    return variable.neutral


def _chosen(network: Network, event: Event, post: Posterior, actions: Any) -> dict[str, list[str]]:
    """The states to set each variable to; raises EvidenceError for what cannot be done."""
    if actions is None:
        above = ancestors(network, [event.variable]) - {event.variable}
        able = [v for v in network.variables if v.modifiable or (v.modifiable is None and v.role in ROLES)]
        able = [v for v in able if v.neutral]
        if not able:
            raise EvidenceError(
                f"no variable of {network.name!r} can be acted on: none has the role {' or '.join(ROLES)} or is "
                "modifiable; name some with actions=[…]"
            )
        found = {v.name: [v.neutral] for v in able if v.name in above and post.evidence.get(v.name) != v.neutral}
        if not found:
            raise EvidenceError(
                f"nothing that can be acted on lies above {event.variable} and is not in its neutral state already; "
                "name actions=[…]"
            )
        return found
    if isinstance(actions, str) or not isinstance(actions, Iterable):
        raise EvidenceError(f"actions are a list of variables, or a mapping from variables to states, not {actions!r}")
    found = {}
    for name in actions:
        variable = network.variable(name)
        states = actions[name] if isinstance(actions, Mapping) else neutral_state(variable)
        several = isinstance(states, Collection) and not isinstance(states, str)
        found[variable.name] = [state_of(variable, state) for state in (states if several else [states])]
        if name == event.variable:
            raise EvidenceError(f"the target {name} cannot be acted on: whatever it is set to it would be")
        if isinstance(post.evidence.get(event.variable), str) and event.variable not in descendants(network, name):
            raise EvidenceError(
                f"the target {event.variable} is observed ({post.evidence[event.variable]}) and does not descend from "
                f"{name}: whatever {name} is set to it stays as it is; leave the finding out, or act on what is above"
            )
    if not any(found.values()):
        raise EvidenceError("actions is empty; name some variables, or leave it out for those that can be acted on")
    return found
