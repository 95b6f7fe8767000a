"""The libraries we are timed beside, each used the way that is fastest for it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from spasmnet import Network
from spasmnet.io.pgmpy import to_pgmpy


def agrum() -> Any:
    """The module pyagrum; its generated wrappers warn while they are imported, and crash if warnings are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyagrum
    return pyagrum


class Agrum:
    """pyAgrum's LazyPropagation on one network, built in double precision (its BIF reader has single precision)."""

    name = "pyAgrum"

    def __init__(self, network: Network) -> None:
        gum = agrum()
        self.network = network
        self.model = gum.BayesNet(network.name)
        self._ids = {
            v.name: self.model.add(gum.LabelizedVariable(v.name, "", list(v.states))) for v in network.variables
        }
        self._states = {v.name: {state: i for i, state in enumerate(v.states)} for v in network.variables}
        for name in network.names:
            for parent in network.cpds[name].parents:
                self.model.addArc(parent, name)
        for name in network.names:
            cpd = network.cpds[name]
            axes, table = [*cpd.parents, name], self.model.cpt(name)
            order = [axes.index(other) for other in reversed(table.names)]
            table[:] = np.ascontiguousarray(np.transpose(cpd.table(), order))
        self.inference = gum.LazyPropagation(self.model)

    def encode(self, cases: Sequence[Mapping[str, str]]) -> list[dict[int, int]]:
        """Evidence by number, which pyAgrum looks up more quickly than names."""
        return [{self._ids[name]: self._states[name][state] for name, state in case.items()} for case in cases]

    def answer(self, case: Mapping[int, int]) -> list[Any]:
        """The posteriors of all variables for one case."""
        inference = self.inference
        inference.setEvidence(case)
        inference.makeInference()
        return [inference.posterior(i) for i in self._ids.values()]

    def choose_threads(self, cases: Sequence[Mapping[int, int]]) -> None:
        """Keep to one thread or use all, whichever answers these cases sooner."""
        spent = {}
        for threads in (0, 1, 0, 1):  # 0: as many as pyAgrum thinks best; the first round only warms up
            self.inference.setNumberOfThreads(threads)
            start = perf_counter()
            for case in cases:
                self.answer(case)
            spent[threads] = perf_counter() - start
        self.inference.setNumberOfThreads(min(spent, key=spent.__getitem__))

    def prepare(self) -> None:
        """What pyAgrum does before the first answer: triangulate, build the junction tree, pass the first messages."""
        agrum().LazyPropagation(self.model).makeInference()

    def difference(self, posterior: Mapping[str, Mapping[str, float]], case: Mapping[int, int]) -> float:
        """The largest difference between our posteriors and pyAgrum's."""
        theirs = self.answer(case)
        pairs = (
            (list(posterior[name].values()), tensor.toarray()) for name, tensor in zip(self._ids, theirs, strict=True)
        )
        return max(float(np.abs(np.array(mine) - other).max()) for mine, other in pairs)


class Pgmpy:
    """pgmpy's VariableElimination, asked for one unobserved variable after another.

    Asked for all at once, with joint=False, it builds the joint of them all (77 GiB for alarm).
    """

    name = "pgmpy"

    def __init__(self, network: Network) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pgmpy.inference import VariableElimination

            self._inference = VariableElimination(to_pgmpy(network))
        self._names = network.names

    def answer(self, case: Mapping[str, str]) -> list[Any]:
        """The posteriors of all unobserved variables for one case."""
        unobserved = [name for name in self._names if name not in case]
        return [self._inference.query([name], evidence=case, show_progress=False) for name in unobserved]
