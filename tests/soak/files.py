"""Mutated files of every text format: only errors of the library's own, none slow, none that takes much memory.

`run` is deterministic for its seed: the same mutants in the same order, however many fit into the time.
"""

from __future__ import annotations

import gzip
import random
import re
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import spasmnet
from spasmnet.errors import SpasmnetError
from tests import test_interop as examples
from tests.soak.report import Report

_WORD = re.compile(r"[\w.]+|[^\w\s]")
SLOWEST = 1.0  # seconds of this thread for one file
MOST_MEMORY = 500 * 2**20
SHORT = 8000  # characters of a message
TOML = """format = "spasmnet-model"
format_version = 1
[model]
name = "small"
version = "1.0"
title = "Small"
description = "Small."
population = "adults"
window = "now"
intended_use = "None."
license = "MIT"
[sources.guess]
kind = "assumption"
title = "A guess"
note = "Guessed."
[variables.rain]
label = "Rain"
description = "It rains."
role = "cause"
states = [{ name = "no", label = "No" }, { name = "yes", label = "Yes" }]
[variables.rain.cpd]
type = "table"
[[variables.rain.cpd.rows]]
p.yes = { value = 0.2, low = 0.1, high = 0.3, source = "guess" }
[variables.wet]
label = "Wet"
description = "It is wet."
role = "finding"
question = "Wet?"
states = [{ name = "no", label = "No" }, { name = "yes", label = "Yes" }]
[variables.wet.parents]
rain = { basis = "literature", source = "guess", where = "nowhere" }
[variables.wet.cpd]
type = "noisy_or"
leak.yes = { value = 0.1, low = 0.05, high = 0.2, source = "guess" }
[variables.wet.cpd.links]
rain.yes.yes = { value = 0.8, low = 0.6, high = 0.9, source = "guess" }
"""
TEXTS = {
    "bif": examples.BIF,
    "net": examples.NET,
    "uai": examples.UAI,
    "xml": examples.XMLBIF,
    "xdsl": examples.XDSL,
    "toml": TOML,
}
PIECES = (
    *'\x00\x01\x0b\x1f\x7f\x85\xa0\ufeff\ufffe\u2028 \t\n\r"\'\\/*%#;:,.|=(){}[]<>&!-+_0123456789eExX',
    "/*", "*/", "//", "/* " * 2000, '"' * 999, "{" * 5000, "}" * 99, "(" * 5000, ")" * 99, "[" * 3000, ";" * 5000,
    ", " * 3000, "a." * 3000, "<a>" * 3000, "<!--", "-->", "<![CDATA[", "]]>", "<!DOCTYPE a [", '<!ENTITY a "b">',
    "&a;", "&#0;", "&#xD800;", "9" * 400, "9" * 5000, "0x" + "f" * 8000, "1" + "_0" * 3000, "0." + "1" * 5000,
    "1e999", "-1e999", "1e-999", "nan", "inf", "-0.0", "1e308", "1e308 1e308", "999999999", "4294967296", "-1",
    "16777216", "BAYES", "MARKOV", "network", "variable", "probability", "property", "type discrete", "default",
    "table", "node", "potential", "class A {", "net", "data", "states", "experience = (1);", "utility", "decision",
    "x" * 20000, "é" * 3000, "\U0001f9b5", "true", "2001-01-01", '""', "[[", "]]", "'''", '"""', "format = 1",
)  # fmt: skip


def mutants(seed: int) -> Iterator[tuple[str, bytes]]:
    """Endings and contents of files: a good one in which a few things were changed at random."""
    random_ = random.Random(seed)
    names = sorted(TEXTS)
    while True:
        ending = random_.choice(names)
        text = TEXTS[ending]
        if random_.random() < 0.05:
            text = TEXTS[random_.choice(names)]
        for _ in range(random_.choice((1, 1, 1, 2, 3, 8))):
            text = _changed(text, random_)
        content = text.encode(random_.choice(("utf-8",) * 9 + ("utf-16", "windows-1252")), "replace")
        if random_.random() < 0.05:
            content = gzip.compress(content, 1)
        if random_.random() < 0.1 and content:
            position = random_.randrange(len(content))
            content = content[:position] + bytes([random_.randrange(256)]) + content[position + 1 :]
        yield random_.choice((ending, ending, ending, ending + ".gz", "dat")), content


def _changed(text: str, random_: random.Random) -> str:
    """The text with one change: mostly a small one, so that much of the file is still read."""
    if random_.random() < 0.6:
        return _slightly(text, random_)
    one, other = sorted(random_.randrange(len(text) + 1) for _ in range(2))
    kind = random_.randrange(5)
    if kind == 0:
        return text[:one]
    if kind == 1:
        return text[:one] + text[min(other, one + 40) :]
    if kind == 2:
        return text[:other] + text[one : min(other, one + 200)] * random_.choice((1, 2, 300)) + text[other:]
    if kind == 3:
        lines = text.split("\n")
        random_.shuffle(lines)
        return "\n".join(lines)
    end = one + random_.choice((0, 0, 1, 5))
    return text[:one] + random_.choice(PIECES) + text[end:]


def _slightly(text: str, random_: random.Random) -> str:
    """One word or number of the text doubled, left out, or another of the text, a digit or a piece in its place."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = random_.choice(words)
    digits = [found for found in words if found[0][0] in "0123456789."]
    if digits and random_.random() < 0.5:
        word = random_.choice(digits)
    instead = random_.choice(
        (word[0] * 2, "", random_.choice(words)[0], str(random_.randrange(12)), f"{word[0]} {word[0]}",
         f"0.{random_.randrange(1000)}", random_.choice(PIECES)),
    )  # fmt: skip
    return text[: word.start()] + instead + text[word.end() :]


def run(seconds: float, seed: int = 0, measured: int = 20) -> Report:
    """Read mutants for so many seconds; of one in `measured` the memory is measured instead of the time."""
    report, until = Report("files"), time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        for number, (ending, content) in enumerate(mutants(seed)):
            if time.monotonic() > until:
                break
            path = Path(folder, f"a.{ending}")
            path.write_bytes(content)
            which = f"seed {seed}, mutant {number} (.{ending})"
            _read(path, report, which, memory=number % measured == 0)
            path.unlink()
    return report


def _read(path: Path, report: Report, which: str, *, memory: bool) -> None:
    """Read one file and note what came of it."""
    fault, took = None, 0.0
    if memory:
        tracemalloc.start()
    before = time.thread_time()
    try:
        spasmnet.read(path)
        report.note("read")
    except SpasmnetError as error:
        report.note(type(error).__name__)
        if len(str(error)) > SHORT:
            fault = f"a message of {len(str(error)):,} characters"
    except Exception as error:
        fault = f"{type(error).__name__}: {str(error)[:200]}"
    if memory:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        report.notes["most MB"] = max(report.notes.get("most MB", 0.0), round(most / 2**20, 1))
        if most > MOST_MEMORY:
            fault = fault or f"{most / 2**20:.0f} MB"
    else:
        took = time.thread_time() - before
        if took > SLOWEST:
            fault = fault or f"{took:.1f} s"
    report.add(took, f"{which}: {fault}" if fault else None)


if __name__ == "__main__":
    import sys

    print(run(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
