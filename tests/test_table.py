"""Tables of cases: each row is what the single case gives, whatever the columns are made of; and clear refusals."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import Deterministic, Network, NoisyMax, Table, Variable
from spasmnet.errors import EvidenceError, ImpossibleEvidenceError, TableError, UnknownVariableError
from spasmnet.inference.engine import Engine
from tests.strategies import any_networks, rows, states_like_none

many = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
ABSOLUTE = 1e-12
STATES = {
    "cold": 2,
    "flu": 3,
    "age": 4,
    "fever": 3,
    "cough": 2,
    "either": 2,
    "test": 2,
    "sleep": 3,
    "alone": 2,
    "one": 1,
}


def clinic() -> Network:
    """Ten variables of every kind; `either` contradicts some states of cold and flu, `alone` is joined to nothing."""
    random = np.random.default_rng(7)
    variables = [Variable(name, tuple(f"{name}{i}" for i in range(n))) for name, n in STATES.items()]
    links = [rows(random, (STATES[p], 3), True) for p in ("cold", "flu", "age", "one")]
    for link in links:
        link[0] = (1, 0, 0)
    return Network(
        variables,
        {
            "cold": Table((), [0.9, 0.1]),
            "flu": Table(("age",), rows(random, (4, 3), True)),
            "age": Table((), rows(random, (4,), True)),
            "fever": NoisyMax(("cold", "flu", "age", "one"), [0.9, 0.07, 0.03], links),
            "cough": Table(("cold", "flu"), rows(random, (2, 3, 2), True)),
            "either": Deterministic(("cold", "flu"), [[0, 1, 1], [1, 1, 1]], 2),
            "test": Table(("flu",), [[1.0, 0.0], [0.2, 0.8], [0.1, 0.9]]),
            "sleep": Table(("fever", "cough"), rows(random, (3, 2, 3), True)),
            "alone": Table((), [0.5, 0.5]),
            "one": Table((), [1.0]),
        },
        name="clinic",
    )


@pytest.fixture(scope="module")
def engine() -> Engine:
    """The engine that these tests share."""
    return spasmnet.compile(clinic())


def draw_cases(network: Network, count: int, seed: int, columns: list[str] | None = None, empty: float = 0.4) -> Any:
    """Cases with any pattern of empty cells; some are impossible."""
    random = np.random.default_rng(seed)
    cells = {}
    for name in network.names if columns is None else columns:
        states = np.array(network.by_name[name].states, dtype=object)
        column = states[random.integers(0, len(states), count)]
        column[random.random(count) < empty] = None
        cells[name] = column
    return pd.DataFrame(cells)


def one_by_one(engine: Engine, frame: pd.DataFrame, targets: list[str] | None = None) -> np.ndarray[Any, Any]:
    """The same answers from single cases, NaN for impossible ones."""
    names = list(engine.network.names) if targets is None else targets
    width = sum(len(engine.network.by_name[name].states) for name in names)
    kept: dict[Any, list[float]] = {}
    lines = []
    for row in frame.to_dict("records"):
        found = {str(name): str(cell) for name, cell in row.items() if isinstance(cell, str) and cell}
        key = tuple(found.items())
        if key not in kept:
            try:
                post = engine.posterior(found)
                kept[key] = [value for name in names for value in post[name].values()]
            except ImpossibleEvidenceError:
                kept[key] = [math.nan] * width
        lines.append(kept[key])
    return np.array(lines)


def check(engine: Engine, frame: pd.DataFrame, targets: list[str] | None = None, **options: Any) -> pd.DataFrame:
    """Assert that a table's answers are those of the single cases, and give them back."""
    result = engine.posteriors(frame, targets, on_impossible="nan", **options)
    expected = one_by_one(engine, frame, targets)
    assert (np.isnan(result.to_numpy()) == np.isnan(expected)).all()
    np.testing.assert_allclose(result.to_numpy(), expected, rtol=0, atol=ABSOLUTE)
    names = engine.network.names if targets is None else targets
    assert list(result.columns) == [(name, state) for name in names for state in engine.network.by_name[name].states]
    assert result.columns.names == ["variable", "state"]
    assert result.index.equals(frame.index)
    return result


