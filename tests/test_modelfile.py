"""The model file: what a good one becomes, and what each kind of fault is told."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spasmnet.errors import ModelError, ModelFileError
from spasmnet.io import catalogue
from spasmnet.io.toml import parse_model, read_model
from spasmnet.io.toml.text import MAX_BYTES
from spasmnet.model.cpd import Deterministic, NoisyMax, Table
from spasmnet.triage.guidance import guidance_of

GOOD = '''# a small model
format = "spasmnet-model"
format_version = 1

[model]
name = "small"
version = "1.0"
title = "Small"
description = """
A small
model.
"""
population = "adults"
window = "today"
intended_use = "tests"
license = "MIT"
main_outcome = "spasm"

[claims]
A1 = "heat makes people sweat"
A2 = "drink"

[sources.doe_2001]
kind = "cohort"
title = "Heat"
authors = "Doe J"
year = 2001
doi = "10.1000/heat.2001"

[sources.guess]
kind = "assumption"
title = "Our guesses"
note = "judgement"

[sources.bare_guess]
kind = "assumption"
title = "Guesses explained one by one"

[variables.heat]
label = "Heat"
description = "Hot weather"
question = "Was it hot?"
role = "risk_factor"
states = [
  { name = "no", label = "Not hot" },
  { name = "yes", label = "Hot", description = "30 degrees and more" },
]
codes = { icd10cm = "X30" }
[variables.heat.cpd]
type = "table"
source = "doe_2001"
where = "Table 1"
[[variables.heat.cpd.rows]]
p.yes = { value = 0.3, low = 0.2, high = 0.5 }

[variables.strain]
label = "Strain"
description = "Strained muscle"
role = "cause"
states = [ { name = "none", label = "None" }, { name = "mild", label = "Mild" }, { name = "severe", label = "Severe" } ]
[variables.strain.parents]
heat = { basis = "literature", contested = true, note = "studies disagree", source = "doe_2001" }
[variables.strain.cpd]
type = "table"
source = "guess"
[[variables.strain.cpd.rows]]
given = { heat = "no" }
p.mild = { value = 0.1, low = 0.05, high = 0.2 }
p.severe = { value = 0.01, low = 0.0, high = 0.02 }
[[variables.strain.cpd.rows]]
given = { heat = "yes" }
p.none = { value = 0.7, low = 0.6, high = 0.8 }
p.mild = { value = 0.2, low = 0.1, high = 0.3, source = "bare_guess", note = "twice as often" }
p.severe = { value = 0.1, low = 0.0, high = 0.2 }

[variables.spasm]
label = "Spasm"
description = "A spasm"
role = "serious"
states = [ { name = "absent", label = "No" }, { name = "painful", label = "Painful" }, { name = "severe", label = "Severe" } ]
claims = ["A1"]
[variables.spasm.parents]
strain = { basis = "article" }
heat = { basis = "article" }
[variables.spasm.cpd]
type = "noisy_max"
source = "guess"
[variables.spasm.cpd.leak]
painful = { value = 0.02, low = 0.01, high = 0.04 }
severe = { value = 0.01, low = 0.0, high = 0.02 }
[variables.spasm.cpd.links.strain.mild]
painful = { value = 0.3, low = 0.2, high = 0.4 }
severe = { value = 0.1, low = 0.05, high = 0.2 }
[variables.spasm.cpd.links.strain.severe]
painful = { value = 0.4, low = 0.2, high = 0.6 }
severe = { value = 0.35, low = 0.2, high = 0.4 }
[variables.spasm.cpd.links.heat.yes]
painful = { value = 0.05, low = 0.0, high = 0.1 }
severe = { value = 0, low = 0, high = 0.01 }

[variables.limp]
label = "Limp"
description = "Limping"
question = "Do you limp?"
role = "finding"
states = [ { name = "no", label = "No" }, { name = "yes", label = "Yes" } ]
[variables.limp.parents]
spasm = { basis = "article" }
strain = { basis = "article" }
[variables.limp.cpd]
type = "deterministic"
rows = [ { given = { spasm = "severe" }, state = "yes" }, { given = { strain = "severe" }, state = "yes" } ]
otherwise = "no"

[variables.pain]
label = "Pain"
description = "Pain"
question = "Does it hurt?"
role = "finding"
states = [ { name = "no", label = "No" }, { name = "yes", label = "Yes" } ]
[variables.pain.parents]
spasm = { basis = "article" }
[variables.pain.cpd]
type = "noisy_or"
source = "guess"
[variables.pain.cpd.leak]
yes = { value = 0.1, low = 0.05, high = 0.2 }
[variables.pain.cpd.links.spasm]
painful.yes = { value = 0.9, low = 0.8, high = 0.95 }
severe.yes = { value = 0.95, low = 0.9, high = 0.99 }

[[advice]]
id = "drink"
when = { spasm = ["painful", "severe"] }
text = "Drink."
claims = ["A2"]

[[red_flags]]
id = "both"
when = { limp = ["yes"], pain = ["yes"] }
level = "urgent"
text = "See a doctor."
source = "guess"
'''

LEAK = "severe = { value = 0.01, low = 0.0, high = 0.02 }\n[variables.spasm.cpd.links.strain.mild]"
HEAT = "p.yes = { value = 0.3, low = 0.2, high = 0.5 }"
MILD = "p.mild = { value = 0.1, low = 0.05, high = 0.2 }"
LINK = "painful = { value = 0.4, low = 0.2, high = 0.6 }"
STRAIN_HEAT = 'heat = { basis = "literature", contested = true, note = "studies disagree", source = "doe_2001" }'
LIMP_ROWS = '[ { given = { spasm = "severe" }, state = "yes" }, { given = { strain = "severe" }, state = "yes" } ]'
LINKS_HEAT = "[variables.spasm.cpd.links.heat.yes]\npainful = { value = 0.05, low = 0.0, high = 0.1 }\nsevere = { value = 0, low = 0, high = 0.01 }\n"
ROW_NO = f'[[variables.strain.cpd.rows]]\ngiven = {{ heat = "no" }}\n{MILD}\np.severe = {{ value = 0.01, low = 0.0, high = 0.02 }}\n'


def edited(*edits: tuple[str, str]) -> str:
    """The good model with each text replaced at its first place; a text that is not there is a fault of the test."""
    text = GOOD
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def problems(text: str) -> list[str]:
    """The problems found in a text, as written in the message."""
    with pytest.raises(ModelError) as caught:
        parse_model(text, "here.toml")
    assert str(caught.value).startswith(f"{len(caught.value.problems)} problem")
    return [str(problem) for problem in caught.value.problems]


FAULTS = {
    "value above 1": (LINK, "painful = { value = 1.3, low = 0.2, high = 0.6 }", "variables.spasm.cpd.links.strain.severe.painful.value: 1.3 is not in [0, 1]"),
    "value below 0": (HEAT, "p.yes = { value = -0.1, low = 0.2, high = 0.5 }", "variables.heat.cpd.rows[#1].p.yes.value: -0.1 is not in [0, 1]"),
    "value nan": (HEAT, "p.yes = { value = nan, low = 0.2, high = 0.5 }", "variables.heat.cpd.rows[#1].p.yes.value: nan is not in [0, 1]"),
    "high infinite": (HEAT, "p.yes = { value = 0.3, low = 0.2, high = inf }", "variables.heat.cpd.rows[#1].p.yes.high: inf is not in [0, 1]"),
    "value true": (HEAT, "p.yes = { value = true, low = 0.2, high = 0.5 }", "variables.heat.cpd.rows[#1].p.yes.value: a number is needed, not true or false (true)"),
    "value text": (HEAT, 'p.yes = { value = "0.3", low = 0.2, high = 0.5 }', "variables.heat.cpd.rows[#1].p.yes.value: a number is needed, not text ('0.3')"),
    "low missing": (HEAT, "p.yes = { value = 0.3, high = 0.5 }", "variables.heat.cpd.rows[#1].p.yes.low: is missing; a number in [0, 1] is needed"),
    "value outside range": (HEAT, "p.yes = { value = 0.1, low = 0.2, high = 0.5 }", "variables.heat.cpd.rows[#1].p.yes.value: 0.1 is not in [low, high] = [0.2, 0.5]"),
    "range reversed": (HEAT, "p.yes = { value = 0.3, low = 0.5, high = 0.2 }", "variables.heat.cpd.rows[#1].p.yes.low: 0.5 is above high, 0.2"),
    "parameter a number": (HEAT, "p.yes = 0.3", "variables.heat.cpd.rows[#1].p.yes: a table { value, low, high, source } is needed, not a number (0.3)"),
    "parameter key unknown": (MILD, "p.mild = { value = 0.1, low = 0.05, high = 0.2, sorce = 1 }", "variables.strain.cpd.rows[heat=no].p.mild.sorce: unknown key; did you mean 'source'?"),
    "key unknown at the top": ("[claims]", "[clams]\n[claims]", "clams: unknown key; did you mean 'claims'?"),
    "key unknown in a variable": ('label = "Heat"', 'lable = "x"\nlabel = "Heat"', "variables.heat.lable: unknown key; did you mean 'label'?"),
    "key unknown in a state": ('label = "Not hot"', 'label = "Not hot", lebel = "x"', "variables.heat.states[#1].lebel: unknown key; did you mean 'label'?"),
    "code system unknown": ("codes = { icd10cm", "codes = { icd10", "variables.heat.codes.icd10: unknown key; did you mean 'icd10cm'?"),
    "required key missing": ('population = "adults"\n', "", "model.population: is missing; text is needed"),
    "required text empty": ('population = "adults"', 'population = " "', "model.population: is empty"),
    "question missing": ('question = "Do you limp?"\n', "", "variables.limp.question: is missing; text is needed"),
    "label a number": ('label = "Heat"', "label = 3", "variables.heat.label: text is needed, not a number (3)"),
    "contested a text": ("contested = true", 'contested = "yes"', "variables.strain.parents.heat.contested: true or false is needed, not text ('yes')"),
    "model name": ('name = "small"', 'name = "a b"', "model.name: 'a b' is not a name: only letters, digits, '_' and '-' are allowed"),
    "main outcome unknown": ('main_outcome = "spasm"', 'main_outcome = "spasn"', "model.main_outcome: there is no variable 'spasn'; did you mean 'spasm' or 'pain'?"),
    "role unknown": ('role = "serious"', 'role = "seriuos"', "variables.spasm.role: 'seriuos' is not one of risk_factor, cause, serious, finding; did you mean 'serious'?"),
    "basis unknown": ('strain = { basis = "article" }', 'strain = { basis = "rumour" }', "variables.spasm.parents.strain.basis: 'rumour' is not one of article, literature; known: article, literature"),
    "level unknown": ('level = "urgent"', 'level = "ugent"', "red_flags.both.level: 'ugent' is not one of self_care, routine, urgent, emergency; did you mean 'urgent'?"),
    "level of an advice": ('text = "Drink."', 'text = "Drink."\nlevel = "urgent"', "advice[#1].level: unknown key; known: id, when, text, claims, source, where"),
    "cpd type unknown": ('type = "noisy_max"', 'type = "noisymax"', "variables.spasm.cpd.type: 'noisymax' is not one of table, noisy_or, noisy_max, deterministic; did you mean 'noisy_max'?"),
    "source kind unknown": ('kind = "cohort"', 'kind = "cohrt"', "sources.doe_2001.kind: 'cohrt' is not one of cohort, trial, review, guideline, expert, assumption, article; did you mean 'cohort'?"),
    "source without address": ('doi = "10.1000/heat.2001"\n', "", "sources.doe_2001: a cohort needs a doi, pmid or url"),
    "doi odd": ('doi = "10.1000/heat.2001"', 'doi = "doi.org/10.1000/x"', "sources.doe_2001.doi: 'doi.org/10.1000/x' is not a DOI such as 10.1371/journal.pone.0178465"),
    "pmid a number": ('doi = "10.1000/heat.2001"', "pmid = 123", "sources.doe_2001.pmid: text is needed, not a number (123)"),
    "year odd": ("year = 2001", "year = 201", "sources.doe_2001.year: 201 is not a year in 1500 to 2200"),
    "source of the cpd unknown": ('source = "doe_2001"\nwhere', 'source = "doe_2010"\nwhere', "variables.heat.cpd.source: there is no source 'doe_2010'; did you mean 'doe_2001'?"),
    "source of a parameter unknown": (MILD, 'p.mild = { value = 0.1, low = 0.05, high = 0.2, source = "gess" }', "variables.strain.cpd.rows[heat=no].p.mild.source: there is no source 'gess'; did you mean 'guess'?"),
    "number without a source": ('source = "doe_2001"\nwhere = "Table 1"\n', "", "variables.heat.cpd.rows[#1].p.yes: names no source, and its cpd has no default source; every number needs one"),
    "measured number without a place": ('where = "Table 1"\n', "", "variables.heat.cpd.rows[#1].p.yes.where: is missing; a number from a cohort (doe_2001) needs the place in it, such as a table or page"),
    "key unknown in a row": (HEAT, 'p.yes = { value = 0.3, low = 0.2, high = 0.5 }\nsource = "guess"', "variables.heat.cpd.rows[#1].source: unknown key; known: given, p, values"),
    "assumption without a note": (', note = "twice as often"', "", "variables.strain.cpd.rows[heat=yes].p.mild.note: is missing; an assumption needs its reasoning here, at its cpd or at its source"),
    "source unused": ('source = "bare_guess", note', "note", "sources.bare_guess: nothing uses this source; cite it or remove it"),
    "states empty": ('states = [ { name = "no", label = "No" }, { name = "yes", label = "Yes" } ]\n[variables.limp.parents]', "states = []\n[variables.limp.parents]", "variables.limp.states: is empty; at least one state is needed"),
    "state twice": ('{ name = "severe", label = "Severe" } ]\n[variables.strain', '{ name = "mild", label = "Severe" } ]\n[variables.strain', "variables.strain.states[#3].name: 'mild' stands twice"),
    "state name odd": ('{ name = "none"', '{ name = "no ne"', "variables.strain.states[#1].name: 'no ne' is not a name: only letters, digits, '_' and '-' are allowed"),
    "parent unknown": ("strain = { basis", "strian = { basis", "variables.spasm.parents.strian: there is no variable 'strian'; did you mean 'strain'?"),
    "edge contested without note": (', note = "studies disagree"', "", "variables.strain.parents.heat.note: is missing; a contested edge needs a note that says what is contested"),
    "cpd missing": ('[variables.heat.cpd]\ntype = "table"\nsource = "doe_2001"\nwhere = "Table 1"\n[[variables.heat.cpd.rows]]\n' + HEAT, "", "variables.heat.cpd: is missing; a table is needed"),
    "row missing": (ROW_NO, "", "variables.strain.cpd.rows: 1 of 2 combinations of the parents' states is missing: heat=no"),
    "row twice": ('given = { heat = "yes" }', 'given = { heat = "no" }', "variables.strain.cpd.rows[heat=no]: stands twice"),
    "row about an unknown state": ('given = { heat = "yes" }', 'given = { heat = "ye" }', "variables.strain.cpd.rows[#2].given.heat: heat has no state 'ye'; did you mean 'yes'? it has no, yes"),
    "row about a stranger": ('given = { heat = "yes" }', 'given = { heat = "yes", limp = "no" }', "variables.strain.cpd.rows[#2].given.limp: is not a parent of this variable; known: heat"),
    "row about nothing": ('given = { heat = "yes" }\n', "", "variables.strain.cpd.rows[#2].given: is missing; a table is needed"),
    "row without a parent": ('given = { heat = "yes" }', "given = {}", "variables.strain.cpd.rows[#2].given.heat: is missing; a row of a table names the state of every parent"),
    "row with an unknown state": (MILD, MILD.replace("mild", "midl"), "variables.strain.cpd.rows[heat=no].p.midl: the variable has no state 'midl'; did you mean 'mild'? it has none, mild, severe"),
    "row with two states left out": (MILD + "\n", "", "variables.strain.cpd.rows[heat=no].p: gives no parameter for none, mild; at most one state may be left out"),
    "row above 1": ("p.severe = { value = 0.01, low = 0.0, high = 0.02 }", "p.severe = { value = 0.95, low = 0.0, high = 1 }", "variables.strain.cpd.rows[heat=no].p: the values sum to 1.05; they have to sum to at most 1 (within 1e-09)"),
    "row not 1": ("p.none = { value = 0.7,", "p.none = { value = 0.700001,", "variables.strain.cpd.rows[heat=yes].p: the values sum to 1.000001; they have to sum to 1 (within 1e-09)"),
    "row just below 1": ("p.none = { value = 0.7,", "p.none = { value = 0.69999999,", "variables.strain.cpd.rows[heat=yes].p: the values sum to 0.99999999; they have to sum to 1 (within 1e-09)"),
    "leak missing a state": (LEAK, "[variables.spasm.cpd.links.strain.mild]", "variables.spasm.cpd.leak.severe: is missing; each state after the first needs a parameter"),
    "links missing a parent": (LINKS_HEAT, "", "variables.spasm.cpd.links.heat: is missing; each parent needs its links"),
    "links missing a parent's state": ("severe.yes = { value = 0.95, low = 0.9, high = 0.99 }\n", "", "variables.pain.cpd.links.spasm.severe: is missing; each state of spasm after the first needs its link"),
    "links of a stranger": ("links.heat.yes]", "links.limp.yes]", "variables.spasm.cpd.links.limp: is not a parent of this variable; known: strain, heat"),
    "links on a first state": ("links.heat.yes]", "links.heat.no]", "variables.spasm.cpd.links.heat.no: is the first state of heat, which never contributes; remove it"),
    "links on an unknown state": ("painful.yes = ", "painfull.yes = ", "variables.pain.cpd.links.spasm.painfull: spasm has no state 'painfull'; did you mean 'painful'? it has absent, painful, severe"),
    "link to the first state": ("painful.yes = ", "painful.no = ", "variables.pain.cpd.links.spasm.painful.no: is the first state, which takes the rest (1 - sum); leave it out"),
    "link above 1": (LINK, LINK.replace("0.4", "0.66").replace("0.6 ", "0.7 "), "variables.spasm.cpd.links.strain.severe: the values sum to 1.01; they have to sum to at most 1 (within 1e-09)"),
    "noisy_or of three states": ('type = "noisy_max"', 'type = "noisy_or"', "variables.spasm.cpd.type: noisy_or needs a variable with two states, not 3; use noisy_max"),
    "deterministic to an unknown state": ('otherwise = "no"', 'otherwise = "nno"', "variables.limp.cpd.otherwise: the variable has no state 'nno'; did you mean 'no'? it has no, yes"),
    "deterministic with a gap": ('otherwise = "no"\n', "", "variables.limp.cpd.otherwise: is missing, and no row covers spasm=absent, strain=none; spasm=absent, strain=mild; spasm=painful, strain=none"),
    "deterministic row without effect": (LIMP_ROWS, LIMP_ROWS.replace("strain", "spasm"), "variables.limp.cpd.rows[#2]: never applies: the rows before it cover all its combinations"),
    "deterministic with numbers": ('otherwise = "no"', 'otherwise = "no"\nleak = {}', "variables.limp.cpd.leak: unknown key; known: type, rows, otherwise"),
    "advice on an unknown variable": ("when = { spasm =", "when = { spams =", "advice.drink.when.spams: there is no variable 'spams'; did you mean 'spasm'?"),
    "advice on an unknown state": ('["painful", "severe"]', '["painful", "sever"]', "advice.drink.when.spasm: spasm has no state 'sever'; did you mean 'severe'? it has absent, painful, severe"),
    "advice on a text": ('["painful", "severe"]', '"painful"', 'advice.drink.when.spasm: a list of states is needed, such as ["present"]'),
    "red flag on nothing": ('when = { limp = ["yes"], pain = ["yes"] }', "when = {}", "red_flags.both.when: is empty; a red flag needs at least one finding"),
    "red flag twice": ("[[red_flags]]", '[[red_flags]]\nid = "both"\nwhen = { pain = ["yes"] }\nlevel = "urgent"\ntext = "x"\n[[red_flags]]', "red_flags.both.id: 'both' stands twice"),
    "claim not declared": ('claims = ["A1"]', 'claims = ["A1", "B9"]', "variables.spasm.claims: there is no claim 'B9'; known: A1, A2"),
    "claim without a home": ('claims = ["A2"]\n', "", "claims.A2: this claim has no home; name it in the claims of an edge, a variable, an advice or a red flag"),
    "claim empty": ('A2 = "drink"', 'A2 = ""', "claims.A2: the claim in words is needed, not text ('')"),
    "claims a text": ('claims = ["A1"]', 'claims = "A1"', "variables.spasm.claims: a list of texts is needed, not text ('A1')"),
}  # fmt: skip
CASCADES = {  # faults of which something else follows that is also wrong
    "links of a stranger": {"variables.spasm.cpd.links.heat: is missing; each parent needs its links"},
    "links on a first state": {"variables.spasm.cpd.links.heat.yes: is missing; each state of heat after the first needs its link"},
    "links on an unknown state": {"variables.pain.cpd.links.spasm.painful: is missing; each state of spasm after the first needs its link"},
    "parent unknown": {"variables.spasm.cpd.links.strain: is not a parent of this variable; did you mean 'strian'?", "variables.spasm.cpd.links.strian: is missing; each parent needs its links"},
    "claims a text": {"claims.A1: this claim has no home; name it in the claims of an edge, a variable, an advice or a red flag"},
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_once_with_its_place(fault: str) -> None:
    """One fault in an otherwise good file gives its one message, and nothing is blamed that is not wrong."""
    old, new, expected = FAULTS[fault]
    assert set(problems(edited((old, new)))) == {expected} | CASCADES.get(fault, set())
    assert len(problems(edited((old, new)))) == 1 + len(CASCADES.get(fault, set()))


def test_a_good_file_becomes_a_network() -> None:
    """The small model has its variables, edges, texts and rules, in the order of the file."""
    network = parse_model(GOOD)
    assert network.names == ("heat", "strain", "spasm", "limp", "pain")
    assert (network.name, network.version, network.description, network.main_outcome) == (
        "small",
        "1.0",
        "A small\nmodel.",
        "spasm",
    )
    assert network.parents("spasm") == ("strain", "heat")
    assert [(edge.parent, edge.child) for edge in network.edges][:2] == [("heat", "strain"), ("strain", "spasm")]
    assert (
        network.edges[0].contested
        and network.edges[0].source == "doe_2001"
        and network.edges[0].note == "studies disagree"
    )
    heat = network.variable("heat")
    assert heat.codes == {"icd10cm": "X30"} and heat.state_labels == ("Not hot", "Hot")
    assert heat.state_descriptions == ("", "30 degrees and more")
    assert (
        guidance_of(network).red_flags[0].when == {"limp": ("yes",), "pain": ("yes",)}
        and guidance_of(network).red_flags[0].level == "urgent"
    )
    assert guidance_of(network).advice[0].claims == ("A2",) and dict(network.claims)["A2"] == "drink"
    assert network.sources["doe_2001"].year == 2001
    assert pickle.loads(pickle.dumps(network)) == network


def test_a_table_has_a_parameter_for_every_entry() -> None:
    """A state left out gets the complement, with a range from the others' ranges, and its value makes the row exactly 1."""
    table = parse_model(GOOD).cpds["strain"]
    assert isinstance(table, Table)
    assert set(table.parameters) == set(np.ndindex(2, 3))
    rest = table.parameters[0, 0]
    assert (rest.value, rest.low, rest.high, rest.source) == (0.89, 0.78, 0.95, "guess")
    assert "complement" in rest.note
    assert table.parameters[1, 1].source == "bare_guess" and table.parameters[1, 1].note == "twice as often"
    assert [math.fsum(row) for row in table.values] == [1.0, 1.0]
    heat = parse_model(GOOD).cpds["heat"].parameters
    assert (heat[0,].source, heat[0,].where, heat[1,].where) == ("doe_2001", "Table 1", "Table 1")


