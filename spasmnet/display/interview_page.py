"""The report on an interview as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from spasmnet.display.phrases import presence
from spasmnet.model.words import between, event_of, name_of, one_in, percent
from spasmnet.triage.words import CARE_WORDS, DECIDED_WORDS, held_text, unresolved_text
from spasmnet.voi.interview import words
from spasmnet.voi.summary import Summary, leading_in_words, warnings

CAUSES = 8


def page(found: Summary) -> str:
    """The report; everything from the model and the answers is escaped."""
    return "\n".join(_lines(found)).rstrip() + "\n"


def _lines(found: Summary) -> Iterator[str]:
    step, network = found.step, found.step.network
    yield f"# {_text(network.title or network.name)}: report on an interview"
    yield ""
    if network.intended_use:
        yield from (f"> **Intended use.** {_text(network.intended_use)}.", "")
    for warning in warnings(found):
        yield from (f"> **{_text(warning)}**", "")
    yield from _care(found)
    yield from ("## Findings", "")
    if not step.answers:
        yield "None."
    for name, answer in step.answers:
        yield f"- {_text(name_of(network.by_name[name]))}: {_text(words(network, name, answer))}"
    yield from ("", "## Causes", "", "| | probability | before the answers | interval |", "|---|---|---|---|")
    for row in step.causes[:CAUSES]:
        known = between(row.interval) if row.interval else ""
        chance = " ".join(filter(None, (percent(row.probability), _frequency(row.probability))))
        form = presence(row)
        cause = _text(event_of(row.variable, row.event)) + (f" ({_text(form)})" if form else "")
        yield f"| {cause} | {chance} | {percent(row.before)} | {known} |"
    if len(step.causes) > CAUSES:
        yield from ("", f"And {len(step.causes) - CAUSES} less probable ones.")
    if any(row.interval for row in step.causes):
        yield from ("", "The intervals tell the uncertainty of the model's numbers, not of the patient.")
    yield ""
    yield from _reasons(found)
    yield from _changes(found)
    if found.advice:
        yield from ("## Advice", "")
        yield from (f"- {_text(item.rule.text)}" for item in found.advice)
        yield ""
    if found.sources:
        yield from ("## Sources", "", *(f"- {_text(source)}" for source in found.sources), "")
    yield from ("---", "", f"{_text(str(step.provenance))}.")


def _care(found: Summary) -> Iterator[str]:
    step = found.step
    if step.care is not None:
        yield from (
            "## How soon to be seen",
            "",
            f"**{CARE_WORDS[step.care.level]}**, decided by {DECIDED_WORDS[step.care.decided_by]}.",
            "",
        )
    for flag in found.flags:
        how = "" if flag.holds == "certain" else f", {held_text(flag)}"
        yield f"- Red flag ({flag.level}{how}): {_text(flag.text)}"
    if found.flags:
        yield ""
    if step.unresolved_red_flags:
        given = {name for name, answer in step.answers if answer is not None}
        unknown = {name for name, answer in step.answers if answer is None}
        yield from ("Red flags that are not ruled out (silence is no reassurance):", "")
        for rule in step.unresolved_red_flags:
            yield f"- {rule.level}: {_text(rule.text)} ({_text(unresolved_text(rule, step.network, unknown, given))})"
        yield ""
    yield from (f"To think of first: **{_text(leading_in_words(step))}**. {_text(step.why)}", "")


def _reasons(found: Summary) -> Iterator[str]:
    network = found.step.network
    if not found.reasons:
        return
    yield f"## Reasons for and against {_text(leading_in_words(found.step))}"
    yield ""
    yield "By how much each finding, the others given, multiplies the odds; and the level of care without it."
    yield from ("", "| finding | odds | without it |", "|---|---|---|")
    for reason in found.reasons:
        finding = f"{name_of(network.by_name[reason.variable])}: {words(network, reason.variable, reason.finding)}"
        yield f"| {_text(finding)} | {odds_in_words(reason.factor)} | {CARE_WORDS.get(reason.care_without, '')} |"
    yield ""


def _changes(found: Summary) -> Iterator[str]:
    yield from ("## What would change it", "")
    if not found.changes:
        yield "No single open answer changes the level of care or the leading cause."
    for q in found.changes:
        asked = _text(q.variable.question or name_of(q.variable))
        yield f"- {asked} An answer changes the result with a chance of {percent(q.change)}."
    yield ""


def odds_in_words(factor: float | None) -> str:
    """By how much odds are multiplied, in words.

    >>> odds_in_words(3.14159), odds_in_words(0.5), odds_in_words(1.0), odds_in_words(None)
    ('for: 3.1 times', 'against: 1/2.0', 'neither', 'decides alone, or says nothing')
    """
    if factor is None:
        return "decides alone, or says nothing"
    if abs(factor - 1) < 0.005:
        return "neither"
    return f"for: {_digits(factor)} times" if factor > 1 else f"against: 1/{_digits(1 / factor)}"


def _digits(factor: float) -> str:
    return f"{factor:.3g}" if factor >= 100 else f"{factor:.1f}" if factor >= 1.05 else f"{factor:.2f}"


def _frequency(p: float) -> str:
    found = one_in(p)
    return f"({found})" if found else ""


def _text(text: str) -> str:
    """A text on one line that Markdown shows as it stands."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    for mark in "\\`*_[]<>|#":
        line = line.replace(mark, f"\\{mark}")
    return line
