"""Running a program: one case, many cases side by side, one case that would underflow, and the best explanation.

A program is node after node, each a sum of binary products of earlier values,

    v[i] = Σ_j v[left[j]] · v[right[j]]

The numbers lie in one array: the indicators λ, then the nodes, then the constants. `pairs` holds left and right in one
word, `runs` the arity and count of neighbouring nodes of equal arity, so that the inner loops have no surprises. Sums
are taken in the program's order, without fused operations: one case and many give bitwise the same numbers.
"""

from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from spasmnet.kernels.layout import LANES, LOW

BIG = 2.0**512
SMALL = 2.0**-512
UPPER = 2.0**256
LOWER = 2.0**-256
NOTHING = -(2**62)

inlined = njit(error_model="numpy", inline="always")  # a call would bring numba's run-time with it


@inlined
def _product(values, pair):
    return values[pair & LOW] * values[pair >> 32]


@inlined
def evaluate(values, first, runs, n_runs, pairs):
    """Run a program on one case: `values[first:]` receives the nodes in order."""
    out = first
    j = 0
    for run in range(n_runs):
        arity = runs[2 * run]
        count = runs[2 * run + 1]
        if arity == 1:
            for _ in range(count):
                values[out] = _product(values, pairs[j])
                out += 1
                j += 1
        elif arity == 2:
            for _ in range(count):
                values[out] = _product(values, pairs[j]) + _product(values, pairs[j + 1])
                out += 1
                j += 2
        elif arity == 3:
            for _ in range(count):
                total = _product(values, pairs[j]) + _product(values, pairs[j + 1])
                values[out] = total + _product(values, pairs[j + 2])
                out += 1
                j += 3
        else:
            for _ in range(count):
                total = _product(values, pairs[j])
                for k in range(j + 1, j + arity):
                    total += _product(values, pairs[k])
                values[out] = total
                out += 1
                j += arity


def query(values, n_indicators, at, weight, n_evidence, runs, n_runs, pairs, root, slots, groups, n_groups, out):
    """One case: indicators, then evidence, then the program; `out` receives P(e) and λ · ∂P(e)/∂λ ÷ P(e) by slot.

    A variable's slots (`groups` has their numbers) are divided by their own sum, which is P(e) but for rounding, so
    that an observed state has exactly 1 and no probability is above it.
    """
    for i in range(n_indicators):
        values[i] = 1.0
    for i in range(n_evidence):
        values[at[i]] = weight[i]
    evaluate(values, n_indicators, runs, n_runs, pairs)
    out[0] = values[root]
    i = 0
    for group in range(n_groups):
        end = i + groups[group]
        total = 0.0
        for k in range(i, end):
            out[k + 1] = values[slots[2 * k]] * values[slots[2 * k + 1]]
            total += out[k + 1]
        for k in range(i, end):
            out[k + 1] /= total
        i = end


def differentiate(values, n_indicators, runs, n_runs, pairs, root, slots, n_slots, out):
    """One set of leaves, which `values` begins with: `out` receives the root, then the derivatives by slot."""
    evaluate(values, n_indicators, runs, n_runs, pairs)
    out[0] = values[root]
    for i in range(n_slots):
        out[i + 1] = values[slots[2 * i + 1]]


def _lane_vector(builder, values, index):
    vector = ir.VectorType(ir.DoubleType(), LANES)
    offset = builder.mul(index, ir.Constant(index.type, LANES))
    return builder.bitcast(builder.gep(values, [offset]), vector.as_pointer())


def _lane_product(builder, values, pairs, position):
    pair = builder.load(builder.gep(pairs, [position]))
    left = builder.and_(pair, ir.Constant(pair.type, LOW))
    right = builder.lshr(pair, ir.Constant(pair.type, 32))
    factors = [builder.load(_lane_vector(builder, values, index), align=8) for index in (left, right)]
    return builder.fmul(*factors)


