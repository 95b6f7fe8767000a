"""Tables of cases: data frames of any kind in, posteriors of every row out, as a frame of the same kind."""

from __future__ import annotations

import ctypes
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import exp, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import EvidenceError, SpasmnetWarning, TableError, suggest
from spasmnet.inference.direct import eliminate_rows
from spasmnet.inference.evidence import (
    LEAST_RATIO,
    Encoder,
    Names,
    is_missing,
    is_weight,
    ratio_problem,
    read_evidence,
    shown,
)
from spasmnet.inference.order import telling_order
from spasmnet.inference.rows import processors, solve, worth_sorting
from spasmnet.inference.targeted import targeted_posterior
from spasmnet.kernels.layout import FINE
from spasmnet.kernels.native import address as _address
from spasmnet.kernels.native import kernels
from spasmnet.model.network import Network, Variable

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from spasmnet.inference.engine import Engine

SPECIALISE_FROM = 1000  # rows from which a circuit for these columns and targets pays
TELLING_FROM = 10_000  # rows from which choosing the order of the columns pays
SHARE_FROM = 20_000  # rows from which columns are read on all processors
DISTINCT_FROM = 1000  # rows from which repeated cases are looked for
MAX_JOINT = 1_000_000
SHOWN = 10
LOG_EVIDENCE = "log_evidence"
READ_AS_EMPTY = frozenset(
    (
        "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
        "NULL", "NaN", "None", "n/a", "nan", "null",
    )
)  # fmt: skip  # what pandas.read_csv takes for an empty cell

Floats = NDArray[np.float64]
Codes = NDArray[np.int16]
Frame = TypeVar("Frame")


def table_posteriors(
    engine: Engine,
    frame: Frame,
    targets: Collection[str] | None,
    *,
    log_evidence: bool,
    on_impossible: str,
    threads: int | None,
) -> Frame:
    """The posteriors of each row; see Engine.posteriors."""
    if on_impossible not in ("raise", "nan"):
        raise TableError(f'on_impossible must be "raise" or "nan", not {on_impossible!r}')
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise TableError(f"threads must be a whole number of at least 1, not {threads!r}")
    if not isinstance(log_evidence, bool):
        raise TableError(f"log_evidence is True or False, not {log_evidence!r}")
    network = engine.network
    cases = read_cases(network, frame)
    asked = _targets(network, targets)
    positions = {name: i for i, name in enumerate(network.names)}
    values, log_p = solve_cases(engine, cases, [positions[name] for name in asked], threads)
    impossible = np.flatnonzero(np.isneginf(log_p))
    if len(impossible) and on_impossible == "raise":
        row = int(impossible[0])
        raise engine.impossible(cases.evidence(row), cases.label(row), in_table=True)
    values[impossible] = np.nan
    wanted = [(name, state) for name in asked for state in network.by_name[name].states]
    if log_evidence:
        values, wanted = np.column_stack([values, log_p]), [*wanted, (LOG_EVIDENCE, "")]
    about = {"evidence": cases.names, "provenance": engine.provenance.as_dict()}
    answers: Frame = _like(frame, values, wanted, about)
    return answers


def _like(frame: Any, values: Floats, columns: list[tuple[str, str]], about: dict[str, Any]) -> Any:
    """A frame of the same kind and with the same index, of these numbers."""
    import narwhals as nw

    if isinstance(frame, nw.DataFrame):
        return nw.from_native(_like(frame.to_native(), values, columns, about), eager_only=True)
    if nw.dependencies.is_pandas_dataframe(frame):
        import pandas as pd

        index = pd.MultiIndex.from_tuples(columns, names=["variable", "state"])
        make: Any = frame._constructor  # a subclass of DataFrame stays one
        made = make(values, index=frame.index, columns=index, copy=False)
        made.attrs["spasmnet"] = about
        return made
    names = [f"{variable}={state}" if state else variable for variable, state in columns]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise TableError(
            f"two columns of the answer would be called {twice[0]!r}; ask for one of them in targets=[...]"
        )
    data = {name: np.ascontiguousarray(values[:, i]) for i, name in enumerate(names)}
    return nw.from_dict(data, backend=nw.from_native(frame, eager_only=True).implementation).to_native()


