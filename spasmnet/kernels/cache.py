"""Where compiled kernels are kept: machine code is loaded only from where nobody else can put any.

The place is the folder that SPASMNET_CACHE_DIR names; else the folder of this package, or the user's cache folder. It
is used if it and all folders above it belong to this user, to the superuser or to whose package this is, and if nobody
else can write them. Where the system has no such owners and modes (Windows), folders are taken as they are.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from warnings import warn

from spasmnet.kernels.replace import replace_file

HERE = Path(__file__).parent
VARIABLE = "SPASMNET_CACHE_DIR"
SHARED = 0o644  # a shared installation has one cache


def read(name: str) -> Iterator[bytes]:
    """What is kept under a name, place after place."""
    for folder in folders():
        try:
            yield trusted(folder / name).read_bytes()
        except OSError:
            continue


def is_kept(name: str) -> bool:
    """Whether something is kept under a name."""
    return any(_is_trusted(folder / name) for folder in folders())


def write(name: str, content: bytes) -> None:
    """Keep something in the first place that can be used, whole or not at all; warns if there is none."""
    reasons = []
    for folder in folders():
        try:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            path = trusted(folder) / name
            if not _is_trusted(path):
                path.unlink(missing_ok=True)
            replace_file(path, content, mode=SHARED)
            return
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror or error}")
    warn(
        "the compiled kernels cannot be kept, so every process compiles them again, which takes ten or twenty seconds: "
        f"set {VARIABLE} to a folder that only you can write ({'; '.join(reasons)})",
        RuntimeWarning,
        stacklevel=2,
    )


def folders() -> Iterator[Path]:
    """The places, in the order in which they are tried."""
    if os.environ.get(VARIABLE):  # an empty one names no folder
        yield Path(os.path.abspath(os.path.expanduser(os.environ[VARIABLE])))
        return
    yield HERE / "__pycache__"
    homes = (os.environ.get("LOCALAPPDATA"), os.environ.get("XDG_CACHE_HOME"), os.path.expanduser("~/.cache"))
    yield from (Path(home) / "spasmnet" for home in homes if home and os.path.isabs(home))


def trusted(path: Path) -> Path:
    """A file or folder without links, if nobody else can have written it; raises OSError with the reason if not."""
    real = path.resolve(strict=True)
    if not hasattr(os, "getuid"):
        return real
    owners = {0, os.getuid(), HERE.stat().st_uid}  # whose code runs here anyway
    for place in (real, *real.parents):
        status = place.stat()
        if status.st_uid not in owners:
            raise PermissionError(0, f"{place} belongs to another user")
        if place != real and status.st_mode & stat.S_ISVTX:  # as /tmp: what is ours there nobody else can replace
            continue
        if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not _is_private_group(status)):
            raise PermissionError(0, f"others can write {place}")
    return real


def _is_trusted(path: Path) -> bool:
    try:
        trusted(path)
    except OSError:
        return False
    return True


def _is_private_group(status: os.stat_result) -> bool:
    """Whether the group is its owner's own, of the same name and without other members, as many systems make them."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(status.st_uid), grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    return user.pw_gid == group.gr_gid and user.pw_name == group.gr_name and set(group.gr_mem) <= {user.pw_name}
