"""Tables of cases: data frames in, data frames out."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import exp, prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.circuit.elimination import eliminate_rows
from spasmnet.circuit.order import telling_order
from spasmnet.circuit.rows import processors, solve, worth_sorting
from spasmnet.circuit.targeted import targeted_posterior
from spasmnet.errors import EvidenceError, TableError, suggest
from spasmnet.evidence import Encoder, check
from spasmnet.kernels.layout import FINE
from spasmnet.kernels.native import address as _address
from spasmnet.kernels.native import kernels
from spasmnet.network import Network, Variable

if TYPE_CHECKING:
    import pandas as pd

    from spasmnet.engine import Engine

SPECIALISE_FROM = 1000  # rows from which a circuit for these columns and targets pays
TELLING_FROM = 10_000  # rows from which choosing the order of the columns pays
SHARE_FROM = 20_000  # rows from which columns are read on all processors
DISTINCT_FROM = 1000  # rows from which repeated cases are looked for
MAX_JOINT = 1_000_000
SHOWN = 10


def table_posteriors(
    engine: Engine, frame: pd.DataFrame, targets: Collection[str] | None, *, on_impossible: str, threads: int | None
) -> pd.DataFrame:
    """The posteriors of each row; see Engine.posteriors."""
    import pandas as pd

    if on_impossible not in ("raise", "nan"):
        raise TableError(f'on_impossible must be "raise" or "nan", not {on_impossible!r}')
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise TableError(f"threads must be a whole number of at least 1, not {threads!r}")
    network = engine.network
    codes = encode(network, frame)
    asked = _targets(network, targets)
    columns = [str(name) for name in frame.columns]
    positions = {name: i for i, name in enumerate(network.names)}
    observed, chosen = [positions[name] for name in columns], [positions[name] for name in asked]
    values, log_evidence = solve_rows(engine, codes, observed, chosen, threads)
    impossible = np.flatnonzero(np.isneginf(log_evidence))
    if len(impossible) and on_impossible == "raise":
        row = int(impossible[0])
        found = {c: network.by_name[c].states[code] for c, code in zip(columns, codes[row], strict=True) if code >= 0}
        raise engine.impossible(found, _plain(frame.index[row]), in_table=True)
    values[impossible] = np.nan
    wanted = [(name, state) for name in asked for state in network.by_name[name].states]
    index = pd.MultiIndex.from_tuples(wanted, names=["variable", "state"])
    make: Any = frame._constructor  # a subclass of DataFrame stays one
    result: pd.DataFrame = make(values, index=frame.index, columns=index, copy=False)
    result.attrs["spasmnet"] = {"evidence": columns, "provenance": engine.provenance.as_dict()}
    return result


def solve_rows(
    engine: Engine, codes: NDArray[np.int16], observed: list[int], targets: list[int], threads: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The posteriors of the targets for each case, and ln P(e); minus infinity if it is impossible.

    Cases that occur several times are answered once. Those of which little is open are eliminated directly, the
    others, and those that may be impossible, by a circuit.
    """
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
    engine: Engine, codes: NDArray[np.int16], observed: list[int], targets: list[int], threads: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    names = engine.network.names
    if not engine.has_circuit:
        return _one_by_one(engine, codes, observed, targets)
    compiled = engine.compiled
    if len(codes) >= SPECIALISE_FROM:
        compiled = engine.specialised([names[i] for i in targets], [names[i] for i in observed])
    telling = None
    if len(codes) >= TELLING_FROM and worth_sorting(compiled.circuit, len(codes)):
        telling = telling_order(compiled.factors, observed)
    answers = solve(compiled.circuit, codes, observed, telling=telling, threads=threads)
    if tuple(targets) == compiled.targets:
        return answers.posteriors, answers.log_evidence
    sizes = [len(engine.network.variables[i].states) for i in compiled.targets]
    begins = dict(zip(compiled.targets, np.cumsum([0, *sizes]).tolist(), strict=False))
    slots = [begins[i] + s for i in targets for s in range(len(engine.network.variables[i].states))]
    return answers.posteriors[:, slots], answers.log_evidence


