"""Processes killed at any moment: what they kept is whole, nothing is left behind, and the next process works."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from spasmnet.kernels import native
from tests.soak.report import Report

ROOT = Path(__file__).parent.parent.parent
WRITING = """
import sys, itertools
from spasmnet import load
from spasmnet.cli.answers_file import write_answers
network = load()
print("ready", flush=True)
for i in itertools.count():
    write_answers(sys.argv[1], network, [("spasm", "painful"), ("trauma", None)] * (1 + i % 400))
"""
KEEPING = """
import os, sys
from spasmnet.kernels import cache
code = open(sys.argv[1], "rb").read()
print("ready", flush=True)
while True:
    cache.write("kernels.bin", code)
"""
COMPILING = """
from spasmnet.kernels import cache, compiling, native
print("ready", flush=True)
while True:
    cache.write("kernels.bin", native.packed(*compiling.compile_all(["mark", "encode_cells"])))
"""
WORKING = """
from spasmnet.kernels import cache, native
found = [native.unpacked(content) for content in cache.read("kernels.bin")]
print(len(found), all(found) and all(set(symbols) for symbols, _ in found))
"""


def run(seconds: float, seed: int) -> Report:
    """Kill writers of answers, of kernels, and compilers, in turns, until the time is over."""
    report = Report("kills")
    end = time.monotonic() + seconds
    chance = random.Random(seed)
    native.kernels()
    with tempfile.TemporaryDirectory() as folder:
        for number in count():
            begin = time.monotonic()
            kind = ("answers", "cache", "answers", "cache", "compiling")[number % 5]
            error = {"answers": _answers, "cache": _cache, "compiling": _compiling}[kind](Path(folder), chance)
            report.add(time.monotonic() - begin, error and f"seed {seed}, kill {number}, {kind}: {error}")
            report.note(kind)
            if time.monotonic() >= end:
                break
    return report


def _killed(code: str, arguments: list[str], folder: Path, chance: random.Random, most: float) -> None:
    """Start a process and kill it and its children some time after it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=_environment(folder), stdout=subprocess.PIPE,
        start_new_session=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(chance.uniform(0, most))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "SPASMNET_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(ROOT)}


def _answers(folder: Path, chance: random.Random) -> str | None:
    """The file is whole JSON, private, and after the next write alone."""
    from spasmnet import load
    from spasmnet.cli.answers_file import write_answers

    place = folder / "answers"
    place.mkdir(exist_ok=True)
    file = place / "answers.json"
    _killed(WRITING, [str(file)], folder, chance, 0.3)
    if file.exists():
        content = json.loads(file.read_bytes())
        if content["format"] != "spasmnet-answers" or file.stat().st_mode & 0o077:
            return "the file is not what was written"
    if any(path.stat().st_mode & 0o077 for path in place.iterdir()):
        return "others can read findings"
    write_answers(file, load(), [])
    left = [path.name for path in place.iterdir() if path != file and path.stat().st_size]
    return f"left behind: {left}" if left else None


def _cache(folder: Path, chance: random.Random) -> str | None:
    """What is kept is whole."""
    code = folder / "code"
    if not code.exists():
        code.write_bytes(native.packed({"f": ["f", "i8"]}, [os.urandom(400_000)]))
    _killed(KEEPING, [str(code)], folder, chance, 0.2)
    return _kept(folder)


def _compiling(folder: Path, chance: random.Random) -> str | None:
    _killed(COMPILING, [], folder, chance, 6.0)
    return _kept(folder)


def _kept(folder: Path) -> str | None:
    done = subprocess.run(
        [sys.executable, "-c", WORKING], env=_environment(folder), capture_output=True, text=True, cwd=ROOT
    )
    return None if done.stdout in ("1 True\n", "0 True\n") else f"{done.stdout}{done.stderr}"
