"""The evidence-reduced factors of a case, and the clusters of its unobserved variables.

Only sets and places are worked out here, and what is certain already; direct.py fills in the numbers.
"""

from __future__ import annotations

from spasmnet.kernels import layout as at
from spasmnet.kernels.memory import floats_at, has, inlined, longs_at, lowest_bit, shorts_at

UP = 2.0**256
DOWN = 2.0**-256


@inlined
def read_case(plan, words, post, result):
    """Enter the states of the case, and find which variables can be answered simply, or left out.

    `sets` receives the unobserved variables, those that need no cluster, and of these the ones nobody asks for.
    """
    cards = longs_at(plan[at.P_CARDS])
    rank = longs_at(plan[at.P_RANK])
    place = longs_at(plan[at.P_PLACE])
    late = longs_at(plan[at.P_LATE])
    latest = longs_at(plan[at.P_LATEST])
    children = longs_at(plan[at.P_CHILDREN])
    parents = longs_at(plan[at.P_PARENTS])
    target = longs_at(plan[at.P_TARGET])
    full = longs_at(plan[at.P_FULL])
    case = shorts_at(plan[at.P_CASE])
    state = longs_at(plan[at.P_STATE])
    sets = longs_at(plan[at.P_SETS])
    gone = longs_at(plan[at.P_GONE])
    simple = longs_at(plan[at.P_SIMPLE])
    wanted = longs_at(plan[at.P_WANTED])
    head = longs_at(plan[at.P_HEAD])
    n_real = plan[at.P_N]
    for k in range(4 * words):
        sets[k] = 0
    for i in range(place[n_real]):
        post[i] = 0.0
    for i in range(n_real):
        r = rank[i]
        s = case[i]
        unseen = (s < 0) & (cards[r] > 1)  # no branches here: which variables are observed is hard to predict
        state[r] = max(s, 0)
        post[place[i] + state[r]] = 0.0 if unseen else 1.0
        sets[r >> 6] |= int(unseen) << (r & 63)
        sets[3 * words + (late[i] >> 6)] |= int(unseen) << (late[i] & 63)
        gone[i] = 0
    for r in range(plan[at.P_V]):
        wanted[r] = 0
        head[r] = -1
    n_simple = 0
    for word in range(words):
        left = sets[3 * words + word]
        while left != 0:
            i = latest[64 * word + lowest_bit(left)]
            left &= left - 1
            kept = 0
            asked = target[i]
            for k in range(words):
                kept |= children[i * words + k] & ~sets[words + k]
                asked |= children[i * words + k] & ~sets[2 * words + k]
            if kept != 0:
                continue
            r = rank[i]
            if asked != 0:
                above = -1
                several = full[i] < 0
                for k in range(words):
                    open_ones = parents[i * words + k] & sets[k]
                    if open_ones != 0:
                        several |= above >= 0 or (open_ones & (open_ones - 1)) != 0
                        above = 64 * k + lowest_bit(open_ones)
                if several:
                    continue
                simple[n_simple] = i
                n_simple += 1
                if above >= 0:
                    wanted[above] = 1
            else:
                sets[2 * words + (r >> 6)] |= 1 << (r & 63)
            gone[i] = 1
            sets[words + (r >> 6)] |= 1 << (r & 63)
    result[at.R_SIMPLE] = n_simple