def _one_by_one(
    engine: Engine, codes: NDArray[np.int16], observed: list[int], targets: list[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same for a network without a circuit for all questions, by what the targets need of it."""
    variables = engine.network.variables
    asked, slots = [variables[v].name for v in targets], sum(len(variables[v].states) for v in targets)
    values, log_evidence = np.zeros((len(codes), slots)), np.empty(len(codes))
    for i, case in enumerate(codes.tolist()):
        found = {
            variables[v].name: variables[v].states[code] for v, code in zip(observed, case, strict=True) if code >= 0
        }
        rows, log_evidence[i] = targeted_posterior(engine.network, asked, found, engine.max_products)
        if rows:
            values[i] = np.concatenate(list(rows.values()))
    return values, log_evidence


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
    check(network, evidence)
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


def encode(network: Network, frame: pd.DataFrame) -> NDArray[np.int16]:
    """The states of a table of cases as numbers, -1 for an empty cell; raises TableError with all that is wrong."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise TableError(f"a pandas DataFrame is needed, not {type(frame).__name__}; for one case use engine.posterior")
    if frame.columns.nlevels > 1:
        raise TableError("the table's columns have several levels; name each column after one variable")
    names = list(frame.columns)
    twice = [str(name) for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise TableError(f"duplicate column(s) {', '.join(twice)}; each variable may have one column")
    unknown = [name for name in names if name not in network.by_name]
    if unknown:
        listed = "\n  ".join(f"{name!r}: {suggest(str(name), network.names)}" for name in unknown[:SHOWN])
        more = f"\n  and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        raise TableError(f"{len(unknown)} column(s) that are not variables of the network:\n  {listed}{more}")
    if not len(frame):
        raise TableError("the table has no rows, so there is nothing to answer")
    codes = np.empty((len(names), len(frame)), dtype=np.int16).T  # columns are contiguous
    jobs = [(frame.iloc[:, i], network.by_name[name], codes[:, i]) for i, name in enumerate(names)]
    with ThreadPoolExecutor(processors() if len(frame) >= SHARE_FROM else 1) as pool:
        list(pool.map(_encode_column, *zip(*jobs, strict=True)) if jobs else ())
    wrong: list[tuple[int, str, object]] = []
    for column, name in enumerate(names):
        at = np.flatnonzero(codes[:, column] == UNKNOWN)[: SHOWN + 1]
        wrong += [(int(row), name, frame.iloc[row, column]) for row in at]
    if wrong:
        raise TableError(_unknown_cells(network, frame, codes, wrong))
    return codes


UNKNOWN = -2
MOST_OBJECTS = 64  # more different objects than this in a column are compared by value


def _unknown_cells(
    network: Network, frame: pd.DataFrame, codes: NDArray[np.int16], wrong: list[tuple[int, str, object]]
) -> str:
    lines = []
    for row, name, value in sorted(wrong, key=lambda cell: cell[0])[:SHOWN]:
        known = network.by_name[name].states
        lines.append(
            f"row {_plain(frame.index[row])!r}, column {name!r}: {_plain(value)!r}; "
            + suggest(str(value), known, show_all=True)
        )
    count = int((codes == UNKNOWN).sum())
    more = f"\n  and {count - len(lines)} more" if count > len(lines) else ""
    return f"{count} cell(s) that are not states of their variables:\n  " + "\n  ".join(lines) + more


def _encode_column(column: pd.Series, variable: Variable, out: NDArray[np.int16]) -> None:
    """Codes of one column: each distinct value is looked up once."""
    import pandas as pd

    state = {name: i for i, name in enumerate(variable.states)}

    def code(value: Any) -> int:
        if isinstance(value, str):
            return state.get(value, -1 if value == "" else UNKNOWN)
        return -1 if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)) else UNKNOWN

    if isinstance(column.dtype, pd.CategoricalDtype):
        lookup = np.array([*map(code, column.cat.categories), -1], dtype=np.int16)
        out[:] = lookup[column.cat.codes.to_numpy()]  # pandas' own -1, a missing value, finds the last
    else:
        _by_identity(column.to_numpy(dtype=object), code, out)


def _by_identity(cells: NDArray[np.object_], code: Callable[[object], int], out: NDArray[np.int16]) -> None:
    """Code the cells of a column by where their objects are in memory, which is far quicker than by value.

    The cells are mostly the same few string objects; should they not be, they are compared by value.
    """
    import pandas as pd

    cells = np.ascontiguousarray(cells)
    memory: Any = (ctypes.c_char * cells.nbytes).from_address(_address(cells))
    addresses = np.frombuffer(memory, dtype=np.int64)
    known, codes = np.zeros(MOST_OBJECTS, dtype=np.int64), np.zeros(MOST_OBJECTS, dtype=np.int16)
    found, reached = 0, np.zeros(1, dtype=np.int64)
    while True:
        kernels().encode_cells(
            _address(addresses), int(reached[0]), len(cells), _address(known), _address(codes), found,
            _address(out), _address(reached),
        )  # fmt: skip
        if reached[0] == len(cells):
            return
        if found == MOST_OBJECTS:
            break
        known[found], codes[found] = addresses[reached[0]], code(cells[reached[0]])
        found += 1
    try:
        numbers, values = pd.factorize(cells)
    except TypeError:  # unhashable cells, which are no states
        out[:] = [code(cell) for cell in cells]
        return
    out[:] = np.array([*map(code, values), -1], dtype=np.int16)[numbers]


def _plain(value: object) -> object:
    """A number or truth value as Python's own, so that messages show it as people write it."""
    return value.item() if isinstance(value, np.generic) else value
