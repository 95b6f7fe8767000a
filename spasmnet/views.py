"""Which page, and which plot, shows each kind of object: the one table by which a lower part reaches a higher one.

Everything else is imported downwards only. Both are named here as `module.function` and imported when they are shown.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderableType


class View(NamedTuple):
    """How one kind of object is shown: the function that makes its page, and the one that plots it ("" for none)."""

    page: str
    plot: str = ""


VIEWS = {
    "model.network.Network": View("drawing.page.network_page", "drawing.draw.draw"),
    "inference.engine.Engine": View("drawing.page.network_page"),
    "drawing.draw.Drawing": View("drawing.page.drawing_page"),
    "inference.posterior.Posterior": View("display.pages.beliefs.posterior_page"),
    "inference.posterior.Distribution": View("display.pages.beliefs.distribution_page"),
    "inference.posterior.Explanation": View("display.pages.beliefs.most_probable_page"),
    "inference.posterior.Provenance": View("display.pages.beliefs.provenance_page"),
    "sensitivity.one_way.ParameterSensitivity": View(
        "display.pages.parameters.sensitivity_page", "plots.sensitivity.plot_tornado"
    ),
    "sensitivity.function.SensitivityFunction": View(
        "display.pages.functions.function_page", "plots.sensitivity.plot_function"
    ),
    "sensitivity.nway.NWaySensitivity": View("display.pages.functions.nway_page", "plots.sensitivity.plot_surface"),
    "sensitivity.population.PopulationSensitivity": View("display.pages.parameters.population_page"),
    "sensitivity.tuning.Tuning": View("display.pages.tuning.tuning_page"),
    "sensitivity.tuning_table.TableTuning": View("display.pages.tuning.table_page"),
    "uncertainty.sobol.SobolIndices": View("display.pages.parameters.sobol_page"),
    "uncertainty.intervals.Intervals": View(
        "display.pages.uncertainty.intervals_page", "plots.sensitivity.plot_intervals"
    ),
    "triage.report.Report": View("display.pages.reports.report_page"),
    "triage.robustness.DecisionRobustness": View("display.pages.uncertainty.robustness_page"),
    "findings.evidence_sensitivity.EvidenceSensitivity": View(
        "display.pages.explain.evidence_page", "plots.beliefs.plot_weights"
    ),
    "findings.summary.EvidenceSummary": View("display.pages.explain.summary_page"),
    "findings.explanation.Explanation": View("display.pages.explain.explanation_page"),
    "findings.what_if.WhatIf": View("display.pages.explain.what_if_page"),
    "voi.ranking.Ranking": View("display.pages.voi.ranking_page"),
    "voi.ranking.Question": View("display.pages.voi.question_page"),
    "voi.stopping.SameDecision": View("display.pages.voi.same_page"),
    "voi.interview.Step": View("display.pages.voi.step_page"),
    "voi.summary.Summary": View("display.pages.voi.interview_page"),
}
# what an engine is asked for and higher folders work out: intervals, reports, flags in an error, models of other tools
UNCERTAINTY = "uncertainty.intervals.uncertainty_of"
REPORTS = "triage.cohort.table_reports"
RAISED_FLAGS = "triage.care.raised_flags"
CONVERTED = "io.pgmpy.converted"


def resolve(name: str) -> Any:
    """The function that is named as `module.function` below spasmnet."""
    module, _, function = name.rpartition(".")
    return getattr(import_module(f"spasmnet.{module}"), function)


def view_of(kind: type) -> View | None:
    """The view of a class, or of the nearest one above it that has a view."""
    names = (f"{each.__module__.removeprefix('spasmnet.')}.{each.__qualname__}" for each in kind.__mro__)
    return next((VIEWS[name] for name in names if name in VIEWS), None)


def plotter(kind: type) -> Any:
    """The function that plots objects of a class."""
    view = view_of(kind)
    assert view is not None and view.plot, f"{kind} has no plot"
    return resolve(view.plot)


class Shown:
    """An object with a page of words, tables and pictures: HTML in notebooks, plain text when it is printed."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle: dict[str, str] = resolve("display.bundle.bundle")(self)
        return bundle

    def __str__(self) -> str:
        words: str = resolve("display.bundle.in_words")(self)
        return words

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield resolve("display.bundle.for_rich")(self, options.max_width)
