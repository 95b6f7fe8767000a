"""Known answers: textbook numbers with their page, and the classic networks against pyAgrum and pgmpy."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import spasmnet
from spasmnet import Network, Table, Variable
from spasmnet.errors import CircuitTooLargeError
from spasmnet.inference.compiling import MAX_PRODUCTS
from tests import classic
from tests.strategies import states_like_none

TOLERANCE = 1e-9
REFUSED = {"munin1"}
SLOW = {"link", "munin3", "munin4"}  # answered, but they take half a minute each
BIG = ("andes", "water", "pigs", "munin2", "munin3", "munin4", "munin", "barley", "pathfinder", "mildew", "diabetes")
DRAWS = dict.fromkeys(BIG, 1) | {"pathfinder": 2, "water": 2, "mildew": 2, "andes": 2}


def build(states: dict[str, tuple[str, ...]], cpds: dict[str, tuple[tuple[str, ...], Any]], name: str) -> Network:
    """A network of full tables."""
    variables = [Variable(variable, names) for variable, names in states.items()]
    return Network(variables, {v: Table(parents, values) for v, (parents, values) in cpds.items()}, name=name)


NY = ("no", "yes")

ASIA = build(
    dict.fromkeys(("asia", "tub", "smoke", "lung", "bronc", "either", "xray", "dysp"), NY),
    {
        "asia": ((), [0.99, 0.01]),
        "tub": (("asia",), [[0.99, 0.01], [0.95, 0.05]]),
        "smoke": ((), [0.5, 0.5]),
        "lung": (("smoke",), [[0.99, 0.01], [0.9, 0.1]]),
        "bronc": (("smoke",), [[0.7, 0.3], [0.4, 0.6]]),
        "either": (("lung", "tub"), [[[1, 0], [0, 1]], [[0, 1], [0, 1]]]),
        "xray": (("either",), [[0.95, 0.05], [0.02, 0.98]]),
        "dysp": (("bronc", "either"), [[[0.9, 0.1], [0.3, 0.7]], [[0.2, 0.8], [0.1, 0.9]]]),
    },
    "asia",
)
ALARM = build(
    dict.fromkeys(("burglary", "earthquake", "alarm", "john", "mary"), NY),
    {
        "burglary": ((), [0.999, 0.001]),
        "earthquake": ((), [0.998, 0.002]),
        "alarm": (("burglary", "earthquake"), [[[0.999, 0.001], [0.71, 0.29]], [[0.06, 0.94], [0.05, 0.95]]]),
        "john": (("alarm",), [[0.95, 0.05], [0.1, 0.9]]),
        "mary": (("alarm",), [[0.99, 0.01], [0.3, 0.7]]),
    },
    "burglary",
)
STUDENT = build(
    {"d": ("0", "1"), "i": ("0", "1"), "g": ("1", "2", "3"), "s": ("0", "1"), "l": ("0", "1")},
    {
        "d": ((), [0.6, 0.4]),
        "i": ((), [0.7, 0.3]),
        "g": (("i", "d"), [[[0.3, 0.4, 0.3], [0.05, 0.25, 0.7]], [[0.9, 0.08, 0.02], [0.5, 0.3, 0.2]]]),
        "s": (("i",), [[0.95, 0.05], [0.2, 0.8]]),
        "l": (("g",), [[0.1, 0.9], [0.4, 0.6], [0.99, 0.01]]),
    },
    "student",
)
SPRINKLER = build(
    dict.fromkeys(("cloudy", "sprinkler", "rain", "wet"), NY),
    {
        "cloudy": ((), [0.5, 0.5]),
        "sprinkler": (("cloudy",), [[0.5, 0.5], [0.9, 0.1]]),
        "rain": (("cloudy",), [[0.8, 0.2], [0.2, 0.8]]),
        "wet": (("sprinkler", "rain"), [[[1.0, 0.0], [0.1, 0.9]], [[0.1, 0.9], [0.01, 0.99]]]),
    },
    "sprinkler",
)

TEXTBOOK: list[tuple[str, Network, str, str, dict[str, Any], float, int]] = [
    # Lauritzen SL, Spiegelhalter DJ (1988), J R Stat Soc B 50:157-224: figure 2 and its marginals
    *((f"L&S 1988: {v}", ASIA, v, "yes", {}, p, 4) for v, p in
      {"tub": 0.0104, "lung": 0.055, "bronc": 0.45, "either": 0.0648, "xray": 0.1103, "dysp": 0.4360}.items()),
    # Russell S, Norvig P (2010), Artificial Intelligence, 3rd ed., section 14.4.1, p. 523: <0.284, 0.716>
    ("R&N p. 523", ALARM, "burglary", "yes", {"john": "yes", "mary": "yes"}, 0.284, 3),
    # Koller D, Friedman N (2009), Probabilistic Graphical Models, sections 3.2.1.2 and 3.2.1.3, pp. 54-55
    ("K&F p. 54: l1", STUDENT, "l", "1", {}, 0.502, 3),
    ("K&F p. 54: l1 | i0", STUDENT, "l", "1", {"i": "0"}, 0.389, 3),
    ("K&F p. 54: l1 | i0 d0", STUDENT, "l", "1", {"i": "0", "d": "0"}, 0.513, 3),
    ("K&F p. 54: i1 | g3", STUDENT, "i", "1", {"g": "3"}, 0.079, 3),
    ("K&F p. 54: d1 | g3", STUDENT, "d", "1", {"g": "3"}, 0.629, 3),
    ("K&F p. 55: i1 | l0", STUDENT, "i", "1", {"l": "0"}, 0.14, 2),
    ("K&F p. 55: i1 | l0 g3", STUDENT, "i", "1", {"l": "0", "g": "3"}, 0.079, 3),
    ("K&F p. 55: i1 | g3 s1", STUDENT, "i", "1", {"g": "3", "s": "1"}, 0.578, 3),
    ("K&F p. 55: d1 | g3 s1", STUDENT, "d", "1", {"g": "3", "s": "1"}, 0.76, 2),
    ("K&F p. 55: i1 | g2", STUDENT, "i", "1", {"g": "2"}, 0.175, 3),
    ("K&F p. 55: i1 | g3 d1", STUDENT, "i", "1", {"g": "3", "d": "1"}, 0.11, 2),
    # Murphy K (1998), A brief introduction to graphical models: sprinkler network
    ("Murphy: s | w", SPRINKLER, "sprinkler", "yes", {"wet": "yes"}, 0.4298, 4),
    ("Murphy: r | w", SPRINKLER, "rain", "yes", {"wet": "yes"}, 0.7079, 4),
    ("Murphy: s | w r", SPRINKLER, "sprinkler", "yes", {"wet": "yes", "rain": "yes"}, 0.1945, 4),
]  # fmt: skip


@pytest.mark.parametrize(("network", "variable", "state", "found", "printed", "digits"), [case[1:] for case in TEXTBOOK],
                         ids=[case[0] for case in TEXTBOOK])  # fmt: skip
def test_textbook(
    network: Network, variable: str, state: str, found: dict[str, Any], printed: float, digits: int
) -> None:
    """A number as printed, to its last digit."""
    value = spasmnet.compile(network).posterior(found)[variable][state]
    assert abs(value - printed) <= 0.5 * 10.0**-digits + 1e-12


def test_textbook_probabilities_of_findings() -> None:
    """P(wet grass) = 0.6471 (Murphy 1998), and P(alarm, both call, no burglary, no earthquake) = 0.000628 (R&N p. 514)."""
    assert math.exp(spasmnet.compile(SPRINKLER).posterior({"wet": "yes"}).log_evidence) == pytest.approx(
        0.6471, abs=5e-5
    )
    found = {"john": "yes", "mary": "yes", "alarm": "yes", "burglary": "no", "earthquake": "no"}
    assert math.exp(spasmnet.compile(ALARM).posterior(found).log_evidence) == pytest.approx(0.000628, abs=5e-7)


def test_asia_from_the_file_is_asia_from_the_paper() -> None:
    """The file's network gives the paper's marginals, although it declares yes before no."""
    post = spasmnet.compile(classic.load("asia")).posterior({"asia": "yes", "xray": "yes"})
    mine = spasmnet.compile(ASIA).posterior({"asia": "yes", "xray": "yes"})
    for name in ASIA.names:
        assert post[name]["yes"] == pytest.approx(mine[name]["yes"], abs=1e-12)


# ------------------------------------------------------------------ other programs


def sample(network: Network, random: np.random.Generator, share: float) -> dict[str, str]:
    """Findings on about a share of the variables, from a case drawn from the network, so that they are possible."""
    drawn: dict[str, int] = {}
    for name in network.order:
        cpd = network.cpds[name]
        row = cpd.table()[tuple(drawn[parent] for parent in cpd.parents)]
        drawn[name] = int(random.choice(len(row), p=row / row.sum()))
    chosen = [name for name in network.names if random.random() < share]
    return {name: network.by_name[name].states[drawn[name]] for name in chosen}


def to_agrum(network: Network) -> Any:
    """The same network in pyAgrum, in double precision; variables are named by number, since it is choosy with names."""
    gum = pytest.importorskip("pyagrum")
    other = gum.BayesNet()
    number = {name: f"v{i}" for i, name in enumerate(network.names)}
    for variable in network.variables:
        other.add(gum.RangeVariable(number[variable.name], "", 0, len(variable.states) - 1))
    for name in network.names:
        for parent in network.cpds[name].parents:
            other.addArc(number[parent], number[name])
    for name in network.names:
        cpd, theirs = network.cpds[name], other.cpt(number[name])
        axes = [number[n] for n in (*cpd.parents, name)]
        order = [axes.index(axis) for axis in reversed(theirs.names)]
        theirs[:] = np.ascontiguousarray(cpd.table().transpose(order))
    return other


def agree_with_agrum(
    engine: spasmnet.Engine, propagation: Any, found: dict[str, Any], random: np.random.Generator
) -> None:
    """All posteriors and P(e) agree with pyAgrum's."""
    network = engine.network
    number = {name: i for i, name in enumerate(network.names)}
    propagation.setEvidence(
        {
            f"v{number[name]}": [finding[s] for s in network.by_name[name].states]
            if isinstance(finding, dict)
            else network.by_name[name].states.index(finding)
            for name, finding in found.items()
        }
    )
    asked = network.names if len(network) < 300 else random.permutation(network.names)[:60].tolist()
    propagation.eraseAllTargets()
    for name in asked:
        propagation.addTarget(f"v{number[name]}")
    propagation.makeInference()
    post = engine.posterior(found)
    for name in asked:
        theirs = propagation.posterior(f"v{number[name]}").toarray()
        difference = np.abs(np.array(list(post[name].values())) - theirs).max()
        assert difference <= TOLERANCE, (name, difference)
    probability = propagation.evidenceProbability()
    if probability > 1e-290:
        assert abs(math.log(probability) - post.log_evidence) <= TOLERANCE * max(1.0, abs(post.log_evidence))


