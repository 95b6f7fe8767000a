"""What the benchmarks found, as one markdown table."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

BLOCK = re.compile(r"<!-- table -->.*?<!-- end of table -->", re.DOTALL)
HEAD = ("what", "network", "spasmnet", "peer", "ratio", "asked")
DURATIONS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


@dataclass(frozen=True)
class Row:
    """One finding: `ours` and `peers` in seconds, or in `unit`; what was asked is a smallest ratio or a largest value."""

    what: str
    network: str
    ours: float | None
    peers: float | None = None
    peer: str = ""
    unit: str = "s"
    ratio_asked: float | None = None
    most_asked: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as long (or as much) the peer takes."""
        return self.peers / self.ours if self.ours and self.peers is not None else None

    @property
    def met(self) -> bool:
        """Whether the finding is as good as was asked."""
        enough = self.ratio_asked is None or (self.ratio is not None and self.ratio >= self.ratio_asked)
        return enough and (self.most_asked is None or (self.ours is not None and self.ours <= self.most_asked))

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        ours = (
            self.note
            if self.ours is None
            else quantity(self.ours, self.unit) + (f" ({self.note})" if self.note else "")
        )
        peers = "" if self.peers is None else quantity(self.peers, self.unit)
        asked = [f"≥ {self.ratio_asked:,g}x"] if self.ratio_asked is not None else []
        asked += [f"≤ {quantity(self.most_asked, self.unit)}"] if self.most_asked is not None else []
        verdict = ", ".join(asked) + ("" if self.met else " **not met**")
        ratio = "" if self.ratio is None or self.unit not in ("s", "MiB") else times(self.ratio)
        return self.what, self.network, ours, f"{peers} {self.peer}".strip(), ratio, verdict


def quantity(value: float, unit: str = "s") -> str:
    """A value with three digits and a fitting unit.

    >>> quantity(0.00123), quantity(1843.2, "MiB"), quantity(3e-16, "")
    ('1.23 ms', '1,843 MiB', '3.0e-16')
    """
    if unit == "s":
        size, unit = next((d for d in DURATIONS if value >= d[0]), DURATIONS[-1])
        return f"{value / size:.3g} {unit}" if value < 1000 else f"{value:,.0f} s"
    return f"{value:,.0f} {unit}" if unit else f"{value:.1e}"


def times(ratio: float) -> str:
    """A ratio for people.

    >>> times(1234.6), times(0.4312)
    ('1,235x', '0.43x')
    """
    return f"{ratio:,.0f}x" if ratio >= 100 else f"{ratio:.3g}x" if ratio >= 1 else f"{ratio:.2f}x"


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a markdown table that is also readable as it stands."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([text[0], rule, *text[1:]])


def circumstances() -> str:
    """The machine, the day and the versions that the figures hold for."""
    versions = [f"python {platform.python_version()}"]
    versions += [f"{name} {version(name)}" for name in ("numpy", "pandas", "numba", "pyAgrum", "pgmpy")]
    return f"{_processor()}, {_cores()} cores, {sys.platform}, {date.today().isoformat()}; {', '.join(versions)}."


def write(path: Path, rows: Sequence[Row]) -> None:
    """Put the table into a file: in place of the marked block if it has one, else as the whole file."""
    block = f"<!-- table -->\n{circumstances()}\n\n{markdown(rows)}\n<!-- end of table -->"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = BLOCK.search(text)
    path.write_text(text[: found.start()] + block + text[found.end() :] if found else block + "\n", encoding="utf-8")


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"model name\s*:\s*(.+)", info)
    return found[1].strip() if found else platform.machine()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
