"""Cases drawn from a network, each variable after its parents."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import SpasmnetError
from spasmnet.model.cpd import CPD, NoisyMax
from spasmnet.model.network import Network

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]
MOST_ROWS = 100_000  # of a noisy-MAX that is written out


def sample(network: Network, cases: int, *, rng: np.random.Generator | None = None) -> pd.DataFrame:
    """Complete cases drawn from the joint distribution of a network, one a row, with states as categories.

    `cases` is how many (0 or more); `rng` is a numpy Generator, by default one with a fixed seed. To draw under an
    intervention, draw from `spasmnet.do(network, …)`; what is not to be observed is blanked out with pandas. Raises
    SpasmnetError for what is not understood.

    >>> import numpy as np, spasmnet
    >>> cases = sample(spasmnet.load(), 1000, rng=np.random.default_rng(1))
    >>> cases.shape, bool(0 < (cases["trauma"] == "present").mean() < 0.2)
    ((1000, 48), True)

    Source: Henrion M (1988), Propagating uncertainty in Bayesian networks by probabilistic logic sampling, UAI 2:149.
    """
    if not isinstance(network, Network):
        raise SpasmnetError(f"sample takes a network, not {type(network).__name__}")
    if isinstance(cases, bool) or not isinstance(cases, (int, np.integer)) or cases < 0:
        raise SpasmnetError(f"cases is how many to draw, a whole number of at least 0, not {cases!r}")
    import pandas as pd

    codes = draw_codes(network, int(cases), checked_rng(rng))
    columns = {
        v.name: pd.Categorical.from_codes(codes[v.name], pd.Index(v.states, dtype=object)) for v in network.variables
    }
    return pd.DataFrame(columns, index=range(cases))


def draw_codes(network: Network, cases: int, rng: np.random.Generator) -> dict[str, Ints]:
    """The positions of the states of all variables."""
    found: dict[str, Ints] = {}
    for name in network.order:
        cpd = network.cpds[name]
        found[name] = _draw(cpd, [found[parent] for parent in cpd.parents], cases, rng)
    return found


def checked_rng(rng: object) -> np.random.Generator:
    """A generator that was passed in, or one with a fixed seed; raises SpasmnetError for anything else."""
    if rng is None:
        return np.random.default_rng(0)
    if not isinstance(rng, np.random.Generator):
        raise SpasmnetError(f"rng is a numpy Generator, such as numpy.random.default_rng(7), not {rng!r}")
    return rng


def _draw(cpd: CPD, parents: list[Ints], cases: int, rng: np.random.Generator) -> Ints:
    if isinstance(cpd, NoisyMax) and prod(map(len, cpd.links)) > MOST_ROWS:  # by definition, without a table
        parts = [_one_each(np.broadcast_to(cpd.leak, (cases, len(cpd.leak))), rng)]
        parts += [_one_each(link[states], rng) for link, states in zip(cpd.links, parents, strict=True)]
        return np.asarray(np.max(parts, axis=0))
    table = cpd.table()
    return _one_each(table[tuple(parents)] if parents else np.broadcast_to(table, (cases, len(table))), rng)


def _one_each(rows: NDArray[Any], rng: np.random.Generator) -> Ints:
    """A state from each row; never one with probability 0, whatever rounding makes of the sum of a row."""
    sums = rows.cumsum(axis=1)
    point = rng.random(len(rows)) * sums[:, -1]
    return np.asarray((point[:, None] >= sums).sum(axis=1), dtype=np.int64)
