"""Arithmetic on neighbouring numbers, in explicit vectors: the compiler cannot know that places do not overlap.

`x, i` is the number at place i of the array x and those after it. Products are added without rounding in between.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WIDTHS = (16, 8, 4, 1)
DOUBLE = ir.DoubleType()
FUSED = ("contract",)


def _kind(width):
    return DOUBLE if width == 1 else ir.VectorType(DOUBLE, width)


def _place(builder, array, index, width):
    pointer = builder.gep(array, [index])
    return pointer if width == 1 else builder.bitcast(pointer, _kind(width).as_pointer())


def load(builder, array, index, width):
    return builder.load(_place(builder, array, index, width), align=8)


def store(builder, value, array, index, width):
    builder.store(value, _place(builder, array, index, width), align=8)


def spread(builder, value, width):
    """A vector of one number."""
    if width == 1:
        return value
    kind = ir.VectorType(value.type, width)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), mask)


def nothing(width):
    """Zero, or a vector of zeros."""
    return ir.Constant(_kind(width), None if width > 1 else 0.0)


def lanes_from(builder, first, width):
    """Which places of a vector are `first` or later."""
    lanes = ir.Constant(ir.VectorType(first.type, width), list(range(width)))
    return builder.icmp_signed(">=", lanes, spread(builder, first, width))


def fused(builder, x, y, z):
    """x · y + z."""
    return builder.fadd(builder.fmul(x, y, flags=FUSED), z, flags=FUSED)


def total_of(builder, vector, width):
    """The sum of a vector's numbers, by halves."""
    while width > 1:
        width //= 2
        halves = []
        for first in (0, width):
            mask = ir.Constant(ir.VectorType(ir.IntType(32), width), list(range(first, first + width)))
            halves.append(builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask))
        if width == 1:
            halves = [builder.extract_element(half, ir.Constant(ir.IntType(32), 0)) for half in halves]
        vector = builder.fadd(*halves)
    return vector


def for_chunks(builder, n, body, again=False, widths=WIDTHS):
    """body(k, width) over 0 <= k < n in chunks; with `again` some numbers may be done twice.

    Then a chunk is also taken, moved back to end at n, if more is left than the next narrower one holds.
    """
    k = cgutils.alloca_once_value(builder, ir.Constant(n.type, 0))
    for width, narrower in zip(widths, (*widths[1:], 0), strict=True):
        moved = again and width > 1
        last = builder.sub(n, ir.Constant(n.type, width))
        condition = builder.append_basic_block("chunk.condition")
        inside = builder.append_basic_block("chunk")
        after = builder.append_basic_block("chunk.after")
        builder.branch(condition)
        builder.position_at_end(condition)
        at = builder.load(k)
        if moved:
            enough = builder.icmp_signed(">", builder.sub(n, at), ir.Constant(n.type, narrower))
            fits = builder.and_(enough, builder.icmp_signed(">=", last, ir.Constant(n.type, 0)))
        else:
            fits = builder.icmp_signed("<=", at, last)
        builder.cbranch(fits, inside, after)
        builder.position_at_end(inside)
        if moved:
            at = builder.select(builder.icmp_signed("<", at, last), at, last)
        body(at, width)
        builder.store(builder.add(at, ir.Constant(n.type, width)), k)
        builder.branch(condition)
        builder.position_at_end(after)


def apart(name, write):
    """A code generator that calls a function of its own, whose body `write(builder, args)` writes.

    Where it is called there are fewer registers to save, and the code is there once.
    """

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in args])
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        if function.is_declaration:
            function.linkage = "internal"
            function.attributes.add("noinline")
            own = ir.IRBuilder(function.append_basic_block("entry"))
            write(own, function.args)
            own.ret_void()
        builder.call(function, args)
        return context.get_dummy_value()

    return codegen


def _sum_over_rows(scaled):
    @intrinsic
    def apply(typingctx, out, c, x, i, row_i, y, j, row_j, rows, n):
        def write(builder, args):
            out, c, x, i, row_i, y, j, row_j, rows, n = args

            def chunk(k, width):
                total = cgutils.alloca_once_value(builder, nothing(width))
                with cgutils.for_range(builder, rows) as loop:
                    at = builder.add(builder.add(i, builder.mul(loop.index, row_i)), k)
                    other = builder.add(j, builder.mul(loop.index, row_j))
                    first = load(builder, x, at, width)
                    if scaled:
                        second = spread(builder, load(builder, y, other, 1), width)
                    else:
                        second = load(builder, y, builder.add(other, k), width)
                    builder.store(fused(builder, first, second, builder.load(total)), total)
                store(builder, builder.load(total), out, builder.add(c, k), width)

            for_chunks(builder, n, chunk, again=True)

        whole = types.int64
        return types.void(out, whole, x, whole, whole, y, whole, whole, whole, whole), apart(
            f"sum_over_rows_{scaled}", write
        )

    return apply


sum_of_scaled, sum_of_products = _sum_over_rows(True), _sum_over_rows(False)
"""out[c + k] = Σ_row x[i + row·row_i + k] · y[j + row·row_j (+ k)] for k < n: y a number a row, or as many as x."""


