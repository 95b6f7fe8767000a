"""What is shown of a variable in one number: the state is named, unless a role says which one is neutral."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.text import Annotation, Text

import spasmnet
from spasmnet import EvidenceError, Network, Table, Variable
from spasmnet.api.reasons import reasons
from spasmnet.display.pages.beliefs import posterior_page
from spasmnet.display.pages.explain import explanation_page, what_if_page
from spasmnet.display.pages.reports import report_page
from spasmnet.display.text import text
from spasmnet.plots.beliefs import plot_cases, plot_change, plot_heat_map, plot_ranked
from spasmnet.plots.style import ORANGE
from spasmnet.triage.report import ranked, report, total
from tests import classic
from tests.strategies import evidence, networks

CASES = {
    "asia": {"xray": "yes", "smoke": "no"},
    "hepar2": {"carcinoma": "present", "sex": "female"},
    "alarm": {"HRBP": "HIGH", "HYPOVOLEMIA": "TRUE"},
    "insurance": {"Age": "Senior", "Theft": "True"},
    "earthquake": {"JohnCalls": "True"},
    "child": {"LVHreport": "yes", "Age": "0-3_days"},
}


@pytest.fixture(scope="module", params=CASES)
def case(request: Any) -> tuple[spasmnet.Engine, spasmnet.Posterior, dict[str, str]]:
    """A classic network, findings, and the answer to them."""
    engine = spasmnet.compile(classic.load(request.param))
    return engine, engine.posterior(CASES[request.param]), CASES[request.param]


def test_neutral_is_what_the_model_says_or_the_words_say() -> None:
    """The first state of a variable with a role, the one that denies, else none."""
    assert Variable("x", ("a", "b", "c"), role="cause").neutral == "a"
    assert Variable("x", ("yes", "no"), role="risk_factor").neutral == "yes"
    for one, other in (("no", "yes"), ("False", "True"), ("absent", "present"), ("f", "T"), ("0", "1")):
        for states in ((one, other), (other, one)):
            variable = Variable("x", states)
            assert (variable.neutral, variable.active) == (one, (other,))
    assert Variable("x", ("severe", "mild", "None")).active == ("severe", "mild")
    assert Variable("x", ("LOW", "NORMAL", "HIGH")).neutral == "NORMAL"
    for states in (("low", "high"), ("negative", "zero", "positive"), ("no",), ("no", "No", "yes"), ("true", "yes")):
        assert (Variable("x", states).neutral, Variable("x", states).active) == ("", ())
    assert Variable("x", ("a",), role="cause").event({"a": 1.0}) == ("a",)
    assert Variable("x", ("b", "a")).event({"a": 0.5, "b": 0.5}) == ("a",)


def shown(axes: Any) -> list[tuple[str, list[str]]]:
    """The variables and states on the axis."""
    labels = [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()]
    return [(name, states.split(" or ")) for name, states in (label.split(": ") for label in labels)]


def says_no_more_than_the_states(words: str, network: Network) -> bool:
    """Whether nothing is called present, active or neutral but states that are called so."""
    named = {state for variable in network.variables for state in variable.states}
    return all(word in named for word in re.findall(r"\b(?:present|active|neutral)\b", words))


def test_plots_name_the_state_that_they_draw(case: tuple[spasmnet.Engine, spasmnet.Posterior, dict[str, str]]) -> None:
    """Bars, arrows and groups have the probability of the state on their label; nothing else is called present."""
    engine, post, _ = case
    prior = engine.posterior()
    axes = plot_ranked(post, top=40)
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([total(post[v], s) for v, s in shown(axes)])
    change = plot_change(post, top=40)
    tips = [t for t in change.texts if isinstance(t, Annotation) and t.arrow_patch]
    assert [float(t.xy[0]) for t in tips] == pytest.approx([total(post[v], s) for v, s in shown(change)])
    assert [float(t.xyann[0]) for t in tips] == pytest.approx([total(prior[v], s) for v, s in shown(change)])
    risen = [tip.arrow_patch.get_edgecolor()[:3] == to_rgb(ORANGE) for tip in tips]
    assert risen == [total(post[v], s) >= total(prior[v], s) for v, s in shown(change)]
    cases = plot_cases({"before": prior, "after": post}, top=40)
    widths = [bar.get_width() for bar in cases.patches]
    assert widths == pytest.approx([total(p[v], s) for p in (prior, post) for v, s in shown(cases)])
    for drawn in (axes, change, cases):
        for words in drawn.figure.findobj(Text):
            assert says_no_more_than_the_states(words.get_text(), engine.network)


def test_what_is_observed_stands_at_100_percent(
    case: tuple[spasmnet.Engine, spasmnet.Posterior, dict[str, str]],
) -> None:
    """An observed finding is drawn as the state that was observed, in plots, pages and reports."""
    engine, post, found = case
    drawn = plot_cases({"before": engine.posterior(), "after": post}, list(found))
    for (name, states), bar in zip(shown(drawn), drawn.patches[len(found) :], strict=True):
        assert bar.get_width() == pytest.approx(float(found[name] in states))
    listed = text(posterior_page(post), 120)
    for name, state in found.items():
        assert re.search(rf"{name} +100%.*{re.escape(state)}", listed)


def test_reports_name_the_states(case: tuple[spasmnet.Engine, spasmnet.Posterior, dict[str, str]]) -> None:
    """A report on a network without roles says which state each percentage is of, and so does its JSON."""
    engine, post, found = case
    made = report(engine, found)
    listed = text(report_page(made), 120)
    assert says_no_more_than_the_states(listed, engine.network)
    for row in made.others[:8]:
        assert f"{row.variable.name}: {' or '.join(row.event)}" in " ".join(listed.split())
        assert row.probability == pytest.approx(total(post[row.variable.name], row.event))
        assert row.as_dict()["states"] == list(row.event)
    for reason in reasons(engine, made, [row.variable.name for row in made.others[:2]]):
        assert reason.probability == pytest.approx(total(post[reason.variable.name], reason.states))
        for name, without in reason.without:
            less = engine.posterior({n: f for n, f in found.items() if n != name})
            assert without == pytest.approx(total(less[reason.variable.name], reason.states))


def test_sentences_name_the_states(case: tuple[spasmnet.Engine, spasmnet.Posterior, dict[str, str]]) -> None:
    """An explanation of a variable that is only named says of which state, which is the one whose numbers it gives."""
    engine, post, found = case
    name = next(row.variable.name for row in report(engine, found).others)
    why = spasmnet.explain(engine, name, found)
    states = why.question.event.states
    assert why.belief == pytest.approx(total(post[name], states))
    assert why.sentences[0].startswith(f"{name}: {' or '.join(states)} has a probability of ")
    assert says_no_more_than_the_states(" ".join(why.sentences), engine.network)
    assert says_no_more_than_the_states(text(explanation_page(why), 120), engine.network)


def test_a_link_of_a_trail_says_what_it_multiplies() -> None:
    """ "X makes Y: state so many times as likely" is the ratio of that state's probabilities (asia, yes first)."""
    engine = spasmnet.compile(classic.load("asia"))
    why = spasmnet.explain(engine, ("lung", "yes"), {"xray": "yes"})
    (link,) = [link for trail in why.links for link in trail if link.then == "either"]
    assert (link.first_states, link.then_states) == (("yes",), ("yes",))
    now, then = (engine.posterior(given)["either"]["yes"] for given in ({}, {"xray": "yes"}))
    assert link.times == pytest.approx(then / now) and link.times > 1


