"""In which order the steps of a contraction run, and where in memory their results and derivatives lie.

What is not needed any more gives its place to what comes next, so that less memory goes through the processor's caches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Event = tuple[Sequence[int], Sequence[int]]  # tensors that begin to be needed, and after that those that no longer are


def depth_first(used: Sequence[Sequence[int]]) -> list[int]:
    """An order in which each step comes soon after those whose results it uses (`used`), the last step last."""
    order, todo = [], [len(used) - 1]
    while todo:
        step = todo.pop()
        order.append(step)
        todo.extend(used[step])
    return order[::-1]


def lay_out(parts: Sequence[Iterable[Event]], sizes: Sequence[int], begin: int) -> tuple[dict[int, int], int]:
    """A place for each tensor from `begin` on, and where the memory ends.

    The parts may run side by side: what is no longer needed in one of them is used again by the same one only.
    """
    places: dict[int, int] = {}
    for part in parts:
        memory = _Memory(begin)
        own: set[int] = set()
        for needed, over in part:
            for i in needed:
                places[i] = memory.take(sizes[i])
                own.add(i)
            for i in over:
                if i in own:
                    memory.give_back(places[i], sizes[i])
        begin = memory.end
    return places, begin


class _Memory:
    """Memory of any length from `end` on; gaps that were given back are used first."""

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
            if joined and joined[-1][0] + joined[-1][1] == start:
                joined[-1] = (joined[-1][0], joined[-1][1] + room)
            else:
                joined.append((start, room))
        self._gaps = joined
