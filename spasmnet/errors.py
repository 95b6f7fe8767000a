"""Every exception the library raises on purpose; all share one base, and all survive pickling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class SpasmnetError(Exception):
    """Base of every error that spasmnet raises on purpose."""


class Problem(NamedTuple):
    """One thing wrong with a model: `path` says where, `message` says what and what is allowed."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ModelError(SpasmnetError, ValueError):
    """A model file or network is wrong; `problems` lists everything found, not only the first."""

    def __init__(self, problems: Sequence[Problem], origin: str = "network") -> None:
        super().__init__(tuple(problems), origin)
        self.problems = tuple(problems)
        self.origin = origin

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in {self.origin}:"
        return "\n  ".join([head, *map(str, self.problems)])


class ModelFileError(SpasmnetError, ValueError):
    """A model file cannot be read at all: missing, empty, too large, not UTF-8, or of another format."""


class FormatError(SpasmnetError, ValueError):
    """A file format or foreign model object cannot hold this network without loss, or cannot be understood."""


class EvidenceError(SpasmnetError, ValueError):
    """Evidence that is not understood: wrong type, unknown name, or impossible numbers."""


class Fault(NamedTuple):
    """One thing wrong with a question: a fixed word, where (a JSON Pointer, RFC 6901), and what is allowed."""

    kind: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class QuestionError(EvidenceError):
    """A question in JSON that is not understood; `problems` lists everything found, not only the first.

    `kind` is that of the problems if they have one in common, else "invalid_question".
    """

    def __init__(self, problems: Sequence[Fault]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)
        kinds = {problem.kind for problem in problems}
        self.kind = kinds.pop() if len(kinds) == 1 else "invalid_question"

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        return "\n  ".join([f"{len(self.problems)} problems with the question:", *map(str, self.problems)])


class UnknownVariableError(EvidenceError):
    """A variable that the network does not have; the message suggests the nearest names."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name, tuple(known))
        self.name = name
        self.known = tuple(known)

    def __str__(self) -> str:
        return f"unknown variable {self.name!r}; {suggest(self.name, self.known)}"


class UnknownStateError(EvidenceError):
    """A state that the variable does not have; the message lists the states and suggests the nearest."""

    def __init__(self, variable: str, state: str, known: Sequence[str]) -> None:
        super().__init__(variable, state, tuple(known))
        self.variable = variable
        self.state = state
        self.known = tuple(known)

    def __str__(self) -> str:
        return f"{self.variable} has no state {self.state!r}; {suggest(self.state, self.known, show_all=True)}"


class ImpossibleEvidenceError(EvidenceError):
    """Findings that the network holds to be impossible together.

    `findings` is a smallest contradicting subset: no smaller one exists. `row` is the index label of the case when the
    findings came from a table.
    """

    def __init__(self, findings: Mapping[str, object], row: object = None, in_table: bool = False) -> None:
        super().__init__(dict(findings), row, in_table)
        self.findings = dict(findings)
        self.row = row
        self.in_table = in_table

    def __str__(self) -> str:
        listed = " and ".join(f"{name} = {state}" for name, state in self.findings.items())
        where = f"row {self.row!r}: " if self.in_table else ""
        fault = "cannot occur" if len(self.findings) == 1 else "cannot occur together"
        advice = "drop or correct one of them"
        if self.in_table:
            advice += ', or pass on_impossible="nan" to leave such rows empty'
        return f"{where}impossible evidence: {listed} {fault} in this network (probability 0); {advice}"


class TableError(SpasmnetError, ValueError):
    """A table of cases that is not understood; the message names rows and columns."""


class CircuitTooLargeError(SpasmnetError, MemoryError):
    """The network is too large for exact inference within the limits; nothing above them has been allocated.

    `limit` is that of products, which `products` are estimated; `memory` that of bytes, if it was met first, else 0.
    """

    def __init__(self, network: str, width: int, products: int, limit: int, memory: int = 0) -> None:
        super().__init__(network, width, products, limit, memory)
        self.memory = memory
        self.network = network
        self.width = width
        self.products = products
        self.limit = limit

    def __str__(self) -> str:
        if self.memory:
            return (
                f"the circuit of {self.network!r} would take more than {self.memory / 1e6:,.6g} MB (width "
                f"{self.width}: its largest cluster has {self.width + 1} variables); raise that with compile(network, "
                f"max_memory={2 * self.memory}) if there is more, or ask for fewer variables"
            )
        if self.products >= 10**15:
            return (
                f"the circuit of {self.network!r} would have about 10^{len(str(self.products)) - 1} products (width "
                f"{self.width}: its largest cluster has {self.width + 1} variables), far above the limit of "
                f"{self.limit:,} and what any machine can do; ask for fewer variables or simplify the network"
            )
        return (
            f"the circuit of {self.network!r} would have about {self.products:,} products (width {self.width}: its "
            f"largest cluster has {self.width + 1} variables), above the limit of {self.limit:,}; raise it with "
            f"compile(network, max_products={self.products}) if memory allows (up to {self.products * 100 / 2**30:.1f} "
            "GiB), or ask for fewer variables"
        )


def suggest(name: str, known: Iterable[str], *, show_all: bool = False) -> str:
    """Say which of the known names is meant, or list what there is.

    >>> suggest("dehidration", ["dehydration", "overuse"])
    "did you mean 'dehydration'?"
    """
    import difflib  # only on the way to an error

    options = list(known)
    folded = {option.casefold(): option for option in options}
    wanted = str(name).casefold()
    matches = difflib.get_close_matches(wanted, folded, n=3, cutoff=0.6)
    likeness = {key: difflib.SequenceMatcher(a=key, b=wanted).ratio() for key in matches}
    close = [folded[key] for key in matches if likeness[key] > likeness[matches[0]] - 0.15]
    parts = []
    if close:
        parts.append("did you mean " + " or ".join(repr(option) for option in close) + "?")
    if show_all or not close:
        shown = ", ".join(options[:12]) + (f", … ({len(options)} in all)" if len(options) > 12 else "")
        parts.append(f"it has {shown}" if show_all else f"known: {shown or 'none'}")
    return " ".join(parts)
