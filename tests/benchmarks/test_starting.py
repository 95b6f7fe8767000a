"""Starting: compiling the shipped network, importing, and a whole fresh process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import spasmnet
from tests.benchmarks.conftest import Add, Race, interleaved
from tests.benchmarks.peers import Agrum, agrum
from tests.benchmarks.report import Row

ROOT = Path(__file__).parents[2]
ROUNDS = 9
SHIPPED = "muscle_spasm"
FIRST = """
import spasmnet
engine = spasmnet.compile(spasmnet.load())
engine.posterior({"trauma": "present"})["dehydration"]["none"]
"""
PEERS_FIRST = """
import sys, pyagrum
inference = pyagrum.LazyPropagation(pyagrum.loadBN(sys.argv[1]))
inference.setEvidence({"trauma": "present"})
inference.makeInference()
inference.posterior("dehydration")
"""


def test_compile_shipped(race: Race, add: Add) -> None:
    """Compiling the shipped network in a warm process."""
    network = spasmnet.load(SHIPPED)
    peer = Agrum(network)
    found = race(lambda: spasmnet.compile(network), peer.prepare, rounds=15, warm=True)
    what = "compile (peer: junction tree and first messages)"
    add(Row(what, SHIPPED, *found, peer.name, most_asked=0.05))


def test_import(benchmark: Any, add: Add) -> None:
    """`import spasmnet` beside `import numpy`, each in fresh processes, timed from within."""

    def importing(module: str) -> Callable[[], float]:
        code = f"from time import perf_counter; start = perf_counter(); import {module}; print(perf_counter() - start)"
        return lambda: float(_python(code))

    works = [importing("spasmnet"), importing("numpy")]
    interleaved(works, 1)
    mine, numpys = benchmark.pedantic(interleaved, (works, ROUNDS), rounds=1, iterations=1)
    add(Row("import, fresh process (at most twice numpy's time)", "", mine, numpys, "numpy", ratio_asked=0.5))


def test_first_posterior(benchmark: Any, tmp_path: Path, add: Add) -> None:
    """A fresh process from its start to its end: import, load, compile, one posterior; machine code cached."""
    model = tmp_path / "model.bifxml"
    agrum().saveBN(Agrum(spasmnet.load(SHIPPED)).model, str(model))

    def process(code: str, *arguments: str) -> Callable[[], float]:
        def run() -> float:
            start = perf_counter()
            _python(code, *arguments)
            return perf_counter() - start

        return run

    works = [process(FIRST), process(PEERS_FIRST, str(model))]
    interleaved(works, 1)
    mine, theirs = benchmark.pedantic(interleaved, (works, ROUNDS), rounds=1, iterations=1)
    add(Row("fresh process to the first posterior", SHIPPED, mine, theirs, "pyAgrum", most_asked=0.7))


def _python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
