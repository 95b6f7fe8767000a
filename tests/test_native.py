"""The cache of compiled kernels: whole or not used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from spasmnet.cli import main
from spasmnet.kernels import compiling, native

SYMBOLS = {"one": ["f", "f8* i8"], "two": ["g", "i4*"]}
EVERY = compiling._signatures()
OBJECTS = [b"first\nobject", b"\x00second"]


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    """Object code is read as it was written, also into a folder that did not exist."""
    path = tmp_path / "new" / "kernels.bin"
    assert native._write(path, SYMBOLS, OBJECTS)
    assert native._read(path) == (SYMBOLS, OBJECTS)
    assert [file.name for file in path.parent.iterdir()] == ["kernels.bin"]


@pytest.mark.parametrize("damage", [b"", b"x", b"not a cache file at all, but long enough to hold a digest"])
def test_a_foreign_file_is_not_used(tmp_path: Path, damage: bytes) -> None:
    """Machine code from a file without its right digest would crash the process: it is not used."""
    path = tmp_path / "kernels.bin"
    path.write_bytes(damage)
    assert native._read(path) is None


@pytest.mark.parametrize("at", [0, 31, 32, 60, -1])
def test_a_damaged_file_is_not_used(tmp_path: Path, at: int) -> None:
    """One changed byte, or a lost end, and the kernels are compiled again."""
    path = tmp_path / "kernels.bin"
    native._write(path, SYMBOLS, OBJECTS)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert native._read(path) is None
    content[at] ^= 1
    path.write_bytes(content[:-1])
    assert native._read(path) is None


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """Where nothing can be kept, that is said, and nothing is raised."""
    (tmp_path / "file").write_text("")
    assert not native._write(tmp_path / "file" / "kernels.bin", SYMBOLS, OBJECTS)
    assert native._read(tmp_path / "file" / "kernels.bin") is None


def test_a_process_that_fails_is_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its share is compiled here; so it is where no Python can be started."""
    monkeypatch.setattr(compiling, "_signatures", lambda: {n: EVERY[n] for n in ("mark", "copy_nodes", "encode_cells")})
    monkeypatch.setattr(compiling, "_processors", lambda: 2)
    asked: list[list[str]] = []
    some = compiling.compile_some
    monkeypatch.setattr(compiling, "compile_some", lambda names: asked.append(list(names)) or some(names))
    for executable in (sys.executable, "/bin/python-that-is-not-there", "/usr/bin/uwsgi", ""):
        monkeypatch.setattr(sys, "executable", executable)
        asked.clear()
        symbols, objects = compiling.compile_all()
        assert set(symbols) == {"mark", "copy_nodes", "encode_cells"}
        assert len(objects) == 3
        assert len(asked) == (1 if executable.startswith(sys.prefix) else 2)


def test_kernels_of_several_processes_do_not_stand_in_for_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two kernels of one factory, each the first of its process, which numba gives the same name."""
    pair = ("read_case_64", "form_clusters_64")
    monkeypatch.setattr(compiling, "_signatures", lambda: {n: EVERY[n] for n in pair})
    apart = [compiling._finished(compiling._start([name])) for name in pair]
    symbols = {name: made[0][name] for name, made in zip(pair, apart, strict=True) if made}
    linked = native._link(symbols, [o for made in apart if made for o in made[1]])
    assert len(set(linked.addresses.values())) == len(pair)


def test_the_first_run_says_why_it_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line says so when the kernels have to be compiled first, and nothing when they are kept."""
    assert native.are_kept() or native.kernels()
    run = CliRunner().invoke(main, ["query", "spasm=painful", "--top", "1"])
    assert run.stderr == ""
    monkeypatch.setenv("SPASMNET_CACHE_DIR", str(tmp_path))
    assert not native.are_kept()
    run = CliRunner().invoke(main, ["query", "spasm=painful", "--top", "1"])
    assert run.stderr == "Compiling the kernels for this processor, once; that takes ten or twenty seconds.\n"
    assert run.exit_code == 0
