"""Reading the distribution of a variable from a model file: table, noisy-OR, noisy-MAX or deterministic."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from spasmnet.errors import Problem, suggest
from spasmnet.io.toml.fields import Fields, kind_of, shown
from spasmnet.io.toml.parameters import CITED, Context, read_parameter
from spasmnet.model.cpd import CPD, Deterministic, NoisyMax, Table
from spasmnet.model.network import ROW_SUM_TOLERANCE
from spasmnet.model.parameter import Parameter

CPD_KINDS = ("table", "noisy_or", "noisy_max", "deterministic")
MAX_ENTRIES = 10_000_000  # of all tables of a file
MAX_WORK = 2**28  # rows of a function times the combinations that each may cover
MAX_PARENTS = 63  # an array has 64 axes at most
_CPD_KEYS = {
    "table": ("type", "rows", *CITED),
    "noisy_or": ("type", "leak", "links", *CITED),
    "noisy_max": ("type", "leak", "links", *CITED),
    "deterministic": ("type", "rows", "otherwise"),
}
_ALL_KEYS = ("type", "rows", "leak", "links", "otherwise", *CITED)


class _Distribution(NamedTuple):
    """Probabilities over the states, and the parameters behind them by state index."""

    values: list[float]
    parameters: dict[int, Parameter]


class _Outline(NamedTuple):
    """A CPD while it is read: where it stands, its variable's states and its parents' (None: not known for certain)."""

    path: str
    states: tuple[str, ...] | None
    parents: tuple[str, ...]
    parent_states: tuple[tuple[str, ...], ...] | None
    defaults: Mapping[str, str]


def read_cpd(raw: object, variable: str, parents: tuple[str, ...], context: Context) -> CPD | None:
    """The distribution of a variable, or None if there are problems."""
    path = f"variables.{variable}.cpd"
    before = len(context.problems)
    kind = raw.get("type") if isinstance(raw, dict) else None
    keys = _CPD_KEYS.get(kind, _ALL_KEYS) if isinstance(kind, str) else _ALL_KEYS
    fields = Fields(raw, path, context.problems, keys)
    if not fields.raw or not (kind := fields.choice("type", CPD_KINDS)):
        return None
    known = all(parent in context.states for parent in parents)
    outline = _Outline(
        path,
        context.states.get(variable),
        parents,
        tuple(context.states[parent] for parent in parents) if known else None,
        {key: text for key in CITED if key in keys and (text := fields.text(key))},
    )
    default = outline.defaults.get("source")
    if default and default not in context.sources:
        fields.fault("source", f"there is no source {shown(default)}; {suggest(default, context.sources)}")
    if kind in ("table", "deterministic") and outline.states and outline.parent_states is not None:
        entries = math.prod(map(len, outline.parent_states)) * len(outline.states)
        context.entries += entries
        rows = fields.raw.get("rows")
        work = entries * len(rows) if kind == "deterministic" and isinstance(rows, list) else 0
        if context.entries > MAX_ENTRIES or work > MAX_WORK or len(parents) > MAX_PARENTS:
            fields.fault("", _too_large(entries, len(parents), context.entries))
            return None
    if kind == "noisy_or" and outline.states and len(outline.states) != 2:
        fields.fault("type", f"noisy_or needs a variable with two states, not {len(outline.states)}; use noisy_max")
    read = {"table": _table, "deterministic": _deterministic}.get(kind, _noisy_max)
    cpd = read(fields, outline, context)
    return cpd if len(context.problems) == before else None


def _too_large(entries: int, parents: int, total: int) -> str:
    if parents > MAX_PARENTS:
        return f"has {parents:,} parents, above the limit of {MAX_PARENTS}"
    if entries > MAX_ENTRIES:
        return f"its parents' and own states make {entries:,} combinations, above the limit of {MAX_ENTRIES:,}"
    if total > MAX_ENTRIES:
        return f"with it the tables of this file have {total:,} entries, above the limit of {MAX_ENTRIES:,}"
    return f"has too many rows for its {entries:,} combinations"


def _table(fields: Fields, outline: _Outline, context: Context) -> CPD | None:
    rows: dict[tuple[int, ...], _Distribution | None] = {}
    listed = fields.tables("rows", required=True)
    for number, raw in enumerate(listed, 1):
        row = Fields(raw, f"{outline.path}.rows[#{number}]", context.problems, ("given", "p", "values"))
        at = _given(row, outline, complete=True)
        if at is not None and outline.parents:
            row.path = f"{outline.path}.rows[{_combination(outline, at)}]"
        if "values" in row.raw:
            read = _plain_row(row, outline, context)
        else:
            entries, given = row.table("p", required=bool(row.raw)), "p" in row.raw
            where = f"{row.path}.p"
            read = _distribution(entries, where, outline, context, first_is_rest=False) if given else None
        if at in rows:
            row.fault("", "stands twice")
        elif at is not None:
            rows[at] = read
    if outline.parent_states is None or not outline.states or len(rows) < len(listed):
        return None
    total = math.prod(map(len, outline.parent_states))
    if len(rows) < total:
        absent = (at for at in itertools.product(*map(range, map(len, outline.parent_states))) if at not in rows)
        examples = [_combination(outline, at) for at in itertools.islice(absent, 3)]
        fields.fault("rows", _absent(total - len(rows), total, examples))
        return None
    values = np.empty((*map(len, outline.parent_states), len(outline.states)))
    parameters: dict[tuple[int, ...], Parameter] = {}
    for at, row_read in rows.items():
        if row_read is None:
            return None
        values[at] = row_read.values
        parameters.update({(*at, state): parameter for state, parameter in row_read.parameters.items()})
    return Table(outline.parents, values, parameters)


def _plain_row(row: Fields, outline: _Outline, context: Context) -> _Distribution | None:
    """A row that lists its numbers, one for each state: they cite what the distribution cites, and have no range."""
    if "p" in row.raw:
        row.fault("p", "stands beside values; a row has one of them")
    listed = row.tables("values")
    if outline.states is None:
        return None
    if len(listed) != len(outline.states):
        row.fault("values", f"has {len(listed)} numbers for {len(outline.states)} states")
        return None
    raw = [{"value": number, "low": number, "high": number} for number in listed]
    before = len(row.problems)
    found = {
        y: parameter
        for y, (state, entry) in enumerate(zip(outline.states, raw, strict=True))
        if (parameter := read_parameter(entry, f"{row.path}.values.{state}", outline.defaults, context)) is not None
    }
    if len(row.problems) > before:
        return None
    return _completed(found, len(outline.states), None, f"{row.path}.values", context.problems, cited=True)


def _absent(count: int, total: int, examples: list[str]) -> str:
    if examples == [""]:
        return "is empty; one row is needed"
    listed = "; ".join(examples) + ("; …" if count > len(examples) else "")
    return f"{count} of {total} combinations of the parents' states {'is' if count == 1 else 'are'} missing: {listed}"


def _noisy_max(fields: Fields, outline: _Outline, context: Context) -> CPD | None:
    leak_raw = fields.table("leak", required=True)
    leak = _distribution(leak_raw, f"{outline.path}.leak", outline, context) if "leak" in fields.raw else None
    links_raw = fields.table("links", required=bool(outline.parents))
    links_fields = Fields(links_raw, f"{outline.path}.links", context.problems, links_raw)
    for parent in links_raw:
        if parent not in outline.parents:
            links_fields.fault(parent, f"is not a parent of this variable; {suggest(parent, outline.parents)}")
    parameters: dict[tuple[int, ...], Parameter] = {}
    if leak:
        parameters.update({(-1, 0, y): parameter for y, parameter in leak.parameters.items()})
    links: list[list[list[float]]] = []
    for i, parent in enumerate(outline.parents):
        if "links" not in fields.raw:
            break
        if parent not in links_raw:
            links_fields.fault(parent, "is missing; each parent needs its links")
            continue
        states = outline.parent_states[i] if outline.parent_states is not None else context.states.get(parent)
        link = _link(links_fields, parent, states, outline, context)
        links.append([distribution.values for distribution in link])
        parameters.update(
            {(i, u, y): p for u, distribution in enumerate(link) for y, p in distribution.parameters.items()}
        )
    if leak is None or outline.parent_states is None or list(map(len, links)) != list(map(len, outline.parent_states)):
        return None
    return NoisyMax(outline.parents, leak.values, links, parameters)


def _link(
    fields: Fields, parent: str, states: tuple[str, ...] | None, outline: _Outline, context: Context
) -> list[_Distribution]:
    """What each state of a parent brings about alone; the first brings nothing."""
    raw = fields.table(parent)
    path = f"{fields.path}.{parent}"
    if states is None:
        for state, entries in raw.items():
            _distribution(entries, f"{path}.{state}", outline, context)
        return []
    for state in raw:
        if state == states[0]:
            fields.fault(f"{parent}.{state}", f"is the first state of {parent}, which never contributes; remove it")
        elif state not in states:
            hint = suggest(state, states, show_all=True)
            fields.fault(f"{parent}.{state}", f"{parent} has no state {shown(state)}; {hint}")
    link = [_Distribution([1.0] + [0.0] * (len(outline.states or "x") - 1), {})]
    for state in states[1:]:
        if state not in raw:
            fields.fault(f"{parent}.{state}", f"is missing; each state of {parent} after the first needs its link")
        elif read := _distribution(raw[state], f"{path}.{state}", outline, context):
            link.append(read)
    return link


def _deterministic(fields: Fields, outline: _Outline, context: Context) -> CPD | None:
    unset = -1
    shape = tuple(map(len, outline.parent_states)) if outline.parent_states is not None else ()
    outcome = np.full(shape, unset, dtype=np.int64)
    for number, raw in enumerate(fields.tables("rows"), 1):
        row = Fields(raw, f"{outline.path}.rows[#{number}]", context.problems, ("given", "state"))
        at = _given(row, outline, complete=False)
        state = _state(row, "state", outline)
        if at is None or state is None:
            continue
        cells = tuple(slice(None) if index < 0 else slice(index, index + 1) for index in at)
        reached = outcome[cells] == unset
        if not reached.any():
            row.fault("", "never applies: the rows before it cover all its combinations")
        outcome[cells] = np.where(reached, state, outcome[cells])
    if "otherwise" in fields.raw:
        rest = _state(fields, "otherwise", outline)
        outcome[outcome == unset] = unset if rest is None else rest
    elif outline.parent_states is not None and (outcome == unset).any() and not _faulty(context, outline.path):
        open_cells = [_combination(outline, tuple(at)) for at in np.argwhere(outcome == unset)[:3].tolist()]
        fields.fault("otherwise", f"is missing, and no row covers {'; '.join(open_cells) or 'the variable'}")
    if outline.states is None or outline.parent_states is None:
        return None
    return Deterministic(outline.parents, outcome, len(outline.states))


def _faulty(context: Context, path: str) -> bool:
    return any(problem.path.startswith(f"{path}.rows") for problem in context.problems)


def _state(fields: Fields, key: str, outline: _Outline) -> int | None:
    name = fields.text(key, required=True)
    if not name or outline.states is None:
        return None
    if name not in outline.states:
        if (whole := str(fields.raw[key])) in outline.states:  # a name may begin or end with a blank
            return outline.states.index(whole)
        fields.fault(key, f"the variable has no state {shown(name)}; {suggest(name, outline.states, show_all=True)}")
        return None
    return outline.states.index(name)


def _given(row: Fields, outline: _Outline, *, complete: bool) -> tuple[int, ...] | None:
    """The states of the parents that a row is about, as indices; -1 for a parent left out where that is allowed."""
    before = len(row.problems)
    given = row.table("given", required=complete and bool(outline.parents) and bool(row.raw))
    if len(row.problems) == before:
        for parent in given:
            if parent not in outline.parents:
                hint = suggest(parent, outline.parents) if outline.parents else "it has no parents"
                row.fault(f"given.{parent}", f"is not a parent of this variable; {hint}")
        for parent in outline.parents if complete else ():
            if parent not in given:
                row.fault(f"given.{parent}", "is missing; a row of a table names the state of every parent")
    indices = []
    for parent, states in zip(outline.parents, outline.parent_states or (), strict=False):
        state = given.get(parent)
        if parent in given and state not in states:
            hint = suggest(str(state), states, show_all=True)
            row.fault(f"given.{parent}", f"{parent} has no state {shown(state)}; {hint}")
        indices.append(states.index(state) if state in states else -1)
    if outline.parent_states is None or len(row.problems) > before or (complete and -1 in indices):
        return None
    return tuple(indices)


def _combination(outline: _Outline, at: Sequence[int]) -> str:
    parts = zip(outline.parents, outline.parent_states or (), at, strict=True)
    return ", ".join(f"{parent}={states[index]}" for parent, states, index in parts)


def _distribution(
    raw: object, path: str, outline: _Outline, context: Context, *, first_is_rest: bool = True
) -> _Distribution | None:
    """Probabilities over the variable's states; one of them takes the rest: the first, or any one that is left out."""
    problems = context.problems
    if type(raw) is not dict:
        problems.append(Problem(path, f"a table with a parameter for each state is needed, not {kind_of(raw)}"))
        return None
    states = outline.states
    found: dict[int, Parameter] = {}
    sound = states is not None
    for state, entry in raw.items():
        parameter = read_parameter(entry, f"{path}.{state}", outline.defaults, context)
        if states is None:
            continue
        if state not in states:
            hint = suggest(state, states, show_all=True)
            problems.append(Problem(f"{path}.{state}", f"the variable has no state {shown(state)}; {hint}"))
        elif first_is_rest and state == states[0]:
            message = "is the first state, which takes the rest (1 - sum); leave it out"
            problems.append(Problem(f"{path}.{state}", message))
        elif parameter is not None:
            found[states.index(state)] = parameter
            continue
        sound = False
    if not sound or states is None:
        return None
    absent = [index for index in range(len(states)) if index not in found]
    if first_is_rest:
        absent.remove(0)
        message = "is missing; each state after the first needs a parameter"
        problems += [Problem(f"{path}.{states[index]}", message) for index in absent]
    elif len(absent) > 1:
        names = ", ".join(states[index] for index in absent)
        problems.append(Problem(path, f"gives no parameter for {names}; at most one state may be left out"))
    if absent and (first_is_rest or len(absent) > 1):
        return None
    rest = 0 if first_is_rest else next(iter(absent), None)
    return _completed(found, len(states), rest, path, problems, cited=not first_is_rest)


