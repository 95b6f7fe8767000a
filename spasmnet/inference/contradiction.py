"""A smallest set of findings that cannot occur together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import combinations


def smallest_contradiction(findings: Sequence[str], possible: Callable[[Collection[str]], bool]) -> list[str]:
    """The smallest subset of contradicting findings, the first in order among equals.

    Whoever repairs a contradiction drops, out of every contradicting set, at least one finding. So collect sets of
    findings without which the rest is possible; a smallest set that meets all of them is a candidate, and it is the
    answer as soon as it contradicts itself.

    Source: Ignatiev A, Previti A, Liffiton M, Marques-Silva J (2015), Smallest MUS extraction with minimal hitting set
    dualization, CP 2015, LNCS 9255:173-182.
    """
    repairs: list[frozenset[str]] = []
    while True:
        candidate = _smallest_hitting_set(findings, repairs)
        if not possible(candidate):
            return [name for name in findings if name in candidate]
        grown = set(candidate)
        for name in findings:
            if name not in grown and possible([*grown, name]):
                grown.add(name)
        repairs.append(frozenset(findings) - grown)


def _smallest_hitting_set(findings: Sequence[str], sets: Sequence[frozenset[str]]) -> tuple[str, ...]:
    """A smallest selection of findings that has a member in each of the sets."""
    useful = [name for name in findings if any(name in members for members in sets)]
    for size in range(len(useful) + 1):
        for chosen in combinations(useful, size):
            if all(not members.isdisjoint(chosen) for members in sets):
                return chosen
    raise AssertionError("the sets are not empty, so all of their members meet each")  # unreachable
