"""Reading a cited number of a model file, and what the parts of the file need to know of one another meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spasmnet.errors import Problem, suggest
from spasmnet.io.toml.fields import Fields, kind_of, shown
from spasmnet.model.parameter import UNMEASURED_KINDS, Parameter, Source

CITED = ("source", "where", "note")
_NUMBERS = ("value", "low", "high")
_KEYS = frozenset((*_NUMBERS, *CITED))


@dataclass
class Context:
    """What the parts of a file need to know of one another while it is read."""

    problems: list[Problem] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    states: dict[str, tuple[str, ...]] = field(default_factory=dict)
    used_sources: set[str] = field(default_factory=set)
    used_claims: set[str] = field(default_factory=set)
    any_names: bool = False
    entries: int = 0  # of all tables

    def cite(self, source: str, path: str) -> Source | None:
        """The source of that key, which is thereby used."""
        self.used_sources.add(source)
        if source not in self.sources:
            self.problems.append(Problem(path, f"there is no source {shown(source)}; {suggest(source, self.sources)}"))
        return self.sources.get(source)


def read_parameter(raw: object, path: str, defaults: Mapping[str, str], context: Context) -> Parameter | None:
    """A cited number; None if it is none. If only its range is wrong, the value stays, so that sums are checked."""
    problems = context.problems
    if type(raw) is not dict:
        problems.append(Problem(path, f"a table {{ value, low, high, source }} is needed, not {kind_of(raw)}"))
        return None
    if not raw.keys() <= _KEYS:
        Fields(raw, path, problems, (*_NUMBERS, *CITED))
    numbers = []
    for key in _NUMBERS:
        number = raw.get(key)
        if (type(number) is float or type(number) is int) and 0 <= number <= 1:
            numbers.append(float(number))
            continue
        if key not in raw:
            fault = "is missing; a number in [0, 1] is needed"
        elif type(number) is float or type(number) is int:
            fault = f"{shown(number)} is not in [0, 1]"
        else:
            fault = f"a number is needed, not {kind_of(number)}"
        problems.append(Problem(f"{path}.{key}", fault))
    source, where, note = _cited(raw, path, defaults, context)
    if len(numbers) < 3:
        return None
    value, low, high = numbers
    if not low <= value <= high:
        if low > high:
            problems.append(Problem(f"{path}.low", f"{low} is above high, {high}"))
        else:
            problems.append(Problem(f"{path}.value", f"{value} is not in [low, high] = [{low}, {high}]"))
        low = high = value
    return Parameter(value, low, high, source, where, note)


def _cited(raw: dict[str, Any], path: str, defaults: Mapping[str, str], context: Context) -> tuple[str, str, str]:
    """Source, place in it and note of a parameter, its own or the defaults of its CPD."""
    texts = {}
    for key in CITED:
        text = raw.get(key, "")
        if key in raw and (type(text) is not str or not text.strip()):
            fault = "is empty" if type(text) is str else f"text is needed, not {kind_of(text)}"
            context.problems.append(Problem(f"{path}.{key}", fault))
            text = ""
        texts[key] = text
    source = texts["source"] or defaults.get("source", "")
    same_source = source == defaults.get("source", source)  # the place in one source says nothing about another
    where = texts["where"] or (defaults.get("where", "") if same_source else "")
    note = texts["note"] or defaults.get("note", "")
    if not source:
        if "source" not in raw:
            message = "names no source, and its cpd has no default source; every number needs one"
            context.problems.append(Problem(path, message))
        return "", where, note
    cited = context.cite(source, f"{path}.source") if texts["source"] else context.sources.get(source)
    context.used_sources.add(source)
    if cited is None:
        return source, where, note
    if cited.kind and cited.kind not in UNMEASURED_KINDS and not where:
        message = f"is missing; a number from a {cited.kind} ({source}) needs the place in it, such as a table or page"
        context.problems.append(Problem(f"{path}.where", message))
    if cited.kind == "assumption" and not note and not cited.note:
        message = "is missing; an assumption needs its reasoning here, at its cpd or at its source"
        context.problems.append(Problem(f"{path}.note", message))
    return source, where, note