@intrinsic
def sum_of_products(typingctx, values, pairs, start, arity, out):
    """One node for LANES cases at once: explicit vectors, since the compiler cannot know that nodes do not overlap."""
    fixed = arity.literal_value if isinstance(arity, types.IntegerLiteral) else 0

    def codegen(context, builder, signature, args):
        values, pairs, start, arity, out = args
        total = _lane_product(builder, values, pairs, start)
        if fixed:
            for k in range(1, fixed):
                position = builder.add(start, ir.Constant(start.type, k))
                total = builder.fadd(total, _lane_product(builder, values, pairs, position))
        else:
            so_far = cgutils.alloca_once_value(builder, total)
            with cgutils.for_range(builder, builder.sub(arity, ir.Constant(arity.type, 1))) as loop:
                position = builder.add(builder.add(start, ir.Constant(start.type, 1)), loop.index)
                product = _lane_product(builder, values, pairs, position)
                builder.store(builder.fadd(builder.load(so_far), product), so_far)
            total = builder.load(so_far)
        builder.store(total, _lane_vector(builder, values, out), align=8)
        return context.get_dummy_value()

    return types.void(values, pairs, types.int64, arity if fixed else types.int64, types.int64), codegen


def _lane_operation(operation):
    @intrinsic
    def apply(typingctx, a, i, b, j, out, k):
        def codegen(context, builder, signature, args):
            a, i, b, j, out, k = args
            first, second = (builder.load(_lane_vector(builder, *at), align=8) for at in ((a, i), (b, j)))
            builder.store(getattr(builder, operation)(first, second), _lane_vector(builder, out, k), align=8)
            return context.get_dummy_value()

        return types.void(a, types.int64, b, types.int64, out, types.int64), codegen

    return apply


multiply_lanes, add_lanes, divide_lanes = (_lane_operation(name) for name in ("fmul", "fadd", "fdiv"))


@inlined
def evaluate_lanes(values, first, runs, n_runs, pairs):
    """Run a program on LANES cases at once: `values` holds LANES neighbouring numbers a node."""
    out = first
    j = 0
    for run in range(n_runs):
        arity = runs[2 * run]
        count = runs[2 * run + 1]
        if arity == 1:
            for _ in range(count):
                sum_of_products(values, pairs, j, 1, out)
                out += 1
                j += 1
        elif arity == 2:
            for _ in range(count):
                sum_of_products(values, pairs, j, 2, out)
                out += 1
                j += 2
        elif arity == 3:
            for _ in range(count):
                sum_of_products(values, pairs, j, 3, out)
                out += 1
                j += 3
        else:
            for _ in range(count):
                sum_of_products(values, pairs, j, arity, out)
                out += 1
                j += arity


