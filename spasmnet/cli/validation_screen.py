"""What `spasmnet validate` prints."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spasmnet.inference.posterior import Provenance
from spasmnet.model.network import Network
from spasmnet.model.words import percent, plain
from spasmnet.triage.guidance import NOTICE
from spasmnet.validation.markdown import number
from spasmnet.validation.result_pages import Validation, missed, shares


def validation_screen(network: Network, provenance: Provenance, found: Validation) -> RenderableType:
    """Calibration, vignettes with every miss, robustness if it was measured."""
    met = sum(verdict.met for verdict in found.verdicts)
    parts: list[RenderableType] = [
        Text(f"Calibration: {met} of {len(found.verdicts)} figures of the literature met", style="bold")
    ]
    table = _table("figure", "interval", "model", "")
    for verdict in found.verdicts:
        target = verdict.target
        bounds = f"{number(target.low)} to {number(target.high)}"
        table.add_row(
            Text(plain(target.title)), bounds, number(verdict.answer), Text("") if verdict.met else _bad("missed")
        )
    parts += [Padding(table, (0, 0, 0, 2)), Text(f"\nVignettes: {len(found.outcomes)} written cases", style="bold")]
    table = _table("", "count", "share", "95 % interval")
    for row in shares(found.summary):
        table.add_row(*row)
    parts.append(Padding(table, (0, 0, 0, 2)))
    misses = [outcome for outcome in found.outcomes if missed(outcome)]
    if misses:
        table = _table("miss", "accepted", "model's first three", "level", "model's level")
        for o in misses:
            accepted, leading = ", ".join(o.vignette.causes) or "none", ", ".join(o.leading[:3])
            level = Text(o.care) if o.triage == "right" else _bad(o.care)
            table.add_row(o.vignette.id, accepted, leading, " or ".join(o.vignette.acceptable), level)
        parts += [Text(), Padding(table, (0, 0, 0, 2))]
    if found.flips:
        parts.append(Text("\nRobustness: what flips over all networks and cases", style="bold"))
        table = _table("numbers", "networks", "leading cause", "level", "level falls", "no longer safe")
        for f in found.flips:
            table.add_row(f.name, str(f.draws), percent(f.cause), percent(f.care), percent(f.lower), percent(f.unsafe))
        parts.append(Padding(table, (0, 0, 0, 2)))
    words = "Written by engineers from the sources, without a clinician's sign-off; no patient data."
    use = plain(network.intended_use) or NOTICE
    return Group(*parts, Text(f"\n{words}\n{use}", style="italic"), Text(str(provenance), style="dim"))


def _table(*head: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in head:
        table.add_column(title, overflow="fold")
    return table


def _bad(word: str) -> Text:
    return Text(word, style="bold red")


def as_data(found: Validation) -> dict[str, Any]:
    """The same as plain data."""
    summary = {
        name: {"count": share.count, "of": share.of, "share": share.value, "interval": list(share.interval)}
        for name, share in vars(found.summary).items()
    }
    return {
        "calibration": [
            {"id": v.target.id, "low": v.target.low, "high": v.target.high, "model": v.answer, "met": v.met}
            for v in found.verdicts
        ],
        "summary": summary,
        "vignettes": [
            {
                "id": o.vignette.id,
                "kind": o.vignette.kind,
                "accepted": list(o.vignette.causes),
                "leading": list(o.leading),
                "rank": o.rank,
                "levels": list(o.vignette.acceptable),
                "care": o.care,
                "decided_by": o.decided_by,
                "undetermined": o.undetermined,
                "triage": o.triage,
                "safe": o.safe,
            }
            for o in found.outcomes
        ],
        "robustness": [
            {
                "numbers": f.name,
                "draws": f.draws,
                "leading_cause_changes": f.cause,
                "accepted_cause_lost": f.accepted,
                "care_changes": f.care,
                "care_falls": f.lower,
                "no_longer_safe": f.unsafe,
            }
            for f in found.flips
        ],
    }
