"""What a network consists of and where its numbers come from; nothing here asks the network anything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spasmnet._immutable import FrozenMapping
from spasmnet.errors import SpasmnetError, suggest
from spasmnet.model.network import Network, Variable
from spasmnet.model.parameter import SOURCE_KINDS, UNMEASURED_KINDS, Source

LATEX = {character: f"\\{character}" for character in "&%$#_"} | {  # what has a meaning in LaTeX
    "{": r"\textbraceleft{}",  # BibTeX counts braces, escaped or not
    "}": r"\textbraceright{}",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    '"': r"\textquotedbl{}",
}


@dataclass(frozen=True, slots=True)
class Inventory:
    """Counts of a network's parts.

    `parameters` are the cited numbers (not those that only make a row sum to 1), `kinds` counts them by kind of source;
    `rules` counts those of the guidance by what one of them is called.
    """

    variables: int
    roles: Mapping[str, int]
    states: int
    edges: int
    contested: int
    distributions: Mapping[str, int]
    parameters: int
    kinds: Mapping[str, int]
    sources: int
    claims: int
    rules: Mapping[str, int]

    @property
    def assumed(self) -> float:
        """The share of parameters, in [0, 1], that nobody measured (kinds assumption, expert and article)."""
        return sum(self.kinds.get(kind, 0) for kind in UNMEASURED_KINDS) / self.parameters if self.parameters else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The counts as plain data."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {k: dict(v) if isinstance(v, Mapping) else v for k, v in plain.items()} | {"assumed": self.assumed}


@dataclass(frozen=True, slots=True)
class Use:
    """A source and how many parameters, edges and rules of the guidance rest on it."""

    source: Source
    parameters: int
    edges: int
    rules: int

    def as_dict(self) -> dict[str, Any]:
        """The source and its use as plain data."""
        fields = {name: getattr(self.source, name) for name in self.source.__dataclass_fields__}
        used = {"parameters": self.parameters, "edges": self.edges, "rules": self.rules}
        return fields | {"citation": self.source.citation(), "used": used}


def inventory(network: Network) -> Inventory:
    """Count what a network consists of.

    >>> import spasmnet
    >>> inventory(spasmnet.load()).roles["serious"]
    4
    """
    roles = Counter(variable.role for variable in network.variables if variable.role)
    cited = [p for cpd in network.cpds.values() for p in cpd.parameters.values() if not p.complement]
    cited += [] if network.guidance is None else network.guidance.numbers()
    kinds = Counter(network.sources[p.source].kind if p.source in network.sources else "unknown" for p in cited)
    return Inventory(
        variables=len(network.variables),
        roles=FrozenMapping(roles),
        states=sum(len(variable.states) for variable in network.variables),
        edges=sum(len(cpd.parents) for cpd in network.cpds.values()),
        contested=sum(edge.contested for edge in network.edges),
        distributions=FrozenMapping(Counter(type(cpd).__name__ for cpd in network.cpds.values())),
        parameters=len(cited),
        kinds=FrozenMapping({kind: kinds[kind] for kind in (*SOURCE_KINDS, "unknown") if kinds[kind]}),
        sources=len(network.sources),
        claims=len(network.claims),
        rules=FrozenMapping({} if network.guidance is None else network.guidance.counts()),
    )


def described(network: Network, variable: Variable) -> dict[str, Any]:
    """A variable as plain data: names, labels, question, states and parents."""
    return {
        "name": variable.name,
        "label": variable.label,
        "role": variable.role,
        "question": variable.question,
        "description": variable.description,
        "states": [{"name": state, "label": variable.state_label(state)} for state in variable.states],
        "parents": list(network.parents(variable.name)),
        "codes": dict(variable.codes),
    }


def uses(network: Network, keys: tuple[str, ...] = ()) -> tuple[Use, ...]:
    """The sources with their use: measured kinds first, then the most used; `keys` picks some, in the order given.

    Raises SpasmnetError for a key that is no source of the network.

    >>> import spasmnet
    >>> uses(spasmnet.load(), ("grandner_2017",))[0].source.year
    2017
    """
    unknown = [key for key in keys if key not in network.sources]
    if unknown:
        raise SpasmnetError("\n  ".join(f"unknown source {key!r}; {suggest(key, network.sources)}" for key in unknown))
    cited = (p for cpd in network.cpds.values() for p in cpd.parameters.values() if not p.complement)
    guidance = network.guidance
    numbers = guidance.numbers() if guidance is not None else ()
    parameters = Counter(p.source for p in (*cited, *numbers))
    edges = Counter(edge.source for edge in network.edges)
    rules = Counter(guidance.sources() if guidance is not None else ())
    found = {key: Use(source, parameters[key], edges[key], rules[key]) for key, source in network.sources.items()}
    if keys:
        return tuple(found[key] for key in dict.fromkeys(keys))
    return tuple(sorted(found.values(), key=_order))


def _order(use: Use) -> tuple[int, int, str]:
    kind = SOURCE_KINDS.index(use.source.kind) if use.source.kind in SOURCE_KINDS else len(SOURCE_KINDS)
    return kind, -use.parameters, use.source.key


def bibtex(source: Source) -> str:
    """The source as a BibTeX entry.

    >>> print(bibtex(Source("doe_2001", "cohort", "Leg cramps & sleep", authors="Doe J, Roe R", year=2001)))
    @misc{doe_2001,
      author = {Doe, J and Roe, R},
      title = {{Leg cramps \\& sleep}},
      year = {2001},
      keywords = {cohort},
    }
    """
    fields = {
        "author": " and ".join(_author(part.strip()) for part in source.authors.split(",") if part.strip()),
        "title": f"{{{_escaped(source.title)}}}",  # a second pair of braces keeps its capitals
        "journal": _escaped(source.journal),
        "year": str(source.year or ""),
        "doi": _verbatim(source.doi),
        "url": _verbatim(source.url),
        "keywords": _escaped(source.kind),
        "note": f"PMID {_escaped(source.pmid)}" if source.pmid else "",
    }
    lines = [f"  {name} = {{{text}}}," for name, text in fields.items() if text]
    return "\n".join([f"@{'article' if source.journal else 'misc'}{{{_key(source.key)},", *lines, "}"])


def _author(name: str) -> str:
    """BibTeX takes the last word for the surname unless a comma says otherwise, and "and" for the next author."""
    surname, _, initials = name.rpartition(" ")
    if name.lower().rstrip(".") == "et al":
        return "others"
    if surname and initials.isupper() and len(initials) <= 4:
        return f"{_escaped(surname)}, {_escaped(initials)}"
    return f"{{{_escaped(name)}}}" if " and " in f" {name} ".lower() else _escaped(name)


def _escaped(text: str) -> str:
    """Text for LaTeX: what has a meaning there is escaped; braces, which BibTeX counts, are written as commands."""
    return " ".join("".join(LATEX.get(character, character) for character in text).split())


def _verbatim(text: str) -> str:
    """An address, in which LaTeX takes characters as they are; those that would end the field are percent-encoded."""
    return "".join(
        f"%{ord(character):02X}" if character in '{}\\"' or character.isspace() else character for character in text
    )


def _key(text: str) -> str:
    """A key without what BibTeX does not allow in keys."""
    return re.sub(r"""[\s"#%'(),={}~\\]+""", "_", text) or "_"