def test_a_noisy_max_has_leak_and_links() -> None:
    """Links and leak stand at their indices, and the first state takes the rest but is no parameter."""
    noisy = parse_model(GOOD).cpds["spasm"]
    assert isinstance(noisy, NoisyMax)
    assert set(noisy.parameters) == {
        (-1, 0, 1),
        (-1, 0, 2),
        *((0, u, y) for u in (1, 2) for y in (1, 2)),
        (1, 1, 1),
        (1, 1, 2),
    }
    assert noisy.leak.tolist() == [0.97, 0.02, 0.01]
    assert noisy.links[0].tolist() == [[1, 0, 0], [0.6, 0.3, 0.1], [0.25, 0.4, 0.35]]
    assert noisy.parameters[0, 2, 2].value == 0.35
    assert isinstance(parse_model(GOOD).cpds["pain"], NoisyMax)


def test_a_deterministic_row_matches_any_state_of_a_parent_left_out() -> None:
    """Rows are tried in order, and the rest is `otherwise`."""
    limp = parse_model(GOOD).cpds["limp"]
    assert isinstance(limp, Deterministic)
    assert limp.outcome.tolist() == [[0, 0, 1], [0, 0, 1], [1, 1, 1]]
    earlier_row_wins = LIMP_ROWS.replace('strain = "severe" }, state = "yes"', 'strain = "severe" }, state = "no"')
    limp = parse_model(edited((LIMP_ROWS, earlier_row_wins))).cpds["limp"]
    assert isinstance(limp, Deterministic)
    assert limp.outcome.tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 1]]


