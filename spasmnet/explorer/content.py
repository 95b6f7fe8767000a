"""What the explorer needs of a network, as plain data: its words, its circuit, and its numbers with their sources.

Every number of the network is a leaf of the circuit, so a browser can work out posteriors, and how they depend on each
number, with nothing but sums of products.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from spasmnet.errors import CircuitTooLargeError, SpasmnetError
from spasmnet.inference.engine import Engine, compile
from spasmnet.inference.program import Circuit
from spasmnet.model.network import Network, Variable
from spasmnet.model.words import name_of, plain, state_of
from spasmnet.parameters.vector import Numbers
from spasmnet.sensitivity.polynomial import Polynomial, polynomial
from spasmnet.triage.guidance import CARE_LEVELS, NOTICE, UNDETERMINED, Rule, guidance_of

FORMAT = 1
MOST_PRODUCTS = 2_000_000  # which a browser goes through in some 20 ms
MOST_LETTERS = 400  # of one text


def engine_of(what: Network | Engine) -> Engine:
    """The engine, or one for the network; raises SpasmnetError for anything else."""
    if not isinstance(what, (Network, Engine)):
        raise SpasmnetError(f"the explorer takes a network or an engine, not {type(what).__name__}")
    return what if isinstance(what, Engine) else compile(what)


def packed(engine: Engine) -> bytes:
    """The content as JSON, compressed (zlib)."""
    text = json.dumps(content(engine), separators=(",", ":"), allow_nan=False)
    return zlib.compress(text.encode("utf-8"), 9)


def content(engine: Engine) -> dict[str, Any]:
    """Everything that the explorer shows and works with.

    Raises SpasmnetError for a network whose circuit is too large for a browser.
    """
    network = engine.network
    query = _circuit(network)
    position = {name: i for i, name in enumerate(network.names)}
    labels = _distinct(map(name_of, network.variables), network.names)
    variables = zip(network.variables, labels, strict=True)
    return {
        "format": FORMAT,
        "name": plain(network.name),
        "title": _short(network.title or network.name),
        "stamp": plain(str(engine.provenance)),
        "notice": plain(network.intended_use) or NOTICE,
        "variables": [_variable(network, v, label, position, query.free[v.name][0]) for v, label in variables],
        "circuit": _program(query.circuit),
        "numbers": _numbers(network, query, position),
        "sources": {key: {"kind": plain(s.kind), "text": plain(s.citation())} for key, s in network.sources.items()},
        "flags": [
            _flag(rule, guidance_of(network).screening.threshold(rule), position)
            for rule in guidance_of(network).red_flags
        ],
        "screening": _screening(network, position),
        "levels": [*CARE_LEVELS, UNDETERMINED],
        "losses": _losses(network, position),
    }


def _circuit(network: Network) -> Polynomial:
    """P(findings) with an indicator for every state and a leaf for every number."""
    try:
        return polynomial(network, network.names, {}, derivatives=False, max_products=MOST_PRODUCTS)
    except CircuitTooLargeError as error:
        raise SpasmnetError(
            f"the explorer works in a browser, and there the network {network.name!r} is too large: its circuit would "
            f"have some {error.products:,} products, the most is {MOST_PRODUCTS:,}; ask the engine, or draw a part "
            f"with spasmnet.draw(network, around={network.names[0]!r})"
        ) from None


def _variable(network: Network, variable: Variable, label: str, position: dict[str, int], leaf: int) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": label,
        "about": _short(variable.question or variable.description or variable.name),
        "role": variable.role,
        "states": list(variable.states),
        "active": [variable.state_index(state) for state in variable.active],
        "labels": _distinct((state_of(variable, state) for state in variable.states), variable.states),
        "parents": [position[parent] for parent in network.cpds[variable.name].parents],
        "contested": [position[e.parent] for e in network.edges if e.child == variable.name and e.contested],
        "leaf": leaf,
    }


def _short(text: str) -> str:
    words = plain(text)
    return words if len(words) <= MOST_LETTERS else words[: MOST_LETTERS - 1] + "…"


def _distinct(labels: Iterable[str], names: Sequence[str]) -> list[str]:
    """Labels to click on and to hear: none blank, and no two alike, for which the name or else a number follows."""
    words = [_short(label if label.strip() else f"({name})") for label, name in zip(labels, names, strict=True)]
    count = Counter(words)
    named = [f"{word} ({_short(name)})" if count[word] > 1 else word for word, name in zip(words, names, strict=True)]
    count = Counter(named)
    return [f"{word} [{i}]" if count[word] > 1 else word for i, word in enumerate(named, 1)]


def _program(circuit: Circuit) -> dict[str, Any]:
    """The circuit's runs and products; of the products' factors only the differences, which compress well."""
    pairs = circuit.pairs
    left, right = pairs & 0xFFFFFFFF, pairs >> 32
    return {
        "leaves": circuit.indicators,
        "nodes": circuit.nodes,
        "constants": circuit.constants.tolist(),
        "root": circuit.root,
        "runs": circuit.runs.tolist(),
        "left": np.diff(left, prepend=0).tolist(),
        "right": np.diff(right, prepend=0).tolist(),
    }


def _numbers(network: Network, query: Polynomial, position: dict[str, int]) -> dict[str, Any]:
    """The numbers in blocks: the variable; 'table', 'leak' or a link's parent; how many; how many in a row.

    `sums` are the leaves behind the numbers, each the sum of numbers from a first to a last one. `cited` lists number,
    low, high, source, the place in it, and whether it is only what the others of its row leave.
    """
    numbers = query.numbers
    blocks = [
        [position[name], "table" if not prefix else "leak" if len(prefix) == 2 else prefix[0], prod(shape), shape[-1]]
        for name, _, prefix, shape in numbers.blocks
    ]
    return {
        "values": numbers.values.tolist(),
        "blocks": blocks,
        "sums": [ends.tolist() for ends in query.sums],
        "cited": list(chain.from_iterable(_cited(network, numbers, name) for name in network.names)),
    }


def _cited(network: Network, numbers: Numbers, name: str) -> list[list[Any]]:
    found = [(numbers.index((name, key)), parameter) for key, parameter in network.cpds[name].parameters.items()]
    return [[i, p.low, p.high, p.source, plain(p.where), p.complement] for i, p in found if i is not None]


def _flag(rule: Rule, threshold: float, position: dict[str, int]) -> dict[str, Any]:
    return {
        "id": plain(rule.id),
        "threshold": threshold,
        "text": plain(rule.text),
        "level": plain(rule.level),
        "when": [[position[name], list(states)] for name, states in rule.when.items()],
        "suspects": [position[name] for name in rule.suspects],
    }


def _screening(network: Network, position: dict[str, int]) -> dict[str, Any]:
    """The questions that must be answered, how many of them, and below which level."""
    screening = guidance_of(network).screening
    return {
        "questions": sorted(position[name] for name in screening.questions(guidance_of(network).red_flags)),
        "minimum": screening.minimum(guidance_of(network).red_flags),
        "rulesOut": CARE_LEVELS.index(screening.rules_out),
        "advice": plain(screening.advice),
    }


def _losses(network: Network, position: dict[str, int]) -> dict[str, Any] | None:
    losses = guidance_of(network).losses
    if losses is None:
        return None
    return {
        "burden": [losses.burden[level] for level in CARE_LEVELS],
        "harms": [
            {
                "variable": position[harm.variable],
                "states": list(harm.states),
                "loss": [harm.loss[level] for level in CARE_LEVELS],
            }
            for harm in losses.harms
        ],
    }
