"""From derivatives to the one-way function of every number."""

from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from spasmnet.kernels.vectors import (
    DOUBLE,
    for_chunks,
    fused,
    lanes_from,
    load,
    nothing,
    spread,
    store,
    sum_of,
    total_of,
)  # fmt: skip

WIDE = 8  # numbers in a row from which vectors pay
MAIN = 0.51  # from which a number is the largest of its row for certain, and the others sum to less

inlined = njit(error_model="numpy", inline="always")  # a call would bring numba's run-time with it


@intrinsic
def _sums(typingctx, values, slopes, first, n):
    """Sums over a row of WIDE numbers or more, of them and of them times slopes: of all, and without the main one."""

    def codegen(context, builder, signature, args):
        values, slopes, first, n = args
        size = ir.Constant(n.type, WIDE)
        totals = [cgutils.alloca_once_value(builder, nothing(WIDE)) for _ in range(4)]

        def step(at, only=None):
            theta, slope = (load(builder, array, at, WIDE) for array in (values, slopes))
            if only is not None:
                theta = builder.select(only, theta, nothing(WIDE))
            others = builder.select(_is_main(builder, theta, WIDE), nothing(WIDE), theta)
            for total, number in zip(totals, (theta, others), strict=False):
                builder.store(builder.fadd(builder.load(total), number), total)
            for total, number in zip(totals[2:], (theta, others), strict=True):
                builder.store(fused(builder, slope, number, builder.load(total)), total)

        full = builder.sdiv(n, size)
        with cgutils.for_range(builder, full) as loop:
            step(builder.add(first, builder.mul(loop.index, size)))
        last = builder.sub(n, size)
        step(builder.add(first, last), lanes_from(builder, builder.sub(builder.mul(full, size), last), WIDE))
        found = [total_of(builder, builder.load(total), WIDE) for total in totals]
        return context.make_tuple(builder, signature.return_type, found)

    whole = types.int64
    return types.UniTuple(types.float64, 4)(values, slopes, whole, whole), codegen


def _is_main(builder, theta, width):
    """Which numbers are so near 1 that what the others sum to must not be a difference; one a row at most."""
    return builder.fcmp_ordered(">", theta, spread(builder, ir.Constant(DOUBLE, MAIN), width))


@intrinsic
def _proportional(
    typingctx, values, top, bottom, p_top, p_bottom, answer, scale, of_top, of_bottom, moves,
    alpha, beta, gamma, delta, derivative, first, n,
):  # fmt: skip
    """Lines by the proportional rule for the numbers of a row, and the derivatives of their quotients.

    `of_top` and `of_bottom` are the sums of the row with the derivatives of numerator and denominator; the latter is
    constant unless it `moves`. The derivative is (alpha - gamma · answer) · scale, in which no digits
    get lost, as they would in alpha · delta - beta · gamma where P(e) is much smaller than the terms of the row.
    """

    def codegen(context, builder, signature, args):
        values, top, bottom, p_top, p_bottom, answer, scale, of_top, of_bottom, moves, *results, first, n = args
        alpha, beta, gamma, delta, derivative = results
        moving = builder.icmp_signed("!=", moves, ir.Constant(moves.type, 0))
        sums_top, sums_bottom = ([builder.extract_value(sums, i) for i in range(4)] for sums in (of_top, of_bottom))

        def chunk(k, width):
            at = builder.add(first, k)
            theta = load(builder, values, at, width)
            main = _is_main(builder, theta, width)

            def others(row, rest, own):
                row, rest = spread(builder, row, width), spread(builder, rest, width)
                return builder.select(main, rest, builder.fsub(row, own))

            share = others(*sums_top[:2], theta)

            def line(slopes, sums, present):
                own, present = load(builder, slopes, at, width), spread(builder, present, width)
                rest = others(*sums[2:], builder.fmul(own, theta))
                slope = builder.fsub(own, builder.fdiv(rest, share))
                return slope, builder.fsub(present, builder.fmul(slope, theta))

            a, b = line(top, sums_top, p_top)
            store(builder, a, alpha, at, width)
            store(builder, b, beta, at, width)
            turn = cgutils.alloca_once_value(builder, a)
            with builder.if_else(moving) as (then, otherwise):
                with then:
                    c, d = line(bottom, sums_bottom, p_bottom)
                    store(builder, c, gamma, at, width)
                    store(builder, d, delta, at, width)
                    builder.store(builder.fsub(a, builder.fmul(c, spread(builder, answer, width))), turn)
                with otherwise:
                    store(builder, nothing(width), gamma, at, width)
                    store(builder, spread(builder, p_bottom, width), delta, at, width)
            slope = builder.fmul(builder.load(turn), spread(builder, scale, width))
            flat = builder.fcmp_ordered("==", builder.load(turn), nothing(width))
            store(builder, builder.select(flat, nothing(width), slope), derivative, at, width)

        for_chunks(builder, n, chunk, again=True)
        return context.get_dummy_value()

    whole, number = types.int64, types.float64
    arrays = [alpha, beta, gamma, delta, derivative]
    return types.void(values, top, bottom, *[number] * 4, of_top, of_bottom, whole, *arrays, whole, whole), codegen


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


