"""What people wait for: a click in the explorer until it is painted, its page, the command, the picture of a network.

The browser does its own timing: from the click until the frame that shows it has been handed to the screen.
"""

from __future__ import annotations

import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from statistics import median
from typing import Any

import pytest

import spasmnet
from spasmnet.explorer.page import write_explorer
from spasmnet.explorer.parts import read, script
from tests import classic
from tests.benchmarks.conftest import Add, timed
from tests.benchmarks.report import Row
from tests.test_explorer import HOST

SHIPPED = "muscle_spasm"
PAINT = """() => new Promise((done) => new PerformanceObserver((list) => {
  list.getEntriesByName("first-contentful-paint").forEach((entry) => done(entry.startTime));
}).observe({ type: "paint", buffered: true }))"""
CLICKS = """async () => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(0);
  }));
  const states = [...document.querySelectorAll(".state")], found = [];
  await painted();
  for (let i = 0; i < 100; i++) {
    const button = states[(i * 37) % states.length], start = performance.now();
    button.click();
    await painted();
    found.push(performance.now() - start);
    if (i % 5 === 4) [...document.querySelectorAll("button.plain")].find((e) => e.textContent.startsWith("Clear all")).click();
    await painted();
  }
  return found;
}"""


@pytest.fixture(scope="module")
def engine() -> spasmnet.Engine:
    """The shipped network."""
    return spasmnet.compile(spasmnet.load(SHIPPED))


def test_the_page(engine: spasmnet.Engine, browser: Any, tmp_path: Path, add: Add) -> None:
    """The page's size, its first paint from disk, and a click until beliefs are painted."""
    place = write_explorer(engine, tmp_path / "page.html")
    add(Row("explorer page: size", SHIPPED, place.stat().st_size / 1000, unit="kB", most_asked=1000))
    paints = []
    for _ in range(5):
        page = browser.new_page()
        page.goto(place.as_uri())
        page.wait_for_selector(".card")
        paints.append(page.evaluate(PAINT))
        clicks = page.evaluate(CLICKS)
        page.close()
    add(Row("explorer page: first paint, from disk", SHIPPED, median(paints) / 1000, most_asked=1.0))
    add(_clicks("explorer page", clicks))


@pytest.mark.parametrize("name", ["alarm", "hepar2", "win95pts", "andes", "pathfinder", "pigs"])
def test_other_networks(name: str, browser: Any, tmp_path: Path, add: Add) -> None:
    """Pages of networks with up to 441 variables, and with up to 98 thousand numbers."""
    page = browser.new_page()
    page.goto(write_explorer(classic.load(name), tmp_path / "page.html").as_uri())
    page.wait_for_selector(".card")
    add(_clicks("explorer page", page.evaluate(CLICKS), name))
    page.close()


def test_the_widget(engine: spasmnet.Engine, browser: Any, add: Add) -> None:
    """A click until beliefs are painted, in a page that stands in for the notebook."""
    widget = spasmnet.explore(engine)
    page = browser.new_page()
    code, content = script("widget.js"), b64encode(widget._content).decode()
    page.evaluate(HOST, [code, read("explorer.css"), content, {}])
    add(_clicks("widget", page.evaluate(CLICKS)))
    page.close()


def _clicks(where: str, found: list[float], network: str = SHIPPED) -> Row:
    slowest = f"slowest of {len(found)}: {max(found):.0f} ms"
    return Row(f"{where}: click until painted", network, median(found) / 1000, most_asked=0.05, note=slowest)


def test_the_command(tmp_path: Path, add: Add) -> None:
    """`spasmnet explorer` in a fresh process."""
    run = [sys.executable, "-m", "spasmnet", "explorer", "-o", str(tmp_path / "page.html")]
    time = timed(lambda: subprocess.run(run, check=True, capture_output=True), 7)
    add(Row("spasmnet explorer, fresh process", SHIPPED, time, most_asked=2.0))


def test_the_picture(engine: spasmnet.Engine, add: Add) -> None:
    """The network as SVG, with and without belief bars."""
    network, post = engine.network, engine.posterior({"spasm": "painful"})
    add(Row("picture of the network", SHIPPED, timed(lambda: spasmnet.draw(network).svg, 9), most_asked=0.2))
    add(Row("picture with belief bars", SHIPPED, timed(lambda: spasmnet.draw(post).svg, 9), most_asked=0.2))