def test_the_place_in_one_source_says_nothing_about_another() -> None:
    """A parameter that names its own measured source does not inherit the place in its CPD's source."""
    text = edited(
        ('source = "guess"\n[[variables.strain', 'source = "guess"\nwhere = "Our page 3"\n[[variables.strain'),
        (MILD, 'p.mild = { value = 0.1, low = 0.05, high = 0.2, source = "doe_2001" }'),
    )
    assert problems(text) == [
        "variables.strain.cpd.rows[heat=no].p.mild.where: is missing; a number from a cohort (doe_2001) needs the place in it, "
        "such as a table or page"
    ]


def test_all_problems_are_reported_at_once() -> None:
    """Three faults in three parts of the file come in one error that counts them and names the file."""
    text = edited(("year = 2001", "year = true"), (LINK, LINK.replace("0.4", "1.3")), ('level = "urgent"\n', ""))
    with pytest.raises(ModelError) as caught:
        parse_model(text, "here.toml")
    assert str(caught.value).splitlines() == [
        "3 problems in here.toml:",
        "  sources.doe_2001.year: a year, such as 2017, is needed, not true or false (true)",
        "  variables.spasm.cpd.links.strain.severe.painful.value: 1.3 is not in [0, 1]",
        "  red_flags.both.level: is missing; text is needed",
    ]


