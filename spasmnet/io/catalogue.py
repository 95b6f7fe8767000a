"""The models that come with the library."""

from __future__ import annotations

from pathlib import Path

from spasmnet.errors import ModelFileError, suggest

_PACKAGE = Path(__file__).parent.parent
_PLACES = (_PACKAGE / "models", _PACKAGE.parent / "models")  # in an installed package; in a checkout


def available() -> tuple[str, ...]:
    """The names of the shipped models, sorted.

    >>> "muscle_spasm" in available()
    True
    """
    return tuple(sorted(path.stem for path in _folder().glob("*.toml") if _is_model(path)))


def find(name: str) -> Path:
    """The file of a shipped model; raises ModelFileError with the nearest names if there is none of that name.

    >>> find("muscle_spasm").name
    'muscle_spasm.toml'
    """
    names = available()
    if name in names:
        return _folder() / f"{name}.toml"
    if not names:
        raise ModelFileError(f"no models were shipped with this installation: none in {' or '.join(map(str, _PLACES))}")
    is_path = isinstance(name, Path) or (isinstance(name, str) and ("/" in name or "\\" in name or "." in name))
    remedy = "; to read a file of your own, use spasmnet.read(path)" if is_path else ""
    raise ModelFileError(f"there is no shipped model {str(name)!r}; {suggest(Path(str(name)).stem, names)}{remedy}")


def companion(name: str) -> Path:
    """A file that belongs to the shipped models, such as their vignettes; raises ModelFileError if it is not there.

    >>> companion("vignettes").name
    'vignettes.toml'
    """
    path = _folder() / f"{name}.toml"
    if not path.is_file():
        raise ModelFileError(f"{path.name} was not shipped with this installation")
    return path


def _folder() -> Path:
    return next((place for place in _PLACES if place.is_dir()), _PLACES[0])


def _is_model(path: Path) -> bool:
    """Whether the first line that is neither blank nor a comment says so."""
    from spasmnet.io.toml.text import FORMAT

    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for line in lines:
            if line.strip() and not line.lstrip().startswith("#"):
                key, _, value = line.partition("=")
                return key.strip() == "format" and value.split("#")[0].strip().strip("\"'") == FORMAT
    return False
