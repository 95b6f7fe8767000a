"""A layered layout of a directed acyclic graph, from left to right or downwards, always the same for the same graph.

The steps of Sugiyama K, Tagawa S, Toda M (1981), IEEE Trans Syst Man Cybern 11:109-125: layers by longest paths, long
edges cut into one piece a layer, fewer crossings by barycentres, and then coordinates. The last step is exact for each
layer: the places nearest to those of the neighbours (least squares) that keep boxes apart, by isotonic regression.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise

Point = tuple[float, float]
SWEEPS, PATIENCE = 12, 8
LANE = 7.0  # height that an edge takes where it passes a layer
BETWEEN = 12.0  # from one box to the next in a layer
FEW, PAGE = 4, 900.0  # nodes without edges that stand in a layer like others; width to which more of them are put


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node stands: its upper left corner, width and height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A box for each node; for each edge (parent, child) its points, between which it bends and runs straight in turn.

    `columns` holds where each layer begins, and `layer` the number of each node's. Parents stand to the left of their
    children, or, if it is laid out `down`, above them.
    """

    boxes: Mapping[str, Box]
    routes: Mapping[tuple[str, str], tuple[Point, ...]]
    layer: Mapping[str, int]
    columns: tuple[float, ...]
    width: float
    height: float
    down: bool = False


def layered(
    parents: Mapping[str, Sequence[str]],
    width: float,
    heights: Mapping[str, float],
    bands: Mapping[str, int] | None = None,
    *,
    down: bool = False,
) -> Layout:
    """Lay out a graph, given as the parents of each node, with boxes of one width and the given heights.

    Parents stand to the left of their children, or (`down`) above them. `bands` numbers groups of nodes of which each
    shall stand wholly to the right of the one before; it is not heeded if an edge leads back. Many nodes without edges
    and bands stand in rows beneath the others.

    >>> found = layered({"a": (), "b": ("a",)}, 50, {"a": 20, "b": 20})
    >>> found.boxes["a"].x < found.boxes["b"].x, found.boxes["a"].y == found.boxes["b"].y
    (True, True)
    """
    if bands is None:
        joined = {node for name in parents if parents[name] for node in (name, *parents[name])}
        lone = [name for name in parents if name not in joined]
        if len(lone) > FEW:
            others = {name: parents[name] for name in parents if name in joined}
            base = layered(others, width, heights, down=down) if others else Layout({}, {}, {}, (0.0,), 0.0, -BETWEEN)
            return _with_rows(base, lone, width, heights)
    layer = layers(parents, bands)
    rows, before = _pieces(parents, layer)
    after: dict[object, list[object]] = {node: [] for row in rows for node in row}
    for node, nodes in before.items():
        for other in nodes:
            after[other].append(node)
    rows = _uncrossed(rows, before, after)
    across, along = (dict.fromkeys(parents, width), heights) if down else (heights, dict.fromkeys(parents, width))
    room = {node: across[node] if isinstance(node, str) else LANE for row in rows for node in row}
    middle = _middles(rows, before, after, room)
    deep = [max((along[node] for node in row if isinstance(node, str)), default=0.0) for row in rows]
    columns = [0.0]
    for row, size in zip(rows[:-1], deep, strict=False):
        columns.append(columns[-1] + size + 36 + min(0.9 * sum(len(after[node]) for node in row), 28))
    boxes = {
        name: Box(columns[layer[name]], middle[name] - across[name] / 2, along[name], across[name]) for name in parents
    }
    far = max(middle[node] + room[node] / 2 for row in rows for node in row)
    routes = _routes(parents, layer, boxes, middle, columns, deep)
    if not down:
        return Layout(boxes, routes, layer, tuple(columns), columns[-1] + width, far)
    turned = {name: Box(box.y, box.x, box.height, box.width) for name, box in boxes.items()}
    routes = {edge: tuple((y, x) for x, y in points) for edge, points in routes.items()}
    return Layout(turned, routes, layer, tuple(columns), far, columns[-1] + deep[-1], down)


