"""The level of care and the red flags of every case of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.table import encode, solve_rows
from spasmnet.triage.care import CareRule, Findings, Levels
from spasmnet.triage.guidance import CARE_LEVELS, UNDETERMINED

if TYPE_CHECKING:
    import pandas as pd

    from spasmnet.engine import Engine

OK, CONTRADICTION = "ok", "contradiction"


def table_reports(engine: Engine, frame: pd.DataFrame) -> pd.DataFrame:
    """The level of care and the red flags of each row; see Engine.reports."""
    import pandas as pd

    network = engine.network
    codes = encode(network, frame)
    columns = [str(name) for name in frame.columns]
    rule = CareRule(network)
    needed = {harm.variable for harm in rule.harms} or {network.names[0]}
    targets = [i for i, name in enumerate(network.names) if name in needed]
    posteriors, log_evidence = solve_rows(engine, codes, [network.names.index(n) for n in columns], targets, None)
    ends = np.cumsum([len(network.variables[i].states) for i in targets])[:-1]
    values = dict(zip((network.names[i] for i in targets), np.split(posteriors, ends, axis=1), strict=True))
    findings = Findings(len(frame), {name: codes[:, i] for i, name in enumerate(columns)})
    holding, levels, _ = rule.decide(findings, values)
    possible = ~np.isneginf(log_evidence)
    result = pd.DataFrame(
        {
            "level": _levels(levels, possible),
            "decided_by": _decided_by(levels, possible),
            "flags": _named(rule, holding.any),
            "unresolved_flags": _named(rule, holding.unresolved),
            "status": np.where(possible, OK, CONTRADICTION).astype(object),
        },
        index=frame.index,
    )
    result.attrs["spasmnet"] = {"evidence": columns, "provenance": engine.provenance.as_dict()}
    return result


def _levels(levels: Levels, possible: NDArray[np.bool_]) -> NDArray[Any]:
    """The levels by name; of a contradiction the floor, and without one nothing can be told."""
    names = np.array([*CARE_LEVELS, UNDETERMINED, ""], dtype=object)  # -1 finds the last
    floor = np.where(levels.floor < 0, len(CARE_LEVELS), levels.floor)
    return np.asarray(names[np.where(possible, levels.told, floor)])


def _decided_by(levels: Levels, possible: NDArray[np.bool_]) -> NDArray[Any]:
    by_flag = (levels.floor >= 0) & ((levels.floor == levels.level) | ~possible)
    found = np.where(by_flag, "red flag", np.where(levels.preferred >= 0, "expected loss", "")).astype(object)
    found[possible & levels.undetermined] = "too few answers"
    found[~possible & ~by_flag] = CONTRADICTION
    return found


def _named(rule: CareRule, which: NDArray[np.bool_]) -> NDArray[Any]:
    """The names of some flags in each row, as a tuple: each combination is made once."""
    patterns, back = np.unique(np.packbits(which, axis=1), axis=0, return_inverse=True)
    found = np.empty(len(patterns), dtype=object)
    for i, bits in enumerate(np.unpackbits(patterns, axis=1, count=len(rule.flags))):
        found[i] = tuple(rule.flags[k].id for k in np.flatnonzero(bits).tolist())
    return np.asarray(found[back.ravel()])
