"""Reading vignettes and calibration targets: TOML, checked against the model, with every problem listed."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeVar

from spasmnet._immutable import FrozenMapping, Rebuilt
from spasmnet.errors import ModelError, ModelFileError, Problem, suggest
from spasmnet.io.toml.fields import Fields, kind_of, shown, texts
from spasmnet.io.toml.parameters import Context
from spasmnet.io.toml.reader import read_source
from spasmnet.io.toml.text import read_text
from spasmnet.model.network import Network
from spasmnet.model.parameter import Source
from spasmnet.triage.guidance import CARE_LEVELS

Item = TypeVar("Item")
VIGNETTE_KINDS = ("common", "must_not_miss", "ambiguous", "healthy", "near_miss")
MEASURES = ("probability", "risk_ratio", "odds_ratio", "likelihood_ratio")
_TOP = ("format", "format_version", "model", "note", "sources")
_VIGNETTE = ("id", "kind", "text", "findings", "causes", "care", "also", "source", "note", "discussion")
_TARGET = (
    "id", "title", "event", "given", "against", "measure", "low", "high", "reported", "source", "where", "conversion",
    "hold", "discussion",
)  # fmt: skip


@dataclass(frozen=True)
class Vignette(Rebuilt):
    """A short case: findings, the causes that may lead (none for healthy people), the gold level of care and others.

    `note` says why, from the sources; `discussion` was added afterwards if the model missed it.
    """

    id: str
    kind: str
    text: str
    findings: Mapping[str, str]
    causes: tuple[str, ...]
    care: str
    also: tuple[str, ...]
    sources: tuple[str, ...]
    note: str
    discussion: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "findings", FrozenMapping(self.findings))

    @property
    def acceptable(self) -> tuple[str, ...]:
        """The acceptable levels of care, the least first."""
        return tuple(level for level in CARE_LEVELS if level == self.care or level in self.also)


@dataclass(frozen=True)
class Target(Rebuilt):
    """A figure from the literature, as an interval [low, high] for what the model should answer.

    `event`, `given` and `against` map variables to the states that count. The measure is P(event | given), or its ratio
    to P(event | against), or the ratio of the odds.
    `conversion` says how the source's figure became the interval, `hold` that the figure is promised, `discussion` was
    added afterwards if the model misses it.
    """

    id: str
    title: str
    event: Mapping[str, tuple[str, ...]]
    given: Mapping[str, tuple[str, ...]]
    against: Mapping[str, tuple[str, ...]]
    measure: str
    low: float
    high: float
    reported: str
    source: str
    where: str
    conversion: str
    hold: bool
    discussion: str

    def __post_init__(self) -> None:
        for name in ("event", "given", "against"):
            object.__setattr__(self, name, FrozenMapping(getattr(self, name)))


@dataclass(frozen=True)
class Collection(Rebuilt):
    """The items of one file, its note, and the sources that the model does not have."""

    items: tuple[Any, ...]
    note: str
    sources: Mapping[str, Source]

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", FrozenMapping(self.sources))


def read_vignettes(path: str | os.PathLike[str], network: Network) -> Collection:
    """The vignettes of a file for a network.

    Raises ModelFileError if it is not such a file, and ModelError with every problem in it: unknown variables, states,
    sources or levels, missing or unknown keys, ids that stand twice.
    """
    return _read(path, network, "spasmnet-vignettes", "vignettes", _VIGNETTE, _vignette)


def read_targets(path: str | os.PathLike[str], network: Network) -> Collection:
    """The calibration targets of a file for a network; raises as read_vignettes does."""
    return _read(path, network, "spasmnet-calibration", "targets", _TARGET, _target)


def _read(
    path: str | os.PathLike[str],
    network: Network,
    format_name: str,
    key: str,
    known: tuple[str, ...],
    item: Callable[[Fields, str, _Names], Item],
) -> Collection:
    origin = os.fspath(path)
    try:
        document = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ModelFileError(f"{origin} is not valid TOML: {error}") from None
    if document.get("format") != format_name or document.get("format_version") != 1:
        found = f"{shown(document.get('format'))}, version {shown(document.get('format_version'))}"
        raise ModelFileError(f'{origin} is not a file of format "{format_name}", version 1, but {found}')
    context = Context()
    fields = Fields(document, "", context.problems, (*_TOP, key))
    if fields.text("model", required=True) not in ("", network.name):
        fields.fault("model", f"this file is for the model {document['model']!r}, not for {network.name!r}")
    own = {name: read_source(name, raw, context) for name, raw in fields.table("sources").items()}
    names = _Names(network, own, context)
    items: dict[str, Item] = {}
    for number, raw in enumerate(fields.tables(key, required=True), 1):
        table = Fields(raw, f"{key}[#{number}]", context.problems, known)
        if not table.raw:
            continue
        name = table.name("id")
        table.path = f"{key}.{name}" if name else table.path
        if name in items:
            table.fault("id", f"{shown(name)} stands twice")
        items[name] = item(table, name, names)
    for name in own:
        if name not in names.used:
            context.problems.append(Problem(f"sources.{name}", "nothing uses this source; cite it or remove it"))
    if context.problems:
        raise ModelError(context.problems, origin)
    return Collection(tuple(items.values()), fields.text("note"), own)


class _Names:
    """Checks names against a network, and notes which sources are used."""

    def __init__(self, network: Network, own: Mapping[str, Source], context: Context) -> None:
        self.network, self.context = network, context
        self.sources = {**network.sources, **own}
        self.used: set[str] = set()

    def states(self, name: str, states: list[Any], path: str) -> tuple[str, ...]:
        """States of a variable."""
        problems, by_name = self.context.problems, self.network.by_name
        if name not in by_name:
            problems.append(Problem(path, f"there is no variable {shown(name)}; {suggest(name, by_name)}"))
            return ()
        known = by_name[name].states
        for state in states:
            if state not in known:
                hint = suggest(str(state), known, show_all=True)
                problems.append(Problem(path, f"{name} has no state {shown(state)}; {hint}"))
        return tuple(state for state in states if state in known)

    def cite(self, source: str, path: str) -> str:
        """A source of the file or of the model."""
        self.used.add(source)
        if source not in self.sources:
            message = f"there is no source {shown(source)}; {suggest(source, self.sources)}"
            self.context.problems.append(Problem(path, message))
        return source


def _vignette(fields: Fields, name: str, names: _Names) -> Vignette:
    findings = {}
    for variable, state in fields.table("findings", required=True).items():
        found = names.states(variable, [state], f"{fields.path}.findings.{variable}")
        if found:
            findings[variable] = found[0]
    causes = fields.texts("causes")
    for cause in causes:
        names.states(cause, [], f"{fields.path}.causes")
        if cause in names.network.by_name and names.network.by_name[cause].role not in ("cause", "serious"):
            fields.fault("causes", f"{shown(cause)} is no cause and no serious condition")
    also = fields.texts("also")
    for level in also:
        if level not in CARE_LEVELS:
            fields.fault("also", f"{shown(level)} is not one of {', '.join(CARE_LEVELS)}")
    listed = fields.raw.get("source")
    cited = texts(listed if isinstance(listed, list) else [listed], f"{fields.path}.source", fields.problems)
    for source in cited:
        names.cite(source, f"{fields.path}.source")
    kind, care = fields.choice("kind", VIGNETTE_KINDS), fields.choice("care", CARE_LEVELS)
    if not causes and kind != "healthy" and kind:
        fields.fault("causes", "is empty, which only healthy people are")
    text = fields.text("text", required=True)
    words = fields.text("note"), fields.text("discussion")
    return Vignette(name, kind, text, findings, causes, care, also, cited, *words)


def _target(fields: Fields, name: str, names: _Names) -> Target:
    parts = {}
    for key in ("event", "given", "against"):
        parts[key] = {
            variable: names.states(variable, _listed(states, fields, key), f"{fields.path}.{key}.{variable}")
            for variable, states in fields.table(key, required=key == "event").items()
        }
    measure = fields.choice("measure", MEASURES)
    if measure and (measure != "probability") != bool(parts["against"]):
        fields.fault("against", "is for ratios, which need it, and for nothing else")
    low, high = _number(fields, "low"), _number(fields, "high")
    if low > high:
        fields.fault("low", f"{low} is above high, {high}")
    source = names.cite(fields.text("source", required=True), f"{fields.path}.source")
    words = {key: fields.text(key, required=True) for key in ("title", "reported", "where", "conversion")}
    return Target(
        name, words["title"], **parts, measure=measure, low=low, high=high, reported=words["reported"], source=source,
        where=words["where"], conversion=words["conversion"], hold=fields.flag("hold"),
        discussion=fields.text("discussion"),
    )  # fmt: skip


def _listed(states: Any, fields: Fields, key: str) -> list[Any]:
    if isinstance(states, list) and states:
        return states
    fields.fault(key, f"a list of states is needed, not {kind_of(states)}")
    return []


def _number(fields: Fields, key: str) -> float:
    value = fields.raw.get(key)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value) and value >= 0:
        return float(value)
    fields.fault(key, "a number of at least 0 is needed" + ("" if value is None else f", not {kind_of(value)}"))
    return 0.0
