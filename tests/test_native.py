"""The cache of compiled kernels: whole or not used."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from spasmnet.cli.main import main
from spasmnet.kernels import cache, compiling, native

SYMBOLS = {"one": ["f", "f8* i8"], "two": ["g", "i4*"]}
OBJECTS = [b"first\nobject", b"\x00second"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test's own, which does not exist yet."""
    monkeypatch.setenv("SPASMNET_CACHE_DIR", str(tmp_path / "new"))
    return tmp_path / "new"


def test_what_is_kept_comes_back(folder: Path) -> None:
    """Object code is read as it was written, also into a folder that did not exist, and nothing else is left there."""
    cache.write("kernels.bin", native.packed(SYMBOLS, OBJECTS))
    assert [native.unpacked(content) for content in cache.read("kernels.bin")] == [(SYMBOLS, OBJECTS)]
    assert [file.name for file in folder.iterdir()] == ["kernels.bin"]
    assert cache.is_kept("kernels.bin")
    assert not cache.is_kept("others.bin")


@pytest.mark.parametrize("damage", [b"", b"x", b"not a cache file at all, but long enough to hold a digest"])
def test_a_foreign_file_is_not_used(damage: bytes) -> None:
    """Machine code from a file without its right digest would crash the process: it is not used."""
    assert native.unpacked(damage) is None


@pytest.mark.parametrize("at", [0, 31, 32, 60, -1])
def test_a_damaged_file_is_not_used(at: int) -> None:
    """One changed byte, or a lost end, and the kernels are compiled again."""
    content = bytearray(native.packed(SYMBOLS, OBJECTS))
    content[at] ^= 1
    assert native.unpacked(bytes(content)) is None
    content[at] ^= 1
    assert native.unpacked(bytes(content[:-1])) is None
    assert native.unpacked(bytes(content)) == (SYMBOLS, OBJECTS)


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be kept, that is said, with what to do, and nothing is raised."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPASMNET_CACHE_DIR", str(tmp_path / "file"))
    with pytest.warns(RuntimeWarning, match="cannot be kept.*set SPASMNET_CACHE_DIR to a folder that only you can"):
        cache.write("kernels.bin", b"code")
    assert list(cache.read("kernels.bin")) == []


def test_an_empty_setting_names_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SPASMNET_CACHE_DIR= is as if it were not set; ~ is the home folder; no place depends on the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SPASMNET_CACHE_DIR", raising=False)
    usual = list(cache.folders())
    monkeypatch.setenv("SPASMNET_CACHE_DIR", "")
    assert list(cache.folders()) == usual
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SPASMNET_CACHE_DIR", "~/kernels")
    assert list(cache.folders()) == [tmp_path / "home" / "kernels"]
    monkeypatch.delenv("SPASMNET_CACHE_DIR")
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert all(folder.is_absolute() and tmp_path not in folder.parents for folder in cache.folders())


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no owners and modes of files")
@pytest.mark.parametrize("what", ["folder", "above", "file"])
def test_code_that_others_can_write_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """A folder, one above it, or a file that everybody can write: nothing is loaded from it, and nothing kept there."""
    folder = tmp_path / "above" / "folder"
    monkeypatch.setenv("SPASMNET_CACHE_DIR", str(folder))
    cache.write("kernels.bin", b"code")
    assert list(cache.read("kernels.bin")) == [b"code"]
    changed = {"folder": folder, "above": folder.parent, "file": folder / "kernels.bin"}[what]
    changed.chmod(changed.stat().st_mode | 0o002)
    assert list(cache.read("kernels.bin")) == []
    assert not cache.is_kept("kernels.bin")
    if what == "file":  # ours now: it is replaced, and nobody else can write the new one
        cache.write("kernels.bin", b"new")
        assert list(cache.read("kernels.bin")) == [b"new"]
    else:
        with pytest.warns(RuntimeWarning, match="others can write"):
            cache.write("kernels.bin", b"new")
        assert (folder / "kernels.bin").read_bytes() == b"code"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no owners and modes of files")
