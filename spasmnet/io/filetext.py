"""The content of a file: read within a bound, unpacked, recognised by how it begins, and decoded."""

from __future__ import annotations

import codecs
import os
import re
import stat
import zlib
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from spasmnet.errors import ModelFileError, shown, suggest

MOST_BYTES = 256 * 2**20
_LOOKED_AT = 20_000  # bytes, in which a kind of file shows itself
_MOST_NEIGHBOURS = 1000
_PIECE = 2**20

_BOMS = (  # longer ones first: that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TRIED = ("windows-1252", "shift_jis", "gb18030", "big5", "latin-1")  # encodings that a message may advise


class Kind(NamedTuple):
    """What a file holds: `form` is its format if that is read (toml, bif, net, xmlbif, xdsl, uai); `what` names it."""

    form: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


_UNPACK = "unpack it and read the file in it"
_SAVE = "save the network as BIF, NET, XDSL or XMLBIF"
_MAGIC = (
    (rb"PK[\x03\x05]", Kind("", "a zip archive", _UNPACK)),
    (rb"BZh[1-9]", Kind("", "compressed with bzip2", _UNPACK)),
    (rb"\xfd7zXZ\0", Kind("", "compressed with xz", _UNPACK)),
    (rb"\x28\xb5\x2f\xfd", Kind("", "compressed with zstd", _UNPACK)),
    (rb"7z\xbc\xaf", Kind("", "a 7z archive", _UNPACK)),
    (rb"RD[XA][23]\n|[XAB]\n\0\0\0[\x02\x03]", Kind("rdata", "data of R")),
    (rb"\x80[\x02-\x05]", Kind("", "a Python pickle", "load it with the library that wrote it")),
    (rb"%PDF-", Kind("", "a PDF document")),
    (rb"\x89PNG|GIF8|\xff\xd8\xff", Kind("", "a picture")),
    (rb"SQLite format 3\0", Kind("", "an SQLite database")),
    (rb"\x89HDF", Kind("", "an HDF5 file")),
    (rb"\xd0\xcf\x11\xe0", Kind("", "an older Office or Hugin document", _SAVE)),
    (rb"\x7fELF|MZ", Kind("", "a program")),
)
_ROOTS = {  # of XML, in lower case
    "bif": Kind("xmlbif", "an XMLBIF network"),
    "smile": Kind("xdsl", "a GeNIe network"),
    "html": Kind("", "a web page", "save the file itself instead of the page that shows it"),
    "probmodelxml": Kind("", "a ProbModelXML network", _SAVE),
    "pmml": Kind("", "a PMML model", _SAVE),
    "analysisnotebook": Kind("", "an MSBN XBN network", _SAVE),
}
_COMMENTS = r"(?:\s++|//[^\n]*+\n|%[^\n]*+\n|/\*(?:[^*]++|\*(?!/))*+\*/)*+"
_BEGINNINGS = (  # of text that is not XML
    (r"(?:#[^\n]*+\n|\s)*+format\s*+=", Kind("toml", "a model file")),
    (_COMMENTS + r"(?:network\b(?!\s*+=)|variable\s[^={}]*+\{|probability\s*+\()", Kind("bif", "a BIF network")),
    (_COMMENTS + r"(?:net\s*+\{|class\s[^={}]*+\{|(?:discrete\s++)?node\s[^={}]*+\{)", Kind("net", "a Hugin network")),
    (r"(?:#[^\n]*+\n|\s)*+BAYES\s++\d", Kind("uai", "a UAI network")),
    (
        r"(?:#[^\n]*+\n|\s)*+MARKOV\s++\d",
        Kind("uai", "an undirected UAI network", "only directed ones, which begin with BAYES, are read"),
    ),
    (r"//\s*+~->\[DNET|" + _COMMENTS + r"bnet\s[^={}]*+\{", Kind("", "a Netica network", _SAVE)),
    (_COMMENTS + r"net\s++\w++\s*+\{", Kind("", "a GeNIe DSL network", _SAVE)),
    (_COMMENTS + r"belief\s++network\b", Kind("", "a Microsoft DSC network", _SAVE)),
    (r"\s*+(?:\{|\[\s*+[\[{\"\d])", Kind("", "JSON", "a network of this library is written in TOML")),
)
_XML = re.compile(
    r"\s*+(?:<\?(?:[^?]++|\?(?!>))*+\?>\s*+|<!--(?:[^-]++|-(?!->))*+-->\s*+"
    r"|<!DOCTYPE[^\[>]*+(?:\[(?:[^\]]++|\](?!\s*+>))*+\]\s*+)?>\s*+)*+<(?:[\w.-]++:)?([\w.-]++)"
)


def read_bytes(path: str | os.PathLike[str], most: int = MOST_BYTES) -> bytes:
    """The content of a regular file, unpacked if it is gzipped; raises ModelFileError if there is none.

    Neither what is read nor what it unpacks to may pass `most` bytes. Pipes and devices are refused, as they may never
    end.
    """
    if not isinstance(path, (str, os.PathLike)) or isinstance(os.fspath(path), bytes):
        raise ModelFileError(f"a path (text or pathlib.Path) is needed, not {type(path).__name__}")
    file = Path(path)
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                raise ModelFileError(_directory(file))
            if not stat.S_ISREG(status.st_mode):
                raise ModelFileError(f"{file} is not a file but a pipe or device; save its content in a file first")
            data = _bounded(stream, most) if status.st_size <= most else b""
    except (OSError, ValueError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(_unreadable(file, error)) from None
    size = max(status.st_size, len(data))
    if size > most:
        held = f"{status.st_size:,}" if status.st_size > most else "more"
        raise ModelFileError(f"{file} has {held} bytes; a file of more than {most:,} bytes is not read")
    return _gunzipped(data, str(file), most) if data.startswith(b"\x1f\x8b") else data


def _bounded(stream: BinaryIO, most: int) -> bytes:
    """At most one byte more than `most`, read in pieces, as a file can be longer than it says."""
    pieces, room = [], most + 1
    while room > 0 and (piece := stream.read(min(room, _PIECE))):
        pieces.append(piece)
        room -= len(piece)
    return b"".join(pieces)


def _gunzipped(data: bytes, origin: str, most: int) -> bytes:
    """The parts of a gzip file one after the other; zeros may follow them."""
    parts, room = [], most
    while data:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            part = unpacker.decompress(data, room + 1)
        except zlib.error as error:
            raise ModelFileError(f"{origin} is compressed with gzip, and damaged: {error}") from None
        if len(part) > room:
            raise ModelFileError(f"{origin} unpacks to more than {most:,} bytes, which are not read")
        if not unpacker.eof:
            raise ModelFileError(f"{origin} is compressed with gzip, and cut short")
        parts.append(part)
        room -= len(part)
        data = unpacker.unused_data.lstrip(b"\0")
    return b"".join(parts)


def kind_of(content: bytes | str) -> Kind | None:
    """What a file or text holds, as its beginning shows; None if that shows nothing.

    >>> kind_of(b"%PDF-1.4"), kind_of("BAYES 1 2 ...").form
    (Kind(form='', what='a PDF document', remedy=''), 'uai')
    """
    if isinstance(content, bytes):
        for magic, kind in _MAGIC:
            if re.match(magic, content, re.DOTALL):
                return kind
        bom = next((name for bom, name in _BOMS if content.startswith(bom)), None)
        wide = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be" if content[:1] == b"\0" else "latin-1"
        content = content[: _LOOKED_AT // 4 * 4].decode(bom or wide, "replace")
    text = content[:_LOOKED_AT].removeprefix("\ufeff")
    if element := _XML.match(text):
        other = Kind("", f"XML whose outermost element is <{element[1][:40]}>", _SAVE)
        return _ROOTS.get(element[1].lower(), other)
    return next((kind for beginning, kind in _BEGINNINGS if re.match(beginning, text)), None)


def decoded(data: bytes, origin: str, encoding: str | None = None) -> str:
    """The text in the encoding that is given, else that of a byte order mark, else UTF-8; raises ModelFileError.

    The message names an encoding in which the text can be read, if there is one.
    """
    name = encoding or next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")
    try:
        return data.decode(name).removeprefix("\ufeff")
    except (LookupError, TypeError):
        raise ModelFileError(f"{shown(encoding)} is not an encoding of text; windows-1252 and utf-16 are") from None
    except UnicodeError as error:
        raise ModelFileError(_undecoded(data, origin, name, error)) from None
    except ValueError as error:
        raise ModelFileError(f"{shown(encoding)} is not an encoding of text: {error}") from None


def readable_as(data: bytes) -> str | None:
    """An encoding other than UTF-8 in which these bytes may be text: a guess, for a message."""
    zeros = data[:_LOOKED_AT].count(0)
    if zeros > len(data[:_LOOKED_AT]) // 4:
        candidates: tuple[str, ...] = ("utf-16-le", "utf-16-be") if data[1:2] == b"\0" else ("utf-16-be", "utf-16-le")
    else:
        candidates = () if zeros else _TRIED
    for name in candidates:
        try:
            data.decode(name)
        except UnicodeError:
            continue
        return name
    return None


def _undecoded(data: bytes, origin: str, name: str, error: UnicodeError) -> str:
    where = ""
    if isinstance(error, UnicodeDecodeError) and error.start < len(data):
        line = data.count(b"\n", 0, error.start) + 1
        where = f": byte 0x{data[error.start]:02x} at position {error.start} (line {line})"
    written = "UTF-8" if name == "utf-8" else name
    other = readable_as(data)
    advice = f'read it with encoding="{other}" or whatever it is in, ' if other else ""
    return f"{origin} is not {written} text{where}; {advice}{'or ' * bool(other)}save it as UTF-8"


def _directory(file: Path) -> str:
    return f"{file} is a directory, not a model file{_neighbours(file)}"


def _unreadable(file: Path, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no file {file}{_neighbours(file.parent, file.name)}"
    if os.path.isdir(file):  # unlike Path.is_dir, never raises
        return _directory(file)
    return f"{shown(str(file))} cannot be read: {getattr(error, 'strerror', None) or error}"


def _neighbours(folder: Path, name: str = "") -> str:
    """The models in a folder, the nearest to a name if there is one."""
    endings = {".toml", Path(name.removesuffix(".gz")).suffix.lower()} - {""}
    if not os.path.isdir(folder):
        return ""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in islice(entries, _MOST_NEIGHBOURS))
    there = [name for name in names if Path(name.removesuffix(".gz")).suffix.lower() in endings]
    return f"; {suggest(name, there)}" if there else ""