def test_a_cycle_is_shown_once() -> None:
    """Parents that form a cycle are listed along it."""
    text = edited(
        ("[variables.strain.parents]\n" + STRAIN_HEAT, '[variables.strain.parents]\nlimp = { basis = "article" }')
    )
    cycles = [problem for problem in problems(text) if "cycle" in problem]
    assert len(cycles) == 1 and {"limp", "strain"} <= set(cycles[0].replace("->", " ").split())


def test_a_file_without_variables_is_a_problem() -> None:
    """A model needs a variable."""
    text = GOOD[: GOOD.index("[variables.heat]")]
    assert "variables: is missing; a table is needed" in problems(text)
    assert "variables: is empty; at least one variable is needed" in problems(text + "[variables]\n")


def test_too_many_combinations_are_refused_before_memory_is_taken() -> None:
    """A deterministic variable with thirty parents would need a billion entries; a noisy-OR of them is small."""
    names = [f"v{number}" for number in range(30)]
    states = 'states = [ { name = "no", label = "No" }, { name = "yes", label = "Yes" } ]'
    root = f'label = "x"\ndescription = "x"\nrole = "cause"\n{states}\n'
    text = GOOD + "".join(
        f'[variables.{name}]\n{root}[variables.{name}.cpd]\ntype = "deterministic"\notherwise = "no"\n'
        for name in names
    )
    text += f"[variables.big]\n{root}[variables.big.parents]\n" + "".join(
        f'{name} = {{ basis = "article" }}\n' for name in names
    )
    text += '[variables.big.cpd]\ntype = "deterministic"\notherwise = "no"\n'
    expected = (
        "variables.big.cpd: its parents' and own states make 2,147,483,648 combinations, above the limit of 10,000,000"
    )
    assert problems(text) == [expected]
    noisy, always = 'type = "noisy_or"\nsource = "guess"\n', "{ value = 0.5, low = 0, high = 1 }"
    links = "".join(f"links.{name}.yes.yes = {always}\n" for name in names)
    text = text[: text.rindex('type = "det')] + f"{noisy}leak.yes = {always}\n{links}"
    assert len(parse_model(text).parents("big")) == 30


