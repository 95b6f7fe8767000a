"""Hypothesis strategies that all tests share: networks of every kind of distribution, and evidence for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from spasmnet.model.cpd import CPD, Deterministic, NoisyMax, Table
from spasmnet.model.network import Network, Variable
from spasmnet.model.parameter import Parameter
from spasmnet.triage.guidance import (
    CARE_LEVELS,
    UNKNOWN_COUNTS_AS,
    Guidance,
    Harm,
    Losses,
    Rule,
    Screening,
)

KINDS = ("table", "noisy_max", "deterministic")
ODD_NAMES = (
    "x y", " lead", "a,b", "p|q", 'say "hi"', "it's", "0", "1", "-1", "1.0", "True", "nan", "none", "None", "{}", "(a)",
    "[b];", "=", "//", "a/*b*/", "%", "#", "\\", "na\u00efve", "\u65e5\u672c", "\U0001f9b5", "\u00df", "\u00e9",
    "e\u0301", "A", "a", "variable", "table", "states", "line\u2028break", "<&>",
)  # fmt: skip
# for tests whose variables have odd names for states, such as None, and empty cells
states_like_none = pytest.mark.filterwarnings("ignore:empty cells are read as not observed:spasmnet.SpasmnetWarning")
odd_text = st.sampled_from(ODD_NAMES) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
plain_text = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)


@st.composite
def networks(
    draw: st.DrawFn,
    max_variables: int = 7,
    max_states: int = 4,
    max_parents: int = 4,
    kinds: tuple[str, ...] = KINDS,
    names: st.SearchStrategy[str] = odd_text,
    min_variables: int = 1,
    positive: bool = False,
    extreme: bool = False,
) -> Network:
    """A random network: any acyclic graph, also disconnected, declared in any order.

    Variables have 1 to `max_states` states and at most `max_parents` parents. Numbers span many orders of magnitude
    and, unless `positive`, include exact zeros and ones. `positive` leaves out deterministic distributions; the zeros
    in the first row of a noisy-MAX link remain, as they must. `extreme` adds numbers down to 1e-307.
    """
    count = draw(st.integers(min_variables, max_variables))
    labels = draw(st.lists(names, min_size=count, max_size=count, unique=True))
    states = st.lists(names, min_size=1, max_size=max_states, unique=True)
    variables = [Variable(label, tuple(draw(states))) for label in labels]
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cpds: dict[str, CPD] = {}
    for at, variable in enumerate(variables):
        parents = draw(st.permutations(draw(_subset(variables[:at], max_parents))))
        usable = [kind for kind in kinds if not (positive and kind == "deterministic")] or ["table"]
        kind = draw(st.sampled_from(usable))
        cpds[variable.name] = _cpd(kind, variable, parents, random, positive, extreme)
    return Network(tuple(draw(st.permutations(variables))), cpds, name="drawn")


def _subset(items: list[Variable], most: int) -> st.SearchStrategy[list[Variable]]:
    if not items:
        return st.just([])
    return st.lists(st.sampled_from(items), max_size=min(most, len(items)), unique_by=lambda variable: variable.name)


def _cpd(
    kind: str, variable: Variable, parents: list[Variable], random: np.random.Generator, positive: bool,
    extreme: bool = False,
) -> CPD:  # fmt: skip
    names, sizes, states = [p.name for p in parents], [len(p.states) for p in parents], len(variable.states)
    drawn = extreme_rows if extreme and random.random() < 0.7 else partial(rows, positive=positive)
    if kind == "deterministic":
        return Deterministic(names, random.integers(0, states, sizes), states)
    if kind == "noisy_max":
        links = [drawn(random, (size, states)) for size in sizes]
        for link in links:
            link[0] = np.eye(states)[0]
        return NoisyMax(names, drawn(random, (states,)), links)
    return Table(names, drawn(random, (*sizes, states)))


def rows(random: np.random.Generator, shape: tuple[int, ...], positive: bool = False) -> NDArray[np.float64]:
    """Distributions along the last axis; a third are even, a third extreme and a third hold exact zeros and ones."""
    values = random.exponential(size=shape)
    style = random.integers(0, 3, shape[:-1])[..., None]
    values = np.where(style == 1, values ** random.integers(1, 12), values)
    if not positive:
        keep = random.random(shape) < 0.5
        keep[..., 0] |= ~keep.any(axis=-1)
        values = np.where((style == 2) & ~keep, 0.0, values)
    return np.asarray(values / values.sum(axis=-1, keepdims=True), dtype=np.float64)


def extreme_rows(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Distributions along the last axis with numbers down to 1e-307, of which products are smaller than any float.

    One number of a row is ordinary; zeros are among the others.
    """
    values = 10.0 ** -random.uniform(0, random.choice([20.0, 160.0, 307.0]), shape)
    values[random.random(shape) < 0.15] = 0.0
    at = random.integers(0, shape[-1], shape[:-1])[..., None]
    np.put_along_axis(values, at, random.random(at.shape) + 0.1, axis=-1)
    found = np.asarray(values / values.sum(axis=-1, keepdims=True), dtype=np.float64)
    return np.where(found < 1e-307, 0.0, found)


