"""Writing a network as a model file: the same layout that people write, everything the network knows, all digits.

Numbers that no one has given a source cite where the network came from: the file that it was read from, or the network
itself, as an assumption. What a model file needs and the network does not say reads "not stated".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import prod

import numpy as np

from spasmnet.errors import FormatError
from spasmnet.io.toml.cpds import MAX_ENTRIES
from spasmnet.io.toml.fields import NAME
from spasmnet.io.toml.text import FORMAT, FORMAT_VERSION
from spasmnet.model.cpd import CPD, Deterministic, Key, NoisyMax, Table
from spasmnet.model.network import Edge, Network, Variable
from spasmnet.model.parameter import Parameter, Source
from spasmnet.triage.guidance import CARE_LEVELS, Harm, Losses, Rule, Screening, guidance_of

_UNSTATED = "not stated"


def text(network: Network) -> str:
    """The network as the text of a model file.

    Sources that nothing cites are left out, since a model file may not have them. Raises FormatError for a name that no
    text file can hold and for a table that is too large for a model file.

    >>> from spasmnet.model.network import Variable
    >>> network = Network([Variable("rain", ("no", "yes"))], {"rain": Table((), [0.8, 0.2])})
    >>> print(text(network).split("cpd]")[1].strip())
    type = "table"
    source = "network"
    rows = [
      { values = [0.8, 0.2] },
    ]
    """
    large = [
        name for name, cpd in network.cpds.items() if not isinstance(cpd, NoisyMax) and prod(cpd.shape) > MAX_ENTRIES
    ]
    if large:
        raise FormatError(f"the table of {large[0]!r} has more than {MAX_ENTRIES:,} entries, the most of a model file")
    origin = _origin(network)
    body = [line for variable in network.variables for line in _variable(network, variable, origin)]
    guidance = guidance_of(network)
    body += [line for rule in guidance.advice for line in _rule("advice", rule)]
    body += _screening(guidance.screening) if guidance.screening != Screening() else []
    body += [line for flag in guidance.red_flags for line in _rule("red_flags", flag)]
    body += _care(guidance.losses) if guidance.losses is not None else []
    head = [f"format = {_quoted(FORMAT)}", f"format_version = {FORMAT_VERSION}", "", *_about(network)]
    if network.claims:
        head += ["", "[claims]", *(f"{_key(claim)} = {_quoted(words)}" for claim, words in network.claims.items())]
    head += [line for source in _cited(network, origin) for line in _source(source)]
    text = "\n".join([*head, *body, ""])
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise FormatError(f"no text file can hold the character {error.object[error.start]!r} of a name") from None
    return text


def _origin(network: Network) -> Source:
    """The source of numbers that have none of their own."""
    cited = _uses(network)
    read_from = [source for key, source in network.sources.items() if key not in cited]
    if len(read_from) == 1:
        (source,) = read_from
        notes = " ".join(f"Reading it: {note}." for note in network.notes if note not in source.note)
        return replace(source, note=f"{source.note} {notes}".strip())
    key = next(key for key in ("network", "network_itself", "network_without_sources") if key not in network.sources)
    note = f"Numbers of a network that named no source for them; its digest was {network.digest}."
    return Source(key, "assumption", f"The network {network.name}", note=note)


def _uses(network: Network) -> Counter[str]:
    """How often each source is cited."""
    uses = Counter(parameter.source for cpd in network.cpds.values() for parameter in cpd.parameters.values())
    uses.update(edge.source for edge in network.edges)
    guidance = guidance_of(network)
    uses.update([*guidance.sources(), *(number.source for number in guidance.numbers())])
    uses.update([guidance.losses.source] if guidance.losses is not None else [])
    del uses[""]
    return uses


def _cited(network: Network, origin: Source) -> list[Source]:
    """The sources that the file cites, in their order; those that the network does not describe at the end."""
    uses = _uses(network)
    sources = [
        origin if key == origin.key else one for key, one in network.sources.items() if key in {*uses, origin.key}
    ]
    unknown = [Source(key, "assumption", key, note=_UNSTATED) for key in sorted(set(uses) - set(network.sources))]
    used = any(_uncited(network, name) for name in network.names)
    return [*(source for source in sources if used or source.key in uses), *unknown] + (
        [origin] if used and origin.key not in network.sources else []
    )


def _uncited(network: Network, name: str) -> bool:
    """Whether a variable's distribution, or one of its edges, needs a source that the network does not name."""
    cpd = network.cpds[name]
    explained = {edge.parent for edge in network.edges if edge.child == name}
    return bool(set(cpd.parents) - explained) or any(True for _ in _bare(cpd))


