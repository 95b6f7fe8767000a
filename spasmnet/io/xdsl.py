"""XDSL, the format of GeNIe and SMILE: tables, noisy-MAX and deterministic variables, kept as what they are.

In a <noisymax> the states of the variable stand from the strongest effect to none, and <strengths> lists the states of
each parent in the same way, as positions; the last of them contributes nothing. <parameters> holds, for each parent in
turn and for each of its states in that order, the distribution that this state brings about alone, and at the end the
leak. Here the state without effect stands first. So the states of a noisy-MAX variable come in the opposite order, and
those of a parent whose neutral state is not its first in another one.

Source: BayesFusion, SMILE programmer's manual, "Noisy-MAX" (the table always follows the order of strengths, its last
column is the leak, and each parent's last column is 0 but for its last element).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import prod
from xml.etree.ElementTree import Element

import numpy as np

from spasmnet.errors import FormatError, ModelError, Problem, suggest
from spasmnet.io.declared import (
    MAX_AXES,
    MAX_ENTRIES,
    NEGLIGIBLE,
    Declared,
    Draft,
    Floats,
    Reader,
    Shape,
    numbers,
    shaped,
    table,
)
from spasmnet.io.xml import escaped, parse, texts
from spasmnet.model.cpd import Deterministic, NoisyMax
from spasmnet.model.network import ROW_SUM_TOLERANCE, Network

_INFLUENCE = (
    "belongs to an influence diagram, not to a Bayesian network; remove decisions and utilities, "
    "or in GeNIe change the type of a decision to Chance"
)
_GENERAL = "is not read; in GeNIe, change its type to General, which writes its table out"
_REFUSED = {
    "decision": f"is a decision, which {_INFLUENCE}",
    "utility": f"is a utility, which {_INFLUENCE}",
    "mau": f"is a sum of utilities (MAU), which {_INFLUENCE}",
    "equation": "is continuous (an equation), and only discrete variables can be held; discretise it in GeNIe",
    "noisyadder": f"is a noisy adder, which {_GENERAL}",
    "demorgan": f"is a DeMorgan gate, which {_GENERAL}",
    "cast": f"is a CAST gate, which {_GENERAL}",
}
_ROUNDING = 0.01  # how far printed rounding may put a sum off at most
_NEUTRAL = 1e-9  # how far the column of a neutral state may be from 0, …, 0, 1


@dataclass(frozen=True)
class _NoisyColumns:
    """A <noisymax> with states in the order of the file; `neutral` is the position of each parent's neutral state."""

    parents: tuple[str, ...]
    leak: Floats
    links: tuple[Floats, ...]
    neutral: tuple[int, ...]


def scan(text: str | bytes, origin: str) -> Declared:
    """What an XDSL text declares; its nodes stand side by side or in submodels.

    Where two noisy-MAX of a file need the states of a variable in different orders, the later one becomes a full table,
    and the notes of what is returned say so.
    """
    root = parse(text, "smile", origin)
    if root.find("nodes") is None:
        raise FormatError(f"{origin}: there is no <nodes>")
    if root.find("dynamic") is not None:
        raise FormatError(f"{origin}: a dynamic network cannot be held; unroll it first")
    by_agrum = any(element.get("app", "").startswith("aGrUM") for element in root.iter("genie"))
    draft = Draft()
    draft.name = root.get("id", "")
    problems = []
    for node in _nodes(root):
        variable, parents = node.get("id", ""), " ".join(texts(node, "parents")).split()
        if node.tag not in ("cpt", "noisymax", "deterministic"):
            reason = _REFUSED.get(node.tag, f"is a <{node.tag}>; only <cpt>, <noisymax> and <deterministic> are read")
            problems.append(Problem(f"variables.{variable}", reason))
            continue
        if by_agrum and len(parents) > 1:
            fault = "which lists the rows of several parents in another order than GeNIe; save it as BIF"
            raise FormatError(f"{origin}: {variable!r} was written by aGrUM, {fault}")
        states = [state.get("id", "") for state in node if state.tag == "state"]
        draft.variable(variable, states)
        if node.tag == "deterministic":
            draft.table(variable, parents, _deterministic(_only(node, "resultingstates", origin), parents, states))
        elif node.tag == "cpt":
            draft.table(variable, parents, table(_only(node, "probabilities", origin)))
        else:
            strengths = " ".join(texts(node, "strengths"))
            draft.table(variable, parents, _noisy(_only(node, "parameters", origin), strengths, parents))
    if problems:
        raise ModelError(problems, origin)
    return _neutral_first(draft.declared(origin), origin)


