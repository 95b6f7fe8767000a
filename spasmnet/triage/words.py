"""Words for levels of care and red flags."""

from __future__ import annotations

from collections.abc import Collection

from spasmnet.model.network import Network
from spasmnet.model.words import name_of, percent, plain
from spasmnet.triage.care import Care, RedFlag
from spasmnet.triage.guidance import Rule

CARE_WORDS = {
    "emergency": "Emergency care, now",
    "urgent": "Urgent care, today",
    "routine": "A routine appointment",
    "self_care": "Self-care",
    "undetermined": "Not known yet",
}
DECIDED_WORDS = {
    "red flag": "a red flag",
    "expected loss": "the least expected loss",
    "too few answers": "too few answers about red flags",
}


def undetermined_text(care: Care) -> str:
    """That a level of care cannot be told yet, why, and what to do until then."""
    count = f"{care.answered} of the questions about red flags {'is' if care.answered == 1 else 'are'} answered"
    likely = CARE_WORDS[care.provisional].lower()
    words = f"only {count}; at least {care.minimum} are needed to tell how soon to be seen"
    told = f"{words} (by what is known so far: {likely})." if care.provisional else f"{words}."
    return f"{told[0].upper()}{told[1:]} {plain(care.advice)}".strip()


def held_text(flag: RedFlag) -> str:
    """How a red flag holds, in words."""
    return flag.holds if flag.holds == "certain" else f"{flag.holds}, {percent(flag.probability)}"


def unresolved_text(rule: Rule, network: Network, unknown: Collection[str] = (), given: Collection[str] = ()) -> str:
    """What of a red flag was not asked about, or is not known."""
    asked = [name_of(network.by_name[name]) for name in rule.when if name in unknown]
    silent = [name_of(network.by_name[name]) for name in rule.when if name not in unknown and name not in given]
    parts = [f"not asked: {', '.join(silent)}" if silent else "", f"not known: {', '.join(asked)}" if asked else ""]
    return "; ".join(part for part in parts if part)
