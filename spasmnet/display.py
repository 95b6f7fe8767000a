"""How results look: a rich table in a terminal, HTML in a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from spasmnet.network import Variable

if TYPE_CHECKING:
    from rich.table import Table

    from spasmnet.posterior import Posterior

NOTICE = "For research and education; not a medical device."
ROLE_TITLES = {"cause": "Causes", "serious": "Serious conditions", "finding": "Findings", "risk_factor": "Risk factors"}


def ranked(post: Posterior, roles: tuple[str, ...] = ("cause",)) -> list[tuple[Variable, float, Mapping[str, float]]]:
    """Unobserved variables of these roles (all, in a network without roles), by the probability of not being neutral."""
    variables = [v for v in post.network.variables if v.role in roles]
    if not variables and not any(v.role for v in post.network.variables):
        variables = list(post.network.variables)
    rows = [(v, 1.0 - post[v.name][v.states[0]], post[v.name]) for v in variables if v.name not in post.evidence]
    return sorted(rows, key=lambda row: -row[1])


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


def finding_text(finding: Any) -> str:
    """A finding in words: the state, or the likelihoods."""
    if isinstance(finding, Mapping):
        return "likelihood " + ", ".join(f"{state} {value:g}" for state, value in finding.items())
    return str(finding)


def _sections(post: Posterior) -> Iterator[tuple[str, list[tuple[Variable, float, Mapping[str, float]]]]]:
    if not any(v.role for v in post.network.variables):
        yield "Variables", [(v, 1.0 - post[v.name][v.states[0]], post[v.name]) for v in post.network.variables]
        return
    for role, title in ROLE_TITLES.items():
        rows = ranked(post, (role,))
        if rows:
            yield title, rows


def posterior_table(post: Posterior) -> Table:
    """The posteriors as a rich table, sections by role, most probable first."""
    from rich.table import Table

    table = Table(
        title=f"{post.network.title or post.network.name}, given {len(post.evidence)} finding(s)", expand=False
    )
    for column in ("variable", "probability", "by state"):
        table.add_column(column, justify="right" if column == "probability" else "left")
    for title, rows in _sections(post):
        table.add_section()
        table.add_row(f"[bold]{title}[/bold]", "", "")
        for variable, probability, states in rows:
            by_state = "  ".join(f"{variable.state_label(state)} {percent(p)}" for state, p in states.items())
            table.add_row(variable.label or variable.name, percent(probability), by_state)
    table.caption = f"{post.provenance}. {NOTICE}"
    return table


def posterior_html(post: Posterior) -> str:
    """The posteriors as an HTML table with bars."""
    cells = []
    for title, rows in _sections(post):
        cells.append(f'<tr><th colspan="3" style="text-align:left;padding-top:.6em">{escape(title)}</th></tr>')
        for variable, probability, states in rows:
            tip = escape(", ".join(f"{variable.state_label(s)} {percent(p)}" for s, p in states.items()), quote=True)
            bar = (
                '<div style="background:#e8edf2;width:12em;height:.8em;border-radius:.2em">'
                f'<div style="background:#3b6ea5;width:{100 * probability:.2f}%;height:100%;border-radius:.2em"></div></div>'
            )
            cells.append(
                f'<tr title="{tip}"><td style="text-align:left">{escape(variable.label or variable.name)}</td>'
                f'<td style="text-align:right">{escape(percent(probability))}</td><td>{bar}</td></tr>'
            )
    given = "; ".join(f"{escape(name)} = {escape(finding_text(f))}" for name, f in post.evidence.items()) or "nothing"
    return (
        f'<div><p style="margin:.2em 0"><b>{escape(post.network.title or post.network.name)}</b>, given {given}</p>'
        f'<table style="border-collapse:collapse">{"".join(cells)}</table>'
        f'<p style="margin:.4em 0;color:#666;font-size:85%">{escape(str(post.provenance))}. {NOTICE}</p></div>'
    )
