"""Robustness: what changes when the model's numbers are other plausible ones, or rounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np

from spasmnet.assign import Place, cited_numbers, with_values
from spasmnet.engine import compile
from spasmnet.network import Network
from spasmnet.rules import CARE_LEVELS
from spasmnet.validation.files import Vignette
from spasmnet.validation.vignettes import Outcome, run_vignettes

MODE_WEIGHT = 4.0  # of a PERT distribution


@dataclass(frozen=True)
class Flips:
    """How often something flipped among `draws` networks: shares over all draws and vignettes, and by vignette.

    `cause` is that another cause leads, `accepted` that an accepted cause was among the first three and no longer is,
    `care` that the level changed, `lower` that it fell, `unsafe` that it is no longer safe.
    """

    name: str
    draws: int
    cause: float
    accepted: float
    care: float
    lower: float
    unsafe: float
    by_vignette: Mapping[str, tuple[float, float]]


def draw(network: Network, rng: np.random.Generator) -> dict[Place, float]:
    """All cited numbers drawn from their ranges: a PERT distribution over [low, high] with its mode at the value.

    Source: Malcolm DG, Roseboom JH, Clark CE, Fazar W (1959), Application of a technique for research and development
    program evaluation, Operations Research 7:646-669.
    """
    values = {}
    for place, p in cited_numbers(network).items():
        if p.high > p.low:
            a = 1 + MODE_WEIGHT * (p.value - p.low) / (p.high - p.low)
            values[place] = p.low + (p.high - p.low) * float(rng.beta(a, 2 + MODE_WEIGHT - a))
    return values


def rounded(network: Network, digits: int) -> dict[Place, float]:
    """All cited numbers, rounded to so many significant digits; what would become 1 stays as it is."""
    values = {}
    for place, p in cited_numbers(network).items():
        if 0 < p.value < 1:
            near = round(p.value, digits - 1 - floor(log10(p.value)))
            values[place] = near if near < 1 else p.value
    return values


def flips(
    network: Network,
    vignettes: Sequence[Vignette],
    name: str,
    draws: int,
    values: Callable[[], Mapping[Place, float]],
) -> Flips:
    """Compare the outcomes of the network with those under other numbers, `draws` times."""
    before = run_vignettes(compile(network), vignettes)
    found = np.array(
        [
            [_changes(old, new) for old, new in zip(before, run_vignettes(compile(changed), vignettes), strict=True)]
            for changed in (with_values(network, values()) for _ in range(draws))
        ],
        dtype=float,
    )
    cause, accepted, care, lower, unsafe = found.mean(axis=(0, 1)).tolist()
    rows = found.mean(axis=0)
    by_vignette = {v.id: (float(row[0]), float(row[2])) for v, row in zip(vignettes, rows, strict=True)}
    return Flips(name, draws, cause, accepted, care, lower, unsafe, by_vignette)


def _changes(old: Outcome, new: Outcome) -> tuple[bool, ...]:
    places = CARE_LEVELS.index(old.care), CARE_LEVELS.index(new.care)
    return (
        old.leading[0] != new.leading[0],
        1 <= old.rank <= 3 and not 1 <= new.rank <= 3,
        places[0] != places[1],
        places[1] < places[0],
        old.safe and not new.safe,
    )