def query_rows(
    values, indicators, n_indicators, codes, n_columns, columns, weights, n_weights, weighted, rows, n_rows,
    runs, n_runs, pairs, root, slots, n_slots, groups, n_groups, sums, answers, out, totals,
):  # fmt: skip
    """Some cases of a table, LANES at a time.

    `codes[i, c]` is the state that case i has in column c, or negative; `columns` holds for each column its first
    indicator and its number of states; `indicators` what the indicators are before a case is entered. Case i is row
    `rows[i]` of `weights`, the likelihoods by which its indicators `weighted` are multiplied, of `out`, which receives
    the posteriors by slot, and of `totals`, which receives P(e); `sums` and `answers` are room for LANES cases.
    """
    for i in range(n_indicators * LANES):
        values[i] = indicators[i // LANES]
    begin = 0
    while begin < n_rows:
        lanes = min(LANES, n_rows - begin)
        for b in range(lanes):
            case = (begin + b) * n_columns
            for c in range(n_columns):
                code = codes[case + c]
                leaf = columns[2 * c]
                for s in range(columns[2 * c + 1]):
                    seen = (code < 0) | (code == s)
                    values[(leaf + s) * LANES + b] = indicators[leaf + s] if seen else 0.0
            for k in range(n_weights):
                weight = weights[rows[begin + b] * n_weights + k]
                values[weighted[k] * LANES + b] = indicators[weighted[k]] * weight
        evaluate_lanes(values, n_indicators, runs, n_runs, pairs)
        i = 0
        for group in range(n_groups):
            end = i + groups[group]
            multiply_lanes(values, slots[2 * i], values, slots[2 * i + 1], answers, i)
            multiply_lanes(values, slots[2 * i], values, slots[2 * i + 1], sums, 0)
            for k in range(i + 1, end):
                multiply_lanes(values, slots[2 * k], values, slots[2 * k + 1], answers, k)
                add_lanes(sums, 0, answers, k, sums, 0)
            for k in range(i, end):
                divide_lanes(answers, k, sums, 0, answers, k)
            i = end
        for b in range(lanes):
            totals[rows[begin + b]] = values[root * LANES + b]
            row = rows[begin + b] * n_slots
            for i in range(n_slots):
                out[row + i] = answers[i * LANES + b]
        begin += lanes


def differentiate_rows(
    values, leaves, n_leaves, n_rows, runs, n_runs, pairs, root, slots, n_slots, out, totals,
):  # fmt: skip
    """Many sets of leaves, LANES at a time: row i of `leaves` gives row i of the derivatives `out`, and totals[i]."""
    begin = 0
    while begin < n_rows:
        lanes = min(LANES, n_rows - begin)
        for b in range(lanes):
            row = (begin + b) * n_leaves
            for i in range(n_leaves):
                values[i * LANES + b] = leaves[row + i]
        evaluate_lanes(values, n_leaves, runs, n_runs, pairs)
        for b in range(lanes):
            totals[begin + b] = values[root * LANES + b]
            row = (begin + b) * n_slots
            for i in range(n_slots):
                out[row + i] = values[slots[2 * i + 1] * LANES + b]
        begin += lanes


def evaluate_wide(values, powers, n_indicators, n_nodes, n_constants, runs, n_runs, pairs):
    """Run a program on one case with an exponent beside every number, value · 2^(512·power): nothing underflows.

    `values` holds the indicators with the evidence, and the constants.
    """
    base = n_indicators + n_nodes
    for i in range(base + n_constants):
        if i < n_indicators or i >= base:
            powers[i] = 0 if values[i] != 0.0 else NOTHING
            if values[i] != 0.0 and values[i] < LOWER:
                values[i] *= BIG
                powers[i] = -1
            elif values[i] >= UPPER:
                values[i] *= SMALL
                powers[i] = 1
    node = n_indicators
    j = 0
    for run in range(n_runs):
        arity = runs[2 * run]
        for _ in range(runs[2 * run + 1]):
            total = 0.0
            power = NOTHING
            for k in range(j, j + arity):
                p = pairs[k] & LOW
                q = pairs[k] >> 32
                term = values[p] * values[q]
                if term == 0.0:
                    continue
                exponent = powers[p] + powers[q]
                if term < LOWER:
                    term *= BIG
                    exponent -= 1
                elif term >= UPPER:
                    term *= SMALL
                    exponent += 1
                if exponent > power:
                    total = term + (total * SMALL if exponent == power + 1 else 0.0)
                    power = exponent
                elif exponent == power:
                    total += term
                elif exponent == power - 1:
                    total += term * SMALL
            if total >= UPPER:
                total *= SMALL
                power += 1
            values[node] = total
            powers[node] = power
            node += 1
            j += arity


def best_products(values, first, runs, n_runs, pairs, choice):
    """Run a program on logarithms with max in place of sum; `choice` receives each node's winning product."""
    out = first
    j = 0
    for run in range(n_runs):
        arity = runs[2 * run]
        for _ in range(runs[2 * run + 1]):
            best = values[pairs[j] & LOW] + values[pairs[j] >> 32]
            choice[out - first] = j
            for k in range(j + 1, j + arity):
                term = values[pairs[k] & LOW] + values[pairs[k] >> 32]
                if term > best:
                    best = term
                    choice[out - first] = k
            values[out] = best
            out += 1
            j += arity


SIGNATURES = {
    query: "f8* i8 i4* f8* i8 i4* i8 i8* i8 i4* i4* i8 f8*",
    differentiate: "f8* i8 i4* i8 i8* i8 i4* i8 f8*",
    differentiate_rows: "f8* f8* i8 i8 i4* i8 i8* i8 i4* i8 f8* f8*",
    query_rows: "f8* f8* i8 i2* i8 i4* f8* i8 i4* i8* i8 i4* i8 i8* i8 i4* i8 i4* i8 f8* f8* f8* f8*",
    evaluate_wide: "f8* i8* i8 i8 i8 i4* i8 i8*",
    best_products: "f8* i8 i4* i8 i8* i8*",
}
