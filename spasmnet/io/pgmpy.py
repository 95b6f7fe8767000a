"""To and from pgmpy and the file formats of other tools, without loss: what cannot be held is refused, never mangled.

The only module that imports pgmpy, and only inside functions (importing it takes over a second). Files are read from
their own text (`spasmnet.io`), because pgmpy 1.1's readers skip blocks that they do not recognise, split names at
blanks, fill missing rows with zeros and may swap parents.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from enum import Enum
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import FormatError, ModelError, ModelFileError, Problem, shown, suggest
from spasmnet.io.declared import MAX_AXES, NEGLIGIBLE, Declared
from spasmnet.io.filetext import kind_of, read_bytes
from spasmnet.io.formats import ENDINGS, UnknownRows, scan
from spasmnet.model.cpd import Floats, Table
from spasmnet.model.network import ROW_SUM_TOLERANCE, Network, Variable
from spasmnet.model.parameter import Source

if TYPE_CHECKING:
    from pgmpy.models import DiscreteBayesianNetwork
    from pyagrum import BayesNet

MAX_ENTRIES = 50_000_000
ROUNDING = 0.01  # how far it may without being asked, and how far normalize=True goes however many digits are printed
SINGLE = 1e-6  # how far below 0 a number of single precision may be with normalize=True
_SHOWN_ROWS = 5
_HINTS = {
    "pomegranate": "; build a spasmnet.Network from its distributions, whose tables are `distributions[i].probs[0]` "
    "with axes (parents, variable)",
    "sorobn": "; build a spasmnet.Network from its tables, which are pandas Series in `P` by parents and variable",
    "pysmile": "; write it with write_file to .xdsl and read that with spasmnet.read",
    "networkx": "; a graph has no probabilities: build a spasmnet.Network with a Table for each variable",
}
_LISTED_ROWS = 1000


def from_pgmpy(model: DiscreteBayesianNetwork, normalize: bool | None = None) -> Network:
    """The network that a pgmpy model describes: the same names, states in the same order, and numbers bit for bit.

    `model` is a pgmpy.models.DiscreteBayesianNetwork; its tables need no check_model(), which lets rows sum to 1.005.
    Rows within 1e-9 of 1 are never touched. Rows that are off by the rounding of printed decimals, at most 1e-6, are
    divided by their sum; `normalize=True` does so up to 0.01, and `normalize=False` refuses both. Names
    and states that are integers, floats or booleans become their text (1 becomes "1") unless two would become equal.
    Attributes of nodes and edges, weights and the set of latent variables are not carried over.

    Raises FormatError for another kind of model or name, and ModelError with everything else that is wrong.

    >>> from pgmpy.factors.discrete import TabularCPD
    >>> from pgmpy.models import DiscreteBayesianNetwork
    >>> model = DiscreteBayesianNetwork()
    >>> model.add_node("rain")
    >>> model.add_cpds(TabularCPD("rain", 2, [[0.8], [0.2]], state_names={"rain": ["no", "yes"]}))
    >>> from_pgmpy(model)
    <Network 'unnamed': 1 variable, 0 edges, 2 probabilities>
    """
    _pgmpy()
    from pgmpy.models import DiscreteBayesianNetwork

    if not isinstance(model, DiscreteBayesianNetwork):
        raise FormatError(
            f"{type(model).__name__} is not a discrete Bayesian network: a pgmpy.models.DiscreteBayesianNetwork with a "
            "TabularCPD for each variable is needed (discretise a continuous model, learn parameters for a bare graph)"
        )
    return assemble(_declared(model), normalize, "pgmpy model")


def to_pgmpy(network: Network) -> DiscreteBayesianNetwork:
    """The network as a pgmpy.models.DiscreteBayesianNetwork; noisy-MAX and deterministic distributions are expanded.

    Names, states, their order and every number are kept; labels, sources and everything else that pgmpy does not know
    are not. Raises FormatError if a table would have more than 50 million entries.

    >>> to_pgmpy(Network((Variable("rain", ("no", "yes")),), {"rain": Table((), [0.8, 0.2])})).get_cpds("rain").values
    array([0.8, 0.2])
    """
    if not isinstance(network, Network):
        raise FormatError(f"to_pgmpy takes a spasmnet Network, not {type(network).__name__}")
    large = {name: prod(network.cpds[name].shape) for name in network.names}
    if too_large := [f"{name} ({size:,} entries)" for name, size in large.items() if size > MAX_ENTRIES]:
        raise FormatError(
            f"pgmpy holds full tables only, and these would pass {MAX_ENTRIES:,} entries: {', '.join(too_large)}; "
            "divorce their parents (group them under intermediate variables) first"
        )
    _pgmpy()
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    model = DiscreteBayesianNetwork()
    model.name = network.name
    model.add_nodes_from(network.names)
    model.add_edges_from((parent, name) for name in network.names for parent in network.cpds[name].parents)
    for name in network.names:
        cpd = network.cpds[name]
        values = np.moveaxis(cpd.table(), -1, 0).reshape(cpd.shape[-1], -1)
        states = {other: list(network.by_name[other].states) for other in (name, *cpd.parents)}
        parents, sizes = (list(cpd.parents), list(cpd.shape[:-1])) if cpd.parents else (None, None)
        model.add_cpds(TabularCPD(name, cpd.shape[-1], values, parents, sizes, state_names=states))
    return model


def from_pyagrum(model: BayesNet, normalize: bool | None = None) -> Network:
    """The network that a pyAgrum model describes: the same names, states in the same order, and numbers bit for bit.

    `model` is a pyagrum.BayesNet; labels of its variables become names of states. Rows that are off by the rounding of
    printed decimals or of single precision, at most 1e-6, are divided by their sum, with `normalize` as in from_pgmpy.
    Canonical models (noisy-OR) are expanded into tables. Descriptions are not carried over.

    Raises FormatError for another kind of model or if pyAgrum is missing, and ModelError with everything that is wrong.

    >>> import pyagrum
    >>> from_pyagrum(pyagrum.fastBN("rain{no|yes}->wet{no|yes}")).names
    ('rain', 'wet')
    """
    try:
        import pyagrum
    except ImportError as error:
        raise FormatError(f"pyAgrum is needed for this: install pyagrum ({error})") from None
    if not isinstance(model, pyagrum.BayesNet):
        raise FormatError(
            f"{type(model).__name__} is not a pyagrum.BayesNet, the only model of pyAgrum that can be held"
        )
    states: dict[str, tuple[str, ...]] = {}
    parents: dict[str, tuple[str, ...]] = {}
    values: dict[str, Floats] = {}
    for node in sorted(model.nodes()):
        variable, table = model.variable(node), cast(Any, model.cpt(node))
        name, *given = table.names
        if len(given) >= MAX_AXES:
            raise FormatError(f"{name} has {len(given)} parents; at most {MAX_AXES - 1} can be held")
        states[name], parents[name] = tuple(variable.labels()), tuple(given)
        values[name] = np.ascontiguousarray(np.moveaxis(np.asarray(table.toarray(), dtype=np.float64).T, 0, -1))
    title = str(model.propertyWithDefault("name", ""))
    return assemble(Declared(title, states, parents, values), normalize, "pyAgrum model")


def converted(model: object) -> Network:
    """The network that a model of another library describes; FormatError says what to do about other objects."""
    modules = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    if "pgmpy" in modules:
        return from_pgmpy(cast(Any, model))
    if modules & {"pyagrum", "pyAgrum"}:
        return from_pyagrum(cast(Any, model))
    hint = next((hint for library, hint in _HINTS.items() if library in modules), "")
    if isinstance(model, os.PathLike) or (isinstance(model, str) and {".", "/", "\\"} & set(model)):
        hint = "; read a file with spasmnet.read, a shipped model with spasmnet.load"
    elif isinstance(model, dict) and type(model.get("model")).__module__.startswith("pgmpy"):
        hint = '; what the Python package bnlearn returns holds a pgmpy model: pass its ["model"]'
    raise FormatError(f"compile takes a spasmnet Network, not {type(model).__name__}{hint}")


def read_foreign(path: str | os.PathLike[str], normalize: bool | None = None, encoding: str | None = None) -> Network:
    """The network in a BIF, XMLBIF, XDSL, NET (Hugin) or UAI file, which may be compressed with gzip.

    The content says which format it is, where that shows, else the file's ending. Text is UTF-8 unless a byte order
    mark, XML's own declaration or `encoding` says otherwise.

    Names, states, their order and every number are those of the file; what is not understood is refused. UAI has no
    names: variables become var_0, var_1, … and states "0", "1", …, as in pgmpy, and in which order its tables are is
    told from the rows' sums and from aGrUM's mark.

    Rows that sum to 1 but for the rounding of what is printed are divided by their sum: those off by at most 1e-6, or
    by the number of states times half a unit of the last printed digit, but no more than 0.01. `normalize=True` does so
    beyond, up to that number of half units or 0.01, whichever is more; also for rows of whole counts, and for numbers
    down to -1e-6, which become 0. `normalize=False` refuses all of them. What was assumed, left out or repaired
    is told in the network's `notes`; for rows beyond printed rounding with the sum of each.

    Raises ModelFileError if there is no such text to read, FormatError if it is not understood, ModelError with all
    problems if it contradicts itself.

    >>> text = "variable rain { type discrete [2] { no, yes }; } probability (rain) { table 0.8, 0.2; }"
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "rain.bif").write_text(text)
    ...     read_foreign(Path(folder, "rain.bif"))
    <Network 'rain': 1 variable, 0 edges, 2 probabilities>
    """
    return network_of(read_bytes(path), Path(path), normalize, encoding)


def network_of(
    data: bytes, path: Path, normalize: bool | None, encoding: str | None, unknown_rows: UnknownRows = "refuse"
) -> Network:
    """The network in a file's content, of which `path` names the origin and which its numbers cite."""
    declared = scan(data, form_of(data, path), str(path), encoding, unknown_rows)
    stem = path.name.removesuffix(".gz")
    name = stem.removesuffix(Path(stem).suffix) or "unnamed"
    return assemble(declared, normalize, str(path), name, (_file_source(data, path.name),))


