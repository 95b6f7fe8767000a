"""Networks as files: what is written says what the network says, to us and to other tools, or is refused."""

from __future__ import annotations

import re
import warnings
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import spasmnet
from spasmnet import Deterministic, Network, NoisyMax, Table, Variable, read, write
from spasmnet.errors import FormatError, ModelFileError
from spasmnet.triage.guidance import guidance_of
from tests import classic
from tests.strategies import asking_networks, networks, plain_text, ranged_networks

NAMED = [".bif", ".xml", ".net", ".xdsl", ".toml"]
FEW = settings(
    deadline=None, max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
ALMOST = 1e-15  # the first state of a noisy-MAX row takes the rest in a model file

WET = Network(
    (Variable("wet", ("dry", "wet")), Variable("rain", ("none", "some")), Variable("hose", ("off", "on"))),
    {
        "rain": Table((), [2 / 3, 1 / 3]),
        "hose": Table((), [0.9, 0.1]),
        "wet": Table(("rain", "hose"), [[[0.95, 0.05], [0.3, 0.7]], [[0.25, 0.75], [1e-7, 1 - 1e-7]]]),
    },
    name="garden",
)


def same(one: Network, other: Network, tolerance: float = 0.0) -> bool:
    """Equal in names, states, parents and expanded numbers, in whatever order variables are listed."""
    return set(one.names) == set(other.names) and all(
        one.by_name[n].states == other.by_name[n].states
        and one.parents(n) == other.parents(n)
        and np.abs(one.cpds[n].table() - other.cpds[n].table()).max() <= tolerance
        for n in one.names
    )


def numbered(network: Network) -> Network:
    """The same network with the names that UAI gives."""
    new = {name: f"var_{i}" for i, name in enumerate(network.names)}
    variables = [Variable(new[v.name], tuple(map(str, range(len(v.states))))) for v in network.variables]
    cpds = {new[n]: Table([new[p] for p in cpd.parents], cpd.table()) for n, cpd in network.cpds.items()}
    return Network(variables, cpds, name=network.name)


@pytest.mark.parametrize("ending", NAMED)
@pytest.mark.parametrize("name", classic.SMALL)
def test_classic_networks_survive_every_format(name: str, ending: str, tmp_path: Path) -> None:
    """ALARM, HEPAR II and the others come back bit for bit from every format that has names."""
    network = classic.load(name)
    assert write(network, tmp_path / f"a{ending}") == 0.0
    assert same(read(tmp_path / f"a{ending}"), network, ALMOST)


@pytest.mark.parametrize("name", ["asia", "alarm"])
def test_classic_networks_survive_uai(name: str, tmp_path: Path) -> None:
    """With the names that UAI gives, every number comes back."""
    network = numbered(classic.load(name))
    write(network, tmp_path / "a.uai")
    assert same(read(tmp_path / "a.uai"), network, ALMOST)


@pytest.mark.parametrize("ending", [*NAMED, ".xmlbif", ".uai"])
@FEW
@given(network=networks(max_variables=4) | networks(max_variables=4, names=plain_text))
def test_writing_is_exact_or_refused(ending: str, tmp_path: Path, network: Network) -> None:
    """Whatever the names and kinds of distribution: a file says the same, or there is none, and the advice holds."""
    path = tmp_path / f"a{ending}"
    path.unlink(missing_ok=True)
    try:
        assert write(network, path) == 0.0
    except FormatError as error:
        assert f"{ending} cannot hold this network" in str(error)
        assert not path.exists()
        advised = re.findall(r"(\.\w+)(?= or \.| can\b)", str(error).rpartition("; ")[2])
        assert ending not in advised
        for other in advised:
            write(network, tmp_path / f"b{other}")
            assert same(read(tmp_path / f"b{other}"), network, ALMOST)
    else:
        again = read(path)
        assert same(again, network, ALMOST)
        if ending in (".xdsl", ".toml"):
            assert all(
                type(again.cpds[n]) is type(cpd) or (ending == ".xdsl" and isinstance(cpd, Deterministic))
                for n, cpd in network.cpds.items()
            )


@pytest.mark.parametrize("ending", NAMED)
@FEW
@given(network=networks(max_variables=4, names=plain_text))
def test_plain_names_fit_everywhere(ending: str, tmp_path: Path, network: Network) -> None:
    """Names of letters, digits and underscores are never a reason to refuse, whatever the numbers."""
    write(network, tmp_path / f"a{ending}")
    assert same(read(tmp_path / f"a{ending}"), network, ALMOST)


# ------------------------------------------------------------------ other tools


def through_agrum(path: Path) -> Network:
    """What pyAgrum reads in a file."""
    gum = pytest.importorskip("pyagrum")
    return spasmnet.from_pyagrum(gum.loadBN(str(path)))


def through_pgmpy(path: Path) -> Network:
    """What pgmpy reads in a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files = pytest.importorskip("pgmpy.readwrite")
        reader = {
            ".bif": files.BIFReader,
            ".xml": files.XMLBIFReader,
            ".net": files.NETReader,
            ".xdsl": files.XDSLReader,
        }
        return spasmnet.from_pgmpy(reader[path.suffix](path=str(path)).get_model())


def by_names(network: Network) -> dict[Any, float]:
    """Every number, by the states of the variable and of its parents in the parents' alphabetic order."""
    numbers = {}
    for name in network.names:
        cpd = network.cpds[name]
        axes = [*cpd.parents, name]
        for at, value in np.ndenumerate(cpd.table()):
            states = [(axis, network.by_name[axis].states[u]) for axis, u in zip(axes, at, strict=True)]
            numbers[name, frozenset(states)] = float(value)
    return numbers


@pytest.mark.parametrize("name", ["asia", "cancer", "survey", "alarm", "sachs", "insurance", "hepar2"])
@pytest.mark.parametrize(
    ("through", "ending"),
    [(through_agrum, e) for e in (".bif", ".bifxml", ".net")] + [(through_pgmpy, e) for e in (".bif", ".xml", ".net", ".xdsl")],
)  # fmt: skip
def test_other_tools_read_what_is_written(through: Any, ending: str, name: str, tmp_path: Path) -> None:
    """pyAgrum and pgmpy find every number where it belongs."""
    network = classic.load(name)
    write(network, tmp_path / f"a{ending}")
    theirs, ours = by_names(through(tmp_path / f"a{ending}")), by_names(network)
    assert theirs.keys() == ours.keys()
    assert max(abs(theirs[key] - ours[key]) for key in ours) <= 1e-6


@pytest.mark.parametrize("ending", [".bif", ".bifxml", ".net"])
def test_what_agrum_writes_is_read(ending: str, tmp_path: Path) -> None:
    """pyAgrum's own files and its object are one network, printed digits apart."""
    gum = pytest.importorskip("pyagrum")
    gum.initRandom(3)
    model = gum.fastBN("a[3]->c<-b;c->d[3];a->d")
    path = tmp_path / f"a{ending}"
    gum.saveBN(model, str(path))
    theirs, ours = by_names(read(path)), by_names(spasmnet.from_pyagrum(model))
    assert theirs.keys() == ours.keys()
    assert max(abs(theirs[key] - ours[key]) for key in ours) <= 1e-5


# ------------------------------------------------------------------ rounding


def test_decimals_state_the_loss(tmp_path: Path) -> None:
    """Rounded rows still sum to 1, the largest change is returned, and nothing possible becomes impossible."""
    loss = write(WET, tmp_path / "a.net", decimals=7)
    again = read(tmp_path / "a.net")
    assert loss == pytest.approx(
        max(np.abs(again.cpds[n].table() - WET.cpds[n].table()).max() for n in WET.names), rel=1e-6
    )
    assert 0 < loss < 1e-7 and "0.6666667 0.3333333" in (tmp_path / "a.net").read_text()
    with pytest.raises(FormatError, match=r"decimals=3 would make 1e-07, a number of 'wet', impossible; decimals=8 is"):
        write(WET, tmp_path / "b.net", decimals=3)
    assert write(WET, tmp_path / "b.net", decimals=8) < 1e-8


@pytest.mark.parametrize("decimals", [0, -1, 16, True, 2.5, "3"])
def test_decimals_are_a_whole_number(decimals: Any, tmp_path: Path) -> None:
    """Anything but 1 to 15 is refused, and so are decimals for a model file, whose numbers are cited."""
    with pytest.raises(FormatError, match="decimals has to be a whole number from 1 to 15"):
        write(WET, tmp_path / "a.bif", decimals=decimals)
    with pytest.raises(FormatError, match="a model file keeps all digits"):
        write(WET, tmp_path / "a.toml", decimals=3)


# ------------------------------------------------------------------ model files


def test_the_shipped_model_keeps_everything(tmp_path: Path) -> None:
    """Numbers, ranges, sources, claims, edges, flags, losses, advice, texts, and with them the digest."""
    shipped = spasmnet.load()
    write(shipped, tmp_path / "a.toml")
    again = read(tmp_path / "a.toml")
    assert again.digest == shipped.digest
    for field in fields(Network):
        if field.name != "cpds":
            assert getattr(again, field.name) == getattr(shipped, field.name), field.name
    for name, cpd in shipped.cpds.items():
        assert dict(again.cpds[name].parameters) == dict(cpd.parameters), name
    write(again, tmp_path / "b.toml")
    assert (tmp_path / "a.toml").read_text() == (tmp_path / "b.toml").read_text()


def test_numbers_of_another_file_cite_it(tmp_path: Path) -> None:
    """A network read from BIF names the file and its SHA-256 as the source of its numbers, without a range."""
    import hashlib

    (tmp_path / "alarm.bif").write_text(classic.text("alarm"))
    network = read(tmp_path / "alarm.bif")
    write(network, tmp_path / "alarm.toml")
    again = read(tmp_path / "alarm.toml")
    (source,) = again.sources.values()
    assert source.kind == "assumption" and "alarm.bif" in source.title
    assert hashlib.sha256(classic.text("alarm").encode()).hexdigest() in source.note
    cited = [p for cpd in again.cpds.values() for p in cpd.parameters.values()]
    assert len(cited) == sum(cpd.table().size for cpd in network.cpds.values())
    assert all(p.source == source.key and p.low == p.value == p.high for p in cited)
    case = {"HRBP": "HIGH", "CVP": "LOW"}
    post, expected = (spasmnet.compile(n).posterior(case) for n in (again, network))
    assert post["HYPOVOLEMIA"]["TRUE"] == pytest.approx(expected["HYPOVOLEMIA"]["TRUE"], abs=1e-14)


@FEW
@given(network=ranged_networks(names=plain_text))
def test_ranges_and_values_of_cited_numbers_are_kept(tmp_path: Path, network: Network) -> None:
    """Every cited number keeps value, range and source; others are cited without a range."""
    write(network, tmp_path / "a.toml")
    again = read(tmp_path / "a.toml")
    for name, cpd in network.cpds.items():
        for key, parameter in cpd.parameters.items():
            kept = again.cpds[name].parameters[key]
            assert (kept.value, kept.low, kept.high, kept.source) == (
                parameter.value, parameter.low, parameter.high, parameter.source
            )  # fmt: skip
        others = {key: p for key, p in again.cpds[name].parameters.items() if key not in cpd.parameters}
        assert all(p.low == p.high == p.value and p.source == "network" for p in others.values())


@FEW
@given(network=asking_networks())
def test_flags_losses_roles_and_questions_are_kept(tmp_path: Path, network: Network) -> None:
    """What a model says should be done comes back whole; findings without a text get the flag's id."""
    assume(all(name.strip() for v in network.variables for name in (v.name, *v.states)))  # blanks alone are no name
    flags = tuple(replace(flag, text=flag.id) for flag in guidance_of(network).red_flags)
    network = replace(network, guidance=replace(guidance_of(network), red_flags=flags))
    write(network, tmp_path / "a.toml")
    again = read(tmp_path / "a.toml")
    assert guidance_of(again).red_flags == flags
    assert [(v.role, v.question, v.cost) for v in again.variables] == [
        (v.role, v.question.strip(), v.cost) for v in network.variables
    ]
    assert guidance_of(again).content() == guidance_of(network).content()


def test_a_number_that_was_moved_out_of_its_range_widens_it(tmp_path: Path) -> None:
    """After tuning, the file says the number that the network has, within a range that holds it."""
    from spasmnet.parameters.assignment import cited_numbers, with_values

    shipped = spasmnet.load()
    place, parameter = next(
        (k, p)
        for k, p in cited_numbers(shipped).items()
        if p.high < 0.9 and len(shipped.by_name[k.variable].states) == 2
    )
    moved = with_values(shipped, {place: 0.95})
    write(moved, tmp_path / "a.toml")
    kept = cited_numbers(read(tmp_path / "a.toml"))[place]
    assert (kept.value, kept.low, kept.high) == (0.95, parameter.low, 0.95)


def test_noisy_max_and_deterministic_stay_what_they_are(tmp_path: Path) -> None:
    """Model files and XDSL keep the kinds of distributions; thirty parents of a noisy-OR need no table."""
    parents = [f"p{i}" for i in range(30)]
    variables = [Variable(name, ("no", "yes")) for name in [*parents, "any", "first"]]
    cpds: dict[str, Any] = {name: Table((), [0.9, 0.1]) for name in parents}
    cpds["any"] = NoisyMax(parents, [0.99, 0.01], [[[1.0, 0.0], [0.75, 0.25]]] * 30)
    cpds["first"] = Deterministic(("p0", "p1"), [[0, 0], [1, 0]], 2)
    network = Network(variables, cpds, name="noisy")
    for ending in (".toml", ".xdsl"):
        write(network, tmp_path / f"a{ending}")
        again = read(tmp_path / f"a{ending}")
        assert isinstance(again.cpds["any"], NoisyMax) and isinstance(again.cpds["first"], Deterministic)
        assert np.array_equal(again.cpds["any"].links, network.cpds["any"].links)
        assert np.array_equal(again.cpds["first"].table(), network.cpds["first"].table())
    with pytest.raises(FormatError, match=r"as tables, these would pass 50,000,000 entries: any \(2,147,483,648"):
        write(network, tmp_path / "a.bif")


# ------------------------------------------------------------------ refusals


def test_what_a_format_cannot_hold_is_named(tmp_path: Path) -> None:
    """UAI has no names, BIF no quotes in names: the reason and the formats that can are named, nothing is written."""
    quote = Network((Variable('say "hi"', ("no", "yes")),), {'say "hi"': Table((), [0.5, 0.5])})
    for network, ending, expected in (
        (WET, ".uai", "UAI has no names: variables have to be called var_0, var_1, … and states 0, 1, …; .bif or .xml"),
        (quote, ".bif", "BIF has no way to write the quote in the name 'say \"hi\"'; .xml or .toml can"),
    ):
        with pytest.raises(FormatError) as caught:
            write(network, tmp_path / f"a{ending}")
        assert f"{ending} cannot hold this network: {expected}" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "expected"), [("a.pkl", "unknown kind of file '.pkl'; "), ("a", "unknown kind of file ''")]
)
def test_unknown_endings_are_refused(name: str, expected: str, tmp_path: Path) -> None:
    """The endings there are, are listed."""
    with pytest.raises(FormatError) as caught:
        write(WET, tmp_path / name)
    assert expected in str(caught.value) and ".toml, .bif" in str(caught.value)