# ------------------------------------------------------------------ right


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 15, 16, 17, 255, 256, 257, 511, 513, 999, 1000, 1001, 3000])
def test_every_number_of_rows(engine: Engine, count: int) -> None:
    """Around each size at which something changes inside, every row is its single case."""
    result = check(engine, draw_cases(engine.network, count, seed=count))
    assert count < 200 or 0 < result.isna().all(axis=1).sum() < count / 2


@pytest.mark.parametrize("count", [1, 9, 300, 1500])
@pytest.mark.parametrize("targets", [["flu"], ["sleep", "age"], ["one"], ["alone", "cold", "test"], list(STATES)[::-1]])
@pytest.mark.parametrize("columns", [["fever"], ["either", "cold"], ["test", "sleep", "alone", "cough", "one"]])
def test_targets_and_columns(engine: Engine, count: int, targets: list[str], columns: list[str]) -> None:
    """Any targets in any order, observed or not, for any columns in any order."""
    check(engine, draw_cases(engine.network, count, 3, columns), targets)


@pytest.mark.parametrize("count", [1, 8, 257, 1200])
@pytest.mark.parametrize("empty", [0.0, 0.9, 1.0])
def test_full_sparse_and_empty_rows(engine: Engine, count: int, empty: float) -> None:
    """Complete cases, nearly empty ones, and cases about which nothing is known."""
    check(engine, draw_cases(engine.network, count, 5, empty=empty))


@states_like_none
@many
@given(any_networks, st.integers(1, 300), st.integers(0, 99), st.sampled_from([0.2, 0.6, 0.95]))
def test_random_networks(network: Network, count: int, seed: int, empty: float) -> None:
    """Random tables for random networks."""
    check(spasmnet.compile(network), draw_cases(network, count, seed, empty=empty))


@states_like_none
@many
@given(any_networks, st.data())
def test_specialised_random_networks(network: Network, data: st.DataObject) -> None:
    """Tables long enough for a circuit of their own, for some columns and targets of random networks."""
    names = st.lists(st.sampled_from(network.names), min_size=1, unique=True)
    columns, targets = data.draw(names), data.draw(names)
    engine = spasmnet.compile(network)
    frame = draw_cases(network, 1000, data.draw(st.integers(0, 99)), columns, 0.5)
    some = frame.drop_duplicates().head(40)
    result = engine.posteriors(frame, targets, on_impossible="nan").loc[some.index]
    expected = one_by_one(engine, some, targets)
    np.testing.assert_allclose(result.to_numpy(), expected, rtol=0, atol=ABSOLUTE)


@pytest.mark.parametrize("count", [1, 100, 2000])
def test_no_columns(engine: Engine, count: int) -> None:
    """A table with rows and no columns knows nothing of its cases: each gets the prior."""
    frame = pd.DataFrame(index=pd.RangeIndex(count))
    check(engine, frame)
    check(engine, frame, ["flu", "alone"])


@pytest.mark.parametrize("count", [20, 600, 5000, 12_000])
def test_threads_give_the_same_bits(engine: Engine, count: int) -> None:
    """However many threads share the work, the numbers are bitwise the same."""
    frame = draw_cases(engine.network, count, 11)
    one = engine.posteriors(frame, on_impossible="nan", threads=1)
    for threads in (2, 3, None):
        again = engine.posteriors(frame, on_impossible="nan", threads=threads)
        assert one.to_numpy().tobytes() == again.to_numpy().tobytes()


def test_a_long_table(engine: Engine) -> None:
    """A table long enough to be sorted by its most telling columns answers in the order of its rows."""
    frame = draw_cases(engine.network, 20_000, 13, ["sleep", "cough", "either", "test"], 0.5)
    distinct = frame.drop_duplicates()
    expected = engine.posteriors(distinct, ["flu", "cold"], on_impossible="nan")
    result = engine.posteriors(frame, ["flu", "cold"], on_impossible="nan")
    keys = {tuple(row): i for i, row in enumerate(distinct.fillna("").itertuples(index=False, name=None))}
    place = [keys[tuple(row)] for row in frame.fillna("").itertuples(index=False, name=None)]
    np.testing.assert_allclose(result.to_numpy(), expected.to_numpy()[place], rtol=0, atol=ABSOLUTE)


# ------------------------------------------------------------------ underflow