def _bare(cpd: CPD) -> Iterable[Key]:
    """The places of a distribution at which a model file has a number, but the network no parameter."""
    if isinstance(cpd, Table):
        yield from (key for key in np.ndindex(cpd.shape) if key not in cpd.parameters)
    elif isinstance(cpd, NoisyMax):
        states = range(1, len(cpd.leak))
        places = [(-1, 0), *((i, u) for i, link in enumerate(cpd.links) for u in range(1, len(link)))]
        yield from ((*place, y) for place in places for y in states if (*place, y) not in cpd.parameters)


# ------------------------------------------------------------------ the parts of the file


def _about(network: Network) -> list[str]:
    names = [network.name, *network.names, *(state for variable in network.variables for state in variable.states)]
    ids = [rule.id for rule in (*guidance_of(network).advice, *guidance_of(network).red_flags)]
    odd = not all(NAME.fullmatch(name) for name in (*names, *ids, *_uses(network)))
    return [
        "[model]",
        f"name = {_quoted(network.name)}",
        *(["any_names = true"] if odd else []),
        f"version = {_quoted(network.version)}",
        f"title = {_quoted(network.title.strip() or network.name.strip() or _UNSTATED)}",
        *(
            f"{key} = {_quoted(getattr(network, key) or _UNSTATED)}"
            for key in ("description", "population", "window", "intended_use", "license")
        ),
        *([f"main_outcome = {_quoted(network.main_outcome)}"] if network.main_outcome else []),
    ]


def _source(source: Source) -> list[str]:
    lines = ["", f"[sources.{_key(source.key)}]", f"kind = {_quoted(source.kind)}", f"title = {_quoted(source.title)}"]
    for key in ("authors", "year", "journal", "doi", "pmid", "url", "note"):
        if value := getattr(source, key):
            lines.append(f"{key} = {value if key == 'year' else _quoted(value)}")
    return lines


def _variable(network: Network, variable: Variable, origin: Source) -> list[str]:
    name = _key(variable.name)
    lines = [
        "",
        f"[variables.{name}]",
        f"label = {_quoted(variable.label.strip() or variable.name.strip() or _UNSTATED)}",
    ]
    lines.append(f"description = {_quoted(variable.description or _UNSTATED)}")
    lines += [f"{key} = {_quoted(value)}" for key in ("question", "role") if (value := getattr(variable, key))]
    described = variable.state_descriptions or [""] * len(variable.states)
    states = [
        _inline(
            {"name": state, "label": variable.state_label(state).strip() or _UNSTATED}
            | ({"description": words} if words else {})
        )
        for state, words in zip(variable.states, described, strict=True)
    ]
    lines += ["states = [", *(f"  {state}," for state in states), "]"]
    lines += [f"codes = {_inline(variable.codes)}"] if variable.codes else []
    lines += [f"claims = {_list(variable.claims)}"] if variable.claims else []
    lines += [f"cost = {variable.cost!r}"] if variable.cost is not None else []
    lines += [f"modifiable = {str(variable.modifiable).lower()}"] if variable.modifiable is not None else []
    cpd = network.cpds[variable.name]
    if cpd.parents:
        edges = {edge.parent: edge for edge in network.edges if edge.child == variable.name}
        lines += ["", f"[variables.{name}.parents]"]
        lines += [f"{_key(parent)} = {_edge(edges.get(parent), origin)}" for parent in cpd.parents]
    return [*lines, "", f"[variables.{name}.cpd]", *_cpd(network, variable, cpd, origin)]


def _edge(edge: Edge | None, origin: Source) -> str:
    if edge is None:
        return f'{{ basis = "literature", source = {_quoted(origin.key)} }}'
    parts = [f"basis = {_quoted(edge.basis or 'literature')}"]
    parts += ["contested = true"] if edge.contested else []
    parts += [f"claims = {_list(edge.claims)}"] if edge.claims else []
    parts += [f"{key} = {_quoted(value)}" for key in ("source", "where", "note") if (value := getattr(edge, key))]
    return f"{{ {', '.join(parts)} }}"


