"""From a path to the tables of a model file, or a clear word on why that cannot be."""

from __future__ import annotations

import os
import re
from typing import Any

from spasmnet.errors import ModelFileError
from spasmnet.io.filetext import decoded, kind_of, read_bytes
from spasmnet.io.toml.fields import shown

FORMAT = "spasmnet-model"
FORMAT_VERSION = 1
MAX_BYTES = 50_000_000
_MOST_PARTS = 64  # of a key with dots; the parser's time and memory are quadratic in them
_LONG_KEY = re.compile(rf"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){{{_MOST_PARTS}}}""", re.ASCII)


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file; raises ModelFileError that says what is wrong with it."""
    data = read_bytes(path, MAX_BYTES)
    kind = kind_of(data)
    if kind is not None and not kind.form:
        raise ModelFileError(f"{os.fspath(path)} is {kind}")
    return decoded(data, os.fspath(path))


def tables(text: str, origin: str) -> dict[str, Any]:
    """The tables of a model text of this format and version; raises ModelFileError."""
    if not isinstance(text, str):
        raise ModelFileError(f"{origin}: the text of a model is needed, not {type(text).__name__}")
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise ModelFileError(f"{origin} is empty")
    if _LONG_KEY.search(text):
        raise ModelFileError(f"{origin} has a key of more than {_MOST_PARTS} parts with dots between them")
    import tomllib  # with its dates a tenth of our import time, and not needed for networks made by hand

    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise ModelFileError(f"{origin} is nested too deeply to be read") from None
    except ValueError as error:
        raise ModelFileError(_not_toml(text, origin, error)) from None
    _check_format(document, origin)
    return document


def _not_toml(text: str, origin: str, error: ValueError) -> str:
    kind = kind_of(text)
    if kind is not None and kind.form != "toml":
        remedy = "spasmnet.read reads it" if kind.form else kind.remedy
        return f"{origin} looks like {kind.what}, not like a {FORMAT} file" + (f"; {remedy}" if remedy else "")
    place = re.search(r"line (\d+)", str(error))
    lines = text.splitlines()
    line = int(place[1]) - 1 if place else len(lines)
    excerpt = f": {shown(lines[line].strip())}" if line < len(lines) else ""
    return f"{origin} is not valid TOML: {error}{excerpt}"


def _check_format(document: dict[str, Any], origin: str) -> None:
    if "format" not in document:
        raise ModelFileError(f'{origin} is TOML but not a model file: it has to begin with format = "{FORMAT}"')
    if document["format"] != FORMAT:
        found = shown(document["format"])
        raise ModelFileError(f'{origin}: format: {found} is not understood; it has to be "{FORMAT}"')
    version = document.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        found = "is missing" if version is None else f"{shown(version)} is not understood"
        newer = "; a newer spasmnet may read it" if type(version) is int and version > FORMAT_VERSION else ""
        raise ModelFileError(f"{origin}: format_version {found}; this version reads {FORMAT_VERSION}{newer}")