def _nodes(root: Element) -> Iterator[Element]:
    """The nodes in their order, whether or not they stand in submodels."""
    waiting = [element for element in root if element.tag == "nodes"]
    while waiting:
        element = waiting.pop()
        if element.tag in ("nodes", "submodel"):
            waiting.extend(reversed(element))
        elif element.tag != "property":
            yield element


def _deterministic(text: str, parents: Sequence[str], states: Sequence[str]) -> Reader:
    """A reader of the state that each combination of the parents' states results in."""
    position = {state: at for at, state in enumerate(states)}

    def read(shape: Shape) -> tuple[Deterministic, float]:
        results = text.split()
        if unknown := next((result for result in results if result not in position), None):
            raise ValueError(f"there is no state {unknown!r}; {suggest(unknown, states, show_all=True)}")
        if len(results) != prod(shape[:-1]):
            raise ValueError(f"has {len(results):,} results, but its parents' states make {prod(shape[:-1]):,}")
        outcome = np.reshape([position[result] for result in results], shape[:-1])
        return Deterministic(parents, outcome, shape[-1]), 0.0

    return read


def _noisy(text: str, strengths: str, parents: Sequence[str]) -> Reader:
    """A reader of a noisy-MAX: a distribution for each state of each parent, from the strongest on, then the leak."""

    def read(shape: Shape) -> tuple[_NoisyColumns, float]:
        *sizes, count = shape
        columns = _even(*shaped(numbers(text), (sum(sizes) + 1, count)))
        order = _strengths(strengths, sizes)
        links, neutral = [], []
        ends = list(accumulate(sizes))
        for parent, size, end, positions in zip(parents, sizes, ends, order, strict=True):
            link = np.empty((size, count))
            link[positions] = columns[end - size : end]
            if np.abs(columns[end - 1] - np.eye(count)[-1]).max() > _NEUTRAL:
                raise ValueError(f"the last column of parent {parent} has to be 0 but for its last number, which is 1")
            link[positions[-1]] = np.eye(count)[-1]
            links.append(link)
            neutral.append(positions[-1])
        return _NoisyColumns(tuple(parents), columns[-1], tuple(links), tuple(neutral)), 0.0

    return read


def _even(columns: Floats, unit: float) -> Floats:
    """The columns divided by their sums where printed rounding has put these off; raises ValueError for others."""
    sums = columns.sum(axis=-1, keepdims=True)
    error = np.abs(sums - 1)
    if not (error <= max(NEGLIGIBLE, min(_ROUNDING, columns.shape[-1] * unit / 2)) + ROW_SUM_TOLERANCE).all():
        place = int(error.argmax())
        raise ValueError(f"column {place + 1} of its parameters sums to {float(sums[place, 0])!r}, not to 1")
    return np.where(error > ROW_SUM_TOLERANCE, columns / sums, columns)