@inlined
def place_factors(plan, words, post, result):
    """Put the findings into the factors, and each factor to its first unobserved variable.

    A noisy-MAX is taken as a table, as a chain of maxima if much of it is open, or, in its first state, as a product
    over its parents. The factors that are numbers now begin P(e), a mantissa and a power of 2^256.
    """
    cards = longs_at(plan[at.P_CARDS])
    full = longs_at(plan[at.P_FULL])
    chain = longs_at(plan[at.P_CHAIN])
    table = longs_at(plan[at.P_TABLE])
    first = longs_at(plan[at.P_FIRST])
    member = longs_at(plan[at.P_MEMBER])
    stride = longs_at(plan[at.P_STRIDE])
    scope = longs_at(plan[at.P_SCOPE])
    arena = floats_at(plan[at.P_ARENA])
    case = shorts_at(plan[at.P_CASE])
    state = longs_at(plan[at.P_STATE])
    sets = longs_at(plan[at.P_SETS])
    gone = longs_at(plan[at.P_GONE])
    head = longs_at(plan[at.P_HEAD])
    following = longs_at(plan[at.P_NEXT])
    base = longs_at(plan[at.P_BASE])
    rest = longs_at(plan[at.P_REST])
    mask = longs_at(plan[at.P_MASK])
    n_real = plan[at.P_N]
    for k in range(words):
        sets[k] |= plan[at.P_COUNT + k]
    total = 1.0
    power = 0
    for i in range(n_real):
        if gone[i]:
            continue
        f = full[i]
        end = f + 1
        if chain[4 * i + 2] >= 0:
            entries = 1
            unseen = 0
            if f >= 0:
                for k in range(words):
                    left = scope[f * words + k] & sets[k]
                    while left != 0:
                        entries *= cards[64 * k + lowest_bit(left)]
                        left &= left - 1
                        unseen += 1
            if case[i] == 0 and (unseen > 1 or f < 0):
                f = chain[4 * i + 2]
                end = chain[4 * i + 3]
            elif chain[4 * i] >= 0 and (entries > at.WIDEST_TABLE or f < 0):
                f = chain[4 * i]
                end = chain[4 * i + 1]
        while f < end:
            lies = table[f]
            low = -1
            for k in range(words - 1, -1, -1):
                left = scope[f * words + k] & sets[k]
                mask[f * words + k] = left
                if left != 0:
                    low = 64 * k + lowest_bit(left)
            if low < 0:
                for m in range(first[f], first[f + 1]):
                    lies += state[member[m]] * stride[m]
                total *= arena[lies]
                if total < DOWN and total > 0.0:
                    total *= UP if total > at.SMALLEST else 0.0  # what may have lost digits is left to the circuit
                    power -= 1
            else:
                n = first[f]
                for m in range(first[f], first[f + 1]):
                    r = member[m]
                    step = stride[m]
                    lies += state[r] * step
                    rest[n] = step
                    n += has(sets, 0, r)
                base[f] = lies
                following[f] = head[low]
                head[low] = f
            f += 1
    result[at.R_TOTAL] = total
    result[at.R_POWER] = power


@inlined
def form_clusters(plan, words, post, result):
    """The clusters in the order of elimination: how many, their entries together, and whether they fit."""
    cards = longs_at(plan[at.P_CARDS])
    head = longs_at(plan[at.P_HEAD])
    following = longs_at(plan[at.P_NEXT])
    rest = longs_at(plan[at.P_REST])
    resting = longs_at(plan[at.P_RESTING])
    mask = longs_at(plan[at.P_MASK])
    cluster = longs_at(plan[at.P_CLUSTER])
    size = longs_at(plan[at.P_SIZE])
    rows = longs_at(plan[at.P_ROWS])
    up = longs_at(plan[at.P_UP])
    steps = longs_at(plan[at.P_STEP])
    item = longs_at(plan[at.P_ITEM])
    items = longs_at(plan[at.P_ITEMS])
    sets = longs_at(plan[at.P_SETS])
    messages = plan[at.P_FACTORS]
    status = at.FINE
    n_steps = 0
    cells = 0
    for word in range(words):
        waiting = sets[word] & ~sets[words + word]
        while waiting != 0 and status == at.FINE:
            r = 64 * word + lowest_bit(waiting)
            waiting &= waiting - 1
            f = head[r]
            if f < 0:
                continue  # a hidden variable of a chain that is not used
            own = r * words
            for k in range(words):
                cluster[own + k] = 0
            while f >= 0:
                for k in range(words):
                    cluster[own + k] |= mask[f * words + k]
                f = following[f]
            entries = 1.0
            n_items = 0
            listed = r * at.MOST_ITEMS
            for k in range(words):
                left = cluster[own + k]
                while left != 0:
                    v = 64 * k + lowest_bit(left)
                    left &= left - 1
                    entries *= cards[v]
                    if n_items < at.MOST_ITEMS:
                        item[listed + n_items] = v
                        n_items += 1
            if cells + entries > plan[at.P_LIMIT]:
                status = at.TOO_LARGE
                continue
            groups = 1
            f = messages + r
            for t in range(1, n_items):
                rest[resting[f] + t - 1] = groups
                groups *= cards[item[listed + t]]
            rows[r] = groups
            size[r] = groups * cards[r]
            cells += size[r]
            items[r] = n_items
            up[r] = -1
            steps[n_steps] = r
            n_steps += 1
            if n_items > 1:
                up[r] = item[listed + 1]
                for k in range(words):
                    mask[f * words + k] = cluster[own + k]
                mask[f * words + (r >> 6)] &= ~(1 << (r & 63))
                following[f] = head[up[r]]
                head[up[r]] = f
    if status == at.FINE and cells > plan[at.P_ROOM]:
        status = at.NO_ROOM
    result[at.R_STEPS] = n_steps
    result[at.R_CELLS] = cells
    result[at.R_STATUS] = status