def surveys(questions: int) -> Network:
    """One hidden state and many answers, each of probability 1e-3 or less."""
    answers = [Variable(f"q{i}", ("a", "b", "c")) for i in range(questions)]
    cpds = {"group": Table((), [0.25, 0.75])} | {
        v.name: Table(("group",), [[0.0, 1e-3, 0.999], [2e-3, 0.9e-3, 1 - 2.9e-3]]) for v in answers
    }
    return Network([Variable("group", ("x", "y")), *answers], cpds)


@pytest.mark.parametrize("count", [3, 300, 1100])
def test_rows_that_underflow(count: int) -> None:
    """Rows whose P(e) no float holds are answered; only those of probability 0 are impossible."""
    network = surveys(150)
    engine = spasmnet.compile(network)
    frame = pd.DataFrame("b", index=range(count), columns=list(network.names[1:]))
    frame.iloc[1::3, 0] = "a"
    frame.insert(0, "group", np.where(np.arange(count) % 3 == 1, "x", None))
    result = check(engine, frame)
    assert result.isna().all(axis=1).tolist() == [i % 3 == 1 for i in range(count)]
    odds = math.exp(math.log(3) + 150 * math.log(0.9))
    assert result["group", "y"].iloc[0] == pytest.approx(odds / (1 + odds), abs=1e-12)
    assert engine.posterior(dict.fromkeys(network.names[1:], "b")).log_evidence < -1000


# ------------------------------------------------------------------ what cells and columns may be made of


def as_object(frame: pd.DataFrame) -> pd.DataFrame:
    """Plain Python objects."""
    return frame.astype(object)


def as_fresh_strings(frame: pd.DataFrame) -> pd.DataFrame:
    """Each cell a string object of its own, as files give them."""
    return frame.map(lambda cell: "".join(list(cell)) if isinstance(cell, str) else cell).astype(object)


def as_category(frame: pd.DataFrame) -> pd.DataFrame:
    """Categories, with some that are not used, or not states, or in another order."""
    return frame.apply(
        lambda column: column.astype(pd.CategoricalDtype(["??", *sorted(set(column.dropna()))[::-1], 7]))
    )


def as_numpy_strings(frame: pd.DataFrame) -> pd.DataFrame:
    """Cells of numpy's string type."""
    return frame.map(lambda cell: np.str_(cell) if isinstance(cell, str) else cell).astype(object)


def with_missing(kind: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Another way to say that a cell is empty."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.map(lambda cell: cell if isinstance(cell, str) else kind).astype(object)

    change.__name__ = f"missing={kind!r}"
    return change


def as_str(frame: pd.DataFrame) -> pd.DataFrame:
    """The string type of pandas 3."""
    return frame.astype("str")


def as_string(frame: pd.DataFrame) -> pd.DataFrame:
    """The nullable string type."""
    return frame.astype("string")


KINDS = [
    as_object, as_fresh_strings, as_category, as_numpy_strings, as_str, as_string, with_missing(math.nan),
    with_missing(pd.NA), with_missing(pd.NaT), with_missing(""), with_missing(np.float64("nan")),
]  # fmt: skip


@pytest.mark.parametrize("count", [5, 400, 1500])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_column_types(engine: Engine, kind: Callable[[pd.DataFrame], pd.DataFrame], count: int) -> None:
    """Whatever the columns are made of, the answers are the same."""
    frame = draw_cases(engine.network, count, 17)
    result = engine.posteriors(kind(frame), on_impossible="nan")
    assert result.to_numpy().tobytes() == engine.posteriors(frame, on_impossible="nan").to_numpy().tobytes()
    assert result.notna().to_numpy().any()


@pytest.mark.parametrize("count", [3, 2000])
@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "object", "Float64", "Int64", "boolean", "datetime64[ns]", "category"]
)
def test_columns_without_any_value(engine: Engine, dtype: str, count: int) -> None:
    """A column of empty cells only has some accidental type; it says nothing."""
    empty = pd.Series([pd.NaT if "date" in dtype else None] * count).astype(dtype)  # type: ignore[call-overload]
    frame = pd.DataFrame({"flu": ["flu1"] * count, "cold": empty})
    assert engine.posteriors(frame).equals(engine.posteriors(frame[["flu"]]))


