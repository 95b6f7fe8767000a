"""Pages generated from the model alone: its claims and where they live, its variables, its numbers."""

from __future__ import annotations

from spasmnet.inference.engine import Engine
from spasmnet.model.cpd import NoisyMax
from spasmnet.model.network import Edge, Network
from spasmnet.model.words import percent
from spasmnet.parameters.assignment import cited_numbers
from spasmnet.triage.guidance import CARE_LEVELS, guidance_of
from spasmnet.validation.markdown import link, number, page, quoted, sentence, states_of, table

ROLES = {"risk_factor": "Risk factors", "cause": "Causes", "serious": "Serious conditions", "finding": "Findings"}


def claims_page(network: Network) -> str:
    """Claim → edges, states, advice and red flags that carry it; then every edge with its basis."""
    rows = []
    for claim, text in network.claims.items():
        homes = {
            "edges": [f"{e.parent} → {e.child}" for e in network.edges if claim in e.claims],
            "variables": [v.name for v in network.variables if claim in v.claims],
            "numbers": [f"{_count(network, e)} of {e.parent} → {e.child}" for e in network.edges if claim in e.claims],
            "advice": [rule.id for rule in guidance_of(network).advice if claim in rule.claims],
            "flags": [rule.id for rule in guidance_of(network).red_flags if claim in rule.claims],
        }
        rows.append([claim, text, *("; ".join(found) for found in homes.values())])
    edges = [
        [f"{e.parent} → {e.child}", _basis(e), e.source, e.where, ", ".join(e.claims), e.note] for e in network.edges
    ]
    carried = sum(any(row[2:]) for row in rows)
    return page(
        f"Claims and edges of `{network.name}` {network.version}",
        f"{carried} of {len(rows)} claims of the lay article have a home in the model. An edge is the article's claim, "
        "or comes from the literature, and is marked contested where studies disagree.",
        table(["claim", "in our words", "edges", "states of", "parameters", "advice", "red flags"], rows),
        "## Edges",
        table(["edge", "basis", "source", "where", "claims", "note"], edges),
    )


def _basis(edge: Edge) -> str:
    return f"**contested** ({edge.basis})" if edge.contested else edge.basis


def _count(network: Network, edge: Edge) -> str:
    """How many numbers stand behind an edge."""
    cpd = network.cpds[edge.child]
    if isinstance(cpd, NoisyMax):
        at = cpd.parents.index(edge.parent)
        count = sum(key[0] == at for key, p in cpd.parameters.items() if not p.complement)
    else:
        count = sum(not p.complement for p in cpd.parameters.values())
    return f"{count} number{'s' * (count != 1)}"


def variables_page(engine: Engine) -> str:
    """Every variable with question, states, codes, parents, and the probabilities before any finding."""
    network, prior = engine.network, engine.posterior()
    parts = []
    for role, title in ROLES.items():
        parts.append(f"## {title}")
        for variable in network.variables:
            if variable.role != role:
                continue
            codes = ", ".join(f"{system.upper()} {code}" for system, code in variable.codes.items())
            facts = [sentence(variable.description), f"*{variable.question}*" if variable.question else ""]
            facts += [f"Codes: {codes}." if codes else ""]
            facts += [f"Depends on: {', '.join(network.parents(variable.name)) or 'nothing'}."]
            rows = [
                [state, label, description, percent(prior[variable.name][state])]
                for state, label, description in zip(
                    variable.states, variable.state_labels, variable.state_descriptions, strict=True
                )
            ]
            parts.append(f"### {variable.label} (`{variable.name}`)\n\n" + "\n".join(fact for fact in facts if fact))
            parts.append(table(["state", "label", "in plain words", "before any finding"], rows))
    lead = (
        f"{len(network)} variables, {sum(len(v.states) for v in network.variables)} states; window: {network.window}."
    )
    return page(f"Variables of `{network.name}` {network.version}", lead, *parts)


