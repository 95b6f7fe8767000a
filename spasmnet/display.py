"""How results look: words and numbers for people, a rich table for a posterior, HTML for a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import floor, log10
from typing import TYPE_CHECKING, Any

from spasmnet.errors import CircuitTooLargeError
from spasmnet.network import Variable
from spasmnet.report import Ranked, ranked, total

if TYPE_CHECKING:
    from rich.table import Table

    from spasmnet.engine import Engine
    from spasmnet.posterior import Posterior

MOST_FOR_PRIORS = 2_000_000  # products of a circuit that is compiled only for what stands beside
NOTICE = "For research and education; not a medical device."
ROLE_TITLES = {"cause": "Causes", "serious": "Serious conditions", "finding": "Findings", "risk_factor": "Risk factors"}


def percent(probability: float) -> str:
    """A probability for people; never 0 % or 100 % unless it is exactly that.

    >>> percent(0.256), percent(0.00001), percent(0.99999), percent(0.0)
    ('26%', '<0.1%', '>99.9%', '0%')
    """
    if probability in (0.0, 1.0):
        return f"{probability:.0%}"
    if probability < 0.001:
        return "<0.1%"
    if probability > 0.999:
        return ">99.9%"
    return f"{probability:.1%}" if probability < 0.0995 or probability > 0.9905 else f"{probability:.0%}"


def one_in(probability: float, below: float = 0.01) -> str:
    """A probability under `below` as a frequency with two digits; empty where a percentage says enough.

    >>> one_in(0.00012), one_in(0.3), one_in(1e-12), one_in(0.0)
    ('1 in 8,300', '', 'under 1 in a billion', 'impossible')
    """
    if probability == 0:
        return "impossible"
    if probability >= below:
        return ""
    if probability < 1e-9:
        return "under 1 in a billion"
    count = 1 / probability
    return f"1 in {round(count, 1 - floor(log10(count))):,.0f}"


def between(interval: tuple[float, float], *, rare: bool = False) -> str:
    """An interval for people: in percent, or (rare) in frequencies.

    >>> between((0.081, 0.17)), between((0.21, 0.44)), between((1e-5, 2e-4), rare=True)
    ('8.1-17%', '21-44%', '1 in 100,000 to 5,000')
    """
    if rare:
        first, last = (one_in(p, below=0.1) or percent(p) for p in interval)
        return first if first == last else f"{first} to {last.removeprefix('1 in ')}"
    first, last = map(percent, interval)
    return first if first == last else f"{first.removesuffix('%')}-{last}"


def plain(text: str) -> str:
    """A text from a model file without control characters, which a terminal might obey."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def name_of(variable: Variable) -> str:
    """A variable's label, or its name."""
    return plain(variable.label or variable.name)


def state_of(variable: Variable, state: str) -> str:
    """A state's label, or its name."""
    return plain(variable.state_label(state))


def finding_text(finding: Any, variable: Variable | None = None) -> str:
    """A finding in words: the state, or the likelihoods; with labels if the variable is given."""
    if isinstance(finding, Mapping):
        words = [f"{state_of(variable, s) if variable else s} {value:g}" for s, value in finding.items()]
        return "likelihood " + ", ".join(words)
    return state_of(variable, finding) if variable else str(finding)


def states_text(variable: Variable, states: Mapping[str, float], most: int = 6, post: Posterior | None = None) -> str:
    """The states with their probabilities, in order; of many, the most probable. With `post`, its intervals follow."""
    shown: Sequence[str] = variable.states
    if len(shown) > most:
        shown = sorted(shown, key=lambda state: -states[state])[: most - 1]
    words = [f"{state_of(variable, s)} {percent(states[s])}{_bracketed(post, variable, s)}" for s in shown]
    return "; ".join(words) + (f"; and {len(states) - len(shown)} more" if len(shown) < len(states) else "")


def _bracketed(post: Posterior | None, variable: Variable, state: str) -> str:
    if post is None or post.uncertainty is None:
        return ""
    return f" ({between(post.interval(variable.name, state))})"


def presence(row: Ranked) -> str:
    """The most probable state that is not neutral; with its own probability where there are several."""
    words = state_of(row.variable, row.leading)
    return f"{words} {percent(row.states[row.leading])}" if len(row.variable.states) > 2 else words


def _sections(post: Posterior) -> Iterator[tuple[str, list[Ranked]]]:
    """What was not observed, by role; a network without roles is one section in declared order."""
    rows = ranked(post)
    for role, title in ROLE_TITLES.items():
        found = [row for row in rows if row.variable.role == role]
        if found:
            yield title, found
    place = {name: i for i, name in enumerate(post.network.names)}
    found = sorted((r for r in rows if r.variable.role not in ROLE_TITLES), key=lambda row: place[row.variable.name])
    if found:
        yield "Variables", found


def _given(post: Posterior) -> str:
    by_name = post.network.by_name
    findings = (f"{name_of(by_name[n])}: {finding_text(f, by_name[n])}" for n, f in post.evidence.items())
    return "; ".join(findings) or "nothing"