@pytest.mark.parametrize("name", [name for name in classic.NAMES if name not in REFUSED | SLOW])
def test_agrum(name: str) -> None:
    """Classic networks, with nothing, a tenth and a third of the variables observed, agree with pyAgrum."""
    gum = pytest.importorskip("pyagrum")
    network = classic.load(name)
    engine = spasmnet.compile(network)
    propagation = gum.LazyPropagation(to_agrum(network))
    random = np.random.default_rng(len(network))
    draws = DRAWS.get(name, 4)
    for share in (0.0, 0.1, 0.3) if len(network) < 1000 else (0.1,):
        for _ in range(1 if share == 0 else draws):
            agree_with_agrum(engine, propagation, sample(network, random, share), random)


@pytest.mark.parametrize("name", classic.SMALL)
def test_agrum_with_likelihoods(name: str) -> None:
    """Likelihood evidence agrees with pyAgrum's soft evidence."""
    gum = pytest.importorskip("pyagrum")
    network = classic.load(name)
    engine = spasmnet.compile(network)
    propagation = gum.LazyPropagation(to_agrum(network))
    random = np.random.default_rng(len(network))
    for _ in range(3):
        found: dict[str, Any] = dict(sample(network, random, 0.3))
        for variable in list(found)[::2]:
            states = network.by_name[variable].states
            kept = found[variable]
            found[variable] = {s: float(random.random()) if s != kept else 1.0 for s in states}
        agree_with_agrum(engine, propagation, found, random)


