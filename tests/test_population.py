"""Parameter sensitivity of many cases against one case after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import EvidenceError, ImpossibleEvidenceError, Network, SpasmnetError, Table, TableError, Variable
from spasmnet.parameters.names import name_of, parameters
from spasmnet.sensitivity import population
from spasmnet.sensitivity.one_way import ParameterSensitivity, parameter_sensitivity
from spasmnet.sensitivity.population import PopulationSensitivity, population_sensitivity
from spasmnet.sensitivity.reachability import sensitivity_sets
from spasmnet.sensitivity.relevance import sensitivity_set
from tests import strategies

relaxed = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
RULES = ("proportional", "uniform", "order_preserving")


@st.composite
def tables(draw: st.DrawFn) -> tuple[Network, str, pd.DataFrame]:
    """A network, a target, and a table of up to 12 cases, some of them alike, about some of the other variables."""
    network = draw(strategies.any_networks)
    name = draw(st.sampled_from(network.names))
    columns = draw(st.lists(st.sampled_from(network.names), unique=True, min_size=1, max_size=4))
    assume(any(parameters(network)) and name not in columns)
    cell = {c: st.none() | st.sampled_from(network.by_name[c].states) for c in columns}
    rows = draw(st.lists(st.fixed_dictionaries(cell), min_size=1, max_size=12))
    return (
        network,
        name,
        pd.DataFrame(rows, columns=columns, index=[f"row {i}" for i in range(len(rows))], dtype=object),
    )


def one_by_one(
    engine: spasmnet.Engine, target: Any, frame: pd.DataFrame, **options: Any
) -> list[ParameterSensitivity | None]:
    """Each case asked alone; None where that cannot be."""
    found: list[ParameterSensitivity | None] = []
    for _, row in frame.iterrows():
        findings = {str(k): v for k, v in row.items() if isinstance(v, str) and v}
        try:
            ps = parameter_sensitivity(engine, target, findings, **options)
            found.append(ps if np.isfinite(ps.answer) else None)
        except (ImpossibleEvidenceError, EvidenceError):
            found.append(None)
    return found


def lost(ps: ParameterSensitivity) -> dict[str, float]:
    """How far rounding can move each derivative: it is a difference of products of numbers as large as the gradient."""
    numbers, gradient = ps.query.numbers, np.abs(ps.query.gradient).max(axis=0)
    largest = np.zeros(len(gradient))
    np.maximum.at(largest, numbers.rows, gradient)
    bottom = float(ps.target.denominator @ ps.query.joint)
    size = 1e-12 * (largest[numbers.rows] / bottom * (1 + abs(ps.answer)) + np.square(largest[numbers.rows] / bottom))
    return dict(zip([name_of(ps.network, place) for place in ps.places], size.tolist(), strict=True))


@strategies.states_like_none
@settings(relaxed, max_examples=120)
@given(tables(), st.sampled_from(RULES), st.sampled_from(("probability", "difference", "log_odds")))
def test_derivatives_are_those_of_each_case(drawn: tuple[Network, str, pd.DataFrame], rule: str, measure: str) -> None:
    """Answers, derivatives and summary agree with parameter_sensitivity, case by case; impossible ones are left out."""
    network, name, frame = drawn
    states = network.by_name[name].states
    assume(measure == "probability" or len(states) > 1)
    engine, options = spasmnet.compile(network), {"measure": measure, "covariation": rule}
    options |= {"against": states[1]} if measure == "difference" else {}
    alone = one_by_one(engine, (name, states[0]), frame, **options)
    if not any(alone):
        with pytest.raises(TableError, match="not defined in any of the cases"):
            population_sensitivity(engine, (name, states[0]), frame, on_impossible="nan", **options)
        return
    found = population_sensitivity(engine, (name, states[0]), frame, on_impossible="nan", keep=True, **options)
    assert found.left_out == sum(ps is None for ps in alone)
    kept = found.derivatives
    assert list(kept.index) == list(frame.index)
    for i, ps in enumerate(alone):
        if ps is None:
            assert np.isnan(found.answers[i]) and kept.iloc[i].isna().all()
            continue
        assert found.answers[i] == pytest.approx(ps.answer, rel=1e-9, abs=1e-12)
        noise = lost(ps)
        for number, derivative in ps.frame["derivative"].items():
            tolerance = noise.get(str(number), max(noise.values(), default=0.0))
            if tolerance < 1e-3:
                assert kept.iloc[i][number] == pytest.approx(derivative, rel=1e-7, abs=1e-10 + tolerance)
    summary_is_of(found, kept)


@relaxed
@given(strategies.any_networks, st.data())
def test_what_can_matter_in_many_cases(network: Network, data: st.DataObject) -> None:
    """The sensitivity sets of many cases at once are those of each."""
    target = data.draw(st.sampled_from(network.names))
    observed = data.draw(st.lists(st.lists(st.sampled_from(network.names), unique=True), min_size=1, max_size=5))
    table = np.array([[name in each for each in observed] for name in network.names])
    found = sensitivity_sets(network, target, table)
    for case, each in enumerate(observed):
        expected = sensitivity_set(network, target, each)
        assert {name for name, is_in in zip(network.names, found[:, case], strict=True) if is_in} == expected


def summary_is_of(found: PopulationSensitivity, kept: pd.DataFrame) -> None:
    """The frame against the plain means of all derivatives."""
    cases, frame = kept.dropna(), found.frame
    assert set(frame.index) == set(kept.columns)
    assert frame["mean_size"].is_monotonic_decreasing
    for number, row in frame.iterrows():
        values = cases[number]
        size = values.abs()
        assert row["mean_size"] == pytest.approx(size.mean(), rel=1e-9, abs=1e-300)
        assert row["mean"] == pytest.approx(values.mean(), rel=1e-9, abs=1e-12 * size.max())
        assert abs(row["largest"]) == size.max()
        if size.max() > 0:
            assert kept.loc[row["largest_case"], number] == row["largest"]
        assert row["share"] == pytest.approx((size > 1e-9).mean(), rel=1e-12)
        assert row["swing"] == pytest.approx(row["mean_size"] * (row["high"] - row["low"]), rel=1e-12)


@pytest.fixture(scope="module")
def engine() -> spasmnet.Engine:
    return spasmnet.compile(spasmnet.load())


def cases(engine: spasmnet.Engine, count: int, columns: list[str], seed: int = 0) -> pd.DataFrame:
    random, by_name = np.random.default_rng(seed), engine.network.by_name
    return pd.DataFrame(
        {c: np.where(random.random(count) < 0.4, None, random.choice(by_name[c].states, count)) for c in columns}
    )


def test_parts_and_threads_make_no_difference(engine: spasmnet.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same summary however the cases are divided, and the same bits in every run."""
    columns = ["age_band", "trauma", "heavy_sweating", "vomiting_diarrhoea", "spasm", "weakness", "dark_urine", "fever"]
    frame = cases(engine, 700, [c for c in columns if c in engine.network.by_name])
    one = population_sensitivity(engine, ("dehydration", "mild"), frame, threads=1)
    two = population_sensitivity(engine, ("dehydration", "mild"), frame, threads=1)
    pd.testing.assert_frame_equal(one.frame, two.frame, check_exact=True)
    monkeypatch.setattr(population, "CHUNK", 20_000)
    many = population_sensitivity(engine, ("dehydration", "mild"), frame, threads=3)
    pd.testing.assert_frame_equal(one.frame.sort_index(), many.frame.sort_index(), rtol=1e-12)
    assert (one.answers == many.answers).all()
    expected = engine.posteriors(frame, ["dehydration"])[("dehydration", "mild")]
    assert one.answers == pytest.approx(expected.to_numpy(), rel=1e-12)


