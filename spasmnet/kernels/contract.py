"""Contracting tensors: a sequence of steps c = Σ a · b over strided arrays, forwards and backwards, and what comes of it.

All tensors of a query lie in one array, and their derivatives at the same places in another. A step is a header and its
loops, outermost first; the two innermost loops have code of their own, chosen by how the operands lie in memory.

    header: loops, kind, a, b, c, size of c, which derivatives are wanted, size of a and of b to clear (0: a leaf)
    loop:   length, strides of a, b and c
"""

from __future__ import annotations

from numba import njit

HEADER = 9
VECTORS, SCALED, DOT, SUM, STRIDED = range(5)  # innermost strides (a, b, c): 111, 101, 110, 100, others
WANT_A, WANT_B = 1, 2

inlined = njit(error_model="numpy", inline="always")  # a call would bring numba's run-time with it


@inlined
def _dot(x, i, y, j, n):
    s0 = 0.0
    s1 = 0.0
    s2 = 0.0
    s3 = 0.0
    k = 0
    while k + 4 <= n:
        s0 += x[i + k] * y[j + k]
        s1 += x[i + k + 1] * y[j + k + 1]
        s2 += x[i + k + 2] * y[j + k + 2]
        s3 += x[i + k + 3] * y[j + k + 3]
        k += 4
    while k < n:
        s0 += x[i + k] * y[j + k]
        k += 1
    return (s0 + s1) + (s2 + s3)


@inlined
def _sum(x, i, n):
    total = 0.0
    for k in range(n):
        total += x[i + k]
    return total


@inlined
def _add_product(out, k, x, i, y, j, n):
    for m in range(n):
        out[k + m] += x[i + m] * y[j + m]


@inlined
def _add_scaled(out, k, x, i, factor, n):
    for m in range(n):
        out[k + m] += x[i + m] * factor


@inlined
def _next(steps, loops, outer, counters, at):
    """Advance the outer loops; `at` holds the places in a, b and c. False when they are through."""
    d = outer - 1
    while d >= 0:
        here = loops + 4 * d
        counters[d] += 1
        if counters[d] < steps[here]:
            at[0] += steps[here + 1]
            at[1] += steps[here + 2]
            at[2] += steps[here + 3]
            return True
        back = steps[here] - 1
        at[0] -= back * steps[here + 1]
        at[1] -= back * steps[here + 2]
        at[2] -= back * steps[here + 3]
        counters[d] = 0
        d -= 1
    return False


def contract(values, steps, n_steps, counters, at):
    """Run all steps forwards."""
    head = 0
    for _ in range(n_steps):
        outer = steps[head] - 2
        kind = steps[head + 1]
        at[0] = steps[head + 2]
        at[1] = steps[head + 3]
        at[2] = steps[head + 4]
        for i in range(steps[head + 5]):
            values[at[2] + i] = 0.0
        loops = head + HEADER
        for d in range(outer):
            counters[d] = 0
        inner = loops + 4 * outer
        rows = steps[inner]
        ra = steps[inner + 1]
        rb = steps[inner + 2]
        rc = steps[inner + 3]
        n = steps[inner + 4]
        sa = steps[inner + 5]
        sb = steps[inner + 6]
        sc = steps[inner + 7]
        more = True
        while more:
            a = at[0]
            b = at[1]
            c = at[2]
            if kind == VECTORS:
                for _ in range(rows):
                    _add_product(values, c, values, a, values, b, n)
                    a += ra
                    b += rb
                    c += rc
            elif kind == SCALED:
                for _ in range(rows):
                    factor = values[b]
                    if factor != 0.0:
                        _add_scaled(values, c, values, a, factor, n)
                    a += ra
                    b += rb
                    c += rc
            elif kind == DOT:
                for _ in range(rows):
                    values[c] += _dot(values, a, values, b, n)
                    a += ra
                    b += rb
                    c += rc
            elif kind == SUM:
                for _ in range(rows):
                    values[c] += values[b] * _sum(values, a, n)
                    a += ra
                    b += rb
                    c += rc
            else:
                for _ in range(rows):
                    for k in range(n):
                        values[c + k * sc] += values[a + k * sa] * values[b + k * sb]
                    a += ra
                    b += rb
                    c += rc
            more = _next(steps, loops, outer, counters, at)
        head = inner + 8


