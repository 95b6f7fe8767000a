"""The paths of the graph along which findings reach a target, and how much of their effect each of them carries.

A trail is active given the findings if each node on it lets influence through: a node where two arrows meet if it or a
descendant was observed, any other if it was not. The effect of a finding is the change that it makes, the other
findings given, in the log-odds of the target. What an edge carries of it is how much of the effect goes when the edge
is cut; a trail carries as much as its weakest edge.

Sources: Pearl J (1988), Probabilistic reasoning in intelligent systems, section 3.3.1 (active trails); Suermondt HJ
(1992), Explanation in Bayesian belief networks, Stanford (chains of reasoning, weighed by severing arcs); Choi A, Chan
H, Darwiche A (2005), UAI, 128-135 (what cutting an edge is).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any

from spasmnet.inference.engine import Engine
from spasmnet.model.network import Network
from spasmnet.sensitivity.structure import cut_effects

MOST_STEPS = 20_000  # partial trails that are looked at for one finding
LEAST = 1e-6  # of the effect: edges that carry less are rounding


@dataclass(frozen=True, slots=True)
class Trail:
    """An active trail from a finding to the target, and what it carries of the finding's effect on the log-odds.

    `weakest` is the edge (parent, child) that carries the least; None if the finding is about the target itself.
    """

    nodes: tuple[str, ...]
    carries: float
    effect: float
    weakest: tuple[str, str] | None

    @property
    def finding(self) -> str:
        """Where it begins."""
        return self.nodes[0]


def trails(engine: Engine, target: Any, variable: str, evidence: Mapping[str, Any], top: int) -> tuple[Trail, ...]:
    """The strongest trails, at most `top` a finding, the strongest first; target is (variable, states)."""
    full = _cut(engine, target, evidence)
    found = []
    for name in evidence:
        less = _cut(engine, target, {key: finding for key, finding in evidence.items() if key != name})
        effect = full[None] - less[None]
        carried = {edge: effect - (full[edge] - less[edge]) for edge in full if edge is not None}
        found += _of_finding(engine.network, name, variable, evidence, effect, carried, top)
    return tuple(sorted(found, key=lambda trail: -abs(trail.carries)))


def _cut(engine: Engine, target: Any, evidence: Mapping[str, Any]) -> dict[tuple[str, str] | None, float]:
    """The log-odds of the target when each edge is cut by itself; None stands for no edge."""
    frame = cut_effects(engine, target, evidence, measure="log_odds")
    edges = zip(frame["parent"], frame["child"], strict=True)
    return {None: frame.attrs["spasmnet"]["answer"], **dict(zip(edges, frame["answer"].tolist(), strict=True))}


def _of_finding(
    network: Network, start: str, goal: str, evidence: Mapping[str, Any], effect: float,
    carried: Mapping[tuple[str, str], float], top: int,
) -> list[Trail]:  # fmt: skip
    """The strongest trails of one finding: those whose weakest edge carries most, found best first."""
    if start == goal:
        return [Trail((start,), effect, effect, None)]
    graph = Graph(network, evidence)
    least = max(LEAST * abs(effect), 1e-12)
    order = count()
    queue: list[tuple[float, int, int, tuple[str, ...], tuple[str, str] | None]] = []
    heappush(queue, (-float("inf"), 0, next(order), (start,), None))
    found: list[Trail] = []
    for _ in range(MOST_STEPS):
        if not queue or len(found) == top:
            break
        strength, _, _, nodes, weakest = heappop(queue)
        if nodes[-1] == goal and weakest is not None:
            found.append(Trail(nodes, carried[weakest], effect, weakest))
            continue
        for edge, following in graph.onward(nodes):
            size = abs(carried[edge])
            if size >= least:  # a NaN, from a difference of infinities, is not
                narrower = weakest is None or size < -strength
                entry = edge if narrower else weakest
                heappush(queue, (-min(-strength, size), len(nodes), next(order), (*nodes, following), entry))
    return found


class Graph:
    """A network's graph with what was observed: where an active trail may go on."""

    def __init__(self, network: Network, evidence: Mapping[str, Any]) -> None:
        self.parents = {name: network.parents(name) for name in network.names}
        self.children: dict[str, list[str]] = {name: [] for name in network.names}
        for name, parents in self.parents.items():
            for parent in parents:
                self.children[parent].append(name)
        self._blocked = {name for name, finding in evidence.items() if isinstance(finding, str)}
        self._opened: set[str] = set()  # observed, or with an observed descendant
        waiting = list(evidence)
        while waiting:
            name = waiting.pop()
            if name not in self._opened:
                self._opened.add(name)
                waiting += self.parents[name]

    def onward(self, nodes: tuple[str, ...]) -> Iterator[tuple[tuple[str, str], str]]:
        """The edges (parent, child) by which an active trail may go on from its last node, and where to."""
        last = nodes[-1]
        into = len(nodes) > 1 and nodes[-2] in self.parents[last]
        first = len(nodes) == 1
        if first or (last in self._opened if into else last not in self._blocked):
            yield from (((parent, last), parent) for parent in self.parents[last] if parent not in nodes)
        if first or last not in self._blocked:
            yield from (((last, child), child) for child in self.children[last] if child not in nodes)

    def is_collider(self, before: str, node: str, after: str) -> bool:
        """Whether two arrows meet at a node of a trail."""
        return before in self.parents[node] and after in self.parents[node]
