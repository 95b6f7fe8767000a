"""Values that papers, books and the documentation of other tools print, recomputed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spasmnet
from spasmnet import Network, NoisyMax, Table, Variable
from spasmnet.inference.engine import Engine
from spasmnet.model.cpd import CPD
from spasmnet.triage.guidance import CARE_LEVELS, Guidance, Harm, Losses
from tests import classic

YES = ("no", "yes")
FALSE = ("TRUE", "FALSE")


def of(*variables: tuple[str, tuple[str, ...], tuple[str, ...], Any]) -> Network:
    """A network of tables: name, states, parents, numbers."""
    cpds = {name: Table(parents, numbers) for name, _, parents, numbers in variables}
    return Network(tuple(Variable(name, states) for name, states, _, _ in variables), cpds)


def fire_alarm() -> Network:
    """The network `fire_alarm` of bnmonitor."""
    alarm = ("TRUE", "MALFUNCTION", "FALSE")
    rows = [[[0.6, 0.2, 0.2], [0.92, 0.07, 0.01]], [[0.65, 0.2, 0.15], [0.0001, 0.65, 0.3499]]]
    return of(
        ("Fire", FALSE, (), [0.01, 0.99]),
        ("Tampering", FALSE, (), [0.02, 0.98]),
        ("Smoke", FALSE, ("Fire",), [[0.9, 0.1], [0.01, 0.99]]),
        ("Alarm", alarm, ("Fire", "Tampering"), [rows[0], rows[1]]),
        ("Leaving", FALSE, ("Alarm",), [[0.88, 0.12], [0.73, 0.27], [0.001, 0.999]]),
        ("Report", FALSE, ("Leaving",), [[0.75, 0.25], [0.01, 0.99]]),
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("proportional", 0.3672779), ("uniform", 0.3668576), ("order_preserving", 0.3671913)],
)
def test_bnmonitor_sensitivity_function(rule: str, expected: float) -> None:
    """bnmonitor (Leonelli, Ramanathan, Wilkerson 2023, Knowl-Based Syst 278:110882), `sensitivity`: P(Report) with
    P(Alarm=FALSE | Fire=TRUE, Tampering=FALSE) at 0.1 under three rules of co-variation."""
    ps = spasmnet.parameter_sensitivity(spasmnet.compile(fire_alarm()), ("Report", "TRUE"), covariation=rule)
    assert ps["P(Alarm=FALSE | Fire=TRUE, Tampering=FALSE)"](0.1) == pytest.approx(expected, abs=5e-8)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([0.45, 0.1, 0.45], 4.521789),
        ([0.92 * 0.9 / 0.93, 0.1, 0.01 * 0.9 / 0.93], 0.3894648),
        ([0.42 * 0.4 / 0.43 + 0.5, 0.1, 0.01 * 0.4 / 0.43], 0.4289956),
    ],
)
def test_bnmonitor_distance(row: list[float], expected: float) -> None:
    """bnmonitor, `CD`: the Chan-Darwiche distance of P(Alarm=MALFUNCTION | Fire=TRUE, Tampering=FALSE) moved to 0.1, the
    row following by the uniform, the proportional and the order-preserving rule (Renooij 2014)."""
    before = fire_alarm()
    values = before.cpds["Alarm"].table().copy()
    values[0, 1] = row
    after = before.with_cpds({"Alarm": Table(("Fire", "Tampering"), values)})
    assert spasmnet.cd_distance(before, after) == pytest.approx(expected, abs=5e-7)


def test_bnmonitor_least_change() -> None:
    """bnmonitor, `sensquery` for P(Report=TRUE) = 0.4: the least change, which its list leaves out."""
    tuning = spasmnet.tune(spasmnet.compile(fire_alarm()), ("Report", "TRUE"), at_least=0.4)
    assert tuning.best is not None and tuning.best.name == "P(Alarm=FALSE | Fire=FALSE, Tampering=FALSE)"
    assert tuning.best.value == pytest.approx(0.3499)
    assert tuning.best.needed == pytest.approx(0.288465, abs=5e-7)
    assert tuning.best.distance == pytest.approx(0.28337, abs=5e-6)


@pytest.fixture(scope="module")
def asia() -> Engine:
    return spasmnet.compile(classic.load("asia"))


def test_rhugin_asia(asia: Engine) -> None:
    """RHugin's documentation (Konis 2014), chest clinic with a visit to Asia and dyspnoea; gRain (Højsgaard 2012, J Stat
    Softw 46(10)) prints the probability of the same findings."""
    post = asia.posterior({"asia": "yes", "dysp": "yes"})
    assert post["smoke"]["yes"] == pytest.approx(0.6259199, abs=5e-7)
    assert post["xray"]["yes"] == pytest.approx(0.2195389, abs=5e-8)
    assert np.exp(post.log_evidence) == pytest.approx(0.004501375, abs=5e-10)


def test_netica_asia(asia: Engine) -> None:
    """Netica's tutorial (Norsys), Chest Clinic: lung cancer after an abnormal X-ray, and after a visit to Asia too."""
    assert asia.posterior({"xray": "yes"})["lung"]["yes"] == pytest.approx(0.489, abs=5e-4)
    assert asia.posterior({"xray": "yes", "asia": "yes"})["lung"]["yes"] == pytest.approx(0.371, abs=5e-4)


