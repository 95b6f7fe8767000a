"""Calibration, vignettes, robustness and the pages that report them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import spasmnet
from spasmnet import ModelError, ModelFileError, Network, NoisyMax, Table, Variable
from spasmnet.cli.main import main
from spasmnet.io import catalogue
from spasmnet.io.toml import parse_model
from spasmnet.parameters.assignment import Place, cited_numbers, with_values
from spasmnet.uncertainty.distributions import Distributions
from spasmnet.uncertainty.draws import streams
from spasmnet.validation import run
from spasmnet.validation.calibration import answer, calibrate, conditional
from spasmnet.validation.files import Target, read_targets, read_vignettes
from spasmnet.validation.fit import propose
from spasmnet.validation.result_pages import Validation, missed
from spasmnet.validation.robustness import drawn_flips, flips, rounded
from spasmnet.validation.vignettes import Share, run_vignettes
from tests import enumeration, strategies

ROOT = Path(__file__).parent.parent
NETWORK = spasmnet.load()
ENGINE = spasmnet.compile(NETWORK)


@pytest.fixture(scope="module")
def found() -> Validation:
    vignettes = read_vignettes(catalogue.companion("vignettes"), NETWORK)
    return run.validate(ENGINE, vignettes, read_targets(catalogue.companion("calibration"), NETWORK))


# ------------------------------------------------------------------ the figures that the model has to reach


def test_calibration_meets_four_of_five_figures(found: Validation) -> None:
    """At least twenty figures, four fifths met, every promised one met, every missed one discussed."""
    met = [verdict.met for verdict in found.verdicts]
    assert len(met) >= 20
    assert sum(met) >= 0.8 * len(met)
    assert [v.target.id for v in found.verdicts if v.target.hold and not v.met] == []
    assert [v.target.id for v in found.verdicts if not v.met and not v.target.discussion] == []


def test_vignettes_reach_their_figures(found: Validation) -> None:
    """At least forty cases; top three, safe triage and missed emergencies as promised; every miss discussed."""
    summary = found.summary
    assert summary.safe.of >= 40
    assert summary.top_3.value >= 0.85
    assert summary.safe.value >= 0.97
    assert summary.missed_emergencies.count == 0
    assert summary.missed_emergencies.of >= 5
    assert [o.vignette.id for o in found.outcomes if missed(o) and not o.vignette.discussion] == []


def test_vignettes_cover_kinds_and_causes(found: Validation) -> None:
    """All kinds of case are there, every cause and serious condition is accepted somewhere."""
    assert {o.vignette.kind for o in found.outcomes} == {
        "common", "must_not_miss", "ambiguous", "healthy", "near_miss"
    }  # fmt: skip
    wanted = {v.name for v in NETWORK.variables if v.role in ("cause", "serious")}
    assert wanted <= {cause for o in found.outcomes for cause in o.vignette.causes}


def test_findings_are_what_makes_the_difference(found: Validation) -> None:
    """Without the findings, the accepted cause would be among the first three much less often."""
    assert found.summary.baseline.value < found.summary.top_3.value - 0.2


# ------------------------------------------------------------------ calibration


@given(strategies.networks(), st.data())
def test_conditional_probabilities_are_those_of_the_joint(network: Network, data: st.DataObject) -> None:
    """P(event | given) over sets of states is the ratio of sums over the enumerated joint distribution."""
    joint = enumeration.joint(network)
    pick = st.fixed_dictionaries({}, optional={v.name: st.sets(st.sampled_from(v.states), min_size=1).map(tuple)
                                               for v in network.variables[:4]})  # fmt: skip
    event, group = data.draw(pick), data.draw(pick)

    def mass(*parts: dict[str, tuple[str, ...]]) -> float:
        total = joint
        for part in parts:
            for i, variable in enumerate(network.variables):
                if variable.name in part:
                    keep = np.array([state in part[variable.name] for state in variable.states], dtype=float)
                    total = total * keep.reshape([-1 if axis == i else 1 for axis in range(joint.ndim)])
        return float(total.sum())

    if mass(group) > 1e-9:
        answered = conditional(spasmnet.compile(network), event, group)
        assert answered == pytest.approx(mass(event, group) / mass(group), abs=1e-9)


def target(**changes: object) -> Target:
    fields: dict[str, object] = {
        "id": "t", "title": "t", "event": {"spasm": ("yes",)}, "given": {}, "against": {}, "measure": "probability",
        "low": 0.0, "high": 1.0, "reported": "", "source": "", "where": "", "conversion": "", "hold": False,
        "discussion": "",
    }  # fmt: skip
    return Target(**{**fields, **changes})  # type: ignore[arg-type]


def small() -> Network:
    page = (ROOT / "docs" / "model-file.md").read_text(encoding="utf-8")
    return parse_model(page.split("```toml\n")[1].split("```")[0])


def test_ratios_are_ratios() -> None:
    """Risk, likelihood and odds ratios compare the group with the comparison group."""
    engine = spasmnet.compile(small())
    groups = {"given": {"strain": ("yes",)}, "against": {"strain": ("no",)}}
    p, q = (engine.posterior({"strain": s})["spasm"]["yes"] for s in ("yes", "no"))
    assert answer(engine, target(measure="risk_ratio", **groups)) == pytest.approx(p / q)
    assert answer(engine, target(measure="likelihood_ratio", **groups)) == pytest.approx(p / q)
    assert answer(engine, target(measure="odds_ratio", **groups)) == pytest.approx(p / (1 - p) / (q / (1 - q)))


def test_fitting_moves_one_number_within_its_range() -> None:
    """A missed figure is met by the smallest move of one number within its range, and no met figure is lost."""
    network = small()
    wanted = [target(id="more", low=0.16, high=0.2), target(id="kept", event={"heat": ("yes",)}, low=0.29, high=0.31)]
    (proposal,) = propose(network, wanted)
    parameter = cited_numbers(network)[proposal.place]
    assert parameter.low <= proposal.new <= parameter.high
    after = calibrate(spasmnet.compile(with_values(network, {proposal.place: proposal.new})), wanted)
    assert [verdict.met for verdict in after] == [True, True]
    assert list(propose(network, [target(low=0.99, high=1.0)])) == []


# ------------------------------------------------------------------ other numbers in place of the cited ones


def test_drawn_flips_are_those_of_the_networks_drawn(found: Validation) -> None:
    """Every draw is compared as if its network were compiled and the vignettes asked of it."""
    items, draws = found.vignettes.items[:6], 4
    counted = drawn_flips(ENGINE, items, draws, 3)
    distributions = Distributions.of(NETWORK)
    places = [Place(*place) for place in distributions.places]
    ((stream, size),) = streams(np.random.default_rng(3), draws)
    by_draw = [
        flips(ENGINE, items, "", dict(zip(places, values, strict=True))) for values in distributions.draw(stream, size)
    ]
    for name in ("cause", "accepted", "care", "lower", "unsafe"):
        assert getattr(counted, name) == pytest.approx(np.mean([getattr(one, name) for one in by_draw]))
    assert counted == drawn_flips(ENGINE, items, draws, 3)


def test_its_own_values_change_nothing() -> None:
    """A network given the values that it has answers the same."""
    same = with_values(NETWORK, {place: p.value for place, p in cited_numbers(NETWORK).items()})
    for name in NETWORK.names:
        np.testing.assert_allclose(same.cpds[name].table(), NETWORK.cpds[name].table(), atol=1e-15)


def test_one_value_changes_one_row() -> None:
    """A new number changes its own row only, the rest of which takes up the difference."""
    changed = with_values(NETWORK, {Place("age_band", (2,)): 0.24})
    np.testing.assert_allclose(changed.cpds["age_band"].table(), [0.35, 0.41, 0.24])
    changed = with_values(NETWORK, {Place("low_bp_dizzy", (2, 1)): 0.5})
    np.testing.assert_allclose(changed.cpds["low_bp_dizzy"].table()[2], [0.5, 0.5])
    np.testing.assert_array_equal(changed.cpds["low_bp_dizzy"].table()[:2], NETWORK.cpds["low_bp_dizzy"].table()[:2])
    link = with_values(NETWORK, {Place("overuse", (1, 1, 1)): 0.5}).cpds["overuse"]
    assert isinstance(link, NoisyMax)
    np.testing.assert_allclose(link.links[1][1], [0.5, 0.5])


def test_rounding_keeps_significant_digits() -> None:
    """Rounded numbers keep their size: nothing becomes 0 or 1."""
    values = rounded(NETWORK, 1)
    assert all(0 < value < 1 for value in values.values())
    assert values[Place("rhabdomyolysis", (0, 2, 1))] == 0.0001 or values[Place("rhabdomyolysis", (0, 2, 1))] == 0.0002


def test_flips_count_what_changes(found: Validation) -> None:
    """The same numbers flip nothing; numbers that turn a case around are counted."""
    items = found.vignettes.items[:4]
    same = flips(ENGINE, items, "same", {})
    assert (same.cause, same.care, same.lower, same.unsafe, same.accepted) == (0, 0, 0, 0, 0)
    before = run_vignettes(ENGINE, items)
    at = cited_numbers(NETWORK)
    high = {place: p.high for place, p in at.items() if p.low < p.high}
    changed = flips(ENGINE, items, "high", high)
    after = run_vignettes(spasmnet.compile(with_values(NETWORK, high)), items)
    assert changed.cause == np.mean([a.leading[0] != b.leading[0] for a, b in zip(before, after, strict=True)])
    assert changed.care == np.mean([a.care != b.care for a, b in zip(before, after, strict=True)])


def test_wilsons_interval() -> None:
    """Reference values of Wilson's score interval (Newcombe 1998, Statistics in Medicine 17:857-872, table I)."""
    for count, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert Share(count, of).interval == pytest.approx((low, high), abs=5e-5)


