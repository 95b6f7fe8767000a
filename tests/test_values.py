"""Values of every type, at every border, mean the same states; frames of every kind give the same answers."""

from __future__ import annotations

import enum
import json
import math
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import (
    EvidenceError,
    ImpossibleEvidenceError,
    Network,
    SpasmnetWarning,
    Table,
    TableError,
    UnknownStateError,
    Variable,
)
from spasmnet.inference.engine import Engine
from tests import classic, enumeration, strategies
from tests.strategies import FRAME_KINDS, as_kind, states_like_none

many = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
ABSOLUTE = 1e-12


def typed() -> Network:
    """Variables whose states are named after numbers, truth values and words, and one whose name is a number."""
    states = {
        "grade": ("0", "1", "2"),
        "ratio": ("-0.5", "1.5", "1e+20"),
        "flag": ("false", "true"),
        "word": ("painful", "None", "01"),
        "7": ("no", "yes"),
        "mixed": ("1", "1.0", "True", "true"),
    }
    variables = [Variable(name, names, question=f"{name}?") for name, names in states.items()]
    random = np.random.default_rng(3)
    above: dict[str, tuple[str, ...]] = {
        "ratio": ("grade",), "flag": ("grade",), "word": ("flag", "ratio"), "7": ("word",), "mixed": ("7",)
    }  # fmt: skip
    cpds = {
        name: Table(
            above.get(name, ()), random.dirichlet(np.ones(len(names)), [len(states[p]) for p in above.get(name, ())])
        )
        for name, names in states.items()
    }
    return Network(variables, cpds, name="typed")


@pytest.fixture(scope="module")
def engine() -> Engine:
    """The engine that these tests share."""
    return spasmnet.compile(typed())


class Word(enum.Enum):
    """An Enum whose members' names are not their values."""

    HURTS = "painful"
    ONE = 1


class Text(enum.StrEnum):
    """An Enum of text, whose members are strings with another hash."""

    HURTS = "painful"
    painful = "01"  # whose hash is that of "painful"


class Grade(enum.IntEnum):
    """An Enum of whole numbers."""

    TWO = 2


VALUES = [
    ("grade", 1, "1"), ("grade", np.int64(1), "1"), ("grade", np.int8(1), "1"), ("grade", np.uint64(2), "2"),
    ("grade", 1.0, "1"), ("grade", np.float64(0.0), "0"), ("grade", -0.0, "0"), ("grade", np.float32(2), "2"),
    ("grade", Decimal("1.00"), "1"), ("grade", Grade.TWO, "2"), ("grade", Word.ONE, "1"), ("grade", np.str_("2"), "2"),
    ("ratio", 1.5, "1.5"), ("ratio", np.float32(-0.5), "-0.5"), ("ratio", Decimal("1.5"), "1.5"),
    ("ratio", 10**20, "1e+20"), ("ratio", 1e20, "1e+20"),
    ("flag", True, "true"), ("flag", np.bool_(False), "false"), ("flag", "true", "true"),
    ("word", Word.HURTS, "painful"), ("word", Text.HURTS, "painful"), ("word", Text.painful, "01"),
    ("word", np.str_("painful"), "painful"), ("word", "None", "None"),
]  # fmt: skip
NO_STATES = [
    ("grade", True), ("grade", np.bool_(True)), ("grade", 3), ("grade", 1.5), ("grade", math.inf), ("grade", "1.0"),
    ("grade", b"1"), ("grade", [1]), ("grade", 10**5000), ("grade", 1j), ("flag", 1), ("flag", 1.0), ("flag", "True"),
    ("word", 1), ("word", "none"), ("word", "Painful"),
]  # fmt: skip