def _file_source(data: bytes, name: str) -> Source:
    """A file as the source of numbers of which nothing else is known."""
    import hashlib

    digest = hashlib.sha256(data).hexdigest()
    note = (
        f"The numbers stand so in this file (SHA-256 of its content: {digest}), which does not say where they are from."
    )
    return Source(re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "file", "assumption", name, note=note)


def form_of(data: bytes, path: Path) -> str:
    """The format of a file's content, by its beginning, else by the ending of its name; raises ModelFileError."""
    kind, suffix = kind_of(data), Path(path.name.removesuffix(".gz")).suffix
    form = ENDINGS.get(suffix.lower(), "")
    if kind is not None and kind.form:
        return kind.form
    if form == "rdata" and data.strip():  # which R may have compressed in other ways than gzip
        return form
    if kind is not None:
        raise ModelFileError(f"{path} is {kind}")
    if not data.strip():
        raise ModelFileError(f"{path} is empty")
    if form:
        return form
    hint = suggest(suffix, ENDINGS, show_all=True).replace("it has", "the endings are")
    raise ModelFileError(f"{path}: unknown kind of file {suffix!r}, and nothing in it tells what it is; {hint}")


def _pgmpy() -> None:
    try:
        import pgmpy  # noqa: F401
    except ImportError as error:
        raise FormatError(f"pgmpy is needed for this: install 'pgmpy>=1.1,<1.2' ({error})") from None


