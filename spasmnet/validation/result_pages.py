"""Pages generated from what the model answers: calibration, vignettes, robustness, and the model card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spasmnet.model.inventory import Inventory
from spasmnet.model.network import Network
from spasmnet.model.words import percent
from spasmnet.validation.calibration import Verdict
from spasmnet.validation.files import Collection
from spasmnet.validation.markdown import number, page, quoted, signed_off, states_of, table
from spasmnet.validation.robustness import Flips
from spasmnet.validation.vignettes import Outcome, Share, Summary

NAMES = {
    "top_1": "accepted cause leads",
    "top_3": "accepted cause among the first three",
    "baseline": "… if the causes stood in their order before any finding",
    "safe": "safe level of care (gold, more cautious, or at most one less)",
    "right": "level of care right",
    "over": "level of care too high",
    "under": "level of care too low",
    "missed_emergencies": "missed emergencies",
    "undetermined": "level not told: too few answers about red flags (judged by floor and expected loss all the same)",
}


class Validation(NamedTuple):
    """Everything that was found out about a model."""

    inventory: Inventory
    verdicts: Sequence[Verdict]
    targets: Collection
    outcomes: Sequence[Outcome]
    vignettes: Collection
    summary: Summary
    flips: Sequence[Flips]


def shares(summary: Summary) -> list[list[str]]:
    """The summary as rows: what, count, share, interval."""
    rows = []
    for name, words in NAMES.items():
        share: Share = getattr(summary, name)
        low, high = share.interval
        rows.append([words, f"{share.count} of {share.of}", percent(share.value), f"{percent(low)} to {percent(high)}"])
    return rows


def calibration_page(network: Network, found: Validation) -> str:
    """The model beside the literature's figures."""
    met = sum(verdict.met for verdict in found.verdicts)
    rows = [
        [
            verdict.target.title + (" (promised)" if verdict.target.hold else ""),
            _question(verdict),
            f"{number(verdict.target.low)} to {number(verdict.target.high)}",
            number(verdict.answer),
            "met" if verdict.met else "**missed**",
            verdict.target.source,
        ]
        for verdict in found.verdicts
    ]
    details = [
        f"**{v.target.title}.** Reported: {v.target.reported} ({v.target.source}, {v.target.where}). {v.target.conversion}"
        for v in found.verdicts
    ]
    missed = [
        f"- **{v.target.title}**: {v.target.discussion or 'not discussed yet'}" for v in found.verdicts if not v.met
    ]
    return page(
        f"Calibration of `{network.name}` {network.version}",
        f"{met} of {len(found.verdicts)} figures are met. {found.targets.note}",
        "What could be fitted within the ranges was fitted with `python -m spasmnet.validation.fit`, which proposes, for each missed "
        "figure, the number that meets it by the smallest move within its range without losing another; the numbers that were changed "
        "say so in their notes.",
        table(["figure", "asked of the model", "interval", "model", "verdict", "source"], rows),
        "## Missed, and why\n\n" + ("\n".join(missed) or "None."),
        "## How each figure became an interval",
        *details,
    )


def _question(verdict: Verdict) -> str:
    target = verdict.target
    asked = f"P({states_of(target.event)}" + (f" given {states_of(target.given)})" if target.given else ")")
    if target.measure == "probability":
        return asked
    return f"{target.measure.replace('_', ' ')}: {asked} against {states_of(target.against)}"


def vignettes_page(network: Network, found: Validation) -> str:
    """How the vignettes went, with every miss discussed."""
    rows = [
        [
            o.vignette.id,
            o.vignette.kind.replace("_", " "),
            o.vignette.text,
            ", ".join(o.vignette.causes) or "none",
            ", ".join(o.leading[:3]),
            o.rank or "none",
            " or ".join(o.vignette.acceptable),
            f"{o.care} ({o.decided_by}{'; not told' * o.undetermined})",
            o.triage,
        ]
        for o in found.outcomes
    ]
    misses = [
        f"- **{o.vignette.id}** ({_what(o)}): {o.vignette.discussion or 'not discussed yet'}"
        for o in found.outcomes
        if missed(o)
    ]
    changed = [
        f"- **{o.vignette.id}**: {o.vignette.discussion}"
        for o in found.outcomes
        if o.vignette.discussion and not missed(o)
    ]
    head = ["id", "kind", "case", "accepted", "model's first three", "rank", "level", "model's level", "triage"]
    return page(
        f"Vignettes for `{network.name}` {network.version}",
        quoted(network),
        found.vignettes.note,
        signed_off(),
        table(["what", "count", "share", "95 % interval (Wilson)"], shares(found.summary)),
        "## Every miss\n\n" + ("\n".join(misses) or "None."),
        "## Cases that led to a change, and so test nothing there any more\n\n" + ("\n".join(changed) or "None."),
        "## All cases",
        table(head, rows),
    )


def missed(outcome: Outcome) -> bool:
    """Whether there is something to discuss: no accepted cause among the first three, or another level of care."""
    return (bool(outcome.vignette.causes) and not 1 <= outcome.rank <= 3) or outcome.triage != "right"