def _rule(table: str, rule: Rule) -> list[str]:
    lines = ["", f"[[{table}]]", f"id = {_quoted(rule.id)}", f"when = {_when(rule.when)}"]
    lines += [
        f"{key} = {_quoted(value)}" for key in ("level", "text", "source", "where") if (value := getattr(rule, key))
    ]
    lines += [f"{key} = {_list(value)}" for key in ("suspects", "claims") if (value := getattr(rule, key))]
    lines += [f"threshold = {_parameter(rule.threshold)}"] if rule.threshold is not None else []
    return lines + ([f"unknown = {_quoted(rule.unknown)}"] if rule.unknown != Rule.unknown else [])


def _screening(screening: Screening) -> list[str]:
    lines = ["", "[screening]", f"rules_out = {_quoted(screening.rules_out)}"]
    lines += [f"advice = {_quoted(screening.advice)}"] if screening.advice else []
    lines += [f"answered = {_parameter(screening.answered)}"] if screening.answered is not None else []
    return lines + [f"thresholds.{level} = {_parameter(number)}" for level, number in screening.thresholds.items()]


def _care(losses: Losses) -> list[str]:
    lines = ["", "[care]", f"unit = {_quoted(losses.unit or _UNSTATED)}"]
    lines += [f"{key} = {_quoted(value)}" for key in ("source", "note") if (value := getattr(losses, key))]
    lines.append(f"burden = {_levels(losses.burden)}")
    return lines + [line for harm in losses.harms for line in _harm(harm, losses.source)]


def _harm(harm: Harm, source: str) -> list[str]:
    lines = ["", "[[care.harms]]", f"id = {_quoted(harm.id)}", f"when = {_when({harm.variable: harm.states})}"]
    lines.append(f"loss = {_levels(harm.loss)}")
    cited = {"source": harm.source if harm.source != source else "", "where": harm.where, "note": harm.note}
    return lines + [f"{key} = {_quoted(value)}" for key, value in cited.items() if value]


def _levels(numbers: Mapping[str, float]) -> str:
    return f"{{ {', '.join(f'{level} = {float(numbers[level])!r}' for level in CARE_LEVELS)} }}"


def _when(when: Mapping[str, Sequence[str]]) -> str:
    return f"{{ {', '.join(f'{_key(name)} = {_list(states)}' for name, states in when.items())} }}" if when else "{}"


# ------------------------------------------------------------------ distributions


def _cpd(network: Network, variable: Variable, cpd: CPD, origin: Source) -> list[str]:
    parents = [(parent, network.by_name[parent].states) for parent in cpd.parents]
    if isinstance(cpd, Deterministic):
        return _deterministic(variable, cpd, parents)
    shared = _Shared(cpd, origin.key)
    kind = "table" if isinstance(cpd, Table) else "noisy_or" if len(variable.states) == 2 else "noisy_max"
    lines = [f"type = {_quoted(kind)}", *(f"{key} = {_quoted(value)}" for key, value in shared.fields.items())]
    if isinstance(cpd, Table):
        return lines + _table(variable, cpd, parents, shared)
    states = list(enumerate(variable.states))[1:]
    leak = [f"leak.{_key(s)} = {shared.parameter(float(cpd.leak[y]), (-1, 0, y))}" for y, s in states]
    lines += leak or ["leak = {}"]
    for i, ((parent, causes), link) in enumerate(zip(parents, cpd.links, strict=True)):
        head = f"links.{_key(parent)}"
        for u, cause in list(enumerate(causes))[1:]:
            each = [
                f"{head}.{_key(cause)}.{_key(s)} = {shared.parameter(float(link[u, y]), (i, u, y))}" for y, s in states
            ]
            lines += each or [f"{head}.{_key(cause)} = {{}}"]
        lines += [f"{head} = {{}}"] if len(causes) == 1 else []
    return lines


def _table(variable: Variable, cpd: Table, parents: Sequence[tuple[str, Sequence[str]]], shared: _Shared) -> list[str]:
    """The rows: on one line each if no number has a range or a source of its own, else a table each."""
    combinations = [f"given = {_given(parents, at)}" if parents else "" for at in np.ndindex(cpd.shape[:-1])]
    rows = cpd.values.reshape(-1, cpd.shape[-1]).tolist()
    if shared.is_plain():
        each = [
            ", ".join(part for part in (given, f"values = [{', '.join(map(repr, row))}]") if part)
            for given, row in zip(combinations, rows, strict=True)
        ]
        return ["rows = [", *(f"  {{ {row} }}," for row in each), "]"]
    lines = []
    for at, given, row in zip(np.ndindex(cpd.shape[:-1]), combinations, rows, strict=True):
        rest = [y for y in range(len(row)) if (p := cpd.parameters.get((*at, y))) is not None and p.complement]
        left_out = rest[0] if len(rest) == 1 else None
        lines += [f"[[variables.{_key(variable.name)}.cpd.rows]]", *([given] if given else [])]
        numbers = [
            f"p.{_key(state)} = {shared.parameter(row[y], (*at, y))}"
            for y, state in enumerate(variable.states)
            if y != left_out
        ]
        lines += numbers or ["p = {}"]
    return lines