def _multiply(scaled, add):
    @intrinsic
    def apply(typingctx, out, c, x, i, y, j, n):
        def codegen(context, builder, signature, args):
            out, c, x, i, y, j, n = args

            def chunk(k, width):
                second = spread(builder, y, width) if scaled else load(builder, y, builder.add(j, k), width)
                first, at = load(builder, x, builder.add(i, k), width), builder.add(c, k)
                if add:
                    value = fused(builder, first, second, load(builder, out, at, width))
                else:
                    value = builder.fmul(first, second)
                store(builder, value, out, at, width)

            for_chunks(builder, n, chunk, again=not add)
            return context.get_dummy_value()

        whole = types.int64
        return types.void(out, whole, x, whole, y, whole, whole), codegen

    return apply


multiply, add_products = _multiply(False, False), _multiply(False, True)
"""out[c + k] = x[i + k] · y[j + k], or += it."""
scale, add_scaled = _multiply(True, False), _multiply(True, True)
"""out[c + k] = x[i + k] · y for a number y, or += it; j is not used."""


def _reduce(products):
    def codegen(context, builder, signature, args):
        *places, n = args
        total = cgutils.alloca_once_value(builder, ir.Constant(DOUBLE, 0.0))
        builder.store(ir.Constant(DOUBLE, 0.0), total)

        def terms(k, width, so_far):
            factors = [load(builder, places[i], builder.add(places[i + 1], k), width) for i in range(0, len(places), 2)]
            return fused(builder, *factors, so_far) if products else builder.fadd(*factors, so_far)

        def add(value):
            builder.store(builder.fadd(builder.load(total), value), total)

        width = WIDTHS[0]
        size, zero = ir.Constant(n.type, width), ir.Constant(_kind(width), None)
        done = builder.mul(builder.sdiv(n, size), size)
        with builder.if_then(builder.icmp_signed(">=", n, size)):
            wide = cgutils.alloca_once_value(builder, zero)
            builder.store(zero, wide)
            with cgutils.for_range(builder, builder.sdiv(n, size)) as loop:
                builder.store(terms(builder.mul(loop.index, size), width, builder.load(wide)), wide)
            add(total_of(builder, builder.load(wide), width))

        def chunk(k, width):
            nothing = ir.Constant(_kind(width), None if width > 1 else 0.0)
            add(total_of(builder, terms(builder.add(done, k), width, nothing), width))

        for_chunks(builder, builder.sub(n, done), chunk)
        return builder.load(total)

    return codegen


@intrinsic
def dot(typingctx, x, i, y, j, n):
    """Σ_k x[i + k] · y[j + k] for k < n."""
    return types.float64(x, types.int64, y, types.int64, types.int64), _reduce(True)


@intrinsic
def sum_of(typingctx, x, i, n):
    """Σ_k x[i + k] for k < n."""
    return types.float64(x, types.int64, types.int64), _reduce(False)


def _rows_back(width):
    @intrinsic
    def apply(typingctx, slopes, values, a, to_a, row_a, b, to_b, row_b, c, rows, n, of_a, of_b):
        def codegen(context, builder, signature, args):
            slopes, values, a, to_a, row_a, b, to_b, row_b, c, rows, n, of_a, of_b = args
            last = builder.sub(n, ir.Constant(n.type, width))  # where the second chunk begins; it overlaps the first
            first_slope, second_slope = (load(builder, slopes, at, width) for at in (c, builder.add(c, last)))
            lanes = ir.Constant(ir.VectorType(n.type, width), list(range(width)))
            again = spread(builder, builder.sub(ir.Constant(n.type, width), last), width)
            new = builder.icmp_signed(">=", lanes, again)
            only_new = builder.select(new, second_slope, ir.Constant(_kind(width), None))
            is_wanted = [
                [builder.icmp_signed("==", of, ir.Constant(of.type, i)) for i in (1, 2)] for of in (of_a, of_b)
            ]
            with cgutils.for_range(builder, rows) as loop:
                at = builder.add(a, builder.mul(loop.index, row_a))
                other = builder.add(b, builder.mul(loop.index, row_b))
                ends = at, builder.add(at, last)
                slopes_at, slope_at = [builder.add(end, to_a) for end in ends], builder.add(other, to_b)
                with builder.if_then(builder.or_(*is_wanted[1])):
                    first, second = (load(builder, values, end, width) for end in ends)
                    both = fused(builder, first, first_slope, builder.fmul(second, only_new, flags=FUSED))
                    total = total_of(builder, both, width)
                    present = builder.select(
                        is_wanted[1][0], load(builder, slopes, slope_at, 1), ir.Constant(DOUBLE, 0.0)
                    )
                    store(builder, builder.fadd(present, total), slopes, slope_at, 1)
                factor = spread(builder, load(builder, values, other, 1), width)
                with builder.if_then(is_wanted[0][0]):
                    before = [load(builder, slopes, end, width) for end in slopes_at]
                    for end, so_far, slope in zip(slopes_at, before, (first_slope, second_slope), strict=True):
                        store(builder, fused(builder, slope, factor, so_far), slopes, end, width)
                with builder.if_then(is_wanted[0][1]):
                    for end, slope in zip(slopes_at, (first_slope, second_slope), strict=True):
                        store(builder, builder.fmul(slope, factor), slopes, end, width)
            return context.get_dummy_value()

        whole = types.int64
        return types.void(slopes, values, *[whole] * 11), codegen

    return apply


rows_back_2, rows_back_4, rows_back_8 = (_rows_back(width) for width in (2, 4, 8))
"""The derivatives behind sum_of_scaled, for rows of `width` to twice as many numbers, in two chunks that overlap:
slopes[a + k] from slopes[c + k] · values[b], and slopes[b] from Σ_k slopes[c + k] · values[a + k]; added (1), set (2).
"""
