"""What all test modules share: the same examples in every run, and a headless browser."""

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# Whether a test passes depends on neither luck nor the machine's speed. New examples belong to the soak run, and to
# python -m pytest --hypothesis-profile soak
CALM = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("tests", CALM, derandomize=True)
settings.register_profile("soak", CALM, derandomize=False, max_examples=1000)
settings.load_profile("tests")

SLOW = (
    "benchmarks", "test_asking", "test_bnlearn", "test_classic", "test_decision", "test_explorer", "test_files",
    "test_interruptions", "test_notebooks", "test_odd_arguments", "test_population", "test_site", "test_sobol",
    "test_soak", "test_twin", "test_uncertainty", "test_validation", "test_wheel", "test_writing",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels once, before the processes that share the tests begin."""
    if hasattr(config, "workerinput"):
        os.environ.pop("COLUMNS", None)  # what is printed is as wide as without a terminal
        return
    from spasmnet.kernels.native import kernels

    kernels()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long, and what drives a browser."""
    for item in items:
        if any(part in SLOW for part in item.path.with_suffix("").parts):
            item.add_marker("slow")
        if {"browser", "page", "calculator"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")


CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """Where Chromium is on this machine: SPASMNET_CHROMIUM, or the first one found on PATH."""
    return os.environ.get("SPASMNET_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)


@pytest.fixture(scope="module")  # not session: while playwright's loop runs, asyncio.run fails in every other test
def browser() -> Iterator[object]:
    """A headless Chromium (playwright's synchronous Browser), one for each test module that asks for it."""
    path = chromium()
    if path is None:
        pytest.skip(f"Chromium was not found: set SPASMNET_CHROMIUM or put one of {', '.join(CHROMIUMS)} on PATH")
    from playwright.sync_api import sync_playwright  # never skipped for want of it: it is in the test extra

    with sync_playwright() as tools:
        found = tools.chromium.launch(executable_path=path, args=list(FLAGS))
        yield found
        found.close()
