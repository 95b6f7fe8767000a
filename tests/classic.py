"""The classic discrete networks (the bnlearn repository's) that pgmpy ships, read without network access.

pgmpy.example_models.load_model downloads them; the files that pgmpy still carries for its older loader are read here.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from spasmnet.io.formats import scan
from spasmnet.io.pgmpy import assemble
from spasmnet.model.network import Network

# by size; the second group needs from 0.1 to 0.7 s to read
SMALL = (
    "earthquake", "cancer", "asia", "survey", "child", "alarm", "sachs", "insurance", "win95pts", "hailfinder",
    "hepar2",
)  # fmt: skip
LARGE = (
    "andes", "water", "munin1", "pigs", "link", "munin2", "munin3", "munin4", "munin", "barley", "pathfinder", "mildew",
    "diabetes",
)  # fmt: skip
NAMES = SMALL + LARGE

# printed with seven decimals or so: some rows sum to 1 only within 3e-7
ROUNDED = (
    "alarm", "sachs", "hepar2", "water", "munin1", "pathfinder", "munin", "munin2", "munin3", "munin4", "mildew",
    "diabetes", "barley",
)  # fmt: skip


@cache
def text(name: str) -> str:
    """The BIF text of a classic network."""
    spec = find_spec("pgmpy")
    assert spec is not None and spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0], "utils", "example_models", f"{name}.bif.gz")
    return gzip.decompress(path.read_bytes()).decode("utf-8")


@cache
def load(name: str) -> Network:
    """A classic network by its name, for example load("alarm"); rows off by rounding are normalised."""
    return assemble(scan(text(name), "bif", name), normalize=name in ROUNDED, origin=name, default_name=name)
