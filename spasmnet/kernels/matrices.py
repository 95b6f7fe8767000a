"""Products of matrices whose rows are neighbouring numbers, several rows of the result at once.

What is loaded for one of them serves the others, which saves about half of the loads.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from spasmnet.kernels.vectors import (
    DOUBLE,
    apart,
    for_chunks,
    fused,
    lanes_from,
    load,
    nothing,
    spread,
    store,
    total_of,
)

TILES = (4, 2, 1)  # rows at once
WIDE = 8


@intrinsic
def products(typingctx, out, c, row_c, x, i, row_i, y, j, row_j, next_j, rows, n_out, n):
    """out[c + t·row_c + k] = Σ_row x[i + row·row_i + k] · y[j + row·row_j + t·next_j] for t < n_out and k < n."""

    def write_products(builder, args):
        out, c, row_c, x, i, row_i, y, j, row_j, next_j, rows, n_out, n = args

        def chunk(k, width):
            def tile(t, count):
                totals = [cgutils.alloca_once_value(builder, nothing(width)) for _ in range(count)]
                numbers = [builder.add(t, ir.Constant(t.type, u)) for u in range(count)]
                columns = [builder.add(j, builder.mul(number, next_j)) for number in numbers]
                first = builder.add(i, k)
                with cgutils.for_range(builder, rows) as loop:
                    row = load(builder, x, builder.add(first, builder.mul(loop.index, row_i)), width)
                    along = builder.mul(loop.index, row_j)
                    for total, column in zip(totals, columns, strict=True):
                        factor = spread(builder, load(builder, y, builder.add(column, along), 1), width)
                        builder.store(fused(builder, row, factor, builder.load(total)), total)
                for total, number in zip(totals, numbers, strict=True):
                    place = builder.add(builder.add(c, builder.mul(number, row_c)), k)
                    store(builder, builder.load(total), out, place, width)

            for_chunks(builder, n_out, tile, again=True, widths=TILES)

        for_chunks(builder, n, chunk, again=True)

    whole = types.int64
    return types.void(out, whole, whole, x, whole, whole, y, *[whole] * 6), apart("products", write_products)


@intrinsic
def dots(typingctx, out, c, row_c, next_c, x, i, row_i, y, j, row_j, n_x, n_y, n, add):
    """out[c + t·row_c + r·next_c] = Σ_k x[i + t·row_i + k] · y[j + r·row_j + k] for t < n_x, r < n_y and k < n.

    There are at least as many numbers in a row as in a vector. The sums are added to what is there if `add` is 1.
    """

    def write_dots(builder, args):
        out, c, row_c, next_c, x, i, row_i, y, j, row_j, n_x, n_y, n, add = args
        size = ir.Constant(n.type, WIDE)
        last = builder.sub(n, size)
        full = builder.sdiv(n, size)
        new = lanes_from(builder, builder.sub(builder.mul(full, size), last), WIDE)
        adding = builder.icmp_signed("==", add, ir.Constant(add.type, 1))

        def some(t, n_t):
            def tile(r, n_r):
                def begins(begin, row, number, count):
                    each = [builder.add(number, ir.Constant(number.type, u)) for u in range(count)]
                    return [builder.add(begin, builder.mul(at, row)) for at in each]

                rows, columns = begins(i, row_i, t, n_t), begins(j, row_j, r, n_r)
                totals = [[cgutils.alloca_once_value(builder, nothing(WIDE)) for _ in columns] for _ in rows]

                def step(k, only=None):
                    right = [load(builder, y, builder.add(column, k), WIDE) for column in columns]
                    if only is not None:
                        right = [builder.select(only, vector, nothing(WIDE)) for vector in right]
                    for row, line in zip(rows, totals, strict=True):
                        left = load(builder, x, builder.add(row, k), WIDE)
                        for vector, total in zip(right, line, strict=True):
                            builder.store(fused(builder, left, vector, builder.load(total)), total)

                with cgutils.for_range(builder, full) as loop:
                    step(builder.mul(loop.index, size))
                step(last, new)
                for places, line in zip(begins(c, row_c, t, n_t), totals, strict=True):
                    for place, total in zip(begins(places, next_c, r, n_r), line, strict=True):
                        present = builder.select(adding, load(builder, out, place, 1), ir.Constant(DOUBLE, 0.0))
                        store(
                            builder, builder.fadd(present, total_of(builder, builder.load(total), WIDE)), out, place, 1
                        )

            for_chunks(builder, n_y, tile, widths=TILES)

        for_chunks(builder, n_x, some, widths=TILES)

    whole = types.int64
    return types.void(out, whole, whole, whole, x, whole, whole, y, *[whole] * 6), apart("dots", write_dots)


@intrinsic
def copy(typingctx, out, c, c_1, c_2, c_3, x, i, i_1, i_2, i_3, n_1, n_2, n_3):
    """out[c + k_1·c_1 + k_2·c_2 + k_3·c_3] = x[i + k_1·i_1 + k_2·i_2 + k_3·i_3] for k_1 < n_1, k_2 < n_2, k_3 < n_3."""

    def write_copy(builder, args):
        out, c, c_1, c_2, c_3, x, i, i_1, i_2, i_3, *lengths = args

        def loop(to, of, strides, lengths):
            if not lengths:
                store(builder, load(builder, x, of, 1), out, to, 1)
                return
            with cgutils.for_range(builder, lengths[0]) as turn:
                places = (
                    builder.add(at, builder.mul(turn.index, by)) for at, by in zip((to, of), strides[0], strict=True)
                )
                loop(*places, strides[1:], lengths[1:])

        loop(c, i, [(c_1, i_1), (c_2, i_2), (c_3, i_3)], lengths)

    whole = types.int64
    return types.void(out, *[whole] * 4, x, *[whole] * 7), apart("copy", write_copy)
