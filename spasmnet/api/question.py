"""A question in JSON, read strictly: all problems at once, each with its place."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from numbers import Real
from typing import Any

from spasmnet.errors import EvidenceError, Fault, QuestionError, UnknownStateError, UnknownVariableError, shown, suggest
from spasmnet.inference.evidence import finding_problems, read_finding
from spasmnet.model.network import Network, Variable
from spasmnet.parameters.assignment import has_ranges

CONTRACT = 1
UNKNOWN = "unknown"
KEYS = ("contract", "evidence", "options")
OPTIONS = ("targets", "interval", "reasons")
MOST_PROBLEMS = 50  # that are told: a hostile question must not cost more than an answer
INVALID = "invalid_question"
LONGEST_NAME = 200  # characters of a name in a place
_JSON_TYPES = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}


@dataclass(frozen=True, slots=True)
class Question:
    """A question that was understood: `evidence` as the engine takes it, and in `unknown` what was asked in vain.

    Without `targets` all variables are answered; `interval` is the level of credible intervals, or None.
    """

    evidence: Mapping[str, Any]
    unknown: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    interval: float | None = None
    reasons: bool = True


def read_question(network: Network, question: Mapping[str, Any] | str | bytes) -> Question:
    """The question that this JSON text, or this mapping, asks of the network.

    Raises QuestionError with every problem; what is allowed stands in the schema of questions.

    >>> import spasmnet
    >>> asked = {"contract": 1, "evidence": {"trauma": "present", "spasm": "unknown"}}
    >>> read_question(spasmnet.load(), asked).unknown
    ('spasm',)
    """
    content = _parsed(question) if isinstance(question, (str, bytes)) else question
    if not isinstance(content, Mapping):
        wanted = f"a question is an object, such as {_example(network)}, not {_type(content)}"
        raise QuestionError([Fault(INVALID, "", wanted)])
    problems = list(islice(_problems(network, content), MOST_PROBLEMS + 1))
    if len(problems) > MOST_PROBLEMS:
        problems[-1] = Fault(INVALID, "", f"there are more than {MOST_PROBLEMS} problems; the rest is not told")
    if problems:
        raise QuestionError(problems)
    given, options = content["evidence"], content.get("options", {})
    unknown = tuple(name for name, finding in given.items() if _is_unknown(network.by_name[name], finding))
    level = options.get("interval")
    return Question(
        {name: read_finding(network.by_name[name], f) for name, f in given.items() if name not in unknown},
        unknown,
        tuple(options.get("targets", ())),
        None if level is None else float(level),
        options.get("reasons", True),
    )


def pointer(*parts: object) -> str:
    """The place of a value in a JSON document.

    >>> pointer("evidence", "a/b")
    '/evidence/a~1b'

    Source: Bryan P, Zyp K, Nottingham M (2013), JavaScript Object Notation (JSON) Pointer, RFC 6901.
    """
    texts = (part if isinstance(part, str) else shown(part) for part in parts)
    return "".join("/" + _cut(text.replace("~", "~0").replace("/", "~1")) for text in texts)


def _cut(text: str) -> str:
    """A part of a place; of one that is too long to be a name of a model, the beginning."""
    return text if len(text) <= LONGEST_NAME else text[:LONGEST_NAME] + "…"


def _problems(network: Network, content: Mapping[Any, Any]) -> Iterator[Fault]:
    yield from _unknown_keys(content, KEYS)
    yield from _contract_problems(content)
    if "evidence" not in content:
        yield Fault(
            INVALID, "", f'the key "evidence" is missing; without findings it is {{}}, else {_example(network)}'
        )
    else:
        yield from _evidence_problems(network, content["evidence"])
    if "options" in content:
        yield from _option_problems(network, content["options"])


def _unknown_keys(content: Mapping[Any, Any], known: Iterable[str], *at: str) -> Iterator[Fault]:
    for key in content:
        if key not in known:
            yield Fault(INVALID, pointer(*at, key), f"unknown key; {suggest(key, known, show_all=True)}")


def _contract_problems(content: Mapping[Any, Any]) -> Iterator[Fault]:
    if "contract" not in content:
        yield Fault(INVALID, "", f'the key "contract" is missing; this library speaks "contract": {CONTRACT}')
    elif isinstance(content["contract"], bool) or content["contract"] != CONTRACT:
        found = content["contract"]
        yield Fault(
            INVALID, "/contract", f"{shown(found)} is not a contract that this library speaks; it speaks {CONTRACT}"
        )


def _evidence_problems(network: Network, evidence: object) -> Iterator[Fault]:
    if not isinstance(evidence, Mapping):
        yield Fault(INVALID, "/evidence", f"an object from variables to findings is needed, not {_type(evidence)}")
        return
    for name, finding in evidence.items():
        at = pointer("evidence", name)
        try:
            variable = network.variable(name)
        except UnknownVariableError:
            yield Fault("unknown_variable", at, _no_variable(network, name))
            continue
        yield from _finding_problems(variable, finding, at)


def _finding_problems(variable: Variable, finding: object, at: str) -> Iterator[Fault]:
    if isinstance(finding, Mapping):
        for state, error in finding_problems(variable, finding):
            place = at if state is None else at + pointer(state)
            if isinstance(error, UnknownStateError):
                yield Fault("unknown_state", place, _no_state(variable.name, state, variable.states))
            else:
                yield Fault("bad_likelihood", place, str(error))
    elif not isinstance(finding, str):
        allowed = f'a state ({", ".join(variable.states[:8])}), "{UNKNOWN}", or a likelihood for every state'
        for _, error in finding_problems(variable, finding):
            told = f"{variable.name}: {_type(finding)} is not a finding; give {allowed}"
            yield Fault("unknown_state", at, str(error)) if isinstance(finding, Real) else Fault(INVALID, at, told)
    elif finding not in variable.states and finding != UNKNOWN:
        yield Fault("unknown_state", at, _no_state(variable.name, finding, (*variable.states, UNKNOWN)))


def _no_variable(network: Network, name: object) -> str:
    """The place says which one: what was sent is not sent back again."""
    return f"the model has no such variable; {suggest(name, network.names)}"


def _no_state(variable: str, state: object, states: Sequence[str]) -> str:
    return f"{variable} has no such state; {suggest(state, states, show_all=True)}"


def _is_unknown(variable: Variable, finding: object) -> bool:
    """Whether this says that nobody knows; a state of that name is a state."""
    return finding == UNKNOWN and UNKNOWN not in variable.states


def _option_problems(network: Network, options: object) -> Iterator[Fault]:
    if not isinstance(options, Mapping):
        yield Fault(INVALID, "/options", f"an object with some of {', '.join(OPTIONS)} is needed, not {_type(options)}")
        return
    yield from _unknown_keys(options, OPTIONS, "options")
    if "targets" in options:
        yield from _target_problems(network, options["targets"])
    if "interval" in options:
        yield from _interval_problems(network, options["interval"])
    if "reasons" in options and not isinstance(options["reasons"], bool):
        yield Fault(INVALID, "/options/reasons", f"true or false is needed, not {_type(options['reasons'])}")


def _target_problems(network: Network, targets: object) -> Iterator[Fault]:
    if not isinstance(targets, (list, tuple)) or not targets:
        found = "an empty one" if isinstance(targets, (list, tuple)) else _type(targets)
        yield Fault(
            INVALID,
            "/options/targets",
            f"a list of variables is needed, not {found}; leave it out to have all answered",
        )
        return
    for i, name in enumerate(targets):
        at = pointer("options", "targets", i)
        if not isinstance(name, str):
            yield Fault(INVALID, at, f"the name of a variable is needed, not {_type(name)}")
            continue
        try:
            network.variable(name)
        except EvidenceError:
            yield Fault("unknown_variable", at, _no_variable(network, name))
        else:
            if targets.index(name) < i:
                yield Fault(INVALID, at, f"{name} is named twice; name it once")


def _interval_problems(network: Network, level: object) -> Iterator[Fault]:
    at = "/options/interval"
    is_number = isinstance(level, (int, float)) and not isinstance(level, bool)
    if not (isinstance(level, (int, float)) and is_number and 0 < level < 1):
        found = shown(level) if is_number else _type(level)
        yield Fault(INVALID, at, f"a level between 0 and 1 is needed, such as 0.9, not {found}")
    elif not has_ranges(network):
        yield Fault(
            "no_ranges", at, f"no number of {network.name!r} has a range, so there are no intervals; leave it out"
        )


def _example(network: Network) -> str:
    first = network.variables[0]
    return json.dumps({"contract": CONTRACT, "evidence": {first.name: first.states[-1]}})


def _type(value: object) -> str:
    return _JSON_TYPES.get(type(value), "a number" if isinstance(value, Real) else type(value).__name__)


def _parsed(text: str | bytes) -> Any:
    """The content of JSON text; keys that stand twice, NaN and infinity are refused."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_whole)
    except QuestionError:
        raise
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not UTF-8; send the question as UTF-8"
    except json.JSONDecodeError as error:
        reason = f"{error.msg}, line {error.lineno}, column {error.colno}"
    except RecursionError:
        reason = "it is nested too deeply"
    raise QuestionError([Fault("invalid_json", "", f"this is not JSON: {reason}")])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise QuestionError([Fault("invalid_json", "", f"the key {shown(twice)} stands twice in one object; keep one")])
    return content


def _no_constant(name: str) -> Any:
    raise QuestionError([Fault("invalid_json", "", f"{name} is not a number in JSON; only finite numbers are")])


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 300 else float(digits)  # beyond that a float cannot hold it
