"""The commands `explain` and `what-if`: why an answer is what it is, and what would change it; as tables or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from spasmnet.cli.options import EPILOG, Command, compile_model, model_options, open_model, print_json, stdin
from spasmnet.inference.compiling import MAX_PRODUCTS
from spasmnet.inference.engine import Engine

if TYPE_CHECKING:
    from spasmnet.display.page import Page
    from spasmnet.model.network import Network


def question_options(command: Command) -> Command:
    """The arguments and options of a question about findings."""
    for add in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON, errors too."),
        click.option(
            "--max-products",
            type=click.IntRange(min=1),
            default=MAX_PRODUCTS,
            show_default=True,
            help="Largest circuit.",
        ),
        click.option("--given", multiple=True, metavar="FINDING", help="A finding, as after TARGET; may be repeated."),
        model_options,
        click.argument("findings", nargs=-1),
        click.argument("target", metavar="TARGET"),
    ):
        command = add(command)
    return command


@click.command(epilog=EPILOG)
@question_options
@click.option("--top", type=click.IntRange(min=1), default=8, show_default=True, help="How many rows of each table.")
@click.option("--details", is_flag=True, help="Show Bayes factors, conflicts, and what other findings could do, too.")
def explain(
    target: str,
    findings: Sequence[str],
    model: str,
    normalize: bool,
    given: Sequence[str],
    max_products: int,
    as_json: bool,
    top: int,
    details: bool,
) -> None:
    """Tell why P(TARGET given FINDINGS) is what it is, and what would change it.

    TARGET is name=state, name=state,state for one of several, or a name, which stands for any state but its neutral one
    (where none is known to be neutral, for the most probable one).
    Findings are written as for the command query.

    Shown are what each finding contributes to the odds, the paths on which it does, the findings that would overturn
    what is decided, and which cause explains the findings. This is about findings, not about the model's numbers; for
    those see the command sensitivity.

    \b
    Examples
      $ spasmnet explain dehydration spasm=painful vomiting_diarrhoea=present
      $ spasmnet explain muscle_fatigue=present spasm=painful --details
      $ spasmnet explain dehydration=mild heavy_sweating=present --json
    """
    from spasmnet.display.evidence_words import evidence_data
    from spasmnet.display.pages.explain import evidence_page, explanation_page
    from spasmnet.findings.evidence_sensitivity import evidence_sensitivity
    from spasmnet.findings.explanation import explain as explain_it

    engine, asked, evidence = _question(target, findings, given, model, normalize, max_products)
    why = explain_it(engine, asked, evidence)
    event = (why.question.event.variable, why.question.event.states)
    if as_json:
        more = {"evidence_sensitivity": evidence_data(evidence_sensitivity(engine, event, evidence))} if details else {}
        print_json(why.as_dict() | more)
        return
    page = explanation_page(why, top)
    if details:
        other = evidence_page(evidence_sensitivity(engine, event, evidence), top)
        page = replace(page, parts=[*page.parts, *other.parts], notes=[*page.notes, *other.notes])
    _show(page)


@click.command("what-if", epilog=EPILOG)
@question_options
@click.option("--act", multiple=True, metavar="NAME=STATE", help="Only this action; may be repeated.")
@click.option("--draws", type=click.IntRange(min=0), default=500, show_default=True, help="Networks for the intervals.")
def what_if(
    target: str,
    findings: Sequence[str],
    model: str,
    normalize: bool,
    given: Sequence[str],
    max_products: int,
    as_json: bool,
    act: Sequence[str],
    draws: int,
) -> None:
    """Tell what acting would do to P(TARGET given FINDINGS), the most helpful action first.

    TARGET and findings are written as for the command explain. By default every exposure and cause above the target
    that can be acted on is removed in turn.

    \b
    Examples
      $ spasmnet what-if dehydration vomiting_diarrhoea=present
      $ spasmnet what-if spasm=painful,severe heavy_sweating=present --act dehydration=none --json
    """
    from spasmnet.display.pages.explain import what_if_page
    from spasmnet.display.what_if_words import what_if_data
    from spasmnet.findings.what_if import neutral_state
    from spasmnet.findings.what_if import what_if as act_on

    engine, asked, evidence = _question(target, findings, given, model, normalize, max_products)
    actions: dict[str, list[str]] = {}
    for text in act:
        name, _, state = (part.strip() for part in text.partition("="))
        variable = engine.network.variable(name)
        actions.setdefault(name, []).append(
            variable.states[variable.state_index(state)] if state else neutral_state(variable)
        )
    found = act_on(engine, asked, evidence, actions=actions or None, draws=draws)
    if as_json:
        print_json(what_if_data(found))
        return
    _show(what_if_page(found))


def _question(
    target: str, findings: Sequence[str], given: Sequence[str], model: str, normalize: bool, max_products: int
) -> tuple[Engine, Any, dict[str, Any]]:
    from spasmnet.cli.findings import gather

    network = open_model(model, normalize)
    asked = _target(network, target)
    said = gather(network, (*findings, *given), stdin)
    evidence = {name: said[name] for name in network.names if name in said}  # shown in one order, however it was said
    return compile_model(network, max_products), asked, evidence


def _target(network: Network, text: str) -> Any:
    """A target as people type it: a name, or a name with states."""
    name, equals, value = (part.strip() for part in text.partition("="))
    states = network.variable(name).states
    if not equals:
        return name
    return name, value if value in states else [state.strip() for state in value.split(",")]


def _show(page: Page) -> None:
    from spasmnet.cli.screens import console, show
    from spasmnet.display.text import rich

    shown = console()
    show(rich(page, shown.width), shown)
