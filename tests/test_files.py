"""Files as people have them: other writers, encodings, names, rounding, and files made to hang or to fill memory."""

from __future__ import annotations

import gzip
import itertools
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import Network, SpasmnetError, Table, Variable, read
from spasmnet.io.declared import numbers
from spasmnet.io.formats import scan
from spasmnet.io.pgmpy import from_pgmpy
from tests.soak import files
from tests.test_interop import BIF, IN_FOLDER, NET, TEXTS, UAI, WET, XMLBIF, refusal, same_tables

EXAMPLES = {**TEXTS, "toml": files.TOML}


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """The path of a file with this content."""
    path = folder / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def row(folder: Path, text: str, **options: Any) -> Network:
    """A network of one variable whose table is printed so."""
    states = ", ".join(f"s{i}" for i in range(len(text.split(","))))
    count = len(text.split(","))
    bif = f"variable a {{ type discrete [{count}] {{ {states} }}; }} probability (a) {{ table {text}; }}"
    return read(written(folder, "a.bif", bif), **options)


# UAI of several writers


def agrum(folder: Path, seed: int) -> tuple[Any, Path]:
    """A network of pyAgrum, and the UAI file that it writes of it."""
    pyagrum = pytest.importorskip("pyagrum")
    pyagrum.initRandom(seed)
    network = pyagrum.fastBN("b[3]->a[2]->c[3]<-b;d[2]->c;e[4]->f[2]<-a")
    path = folder / "agrum.uai"
    pyagrum.saveBN(network, str(path))
    return network, path


@pytest.mark.parametrize("seed", range(5))
def test_uai_of_agrum_is_read_by_its_mark(seed: int, tmp_path: Path) -> None:
    """Posteriors are those of pyAgrum's own network and of its own reading, and the provenance says which order it is."""
    pyagrum = pytest.importorskip("pyagrum")
    theirs, path = agrum(tmp_path, seed)
    engine = spasmnet.compile(read(path))
    post = engine.posterior({"var_2": "1"})
    for network in (theirs, pyagrum.loadBN(str(path))):
        inference = pyagrum.LazyPropagation(network)
        inference.setEvidence({2: 1})
        inference.makeInference()
        for variable in range(len(engine.network)):
            expected = inference.posterior(variable).tolist()
            assert list(post[f"var_{variable}"].values()) == pytest.approx(expected, abs=1e-5)  # it prints 6 digits
    assert any("aGrUM's, whose mark" in note for note in post.provenance.notes)
    assert post.provenance.as_dict()["notes"] == list(engine.network.notes)


def test_uai_of_agrum_without_its_mark_is_refused_or_the_standards(tmp_path: Path) -> None:
    """Names behind the scopes in another layout tell nothing for sure; without any the standard's order is told."""
    _, path = agrum(tmp_path, 0)
    text = path.read_text()
    other = written(tmp_path, "b.uai", text.replace("   # ", " # "))
    assert "can be read in two ways, as the names behind the scopes may be the mark" in refusal(read, other)
    bare = read(written(tmp_path, "c.uai", "\n".join(line.partition("#")[0] for line in text.splitlines())))
    assert any("the standard's" in note for note in bare.notes)
    assert not same_tables(bare, read(path))


@pytest.mark.parametrize("child_last", [True, False])
@pytest.mark.parametrize("backwards", [True, False])
def test_uai_in_every_order_of_axes(child_last: bool, backwards: bool, tmp_path: Path) -> None:
    """The child first or last in a scope, the first or the last variable varying fastest: the rows' sums tell."""
    sizes, tables = [2, 3, 2], [np.array([0.3, 0.7]), np.array([0.2, 0.5, 0.3]), WET.cpds["wet"].table()]
    tables[2] = np.ascontiguousarray(tables[2].transpose(1, 0, 2))  # parents var_0 (2 states) and var_1 (3)
    scopes = [[0], [1], [0, 1, 2] if child_last else [2, 0, 1]]
    lines = ["BAYES", "3", " ".join(map(str, sizes)), "3", *(f"{len(s)} {' '.join(map(str, s))}" for s in scopes)]
    for scope, values in zip(scopes, tables, strict=True):
        axes = values if child_last or values.ndim == 1 else np.moveaxis(values, -1, 0)
        flat = (axes.T if backwards else axes).ravel()
        lines.append(f"{len(flat)} {' '.join(map(str, flat.tolist()))}")
        assert len(scope) == values.ndim
    network = read(written(tmp_path, "a.uai", "\n".join(lines)))
    assert network.parents("var_2") == ("var_0", "var_1")
    assert network.cpds["var_2"].table().tolist() == tables[2].tolist()
    words = ("standard" if not backwards else "pgmpy") if child_last else "the child first"
    assert any(words in note for note in network.notes)


