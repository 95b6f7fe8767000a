"""Replacing a file at once: it holds what it held or all of the new content, and nothing else stays behind."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

STALE = 3600.0  # seconds after which a temporary file is nobody's, where no lock tells
PRIVATE = 0o600
ENDING = ".spasmnet-new"  # of temporary files


def replace_file(path: str | os.PathLike[str], content: bytes, *, mode: int = PRIVATE) -> None:
    """Write a file whole or not at all; raises OSError.

    A new file gets `mode`; one that exists keeps its own. A link stays, and what it points at is replaced. What a
    killed process has left of this file is removed.
    """
    import tempfile

    target = Path(os.path.realpath(path))
    kept = _mode(target)
    _remove_stale(target)
    handle, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=ENDING)
    try:
        with os.fdopen(handle, "wb") as file, _locked(file):
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(beside, mode if kept is None else kept)
            if os.name == "nt":
                file.close()  # Windows replaces no file that is open
            os.replace(beside, target)
    except BaseException:  # an interruption too
        with suppress(OSError):
            os.unlink(beside)
        raise


def _mode(target: Path) -> int | None:
    """The permissions of a file, None if there is none; OSError for what is no file, such as /dev/null."""
    try:
        found = target.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found):
        raise OSError(0, "it is not a file")
    return stat.S_IMODE(found) & 0o777


@contextmanager
def _locked(file: IO[bytes]) -> Iterator[bool]:
    """Hold a lock that ends with the process, so that others can tell a file in use from one left behind."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):  # no such thing on Windows and on some network drives
        yield False
    else:
        yield True


def _remove_stale(target: Path) -> None:
    """Remove the temporary files of writers of this file that do not live any more."""
    begin = f".{target.name}."
    with suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if entry.name.startswith(begin) and entry.name.endswith(ENDING) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    _remove_if_stale(entry.path)


def _remove_if_stale(path: str) -> None:
    import time

    with open(path, "rb") as file, _locked(file) as ours:
        found = os.fstat(file.fileno())
        if (ours and found.st_size) or time.time() - found.st_mtime > STALE:  # empty: made, and not locked yet
            os.unlink(path)
