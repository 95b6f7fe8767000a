"""Pages of interviews: the open questions, one of them, where an interview stands, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence

from spasmnet.display.page import BLUE, RED, Cell, Grid, Page, Picture, Track, left_out, scaled, stamp
from spasmnet.display.pages.reports import decided
from spasmnet.display.phrases import presence, probability_of
from spasmnet.model.words import between, event_of, name_of, number, one_in, percent, plain, state_of
from spasmnet.triage.guidance import NOTICE
from spasmnet.triage.words import CARE_WORDS, held_text, unresolved_text
from spasmnet.voi.interview import Step, words
from spasmnet.voi.ranking import Question, Ranking
from spasmnet.voi.stopping import SameDecision
from spasmnet.voi.summary import Summary, leading_in_words, warnings

TOP = 12
WHAT = {"care": "level of care", "cause": "leading cause", "both": "level of care and leading cause"}


def ranking_page(found: Ranking) -> Page:
    """The open questions, the best first, with what each would tell."""
    grid = _questions(found.questions, found.entropy)
    given = ", ".join(f"{n}={f if isinstance(f, str) else 'uncertain'}" for n, f in found.evidence.items()) or "nothing"
    asked = f"given {plain(given)}" + (f"; not known: {', '.join(found.unknown)}" if found.unknown else "")
    notes = [f"Red flags come first, then what is best by {found.by}; {number(found.entropy)} bits are not known."]
    parts: list[Grid | str] = [grid] if found.questions else ["Nothing is left to ask."]
    return Page("What to ask next", asked, parts, notes, (NOTICE, plain(str(found.provenance))))


def _questions(questions: Sequence[Question], entropy: float) -> Grid:
    rows: list[Sequence[Cell]] = []
    place, _, high = scaled([q.information / entropy if entropy > 0 else 0.0 for q in questions], zero=True)
    for q in questions[:TOP]:
        share = q.information / entropy if entropy > 0 else 0.0
        bar = Track(f"tells {percent(share)}", ((0.0, place(share), BLUE),))
        label, flag = name_of(q.variable), f"{q.red_flag} ({percent(q.alarm)})" if q.red_flag else ""
        name = (plain(q.variable.question), label) if q.variable.question else label
        rows.append((name, percent(share), bar, f"{q.net:.4f}", percent(q.change), flag))
    heads = ("question", "tells", "", "net value", "changes", "red flag")
    legend = [(BLUE, f"share of what is not known that an answer tells; full: {percent(high)}")]
    return Grid("", heads, "wntnns", rows, None, legend, left_out(len(questions), TOP, "more questions"))


def question_page(q: Question) -> Page:
    """The question with its answers, and what asking it is worth."""
    v = q.variable
    numbers: list[tuple[str, str]] = [
        ("information", f"{number(q.information)} bits"), ("value", number(q.value)), ("cost", number(q.cost)),
        ("net", number(q.net)), ("changes the level of care", percent(q.change_care)),
        ("changes the leading cause", percent(q.change_cause)), ("changes either", percent(q.change)),
    ]  # fmt: skip
    if q.red_flag:
        numbers.append(("may complete a red flag", f"{q.red_flag} care, chance {percent(q.alarm)}"))
    if q.then:
        numbers += [(f"after “{state_of(v, state)}” ask", plain(after)) for state, after in q.then.items() if after]
    answers = "; ".join(state_of(v, state) for state in v.states)
    return Page(plain(v.question) or name_of(v), f"{name_of(v)}: {answers}", [Grid("", ("", ""), "sw", numbers)])


def same_page(found: SameDecision) -> Page:
    """The probability that the decision stays, with its interval."""
    reach = None if found.exact else (found.low, found.high)
    bar = Track(percent(found.probability), ((0.0, found.probability, BLUE),), None, reach)
    how = "exact" if found.exact else f"{between((found.low, found.high))} (95% interval, {found.samples:,} samples)"
    grid = Grid("", ("", "", ""), "ntw", [(percent(found.probability), bar, how)])
    title = f"How probable it is that the {WHAT[found.decision]} stays once {found.hidden} more are known"
    return Page(title, "", [grid], small=(NOTICE,))


def step_page(step: Step) -> Page:
    """What to ask and why, or why the interview may end; the causes so far, and the level of care."""
    network = step.network
    heading = {"ask": "Go on asking", "stop": "Enough is known", "contradiction": "A contradiction"}[step.status]
    given = "; ".join(f"{name_of(network.by_name[n])}: {words(network, n, a)}" for n, a in step.answers) or "nothing"
    facts: list[Sequence[Cell]] = []
    if step.question is not None:
        v = step.question.variable
        options = "; ".join(state_of(v, state) for state in v.states)
        asked = plain(v.question) or name_of(v)
        facts += [("Next", (asked, options)), ("because", plain(step.reason))]
    if step.care is not None:
        facts.append(("How soon to be seen", (CARE_WORDS[step.care.level], decided(step.care, network))))
    facts += [("Red flag", (plain(flag.text), held_text(flag))) for flag in step.red_flags]
    if step.unresolved_red_flags:
        unknown = {n for n, a in step.answers if a is None}
        known = {n for n, a in step.answers if a is not None}
        still = dict.fromkeys(unresolved_text(rule, network, unknown, known) for rule in step.unresolved_red_flags)
        facts.append(("Red flags not ruled out", "; ".join(still)))
    parts: list[Grid | Picture | str] = [plain(step.why), Grid("", ("", ""), "sp", facts)]
    if step.causes:
        parts.append(_causes(step))
    return Page(f"Interview: {heading}", f"answers: {given}", parts, small=stamp(network, step.provenance))


def _causes(step: Step) -> Grid:
    rows: list[Sequence[Cell]] = []
    known = any(row.interval for row in step.causes)
    for row in step.causes[:TOP]:
        colour = RED if row.variable.role == "serious" else BLUE
        bar = Track(percent(row.probability), ((0.0, row.probability, colour),), row.before, row.interval)
        name = event_of(row.variable, row.event) + " (think of first)" * (row.variable.name == step.leading)
        rare = one_in(row.probability) if row.variable.role == "serious" else ""
        ends = [between(row.interval) if row.interval else ""] if known else []
        rows.append((name, percent(row.probability), *ends, bar, percent(row.before), rare or presence(row)))
    heads = ("", "", *(["interval"] if known else []), "", "before", "most probable form")
    legend = [(BLUE, probability_of(row.variable for row in step.causes))]
    legend += [(RED, "the same of a serious condition"), ("line", "before")]
    legend += [("reach", "interval, of the model's numbers")] if known else []
    note = left_out(len(step.causes), TOP)
    return Grid("Causes", heads, "wn" + "n" * known + "tns", rows, None, legend, note)


def interview_page(found: Summary) -> Page:
    """How an interview ended."""
    step = found.step
    network = step.network
    base = step_page(step)
    parts: list[Grid | Picture | str] = [*map(plain, warnings(found)), f"To think of first: {leading_in_words(step)}."]
    if found.flags:
        parts.append(
            Grid("Red flags", ("", ""), "sw", [(CARE_WORDS.get(f.level, f.level), plain(f.text)) for f in found.flags])
        )
    parts += base.parts
    if found.reasons:
        reasons = [
            (
                f"{name_of(network.by_name[r.variable])}: {words(network, r.variable, r.finding)}",
                "" if r.factor is None else number(r.factor),
                CARE_WORDS.get(r.care_without, r.care_without),
            )
            for r in found.reasons
        ]
        parts.append(Grid("Reasons", ("finding", "odds times", "level of care without it"), "wns", reasons))
    if found.changes:
        rows = [(plain(q.variable.question) or name_of(q.variable), percent(q.change)) for q in found.changes]
        parts.append(Grid("What would change it", ("question", "chance"), "pn", rows))
    if found.advice:
        parts.append(Grid("Advice", ("",), "p", [(plain(a.rule.text),) for a in found.advice]))
    return Page(f"Report on an interview: {base.title.split(': ')[-1]}", base.given, parts, small=base.small)
