"""A mutation run: the core is changed in one place at a time, and the tests that concern it must notice.

python tests/soak/mutation.py PART [--mutants N] [--seed N]

PART is one of the parts below. Comparisons, arithmetic, constants, truth and returned values are mutated, in a copy of the
tree; each mutant's tests stop at the first failure, and a mutant that takes too long counts as noticed. Docstrings,
annotations and the texts of messages are left alone. The survivors are printed as differences.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # modules, and the tests that concern them, quickest first
    "model": (
        ("model/*.py", "triage/guidance.py", "io/toml/*.py"),
        ("tests/test_cpd.py", "tests/test_modelfile.py", "tests/test_triage.py", "tests/test_posterior.py"),
    ),
    "files": (("io/*.py", "kernels/replace.py"), ("tests/test_interop.py", "tests/test_files.py", "tests/test_native.py")),
    "evidence": (
        ("inference/evidence.py", "inference/contradiction.py", "cli/findings.py"),
        ("tests/test_posterior.py", "tests/test_contract.py", "tests/test_cli.py", "tests/test_engine.py"),
    ),
    "inference": (
        ("inference/*.py",),
        ("tests/test_engine.py", "tests/test_posterior.py", "tests/test_table.py", "tests/test_elimination.py", "tests/test_targeted.py"),
    ),
    "sensitivity": (
        ("sensitivity/*.py", "parameters/*.py"),
        ("tests/test_sensitivity.py", "tests/test_tuning.py", "tests/test_nway.py", "tests/test_uncertainty.py",
         "tests/test_population.py", "tests/test_structure.py"),
    ),
}  # fmt: skip
SECONDS = 600.0  # that a mutant's tests may take
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
}  # fmt: skip


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """The nodes that can be mutated, and how; what only people read and what is never run is left out."""
    skipped = {id(part) for node in ast.walk(tree) for part in _not_run(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
            yield node, "comparison"
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in ARITHMETIC and not _is_text(node):
            yield node, "arithmetic"
        elif isinstance(node, ast.BoolOp):
            yield node, "boolean"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, "not"
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
            yield node, "constant"
        elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
            yield node, "return"


def _is_text(node: Any) -> bool:
    sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.value,)
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in sides
    )


def _not_run(node: ast.AST) -> Iterator[ast.AST]:
    """What lies in annotations, messages, and what only type checkers read."""
    roots: list[Any] = []
    if isinstance(node, (ast.arg, ast.AnnAssign)):
        roots = [node.annotation]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        roots = [node.returns, *node.decorator_list]
        if node.name == "__repr__":
            roots.append(ast.Module(node.body, []))
    elif isinstance(node, ast.JoinedStr) or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
        roots = [node]
    for root in filter(None, roots):
        yield from ast.walk(root)


def mutate(node: Any, kind: str) -> None:
    """Change a node in place."""
    if kind == "comparison":
        node.ops[0] = COMPARISONS[type(node.ops[0])]()
    elif kind == "arithmetic":
        node.op = ARITHMETIC[type(node.op)]()
    elif kind == "boolean":
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif kind == "not":
        node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
    elif kind == "constant":
        node.value = (not node.value) if isinstance(node.value, bool) else node.value + 1
    elif kind == "return":
        node.value = ast.Constant(None)


def mutants(part: str, count: int, seed: int) -> list[tuple[Path, int, str, str]]:
    """(file, line, kind and line before, the mutated source) of so many mutants, drawn from all there are."""
    found = []
    for pattern in PARTS[part][0]:
        for path in sorted((ROOT / "spasmnet").glob(pattern)):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found += [(path, i) for i, _ in enumerate(places(tree))]
    drawn = []
    for path, i in random.Random(seed).sample(found, min(count, len(found))):
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        node, kind = list(places(tree))[i]
        before = copy.deepcopy(node)
        mutate(node, kind)
        line = getattr(node, "lineno", 0)
        told = f"{kind}: {ast.unparse(before)[:150]} -> {ast.unparse(node)[:150]}"
        drawn.append((path.relative_to(ROOT), line, told, ast.unparse(tree)))
    return drawn


def survives(tree: Path, tests: tuple[str, ...]) -> bool:
    """Whether all tests pass in a tree; file after file, until one notices."""
    for test in tests:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
        environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return False
        if done.returncode:
            return False
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run the mutants of a part, and print its score and who survived."""
    parser = argparse.ArgumentParser(prog="python tests/soak/mutation.py", description=__doc__.partition("\n")[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--mutants", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    tests = tuple(test for test in PARTS[options.part][1] if (ROOT / test).exists())
    survivors, tried, begin = [], 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(
            ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", "*.pyc", ".mypy_cache", ".ruff_cache")
        )
        if not survives(tree, tests):
            print("the tests fail without any mutant, so nothing can be said")
            return 1
        for path, line, told, source in mutants(options.part, options.mutants, options.seed):
            kept = (tree / path).read_text(encoding="utf-8")
            (tree / path).write_text(source, encoding="utf-8")
            alive = survives(tree, tests)
            (tree / path).write_text(kept, encoding="utf-8")
            tried += 1
            print(f"{'survived' if alive else 'noticed '}  {path}:{line}  {told}", flush=True)
            survivors += [f"{path}:{line}  {told}"] if alive else []
    score = 1 - len(survivors) / tried
    print(
        f"{options.part}: {tried - len(survivors)} of {tried} noticed ({score:.0%}) in {time.monotonic() - begin:.0f} s"
    )
    return int(score < 0.9)


if __name__ == "__main__":
    sys.exit(main())
