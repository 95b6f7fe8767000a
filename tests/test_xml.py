"""XMLBIF as many programs write it, and XDSL with its noisy-MAX and deterministic nodes, against enumeration."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import Deterministic, Network, NoisyMax, Table, Variable
from spasmnet.errors import FormatError, ModelError, SpasmnetError
from tests.strategies import rows

DOG = {"family-out": [0.15, 0.85], "light-on": [[0.6, 0.4], [0.05, 0.95]]}

# Weka: a document type of its own, a namespace, tables over several lines
WEKA = """<?xml version="1.0"?>
<!-- DTD for the XMLBIF 0.3 format -->
<!DOCTYPE BIF [
  <!ELEMENT BIF ( NETWORK )*> <!ATTLIST BIF VERSION CDATA #REQUIRED>
  <!ELEMENT NETWORK ( NAME, ( PROPERTY | VARIABLE | DEFINITION )* )> <!ELEMENT NAME (#PCDATA)>
]>
<BIF VERSION="0.3" xmlns="http://www.cs.ubc.ca/labs/lci/fopi/ve/XMLBIFv0_3"
     xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.cs.ubc.ca/x x.xsd">
<NETWORK>
<NAME>dog</NAME>
<VARIABLE TYPE="nature">
<NAME>family-out</NAME>
<OUTCOME>true</OUTCOME>
<OUTCOME>false</OUTCOME>
<PROPERTY>position = (0,0)</PROPERTY>
<PROPERTY>credits = "a" &amp; b</PROPERTY>
</VARIABLE>
<VARIABLE TYPE="nature">
<NAME>light-on</NAME>
<OUTCOME>true</OUTCOME>
<OUTCOME>false</OUTCOME>
</VARIABLE>
<DEFINITION>
<FOR>family-out</FOR>
<TABLE>
0.15 0.85
</TABLE>
</DEFINITION>
<DEFINITION>
<FOR>light-on</FOR>
<GIVEN>family-out</GIVEN>
<TABLE>
0.6 0.4
0.05 0.95
</TABLE>
</DEFINITION>
</NETWORK>
</BIF>
"""
VARIANTS = {
    "weka": WEKA,
    "prefix": WEKA.replace("xmlns=", "xmlns:b=").replace("<", "<b:").replace("<b:/", "</b:")
    .replace("<b:?", "<?").replace("<b:!", "<!"),
    "lower case": "".join(
        ["<bif version='0.3'><network><name>dog</name>"]
        + [f"<variable type='NATURE'><name>\n  {n}\n</name><value>true</value><value>false</value></variable>" for n in DOG]
        + ["<definition><for> family-out </for><table>.15 <!-- none --> 8.5e-1</table></definition>"]
        + ["<definition><for>light-on</for><given>family-out</given><table>0.6,0.4\n<!-- else --> 0.05 0.95</table>"]
        + ["<property>a</property><property/></definition></network></bif>"]
    ),
    "version 0.2, child slowest": "".join(
        ["<BIF><NETWORK><NAME>dog</NAME>"]
        + [f"<VARIABLE><NAME>{n}</NAME><TYPE>discrete</TYPE><VALUE>true</VALUE><VALUE>false</VALUE></VARIABLE>" for n in DOG]
        + ["<PROBABILITY><FOR>family-out</FOR><TABLE>0.15 0.85</TABLE></PROBABILITY>"]
        + ["<PROBABILITY><FOR>light-on</FOR><GIVEN>family-out</GIVEN><TABLE>0.6 0.05 0.4 0.95</TABLE></PROBABILITY>"]
        + ["</NETWORK></BIF>"]
    ),
    "attributes": "".join(
        ['<BIF><NETWORK NAME="dog">']
        + [f'<VARIABLE NAME="{n}" TYPE="discrete"><OUTCOME NAME="true"/><OUTCOME NAME="false"/></VARIABLE>' for n in DOG]
        + ['<DEFINITION><FOR NAME="family-out"/><TABLE>0.15 0.85</TABLE></DEFINITION>']
        + ['<DEFINITION><FOR NAME="light-on"/><GIVEN NAME="family-out"/><TABLE>0.6 0.4 0.05 0.95</TABLE></DEFINITION>']
        + ["</NETWORK></BIF>"]
    ),
}  # fmt: skip


def read_text(folder: Path, text: str, name: str = "a.xml") -> Network:
    """The network in a text, through a file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return spasmnet.read(path)


@pytest.mark.parametrize("text", VARIANTS.values(), ids=VARIANTS)
def test_variants_of_xmlbif_are_the_same_network(text: str, tmp_path: Path) -> None:
    """Namespaces, prefixes, upper and lower case, OUTCOME and VALUE, TYPE as attribute or element, comments, blanks."""
    network = read_text(tmp_path, text)
    assert (network.name, network.names) == ("dog", tuple(DOG))
    assert network.by_name["light-on"].states == ("true", "false")
    assert {name: cpd.table().tolist() for name, cpd in network.cpds.items()} == DOG


WRONG_XML = {
    "bomb": ('<!DOCTYPE BIF [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><BIF>&b;</BIF>', "the entity 'a' is not read"),
    "outside": ('<!DOCTYPE BIF [<!ENTITY a SYSTEM "file:///etc/passwd">]><BIF>&a;</BIF>', "the entity 'a' is not read"),
    "parameter": ('<!DOCTYPE BIF [<!ENTITY % a SYSTEM "http://x.invalid/a">%a;]><BIF/>', "the entity 'a' is not read"),
    "unknown entity": ('<!DOCTYPE BIF SYSTEM "x.dtd"><BIF>&a;</BIF>', "the entity 'a' is not read"),
    "undeclared": ("<BIF>&a;</BIF>", "undefined entity"),
    "deep": ("<BIF>" + "<NETWORK>" * 5000, "nested more than 100 deep"),
    "no network": ("<BIF/>", "one <NETWORK> is needed, but there are 0"),
    "two networks": ("<BIF><NETWORK/><NETWORK/></BIF>", "there are 2"),
    "utility": (WEKA.replace('TYPE="nature">\n<NAME>light', 'TYPE="utility">\n<NAME>light'), "'light-on' is a variable of type 'utility'"),
    "NUL": ("<BIF>\x00</BIF>", "not XML"),
    "nothing": ("<BIF><NETWORK></NETWORK></BIF>", "no variable is declared"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG_XML.values(), ids=WRONG_XML)
def test_hostile_and_wrong_xml_is_refused(text: str, expected: str, tmp_path: Path) -> None:
    """Entities of every kind, depth and what is no Bayesian network are refused with the reason."""
    with pytest.raises(SpasmnetError) as caught:
        read_text(tmp_path, text)
    assert expected in str(caught.value)


def test_an_old_table_that_reads_two_ways_is_refused(tmp_path: Path) -> None:
    """In XMLBIF 0.2 the child's state may vary slowest; where rows cannot tell, nothing is guessed."""
    text = VARIANTS["version 0.2, child slowest"].replace("0.6 0.05 0.4 0.95", "0.3 0.7 0.7 0.3")
    assert read_text(tmp_path, text).cpds["light-on"].table().tolist() == [[0.3, 0.7], [0.7, 0.3]]
    three = text.replace("<VALUE>false</VALUE>", "<VALUE>false</VALUE><VALUE>x</VALUE>").replace(
        "0.15 0.85", "0.1 0.8 0.1"
    )
    with pytest.raises(ModelError, match="can be read in two ways"):
        read_text(tmp_path, three.replace("0.3 0.7 0.7 0.3", "0.2 0.3 0.5 0.5 0.2 0.3 0.3 0.5 0.2"))


# ------------------------------------------------------------------ XDSL


def xdsl(*nodes: str) -> str:
    return f'<?xml version="1.0"?><smile version="1.0" id="net"><nodes>{"".join(nodes)}</nodes><extensions/></smile>'


def node(kind: str, name: str, states: str, content: str, parents: str = "") -> str:
    listed = "".join(f'<state id="{state}"/>' for state in states.split())
    return f'<{kind} id="{name}">{listed}{f"<parents>{parents}</parents>" if parents else ""}{content}</{kind}>'


def words(values: Any) -> str:
    return " ".join(map(repr, np.ravel(values).tolist()))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3), st.booleans())
