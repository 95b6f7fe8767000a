"""Answering a case by eliminating its unobserved variables, on numbers.

Most findings of a case cut the network apart. What is left between the unobserved variables is mostly small, and is
worked out here anew for each case: a circuit for all cases cannot use what only one of them has observed.

Variables are numbered by their rank in an elimination order. Each unobserved variable has a cluster: itself and the
later variables that share a factor with it when its turn comes. Upwards, the cluster's table T is the product of its
factors, the message M its sum over the variable, and Q = T / M the variable's distribution given the rest of the
cluster. Downwards, the belief of a cluster is Q times the belief of the rest, which is part of the cluster that
received the message. Nothing is subtracted, and a quotient is never above 1.

A variable below which nothing is observed, with at most one unobserved parent, is answered from its parent's posterior;
if its own is not asked for either, it is left out.

Source: Dechter R (1999), Bucket elimination: a unifying framework for reasoning, Artif Intell 113:41-85; Shachter RD
(1986), Evaluating influence diagrams, Oper Res 34:871-882 (barren nodes).
"""

from __future__ import annotations

from spasmnet.kernels import layout as at
from spasmnet.kernels.cells import add_to_rest, give, multiply, sum_rows, write_marginal
from spasmnet.kernels.clusters import DOWN, UP, form_clusters, place_factors, read_case
from spasmnet.kernels.memory import call_stage, floats_at, has, inlined, longs_at, shorts_at

DOUBTFUL_BELOW = 1e-150  # a smaller message may have lost something


@inlined
def eliminate_upwards(plan, words, post, result):
    """Fill the clusters' tables in order of elimination; what their last messages add to P(e), and the status."""
    cards = longs_at(plan[at.P_CARDS])
    head = longs_at(plan[at.P_HEAD])
    following = longs_at(plan[at.P_NEXT])
    base = longs_at(plan[at.P_BASE])
    rest = longs_at(plan[at.P_REST])
    resting = longs_at(plan[at.P_RESTING])
    mask = longs_at(plan[at.P_MASK])
    size = longs_at(plan[at.P_SIZE])
    rows = longs_at(plan[at.P_ROWS])
    begin = longs_at(plan[at.P_AT])
    up = longs_at(plan[at.P_UP])
    steps = longs_at(plan[at.P_STEP])
    item = longs_at(plan[at.P_ITEM])
    items = longs_at(plan[at.P_ITEMS])
    mine = longs_at(plan[at.P_MINE])
    strides = longs_at(plan[at.P_STRIDES])
    offsets = longs_at(plan[at.P_OFFSET])
    arena = floats_at(plan[at.P_ARENA])
    messages = plan[at.P_FACTORS]
    free = plan[at.P_START]
    total = result[at.R_TOTAL]
    power = result[at.R_POWER]
    status = at.FINE if total > 0.0 else at.ZERO
    doubt = 0
    for step in range(int(result[at.R_STEPS])):
        if status != at.FINE:
            break
        r = steps[step]
        c = cards[r]
        groups = rows[r]
        here = free
        message = here + size[r]
        begin[r] = here
        n_items = items[r]
        for t in range(n_items):
            mine[t] = item[r * at.MOST_ITEMS + t]
        f = head[r]
        fresh = True
        while f >= 0:
            lies = base[f]
            j = resting[f]
            if n_items == 1:
                stride = rest[j]
                if fresh:
                    for x in range(c):
                        arena[here + x] = arena[lies + x * stride]
                else:
                    for x in range(c):
                        arena[here + x] *= arena[lies + x * stride]
            else:
                strides[2] = 0
                for t in range(n_items):
                    member = has(mask, f * words, mine[t])
                    strides[t] = rest[j] * member
                    j += member
                multiply(arena, here, groups, c, fresh, lies, offsets, mine, n_items, cards, strides)
            fresh = False
            f = following[f]
        largest = sum_rows(arena, here, groups, c, message)
        if largest < DOWN:
            doubt += 1 if largest >= DOUBTFUL_BELOW else 2
        if up[r] >= 0:
            base[messages + r] = message
            free = message + groups
            if largest < DOWN:
                power -= 1
                for g in range(groups):
                    arena[message + g] *= UP
        else:
            free = message
            total *= largest
            if total < DOWN and total > 0.0:
                total *= UP
                power -= 1
        if largest == 0.0:
            status = at.ZERO
    if status == at.FINE and doubt > 1:
        status = at.DOUBTFUL
    result[at.R_TOTAL] = total
    result[at.R_POWER] = power
    result[at.R_STATUS] = status


