"""The command `sensitivity`: how an answer depends on the numbers of the model, as a table, as JSON and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spasmnet.cli.options import EPILOG, compile_model, model_options, open_model, print_json, stdin
from spasmnet.errors import SpasmnetError
from spasmnet.inference.compiling import MAX_PRODUCTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spasmnet.model.network import Network

RULES = ("proportional", "uniform", "order_preserving")
ENDINGS = (".png", ".svg", ".pdf")


@click.command(epilog=EPILOG)
@click.argument("target", metavar="TARGET")
@click.argument("findings", nargs=-1)
@model_options
@click.option("--given", multiple=True, metavar="FINDING", help="A finding, as after TARGET; may be repeated.")
@click.option("--top", type=click.IntRange(min=1), help="How many numbers to show.  [default: 15; with --json all]")
@click.option(
    "--covariation",
    type=click.Choice(RULES),
    default=RULES[0],
    show_default=True,
    help="How the others of a row follow when one number moves.",
)
@click.option(
    "--spread",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="The range, plus and minus this share, of numbers that have none of their own.",
)
@click.option("--plot", metavar="FILE", help="Draw the tornado to this file: .png, .svg or .pdf; needs matplotlib.")
@click.option(
    "--max-products", type=click.IntRange(min=1), default=MAX_PRODUCTS, show_default=True, help="Largest circuit."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, errors too.")
def sensitivity(
    target: str,
    findings: Sequence[str],
    model: str,
    normalize: bool,
    given: Sequence[str],
    top: int | None,
    covariation: str,
    spread: float,
    plot: str | None,
    max_products: int,
    as_json: bool,
) -> None:
    """Tell which numbers of the model move P(TARGET given FINDINGS), and how far.

    TARGET is name=state, or name=state,state for one of several. Findings are written as for the command query.

    This is parameter sensitivity: it is about the numbers that the model is made of, the entries of its tables and the
    leaks and links of its noisy-OR and noisy-MAX distributions. It is not about the findings.

    \b
    Examples
      $ spasmnet sensitivity dehydration=moderate_severe --given spasm=painful --given weakness=general
      $ spasmnet sensitivity dehydration=mild,moderate_severe spasm=painful --top 5
      $ spasmnet sensitivity tetanus=present --covariation uniform --json
    """
    from spasmnet.cli.findings import gather
    from spasmnet.sensitivity.one_way import parameter_sensitivity

    if plot is not None and Path(plot).suffix.lower() not in ENDINGS:
        raise click.UsageError(
            f"--plot {plot!r}: the file's name must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
        )
    network = open_model(model, normalize)
    asked = _target(network, target)
    said = gather(network, (*findings, *given), stdin)
    evidence = {name: said[name] for name in network.names if name in said}  # shown in one order, however it was said
    engine = compile_model(network, max_products)
    found = parameter_sensitivity(engine, asked, evidence, covariation=covariation, spread=spread)
    if plot is not None:
        write_plot(found.plot(), Path(plot))
    if as_json:
        from spasmnet.display.sensitivity_words import as_data

        print_json(as_data(found, top))
        return
    from spasmnet.cli.screens import console, show
    from spasmnet.cli.sensitivity_screen import sensitivity_screen

    shown = console()
    show(sensitivity_screen(found, shown, top=top or 15), shown)


def _target(network: Network, text: str) -> tuple[str, Any]:
    """A target as people type it; whether its states exist is checked with the question."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name or not value:
        known = network.by_name.get(text.strip("= "))
        example = known or network.variables[0]
        examples = " or ".join(f"{example.name}={state}" for state in example.states)
        raise click.UsageError(f"TARGET is name=state, such as {examples}, not {text!r}")
    states = network.variable(name).states
    return name, value if value in states else [state.strip() for state in value.split(",")]


def write_plot(axes: Axes, path: Path) -> None:
    """Write a figure to a file of the kind that its ending names; the same figure gives the same bytes.

    Raises SpasmnetError if the file cannot be written.
    """
    from io import BytesIO

    from matplotlib import rc_context
    from matplotlib.figure import Figure

    kind = path.suffix.lower().removeprefix(".")
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    content = BytesIO()
    figure = axes.figure
    assert isinstance(figure, Figure)
    with rc_context({"svg.hashsalt": "spasmnet"}):
        figure.savefig(content, format=kind, dpi=160, metadata=dates.get(kind, {}))
    try:
        path.expanduser().write_bytes(content.getvalue())
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpasmnetError(f"cannot write the plot to {str(path)!r}: {reason}") from None
