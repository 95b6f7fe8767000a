"""How an interview looks in a terminal: the question with its numbered answers, where it stands, and its end."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from spasmnet.cli.screens import LEVELS
from spasmnet.display.interview_page import odds_in_words
from spasmnet.display.phrases import presence
from spasmnet.model.network import Network, Variable
from spasmnet.model.words import between, event_of, name_of, percent, plain, state_of
from spasmnet.triage.guidance import NOTICE
from spasmnet.triage.words import DECIDED_WORDS, held_text, unresolved_text
from spasmnet.voi.interview import Step, words
from spasmnet.voi.ranking import Ranking
from spasmnet.voi.summary import Summary, leading_in_words, warnings

KEYS = "? not known   u undo   q leave"


def welcome(network: Network, kept: int, file: str | None) -> RenderableType:
    """The first lines: what this is, how to answer, and what is kept where."""
    parts = [
        Text(plain(network.title or network.name), style="bold"),
        Text(plain(network.intended_use) or NOTICE, style="dim"),
    ]
    parts.append(Text(f"Answer with the number of an answer. {KEYS}.", style="dim"))
    if kept:
        parts.append(Text(f"Going on after {kept} answer{'s' * (kept != 1)} kept in {file}.", style="dim"))
    return Group(*parts)


def question_screen(number: int, variable: Variable, reason: str, step: Step | None) -> RenderableType:
    """A question with its numbered answers, and why it is asked."""
    asked = plain(variable.question) or f"{name_of(variable)}?"
    head = Text.assemble("\n", (f"{number}. ", "bold"), (asked, "bold"))
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    described = variable.state_descriptions or ("",) * len(variable.states)
    for i, (state, about) in enumerate(zip(variable.states, described, strict=True), 1):
        table.add_row(
            Text(f"  {i}", style="bold cyan"), Text(state_of(variable, state)), Text(plain(about), style="dim")
        )
    parts: list[RenderableType] = [head, table]
    if reason:
        parts.append(Text(f"  Why: {plain(reason)}", style="dim"))
    if step is not None and step.causes:
        parts.append(standing(step))
    return Group(*parts)


def standing(step: Step) -> Text:
    """Where an interview stands, on one line."""
    care = f"{LEVELS[step.care.level][0]}; " if step.care else ""
    first = ", ".join(f"{event_of(row.variable, row.event)} {percent(row.probability)}" for row in step.causes[:3])
    return Text(f"  So far: {care}{first}", style="dim")


def contradiction_screen(step: Step) -> RenderableType:
    """The answers that cannot be true together, numbered."""
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    for i, (name, finding) in enumerate(step.contradiction.items(), 1):
        variable = step.network.by_name[name]
        table.add_row(
            Text(f"  {i}", style="bold cyan"), Text(f"{name_of(variable)}: {words(step.network, name, finding)}")
        )
    together = "cannot be true together" if len(step.contradiction) > 1 else "cannot be true"
    flags = [
        Text(f"\n{LEVELS[f.level][0]}, whatever else is true: {plain(f.text)}", style="bold red")
        for f in step.red_flags
    ]
    return Group(*flags, Text(f"\nThese answers {together}. Which one should be corrected?", style="bold red"), table)


def end_screen(found: Summary, shown: Console) -> RenderableType:
    """The end: the level of care, causes with intervals, reasons, advice."""
    step = found.step
    parts: list[RenderableType] = [Text(f"\n{plain(line)}", style="bold yellow") for line in warnings(found)]
    if step.care is not None:
        label, style = LEVELS[step.care.level]
        parts.append(Text.assemble("\n", (label, style), f"  decided by {DECIDED_WORDS[step.care.decided_by]}"))
    parts += [Text(f"Red flag ({held_text(flag)}): {plain(flag.text)}", style="red") for flag in found.flags]
    if step.unresolved_red_flags:
        given = {name for name, answer in step.answers if answer is not None}
        asked = {name for name, answer in step.answers if answer is None}
        still = dict.fromkeys(unresolved_text(rule, step.network, asked, given) for rule in step.unresolved_red_flags)
        parts.append(Text(f"Red flags not ruled out: {'; '.join(still)}", style="yellow"))
    parts.append(Text.assemble("\nTo think of first: ", (leading_in_words(step), "bold")))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for row in step.causes[:6]:
        interval = between(row.interval) if row.interval else ""
        name, chance = event_of(row.variable, row.event), percent(row.probability)
        table.add_row(f"  {name}", presence(row), chance, Text(interval, style="dim"))
    parts.append(table)
    if found.reasons:
        parts.append(Text("Reasons for and against it", style="bold"))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for reason in found.reasons[:6]:
            network = step.network
            finding = f"{name_of(network.by_name[reason.variable])}: {words(network, reason.variable, reason.finding)}"
            table.add_row(f"  {finding}", odds_in_words(reason.factor))
        parts.append(table)
    if found.advice:
        parts.append(Text("Advice", style="bold"))
        parts += [Text(f"  - {plain(item.rule.text)}") for item in found.advice]
    parts.append(Text(f"\n{NOTICE} {step.provenance}", style="dim"))
    return Group(*parts)


def stop_screen(step: Step) -> RenderableType:
    """That it may end, and why."""
    return Text(f"\n{plain(step.why)}", style="bold green")


def ranking_screen(found: Ranking, top: int, losses: bool) -> RenderableType:
    """The open questions, the best first."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in (
        "",
        "Question",
        "Red flag",
        "Tells",
        *(("Worth", "Cost", "Changes care") if losses else ()),
        "Changes cause",
    ):
        table.add_column(head, justify="left" if head in ("", "Question", "Red flag") else "right")
    for i, q in enumerate(found.questions[:top], 1):
        worth = (_number(q.value), f"{q.cost:.2g}", percent(q.change_care)) if losses else ()
        flag = Text(q.red_flag, style="red")
        table.add_row(
            f"{i}", name_of(q.variable), flag, f"{_number(q.information)} bit", *worth, percent(q.change_cause)
        )
    if not found.questions:
        return Text("Everything that can be asked is known, or was asked in vain.")
    parts: list[RenderableType] = [table]
    if len(found.questions) > top:
        parts.append(Text(f"and {len(found.questions) - top} more: --top {len(found.questions)}", style="dim"))
    if found.ahead > 1:
        parts.append(Text("What a question tells counts the best next question too.", style="dim"))
    parts.append(Text(f"\n{NOTICE} {found.provenance}", style="dim"))
    return Group(*parts)


def _number(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0005 else "0" if value < 1e-9 else "<0.001"
