"""The answer to a question in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spasmnet.api.question import CONTRACT, read_question
from spasmnet.api.reasons import Reason, reasons
from spasmnet.inference.engine import Engine
from spasmnet.triage.report import Report, report


def answer_json(engine: Engine, question: Mapping[str, Any] | str | bytes) -> dict[str, Any]:
    """The answer to a question, both in the shape of the contract's JSON schemas (see `spasmnet.json_schema`).

    `question` is a mapping, or JSON text (str, or UTF-8 bytes), with the keys `contract` (1), `evidence` (variable to a
    state, to "unknown", or to a likelihood for every state) and, if wanted, `options` (`targets`: a list of variables;
    `interval`: the level of credible intervals, in (0, 1); `reasons`: whether findings are left out in turn). What is
    unknown counts as not observed, rules no red flag out, and is named in the answer. All numbers are finite.

    Raises QuestionError with all problems of the question, ImpossibleEvidenceError, and CircuitTooLargeError; what
    `spasmnet.error_json` makes of them is in the contract too.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> found = answer_json(engine, {"contract": 1, "evidence": {"jaw_stiffness": "present", "trauma": "unknown"}})
    >>> found["care"]["level"], found["unknown"], found["differential"][0]
    ('emergency', ['trauma'], 'tetanus')
    """
    asked = read_question(engine.network, question)
    found = report(engine, asked.evidence, unknown=asked.unknown, interval=asked.interval)
    why = reasons(engine, found, asked.targets) if asked.reasons else ()
    return answer(found, targets=asked.targets, why=why)


def answer(found: Report, *, targets: Sequence[str] = (), why: Sequence[Reason] = ()) -> dict[str, Any]:
    """A report in the shape of the contract; with `targets`, posteriors and rankings are of these only.

    Red flags, care and the differential are always whole.
    """
    content = {"contract": CONTRACT, **found.as_dict()}
    content["unknown"] = list(found.unknown)
    content["differential"] = [variable.name for variable in found.differential]
    content["reasons"] = [reason.as_dict() for reason in why]
    if targets:
        for part in (content, content.get("intervals", {})):
            if "posterior" in part:
                part["posterior"] = {name: part["posterior"][name] for name in targets}
        for key in ("causes", "serious", "others"):
            content[key] = [row for row in content[key] if row["variable"] in targets]
    return content