@pytest.mark.parametrize("junk", ["3", '"x"', "[]", "[1]", "{}", "true", "1979-05-27", "{ a = 1 }"])
def test_wrong_types_anywhere_are_problems_and_never_a_crash(junk: str) -> None:
    """Any value of the file may be of any type: what comes is a ModelError, a ModelFileError or a network."""
    for number, line in enumerate(GOOD.splitlines()):
        if "=" not in line or line.startswith("#"):
            continue
        lines = GOOD.splitlines()
        lines[number] = line.split("=")[0] + "= " + junk
        try:
            parse_model("\n".join(lines))
        except (ModelError, ModelFileError) as error:
            assert str(error)
    for section in ("claims", "sources", "model", "advice", "red_flags", "variables"):
        text = f'format = "spasmnet-model"\nformat_version = 1\n{section} = {junk}'
        assert any(problem.startswith(section) or "missing" in problem for problem in problems(text))


@given(
    st.integers(0, len(GOOD) - 1),
    st.sampled_from(["", '"', "{", "}", "]", "\n", "1", "x", ".", "#", "=", "\\", ",", " "]),
    st.integers(0, 12),
)
@settings(max_examples=150, deadline=None)
def test_any_small_edit_is_read_or_refused(at: int, inserted: str, removed: int) -> None:
    """A damaged text either makes a network or raises the library's own errors, with words."""
    text = GOOD[:at] + inserted + GOOD[at + removed :]
    try:
        parse_model(text)
    except (ModelError, ModelFileError) as error:
        assert str(error)


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=6))
def test_rows_with_a_state_left_out_sum_to_1(weights: list[int]) -> None:
    """Whatever the values, the complement is their exact rest: the row sums to 1 within one rounding."""
    states = len(weights) + 1
    values = [weight / (sum(weights) + 7) for weight in weights]
    listed = ", ".join(f'{{ name = "s{number}", label = "x" }}' for number in range(states))
    given = "".join(
        f"p.s{number} = {{ value = {value!r}, low = 0, high = 1 }}\n" for number, value in enumerate(values)
    )
    text = GOOD + (
        f'[variables.new]\nlabel = "x"\ndescription = "x"\nrole = "cause"\nstates = [ {listed} ]\n'
        f'[variables.new.cpd]\ntype = "table"\nsource = "guess"\n[[variables.new.cpd.rows]]\n{given}'
    )
    table = parse_model(text).cpds["new"]
    assert abs(math.fsum(table.table()) - 1) <= 2**-53
    rest = table.parameters[states - 1,]
    assert 0 <= rest.low <= rest.value <= rest.high <= 1


