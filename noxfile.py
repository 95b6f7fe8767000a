"""The jobs of a developer: `nox -s quick`, `tests`, `lint`, `lowest`, `newest`, `coverage`, `docs`, `soak`."""

import nox

nox.options.sessions = ["lint", "quick"]
LOWEST = ("numpy==1.26.*", "pandas==2.2.*", "networkx==3.2.*", "matplotlib==3.9.*", "scipy==1.11.*", "rich==13.*")


@nox.session
def quick(session: nox.Session) -> None:
    """The tests that end in a minute."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-q", "-m", "not slow and not browser", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests, as README says."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-q", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and types."""
    session.install("-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session
def coverage(session: nox.Session) -> None:
    """Which lines no test runs."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-q", "--cov=spasmnet", "--cov-report=term:skip-covered", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """The oldest versions that pyproject.toml admits."""
    session.install("-e", ".[test]", *LOWEST)
    session.run("python", "-m", "pytest", "-q", "-m", "not browser", *session.posargs)


@nox.session
def newest(session: nox.Session) -> None:
    """The newest numba and llvmlite, above the bound of pyproject.toml: do the kernels still compile and agree?"""
    session.install("-e", ".[test]")
    session.install("--upgrade", "numba", "llvmlite")
    session.run("python", "-m", "pytest", "-q", "tests/test_native.py", "tests/test_engine.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation site, warnings as errors."""
    session.install("-e", ".[docs]")
    session.run("python", "-m", "sphinx", "-W", "-n", "docs", "docs/_build")


@nox.session
def soak(session: nox.Session) -> None:
    """Random networks, files, interruptions and threads with new seeds; minutes as an argument."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.soak", *(session.posargs or ["10"]))