def _declared(model: Any) -> Declared:
    """What a pgmpy model says, its names as text; all that contradicts itself at once."""
    nodes = _as_texts(list(model.nodes()), "variables")
    problems: list[Problem] = []
    states: dict[str, tuple[str, ...]] = {}
    parents: dict[str, tuple[str, ...]] = {}
    values: dict[str, Floats] = {}
    cpds = {cpd.variable: cpd for cpd in model.get_cpds()}
    for node, name in nodes.items():
        cpd = cpds.get(node)
        if cpd is None:
            problems.append(Problem(f"variables.{name}", "has no CPD; add one (model.add_cpds) or fit the model"))
        elif missing := [other for other in cpd.variables if other not in cpd.state_names]:
            problems.append(Problem(f"variables.{name}.cpd", f"has no state names for {missing}"))
        else:
            states[name] = tuple(_as_texts(cpd.state_names[node], f"states of {name}").values())
    for node, name in nodes.items():
        if name not in states:
            continue
        cpd = cpds[node]
        where = f"variables.{name}.cpd"
        given, drawn = list(cpd.variables[1:]), list(model.predecessors(node))
        if set(given) != set(drawn):
            problems.append(Problem(where, f"is given {given}, but the edges make the parents {drawn}"))
        problems += [
            Problem(
                where,
                f"has the states {cpd.state_names[parent]} for its parent {parent}, whose own CPD has "
                f"{cpds[parent].state_names.get(parent)}; the order counts, too",
            )
            for parent in given
            if parent in cpds and cpds[parent].state_names.get(parent) != cpd.state_names[parent]
        ]
        parents[name] = tuple(nodes.get(parent, str(parent)) for parent in given)
        values[name] = np.ascontiguousarray(np.moveaxis(np.asarray(cpd.values, dtype=np.float64), 0, -1))
    if problems:
        raise ModelError(problems, "pgmpy model")
    return Declared(str(model.name or ""), states, parents, values)


