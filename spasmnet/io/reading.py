"""Networks from files: the shipped models by name, the library's own format, and through interop those of others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from spasmnet.errors import SpasmnetError
from spasmnet.io.catalogue import available, find
from spasmnet.io.filetext import decoded, kind_of, read_bytes
from spasmnet.model.arguments import public
from spasmnet.model.network import Network


@public
def load(name: str = "muscle_spasm") -> Network:
    """A model that is shipped with the library, by name; raises ModelFileError with the names there are.

    >>> load().name
    'muscle_spasm'
    """
    from spasmnet.io.toml import read_model  # a tenth of our import time, and not needed for networks made by hand

    return read_model(find(name))


@public
def models() -> tuple[str, ...]:
    """The names of the shipped models.

    >>> "muscle_spasm" in models()
    True
    """
    return available()


@public
def read(
    path: str | os.PathLike[str],
    *,
    normalize: bool | None = None,
    encoding: str | None = None,
    unknown_rows: Literal["refuse", "uniform"] = "refuse",
) -> Network:
    """The network in a file: a model file (TOML), BIF, XMLBIF, XDSL, NET, UAI, or a fitted network of R's bnlearn.

    The content says which format it is, where that shows, whatever the file is called; else its ending does: .toml,
    .bif, .xml, .xmlbif or .bifxml, .xdsl, .net or .oobn, .uai, .rda, .rdata or .rds. Each may be compressed with gzip.
    `encoding` is that of text that is neither UTF-8 nor says what it is, for example "windows-1252".

    Rows of a foreign file that miss 1 by the rounding of printed digits are divided by their sum; `normalize=True`
    does so for rows that are further off, and `normalize=False` refuses both. In R's files, `unknown_rows="uniform"`
    makes rows even that have no numbers (NaN), because the data had no such case; "refuse" names them. What was
    repaired or assumed is told in `network.notes` (see the guide "Bring a network"); `network.sources` names the file.

    Raises ModelFileError if the file cannot be read, ModelError with every problem of its content, and FormatError
    where a format is not understood.

    >>> from spasmnet.io.catalogue import find
    >>> read(find("muscle_spasm")).version == load().version
    True
    """
    data = read_bytes(path)
    file = Path(path)
    kind = kind_of(data)
    own = kind is None and file.name.removesuffix(".gz").lower().endswith((".toml",) if file.suffix else ("",))
    if not (own or (kind is not None and kind.form == "toml")):
        from spasmnet.io.pgmpy import network_of

        return network_of(data, file, normalize, encoding, unknown_rows)
    if normalize is not None and normalize is not False:
        raise SpasmnetError(
            "normalize is for foreign files: the numbers of a .toml model are cited, so correct them there"
        )
    from spasmnet.io.toml import parse_model, read_model

    return parse_model(decoded(data, str(file), encoding), str(file)) if encoding or kind else read_model(path)