def _strengths(text: str, sizes: Sequence[int]) -> list[list[int]]:
    """For each parent the positions of its states from the strongest effect to none; as declared if nothing is said."""
    if not text.strip():
        return [list(range(size)) for size in sizes]
    listed = [int(word) if word.isdecimal() and len(word) < 10 else -1 for word in text.split()]
    ends = list(accumulate(sizes))
    order = [listed[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    if len(listed) != sum(sizes) or any(sorted(one) != list(range(len(one))) for one in order):
        raise ValueError(f"its strengths have to list the positions of each parent's {sizes} states once")
    return order


def _neutral_first(declared: Declared, origin: str) -> Declared:
    """The same network with states in such an order that the state without effect stands first."""
    order: dict[str, list[int]] = {}
    notes = []
    values = dict(declared.values)
    for name, columns in declared.values.items():
        if not isinstance(columns, _NoisyColumns):
            continue
        needed = _needed(name, columns, declared)
        if needed and all(order.get(other, mine)[0] == mine[0] for other, mine in needed.items()):
            order = needed | order
        else:
            try:
                values[name] = _expanded(columns)
            except ValueError as error:
                raise ModelError([Problem(f"variables.{name}.cpd", str(error))], origin) from None
            notes.append(f"the noisy-MAX {name!r} was read as a full table: its states' order clashes with another's")
    everything = {name: order.get(name, list(range(len(states)))) for name, states in declared.states.items()}
    return replace(
        declared,
        states={name: tuple(states[at] for at in everything[name]) for name, states in declared.states.items()},
        values={name: _reordered(name, declared.parents[name], values[name], everything) for name in declared.values},
        notes=(*declared.notes, *notes),
    )


def _needed(name: str, columns: _NoisyColumns, declared: Declared) -> dict[str, list[int]]:
    """The orders in which the states of a noisy-MAX and of its parents begin with the one without effect."""
    needed = {name: list(reversed(range(len(declared.states[name]))))}
    for parent, neutral in zip(columns.parents, columns.neutral, strict=True):
        positions = range(len(declared.states[parent]))
        first = [neutral, *(at for at in positions if at != neutral)]
        needed[parent] = list(reversed(positions)) if neutral == len(positions) - 1 else first
    return needed


def _expanded(columns: _NoisyColumns) -> Floats:
    """The table of a noisy-MAX, states in the order of the file."""
    shape = (*map(len, columns.links), len(columns.leak))
    if prod(shape) > MAX_ENTRIES or len(shape) > MAX_AXES:
        raise ValueError(f"as a full table it has {prod(shape):,} entries and {len(shape) - 1} parents, too many")
    firsts = [[at, *range(at), *range(at + 1, size)] for at, size in zip(columns.neutral, shape, strict=False)]
    links = [link[first, ::-1] for link, first in zip(columns.links, firsts, strict=True)]
    table = NoisyMax(columns.parents, columns.leak[::-1], links).table()[..., ::-1]
    return table[np.ix_(*(np.argsort(first) for first in firsts), np.arange(shape[-1]))]


def _reordered(
    name: str, parents: Sequence[str], values: Floats | _NoisyColumns | Deterministic, order: Mapping[str, list[int]]
) -> Floats | NoisyMax | Deterministic:
    """A distribution after the states of its variable and of its parents have been put into another order."""
    own, given = order[name], [order[parent] for parent in parents]
    if isinstance(values, _NoisyColumns):
        links = [link[positions][:, own] for positions, link in zip(given, values.links, strict=True)]
        return NoisyMax(parents, values.leak[own], links)
    if isinstance(values, Deterministic):
        return Deterministic(parents, np.argsort(own)[values.outcome[np.ix_(*given)]], values.states)
    return values[np.ix_(*given, own)]


def _only(node: Element, tag: str, origin: str) -> str:
    found = [text for text in texts(node, tag) if text]
    if len(found) != 1:
        who = node.get("id") or "without a name"
        raise FormatError(f"{origin}: <{node.tag}> {who} needs exactly one <{tag}> that is not empty")
    return found[0]


def text(network: Network) -> str:
    """The network as XDSL, every number with all its digits; noisy-MAX with its states from the strongest to none.

    Raises FormatError for names with blanks, which the format uses to separate names. GeNIe itself wants names of
    letters, digits and underscores.
    """
    if blank := next((name for name in network.names if len(name.split()) != 1 or name != name.strip()), None):
        raise FormatError(f"XDSL separates names by blanks, and so cannot hold the name {blank!r}")
    noisy = {name for name in network.names if isinstance(network.cpds[name], NoisyMax)}
    states = {v.name: v.states[:: -1 if v.name in noisy else 1] for v in network.variables}
    nodes = [line for name in network.order for line in _node(network, name, states)]
    identity = f'<smile version="1.0" id="{escaped(network.name)}" numsamples="10000" discsamples="10000">'
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', identity, "<nodes>", *nodes, "</nodes>", "</smile>", ""]
    )


def _node(network: Network, name: str, states: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The lines of a node; `states` are in the order of the file, which a noisy-MAX turns round."""
    cpd = network.cpds[name]
    order = {
        other: [network.by_name[other].states.index(state) for state in states[other]] for other in (name, *cpd.parents)
    }
    kind = "cpt"
    if isinstance(cpd, NoisyMax):
        kind = "noisymax"
        strengths = [" ".join(str(order[p].index(u)) for u in reversed(range(len(order[p])))) for p in cpd.parents]
        content = [f"  <strengths>{' '.join(strengths)}</strengths>"] if strengths else []
        columns = np.concatenate([*(link[::-1, ::-1] for link in cpd.links), cpd.leak[None, ::-1]])
        content.append(_numbers("parameters", columns))
    elif isinstance(cpd, Deterministic) and all(len(state.split()) == 1 for state in states[name]):
        kind = "deterministic"
        outcome = cpd.outcome[np.ix_(*(order[parent] for parent in cpd.parents))].ravel().tolist()
        results = escaped(" ".join(states[name][at] for at in outcome))
        content = [f"  <resultingstates>{results}</resultingstates>"]
    else:
        table = cpd.table()[np.ix_(*(order[other] for other in (*cpd.parents, name)))]
        content = [_numbers("probabilities", table)]
    listed = [f'  <state id="{escaped(state)}" />' for state in states[name]]
    parents = [f"  <parents>{escaped(' '.join(cpd.parents))}</parents>"] if cpd.parents else []
    return [f'<{kind} id="{escaped(name)}">', *listed, *parents, *content, f"</{kind}>"]


def _numbers(tag: str, values: Floats) -> str:
    """The numbers on one line, as GeNIe has them and as readers expect them that split at single blanks."""
    return f"  <{tag}>{' '.join(map(repr, values.ravel().tolist()))}</{tag}>"
