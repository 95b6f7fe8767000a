"""To and from pgmpy and foreign files: nothing is lost, and what cannot be held is refused."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from spasmnet.errors import FormatError, ModelError, ModelFileError, SpasmnetError
from spasmnet.io.formats import scan
from spasmnet.io.pgmpy import assemble, from_pgmpy, read_foreign, to_pgmpy
from spasmnet.io.reading import read
from spasmnet.model.cpd import Deterministic, NoisyMax, Table
from spasmnet.model.network import Network, Variable
from tests import classic
from tests.strategies import networks

pgmpy_models = pytest.importorskip("pgmpy.models")
TabularCPD = pytest.importorskip("pgmpy.factors.discrete").TabularCPD
DiscreteBayesianNetwork = pgmpy_models.DiscreteBayesianNetwork
ANY_TIME = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
IN_FOLDER = settings(ANY_TIME, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])

WET = Network(
    (Variable("wet", ("dry", "wet")), Variable("rain", ("none", "some", "much")), Variable("hose", ("off", "on"))),
    {
        "rain": Table((), [0.7, 0.2, 0.1]),
        "hose": Table((), [0.9, 0.1]),
        "wet": Table(
            ("rain", "hose"), [[[0.95, 0.05], [0.3, 0.7]], [[0.25, 0.75], [0.2, 0.8]], [[0.1, 0.9], [0.01, 0.99]]]
        ),
    },
    name="garden",
)

BIF = """network garden {
}
variable rain { // how much
  type discrete [ 3 ] { none, some, much };
  property source = x ;
}
variable hose { type discrete [2] { off, on }; }
variable "wet" { type discrete [2] { "dry", wet }; }
probability ( rain ) { table 0.7, 2e-1, .1; }
probability ( hose ) { table 0.9 0.1; }
probability ( wet | rain, hose ) {
  (none, off) 0.95, 0.05; /* dry
  summer */ (none, on) 0.3, 0.7;
  (much, off) 0.1, 0.9;
  (some, off) 0.25, 0.75; (some, on) 0.2, 0.8; (much, "on") 0.01, 0.99;
}
"""
NET = """net { name = "garden"; node_size = (80 40); }
% Hugin's own comments
node rain { label = "Rain; today"; states = ("none" "some" "much"); position = (1 2); }
discrete node hose { states = ("off" "on"); }
node wet { states = (dry wet); }
potential (rain) { data = (0.7 0.2 0.1); }
potential (hose | ) { data = (0.9 0.1); }
potential (wet | rain hose) {
  data = (((0.95 0.05)(0.3 0.7)) % none
          ((0.25 0.75)(0.2 0.8))((0.1 0.9)(0.01 0.99)));
}
"""
XMLBIF = """<?xml version="1.0" encoding="UTF-8"?>
<BIF VERSION="0.3"><NETWORK><NAME>garden</NAME>
<VARIABLE TYPE="nature"><NAME>rain</NAME>
<OUTCOME>none</OUTCOME><OUTCOME>some</OUTCOME><OUTCOME>much</OUTCOME></VARIABLE>
<VARIABLE TYPE="nature"><NAME>hose</NAME><OUTCOME>off</OUTCOME><OUTCOME>on</OUTCOME></VARIABLE>
<VARIABLE TYPE="nature"><NAME>wet</NAME><OUTCOME>dry</OUTCOME><OUTCOME>wet</OUTCOME>
<PROPERTY>a = b</PROPERTY></VARIABLE>
<DEFINITION><FOR>rain</FOR><TABLE>0.7 0.2 <!-- much --> 0.1</TABLE></DEFINITION>
<DEFINITION><FOR>hose</FOR><TABLE>0.9 0.1</TABLE></DEFINITION>
<DEFINITION><FOR>wet</FOR><GIVEN>rain</GIVEN><GIVEN>hose</GIVEN>
<TABLE>0.95 0.05 0.3 0.7  0.25 0.75 0.2 0.8  0.1 0.9 0.01 0.99</TABLE></DEFINITION>
</NETWORK></BIF>
"""
XDSL = """<?xml version="1.0" encoding="UTF-8"?>
<smile version="1.0" id="garden" numsamples="1000"><nodes>
<cpt id="rain"><state id="none"/><state id="some"/><state id="much"/><probabilities>0.7 0.2 0.1</probabilities></cpt>
<cpt id="hose"><state id="off"/><state id="on"/><probabilities>0.9 0.1</probabilities></cpt>
<cpt id="wet"><state id="dry"/><state id="wet"/><parents>rain hose</parents>
<probabilities>0.95 0.05 0.3 0.7 0.25 0.75 0.2 0.8 0.1 0.9 0.01 0.99</probabilities></cpt>
</nodes><extensions/></smile>
"""
UAI = """BAYES
3
3 2 2  # rain, hose, wet
3
1 0
1 1
3 0 1 2