def test_noisymax_is_the_maximum_of_independent_effects(seed: int, count: int, plain: bool) -> None:
    """P(y | u) of a <noisymax> is that of the strongest of its parents' effects and the leak, by enumeration."""
    import tempfile

    random = np.random.default_rng(seed)
    size = int(random.integers(2, 4))
    sizes = random.integers(1, 4, count).tolist()
    parents = [f"p{i}" for i in range(count)]
    strengths = [list(range(k)) if plain else random.permutation(k).tolist() for k in sizes]
    columns = [rows(random, (k, size)) for k in sizes]
    for column in columns:
        column[-1] = np.eye(size)[-1]
    leak = rows(random, (size,))
    priors = [rows(random, (k,), positive=True) for k in sizes]
    nodes = [
        node("cpt", p, " ".join(f"s{u}" for u in range(k)), f"<probabilities>{words(prior)}</probabilities>")
        for p, k, prior in zip(parents, sizes, priors, strict=True)
    ]
    content = f"<strengths>{' '.join(str(u) for one in strengths for u in one)}</strengths>" * (not plain)
    content += f"<parameters>{words(np.concatenate([*columns, leak[None]]))}</parameters>"
    nodes.append(node("noisymax", "y", " ".join(f"y{i}" for i in range(size)), content, " ".join(parents)))
    with tempfile.TemporaryDirectory() as folder:
        network = read_text(Path(folder), xdsl(*nodes), "a.xdsl")
        assert isinstance(network.cpds["y"], NoisyMax)
        spasmnet.write(network, Path(folder, "b.xdsl"))
        again = spasmnet.read(Path(folder, "b.xdsl"))
    assert again == network
    assert network.by_name["y"].states[0] == f"y{size - 1}"  # the state without effect
    engine = spasmnet.compile(network)
    for given_states in itertools.product(*map(range, sizes)):
        effects = [columns[i][strengths[i].index(u)] for i, u in enumerate(given_states)] + [leak]
        expected = np.zeros(size)
        for outcome in itertools.product(range(size), repeat=len(effects)):
            expected[min(outcome)] += np.prod([effect[y] for effect, y in zip(effects, outcome, strict=True)])
        post = engine.posterior({p: f"s{u}" for p, u in zip(parents, given_states, strict=True)})
        assert [post["y"][f"y{i}"] for i in range(size)] == pytest.approx(expected.tolist(), abs=1e-12)