def test_the_frame_has_value_range_and_source(engine: spasmnet.Engine) -> None:
    """Beside each number stand its value, range and source, as in the frame of one case."""
    found = population_sensitivity(engine, ("dehydration", "mild"), cases(engine, 5, ["spasm", "trauma"]))
    alone = parameter_sensitivity(engine, ("dehydration", "mild")).frame
    shared = ["variable", "state", "given", "value", "low", "high", "source", "where"]
    pd.testing.assert_frame_equal(found.frame[shared].sort_index(), alone[shared].sort_index())
    assert found.frame.attrs["spasmnet"]["cases"] == 5
    assert repr(found) == "<PopulationSensitivity of P(dehydration=mild) over 5 cases>"
    with pytest.raises(SpasmnetError, match="ask with keep=True"):
        _ = found.derivatives


def test_impossible_cases_are_told_with_their_row(engine: spasmnet.Engine) -> None:
    """The first impossible row is named with the findings that cannot occur together."""
    frame = pd.DataFrame(
        {"spasm": ["painful", "none", "none"], "spasm_frequency": [None, "occasional", "occasional"]},
        index=[10, 20, 30],
    )
    with pytest.raises(ImpossibleEvidenceError, match="20") as caught:
        population_sensitivity(engine, ("dehydration", "mild"), frame)
    assert "spasm = none and spasm_frequency = occasional" in str(caught.value)
    found = population_sensitivity(engine, ("dehydration", "mild"), frame, on_impossible="nan")
    assert found.left_out == 2
    alone = parameter_sensitivity(engine, ("dehydration", "mild"), {"spasm": "painful"})
    expected = alone.frame["derivative"].sort_index()
    assert found.frame["mean"].sort_index().to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9, abs=1e-12)