@pytest.mark.parametrize("name", ["asia", "alarm"])
def test_pgmpy(name: str) -> None:
    """Asia and alarm agree with pgmpy's variable elimination."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pgmpy warns of itself when imported
        from pgmpy.inference import VariableElimination

    network = classic.load(name)
    engine = spasmnet.compile(network)
    elimination = VariableElimination(spasmnet.to_pgmpy(network))
    random = np.random.default_rng(1)
    for share in (0.0, 0.1, 0.3):
        found = sample(network, random, share)
        post = engine.posterior(found)
        for variable in [v for v in network.names if v not in found][::3]:
            theirs = elimination.query([variable], evidence=found, show_progress=False)
            for state in network.by_name[variable].states:
                value = theirs.get_value(**{variable: state})
                assert abs(post[variable][state] - value) <= TOLERANCE


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused(name: str) -> None:
    """A network beyond the limit answers what findings or targets make small; the rest is refused, with the way out."""
    network = classic.load(name)
    engine = spasmnet.compile(network)
    with pytest.raises(CircuitTooLargeError) as caught:
        engine.posterior()
    error = caught.value
    assert error.products > error.limit == MAX_PRODUCTS
    assert f"about {error.products:,} products (width {error.width}: its largest cluster has" in str(error)
    assert f"compile(network, max_products={error.products})" in str(error)
    assert "or ask for fewer variables" in str(error)
    found = sample(network, np.random.default_rng(1), 0.4)
    post, (target, *_) = engine.posterior(found), [v for v in network.names if v not in found]
    assert abs(engine.posterior_of([target], found)[target][network.by_name[target].states[0]]
               - post[target][network.by_name[target].states[0]]) <= 1e-12  # fmt: skip
    gum = pytest.importorskip("pyagrum")
    agree_with_agrum(engine, gum.LazyPropagation(to_agrum(network)), found, np.random.default_rng(2))


@states_like_none
@pytest.mark.parametrize("name", ["child", "alarm", "hailfinder", "pathfinder"])
def test_tables_of_classic_networks(name: str) -> None:
    """Tables of cases of classic networks are their single cases, with and without a circuit of their own."""
    import pandas as pd

    network = classic.load(name)
    engine = spasmnet.compile(network)
    random = np.random.default_rng(2)
    targets = list(network.names[:5])
    cases = pd.DataFrame([sample(network, random, 0.3) for _ in range(40)], columns=list(network.names))
    cases = cases.astype(object).where(cases.notna(), None)
    expected = [
        [p for target in targets for p in engine.posterior({k: v for k, v in row.items() if v})[target].values()]
        for row in cases.to_dict("records")
    ]
    for repeats in (1, 25):
        long = pd.concat([cases] * repeats, ignore_index=True)
        result = engine.posteriors(long, targets)
        np.testing.assert_allclose(result.to_numpy(), np.tile(expected, (repeats, 1)), rtol=0, atol=1e-12)
