"""Robustness: what changes when the model's numbers are other plausible ones, or rounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import floor, log10

import numpy as np

from spasmnet.inference.engine import Engine, compile
from spasmnet.model.network import Network
from spasmnet.parameters.assignment import Place, cited_numbers, with_values
from spasmnet.triage.guidance import CARE_LEVELS
from spasmnet.triage.robustness import decision_robustness
from spasmnet.validation.files import Vignette
from spasmnet.validation.vignettes import Outcome, run_vignettes


@dataclass(frozen=True)
class Flips:
    """How often something flipped among `draws` networks: shares over all draws and vignettes, and by vignette.

    `cause` is that another cause leads, `accepted` that an accepted cause was among the first three and no longer is,
    `care` that the level changed, `lower` that it fell, `unsafe` that it is no longer safe. `by_source` shares out what
    changed (leading causes and levels) among the sources of the numbers, and counts the vignettes in which a number of
    a source alone overturns something.
    """

    name: str
    draws: int
    cause: float
    accepted: float
    care: float
    lower: float
    unsafe: float
    by_vignette: Mapping[str, tuple[float, float]]
    by_source: Mapping[str, tuple[float, int]] = field(default_factory=dict)


def rounded(network: Network, digits: int) -> dict[Place, float]:
    """All cited numbers, rounded to so many significant digits; what would become 1 stays as it is."""
    values = {}
    for place, p in cited_numbers(network).items():
        if 0 < p.value < 1:
            near = round(p.value, digits - 1 - floor(log10(p.value)))
            values[place] = near if near < 1 else p.value
    return values


def drawn_flips(engine: Engine, vignettes: Sequence[Vignette], draws: int, seed: int) -> Flips:
    """Compare the outcomes of the network with those of networks whose numbers are drawn from their ranges.

    Every vignette is asked of the same networks, in one batch each.
    """
    rows, shares = [], dict.fromkeys(sorted({p.source for p in cited_numbers(engine.network).values()}), (0.0, 0))
    for old in run_vignettes(engine, vignettes):
        found = decision_robustness(engine, old.vignette.findings, draws=draws, rng=np.random.default_rng(seed))
        new = (
            Outcome(old.vignette, tuple(found.rule.candidates[i] for i in order), CARE_LEVELS[care], "")
            for order, care in zip(found.drawn.order.tolist(), found.drawn.care.tolist(), strict=True)
        )
        rows.append(np.mean([_changes(old, outcome) for outcome in new], axis=0).tolist())
        for source, row in found.sources.iterrows():
            changed, alone = shares[str(source)]
            shares[str(source)] = changed + row["flips"], alone + bool(row["overturning"])
    total = sum(changed for changed, _ in shares.values()) or 1.0
    by_source = {source: (changed / total, alone) for source, (changed, alone) in shares.items()}
    return replace(_flips("drawn from their ranges", draws, vignettes, rows), by_source=by_source)


def flips(engine: Engine, vignettes: Sequence[Vignette], name: str, values: Mapping[Place, float]) -> Flips:
    """Compare the outcomes of the network with those under other numbers."""
    changed = compile(with_values(engine.network, values))
    pairs = zip(run_vignettes(engine, vignettes), run_vignettes(changed, vignettes), strict=True)
    return _flips(name, 1, vignettes, [[float(x) for x in _changes(old, new)] for old, new in pairs])


def _flips(name: str, draws: int, vignettes: Sequence[Vignette], rows: Sequence[Sequence[float]]) -> Flips:
    """The shares of changes, from those of each vignette."""
    cause, accepted, care, lower, unsafe = np.mean(rows, axis=0).tolist()
    by_vignette = {v.id: (row[0], row[2]) for v, row in zip(vignettes, rows, strict=True)}
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