3 0.7 0.2 0.1
2 0.9 0.1
12 0.95 0.05 0.3 0.7 0.25 0.75 0.2 0.8 0.1 0.9 0.01 0.99
"""
TEXTS = {"bif": BIF, "net": NET, "xml": XMLBIF, "xmlbif": XMLBIF, "xdsl": XDSL, "uai": UAI}


def same_tables(one: Network, other: Network) -> bool:
    """Equal in names, order, states, parents and, bit for bit, in expanded numbers."""
    return (
        one.names == other.names
        and [v.states for v in one.variables] == [v.states for v in other.variables]
        and all(one.parents(n) == other.parents(n) for n in one.names)
        and all(one.cpds[n].table().tobytes() == other.cpds[n].table().tobytes() for n in one.names)
    )


def refusal(read: Any, *arguments: Any, **options: Any) -> str:
    """The message with which a call is refused."""
    with pytest.raises(SpasmnetError) as caught:
        read(*arguments, **options)
    return str(caught.value)


def model_of(*cpds: Any, edges: Any = ()) -> Any:
    """A pgmpy model of these CPDs."""
    model = DiscreteBayesianNetwork()
    model.add_nodes_from([cpd.variable for cpd in cpds])
    model.add_edges_from(edges)
    model.add_cpds(*cpds)
    return model


@ANY_TIME
@given(networks())
def test_pgmpy_round_trip_keeps_everything(network: Network) -> None:
    """Names, order, states, parents and numbers survive to_pgmpy and back, whatever they are called."""
    model = to_pgmpy(network)
    assert model.check_model()
    again = from_pgmpy(model)
    assert same_tables(network, again)
    assert again.name == network.name


def test_axes_are_parents_then_state() -> None:
    """pgmpy's table has the variable first and then the evidence."""
    cpd = to_pgmpy(WET).get_cpds("wet")
    assert cpd.variables == ["wet", "rain", "hose"]
    assert cpd.get_value(wet="wet", rain="some", hose="off") == 0.75
    assert from_pgmpy(to_pgmpy(WET)) == WET


def test_noisy_and_deterministic_are_expanded() -> None:
    """A noisy-OR and a deterministic AND reach pgmpy as full tables."""
    binary = [Variable(name, ("no", "yes")) for name in "abcd"]
    noisy = NoisyMax(("a", "b"), [0.9, 0.1], [[[1.0, 0.0], [0.5, 0.5]], [[1.0, 0.0], [0.8, 0.2]]])
    both = Deterministic(("a", "b"), [[0, 0], [0, 1]], 2)
    root = Table((), [0.5, 0.5])
    model = to_pgmpy(Network(tuple(binary), {"a": root, "b": root, "c": noisy, "d": both}))
    assert model.get_cpds("c").get_value(c="yes", a="yes", b="yes") == pytest.approx(1 - 0.9 * 0.5 * 0.8)
    assert model.get_cpds("d").values.tolist() == [[[1, 1], [1, 0]], [[0, 0], [0, 1]]]


