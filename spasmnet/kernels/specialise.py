"""Working out once what some cases have in common."""

from __future__ import annotations

from numba import njit

from spasmnet.kernels.layout import LOW

VARYING, KNOWN, ZERO = 0, 1, 2

inlined = njit(error_model="numpy", inline="always")  # a call would bring numba's run-time with it


def alive_states(codes, n_rows, n_columns, columns, seen, alive):
    """Which indicators are not 0 in every one of the cases (1), and which are 1 in all of them (2).

    `codes` and `columns` are as in query_rows; `seen` has a place for each column.
    """
    for c in range(n_columns):
        seen[c] = 0
    for i in range(n_rows):
        for c in range(n_columns):
            seen[c] |= 1 << (min(codes[i * n_columns + c], 61) + 1)
    for c in range(n_columns):
        leaf = columns[2 * c]
        states = columns[2 * c + 1]
        missing = seen[c] & 1
        for s in range(states):
            hit = (seen[c] >> (min(s, 61) + 1)) & 1
            only = seen[c] == 1 or (s < 61 and seen[c] == 1 << (s + 1))
            alive[leaf + s] = 2 if only else (hit | missing)


@inlined
def _operand(node, n_indicators, base, state, number, rename, moved, new_constants, sizes):
    """A node's number in the new program; a constant gets its place at first use."""
    if state[node] == VARYING:
        return rename[node] if rename[node] < n_indicators else moved[rename[node]]
    if moved[node] < 0:
        moved[node] = base + sizes[2]
        new_constants[sizes[2]] = number[node]
        sizes[2] += 1
    return moved[node]


def specialise(
    indicators, alive, n_indicators, n_nodes, base, constants, n_constants, runs, n_runs, pairs, ends, n_ends,
    state, number, rest, rename, moved, live, starts, kept, new_runs, new_pairs, new_constants, sizes,
):  # fmt: skip
    """Work out once what some cases have in common: the program, given the fixed indicators (see alive_states).

    Products with zero vanish, products with one are their other factor, nodes of constants are constants, and what the
    `ends` (root and derivatives; renumbered in place) do not need is dropped. Constants begin at `base`, in the old
    program and in the new. `sizes` receives the numbers of runs, products, constants and nodes.
    """
    for i in range(n_indicators):
        state[i] = VARYING if alive[i] == 1 else KNOWN
        number[i] = indicators[i] if alive[i] == 2 else 0.0
        if state[i] and number[i] == 0.0:
            state[i] = ZERO
        rename[i] = i
        moved[i] = -1
    for i in range(n_constants):
        state[base + i] = KNOWN if constants[i] != 0.0 else ZERO
        number[base + i] = constants[i]
        rename[base + i] = base + i
        moved[base + i] = -1
    node = n_indicators
    j = 0
    used = 0
    for run in range(n_runs):
        arity = runs[2 * run]
        for _ in range(runs[2 * run + 1]):
            begin = used
            fixed = 0.0
            for k in range(j, j + arity):
                pair = pairs[k]
                p = pair & LOW
                q = pair >> 32
                fixed += number[p] * number[q]  # a varying node's number is 0
                kept[used] = pair
                used += ((state[p] | state[q]) < ZERO) & ((state[p] & state[q]) == 0)
            j += arity
            starts[node - n_indicators] = begin
            rename[node] = node
            moved[node] = -1
            live[node] = 0
            if used == begin:
                state[node] = KNOWN if fixed != 0.0 else ZERO
                number[node] = fixed
            else:
                state[node] = VARYING
                number[node] = 0.0
                rest[node] = fixed
                if used == begin + 1 and fixed == 0.0:
                    p = kept[begin] & LOW
                    q = kept[begin] >> 32
                    if number[p] == 1.0:
                        rename[node] = rename[q]
                    elif number[q] == 1.0:
                        rename[node] = rename[p]
            node += 1
    starts[n_nodes] = used
    for i in range(n_ends):
        live[rename[ends[i]]] = 1
    for node in range(n_indicators + n_nodes - 1, n_indicators - 1, -1):
        if live[node] and state[node] == VARYING:
            for k in range(starts[node - n_indicators], starts[node - n_indicators + 1]):
                live[rename[kept[k] & LOW]] = 1
                live[rename[kept[k] >> 32]] = 1
    for i in range(4):
        sizes[i] = 0
    one = -1
    node = n_indicators
    out = n_indicators
    for run in range(n_runs):
        end = node + runs[2 * run + 1]
        for arity in range(1, runs[2 * run] + 1):
            count = 0
            for i in range(node, end):
                if not live[i] or state[i] != VARYING or rename[i] != i:
                    continue
                begin = starts[i - n_indicators]
                size = starts[i - n_indicators + 1] - begin
                mixed = rest[i] != 0.0
                if size + mixed != arity:
                    continue
                for k in range(begin, begin + size):
                    p = _operand(kept[k] & LOW, n_indicators, base, state, number, rename, moved, new_constants, sizes)
                    q = _operand(kept[k] >> 32, n_indicators, base, state, number, rename, moved, new_constants, sizes)
                    new_pairs[sizes[1]] = p | (q << 32)
                    sizes[1] += 1
                if mixed:
                    if one < 0:
                        one = base + sizes[2]
                        new_constants[sizes[2]] = 1.0
                        sizes[2] += 1
                    new_constants[sizes[2]] = rest[i]
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
        ends[i] = _operand(ends[i], n_indicators, base, state, number, rename, moved, new_constants, sizes)
    sizes[3] = out - n_indicators


SIGNATURES = {
    alive_states: "i2* i8 i8 i4* i8* i1*",
    specialise: "f8* i1* i8 i8 i8 f8* i8 i4* i8 i8* i4* i8 i1* f8* f8* i4* i8* i1* i8* i8* i4* i8* f8* i8*",
}