@pytest.mark.parametrize(
    "index",
    [pd.Index([5, 5, 5]), pd.Index(["x", "x", "y"]), pd.date_range("2020", periods=3), pd.Index([1.5, None, 2], name="n"),
     pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 2)], names=["ward", "bed"])],
    ids=["duplicated", "strings", "dates", "gaps", "levels"],
)  # fmt: skip
def test_index_is_kept(engine: Engine, index: pd.Index) -> None:
    """The answers carry the cases' own index, whatever it is."""
    result = check(engine, pd.DataFrame({"flu": ["flu1", None, "flu0"]}, index=index))
    assert result.index.names == index.names


def test_the_frame_is_not_touched(engine: Engine) -> None:
    """Asking changes neither the cases nor, later, the answers."""
    frame = draw_cases(engine.network, 50, 23)
    before = frame.copy(deep=True)
    result = engine.posteriors(frame, on_impossible="nan")
    pd.testing.assert_frame_equal(frame, before)
    kept = result.copy(deep=True)
    frame.iloc[:, :] = None
    result2 = engine.posteriors(frame)
    assert not result2.equals(kept)
    pd.testing.assert_frame_equal(result, kept)
    result.iloc[:, :] = 0.5  # the answers are the caller's own, and writable


def test_subclasses_of_data_frames(engine: Engine) -> None:
    """A subclass of DataFrame comes back as itself."""

    class Cohort(pd.DataFrame):
        @property
        def _constructor(self) -> type[Cohort]:
            return Cohort

    assert type(engine.posteriors(Cohort({"flu": ["flu1"]}))) is Cohort


def test_provenance(engine: Engine) -> None:
    """The table of answers says which model and which columns it comes from."""
    attrs = engine.posteriors(pd.DataFrame({"flu": ["flu1"], "age": [None]})).attrs["spasmnet"]
    assert attrs["evidence"] == ["flu", "age"]
    assert attrs["provenance"]["digest"] == f"sha256:{engine.network.digest}"


def test_targets_of_other_types(engine: Engine) -> None:
    """Targets may be any collection of names."""
    frame = pd.DataFrame({"age": ["age1", "age2"]})
    expected = engine.posteriors(frame, ["flu", "cold"])
    for targets in (("flu", "cold"), pd.Index(["flu", "cold"]), np.array(["flu", "cold"]), {"flu": 1, "cold": 2}):
        assert engine.posteriors(frame, targets).equals(expected)  # type: ignore[arg-type]


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize("count", [3, 1000])
@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("patient 7", "row 'patient 7': "),
        (7, "row 7: "),
        (pd.Timestamp("2020-01-02"), "row Timestamp('2020-01-02 00:00"),
    ],
)
def test_impossible_rows(engine: Engine, count: int, label: Any, shown: str) -> None:
    """The first impossible row is named by its label, with its smallest contradiction and what to do."""
    frame = pd.DataFrame({"flu": "flu1", "either": "either1", "age": "age1"}, index=[label] * count)
    frame.iloc[1:, 1] = "either0"
    with pytest.raises(ImpossibleEvidenceError) as caught:
        engine.posteriors(frame)
    message = str(caught.value)
    assert message.startswith(shown), message
    assert "impossible evidence: flu = flu1 and either = either0 cannot occur together" in message
    assert message.endswith('or pass on_impossible="nan" to leave such rows empty')
    assert caught.value.findings == {"flu": "flu1", "either": "either0"}
    assert caught.value.row == label
    assert str(pickle.loads(pickle.dumps(caught.value))) == message
    result = engine.posteriors(frame, on_impossible="nan")
    assert result.isna().all(axis=1).tolist() == [False] + [True] * (count - 1)
    assert not result.isna().iloc[0].any()


def refusal(engine: Engine, frame: Any, *args: Any, **options: Any) -> str:
    """The message with which a table is refused."""
    with pytest.raises(TableError) as caught:
        engine.posteriors(frame, *args, **options)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    return str(caught.value)


def test_unknown_columns(engine: Engine) -> None:
    """All unknown columns are listed, each with the nearest name, but at most ten."""
    message = refusal(engine, pd.DataFrame({"flue": ["flu1"], "Cold": ["x"], "flu": ["flu1"], 3: ["y"]}))
    assert message.splitlines() == [
        "3 column(s) that are not variables of the network:",
        "  'flue': did you mean 'flu'?",
        "  'Cold': did you mean 'cold'?",
        "  3: known: cold, flu, age, fever, cough, either, test, sleep, alone, one",
    ]
    message = refusal(engine, pd.DataFrame({f"zz{i}": ["x"] for i in range(14)}))
    assert len(message.splitlines()) == 12
    assert message.endswith("and 4 more")