@dataclass(frozen=True, eq=False)
class Cases:
    """The cases of a table as numbers.

    `codes[i, c]` is the state of variable `observed[c]` (its position in the network) in case i, or -1 if it was not
    observed. `likelihoods` maps other variables, by position, to the likelihoods of their states (second axis) in each
    case, divided by the largest (all are 1 if it was not observed); `shift` is the sum of the logarithms of those.
    `names` are the variables that have columns, in their order; `labels` are the rows' labels.
    """

    network: Network
    observed: list[int]
    codes: Codes
    likelihoods: Mapping[int, Floats]
    shift: Floats
    names: list[str]
    labels: pd.Index | range

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def uncertain(self) -> NDArray[np.bool_]:
        """In which cases there are likelihoods."""
        uncertain = np.zeros(len(self), dtype=bool)
        for weights in self.likelihoods.values():
            uncertain |= (weights < 1).any(axis=1)
        return uncertain

    def label(self, case: int) -> object:
        """What the table calls a row, as people write it."""
        return _plain(self.labels[case])

    def evidence(self, case: int) -> dict[str, Any]:
        """The findings of one case, as `Engine.posterior` takes them."""
        variables = self.network.variables
        pairs = zip(self.observed, self.codes[case].tolist(), strict=True)
        findings: dict[str, Any] = {variables[v].name: variables[v].states[code] for v, code in pairs if code >= 0}
        for v, weights in self.likelihoods.items():
            if (weights[case] < 1).any():
                findings[variables[v].name] = dict(zip(variables[v].states, weights[case].tolist(), strict=True))
        return findings

    def certain(self, purpose: str) -> Cases:
        """The same; raises TableError if there are columns of likelihoods or no rows, which `purpose` cannot use."""
        if self.likelihoods:
            named = ", ".join(self.network.names[v] for v in self.likelihoods)
            raise TableError(
                f"{purpose} takes states only, but the table has likelihoods of {named}; drop these columns"
            )
        if not len(self):
            raise TableError(f"the table has no rows, so there is nothing to summarise by {purpose}")
        return self


def solve_cases(engine: Engine, cases: Cases, targets: list[int], threads: int | None) -> tuple[Floats, Floats]:
    """The posteriors of the targets for each case, and ln P(e); minus infinity if it is impossible."""
    uncertain = np.flatnonzero(cases.uncertain)
    if not len(uncertain):
        values, log_p = solve_rows(engine, cases.codes, cases.observed, targets, threads)
        return values, log_p + cases.shift
    certain = np.flatnonzero(~cases.uncertain)
    slots = sum(len(engine.network.variables[v].states) for v in targets)
    values, log_p = np.zeros((len(cases), slots)), np.empty(len(cases))
    values[certain], log_p[certain] = solve_rows(engine, cases.codes[certain], cases.observed, targets, threads)
    likelihoods = {v: weights[uncertain] for v, weights in cases.likelihoods.items()}
    values[uncertain], log_p[uncertain] = _by_circuit(
        engine, cases.codes[uncertain], cases.observed, targets, threads, likelihoods
    )
    return values, log_p + cases.shift