def test_places_that_cannot_be_written_are_explained(tmp_path: Path) -> None:
    """A folder that is not there, and a path that is no path."""
    with pytest.raises(ModelFileError, match="cannot be written: No such file"):
        write(WET, tmp_path / "no" / "a.bif")
    with pytest.raises(ModelFileError, match="cannot be written: embedded null"):
        write(WET, tmp_path / "\0.bif")


def test_a_row_of_plain_numbers_is_checked() -> None:
    """`values` lists a number for each state; a wrong count, sum or kind is named with its place."""
    from spasmnet.io.toml import parse_model
    from spasmnet.io.toml.writer import text

    good = text(WET)
    assert same(parse_model(good), WET)
    for old, new, expected in (
        ("values = [0.9, 0.1]", "values = [0.9]", "variables.hose.cpd.rows[#1].values: has 1 numbers for 2 states"),
        ("values = [0.9, 0.1]", "values = [0.9, 0.2]", "variables.hose.cpd.rows[#1].values: the values sum to 1.1"),
        ("values = [0.9, 0.1]", 'values = [0.9, "x"]', "variables.hose.cpd.rows[#1].values.on.value: a number is needed"),
        ("values = [0.9, 0.1]", "values = [0.9, 0.1], p = {}", "variables.hose.cpd.rows[#1].p: stands beside values"),
        ('type = "table"\nsource = "network"\nrows = [\n  { values = [0.9', 'type = "table"\nrows = [\n  { values = [0.9', "names no source"),
    ):  # fmt: skip
        assert good.count(old) == 1
        with pytest.raises(spasmnet.ModelError) as caught:
            parse_model(good.replace(old, new))
        assert expected in str(caught.value)


@st.composite
def _odd(draw: st.DrawFn) -> str:
    return draw(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
            lambda s: bool(s.strip())
        )
    )


@FEW
@given(names=st.lists(_odd(), min_size=4, max_size=4, unique=True))
def test_a_model_file_holds_any_name(tmp_path: Path, names: list[str]) -> None:
    """Names of variables and states may be any text in a file that says so, as those of other tools are."""
    first, second, low, high = names
    variables = [Variable(first, (low, high)), Variable(second, (high, low))]
    cpds: dict[str, Any] = {first: Table((), [0.25, 0.75]), second: Table((first,), [[0.5, 0.5], [0.125, 0.875]])}
    network = Network(variables, cpds, name=first, main_outcome=second)
    write(network, tmp_path / "a.toml")
    again = read(tmp_path / "a.toml")
    assert same(again, network) and (again.name, again.main_outcome) == (first, second)
