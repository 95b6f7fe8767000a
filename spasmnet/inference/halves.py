"""Splitting steps, each of whose results is used once, into two halves that run side by side, and a rest."""

from __future__ import annotations

import _thread
import heapq
from collections.abc import Callable, Sequence

WORTH = 0.75  # of the whole that the longer half and the rest may take together


def halves(costs: Sequence[int], used: Sequence[Sequence[int]]) -> tuple[list[int], list[int], list[int]]:
    """Two sets of steps that do not depend on one another, and those that depend on both; in order.

    `used[i]` are the steps whose results step i uses. Steps go to the rest one by one, from the last and along the
    costliest branches, while the two sets get better balanced. Without a gain worth it, the two sets are empty.
    """
    whole = list(costs)
    for i, earlier in enumerate(used):
        whole[i] += sum(whole[j] for j in earlier)
    trees = [(-whole[-1], len(costs) - 1)]  # what is not in the rest, the costliest first
    best = WORTH * whole[-1]
    left: list[int] = []
    right: list[int] = []
    spent = 0
    while trees and spent < best:
        sides: list[list[int]] = [[], []]
        loads = [0, 0]
        for cost, i in sorted(trees):
            side = loads.index(min(loads))
            sides[side].append(i)
            loads[side] -= cost
        if spent + max(loads) < best:
            best, (left, right) = spent + max(loads), sides
        _, last = heapq.heappop(trees)
        spent += costs[last]
        for j in used[last]:
            heapq.heappush(trees, (-whole[j], j))
    if not right:
        return [], [], list(range(len(costs)))
    one, other = (_with_all_before(side, used) for side in (left, right))
    return one, other, sorted(set(range(len(costs))) - {*one, *other})


def _with_all_before(steps: Sequence[int], used: Sequence[Sequence[int]]) -> list[int]:
    found, todo = [], list(steps)
    while todo:
        step = todo.pop()
        found.append(step)
        todo.extend(used[step])
    return sorted(found)


def side_by_side(one: Callable[[], object], other: Callable[[], object], memory: object = None) -> None:
    """Run two things that release the interpreter's lock at the same time, on `memory` that both know by its address.

    If no processor is free to begin with the other, it is done after the one, and nobody waits for the thread. If the
    one is interrupted, the thread may still be at work: it holds on to the memory until it is done.
    """
    waiting, done = [other], _thread.allocate_lock()
    done.acquire()

    def claimed() -> Callable[[], object] | None:
        try:
            return waiting.pop()
        except IndexError:
            return None

    def help_out(_memory: object) -> None:
        try:
            if job := claimed():
                job()
        finally:
            done.release()

    _thread.start_new_thread(help_out, (memory,))
    one()
    if job := claimed():
        job()
    else:
        done.acquire()


def one_after_the_other(one: Callable[[], object], other: Callable[[], object], memory: object = None) -> None:
    """Run two things where there is only one processor."""
    one()
    other()
