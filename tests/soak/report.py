"""What a soak run reports: how much was tried, how much was wrong, and what the worst was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_ERRORS = 50  # listed; all are counted


@dataclass
class Report:
    """Counts of one part of a soak run, filled in while it runs.

    `tried` counts cases (networks, files, interruptions, queries, kills), `wrong` those with a wrong answer, a foreign
    exception or lost data; `errors` describes the first of them so that each can be had again (seed and case);
    `notes` are further figures by name, such as {"refused": 17}.
    """

    part: str
    tried: int = 0
    wrong: int = 0
    worst_seconds: float = 0.0
    errors: list[str] = field(default_factory=list)
    notes: dict[str, float] = field(default_factory=dict)

    def add(self, seconds: float = 0.0, error: str | None = None) -> None:
        """Count one case, and what was wrong with it if anything was."""
        self.tried += 1
        self.worst_seconds = max(self.worst_seconds, seconds)
        if error is not None:
            self.wrong += 1
            if len(self.errors) < MOST_ERRORS:
                self.errors.append(error[:2000])

    def note(self, name: str, amount: float = 1.0) -> None:
        """Add to a further figure."""
        self.notes[name] = self.notes.get(name, 0.0) + amount

    def __str__(self) -> str:
        notes: Mapping[str, float] = self.notes
        more = "".join(f", {name} {amount:g}" for name, amount in notes.items())
        head = f"{self.part}: {self.tried:,} tried, {self.wrong:,} wrong, worst {self.worst_seconds:.2f} s{more}"
        return "\n  ".join([head, *self.errors])
