"""Operations on the tables of clusters, whose first variable varies fastest.

A table has `groups` rows of `c` entries, one for each state of the first variable. Two states, which are the most
common by far, have loops of their own; tables of up to three variables need no list of offsets.
"""

from __future__ import annotations

from spasmnet.kernels.memory import inlined

SMALLEST = 1e-290  # whose inverse is finite


@inlined
def _spread(offsets, item, n_items, cards, strides, base):
    """Where a factor's numbers lie for each entry of a table but for its first variable; the second varies fastest."""
    offsets[0] = base
    n = 1
    for t in range(1, n_items):
        c = cards[item[t]]
        for j in range(1, c):
            step = j * strides[t]
            for i in range(n):
                offsets[j * n + i] = offsets[i] + step
        n *= c


@inlined
def multiply(arena, here, groups, c, fresh, lies, offsets, item, n_items, cards, strides):
    """Multiply a table by a factor, which has the first variable; a fresh table is set to it."""
    step = strides[0]
    if n_items <= 3:
        ny = cards[item[1]]
        nz = cards[item[2]] if n_items > 2 else 1
        to = here
        for z in range(nz):
            for y in range(ny):
                q = lies + z * strides[2] + y * strides[1]
                if fresh:
                    for x in range(c):
                        arena[to + x] = arena[q + x * step]
                else:
                    for x in range(c):
                        arena[to + x] *= arena[q + x * step]
                to += c
        return
    _spread(offsets, item, n_items, cards, strides, lies)
    if c == 2:
        if fresh:
            for g in range(groups):
                q = offsets[g]
                arena[here + 2 * g] = arena[q]
                arena[here + 2 * g + 1] = arena[q + step]
        else:
            for g in range(groups):
                q = offsets[g]
                arena[here + 2 * g] *= arena[q]
                arena[here + 2 * g + 1] *= arena[q + step]
    elif fresh:
        for g in range(groups):
            for x in range(c):
                arena[here + g * c + x] = arena[offsets[g] + x * step]
    else:
        for g in range(groups):
            for x in range(c):
                arena[here + g * c + x] *= arena[offsets[g] + x * step]


@inlined
def sum_rows(arena, here, groups, c, message):
    """The sums of a table's rows, which are divided by them; the largest sum is returned."""
    largest = 0.0
    if c == 2:
        for g in range(groups):
            a = arena[here + 2 * g]
            b = arena[here + 2 * g + 1]
            inverse = 1.0 / max(a + b, SMALLEST)
            arena[message + g] = a + b
            largest = max(largest, a + b)
            arena[here + 2 * g] = a * inverse
            arena[here + 2 * g + 1] = b * inverse
    else:
        for g in range(groups):
            total = arena[here + g * c]
            for x in range(1, c):
                total += arena[here + g * c + x]
            inverse = 1.0 / max(total, SMALLEST)
            arena[message + g] = total
            largest = max(largest, total)
            for x in range(c):
                arena[here + g * c + x] *= inverse
    return largest


@inlined
def add_to_rest(arena, belief, groups, c, offsets, item, n_items, cards, strides, message):
    """Add a belief up over what is not in the scope at `message`; its first variable is."""
    if n_items <= 3:
        ny = cards[item[1]]
        nz = cards[item[2]] if n_items > 2 else 1
        for z in range(nz):
            for y in range(ny):
                q = message + z * strides[2] + y * strides[1]
                for x in range(c):
                    arena[q + x] += arena[belief + x]
                belief += c
        return
    _spread(offsets, item, n_items, cards, strides, message)
    if c == 2:
        for g in range(groups):
            q = offsets[g]
            arena[q] += arena[belief + 2 * g]
            arena[q + 1] += arena[belief + 2 * g + 1]
    else:
        for g in range(groups):
            for x in range(c):
                arena[offsets[g] + x] += arena[belief + g * c + x]


@inlined
def give(arena, here, groups, c, known, begin):
    """Multiply the rows of a table by numbers that begin at `known[begin]`."""
    if c == 2:
        for g in range(groups):
            factor = known[begin + g]
            arena[here + 2 * g] *= factor
            arena[here + 2 * g + 1] *= factor
    else:
        for g in range(groups):
            factor = known[begin + g]
            for x in range(c):
                arena[here + g * c + x] *= factor


@inlined
def write_marginal(arena, here, groups, c, post, lies):
    """The marginal of a belief's first variable, divided by its own sum."""
    if c == 2:
        a = 0.0
        b = 0.0
        for g in range(groups):
            a += arena[here + 2 * g]
            b += arena[here + 2 * g + 1]
        total = a + b
        post[lies] = a / total
        post[lies + 1] = b / total
    else:
        total = 0.0
        for x in range(c):
            share = arena[here + x]
            for g in range(1, groups):
                share += arena[here + g * c + x]
            post[lies + x] = share
            total += share
        for x in range(c):
            post[lies + x] /= total