def _completed(
    found: dict[int, Parameter], states: int, rest: int | None, path: str, problems: list[Problem], *, cited: bool
) -> _Distribution | None:
    """The distribution in which the state `rest` has what the others leave; with `cited`, as a parameter of its own."""
    total = math.fsum(parameter.value for parameter in found.values())
    if total > 1 + ROW_SUM_TOLERANCE or (rest is None and total < 1 - ROW_SUM_TOLERANCE):
        limit = "1" if rest is None else "at most 1"
        message = f"the values sum to {total:.12g}; they have to sum to {limit} (within {ROW_SUM_TOLERANCE})"
        problems.append(Problem(path, message))
        return None
    values = [0.0] * states
    for index, parameter in found.items():
        values[index] = parameter.value
    if rest is not None:
        values[rest] = max(0.0, math.fsum([1.0, *(-value for value in values)]))
        if cited and found:
            moving = (parameter for parameter in found.values() if parameter.low < parameter.high)
            first = next(moving, next(iter(found.values())))  # a logical 0 is not what the rest depends on
            low = max(0.0, math.fsum([1.0, *(-parameter.high for parameter in found.values())]))
            high = min(1.0, math.fsum([1.0, *(-parameter.low for parameter in found.values())]))
            note = "the complement: 1 minus the other states of the row"
            found[rest] = Parameter(values[rest], low, max(high, values[rest]), first.source, first.where, note, True)
    return _Distribution(values, found)