def test_twice_the_same_column(engine: Engine) -> None:
    """A variable may have one column only."""
    frame = pd.DataFrame([["flu1", "flu1", None]], columns=["flu", "flu", "age"])
    assert refusal(engine, frame) == "duplicate column(s) flu; each variable may have one column"


def test_columns_with_levels(engine: Engine) -> None:
    """An answer is not taken for cases with likelihoods, and columns have at most two levels."""
    answer = engine.posteriors(pd.DataFrame({"flu": ["flu1"]}))
    assert "columns are those of an answer, and probabilities are no likelihoods" in refusal(engine, answer)
    answer.attrs.clear()
    assert engine.posteriors(answer, ["flu"]).iloc[0, 1] == 1.0  # what the remedy says
    deep = pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("flu", "flu1", "x")]))
    assert "a column is named after a variable, or (variable, state) for likelihoods" in refusal(engine, deep)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "True"), (1, "1"), (1.0, "1.0"), (" ", "' '"), ("Flu1", "'Flu1'"), ("nan", "'nan'"), ("None", "'None'"),
     (["flu1"], "['flu1']"), (b"flu1", "b'flu1'"), (("flu1",), "('flu1',)")],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("kind", [object, None, "category"])
@pytest.mark.parametrize("count", [1, 200, 2000])
def test_unknown_cells(engine: Engine, value: Any, shown: str, kind: Any, count: int) -> None:
    """A cell that is not a state is named with its row, its column, and what is allowed."""
    if kind == "category" and isinstance(value, list):
        pytest.skip("a list cannot be a category")
    values = [value] * count
    column = pd.Series(values, index=range(5, 5 + count))
    frame = pd.DataFrame({"age": "age1", "flu": column if kind is None else column.astype(kind)})
    lines = refusal(engine, frame).splitlines()
    assert lines[0] == f"{count} cell(s) that are not states of their variables:"
    assert lines[1].startswith(f"  row 5, column 'flu': {shown}; "), lines[1]
    assert lines[1].endswith("it has flu0, flu1, flu2")
    assert len(lines) == min(count, 10) + 1 + (count > 10)
    assert count <= 10 or lines[-1] == f"  and {count - 10} more"


def test_unknown_cells_of_many_objects(engine: Engine) -> None:
    """Columns of hundreds of different things, even unhashable ones, are told what is wrong."""
    for values in ([[i] for i in range(3000)], [{"a": i} for i in range(100)], [f"x{i}" for i in range(3000)]):
        message = refusal(engine, pd.DataFrame({"flu": pd.Series(values, dtype=object)}))
        assert message.startswith(
            f"{len(values)} cell(s) that are not states of their variables:\n  row 0, column 'flu'"
        )


def test_unknown_cells_in_several_columns(engine: Engine) -> None:
    """Cells are listed row by row; a hint names the state that was meant."""
    frame = pd.DataFrame({"flu": ["flu1", "flux1"], "age": ["aeg1", None]}, index=["ann", "bob"])
    assert refusal(engine, frame).splitlines() == [
        "2 cell(s) that are not states of their variables:",
        "  row 'ann', column 'age': 'aeg1'; did you mean 'age1'? it has age0, age1, age2, age3",
        "  row 'bob', column 'flu': 'flux1'; did you mean 'flu1'? it has flu0, flu1, flu2",
    ]


@pytest.mark.parametrize(
    "index", [range(3), pd.Index([4, 5, 6]), pd.Index([0.5, 1.5, 2.5]), pd.Index([True, False, True])]
)
def test_labels_read_plainly(engine: Engine, index: Any) -> None:
    """Labels of rows are shown as people write them, not as numpy does."""
    frame = pd.DataFrame({"flu": [1, 2, 3], "age": [True, False, True], "cold": [0.5, 1.5, 2.5]}, index=index)
    message = refusal(engine, frame)
    assert "np." not in message, message