def borders(engine: Engine, variable: str, value: Any) -> dict[str, Any]:
    """The state that a value means at every border that takes it; an error instead where it is refused."""
    network, target = engine.network, "mixed" if variable != "mixed" else "word"
    index = [value] if isinstance(value, (str, list)) else value
    states = network.by_name[variable].states
    cells = np.empty(1, dtype=object)
    cells[0] = value

    def likely() -> Any:
        finding = {value: 1.0} | {s: 0.0 for s in states if engine_state(engine, variable, value) != s}
        return next(s for s, p in engine.posterior({variable: finding})[variable].items() if p == 1.0)

    ways: dict[str, Callable[[], Any]] = {
        "dict": lambda: engine.posterior({variable: value}).evidence[variable],
        "most probable": lambda: engine.most_probable({variable: value}).evidence[variable],
        "table": lambda: state_in(engine.posteriors(pd.DataFrame({variable: cells}), [variable]), 0, states),
        "do": lambda: states[int(spasmnet.do(network, {variable: value}).cpds[variable].table().argmax())],
        "target": lambda: spasmnet.parameter_sensitivity(engine, (variable, value), {}).target.states[0],
        "evidence": lambda: spasmnet.parameter_sensitivity(engine, (target, network.by_name[target].states[0]), {variable: value}).evidence[variable],
        "explorer": lambda: spasmnet.explore(engine, {variable: value}).findings[variable],
        "interview": lambda: spasmnet.interview_step(engine, {variable: value}, targets=[target], interval=None, decision="cause").answers[0][1],
        "JSON": lambda: spasmnet.answer_json(engine, {"contract": 1, "evidence": {variable: value}})["evidence"][variable],
    }  # fmt: skip
    if not isinstance(index, list):
        ways["likelihood"] = likely
    found: dict[str, Any] = {}
    for name, ask in ways.items():
        try:
            found[name] = ask()
        except spasmnet.SpasmnetError as error:
            found[name] = error
    return found


def engine_state(engine: Engine, variable: str, value: Any) -> str:
    """The state that a value means as evidence."""
    return str(engine.posterior({variable: value}).evidence[variable])


def state_in(answer: pd.DataFrame, row: int, states: tuple[str, ...]) -> str:
    """The state that is certain in a row."""
    return states[int(answer.iloc[row].to_numpy().argmax())]


@pytest.mark.parametrize(("variable", "value", "state"), VALUES, ids=repr)
def test_values_that_mean_a_state(engine: Engine, variable: str, value: Any, state: str) -> None:
    """A value means the same state at every border, and comes back as the state's name in plain text."""
    found = borders(engine, variable, value)
    assert found == dict.fromkeys(found, state)
    assert type(found["dict"]) is str


@pytest.mark.parametrize(
    ("variable", "value"),
    NO_STATES,
    ids=lambda value: repr(value)[:20] if not isinstance(value, int) or abs(value) < 10**9 else "long",
)
def test_values_that_mean_none(engine: Engine, variable: str, value: Any) -> None:
    """What means no state is refused at every border, never taken for another."""
    found = borders(engine, variable, value)
    wrong = {way: what for way, what in found.items() if not isinstance(what, spasmnet.SpasmnetError)}
    if isinstance(value, list):
        wrong.pop("target", None)  # where a list is a list of states
    assert not wrong


@pytest.mark.parametrize(
    ("value", "either"),
    [
        (1, "'1' or '1.0'"),
        (1.0, "'1' or '1.0'"),
        (np.int8(1), "'1' or '1.0'"),
        (True, "'True' or 'true'"),
        (np.bool_(True), "'True' or 'true'"),
    ],
    ids=repr,
)
def test_ambiguous_values(engine: Engine, value: Any, either: str) -> None:
    """A value that could mean two states is refused with both; their names as text are understood."""
    found = borders(engine, "mixed", value)
    for way, error in found.items():
        assert isinstance(error, spasmnet.SpasmnetError), way
        assert f"could mean {either}" in str(error) or f"could mean the state {either}" in str(error) or way == "JSON"
    for state in engine.network.by_name["mixed"].states:
        found = borders(engine, "mixed", state)
        assert found == dict.fromkeys(found, state)