def test_too_large_an_expansion_is_refused() -> None:
    """26 parents would need 134 million entries, and nothing is allocated."""
    names = [f"p{at}" for at in range(26)]
    variables = [Variable(name, ("no", "yes")) for name in [*names, "y"]]
    cpds: dict[str, Any] = {name: Table((), [0.5, 0.5]) for name in names}
    cpds["y"] = NoisyMax(names, [1, 0], [[[1.0, 0.0], [0.5, 0.5]]] * 26)
    message = refusal(to_pgmpy, Network(tuple(variables), cpds))
    assert "y (134,217,728 entries)" in message and "50,000,000" in message


def test_rows_that_pgmpy_accepts_are_named() -> None:
    """A row that sums to 1.005 passes check_model(); here every such row is reported with its configuration."""
    root = TabularCPD("a", 2, [[0.4], [0.6]], state_names={"a": ["lo", "hi"]})
    states = {"b": ["no", "yes"], "a": ["lo", "hi"]}
    child = TabularCPD("b", 2, [[0.9, 0.5], [0.1, 0.505]], ["a"], [2], state_names=states)
    model = model_of(root, child, edges=[("a", "b")])
    assert model.check_model()
    with pytest.raises(ModelError, match="normalize=True") as caught:
        from_pgmpy(model)
    assert "variables.b.cpd: sums to 1.005 given a=hi" in str(caught.value)
    network = from_pgmpy(model, normalize=True)
    assert network.cpds["b"].table().tolist() == [[0.9, 0.1], [0.5 / 1.005, 0.505 / 1.005]]


def test_normalising_repairs_rounding_only() -> None:
    """A row that sums to 0.9 is no rounding and is refused even with normalize=True."""
    model = model_of(TabularCPD("a", 2, [[0.4], [0.5]]))
    message = refusal(from_pgmpy, model, normalize=True)
    assert "variables.a.cpd: sums to 0.9 " in message and "normalize" not in message


@pytest.mark.parametrize("row", [[math.nan, 1.0], [math.inf, 0.0], [1e-8, 1 + 1e-8]], ids=str)
def test_numbers_that_are_no_probabilities_are_refused(row: list[float]) -> None:
    """NaN, infinity and a number above 1 are refused, and NaN also with normalize=True."""
    message = refusal(from_pgmpy, model_of(TabularCPD("a", 2, [[value] for value in row])))
    assert "variables.a.cpd: sums to" in message and "and has" in message


@pytest.mark.parametrize("normalize", [None, False, True])
def test_rows_within_tolerance_are_distributions(normalize: bool | None) -> None:
    """A row that sums to 1 within 1e-9 is made to, whatever is asked; one that does keeps every bit."""
    for values in ([0.1 + 1e-12, 0.2, 0.7], [0.1, 0.2, 0.7]):
        network = from_pgmpy(model_of(TabularCPD("a", 3, [[v] for v in values])), normalize=normalize)
        expected = [v / math.fsum(values) for v in values] if values[0] > 0.1 else values
        assert network.cpds["a"].table().tolist() == expected


def test_missing_tables_are_all_listed() -> None:
    """Each variable without a CPD is named."""
    model = DiscreteBayesianNetwork([("a", "b"), ("b", "c")])
    model.add_cpds(TabularCPD("a", 2, [[0.5], [0.5]]))
    message = refusal(from_pgmpy, model)
    assert message.startswith("2 problems in pgmpy model:")
    assert "variables.b: has no CPD" in message and "variables.c: has no CPD" in message


def test_integers_become_text() -> None:
    """pgmpy's own default states 0, 1, … and numbered variables become their text."""
    network = from_pgmpy(model_of(TabularCPD(7, 2, [[0.5], [0.5]])))
    assert (network.names, network.variables[0].states) == (("7",), ("0", "1"))


def test_names_that_would_become_equal_are_refused() -> None:
    """The states 1 and "1" cannot both be "1"."""
    model = model_of(TabularCPD("a", 2, [[0.5], [0.5]], state_names={"a": [1, "1"]}))
    assert "states of a: two names would both become '1'" in refusal(from_pgmpy, model)


