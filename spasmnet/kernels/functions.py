"""From derivatives to the one-way function of every number."""

from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from spasmnet.kernels.vectors import DOUBLE, dot, for_chunks, load, spread, store, sum_of

inlined = njit(error_model="numpy", inline="always")  # a call would bring numba's run-time with it


@intrinsic
def _proportional(
    typingctx, values, top, bottom, p_top, p_bottom, row, row_top, row_bottom, moves, log,
    alpha, beta, gamma, delta, derivative, first, n,
):  # fmt: skip
    """Lines by the proportional rule for the numbers of a row, and the derivatives of their quotients.

    `row`, `row_top` and `row_bottom` are the sum of the numbers, alone and weighted by the derivatives of numerator and
    denominator; the latter is constant unless it `moves`.
    """

    def codegen(context, builder, signature, args):
        values, top, bottom, p_top, p_bottom, row, row_top, row_bottom, moves, log, *results, first, n = args
        alpha, beta, gamma, delta, derivative = results
        false = ir.Constant(moves.type, 0)
        moving, logarithm = (builder.icmp_signed("!=", flag, false) for flag in (moves, log))

        def chunk(k, width):
            at = builder.add(first, k)

            def constant(value):
                return spread(builder, ir.Constant(DOUBLE, value), width)

            theta = load(builder, values, at, width)
            others = builder.fsub(spread(builder, row, width), theta)
            movable = builder.fcmp_ordered(">", others, constant(0.0))
            others = builder.select(movable, others, constant(1.0))

            def line(slopes, weighted, present):
                own, present = load(builder, slopes, at, width), spread(builder, present, width)
                rest = builder.fsub(spread(builder, weighted, width), builder.fmul(own, theta))
                slope = builder.fsub(own, builder.fdiv(rest, others))
                return slope, builder.fsub(present, builder.fmul(slope, theta))

            a, b = line(top, row_top, p_top)
            store(builder, a, alpha, at, width)
            store(builder, b, beta, at, width)
            with builder.if_else(moving) as (then, otherwise):
                with then:
                    moved = line(bottom, row_bottom, p_bottom)
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
    return types.void(values, top, bottom, *[number] * 5, whole, whole, *arrays, whole, whole), codegen


@inlined
def _alone(slopes, values, i, begin, size, present, uniform):
    """Slope and intercept along a row when number i moves, the others summed without subtraction.

    The others share by the proportional rule, or the uniform one; also if there is nothing to be proportional to.
    """
    if size == 1:
        return 0.0, present
    after = begin + size - i - 1
    rest = sum_of(values, begin, i - begin) + sum_of(values, i + 1, after)
    weighted = dot(slopes, begin, values, begin, i - begin) + dot(slopes, i + 1, values, i + 1, after)
    if rest > 0.0 and not uniform:
        slope = slopes[i] - weighted / rest
        return slope, present - slope * values[i]
    shared = (sum_of(slopes, begin, i - begin) + sum_of(slopes, i + 1, after)) / (size - 1)
    return slopes[i] - shared, present - weighted - slopes[i] * values[i] + shared


def one_way(
    values, top, bottom, n_bottom, p_top, p_bottom, blocks, first_block, n_blocks, uniform, log,
    alpha, beta, gamma, delta, derivative,
):  # fmt: skip
    """The one-way function of every number, and its derivative, from the derivatives of numerator and denominator.

    `blocks` holds (first number, rows, numbers in a row). From number `n_bottom` on the denominator is constant. What
    the others of a row sum to is a difference unless a number is the larger part of its row: those near 1 lose nothing.
    """
    for block in range(first_block, first_block + n_blocks):
        first = blocks[3 * block]
        size = blocks[3 * block + 2]
        moves = first < n_bottom
        for begin in range(first, first + blocks[3 * block + 1] * size, size):
            row = sum_of(values, begin, size)
            if not uniform:
                row_bottom = dot(values, begin, bottom, begin, size) if moves else 0.0
                _proportional(
                    values, top, bottom, p_top, p_bottom, row, dot(values, begin, top, begin, size), row_bottom,
                    moves, log, alpha, beta, gamma, delta, derivative, begin, size,
                )  # fmt: skip
            for i in range(begin, begin + size):
                theta = values[i]
                if not uniform and 2.0 * theta <= row:
                    continue
                a, b = _alone(top, values, i, begin, size, p_top, uniform)
                c = 0.0
                d = p_bottom
                if moves:
                    c, d = _alone(bottom, values, i, begin, size, p_bottom, uniform)
                turn = a * d - b * c
                below = c * theta + d
                alpha[i] = a
                beta[i] = b
                gamma[i] = c
                delta[i] = d
                derivative[i] = 0.0 if turn == 0.0 else turn / (below * ((a * theta + b) if log else below))


SIGNATURES = {one_way: "f8* f8* f8* i8 f8 f8 i8* i8 i8 i8 i8 f8* f8* f8* f8* f8*"}