def test_equal_values_are_not_confused(engine: Engine) -> None:
    """1, 1.0 and True are equal in Python; no cache takes one for another."""
    network = Network(
        [Variable("a", ("1", "true")), Variable("b", ("x", "y"))],
        {"a": Table((), [0.5, 0.5]), "b": Table(("a",), [[0.9, 0.1], [0.2, 0.8]])},
    )
    engine = spasmnet.compile(network)
    for value, chance in ((1, 0.1), (True, 0.8), (1.0, 0.1), (np.bool_(True), 0.8)):
        ps = spasmnet.parameter_sensitivity(engine, ("b", "y"), {"a": value})
        assert float(ps.query.joint[1] / ps.query.joint.sum()) == pytest.approx(chance)
        assert spasmnet.parameter_sensitivity(engine, ("a", value)).target.states == ("1" if chance == 0.1 else "true",)
    cells = [1, True, 1.0, np.True_, "1", "true", None] * 40
    fresh = [float("1.0") if type(c) is float else c for c in cells]
    expected = engine.posteriors(pd.DataFrame({"a": ["1", "true", "1", "true", "1", "true", None] * 40}), ["b"])
    for column in (cells, fresh, [*fresh, *map(float, range(1, 2)), *(float("1") for _ in range(100))]):
        result = engine.posteriors(pd.DataFrame({"a": pd.Series(column, dtype=object)}), ["b"])
        assert (result.to_numpy()[:280] == expected.to_numpy()).all()


def test_names_of_variables_that_are_no_text(engine: Engine) -> None:
    """Variables are named by the same rule: a column 7, and the key 7 of a dict, are the variable "7"."""
    expected = engine.posterior({"7": "yes"})
    assert engine.posterior({7: "yes"}) == engine.posterior({np.int64(7): "yes"}) == expected  # type: ignore[dict-item]
    for name in (7, 7.0, np.int64(7)):
        result = engine.posteriors(pd.DataFrame({name: ["yes", None]}), ["word"])
        assert result.iloc[0].tolist() == pytest.approx(list(expected["word"].values()), abs=ABSOLUTE)
    with pytest.raises(EvidenceError, match="7 is given twice"):
        engine.posterior({"7": "yes", 7: "no"})  # type: ignore[dict-item]
    with pytest.raises(TableError, match=r"duplicate column\(s\) 7"):
        engine.posteriors(pd.DataFrame([["yes", "yes"]], columns=["7", 7]))


def test_likelihoods_by_values_that_are_no_text(engine: Engine) -> None:
    """The states of a likelihood are read by the same rule, each once."""
    expected = engine.posterior({"grade": {"0": 0.1, "1": 0.2, "2": 0.7}, "flag": {"false": 0.3, "true": 0.6}})
    post = engine.posterior({"grade": {0: 0.1, 1.0: 0.2, np.int8(2): 0.7}, "flag": {False: 0.3, True: 0.6}})
    assert post == expected
    assert post.evidence == expected.evidence
    with pytest.raises(EvidenceError, match="grade: the likelihood of 1 is given twice"):
        engine.posterior({"grade": {"0": 0.1, "1": 0.2, 1: 0.2, "2": 0.7}})


@pytest.mark.parametrize(
    "missing",
    [None, math.nan, np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), Decimal("NaN"), Decimal("sNaN")],
    ids=repr,
)
def test_missing_values(engine: Engine, missing: Any) -> None:
    """In a table a missing value was not observed, in an interview it is unknown, as evidence it is to be left out."""
    frame = pd.DataFrame({"flag": [True, missing], "grade": pd.Series([missing, 2], dtype=object)})
    expected = engine.posteriors(pd.DataFrame({"flag": ["true", None], "grade": [None, "2"]}))
    assert engine.posteriors(frame).equals(expected)
    with pytest.raises(EvidenceError, match="leave out what was not observed"):
        engine.posterior({"flag": missing})
    step = spasmnet.interview_step(engine, {"flag": missing}, targets=["word"], decision="cause", interval=None)
    assert step.answers == (("flag", None),)


def test_json(engine: Engine) -> None:
    """JSON's numbers and truth values are findings as the schema says; null is none."""
    text = json.dumps({"contract": 1, "evidence": {"grade": 1, "ratio": 1.5, "flag": True, "word": "painful"}})
    assert spasmnet.answer_json(engine, text)["evidence"] == {
        "grade": "1",
        "ratio": "1.5",
        "flag": "true",
        "word": "painful",
    }
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(json.loads(text), spasmnet.json_schema("question"))
    with pytest.raises(spasmnet.QuestionError, match="null is not a finding"):
        spasmnet.answer_json(engine, {"contract": 1, "evidence": {"grade": None}})


