"""The command `ask`: what to ask next, as a ranking of the open questions."""

from __future__ import annotations

from collections.abc import Sequence

import click

from spasmnet.cli.options import EPILOG, compile_model, model_options, open_model, print_json, stdin
from spasmnet.triage.guidance import guidance_of


@click.command(epilog=EPILOG)
@click.argument("findings", nargs=-1)
@model_options
@click.option("--unknown", metavar="NAME", multiple=True, help="Asked in vain; may be repeated.")
@click.option(
    "--target", "targets", metavar="NAME[,NAME]", multiple=True, help="Ask about this; a,b together count as one."
)
@click.option(
    "--ask", "askable", metavar="NAME", multiple=True, help="What can be asked; default: what has a question."
)
@click.option("--by", type=click.Choice(["value", "information", "change"]), default="value", show_default=True)
@click.option(
    "--ahead", type=click.IntRange(1, 2), default=1, show_default=True, help="How many questions to look ahead."
)
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="How many questions to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, all questions, errors too.")
def ask(
    findings: Sequence[str],
    model: str,
    normalize: bool,
    unknown: Sequence[str],
    targets: Sequence[str],
    askable: Sequence[str],
    by: str,
    ahead: int,
    top: int,
    as_json: bool,
) -> None:
    """Rank what can still be asked after FINDINGS by what the answers are worth.

    Findings are given as to query. Red-flag questions come first.

    \b
    Examples
      $ spasmnet ask spasm=painful
      $ spasmnet ask spasm=painful --by information --target dehydration --ahead 2 --json
    """
    from spasmnet.cli.findings import gather
    from spasmnet.voi.ranking import next_question

    network = open_model(model, normalize)
    groups = [target.split(",") if target not in network.by_name else target for target in targets]
    found = next_question(
        compile_model(network), gather(network, findings, stdin), unknown=unknown, targets=groups or None,
        askable=askable or None, by=by, ahead=ahead,
    )  # fmt: skip
    if as_json:
        print_json(found.as_dict() | {"intended_use": network.intended_use})
        return
    from spasmnet.cli.interview_screen import ranking_screen
    from spasmnet.cli.screens import console, show

    show(ranking_screen(found, top, guidance_of(network).losses is not None), console())
