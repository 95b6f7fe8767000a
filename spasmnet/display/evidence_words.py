"""Evidence sensitivity for people: in words, as tables of words, and as data for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from spasmnet.model.words import given, name_of, number, percent, said, state_of

if TYPE_CHECKING:
    from spasmnet.findings.evidence_sensitivity import EvidenceSensitivity

NOT_PARAMETERS = (
    "This is evidence sensitivity: how the answer depends on the findings. It is not parameter sensitivity, which "
    "tells how the answer depends on the numbers that the model is made of."
)
TOP = 10
Rows = Sequence[Sequence[str]]
Section = tuple[str, Sequence[str], Rows]  # title, heads, rows


def evidence_sections(es: EvidenceSensitivity, top: int = TOP) -> list[Section]:
    """The tables of an evidence sensitivity: findings at hand, conflicts, what could still be found."""
    network = es.network
    sections: list[Section] = []
    rows: Rows
    if es.at_hand:
        rows = [
            (
                said(network, one.variable, one.finding),
                number(one.bayes_factor),
                number(one.decibans),
                f"{percent(one.without)} to {percent(es.belief)}",
                percent(one.alone),
                number(one.cost_of_omission),
                ", ".join(w for w in ("sufficient", "redundant", "important") if getattr(one, w)),
            )
            for one in es.at_hand
        ]
        heads = ("finding", "Bayes factor", "decibans", "without it, with it", "alone", "cost of omission", "")
        sections.append(("Findings at hand, the other findings given", heads, rows))
    if es.conflicts:
        rows = [
            (
                " and ".join(name_of(network.by_name[name]) for name in one.findings),
                number(one.conflict),
                one.verdict,
                said(network, *one.explained_by) if one.explained_by and one.verdict != "coherent" else "",
            )
            for one in es.conflicts
            if one.conflict > 0 or len(one.findings) != 2 or len(es.conflicts) == 1
        ][:top]
        sections.append(("Conflict among the findings", ("findings", "bits", "", "explained most by"), rows))
    rows = [
        (
            name_of(network.by_name[one.variable]),
            number(one.mutual_information),
            percent(one.entropy_share),
            f"{percent(one.minimum)} ({state_of(network.by_name[one.variable], one.minimum_state)})",
            f"{percent(one.maximum)} ({state_of(network.by_name[one.variable], one.maximum_state)})",
            *((state_of(es.network.by_name[es.event.variable], one.outcome),) if es.event.whole else ()),
        )
        for one in es.open[:top]
    ]
    heads = (
        "not observed",
        "bits",
        "of entropy",
        "least belief",
        "largest belief",
        *(("in",) if es.event.whole else ()),
    )
    return [*sections, ("What other findings could do, the most informative first", heads, rows)]


def belief_now(es: EvidenceSensitivity) -> str:
    """What is asked, its probability now and before, and the findings."""
    variable = es.network.by_name[es.event.variable]
    chosen = es.event.states or (es.focus,)
    what = f"{name_of(variable)}: {' or '.join(state_of(variable, s) for s in chosen)}"
    found = given(es.network, es.evidence)
    return f"{what}, {percent(es.belief)} (before any finding {percent(es.before)}), given {found}"


def evidence_data(es: EvidenceSensitivity) -> dict[str, Any]:
    """An evidence sensitivity as plain data; what is infinite is None."""
    return {
        "target": str(es.event),
        "focus": es.focus,
        "evidence": {n: dict(f) if isinstance(f, Mapping) else f for n, f in es.evidence.items()},
        "probability": es.belief,
        "before": es.before,
        "entropy": es.entropy,
        "variance": es.variance,
        "thresholds": list(es.thresholds),
        "unobserved": [_data(one) for one in es.open],
        "findings": [_data(one) for one in es.at_hand],
        "conflict": [_data(one) for one in es.conflicts],
        "provenance": es.provenance.as_dict(),
    }


def _data(one: Any) -> dict[str, Any]:
    found = {}
    for name in one.__slots__:
        value = getattr(one, name)
        if isinstance(value, float) and not isfinite(value):
            value = None
        elif isinstance(value, Mapping):
            value = dict(value)
        found[name] = list(value) if isinstance(value, tuple) else value
    return found
