"""The page of a report on a case: how soon to be seen, red flags, what is probable, advice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from spasmnet.display.page import Cell, Grid, Page, Picture, left_out, stamp
from spasmnet.display.pages.beliefs import given, ranked_grid
from spasmnet.display.phrases import prior_of
from spasmnet.model.network import Network
from spasmnet.model.words import finding_text, name_of, percent, plain
from spasmnet.triage.care import Care, RedFlag
from spasmnet.triage.guidance import UNDETERMINED
from spasmnet.triage.report import Report
from spasmnet.triage.words import CARE_WORDS, held_text, undetermined_text, unresolved_text

TOP = 8


def report_page(found: Report) -> Page:
    """Red flags before all probabilities, then causes, serious conditions and advice."""
    post = found.posterior
    network, before = post.network, prior_of(post)
    parts: list[Grid | Picture | str] = []
    if found.care is not None and post.evidence:
        rows: list[Sequence[Cell]] = [
            ("How soon to be seen", (CARE_WORDS[found.care.level], decided(found.care, network)))
        ]
        if found.suspected:
            rows.append(("Think of", ", ".join(name_of(v) for v in found.suspected)))
        parts.append(Grid("", ("", ""), "sw", rows))
    for title, flags in (("Red flags", found.red_flags), ("Possible red flags", found.possible_red_flags)):
        if flags:
            parts.append(Grid(title, ("", "", "", ""), "wpss", list(_flags(flags, found))))
    if found.unresolved_red_flags and post.evidence:
        listed = [
            (CARE_WORDS.get(r.level, r.level), plain(r.text), unresolved_text(r, network, found.unknown, post.evidence))
            for r in found.unresolved_red_flags
        ]
        parts.append(
            Grid("Red flags not ruled out", ("", "", ""), "wps", listed[:TOP], note=left_out(len(listed), TOP, "more"))
        )
    sections = [("Causes", found.causes[:TOP]), ("Serious conditions", found.serious)]
    if not (found.causes or found.serious):
        sections = [("Variables", found.others[:TOP])]
    left = left_out(len(found.causes or found.others), TOP, "less probable causes" if found.causes else "variables")
    ranking = ranked_grid(post, before, [each for each in sections if each[1]], observed=False)
    parts.append(replace(ranking, note=left))
    if found.advice:
        advice = [
            (plain(a.rule.text), "; ".join(f"{name_of(v)} {percent(p)}" for v, p in a.because) or "always")
            for a in found.advice
        ]
        parts.append(Grid("Advice", ("", "because"), "ps", advice))
    notes = [post.uncertainty.meaning] if post.uncertainty is not None else []
    title = f"{plain(network.title or network.name)}: report on a case"
    return Page(title, f"given {given(post)}", parts, notes, stamp(network, post.provenance))


def decided(care: Care, network: Network) -> str:
    """What decided a level of care, in words."""
    if care.level == UNDETERMINED:
        return undetermined_text(care)
    if care.decided_by == "red flag":
        return "decided by a red flag"
    reasons = ", ".join(f"{name_of(network.by_name[h.variable])} {percent(p)}" for h, p, _ in care.contributions[:2])
    return "the level with the least expected loss" + (f"; what weighs most: {reasons}" if reasons else "")


def _flags(flags: Iterable[RedFlag], found: Report) -> Iterable[Sequence[Cell]]:
    evidence, by_name = found.posterior.evidence, found.posterior.network.by_name
    for flag in flags:
        why = (f"{name_of(by_name[n])}: {finding_text(evidence[n], by_name[n])}" for n in flag.rule.when)
        yield CARE_WORDS.get(flag.level, flag.level), plain(flag.text), "; ".join(why), held_text(flag)