@st.composite
def evidence(draw: st.DrawFn, network: Network, likelihood: bool = True, positive: bool = False) -> dict[str, Any]:
    """Findings for some of the variables: a state, or likelihoods by state; the others are missing.

    They may be impossible together, or alone. With `positive`, no likelihood is 0.
    """
    found: dict[str, Any] = {}
    for variable in network.variables:
        kind = draw(st.sampled_from(("missing", "hard", "likelihood") if likelihood else ("missing", "hard")))
        if kind == "hard":
            found[variable.name] = draw(st.sampled_from(variable.states))
        elif kind == "likelihood":
            number = st.floats(1e-3, 1.0) if positive else st.just(0.0) | st.just(1.0) | st.floats(1e-6, 1.0)
            size = len(variable.states)
            values = draw(st.lists(number, min_size=size, max_size=size).filter(any))
            found[variable.name] = dict(zip(variable.states, values, strict=True))
    return found


@st.composite
def noisy_networks(draw: st.DrawFn, max_parents: int = 8) -> Network:
    """A noisy-MAX variable with four to `max_parents` parents, its neighbours, and a bystander joined to nothing.

    Four parents and more are where the library takes the maximum one parent at a time. Some parents share a cause, a
    second noisy-MAX shares some of the parents, and a deterministic variable looks at both.
    """
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(4, max_parents))
    sizes = {"cause": 2} | {f"parent{i}": draw(st.integers(1, 3 if count < 7 else 2)) for i in range(count)}
    sizes |= {"effect": draw(st.integers(2, 3)), "other": 2, "sign": 2, "bystander": draw(st.integers(1, 2))}
    variables = {name: Variable(name, tuple(f"s{i}" for i in range(size))) for name, size in sizes.items()}
    parents = [f"parent{i}" for i in range(count)]
    above: dict[str, tuple[str, list[str]]] = {name: ("table", []) for name in sizes}
    above |= {name: ("table", ["cause"]) for name in parents if draw(st.booleans())}
    above["effect"] = ("noisy_max", draw(st.permutations(parents)))
    above["other"] = ("noisy_max", draw(st.permutations(parents))[: draw(st.integers(1, 5))])
    above["sign"] = (draw(st.sampled_from(("table", "deterministic"))), ["effect", "other"])
    cpds = {
        name: _cpd(kind, variables[name], [variables[p] for p in names], random, False)
        for name, (kind, names) in above.items()
    }
    return Network(tuple(draw(st.permutations(list(variables.values())))), cpds, name="noisy")


any_networks = networks() | noisy_networks()


@st.composite
def extreme_cases(
    draw: st.DrawFn, kinds: tuple[str, ...] = ("table", "deterministic")
) -> tuple[Network, dict[str, Any]]:
    """A network with numbers down to 1e-307, and findings of which some are likelihoods from 1e-300 to 1e300.

    By default without noisy-MAX, so that every product is a number of extended precision.
    """
    network = draw(networks(max_variables=6, kinds=kinds, extreme=True))
    found = draw(evidence(network))
    for name, finding in found.items():
        if isinstance(finding, dict):
            spread = draw(st.sampled_from([1.0, 100.0, 295.0]))
            top = draw(st.floats(spread - 300, 299))
            powers = {state: top - draw(st.floats(0, spread)) for state in finding}
            found[name] = {state: 10.0 ** powers[state] if value else 0.0 for state, value in finding.items()}
    return network, found


@st.composite
def networks_with_evidence(draw: st.DrawFn, /, **options: Any) -> tuple[Network, dict[str, Any]]:
    """A network and findings for it; `options` are those of `networks`."""
    network = draw(networks(**options) if options else any_networks)
    return network, draw(evidence(network))


