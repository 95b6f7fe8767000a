"""Reading the tables of a file with checks: every fault becomes a Problem with its path, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any

from spasmnet import errors
from spasmnet.errors import Problem, brief, suggest

MOST_UNKNOWN = 100  # keys of a table that are named
NAME = re.compile(r"[A-Za-z0-9_-]+")
_KINDS = {bool: "true or false", str: "text", int: "a number", float: "a number", list: "a list", dict: "a table"}


def kind_of(value: object) -> str:
    """What a value of the file is, in plain words, with the value itself where it is short."""
    word = _KINDS.get(type(value), f"a {type(value).__name__}")
    return word if isinstance(value, (list, dict)) else f"{word} ({shown(value)})"


def shown(value: object) -> str:
    """A value as a message shows it, cut to a readable length."""
    return ("true" if value else "false") if isinstance(value, bool) else errors.shown(value)


def finite(value: object) -> float | None:
    """A number of the file; None if it is none, infinite, or an integer beyond all floats."""
    if type(value) is not int and type(value) is not float:
        return None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:
        return None


class Fields:
    """One table of the file; `known` are the keys it may have. Faults are appended to `problems`."""

    def __init__(self, raw: object, path: str, problems: list[Problem], known: Collection[str]) -> None:
        self.path = path
        self.problems = problems
        self.raw: Mapping[str, Any] = {}
        if type(raw) is not dict:
            self.fault("", f"a table is needed, not {kind_of(raw)}")
            return
        self.raw = raw
        unknown = [key for key in raw if key not in known]
        for key in unknown[:MOST_UNKNOWN]:
            self.fault(brief(key, 100), f"unknown key; {suggest(key, known)}")
        if len(unknown) > MOST_UNKNOWN:
            self.fault("", f"{len(unknown) - MOST_UNKNOWN:,} more unknown keys")

    def fault(self, key: str, message: str) -> None:
        """Note a problem at a key of this table, or at the table itself."""
        self.problems.append(Problem(".".join(part for part in (self.path, key) if part), message))

    def take(self, key: str, kind: type, needed: str, required: bool) -> Any:
        """The value of a key if it has the type `kind` (never a bool for a number), else None and a problem."""
        if key not in self.raw:
            if required:
                self.fault(key, f"is missing; {needed} is needed")
            return None
        value = self.raw[key]
        if type(value) is kind:
            return value
        self.fault(key, f"{needed} is needed, not {kind_of(value)}")
        return None

    def text(self, key: str, *, required: bool = False) -> str:
        """A text without surrounding blanks; empty if the key is absent and not required."""
        if key not in self.raw and not required:
            return ""
        value: str | None = self.take(key, str, "text", required)
        text = (value or "").strip()
        if value is not None and not text:
            self.fault(key, "is empty" + ("" if required else "; write a text or leave the key out"))
        return text

    def name(self, key: str, *, any_text: bool = False) -> str:
        """A required name: letters, digits, `_` and `-`, or with `any_text` any; empty if there is a problem."""
        value = self.text(key, required=True)
        if any_text:
            return str(self.raw[key]) if value else ""
        if value and not NAME.fullmatch(value):
            self.fault(key, f"{shown(value)} is not a name: only letters, digits, '_' and '-' are allowed")
            return ""
        return value

    def choice(self, key: str, options: Collection[str]) -> str:
        """A required text that is one of the options; empty if there is a problem."""
        value = self.text(key, required=True)
        if value and value not in options:
            self.fault(key, f"{shown(value)} is not one of {', '.join(options)}; {suggest(value, options)}")
            return ""
        return value

    def flag(self, key: str) -> bool:
        """An optional true or false."""
        return bool(self.take(key, bool, "true or false", required=False))

    def texts(self, key: str) -> tuple[str, ...]:
        """An optional list of different non-empty texts."""
        return texts(self.take(key, list, "a list of texts", required=False) or [], f"{self.path}.{key}", self.problems)

    def table(self, key: str, *, required: bool = False) -> dict[str, Any]:
        """A table; empty if there is a problem."""
        return self.take(key, dict, "a table", required) or {}

    def tables(self, key: str, *, required: bool = False) -> list[Any]:
        """A list (of tables, which the reader of each checks); empty if there is a problem."""
        return self.take(key, list, "a list of tables", required) or []


def texts(values: list[Any], path: str, problems: list[Problem]) -> tuple[str, ...]:
    """The different non-empty texts of a list, noting what else it holds."""
    good: dict[str, None] = {}
    for value in values:
        if not isinstance(value, str) or not value.strip():
            problems.append(Problem(path, f"a list of non-empty texts is needed, but it holds {kind_of(value)}"))
        elif value in good:
            problems.append(Problem(path, f"{shown(value)} stands twice"))
        else:
            good[value] = None
    return tuple(good)