def test_rare_cases_are_not_impossible() -> None:
    """Findings below the smallest number that a float holds are scaled, not left out."""
    variables = [Variable("x", ("no", "yes"))] + [Variable(f"v{i}", ("no", "yes")) for i in range(60)]
    cpds = {"x": Table((), [0.5, 0.5])} | {
        f"v{i}": Table(("x",), [[1 - 1e-8, 1e-8], [1 - 2e-8, 2e-8]]) for i in range(60)
    }
    engine = spasmnet.compile(Network(tuple(variables), cpds))
    frame = pd.DataFrame({f"v{i}": ["yes", "no"] for i in range(60)})
    found = population_sensitivity(engine, ("x", "no"), frame, keep=True)
    for i in range(2):
        alone = parameter_sensitivity(engine, ("x", "no"), dict(frame.iloc[i])).frame["derivative"]
        assert found.derivatives.iloc[i][alone.index].to_numpy() == pytest.approx(alone.to_numpy(), rel=1e-8, abs=1e-20)
    assert found.answers[0] == pytest.approx(1 / (1 + 2.0**60), rel=1e-9)


def test_what_is_wrong_is_told(engine: spasmnet.Engine) -> None:
    """Bad tables, an observed target, an answer that is not defined."""
    good, target = cases(engine, 3, ["spasm"]), ("dehydration", "mild")
    with pytest.raises(TableError, match=r"^dehydration is the target, so it cannot be a column"):
        population_sensitivity(engine, target, good.assign(dehydration="mild"))
    with pytest.raises(TableError, match=r"a data frame .* is needed, not dict"):
        population_sensitivity(engine, target, {"spasm": "painful"})
    with pytest.raises(TableError, match=r'^on_impossible must be "raise" or "nan"'):
        population_sensitivity(engine, target, good, on_impossible="drop")
    with pytest.raises(TableError, match="threads must be"):
        population_sensitivity(engine, target, good, threads=0)
    with pytest.raises(EvidenceError, match="covariation is one of"):
        population_sensitivity(engine, target, good, covariation="even")
    with pytest.raises(EvidenceError, match="spread is a number"):
        population_sensitivity(engine, target, good, spread=2)
    with pytest.raises(SpasmnetError, match="an engine is needed"):
        population_sensitivity(engine.network, target, good)
    asked = {"measure": "log_odds", "against": "painful"}
    with pytest.raises(EvidenceError, match=r"^row 1: log-odds .* is infinite or not defined with these findings"):
        population_sensitivity(
            engine, ("spasm", "none"), pd.DataFrame({"spasm_frequency": [None, "occasional"]}), **asked
        )