@st.composite
def ranged_networks(draw: st.DrawFn, /, **options: Any) -> Network:
    """A network of which some numbers are cited with a range: rows with one number left over, several, or none."""
    options = {"kinds": ("table", "noisy_max"), "max_variables": 5, "max_states": 3, "max_parents": 3} | options
    network = draw(networks(**options).filter(lambda n: any(len(v.states) > 1 for v in n.variables)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cpds = {name: _with_ranges(cpd, random) for name, cpd in network.cpds.items()}
    if not any(p.low < p.high for cpd in cpds.values() for p in cpd.parameters.values()):
        name = next(v.name for v in network.variables if len(v.states) > 1)
        cpds[name] = _with_ranges(network.cpds[name], random, chance=1.0, fixed=0.0)
    return network.with_cpds(cpds)


def _with_ranges(cpd: CPD, random: np.random.Generator, chance: float = 0.6, fixed: float = 0.1) -> CPD:
    found: dict[tuple[int, ...], Parameter] = {}
    if isinstance(cpd, NoisyMax):
        rows_ = {(-1, 0): cpd.leak} | {(i, u): link[u] for i, link in enumerate(cpd.links) for u in range(1, len(link))}
    else:
        rows_ = {key: cpd.table()[key] for key in np.ndindex(cpd.table().shape[:-1])}
    for key, row in rows_.items():
        if len(row) > 1 and random.random() < chance:
            cited = random.permutation(np.arange(isinstance(cpd, NoisyMax), len(row)))
            for y in cited[: random.integers(1, len(cited) + 1)].tolist():
                low, high = row[y] * random.random(), row[y] + (1 - row[y]) * random.random() ** 2
                value, alone = float(row[y]), random.random() < fixed
                found[*key, int(y)] = Parameter(value, value if alone else low, value if alone else high, "source")
    if isinstance(cpd, NoisyMax):
        return NoisyMax(cpd.parents, cpd.leak, cpd.links, found)
    return Table(cpd.parents, cpd.table(), found) if found else cpd


def _parameter(value: float) -> Parameter:
    return Parameter(value, value, value, "source")


@st.composite
def asking_networks(draw: st.DrawFn, losses: bool | None = None, causes: int = 1) -> Network:
    """A network of which one variable or more is a cause, others have a question, with red flags and perhaps losses.

    Some red flags have a threshold of their own, or count "don't know" as absent; the model may ask for a minimum of
    answered questions about red flags.
    """
    network = draw(networks(max_variables=6, max_states=3, max_parents=3, min_variables=causes + 1))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = list(draw(st.permutations(network.names)))
    chosen_causes = names[: draw(st.integers(causes, len(names) - 1))]
    variables = [
        replace(v, role=str(random.choice(["cause", "serious"])))
        if v.name in chosen_causes
        else replace(v, role="finding", question=f"{v.name}?", cost=[None, 0.0, 0.1][random.integers(3)])
        for v in network.variables
    ]
    asked = names[len(chosen_causes) :]
    flags = []
    for i in range(draw(st.integers(0, 4))):
        chosen = [asked[i] for i in random.permutation(len(asked))[: random.integers(1, 3)]]
        when = {n: tuple(s for s in network.by_name[n].states if random.random() < 0.6) for n in chosen}
        suspects = tuple(chosen_causes[i] for i in random.permutation(len(chosen_causes))[: random.integers(0, 3)])
        level = str(random.choice(CARE_LEVELS))
        flags.append(
            Rule(
                f"flag{i}",
                {n: s or network.by_name[n].states[:1] for n, s in when.items()},
                "",
                level,
                suspects=suspects,
                threshold=_parameter(float(random.random())) if random.random() < 0.3 else None,
                unknown=str(random.choice(UNKNOWN_COUNTS_AS)),
            )
        )
    thresholds = {level: _parameter(float(random.random())) for level in CARE_LEVELS if random.random() < 0.5}
    answered = _parameter(float(random.choice([0.0, 0.5, 1.0]))) if random.random() < 0.5 else None
    found: dict[str, Any] = {"screening": Screening(thresholds, answered, str(random.choice(CARE_LEVELS)), "Ask more.")}
    if losses or (losses is None and draw(st.booleans())):
        harms = []
        for name in chosen_causes[:2] + asked[:1]:
            states = network.by_name[name].states
            loss = -np.sort(-(random.random(4) * 10 ** random.integers(0, 4)))
            harms.append(Harm(name, name, states[-1:], dict(zip(CARE_LEVELS, loss.tolist(), strict=True))))
        burden = dict(zip(CARE_LEVELS, np.sort(random.random(4) * 10).tolist(), strict=True))
        found["losses"] = Losses(burden, tuple(harms))
    return replace(network, variables=tuple(variables), guidance=Guidance(red_flags=tuple(flags), **found))


def as_kind(plain: pd.DataFrame, kind: str) -> Any:
    """A frame of plain objects as a frame of another kind (a key of FRAME_KINDS)."""
    return FRAME_KINDS[kind](plain)


def _lists(plain: pd.DataFrame) -> dict[str, list[Any]]:
    return {str(name): [None if pd.isna(cell) else cell for cell in plain[name]] for name in plain}


def _polars_enums(plain: pd.DataFrame) -> Any:
    cells = _lists(plain)
    kinds = {name: pl.Enum(sorted({cell for cell in column if cell is not None})) for name, column in cells.items()}
    return pl.DataFrame(cells, schema=kinds)


def _arrow(kind: Any, chunks: int = 1) -> Callable[[pd.DataFrame], Any]:
    def make(plain: pd.DataFrame) -> Any:
        columns = {}
        for name, cells in _lists(plain).items():
            size = -(-len(cells) // chunks) or 1
            parts = [pa.array(cells[i : i + size], type=pa.string()) for i in range(0, len(cells), size)]
            whole = pa.chunked_array(parts, type=pa.string())
            columns[name] = whole.dictionary_encode() if kind == "dictionary" else whole.cast(kind)
        return pa.table(columns)

    return make


FRAME_KINDS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "objects": lambda plain: plain,
    "str": lambda plain: plain.astype("str"),
    "string": lambda plain: plain.astype("string"),
    "string[python]": lambda plain: plain.astype("string[python]"),
    "string[pyarrow]": lambda plain: plain.astype("string[pyarrow]"),
    "ArrowDtype": lambda plain: plain.astype(pd.ArrowDtype(pa.string())),
    "ArrowDtype of a dictionary": lambda plain: plain.astype(pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
    "categories": lambda plain: plain.astype("category"),
    "empty text": lambda plain: plain.astype(object).where(plain.notna(), ""),
    "read only": lambda plain: plain.astype(object).pipe(lambda frame: pd.DataFrame(readonly(frame), columns=frame.columns)),
    "polars": lambda plain: pl.DataFrame(_lists(plain), schema=dict.fromkeys(map(str, plain), pl.String)),
    "polars categories": lambda plain: pl.DataFrame(_lists(plain), schema=dict.fromkeys(map(str, plain), pl.Categorical)),
    "polars enums": _polars_enums,
    "polars objects": lambda plain: pl.DataFrame(_lists(plain), schema=dict.fromkeys(map(str, plain), pl.Object)),
    "pyarrow": _arrow(pa.string()),
    "pyarrow in chunks": _arrow(pa.string(), 3),
    "pyarrow large strings": _arrow(pa.large_string()),
    "pyarrow string views": _arrow(pa.string_view()),
    "pyarrow dictionaries": _arrow("dictionary", 2),
    "narwhals": lambda plain: nw.from_native(_arrow(pa.string())(plain), eager_only=True),
}  # fmt: skip


def readonly(frame: pd.DataFrame) -> NDArray[Any]:
    """The cells of a frame in an array that cannot be written."""
    cells = frame.to_numpy(dtype=object, copy=True)
    cells.setflags(write=False)
    return cells


@st.composite
def frames(draw: st.DrawFn, network: Network) -> tuple[list[dict[str, Any]], Any]:
    """Cases of a network, each as evidence, and all of them as one frame of any kind; names need to be plain text.

    A variable has a column of states, columns of likelihoods, or none; cells are empty here and there.
    """
    count = draw(st.integers(0, 6))
    rows: list[dict[str, Any]] = [{} for _ in range(count)]
    states: dict[Any, list[Any]] = {}
    weights: dict[Any, list[Any]] = {}
    number = st.sampled_from([0.0, 1.0, 0.25, 1e-9, 3e7])
    for variable in network.variables:
        column = draw(st.sampled_from(("none", "states", "likelihoods")))
        size = len(variable.states)
        if column == "states":
            cells = draw(st.lists(st.none() | st.sampled_from(variable.states), min_size=count, max_size=count))
            states[variable.name] = cells
        elif column == "likelihoods":
            vector = st.lists(number, min_size=size, max_size=size).filter(any)
            given = draw(st.lists(st.none() | vector, min_size=count, max_size=count))
            for i, state in enumerate(variable.states):
                weights[variable.name, state] = [None if values is None else values[i] for values in given]
            cells = [None if v is None else dict(zip(variable.states, v, strict=True)) for v in given]
        else:
            continue
        for row, cell in zip(rows, cells, strict=True):
            row.update({} if cell is None else {variable.name: cell})
    frame = as_kind(pd.DataFrame(states, index=range(count), dtype=object), draw(st.sampled_from(sorted(FRAME_KINDS))))
    floats = {key: [None if v is None else float(v) for v in column] for key, column in weights.items()}
    if isinstance(frame, pd.DataFrame):
        more = pd.DataFrame(floats, index=frame.index, dtype=float)
        more.columns = pd.Index([*floats], tupleize_cols=False)
        return rows, pd.concat([frame, more], axis=1) if floats else frame
    if not states:
        rows = rows if floats else []  # a frame without columns has no rows
    named = {f"{name}={state}": column for (name, state), column in floats.items()}
    own = nw.from_native(frame, eager_only=True)
    columns = [nw.new_series(n, c, nw.Float64, backend=own.implementation) for n, c in named.items()]
    if states:
        made = own.with_columns(*columns)
    else:
        made = nw.from_dict({c.name: c for c in columns}, backend=own.implementation) if columns else own
    return rows, made if isinstance(frame, nw.DataFrame) else made.to_native()
