"""Every exception the library raises on purpose; all share one base, and all survive pickling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

MOST_CHARACTERS = 4000  # of a message
_MOST_A_PROBLEM = 600
_MOST_COMPARED, _LONGEST_COMPARED = 5000, 200  # names among which a nearest one is looked for


class SpasmnetError(Exception):
    """Base of every error that spasmnet raises on purpose; its message has a few thousand characters at most."""

    def __str__(self) -> str:
        return brief(super().__str__())


class ArgumentError(SpasmnetError, TypeError, ValueError):
    """An argument of a type, or a size, that the function cannot use."""


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
        return _listed(f"{count:,} problem{'s' if count != 1 else ''} in {brief(self.origin, 300)}:", self.problems)


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
            return brief(str(self.problems[0]))
        return _listed(f"{len(self.problems):,} problems with the question:", self.problems)


class UnknownVariableError(EvidenceError, KeyError):
    """A variable that the network does not have; the message suggests the nearest names."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name, tuple(known))
        self.name = name
        self.known = tuple(known)

    def __str__(self) -> str:
        return f"unknown variable {shown(self.name)}; {suggest(self.name, self.known)}"


class UnknownStateError(EvidenceError, KeyError):
    """A state that the variable does not have; the message lists the states and suggests the nearest."""

    def __init__(self, variable: str, state: str, known: Sequence[str]) -> None:
        super().__init__(variable, state, tuple(known))
        self.variable = variable
        self.state = state
        self.known = tuple(known)

    def __str__(self) -> str:
        nearest = suggest(self.state, self.known, show_all=True)
        return f"{brief(str(self.variable), 60)} has no state {shown(self.state)}; {nearest}"


class RaisedFlag(NamedTuple):
    """A red flag that holds by the findings alone: its `id`, the level of care that it asks for, and its text."""

    id: str
    level: str
    text: str


class ImpossibleEvidenceError(EvidenceError):
    """Findings that the network holds to be impossible together.

    `findings` is a smallest contradicting subset: no smaller one exists. `row` is the index label of the case when the
    findings came from a table. A contradiction takes no red flag away: `red_flags` are those that all the findings
    given raise by themselves, the highest level of care first, and `care_floor` is that level ("" if there is none).
    """

    def __init__(
        self,
        findings: Mapping[str, object],
        row: object = None,
        in_table: bool = False,
        red_flags: Sequence[RaisedFlag] = (),
    ) -> None:
        super().__init__(dict(findings), row, in_table, tuple(red_flags))
        self.findings = dict(findings)
        self.row = row
        self.in_table = in_table
        self.red_flags = tuple(red_flags)

    @property
    def care_floor(self) -> str:
        """The level of care that the red flags ask for, whatever is wrong with the findings; "" without red flags."""
        return self.red_flags[0].level if self.red_flags else ""

    def __str__(self) -> str:
        listed = " and ".join(f"{name} = {state}" for name, state in self.findings.items())
        where = f"row {self.row!r}: " if self.in_table else ""
        fault = "cannot occur" if len(self.findings) == 1 else "cannot occur together"
        advice = "drop or correct one of them"
        if self.in_table:
            advice += ', or pass on_impossible="nan" to leave such rows empty'
        raised = "".join(f"\n  {flag.level} ({flag.id}): {flag.text}" for flag in self.red_flags)
        still = f". Red flags hold all the same, and count first:{raised}" if raised else ""
        return f"{where}impossible evidence: {listed} {fault} in this network (probability 0); {advice}{still}"


class TableError(SpasmnetError, ValueError):
    """A table of cases that is not understood; the message names rows and columns."""


class SpasmnetWarning(UserWarning):
    """Something that may not be what was meant, though it is understood."""


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


def brief(text: str, most: int = MOST_CHARACTERS) -> str:
    """A text of at most `most` characters and a few: of a longer one its beginning and its end.

    >>> brief("abcdefgh", 4)
    'abc … h'
    """
    if len(text) <= most:
        return text
    return f"{text[: most - most // 4]} … {text[len(text) - most // 4 :]}"


def shown(value: object, most: int = 60) -> str:
    """A value as messages show it: its repr, cut to a readable length.

    >>> shown("a\\x00b"), shown(16**9999)
    ("'a\\\\x00b'", 'an integer of 12,041 digits')
    """
    if isinstance(value, str):
        return repr(value) if len(value) <= most else repr(f"{value[: most - 1]}…")
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 1000:  # some have no repr
        return f"an integer of {int(value.bit_length() * 0.30103) + 1:,} digits"
    try:
        text = repr(value)
    except Exception:  # of a foreign object, or one that holds such an integer
        return f"a {type(value).__name__}"
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _listed(head: str, problems: Sequence[object]) -> str:
    """The problems below the head, each on its line, as many as fit."""
    lines, room = [head], MOST_CHARACTERS
    for position, problem in enumerate(problems):
        line = brief(str(problem), _MOST_A_PROBLEM)
        room -= len(line)
        if room < 0:
            lines.append(f"and {len(problems) - position:,} more; the error's `problems` has all")
            break
        lines.append(line)
    return "\n  ".join(lines)


def suggest(name: object, known: Iterable[str], *, show_all: bool = False) -> str:
    """Say which of the known names is meant, or list what there is.

    >>> suggest("dehidration", ["dehydration", "overuse"])
    "did you mean 'dehydration'?"
    """
    import difflib  # only on the way to an error

    options = list(known)
    folded = {option.casefold(): option for option in options[:_MOST_COMPARED] if len(option) <= _LONGEST_COMPARED}
    wanted = (name if isinstance(name, str) else shown(name))[: _LONGEST_COMPARED + 1].casefold()
    matches = difflib.get_close_matches(wanted, folded, n=3, cutoff=0.6)
    likeness = {key: difflib.SequenceMatcher(a=key, b=wanted).ratio() for key in matches}
    close = [folded[key] for key in matches if likeness[key] > likeness[matches[0]] - 0.15]
    parts = []
    if close:
        parts.append("did you mean " + " or ".join(map(shown, close)) + "?")
    if show_all or not close:
        some = ", ".join(brief(option, 60) for option in options[:12])
        some += f", … ({len(options)} in all)" if len(options) > 12 else ""
        parts.append(f"it has {some}" if show_all else f"known: {some or 'none'}")
    return " ".join(parts)
