"""Exact Bayesian reasoning about muscle spasms, and any discrete network: posteriors and sensitivity analysis.

For research and education, and as a component for products whose makers carry the clinical responsibility. Not a
medical device.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from spasmnet._public import public
from spasmnet._version import __version__
from spasmnet.causal import do
from spasmnet.cpd import CPD, Deterministic, NoisyMax, Table
from spasmnet.engine import Engine, compile
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
from spasmnet.network import Edge, Network, Variable
from spasmnet.parameter import Parameter, Source
from spasmnet.posterior import Explanation, Posterior, Provenance
from spasmnet.reading import load, models, read
from spasmnet.triage.guidance import Harm, Losses, Rule, Screening

if TYPE_CHECKING:
    from spasmnet.asking.interview import interview_step
    from spasmnet.asking.ranking import next_question
    from spasmnet.asking.stopping import same_decision
    from spasmnet.asking.voi import value_of_information
    from spasmnet.contract.answer import answer_json
    from spasmnet.contract.errors import error_json
    from spasmnet.contract.schemas import json_schema
    from spasmnet.decision.robustness import decision_robustness
    from spasmnet.drawing.draw import Drawing, draw
    from spasmnet.evidential.evidence_sensitivity import evidence_sensitivity
    from spasmnet.evidential.explanation import explain
    from spasmnet.evidential.what_if import what_if
    from spasmnet.explorer.page import explorer_page
    from spasmnet.explorer.widget import explore
    from spasmnet.interop import from_pgmpy, from_pyagrum, to_pgmpy
    from spasmnet.sampling import sample
    from spasmnet.sensitivity.distance import cd_bound, cd_distance, change_distance, kl_divergence
    from spasmnet.sensitivity.nway import nway_sensitivity
    from spasmnet.sensitivity.parameters import parameter_sensitivity
    from spasmnet.sensitivity.population import population_sensitivity
    from spasmnet.sensitivity.sobol import sobol_indices
    from spasmnet.sensitivity.structure import cut_edge, cut_effects, edge_strength
    from spasmnet.sensitivity.tuning import tune
    from spasmnet.sensitivity.tuning_table import tune_table
    from spasmnet.sensitivity.uncertainty import credible_intervals
    from spasmnet.triage.care import Care
    from spasmnet.triage.report import Report, care_level, report
    from spasmnet.writing import write

_LAZY = {
    "report": "triage.report",
    "Report": "triage.report",
    "care_level": "triage.report",
    "Care": "triage.care",
    "answer_json": "contract.answer",
    "error_json": "contract.errors",
    "json_schema": "contract.schemas",
    "from_pgmpy": "interop",
    "from_pyagrum": "interop",
    "to_pgmpy": "interop",
    "write": "writing",
    "sample": "sampling",
    "explore": "explorer.widget",
    "explorer_page": "explorer.page",
    "draw": "drawing.draw",
    "Drawing": "drawing.draw",
    "parameter_sensitivity": "sensitivity.parameters",
    "credible_intervals": "sensitivity.uncertainty",
    "sobol_indices": "sensitivity.sobol",
    "decision_robustness": "decision.robustness",
    "what_if": "evidential.what_if",
    "probabilities_of_causation": "evidential.causation",
    "explain": "evidential.explanation",
    "evidence_sensitivity": "evidential.evidence_sensitivity",
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
    "next_question": "asking.ranking",
    "same_decision": "asking.stopping",
    "value_of_information": "asking.voi",
    "interview_step": "asking.interview",
}

__all__ = [  # noqa: RUF022 -- grouped by concept, as a reader meets them
    # a network, from a file or by hand
    "load", "models", "read", "write", "from_pgmpy", "from_pyagrum", "to_pgmpy",
    "Network", "Variable", "Table", "NoisyMax", "Deterministic", "CPD", "Parameter", "Source", "Edge", "Rule",
    "Losses", "Harm", "Screening",
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
