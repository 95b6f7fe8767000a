"""A built wheel carries its models and works away from the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("dist")
    run = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_models_schemas_types_and_kernels(wheel: Path) -> None:
    """Models, schemas, py.typed and the kernels' source are in the wheel; tests and compiled caches are not."""
    names = zipfile.ZipFile(wheel).namelist()
    files = (
        "models/muscle_spasm.toml",
        "models/vignettes.toml",
        "models/calibration.toml",
        "api/schema/question.schema.json",
        "api/schema/answer.schema.json",
        "py.typed",
        "kernels/run.py",
    )
    assert {f"spasmnet/{name}" for name in files} <= set(names)
    assert not [name for name in names if name.startswith("tests") or "__pycache__" in name]


def test_wheel_works_away_from_the_repository(wheel: Path, tmp_path: Path) -> None:
    """Unpacked into an empty folder it finds the shipped model, compiles it and answers."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "import spasmnet; from spasmnet.io import catalogue; post = spasmnet.compile(spasmnet.load()).posterior({});"
        "print(spasmnet.__file__); print(catalogue.find('muscle_spasm')); print(round(sum(post['spasm'].values()), 9));"
        "print(spasmnet.json_schema('question')['properties']['contract']['const'])"
    )
    cache = {"SPASMNET_CACHE_DIR": str(tmp_path / "cache")}
    environment = {**os.environ, **cache, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    package, model, total, contract = done.stdout.splitlines()
    assert Path(package).is_relative_to(tmp_path)
    assert Path(model).is_relative_to(tmp_path)
    assert (total, contract) == ("1.0", "1")
    assert list((tmp_path / "cache").iterdir())
