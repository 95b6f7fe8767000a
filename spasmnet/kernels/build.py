"""Building circuits: making nodes without repeating any, and writing down the derivatives' program."""

from __future__ import annotations

from numba import njit

ULPS = 1e-15  # constants that sum to one but for rounding are one
FOLDED = 2.0**-900  # a smaller product of constants may lose digits, so that it stays a product

inlined = njit(error_model="numpy", inline="always")  # a call would bring numba's run-time with it


@inlined
def _hash_pairs(left, right, begin, end):
    h = 1469598103934665603
    for j in range(begin, end):
        h = (h ^ left[j]) * 1099511628211
        h = (h ^ (h >> 29) ^ right[j]) * 1099511628211
    return h ^ (h >> 32)


def insert_all(starts, first_node, end_node, left, right, table, mask):
    """Enter nodes into a larger hash table."""
    for node in range(first_node, end_node):
        slot = _hash_pairs(left, right, starts[node], starts[node + 1]) & mask
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = node


def combine(a, b, n, k, constants, starts, left, right, table, mask, counters, out):
    """Write Σ_x a[i, x] · b[i, x] as nodes, i < n and x < k; `out[i]` receives the node.

    Terms with a factor of zero are dropped, products by one are the other factor, sums of constants are constants
    (unless one of their terms might underflow), and a node that exists already is used again. Node 0 is zero and node 1
    is one; `constants` is NaN for a node that is worked out anew for each case; `counters` holds the numbers of nodes
    and of products so far.
    """
    nodes = counters[0]
    products = counters[1]
    for i in range(n):
        begin = products
        sure = True
        fixed = 0.0
        for x in range(i * k, i * k + k):
            p = a[x]
            q = b[x]
            if p == 0 or q == 0:
                continue
            if p > q:
                p, q = q, p
            value = constants[p] * constants[q]
            if value >= FOLDED:  # not so if one of them is no constant
                fixed += value
            else:
                sure = False
            left[products] = p
            right[products] = q
            products += 1
        if products == begin:
            out[i] = 0
            continue
        if sure and abs(fixed - 1.0) < ULPS:
            out[i] = 1
            products = begin
            continue
        if products == begin + 1 and left[begin] == 1:
            out[i] = right[begin]
            products = begin
            continue
        slot = _hash_pairs(left, right, begin, products) & mask
        found = -1
        while table[slot] >= 0:
            node = table[slot]
            if starts[node + 1] - starts[node] == products - begin:
                same = True
                for j in range(products - begin):
                    if left[starts[node] + j] != left[begin + j] or right[starts[node] + j] != right[begin + j]:
                        same = False
                        break
                if same:
                    found = node
                    break
            slot = (slot + 1) & mask
        if found >= 0:
            out[i] = found
            products = begin
            continue
        table[slot] = nodes
        constants[nodes] = fixed if sure else float("nan")
        starts[nodes + 1] = products
        out[i] = nodes
        nodes += 1
    counters[0] = nodes
    counters[1] = products


def mark(starts, left, right, constants, root, first, live, needs):
    """Which nodes the root depends on (`live`), and which depend on a target leaf (`needs`, marked on the leaves)."""
    live[root] = 1
    for node in range(root, first - 1, -1):
        if live[node] and constants[node] != constants[node]:
            for j in range(starts[node], starts[node + 1]):
                live[left[j]] = 1
                live[right[j]] = 1
    for node in range(first, root + 1):
        if live[node]:
            for j in range(starts[node], starts[node + 1]):
                if needs[left[j]] or needs[right[j]]:
                    needs[node] = 1


def copy_nodes(order, n, starts, left, right, rename, out_left, out_right):
    """The products of the nodes in `order`, under their new numbers."""
    at = 0
    for i in range(n):
        for j in range(starts[order[i]], starts[order[i] + 1]):
            out_left[at] = rename[left[j]]
            out_right[at] = rename[right[j]]
            at += 1


def count_uses(first, n, starts, left, right, needs, uses):
    """How many products each node's derivative is the sum of: its uses in nodes that depend on a target."""
    for i in range(n):
        if needs[first + i]:
            for j in range(starts[i], starts[i + 1]):
                uses[left[j]] += needs[left[j]]
                uses[right[j]] += needs[right[j]]


def transpose(first, n, starts, left, right, needs, place, derivative, out_left, out_right):
    """The backward program: ∂/∂v = Σ over uses of ∂/∂(the using node) · v(the other factor).

    `place[node]` is where the node's products begin and `derivative[node]` its derivative's number.
    """
    for i in range(n - 1, -1, -1):
        if needs[first + i]:
            parent = derivative[first + i]
            for j in range(starts[i], starts[i + 1]):
                p = left[j]
                q = right[j]
                if needs[p]:
                    out_left[place[p]] = parent
                    out_right[place[p]] = q
                    place[p] += 1
                if needs[q]:
                    out_left[place[q]] = parent
                    out_right[place[q]] = p
                    place[q] += 1


SIGNATURES = {
    insert_all: "i8* i8 i8 i4* i4* i4* i8",
    combine: "i4* i4* i8 i8 f8* i8* i4* i4* i4* i8 i8* i4*",
    mark: "i8* i4* i4* f8* i8 i8 i1* i1*",
    copy_nodes: "i8* i8 i8* i4* i4* i4* i4* i4*",
    count_uses: "i8 i8 i8* i4* i4* i1* i4*",
    transpose: "i8 i8 i8* i4* i4* i1* i8* i4* i4* i4*",
}
