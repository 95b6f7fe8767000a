"""What the commands print: rich renderables, made from reports and inventories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spasmnet.display.phrases import ROLE_TITLES, presence, states_text
from spasmnet.inference.posterior import Posterior, Provenance
from spasmnet.model.inventory import Inventory, Use
from spasmnet.model.network import Network, Variable
from spasmnet.model.words import between, finding_text, name_of, one_in, percent, plain, state_of
from spasmnet.triage.care import OUTCOMES, Care, RedFlag
from spasmnet.triage.guidance import CARE_LEVELS, NOTICE, UNDETERMINED, Rule
from spasmnet.triage.report import Ranked, Report, Suggestion
from spasmnet.triage.words import held_text, undetermined_text, unresolved_text

LEVELS = {
    "emergency": ("Emergency care", "bold white on red"),
    "urgent": ("Urgent care", "bold red"),
    "routine": ("Routine care", "bold yellow"),
    "self_care": ("Self-care", "bold green"),
    "undetermined": ("Not known yet", "bold yellow"),
}
KINDS = {"article": "lay article"}
BAR = 16
EIGHTHS = " ▏▎▍▌▋▊▉"


def console(*, plain_width: int = 100, widest: int = 120) -> Console:
    """A console on standard output: as wide as the terminal up to `widest`, of a fixed width when piped."""
    import os

    shown = Console(highlight=False, markup=False, emoji=False)
    wanted = os.environ.get("COLUMNS", "")
    width = shown.width if shown.is_terminal or wanted.isdigit() else plain_width
    shown.width = max(40, min(width, widest))
    return shown


def show(renderable: RenderableType, shown: Console) -> None:
    """Print, without the spaces that pad a table to its width."""
    import click

    with shown.capture() as captured:
        shown.print(renderable)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()), color=True)


def query_screen(
    found: Report, shown: Console, *, top: int, targets: Sequence[str] = (), everything: bool = False
) -> RenderableType:
    """Red flags first, then the findings as understood, causes, serious conditions, advice, and the intended use."""
    network = found.posterior.network
    before = bool(found.posterior.evidence)
    parts: list[RenderableType] = [*_care(found), *_flags(found), *_findings(found.posterior)]
    if targets:
        parts += [part for name in targets for part in _target(network.variable(name), found.posterior, shown)]
    else:
        if found.causes:
            parts += _ranking(found.causes[:top], shown, before, "Causes", "most probable first")
            parts += _more(found.causes, top)
        if found.serious:
            parts += _ranking(found.serious, shown, before, "Serious conditions", "however rare", rare=True)
        if everything or not (found.causes or found.serious):
            parts += _others(found, top if not everything else len(found.others))
    if found.posterior.uncertainty is not None:
        parts += [Text(), Text(found.posterior.uncertainty.meaning, style="dim")]
    parts += _advice(found.advice)
    return Group(*parts, *_footer(network, found.posterior.provenance))


def _heading(title: str, note: str = "") -> Text:
    return Text.assemble("\n", (title, "bold"), (f"  {note}" if note else "", "dim"))


def _grid(*justify: str, **options: Any) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), **options)
    for side in justify:
        table.add_column(justify=side, no_wrap=side == "right", overflow="fold")  # type: ignore[arg-type]
    return table


def _indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2))


def _care(found: Report) -> list[RenderableType]:
    """How soon to be seen and what decided it, with what must not be missed."""
    care = found.care
    if care is None or not found.posterior.evidence:
        return []
    words, style = LEVELS[care.level]
    table = _grid("left", "left")
    table.columns[0].no_wrap = True
    table.add_row(Text(words, style=style), Text(_decision(care, found.posterior.network)))
    for rule in found.possible_red_flags[:1]:
        if care.level == UNDETERMINED or OUTCOMES.index(rule.level) > OUTCOMES.index(care.level):
            table.add_row(
                Text(LEVELS[rule.level][0], style=LEVELS[rule.level][1]), "if a possible red flag below is true"
            )
    if found.suspected:
        table.add_row(Text("Think of", style="bold"), Text(", ".join(name_of(v) for v in found.suspected)))
    return [Text("How soon to be seen", style="bold"), _indented(table), Text()]


def _decision(care: Care, network: Network) -> str:
    if care.level == UNDETERMINED:
        return undetermined_text(care)
    if care.decided_by == "red flag":
        return "decided by the red flags below"
    reasons = [f"{name_of(network.by_name[h.variable])} {percent(p)}" for h, p, _ in care.contributions[:2]]
    because = f"; what weighs most: {', '.join(reasons)}" if reasons and care.level != CARE_LEVELS[0] else ""
    return f"the level with the least expected loss{because}"


def _flags(found: Report) -> list[RenderableType]:
    if not found.posterior.evidence:
        return []
    parts: list[RenderableType] = []
    by_name = found.posterior.network.by_name
    evidence = found.posterior.evidence
    for title, style, note, rules in (
        ("Red flags", "bold red", "these count for more than any probability below", found.red_flags),
        ("Possible red flags", "bold", "they depend on findings given with likelihoods", found.possible_red_flags),
    ):
        if rules:
            parts.append(Text.assemble("\n" if parts else "", (title, style), (f"  {note}", "dim")))
            parts.append(_indented(_rules(rules, by_name, evidence)))
    parts += _unresolved(found)
    return [*parts, Text()] if parts else []


def _rules(flags: Iterable[RedFlag], by_name: Mapping[str, Variable], evidence: Mapping[str, Any]) -> Table:
    table = _grid("left", "left")
    table.columns[0].no_wrap = True
    for flag in flags:
        words, style = LEVELS.get(flag.level, (flag.level, "bold"))
        why = "; ".join(f"{name_of(by_name[n])}: {finding_text(evidence[n], by_name[n])}" for n in flag.rule.when)
        how = "" if flag.holds == "certain" else f" ({held_text(flag)})"
        table.add_row(Text(words, style=style), Text.assemble(plain(flag.text), (f"\n{why}{how}", "dim")))
    return table


def _unresolved(found: Report) -> list[RenderableType]:
    """What was not asked or is not known of red flags that are not ruled out, by their level."""
    network, given = found.posterior.network, found.posterior.evidence
    if not found.unresolved_red_flags:
        return []
    table = _grid("left", "left")
    table.columns[0].no_wrap = True
    for level in dict.fromkeys(rule.level for rule in found.unresolved_red_flags):
        rules = [rule for rule in found.unresolved_red_flags if rule.level == level]
        silent = dict.fromkeys(name for rule in rules for name in found.not_asked(rule))
        in_vain = dict.fromkeys(name for rule in rules for name in found.in_vain(rule))
        together = Rule("", dict.fromkeys((*silent, *in_vain), ()), "")
        words, style = LEVELS.get(level, (level, "bold"))
        table.add_row(Text(words, style=style), Text(unresolved_text(together, network, in_vain, given)))
    return [_heading("Red flags not ruled out", "silence is no reassurance"), _indented(table)]


def _findings(posterior: Posterior) -> list[RenderableType]:
    network = posterior.network
    title = Text(plain(network.title or network.name), style="bold")
    if not posterior.evidence:
        return [title, Text(f"\nNothing given: the probabilities before any finding{_whose(network)}.")]
    table = _grid("left", "left")
    for name, finding in posterior.evidence.items():
        variable = network.by_name[name]
        table.add_row(Text(name_of(variable)), Text(finding_text(finding, variable)))
    return [title, _heading("Given", "as understood"), _indented(table)]


def _whose(network: Network) -> str:
    return f", for the model's population ({plain(network.population)})" if network.population else ""


def _bar(probability: float, shown: Console) -> Text:
    if not shown.encoding.startswith("utf"):
        return Text("#" * round(BAR * probability))
    full, part = divmod(round(8 * BAR * min(probability, 1.0)), 8)
    return Text("█" * full + (EIGHTHS[part] if part else ""), style="blue")


def _ranking(
    rows: Sequence[Ranked], shown: Console, before: bool, title: str, note: str, *, rare: bool = False
) -> list[RenderableType]:
    """Label, probability, interval, bar and form of each (for rare ones the frequency), and what it was before."""
    known = any(row.interval for row in rows)
    roomy, bars = shown.width >= 80, not rare and shown.width >= (96 if known else 80)
    before = before and roomy and (shown.width >= 110 or not (rare and known))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    head = Text.assemble((title, "not dim bold"), f"  {note}" if shown.width >= (100 if known else 90) else "")
    table.add_column(head, min_width=24 if roomy else None, max_width=38, overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    if known and roomy and not rare:
        table.add_column("interval", justify="right", no_wrap=True, style="dim")
    if bars:
        table.add_column(min_width=BAR, no_wrap=True)
    table.add_column("" if rare or not roomy else "most probable form", overflow="fold")
    if known and roomy and rare:
        table.add_column("interval", style="dim")
    if before:
        table.add_column("before", justify="right", no_wrap=True)
    for row in rows:
        words = Text(one_in(row.probability, below=0.1) if rare else presence(row))
        was = (one_in(row.before, below=0.1) if rare else "") or percent(row.before)
        ends = between(row.interval, rare=rare) if row.interval else ""
        cells = [*([_bar(row.probability, shown)] if bars else []), words if roomy or not ends else Text(ends)]
        if known and roomy:
            cells.insert(1 if rare else 0, Text(ends))
        last = [was] if before else []
        table.add_row(_indented(Text(name_of(row.variable))), percent(row.probability), *cells, *last)
    return [Text(), table]


def _more(rows: Sequence[Ranked], top: int) -> list[RenderableType]:
    if len(rows) <= top:
        return []
    count, most = len(rows) - top, percent(rows[top].probability)
    words = f"and {count} more of at most {most} each" if count > 1 else f"and one more, of {most}"
    return [_indented(Text(f"{words} (--top {len(rows)} shows all)", style="dim"))]


def _target(variable: Variable, post: Posterior, shown: Console) -> list[RenderableType]:
    states, known = post[variable.name], post.uncertainty is not None
    table = _grid("left", "right", *(["right"] if known else []), "left")
    for state in variable.states:
        ends = [Text(between(post.interval(variable.name, state)), style="dim")] if known else []
        table.add_row(Text(state_of(variable, state)), percent(states[state]), *ends, _bar(states[state], shown))
    return [_heading(name_of(variable), variable.name if variable.label else ""), _indented(table)]


def _others(found: Report, top: int) -> list[RenderableType]:
    """The other variables by role; those that the findings moved most come first."""
    if not found.others:
        return []
    note = "those that the findings moved most first" if found.posterior.evidence else "in the model's order"
    parts: list[RenderableType] = []
    rows = found.others[:top]
    for role in dict.fromkeys(row.variable.role for row in rows):
        table = _grid("left", "left")
        for row in rows:
            if row.variable.role == role:
                words = states_text(row.variable, row.states, post=found.posterior)
                table.add_row(Text(name_of(row.variable)), Text(words))
        parts += [_heading(ROLE_TITLES.get(role, "Variables"), note), _indented(table)]
    if len(found.others) > top:
        parts.append(_indented(Text(f"and {len(found.others) - top} more (--all shows all)", style="dim")))
    return parts


def _advice(advice: Sequence[Suggestion]) -> list[RenderableType]:
    if not advice:
        return []
    table = _grid("left", "left")
    for item in advice:
        why = "; ".join(f"{name_of(variable)} {percent(chance)}" for variable, chance in item.because)
        table.add_row(Text(why or "Always", style="dim"), Text(plain(item.rule.text)))
    note = "for what is at least as likely as not, and for the three leading causes"
    return [_heading("Advice", note), _indented(table)]


def _footer(network: Network, provenance: Provenance) -> list[RenderableType]:
    return [Text("\n" + (plain(network.intended_use) or NOTICE), style="italic"), Text(str(provenance), style="dim")]


def variables_screen(network: Network, chosen: Sequence[Variable], *, detailed: bool) -> RenderableType:
    """Each variable's name, label, states and question, by role; with `detailed` also what the model says of it."""
    parts: list[RenderableType] = []
    for role in (*ROLE_TITLES, *dict.fromkeys(v.role for v in chosen if v.role not in ROLE_TITLES)):
        rows = [variable for variable in chosen if variable.role == role]
        if not rows:
            continue
        parts.append(Text.assemble("\n" if parts else "", (ROLE_TITLES.get(role, role or "Variables"), "bold")))
        for variable in rows:
            head = Text.assemble((plain(variable.name), "cyan"), f"  {plain(variable.label)}" if variable.label else "")
            parts += [_indented(head), Padding(_about(network, variable, detailed), (0, 0, 0, 6))]
    return Group(*parts)