@pytest.mark.parametrize("state", [None, ("x", 1), ""], ids=repr)
def test_names_without_a_text_are_refused(state: Any) -> None:
    """A state that is None, a tuple or empty is not turned into something else."""
    model = model_of(TabularCPD("a", 2, [[0.5], [0.5]], state_names={"a": ["x", state]}))
    assert f"states of a: {state!r} is not a name" in refusal(from_pgmpy, model)


def test_parents_that_disagree_are_refused() -> None:
    """Edges that the CPD does not know, and states of a parent in another order, are both reported."""
    a = TabularCPD("a", 2, [[0.5], [0.5]], state_names={"a": ["lo", "hi"]})
    b = TabularCPD("b", 2, [[0.9, 0.5], [0.1, 0.5]], ["a"], [2], state_names={"b": ["n", "y"], "a": ["hi", "lo"]})
    message = refusal(from_pgmpy, model_of(a, b))
    assert "b.cpd: is given ['a'], but the edges make the parents []" in message
    assert "['hi', 'lo'] for its parent a, whose own CPD has ['lo', 'hi']" in message


def test_other_models_are_refused() -> None:
    """A linear-Gaussian network is named, and what is needed instead."""
    message = refusal(from_pgmpy, pgmpy_models.LinearGaussianBayesianNetwork([("a", "b")]))
    assert "LinearGaussianBayesianNetwork is not a discrete Bayesian network" in message and "TabularCPD" in message
    assert "dict is not a discrete" in refusal(from_pgmpy, {})


@pytest.mark.parametrize("ending", TEXTS)
def test_each_format_is_read_exactly(ending: str, tmp_path: Path) -> None:
    """The same network, written by hand in each format, with quotes, comments and rows in any order."""
    path = tmp_path / f"garden.{ending.upper()}"
    path.write_text(TEXTS[ending], encoding="utf-8-sig" if ending == "bif" else "utf-8", newline="\r\n")
    network = read_foreign(path)
    assert network.name == "garden"
    if ending == "uai":
        assert network.names == ("var_0", "var_1", "var_2")
        assert network.variable("var_0").states == ("0", "1", "2")
        assert network.cpds["var_2"].table().tolist() == WET.cpds["wet"].table().tolist()
    else:
        assert network.names == ("rain", "hose", "wet")
        assert network == WET


@pytest.mark.parametrize("ending", TEXTS)
def test_every_truncation_is_refused(ending: str, tmp_path: Path) -> None:
    """A file cut short anywhere is refused with one of our errors, or is the whole network; never a part of it."""
    text, path = TEXTS[ending].rstrip(), tmp_path / f"garden.{ending}"
    path.write_text(text)
    whole = read_foreign(path)
    for end in range(len(text)):
        path.write_text(text[:end])
        try:
            assert read_foreign(path) == whole, text[:end]
        except (FormatError, ModelError, ModelFileError) as error:
            assert str(path) in str(error)


@pytest.mark.parametrize("ending", TEXTS)
def test_a_changed_character_never_ends_in_a_traceback(ending: str, tmp_path: Path) -> None:
    """Any character replaced by any of a few others gives a network or one of our errors."""
    text, path = TEXTS[ending], tmp_path / f"garden.{ending}"
    random = np.random.default_rng(1)
    others = list('x09 ,;(){}|"<>/\\\n-.e%\x00é')
    for at in random.integers(0, len(text), 400).tolist():
        path.write_text(text[:at] + str(random.choice(others)) + text[at + 1 :], encoding="utf-8")
        try:
            read_foreign(path)
        except SpasmnetError as error:
            assert str(path) in str(error)