@pytest.mark.parametrize("frame", [None, {"flu": "flu1"}, [{"flu": "flu1"}], pd.Series({"flu": "flu1"}), "cases.csv"])
def test_not_a_frame(engine: Engine, frame: Any) -> None:
    """What is not a data frame is refused, with the call for a single case."""
    message = refusal(engine, frame)
    kind = type(frame).__name__
    remedy = "engine.posterior(row.dropna().to_dict())" if kind == "Series" else "engine.posterior"
    needed = f"a data frame (of pandas, polars or pyarrow) is needed, not {kind}"
    assert message == f"{needed}; for one case use {remedy}"


def test_a_row_of_a_frame(engine: Engine) -> None:
    """The remedy for a Series works: a row of a frame, without its gaps, is evidence for one case."""
    frame = pd.DataFrame({"flu": ["flu1", "flu0"], "age": [None, "age2"], "cold": ["cold1", np.nan]})
    for i in range(2):
        with pytest.raises(EvidenceError, match=r"give row.dropna\(\).to_dict\(\), or the whole table to"):
            engine.posterior(frame.loc[i])  # type: ignore[arg-type]
        post = engine.posterior(frame.loc[i].dropna().to_dict())
        assert engine.posteriors(frame, ["sleep"]).loc[i].tolist() == pytest.approx(list(post["sleep"].values()))


def test_lazy_frames(engine: Engine) -> None:
    """A lazy frame is told to be collected."""
    message = refusal(engine, pl.DataFrame({"flu": ["flu1"]}).lazy())
    assert message.endswith("is needed, not LazyFrame; collect() it first")


def test_no_rows(engine: Engine) -> None:
    """No rows in, no rows out: a frame of the same kind with all columns of an answer."""
    wanted = [("flu", f"flu{i}") for i in range(3)]
    for frame in (
        pd.DataFrame({"flu": []}),
        pd.DataFrame({"age": [], ("flu", "flu0"): [], ("flu", "flu1"): [], ("flu", "flu2"): []}),
    ):
        result = engine.posteriors(frame, ["flu"], log_evidence=True)
        assert [*result.columns] == [*wanted, ("log_evidence", "")]
        assert result.index.equals(frame.index)
        assert (result.dtypes == np.float64).all()
    assert engine.posteriors(pd.DataFrame()).shape == (0, sum(STATES.values()))
    for other in (pl.DataFrame({"flu": []}), pa.table({"flu": pa.array([], pa.string())}), pl.DataFrame()):
        result = engine.posteriors(other, ["flu"])
        assert type(result) is type(other)
        assert result.shape == (0, 3)
    assert "did you mean 'flu'" in refusal(engine, pd.DataFrame({"flue": []}))


def test_summaries_of_no_rows(engine: Engine) -> None:
    """Means over no cases are not defined, and the error says so."""
    for ask in (spasmnet.population_sensitivity, spasmnet.evidence_sensitivity):
        for frame in (pd.DataFrame({"flu": []}), pl.DataFrame({"flu": []})):
            with pytest.raises(TableError, match="the table has no rows, so there is nothing to summarise by"):
                ask(engine, ("cold", "cold1"), frame)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": "flu"}, "targets must be a list of variables, not 'flu'; write targets=['flu']"),
        ({"targets": []}, "targets is empty; leave it out for all variables"),
        ({"targets": ["flu", "age", "flu"]}, "targets names 'flu' twice"),
        ({"targets": 5}, "targets must be a list of variables, not 5"),
        ({"on_impossible": "drop"}, 'on_impossible must be "raise" or "nan", not \'drop\''),
        ({"threads": 0}, "threads must be a whole number of at least 1, not 0"),
        ({"threads": True}, "threads must be a whole number of at least 1, not True"),
        ({"threads": 1.5}, "threads must be a whole number of at least 1, not 1.5"),
    ],
    ids=repr,
)
def test_bad_arguments(engine: Engine, options: dict[str, Any], message: str) -> None:
    """Arguments out of range are refused with what is allowed."""
    assert refusal(engine, pd.DataFrame({"flu": ["flu1"]}), **options).startswith(message)


def test_unknown_target(engine: Engine) -> None:
    """An unknown target is refused with the nearest name."""
    with pytest.raises(UnknownVariableError, match=r"unknown variable 'flue'; did you mean 'flu'\?"):
        engine.posteriors(pd.DataFrame({"age": ["age1"]}), ["flue"])