def test_the_edges_of_a_range_are_allowed() -> None:
    """Whole numbers and equal low, value and high are fine."""
    assert parse_model(edited((HEAT, "p.yes = { value = 1, low = 1, high = 1 }"))).cpds["heat"].table().tolist() == [
        0,
        1,
    ]


def refusal(path: object) -> str:
    """What a file is refused with."""
    with pytest.raises(ModelFileError) as caught:
        read_model(path)  # type: ignore[arg-type]  # some tests pass what is not a path
    return str(caught.value)


def written(folder: Path, data: bytes | str, name: str = "model.toml") -> Path:
    """A file with that content."""
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_a_file_is_read_like_its_text(tmp_path: Path) -> None:
    """With and without a byte order mark, with either line end, from a path or its name."""
    expected = parse_model(GOOD)
    assert read_model(written(tmp_path, GOOD)) == expected
    assert read_model(str(written(tmp_path, b"\xef\xbb\xbf" + GOOD.encode()))) == expected
    assert read_model(written(tmp_path, GOOD.replace("\n", "\r\n"))) == expected
    assert parse_model("\ufeff" + GOOD) == expected


def test_problems_of_a_file_name_the_file(tmp_path: Path) -> None:
    """The first line of the error has the path."""
    path = written(tmp_path, edited(("year = 2001", "year = 1")))
    with pytest.raises(ModelError) as caught:
        read_model(path)
    assert str(caught.value).startswith(f"1 problem in {path}:")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """A missing file suggests its neighbours; a directory lists its models; other paths are refused with a reason."""
    written(tmp_path, GOOD, "muscle.toml")
    assert (
        refusal(tmp_path / "musle.toml") == f"there is no file {tmp_path / 'musle.toml'}; did you mean 'muscle.toml'?"
    )
    assert refusal(tmp_path) == f"{tmp_path} is a directory, not a model file; known: muscle.toml"
    assert refusal(tmp_path / "no" / "x.toml") == f"there is no file {tmp_path / 'no' / 'x.toml'}"
    assert refusal(3) == "a path (text or pathlib.Path) is needed, not int"
    assert refusal(None) == "a path (text or pathlib.Path) is needed, not NoneType"
    assert "cannot be read: " in refusal("a\0b")
    assert "cannot be read: File name too long" in refusal("x" * 5000)


