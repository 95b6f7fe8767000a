"""From derivatives to the one-way function of every number."""

from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from spasmnet.kernels.vectors import DOUBLE, for_chunks, load, spread, store

inlined = njit(error_model="numpy", inline="always")  # a call would bring numba's run-time with it


@intrinsic
def _proportional(
    typingctx, values, top, bottom, p_top, p_bottom, moves, log, alpha, beta, gamma, delta, derivative, first, n
):
    """Lines by the proportional rule for neighbouring numbers, and the derivatives of their quotients.

    `alpha` comes with the sum of the others of each number's row, `beta` and `gamma` with the others' sums weighted by
    the derivatives of numerator and denominator, which is constant unless it `moves`.
    """

    def codegen(context, builder, signature, args):
        values, top, bottom, p_top, p_bottom, moves, log, alpha, beta, gamma, delta, derivative, first, n = args
        true = ir.Constant(moves.type, 0)
        moving, logarithm = (builder.icmp_signed("!=", flag, true) for flag in (moves, log))

        def chunk(k, width):
            at = builder.add(first, k)

            def constant(value):
                return spread(builder, ir.Constant(DOUBLE, value), width)

            theta, others = load(builder, values, at, width), load(builder, alpha, at, width)
            movable = builder.fcmp_ordered(">", others, constant(0.0))
            others = builder.select(movable, others, constant(1.0))

            def line(slopes, weighted, present):
                present = spread(builder, present, width)
                along = builder.fdiv(load(builder, weighted, at, width), others)
                slope = builder.fsub(load(builder, slopes, at, width), along)
                return slope, builder.fsub(present, builder.fmul(slope, theta))

            a, b = line(top, beta, p_top)
            store(builder, a, alpha, at, width)
            store(builder, b, beta, at, width)
            with builder.if_else(moving) as (then, otherwise):
                with then:
                    moved = line(bottom, gamma, p_bottom)
                    in_then = builder.block
                with otherwise:
                    fixed = constant(0.0), spread(builder, p_bottom, width)
                    in_otherwise = builder.block
            below = []
            for one, other in zip(moved, fixed, strict=True):
                phi = builder.phi(one.type)
                phi.add_incoming(one, in_then)
                phi.add_incoming(other, in_otherwise)
                below.append(phi)
            c, d = below
            store(builder, c, gamma, at, width)
            store(builder, d, delta, at, width)
            turn = builder.fsub(builder.fmul(a, d), builder.fmul(b, c))
            lower = builder.fadd(builder.fmul(c, theta), d)
            upper = builder.fadd(builder.fmul(a, theta), b)
            square = builder.fmul(lower, builder.select(logarithm, upper, lower))
            flat = builder.fcmp_ordered("==", turn, constant(0.0))
            slope = builder.select(flat, constant(0.0), builder.fdiv(turn, square))
            store(builder, slope, derivative, at, width)

        for_chunks(builder, n, chunk)
        return context.get_dummy_value()

    whole, number = types.int64, types.float64
    arrays = [alpha, beta, gamma, delta, derivative]
    return types.void(values, top, bottom, number, number, whole, whole, *arrays, whole, whole), codegen


@inlined
def _uniform(slopes, values, i, begin, size, present):
    """Slope and intercept along a row when number i moves and the others share what it leaves equally."""
    if size == 1:
        return 0.0, present
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
        first = blocks[3 * block]
        size = blocks[3 * block + 2]
        end = first + blocks[3 * block + 1] * size
        moves = first < n_bottom
        lone = 0  # rows in which some number has no others to share with
        for begin in range(first, end, size):
            rest = 0.0
            weighted_top = 0.0
            weighted_bottom = 0.0
            for i in range(begin + size - 1, begin - 1, -1):
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
                alpha[i] += rest
                beta[i] += weighted_top
                gamma[i] += weighted_bottom
                lone += alpha[i] <= 0.0
                rest += values[i]
                weighted_top += values[i] * top[i]
                if moves:
                    weighted_bottom += values[i] * bottom[i]
        _proportional(
            values, top, bottom, p_top, p_bottom, moves, log, alpha, beta, gamma, delta, derivative, first, end - first
        )
        if lone == 0 and not uniform:
            continue
        for begin in range(first, end, size):
            positive = 0
            for i in range(begin, begin + size):
                positive += values[i] > 0.0
            if positive > 1 and not uniform:
                continue
            for i in range(begin, begin + size):
                if not uniform and positive - (values[i] > 0.0) > 0:
                    continue
                theta = values[i]
                a, b = _uniform(top, values, i, begin, size, p_top)
                c = 0.0
                d = p_bottom
                if moves:
                    c, d = _uniform(bottom, values, i, begin, size, p_bottom)
                turn = a * d - b * c
                below = c * theta + d
                alpha[i] = a
                beta[i] = b
                gamma[i] = c
                delta[i] = d
                derivative[i] = 0.0 if turn == 0.0 else turn / (below * ((a * theta + b) if log else below))


SIGNATURES = {one_way: "f8* f8* f8* i8 f8 f8 i8* i8 i8 i8 i8 f8* f8* f8* f8* f8*"}