def test_uai_with_the_child_anywhere(tmp_path: Path) -> None:
    """In scopes sorted by number the child stands anywhere; the sums and the other tables leave one way."""
    values = WET.cpds["wet"].table()  # of var_1 given var_0 (3 states) and var_2 (2 states)
    middle = " ".join(map(str, np.moveaxis(values, -1, 1).ravel().tolist()))
    text = (
        f"BAYES 4 3 2 2 2 4  1 0  3 0 1 2  1 2  2 0 3  3 0.7 0.2 0.1  12 {middle}  2 0.9 0.1  6 0.1 0.9 0.2 0.8 0.3 0.7"
    )
    network = read(written(tmp_path, "a.uai", text))
    assert network.parents("var_1") == ("var_0", "var_2")
    assert network.cpds["var_1"].table().tolist() == values.tolist()
    assert "the child of each table is the variable whose states' numbers sum to 1" in network.notes[0]


def test_uai_that_fits_no_order_says_what_was_assumed(tmp_path: Path) -> None:
    """Rows that sum to 1 in no order of axes: the standard's is assumed, in the error and in the notes."""
    text = UAI.replace("0.95 0.05", "0.95 0.07")
    path = written(tmp_path, "a.uai", text)
    assert "no order of axes that is known makes all rows sum to 1" in refusal(read, path)
    network = read(written(tmp_path, "a.uai", UAI.replace("0.95 0.05", "0.9 0.1 ").replace("0.3 0.7  ", "0.3 0.7")))
    assert network.notes == (
        "the order of axes is taken to be the standard's: the last variable is the child and varies fastest",
    )


# rows that were rounded


@pytest.mark.parametrize(
    "text",
    ["0.333333, 0.333333, 0.333333", "0.33, 0.33, 0.33", "0.142857, " * 6 + "0.142857", "0.3333333, 0.3333333, 0.333333",
     "0.1667, 0.1667, 0.1667, 0.1667, 0.1667, 0.1667", "1.2345e-5, 0.499988, 0.499999"],
)  # fmt: skip
def test_rounded_rows_are_divided_by_their_sum(text: str, tmp_path: Path) -> None:
    """What rounding of the printed digits explains is read as it is, and told in the notes; False refuses it."""
    network = row(tmp_path, text)
    values = [float(word) for word in text.split(",")]
    assert network.cpds["a"].table().tolist() == pytest.approx([v / sum(values) for v in values], rel=1e-15)
    assert len(network.notes) == 1 and "rounding of printed digits had put off by" in network.notes[0]
    assert "sums to" in refusal(row, tmp_path, text, normalize=False)


@settings(IN_FOLDER, max_examples=30)
@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=9), st.integers(2, 12))
def test_printed_decimals_never_keep_a_row_from_being_read(tmp_path: Path, weights: list[float], digits: int) -> None:
    """A distribution printed with any number of decimals is read, with at most normalize=True, near what it was."""
    values = np.array(weights) / sum(weights)
    text = ", ".join(f"{value:.{digits}f}" for value in values)
    off = abs(sum(float(word) for word in text.split(",")) - 1)
    network = row(tmp_path, text, normalize=None if off <= 0.01 and digits > 2 else True)
    assert np.abs(network.cpds["a"].table() - values).max() <= len(values) * 10.0**-digits


def test_rows_beyond_rounding_need_a_word_and_are_told(tmp_path: Path) -> None:
    """0.14 seven times is refused with the advice that helps, and normalize=True tells the sum of each such row."""
    text = "0.14, " * 6 + "0.14"
    assert "normalize=True" in refusal(row, tmp_path, text)
    network = row(tmp_path, text, normalize=True)
    assert network.cpds["a"].table().tolist() == pytest.approx([1 / 7] * 7, abs=1e-15)
    assert network.notes == ("rows divided by their sums as normalize=True asks: a: the sum was 0.98",)
    assert "normalize" not in refusal(row, tmp_path, "0.1234, 0.7654", normalize=True)
    assert row(tmp_path, "2, 6", normalize=True).cpds["a"].table().tolist() == [0.25, 0.75]  # counts
    assert "normalize" in refusal(row, tmp_path, "2, 6")


