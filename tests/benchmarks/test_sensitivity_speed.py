"""Parameter sensitivity: the one-way functions of all numbers for one query.

A query is a target state and one finding, both the first state of their variable. YODO's figures are its authors'
code's (Ballester-Ripoll and Leonelli 2022, arXiv:2206.08687), run once on two cores with one thread, for a query of
its own on the same network; they say an order of magnitude, not a race. pyAgrum runs beside us.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import spasmnet
from spasmnet import Engine, Network
from spasmnet.inference.factors import ancestors
from spasmnet.sensitivity.one_way import parameter_sensitivity
from spasmnet.sensitivity.query import Query, prepare
from tests import classic
from tests.benchmarks.conftest import Add, Race, timed
from tests.benchmarks.peers import Agrum, agrum
from tests.benchmarks.report import Row

YODO = {  # seconds
    "alarm": 0.0185, "hepar2": 0.043, "win95pts": 0.048, "hailfinder": 0.029, "insurance": 0.025, "water": 0.035,
    "pathfinder": 0.090, "barley": 0.092, "andes": 0.14, "mildew": 0.16, "pigs": 0.35, "diabetes": 0.56, "link": 1.2,
    "munin2": 7.0, "munin1": 103.0,
}  # fmt: skip
WARM = {"barley": 2.0, "mildew": 30.0}  # how many times as fast is asked for; 100 on the others
QUERIES = {  # network: target, finding; the last comments are the variables that are not barren, of all
    "earthquake": ("JohnCalls", "MaryCalls"),
    "cancer": ("Xray", "Dyspnoea"),
    "asia": ("dysp", "xray"),
    "survey": ("T", "A"),
    "child": ("LowerBodyO2", "LVHreport"),
    "alarm": ("BP", "HISTORY"),
    "sachs": ("Akt", "PIP2"),
    "insurance": ("PropCost", "DrivHist"),
    "win95pts": ("Problem1", "PrtStatOff"),
    "hailfinder": ("R5Fcst", "WindFieldPln"),
    "hepar2": ("bleeding", "carcinoma"),
    "andes": ("SNode_151", "SNode_155"),  # 172 of 223
    "water": ("CNON_12_45", "C_NI_12_00"),  # 19 of 32
    "munin1": ("R_MEDD2_AMPR_EW", "R_LNLT1_APB_DENERV"),  # 22 of 186
    "pigs": ("p392203792", "p82154688"),  # 28 of 441
    "link": ("N5_d_g", "D0_56_d_p"),  # 145 of 724
    "munin2": ("R_ADM_FORCE", "L_DELT_SPONT_MYOT_DISCH"),  # 66 of 1003
    "munin3": ("R_ADM_FORCE", "L_SUR_CV_CA"),  # 82 of 1041
    "munin4": ("R_ADM_FORCE", "L_SUR_CV_CA"),  # 84 of 1038
    "munin": ("R_ADM_FORCE", "L_SUR_CV_CA"),  # 84 of 1041
    "barley": ("protein", "jordtype"),  # 41 of 48
    "pathfinder": ("F70", "F1"),  # 10 of 109
    "mildew": ("udbytte", "dm_1"),  # 35 of 35
    "diabetes": ("bg_24", "cho_init"),  # 410 of 413
}
HARD = ("munin1", ("R_APB_FORCE", "R_MEDD2_AMPR_EW"))  # 72 of 186


def planned(network: Network, target: str, finding: str) -> Query:
    """A query that nobody has asked yet; no circuit for all variables is made, as compile would."""
    engine = cast(Engine, SimpleNamespace(network=network, max_products=spasmnet.inference.compiling.MAX_PRODUCTS))
    return prepare(engine, target, {finding: network.by_name[finding].states[0]})


def functions(query: Query) -> Any:
    """alpha, beta, gamma, delta and derivative of every number, for the target's first state."""
    states = len(query.engine.network.by_name[query.question.variable].states)
    return query.functions(np.eye(states)[0], np.ones(states), uniform=False, log=False)


