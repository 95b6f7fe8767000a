"""The soak run: every part for its share of some minutes, with a new seed each time.

python -m tests.soak MINUTES [--seed N] [--only networks|files|interruptions|threads|kills]

A part is a module of this folder with run(seconds, seed) -> Report. The seed is printed, so that a run can be had
again; the exit code is 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import importlib
import secrets
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))  # as a script, not only as a module

from tests.soak.report import Report  # noqa: E402

PARTS = ("networks", "files", "interruptions", "threads", "kills")


def run(part: str, seconds: float, seed: int) -> Report:
    """One part; what it raises is something wrong, too."""
    try:
        report: Report = importlib.import_module(f"tests.soak.{part}").run(seconds, seed)
    except Exception:
        report = Report(part)
        report.add(error=traceback.format_exc(limit=-8, chain=False))
    return report


def main(arguments: list[str] | None = None) -> int:
    """Run the parts one after another and print what each found."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("minutes", type=float, help="for all parts together")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one")
    parser.add_argument("--only", choices=PARTS, action="append", help="may be repeated")
    options = parser.parse_args(arguments)
    seed = secrets.randbits(32) if options.seed is None else options.seed
    parts = options.only or [part for part in PARTS if (Path(__file__).parent / f"{part}.py").exists()]
    print(f"seed {seed}: {', '.join(parts)}, {options.minutes:g} minutes", flush=True)
    wrong = 0
    for part in parts:
        begin = time.monotonic()
        report = run(part, options.minutes * 60 / len(parts), seed)
        print(f"{report}\n  in {time.monotonic() - begin:.0f} s", flush=True)
        wrong += report.wrong
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
