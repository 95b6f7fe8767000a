"""Tables of cases: a hundred thousand rows beside the peer's loop, and a million rows in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np
import pytest

import spasmnet
from tests import classic
from tests.benchmarks import cases
from tests.benchmarks.cases import Cells
from tests.benchmarks.conftest import Add, Race
from tests.benchmarks.peers import Agrum
from tests.benchmarks.report import Row

ROOT = Path(__file__).parents[2]
SHIPPED = "muscle_spasm"
ROWS, PEER_ROWS = 100_000, 300
MILLION = 1_000_000


@pytest.mark.parametrize("cells", ["object", "str", "category"])
@pytest.mark.parametrize("name", ["alarm", SHIPPED])
def test_all_posteriors(name: str, cells: Cells, race: Race, add: Add) -> None:
    """All posteriors of a table with 30 % of the cells empty, beside pyAgrum's loop over some of the rows."""
    network = spasmnet.load(name) if name == SHIPPED else classic.load(name)
    codes = cases.sample(network, ROWS, np.random.default_rng(4), empty=0.3)
    frame = cases.frame(network, codes, cells)
    engine, peer = spasmnet.compile(network), Agrum(network)
    encoded = peer.encode(cases.findings(network, codes[:PEER_ROWS]))
    peer.choose_threads(encoded[:20])
    found = race(
        lambda: engine.posteriors(frame),
        lambda: [peer.answer(case) for case in encoded],
        cases=ROWS, peer_cases=PEER_ROWS, rounds=5, warm=True,
    )  # fmt: skip
    add(Row(f"table, all posteriors, per case ({cells} cells)", name, *found, peer.name, ratio_asked=1000))


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state numbers of a million cases of the shipped network, 30 % of the cells empty."""
    path = tmp_path_factory.mktemp("million") / "codes.npy"
    np.save(path, cases.sample(spasmnet.load(SHIPPED), MILLION, np.random.default_rng(5), empty=0.3))
    return path


@pytest.mark.parametrize("observed", ["all columns", "causes not observed"])
@pytest.mark.parametrize("cells", ["object", "category"])
def test_million(cells: Cells, observed: str, million: Path, add: Add) -> None:
    """Causes and serious conditions for a million cases: seconds of engine.posteriors and peak memory of the process."""
    command = [sys.executable, "-m", "tests.benchmarks.million", str(million), cells, observed]
    runs = [
        json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    what = f"{MILLION:,} cases, causes and serious conditions, {observed} ({cells} cells)"
    add(Row(what, SHIPPED, median(run["seconds"] for run in runs), most_asked=5.0))
    peak, before = (median(run[key] for run in runs) for key in ("peak", "before"))
    note = f"{before:,.0f} MiB of it before the call"
    add(Row(f"{what}: peak memory", SHIPPED, peak, unit="MiB", most_asked=2048.0, note=note))