def test_files_without_readable_text(tmp_path: Path) -> None:
    """Empty, blank, not UTF-8 and UTF-16 files say so, with the position."""
    assert refusal(written(tmp_path, "")).endswith("model.toml is empty")
    assert refusal(written(tmp_path, "\ufeff \n")).endswith("model.toml is empty")
    message = refusal(written(tmp_path, b'a = "x"\nb = "caf\xe9"\n'))
    assert message.endswith(
        'is not UTF-8 text: byte 0xe9 at position 16 (line 2); read it with encoding="windows-1252" or whatever it is in, or save it as UTF-8'
    )
    assert read_model(written(tmp_path, GOOD.encode("utf-16"))) == read_model(written(tmp_path, GOOD))


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """A sparse file of 60 MB is refused by its size; an endless one after the limit."""
    path = tmp_path / "huge.toml"
    with path.open("wb") as stream:
        stream.truncate(60_000_000)
    assert refusal(path) == f"{path} has 60,000,000 bytes; a file of more than {MAX_BYTES:,} bytes is not read"
    if Path("/dev/zero").exists():
        assert refusal("/dev/zero") == "/dev/zero is not a file but a pipe or device; save its content in a file first"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "network unknown {\n}\n",
            "looks like a BIF network, not like a spasmnet-model file; spasmnet.read reads it",
        ),
        ('<?xml version="1.0"?>\n<BIF VERSION="0.3"></BIF>', "looks like an XMLBIF network"),
        ('<?xml version="1.0"?>\n<smile version="1.0"></smile>', "looks like a GeNIe network"),
        ("<!DOCTYPE html><html></html>", "looks like a web page"),
        ("<svg/>", "looks like XML"),
        ('{"format": "spasmnet-model"}', "looks like JSON"),
        ('[{"a": 1}]', "looks like JSON"),
        ("net\n{\n}", "looks like a Hugin network"),
        ("BAYES\n3\n2 2 2\n", "looks like a UAI network"),
    ],
)
def test_other_formats_are_recognised(text: str, expected: str) -> None:
    """A file of another format is named, with the function that reads it."""
    with pytest.raises(ModelFileError) as caught:
        parse_model(text, "file")
    assert str(caught.value).startswith("file ") and expected in str(caught.value)