def test_asia_joint_of_four(asia: Engine) -> None:
    """Lauritzen and Spiegelhalter (1988, J R Stat Soc B 50:157-224), as the test suites of other libraries hold it."""
    found = asia.log_evidence({"either": "no", "tub": "no", "xray": "yes", "bronc": "no"})
    assert np.exp(found) == pytest.approx(0.02605122, abs=5e-9)


def test_hugin_apple_tree() -> None:
    """Hugin's tutorial and RHugin's documentation, apple tree: what lost leaves say about sickness and drought."""
    network = of(
        ("Sick", YES, (), [0.9, 0.1]),
        ("Dry", YES, (), [0.9, 0.1]),
        ("Loses", YES, ("Sick", "Dry"), [[[0.98, 0.02], [0.15, 0.85]], [[0.1, 0.9], [0.05, 0.95]]]),
    )
    post = spasmnet.compile(network).posterior({"Loses": "yes"})
    assert post["Sick"]["yes"] == pytest.approx(0.4939956, abs=5e-8)
    assert post["Dry"]["yes"] == pytest.approx(0.4694323, abs=5e-8)


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ({"JohnCalls": "yes", "MaryCalls": "yes"}, 0.284),
        ({"JohnCalls": "yes", "MaryCalls": "no"}, 0.00513),
        ({"JohnCalls": "no", "MaryCalls": "yes"}, 0.00688),
        ({"JohnCalls": "yes"}, 0.0163),
        ({"MaryCalls": "yes"}, 0.0561),
    ],
)
def test_burglary(findings: dict[str, str], expected: float) -> None:
    """Russell and Norvig, Artificial Intelligence: A Modern Approach, 3rd ed., figure 14.2: P(Burglary | calls)."""
    network = of(
        ("Burglary", YES, (), [0.999, 0.001]),
        ("Earthquake", YES, (), [0.998, 0.002]),
        ("Alarm", YES, ("Burglary", "Earthquake"), [[[0.999, 0.001], [0.71, 0.29]], [[0.06, 0.94], [0.05, 0.95]]]),
        ("JohnCalls", YES, ("Alarm",), [[0.95, 0.05], [0.1, 0.9]]),
        ("MaryCalls", YES, ("Alarm",), [[0.99, 0.01], [0.3, 0.7]]),
    )
    assert spasmnet.compile(network).posterior(findings)["Burglary"]["yes"] == pytest.approx(expected, rel=4e-3)


def decided(network: Network, variable: str, losses: dict[str, tuple[float, float]]) -> Network:
    """A network with a decision between two actions (the mildest and the strictest level of care), by their losses."""
    first, last = CARE_LEVELS[0], CARE_LEVELS[-1]
    harms = tuple(
        Harm(
            state,
            variable,
            (state,),
            {level: b if level == last else a if level == first else 0.0 for level in CARE_LEVELS},
        )
        for state, (a, b) in losses.items()
    )
    burden = {level: 0.0 if level in (first, last) else 1e6 for level in CARE_LEVELS}
    return Network(network.variables, network.cpds, guidance=Guidance(losses=Losses(burden, harms)))


