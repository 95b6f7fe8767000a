"""Reading what a model says should be done: advice, red flags and how they are screened for, and losses."""

from __future__ import annotations

from typing import Any

from spasmnet.errors import Problem, suggest
from spasmnet.io.toml.cited import citation, claims_of, unknown_variable
from spasmnet.io.toml.fields import Fields, finite, kind_of, shown, texts
from spasmnet.io.toml.parameters import Context, read_parameter
from spasmnet.model.parameter import Parameter
from spasmnet.triage.guidance import CARE_LEVELS, UNKNOWN_COUNTS_AS, Harm, Losses, Rule, Screening

_RULE = ("id", "when", "text", "claims", "source", "where")
_FLAG = (*_RULE, "level", "suspects", "threshold", "unknown")


def rules(fields: Fields, key: str, variables: dict[str, Any], context: Context) -> tuple[Rule, ...]:
    """The advice or the red flags of a file."""
    found: dict[str, Rule] = {}
    flags = key == "red_flags"
    for number, raw in enumerate(fields.tables(key), 1):
        rule = Fields(raw, f"{key}[#{number}]", context.problems, _FLAG if flags else _RULE)
        if not rule.raw and raw != {}:
            continue
        name = rule.name("id", any_text=context.any_names)
        rule.path = f"{key}.{name}" if name else rule.path
        if name and name in found:
            rule.fault("id", f"{shown(name)} stands twice")
        when = _when(rule, variables, context)
        if flags and rule.raw.get("when") == {}:
            rule.fault("when", "is empty; a red flag needs at least one finding")
        level = rule.choice("level", CARE_LEVELS) if flags else ""
        text = rule.text("text", required=True)
        suspects = _suspects(rule, variables, context) if flags else ()
        threshold, unknown = None, UNKNOWN_COUNTS_AS[0]
        if "threshold" in rule.raw:
            threshold = _number(rule, "threshold", context)
        if "unknown" in rule.raw:
            unknown = rule.choice("unknown", UNKNOWN_COUNTS_AS)
        cited = citation(rule, context)
        found[name] = Rule(name, when, text, level, claims_of(rule, context), *cited, suspects, threshold, unknown)
    return tuple(found.values())


def screening(fields: Fields, context: Context) -> Screening:
    """How red flags count where findings are uncertain or missing, if the file has a screening table."""
    if "screening" not in fields.raw:
        return Screening()
    table = Fields(fields.raw["screening"], "screening", context.problems, _SCREENING)
    levels = Fields(table.table("thresholds"), "screening.thresholds", context.problems, CARE_LEVELS)
    thresholds = {level: _number(levels, level, context) for level in CARE_LEVELS if level in levels.raw}
    answered = _number(table, "answered", context) if "answered" in table.raw else None
    rules_out = table.choice("rules_out", CARE_LEVELS) if "rules_out" in table.raw else "urgent"
    advice = table.text("advice", required="answered" in table.raw)
    known = {level: number for level, number in thresholds.items() if number is not None}
    return Screening(known, answered, rules_out or "urgent", advice)


def _number(fields: Fields, key: str, context: Context) -> Parameter | None:
    """A cited number of a table."""
    return read_parameter(fields.raw[key], f"{fields.path}.{key}", {}, context)


_SCREENING = ("thresholds", "answered", "rules_out", "advice")


def _when(rule: Fields, variables: dict[str, Any], context: Context) -> dict[str, tuple[str, ...]]:
    when = {}
    for name, states in rule.table("when", required=True).items():
        path = f"{rule.path}.when.{name}"
        if name not in variables:
            unknown_variable(name, path, variables, context)
        if not isinstance(states, list) or not states:
            context.problems.append(Problem(path, 'a list of states is needed, such as ["present"]'))
            continue
        when[name] = texts(states, path, context.problems)
        known = context.states.get(name, when[name])
        for state in when[name]:
            if state not in known:
                hint = suggest(state, known, show_all=True)
                context.problems.append(Problem(path, f"{name} has no state {shown(state)}; {hint}"))
    return when


def _suspects(rule: Fields, variables: dict[str, Any], context: Context) -> tuple[str, ...]:
    suspects = rule.texts("suspects")
    for name in suspects:
        if name not in variables:
            unknown_variable(name, f"{rule.path}.suspects", variables, context)
    return suspects


def losses(fields: Fields, variables: dict[str, Any], context: Context) -> Losses | None:
    """The losses by which a level of care is chosen, if the file has a care table."""
    if "care" not in fields.raw:
        return None
    care = Fields(fields.raw["care"], "care", context.problems, ("unit", "source", "where", "note", "burden", "harms"))
    if not care.raw and fields.raw["care"] != {}:
        return None
    source, _ = citation(care, context)
    burden = _levels(care, "burden", rising=True)
    harms: dict[str, Harm] = {}
    for number, raw in enumerate(care.tables("harms", required=True), 1):
        table = Fields(raw, f"care.harms[#{number}]", context.problems, _HARM)
        if not table.raw and raw != {}:
            continue
        name = table.name("id", any_text=context.any_names)
        table.path = f"care.harms.{name}" if name else table.path
        if name in harms:
            table.fault("id", f"{shown(name)} stands twice")
        when = _when(table, variables, context)
        if len(when) > 1:
            table.fault("when", "names several variables; a harm depends on the states of one")
        loss = _levels(table, "loss", rising=False)
        own, where = citation(table, context)
        for variable, states in list(when.items())[:1]:
            harms[name] = Harm(name, variable, states, loss, own or source, where, table.text("note"))
    return Losses(burden, tuple(harms.values()), care.text("unit", required=True), source, care.text("note"))


_HARM = ("id", "when", "loss", "source", "where", "note")


def _levels(fields: Fields, key: str, *, rising: bool) -> dict[str, float]:
    """A number for every level of care, which rises or falls with the level."""
    table = Fields(fields.table(key, required=True), f"{fields.path}.{key}", fields.problems, CARE_LEVELS)
    numbers: dict[str, float] = {}
    for level in CARE_LEVELS:
        value = table.raw.get(level)
        number = finite(value)
        if level not in table.raw:
            table.fault(level, "is missing; a number of at least 0 is needed")
        elif number is None or number < 0:
            table.fault(level, f"a number of at least 0 is needed, not {kind_of(value)}")
        else:
            numbers[level] = number
    listed = list(numbers.values())
    if len(listed) == len(CARE_LEVELS) and listed != sorted(listed, reverse=not rising):
        words = "must not fall" if rising else "must not rise"
        table.fault("", f"{words} from {CARE_LEVELS[0]} to {CARE_LEVELS[-1]}")
    return numbers if len(listed) == len(CARE_LEVELS) else dict.fromkeys(CARE_LEVELS, 0.0)
