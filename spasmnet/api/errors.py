"""Errors in JSON, with kinds that stay the same when messages get better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spasmnet.api.question import pointer
from spasmnet.errors import (
    CircuitTooLargeError,
    EvidenceError,
    Fault,
    FormatError,
    ImpossibleEvidenceError,
    ModelError,
    ModelFileError,
    QuestionError,
    SpasmnetError,
    UnknownStateError,
    UnknownVariableError,
    brief,
)

KINDS: tuple[tuple[type[Exception], str], ...] = (  # the first that fits
    (ImpossibleEvidenceError, "impossible_evidence"),
    (UnknownVariableError, "unknown_variable"),
    (UnknownStateError, "unknown_state"),
    (EvidenceError, "invalid_question"),
    (ModelError, "invalid_model"),
    (ModelFileError, "invalid_model"),
    (FormatError, "invalid_model"),
    (CircuitTooLargeError, "too_large"),
    (SpasmnetError, "refused"),
    (Exception, "internal"),
)


def error_kind(error: Exception) -> str:
    """The fixed word for an error."""
    if isinstance(error, QuestionError):
        return error.kind
    return next(kind for exception, kind in KINDS if isinstance(error, exception))


def error_json(error: Exception) -> dict[str, Any]:
    """An error in the shape of the contract: its kind, a message for people, and its problems with their places.

    Findings that are impossible together have `contradiction`, a smallest set of them, `red_flags`, those that all the
    findings raise by themselves, and `care_floor`, their highest level of care ("" if there is none). Of an error that
    is not the library's own, kind "internal", nothing is told.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> try:
    ...     found = spasmnet.answer_json(engine, {"contract": 1, "evidence": {"dehidration": "mild"}})
    ... except spasmnet.SpasmnetError as error:
    ...     found = error_json(error)
    >>> found["error"]["kind"], found["error"]["problems"][0]["path"]
    ('unknown_variable', '/evidence/dehidration')
    """
    kind = error_kind(error)
    content: dict[str, Any] = {
        "kind": kind,
        "message": _message(error),
        "problems": [fault._asdict() for fault in _faults(error, kind)],
    }
    if isinstance(error, ImpossibleEvidenceError):
        content["contradiction"] = {
            name: dict(finding) if isinstance(finding, Mapping) else finding for name, finding in error.findings.items()
        }
        content["red_flags"] = [flag._asdict() for flag in error.red_flags]
        content["care_floor"] = error.care_floor
    return {"error": content}


def _message(error: Exception) -> str:
    """What a person should know; of a question without the places, which name what was sent."""
    if not isinstance(error, SpasmnetError):
        return "an error inside the service; the question may be fine"
    if not isinstance(error, QuestionError):
        return str(error)
    messages = [problem.message for problem in error.problems]
    if len(messages) == 1:
        return messages[0]
    return brief("\n  ".join([f"{len(messages)} problems with the question:", *dict.fromkeys(messages)]))


def _faults(error: Exception, kind: str) -> list[Fault]:
    if isinstance(error, QuestionError):
        return list(error.problems)
    if isinstance(error, ModelError):
        return [Fault(kind, problem.path, problem.message) for problem in error.problems]
    if isinstance(error, ImpossibleEvidenceError):
        reason = "one of the findings that cannot occur together" if len(error.findings) > 1 else "it cannot occur"
        return [Fault(kind, pointer("evidence", name), f"{name}: {reason}") for name in error.findings]
    return []
