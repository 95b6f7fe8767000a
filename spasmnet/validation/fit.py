"""Fitting the model to its figures: as few numbers as possible, moved as little as possible, within their ranges.

    python -m spasmnet.validation.fit [TARGET …]

prints proposals, for the named targets or for all that are missed; a person decides, for a reason that a source gives,
and enters them in the model file. Vignettes are never looked at here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.engine import compile
from spasmnet.io import catalogue
from spasmnet.io.reading import load
from spasmnet.model.cpd import NoisyMax
from spasmnet.model.network import Network
from spasmnet.parameters.assignment import Place, cited_numbers, with_values
from spasmnet.validation.calibration import Verdict, answer, calibrate
from spasmnet.validation.files import Target, read_targets

STEP = 0.05  # of a range, for the slopes
MARGIN = 0.1  # of an interval, inside its bound
TRIES = 12  # proposals that are checked for one target

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Proposal:
    """A number that would meet a target: its place, old and new value, and the part of its range that it moves by."""

    target: str
    place: Place
    old: float
    new: float
    moved: float


def propose(network: Network, targets: Sequence[Target], missed: Sequence[str] = ()) -> Iterator[Proposal]:
    """For each missed target the number that meets it by the smallest move within its range, if there is one.

    A proposal must not make a target that is met now be missed. Accepted proposals stay in force for those that follow.
    """
    values: dict[Place, float] = {}
    for verdict in calibrate(compile(network), targets):
        if verdict.met or (missed and verdict.target.id not in missed):
            continue
        found = _best(with_values(network, values), targets, verdict)
        if found is not None:
            values[found.place] = found.new
            yield found


def _best(network: Network, targets: Sequence[Target], verdict: Verdict) -> Proposal | None:
    target, now = verdict.target, answer(compile(network), verdict.target)
    inside = MARGIN * (target.high - target.low)
    wanted = target.low + inside if now < target.low else target.high - inside
    met = {v.target.id for v in calibrate(compile(network), targets) if v.met}
    moves = []
    for place, slope in slopes(network, target, now).items():
        parameter = cited_numbers(network)[place]
        value = _value(network, place)
        new = value + (wanted - now) / slope if slope else value
        width = parameter.high - parameter.low
        if slope and parameter.low <= new <= parameter.high:
            moves.append((abs(new - value) / width, place, value, float(f"{new:.2g}")))
    for moved, place, old, new in sorted(moves)[:TRIES]:
        after = {v.target.id: v for v in calibrate(compile(with_values(network, {place: new})), targets)}
        if after[target.id].met and all(after[name].met for name in met):
            return Proposal(target.id, place, old, new, moved)
    return None


def slopes(network: Network, target: Target, now: float) -> Mapping[Place, float]:
    """How fast the answer changes with each cited number, by moving it a little within its range."""
    found = {}
    for place, parameter in cited_numbers(network).items():
        width, value = parameter.high - parameter.low, _value(network, place)
        if width > 0:
            step = STEP * width if value + STEP * width <= parameter.high else -STEP * width
            moved = compile(with_values(network, {place: value + step}))
            found[place] = (calibrate(moved, [target])[0].answer - now) / step
    return found


def _value(network: Network, place: Place) -> float:
    """The number in force, which with_values may have replaced."""
    cpd = network.cpds[place.variable]
    if isinstance(cpd, NoisyMax):
        row = cpd.leak if place.key[0] < 0 else cpd.links[place.key[0]][place.key[1]]
        return float(row[place.key[-1]])
    return float(cpd.table()[place.key])


def main() -> None:
    """Print the proposals for the shipped model."""
    network = load()
    targets = read_targets(catalogue.companion("calibration"), network).items
    for p in propose(network, targets, sys.argv[1:]):
        variable = network.by_name[p.place.variable].name
        print(f"{p.target}: {variable} {p.place.key}: {p.old:g} -> {p.new:g} ({p.moved:.0%} of its range)")


if __name__ == "__main__":
    main()
