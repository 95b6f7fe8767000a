"""An explanation in plain sentences, and as data for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp, isfinite
from typing import TYPE_CHECKING, Any

from spasmnet.model.network import Network
from spasmnet.model.words import name_of, number, one_in, percent, plain, said, state_of
from spasmnet.triage.guidance import NOTICE

if TYPE_CHECKING:
    from spasmnet.findings.explanation import Explanation
    from spasmnet.findings.overturn import Overturn
    from spasmnet.findings.trails import Trail
    from spasmnet.findings.wording import Link
TOP = 8
KINDS = {"cause": "the leading cause", "care": "how soon to be seen", "target": "which side is more probable"}


def explanation_sentences(why: Explanation) -> tuple[str, ...]:
    """The answer, what speaks for and against it, the strongest paths, what would change it, what explains most."""
    network = why.network
    event = event_words(why)
    found = [
        f"{event} has a probability of {percent(why.belief)}; before the findings it was {percent(why.before)}.",
        *settled_words(why),
    ]
    for name, finding, value, error in why.because:
        if value:
            verb = "raises" if value > 0 else "lowers"
            unsure = f" (standard error of its logarithm {number(error)})" if error else ""
            found.append(f"{said(network, name, finding)} {verb} the odds {_times(value)}{unsure}.")
    if len(why.evidence) > 1 and why.sufficient and 0 < len(why.sufficient[0]) < len(why.evidence):
        words = " and ".join(said(network, name, why.evidence[name]) for name in why.sufficient[0])
        found.append(f"{words} alone give{'s' * (len(why.sufficient[0]) == 1)} nearly the same answer.")
    found += [path_words(network, trail, links) for trail, links in zip(why.trails, why.links, strict=True) if links][
        :TOP
    ]
    found += [_change(why, one) for one in _leading(why.overturns)]
    if why.ranked:
        first, probable = why.ranked[0], min(why.ranked, key=lambda one: one.by_probability)
        names = [name_of(network.by_name[one.variable]) for one in (first, probable)]
        if first.disablement > 0 and first is probable:
            found.append(f"{names[0]} is the most probable cause, and explains most of what was found.")
        elif first.disablement > 0:
            found.append(f"{names[0]} explains most of what was found; {names[1]} is the most probable cause.")
    return tuple(found)


def event_words(why: Explanation) -> str:
    event = why.question.event
    variable = why.network.by_name[event.variable]
    return f"{name_of(variable)}: {' or '.join(state_of(variable, s) for s in event.states)}"


def settled_words(why: Explanation) -> list[str]:
    if not why.settled_by:
        return []
    words = " and ".join(said(why.network, name, why.evidence[name]) for name in why.settled_by)
    return [f"{words} alone make{'s' * (len(why.settled_by) == 1)} it {'certain' if why.belief else 'impossible'}."]


def _times(value: float) -> str:
    """A contribution to the log-odds in words: by which factor the odds change."""
    return f"by a factor of {number(exp(value))}"


def path_words(network: Network, trail: Trail, links: Sequence[Link]) -> str:
    """A trail in words: "X makes Y 3.1 times as likely; Y makes Z 1.2 times as likely"."""
    return "; ".join(_link(network, link) for link in links) + "."


def _link(network: Network, link: Link) -> str:
    first, then = network.by_name[link.first], network.by_name[link.then]
    what = f"{name_of(first)}" + (f": {_or(first, link.first_states)}" if link.first_states else " as reported")
    since = " and ".join(name_of(network.by_name[name]) for name in link.since)
    return (
        f"{f'given {since}, ' if since else ''}{what} makes {name_of(then)}: {_or(then, link.then_states)} "
        f"{number(link.times)} times as likely"
    )


def _or(variable: Any, states: Iterable[str]) -> str:
    return " or ".join(state_of(variable, state) for state in states)


def _leading(found: Sequence[Overturn]) -> list[Overturn]:
    """Of each kind of change the likeliest single finding, or else the likeliest pair."""
    first: dict[str, Overturn] = {}
    for one in found:
        first.setdefault(one.kind, one)
    return list(first.values())


def _change(why: Explanation, one: Overturn) -> str:
    words = " and ".join(said(why.network, name, state) for name, state in one.findings)
    chance = one_in(one.probability) or percent(one.probability)
    now, then = (decided_words(why, one.kind, what) for what in (one.now, one.then))
    return f"{words} (chance {chance}) would change {KINDS[one.kind]} from {now} to {then}."


def decided_words(why: Explanation, kind: str, what: str) -> str:
    """What is decided, in words: a cause, a level of care, or the states on one side of the event."""
    if kind == "cause":
        return name_of(why.network.by_name[what])
    if kind == "care":
        return what.replace("_", " ")
    event, variable = why.question.event, why.network.by_name[why.question.event.variable]
    inside = what == event.names[0]
    return _or(variable, [state for state in variable.states if (state in event.states) == inside])


def explanation_data(why: Explanation) -> dict[str, Any]:
    """An explanation as plain data; infinite log-odds are None."""
    event, shapley = why.question.event, why.shapley
    return {
        "target": str(event),
        "variable": event.variable,
        "states": list(event.states),
        "evidence": {n: dict(f) if isinstance(f, Mapping) else f for n, f in why.evidence.items()},
        "probability": why.belief,
        "before": why.before,
        "log_odds": shapley.after if isfinite(shapley.after) else None,
        "log_odds_before": shapley.before,
        "exact": shapley.exact,
        "settled_by": list(why.settled_by),
        "sufficient": [list(names) for names in why.sufficient],
        "contributions": [
            {"variable": name, "contribution": value, "standard_error": error} for name, _, value, error in why.because
        ],
        "paths": [
            {
                "path": list(trail.nodes),
                "carries": trail.carries,
                "effect": trail.effect,
                "words": path_words(why.network, trail, steps),
            }
            for trail, steps in zip(why.trails, why.links, strict=True)
        ],
        "changes": [
            {
                "kind": one.kind,
                "findings": dict(one.findings),
                "probability": one.probability,
                "now": one.now,
                "then": one.then,
            }
            for one in why.overturns
        ],
        "causes": [
            {
                "variable": one.variable,
                "probability": one.probability,
                "expected_disablement": one.disablement,
                "place_by_probability": one.by_probability,
                "place_by_disablement": one.by_disablement,
                "switches_off": dict(one.switches_off),
            }
            for one in why.ranked
        ],
        "sentences": list(explanation_sentences(why)),
        "intended_use": plain(why.network.intended_use) or NOTICE,
        "provenance": why.provenance.as_dict(),
    }
