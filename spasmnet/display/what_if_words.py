"""What acting would do, for people: as a table of words, and as data for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spasmnet.display.evidence_words import Section
from spasmnet.model.words import given, name_of, percent, plain, state_of
from spasmnet.triage.guidance import NOTICE

if TYPE_CHECKING:
    from spasmnet.findings.what_if import Action, WhatIf

TOP = 12
NOTES = (
    "do is acting: what else is known stays as it is, but what follows from the variable is left out, since acting "
    "would change it. see is only knowing: it also counts what the variable is a sign of. this person is "
    "counterfactual: all findings, had the variable been so."
)


def what_if_sections(found: WhatIf, top: int = TOP) -> list[Section]:
    """The actions as a table, the most helpful first."""
    intervals = found.level is not None
    heads = ["action", "as is", "do", "change", *(["helps, is best"] if intervals else []), "see", "this person"]
    rows = [
        (
            _words(found, one),
            percent(one.as_is),
            percent(one.do)
            + (f" ({percent(one.do_interval[0])} to {percent(one.do_interval[1])})" if one.do_interval else ""),
            _points(one),
            *((f"{percent(one.helps or 0.0)}, {percent(one.best or 0.0)}",) if intervals else ()),
            "cannot be" if one.see is None else percent(one.see),
            "" if one.would_be is None else percent(one.would_be),
        )
        for one in found.actions[:top]
    ]
    return [("What would help, the most helpful first", heads, rows)]


def _points(one: Action) -> str:
    """A change in percentage points, with its interval."""
    text = f"{100 * one.change:+.3g}"
    if one.change_interval is not None:
        text += f" ({100 * one.change_interval[0]:+.2g} to {100 * one.change_interval[1]:+.2g})"
    return text


def _words(found: WhatIf, one: Action) -> str:
    variable = found.network.by_name[one.variable]
    return f"{name_of(variable)}: {state_of(variable, one.state)}"


def what_if_title(found: WhatIf) -> str:
    """What is asked, in one line."""
    variable = found.network.by_name[found.event.variable]
    event = " or ".join(state_of(variable, state) for state in found.event.states)
    what = f"{name_of(variable)}: {event}, now {percent(found.belief)}"
    return f"What if: {what}, given {given(found.network, found.evidence)}"


def what_if_notes(found: WhatIf) -> list[str]:
    """What do, see and the counterfactual are, and what the intervals say."""
    if found.level is None:
        return [NOTES]
    share = f"{100 * found.level:g}% of {found.draws:,} networks"
    return [NOTES, f"The smaller figures: what {share} drawn from the numbers' ranges say."]


def what_if_data(found: WhatIf) -> dict[str, Any]:
    """Everything as plain data for JSON."""
    return {
        "target": str(found.event),
        "variable": found.event.variable,
        "states": list(found.event.states),
        "evidence": {n: dict(f) if isinstance(f, Mapping) else f for n, f in found.evidence.items()},
        "probability": found.belief,
        "level": found.level,
        "draws": found.draws,
        "actions": [
            {
                name: dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
                for name in one.__slots__
                for value in [getattr(one, name)]
            }
            for one in found.actions
        ],
        "intended_use": plain(found.network.intended_use) or NOTICE,
        "provenance": found.provenance.as_dict(),
    }