def posterior_table(post: Posterior) -> Table:
    """The posteriors as a rich table, sections by role, most probable first."""
    from rich.table import Table
    from rich.text import Text

    title = Text(plain(post.network.title or post.network.name), style="bold")
    table = Table(
        title=Text.assemble(title, f"\ngiven {_given(post)}"),
        title_style="",
        title_justify="left",
        caption=Text(f"{_meaning(post)}{post.provenance}. {plain(post.network.intended_use) or NOTICE}"),
        caption_style="dim",
        caption_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
        show_header=False,
    )
    table.add_column(min_width=12)
    table.add_column(justify="right", no_wrap=True)
    if post.uncertainty is not None:
        table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column()
    for heading, rows in _sections(post):
        table.add_row()
        table.add_row(Text(heading, style="bold"))
        for row in rows:
            chance = percent(row.probability) if row.variable.role else ""
            ends = [between(row.interval) if row.variable.role else ""] if row.interval else []
            words = states_text(row.variable, row.states, post=None if row.variable.role else post)
            table.add_row(Text(name_of(row.variable)), chance, *ends, Text(words))
    table.add_row()
    return table


def _meaning(post: Posterior) -> str:
    return f"{post.uncertainty.meaning} " if post.uncertainty is not None else ""


_CELL = "padding:.15em 1.2em .15em 0;border:0;background:none;vertical-align:middle"
_TRACK = "position:relative;background:rgba(128,128,128,.18);width:11em;height:.7em;border-radius:.35em;overflow:hidden"


def posterior_html(post: Posterior) -> str:
    """The posteriors as an HTML table with bars; colours suit light and dark pages."""
    before = prior_of(post)
    sections = _html_findings(post, before)
    sections += "".join(_html_section(title, rows, post, before) for title, rows in _sections(post))
    told = "The upright mark on a bar is the probability before the findings." if before is not None else ""
    notes = filter(None, (told, _meaning(post), plain(post.network.intended_use) or NOTICE, str(post.provenance)))
    return (
        f'<div style="line-height:1.4;max-width:60em"><div style="font-weight:600">'
        f"{escape(plain(post.network.title or post.network.name))}</div>"
        f'<div style="opacity:.75">given {escape(_given(post))}</div>'
        f'<table style="border-collapse:collapse;border:0;color:inherit;font-size:inherit">{sections}</table>'
        f'<div style="opacity:.65;font-size:85%;margin-top:.5em">{"<br>".join(map(escape, notes))}</div>'
        "</div>"
    )


def prior_of(post: Posterior, engine: Engine | None = None) -> Posterior | None:
    """The posterior of no findings, where there are findings; None also where it would take long."""
    from spasmnet.engine import compile

    if not post.evidence:
        return None
    try:
        return (engine or compile(post.network, max_products=MOST_FOR_PRIORS)).posterior()
    except CircuitTooLargeError:
        return None


def _html_findings(post: Posterior, before: Posterior | None) -> str:
    """What was observed for certain, with its probability before all findings."""
    lines = []
    for name, finding in post.evidence.items():
        variable = post.network.by_name[name]
        if isinstance(finding, str):
            chance = before[name][finding] if before is not None else None
            words = f"{state_of(variable, finding)}" + (f"; before {percent(chance)}" if chance is not None else "")
            lines.append(
                f'<tr style="background:none"><td style="{_CELL};text-align:left">{escape(name_of(variable))}</td>'
                f'<td style="{_CELL};text-align:right">100%</td><td style="{_CELL}"></td>'
                f'<td style="{_CELL}">{_bar(1.0, "#d98a00", chance)}</td>'
                f'<td style="{_CELL};text-align:left;opacity:.75">observed: {escape(words)}</td></tr>'
            )
    head = f'<th colspan="5" style="{_CELL};text-align:left;padding-top:.7em">Observed</th>'
    return f'<tr style="background:none">{head}</tr>{"".join(lines)}' if lines else ""


def _bar(probability: float, colour: str, before: float | None) -> str:
    """A belief bar, and an upright mark where it was before the findings."""
    mark = (
        f'<div style="position:absolute;left:calc({100 * before:.2f}% - 1px);top:0;width:2px;height:100%;'
        f'background:currentColor"></div>'
        if before is not None
        else ""
    )
    width = f"{100 * max(probability, 0.0):.2f}%"
    return f'<div style="{_TRACK}"><div style="width:{width};height:100%;background:{colour}"></div>{mark}</div>'


def _html_section(title: str, rows: Sequence[Ranked], post: Posterior, before: Posterior | None) -> str:
    colour = "#c0573f" if title == ROLE_TITLES["serious"] else "#3b7bb5"
    head = f'<th colspan="5" style="{_CELL};text-align:left;padding-top:.7em">{escape(title)}</th>'
    lines = [f'<tr style="background:none">{head}</tr>']
    for row in rows:
        words = presence(row) if row.variable.role else states_text(row.variable, row.states, post=post)
        ends = between(row.interval) if row.interval else ""
        rare = one_in(row.probability) if row.variable.role == "serious" else ""
        tip = escape(states_text(row.variable, row.states, most=99, post=post), quote=True)
        active = row.variable.states[1:] or row.variable.states
        bar = _bar(row.probability, colour, total(before[row.variable.name], active) if before is not None else None)
        lines.append(
            f'<tr title="{tip}" style="background:none">'
            f'<td style="{_CELL};text-align:left">{escape(name_of(row.variable))}</td>'
            f'<td style="{_CELL};text-align:right">{escape(percent(row.probability))}</td>'
            f'<td style="{_CELL};text-align:right;opacity:.75">{escape(ends)}</td>'
            f'<td style="{_CELL}">{bar}</td>'
            f'<td style="{_CELL};text-align:left;opacity:.75">{escape(rare or words)}</td></tr>'
        )
    return "".join(lines)