def _about(network: Network, variable: Variable, detailed: bool) -> Group:
    lines = [Text(plain(variable.question), style="italic")] if variable.question else []
    labels = [(s, variable.state_label(s)) for s in variable.states]
    lines.append(Text("; ".join(plain(s if s == label else f"{s} ({label})") for s, label in labels)))
    if detailed:
        children = ", ".join(name for name in network.names if variable.name in network.parents(name))
        facts = {
            "": variable.description,
            "depends on: ": ", ".join(network.parents(variable.name)) or "nothing",
            "acts on: ": children or "nothing",
            "codes: ": ", ".join(f"{system} {code}" for system, code in variable.codes.items()),
        }
        lines += [Text(head + plain(text)) for head, text in facts.items() if text]
    return Group(*lines)


def _plural(what: str) -> str:
    """A kind of rule in the plural: "red flags", "pieces of advice"."""
    first, _, rest = what.partition(" of ")
    return f"{first}s of {rest}" if rest else f"{first}s"


def check_screen(
    network: Network,
    counts: Inventory,
    posterior: Posterior | None,
    circuit: str,
    shown: Console,
    origin: Path | None = None,
) -> RenderableType:
    """One screen on a model that has no problems; `origin` is the file that it was read from."""
    cpds = ", ".join(f"{count} {_CPDS.get(kind, kind)}" for kind, count in counts.distributions.items())
    titles = {role: title.lower() for role, title in ROLE_TITLES.items() if role in counts.roles}
    roles = ", ".join(f"{counts.roles[role]} {title}" for role, title in titles.items())
    contested = f", {counts.contested} of them contested" if counts.contested else ""
    rules = ", ".join(f"{count} {_plural(what)}" for what, count in counts.rules.items())
    main = network.by_name.get(network.main_outcome)
    size = sum(prod(cpd.shape) for cpd in network.cpds.values())
    facts = {
        "file": plain(_file_words(origin)) if origin else "",
        "model": plain(f"{network.name} {network.version}" + (f", {network.license}" if network.license else "")),
        "variables": f"{counts.variables:,}"
        + (f" ({roles})" if roles else "")
        + f", {counts.states:,} states, {size:,} probabilities",
        "structure": f"{counts.edges:,} edges{contested}; {cpds}",
        "rules": rules if any(counts.rules.values()) else "",
        "claims": f"{counts.claims}, each with a home in the model" if counts.claims else "",
        "circuit": circuit,
        "prior": f"{name_of(main)}: {states_text(main, posterior[main.name])}" if main and posterior else "",
        "use": plain(network.intended_use) or NOTICE,
        "digest": f"sha256:{network.digest}",
    }
    table = _grid("left", "left")
    for name, text in facts.items():
        if text:
            table.add_row(Text(name, style="dim"), Text(text))
    title = Text.assemble(("No problems found: ", "bold green"), (plain(network.title or network.name), "bold"))
    return Group(title, Text(), _indented(table), *_numbers(counts, shown))


