"""The command line: results on standard output, everything else on standard error.

Exit codes: 0 success, 1 the model cannot be read or has problems, 2 wrong usage or findings that are not understood,
3 findings that are impossible together, 4 a network too large for exact inference.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spasmnet.cli.ask import ask
from spasmnet.cli.explain import explain, what_if
from spasmnet.cli.explorer import explorer
from spasmnet.cli.failure import Commands, Failure
from spasmnet.cli.interview import interview
from spasmnet.cli.options import (
    DEFAULT,
    EPILOG,
    NORMALIZE,
    compile_model,
    is_file,
    model_options,
    open_model,
    print_json,
    stdin,
)
from spasmnet.cli.sensitivity import sensitivity
from spasmnet.errors import CircuitTooLargeError, EvidenceError, SpasmnetError
from spasmnet.inference.compiling import MAX_PRODUCTS
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Posterior, Provenance
from spasmnet.io.reading import load
from spasmnet.model.network import ROLES

if TYPE_CHECKING:
    from spasmnet.triage.report import Report

LEVEL = 0.9  # of the intervals


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        try:
            click.echo(str(Provenance.of(load(DEFAULT))))
        except SpasmnetError as error:
            raise Failure(error, False) from None
        ctx.exit()


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the library and its model.",
)
def main() -> None:
    """Exact Bayesian reasoning about muscle spasms, and any discrete network.

    \b
    Examples
      $ spasmnet variables --role finding
      $ spasmnet query spasm=painful heavy_sweating=present
    """


main.add_command(sensitivity)
main.add_command(ask)
main.add_command(interview)
main.add_command(explain)
main.add_command(what_if)
main.add_command(explorer)


@main.command(epilog=EPILOG)
@click.argument("findings", nargs=-1)
@model_options
@click.option("--target", "targets", metavar="NAME", multiple=True, help="Show only this variable; may be repeated.")
@click.option("--top", type=click.IntRange(min=1), help="How many causes to show.  [default: 10; with --json all]")
@click.option("--all", "everything", is_flag=True, help="Show all variables, not only causes and serious conditions.")
@click.option(
    "--interval",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="LEVEL",
    help="The level of the intervals that uncertain numbers of the model give.  [default: 0.9, if it has ranges]",
)
@click.option("--no-interval", is_flag=True, help="Show no intervals.")
@click.option(
    "--max-products", type=click.IntRange(min=1), default=MAX_PRODUCTS, show_default=True, help="Largest circuit."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, errors too.")
def query(
    findings: Sequence[str],
    model: str,
    normalize: bool,
    targets: Sequence[str],
    top: int | None,
    everything: bool,
    interval: float | None,
    no_interval: bool,
    max_products: int,
    as_json: bool,
) -> None:
    """Rank the causes that fit FINDINGS, with the red flags among them.

    A finding is name=state, or name=state:0.2,state:0.8 with a likelihood for every state. JSON, an object
    {"name": "state"}, comes from standard input with - and from a file with @FILE or a path ending in .json. Findings
    from several places are combined. Leave out what was not observed.

    Advice is shown when what it is about is at least as likely as not, or is among the three leading causes. The
    intervals tell the uncertainty of the model's numbers, not of the patient.

    \b
    Examples
      $ spasmnet query spasm=painful vomiting_diarrhoea=present
      $ spasmnet query dark_urine=normal:0.2,concentrated:0.7,cola:0.1 --top 3
      $ spasmnet query spasm=severe --target dehydration --target tetanus
      $ echo '{"spasm": "painful", "heavy_sweating": "present"}' | spasmnet query - --json
    """
    from spasmnet.cli.findings import gather

    if targets and everything:
        raise click.UsageError("--target and --all exclude each other: name the variables, or show all of them")
    if interval is not None and no_interval:
        raise click.UsageError("--interval and --no-interval exclude each other")
    network = open_model(model, normalize)
    for name in targets:
        network.variable(name)
    evidence = gather(network, findings, stdin)
    engine = compile_model(network, max_products)
    found = _report(engine, evidence, interval, no_interval)
    if as_json:
        print_json(_content(found, engine, top, targets))
        return
    from spasmnet.cli.screens import console, query_screen, show

    shown = console()
    chosen = tuple(dict.fromkeys(targets))
    show(query_screen(found, shown, top=top or 10, targets=chosen, everything=everything), shown)


def _report(engine: Engine, evidence: dict[str, Any], interval: float | None, no_interval: bool) -> Report:
    """The report, with intervals if they are wanted, or not unwanted and there to be had."""
    from spasmnet.parameters.assignment import has_ranges
    from spasmnet.triage.report import report

    if interval is None and not no_interval and has_ranges(engine.network):
        try:
            return report(engine, evidence, interval=LEVEL)
        except (EvidenceError, CircuitTooLargeError):
            pass  # impossible evidence, told below, or intervals that cost more than the answer
    return report(engine, evidence, interval=interval)


def _content(found: Report, engine: Engine, top: int | None, targets: Sequence[str]) -> dict[str, Any]:
    """The answer as the JSON contract has it; the first causes only, if that was asked for."""
    from spasmnet.api.answer import answer
    from spasmnet.api.reasons import reasons

    chosen = tuple(dict.fromkeys(targets))
    content = answer(found, targets=chosen, why=reasons(engine, found, chosen))
    first = "causes" if found.causes or found.serious else "others"
    content[first] = content[first][:top]
    return content


@main.command(epilog=EPILOG)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@model_options
@click.option("--role", type=click.Choice(ROLES), help="Only variables of this role.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, errors too.")
def variables(names: Sequence[str], model: str, normalize: bool, role: str | None, as_json: bool) -> None:
    """List what can be asked and answered; details for each NAME.

    \b
    Examples
      $ spasmnet variables --role risk_factor
      $ spasmnet variables dehydration spasm
    """
    network = open_model(model, normalize)
    chosen = [network.variable(name) for name in dict.fromkeys(names)] or list(network.variables)
    chosen = [variable for variable in chosen if role is None or variable.role == role]
    if not chosen:
        click.echo(f"No variable{' of these' if names else ''} has the role {role}.", err=True)
    if as_json:
        from spasmnet.model.inventory import described

        content = [described(network, variable) for variable in chosen]
        print_json({"variables": content, "provenance": Provenance.of(network).as_dict()})
        return
    from spasmnet.cli.screens import console, show, variables_screen

    show(variables_screen(network, chosen, detailed=bool(names)), console())


@main.command(epilog=EPILOG)
@click.argument("file", metavar="FILE")
@click.option("--normalize", is_flag=True, help=NORMALIZE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, errors too.")
def check(file: str, normalize: bool, as_json: bool) -> None:
    """Check the model in FILE (or a shipped model, by name): all its problems, or a summary.

    FILE is a model file of the library or a network of another tool. Told is also what kind of file it is, how large it
    is, and whether its numbers have sources.

    \b
    Examples
      $ spasmnet check muscle_spasm
      $ spasmnet check muscle_spasm --json
    """
    from spasmnet.model.inventory import inventory

    network = open_model(file, normalize, path=True)
    origin = Path(file) if is_file(file, path=True) else None
    counts = inventory(network)
    engine: Engine | None = None
    posterior: Posterior | None = None
    too_large: CircuitTooLargeError | None = None
    try:
        engine = compile_model(network)
        posterior = engine.posterior()
    except CircuitTooLargeError as error:
        engine, too_large = None, error
    if as_json:
        content: dict[str, Any] = counts.as_dict()
        content["circuit"] = {"width": engine.width, "products": engine.products} if engine else None
        content["prior"] = posterior.to_dict()["posterior"].get(network.main_outcome) if posterior else None
        content["file"] = {"path": file, "bytes": origin.stat().st_size} if origin else None
        print_json(content | {"main_outcome": network.main_outcome, "provenance": Provenance.of(network).as_dict()})
    else:
        from spasmnet.cli.screens import check_screen, console, show

        circuit = f"width {engine.width}, {engine.products:,} products a query" if engine else "too large, see below"
        shown = console()
        show(check_screen(network, counts, posterior, circuit, shown, origin), shown)
    if too_large:
        raise too_large


@main.command(epilog=EPILOG)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, errors too.")
@click.option("--bibtex", "as_bibtex", is_flag=True, help="Print BibTeX.")
def cite(sources: Sequence[str], model: str, normalize: bool, as_json: bool, as_bibtex: bool) -> None:
    """List the sources of the model's numbers, and how much rests on each.

    Measured kinds come first (cohort, trial, review, guideline), then judgements; within a kind the most used.

    \b
    Examples
      $ spasmnet cite
      $ spasmnet cite grandner_2017 --bibtex
    """
    from spasmnet.model.inventory import bibtex, uses

    if as_json and as_bibtex:
        raise click.UsageError("--json and --bibtex exclude each other")
    network = open_model(model, normalize)
    found = uses(network, tuple(sources))
    if not found:
        click.echo(f"The model {network.name!r} names no sources.", err=True)
    if as_json:
        print_json({"sources": [use.as_dict() for use in found], "provenance": Provenance.of(network).as_dict()})
    elif as_bibtex:
        click.echo("\n\n".join(bibtex(use.source) for use in found))
    elif found:
        from spasmnet.cli.screens import cite_screen, console, show

        show(cite_screen(found), console())


@main.command(epilog=EPILOG)
@model_options
@click.option("--vignettes", metavar="FILE", help="The cases.  [default: those that come with the model]")
@click.option("--targets", metavar="FILE", help="The calibration figures.  [default: those that come with the model]")
@click.option(
    "--draws", type=click.IntRange(min=1), help="Networks drawn for the robustness.  [default: 2000 for --pages]"
)
@click.option(
    "--pages", metavar="FOLDER", help="Write the pages on the model (claims, numbers, results, model card) there."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, errors too.")
def validate(
    model: str,
    normalize: bool,
    vignettes: str | None,
    targets: str | None,
    draws: int | None,
    pages: str | None,
    as_json: bool,
) -> None:
    """Measure the model against figures of the literature and against written cases.

    The cases were written from the sources before the model was asked, by engineers; no clinician has signed them off,
    and no patient data are in them.

    \b
    Examples
      $ spasmnet validate
      $ spasmnet validate --json
    """
    from spasmnet.cli.validation_screen import as_data, validation_screen
    from spasmnet.io import catalogue
    from spasmnet.validation import run
    from spasmnet.validation.files import read_targets, read_vignettes

    network = open_model(model, normalize)
    cases = read_vignettes(vignettes or catalogue.companion("vignettes"), network)
    figures = read_targets(targets or catalogue.companion("calibration"), network)
    engine = compile_model(network)
    found = run.validate(engine, cases, figures, draws=draws or (run.DRAWS if pages else 0))
    if pages:
        run.write_pages(Path(pages), run.pages(engine, found))
    if as_json:
        print_json(as_data(found) | {"provenance": engine.provenance.as_dict(), "intended_use": network.intended_use})
    else:
        from spasmnet.cli.screens import console, show

        show(validation_screen(network, engine.provenance, found), console())


@main.command(epilog=EPILOG)
@click.argument("name", metavar="question|answer", type=click.Choice(("question", "answer")))
def schema(name: str) -> None:
    """Print the JSON schema of a question, or of an answer (as query --json gives it) and its errors.

    \b
    Examples
      $ spasmnet schema question
      $ spasmnet schema answer
    """
    from spasmnet.api.schemas import json_schema

    print_json(json_schema(name))
