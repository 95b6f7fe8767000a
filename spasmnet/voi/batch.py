"""Many cases of one person, or of many people, at once: rows of states of the variables that can be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import ImpossibleEvidenceError
from spasmnet.findings.query import heard
from spasmnet.inference.engine import Engine, compile
from spasmnet.inference.evidence import Encoder
from spasmnet.inference.rows import solve
from spasmnet.inference.table import solve_rows

Floats = NDArray[np.float64]
Codes = NDArray[np.int16]

ALIKE_FROM = 200  # rows from which looking for equal ones pays


class Batch:
    """Answers for rows of codes: the state of each of `columns`, or -1 if it is not known.

    `names` are the variables whose posteriors are wanted, `slots` where each one's states begin and end in a row of
    posteriors. Uncertain findings (likelihoods) in `given` hold for all rows, also where the state is known.
    """

    def __init__(self, engine: Engine, names: Sequence[str], columns: Sequence[str], given: Mapping[str, Any]) -> None:
        network = engine.network
        self.network, self._engine = network, engine
        place = {name: i for i, name in enumerate(network.names)}
        self.soft = {name: finding for name, finding in given.items() if not isinstance(finding, str)}
        self.given = given
        wanted = sorted({*names, *self.soft}, key=place.__getitem__)
        hard = [name for name in given if name not in self.soft]
        self.columns = tuple(sorted({*columns, *hard}, key=place.__getitem__))
        self.at = {name: i for i, name in enumerate(self.columns)}
        self._observed, self._targets = [place[n] for n in self.columns], [place[n] for n in wanted]
        ends = np.cumsum([0, *(len(network.by_name[n].states) for n in wanted)]).tolist()
        self.slots = {name: slice(a, b) for name, a, b in zip(wanted, ends, ends[1:], strict=False)}
        self.first = np.full(len(self.columns), -1, dtype=np.int16)
        for name in hard:
            self.first[self.at[name]] = network.by_name[name].state_index(given[name])

    def answer(self, codes: Codes) -> tuple[Floats, Floats]:
        """The posteriors of the wanted variables and ln P(row and given); minus infinity if a row is impossible."""
        if len(codes) >= ALIKE_FROM:
            different, which = distinct(codes)
            if len(different) < len(codes):
                posteriors, log_p = self._answer(different)
                return posteriors[which], log_p[which]
        return self._answer(codes)

    def _answer(self, codes: Codes) -> tuple[Floats, Floats]:
        if not self.soft:
            return solve_rows(self._engine, np.asfortranarray(codes), self._observed, self._targets, None)
        if not self._engine.has_circuit:
            return self._as_children(codes)
        circuit = self._engine.compiled.circuit
        weights = Encoder(self.network, circuit.first_indicator)(self.soft)
        found = solve(circuit, codes, self._observed, weights=weights)
        place = self.network.layout
        slots = [i - 1 for name in self.slots for i in range(place[name][0].start, place[name][0].stop)]
        return found.posteriors[:, slots], found.log_evidence + weights.shift

    def _as_children(self, codes: Codes) -> tuple[Floats, Floats]:
        """Without a circuit for all questions: an uncertain finding is a child of its variable that was seen."""
        engine, n = self._heard, len(self.network)
        seen = list(range(n, n + len(self.soft)))
        more = np.concatenate([codes, np.ones((len(codes), len(seen)), dtype=np.int16)], axis=1)
        found, log_p = solve_rows(engine, np.asfortranarray(more), [*self._observed, *seen], self._targets, None)
        return found, log_p + sum(log(max(finding.values())) for finding in self.soft.values())

    @cached_property
    def _heard(self) -> Engine:
        return compile(heard(self.network, self.soft), max_products=self._engine.max_products)

    def base(self) -> tuple[Floats, Floats]:
        """The answers for what is given alone; raises ImpossibleEvidenceError."""
        found = self.answer(self.first[None])
        if np.isneginf(found[1][0]):
            raise self.impossible()
        return found

    def impossible(self) -> ImpossibleEvidenceError:
        """The error that names a smallest contradiction of what is given."""
        return self._engine.impossible(self.given)


def distinct(codes: Codes) -> tuple[Codes, NDArray[np.int64]]:
    """The different rows, and for each row which of them it is."""
    factors = np.random.default_rng(0).integers(1, 2**63, codes.shape[1], dtype=np.uint64)
    keys = (codes.astype(np.int64) + 1).astype(np.uint64) @ factors  # modulo 2^64
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    if (codes[first][which] != codes).any():  # two rows with one key
        different, which = np.unique(codes, axis=0, return_inverse=True)
        return different, which.ravel()
    return codes[first], which
