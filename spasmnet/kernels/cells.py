"""Operations on the tables of clusters, whose first variable varies fastest.

A table has `groups` rows of `c` entries, one for each state of the first variable. Where two, three and four states
have branches of their own, these differ only in that the compiler knows the number and unrolls the loop.
"""

from __future__ import annotations

from spasmnet.kernels import layout as at
from spasmnet.kernels.memory import inlined


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
def _multiply_rows(c, arena, here, groups, fresh, offsets, step):
    if fresh:
        for g in range(groups):
            q = offsets[g]
            for x in range(c):
                arena[here + g * c + x] = arena[q + x * step]
    else:
        for g in range(groups):
            q = offsets[g]
            for x in range(c):
                arena[here + g * c + x] *= arena[q + x * step]


@inlined
def multiply(arena, here, groups, c, fresh, lies, offsets, item, n_items, cards, strides):
    """Multiply a table by a factor, which has the first variable; a fresh table is set to it."""
    step = strides[0]
    if n_items <= 3:  # small, and no list of offsets is needed
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
        _multiply_rows(2, arena, here, groups, fresh, offsets, step)
    elif c == 3:
        _multiply_rows(3, arena, here, groups, fresh, offsets, step)
    elif c == 4:
        _multiply_rows(4, arena, here, groups, fresh, offsets, step)
    else:
        _multiply_rows(c, arena, here, groups, fresh, offsets, step)


@inlined
def _divide_rows(c, arena, here, groups, message):
    largest = 0.0
    for g in range(groups):
        total = arena[here + g * c]
        for x in range(1, c):
            total += arena[here + g * c + x]
        inverse = 1.0 / max(total, at.SMALLEST)
        arena[message + g] = total
        largest = max(largest, total)
        for x in range(c):
            arena[here + g * c + x] *= inverse
    return largest


@inlined
def sum_rows(arena, here, groups, c, message):
    """The sums of a table's rows, which are divided by them; the largest sum is returned."""
    if c == 2:
        largest = _divide_rows(2, arena, here, groups, message)
    elif c == 3:
        largest = _divide_rows(3, arena, here, groups, message)
    elif c == 4:
        largest = _divide_rows(4, arena, here, groups, message)
    else:
        largest = _divide_rows(c, arena, here, groups, message)
    return largest


@inlined
def _add_rows(c, arena, belief, groups, offsets):
    for g in range(groups):
        q = offsets[g]
        for x in range(c):
            arena[q + x] += arena[belief + g * c + x]


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
        _add_rows(2, arena, belief, groups, offsets)
    elif c == 3:
        _add_rows(3, arena, belief, groups, offsets)
    elif c == 4:
        _add_rows(4, arena, belief, groups, offsets)
    else:
        _add_rows(c, arena, belief, groups, offsets)


@inlined
def _give_rows(c, arena, here, groups, known, begin):
    for g in range(groups):
        factor = known[begin + g]
        for x in range(c):
            arena[here + g * c + x] *= factor


@inlined
def give(arena, here, groups, c, known, begin):
    """Multiply the rows of a table by numbers that begin at `known[begin]`."""
    if c == 2:
        _give_rows(2, arena, here, groups, known, begin)
    elif c == 3:
        _give_rows(3, arena, here, groups, known, begin)
    elif c == 4:
        _give_rows(4, arena, here, groups, known, begin)
    else:
        _give_rows(c, arena, here, groups, known, begin)


@inlined
def _add_up(c, arena, here, groups, post, lies):
    sums = (0.0, 0.0, 0.0, 0.0)
    for g in range(groups):
        q = here + g * c
        third = arena[q + 2] if c > 2 else 0.0
        fourth = arena[q + 3] if c > 3 else 0.0
        sums = (sums[0] + arena[q], sums[1] + arena[q + 1], sums[2] + third, sums[3] + fourth)
    for x in range(c):
        post[lies + x] = sums[x]


@inlined
def write_marginal(arena, here, groups, c, post, lies):
    """The marginal of a belief's first variable, divided by its own sum."""
    if c == 2:
        _add_up(2, arena, here, groups, post, lies)
    elif c == 3:
        _add_up(3, arena, here, groups, post, lies)
    elif c == 4:
        _add_up(4, arena, here, groups, post, lies)
    else:
        for x in range(c):
            post[lies + x] = 0.0
        for g in range(groups):
            for x in range(c):
                post[lies + x] += arena[here + g * c + x]
    total = 0.0
    for x in range(c):
        total += post[lies + x]
    for x in range(c):
        post[lies + x] /= total