def test_a_syntax_error_has_line_and_column() -> None:
    """The message quotes the line."""
    with pytest.raises(ModelFileError) as caught:
        parse_model(edited(("year = 2001", "year = = 2001")), "file")
    line = GOOD[: GOOD.index("year = 2001")].count("\n") + 1
    assert str(caught.value) == f"file is not valid TOML: Invalid value (at line {line}, column 8): 'year = = 2001'"
    with pytest.raises(ModelFileError, match="at end of document"):
        parse_model('format = "spasmnet-model', "file")


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 10_000])
def test_hostile_toml_is_refused(text: str) -> None:
    """Deep nesting and endless numbers are errors of the file, not of the interpreter."""
    with pytest.raises(ModelFileError, match=r"nested too deeply|not valid TOML"):
        parse_model(text)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'format = "spasmnet-model"\n',
            "",
            'file is TOML but not a model file: it has to begin with format = "spasmnet-model"',
        ),
        ('"spasmnet-model"', '"other"', "file: format: 'other' is not understood; it has to be \"spasmnet-model\""),
        ("format_version = 1\n", "", "file: format_version is missing; this version reads 1"),
        (
            "format_version = 1",
            "format_version = 2",
            "file: format_version 2 is not understood; this version reads 1; a newer spasmnet may read it",
        ),
        (
            "format_version = 1",
            "format_version = true",
            "file: format_version true is not understood; this version reads 1",
        ),
    ],
)
def test_format_and_version_are_checked_first(old: str, new: str, expected: str) -> None:
    """Another format or version is refused before anything else is looked at."""
    with pytest.raises(ModelFileError) as caught:
        parse_model(edited((old, new)), "file")
    assert str(caught.value) == expected


def test_text_has_to_be_text() -> None:
    """Bytes are refused by name."""
    with pytest.raises(ModelFileError, match="here: the text of a model is needed, not bytes"):
        parse_model(GOOD.encode(), "here")  # type: ignore[arg-type]  # what the test is about


def test_the_catalogue_lists_models_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first place that exists counts; files that do not begin with the format are passed over."""
    written(tmp_path, GOOD, "small.toml")
    written(tmp_path, "\ufeff\n# x\nformat = 'spasmnet-model' # y\n", "other.toml")
    written(tmp_path, 'format = "spasmnet-vignettes"\n', "vignettes.toml")
    written(tmp_path, "# nothing", "empty.toml")
    monkeypatch.setattr(catalogue, "_PLACES", (tmp_path / "absent", tmp_path))
    assert catalogue.available() == ("other", "small")
    assert catalogue.find("small") == tmp_path / "small.toml"
    with pytest.raises(ModelFileError) as caught:
        catalogue.find("smal")
    assert str(caught.value) == "there is no shipped model 'smal'; did you mean 'small'?"
    with pytest.raises(ModelFileError, match=r"did you mean 'small'\?; to read a file of your own, use spasmnet.read"):
        catalogue.find("./small.toml")
    with pytest.raises(ModelFileError, match=r"there is no shipped model 'None'; known: other, small$"):
        catalogue.find(None)  # type: ignore[arg-type]  # what the test is about
    monkeypatch.setattr(catalogue, "_PLACES", (tmp_path / "absent",))
    with pytest.raises(ModelFileError, match="no models were shipped with this installation"):
        catalogue.find("small")


@pytest.mark.parametrize("name", catalogue.available())
def test_shipped_models_load(name: str) -> None:
    """Every shipped model is read without a problem and is named like its file."""
    network = read_model(catalogue.find(name))
    assert network.name == name
    for cpd in network.cpds.values():
        assert all(
            0 <= p.low <= p.value <= p.high <= 1 and p.source in network.sources for p in cpd.parameters.values()
        )


def test_reading_imports_nothing_heavy() -> None:
    """A model is read without pandas, pgmpy, networkx or difflib."""
    code = (
        "import sys; from spasmnet.io.toml import parse_model; parse_model(sys.stdin.read());"
        "print(sorted({'pandas', 'pgmpy', 'networkx', 'difflib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=GOOD, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
