"""The file in which an interview is kept: the answers in order, saved whole after every answer."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from spasmnet.errors import EvidenceError, SpasmnetError
from spasmnet.inference.evidence import read_finding
from spasmnet.kernels import replace as _replace
from spasmnet.model.network import Network
from spasmnet.voi.interview import plain_answer

FORMAT, VERSION = "spasmnet-answers", 1
MAX_BYTES = 10_000_000


def read_answers(path: str | os.PathLike[str], network: Network) -> tuple[tuple[str, Any], ...]:
    """The answers in a file, in order; None stands for unknown.

    Raises EvidenceError for a file that is damaged, of another kind or version, for another model, or with answers that
    the model does not understand; the file is left as it is.
    """
    origin = os.fspath(path)
    try:
        with open(origin, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise EvidenceError(f"{origin} cannot be read: {_reason(error)}") from None
    remedy = "it was left as it is; name another file, or correct or remove this one"
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"{origin} has more than {MAX_BYTES:,} bytes, which no interview has; {remedy}")
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise EvidenceError(f"{origin} is not UTF-8 text, so it is no file of answers; {remedy}") from None
    except json.JSONDecodeError as error:
        raise EvidenceError(
            f"{origin} is damaged or no file of answers: {error.msg}, line {error.lineno}, column {error.colno}; "
            + remedy
        ) from None
    except RecursionError:
        raise EvidenceError(f"{origin} is nested too deeply to be a file of answers; {remedy}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise EvidenceError(f'{origin} is JSON, but no file of answers (format = "{FORMAT}"); {remedy}')
    if content.get("format_version") != VERSION:
        raise EvidenceError(
            f"{origin} has format_version {content.get('format_version')!r}; this version reads {VERSION}; {remedy}"
        )
    if content.get("model") != network.name:
        raise EvidenceError(
            f"{origin} holds answers for the model {content.get('model')!r}, not for {network.name!r}; name that model "
            "with --model, or another file"
        )
    return _checked(content.get("answers"), network, origin)


def _checked(listed: object, network: Network, origin: str) -> tuple[tuple[str, Any], ...]:
    if not isinstance(listed, list):
        raise EvidenceError(f"{origin}: answers is a list of {{variable, answer}}, not {type(listed).__name__}")
    answers: dict[str, Any] = {}
    for number, item in enumerate(listed, 1):
        if not isinstance(item, dict) or set(item) != {"variable", "answer"} or not isinstance(item["variable"], str):
            raise EvidenceError(f"{origin}: answer #{number} is not {{variable, answer}}: {item!r:.200}")
        name, answer = item["variable"], item["answer"]
        if name in answers:
            raise EvidenceError(f"{origin}: answer #{number} answers {name} a second time")
        try:
            variable = network.variable(name)
            answers[name] = None if answer is None else read_finding(variable, answer)
        except EvidenceError as error:
            raise EvidenceError(f"{origin}: answer #{number}: {error}") from None
    return tuple(answers.items())


def write_answers(path: str | os.PathLike[str], network: Network, answers: Sequence[tuple[str, Any]]) -> None:
    """Save all answers; the file is replaced at once, so that it is whole whenever this is interrupted."""
    content = {
        "format": FORMAT,
        "format_version": VERSION,
        "model": network.name,
        "model_version": network.version,
        "digest": f"sha256:{network.digest}",
        "answers": [{"variable": name, "answer": plain_answer(answer)} for name, answer in answers],
    }
    replace_file(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def replace_file(path: str | os.PathLike[str], text: str) -> None:
    """Write a file so that it holds either what it held or all of the text; raises SpasmnetError if it cannot.

    Findings are private: a new file is for its owner alone, and one that exists keeps its permissions.
    """
    try:
        _replace.replace_file(path, text.encode("utf-8"))
    except (OSError, ValueError) as error:
        raise SpasmnetError(f"{os.fspath(path)} cannot be written: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
