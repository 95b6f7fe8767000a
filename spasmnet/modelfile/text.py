"""From a path to the tables of a model file, or a clear word on why that cannot be."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from spasmnet.errors import ModelFileError, suggest
from spasmnet.modelfile.fields import shown

FORMAT = "spasmnet-model"
FORMAT_VERSION = 1
MAX_BYTES = 50_000_000

_OTHERS = (  # how other formats begin
    (r"<\?xml.*?<smile\b|<smile\b", "a GeNIe network", "spasmnet.read reads it if the file's name ends in .xdsl"),
    (
        r"<\?xml.*?<BIF\b|<BIF\b",
        "an XMLBIF network",
        "spasmnet.read reads it if the file's name ends in .xml or .xmlbif",
    ),
    (r"<!doctype html|<html\b", "a web page", "save the file itself instead of the page that shows it"),
    (r"<[?!\w]", "XML", "spasmnet.read reads XMLBIF networks (.xml, .xmlbif) and GeNIe networks (.xdsl)"),
    (r"network\s+[^\n{=]*\{", "a BIF network", "spasmnet.read reads it if the file's name ends in .bif"),
    (r"(?:%[^\n]*\n\s*)*net\s*\{", "a Hugin network", "spasmnet.read reads it if the file's name ends in .net"),
    (r"(?:BAYES|MARKOV)\s+\d", "a UAI network", "spasmnet.read reads it if the file's name ends in .uai"),
    (r"\{|\[\s*[\[{\"\d]", "JSON", "a model is written in TOML, and no function here reads networks from JSON"),
)


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file; raises ModelFileError that says what is wrong with it."""
    if not isinstance(path, (str, os.PathLike)) or isinstance(os.fspath(path), bytes):
        raise ModelFileError(f"a path (text or pathlib.Path) is needed, not {type(path).__name__}")
    file = Path(path)
    try:
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            data = stream.read(MAX_BYTES + 1) if size <= MAX_BYTES else b""
    except (OSError, ValueError) as error:
        raise ModelFileError(_unreadable(file, error)) from None
    if max(size, len(data)) > MAX_BYTES:
        bytes_held = f"{size:,} bytes" if size > MAX_BYTES else "more bytes"
        raise ModelFileError(f"{file} has {bytes_held}; a model file of more than {MAX_BYTES:,} bytes is not read")
    return _decoded(data, str(file))


def _unreadable(file: Path, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no file {file}{_models_in(file.parent, file.name)}"
    if os.path.isdir(file):  # unlike Path.is_dir, never raises
        return f"{file} is a directory, not a model file{_models_in(file)}"
    return f"{shown(str(file))} cannot be read: {getattr(error, 'strerror', None) or error}"


def _models_in(folder: Path, name: str = "") -> str:
    there = sorted(file.name for file in folder.glob("*.toml")) if folder.is_dir() else []
    return f"; {suggest(name, there)}" if there else ""


def _decoded(data: bytes, origin: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ModelFileError(f"{origin} is UTF-16 text; save it as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ModelFileError(
            f"{origin} is not UTF-8 text: byte 0x{data[error.start]:02x} at position {error.start} (line {line}); "
            "save it as UTF-8"
        ) from None


def tables(text: str, origin: str) -> dict[str, Any]:
    """The tables of a model text of this format and version; raises ModelFileError."""
    if not isinstance(text, str):
        raise ModelFileError(f"{origin}: the text of a model is needed, not {type(text).__name__}")
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise ModelFileError(f"{origin} is empty")
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
    start = text[:5000].lstrip()
    for pattern, what, remedy in _OTHERS:
        if re.match(pattern, start, re.IGNORECASE | re.DOTALL):
            return f"{origin} looks like {what}, not like a {FORMAT} file; {remedy}"
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