def test_umbrella() -> None:
    """The umbrella problem of Netica's and GeNIe's documentation: the value of the forecast is 7, of the weather 21."""
    network = of(
        ("weather", ("dry", "rain"), (), [0.7, 0.3]),
        ("forecast", ("sunny", "cloudy", "rainy"), ("weather",), [[0.7, 0.2, 0.1], [0.15, 0.25, 0.6]]),
    )
    engine = spasmnet.compile(decided(network, "weather", {"dry": (0.0, 80.0), "rain": (100.0, 30.0)}))
    assert spasmnet.value_of_information(engine, ["forecast"]) == pytest.approx(7.0)
    assert spasmnet.value_of_information(engine, ["weather"]) == pytest.approx(21.0)


def test_oil_wildcatter() -> None:
    """Shenoy PP (1992), Valuation-based systems for Bayesian decision analysis, Oper Res 40:463-484 (the problem is
    Raiffa's, 1968): the seismic test is worth 12.5, drilling 87.50 after a closed and 32.86 after an open structure."""
    network = of(
        ("oil", ("dry", "wet", "soaking"), (), [0.5, 0.3, 0.2]),
        ("seismic", ("none", "open", "closed"), ("oil",), [[0.6, 0.3, 0.1], [0.3, 0.4, 0.3], [0.1, 0.4, 0.5]]),
    )
    gains = {"dry": -70.0, "wet": 50.0, "soaking": 200.0}
    losses = {state: (200.0, 200.0 - gain) for state, gain in gains.items()}
    engine = spasmnet.compile(decided(network, "oil", losses))
    assert spasmnet.value_of_information(engine, ["seismic"]) == pytest.approx(12.5)
    for structure, expected in (("closed", 87.50), ("open", 32.86)):
        oil = engine.posterior({"seismic": structure})["oil"]
        assert sum(oil[state] * gain for state, gain in gains.items()) == pytest.approx(expected, abs=5e-3)


def test_necessity_and_sufficiency_of_radiation() -> None:
    """Tian and Pearl (2000, Ann Math Artif Intell 28:287-313); Pearl, Causality (2009), section 9.4: leukaemia in
    children exposed to fallout, 30 of 69,160 against 16 of 59,026."""
    p, q = 30 / 69160, 16 / 59026
    network = of(("exposed", YES, (), [0.5, 0.5]), ("died", YES, ("exposed",), [[1 - q, q], [1 - p, p]]))
    found = spasmnet.probabilities_of_causation(spasmnet.compile(network), ("exposed", "yes"), "died")
    assert found.pn == pytest.approx(0.3751002, abs=5e-8)
    assert found.ps == pytest.approx(0.00016275, abs=5e-9)
    assert found.pns == pytest.approx(p - q, rel=1e-9)


def test_likelihoods_keep_their_scale() -> None:
    """Held by the test suites of pyAgrum and pgmpy: likelihoods enter P(e) as they are given."""
    network = of(("a", YES, (), [0.7, 0.3]), ("b", YES, (), [0.4, 0.6]))
    engine, first = spasmnet.compile(network), {"a": {"no": 0.3, "yes": 0.2}}
    assert np.exp(engine.log_evidence(first)) == pytest.approx(0.27)
    assert np.exp(engine.log_evidence({**first, "b": {"no": 0.4, "yes": 0.6}})) == pytest.approx(0.1404)


def test_noisy_or_of_two() -> None:
    """Held by pgmpy's test suite: a noisy-OR with strengths 0.4 and 0.3 and parents of 0.2 and 0.1."""
    variables = tuple(Variable(name, YES) for name in "abe")
    links = [[[1.0, 0.0], [0.6, 0.4]], [[1.0, 0.0], [0.7, 0.3]]]
    cpds: dict[str, CPD] = {
        "a": Table((), [0.8, 0.2]),
        "b": Table((), [0.9, 0.1]),
        "e": NoisyMax(("a", "b"), [1.0, 0.0], links),
    }
    assert spasmnet.compile(Network(variables, cpds)).posterior()["e"]["yes"] == pytest.approx(0.1076)