def test_acting_takes_a_variable_to_its_neutral_state() -> None:
    """asia and hepar2 begin with what is there: stopping to smoke is smoke=no, and lowers lung=yes."""
    asia = spasmnet.compile(classic.load("asia"))
    found = spasmnet.what_if(asia, "lung", {"smoke": "yes"}, actions=["smoke"])
    assert (found.event.states, found.actions[0].state) == (("yes",), "no")
    assert found.actions[0].change < 0
    assert "smoke: no" in text(what_if_page(found), 120)
    hepar2 = spasmnet.compile(classic.load("hepar2"))
    assert spasmnet.what_if(hepar2, "carcinoma", actions=["alcoholism"]).actions[0].state == "absent"


def test_what_nothing_says_is_asked_for() -> None:
    """Where no state is known to be neutral, acting and ranking causes ask for states and roles; the advice works."""
    insurance = spasmnet.compile(classic.load("insurance"))
    with pytest.raises(EvidenceError, match=r"which states of Age are meant is not known.*\('Age', 'Senior'\)"):
        spasmnet.what_if(insurance, "Age", actions=["Theft"])
    with pytest.raises(EvidenceError, match=r"what Age is to be set to is not known.*actions=\{'Age': 'Adolescent'\}"):
        spasmnet.what_if(insurance, "Accident", actions=["Age"])
    found = spasmnet.what_if(insurance, "Accident", actions={"Age": "Adolescent"})
    assert found.event.states == ("Mild", "Moderate", "Severe") and found.actions[0].state == "Adolescent"
    with pytest.raises(
        EvidenceError, match=r"of Age .Adolescent, Adult, Senior. none is known to be; leave it out, or"
    ):
        _ = spasmnet.explain(insurance, "Accident", {"Age": "Adult"}, causes=["Theft"], findings=["Age"]).ranked


