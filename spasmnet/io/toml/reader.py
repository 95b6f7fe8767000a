"""The model file: TOML in which every number is cited, read into a Network with all problems reported at once."""

from __future__ import annotations

import os
import re
from typing import Any

from spasmnet.errors import ModelError, Problem
from spasmnet.io.toml import text as model_text
from spasmnet.io.toml.cited import citation, claims_of, unknown_variable
from spasmnet.io.toml.cpds import read_cpd
from spasmnet.io.toml.fields import NAME, Fields, finite, kind_of, shown
from spasmnet.io.toml.guidance import losses, rules, screening
from spasmnet.io.toml.parameters import Context
from spasmnet.model.cpd import CPD
from spasmnet.model.network import ROLES, Edge, Network, Variable, cycle_problems
from spasmnet.model.parameter import SOURCE_KINDS, UNMEASURED_KINDS, Source
from spasmnet.triage.guidance import Guidance

BASES = ("article", "literature")
_TOP = (
    "format",
    "format_version",
    "model",
    "claims",
    "sources",
    "variables",
    "advice",
    "red_flags",
    "care",
    "screening",
)
_MODEL_TEXTS = ("title", "description", "population", "window", "intended_use", "license")
_VARIABLE = (
    "label", "description", "question", "role", "states", "codes", "claims", "cost", "modifiable", "parents", "cpd",
)  # fmt: skip
_CODES = ("hpo", "icd10cm", "loinc")
_SOURCE = ("kind", "title", "authors", "year", "journal", "doi", "pmid", "url", "note")
_EDGE = ("basis", "contested", "claims", "source", "where", "note")
_IDENTIFIERS = (  # of a source: key, how it looks, in words
    ("doi", re.compile(r"10\.\d{4,}/\S+"), "a DOI such as 10.1371/journal.pone.0178465"),
    ("pmid", re.compile(r"\d+"), "a PubMed number, digits in quotes"),
    ("url", re.compile(r"https?://\S+"), "an address that begins with https:// or http://"),
)


def read_model(path: str | os.PathLike[str]) -> Network:
    """Read a spasmnet model file (TOML, format version 1) into a Network.

    `path` names a UTF-8 file of at most 50 MB. Raises ModelFileError if it cannot be read as such a file (missing, not
    UTF-8, not TOML, another format or version), and ModelError with all its problems, each with its path in the file.

    >>> from spasmnet.io import catalogue
    >>> read_model(catalogue.find("muscle_spasm")).name
    'muscle_spasm'
    """
    return parse_model(model_text.read_text(path), os.fspath(path))


def parse_model(text: str, origin: str = "model text") -> Network:
    """Read the text of a spasmnet model file into a Network; `origin` names it in messages.

    Raises ModelFileError if the text is not TOML of this format and version, and ModelError with every problem in it.

    >>> parse_model('format = "spasmnet-model"')
    Traceback (most recent call last):
    spasmnet.errors.ModelFileError: model text: format_version is missing; this version reads 1
    """
    document = model_text.tables(text, origin)
    context = Context()
    fields = Fields(document, "", context.problems, _TOP)
    about = _about(fields, context)
    for claim, raw in fields.table("claims").items():
        context.claims[claim] = raw.strip() if isinstance(raw, str) else ""
        if not context.claims[claim]:
            context.problems.append(Problem(f"claims.{claim}", f"the claim in words is needed, not {kind_of(raw)}"))
    context.sources = {key: read_source(key, raw, context) for key, raw in fields.table("sources").items()}
    raw_variables = fields.table("variables", required=True)
    if raw_variables == {} and "variables" in document:
        fields.fault("variables", "is empty; at least one variable is needed")
    variables = [_variable(name, raw, context) for name, raw in raw_variables.items()]
    edges = [edge for name, raw in raw_variables.items() for edge in _edges(name, raw, raw_variables, context)]
    cpds = _cpds(raw_variables, edges, context)
    advice = rules(fields, "advice", raw_variables, context)
    red_flags = rules(fields, "red_flags", raw_variables, context)
    care = losses(fields, raw_variables, context)
    guidance = Guidance(advice, red_flags, care, screening(fields, context))
    if about["main_outcome"] and about["main_outcome"] not in raw_variables:
        unknown_variable(about["main_outcome"], "model.main_outcome", raw_variables, context)
    _leftovers(context)
    if context.problems:
        raise ModelError(context.problems, origin)
    try:
        return Network(
            tuple(variables),
            cpds,
            edges=tuple(edges),
            sources=context.sources,
            claims=context.claims,
            guidance=guidance if guidance != Guidance() else None,
            notes=(),
            **about,
        )
    except ModelError as error:
        raise ModelError(error.problems, origin) from None


def _about(fields: Fields, context: Context) -> dict[str, str]:
    known = ("name", "version", *_MODEL_TEXTS, "main_outcome")
    table = Fields(fields.table("model", required=True), "model", context.problems, (*known, "any_names"))
    if "model" not in fields.raw:
        return dict.fromkeys(known, "")
    about = {key: table.text(key, required=True) for key in ("version", *_MODEL_TEXTS)}
    context.any_names = table.flag("any_names")
    outcome = str(table.raw["main_outcome"]) if table.text("main_outcome") else ""
    return {"name": table.name("name", any_text=context.any_names), **about, "main_outcome": outcome}