# ------------------------------------------------------------------ frames of every kind


def draw_cases(network: Network, count: int, seed: int) -> pd.DataFrame:
    """Random cases with gaps, as plain objects."""
    random = np.random.default_rng(seed)
    columns = {}
    for v in network.variables:
        column = np.array(v.states, dtype=object)[random.integers(0, len(v.states), count)]
        column[random.random(count) < 0.4] = None
        columns[v.name] = column
    return pd.DataFrame(columns)


@states_like_none
@pytest.mark.parametrize("count", [3, 1500])
@pytest.mark.parametrize("kind", FRAME_KINDS)
def test_kinds_of_frames(engine: Engine, kind: str, count: int) -> None:
    """Every kind of frame gives the answers of a plain one, as a frame of its own kind, and stays as it was."""
    plain = draw_cases(engine.network, count, 5)
    expected = engine.posteriors(plain, ["word", "grade"], log_evidence=True)
    frame = as_kind(plain, kind)
    result = engine.posteriors(frame, ["word", "grade"], log_evidence=True)
    assert type(result) is type(frame)
    if isinstance(frame, pd.DataFrame):
        assert result.equals(expected)
        return
    named = nw.from_native(result, eager_only=True)
    names = [f"{v}={s}" if s else v for v, s in expected.columns]
    assert named.columns == names
    assert (named.to_numpy() == expected.to_numpy()).all()


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"grade": [1, 2, None], "flag": [True, None, False], "ratio": [1.5, None, -0.5]}),
        pd.DataFrame({"grade": pd.array([1, 2, None], dtype="Int64"), "flag": pd.array([True, None, False], dtype="boolean"), "ratio": pd.array([1.5, None, -0.5], dtype="Float64")}),
        pd.DataFrame({"grade": pd.Categorical([1, 2, None]), "flag": pd.Categorical([True, None, False]), "ratio": pd.Categorical([1.5, None, -0.5])}),
        pd.DataFrame({"grade": [1, 2, None], "flag": [True, None, False], "ratio": np.array([1.5, math.nan, -0.5], dtype=np.float32)}),
        pd.DataFrame({"grade": [1, 2, None], "flag": [True, None, False], "ratio": [1.5, None, -0.5]}).astype({"grade": "int8[pyarrow]", "flag": "bool[pyarrow]", "ratio": "float[pyarrow]"}),
        pl.DataFrame({"grade": [1, 2, None], "flag": [True, None, False], "ratio": [1.5, None, -0.5]}),
        pl.DataFrame({"grade": [1.0, 2.0, math.nan], "flag": [True, None, False], "ratio": [1.5, math.nan, -0.5]}, schema_overrides={"ratio": pl.Float32}),
        pl.DataFrame({"grade": [Decimal(1), Decimal(2), None], "flag": [True, None, False], "ratio": [Decimal("1.5"), None, Decimal("-0.5")]}),
        pl.DataFrame({"grade": pl.Series([1, 2, None], dtype=pl.Object), "flag": pl.Series([True, None, False], dtype=pl.Object), "ratio": [1.5, None, -0.5]}),
        pa.table({"grade": [1, 2, None], "flag": [True, None, False], "ratio": [1.5, None, -0.5]}),
        pa.table({"grade": pa.chunked_array([[1], [2, None]]), "flag": pa.chunked_array([[True, None], [], [False]]), "ratio": pa.array([1.5, math.nan, -0.5], pa.float32())}),
    ],
    ids=lambda frame: f"{type(frame).__module__}: {next(iter(getattr(frame, 'dtypes', None) if not isinstance(frame, pa.Table) else frame.schema.types))}",
)  # fmt: skip
def test_numbers_in_cells(engine: Engine, frame: Any) -> None:
    """Whole numbers, gaps that make them floats, truth values and decimals mean the states of that name."""
    plain = pd.DataFrame({"grade": ["1", "2", None], "flag": ["true", None, "false"], "ratio": ["1.5", None, "-0.5"]})
    result = nw.from_native(engine.posteriors(frame, ["word"]), eager_only=True)
    assert (result.to_numpy() == engine.posteriors(plain, ["word"]).to_numpy()).all()


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
def test_refusals_of_every_kind(engine: Engine, make: Callable[[Any], Any]) -> None:
    """Unknown columns and cells are told alike for every kind of frame, with row and column."""
    with pytest.raises(TableError) as caught:
        engine.posteriors(make({"grad": ["1"], "flag=yes": [0.5]}))
    assert str(caught.value).splitlines()[1:] == [
        "  'grad': did you mean 'grade'?",
        "  'flag=yes': flag has no state 'yes'; it has false, true",
    ]
    with pytest.raises(TableError) as caught:
        engine.posteriors(make({"grade": ["1", "4", "11", None], "flag": [True, None, False, True]}))
    assert str(caught.value).splitlines()[:2] == [
        "2 cell(s) that are not states of their variables:",
        "  row 1, column 'grade': '4'; it has 0, 1, 2",
    ]