CAR = xdsl(
    node("cpt", "Battery", "Flat Low Good", "<probabilities>0.1 0.2 0.7</probabilities>"),
    node("cpt", "Fuel", "No Yes", "<probabilities>0.05 0.95</probabilities>"),
    node("noisymax", "Fails", "Yes Sometimes No", "<strengths>0 1 2 0 1</strengths>"
         "<parameters>0.9 0.05 0.05 0.3 0.3 0.4 0 0 1  0.99 0.01 0  0 0 1  0.02 0.03 0.95</parameters>", "Battery Fuel"),
    node("noisymax", "Late", "Very No", "<parameters>0.8 0.2 0.4 0.6 0 1 0.1 0.9</parameters>", "Fails"),
    node("deterministic", "Alert", "On Off", "<resultingstates>On On On Off Off Off</resultingstates>", "Fuel Fails"),
)  # fmt: skip


def test_nodes_are_read_as_what_they_are(tmp_path: Path) -> None:
    """Noisy-MAX and deterministic nodes stay such, their states with the neutral one first, and keep their meaning."""
    network = read_text(tmp_path, CAR, "car.xdsl")
    assert [type(network.cpds[n]) for n in network.names] == [Table, Table, NoisyMax, NoisyMax, Deterministic]
    assert network.by_name["Battery"].states == ("Good", "Low", "Flat")
    assert network.by_name["Fails"].states == ("No", "Sometimes", "Yes")
    assert network.by_name["Alert"].states == ("On", "Off")
    engine = spasmnet.compile(network)
    post = engine.posterior({"Battery": "Low", "Fuel": "Yes"})
    assert post["Fails"]["No"] == pytest.approx(0.4 * 0.95)
    assert post["Fails"]["Yes"] == pytest.approx(1 - 0.7 * 0.98)
    assert engine.posterior({"Fuel": "Yes"})["Alert"]["Off"] == 1
    assert engine.posterior({"Fails": "Sometimes"})["Late"]["Very"] == pytest.approx(1 - 0.6 * 0.9)


def test_what_no_order_of_states_holds_becomes_a_table(tmp_path: Path) -> None:
    """Two noisy-MAX that take different states of a parent for neutral: the second is a table, and that is said."""
    root = node("cpt", "a", "x y", "<probabilities>0.3 0.7</probabilities>")
    first = node("noisymax", "b", "t f", "<strengths>0 1</strengths><parameters>0.5 0.5 0 1 0.1 0.9</parameters>", "a")
    second = node("noisymax", "c", "t f", "<strengths>1 0</strengths><parameters>0.6 0.4 0 1 0.2 0.8</parameters>", "a")
    network = read_text(tmp_path, xdsl(root, first, second), "a.xdsl")
    assert isinstance(network.cpds["b"], NoisyMax) and isinstance(network.cpds["c"], Table)
    assert "the noisy-MAX 'c' was read as a full table" in " ".join(network.notes)
    engine = spasmnet.compile(network)
    assert engine.posterior({"a": "x"})["b"]["t"] == pytest.approx(1 - 0.5 * 0.9)
    assert engine.posterior({"a": "y"})["b"]["t"] == pytest.approx(0.1)
    assert engine.posterior({"a": "y"})["c"]["t"] == pytest.approx(1 - 0.4 * 0.8)
    assert engine.posterior({"a": "x"})["c"]["t"] == pytest.approx(0.2)


