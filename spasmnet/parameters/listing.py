"""All numbers of a network in declared order: their words, values, ranges and sources, which no question changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.model.cpd import NoisyMax, Table
from spasmnet.model.network import Network
from spasmnet.parameters.names import Place, parameters
from spasmnet.parameters.vector import Numbers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.object_]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Listing:
    """One entry a number: its place, its name, variable, state and `given` in words, and what is cited for it.

    `owner` is the position of its variable; `low` and `high` are NaN for numbers without a cited range. `alone` are
    those of which all others of the row are 0, so that the proportional rule of co-variation is undefined. `starts`
    tells where the numbers of a table begin, (variable, None), or of a leak, (variable, -1), or a link, (variable,
    parent).
    """

    places: tuple[Place, ...]
    name: Words
    variable: Words
    state: Words
    given: Words
    owner: Ints
    value: Floats
    low: Floats
    high: Floats
    source: Words
    where: Words
    alone: Bools
    starts: dict[tuple[str, int | None], int]

    @cached_property
    def by_name(self) -> dict[str, Place]:
        """The place of each number by its name."""
        return dict(zip(self.name.tolist(), self.places, strict=True))

    @cached_property
    def by_place(self) -> dict[Place, int]:
        """Where each place stands."""
        return {place: i for i, place in enumerate(self.places)}

    def of(self, numbers: Numbers) -> Ints:
        """For each number of a query where it stands here, or -1 for the first state of a leak or link."""
        found = np.full(len(numbers.values), -1, dtype=np.int64)
        for name, first, prefix, shape in numbers.blocks:
            if not prefix:
                size = int(np.prod(shape))
                found[first : first + size] = self.starts[name, None] + np.arange(size)
                continue
            states = shape[-1]
            rows = int(np.prod(shape)) // states
            block = np.full((rows, states), -1, dtype=np.int64)
            block[:, 1:] = self.starts[name, prefix[0]] + np.arange(rows * (states - 1)).reshape(rows, states - 1)
            found[first : first + rows * states] = block.ravel()
        return found


def listing(network: Network) -> Listing:
    """The listing of a network."""
    names: list[str] = []
    state: list[str] = []
    given: list[str] = []
    values: list[Any] = [np.zeros(0)]
    alone: list[Bools] = [np.zeros(0, dtype=bool)]
    owner: list[int] = []
    starts: dict[tuple[str, int | None], int] = {}
    for position, variable in enumerate(network.variables):
        cpd, begin = network.cpds[variable.name], len(names)
        parents = [network.by_name[parent] for parent in cpd.parents]
        if isinstance(cpd, Table):
            starts[variable.name, None] = begin
            rows = [""]
            for parent in parents:
                rows = [f"{row}{', ' if row else ''}{parent.name}={s}" for row in rows for s in parent.states]
            heads = [f"P({variable.name}={s}" for s in variable.states]
            for row in rows:
                end = f" | {row})" if row else ")"
                names += [head + end for head in heads]
            given += [row for row in rows for _ in variable.states]
            state += variable.states * len(rows)
            values.append(cpd.values.ravel())
            alone.append(_alone(cpd.values).ravel())
        elif isinstance(cpd, NoisyMax):
            ends = [f" of {variable.name}: {s}" for s in variable.states[1:]]
            parts = [(-1, "leak", cpd.leak)]
            for i, (parent, link) in enumerate(zip(parents, cpd.links, strict=True)):
                parts += [
                    (i, f"link {parent.name}={s}", row) for s, row in zip(parent.states[1:], link[1:], strict=True)
                ]
            for i, words, numbers in parts:
                starts.setdefault((variable.name, i), len(names))
                names += [words + end for end in ends]
                given += [words] * len(ends)
                state += variable.states[1:]
                values.append(numbers[1:])
                alone.append(_alone(numbers)[1:])
        owner += [position] * (len(names) - begin)
    places = tuple(parameters(network))
    at = {place: i for i, place in enumerate(places)} if any(c.parameters for c in network.cpds.values()) else {}
    cited = [(at[n, key], p) for n, c in network.cpds.items() for key, p in c.parameters.items() if (n, key) in at]
    low, high = np.full(len(names), np.nan), np.full(len(names), np.nan)
    source, where = _words([""] * len(names)), _words([""] * len(names))
    for i, parameter in cited:
        low[i], high[i], source[i], where[i] = parameter.low, parameter.high, parameter.source, parameter.where
    by_owner = np.array(owner, dtype=np.int64)
    variable_names = _words(list(network.names))[by_owner]
    all_values = np.concatenate(values)
    return Listing(
        places, _words(names), variable_names, _words(state), _words(given), by_owner, all_values, low, high, source,
        where, np.concatenate(alone), starts,
    )  # fmt: skip


def _alone(rows: Floats) -> Bools:
    """For each number whether the others of its row (last axis) are all 0; never in a row of one."""
    others = (rows > 0).sum(axis=-1, keepdims=True) - (rows > 0)
    return np.asarray((others == 0) & (rows.shape[-1] > 1))


def _words(texts: list[str]) -> Words:
    found = np.empty(len(texts), dtype=object)
    found[:] = texts
    return found
