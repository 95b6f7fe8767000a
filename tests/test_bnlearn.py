"""Networks of R's bnlearn, from files written byte by byte as R writes them."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import Network, read
from spasmnet.errors import FormatError, ModelError, SpasmnetError
from spasmnet.io.bnlearn import scan
from tests import rfiles

pytest.importorskip("rdata")

RAIN, SMOKE = ["none", "some", "much"], ["no", "yes"]
# P(wet | rain, hose) of the state (first axis), rain and hose: each column sums to 1
WET = np.array([[[0.9, 0.8], [0.5, 0.4], [0.1, 0.05]], [[0.1, 0.2], [0.5, 0.6], [0.9, 0.95]]])
NODES = {
    "rain": rfiles.node("rain", {"rain": RAIN}, [0.7, 0.2, 0.1]),
    "hose": rfiles.node("hose", {"": SMOKE}, [0.75, 0.25]),
    "wet": rfiles.node("wet", {"wet": SMOKE, "rain": RAIN, "hose": SMOKE}, WET),
}
GARDEN = rfiles.network(NODES)


def read_bytes(folder: Path, data: bytes, name: str = "garden.rda", **options: Any) -> Network:
    """The network in these bytes, through a file."""
    (folder / name).write_bytes(data)
    return read(folder / name, **options)


@pytest.mark.parametrize(
    "packed", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=["plain", "gzip", "bzip2", "xz"]
)
@pytest.mark.parametrize(
    ("name", "data"),
    [("garden.rda", rfiles.rda({"garden": GARDEN})), ("garden.RData", rfiles.rda({"x": rfiles.reals([1]), "garden": GARDEN})),
     ("garden.rds", rfiles.rds(GARDEN))],
    ids=["rda", "RData", "rds"],
)  # fmt: skip
def test_a_fitted_network_is_read(name: str, data: bytes, packed: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """Names, states and numbers of .rda, .RData and .rds, compressed as R does: R's first axis is the node's own."""
    network = read_bytes(tmp_path, packed(data), name)
    assert (network.name, network.names) == ("garden", ("rain", "hose", "wet"))
    assert network.by_name["rain"].states == tuple(RAIN)
    assert network.parents("wet") == ("rain", "hose")
    assert np.array_equal(network.cpds["wet"].table(), np.moveaxis(WET, 0, -1))
    assert network.cpds["hose"].table().tolist() == [0.75, 0.25]
    (source,) = network.sources.values()
    assert name in source.title


def test_rows_without_data_are_refused_or_even(tmp_path: Path) -> None:
    """A row that is all NaN was never seen: it is named with the remedy, which works and is noted."""
    unseen = WET.copy()
    unseen[:, 2, :] = np.nan
    data = rfiles.rda(
        {"g": rfiles.network(NODES | {"wet": rfiles.node("wet", {"wet": SMOKE, "rain": RAIN, "hose": SMOKE}, unseen)})}
    )
    with pytest.raises(ModelError) as caught:
        read_bytes(tmp_path, data)
    expected = "variables.wet.cpd: 2 of 6 rows have no numbers (NaN), the first given rain=much, hose=no"
    assert expected in str(caught.value) and 'unknown_rows="uniform" makes them even' in str(caught.value)
    network = read_bytes(tmp_path, data, unknown_rows="uniform")
    assert network.cpds["wet"].table()[2].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert network.cpds["wet"].table()[0].tolist() == [[0.9, 0.1], [0.8, 0.2]]
    assert any("2 of 6 rows have no numbers" in note for note in network.notes)
    unseen[0, 2, 0] = 0.5  # half a row is no row without data
    broken = rfiles.network(NODES | {"wet": rfiles.node("wet", {"wet": SMOKE, "rain": RAIN, "hose": SMOKE}, unseen)})
    with pytest.raises(ModelError, match=r"wet\.cpd: sums to nan"):
        read_bytes(tmp_path, rfiles.rda({"g": broken}), unknown_rows="uniform")


def test_latin_letters_are_read(tmp_path: Path) -> None:
    """Texts that R marks as Latin-1 are decoded as such."""
    nodes = {"a": rfiles.node("a", {"a": ["früh", "spät"]}, [0.5, 0.5], encoding="latin-1")}
    assert read_bytes(tmp_path, rfiles.rds(rfiles.network(nodes)), "a.rds").variables[0].states == ("früh", "spät")


STATES = {"wet": SMOKE, "rain": RAIN[::-1], "hose": SMOKE}
WRONG = {
    "gaussian": (rfiles.network(NODES | {"x": rfiles.named({"node": rfiles.strings(["x"])}, "bn.fit.gnode")}), "variables.x: is continuous (Gaussian)"),
    "mixed": (rfiles.network({"x": rfiles.named({}, "bn.fit.cgnode"), "y": rfiles.named({}, "bn.fit.gnode")}), "variables.y: is continuous"),
    "unknown node": (rfiles.network({"x": rfiles.named({}, "magic")}), "variables.x: is of the class magic, which is not read"),
    "parent is no node": (rfiles.network({k: v for k, v in NODES.items() if k != "rain"}), "variables.wet.cpd: its parent 'rain' is no node"),
    "other states": (rfiles.network(NODES | {"wet": rfiles.node("wet", STATES, WET)}), "has the states ['much', 'some', 'none'] for its parent 'rain'"),
    "structure": (rfiles.named({"nodes": rfiles.strings(["a"])}, "bn"), "holds no fitted network of bnlearn (bn.fit), but g (bn); fit the structure"),
    "numbers": (rfiles.reals([1, 2]), "holds no fitted network of bnlearn (bn.fit), but g (no class)"),
    "wrong size": (rfiles.network({"a": rfiles.node("a", {"a": SMOKE}, [0.2, 0.3, 0.5])}), "variables.a.cpd: its table has"),
    "row": (rfiles.network({"a": rfiles.node("a", {"a": SMOKE}, [0.2, 0.3])}), "a.cpd: sums to 0.5"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), WRONG.values(), ids=WRONG)
def test_what_is_no_discrete_network_is_refused(value: bytes, expected: str, tmp_path: Path) -> None:
    """Continuous nodes, structures without numbers, other objects and contradictions: the true reason."""
    with pytest.raises(SpasmnetError) as caught:
        read_bytes(tmp_path, rfiles.rda({"g": value}))
    assert expected in str(caught.value)


def test_of_several_networks_none_is_guessed(tmp_path: Path) -> None:
    """The names are listed, and how to save one."""
    with pytest.raises(FormatError, match=r"holds several networks: a, b; save the one you want with saveRDS"):
        read_bytes(tmp_path, rfiles.rda({"a": GARDEN, "b": GARDEN}))


def test_unknown_rows_has_two_values(tmp_path: Path) -> None:
    """Anything else is refused."""
    with pytest.raises(FormatError, match='has to be "refuse" or "uniform"'):
        read_bytes(tmp_path, rfiles.rda({"a": GARDEN}), unknown_rows="zero")


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_files_are_refused(data: st.DataObject) -> None:
    """Cut or with any byte changed: a network, or one of our errors."""
    whole = bytearray(rfiles.rda({"garden": GARDEN}))
    end = data.draw(st.integers(0, len(whole)))
    changed = bytearray(whole[:end])
    for _ in range(data.draw(st.integers(0, 3))):
        if changed:
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        scan(bytes(changed), "garden.rda")
    except SpasmnetError as error:
        assert "garden.rda" in str(error)


def test_what_unpacks_to_too_much_is_refused() -> None:
    """A small file of many zeros is not unpacked whole."""
    from spasmnet.io.bnlearn import MOST_BYTES

    packed = lzma.compress(bytes(MOST_BYTES + 10), preset=0)
    with pytest.raises(SpasmnetError, match="unpacks to more than"):
        scan(packed, "bomb.rda")


def test_without_rdata_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "rdata.parser", None)
    with pytest.raises(SpasmnetError, match=r"pip install 'spasmnet\[r\]'"):
        spasmnet.read(_written(tmp_path))


def _written(folder: Path) -> Path:
    path = folder / "a.rda"
    path.write_bytes(rfiles.rda({"a": GARDEN}))
    return path
