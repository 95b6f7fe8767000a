"""One case, all posteriors, with everything warm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

import numpy as np
import pytest

import spasmnet
from spasmnet import CircuitTooLargeError, Engine, Network, Posterior
from tests import classic
from tests.benchmarks import cases
from tests.benchmarks.conftest import Add, Race, timed
from tests.benchmarks.peers import Agrum, Pgmpy
from tests.benchmarks.report import Row

SHIPPED = "muscle_spasm"
NAMED = ("alarm", "hepar2", "win95pts", SHIPPED)
SHARES = (0.1, 0.3)
DRAWS = 20


@cache
def network(name: str) -> Network:
    """A network of NAMED."""
    return spasmnet.load(name) if name == SHIPPED else classic.load(name)


def read_all(posterior: Posterior) -> dict[str, dict[str, float]]:
    """Every value of a result as plain data."""
    return {name: dict(posterior[name]) for name in posterior}


def ours(engine: Engine, drawn: list[dict[str, str]], read: bool) -> Callable[[], object]:
    """Answer every case, and perhaps read every value out."""
    if read:
        return lambda: [read_all(engine.posterior(case)) for case in drawn]
    return lambda: [engine.posterior(case) for case in drawn]


@pytest.mark.parametrize("read", [False, True], ids=["posterior", "read"])
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", NAMED)
def test_beside_pyagrum(name: str, share: float, read: bool, race: Race, add: Add) -> None:
    """engine.posterior beside LazyPropagation: set the evidence, propagate, fetch all posteriors."""
    drawn = cases.evidence(network(name), share, DRAWS, np.random.default_rng(1))
    peer = Agrum(network(name))
    encoded = peer.encode(drawn)
    peer.choose_threads(encoded)
    engine = spasmnet.compile(network(name))
    theirs = lambda: [peer.answer(case) for case in encoded]  # noqa: E731
    found = race(ours(engine, drawn, read), theirs, cases=DRAWS, rounds=7, warm=True)
    add(Row(_what(share, read), name, *found, peer.name, ratio_asked=100))


@pytest.mark.parametrize("read", [False, True], ids=["posterior", "read"])
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", NAMED)
def test_beside_pgmpy(name: str, share: float, read: bool, race: Race, add: Add) -> None:
    """engine.posterior beside VariableElimination over the unobserved variables."""
    drawn = cases.evidence(network(name), share, DRAWS, np.random.default_rng(1))
    peer = Pgmpy(network(name))
    engine = spasmnet.compile(network(name))
    few = drawn[:2]
    found = race(
        ours(engine, drawn, read),
        lambda: [peer.answer(case) for case in few],
        cases=DRAWS,
        peer_cases=2,
        rounds=3,
        warm=True,
    )
    add(Row(_what(share, read), name, *found, peer.name, ratio_asked=1000))


def _what(share: float, read: bool) -> str:
    return f"one case, {share:.0%} observed" + (", every value read" if read else "")


@pytest.fixture(scope="module")
def differences(add: Add) -> Iterator[dict[str, float]]:
    """Collects the largest difference from pyAgrum on each network; the worst becomes a row."""
    found: dict[str, float] = {}
    yield found
    if found:
        worst = max(found, key=found.__getitem__)
        what = "accuracy: largest difference of a posterior from pyAgrum's"
        add(Row(what, f"{len(found)} classic, worst {worst}", found[worst], unit="", most_asked=1e-9))


@pytest.mark.parametrize("name", classic.NAMES)
def test_classic(name: str, race: Race, add: Add, differences: dict[str, float]) -> None:
    """Every classic network: compiling, one case, and how far the two libraries are apart."""
    source = classic.load(name)
    small = name in classic.SMALL
    peer = Agrum(source)
    draws = 10 if small else 3
    drawn = cases.evidence(source, 0.3, draws, np.random.default_rng(2))
    encoded = peer.encode(drawn)
    peer.choose_threads(encoded[:3])
    try:
        engine = spasmnet.compile(source)
        for case in drawn:
            engine.posterior(case)
    except CircuitTooLargeError as error:
        theirs = race(lambda: None, lambda: [peer.answer(case) for case in encoded], cases=draws, rounds=2)[1]
        refused = f"refused: about {error.products:,} products"
        add(Row(f"one case, {0.3:.0%} observed", name, None, theirs, peer.name, note=refused))
        return
    found = race(
        ours(engine, drawn, False), lambda: [peer.answer(case) for case in encoded], cases=draws, rounds=3, warm=True
    )
    note = "slower" if found[0] > found[1] else ""
    add(Row(f"one case, {0.3:.0%} observed", name, *found, peer.name, note=note))
    # with few findings, or none, pyAgrum takes 18 s on munin3 and more memory than there is on link
    several: list[Mapping[str, str]] = [*drawn]
    if small:
        several += [{}, *cases.evidence(source, 0.1, draws, np.random.default_rng(3))]
    differences[name] = max(
        peer.difference(engine.posterior(case), code) for case, code in zip(several, peer.encode(several), strict=True)
    )
    del engine
    compiled = timed(lambda: spasmnet.compile(source), 5 if small else 1)
    prepared = timed(peer.prepare, 5) if small else None
    what = "compile (peer: junction tree and first messages)" if small else "compile"
    add(Row(what, name, compiled, prepared, peer.name if small else ""))