# ------------------------------------------------------------------ the pages


def test_pages_are_those_of_the_model(found: Validation) -> None:
    """The pages in docs/model are what the model makes them (spasmnet validate --pages docs/model writes them anew)."""
    for name, text in run.pages(ENGINE, found).items():
        assert (ROOT / "docs" / "model" / name).read_text(encoding="utf-8") == text, name


def test_the_model_card_is_of_this_model() -> None:
    """The card and the robustness page, which take longer to make, belong to the model as it is."""
    card = (ROOT / "docs" / "model" / "README.md").read_text(encoding="utf-8")
    assert NETWORK.digest in card
    assert NETWORK.intended_use in card
    assert NETWORK.version in (ROOT / "docs" / "model" / "robustness.md").read_text(encoding="utf-8")


def test_every_claim_has_a_home_on_the_page() -> None:
    """A1 to A21 each name an edge, a variable, advice or a red flag."""
    page = (ROOT / "docs" / "model" / "claims.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(): line.split("|")[3:] for line in page.splitlines() if line.startswith("| A")}
    assert list(rows) == [f"A{i}" for i in range(1, 22)]
    assert all(any(cell.strip() for cell in cells) for cells in rows.values())


# ------------------------------------------------------------------ the command


def test_validate_prints_data() -> None:
    """The command gives figures, cases and summary as JSON, with the intended use."""
    result = CliRunner().invoke(main, ["validate", "--json"])
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert set(content) == {"calibration", "summary", "vignettes", "robustness", "provenance", "intended_use"}
    assert content["summary"]["safe"]["share"] >= 0.97
    assert content["robustness"] == []


def test_validate_prints_a_screen_and_writes_pages(tmp_path: Path) -> None:
    """The screen lists figures, cases, misses and what flips; the pages are written."""
    result = CliRunner().invoke(main, ["validate", "--pages", str(tmp_path / "pages"), "--draws", "1"])
    assert result.exit_code == 0, result.output
    for words in (
        "figures of the literature met",
        "written cases",
        "missed emergencies",
        "what flips",
        "without a clinician",
    ):
        assert words in result.stdout
    assert {path.name for path in (tmp_path / "pages").iterdir()} == {
        "README.md", "calibration.md", "claims.md", "flags.md", "numbers.md", "robustness.md", "variables.md", "vignettes.md",
    }  # fmt: skip


# ------------------------------------------------------------------ bad files

VIGNETTES = """
format = "spasmnet-vignettes"
format_version = 1
model = "muscle_spasm"
[[vignettes]]
id = "one"
kind = "common"
text = "Somebody cramps."
findings = { spasm = "painful", trauma = "absent" }
causes = ["muscle_fatigue"]
care = "self_care"
source = ["article"]
"""
TARGETS = """
format = "spasmnet-calibration"
format_version = 1
model = "muscle_spasm"
[[targets]]
id = "one"
title = "Any spasm"
event = { spasm = ["painful"] }
given = { trauma = ["present"] }
measure = "probability"
low = 0.1
high = 0.2
reported = "15 %"
source = "grandner_2017"
where = "abstract"
conversion = "as it is"
"""


def problems(text: str, tmp_path: Path, read: object) -> str:
    path = tmp_path / "file.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((ModelError, ModelFileError)) as caught:
        read(path, NETWORK)  # type: ignore[operator]
    return str(caught.value)


def bad_vignettes() -> Iterator[tuple[str, str, str]]:
    yield 'spasm = "painful"', 'spazm = "painful"', "vignettes.one.findings.spazm: there is no variable 'spazm'"
    yield '"painful"', '"sore"', "spasm has no state 'sore'"
    yield '"muscle_fatigue"', '"muscle_pain"', "'muscle_pain' is no cause and no serious condition"
    yield '"muscle_fatigue"', '"fatigue"', "vignettes.one.causes: there is no variable 'fatigue'"
    yield 'causes = ["muscle_fatigue"]', "causes = []", "is empty, which only healthy people are"
    yield '"self_care"', '"bed"', "'bed' is not one of self_care, routine, urgent, emergency"
    yield '["article"]', '["articel"]', "there is no source 'articel'; did you mean 'article'?"
    yield 'kind = "common"', 'kind = "odd"', "'odd' is not one of"
    yield 'text = "Somebody cramps."', "", "vignettes.one.text: is missing"
    yield "[[vignettes]]", '[sources.x]\nkind = "assumption"\ntitle = "t"\n[[vignettes]]', "nothing uses this source"
    yield 'care = "self_care"', 'care = "self_care"\nalso = ["later"]', "'later' is not one of"
    yield 'model = "muscle_spasm"', 'model = "asia"', "this file is for the model 'asia'"
    yield 'id = "one"', 'id = "one"\nname = "x"', "vignettes[#1].name: unknown key"


@pytest.mark.parametrize(("old", "new", "message"), [*bad_vignettes()])
def test_bad_vignettes_are_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    """Each fault is told with its place."""
    assert message in problems(VIGNETTES.replace(old, new, 1), tmp_path, read_vignettes)


def bad_targets() -> Iterator[tuple[str, str, str]]:
    yield 'spasm = ["painful"]', 'spazm = ["painful"]', "targets.one.event.spazm: there is no variable 'spazm'"
    yield '["present"]', '["maybe"]', "trauma has no state 'maybe'"
    yield '["present"]', '"present"', "a list of states is needed"
    yield '"probability"', '"odds_ratio"', "targets.one.against: is for ratios, which need it"
    yield "low = 0.1", "low = 0.3", "targets.one.low: 0.3 is above high, 0.2"
    yield "low = 0.1", "low = nan", "targets.one.low: a number of at least 0 is needed"
    yield "grandner_2017", "grandner", "there is no source 'grandner'"
    yield 'conversion = "as it is"', "", "targets.one.conversion: is missing"
    yield "format_version = 1", "format_version = 2", 'is not a file of format "spasmnet-calibration", version 1'
    yield "low = 0.1", "low = ", "is not valid TOML"


@pytest.mark.parametrize(("old", "new", "message"), [*bad_targets()])
def test_bad_targets_are_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    """Each fault is told with its place."""
    assert message in problems(TARGETS.replace(old, new, 1), tmp_path, read_targets)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """A file with several faults lists them all, and an id that stands twice."""
    text = VIGNETTES.replace("spasm =", "spazm =").replace("trauma", "drama").replace("self_care", "bed")
    again = VIGNETTES[VIGNETTES.index("[[vignettes]]") :]
    message = problems(text + again, tmp_path, read_vignettes)
    for part in ("'spazm'", "'drama'", "'bed'", "'one' stands twice"):
        assert part in message


def test_good_files_are_read(tmp_path: Path) -> None:
    """The examples that the faults above start from are sound."""
    for text, read in ((VIGNETTES, read_vignettes), (TARGETS, read_targets)):
        path = tmp_path / "good.toml"
        path.write_text(text, encoding="utf-8")
        assert len(read(path, NETWORK).items) == 1


def test_a_model_without_cases_says_so() -> None:
    """What was not shipped is named."""
    with pytest.raises(ModelFileError, match=r"nothing\.toml was not shipped"):
        catalogue.companion("nothing")


def test_networks_by_hand_have_no_cited_numbers() -> None:
    """A network without parameters has no numbers to move."""
    network = Network((Variable("x", ("no", "yes")),), {"x": Table((), [0.5, 0.5])})
    assert cited_numbers(network) == {}