def test_code_of_another_user_is_not_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what belongs to this user, to the superuser or to whose package this is."""
    cache.write("kernels.bin", b"code")
    stat = Path.stat

    def of_another(self: Path, **options: bool) -> os.stat_result:
        found = stat(self, **options)
        return os.stat_result((*found[:4], 54321, *found[5:])) if self == folder else found

    monkeypatch.setattr(Path, "stat", of_another)
    assert list(cache.read("kernels.bin")) == []
    with pytest.warns(RuntimeWarning, match="belongs to another user"):
        cache.write("kernels.bin", b"new")


def test_a_failed_write_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a full disk nor Ctrl+C leaves a temporary file, and the file there was stays whole."""
    cache.write("kernels.bin", b"code")
    for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):

        def fail(_: int, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(KeyboardInterrupt) if isinstance(error, KeyboardInterrupt) else pytest.warns(RuntimeWarning):
            cache.write("kernels.bin", b"new")
        assert [file.name for file in folder.iterdir()] == ["kernels.bin"]
        assert list(cache.read("kernels.bin")) == [b"code"]


def test_what_a_killed_process_left_is_removed(folder: Path) -> None:
    """The next write removes temporary files that nobody writes any more, and no others."""
    folder.mkdir()
    (folder / ".kernels.bin.abc.spasmnet-new").write_bytes(b"half")
    (folder / ".others.bin.abc.spasmnet-new").write_bytes(b"half")
    cache.write("kernels.bin", b"code")
    assert sorted(file.name for file in folder.iterdir()) == [".others.bin.abc.spasmnet-new", "kernels.bin"]


def test_many_first_starts_at_once(folder: Path) -> None:
    """Threads and processes that keep the same file at the same time leave one, whole."""
    contents = [bytes([i]) * 200_000 for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: [cache.write("kernels.bin", content) for _ in range(5)], contents))
    assert next(iter(cache.read("kernels.bin"))) in contents
    assert [file.name for file in folder.iterdir()] == ["kernels.bin"]


HOSTILE = "import os, pathlib; pathlib.Path(os.environ['SPASMNET_TOUCHED']).write_text(__name__); raise SystemExit(3)"


def test_nothing_of_the_working_folder_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's random.py, numpy.py or spasmnet in the working folder or on PYTHONPATH is not run, nor numba's settings."""
    touched = tmp_path / "touched"
    monkeypatch.setenv("SPASMNET_TOUCHED", str(touched))
    for name in ("working", "path"):
        (tmp_path / name / "spasmnet").mkdir(parents=True)
        for module in ("random", "numpy", "numba", "json", "sitecustomize", "usercustomize", "spasmnet/__init__"):
            (tmp_path / name / f"{module}.py").write_text(HOSTILE)
        (tmp_path / name / ".numba_config.yaml").write_text("disable_jit: 1\n")
    monkeypatch.chdir(tmp_path / "working")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    code = compiling._finished(compiling._start(0, 1, ["mark"]))
    assert code is not None
    assert list(code[0]) == ["mark"]
    assert not touched.exists()


def test_a_process_compiles_these_sources(tmp_path: Path) -> None:
    """Where another spasmnet is installed, and numba is where only this process looks, that makes no difference."""
    code = (
        "import sys; from spasmnet.kernels import compiling\n"
        "sys.executable = sys._base_executable\n"  # which has none of the packages
        "code = compiling._finished(compiling._start(0, 1, ['mark']))\n"
        "print(list(code[0]), 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "['mark'] False\n"


def test_a_process_that_fails_is_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its share is compiled here; so it is where no Python can be started."""
    monkeypatch.setattr(compiling, "_processors", lambda: 2)
    here: list[list[str]] = []
    some = compiling.compile_some
    monkeypatch.setattr(compiling, "compile_some", lambda names: here.append(list(names)) or some(names))
    for executable in (sys.executable, "/bin/python-that-is-not-there", "/usr/bin/uwsgi", ""):
        monkeypatch.setattr(sys, "executable", executable)
        here.clear()
        symbols, objects = compiling.compile_all(["mark", "copy_nodes", "encode_cells"])
        assert set(symbols) == {"mark", "copy_nodes", "encode_cells"}
        assert len(objects) == 3
        assert len(here) == (0 if executable.startswith(sys.prefix) else 2)


def test_kernels_of_several_processes_do_not_stand_in_for_one_another() -> None:
    """Two kernels of one factory, each the first of its process, which numba gives the same name."""
    pair = ("read_case_64", "form_clusters_64")
    apart = [compiling._finished(compiling._start(0, 1, [name])) for name in pair]
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