def test_rows_of_zeros_are_refused_beside_rows_that_are_repaired(tmp_path: Path) -> None:
    """A row without any weight has no distribution, whatever is asked; the others do not matter."""
    bif = BIF.replace("0.95, 0.05;", "3, 1;").replace("0.3, 0.7;", "0, 0;")
    message = refusal(read, written(tmp_path, "a.bif", bif), normalize=True)
    assert "wet.cpd: sums to 0.0 given rain=none, hose=on (" in message


@pytest.mark.parametrize("dust", [-2.8e-17, 1e-10])
def test_dust_is_clipped(dust: float, tmp_path: Path) -> None:
    """Numbers that miss [0, 1] by at most 1e-9 are 0 or 1, in a file and from pgmpy; beyond they are refused."""
    network = row(tmp_path, f"{dust!r}, {1 - dust!r}") if dust < 0 else row(tmp_path, f"{1 + dust!r}, {-dust!r}")
    assert sorted(network.cpds["a"].table().tolist()) == [0.0, 1.0]
    discrete = pytest.importorskip("pgmpy.factors.discrete")
    models = pytest.importorskip("pgmpy.models")
    model = models.DiscreteBayesianNetwork()
    model.add_node("a")
    cpd = discrete.TabularCPD("a", 2, [[0], [1]])
    cpd.values = np.array([-abs(dust), 1 + abs(dust)])
    model.add_cpds(cpd)
    assert set(from_pgmpy(model).cpds["a"].table().tolist()) == {0.0, 1.0}
    assert "has 1.00000001" in refusal(row, tmp_path, "1.00000001, -0.00000001")


@pytest.mark.parametrize(
    ("text", "unit"),
    [("0.333 0.667", 1e-3), ("0.5 0.25 0.25", 1e-2), ("0 1", 0), ("1e-5 0.99999", 1e-5), ("0.0123 0.0456", 1e-4), ("2.5e-1 7.5e-1", 1e-2)],
)  # fmt: skip
def test_the_unit_of_printed_numbers(text: str, unit: float) -> None:
    """It is that of the numbers in the largest decade below 1, however they are written."""
    assert numbers(text).unit == pytest.approx(unit)


# encodings


