"""Greedy elimination orders."""

from __future__ import annotations

from numba import njit

inlined = njit(error_model="numpy", inline="always")  # a call would bring numba's run-time with it


@inlined
def _score(adjacent, n, cards, v, neighbours, by_fill):
    degree = 0
    weight = cards[v]
    for u in range(n):
        if adjacent[v * n + u]:
            neighbours[degree] = u
            degree += 1
            weight *= cards[u]
    if not by_fill:
        return weight
    fill = 0.0
    for i in range(degree):
        for j in range(i):
            if not adjacent[neighbours[i] * n + neighbours[j]]:
                fill += cards[neighbours[i]] * cards[neighbours[j]]
    return fill


def eliminate(adjacent, n, cards, by_fill, seed, noise, scores, neighbours, nearby, order, result):
    """A greedy elimination order (weighted min-fill, or min-weight) with noisy ties.

    `adjacent` is used up. `result` receives the sum of all clusters' sizes, the largest cluster's size and the width.
    """
    state = seed
    total = 0.0
    largest = 0.0
    width = 0
    for v in range(n):
        scores[v] = -1.0
        order[v] = -1
    for step in range(n):
        best = -1
        best_score = 0.0
        for v in range(n):
            if scores[v] == -2.0:
                continue
            if scores[v] == -1.0:
                state = (state * 1103515245 + 12345) & 0x7FFFFFFF
                jitter = 1.0 + noise * (state / 2147483648.0)
                scores[v] = (_score(adjacent, n, cards, v, neighbours, by_fill) + 1e-3) * jitter
            if best < 0 or scores[v] < best_score:
                best = v
                best_score = scores[v]
        degree = 0
        size = cards[best]
        for u in range(n):
            if adjacent[best * n + u]:
                nearby[degree] = u
                degree += 1
                size *= cards[u]
        total += size
        largest = max(largest, size)
        width = max(width, degree)
        for i in range(degree):
            u = nearby[i]
            adjacent[u * n + best] = 0
            scores[u] = -1.0
            for j in range(i):
                w = nearby[j]
                if not adjacent[u * n + w]:
                    adjacent[u * n + w] = 1
                    adjacent[w * n + u] = 1
                    for x in range(n if by_fill else 0):  # whose fill has this edge no longer
                        if adjacent[u * n + x] and adjacent[w * n + x] and scores[x] != -2.0:
                            scores[x] = -1.0
        scores[best] = -2.0
        order[step] = best
    result[0] = total
    result[1] = largest
    result[2] = width


SIGNATURES = {eliminate: "i1* i8 f8* i8 i8 f8 f8* i4* i4* i4* f8*"}