def _deterministic(variable: Variable, cpd: Deterministic, parents: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """A row for each combination of the parents' states that does not lead to the most frequent state."""
    outcomes = cpd.outcome.ravel().tolist()
    usual = Counter(outcomes).most_common(1)[0][0]
    rows = [
        f"  {{ given = {_given(parents, at)}, state = {_quoted(variable.states[y])} }},"
        for at, y in zip(np.ndindex(cpd.outcome.shape), outcomes, strict=True)
        if y != usual
    ]
    return [
        'type = "deterministic"',
        *(["rows = [", *rows, "]"] if rows else []),
        f"otherwise = {_quoted(variable.states[usual])}",
    ]


def _given(parents: Sequence[tuple[str, Sequence[str]]], at: Sequence[int]) -> str:
    pairs = (f"{_key(parent)} = {_quoted(states[u])}" for (parent, states), u in zip(parents, at, strict=True))
    return f"{{ {', '.join(pairs)} }}"


def _parameter(number: Parameter) -> str:
    """A cited number as an inline table."""
    parts = [f"{key} = {float(getattr(number, key))!r}" for key in ("value", "low", "high")]
    parts += [f"{key} = {_quoted(words)}" for key in ("source", "where", "note") if (words := getattr(number, key))]
    return f"{{ {', '.join(parts)} }}"


class _Shared:
    """The source, the place in it and the note that all numbers of a distribution share, which stand once."""

    def __init__(self, cpd: Table | NoisyMax, origin: str) -> None:
        self._parameters = cpd.parameters
        self._origin = origin
        written = [p for p in cpd.parameters.values() if not p.complement]
        self._bare = any(True for _ in _bare(cpd))
        cited = [(p.source, p.where, p.note) for p in written] + ([(origin, "", "")] if self._bare else [])
        common = Counter(source for source, _, _ in cited).most_common(1)
        self.source = common[0][0] if common else ""
        places = {where for source, where, _ in cited if source == self.source}
        notes = {note for _, _, note in cited}
        self.where = places.pop() if len(places) == 1 else ""
        self.note = notes.pop() if len(notes) == 1 else ""

    @property
    def fields(self) -> dict[str, str]:
        """What stands once."""
        fields = {"source": self.source, "where": self.where, "note": self.note}
        return {key: value for key, value in fields.items() if value}

    def is_plain(self) -> bool:
        """Whether the numbers need no more than their values: they have no ranges, and cite the same."""
        cited = (self.source, self.where, self.note)
        bare = not self._bare or cited == (self._origin, "", "")
        return bare and all(
            (p.source, p.where, p.note) == cited and p.low == p.high and not p.complement
            for p in self._parameters.values()
        )

    def parameter(self, value: float, key: Key) -> str:
        """A number as an inline table; its range is widened if the network has moved the number out of it."""
        known = self._parameters.get(key) or Parameter(value, value, value, self._origin)
        own = Parameter(
            value,
            min(known.low, value),
            max(known.high, value),
            known.source if known.source != self.source else "",
            known.where if known.source != self.source or known.where != self.where else "",
            known.note if known.note != self.note else "",
        )
        return _parameter(own)


# ------------------------------------------------------------------ TOML


@lru_cache(4096)
def _quoted(text: str) -> str:
    """A text in quotes."""
    import tomlkit  # knows which characters have to be escaped; its documents are too slow for large tables

    return tomlkit.item(str(text)).as_string()


@lru_cache(4096)
def _key(name: str) -> str:
    """A key, in quotes where TOML wants them."""
    return name if NAME.fullmatch(name) else _quoted(name)


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _inline(fields: Mapping[str, str]) -> str:
    return f"{{ {', '.join(f'{_key(key)} = {_quoted(value)}' for key, value in fields.items())} }}"
