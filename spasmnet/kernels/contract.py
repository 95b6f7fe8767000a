"""Contracting tensors: a sequence of steps c = Σ a · b over strided arrays, forwards and backwards.

All tensors of a query lie in one array, and their derivatives in another. A step is a header and its loops, outermost
first; a step sums over one variable at most. The three innermost loops have code of their own, chosen by how the
operands lie in memory: `blocks` of `rows` of `n` numbers, where the sum goes over the rows if it does not go over the n
numbers.

    header: loops, kind, a, b, c, what is wanted of a and of b, size of a and of b to clear, derivatives of a, b, c
    loop:   length, strides of a, b and c
"""

from __future__ import annotations

from numba import njit

from spasmnet.kernels.matrices import copy, dots, products
from spasmnet.kernels.vectors import (
    add_products,
    add_scaled,
    dot,
    multiply,
    rows_back_2,
    rows_back_4,
    rows_back_8,
    scale,
    sum_of,
    sum_of_products,
    sum_of_scaled,
)  # fmt: skip

HEADER = 12
# Innermost strides (a, b, c): 111, 101, 110, 100, other; 101 in all blocks with the same a; any, and b is the number 1.
PRODUCTS, SCALED, DOT, SUM, STRIDED, STRIDED_DOT, MATRIX, COPY = range(8)
NO, ADD, SET, TILED = range(4)  # what is wanted: nothing; derivatives added; set, being met once, or once a block

inlined = njit(error_model="numpy", inline="always")  # a call would bring numba's run-time with it


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
        outer = steps[head] - 3
        kind = steps[head + 1]
        at[0] = steps[head + 2]
        at[1] = steps[head + 3]
        at[2] = steps[head + 4]
        loops = head + HEADER
        for d in range(outer):
            counters[d] = 0
        inner = loops + 4 * outer
        blocks = steps[inner]
        qa = steps[inner + 1]
        qb = steps[inner + 2]
        qc = steps[inner + 3]
        rows = steps[inner + 4]
        ra = steps[inner + 5]
        rb = steps[inner + 6]
        rc = steps[inner + 7]
        n = steps[inner + 8]
        sa = steps[inner + 9]
        sb = steps[inner + 10]
        sc = steps[inner + 11]
        more = True
        while more and kind >= MATRIX:
            if kind == MATRIX:
                products(values, at[2], qc, values, at[0], ra, values, at[1], rb, qb, rows, blocks, n)
            else:
                copy(values, at[2], qc, rc, sc, values, at[0], qa, ra, sa, blocks, rows, n)
            more = _next(steps, loops, outer, counters, at)
        while more:
            a = at[0]
            b = at[1]
            c = at[2]
            for _ in range(blocks):
                if kind == PRODUCTS:
                    sum_of_products(values, c, values, a, ra, values, b, rb, rows, n)
                elif kind == SCALED:
                    sum_of_scaled(values, c, values, a, ra, values, b, rb, rows, n)
                elif kind == DOT:
                    for r in range(rows):
                        values[c + r * rc] = dot(values, a + r * ra, values, b + r * rb, n)
                elif kind == SUM:
                    for r in range(rows):
                        values[c + r * rc] = values[b + r * rb] * sum_of(values, a + r * ra, n)
                elif kind == STRIDED:
                    for k in range(n):
                        total = 0.0
                        for r in range(rows):
                            total += values[a + r * ra + k * sa] * values[b + r * rb + k * sb]
                        values[c + k * sc] = total
                else:
                    for r in range(rows):
                        total = 0.0
                        for k in range(n):
                            total += values[a + r * ra + k * sa] * values[b + r * rb + k * sb]
                        values[c + r * rc] = total
                a += qa
                b += qb
                c += qc
            more = _next(steps, loops, outer, counters, at)
        head = inner + 12


