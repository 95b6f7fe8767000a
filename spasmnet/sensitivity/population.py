"""Parameter sensitivity over many cases: which numbers of the model matter for a population."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError, SpasmnetError, TableError
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Provenance
from spasmnet.inference.rows import processors
from spasmnet.inference.table import read_cases
from spasmnet.parameters.covariation import RULES
from spasmnet.parameters.names import cited_at, in_words, name_of, parameters, value_at
from spasmnet.sensitivity.gradients import FINE, IMPOSSIBLE, Cases, Part, Totals, joined
from spasmnet.sensitivity.target import Target, read_target
from spasmnet.views import Shown

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
CHUNK = 2_000_000  # numbers in the rows that a processor works on at once


def population_sensitivity(
    engine: Engine,
    target: Any,
    cases: pd.DataFrame,
    *,
    against: Any = None,
    measure: str | None = None,
    covariation: str = "proportional",
    spread: float = 0.1,
    on_impossible: str = "raise",
    keep: bool = False,
    threads: int | None = None,
) -> PopulationSensitivity:
    """Which numbers of the model matter for a population: the derivatives of P(target | case) over a table of cases.

    In every case the exact derivative of the answer with respect to every number of the network is found (its row
    co-varying), and summarised over the cases: its mean, its mean size, the largest and in which case that is, and the
    share of cases in which it is not 0.

    `cases` has one row a case and columns named after variables, as for `Engine.posteriors`; an empty cell was not
    observed. `on_impossible` is "raise"; or "nan", by which cases whose findings are impossible together, or in which
    the answer is not defined, get NaN for an answer and are left out of the summary. `keep` keeps all derivatives
    (8 bytes times cases times numbers). `threads` is how many processors to use, by default all. The other arguments
    are those of `parameter_sensitivity`.

    Raises TableError for what is wrong with the table, ImpossibleEvidenceError with the row, EvidenceError where the
    answer is not defined, UnknownVariableError, UnknownStateError and CircuitTooLargeError.

    >>> import pandas as pd, spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> cases = pd.DataFrame({"spasm": ["painful", "twitch"], "heavy_sweating": ["present", None]})
    >>> found = population_sensitivity(engine, ("dehydration", "mild"), cases)
    >>> found.frame.index[0], float(found.frame["share"].iloc[0])
    ('leak of dehydration: mild', 1.0)

    Source: Darwiche A (2003), J ACM 50:280-305 (the derivatives); Coupé VMH, van der Gaag LC (2002), Ann Math Artif
    Intell 36:323-356 (the sensitivity value in one case).
    """
    if not isinstance(engine, Engine):
        raise SpasmnetError(f"an engine is needed (spasmnet.compile(network)), not {type(engine).__name__}")
    if covariation not in RULES:
        raise EvidenceError(f"covariation is one of {', '.join(RULES)}, not {covariation!r}")
    if not isinstance(spread, (int, float)) or isinstance(spread, bool) or not 0 <= spread <= 1:
        raise EvidenceError(f"spread is a number in [0, 1], not {spread!r}")
    if on_impossible not in ("raise", "nan"):
        raise TableError(f'on_impossible must be "raise" or "nan", not {on_impossible!r}')
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise TableError(f"threads must be a whole number of at least 1, not {threads!r}")
    import pandas as pd

    asked = read_target(engine.network, target, against, measure)
    known = read_cases(engine.network, cases).certain("population_sensitivity")
    codes, columns = known.codes, known.names
    if asked.variable in columns:
        raise TableError(
            f"{asked.variable} is the target, so it cannot be a column: no number changes what is observed"
        )
    different, first, kind, counts = np.unique(
        codes, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    kind = kind.reshape(-1)
    job = Cases.of(engine, asked, columns, different, counts, covariation)
    parts = _parts(job, keep, threads or processors())
    status = np.concatenate([part.status for part in parts])[kind]
    if status.any() and on_impossible == "raise":
        row = int(np.flatnonzero(status)[0])
        label, evidence = known.label(row), job.evidence(int(kind[row]))
        if status[row] == IMPOSSIBLE:
            raise engine.impossible(evidence, label, in_table=True)
        raise EvidenceError(f"row {label!r}: {asked} is infinite or not defined with these findings")
    if status.all():
        raise TableError("the answer is not defined in any of the cases, so there is nothing to summarise")
    answers = np.concatenate([part.answers for part in parts])[kind]
    kept = [part.derivatives for part in parts if part.derivatives is not None]
    totals = joined([part.totals for part in parts])
    where = tuple(known.label(case) for case in first[totals.where].tolist())
    derivatives = np.concatenate(kept)[kind] if kept else None
    left_out = int((status > FINE).sum())
    return PopulationSensitivity(
        job, pd.Index(known.labels), float(spread), answers, left_out, totals, where, derivatives
    )


def _parts(job: Cases, keep: bool, workers: int) -> list[Part]:
    """All cases, in parts that leave every processor something to do and fit into memory."""
    compiled, count = job.compiled, len(job.codes)
    size = max(8, min(CHUNK // (2 * max(1, compiled.circuit.indicators)), -(-count // (2 * workers))))
    ranges = [range(i, min(i + size, count)) for i in range(0, count, size)]
    with ThreadPoolExecutor(min(workers, len(ranges))) as pool:
        return list(pool.map(lambda cases: job.run(cases, keep), ranges))


@dataclass(frozen=True, eq=False)
class PopulationSensitivity(Shown):
    """The derivatives of one answer, summarised over cases; `frame` has one row a number.

    `answers` has the answer in each case, in the table's order; `left_out` says how many have none.
    """

    job: Cases
    index: pd.Index
    spread: float
    answers: Floats
    left_out: int
    totals: Totals
    where: tuple[Any, ...]
    kept: Floats | None

    @property
    def target(self) -> Target:
        """What was asked."""
        return self.job.target

    @property
    def provenance(self) -> Provenance:
        """The versions and the digest that the answers come from."""
        return self.job.engine.provenance

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row a number, the largest mean size first; the index is the number in words.

        variable, state, given, value, low, high (its own range, or the spread), source, where; mean_size and mean of
        the derivative over the cases; largest (with its sign) and largest_case (its label); share of the cases in which
        it is not 0 (above 1e-9 in size); swing, the mean size times the width of the range: how far the answer
        moves in the mean, to first order.
        """
        import pandas as pd

        network, cases = self.job.engine.network, len(self.answers) - self.left_out
        rows, names = [], []
        for place in parameters(network):
            j, cited = self.job.compiled.numbers.index(place), cited_at(network, place)
            signed, size, most, count = (0.0 if j is None else float(t[j]) for t in self._sums)
            (state, given), value = in_words(network, place), value_at(network, place)
            low, high = max(0.0, value * (1 - self.spread)), min(1.0, value * (1 + self.spread))
            low, high = (low, high) if cited is None else (cited.low, cited.high)
            names.append(name_of(network, place))
            rows.append(
                {
                    "variable": place[0], "state": state, "given": given, "value": value,
                    "low": low, "high": high, "source": cited.source if cited else "",
                    "where": cited.where if cited else "", "mean_size": size / cases, "mean": signed / cases,
                    "largest": most, "largest_case": None if j is None or most == 0 else self.where[j],
                    "share": count / cases, "swing": size / cases * (high - low),
                }
            )  # fmt: skip
        frame = pd.DataFrame(rows, index=pd.Index(names, name="parameter", dtype=object))
        frame = frame.sort_values("mean_size", ascending=False, kind="stable")
        provenance = self.provenance.as_dict()
        frame.attrs["spasmnet"] = {"target": str(self.target), "cases": cases, "provenance": provenance}
        return frame

    @property
    def _sums(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.totals.signed, self.totals.size, self.totals.most, self.totals.moving

    @property
    def derivatives(self) -> pd.DataFrame:
        """The derivative in each case (rows) with respect to each number (columns, in words); needs keep=True."""
        import pandas as pd

        if self.kept is None:
            raise SpasmnetError("the derivatives of each case were not kept; ask with keep=True")
        network, numbers = self.job.engine.network, self.job.compiled.numbers
        columns = {}
        for place in parameters(network):
            j = numbers.index(place)
            idle = np.where(np.isnan(self.answers), np.nan, 0.0)
            columns[name_of(network, place)] = idle if j is None else self.kept[:, j]
        return pd.DataFrame(columns, index=self.index)

    def __repr__(self) -> str:
        return f"<PopulationSensitivity of {self.target} over {len(self.answers):,} cases>"