def one_way(
    values, top, bottom, n_bottom, p_top, p_bottom, blocks, first_block, n_blocks, uniform, log,
    alpha, beta, gamma, delta, derivative,
):  # fmt: skip
    """The one-way function of every number, and its derivative, from the derivatives of numerator and denominator.

    `blocks` holds (first number, rows, numbers in a row). From number `n_bottom` on the denominator is constant. What
    the others of a row sum to is a difference except for the largest number, so that one near 1 loses nothing.
    """
    answer = p_top / p_bottom
    scale = 1.0 / (p_top if log else p_bottom)
    for block in range(first_block, first_block + n_blocks):
        first = blocks[3 * block]
        size = blocks[3 * block + 2]
        moves = first < n_bottom
        for begin in range(first, first + blocks[3 * block + 1] * size, size):
            largest = begin
            if size >= WIDE and not uniform:
                of_top = _sums(values, top, begin, size)
                of_bottom = _sums(values, bottom, begin, size) if moves else of_top
                _proportional(
                    values, top, bottom, p_top, p_bottom, answer, scale, of_top, of_bottom, moves,
                    alpha, beta, gamma, delta, derivative, begin, size,
                )  # fmt: skip
                row, rest, row_top, rest_top = of_top
                _, _, row_bottom, rest_bottom = of_bottom
                if rest > 0.0:
                    continue
                while largest < begin + size - 1 and values[largest] <= MAIN:
                    largest += 1
                i, end = largest, largest + 1
            else:
                rest = 0.0
                rest_top = 0.0
                rest_bottom = 0.0
                for i in range(begin + 1, begin + size):
                    smaller = i
                    if values[i] > values[largest]:
                        smaller = largest
                        largest = i
                    rest += values[smaller]
                    rest_top += values[smaller] * top[smaller]
                    if moves:
                        rest_bottom += values[smaller] * bottom[smaller]
                theta = values[largest]
                row = rest + theta
                row_top = rest_top + theta * top[largest]
                row_bottom = rest_bottom + theta * bottom[largest] if moves else 0.0
                i, end = begin, begin + size
            while i < end:
                theta = values[i]
                others = rest if i == largest else row - theta
                weighted = rest_top if i == largest else row_top - theta * top[i]
                a, b = _along(top, values, i, begin, size, others, weighted, p_top, uniform)
                c = 0.0
                d = p_bottom
                if moves:
                    weighted = rest_bottom if i == largest else row_bottom - theta * bottom[i]
                    c, d = _along(bottom, values, i, begin, size, others, weighted, p_bottom, uniform)
                alpha[i] = a
                beta[i] = b
                gamma[i] = c
                delta[i] = d
                turn = a - c * answer
                factor = scale
                if uniform:  # which may change the row even at its present value
                    above = a * theta + b
                    below = c * theta + d
                    turn = a - c * (above / below) if below > 0.0 else 0.0
                    factor = 1.0 / (above if log else below)
                derivative[i] = 0.0 if turn == 0.0 else turn * factor
                i += 1


SIGNATURES = {one_way: "f8* f8* f8* i8 f8 f8 i8* i8 i8 i8 i8 f8* f8* f8* f8* f8*"}