def test_submodels_are_flattened(tmp_path: Path) -> None:
    """Nodes in submodels are nodes; the extensions, where GeNIe says which submodel they are in, are left out."""
    inner = node("cpt", "b", "t f", "<probabilities>0.5 0.5 0.2 0.8</probabilities>", "a")
    root = node("cpt", "a", "t f", "<probabilities>0.5 0.5</probabilities>")
    text = xdsl(root, f'<submodel id="s">{inner}</submodel>').replace(
        "<extensions/>",
        '<extensions><genie app="GeNIe"><submodel id="s"><node id="b"/></submodel></genie></extensions>',
    )
    assert read_text(tmp_path, text, "a.xdsl").names == ("a", "b")


REFUSED = {
    "decision": ("decision", "variables.x: is a decision, which belongs to an influence diagram"),
    "utility": ("utility", "variables.x: is a utility, which belongs to an influence diagram"),
    "mau": ("mau", "variables.x: is a sum of utilities (MAU)"),
    "equation": ("equation", "variables.x: is continuous (an equation)"),
    "noisyadder": ("noisyadder", "variables.x: is a noisy adder, which is not read; in GeNIe, change its type"),
    "unknown": ("magic", "variables.x: is a <magic>; only <cpt>, <noisymax> and <deterministic> are read"),
}


@pytest.mark.parametrize(("kind", "expected"), REFUSED.values(), ids=REFUSED)
def test_other_nodes_are_refused_with_the_reason(kind: str, expected: str, tmp_path: Path) -> None:
    """All nodes that are not part of a discrete Bayesian network are named at once."""
    root = node("cpt", "a", "t f", "<probabilities>0.5 0.5</probabilities>")
    with pytest.raises(ModelError) as caught:
        read_text(tmp_path, xdsl(root, node(kind, "x", "", ""), node(kind, "z", "", "")), "a.xdsl")
    assert expected in str(caught.value) and "variables.z: is " in str(caught.value)


WRONG_NODES = {
    "parameters": ("0.02 0.03 0.95", "0.02 0.98", "Fails.cpd: has 17 numbers"),
    "constrained": ("0 0 1  0.02", "0 1 0  0.02", "Fails.cpd: the last column of parent Fuel has to be 0"),
    "strengths": ("0 1 2 0 1", "0 1 1 0 1", "Fails.cpd: its strengths have to list"),
    "few strengths": ("0 1 2 0 1", "0 1 2 0", "Fails.cpd: its strengths have to list"),
    "huge strength": ("0 1 2 0 1", f"0 1 2 0 {'9' * 5000}", "Fails.cpd: its strengths have to list"),
    "result": ("On On On Off Off Off", "On On On Of Off Off", "Alert.cpd: there is no state 'Of'; did you mean 'Off'?"),
    "few results": ("On On On Off Off Off", "On On On", "Alert.cpd: has 3 results, but its parents' states make 6"),
    "row": ("0.3 0.3 0.4", "0.3 0.3 0.5", "Fails"),
    "not a number": ("0.3 0.3 0.4", "0.3 0.3 nan", "Fails.cpd: 'nan' is not a number"),
}


@pytest.mark.parametrize(("old", "new", "expected"), WRONG_NODES.values(), ids=WRONG_NODES)
def test_wrong_nodes_are_named(old: str, new: str, expected: str, tmp_path: Path) -> None:
    """Wrong counts, strengths, results and numbers are refused with their place."""
    assert CAR.count(old) == 1
    with pytest.raises(SpasmnetError) as caught:
        read_text(tmp_path, CAR.replace(old, new), "car.xdsl")
    assert expected in str(caught.value)


def test_names_with_blanks_do_not_fit_xdsl(tmp_path: Path) -> None:
    """XDSL separates the names of parents by blanks; the refusal names a format that can hold the network."""
    network = Network([Variable("x y", ("a", "b"))], {"x y": Table((), [0.5, 0.5])})
    with pytest.raises(FormatError, match=r"cannot hold the name 'x y'; .bif or .xml or .toml can"):
        spasmnet.write(network, tmp_path / "a.xdsl")
    assert not list(tmp_path.iterdir())