def contract_back(values, slopes, steps, starts, n_steps, counters, at):
    """The derivatives with respect to all tensors, backwards through the steps; those of their results are known."""
    for step in range(n_steps - 1, -1, -1):
        head = starts[step]
        outer = steps[head] - 3
        kind = steps[head + 1]
        at[0] = steps[head + 2]
        at[1] = steps[head + 3]
        at[2] = steps[head + 11]
        to_a = steps[head + 9] - at[0]  # how much further the derivatives lie
        to_b = steps[head + 10] - at[1]
        of_a = steps[head + 5]
        of_b = steps[head + 6]
        for i in range(steps[head + 7]):
            slopes[at[0] + to_a + i] = 0.0
        for i in range(steps[head + 8]):
            slopes[at[1] + to_b + i] = 0.0
        loops = head + HEADER
        for d in range(outer):
            counters[d] = 0
        inner = loops + 4 * outer
        blocks = steps[inner]
        qa = steps[inner + 1]
        qb = steps[inner + 2]
        qc = steps[inner + 3]
        rows = steps[inner + 4]
        ra = steps[inner + 5]
        rb = steps[inner + 6]
        rc = steps[inner + 7]
        n = steps[inner + 8]
        sa = steps[inner + 9]
        sb = steps[inner + 10]
        sc = steps[inner + 11]
        more = of_a + of_b > 0
        while more:
            first_a = at[0]
            first_b = at[1]
            first_c = at[2]
            if of_a == TILED:
                for r in range(rows):
                    sum_of_scaled(
                        slopes, first_a + to_a + r * ra, slopes, first_c, qc, values, first_b + r * rb, qb, blocks, n
                    )
            if kind == MATRIX:
                if of_a == SET:
                    products(slopes, first_a + to_a, ra, slopes, first_c, qc, values, first_b, qb, rb, blocks, rows, n)
                elif of_a == ADD:
                    for i in range(blocks * rows):
                        block, r = i // rows, i % rows
                        factor = values[first_b + block * qb + r * rb]
                        if factor != 0.0:
                            add_scaled(slopes, first_a + to_a + r * ra, slopes, first_c + block * qc, factor, 0, n)
                if of_b:
                    dots(
                        slopes, first_b + to_b, qb, rb, slopes, first_c, qc, values, first_a, ra, blocks, rows, n, of_b
                    )
            elif kind == COPY:
                copy(slopes, first_a + to_a, qa, ra, sa, slopes, first_c, qc, rc, sc, blocks, rows, n)
            for _ in range(0 if kind >= MATRIX else blocks):
                a = first_a
                b = first_b
                c = first_c
                if kind == PRODUCTS:
                    for _ in range(rows):
                        if of_a == SET:
                            multiply(slopes, a + to_a, slopes, c, values, b, n)
                        elif of_a:
                            add_products(slopes, a + to_a, slopes, c, values, b, n)
                        if of_b == SET:
                            multiply(slopes, b + to_b, slopes, c, values, a, n)
                        elif of_b:
                            add_products(slopes, b + to_b, slopes, c, values, a, n)
                        a += ra
                        b += rb
                        c += rc
                elif kind == SCALED and 8 < n <= 16:
                    rows_back_8(slopes, values, a, to_a, ra, b, to_b, rb, c, rows, n, of_a, of_b)
                elif kind == SCALED and 4 < n <= 8:
                    rows_back_4(slopes, values, a, to_a, ra, b, to_b, rb, c, rows, n, of_a, of_b)
                elif kind == SCALED and 2 <= n <= 4:
                    rows_back_2(slopes, values, a, to_a, ra, b, to_b, rb, c, rows, n, of_a, of_b)
                elif kind == SCALED:
                    for _ in range(rows):
                        factor = values[b]
                        if of_a == SET:
                            scale(slopes, a + to_a, slopes, c, factor, 0, n)
                        elif of_a == ADD and factor != 0.0:
                            add_scaled(slopes, a + to_a, slopes, c, factor, 0, n)
                        if of_b == SET:
                            slopes[b + to_b] = dot(slopes, c, values, a, n)
                        elif of_b:
                            slopes[b + to_b] += dot(slopes, c, values, a, n)
                        a += ra
                        b += rb
                        c += rc
                elif kind == DOT:
                    for _ in range(rows):
                        factor = slopes[c]
                        if of_a == SET:
                            scale(slopes, a + to_a, values, b, factor, 0, n)
                        elif of_a and factor != 0.0:
                            add_scaled(slopes, a + to_a, values, b, factor, 0, n)
                        if of_b == SET:
                            scale(slopes, b + to_b, values, a, factor, 0, n)
                        elif of_b and factor != 0.0:
                            add_scaled(slopes, b + to_b, values, a, factor, 0, n)
                        a += ra
                        b += rb
                        c += rc
                else:
                    for _ in range(rows):
                        for k in range(n):
                            factor = slopes[c + k * sc]
                            if of_a == SET:
                                slopes[a + to_a + k * sa] = factor * values[b + k * sb]
                            elif of_a:
                                slopes[a + to_a + k * sa] += factor * values[b + k * sb]
                            if of_b == SET:
                                slopes[b + to_b + k * sb] = factor * values[a + k * sa]
                            elif of_b:
                                slopes[b + to_b + k * sb] += factor * values[a + k * sa]
                        a += ra
                        b += rb
                        c += rc
                first_a += qa
                first_b += qb
                first_c += qc
            more = _next(steps, loops, outer, counters, at)


def pass_on(slopes, sums, n_sums):
    """The derivatives with respect to numbers whose sums are leaves: (place of the sum, first number, last)."""
    for i in range(n_sums):
        for j in range(sums[3 * i + 1], sums[3 * i + 2] + 1):
            slopes[j] = 0.0
    for i in range(n_sums):
        slope = slopes[sums[3 * i]]
        for j in range(sums[3 * i + 1], sums[3 * i + 2] + 1):
            slopes[j] += slope


SIGNATURES = {
    contract: "f8* i8* i8 i8* i8*",
    contract_back: "f8* f8* i8* i8* i8 i8* i8*",
    pass_on: "f8* i8* i8",
}