def _what(outcome: Outcome) -> str:
    words = []
    if outcome.vignette.causes and not 1 <= outcome.rank <= 3:
        words.append(f"first accepted cause at rank {outcome.rank}, after {', '.join(outcome.leading[:3])}")
    if outcome.triage != "right":
        words.append(f"{outcome.triage}-triage: {outcome.care} for {' or '.join(outcome.vignette.acceptable)}")
    return "; ".join(words)


def robustness_page(network: Network, found: Validation) -> str:
    """What flips under other plausible numbers, and under rounding."""
    rows = [
        [f.name, f.draws, *(percent(x) for x in (f.cause, f.accepted, f.care, f.lower, f.unsafe))] for f in found.flips
    ]
    first = found.flips[0]
    often = sorted(first.by_vignette.items(), key=lambda item: -max(item[1]))[:15]
    sources = sorted(first.by_source.items(), key=lambda item: item[1], reverse=True)[:12]
    return page(
        f"Robustness of `{network.name}` {network.version}",
        f"Every vignette was asked again of networks whose {found.inventory.parameters} numbers were all drawn at once "
        "from their ranges (a PERT distribution with its mode at the value), and of networks with rounded numbers. "
        "Shares are over all draws and vignettes.",
        table(
            ["numbers", "networks", "another cause leads", "accepted cause drops out of the first three",
             "level of care changes", "level falls", "level no longer safe"],
            rows,
        ),
        f"## The vignettes that flip most ({first.name})",
        table(["vignette", "another cause leads", "level changes"], [[k, percent(a), percent(b)] for k, (a, b) in often]),
        "## Which citations to improve first",
        "The changes of leading causes and levels in the networks drawn, over all vignettes, shared out among the sources of "
        "the numbers by their parts in the variance of the margins ([how](../uncertainty.md#does-the-decision-stay)); and in "
        "how many vignettes a single number of the source overturns something within its range.",
        table(
            ["source", "kind", "share of the changes", "vignettes that one number overturns"],
            [[key, network.sources[key].kind, percent(share), alone] for key, (share, alone) in sources],
        ),
    )  # fmt: skip


def card_page(network: Network, found: Validation) -> str:
    """The model card."""
    counts = found.inventory
    kinds = [[kind, count, percent(count / counts.parameters)] for kind, count in counts.kinds.items()]
    met = sum(verdict.met for verdict in found.verdicts)
    facts = [
        ["version", network.version],
        ["digest", f"`sha256:{network.digest}`"],
        ["population", network.population],
        ["window", network.window],
        [
            "size",
            f"{counts.variables} variables, {counts.states} states, {counts.edges} edges, {counts.contested} contested",
        ],
        ["licence", network.license],
    ]
    summary = found.summary
    return page(
        f"Model card: `{network.name}`",
        quoted(network),
        " ".join(network.description.split()),
        table(["fact", "value"], facts),
        "## What it is not for",
        "- deciding about a person's care without a clinician; it is not a medical device, and no clinical validation exists\n"
        "- children, or conditions that it has no variable for: stroke, heart disease, compartment syndrome, dystonia, motor "
        "neurone disease, drug withdrawal, infections other than tetanus\n"
        "- rates: the probabilities of serious conditions are four-week risks of the general population, so low that only red "
        "flags, not probabilities, can bring them to attention",
        "## Where the numbers come from",
        f"{counts.parameters} numbers, {counts.sources} sources. {percent(counts.assumed)} of the numbers are judgements that "
        "nobody measured.",
        table(["kind of source", "numbers", "share"], kinds),
        "## How it does",
        f"- calibration: {met} of {len(found.verdicts)} figures of the literature met ([calibration](calibration.md))\n"
        f"- vignettes: accepted cause among the first three in {percent(summary.top_3.value)}, safe level of care in "
        f"{percent(summary.safe.value)}, missed emergencies {summary.missed_emergencies.count} of "
        f"{summary.missed_emergencies.of} ([vignettes](vignettes.md)); written by engineers from the sources, not by clinicians\n"
        f"- robustness: with all numbers drawn from their ranges another cause leads in {percent(found.flips[0].cause)} of the "
        f"answers, and the level of care changes in {percent(found.flips[0].care)} ([robustness](robustness.md))",
        "## Known weaknesses",
        _weaknesses(network),
        "## More\n\n[claims and edges](claims.md), [variables](variables.md), [numbers and sources](numbers.md), "
        "[red flags and advice](flags.md)",
    )  # fmt: skip


def _weaknesses(network: Network) -> str:
    contested = "; ".join(f"{e.parent} → {e.child}" for e in network.edges if e.contested)
    return (
        f"- Contested paths, kept because the lay article states them, with wide ranges: {contested}.\n"
        "- Time is not modelled: everything happens somewhere in the window, in no order.\n"
        "- Sex, season, body region and duration of a cramp have no variables; age has three bands.\n"
        "- Medicines and predisposing conditions are one variable each: only the strongest of several counts.\n"
        "- Exposures are treated as independent of one another and of age, except where an edge says otherwise.\n"
        "- A red flag that has no variable (a tense limb with pain on stretching, wasting muscles) is not seen."
    )
