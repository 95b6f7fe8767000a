"""The JSON schemas of the contract, which come with the package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from spasmnet.errors import SpasmnetError, suggest

NAMES = ("question", "answer")


def json_schema(name: str) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a "question" or an "answer"; an answer is that, or an error.

    Raises SpasmnetError for another name.

    >>> json_schema("question")["required"]
    ['contract', 'evidence']
    """
    if name not in NAMES:
        raise SpasmnetError(f"there is no schema {name!r}; {suggest(name, NAMES, show_all=True)}")
    text = (files("spasmnet.api") / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
