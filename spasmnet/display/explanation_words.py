"""Explanations for people: in plain sentences, as tables of words, and as data for JSON."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

from spasmnet.display.evidence_words import Section
from spasmnet.findings.sentences import KINDS, TOP, decided_words, event_words, path_words, settled_words
from spasmnet.model.words import given, name_of, number, one_in, percent, said

if TYPE_CHECKING:
    from spasmnet.findings.explanation import Explanation

TWO_RANKINGS = (
    "Probable is not the same as explaining: the first column says how probable each cause is, the second how many of "
    "the findings present would not be there had it not been."
)
SAME_PERSON = (
    "That second number is counterfactual: besides the model's numbers it rests on the arrows being causes, and on "
    "what would be the same in this person without the cause."
)


def explanation_sections(why: Explanation, top: int = TOP) -> list[Section]:
    """The tables of an explanation."""
    network = why.network
    sections: list[Section] = []
    if why.because:
        heads = ["finding", "odds times", "log-odds", *(["standard error"] if not why.shapley.exact else []), ""]
        rows = [
            (
                said(network, name, finding),
                number(exp(value)),
                f"{value:+.3g}",
                *((number(error),) if not why.shapley.exact else ()),
                "for" if value > 0 else "against" if value < 0 else "",
            )
            for name, finding, value, error in why.because
        ]
        sections.append(("What the findings contribute (they sum to the change)", heads, rows))
    if why.trails:
        paths = [
            (f"{trail.carries:+.3g}", path_words(network, trail, steps))
            for trail, steps in list(zip(why.trails, why.links, strict=True))[:top]
        ]
        sections.append(("How they get there, the strongest path first", ("carries", "path"), paths))
    if why.overturns:
        changes = [
            (
                KINDS[one.kind],
                " and ".join(said(network, name, state) for name, state in one.findings),
                one_in(one.probability) or percent(one.probability),
                decided_words(why, one.kind, one.then),
            )
            for kind in KINDS
            for one in [one for one in why.overturns if one.kind == kind][:top]
        ]
        sections.append(("What would change the answer", ("changes", "if found", "chance", "to"), changes))
    if why.ranked:
        causes = [
            (
                name_of(network.by_name[one.variable]),
                one_in(one.probability) or percent(one.probability),
                number(one.disablement),
            )
            for one in why.ranked[:top]
        ]
        sections.append(("Which cause explains the findings", ("cause", "probability", "findings explained"), causes))
    return sections


def explanation_title(why: Explanation) -> str:
    """What is explained, in one line."""
    found = given(why.network, why.evidence)
    return f"Why {event_words(why)} is {percent(why.belief)} (before the findings {percent(why.before)}), given {found}"


def explanation_notes(why: Explanation) -> list[str]:
    """What a reader has to know about the tables."""
    notes = settled_words(why)
    return [*notes, TWO_RANKINGS, SAME_PERSON] if why.ranked else notes