class Families:
    """pyAgrum on the network pruned to the query: P(e) and P(y, e) with the joint of every family."""

    name = "pyAgrum, pruned, 2 propagations"

    def __init__(self, network: Network, target: str, finding: str) -> None:
        kept = ancestors(network, [target, finding])
        pruned = Network(
            tuple(v for v in network.variables if v.name in kept), {name: network.cpds[name] for name in kept}
        )
        model = Agrum(pruned)
        self._ids = [{model.model.idFromName(v) for v in (name, *pruned.cpds[name].parents)} for name in pruned.names]
        self._inference = agrum().LazyPropagation(model.model)
        self._inference.setNumberOfThreads(1)
        for family in self._ids:
            self._inference.addJointTarget(family)
        self._cases = [{finding: 0}, {finding: 0, target: 0}]

    def answer(self) -> list[Any]:
        """The joints of all families, twice."""
        found = []
        for case in self._cases:
            self._inference.setEvidence(case)
            self._inference.makeInference()
            found += [self._inference.jointPosterior(family) for family in self._ids]
        return found


@pytest.mark.parametrize("target", ["CVP", "BP"])
def test_beside_one_query(target: str, race: Race, add: Add) -> None:
    """All functions of alarm take at most five times as long as all posteriors."""
    engine = spasmnet.compile(classic.load("alarm"))
    evidence = {"HISTORY": "TRUE"}

    def ours() -> None:
        for _ in range(100):
            ps = parameter_sensitivity(engine, (target, "HIGH"), evidence)
            _ = ps.coefficients, ps.derivatives

    found = race(ours, lambda: [engine.posterior(evidence) for _ in range(100)], cases=100, rounds=30, warm=True)
    what = f"parameter sensitivity, all functions of P({target} given a finding)"
    add(Row(what, "alarm", *found, "spasmnet, all posteriors", ratio_asked=1 / 5))


def test_beside_inference_of_changed_networks(race: Race, add: Add) -> None:
    """Two inferences for each free number with pyAgrum; changing the table, which it also has to, is not counted."""
    network = classic.load("alarm")
    engine = spasmnet.compile(network)
    free = sum(cpd.table().size - cpd.table()[..., 0].size for cpd in network.cpds.values())
    inference = agrum().LazyPropagation(Agrum(network).model)
    inference.addTarget("BP")
    findings: list[Mapping[str, int]] = [{"HISTORY": 0}, {"HISTORY": 1}]  # it does nothing if nothing has changed

    def ours() -> None:
        for _ in range(100):
            ps = parameter_sensitivity(engine, ("BP", "HIGH"), {"HISTORY": "TRUE"})
            _ = ps.coefficients, ps.derivatives

    def theirs() -> None:
        for _ in range(20):
            for finding in findings:
                inference.setEvidence(finding)
                inference.makeInference()
                inference.posterior("BP")

    mine, one = race(ours, theirs, cases=100, peer_cases=20, rounds=10, warm=True)
    what = f"parameter sensitivity, all functions (peer: {free} free numbers, two inferences each)"
    add(Row(what, "alarm", mine, one * free, "pyAgrum", ratio_asked=1000))


@pytest.mark.parametrize("name", classic.NAMES)
def test_classic(name: str, race: Race, add: Add) -> None:
    """Every classic network: with all planning, and again; beside YODO's figure and beside pyAgrum."""
    network, query = classic.load(name), QUERIES[name]
    yodo = YODO.get(name)
    first = timed(lambda: functions(planned(network, *query)), 3)
    what = "parameter sensitivity, all functions: "
    add(Row(f"{what}first time", name, first, yodo, "YODO" if yodo else "", ratio_asked=yodo and 1))
    ready, peer = planned(network, *query), Families(network, *query)
    functions(ready)
    mine, theirs = race(lambda: functions(ready), peer.answer, rounds=7, warm=True)
    if yodo:
        add(Row(f"{what}again", name, mine, yodo, "YODO", ratio_asked=WARM.get(name, 100)))
    add(Row(f"{what}again", name, mine, theirs, peer.name, ratio_asked=1))


def test_munin1_in_50_ms(add: Add) -> None:
    """munin1, whose circuit for all variables is refused, also with a query that keeps much of it."""
    network = classic.load(HARD[0])
    taken = timed(lambda: functions(planned(network, *HARD[1])), 5)
    add(Row("parameter sensitivity, all functions: first time, 72 of 186 variables", HARD[0], taken, most_asked=0.05))
