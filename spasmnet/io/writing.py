"""Writing networks: a format's text is read back and compared before it becomes a file, so nothing is lost unseen."""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import floor, prod
from pathlib import Path

import numpy as np

from spasmnet.errors import FormatError, ModelFileError, SpasmnetError, shown, suggest
from spasmnet.io import formats
from spasmnet.io.declared import MAX_ENTRIES, Declared
from spasmnet.model.cpd import CPD, Deterministic, Floats, NoisyMax, Table
from spasmnet.model.network import Network

MAX_DECIMALS = 15
_KEPT = 1e-15  # how far the rest of a row may lie from what it was, which a model file does not write down


def write(network: Network, path: str | os.PathLike[str], *, decimals: int | None = None) -> float:
    """Write a network to a file, in the format that its ending names, and return the largest change of a number.

    The endings are .toml (a model file, in which everything the network knows is kept and numbers without a source cite
    where the network came from), .bif, .xml, .xmlbif or .bifxml (XMLBIF), .xdsl (GeNIe), .net (Hugin) and .uai. Numbers
    are written with all their digits, so that the change is 0.0; with `decimals`, 1 to 15, those of a file for
    another tool are rounded to so many places, each row still summing to 1. XDSL and model files keep noisy-MAX and
    deterministic distributions, the others hold tables.

    What was written is read back and compared before it appears at `path`: names, states, their order, parents and
    numbers; only the order in which variables are listed may change. Raises FormatError if the format cannot hold the
    network, naming the formats that can, or if `decimals` would turn a positive number into 0; ModelFileError if
    the file cannot be written.

    >>> import tempfile
    >>> from spasmnet import Variable, read
    >>> network = Network((Variable("rain", ("no", "yes")),), {"rain": Table((), [2 / 3, 1 / 3])}, name="rain")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     change = write(network, Path(folder, "rain.bif"))
    ...     same = read(Path(folder, "rain.bif")) == network
    ...     same, change, round(write(network, Path(folder, "rain.net"), decimals=3), 6)
    (True, 0.0, 0.000333)
    """
    if not isinstance(network, Network):
        raise SpasmnetError(f"write takes a spasmnet Network, not {type(network).__name__}")
    if not isinstance(path, (str, os.PathLike)) or isinstance(os.fspath(path), bytes):
        raise ModelFileError(f"a path (text or pathlib.Path) is needed, not {type(path).__name__}")
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (*formats.WRITTEN, ".toml"):
        hint = suggest(ending, (".toml", *formats.WRITTEN), show_all=True).replace("it has", "the endings are")
        raise FormatError(f"{path}: unknown kind of file {path.suffix!r}; {hint}")
    change = 0.0
    if decimals is not None:
        network, change = _rounded(network, decimals, ending)
    try:
        text = _text(network, ending)
    except SpasmnetError as error:
        others = [other for other in (".bif", ".xml", ".xdsl", ".toml") if other != ending and _holds(network, other)]
        advice = f"; {' or '.join(others)} can" if others else ""
        raise FormatError(f"{ending} cannot hold this network: {error}{advice}") from None
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from None
    return change


def _holds(network: Network, ending: str) -> bool:
    try:
        _text(network, ending)
    except SpasmnetError:
        return False
    return True


def _text(network: Network, ending: str) -> str:
    """The text of a network in a format; raises FormatError if it does not say what the network says."""
    if ending == ".toml":
        from spasmnet.io.toml.reader import parse_model
        from spasmnet.io.toml.writer import text as model_text

        text = model_text(network)
        back = parse_model(text, "the model file")
        differences = _differences(network, _content(back), _KEPT)
    else:
        _check_size(network, ending)
        text = formats.text(network, formats.WRITTEN[ending])
        content = formats.scan(text.encode("utf-8"), formats.WRITTEN[ending], "the file")
        differences = _differences(network, content, 0.0)
    if differences:
        more = f"; and {len(differences) - 3} more" if len(differences) > 3 else ""
        raise FormatError(f"read back, {'; '.join(differences[:3])}{more}")
    return text


def _check_size(network: Network, ending: str) -> None:
    """Raises FormatError for distributions that would become tables too large to hold."""
    kept = (NoisyMax, Deterministic) if ending == ".xdsl" else ()
    sizes = {name: prod(cpd.shape) for name, cpd in network.cpds.items() if not isinstance(cpd, kept)}
    if too_large := [f"{name} ({size:,} entries)" for name, size in sizes.items() if size > MAX_ENTRIES]:
        raise FormatError(f"as tables, these would pass {MAX_ENTRIES:,} entries: {', '.join(too_large)}")