def _as_texts(names: Iterable[Any], what: str) -> dict[Any, str]:
    """Each name as text, refusing names that have no plain text form and different names with the same text."""
    texts: dict[Any, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = name.value if isinstance(name, Enum) else name
        plain = plain.item() if isinstance(plain, np.generic) else plain
        huge = isinstance(plain, int) and plain.bit_length() > 1000  # Python may have no text for it
        text = str(plain) if isinstance(plain, str | int | float) and not huge else ""
        if not text:
            needed = "text that is not empty is needed (numbers become text)"
            raise FormatError(f"{what}: {shown(name)} is not a name; {needed}")
        if text in taken:
            raise FormatError(f"{what}: two names would both become {shown(text)}; rename one of them")
        taken.add(text)
        texts[name] = text
    return texts


def assemble(
    declared: Declared,
    normalize: bool | None,
    origin: str,
    default_name: str = "unnamed",
    sources: tuple[Source, ...] = (),
) -> Network:
    """The network that was declared, its rows checked, or divided by their sums if they are off by rounding only."""
    if not (normalize is None or isinstance(normalize, (bool, np.bool_))):
        raise FormatError(f"normalize is True, False or None, not {shown(normalize)}")
    problems: list[Problem] = []
    advised = False
    cpds = {}
    repairs = _Repairs()
    for name, values in declared.values.items():
        if not isinstance(values, np.ndarray):  # of a kind of its own, which the network checks
            cpds[name] = values
            continue
        sums, rounded, beyond, off = _judged(values, declared.units.get(name, 0.0))
        repaired = (
            np.zeros_like(off)
            if normalize is not None and not normalize
            else rounded | beyond
            if normalize
            else rounded
        )
        repairs.add(declared, name, sums, repaired & off & rounded, repaired & off & ~rounded)
        if (off & repaired).any():
            clipped = np.maximum(values[off & repaired], 0.0)
            values = values.copy()
            values[off & repaired] = clipped / clipped.sum(axis=-1, keepdims=True)
            off = off & ~repaired
        advised |= bool((off & (rounded | beyond)).any())
        if off.any():
            problems.append(Problem(f"variables.{name}.cpd", _describe_rows(declared, name, values, off)))
        else:
            values = np.clip(values, 0.0, 1.0)  # dust
        cpds[name] = Table(declared.parents[name], values)
    if advised:
        advice = (
            f"normalize=True divides rows by their sum if they are off by at most {ROUNDING}, or by what rounding of "
            "the printed digits can do, or hold whole counts"
        )
        problems.insert(0, Problem("", advice))
    if problems:
        problems += [Problem("", note) for note in declared.notes]
        raise ModelError(problems, origin)
    variables = [Variable(name, states) for name, states in declared.states.items()]
    named = default_name if declared.name in ("", "unknown") else declared.name
    try:
        described = {source.key: source for source in sources}
        notes = (*declared.notes, *repairs.notes())
        return Network(tuple(variables), cpds, name=named, sources=described, notes=notes)
    except ModelError as error:
        raise ModelError(error.problems, origin) from None


Rows = NDArray[np.bool_]


def _judged(values: Floats, unit: float) -> tuple[Floats, Rows, Rows, Rows]:
    """Sums of rows; which are off by printed rounding, which may be repaired on demand, which are no distribution."""
    with np.errstate(over="ignore", invalid="ignore"):
        sums = values.sum(axis=-1)
        least, most = values.min(axis=-1), values.max(axis=-1)
        error = np.abs(sums - 1)
        off = ~((error <= ROW_SUM_TOLERANCE) & (least >= -ROW_SUM_TOLERANCE) & (most <= 1 + ROW_SUM_TOLERANCE))
        printed = values.shape[-1] * unit / 2
        limit = max(NEGLIGIBLE, min(ROUNDING, printed)) + ROW_SUM_TOLERANCE
        rounded = (error <= limit) & (least >= -ROW_SUM_TOLERANCE) & (most <= 1 + ROW_SUM_TOLERANCE) & (sums > 0)
        wide = max(ROUNDING, min(printed, 0.5)) + ROW_SUM_TOLERANCE
        beyond = (error <= wide) & (least >= -SINGLE) & (sums > 0)
        beyond |= (values == np.floor(values)).all(axis=-1) & (least >= 0) & (sums > 1) & (sums < 1e15)
    return sums, rounded, beyond, off


class _Repairs:
    """What was divided by its sum: how far off at most where printed rounding explains it, each row where not."""

    def __init__(self) -> None:
        self._rounded: dict[str, tuple[int, float]] = {}
        self._rows: list[str] = []
        self._more = 0

    def add(self, declared: Declared, name: str, sums: Floats, rounded: Rows, beyond: Rows) -> None:
        """Account for the rows of a table."""
        if rounded.any():
            self._rounded[name] = int(rounded.sum()), float(np.abs(sums[rounded] - 1).max())
        for place in map(tuple, np.argwhere(beyond).tolist()):
            if len(self._rows) >= _LISTED_ROWS:
                self._more += 1
            else:
                self._rows.append(f"{_row_name(declared, name, place)}: the sum was {float(sums[place]):.12g}")

    def notes(self) -> list[str]:
        """Sentences for the network's notes."""
        notes = []
        if self._rounded:
            rows, most = sum(n for n, _ in self._rounded.values()), max(error for _, error in self._rounded.values())
            names = ", ".join(list(self._rounded)[:12]) + ", …" * (len(self._rounded) > 12)
            which = "1 row divided by its sum, which" if rows == 1 else f"{rows:,} rows divided by their sums, which"
            notes.append(f"{which} rounding of printed digits had put off by at most {most:.3g}, of {names}")
        if self._rows:
            more = f"; and {self._more:,} more" if self._more else ""
            notes.append(f"rows divided by their sums as normalize=True asks: {'; '.join(self._rows)}{more}")
        return notes


def _row_name(declared: Declared, name: str, place: tuple[int, ...]) -> str:
    parents = declared.parents[name]
    given = ", ".join(f"{p}={declared.states[p][k]}" for p, k in zip(parents, place, strict=True))
    return f"{name} given {given}" if given else name


def _describe_rows(declared: Declared, name: str, values: Floats, off: np.ndarray[Any, Any]) -> str:
    parents = declared.parents[name]
    shown = []
    for at in np.argwhere(off)[:_SHOWN_ROWS].tolist():
        given = ", ".join(f"{parent}={declared.states[parent][k]}" for parent, k in zip(parents, at, strict=True))
        row = values[tuple(at)]
        outside = row[~((row >= 0) & (row <= 1))]
        fault = f"sums to {float(row.sum())!r}" + (f" and has {float(outside[0])!r}" if len(outside) else "")
        shown.append(f"{fault} given {given}" if given else fault)
    more = int(off.sum()) - len(shown)
    text = "; ".join(shown) + (f"; and {more:,} more" if more else "")
    return f"{text} (a row has to sum to 1 within {ROW_SUM_TOLERANCE}, of numbers in [0, 1])"
