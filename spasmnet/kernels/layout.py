"""The numbers that the kernels and their callers must agree on."""

LANES = 8  # cases evaluated side by side: one cache line a number
TINY = 1e-250  # P(e) below this is computed again with exponents
LOW = 0xFFFFFFFF  # the left number of a pair; the right one lies above it