WRONG_BIF = {
    "missing row": ("(much, off) 0.1, 0.9;", "", "wet.cpd: has 5 rows, but its parents' states make 6"),
    "row twice": ("(much, off)", "(none, off)", "wet.cpd: the row (none, off) is given twice"),
    "unknown state": ("(much, off)", "(mich, off)", "rain has no state 'mich'; did you mean 'much'?"),
    "unknown parent": ("| rain,", "| rein,", "'rein' is not declared; did you mean 'rain'?"),
    "short row": ("0.1, 0.9;", "0.1;", "the row (much, off) has 1 numbers for 2 states"),
    "not a number": ("0.1, 0.9;", "0.1, nan;", "wet.cpd: 'nan' is not a number"),
    "underscore": ("0.1, 0.9;", "0.1, 0.9_0;", "wet.cpd: '0.9_0' is not a number"),
    "state count": ("[ 3 ]", "[ 4 ]", "line 3: rain announces 4 states but lists 3: none, some, much"),
    "no table": ("probability ( hose ) { table 0.9 0.1; }", "", "variables.hose: has no distribution"),
    "variable twice": ("variable hose", "variable rain", "variables.rain: is declared twice"),
    "table twice": ("probability ( hose )", "probability ( rain )", "variables.rain.cpd: is given twice"),
    "foreign block": ("probability ( hose )", "utility ( hose )", "line 10: not understood, or cut short: 'utility"),
    "foreign type": (
        "type discrete [2] { off",
        "type continuous [2] { off",
        "line 7: 'hose' is of the type continuous",
    ),
    "property without end": ("source = x ;", "source = x", "line 5: a property, or a quote in it, has no end"),
    "quote without end": ('"dry"', '"dry', "line 15: a quote has no end"),
    "comment without end": ("summer */", "summer", "line 12: a comment has no end"),
    "no variable": ("probability ( hose )", "probability ( )", "line 10: names no variable"),
    "state twice": ("{ off, on }", "{ off, off }", "hose.states: 'off' stands twice"),
    "rounded": ("0.1, 0.9;", "0.1, 0.9002;", "wet.cpd: sums to 1.0002 given rain=much, hose=off"),
}


@pytest.mark.parametrize(("old", "new", "expected"), WRONG_BIF.values(), ids=WRONG_BIF)
def test_wrong_bif_is_refused_with_its_place(old: str, new: str, expected: str, tmp_path: Path) -> None:
    """Each defect, many of which pgmpy reads without a word, is named with its place."""
    assert BIF.count(old) == 1
    path = tmp_path / "garden.bif"
    path.write_text(BIF.replace(old, new))
    assert expected in refusal(read_foreign, path)


WRONG_OTHERS = {
    "net parentheses": (NET, "net", "((0.95 0.05)(0.3 0.7))", "((0.95 0.05 0.3)(0.7))(", "wet.cpd: the parentheses"),
    "net count": (NET, "net", "(0.9 0.1)", "(0.9 0.05 0.05)", "hose.cpd: has 3 numbers"),
    "net continuous": (NET, "net", "discrete node hose", "continuous node hose", "line 4: 'hose' is a continuous variable"),
    "net decision": (NET, "net", "discrete node hose", "decision hose", "line 4: 'hose' is a decision"),
    "net utility": (NET, "net", "potential (rain)", "utility U { } potential (rain)", "line 6: 'U' is a utility"),
    "net field": (NET, "net", "data = (0.7", "weird = 1; data = (0.7", "`weird` of the potential of 'rain'"),
    "net expression": (NET, "net", "data = (0.7", "model_data = (Normal(0, 1)); data = (0.7", "by an expression"),
    "net no data": (NET, "net", "data = (0.9 0.1);", "", "the potential of 'hose' has no `data`"),
    "xml type": (XMLBIF, "xml", 'TYPE="nature"><NAME>hose', 'TYPE="decision"><NAME>hose', "of type 'decision'"),
    "xml unknown": (XMLBIF, "xml", "<PROPERTY>a = b</PROPERTY>", "<COST>1</COST>", "not understood: <COST>"),
    "xml root": (XMLBIF.replace("BIF", "BIG"), "xml", "garden", "garden", "XML whose outermost element is <BIG>"),
    "xdsl node": (
        XDSL.replace("</nodes>", '<noisymax id="z"/></nodes>'), "xdsl", "garden", "garden", "<noisymax> z needs exactly one",
    ),
    "xdsl count": (XDSL, "xdsl", "0.9 0.1</", "0.9</", "hose.cpd: has 1 numbers, but its"),
    "uai kind": (UAI, "uai", "BAYES", "MARKOV", "starts with 'MARKOV'; only BAYES"),
    "uai extra": (UAI, "uai", "0.01 0.99", "0.01 0.99 1", "1 numbers too many"),
    "uai scope": (UAI, "uai", "1 1\n", "1 9\n", "not among 0 to 2"),
    "uai size": (UAI, "uai", "1 1\n", "1 0\n", "the table 1 announces 2 numbers, but its variables' states make 3"),
    "uai none": (UAI, "uai", "2  # rain", "2 2 # rain", "the scope 0 names no variable"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "ending", "old", "new", "expected"), WRONG_OTHERS.values(), ids=WRONG_OTHERS)