FILES = {
    ".toml": "a model file of this library", ".bif": "a network in BIF (bnlearn, pgmpy, GeNIe)",
    ".net": "a network of Hugin",
    ".xml": "a network in XMLBIF", ".xmlbif": "a network in XMLBIF", ".bifxml": "a network in XMLBIF",
    ".xdsl": "a network of GeNIe", ".uai": "a network in the UAI format, which has no names",
}  # fmt: skip


def _file_words(origin: Path) -> str:
    """What a file is, by its ending, and its size."""
    endings = [ending.lower() for ending in origin.suffixes if ending.lower() != ".gz"]
    kind = FILES.get(endings[-1] if endings else "", "a network")
    return f"{origin.name}, {kind}, {origin.stat().st_size:,} bytes"


_CPDS = {"Table": "tables", "NoisyMax": "noisy-OR or noisy-MAX", "Deterministic": "deterministic"}


def _numbers(counts: Inventory, shown: Console) -> list[RenderableType]:
    if not counts.parameters:
        return [Text("\nNo provenance: its numbers carry neither sources nor ranges.", style="dim")]
    table = _grid("left", "right", "right", "left")
    for kind, count in counts.kinds.items():
        share = count / counts.parameters
        table.add_row(Text(KINDS.get(kind, kind)), f"{count:,}", percent(share), _bar(share, shown))
    head = _heading(f"{counts.parameters:,} cited numbers from {counts.sources} sources", "by kind of source")
    words = f"{percent(counts.assumed)} are judgements that nobody measured (assumption, expert or lay article)"
    return [head, _indented(table), _indented(Text(words))]


def cite_screen(found: Sequence[Use]) -> RenderableType:
    """The sources by kind, each with what rests on it."""
    parts: list[RenderableType] = []
    for kind in dict.fromkeys(use.source.kind for use in found):
        parts.append(Text.assemble("\n" if parts else "", (KINDS.get(kind, kind).capitalize(), "bold")))
        for use in found:
            if use.source.kind == kind:
                parts.append(_indented(Text.assemble((plain(use.source.key), "cyan"), (f"  {_used(use)}", "dim"))))
                note = f" {plain(use.source.note)}." if use.source.note else ""
                parts.append(Padding(Text(plain(use.source.citation()) + note), (0, 0, 0, 6)))
    return Group(*parts)


def _used(use: Use) -> str:
    counts = {"number": use.parameters, "edge": use.edges, "rule": use.rules}
    told = [f"{count} {what}{'s' * (count != 1)}" for what, count in counts.items() if count]
    return ", ".join(told) or "cited by none"