def test_duplicate_columns_of_arrow(engine: Engine) -> None:
    """pyarrow lets columns have one name; a variable may have one column."""
    table = pa.Table.from_arrays([pa.array(["1"]), pa.array(["2"])], names=["grade", "grade"])
    with pytest.raises(TableError, match=r"duplicate column\(s\) grade"):
        engine.posteriors(table)


def test_read_only_and_shared(engine: Engine) -> None:
    """Read-only arrays are read as they are, and threads share a frame and an engine."""
    cells = np.array(["1", "0", None] * 300, dtype=object)
    cells.setflags(write=False)
    weights = np.linspace(0.1, 1, 900)
    weights.setflags(write=False)
    frame = pd.DataFrame({"grade": cells, ("flag", "true"): weights, ("flag", "false"): weights[::-1]}, copy=False)
    expected = engine.posteriors(frame)
    answers: list[pd.DataFrame] = []
    threads = [threading.Thread(target=lambda: answers.append(engine.posteriors(frame))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answer.equals(expected) for answer in answers)
    assert len(answers) == 6


# ------------------------------------------------------------------ a state called None


def test_insurance_goes_through_a_file(tmp_path: Path) -> None:
    """The recipe of the guide: what `sample` draws of a network with states called None survives a CSV file."""
    network = classic.load("insurance")
    cases = spasmnet.sample(network, 200)
    drop = np.random.default_rng(0).random(cases.shape) < 0.3
    cases = cases.astype(object).mask(drop)
    assert any("None" in v.states for v in network.variables)
    cases.to_csv(tmp_path / "cases.csv")
    again = pd.read_csv(tmp_path / "cases.csv", index_col=0, dtype="str", keep_default_na=False)
    engine = spasmnet.compile(network)
    expected = engine.posteriors(cases, ["Accident"], log_evidence=True)
    found = engine.posteriors(again, ["Accident"], log_evidence=True)
    assert found.to_numpy().tolist() == expected.to_numpy().tolist()
    assert (
        engine.posteriors(pl.read_csv(tmp_path / "cases.csv").drop(""), ["Accident"]).to_numpy().tolist()
        == expected.to_numpy()[:, :-1].tolist()
    )
    lost = pd.read_csv(tmp_path / "cases.csv", index_col=0, dtype="str")
    with pytest.warns(SpasmnetWarning) as caught:
        engine.posteriors(lost, ["Accident"])
    (warning,) = caught
    assert "Theft" not in str(warning.message)
    assert "(None)" in str(warning.message)
    assert str(warning.message).endswith("read files with read_csv(path, dtype='str', keep_default_na=False)")
    assert warning.filename == __file__


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
def test_when_empty_cells_are_warned_of(engine: Engine, make: Callable[[Any], Any]) -> None:
    """Only where no cell has the state, since a reader that keeps some keeps all; "" is never warned of."""
    with pytest.warns(SpasmnetWarning, match=r"word \(None\)"):
        engine.posteriors(make({"word": ["painful", None]}))
    for cells in (["painful", None, "None"], ["painful", ""], ["painful", "01"]):
        engine.posteriors(make({"word": cells}))
    engine.posteriors(make({"flag": [True, None]}))


# ------------------------------------------------------------------ likelihoods and ln P(e)


@states_like_none
@many
@given(st.data())
def test_tables_with_likelihoods(data: st.DataObject) -> None:
    """Posteriors and ln P(e) of every row, of any kind of frame, are those of the joint distribution."""
    network = data.draw(strategies.networks(max_variables=5, max_states=3, names=strategies.plain_text))
    rows, frame = data.draw(strategies.frames(network))
    engine = spasmnet.compile(network)
    targets = data.draw(st.lists(st.sampled_from(network.names), min_size=1, unique=True))
    answer = engine.posteriors(frame, targets, log_evidence=True, on_impossible="nan")
    numbers = nw.from_native(answer, eager_only=True).to_numpy()
    assert numbers.shape == (len(rows), 1 + sum(len(network.by_name[name].states) for name in targets))
    for row, found in zip(rows, numbers.tolist(), strict=True):
        joint = enumeration.joint(network, row)
        total = joint.sum()
        if total == 0:
            assert found[-1] == -math.inf
            assert np.isnan(found[:-1]).all()
            continue
        assert found[-1] == pytest.approx(float(np.log(total)), abs=1e-9)
        expected = [p for name in targets for p in (enumeration.marginal(network, joint, [name]) / total).tolist()]
        assert found[:-1] == pytest.approx([float(p) for p in expected], abs=1e-10)


def with_likelihoods(
    network: Network, names: list[str], count: int, seed: int
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Cases with states of most variables and likelihoods of some, and the same as evidence."""
    random = np.random.default_rng(seed)
    frame = draw_cases(network, count, seed).drop(columns=names)
    rows = [{str(n): str(c) for n, c in row.items() if isinstance(c, str)} for row in frame.to_dict("records")]
    for name in names:
        states = network.by_name[name].states
        values = random.random((count, len(states))) * 10.0 ** random.integers(-200, 200, (count, 1))
        values[random.random(count) < 0.3] = np.nan
        for i, state in enumerate(states):
            frame[name, state] = values[:, i]
        for row, numbers in zip(rows, values.tolist(), strict=True):
            if not math.isnan(numbers[0]):
                row[name] = dict(zip(states, numbers, strict=True))
    return frame, rows


@states_like_none
@pytest.mark.parametrize("count", [1, 9, 300, 1500])
@pytest.mark.parametrize("threads", [1, None])
def test_likelihoods_in_long_tables(engine: Engine, count: int, threads: int | None) -> None:
    """Around the sizes at which something changes inside, likelihoods of any magnitude are as in single cases."""
    frame, rows = with_likelihoods(engine.network, ["grade", "7"], count, count)
    answer = engine.posteriors(frame, ["word", "grade"], log_evidence=True, threads=threads)
    for i in range(0, count, 1 + count // 40):
        post = engine.posterior(rows[i])
        assert answer.iloc[i, :-1].tolist() == pytest.approx(
            [*post["word"].values(), *post["grade"].values()], abs=ABSOLUTE
        )
        assert answer["log_evidence"].iloc[i] == pytest.approx(post.log_evidence, abs=1e-9)
    everything = engine.posteriors(frame.iloc[:5])
    assert everything.to_numpy()[0].tolist() == pytest.approx(
        [p for n in engine.network.names for p in engine.posterior(rows[0])[n].values()], abs=ABSOLUTE
    )


def test_likelihoods_on_a_shipped_network() -> None:
    """A network with a large circuit, sorted and specialised for certain rows, mixes them with uncertain ones."""
    network = spasmnet.load()
    engine = spasmnet.compile(network)
    states = network.by_name["heavy_sweating"].states
    count = 2100
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"spasm": random.choice(["painful", "twitch"], count), "trauma": random.choice(["present", None], count)}
    )
    values = np.where(np.arange(count)[:, None] % 2, random.random((count, 2)), np.nan)
    for i, state in enumerate(states):
        frame[f"heavy_sweating={state}"] = values[:, i]
    answer = engine.posteriors(frame, ["dehydration"], log_evidence=True)
    for i in (0, 1, 777, 2099):
        evidence: dict[str, Any] = {n: frame[n][i] for n in ("spasm", "trauma") if isinstance(frame[n][i], str)}
        if i % 2:
            evidence["heavy_sweating"] = dict(zip(states, values[i].tolist(), strict=True))
        post = engine.posterior(evidence)
        assert answer.iloc[i].tolist() == pytest.approx([*post["dehydration"].values(), post.log_evidence], abs=1e-11)


def test_likelihoods_without_a_circuit() -> None:
    """A network too large for a circuit of all questions answers tables with likelihoods by what the targets need."""
    network = classic.load("munin1")
    engine = spasmnet.compile(network)
    assert not engine.has_circuit
    first, last = network.variables[0], network.variables[-1]
    values = np.linspace(0.1, 1.0, len(first.states))
    frame = pd.DataFrame({(first.name, s): [p, np.nan, 1 - p / 2] for s, p in zip(first.states, values, strict=True)})
    frame[last.name, ""] = [None, last.states[0], None]
    target = network.parents(last.name)[0]
    answer = engine.posteriors(frame, [target], log_evidence=True)
    for i, (likelihood, state) in enumerate(((values, None), (None, last.states[0]), (1 - values / 2, None))):
        evidence: dict[str, Any] = {} if state is None else {last.name: state}
        if likelihood is not None:
            evidence[first.name] = dict(zip(first.states, likelihood.tolist(), strict=True))
        expected = engine.posterior_of([target], evidence)[target]
        assert answer.iloc[i, :-1].tolist() == pytest.approx(list(expected.values()), abs=1e-11)


@pytest.mark.parametrize("kind", ["pairs", "levels", "text", "polars", "pyarrow"])
def test_names_of_columns_with_likelihoods(engine: Engine, kind: str) -> None:
    """Pairs, pandas' two levels, and "variable=state" are one; a column of states among levels is (variable, "")."""
    pairs: dict[Any, list[Any]] = {("flag", "false"): [0.2, None], ("flag", True): [1, None], ("grade", ""): ["1", "2"]}
    text = {"flag=false": [0.2, None], "flag=true": [1, None], "grade": ["1", "2"]}
    frame: Any = {
        "pairs": lambda: pd.DataFrame({k if k[1] else "grade": v for k, v in pairs.items()}),
        "levels": lambda: pd.DataFrame(pairs, columns=pd.MultiIndex.from_tuples(pairs)),
        "text": lambda: pd.DataFrame(text),
        "polars": lambda: pl.DataFrame(text),
        "pyarrow": lambda: pa.table(text),
    }[kind]()
    found = nw.from_native(engine.posteriors(frame, ["word"]), eager_only=True).to_numpy()
    expected = [engine.posterior({"flag": {"false": 0.2, "true": 1}, "grade": "1"}), engine.posterior({"grade": "2"})]
    assert found.tolist() == [pytest.approx(list(post["word"].values()), abs=ABSOLUTE) for post in expected]


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        ({("flag", "true"): [1.0], ("grade", "0"): [1.0]}, "there is none for\n  flag: false\n  grade: 1, 2"),
        ({("flag", "true"): [1.0], ("flag", "false"): [1.0], "flag": ["true"]}, "for states and for likelihoods of flag; keep one"),
        ({("flag", "true"): [1.0], ("flag", True): [1.0]}, "duplicate column(s)"),
        ({("flag", "maybe"): [1.0]}, "flag has no state 'maybe'; it has false, true"),
        ({("mixed", 1): [1.0]}, "could mean 'mixed' = '1' or 'mixed' = '1.0'"),
        ({("flag", "true"): [1.0], ("flag", "false"): [None]}, "row 0, flag: no likelihood for false; every state needs one"),
        ({("flag", "true"): [-1.0], ("flag", "false"): [0.5]}, "row 0, column ('flag', 'true'): -1.0; a finite number >= 0 is needed"),
        ({("flag", "true"): [math.inf], ("flag", "false"): [0.5]}, "inf; a finite number"),
        ({("flag", "true"): [0.0], ("flag", "false"): [0]}, "row 0, flag: the likelihoods are all 0, which rules out every state"),
        ({("flag", "true"): [1e-200], ("flag", "false"): [1e200]}, "are too far apart"),
        ({("flag", "true"): ["0.5"], ("flag", "false"): [0.5]}, "'0.5' is no likelihood; it is text: make the column numbers first"),
        ({("flag", "true"): [True], ("flag", "false"): [0.5]}, "True is no likelihood"),
        ({("flag", "true"): [10**400], ("flag", "false"): [0.5]}, "is no likelihood"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)  # fmt: skip
def test_bad_likelihoods(engine: Engine, columns: dict[Any, Any], part: str) -> None:
    """Likelihoods that are not understood are refused with row, column and what is needed."""
    with pytest.raises(TableError) as caught:
        engine.posteriors(pd.DataFrame(columns))
    assert part in str(caught.value)


def test_summaries_take_states_only(engine: Engine) -> None:
    """Functions that summarise a table name the likelihoods that they do not take."""
    frame = pl.DataFrame({"flag=true": [0.5], "flag=false": [0.1], "grade": ["1"]})
    for ask in (spasmnet.population_sensitivity, spasmnet.evidence_sensitivity):
        with pytest.raises(TableError, match="likelihoods of flag; drop these columns"):
            ask(engine, ("word", "01"), frame)
        plain = pd.DataFrame({"grade": ["1", "0"]})
        first, second = ask(engine, ("word", "01"), plain), ask(engine, ("word", "01"), pl.from_pandas(plain))
        assert first.__class__ is second.__class__


def test_impossible_rows_with_likelihoods() -> None:
    """A row that cannot be is named with its findings, likelihoods too; ln P(e) is minus infinity, never NaN."""
    network = Network(
        [Variable("a", ("x", "y")), Variable("b", ("x", "y"))],
        {"a": Table((), [0.5, 0.5]), "b": Table(("a",), [[1.0, 0.0], [0.5, 0.5]])},
    )
    engine = spasmnet.compile(network)
    frame = pl.DataFrame({"a=x": [1.0, 1.0], "a=y": [0.0, 0.5], "b": ["y", "y"]})
    with pytest.raises(ImpossibleEvidenceError, match="row 0: impossible evidence") as caught:
        engine.posteriors(frame)
    assert caught.value.findings == {"a": {"x": 1.0, "y": 0.0}, "b": "y"}
    answer = engine.posteriors(frame, log_evidence=True, on_impossible="nan")
    assert answer["log_evidence"].to_list() == [-math.inf, pytest.approx(math.log(0.5 * 0.5 * 0.5))]
    assert answer.drop("log_evidence").to_numpy()[0].tolist() == pytest.approx([math.nan] * 4, nan_ok=True)


def test_columns_of_answers_that_would_clash() -> None:
    """Where "variable=state" would name two columns, the answer is refused; pandas has both as pairs."""
    network = Network(
        [Variable("a", ("b=c", "x")), Variable("a=b", ("c", "y"))],
        {"a": Table((), [0.5, 0.5]), "a=b": Table((), [0.5, 0.5])},
    )
    engine = spasmnet.compile(network)
    with pytest.raises(TableError, match="two columns of the answer would be called 'a=b=c'; ask for one of them"):
        engine.posteriors(pl.DataFrame({"a": ["x"]}))
    assert engine.posteriors(pl.DataFrame({"a": ["x"]}), ["a"]).columns == ["a=b=c", "a=x"]
    with pytest.raises(TableError, match="'a=b=c': could mean 'a' = 'b=c' or 'a=b' = 'c'"):
        engine.posteriors(pl.DataFrame({"a=b=c": [0.5]}))
    assert engine.posteriors(pd.DataFrame({"a": ["x"]})).shape == (1, 4)


def test_unknown_states_stay_errors_of_their_kind(engine: Engine) -> None:
    """Text that is no state is an UnknownStateError, also from a subclass of str."""
    with pytest.raises(UnknownStateError, match="grade has no state '4'"):
        engine.posterior({"grade": np.str_("4")})
