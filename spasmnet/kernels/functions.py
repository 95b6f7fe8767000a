"""From derivatives to the one-way function of every number."""

from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from spasmnet.kernels.vectors import DOUBLE, dot, for_chunks, load, spread, store, sum_of

SHORT = 24  # numbers in a row up to which a plain loop is faster

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
        inverse = builder.fdiv(ir.Constant(DOUBLE, 1.0), p_bottom)

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
            upper = builder.fadd(builder.fmul(a, theta), b)

            def ratio(turn, square):
                flat = builder.fcmp_ordered("==", turn, constant(0.0))
                slope = builder.select(flat, constant(0.0), builder.fdiv(turn, square))
                store(builder, slope, derivative, at, width)

            with builder.if_else(moving) as (then, otherwise):
                with then:
                    c, d = line(bottom, row_bottom, p_bottom)
                    store(builder, c, gamma, at, width)
                    store(builder, d, delta, at, width)
                    lower = builder.fadd(builder.fmul(c, theta), d)
                    square = builder.fmul(lower, builder.select(logarithm, upper, lower))
                    ratio(builder.fsub(builder.fmul(a, d), builder.fmul(b, c)), square)
                with otherwise:
                    store(builder, constant(0.0), gamma, at, width)
                    store(builder, spread(builder, p_bottom, width), delta, at, width)
                    with builder.if_else(logarithm) as (of_log, plain):
                        with of_log:
                            ratio(a, upper)
                        with plain:
                            store(builder, builder.fmul(a, spread(builder, inverse, width)), derivative, at, width)

        for_chunks(builder, n, chunk, again=True)
        return context.get_dummy_value()

    whole, number = types.int64, types.float64
    arrays = [alpha, beta, gamma, delta, derivative]
    return types.void(values, top, bottom, *[number] * 5, whole, whole, *arrays, whole, whole), codegen


@inlined
def _along(slopes, values, i, begin, size, rest, weighted, present, uniform):
    """Slope and intercept along a row when number i moves and the others sum to `rest`, or `weighted` by the slopes.

    The others share by the proportional rule, or the uniform one; also if there is nothing to be proportional to.
    """
    if size == 1:
        return 0.0, present
    if rest > 0.0 and not uniform:
        slope = slopes[i] - weighted / rest
        return slope, present - slope * values[i]
    shared = (sum_of(slopes, begin, i - begin) + sum_of(slopes, i + 1, begin + size - i - 1)) / (size - 1)
    return slopes[i] - shared, present - weighted - slopes[i] * values[i] + shared


@inlined
def _without(slopes, values, i, begin, size):
    """Σ slope · number over a row but for number i."""
    after = begin + size - i - 1
    return dot(slopes, begin, values, begin, i - begin) + dot(slopes, i + 1, values, i + 1, after)


def one_way(
    values, top, bottom, n_bottom, p_top, p_bottom, blocks, first_block, n_blocks, uniform, log,
    alpha, beta, gamma, delta, derivative,
):  # fmt: skip
    """The one-way function of every number, and its derivative, from the derivatives of numerator and denominator.

    `blocks` holds (first number, rows, numbers in a row). From number `n_bottom` on the denominator is constant. What
    the others of a row sum to is a difference except for the largest number, so that one near 1 loses nothing.
    """
    for block in range(first_block, first_block + n_blocks):
        first = blocks[3 * block]
        size = blocks[3 * block + 2]
        moves = first < n_bottom
        for begin in range(first, first + blocks[3 * block + 1] * size, size):
            largest = begin
            rest = 0.0
            rest_top = 0.0
            rest_bottom = 0.0
            if size <= SHORT:
                for i in range(begin + 1, begin + size):
                    smaller = i
                    if values[i] > values[largest]:
                        smaller = largest
                        largest = i
                    rest += values[smaller]
                    rest_top += values[smaller] * top[smaller]
                    if moves:
                        rest_bottom += values[smaller] * bottom[smaller]
            else:
                for i in range(begin + 1, begin + size):
                    if values[i] > values[largest]:
                        largest = i
                after = begin + size - largest - 1
                rest = sum_of(values, begin, largest - begin) + sum_of(values, largest + 1, after)
                rest_top = _without(top, values, largest, begin, size)
                if moves:
                    rest_bottom = _without(bottom, values, largest, begin, size)
            theta = values[largest]
            row = rest + theta
            row_top = rest_top + theta * top[largest]
            row_bottom = rest_bottom + theta * bottom[largest] if moves else 0.0
            one_by_one = uniform or size < 8
            if not one_by_one:
                _proportional(
                    values, top, bottom, p_top, p_bottom, row, row_top, row_bottom, moves, log,
                    alpha, beta, gamma, delta, derivative, begin, size,
                )  # fmt: skip
            for i in range(begin if one_by_one else largest, begin + size if one_by_one else largest + 1):
                theta = values[i]
                others = rest if i == largest else row - theta
                weighted = rest_top if i == largest else row_top - theta * top[i]
                a, b = _along(top, values, i, begin, size, others, weighted, p_top, uniform)
                c = 0.0
                d = p_bottom
                if moves:
                    weighted = rest_bottom if i == largest else row_bottom - theta * bottom[i]
                    c, d = _along(bottom, values, i, begin, size, others, weighted, p_bottom, uniform)
                turn = a * d - b * c
                below = c * theta + d
                alpha[i] = a
                beta[i] = b
                gamma[i] = c
                delta[i] = d
                derivative[i] = 0.0 if turn == 0.0 else turn / (below * ((a * theta + b) if log else below))


SIGNATURES = {one_way: "f8* f8* f8* i8 f8 f8 i8* i8 i8 i8 i8 f8* f8* f8* f8* f8*"}
