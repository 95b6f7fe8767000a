"""Pieces of Markdown pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from spasmnet.model.network import Network
from spasmnet.model.parameter import Source


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; what would break a row is escaped."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell(str(value)) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def cell(text: str) -> str:
    """A text that stays in its cell."""
    return " ".join(text.replace("|", "\\|").split())


def page(title: str, *parts: str) -> str:
    """A page that says at its top that it is generated, and how."""
    note = "<!-- Generated from the model by `spasmnet validate --pages`: change the model, not this page. -->"
    return "\n\n".join([f"# {title}", note, *(part for part in parts if part)]) + "\n"


def quoted(network: Network) -> str:
    """The intended use, as a quotation."""
    return f"> **Intended use.** {network.intended_use}."


def states_of(states: Mapping[str, Sequence[str]]) -> str:
    """Variables and states in words.

    >>> states_of({"spasm": ("painful", "severe")})
    'spasm = painful or severe'
    """
    return ", ".join(f"{name} = {' or '.join(listed)}" for name, listed in states.items())


def sentence(text: str) -> str:
    """A text with its full stop, if there is any text.

    >>> sentence("Working in heat"), sentence("Done."), sentence("")
    ('Working in heat.', 'Done.', '')
    """
    return f"{text.removesuffix('.')}." if text else ""


def link(source: Source) -> str:
    """A source's citation with a link."""
    address = f"https://doi.org/{source.doi}" if source.doi else source.url
    address = address or (f"https://pubmed.ncbi.nlm.nih.gov/{source.pmid}/" if source.pmid else "")
    return f"[{source.citation()}]({address})" if address else source.citation()


def number(value: float) -> str:
    """A number with three significant digits, never in scientific notation above a millionth.

    >>> number(0.30512), number(2.0), number(0.00000213)
    ('0.305', '2', '2.13e-06')
    """
    return f"{value:.3g}"


def signed_off() -> str:
    """What nobody has done yet."""
    return (
        "No clinician has signed this off, and no patient data have been used: see the model card for what that means."
    )
