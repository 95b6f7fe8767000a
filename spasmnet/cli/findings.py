"""Findings as people type them: arguments `name=state`, and JSON from files and standard input."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from spasmnet.errors import EvidenceError, suggest
from spasmnet.inference.evidence import read_finding
from spasmnet.model.network import Network

MAX_BYTES = 10_000_000
Given = tuple[str, Any, str]  # variable, finding, where it was said


def gather(network: Network, arguments: Sequence[str], stdin: Callable[[int], bytes]) -> dict[str, Any]:
    """The evidence that the arguments name together, checked; `stdin` reads up to so many bytes of standard input.

    An argument is `name=state`, `name=state:likelihood,state:likelihood`, `-` (JSON on standard input), `@file`, or a
    path that ends in `.json`. Raises one EvidenceError with everything that is not understood.

    >>> import spasmnet
    >>> gather(spasmnet.load(), ["trauma=present", "dark_urine=normal:0.2,concentrated:0.7,cola:0.1"], lambda _: b"")
    {'trauma': 'present', 'dark_urine': {'normal': 0.2, 'concentrated': 0.7, 'cola': 0.1}}
    """
    given: list[Given] = []
    problems: list[EvidenceError] = []
    if arguments.count("-") > 1:
        problems.append(EvidenceError("- stands twice, but standard input can be read only once"))
    for argument in dict.fromkeys(arguments):
        try:
            given += _one(network, argument, stdin)
        except EvidenceError as error:
            problems.append(error)
    evidence: dict[str, Any] = {}
    said: dict[str, str] = {}
    for name, finding, where in given:
        if name not in evidence:
            evidence[name], said[name] = finding, where
        elif evidence[name] != finding:
            problems.append(EvidenceError(_contradictory(name, (evidence[name], said[name]), (finding, where))))
    for name, finding in evidence.items():
        try:
            evidence[name] = read_finding(network.variable(name), finding)
        except EvidenceError as error:
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise EvidenceError("\n  ".join([f"{len(problems)} problems with the findings:", *map(str, problems)]))
    return evidence


def _contradictory(name: str, first: tuple[Any, str], second: tuple[Any, str]) -> str:
    (one, here), (other, there) = first, second
    return f"{name} is given twice, as {one!r} ({here}) and as {other!r} ({there}); keep one"


def _one(network: Network, argument: str, stdin: Callable[[int], bytes]) -> Iterable[Given]:
    if argument == "-":
        return _from_json(network, stdin(MAX_BYTES + 1), "standard input")
    if argument.startswith("@") or (argument.lower().endswith(".json") and "=" not in argument):
        path = argument.removeprefix("@")
        return _from_json(network, _bytes(path), path)
    return [(*_assignment(network, argument), "argument")]


def _assignment(network: Network, argument: str) -> tuple[str, Any]:
    name, equals, value = (part.strip() for part in argument.partition("="))
    if not equals or not name:
        raise EvidenceError(f"{argument!r} is not a finding: {_remedy(network, argument)}")
    states = network.variable(name).states
    if not value:
        raise EvidenceError(f"{name} is given no state; it has {', '.join(states)}")
    if value in states or ":" not in value:
        return name, value
    return name, _likelihood(name, value, states)


def _remedy(network: Network, argument: str) -> str:
    if argument in network.by_name:
        return "it needs a state: " + " or ".join(f"{argument}={state}" for state in network.by_name[argument].states)
    example = f"{network.names[0]}={network.variables[0].states[-1]}"
    return f"write name=state, such as {example}, or - for JSON on standard input, or @file.json; " + suggest(
        argument.strip("= "), network.names
    )


def _likelihood(name: str, text: str, states: Sequence[str]) -> dict[str, float]:
    likelihood: dict[str, float] = {}
    for part in text.split(","):
        state, colon, number = (piece.strip() for piece in part.rpartition(":"))
        try:
            value = float(number)
        except ValueError:
            colon = ""
        if not colon:
            example = ",".join(f"{state}:0.5" for state in states)
            raise EvidenceError(f"{name}: {part.strip()!r} is not state:likelihood, such as {name}={example}")
        if state in likelihood and likelihood[state] != value:
            both = f"as {likelihood[state]:g} and as {value:g}"
            raise EvidenceError(f"{name}: the likelihood of {state} is given twice, {both}; keep one")
        likelihood[state] = value
    return likelihood


def _bytes(path: str) -> bytes:
    try:
        with Path(path).expanduser().open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EvidenceError(f"cannot read the findings in {path!r}: {reason}") from None


def _from_json(network: Network, data: bytes, origin: str) -> Iterable[Given]:
    example = json.dumps({network.names[0]: network.variables[0].states[-1]})
    expected = f"a JSON object of findings is needed, such as {example}"
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"{origin} has more than {MAX_BYTES:,} bytes; {expected}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise EvidenceError(
            f"{origin} is not UTF-8: byte 0x{data[error.start]:02x} in line {line}; save it as UTF-8"
        ) from None
    if not text.strip():
        raise EvidenceError(f"{origin} is empty; {expected}")
    try:
        content = json.loads(text, object_pairs_hook=_object(origin), parse_int=_number)
    except json.JSONDecodeError as error:
        raise EvidenceError(
            f"{origin} is not JSON: {error.msg}, line {error.lineno}, column {error.colno}; {expected}"
        ) from None
    except RecursionError:
        raise EvidenceError(f"{origin} is nested too deeply; {expected}") from None
    if not isinstance(content, dict):
        raise EvidenceError(f"{origin} holds {_KINDS.get(type(content), 'a number')}; {expected}")
    return [(name, finding, origin) for name, finding in content.items()]


_KINDS = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) < 300 else float(digits)  # beyond that a float cannot hold it


def _object(origin: str) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key, value in pairs:
            if key in content and content[key] != value:
                raise EvidenceError(_contradictory(key, (content[key], origin), (value, origin)))
            content[key] = value
        return content

    return build
