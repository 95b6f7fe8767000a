"""A number of a model and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from spasmnet.model.arguments import public

SOURCE_KINDS = ("cohort", "trial", "review", "guideline", "expert", "assumption", "article")
UNMEASURED_KINDS = ("assumption", "expert", "article")


@public
@dataclass(frozen=True, slots=True)
class Source:
    """A place that numbers come from: a study, a guideline, or an honest assumption.

    `kind` is one of cohort, trial, review, guideline, expert, assumption, article. A measured kind carries a `doi`,
    `pmid` or `url`.
    """

    key: str
    kind: str
    title: str
    authors: str = ""
    year: int | None = None
    journal: str = ""
    doi: str = ""
    pmid: str = ""
    url: str = ""
    note: str = ""

    def citation(self) -> str:
        """The source in one line.

        >>> Source("x", "cohort", "Leg cramps", authors="Doe J", year=2001, pmid="1").citation()
        'Doe J (2001). Leg cramps. PMID 1.'
        """
        year = f" ({self.year})" if self.year else ""
        parts = [f"{self.authors}{year}".strip(), self.title, self.journal]
        parts += [f"doi:{self.doi}" if self.doi else "", f"PMID {self.pmid}" if self.pmid else ""]
        parts += [self.url if not self.doi and not self.pmid else ""]
        return ". ".join(part.strip().rstrip(".") for part in parts if part.strip()) + "."


@public
@dataclass(frozen=True, slots=True)
class Parameter:
    """One cited probability: its `value`, its plausible range [`low`, `high`], its `source` and the place in it.

    All three numbers lie in [0, 1] with low <= value <= high; `source` is a key of the network's sources. A
    `complement` is what the cited numbers of its row leave over.
    """

    value: float
    low: float
    high: float
    source: str
    where: str = ""
    note: str = ""
    complement: bool = False
