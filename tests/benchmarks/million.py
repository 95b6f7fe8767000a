"""A process of its own that answers a large table and prints its time and its peak memory as JSON.

python -m tests.benchmarks.million CODES.npy object|str|category "all columns"|"causes not observed"
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

import spasmnet
from tests.benchmarks import cases

SHIPPED = "muscle_spasm"


def peak() -> float:
    """The most memory this process has had, in MiB."""
    try:  # ru_maxrss would do, but on Linux it starts from what the parent process had when it started this one
        found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    except OSError:
        found = None
    if found:
        return int(found[1]) / 2**10
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


def main(path: str, cells: cases.Cells, observed: str) -> None:
    """Answer the table once."""
    network = spasmnet.load(SHIPPED)
    targets = [variable.name for variable in network.variables if variable.role in ("cause", "serious")]
    frame = cases.frame(network, np.load(path), cells)
    if observed == "causes not observed":
        frame = frame.drop(columns=[variable.name for variable in network.variables if variable.role == "cause"])
    engine = spasmnet.compile(network)
    engine.posteriors(frame.head(2000), targets[:1])  # machine code loaded, nothing kept that the table could use
    before, start = peak(), perf_counter()
    result = engine.posteriors(frame, targets)
    print(json.dumps({"seconds": perf_counter() - start, "before": before, "peak": peak(), "rows": len(result)}))


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]