def test_causes_explain_what_is_observed_whatever_stands_first() -> None:
    """Expected disablement is that of the network with every variable's states the other way round."""
    network, found = classic.load("asia"), {"dysp": "yes", "xray": "yes", "smoke": "no"}
    options: dict[str, Any] = {"causes": ["lung", "tub", "bronc"], "findings": ["dysp", "xray", "smoke"]}
    one, other = (
        spasmnet.explain(spasmnet.compile(n), ("lung", "yes"), found, **options).ranked
        for n in (network, turned(network))
    )
    assert [c.variable for c in one] == [c.variable for c in other]
    for mine, theirs in zip(one, other, strict=True):
        assert mine.disablement == pytest.approx(theirs.disablement) and mine.probability == pytest.approx(
            theirs.probability
        )
        assert set(mine.switches_off) <= {"dysp", "xray"}


def test_a_heat_map_names_states_in_both_directions() -> None:
    """P(finding | row's state) minus that without it, whichever state stands first; three states against the rest."""
    engine = spasmnet.compile(classic.load("insurance"))
    axes = plot_heat_map(engine, ["Theft", "Age", "Accident"], ["Cushioning", "ThisCarDam"])
    assert shown(axes) == [("Theft", ["True"]), ("Age", ["Adult"]), ("Accident", ["Mild", "Moderate", "Severe"])]
    columns = [label.get_text().replace("\n", " ").split(": ") for label in axes.get_xticklabels()]
    assert [name for name, _ in columns] == ["Cushioning", "ThisCarDam"]
    values = np.asarray(axes.images[0].get_array())
    for i, (row, named) in enumerate(shown(axes)):
        states = engine.network.by_name[row].states
        ends = ({s: float((s in named) == inside) for s in states} for inside in (True, False))
        with_it, without = (engine.posterior({row: end}) for end in ends)
        for j, (column, said) in enumerate(columns):
            event = said.split(" or ")
            assert float(values[i, j]) == pytest.approx(total(with_it[column], event) - total(without[column], event))


def turned(network: Network) -> Network:
    """The same network, with the states of every variable in the opposite order."""
    variables = [replace(v, states=v.states[::-1]) for v in network.variables]
    return Network(variables, {n: Table(c.parents, np.flip(c.table())) for n, c in network.cpds.items()}, network.name)


def words(*texts: str) -> list[str]:
    """All words and numbers, in alphabetical order."""
    return sorted(word.strip(".,;:()") for each in texts for word in re.sub(r"sha256:\w+", "", each).split())


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_the_order_of_states_changes_nothing_that_is_shown(data: st.DataObject) -> None:
    """On networks without roles: ranked rows, pages, reports and sentences have the same words and numbers."""
    states = st.sampled_from(("no", "yes", "present", "absent", "none", "low", "Normal", "high", "True", "False"))
    names = st.from_regex(r"[a-z]{3}", fullmatch=True) | states
    network = data.draw(networks(kinds=("table",), positive=True, max_variables=5, max_parents=2, names=names))
    case = data.draw(evidence(network, positive=True))
    engines = [spasmnet.compile(n) for n in (network, turned(network))]
    posts = [engine.posterior(case) for engine in engines]
    rows = [ranked(post, engine.posterior()) for post, engine in zip(posts, engines, strict=True)]
    for one, other in zip(*(sorted(each, key=lambda row: row.variable.name) for each in rows), strict=True):
        assert (one.variable.name, set(one.event), one.leading) == (
            other.variable.name,
            set(other.event),
            other.leading,
        )
        assert (one.probability, one.before, one.change) == pytest.approx(
            (other.probability, other.before, other.change)
        )
    one, other = (words(text(posterior_page(post), 120)) for post in posts)  # type: ignore[assignment]
    assert one == other
    open_ones = [v.name for v in network.variables if len(v.states) > 1 and not isinstance(case.get(v.name), str)]
    if open_ones:
        target = data.draw(st.sampled_from(open_ones))
        one, other = (words(*spasmnet.explain(engine, target, case).sentences) for engine in engines)  # type: ignore[assignment]
        assert one == other