def solve_rows(
    engine: Engine, codes: NDArray[np.int16], observed: list[int], targets: list[int], threads: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The posteriors of the targets for each case, and ln P(e); minus infinity if it is impossible.

    Cases that occur several times are answered once. Those of which little is open are eliminated directly, the
    others, and those that may be impossible, by a circuit.
    """
    if not len(codes):
        return np.zeros((0, sum(len(engine.network.variables[v].states) for v in targets))), np.zeros(0)
    distinct = _distinct(codes, [len(engine.network.variables[v].states) for v in observed])
    if distinct is not None:
        first, which = distinct
        posteriors, log_evidence = solve_rows(engine, codes[first], observed, targets, threads)
        return posteriors[which], log_evidence[which]
    everything = targets == list(range(len(engine.network)))
    small, asked = engine.small_rows, None if everything else targets
    found = eliminate_rows(engine.plan, small, codes, observed, asked, threads) if small else None
    if found is None:
        return _by_circuit(engine, codes, observed, targets, threads)
    rest = np.flatnonzero(found.statuses != FINE)
    log_evidence = found.log_evidence
    if len(rest):
        found.posteriors[rest], log_evidence[rest] = _by_circuit(engine, codes[rest], observed, targets, threads)
    return found.posteriors, log_evidence


def _distinct(codes: NDArray[np.int16], states: list[int]) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Where each distinct case occurs first, and which of them each row is; None if most cases occur once."""
    if len(codes) < DISTINCT_FROM or prod(n + 1 for n in states) > 2**62:
        return None
    key = np.zeros(len(codes), dtype=np.int64)
    for column, n in enumerate(states):
        key *= n + 1
        key += codes[:, column] + 1
    some = key[:: max(1, len(key) // DISTINCT_FROM)]
    if len(np.unique(some)) > 0.9 * len(some):
        return None
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    return (first, which) if len(first) < 0.5 * len(key) else None


def _by_circuit(
    engine: Engine,
    codes: Codes,
    observed: list[int],
    targets: list[int],
    threads: int | None,
    likelihoods: Mapping[int, Floats] | None = None,
) -> tuple[Floats, Floats]:
    names, given = engine.network.names, likelihoods or {}
    if not engine.has_circuit:
        return _one_by_one(engine, codes, observed, targets, given)
    compiled = engine.compiled
    if len(codes) >= SPECIALISE_FROM:
        compiled = engine.specialised([names[i] for i in targets], [names[i] for i in (*observed, *given)])
    telling = None
    if len(codes) >= TELLING_FROM and worth_sorting(compiled.circuit, len(codes)):
        telling = telling_order(compiled.factors, observed)
    answers = solve(compiled.circuit, codes, observed, likelihoods=given, telling=telling, threads=threads)
    if tuple(targets) == compiled.targets:
        return answers.posteriors, answers.log_evidence
    sizes = [len(engine.network.variables[i].states) for i in compiled.targets]
    begins = dict(zip(compiled.targets, np.cumsum([0, *sizes]).tolist(), strict=False))
    slots = [begins[i] + s for i in targets for s in range(len(engine.network.variables[i].states))]
    return answers.posteriors[:, slots], answers.log_evidence


def _one_by_one(
    engine: Engine, codes: Codes, observed: list[int], targets: list[int], likelihoods: Mapping[int, Floats]
) -> tuple[Floats, Floats]:
    """The same for a network without a circuit for all questions, by what the targets need of it."""
    network = engine.network
    asked = [network.variables[v].name for v in targets]
    cases = Cases(network, observed, codes, likelihoods, np.zeros(len(codes)), [], range(len(codes)))
    values, log_p = np.zeros((len(codes), sum(len(network.variables[v].states) for v in targets))), np.empty(len(codes))
    for i in range(len(codes)):
        rows, log_p[i] = targeted_posterior(network, asked, cases.evidence(i), engine.max_products)
        if rows:
            values[i] = np.concatenate(list(rows.values()))
    return values, log_p


def _targets(network: Network, targets: Collection[str] | None) -> list[str]:
    if targets is None:
        return list(network.names)
    if isinstance(targets, str) or not isinstance(targets, Collection):
        raise TableError(f"targets must be a list of variables, not {targets!r}; write targets=[{targets!r}]")
    asked = [network.variable(name).name for name in targets]
    if not asked:
        raise TableError("targets is empty; leave it out for all variables")
    if len(set(asked)) < len(asked):
        raise TableError(f"targets names {next(t for t in asked if asked.count(t) > 1)!r} twice")
    return asked


def joint_posterior(engine: Engine, variables: Sequence[str], evidence: Mapping[str, Any]) -> pd.Series:
    """P(variables given evidence); see Engine.joint."""
    import pandas as pd

    network = engine.network
    if isinstance(variables, str) or not isinstance(variables, Collection) or not len(variables):
        raise EvidenceError(f"joint needs a list of variables, such as {list(network.names[:2])}, not {variables!r}")
    asked = [network.variable(name) for name in variables]
    if len({variable.name for variable in asked}) < len(asked):
        raise EvidenceError(f"joint names a variable twice: {', '.join(variable.name for variable in asked)}")
    shape = tuple(len(variable.states) for variable in asked)
    if prod(shape) > MAX_JOINT:
        raise EvidenceError(
            f"the joint of these {len(asked)} variables has {prod(shape):,} states, above {MAX_JOINT:,}"
        )
    evidence = read_evidence(network, evidence)
    post = engine.posterior(evidence)
    codes = np.stack(np.unravel_index(np.arange(prod(shape)), shape), axis=1)
    positions = [network.names.index(variable.name) for variable in asked]
    compiled = engine.specialised((), network.names)
    weights = Encoder(network, compiled.circuit.first_indicator)(evidence)
    answers = solve(compiled.circuit, codes, positions, weights=weights)
    # a state that a likelihood has weighted keeps its weight in the shared evidence
    values = [min(exp(log_p + weights.shift - post.log_evidence), 1.0) for log_p in answers.log_evidence.tolist()]
    index = pd.MultiIndex.from_product([v.states for v in asked], names=[v.name for v in asked])
    series = pd.Series(values, index=index, name="probability")
    series.attrs["spasmnet"] = {"evidence": post.to_dict()["evidence"], "provenance": engine.provenance.as_dict()}
    return series


# ------------------------------------------------------------------ reading


def read_cases(network: Network, frame: object) -> Cases:
    """The cases of a data frame of any kind; raises TableError with all that is wrong.

    Columns are named after variables and hold states, or are named (variable, state) or "variable=state" and hold
    likelihoods. Warns (SpasmnetWarning) where empty cells may once have been a state such as None.
    """
    table = _Table.of(frame)
    hard, soft = _columns(network, table.names)
    codes = np.empty((len(hard), table.rows), dtype=np.int16).T  # columns are contiguous
    columns = [table.columns[i] for i in hard]
    variables = list(hard.values())
    with ThreadPoolExecutor(processors() if table.rows >= SHARE_FROM else 1) as pool:
        jobs = zip(columns, variables, (codes[:, c] for c in range(len(hard))), strict=True)
        list(pool.map(lambda job: _encode_column(*job), jobs))
    if (codes == UNKNOWN).any():
        raise TableError(_unknown_cells(table, hard, codes))
    _warn_of_lost_states(variables, columns, codes)
    positions = {name: i for i, name in enumerate(network.names)}
    shift = np.zeros(table.rows)
    likelihoods: dict[int, Floats] = {}
    problems: list[tuple[int, str]] = []
    for name, places in soft.items():
        variable = network.by_name[name]
        values = np.stack([_numbers(table, i, problems) for i in places], axis=1)
        problems += _likelihood_problems(variable, values)
        largest = np.where(np.isnan(values).all(axis=1), 1.0, np.nan_to_num(values).max(axis=1, initial=0.0))
        if not problems:
            likelihoods[positions[name]] = np.where(np.isnan(values), 1.0, values / largest[:, None])
            shift += np.log(largest)
    if problems:
        raise TableError(_wrong_likelihoods(table, problems))
    names = [*dict.fromkeys([*(v.name for v in variables), *soft])]
    return Cases(network, [positions[v.name] for v in variables], codes, likelihoods, shift, names, table.labels)


UNKNOWN = -2
MOST_OBJECTS = 64  # more different objects than this in a column are compared by value


@dataclass(frozen=True, eq=False)
class _Table:
    """A data frame of any kind: its columns by position, pandas' own or those of narwhals."""

    names: list[Any]
    rows: int
    labels: pd.Index | range
    columns: list[Any]

    @classmethod
    def of(cls, frame: Any) -> _Table:
        """Take a frame apart; raises TableError for what is none."""
        import narwhals as nw

        frame = frame.to_native() if isinstance(frame, nw.DataFrame) else frame
        if nw.dependencies.is_pandas_dataframe(frame):
            if frame.columns.nlevels > 1 and "spasmnet" in frame.attrs:
                raise TableError(
                    "the table's columns are those of an answer, and probabilities are no likelihoods; give the cases "
                    "that were asked (if likelihoods are meant, clear the table's attrs)"
                )
            columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
            return cls(list(frame.columns), len(frame), frame.index, columns)
        try:
            table = nw.from_native(frame, eager_only=True)
        except nw.exceptions.DuplicateError:
            names = [*frame.column_names]
            raise TableError(_duplicates([name for name, n in Counter(names).items() if n > 1])) from None
        except TypeError:
            kind, module = type(frame).__name__, type(frame).__module__
            remedy = "for one case use engine.posterior"
            if kind == "LazyFrame":
                remedy = "collect() it first"
            elif kind == "Series" and module.partition(".")[0] == "pandas":
                remedy = "for one case use engine.posterior(row.dropna().to_dict())"
            raise TableError(f"a data frame (of pandas, polars or pyarrow) is needed, not {kind}; {remedy}") from None
        names = list(table.columns)
        return cls(names, len(table), range(len(table)), [table[name] for name in names])

    def cell(self, column: int, row: int) -> object:
        """The content of a cell."""
        return _cell(self.columns[column], row)

    def where(self, column: int, row: int) -> str:
        """The place of a cell in words."""
        return f"row {_plain(self.labels[row])!r}, column {self.names[column]!r}"


def _cell(column: Any, row: int) -> object:
    return column.iloc[row] if hasattr(column, "iloc") else column[row]


def _duplicates(names: Iterable[object]) -> str:
    return f"duplicate column(s) {', '.join(map(str, names))}; each variable may have one column"


def _columns(network: Network, names: Sequence[Any]) -> tuple[dict[int, Variable], dict[str, list[int]]]:
    """Which columns hold states of which variables, and for others where the likelihoods of their states are."""
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise TableError(_duplicates(twice))
    known, states = Names(network.names), {v.name: Names(v.states) for v in network.variables}
    hard: dict[int, Variable] = {}
    soft: dict[str, dict[str, int]] = {}
    unknown: list[str] = []
    twice = []
    for i, name in enumerate(names):
        pairs = _meant(known, states, name)
        if len(pairs) != 1:
            unknown.append(f"{name!r}: {_hint(network, known, name, pairs)}")
            continue
        ((variable, state),) = pairs
        places = soft.setdefault(variable, {}) if state else {}
        if state in places or (not state and any(v.name == variable for v in hard.values())):
            twice.append(name)
        elif state:
            places[state] = i
        else:
            hard[i] = network.by_name[variable]
    if unknown:
        more = f"\n  and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        listed = "\n  ".join(unknown[:SHOWN])
        raise TableError(f"{len(unknown)} column(s) that are not variables of the network:\n  {listed}{more}")
    if twice:
        raise TableError(_duplicates(twice))
    if both := [v.name for v in hard.values() if v.name in soft]:
        raise TableError(f"there are columns for states and for likelihoods of {', '.join(both)}; keep one kind")
    missing = {
        name: [s for s in network.by_name[name].states if s not in places]
        for name, places in soft.items()
        if len(places) < len(network.by_name[name].states)
    }
    if missing:
        listed = "\n  ".join(f"{name}: {', '.join(which)}" for name, which in [*missing.items()][:SHOWN])
        raise TableError(f"likelihoods need a column for every state of a variable; there is none for\n  {listed}")
    return hard, {name: [places[s] for s in network.by_name[name].states] for name, places in soft.items()}


def _meant(known: Names, states: Mapping[str, Names], name: Any) -> list[tuple[str, str]]:
    """What the name of a column can mean: (variable, "") or (variable, state)."""
    if isinstance(name, tuple):
        if len(name) != 2:
            return []
        if is_missing(name[1]) or name[1] == "":
            return [(variable, "") for variable in known.meant(name[0])]
        return [(v, state) for v in known.meant(name[0]) for state in states[v].meant(name[1])]
    if meant := known.meant(name):
        return [(variable, "") for variable in meant]
    if not isinstance(name, str):
        return []
    cuts = ((name[:i], name[i + 1 :]) for i, character in enumerate(name) if character == "=")
    return [
        (variable, s) for first, rest in cuts for variable in known.meant(first) for s in states[variable].meant(rest)
    ]


def _hint(network: Network, known: Names, name: Any, pairs: Sequence[tuple[str, str]]) -> str:
    """What a column that is not understood, or ambiguous, may have meant."""
    if pairs:
        return "could mean " + " or ".join(repr(v) if not s else f"{v!r} = {s!r}" for v, s in pairs)
    if isinstance(name, tuple) and len(name) != 2:
        return "a column is named after a variable, or (variable, state) for likelihoods"
    variable, state = name if isinstance(name, tuple) else (str(name).partition("=")[::2])
    meant = known.meant(variable)
    if meant and state:
        return f"{meant[0]} has no state {state!r}; " + suggest(
            str(state), network.by_name[meant[0]].states, show_all=True
        )
    return suggest(str(variable), network.names)


def _unknown_cells(table: _Table, hard: Mapping[int, Variable], codes: Codes) -> str:
    wrong: list[tuple[int, int]] = []
    for c, column in enumerate(hard):
        rows = np.flatnonzero(codes[:, c] == UNKNOWN)[: SHOWN + 1]
        wrong += [(int(row), column) for row in rows]
    lines = []
    for row, column in sorted(wrong, key=lambda cell: cell[0])[:SHOWN]:
        value, states = table.cell(column, row), hard[column].states
        meant = Names(states).meant(value)
        advice = "could mean " + " or ".join(map(repr, meant)) + "; write it as text"
        if not meant:
            advice = suggest(value if isinstance(value, str) else shown(value), states, show_all=True)
        lines.append(f"{table.where(column, row)}: {shown(value)}; {advice}")
    count = int((codes == UNKNOWN).sum())
    more = f"\n  and {count - len(lines)} more" if count > len(lines) else ""
    return f"{count} cell(s) that are not states of their variables:\n  " + "\n  ".join(lines) + more


def _encode_column(column: Any, variable: Variable, out: Codes) -> None:
    """The codes of a column's states: each distinct value is read once."""
    names, position = Names(variable.states), {name: i for i, name in enumerate(variable.states)}

    def code(value: Any) -> int:
        meant = names.meant(value)
        if len(meant) == 1:
            return position[meant[0]]
        return -1 if is_missing(value) or (isinstance(value, str) and value == "") else UNKNOWN

    if hasattr(column, "iloc"):
        _encode_pandas(column, code, out)
    else:
        _encode_other(column, code, out)


def _encode_pandas(column: pd.Series, code: Callable[[object], int], out: Codes) -> None:
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        lookup = np.array([*map(code, column.cat.categories), -1], dtype=np.int16)
        out[:] = lookup[column.cat.codes.to_numpy()]  # pandas' own -1, a missing value, finds the last
    elif column.dtype == object:
        _by_identity(column.to_numpy(), code, out)
    else:
        try:
            numbers, values = pd.factorize(column)
        except (TypeError, NotImplementedError):  # lists and the like
            _one_by_one_cell(column.to_numpy(dtype=object), code, out)
            return
        distinct = values.to_numpy() if isinstance(column.dtype, np.dtype) else values.astype(object)
        out[:] = np.array([*map(code, distinct), -1], dtype=np.int16)[numbers]


def _encode_other(column: nw.Series[Any], code: Callable[[object], int], out: Codes) -> None:
    import narwhals as nw

    kind = column.dtype
    try:
        if kind.is_float():
            column = column.fill_nan(None)
        elif not (kind.is_numeric() or isinstance(kind, (nw.String, nw.Categorical, nw.Enum, nw.Boolean))):
            raise NotImplementedError
        distinct = [value for value in column.unique().to_list() if value is not None]
        exact = np.float32 if isinstance(kind, nw.Float32) else None  # whose digits Python's floats would prolong
        codes = [code(value if exact is None else exact(value)) for value in distinct]
        if distinct:
            column = column.replace_strict(distinct, codes, return_dtype=nw.Int16)
            out[:] = column.fill_null(-1).to_numpy()
        else:
            out[:] = -1
    except (NotImplementedError, nw.exceptions.NarwhalsError):
        _one_by_one_cell(column.to_list(), code, out)


def _one_by_one_cell(cells: Iterable[object], code: Callable[[object], int], out: Codes) -> None:
    """Code cells by type and value, since 1, 1.0 and True are equal but need not mean the same state."""
    kept: dict[Any, int] = {}
    for i, cell in enumerate(cells):
        try:
            key = type(cell), cell
            number = kept.get(key)
            if number is None:
                number = kept[key] = code(cell)
        except TypeError:  # unhashable, which no state is
            number = code(cell)
        out[i] = number


def _by_identity(cells: NDArray[np.object_], code: Callable[[object], int], out: Codes) -> None:
    """Code the cells of a column by where their objects are in memory, which is far quicker than by value.

    The cells are mostly the same few string objects; should they not be, they are compared by value.
    """
    import pandas as pd

    if not len(cells):
        return
    cells = np.ascontiguousarray(cells)
    memory: Any = (ctypes.c_char * cells.nbytes).from_address(_address(cells))
    addresses = np.frombuffer(memory, dtype=np.int64)
    known, codes = np.zeros(MOST_OBJECTS, dtype=np.int64), np.zeros(MOST_OBJECTS, dtype=np.int16)
    n_known, reached = 0, np.zeros(1, dtype=np.int64)
    while True:
        kernels().encode_cells(
            _address(addresses), int(reached[0]), len(cells), _address(known), _address(codes), n_known,
            _address(out), _address(reached),
        )  # fmt: skip
        if reached[0] == len(cells):
            return
        if n_known == MOST_OBJECTS:
            break
        known[n_known], codes[n_known] = addresses[reached[0]], code(cells[reached[0]])
        n_known += 1
    try:
        numbers, values = pd.factorize(cells)
    except TypeError:  # unhashable cells, which are no states
        values = np.array([None])
    if all(isinstance(value, str) for value in values):
        out[:] = np.array([*map(code, values), -1], dtype=np.int16)[numbers]
    else:
        _one_by_one_cell(cells, code, out)


def _warn_of_lost_states(variables: Sequence[Variable], columns: Sequence[Any], codes: Codes) -> None:
    """Warn of columns with empty cells and no cell in a state that a reader of files would have taken for empty."""
    lost = []
    for c, (variable, column) in enumerate(zip(variables, columns, strict=True)):
        names = [state for state in variable.states if state in READ_AS_EMPTY]
        if names and not np.isin(codes[:, c], [variable.states.index(name) for name in names]).any():
            empty = column.isna().any() if hasattr(column, "iloc") else column.is_null().any()
            lost += [f"{variable.name} ({', '.join(names)})"] if empty else []
    if lost:
        more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
        warnings.warn(
            "empty cells are read as not observed, but they may have been states that pandas takes for empty: "
            f"{', '.join(lost[:SHOWN])}{more}; read files with read_csv(path, dtype='str', keep_default_na=False)",
            SpasmnetWarning,
            stacklevel=_depth(),
        )


def _depth() -> int:
    """How many frames of this package stand between a warning and the code that called the package."""
    package = str(Path(__file__).parent.parent)
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        depth, frame = depth + 1, frame.f_back
    return depth


def _numbers(table: _Table, index: int, problems: list[tuple[int, str]]) -> Floats:
    """The likelihoods in a column, NaN for empty cells; what is no likelihood goes to `problems` with its row."""
    column = table.columns[index]
    is_pandas = hasattr(column, "iloc")
    values = np.full(table.rows, np.nan)
    kind = column.dtype
    if is_pandas and getattr(kind, "kind", "O") in "iuf":
        values[:] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    elif not is_pandas and kind.is_numeric():
        import narwhals as nw

        values[:] = column.cast(nw.Float64).fill_null(np.nan).to_numpy()
    else:
        for i, cell in enumerate(column if is_pandas else column.to_list()):
            if is_weight(cell):
                values[i] = float(cell)
            elif not (is_missing(cell) or (isinstance(cell, str) and cell == "")):
                text = "; it is text: make the column numbers first" if isinstance(cell, str) else ""
                problems.append((i, f"{table.where(index, i)}: {shown(cell)} is no likelihood{text}"))
    for i in np.flatnonzero((values < 0) | np.isinf(values))[: SHOWN + 1].tolist():
        problems.append((i, f"{table.where(index, i)}: {float(values[i])!r}; a finite number >= 0 is needed"))
    return values


def _likelihood_problems(variable: Variable, values: Floats) -> list[tuple[int, str]]:
    """What is wrong with likelihoods of a variable (axes: case, state) beyond single numbers, by case."""
    empty = np.isnan(values)
    some = np.flatnonzero(empty.any(axis=1) & ~empty.all(axis=1))[: SHOWN + 1].tolist()
    problems = []
    for i in some:
        missing = ", ".join(s for s, gone in zip(variable.states, empty[i].tolist(), strict=True) if gone)
        text = f"no likelihood for {missing}; every state needs one, or none if {variable.name} was not observed"
        problems.append((i, f"{variable.name}: {text}"))
    positive = np.where(values > 0, values, np.nan)
    whole = np.flatnonzero(~empty.any(axis=1) & np.isfinite(values).all(axis=1) & (values >= 0).all(axis=1))
    lowest = np.where(np.isnan(positive[whole]), np.inf, positive[whole]).min(axis=1, initial=np.inf)
    largest = values[whole].max(axis=1, initial=0.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        wrong = whole[(largest <= 0) | (lowest / largest < LEAST_RATIO)]
    problems += [(i, f"{variable.name}: {ratio_problem(values[i].tolist())}") for i in wrong[: SHOWN + 1].tolist()]
    return problems


def _wrong_likelihoods(table: _Table, problems: list[tuple[int, str]]) -> str:
    ordered = sorted(problems, key=lambda problem: problem[0])
    lines = [text if text.startswith("row ") else f"row {_plain(table.labels[i])!r}, {text}" for i, text in ordered]
    more = f"\n  and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return "likelihoods that are not understood:\n  " + "\n  ".join(lines[:SHOWN]) + more


def _plain(value: object) -> object:
    """A number or truth value as Python's own, so that messages show it as people write it."""
    return value.item() if isinstance(value, np.generic) else value
