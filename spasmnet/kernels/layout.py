"""The numbers that the kernels and their callers must agree on."""

LANES = 8  # cases evaluated side by side: one cache line a number
TINY = 1e-250  # P(e) below this is computed again with exponents
SMALLEST = 1e-290  # whose inverse is finite, and which has all its digits
LOW = 0xFFFFFFFF  # the left number of a pair; the right one lies above it

WIDEST_TABLE = 256  # entries up to which the unobserved part of a noisy-MAX is taken as a table, not as a chain
MOST_ITEMS = 32  # variables of a cluster, each with two states or more
FINE, ZERO, DOUBTFUL, TOO_LARGE, NO_ROOM = range(5)  # what became of a case that was eliminated directly
(
    P_V, P_N, P_W, P_FACTORS, P_LIMIT, P_ROOM, P_START, P_TARGETS,  # numbers
    P_CARDS, P_RANK, P_REAL, P_PLACE, P_LATE, P_LATEST, P_CHILDREN, P_PARENTS, P_TARGET, P_FULL, P_CHAIN, P_TABLE,
    P_FIRST, P_MEMBER, P_STRIDE, P_SCOPE, P_RESTING, P_ARENA, P_ANSWERS,  # the network
    P_CASE, P_STATE, P_SETS, P_GONE, P_SIMPLE, P_WANTED, P_HEAD, P_NEXT, P_BASE, P_REST, P_MASK, P_CLUSTER,
    P_SIZE, P_ROWS, P_AT, P_UP, P_STEP, P_ITEM, P_ITEMS, P_MINE, P_STRIDES, P_OFFSET, P_POST,  # room to work in
    P_STAGES,
) = range(51)  # fmt: skip
P_COUNT = P_STAGES + 6  # behind them: the set of hidden variables
R_TOTAL, R_POWER, R_CELLS, R_STATUS, R_STEPS, R_SIMPLE = range(6)  # what the stages pass on