@inlined
def pass_beliefs_down(plan, words, post, result):
    """Turn tables into beliefs, the last cluster first, as far as somebody asks; their variables' posteriors."""
    cards = longs_at(plan[at.P_CARDS])
    real = longs_at(plan[at.P_REAL])
    place = longs_at(plan[at.P_PLACE])
    target = longs_at(plan[at.P_TARGET])
    wanted = longs_at(plan[at.P_WANTED])
    cluster = longs_at(plan[at.P_CLUSTER])
    size = longs_at(plan[at.P_SIZE])
    rows = longs_at(plan[at.P_ROWS])
    begin = longs_at(plan[at.P_AT])
    up = longs_at(plan[at.P_UP])
    steps = longs_at(plan[at.P_STEP])
    item = longs_at(plan[at.P_ITEM])
    items = longs_at(plan[at.P_ITEMS])
    mine = longs_at(plan[at.P_MINE])
    strides = longs_at(plan[at.P_STRIDES])
    offsets = longs_at(plan[at.P_OFFSET])
    arena = floats_at(plan[at.P_ARENA])
    n_steps = int(result[at.R_STEPS])
    for step in range(n_steps):
        r = steps[step]
        i = real[r]
        if i >= 0 and target[i]:
            wanted[r] = 1
        if wanted[r] and up[r] >= 0:
            wanted[up[r]] = 1
    for step in range(n_steps - 1, -1, -1):
        r = steps[step]
        if not wanted[r]:
            continue
        c = cards[r]
        groups = rows[r]
        here = begin[r]
        v = up[r]
        if v >= 0:
            if groups == size[v]:
                give(arena, here, groups, c, arena, begin[v])
            elif real[v] >= 0 and groups == cards[v]:
                give(arena, here, groups, c, post, place[real[v]])
            else:
                message = here + size[r]
                for g in range(groups):
                    arena[message + g] = 0.0
                stride = 1
                n_items = items[v]
                strides[2] = 0
                for t in range(n_items):
                    u = item[v * at.MOST_ITEMS + t]
                    mine[t] = u
                    strides[t] = 0
                    if has(cluster, r * words, u):
                        strides[t] = stride
                        stride *= cards[u]
                add_to_rest(arena, begin[v], rows[v], cards[v], offsets, mine, n_items, cards, strides, message)
                give(arena, here, groups, c, arena, message)
        if real[r] >= 0:
            write_marginal(arena, here, groups, c, post, place[real[r]])


@inlined
def answer_simply(plan, words, post, result):
    """The posteriors of variables that need no cluster, from the posterior of their unobserved parent, if any."""
    cards = longs_at(plan[at.P_CARDS])
    rank = longs_at(plan[at.P_RANK])
    real = longs_at(plan[at.P_REAL])
    place = longs_at(plan[at.P_PLACE])
    full = longs_at(plan[at.P_FULL])
    table = longs_at(plan[at.P_TABLE])
    first = longs_at(plan[at.P_FIRST])
    member = longs_at(plan[at.P_MEMBER])
    stride = longs_at(plan[at.P_STRIDE])
    state = longs_at(plan[at.P_STATE])
    sets = longs_at(plan[at.P_SETS])
    simple = longs_at(plan[at.P_SIMPLE])
    arena = floats_at(plan[at.P_ARENA])
    for t in range(int(result[at.R_SIMPLE]) - 1, -1, -1):
        i = simple[t]
        f = full[i]
        own = rank[i]
        lies = table[f]
        above = -1
        across = 0
        along = 0
        for m in range(first[f], first[f + 1]):
            r = member[m]
            if r == own:
                along = stride[m]
            elif has(sets, 0, r):
                above = r
                across = stride[m]
            else:
                lies += state[r] * stride[m]
        total = 0.0
        for x in range(cards[own]):
            share = 0.0
            if above < 0:
                share = arena[lies + x * along]
            else:
                for y in range(cards[above]):
                    share += post[place[real[above]] + y] * arena[lies + y * across + x * along]
            post[place[i] + x] = share
            total += share
        for x in range(cards[own]):
            post[place[i] + x] /= total


STAGES = (read_case, place_factors, form_clusters, eliminate_upwards, pass_beliefs_down, answer_simply)


def direct_rows(plan, result, codes, n_columns, columns, rows, n_rows, n_slots, out, totals, powers, statuses):
    """Some cases: `codes[i, c]` is the state of variable `columns[c]` in case i, or negative.

    Case i is row `rows[i]` of `out` (an address), which receives the posteriors asked, and of `totals`, `powers` and
    `statuses`, which receive P(e) as mantissa and power of 2^256, and what became of the case. `plan` holds numbers and
    addresses (see layout.py; circuit/plan.py and circuit/elimination.py fill it), those of the stages among them.
    """
    case = shorts_at(plan[at.P_CASE])
    answers = longs_at(plan[at.P_ANSWERS])
    n_targets = plan[at.P_TARGETS]
    for b in range(n_rows):
        for c in range(n_columns):
            case[columns[c]] = codes[b * n_columns + c]
        row = rows[b]
        to = row * n_slots
        post = floats_at(plan[at.P_POST] if n_targets >= 0 else out + 8 * to)
        for stage in range(3):
            call_stage(plan[at.P_STAGES + stage], plan, post, result)
        if result[at.R_STATUS] == at.FINE:
            call_stage(plan[at.P_STAGES + 3], plan, post, result)
        if result[at.R_STATUS] == at.FINE or result[at.R_STATUS] == at.DOUBTFUL:
            call_stage(plan[at.P_STAGES + 4], plan, post, result)
            call_stage(plan[at.P_STAGES + 5], plan, post, result)
        answer = floats_at(out + 8 * to)
        to = 0
        for t in range(n_targets):
            lies = answers[2 * t]
            for x in range(answers[2 * t + 1]):
                answer[to] = post[lies + x]
                to += 1
        totals[row] = result[at.R_TOTAL]
        powers[row] = result[at.R_POWER]
        statuses[row] = int(result[at.R_STATUS])


def _narrow(stage):
    """A stage for networks whose sets fit in one word, which is much quicker when the compiler knows it."""

    def narrow(plan, post, result):
        stage(plan, 1, post, result)

    narrow.__name__ = stage.__name__ + "_64"
    return narrow


def _wide(stage):
    """A stage for sets of any number of words."""

    def wide(plan, post, result):
        stage(plan, plan[at.P_W], post, result)

    wide.__name__ = stage.__name__
    return wide


SIGNATURES = {
    **{_wide(stage): "i8* f8* f8*" for stage in STAGES},
    **{_narrow(stage): "i8* f8* f8*" for stage in STAGES[:3]},  # the others hardly gain, and take long to compile
    direct_rows: "i8* f8* i2* i8 i8* i8* i8 i8 i8 f8* f8* i1*",
}