@pytest.mark.parametrize("ending", ["bif", "net"])
@pytest.mark.parametrize(
    "encoding", ["windows-1252", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32", "shift_jis"]
)
def test_text_in_other_encodings(encoding: str, ending: str, tmp_path: Path) -> None:
    """A byte order mark is enough; without one the message names an encoding, and reading with it works."""
    state = "\u65e5\u672c" if encoding == "shift_jis" else "n\u00e4\u00df"
    text = EXAMPLES[ending].replace("some", state)
    path = written(tmp_path, f"a.{ending}", text.encode(encoding))
    try:
        network = read(path)
    except SpasmnetError as error:
        advice = str(error).partition('encoding="')[2].partition('"')[0]
        assert advice == ("windows-1252" if encoding == "shift_jis" else encoding), error  # a guess: both can be
        if encoding == "shift_jis":
            advice = encoding
        network = read(path, encoding=advice)
    assert network.variable("rain").states == ("none", state, "much")
    assert read(path, encoding=encoding) == network


@pytest.mark.parametrize("ending", ["xml", "xdsl"])
@pytest.mark.parametrize("encoding", ["windows-1252", "iso-8859-1", "utf-16", "utf-8", "gb2312"])
def test_xml_in_the_encoding_that_it_declares(encoding: str, ending: str, tmp_path: Path) -> None:
    """The declaration counts, whatever it is; a blank line before it does not matter."""
    state = "\u4e2d" if encoding == "gb2312" else "n\u00e4\u00df"
    text = EXAMPLES[ending].replace("UTF-8", encoding).replace("some", state)
    network = read(written(tmp_path, f"a.{ending}", text.encode(encoding)))
    assert network.variable("rain").states == ("none", state, "much")
    if encoding == "utf-8":
        assert read(written(tmp_path, f"a.{ending}", "\n " + text)) == network


def test_xml_that_lies_about_its_encoding(tmp_path: Path) -> None:
    """The message names an encoding that fits, and reading with it works."""
    path = written(tmp_path, "a.xml", XMLBIF.replace("some", "n\u00e4").encode("windows-1252"))
    assert 'read it with encoding="windows-1252"' in refusal(read, path)
    assert read(path, encoding="windows-1252").variable("rain").states[1] == "n\u00e4"


@pytest.mark.parametrize("encoding", ["no such", "zlib", "a\0b", "", 3])
def test_encodings_that_are_none(encoding: Any, tmp_path: Path) -> None:
    """A wrong name of an encoding is refused; an empty one is none."""
    path = written(tmp_path, "a.bif", BIF)
    if encoding == "":
        assert read(path, encoding=encoding) == WET
    else:
        assert "is not an encoding of text" in refusal(read, path, encoding=encoding)


# names of files


@pytest.mark.parametrize("ending", EXAMPLES)
@pytest.mark.parametrize(
    "name", ["a.{}", "a.{}.gz", "a.gz", "a.bif", "a.net", "a.xml", "a.dat", "a.bifxml", "a", "a.toml"]
)
def test_content_tells_what_a_file_is(name: str, ending: str, tmp_path: Path) -> None:
    """Whatever a file is called, and gzipped or not, it is read as what it holds."""
    expected = read(written(tmp_path, f"plain.{ending}", EXAMPLES[ending]))
    for content in (EXAMPLES[ending].encode(), gzip.compress(EXAMPLES[ending].encode())):
        assert read(written(tmp_path, name.format(ending), content)) == expected


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04abc", "a zip archive; unpack it"), (b"BZh91AY", "compressed with bzip2; unpack it"),
        (b"\xfd7zXZ\0", "compressed with xz"), (b"%PDF-1.4", "a PDF document"), (pickle.dumps([1]), "a Python pickle"),
        (b"SQLite format 3\0", "an SQLite database"), (b"<html><body>", "a web page"),
        (b"<?xml version='1.0'?><pmml/>", "a PMML model"), (b"<svg/>", "XML whose outermost element is <svg>"),
        (b"// ~->[DNET-1]->~\nbnet A {", "a Netica network"), (b"net A\n{ node b", "a GeNIe DSL network"),
        (b'belief network "a"', "a Microsoft DSC network"), (b'{"a": 1}', "JSON"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.bif", "a.net", "a.xdsl", "a.dat"])
def test_files_that_are_no_network_are_named(name: str, content: bytes, what: str, tmp_path: Path) -> None:
    """The message says what the file is, not that its first line is not understood."""
    assert f"{name} is {what}" in refusal(read, written(tmp_path, name, content))


def test_damaged_and_endless_gzip(tmp_path: Path) -> None:
    """Cut short, damaged, several parts, and one that unpacks to far more than is read."""
    whole = gzip.compress(BIF.encode())
    assert (
        read(written(tmp_path, "a.bif.gz", gzip.compress(BIF[:99].encode()) + gzip.compress(BIF[99:].encode()))) == WET
    )
    assert read(written(tmp_path, "a.bif.gz", whole + b"\0" * 100)) == WET
    assert "cut short" in refusal(read, written(tmp_path, "a.bif.gz", whole[:-9]))
    assert "damaged" in refusal(read, written(tmp_path, "a.bif.gz", whole[:30] + b"xxxx" + whole[34:]))
    bomb = gzip.compress(b" " * 2**20, 9)
    assert "unpacks to more than" in refusal(read, written(tmp_path, "a.bif.gz", bomb * 257))


# variants


VARIANTS = {
    "bif one line": ("bif", BIF.replace("\n", " ").replace("// how much", "").replace("dry  summer", "dry")),
    "bif properties": (
        "bif",
        BIF.replace(
            "property source = x ;",
            """property "a; b {c} // d
        e" ;  property url = http://example.org/?a=1&b=2 ;
        property note = it's "in (quotes)" and
        on two lines ; property
        empty ;""",
        ).replace("network garden {\n", 'network garden {\nproperty version 1.0;\nproperty "author: a" ;\n'),
    ),
    "bif quoted": ("bif", BIF.replace("network garden {\n}", 'network "garden" { }').replace("[ 3 ]", "[3]")),
    "bif older": ("bif", BIF.replace("wet | rain, hose", "wet rain hose").replace("( rain )", "(rain | )")),
    "net class": ("net", "class garden { inputs = (); outputs = (wet);\n" + NET.partition("\n")[2] + "}"),
    "net learning": ("net", NET.replace("data = (0.9 0.1);", "data = (0.9 0.1); experience = 100; fading = (1 1);")),
    "net strings": ("net", NET.replace('"Rain; today"', '"Rain {\\"today\\"}; 50 % // \\\\"')),
    "net empty name": ("net", NET.replace('"garden"', '""')),
    "net fields": ("net", NET.replace("position = (1 2);", "HR_Group = 1; subtype = label; state_values = (0 1 2);")),
}


@pytest.mark.parametrize(("ending", "text"), VARIANTS.values(), ids=VARIANTS)
def test_variants_of_other_writers(ending: str, text: str, tmp_path: Path) -> None:
    """Properties of every kind, statements on one line, classes, fields for learning, escapes: the network is the same."""
    assert text != EXAMPLES[ending]
    assert read(written(tmp_path, f"garden.{ending}", text)) == WET


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    """Fields of a potential that only learning uses change no probability, and the notes name them."""
    network = read(written(tmp_path, "a.net", VARIANTS["net learning"][1]))
    assert network.notes == ("hose: experience and fading, which learning uses, left out",)


def test_escaped_quotes_in_states(tmp_path: Path) -> None:
    """A backslash makes a quote, or a backslash, part of a state's name."""
    path = written(tmp_path, "a.net", NET.replace('"off" "on"', r'"\"off\"" "a\\b"'))
    assert read(path).variable("hose").states == ('"off"', "a\\b")


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"], ids=ascii)
def test_control_characters_in_names_are_refused(sign: str) -> None:
    """In names of variables and states, with the place; a network made by hand is no different."""
    for name, state in ((f"a{sign}b", "yes"), ("ab", f"y{sign}s")):
        with pytest.raises(spasmnet.ModelError) as caught:
            Network((Variable(name, ("no", state)),), {name: Table((), [0.5, 0.5])})
        assert f"has the {'lone surrogate' if sign > chr(999) else 'control character'}" in str(caught.value)
        assert sign not in str(caught.value)
        if sign < chr(999):
            text = BIF.replace("hose", name.replace("ab", "hose")).replace("off", state.replace("yes", "off"))
            declared = scan(text, "bif", "file")
            assert name in declared.states or state in declared.states["hose"]


@pytest.mark.parametrize("field", ["label", "description", "question", "state_labels"])
def test_lone_surrogates_in_texts_are_refused(field: str) -> None:
    """In a label, a description or a question, which files and tables of other libraries cannot hold."""
    text = "a \ud800 b"
    given = {field: ("no", text) if field == "state_labels" else text}
    with pytest.raises(spasmnet.ModelError, match=f"variables.hose.{field}.*lone surrogate"):
        Network((Variable("hose", ("no", "yes"), **given),), {"hose": Table((), [0.5, 0.5])})  # type: ignore[arg-type]


# files made to hang or to fill memory


DEFAULTS = "".join(f"variable v{i} {{ type discrete [2] {{ n, y }}; }}\n" for i in range(72)) + "".join(
    f"probability (v{i} | {', '.join(f'v{j}' for j in range(i + 1, i + 24))}) {{ default 0.5 0.5; ({', '.join('n' * 23)}) 1 0; }}\n"
    if i % 24 == 0
    else f"probability (v{i}) {{ table 0.5, 0.5; }}\n"
    for i in range(72)
)
BOUNDED = {
    "a.uai": [
        "BAYES 1 999999999 1 1 0 2 0.5 0.5",
        "BAYES 999999999 2",
        "BAYES 1 2 999999999 1 0",
        "BAYES 30 " + "999999999 " * 30 + "1 30 " + " ".join(map(str, range(30))) + " 2 0.5 0.5",
        "BAYES 70 " + "1 " * 70 + "1 70 " + " ".join(map(str, range(70))) + " 1 1.0",
        "BAYES " + "9" * 5000,
    ],
    "a.bif": [
        BIF + "/* " * 8000,
        BIF + '"' * 9999,
        BIF.replace("( hose )", "( )"),
        BIF.replace("0.9 0.1", "9" * 400 + " 0.1"),
        BIF.replace("[2]", "[" + "9" * 5000 + "]"),
        "variable a { type discrete [1] { " + "x" * 500_000 + " y }; }",
        "network a { property " + "x" * 500_000,
        "variable a { type discrete [2] { n, y }; }" * 5000,
        "probability (" + ",".join(f"a{i}" for i in range(20_000)) + ") { table 1; }",
        DEFAULTS,
        "{" * 100_000,
        "variable " * 50_000,
    ],
    "a.net": [NET + "/* " * 9000, NET + "node " + "(" * 99_999, "class a {" * 20_000, NET.replace("0.7", "(" * 99_999)],
    "a.xml": [
        "<BIF>" * 50_000,
        '<!DOCTYPE BIF [<!ENTITY a "' + "x" * 9999 + '"><!ENTITY b "' + "&a;" * 9999 + '">]><BIF>&b;&b;</BIF>',
        "<!--" * 50_000,
        "<?" * 50_000,
    ],
    "a.toml": [
        files.TOML + "\n".join(f"bad{i} = 1" for i in range(100_000)),
        files.TOML + "a." * 8000 + "a = 1",
        files.TOML.replace("0.2,", "0x" + "f" * 8000 + ","),
        files.TOML.replace("0.2,", "9" * 400 + ","),
        files.TOML.replace("0.2,", "9" * 5000 + ","),
        files.TOML.replace("format_version = 1", "format_version = 0x" + "f" * 8000),
        files.TOML.replace('role = "cause"', "role = [0x" + "f" * 8000 + "]"),
        files.TOML + "a = " + "[" * 50_000,
        files.TOML.replace('role = "cause"', "cost = 1" + "0" * 400),
        files.TOML + "[care]\n[care.burden]\nself_care = 1" + "0" * 400,
        files.TOML.replace("rain =", "\n".join(f"p{i} = 1" for i in range(70)) + "\nrain ="),
    ],
}


@pytest.mark.parametrize(("name", "number"), [(name, i) for name, texts in BOUNDED.items() for i in range(len(texts))])
def test_hostile_files_are_refused_in_few_words(name: str, number: int, tmp_path: Path) -> None:
    """Each is refused by one of our errors, with a message of at most a few kB."""
    message = refusal(read, written(tmp_path, name, BOUNDED[name][number]))
    assert len(message) < 8000


def test_what_default_fills_is_bounded(tmp_path: Path) -> None:
    """Tables that a file does not write out may have some four million entries in all."""
    assert "`default` would fill more than" in refusal(read, written(tmp_path, "a.bif", DEFAULTS))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["a.bif", "a.toml", "a"])
def test_pipes_and_devices_are_refused(name: str, tmp_path: Path) -> None:
    """A pipe that nobody writes to and a device that never ends are refused at once."""
    os.mkfifo(tmp_path / name)
    assert "is not a file but a pipe or device" in refusal(read, tmp_path / name)
    assert "is not a file but a pipe or device" in refusal(read, "/dev/zero")
    assert "cannot be read: embedded null" in refusal(read, f"{tmp_path}/a\0{name}")


def test_many_states_are_checked_in_linear_time() -> None:
    """100,000 states, and one that stands twice, are told apart; a quadratic check would not come back."""
    states = [*map(str, range(100_000)), "7"]
    with pytest.raises(spasmnet.ModelError, match="'7' stands twice"):
        Network((Variable("a", tuple(states)),), {"a": Table((), np.full(100_001, 1 / 100_001))})


def test_a_long_error_names_its_first_problems() -> None:
    """The message is short, and `problems` has all."""
    names = [f"v{i}" for i in range(5000)]
    with pytest.raises(spasmnet.ModelError) as caught:
        Network([Variable(name, ("a", "a")) for name in names], {name: Table((), [0.5, 0.5]) for name in names})
    assert len(caught.value.problems) == 5000
    assert len(str(caught.value)) < 5000 and "more; the error's `problems` has all" in str(caught.value)


def test_mutated_files_raise_only_our_errors(tmp_path: Path) -> None:
    """Three hundred mutants of all formats; the soak run has more."""
    for ending, content in itertools.islice(files.mutants(1), 300):
        try:
            read(written(tmp_path, f"a.{ending}", content))
        except SpasmnetError as error:
            assert len(str(error)) < files.SHORT
