"""Cases drawn from a network: as state numbers, as evidence, and as data frames."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spasmnet import Network

Codes = NDArray[np.int8]
Cells = Literal["object", "str", "category"]


def sample(network: Network, rows: int, random: np.random.Generator, empty: float = 0.0) -> Codes:
    """Complete cases drawn from the network, axes (case, variable), of which a share of the cells is emptied (-1)."""
    at = {name: i for i, name in enumerate(network.names)}
    codes = np.empty((rows, len(at)), dtype=np.int8)
    for name in network.order:
        cpd = network.cpds[name]
        reached = np.cumsum(cpd.table(), axis=-1)[tuple(codes[:, at[parent]] for parent in cpd.parents)]
        codes[:, at[name]] = (random.random(rows)[:, None] >= reached[..., :-1]).sum(axis=-1)
    codes[random.random(codes.shape) < empty] = -1
    return codes


def evidence(network: Network, share: float, count: int, random: np.random.Generator) -> list[dict[str, str]]:
    """Findings on a share of the variables, drawn from the network, so that they are possible."""
    size = max(1, round(share * len(network)))
    chosen = (np.sort(random.choice(len(network), size, replace=False)) for _ in range(count))
    return [
        {network.names[i]: network.variables[i].states[case[i]] for i in columns}
        for case, columns in zip(sample(network, count, random), chosen, strict=True)
    ]


def findings(network: Network, codes: Codes) -> list[dict[str, str]]:
    """The rows of a table as evidence, one after the other."""
    return [
        {
            variable.name: variable.states[code]
            for variable, code in zip(network.variables, row, strict=True)
            if code >= 0
        }
        for row in codes.tolist()
    ]


def frame(network: Network, codes: Codes, cells: Cells) -> pd.DataFrame:
    """The rows as a data frame; its cells share one object a state."""
    columns: dict[str, Any] = {}
    for i, variable in enumerate(network.variables):
        numbers: Any = codes[:, i]
        if cells == "category":
            columns[variable.name] = pd.Categorical.from_codes(
                numbers, dtype=pd.CategoricalDtype(list(variable.states))
            )
        else:
            names = np.array([*variable.states, None], dtype=object)
            columns[variable.name] = pd.Series(names[numbers], dtype=object if cells == "object" else "str")
    return pd.DataFrame(columns, copy=False)
