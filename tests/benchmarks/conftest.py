"""Benchmarks: they print what they find in one table, assert nothing about time, and run only when asked for by path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from tests.benchmarks import report
from tests.benchmarks.report import Row

HERE = Path(__file__).parent
ROWS = pytest.StashKey[list[Row]]()
Add = Callable[[Row], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """--table FILE."""
    parser.addoption("--table", type=Path, metavar="FILE", help="write the table to FILE, into its marked block if any")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the benchmarks out of a run that did not name them."""
    named = [(config.invocation_params.dir / argument.split("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(HERE) for path in named) else True


def pytest_configure(config: pytest.Config) -> None:
    """Start with no rows, and with our table in place of pytest-benchmark's."""
    config.stash[ROWS] = []
    config.option.benchmark_quiet = True


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table, and write it where --table says."""
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("benchmarks")
    terminalreporter.line(report.circumstances())
    terminalreporter.line("")
    terminalreporter.line(report.markdown(rows))
    if path := config.getoption("--table"):
        report.write(path, rows)
        terminalreporter.line(f"\nwritten to {path}")


@pytest.fixture(scope="session")
def add(pytestconfig: pytest.Config) -> Add:
    """Adds a row to the table."""
    return pytestconfig.stash[ROWS].append


class Race:
    """Times us and a peer in turns, so that what else the machine does hits both; the figures are medians a case."""

    def __init__(self, benchmark: Any) -> None:
        self._benchmark = benchmark

    def __call__(
        self,
        ours: Callable[[], object],
        peer: Callable[[], object],
        *,
        rounds: int,
        cases: int = 1,
        peer_cases: int = 0,
        warm: bool = False,
    ) -> tuple[float, float]:
        """Seconds a case for us and for the peer.

        `cases` says how many one call answers; `warm` runs ours untimed before each round, after the peer has used the
        processor's caches.
        """
        spent: list[float] = []

        def the_peers_turn() -> None:
            start = perf_counter()
            peer()
            spent.append(perf_counter() - start)
            if warm:
                ours()

        self._benchmark.pedantic(ours, setup=the_peers_turn, rounds=rounds, iterations=1, warmup_rounds=1)
        mine, theirs = self._benchmark.stats.stats.median / cases, median(spent[1:]) / (peer_cases or cases)
        self._benchmark.extra_info.update(seconds_a_case=mine, peer_seconds_a_case=theirs)
        return mine, theirs


@pytest.fixture
def race(benchmark: Any) -> Race:
    """Times us and a peer in turns."""
    return Race(benchmark)


def timed(work: Callable[[], object], rounds: int) -> float:
    """The median seconds of some rounds of work."""
    spent = []
    for _ in range(rounds):
        start = perf_counter()
        work()
        spent.append(perf_counter() - start)
    return median(spent)


def interleaved(works: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """The medians of what each returns, called in turns."""
    found = [[work() for work in works] for _ in range(rounds)]
    return [median(column) for column in zip(*found, strict=True)]
