"""Networks from files: the shipped models by name, the library's own format, and through interop those of others."""

from __future__ import annotations

import os
from pathlib import Path

from spasmnet._public import public
from spasmnet.catalogue import available, find
from spasmnet.errors import ModelFileError, SpasmnetError
from spasmnet.network import Network

FOREIGN = (".bif", ".xml", ".xmlbif", ".xdsl", ".net", ".uai")


@public
def load(name: str = "muscle_spasm") -> Network:
    """A model that is shipped with the library, by name; raises ModelFileError with the names there are.

    >>> load().name
    'muscle_spasm'
    """
    from spasmnet.modelfile import read_model  # a tenth of our import time, and not needed for networks made by hand

    return read_model(find(name))


@public
def models() -> tuple[str, ...]:
    """The names of the shipped models.

    >>> "muscle_spasm" in models()
    True
    """
    return available()


@public
def read(path: str | os.PathLike[str], *, normalize: bool | None = None) -> Network:
    """The network in a file: .toml (checked, with provenance), .bif, .xml/.xmlbif, .xdsl, .net or .uai.

    Rows of a foreign file that miss 1 by the rounding of printed decimals, at most 1e-6, are divided by their sum;
    `normalize=True` does so up to 0.01, and `normalize=False` refuses both. Raises ModelFileError if the file
    cannot be read, ModelError with every problem of its content, and FormatError where a format is not understood.

    >>> from spasmnet.catalogue import find
    >>> read(find("muscle_spasm")).version == load().version
    True
    """
    suffix = Path(path).suffix.lower() if isinstance(path, (str, os.PathLike)) else ".toml"
    if suffix in FOREIGN:
        from spasmnet.interop import read_foreign

        return read_foreign(path, normalize=normalize)
    if normalize:
        raise SpasmnetError(
            "normalize is for foreign files: the numbers of a .toml model are cited, so correct them there"
        )
    if suffix not in ("", ".toml") and os.path.isfile(path):
        raise ModelFileError(
            f"{path} ends in {suffix}, and files are told apart by their ending: .toml for a model file, "
            f"{', '.join(FOREIGN)} for networks of other tools"
        )
    from spasmnet.modelfile import read_model

    return read_model(path)