def _with_rows(base: Layout, lone: Sequence[str], width: float, heights: Mapping[str, float]) -> Layout:
    """A layout with more nodes in rows beneath it."""
    count = max(1, int((max(base.width, PAGE) + BETWEEN) // (width + BETWEEN)))
    boxes, y = dict(base.boxes), base.height + BETWEEN
    for first in range(0, len(lone), count):
        row = lone[first : first + count]
        boxes |= {name: Box(i * (width + BETWEEN), y, width, heights[name]) for i, name in enumerate(row)}
        y += max(heights[name] for name in row) + BETWEEN
    wide = max(base.width, min(count, len(lone)) * (width + BETWEEN) - BETWEEN)
    layer = dict(base.layer) | dict.fromkeys(lone, 0)
    return Layout(boxes, base.routes, layer, base.columns, wide, y - BETWEEN, base.down)


def layers(parents: Mapping[str, Sequence[str]], bands: Mapping[str, int] | None = None) -> dict[str, int]:
    """The layer of each node: one more than the last of its parents'; nodes with many children stand next to them.

    >>> layers({"a": (), "b": ("a",), "c": ("b",), "d": ("c", "e"), "e": ()})
    {'a': 0, 'b': 1, 'c': 2, 'd': 3, 'e': 2}
    """
    place = {name: i for i, name in enumerate(parents)}
    sorter = TopologicalSorter({name: sorted(parents[name], key=place.__getitem__) for name in parents})
    order = list(sorter.static_order())
    band = dict.fromkeys(parents, 0) if bands is None else bands
    if any(band[parent] > band[name] for name in parents for parent in parents[name]):
        band = dict.fromkeys(parents, 0)
    found: dict[str, int] = {}
    last = -1
    ends = {}
    for number in sorted(set(band.values())):
        first = last + 1
        for name in order:
            if band[name] == number:
                found[name] = max([first, *(found[parent] + 1 for parent in parents[name])])
                last = max(last, found[name])
        ends[number] = last
    children: dict[str, list[str]] = {name: [] for name in parents}
    for name in parents:
        for parent in parents[name]:
            children[parent].append(name)
    for name in reversed(order):
        if len(children[name]) > len(parents[name]):
            found[name] = min(ends[band[name]], min(found[child] for child in children[name]) - 1)
    used = sorted(set(found.values()))
    return {name: used.index(found[name]) for name in parents}


def _pieces(
    parents: Mapping[str, Sequence[str]], layer: Mapping[str, int]
) -> tuple[list[list[object]], dict[object, list[object]]]:
    """The nodes of each layer, also those where a long edge passes, and the neighbours of each in the layer before."""
    rows: list[list[object]] = [[] for _ in range(max(layer.values()) + 1)]
    before: dict[object, list[object]] = {name: [] for name in parents}
    for name in parents:
        rows[layer[name]].append(name)
    for name in parents:
        for parent in parents[name]:
            last: object = parent
            for at in range(layer[parent] + 1, layer[name]):
                passing = (parent, name, at)
                rows[at].append(passing)
                before[passing] = [last]
                last = passing
            before[name].append(last)
    return rows, before


def _uncrossed(
    rows: list[list[object]], before: Mapping[object, list[object]], after: Mapping[object, list[object]]
) -> list[list[object]]:
    """The layers in an order with few crossings: by barycentres, then by swapping neighbours."""
    best, least, found = [list(row) for row in rows], _crossings(rows, before), 0
    for sweep in range(2 * SWEEPS):
        beside, along = (before, rows[1:]) if sweep % 2 == 0 else (after, rows[-2::-1])
        place = {node: i / max(len(row), 1) for row in rows for i, node in enumerate(row)}
        for row in along:
            centre = {n: sum(place[o] for o in beside[n]) / len(beside[n]) if beside[n] else place[n] for n in row}
            row.sort(key=centre.__getitem__)
            place |= {node: i / len(row) for i, node in enumerate(row)}
        _swap(rows, before, after)
        crossings = _crossings(rows, before)
        if crossings < least:
            best, least, found = [list(row) for row in rows], crossings, sweep
        elif sweep - found == PATIENCE:
            break
    return best


def _swap(
    rows: list[list[object]], before: Mapping[object, list[object]], after: Mapping[object, list[object]]
) -> None:
    """Swap neighbours in a layer while that takes crossings away."""
    place = {node: i for row in rows for i, node in enumerate(row)}
    near = {node: [sorted(place[o] for o in side[node]) for side in (before, after)] for node in place}
    for row in rows:
        for i in range(len(row) - 1):
            a, b = row[i], row[i + 1]
            gain = sum(_over(x, y) - _over(y, x) for x, y in zip(near[a], near[b], strict=True))
            if gain > 0:
                row[i], row[i + 1] = b, a
                for moved, at in ((b, i), (a, i + 1)):
                    place[moved] = at
                for other in (*before[a], *after[a], *before[b], *after[b]):
                    near[other] = [sorted(place[o] for o in side[other]) for side in (before, after)]


def _over(upper: Sequence[int], lower: Sequence[int]) -> int:
    """How many edges cross where a node with these (sorted) neighbours stands over another."""
    return sum(bisect_left(lower, at) for at in upper)


def _crossings(rows: Sequence[Sequence[object]], before: Mapping[object, list[object]]) -> int:
    found = 0
    for above, row in pairwise(rows):
        place = {node: i for i, node in enumerate(above)}
        seen: list[int] = []
        for node in row:
            starts = sorted(place[other] for other in before[node])
            found += sum(len(seen) - bisect_right(seen, start) for start in starts)
            for start in starts:
                insort(seen, start)
    return found


def _middles(
    rows: Sequence[Sequence[object]],
    before: Mapping[object, list[object]],
    after: Mapping[object, list[object]],
    heights: Mapping[object, float],
) -> dict[object, float]:
    """The height of each node's middle: near its neighbours', with room between boxes."""
    offsets = [_offsets(row, heights) for row in rows]
    found = {
        node: at - offset[-1] / 2
        for row, offset in zip(rows, offsets, strict=True)
        for node, at in zip(row, offset, strict=True)
    }
    sweeps = (*((before,), (after,)) * SWEEPS, (before, after), (before, after))
    for sides in sweeps:
        numbers = range(len(rows)) if sides[0] is before else range(len(rows) - 1, -1, -1)
        for number in numbers:
            row = rows[number]
            wanted, weights = [], []
            for node in row:
                near = [(found[o], _pull(node, o)) for side in sides for o in side[node]]
                weight = sum(pull for _, pull in near)
                alone = not before[node] and not after[node]
                wanted.append(sum(at * pull for at, pull in near) / weight if near else 0.0 if alone else found[node])
                weights.append(weight or (1e-3 if alone else 0.2))
            found |= zip(row, _apart(wanted, weights, offsets[number]), strict=True)
    top = min(found[node] - heights[node] / 2 for row in rows for node in row)
    return {node: middle - top for node, middle in found.items()}


def _pull(node: object, other: object) -> float:
    """How much a node wants to be level with a neighbour: most where a long edge passes both."""
    return (1.0, 2.0, 8.0)[isinstance(node, tuple) + isinstance(other, tuple)]


def _offsets(row: Sequence[object], heights: Mapping[object, float]) -> list[float]:
    """The least height of each node's middle when the first one's is 0."""
    found = [0.0]
    for a, b in pairwise(row):
        room = 2.0 if isinstance(a, tuple) and isinstance(b, tuple) else BETWEEN
        found.append(found[-1] + (heights[a] + heights[b]) / 2 + room)
    return found


def _apart(wanted: Sequence[float], weights: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """The places nearest to those wanted that keep the order and the room: isotonic regression by pooling.

    >>> _apart([0.0, 0.0], [1.0, 1.0], [0.0, 10.0])
    [-5.0, 5.0]
    """
    pools: list[tuple[float, float, int]] = []
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, mass, count = want - offset, weight, 1
        while pools and pools[-1][0] > mean:
            other, more, others = pools.pop()
            mean, mass, count = (mean * mass + other * more) / (mass + more), mass + more, count + others
        pools.append((mean, mass, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _routes(
    parents: Mapping[str, Sequence[str]],
    layer: Mapping[str, int],
    boxes: Mapping[str, Box],
    middle: Mapping[object, float],
    columns: Sequence[float],
    deep: Sequence[float],
) -> dict[tuple[str, str], tuple[Point, ...]]:
    """The points of each edge, from where the parent's layer ends to the child's box.

    Those that leave or enter a box on the same side do so in the order of their ends.
    """
    passing = {
        (parent, name): [(parent, name, at) for at in range(layer[parent] + 1, layer[name])]
        for name in parents
        for parent in parents[name]
    }
    leaving: dict[str, list[tuple[float, str, str]]] = {name: [] for name in parents}
    entering: dict[str, list[tuple[float, str, str]]] = {name: [] for name in parents}
    for (parent, name), nodes in passing.items():
        leaving[parent].append((middle[nodes[0] if nodes else name], parent, name))
        entering[name].append((middle[nodes[-1] if nodes else parent], parent, name))
    start = {edge: at for name, found in leaving.items() for edge, at in _ports(boxes[name], found).items()}
    stop = {edge: at for name, found in entering.items() for edge, at in _ports(boxes[name], found).items()}
    routes = {}
    for edge, nodes in passing.items():
        parent, name = edge
        points = [(columns[layer[parent]] + deep[layer[parent]], start[edge])]
        for node in nodes:
            points += [(columns[node[2]], middle[node]), (columns[node[2]] + deep[node[2]], middle[node])]
        routes[edge] = (*points, (boxes[name].x, stop[edge]))
    return routes


def _ports(box: Box, edges: list[tuple[float, str, str]]) -> dict[tuple[str, str], float]:
    room = min(0.7 * box.height, 9.0 * (len(edges) - 1))
    first = box.y + box.height / 2 - room / 2
    step = room / (len(edges) - 1) if len(edges) > 1 else 0.0
    return {(parent, name): first + i * step for i, (_, parent, name) in enumerate(sorted(edges))}