def test_other_wrong_files_are_refused(
    text: str, ending: str, old: str, new: str, expected: str, tmp_path: Path
) -> None:
    """Each defect in another format is named."""
    assert text.count(old) == 1
    path = tmp_path / f"garden.{ending}"
    path.write_text(text.replace(old, new))
    assert expected in refusal(read_foreign, path)


def test_a_bif_table_lists_the_childs_states_slowest(tmp_path: Path) -> None:
    """`table` with parents, and `default` for the rows left out, both mean the same distribution."""
    head = "variable a { type discrete [2] { n, y }; } variable b { type discrete [3] { l, m, h }; }"
    root = "probability (a) { table 0.5, 0.5; }"
    tables = ["table 0.2, 0.6, 0.3, 0.3, 0.5, 0.1;", "default 0.6 0.3 0.1; (n) 0.2 0.3 0.5;"]
    for table in tables:
        (tmp_path / "a.bif").write_text(f"{head} {root} probability (b | a) {{ {table} }}")
        assert read_foreign(tmp_path / "a.bif").cpds["b"].table().tolist() == [[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]


def test_a_comment_sign_in_a_property_hides_no_row(tmp_path: Path) -> None:
    """A web address in a property is no comment, so the row after it counts and `default` does not stand in."""
    head = "variable a { type discrete [2] { n, y }; } probability (a) { table 0.5, 0.5; }"
    rows = "default 0.6 0.4;\n property url = http://example.org;\n (n) 0.2 0.8;\n"
    (tmp_path / "a.bif").write_text(
        f"{head} variable b {{ type discrete [2] {{ l, m }}; }} probability (b|a) {{ {rows} }}"
    )
    assert read_foreign(tmp_path / "a.bif").cpds["b"].table().tolist() == [[0.2, 0.8], [0.6, 0.4]]


@pytest.mark.parametrize("after", ["property b = c;", "(n) 0.2 0.8;", "default 0.1 0.9;"])
def test_a_property_without_a_semicolon_takes_nothing_along(after: str, tmp_path: Path) -> None:
    """What begins on the next line is another statement, never part of the property."""
    head = "variable a { type discrete [2] { n, y }; } probability (a) { table 0.5, 0.5; }"
    rows = f"default 0.6 0.4;\n property url = 3\n {after}\n"
    (tmp_path / "a.bif").write_text(
        f"{head} variable b {{ type discrete [2] {{ l, m }}; }} probability (b|a) {{ {rows} }}"
    )
    assert "line 2: a property, or a quote in it, has no end" in refusal(read_foreign, tmp_path / "a.bif")


def test_uai_as_pgmpy_writes_it_is_recognised(tmp_path: Path) -> None:
    """pgmpy reverses the axes of its UAI tables; rows that sum to 1 give the order away."""
    names = ("var_0", "var_1", "var_2")
    variables = [Variable(n, ("0", "1")) for n in names]
    table = Table(("var_0", "var_1"), [[[0.9, 0.1], [0.7, 0.3]], [[0.4, 0.6], [1e-5, 1 - 1e-5]]])
    root = Table((), [0.25, 0.75])
    network = Network(tuple(variables), {"var_0": root, "var_1": root, "var_2": table})
    from pgmpy.readwrite import UAIWriter

    UAIWriter(to_pgmpy(network)).write(str(tmp_path / "a.uai"))
    again = read_foreign(tmp_path / "a.uai").cpds["var_2"]
    assert again.parents == ("var_1", "var_0")
    assert np.array_equal(again.table(), table.table().transpose(1, 0, 2))


def test_xdsl_from_agrum_is_refused_where_it_misleads(tmp_path: Path) -> None:
    """aGrUM lists several parents' rows in another order than GeNIe, and no number would show it."""
    path = tmp_path / "a.xdsl"
    path.write_text(XDSL.replace("<extensions/>", '<extensions><genie app="aGrUM 3.3.1"/></extensions>'))
    assert "'wet' was written by aGrUM" in refusal(read_foreign, path)


def test_a_uai_file_that_reads_two_ways_is_refused(tmp_path: Path) -> None:
    """pgmpy writes UAI tables with their axes reversed; where rows cannot tell, nothing is guessed."""
    path = tmp_path / "a.uai"
    third = "0.2 0.3 0.5  0.5 0.2 0.3  0.3 0.5 0.2"
    path.write_text(f"BAYES 2 3 3 2 1 0 2 0 1  3 0.2 0.3 0.5  9 {third}")
    assert "can be read in two ways" in refusal(read_foreign, path)


def test_unreadable_files_are_explained(tmp_path: Path) -> None:
    """Missing, a folder, empty, of an unknown kind, not UTF-8, or of another format than its ending says."""
    (tmp_path / "folder.bif").mkdir()
    (tmp_path / "empty.bif").write_text(" \n")
    (tmp_path / "latin.bif").write_bytes(BIF.replace("garden", "jardín").encode("latin-1"))
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04")
    (tmp_path / "model.xyz").write_bytes(b"abc")
    (tmp_path / "zip.xdsl").write_bytes(b"PK\x03\x04\xff")
    expected = {
        "missing.bif": "there is no file",
        "folder.bif": "is a directory",
        "empty.bif": "is empty",
        "latin.bif": "not UTF-8 text: byte 0xed at position 12 (line 1); read it with encoding",
        "model.pkl": "is a Python pickle",
        "model.xyz": "unknown kind of file '.xyz', and nothing in it tells what it is; the endings are .bif",
        "zip.xdsl": "is a zip archive; unpack it",
        "\0.bif": "cannot be read: embedded null",
    }
    for name, message in expected.items():
        assert message in refusal(read_foreign, tmp_path / name), name


def test_an_ending_that_says_nothing_is_refused(tmp_path: Path) -> None:
    """Where content does not show what a file is, its ending has to, and the error names those there are."""
    path = tmp_path / "alarm.xyz"
    path.write_text("what is this")
    assert "unknown kind of file '.xyz', and nothing in it tells what it is; the endings are .bif" in refusal(
        read, path
    )


@pytest.mark.parametrize("name", classic.SMALL)
def test_classic_networks_agree_with_pgmpys_reader(name: str) -> None:
    """Our reading of the text and pgmpy's own, independent reading are the same in everything."""
    from pgmpy.readwrite import BIFReader

    theirs = from_pgmpy(BIFReader(string=classic.text(name)).get_model(), normalize=True)
    assert same_tables(classic.load(name), theirs)


@pytest.mark.parametrize("name", classic.NAMES)
def test_classic_networks_load(name: str) -> None:
    """Every shipped network loads; rows off by printed decimals are refused with normalize=False only."""
    declared = scan(classic.text(name), "bif", name)
    assert assemble(declared, None, name) == classic.load(name)
    if name in classic.ROUNDED:
        assert "normalize=True" in refusal(assemble, declared, False, name)
    else:
        assert assemble(declared, False, name) == classic.load(name)
    assert classic.text(name).count("\nvariable ") == len(classic.load(name))


def test_pgmpy_is_imported_late() -> None:
    """Importing the module and reading a file does not import pgmpy."""
    import subprocess

    code = "import sys, spasmnet.io.pgmpy, spasmnet.io.bif; sys.exit('pgmpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