def read_source(key: str, raw: object, context: Context) -> Source:
    """One table of sources."""
    fields = Fields(raw, f"sources.{key}", context.problems, _SOURCE)
    if not context.any_names and not re.fullmatch(r"[a-z0-9_]+", key):
        fields.fault("", "the key of a source may hold only a-z, 0-9 and '_'")
    if not fields.raw:
        return Source(key, "", "")
    kind = fields.choice("kind", SOURCE_KINDS)
    identifiers = {}
    for name, pattern, needed in _IDENTIFIERS:
        text = identifiers[name] = fields.text(name)
        if text and not pattern.fullmatch(text):
            fields.fault(name, f"{shown(text)} is not {needed}")
    if kind and kind not in UNMEASURED_KINDS and not any(name in fields.raw for name in identifiers):
        fields.fault("", f"a {kind} needs a doi, pmid or url")
    year = fields.take("year", int, "a year, such as 2017,", required=False)
    if year is not None and not 1500 <= year <= 2200:
        fields.fault("year", f"{shown(year)} is not a year in 1500 to 2200")
    title, authors = fields.text("title", required=True), fields.text("authors", required=kind != "assumption")
    return Source(key, kind, title, authors, year, fields.text("journal"), **identifiers, note=fields.text("note"))


def _variable(name: str, raw: object, context: Context) -> Variable:
    fields = Fields(raw, f"variables.{name}", context.problems, _VARIABLE)
    if not context.any_names and not NAME.fullmatch(name):
        fields.fault("", f"{shown(name)} is not a name: only letters, digits, '_' and '-' are allowed")
    if not fields.raw:
        return Variable(name, ())
    role = fields.choice("role", ROLES) if "role" in fields.raw else ""
    states = _states(fields, context)
    if states:
        context.states[name] = tuple(state for state, _, _ in states)
    codes = Fields(fields.table("codes"), f"variables.{name}.codes", context.problems, _CODES)
    names, labels, descriptions = zip(*states, strict=True) if states else ((), (), ())
    return Variable(
        name,
        names,
        fields.text("label", required=True),
        fields.text("description", required=True),
        fields.text("question", required=role in ("risk_factor", "finding")),
        role,
        labels,
        descriptions,
        {key: codes.text(key) for key in _CODES if key in codes.raw},
        claims_of(fields, context),
        _cost(fields),
        modifiable=fields.take("modifiable", bool, "true or false", required=False),
    )


def _cost(fields: Fields) -> float | None:
    """What asking for a variable costs; None if the file does not say."""
    if "cost" not in fields.raw:
        return None
    cost = finite(fields.raw["cost"])
    if cost is None or cost < 0:
        fields.fault("cost", f"a finite number >= 0 is needed, not {shown(fields.raw['cost'])}")
        return None
    return cost


def _states(fields: Fields, context: Context) -> list[tuple[str, str, str]]:
    """Name, label and description of each state; none if a name is wrong, so that nothing else is blamed for it."""
    before = len(context.problems)
    listed = fields.tables("states", required=True)
    if not listed and len(context.problems) == before:
        fields.fault("states", "is empty; at least one state is needed")
    states: dict[str, tuple[str, str, str]] = {}
    sound = bool(listed)
    for number, raw in enumerate(listed, 1):
        state = Fields(raw, f"{fields.path}.states[#{number}]", context.problems, ("name", "label", "description"))
        name = state.name("name", any_text=context.any_names) if state.raw or raw == {} else ""
        if name in states:
            state.fault("name", f"{shown(name)} stands twice")
        sound = sound and bool(name) and name not in states
        states[name] = (name, state.text("label", required=bool(state.raw)), state.text("description"))
    return list(states.values()) if sound else []


def _edges(child: str, raw: object, variables: dict[str, Any], context: Context) -> list[Edge]:
    if not isinstance(raw, dict) or "parents" not in raw:
        return []
    parents = raw["parents"]
    if not isinstance(parents, dict):
        context.problems.append(Problem(f"variables.{child}.parents", f"a table is needed, not {kind_of(parents)}"))
        return []
    return [_edge(parent, child, edge, variables, context) for parent, edge in parents.items()]


def _edge(parent: str, child: str, raw: object, variables: dict[str, Any], context: Context) -> Edge:
    path = f"variables.{child}.parents.{parent}"
    fields = Fields(raw, path, context.problems, _EDGE)
    if parent not in variables:
        unknown_variable(parent, path, variables, context)
    if not fields.raw and raw != {}:
        return Edge(parent, child, "")
    contested, note = fields.flag("contested"), fields.text("note")
    if contested and not note:
        fields.fault("note", "is missing; a contested edge needs a note that says what is contested")
    basis = fields.choice("basis", BASES)
    return Edge(parent, child, basis, contested, claims_of(fields, context), *citation(fields, context), note)


def _cpds(variables: dict[str, Any], edges: list[Edge], context: Context) -> dict[str, CPD]:
    parents: dict[str, list[str]] = {name: [] for name in variables}
    for edge in edges:
        parents[edge.child].append(edge.parent)
    known = {name: [parent for parent in listed if parent in variables] for name, listed in parents.items()}
    context.problems += cycle_problems(known)
    cpds = {}
    for name, raw in variables.items():
        if not isinstance(raw, dict):
            continue
        if "cpd" not in raw:
            context.problems.append(Problem(f"variables.{name}.cpd", "is missing; a table is needed"))
        elif cpd := read_cpd(raw["cpd"], name, tuple(parents[name]), context):
            cpds[name] = cpd
    return cpds


def _leftovers(context: Context) -> None:
    """Sources and claims that nothing refers to."""
    for key in context.sources:
        if key not in context.used_sources:
            context.problems.append(Problem(f"sources.{key}", "nothing uses this source; cite it or remove it"))
    for key in context.claims:
        if key not in context.used_claims:
            message = "this claim has no home; name it in the claims of an edge, a variable, an advice or a red flag"
            context.problems.append(Problem(f"claims.{key}", message))
