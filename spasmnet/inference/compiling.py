"""From a network to a circuit: factors, an elimination order, nodes, a program (one file a stage)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from sys import float_info

from spasmnet.errors import CircuitTooLargeError
from spasmnet.inference.elimination import MAX_MEMORY, OutOfRoom, eliminate
from spasmnet.inference.factors import FactorSet, factorise
from spasmnet.inference.order import Order, elimination_order
from spasmnet.inference.program import Circuit, finish
from spasmnet.model.network import Network

MAX_PRODUCTS = 50_000_000

__all__ = [
    "MAX_MEMORY",
    "MAX_PRODUCTS",
    "Circuit",
    "Compiled",
    "FactorSet",
    "Order",
    "build_circuit",
    "compile_circuit",
    "elimination_order",
    "factorise",
    "too_large",
]


@dataclass(frozen=True)
class Compiled:
    """A circuit together with what it was made from."""

    circuit: Circuit
    factors: FactorSet
    order: Order
    observable: tuple[int, ...]
    targets: tuple[int, ...]


def compile_circuit(
    network: Network,
    targets: Collection[str] | None = None,
    observable: Collection[str] | None = None,
    *,
    expand: bool = False,
    max_products: int = MAX_PRODUCTS,
    max_memory: float = MAX_MEMORY,
) -> Compiled:
    """A circuit for the posteriors of `targets` given evidence on `observable` variables (both default to all).

    Variables below all of these are left out. With `expand` every distribution is a full table, as finding the most
    probable explanation requires. Raises CircuitTooLargeError before anything large is allocated.
    """
    asked = set(network.names if targets is None else targets)
    seen = asked | set(network.names if observable is None else observable)
    factors = factorise(network, keep=seen, chain_from=0 if expand else 4)
    return build_circuit(network, factors, elimination_order(factors), asked, seen, max_products, max_memory)


def build_circuit(
    network: Network,
    factors: FactorSet,
    order: Order,
    asked: Collection[str],
    seen: Collection[str],
    max_products: int,
    max_memory: float = MAX_MEMORY,
) -> Compiled:
    """The circuit of some factors, eliminated in an order; `asked` are the targets, `seen` has indicators.

    Raises CircuitTooLargeError before the limits, of products and of bytes, are passed.
    """
    if order.size > max_products:
        raise too_large(network, order, max_products)
    cards = {i: len(variable.states) for i, variable in enumerate(network.variables) if variable.name in seen}
    try:
        nodes, root, firsts = eliminate(factors, order.variables, cards, max_memory)
    except OutOfRoom:
        raise too_large(network, order, max_products, max_memory) from None
    wanted = {i: states for i, states in cards.items() if network.names[i] in asked}
    circuit = finish(nodes, root, dict(zip(cards, firsts.tolist(), strict=True)), wanted)
    return Compiled(circuit, factors, order, tuple(cards), tuple(wanted))


def too_large(
    network: Network, order: Order, max_products: int, max_memory: float = MAX_MEMORY
) -> CircuitTooLargeError:
    """The error for a circuit above the limits."""
    products = int(min(order.size, float_info.max))
    memory = int(max_memory) if order.size <= max_products else 0
    return CircuitTooLargeError(network.name, order.width, products, max_products, memory)
