"""Which page an object shows: one function for each kind of object, imported when the first of them is shown."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spasmnet.showing.html import html
from spasmnet.showing.page import Page
from spasmnet.showing.text import rich, text

if TYPE_CHECKING:
    from rich.console import RenderableType

PAGES = {
    "network.Network": "networks.network_page",
    "engine.Engine": "networks.network_page",
    "drawing.draw.Drawing": "networks.drawing_page",
    "posterior.Posterior": "beliefs.posterior_page",
    "posterior.Distribution": "beliefs.distribution_page",
    "posterior.Explanation": "beliefs.most_probable_page",
    "posterior.Provenance": "beliefs.provenance_page",
    "triage.report.Report": "reports.report_page",
    "sensitivity.parameters.ParameterSensitivity": "parameters.sensitivity_page",
    "sensitivity.function.SensitivityFunction": "functions.function_page",
    "sensitivity.nway.NWaySensitivity": "functions.nway_page",
    "sensitivity.population.PopulationSensitivity": "parameters.population_page",
    "sensitivity.sobol.SobolIndices": "parameters.sobol_page",
    "sensitivity.tuning.Tuning": "tuning.tuning_page",
    "sensitivity.tuning_table.TableTuning": "tuning.table_page",
    "sensitivity.uncertainty.Intervals": "uncertainty.intervals_page",
    "decision.robustness.DecisionRobustness": "uncertainty.robustness_page",
    "evidential.evidence_sensitivity.EvidenceSensitivity": "evidential.evidence_page",
    "evidential.summary.EvidenceSummary": "evidential.summary_page",
    "evidential.explanation.Explanation": "evidential.explanation_page",
    "evidential.what_if.WhatIf": "evidential.what_if_page",
    "asking.ranking.Ranking": "asking.ranking_page",
    "asking.ranking.Question": "asking.question_page",
    "asking.stopping.SameDecision": "asking.same_page",
    "asking.interview.Step": "asking.step_page",
    "asking.summary.Summary": "asking.interview_page",
}


def page_of(shown: Any) -> Page:
    """The page of an object, by its class or the nearest above it that has one."""
    for kind in type(shown).__mro__:
        found = PAGES.get(f"{kind.__module__.removeprefix('spasmnet.')}.{kind.__qualname__}")
        if found is not None:
            module, name = found.split(".")
            page: Page = getattr(import_module(f"spasmnet.showing.{module}"), name)(shown)
            return page
    return Page(repr(shown))


def bundle(shown: Any) -> dict[str, str]:
    """An object by media type, for IPython."""
    page = page_of(shown)
    return {"text/plain": text(page), "text/html": html(page)}


def in_words(shown: Any) -> str:
    """An object as plain text."""
    return text(page_of(shown))


def for_rich(shown: Any, width: int) -> RenderableType:
    """An object for rich's console of that width."""
    return rich(page_of(shown), width)
