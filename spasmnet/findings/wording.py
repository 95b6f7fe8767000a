"""Trails in plain sentences, built from the labels of the model: how much likelier each link makes the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spasmnet.findings.query import Codes, Question
from spasmnet.findings.trails import Graph, Trail

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a trail: P(then | first, since) / P(then | since) = `times`.

    `first` and `then` are variables in `first_states` and `then_states` (empty for a likelihood finding). `since` are
    findings by which two arrows that meet are opened.
    """

    first: str
    first_states: tuple[str, ...]
    then: str
    then_states: tuple[str, ...]
    since: tuple[str, ...]
    times: float


def links(question: Question, found: Sequence[Trail]) -> list[tuple[Link, ...]]:
    """The links of some trails, in one batch.

    A finding stands for what was found, the target for its event, and what lies between for the states that
    `Variable.event` gives it. Where two arrows meet, the link goes from one cause to the other, given the findings that
    open it.
    """
    graph = Graph(question.network, question.evidence)
    steps = [list(_steps(question, graph, trail.nodes)) for trail in found]
    rows: dict[tuple[tuple[int, int], ...], int] = {}
    for first, _, since in {step for trail in steps for step in trail}:
        for row in _rows(question, first, since):
            rows.setdefault(row, len(rows))
    if not rows:
        return [() for _ in found]
    posteriors, log_evidence = question.ask(np.array([_coded(question, row) for row in rows]))
    named = []
    for trail in steps:
        done = []
        for first, then, since in trail:
            before, *after = (rows[row] for row in _rows(question, first, since))
            states = _states(question, then)
            at = [question.slots[_place(question, then)].start + s for s in states]
            weights = np.exp(log_evidence[after] - log_evidence[before])
            chance = weights @ posteriors[np.ix_(after, at)].sum(axis=1) / weights.sum() if weights.sum() > 0 else 0.0
            now = posteriors[before, at].sum()
            times = float(chance / now) if now > 0 else 1.0
            done.append(Link(first, _named(question, first), then, _named(question, then), since, times))
        named.append(tuple(done))
    return named


def _steps(question: Question, graph: Graph, nodes: tuple[str, ...]) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """The steps of a trail: from, to, and the findings that open what lies between."""
    i = 0
    while i < len(nodes) - 1:
        if i < len(nodes) - 2 and graph.is_collider(*nodes[i : i + 3]):
            yield nodes[i], nodes[i + 2], _opening(question, graph, nodes[i + 1])
            i += 2
        else:
            yield nodes[i], nodes[i + 1], ()
            i += 1


def _opening(question: Question, graph: Graph, node: str) -> tuple[str, ...]:
    """The findings about a node and its descendants."""
    below, waiting = set(), [node]
    while waiting:
        name = waiting.pop()
        if name not in below:
            below.add(name)
            waiting += graph.children[name]
    return tuple(name for name in question.findings if name in below)


def _rows(question: Question, first: str, since: tuple[str, ...]) -> list[tuple[tuple[int, int], ...]]:
    """The cases for a step: without and with what it begins with, as (column, code); several states, several cases."""
    numbers = {name: i for i, name in enumerate(question.findings)}
    base = tuple((question.columns[numbers[name]], question.codes[numbers[name]]) for name in since)
    if first in numbers:
        i = numbers[first]
        return [base, (*base, (question.columns[i], question.codes[i]))]
    at = _place(question, first)
    return [base, *((*base, (at, state)) for state in _states(question, first))]


def _coded(question: Question, row: tuple[tuple[int, int], ...]) -> Codes:
    codes = question.row(())
    for column, code in row:
        codes[column] = code
    return codes


def _place(question: Question, name: str) -> int:
    return question.network.names.index(name)


def _states(question: Question, name: str) -> list[int]:
    """The states that a variable stands for on a trail."""
    states = question.network.by_name[name].states
    chosen = _named(question, name)
    return [i for i, state in enumerate(states) if state in chosen]


def _named(question: Question, name: str) -> tuple[str, ...]:
    finding = question.evidence.get(name)
    if name == question.event.variable:
        return question.event.states
    if isinstance(finding, str):
        return (finding,)
    return question.network.by_name[name].event(question.posterior[name])
