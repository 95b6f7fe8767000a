"""How errors leave the command line: a message or a JSON object on standard error, and an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from spasmnet.api.errors import error_json
from spasmnet.errors import (
    CircuitTooLargeError,
    FormatError,
    ImpossibleEvidenceError,
    ModelError,
    ModelFileError,
    SpasmnetError,
)
from spasmnet.model.words import plain

AS_JSON = "spasmnet.json"
_TABLE = ("row", "in_table")  # facts about tables of cases, which the command line does not read


def exit_code(error: SpasmnetError) -> int:
    """The exit code of the command line for an error."""
    if isinstance(error, ImpossibleEvidenceError):
        return 3
    if isinstance(error, CircuitTooLargeError):
        return 4
    return 1 if isinstance(error, (ModelError, ModelFileError, FormatError)) else 2


class Failure(click.ClickException):
    """An error on its way to standard error: a message, or a JSON object."""

    def __init__(self, error: SpasmnetError | click.UsageError, as_json: bool) -> None:
        usage = isinstance(error, click.UsageError)
        super().__init__(error.format_message() if isinstance(error, click.UsageError) else str(error))
        self.exit_code = 2 if isinstance(error, click.UsageError) else exit_code(error)  # type: ignore[misc]  # click does
        self.as_json = as_json
        self.kind = "UsageError" if usage else type(error).__name__
        fields = {} if usage else vars(error)
        self.fields = {name: _plain(value) for name, value in fields.items() if name not in _TABLE}
        self.hint = _hint(error)
        self.told = error_json(error) if isinstance(error, SpasmnetError) else _wrong_usage(self.message)

    def show(self, file: Any = None) -> None:
        """Print it to standard error."""
        if self.as_json:
            content = {**self.told, "type": self.kind, "exit_code": self.exit_code, **self.fields}
            text = json.dumps(content | ({"hint": self.hint} if self.hint else {}), indent=2)
        else:
            lines = f"Error: {self.message}\n{self.hint}".strip().split("\n")
            text = "\n".join(plain(line) for line in lines)
        click.echo(text, file=file, err=file is None)


def _wrong_usage(message: str) -> dict[str, Any]:
    return {"error": {"kind": "usage", "message": message, "problems": []}}


def _hint(error: Exception) -> str:
    """How to do on the command line what an error's message says in Python."""
    if isinstance(error, CircuitTooLargeError):
        return f"On the command line: spasmnet query --max-products {error.products}"
    if "targets=[" in str(error) or "askable=[" in str(error):
        return "On the command line: --target NAME for what the questions are about, --ask NAME for what can be asked"
    return "On the command line: --normalize" if "normalize=True" in str(error) else ""


def _plain(value: Any) -> Any:
    """An error's field as data for JSON."""
    if hasattr(value, "_asdict"):
        return value._asdict()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


class Commands(click.Group):
    """The commands, with every error of the library turned into a message and an exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note early whether JSON is wanted, so that wrong usage is told in JSON too."""
        ctx.meta[AS_JSON] = "--json" in args
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal that lacks a character must not end a result
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except SpasmnetError as error:
            raise Failure(error, ctx.meta[AS_JSON]) from None
        except click.UsageError as error:
            if not ctx.meta[AS_JSON]:
                raise
            raise Failure(error, True) from None
