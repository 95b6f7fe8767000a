"""Circuits in pickles: which version made them, whether anything has changed, and whether they can be run.

The compiled loops do not look where they read and write. So what comes from a pickle reaches them only if it is of this
version, under its digest, and if every number of the program is a place in its memory, which hostile pickles with a
right digest need not be. What can be made again from the network is not pickled but made again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet._version import __version__
from spasmnet.errors import SpasmnetError
from spasmnet.inference.compiling import Compiled, FactorSet, Order, factorise
from spasmnet.inference.program import Circuit
from spasmnet.model.network import Network

Ints = NDArray[Any]
FORMAT = 1  # of the program's arrays: what pickles of one version of the library share
VERSION = f"{__version__}, format {FORMAT}"
LARGEST = 2**31 - 1  # numbers of nodes are kept in four bytes
BLOCK = 2_000_000  # products checked at a time, to bound memory
REMEDY = "compile the network again; for keeping, pickle the Network, which every version reads"


def seal(network: Network, order: Order, circuit: Circuit | None) -> tuple[str, str]:
    """The version, and a digest over the network and all that was compiled from it."""
    import hashlib  # with OpenSSL a tenth of our import time

    sha = hashlib.sha256(f"{VERSION}\n{network.digest}\n{order.variables}\n".encode())
    if circuit is not None:
        numbers = (circuit.indicators, circuit.nodes, circuit.forward_runs, circuit.root)
        sha.update(repr((dict(circuit.first_indicator), numbers)).encode())
        for array in (circuit.constants, circuit.runs, circuit.pairs, circuit.slots, circuit.groups):
            sha.update(f"{array.dtype.str} {array.shape}".encode())
            sha.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return VERSION, sha.hexdigest()


def opened(
    version: str, digest: str, network: Network, order: Order, circuit: Circuit | None
) -> tuple[FactorSet, Compiled | None]:
    """The factors and the compiled circuit of a pickled engine; raises SpasmnetError if it cannot be used."""
    if version != VERSION:
        made = version if isinstance(version, str) and len(version) < 80 else "another version"
        raise SpasmnetError(f"this engine was pickled by spasmnet {made}, and this is {VERSION}: {REMEDY}")
    try:
        factors = factorise(network)
        sound = (
            sorted(order.variables) == sorted({v for factor in factors.factors for v in factor.scope})
            and (circuit is None or fits(circuit, [len(variable.states) for variable in network.variables]))
            and seal(network, order, circuit)[1] == digest
        )
    except (SpasmnetError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        sound = False
    if not sound:
        raise SpasmnetError(f"this pickled engine is damaged: {REMEDY}")
    variables = tuple(range(len(network)))
    return factors, None if circuit is None else Compiled(circuit, factors, order, variables, variables)


def fits(circuit: Circuit, states: list[int]) -> bool:
    """Whether a circuit for all variables, which have so many states, can be run: nothing lies outside its memory.

    All checks are over whole arrays and take some nanoseconds a product.
    """
    starts = dict(circuit.first_indicator)
    arrays = (circuit.constants, circuit.runs, circuit.pairs, circuit.slots, circuit.groups)
    numbers = (circuit.indicators, circuit.nodes, circuit.forward_runs, circuit.root, *starts, *starts.values())
    if not all(type(number) is int and 0 <= number <= LARGEST for number in numbers):
        return False
    if any(array.ndim != 1 or not array.flags.c_contiguous for array in arrays):
        return False
    if sorted(starts) != list(range(len(states))) or circuit.indicators != sum(states):
        return False
    leaves = np.concatenate([np.arange(starts[v], starts[v] + n) for v, n in enumerate(states)])
    constants, slots = circuit.constants, circuit.slots
    return bool(
        circuit.size <= LARGEST
        and np.array_equal(np.sort(leaves), np.arange(circuit.indicators))
        and np.array_equal(circuit.groups, states)
        and np.array_equal(slots[::2], leaves)
        and len(slots) == 2 * len(leaves)
        and ((slots[1::2] >= 0) & (slots[1::2] < circuit.size)).all()
        and circuit.root < circuit.size
        and (np.isfinite(constants) & (constants >= 0)).all()
        and _runs_fit(circuit)
    )


def _runs_fit(circuit: Circuit) -> bool:
    """Whether the runs make all nodes, and every product is of constants and of numbers that earlier runs made."""
    arity, count = circuit.runs[::2].astype(np.int64), circuit.runs[1::2].astype(np.int64)
    if len(arity) != len(count) or circuit.forward_runs > len(count) or (arity < 1).any() or (count < 1).any():
        return False
    if count.sum() != circuit.nodes or float(np.dot(arity.astype(float), count)) != len(circuit.pairs):
        return False
    made = np.repeat((circuit.indicators + np.cumsum(count) - count).astype(np.uint32), arity * count)
    operands = circuit.pairs.view(np.uint32).reshape(-1, 2)
    base = np.uint32(circuit.indicators + circuit.nodes)
    for begin in range(0, len(operands), BLOCK):
        block = operands[begin : begin + BLOCK]
        constant = (block >= base) & (block < np.uint32(circuit.size))
        if not (constant | (block < made[begin : begin + BLOCK, None])).all():
            return False
    return True