def _content(network: Network) -> Declared:
    states = {variable.name: variable.states for variable in network.variables}
    parents = {name: network.parents(name) for name in network.names}
    return Declared(network.name, states, parents, dict(network.cpds))


def _differences(network: Network, written: Declared, tolerance: float) -> list[str]:
    """What differs in what was written, beyond the order of variables and the form of distributions."""
    differences = [f"{name!r} is lost or renamed" for name in network.names if name not in written.states]
    for name in (name for name in network.names if name in written.states):
        mine = network.cpds[name]
        pairs = (("states", network.by_name[name].states, written.states[name]),
                 ("parents", mine.parents, written.parents[name]))  # fmt: skip
        changed = [
            f"the {what} of {name!r} are {list(after)} instead of {list(before)}"
            for what, before, after in pairs
            if tuple(before) != tuple(after)
        ]
        differences += changed
        for before, after in () if changed else _arrays(mine, written.values[name]):
            for at in map(tuple, np.argwhere(np.abs(before - after) > tolerance)[:1].tolist()):
                differences.append(
                    f"the number of {name!r} at {at} is {float(after[at])!r} instead of {float(before[at])!r}"
                )
    extra = [name for name in written.states if name not in network.by_name]
    return differences + [f"{name!r} has been added" for name in extra]


def _arrays(mine: CPD, written: Floats | CPD) -> list[tuple[Floats, Floats]]:
    """The numbers of two distributions, side by side."""
    if isinstance(mine, NoisyMax) and isinstance(written, NoisyMax):
        return [(mine.leak, written.leak), *zip(mine.links, written.links, strict=True)]
    return [(mine.table(), written if isinstance(written, np.ndarray) else written.table())]


@dataclass
class _Rounding:
    """Rounds rows to a number of decimals, keeping their sums, and notes the largest change."""

    decimals: int
    change: float = 0.0

    def rows(self, name: str, values: Floats) -> Floats:
        """The rows rounded: all down, then up by one unit where most is missing, until the sum is 1 again."""
        scale = 10**self.decimals
        flat = values.reshape(-1, values.shape[-1])
        units = np.floor(flat * scale).astype(np.int64)
        order = np.argsort(-(flat * scale - units), axis=-1, kind="stable")
        missing = scale - units.sum(axis=-1, keepdims=True)
        np.put_along_axis(units, order, np.take_along_axis(units, order, -1) + (np.arange(flat.shape[1]) < missing), -1)
        rounded: Floats = np.asarray(units / scale, dtype=np.float64)
        if ((rounded == 0) & (flat > 0)).any():
            smallest = float(flat[(rounded == 0) & (flat > 0)].min())
            needed = 1 - floor(np.log10(smallest))
            enough = f"; decimals={needed} is enough" if needed <= MAX_DECIMALS else "; leave decimals out"
            raise FormatError(
                f"decimals={self.decimals} would make {smallest!r}, a number of {name!r}, impossible{enough}"
            )
        self.change = max(self.change, float(np.abs(rounded - flat).max(initial=0.0)))
        return rounded.reshape(values.shape)


def _rounded(network: Network, decimals: int, ending: str) -> tuple[Network, float]:
    """The network with its numbers rounded, and the largest change."""
    if isinstance(decimals, bool) or not isinstance(decimals, int) or not 1 <= decimals <= MAX_DECIMALS:
        raise FormatError(f"decimals has to be a whole number from 1 to {MAX_DECIMALS}, not {shown(decimals)}")
    if ending == ".toml":
        raise FormatError("a model file keeps all digits of its cited numbers; decimals is for files of other tools")
    rounding = _Rounding(decimals)
    _check_size(network, ending)
    cpds: dict[str, CPD] = {}
    for name, cpd in network.cpds.items():
        if isinstance(cpd, NoisyMax) and ending == ".xdsl":
            links = [rounding.rows(name, link) for link in cpd.links]
            cpds[name] = NoisyMax(cpd.parents, rounding.rows(name, cpd.leak), links)
        elif not isinstance(cpd, Deterministic):
            cpds[name] = Table(cpd.parents, rounding.rows(name, cpd.table()))
    return network.with_cpds(cpds), rounding.change
