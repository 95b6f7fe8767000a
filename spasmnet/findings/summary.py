"""Evidence sensitivity of a table of cases: which findings count, and which open questions could, in a population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError
from spasmnet.findings.measures import divergence, entropy, information, relative_change, weight
from spasmnet.findings.query import Event, checked_engine, read_event
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Provenance
from spasmnet.inference.table import Cases, read_cases, solve_rows
from spasmnet.views import Shown

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
CHUNK = 2_000_000  # probabilities that are kept at once


@dataclass(frozen=True, eq=False)
class EvidenceSummary(Shown):
    """Evidence sensitivity over the cases of a table.

    `cases` has the table's index: belief, before, conflict (bits), and the finding with the largest cost of omission
    (None without findings). `unobserved` and `findings` have one row a variable, the most informative first. Means are
    over the cases in which the variable was not observed, and was. In `findings`, mean_size is the mean size of the
    weight of evidence (nats) where it is finite, and infinite counts the cases where it is not.
    """

    event: Event
    cases: pd.DataFrame
    unobserved: pd.DataFrame
    findings: pd.DataFrame
    provenance: Provenance

    def __repr__(self) -> str:
        return f"<EvidenceSummary of {self.event} in {len(self.cases):,} cases>"


def summarise(engine: Engine, target: Any, table: pd.DataFrame, thresholds: tuple[float, float]) -> EvidenceSummary:
    """Evidence sensitivity of every case of a table, in few batches, and its summary; see `evidence_sensitivity`.

    In a whole variable the focus of a case is its most probable state.

    Raises TableError, ImpossibleEvidenceError with the row, and EvidenceError if the target is observed in a case.
    """
    import pandas as pd

    network = checked_engine(engine).network
    event = read_event(network, target)
    known = read_cases(network, table).certain("evidence_sensitivity")
    codes, columns = known.codes, known.observed
    at = network.names.index(event.variable)
    if at in columns and (codes[:, columns.index(at)] >= 0).any():
        row = known.label(int(np.flatnonzero(codes[:, columns.index(at)] >= 0)[0]))
        raise EvidenceError(
            f"the target {event.variable} is observed in row {row!r}; drop its column, or ask for another target"
        )
    cases = np.full((len(codes), len(network)), -1, dtype=np.int16)
    cases[:, columns] = codes
    slots = sum(len(v.states) for v in network.variables) * (1 + len(network.variables[at].states))
    size = max(1, CHUNK // slots)
    parts = [_Part.of(engine, event, at, cases[i : i + size], known, i) for i in range(0, len(cases), size)]
    whole = _Part(*(np.concatenate(arrays) for arrays in zip(*(vars(part).values() for part in parts), strict=True)))
    leading = [network.names[i] if i >= 0 else None for i in whole.leading.tolist()]
    index = pd.Index(known.labels)
    return EvidenceSummary(
        event,
        pd.DataFrame(
            {
                "belief": whole.belief,
                "before": whole.before,
                "conflict": whole.conflict,
                "leading": pd.Series(leading, index=index, dtype=object),
            },
            index=index,
        ),
        _open(network.names, at, whole),
        _at_hand(network.names, columns, whole, thresholds),
        engine.provenance,
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """Some cases: what is known of each (first axis), and of each variable in it (second axis; NaN does not apply)."""

    belief: Floats
    before: Floats
    conflict: Floats
    leading: NDArray[np.int64]
    mutual: Floats
    share: Floats
    variance: Floats
    span: Floats
    weight: Floats
    cost: Floats
    changed: Floats

    @classmethod
    def of(cls, engine: Engine, event: Event, at: int, cases: Any, table: Cases, first: int) -> _Part:
        network, n = engine.network, len(cases)
        states = len(network.variables[at].states)
        everything = list(range(len(network)))
        starts = np.cumsum([0, *(len(v.states) for v in network.variables)]).tolist()

        def ask(rows: Any, targets: list[int]) -> tuple[Floats, Floats]:
            used = np.flatnonzero((rows >= 0).any(axis=0)).tolist()
            return solve_rows(engine, np.ascontiguousarray(rows[:, used]), used, targets, None)

        rows = np.repeat(cases[None], 1 + states, axis=0)
        rows[1:, :, at] = np.arange(states)[:, None]
        posteriors, log_evidence = ask(rows.reshape(-1, len(network)), everything)
        posteriors[np.isneginf(log_evidence)] = 0.0
        posteriors, log_e = posteriors.reshape(1 + states, n, -1), log_evidence[:n]
        for i in np.flatnonzero(np.isneginf(log_e))[:1].tolist():
            seen = {network.names[v]: network.variables[v].states[s] for v, s in enumerate(cases[i].tolist()) if s >= 0}
            raise engine.impossible(seen, table.label(first + i), in_table=True)
        p_target = posteriors[0, :, starts[at] : starts[at + 1]]
        now = p_target @ event.groups
        y = now.argmax(axis=1) if event.whole else np.zeros(n, dtype=np.int64)
        each = np.arange(n)
        found = {key: np.full((n, len(network)), np.nan) for key in ("mutual", "share", "variance", "span")}
        total = entropy(now)
        for v in everything:
            open_in = np.flatnonzero(cases[:, v] < 0)
            if v == at or not len(open_in):
                continue
            given = posteriors[1:, open_in, starts[v] : starts[v + 1]]
            joint = np.einsum("tg,nt,tnx->ngx", event.groups, p_target[open_in], given)
            known = information(joint)
            found["mutual"][open_in, v] = known.mutual
            found["share"][open_in, v] = known.mutual / np.where(total[open_in] > 0, total[open_in], 1.0)
            found["variance"][open_in, v] = known.variance * (1.0 if event.whole else 0.5)
            found["span"][open_in, v] = (known.high - known.low).max(axis=1)
        in_case, variable = np.nonzero(cases >= 0)
        less = cases[in_case]
        less[np.arange(len(less)), variable] = -1
        shape = (n, len(network))
        weights, cost, changed = (np.full(shape, np.nan) for _ in range(3))
        single, log_single = np.full((1, len(network)), -1, dtype=np.int16), np.zeros(shape)
        none = ask(single, [at])[0][0] @ event.groups
        if len(less):
            without = ask(less, [at])[0] @ event.groups
            with_it, chosen, k = now[in_case], y[in_case], np.arange(len(less))
            against, against_before = (np.where(event_mask(chosen, p.shape[1]), 0.0, p).sum(axis=1)
                                       for p in (with_it, without))  # fmt: skip
            weights[in_case, variable] = weight(with_it[k, chosen], against, without[k, chosen], against_before)
            cost[in_case, variable] = divergence(with_it, without)
            changed[in_case, variable] = relative_change(without[k, chosen], with_it[k, chosen])
            pairs, back = np.unique(np.stack([variable, cases[in_case, variable]], axis=1), axis=0, return_inverse=True)
            alone = np.full((len(pairs), len(network)), -1, dtype=np.int16)
            alone[np.arange(len(pairs)), pairs[:, 0]] = pairs[:, 1]
            log_single[in_case, variable] = ask(alone, [at])[1][back.ravel()]
        leading = np.where(cases.max(axis=1) >= 0, np.where(np.isnan(cost), -1.0, cost).argmax(axis=1), -1)
        conflict = np.where(cases.max(axis=1) >= 0, (log_single.sum(axis=1) - log_e) / np.log(2.0), 0.0)
        return cls(
            now[each, y], none[y], conflict, leading, found["mutual"], found["share"], found["variance"],
            found["span"], weights, cost, changed,
        )  # fmt: skip


def event_mask(chosen: NDArray[np.int64], outcomes: int) -> NDArray[np.bool_]:
    """Where the chosen outcome stands."""
    return np.asarray(np.arange(outcomes) == chosen[:, None])


def _open(names: tuple[str, ...], at: int, whole: _Part) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for v, name in enumerate(names):
        here = ~np.isnan(whole.mutual[:, v])
        if v != at and here.any():
            means = (float(a[here, v].mean()) for a in (whole.mutual, whole.share, whole.variance))
            rows.append((name, int(here.sum()), *means, float(whole.span[here, v].max())))
    columns = ["variable", "cases", "mutual_information", "entropy_share", "variance_reduction", "largest_span"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values("mutual_information", ascending=False, kind="stable").reset_index(drop=True)


def _at_hand(names: tuple[str, ...], columns: list[int], whole: _Part, thresholds: tuple[float, float]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for v in columns:
        here = ~np.isnan(whole.cost[:, v])
        if here.any():
            sizes = np.abs(whole.weight[here, v])
            finite = sizes[np.isfinite(sizes)]
            changed = whole.changed[here, v]
            rows.append(
                (
                    names[v],
                    int(here.sum()),
                    float(whole.cost[here, v].mean()),
                    float(finite.mean()) if len(finite) else 0.0,
                    int(np.isinf(sizes).sum()),
                    float((changed <= thresholds[0]).mean()),
                    float((changed > thresholds[1]).mean()),
                )
            )
    heads = ["variable", "cases", "cost_of_omission", "mean_size", "infinite", "redundant", "important"]
    frame = pd.DataFrame(rows, columns=heads)
    return frame.sort_values("cost_of_omission", ascending=False, kind="stable").reset_index(drop=True)
