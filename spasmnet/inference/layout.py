"""In which order the steps of a contraction run, and where in memory their results and derivatives lie.

What is not needed any more gives its place to what comes next, so that less memory goes through the processor's caches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spasmnet.inference.halves import halves

LARGE = 1_500_000  # turns from which starting a thread pays
Event = tuple[Sequence[int], Sequence[int]]  # tensors that begin to be needed, and after that those that no longer are


@dataclass(frozen=True, slots=True)
class Layout:
    """The steps of each part in the order in which they run: first the two that can run side by side, then the rest.

    `results` and `slopes` are where the result of each step and its derivatives lie, in arrays of `size`.
    """

    parts: tuple[Sequence[int], Sequence[int], Sequence[int]]
    results: dict[int, int]
    slopes: dict[int, int]
    size: int


def arrange(
    used: Sequence[Sequence[int]], costs: Sequence[int], sizes: Sequence[int], copies: Sequence[bool], begin: int
) -> Layout:
    """Lay out steps, each of whose results is used once, by a later one (`used`); the last step is what is asked.

    `costs` are the turns of a step, `sizes` those of the results, which lie from `begin` on. What is copied is not
    needed after that, any other result is, when the derivatives are computed, backwards through the steps.
    """
    order = _depth_first(used)
    parts: tuple[Sequence[int], Sequence[int], Sequence[int]] = ([], [], order)
    if sum(costs) > LARGE:
        at = {step: i for i, step in enumerate(order)}
        one, other, rest = halves([costs[i] for i in order], [[at[j] for j in used[i]] for i in order])
        parts = ([order[i] for i in one], [order[i] for i in other], [order[i] for i in rest])
    forwards = [[([i], used[i] if copies[i] else []) for i in part] for part in parts]
    back = [[(used[i], [i]) for i in reversed(part)] for part in (parts[2], *parts[:2])]
    results, end = places(forwards, sizes, begin)
    slopes, last = places([[(order[-1:], []), *back[0]], *back[1:]], sizes, begin)
    return Layout(parts, results, slopes, max(end, last))


def _depth_first(used: Sequence[Sequence[int]]) -> list[int]:
    """An order in which each step comes soon after those whose results it uses, the last step last."""
    order, todo = [], [len(used) - 1]
    while todo:
        step = todo.pop()
        order.append(step)
        todo.extend(used[step])
    return order[::-1]


def places(parts: Sequence[Iterable[Event]], sizes: Sequence[int], begin: int) -> tuple[dict[int, int], int]:
    """A place for each tensor from `begin` on, and where the memory ends.

    The parts may run side by side: what is no longer needed in one of them is used again by the same one only.
    """
    found: dict[int, int] = {}
    for part in parts:
        memory = _Memory(begin)
        own: set[int] = set()
        for needed, over in part:
            for i in needed:
                found[i] = memory.take(sizes[i])
                own.add(i)
            for i in over:
                if i in own:
                    memory.give_back(found[i], sizes[i])
        begin = memory.end
    return found, begin


class _Memory:
    """Memory of any length; gaps that were given back are used before it grows at its `end`."""

    def __init__(self, begin: int) -> None:
        self.end = begin
        self._gaps: list[tuple[int, int]] = []  # place and size, in order

    def take(self, size: int) -> int:
        """The first place with room enough."""
        for at, (place, room) in enumerate(self._gaps):
            if room >= size:
                self._gaps[at : at + 1] = [(place + size, room - size)] if room > size else []
                return place
        self.end += size
        return self.end - size

    def give_back(self, place: int, size: int) -> None:
        """Make a gap, joined with its neighbours."""
        joined: list[tuple[int, int]] = []
        for start, room in sorted([*self._gaps, (place, size)]):
            if joined and sum(joined[-1]) == start:
                joined[-1] = (joined[-1][0], joined[-1][1] + room)
            else:
                joined.append((start, room))
        self._gaps = joined
