"""What the commands share: how a model is named and found, standard input, JSON, and the exit codes in words."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from spasmnet.inference.compiling import MAX_PRODUCTS
from spasmnet.inference.engine import Engine, compile
from spasmnet.io.reading import load, models, read
from spasmnet.kernels.native import are_kept
from spasmnet.model.network import Network

Command = TypeVar("Command", bound=Callable[..., Any])
DEFAULT = "muscle_spasm"
NORMALIZE = "Divide rows of a foreign file by their sum if they are off by up to 0.01 (without it, only by up to 1e-6)."
EPILOG = """\b
Exit codes
  0  success
  1  the model cannot be read or has problems
  2  wrong usage, or findings that are not understood
  3  findings that are impossible together
  4  the network is too large for exact inference

For research and education; not a medical device."""


def model_options(command: Command) -> Command:
    """The options with which every command finds its model."""
    normalize = click.option("--normalize", is_flag=True, help=NORMALIZE)
    model = click.option(
        "--model",
        metavar="NAME_OR_PATH",
        default=DEFAULT,
        help="A shipped model's name, or a file: all that spasmnet.read takes (.toml .bif .xml .xdsl .net .uai).  "
        f"[default: {DEFAULT}]",
    )
    return model(normalize(command))


def open_model(model: str, normalize: bool, *, path: bool = False) -> Network:
    """A shipped model by its name, or else the model in a file, which is all that `spasmnet.read` takes.

    Without `path`, bare words for which there is no file can only be names.
    """
    return read(model, normalize=normalize or None) if is_file(model, path=path) else load(model)


def is_file(model: str, *, path: bool = False) -> bool:
    """Whether a model is named by its file, and not by the name under which it is shipped."""
    place = Path(model)
    return model not in models() and (path or bool(place.suffix) or len(place.parts) > 1 or place.exists())


def compile_model(network: Network, max_products: int = MAX_PRODUCTS) -> Engine:
    """The engine of a model; says so on standard error if the kernels have to be compiled first."""
    if not are_kept():
        click.echo("Compiling the kernels for this processor, once; that takes ten or twenty seconds.", err=True)
    return compile(network, max_products=max_products)


def stdin(limit: int) -> bytes:
    """At most so many bytes of standard input."""
    return sys.stdin.buffer.read(limit) if sys.stdin else b""  # a closed standard input is None


def print_json(content: Any) -> None:
    """Print data as JSON, which has no NaN and no infinity."""
    click.echo(json.dumps(content, indent=2, allow_nan=False))
