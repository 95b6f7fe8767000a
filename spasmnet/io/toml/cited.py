"""What several parts of a model file share: citations, claims, and names of variables."""

from __future__ import annotations

from collections.abc import Iterable

from spasmnet.errors import Problem, suggest
from spasmnet.io.toml.fields import Fields, shown
from spasmnet.io.toml.parameters import Context


def citation(fields: Fields, context: Context) -> tuple[str, str]:
    """The source that a table names, which is thereby used, and the place in it."""
    source = fields.text("source")
    if source:
        context.cite(source, f"{fields.path}.source")
    return source, fields.text("where")


def claims_of(fields: Fields, context: Context) -> tuple[str, ...]:
    """The claims that a table carries."""
    claims = fields.texts("claims")
    context.used_claims.update(claims)
    for claim in claims:
        if claim not in context.claims:
            fields.fault("claims", f"there is no claim {shown(claim)}; {suggest(claim, context.claims)}")
    return claims


def unknown_variable(name: str, path: str, variables: Iterable[str], context: Context) -> None:
    """Note that there is no variable of that name."""
    context.problems.append(Problem(path, f"there is no variable {shown(name)}; {suggest(name, variables)}"))
