"""Working out once what some cases have in common."""

from __future__ import annotations

from numba import njit

from spasmnet.kernels.layout import LOW

inlined = njit(error_model="numpy", inline="always")  # a call would bring numba's run-time with it


def alive_states(codes, n_columns, columns, rows, n_rows, alive):
    """Which indicators are not 0 in every one of the rows (1), and which are 1 in all of them (2)."""
    for c in range(n_columns):
        leaf = columns[2 * c]
        states = columns[2 * c + 1]
        for s in range(states):
            alive[leaf + s] = 0
        first = codes[rows[0] * n_columns + c]
        same = True
        for i in range(n_rows):
            code = codes[rows[i] * n_columns + c]
            if code != first:
                same = False
            if code >= 0:
                alive[leaf + code] = 1
            else:
                for s in range(states):
                    alive[leaf + s] = 1
        if same:
            for s in range(states):
                if first < 0 or s == first:
                    alive[leaf + s] = 2


@inlined
def _operand(node, n_indicators, base, known, number, rename, moved, new_constants, sizes):
    """A node's number in the new program; a constant gets its place at first use."""
    if not known[node]:
        return rename[node] if rename[node] < n_indicators else moved[rename[node]]
    if moved[node] < 0:
        moved[node] = base + sizes[2]
        new_constants[sizes[2]] = number[node]
        sizes[2] += 1
    return moved[node]


def specialise(
    indicators, alive, n_indicators, n_nodes, constants, n_constants, runs, n_runs, pairs, ends, n_ends,
    known, number, rename, moved, live, starts, kept, new_runs, new_pairs, new_constants, sizes,
):  # fmt: skip
    """Work out once what some cases have in common: the program, given the indicators that are fixed (see alive_states).

    Products with zero vanish, products with one are their other factor, nodes of constants are constants, and what the
    `ends` (root and derivatives; renumbered in place) do not need is dropped. In the new program constants begin where
    they did in the old. `sizes` receives the numbers of runs, products and constants.
    """
    base = n_indicators + n_nodes
    for i in range(base + n_constants):
        known[i] = 1
        rename[i] = i
        moved[i] = -1
        live[i] = 0
    for i in range(n_indicators):
        known[i] = alive[i] != 1
        number[i] = indicators[i] if alive[i] else 0.0
    for i in range(n_constants):
        number[base + i] = constants[i]
    node = n_indicators
    j = 0
    used = 0
    for run in range(n_runs):
        arity = runs[2 * run]
        for _ in range(runs[2 * run + 1]):
            begin = used
            fixed = 0.0
            for k in range(j, j + arity):
                p = pairs[k] & LOW
                q = pairs[k] >> 32
                if known[p] and known[q]:
                    fixed += number[p] * number[q]
                elif not (known[p] and number[p] == 0.0) and not (known[q] and number[q] == 0.0):
                    kept[used] = pairs[k]
                    used += 1
            j += arity
            known[node] = used == begin
            number[node] = fixed
            starts[node - n_indicators] = begin
            if used == begin + 1 and fixed == 0.0:
                p = kept[begin] & LOW
                q = kept[begin] >> 32
                if known[p] and number[p] == 1.0:
                    rename[node] = rename[q]
                elif known[q] and number[q] == 1.0:
                    rename[node] = rename[p]
            node += 1
    starts[n_nodes] = used
    for i in range(n_ends):
        live[rename[ends[i]]] = 1
    for node in range(base - 1, n_indicators - 1, -1):
        if live[node] and not known[node]:
            for k in range(starts[node - n_indicators], starts[node - n_indicators + 1]):
                live[rename[kept[k] & LOW]] = 1
                live[rename[kept[k] >> 32]] = 1
    for i in range(3):
        sizes[i] = 0
    one = -1
    node = n_indicators
    out = n_indicators
    for run in range(n_runs):
        end = node + runs[2 * run + 1]
        for arity in range(1, runs[2 * run] + 1):
            count = 0
            for i in range(node, end):
                if not live[i] or known[i] or rename[i] != i:
                    continue
                begin = starts[i - n_indicators]
                size = starts[i - n_indicators + 1] - begin
                mixed = number[i] != 0.0
                if size + mixed != arity:
                    continue
                for k in range(begin, begin + size):
                    p = _operand(kept[k] & LOW, n_indicators, base, known, number, rename, moved, new_constants, sizes)
                    q = _operand(kept[k] >> 32, n_indicators, base, known, number, rename, moved, new_constants, sizes)
                    new_pairs[sizes[1]] = p | (q << 32)
                    sizes[1] += 1
                if mixed:
                    if one < 0:
                        one = base + sizes[2]
                        new_constants[sizes[2]] = 1.0
                        sizes[2] += 1
                    new_constants[sizes[2]] = number[i]
                    new_pairs[sizes[1]] = one | ((base + sizes[2]) << 32)
                    sizes[2] += 1
                    sizes[1] += 1
                moved[i] = out
                out += 1
                count += 1
            if count:
                new_runs[2 * sizes[0]] = arity
                new_runs[2 * sizes[0] + 1] = count
                sizes[0] += 1
        node = end
    for i in range(n_ends):
        ends[i] = _operand(ends[i], n_indicators, base, known, number, rename, moved, new_constants, sizes)


SIGNATURES = {
    alive_states: "i2* i8 i4* i8* i8 i1*",
    specialise: "f8* i1* i8 i8 f8* i8 i4* i8 i8* i4* i8 i1* f8* i4* i8* i1* i8* i8* i4* i8* f8* i8*",
}