def contract_back(values, slopes, n_leaves, steps, starts, n_steps, entries, n_entries, counters, at):
    """The derivatives of the last step's result, backwards through all steps; the leaves' come first in `slopes`.

    `entries` are leaves that are sums of others: (place, first, last); their derivatives are passed on to these.
    """
    for i in range(n_leaves):
        slopes[i] = 0.0
    for step in range(n_steps - 1, -1, -1):
        head = starts[step]
        outer = steps[head] - 2
        kind = steps[head + 1]
        at[0] = steps[head + 2]
        at[1] = steps[head + 3]
        at[2] = steps[head + 4]
        if step == n_steps - 1:
            slopes[at[2]] = 1.0
        want_a = steps[head + 6] & WANT_A
        want_b = steps[head + 6] & WANT_B
        for i in range(steps[head + 7]):
            slopes[at[0] + i] = 0.0
        for i in range(steps[head + 8]):
            slopes[at[1] + i] = 0.0
        loops = head + HEADER
        for d in range(outer):
            counters[d] = 0
        inner = loops + 4 * outer
        rows = steps[inner]
        ra = steps[inner + 1]
        rb = steps[inner + 2]
        rc = steps[inner + 3]
        n = steps[inner + 4]
        sa = steps[inner + 5]
        sb = steps[inner + 6]
        sc = steps[inner + 7]
        more = want_a + want_b > 0
        while more:
            a = at[0]
            b = at[1]
            c = at[2]
            if kind == VECTORS:
                for _ in range(rows):
                    if want_a:
                        _add_product(slopes, a, slopes, c, values, b, n)
                    if want_b:
                        _add_product(slopes, b, slopes, c, values, a, n)
                    a += ra
                    b += rb
                    c += rc
            elif kind == SCALED:
                for _ in range(rows):
                    factor = values[b]
                    if want_a and factor != 0.0:
                        _add_scaled(slopes, a, slopes, c, factor, n)
                    if want_b:
                        slopes[b] += _dot(slopes, c, values, a, n)
                    a += ra
                    b += rb
                    c += rc
            elif kind == DOT:
                for _ in range(rows):
                    factor = slopes[c]
                    if factor != 0.0:
                        if want_a:
                            _add_scaled(slopes, a, values, b, factor, n)
                        if want_b:
                            _add_scaled(slopes, b, values, a, factor, n)
                    a += ra
                    b += rb
                    c += rc
            elif kind == SUM:
                for _ in range(rows):
                    factor = slopes[c]
                    if want_a:
                        product = factor * values[b]
                        for k in range(n):
                            slopes[a + k] += product
                    if want_b:
                        slopes[b] += factor * _sum(values, a, n)
                    a += ra
                    b += rb
                    c += rc
            else:
                for _ in range(rows):
                    for k in range(n):
                        factor = slopes[c + k * sc]
                        if want_a:
                            slopes[a + k * sa] += factor * values[b + k * sb]
                        if want_b:
                            slopes[b + k * sb] += factor * values[a + k * sa]
                    a += ra
                    b += rb
                    c += rc
            more = _next(steps, loops, outer, counters, at)
    for i in range(n_entries):
        slope = slopes[entries[3 * i]]
        for j in range(entries[3 * i + 1], entries[3 * i + 2] + 1):
            slopes[j] += slope


@inlined
def _line(slopes, values, i, begin, size, rest, weighted, present, uniform):
    """Slope and intercept along a row when number i moves: the proportional rule, or the uniform one."""
    if size == 1:
        return 0.0, present
    if rest > 0.0 and not uniform:
        slope = slopes[i] - weighted / rest
        return slope, present - slope * values[i]
    shared = 0.0
    weighted = 0.0
    for j in range(begin, begin + size):
        if j != i:
            shared += slopes[j]
            weighted += slopes[j] * values[j]
    shared /= size - 1
    return slopes[i] - shared, present - weighted - slopes[i] * values[i] + shared


def one_way(
    values, top, bottom, n_bottom, p_top, p_bottom, blocks, first_block, n_blocks, uniform, log,
    alpha, beta, gamma, delta, derivative,
):  # fmt: skip
    """The one-way function of every number, and its derivative, from the derivatives of numerator and denominator.

    `blocks` holds (first number, rows, numbers in a row). From number `n_bottom` on the denominator is constant. The
    others of a row are summed from both ends, never by subtraction, so that a number near 1 loses nothing.
    """
    for block in range(first_block, first_block + n_blocks):
        size = blocks[3 * block + 2]
        begin = blocks[3 * block]
        moves = begin < n_bottom
        for _ in range(blocks[3 * block + 1]):
            rest = 0.0
            weighted_top = 0.0
            weighted_bottom = 0.0
            for i in range(begin + size - 1, begin - 1, -1):  # what follows each number; kept where results will be
                alpha[i] = rest
                beta[i] = weighted_top
                gamma[i] = weighted_bottom
                rest += values[i]
                weighted_top += values[i] * top[i]
                if moves:
                    weighted_bottom += values[i] * bottom[i]
            rest = 0.0
            weighted_top = 0.0
            weighted_bottom = 0.0
            for i in range(begin, begin + size):
                theta = values[i]
                others = rest + alpha[i]
                a, b = _line(top, values, i, begin, size, others, weighted_top + beta[i], p_top, uniform)
                c = 0.0
                d = p_bottom
                rest += theta
                weighted_top += theta * top[i]
                if moves:
                    along = weighted_bottom + gamma[i]
                    c, d = _line(bottom, values, i, begin, size, others, along, p_bottom, uniform)
                    weighted_bottom += theta * bottom[i]
                turn = a * d - b * c
                below = c * theta + d
                alpha[i] = a
                beta[i] = b
                gamma[i] = c
                delta[i] = d
                derivative[i] = 0.0 if turn == 0.0 else turn / (below * ((a * theta + b) if log else below))
            begin += size


SIGNATURES = {
    contract: "f8* i8* i8 i8* i8*",
    contract_back: "f8* f8* i8 i8* i8* i8 i8* i8 i8* i8*",
    one_way: "f8* f8* f8* i8 f8 f8 i8* i8 i8 i8 i8 f8* f8* f8* f8* f8*",
}
