"""The level of care and the red flags of every case of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.table import read_cases, solve_cases
from spasmnet.triage.care import CareRule, Findings, Levels
from spasmnet.triage.guidance import CARE_LEVELS, UNDETERMINED

if TYPE_CHECKING:
    from spasmnet.inference.engine import Engine

Frame = TypeVar("Frame")
OK, CONTRADICTION = "ok", "contradiction"


def table_reports(engine: Engine, frame: Frame) -> Frame:
    """The level of care and the red flags of each row; see Engine.reports."""
    network, variables = engine.network, engine.network.variables
    cases = read_cases(network, frame)
    rule = CareRule(network)
    uncertain = {variables[v].name: np.where((w < 1).any(axis=1, keepdims=True), w, np.nan)
                 for v, w in cases.likelihoods.items()}  # fmt: skip
    needed = {harm.variable for harm in rule.harms} | {name for name, _ in rule.uncertain(uncertain)}
    targets = [i for i, name in enumerate(network.names) if name in needed or not (needed or i)]
    posteriors, log_evidence = solve_cases(engine, cases, targets, None)
    ends = np.cumsum([len(variables[i].states) for i in targets])[:-1]
    values = dict(zip((network.names[i] for i in targets), np.split(posteriors, ends, axis=1), strict=True))
    seen = {variables[v].name: cases.codes[:, i] for i, v in enumerate(cases.observed)}
    holding, levels, _ = rule.decide(Findings(len(cases), seen, uncertain), values)
    possible = ~np.isneginf(log_evidence)
    columns = {
        "level": _levels(levels, possible),
        "decided_by": _decided_by(levels, possible),
        "flags": _named(rule, holding.any),
        "unresolved_flags": _named(rule, holding.unresolved),
        "status": np.where(possible, OK, CONTRADICTION).astype(object),
    }
    about = {"evidence": cases.names, "provenance": engine.provenance.as_dict()}
    answers: Frame = _like(frame, columns, about)
    return answers


def _like(frame: Any, columns: dict[str, NDArray[Any]], about: dict[str, Any]) -> Any:
    """A frame of the same kind and with the same index, of these columns."""
    import narwhals as nw

    if isinstance(frame, nw.DataFrame):
        return nw.from_native(_like(frame.to_native(), columns, about), eager_only=True)
    if nw.dependencies.is_pandas_dataframe(frame):
        import pandas as pd

        made = pd.DataFrame(columns, index=frame.index)
        made.attrs["spasmnet"] = about
        return made
    lists = {n: [[*cell] if isinstance(cell, tuple) else cell for cell in cells] for n, cells in columns.items()}
    return nw.from_dict(lists, backend=nw.from_native(frame, eager_only=True).implementation).to_native()


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
