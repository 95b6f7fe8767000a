"""The command `explorer`: a network as a page on which findings are clicked."""

from __future__ import annotations

from collections.abc import Sequence

import click

from spasmnet.cli.options import EPILOG, compile_model, model_options, open_model, stdin


@click.command(epilog=EPILOG)
@click.argument("findings", nargs=-1)
@model_options
@click.option(
    "--output", "-o", metavar="FILE", required=True, help="Where the page is written: a name ending in .html, or -."
)
def explorer(findings: Sequence[str], model: str, normalize: bool, output: str) -> None:
    """Write a page on which findings are set by clicking, and beliefs, care and sensitivities follow at once.

    The page stands alone: it holds the network and works everything out by itself in the browser, it needs neither
    server nor network, and nothing that is clicked leaves it. FINDINGS are those that it begins with, written as for
    the command query.

    \b
    Examples
      $ spasmnet explorer -o page.html
      $ spasmnet explorer spasm=painful -o page.html
      $ spasmnet explorer --model alarm.bif -o alarm.html
    """
    from spasmnet.cli.findings import gather
    from spasmnet.explorer.page import explorer_page, write_explorer

    network = open_model(model, normalize)
    evidence = gather(network, findings, stdin)
    engine = compile_model(network)
    if output == "-":
        click.echo(explorer_page(engine, evidence), nl=False)
        return
    place = write_explorer(engine, output, evidence)
    click.echo(f"{place} ({place.stat().st_size / 1000:,.0f} kB); open it in a browser")