def numbers_page(network: Network) -> str:
    """Every number with its range, source, place and note; then the losses, and the sources."""
    rows: dict[str, list[list[str]]] = {}
    for place, p in cited_numbers(network).items():
        rows.setdefault(place.variable, []).append(
            [_where(network, place.variable, place.key), number(p.value), f"{number(p.low)} to {number(p.high)}",
             p.source, p.where, p.note]
        )  # fmt: skip
    head = ["number", "value", "range", "source", "place", "note"]
    parts = [f"## {network.by_name[name].label} (`{name}`)\n\n" + table(head, listed) for name, listed in rows.items()]
    sources = [[key, source.kind, link(source), source.note] for key, source in network.sources.items()]
    losses = guidance_of(network).losses
    if losses is not None:
        burden = ["burden of seeking it", *(number(losses.burden[level]) for level in CARE_LEVELS), ""]
        harms = [
            [f"{states_of({h.variable: h.states})}", *(number(h.loss[level]) for level in CARE_LEVELS), h.note]
            for h in losses.harms
        ]
        parts.append(f"## Losses\n\nUnit: {losses.unit}. {losses.note}.")
        parts.append(table(["condition", *CARE_LEVELS, "why"], [burden, *harms]))
    return page(
        f"Numbers of `{network.name}` {network.version}",
        "A range is a plausible range, not a confidence interval. A number whose source begins with `assumption` is a "
        "judgement; its note gives the reasoning. A link of a noisy-OR or noisy-MAX is P(effect) when that parent alone "
        "is active and the leak is off.",
        *parts,
        "## Sources\n\n" + table(["key", "kind", "source", "note"], sources),
    )


def _where(network: Network, name: str, key: tuple[int, ...]) -> str:
    """A number's place in words: P(state | parents), or the link or leak."""
    cpd, states = network.cpds[name], network.by_name[name].states
    parents = [network.by_name[parent] for parent in cpd.parents]
    if isinstance(cpd, NoisyMax):
        if key[0] < 0:
            return f"leak: {states[key[-1]]}"
        return f"link {parents[key[0]].name} = {parents[key[0]].states[key[1]]}: {states[key[-1]]}"
    given = ", ".join(f"{p.name} = {p.states[u]}" for p, u in zip(parents, key[:-1], strict=True))
    return f"{states[key[-1]]}" + (f" given {given}" if given else "")


def _screened(network: Network) -> str:
    """How many answers about red flags are needed, and the cited numbers of the screening."""
    screening = guidance_of(network).screening
    numbers = {f"likely from, {level}": p for level, p in screening.thresholds.items()}
    numbers |= {f"likely from, {f.id}": f.threshold for f in guidance_of(network).red_flags if f.threshold}
    if screening.answered is not None:
        numbers["answered share"] = screening.answered
    rows = [
        [name, number(p.value), f"{number(p.low)} to {number(p.high)}", p.source, p.where, p.note]
        for name, p in numbers.items()
    ]
    listed = table(["number", "value", "range", "source", "place", "note"], rows) if rows else ""
    if screening.answered is None:
        return listed
    asked = len(screening.questions(guidance_of(network).red_flags))
    return (
        f"A level below {screening.rules_out} is told only if {screening.minimum(guidance_of(network).red_flags)} of the {asked} questions are "
        f"answered that red flags of the level {screening.rules_out} and above look at. Until then it is undetermined: "
        f"{screening.advice}\n\n{listed}"
    )


def flags_page(network: Network) -> str:
    """The red flags and the advice."""
    screening = guidance_of(network).screening
    flags = [
        [
            f.level,
            states_of(f.when),
            f.text,
            ", ".join(f.suspects),
            number(screening.threshold(f)),
            f.unknown,
            f.source,
            f.where,
        ]
        for f in guidance_of(network).red_flags
    ]
    advice = [
        [states_of(a.when) or "always", a.text, ", ".join(a.claims), a.source] for a in guidance_of(network).advice
    ]
    return page(
        f"Red flags and advice of `{network.name}` {network.version}",
        quoted(network),
        "A red flag sets a floor under the level of care, whatever the probabilities say; no finding lowers it. Its "
        "absence is only weak evidence.",
        table(["level", "when", "text", "think of", "likely from", "don't know", "source", "where"], flags),
        "A finding that is uncertain makes a flag likely from the probability under *likely from*, or if it speaks for the flag by "
        "itself; a likely flag sets the floor as a certain one does. *don't know* says whether that answer leaves the flag possible "
        "or counts as its absence.",
        _screened(network),
        "## Advice",
        table(["when", "text", "claims", "source"], advice),
    )
