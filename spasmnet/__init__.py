"""Exact Bayesian reasoning about muscle spasms, and any discrete network: posteriors and sensitivity analysis.

For research and education, and as a component for products whose makers carry the clinical responsibility. Not a
medical device.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from spasmnet._version import __version__
from spasmnet.errors import (
    ArgumentError,
    CircuitTooLargeError,
    EvidenceError,
    FormatError,
    ImpossibleEvidenceError,
    ModelError,
    ModelFileError,
    Problem,
    QuestionError,
    SpasmnetError,
    SpasmnetWarning,
    TableError,
    UnknownStateError,
    UnknownVariableError,
)
from spasmnet.inference.engine import Engine, compile
from spasmnet.inference.interventions import do
from spasmnet.inference.posterior import Explanation, Posterior, Provenance
from spasmnet.io.reading import load, models, read
from spasmnet.model.arguments import public
from spasmnet.model.cpd import CPD, Deterministic, NoisyMax, Table
from spasmnet.model.network import Edge, Network, Variable
from spasmnet.model.parameter import Parameter, Source
from spasmnet.triage.guidance import Guidance, Harm, Losses, Rule, Screening

if TYPE_CHECKING:
    from spasmnet.api.answer import answer_json
    from spasmnet.api.errors import error_json
    from spasmnet.api.schemas import json_schema
    from spasmnet.drawing.draw import Drawing, draw
    from spasmnet.explorer.page import explorer_page
    from spasmnet.explorer.widget import explore
    from spasmnet.findings.evidence_sensitivity import evidence_sensitivity
    from spasmnet.findings.explanation import explain
    from spasmnet.findings.what_if import what_if
    from spasmnet.io.pgmpy import from_pgmpy, from_pyagrum, to_pgmpy
    from spasmnet.io.writing import write
    from spasmnet.model.sampling import sample
    from spasmnet.sensitivity.distance import cd_bound, cd_distance, change_distance, kl_divergence
    from spasmnet.sensitivity.nway import nway_sensitivity
    from spasmnet.sensitivity.one_way import parameter_sensitivity
    from spasmnet.sensitivity.population import population_sensitivity
    from spasmnet.sensitivity.structure import cut_edge, cut_effects, edge_strength
    from spasmnet.sensitivity.tuning import tune
    from spasmnet.sensitivity.tuning_table import tune_table
    from spasmnet.triage.care import Care
    from spasmnet.triage.report import Report, care_level, report
    from spasmnet.triage.robustness import decision_robustness
    from spasmnet.uncertainty.intervals import credible_intervals
    from spasmnet.uncertainty.sobol import sobol_indices
    from spasmnet.voi.interview import interview_step
    from spasmnet.voi.ranking import next_question
    from spasmnet.voi.stopping import same_decision
    from spasmnet.voi.voi import value_of_information

_LAZY = {
    "report": "triage.report",
    "Report": "triage.report",
    "care_level": "triage.report",
    "Care": "triage.care",
    "answer_json": "api.answer",
    "error_json": "api.errors",
    "json_schema": "api.schemas",
    "from_pgmpy": "io.pgmpy",
    "from_pyagrum": "io.pgmpy",
    "to_pgmpy": "io.pgmpy",
    "write": "io.writing",
    "sample": "model.sampling",
    "explore": "explorer.widget",
    "explorer_page": "explorer.page",
    "draw": "drawing.draw",
    "Drawing": "drawing.draw",
    "parameter_sensitivity": "sensitivity.one_way",
    "credible_intervals": "uncertainty.intervals",
    "sobol_indices": "uncertainty.sobol",
    "decision_robustness": "triage.robustness",
    "what_if": "findings.what_if",
    "probabilities_of_causation": "findings.causation",
    "explain": "findings.explanation",
    "evidence_sensitivity": "findings.evidence_sensitivity",
    "nway_sensitivity": "sensitivity.nway",
    "population_sensitivity": "sensitivity.population",
    "edge_strength": "sensitivity.structure",
    "cut_effects": "sensitivity.structure",
    "cut_edge": "sensitivity.structure",
    "tune": "sensitivity.tuning",
    "tune_table": "sensitivity.tuning_table",
    "cd_distance": "sensitivity.distance",
    "kl_divergence": "sensitivity.distance",
    "cd_bound": "sensitivity.distance",
    "change_distance": "sensitivity.distance",
    "next_question": "voi.ranking",
    "same_decision": "voi.stopping",
    "value_of_information": "voi.voi",
    "interview_step": "voi.interview",
}

__all__ = [  # noqa: RUF022 -- grouped by concept, as a reader meets them
    # a network, from a file or by hand
    "load", "models", "read", "write", "from_pgmpy", "from_pyagrum", "to_pgmpy",
    "Network", "Variable", "Table", "NoisyMax", "Deterministic", "CPD", "Parameter", "Source", "Edge", "Rule",
    "Losses", "Harm", "Screening", "Guidance",
    # asking it
    "compile", "Engine", "Posterior", "Explanation", "Provenance", "do", "sample",
    # what a case means for a person
    "report", "Report", "care_level", "Care",
    # questions and answers in JSON, for other programs
    "answer_json", "error_json", "json_schema",
    # seeing it
    "draw", "Drawing", "explore", "explorer_page",
    # how an answer depends on the model's numbers
    "parameter_sensitivity", "nway_sensitivity", "population_sensitivity", "tune", "tune_table",
    "edge_strength", "cut_effects", "cut_edge",
    "cd_distance", "kl_divergence", "cd_bound", "change_distance",
    # how uncertain answers are, since the numbers are
    "credible_intervals", "sobol_indices", "decision_robustness",
    # what to ask next, and when to stop
    "next_question", "value_of_information", "same_decision", "interview_step",
    # what findings say, why an answer is what it is, and what acting would change
    "evidence_sensitivity", "explain", "what_if", "probabilities_of_causation",
    # what can go wrong
    "SpasmnetError", "ArgumentError", "ModelError", "ModelFileError", "FormatError", "Problem", "EvidenceError",
    "QuestionError", "UnknownVariableError", "UnknownStateError", "ImpossibleEvidenceError", "TableError",
    "CircuitTooLargeError", "SpasmnetWarning",
    "__version__",
]  # fmt: skip


@cache
def _exported(name: str) -> Any:
    """What is imported when it is used; functions with their arguments checked, pickled under the name used here."""
    from importlib import import_module

    found = getattr(import_module(f"spasmnet.{_LAZY[name]}"), name)
    if not isinstance(found, type):
        found = public(found)
        found.__module__ = "spasmnet"
    return found


def __getattr__(name: str) -> Any:
    """Import what needs more than numpy only when it is used."""
    if name in _LAZY:
        return _exported(name)
    raise AttributeError(f"module 'spasmnet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
