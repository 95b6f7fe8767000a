"""A study on people drawn from the network: how many questions until the decisions are those of all answers known.

    python -m spasmnet.validation.asking_study [--people 2000] [--seed 0] [--stopping 2000] [--json FILE]
        [--plot FILE.svg]

Everybody answers every question truthfully. A decision is settled after the first question from which on it stays what
it is when everything that can be asked is known. People of whom the same is known are worked out together.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spasmnet.inference.engine import Engine, compile
from spasmnet.io.reading import load
from spasmnet.model.sampling import draw_codes
from spasmnet.triage.guidance import guidance_of
from spasmnet.voi.batch import Codes, Floats, distinct
from spasmnet.voi.roles import Roles
from spasmnet.voi.scores import Scorer, Scores, order
from spasmnet.voi.stopping import Rule, verdict

Ints = NDArray[np.int64]
CHUNK = 400  # different cases that are scored together
ORDERS = {
    "value": "next question (red flags, then value)",
    "information": "next question (red flags, then information)",
    "file": "order of the file",
    "random": "random order",
}


class Course(NamedTuple):
    """Decisions after 0, 1, 2 … questions (first axis), and after how many the stopping rule ended it (-1: not run).

    The level of care is what is told: as long as it is undetermined it is not settled, and never too little.
    """

    care: Ints
    cause: Ints
    stopped: Ints


@dataclass(frozen=True)
class Study:
    """The courses of all people by the order in which they were asked."""

    courses: dict[str, Course]
    people: int
    seed: int
    model: str

    def settled(self, name: str, decision: str) -> Ints:
        """After how many questions each person's decision ("care", "cause" or "both") is and stays the final one."""
        course = self.courses[name]
        if decision == "both":
            return np.maximum(self.settled(name, "care"), self.settled(name, "cause"))
        values = getattr(course, decision)
        same = (values == values[-1])[::-1]
        return np.asarray(len(values) - np.cumprod(same, axis=0).sum(axis=0), dtype=np.int64)

    def as_dict(self) -> dict[str, Any]:
        """The figures as plain data."""
        found: dict[str, Any] = {"model": self.model, "people": self.people, "seed": self.seed, "orders": {}}
        for name, course in self.courses.items():
            rows = {d: _figures(self.settled(name, d)) for d in ("care", "cause", "both")}
            ended = course.stopped >= 0
            if ended.any():
                at, who = course.stopped[ended], np.flatnonzero(ended)
                rows["stopped"] = _figures(at) | {
                    "people": len(who),
                    "final_care": float((course.care[at, who] == course.care[-1, who]).mean()),
                    "too_little_care": float((course.care[at, who] < course.care[-1, who]).mean()),
                    "final_cause": float((course.cause[at, who] == course.cause[-1, who]).mean()),
                }
            found["orders"][name] = rows
        return found

    def table(self) -> str:
        """The figures as a table in Markdown."""
        content = self.as_dict()["orders"]
        lines = ["| asked in | care level: mean | median | 90% | leading cause: mean | median | both: mean |",
                 "|---|---|---|---|---|---|---|"]  # fmt: skip
        for name, rows in content.items():
            care, cause, both = (rows[d] for d in ("care", "cause", "both"))
            lines.append(
                f"| {ORDERS[name]} | {care['mean']:.1f} | {care['median']:.0f} | {care['p90']:.0f} "
                f"| {cause['mean']:.1f} | {cause['median']:.0f} | {both['mean']:.1f} |"
            )
        for name, rows in content.items():
            if end := rows.get("stopped"):
                share = {key: f"{100 * end[key]:.1f}%" for key in ("final_care", "too_little_care", "final_cause")}
                lines += [
                    "",
                    f"Stopped ({ORDERS[name]}, {end['people']:,} people): after {end['mean']:.1f} questions (median "
                    f"{end['median']:.0f}, 90% within {end['p90']:.0f}), with the final level of care in "
                    f"{share['final_care']}, a lower one in {share['too_little_care']}, and the final leading cause in "
                    f"{share['final_cause']}.",
                ]
        return "\n".join(lines)


def _figures(counts: Ints) -> dict[str, Any]:
    return {
        "mean": float(counts.mean()), "median": float(np.median(counts)), "p90": float(np.quantile(counts, 0.9)),
    }  # fmt: skip


def study(engine: Engine, count: int = 2000, seed: int = 0, stopping: int = 2000) -> Study:
    """Ask people in each order; the stopping rule is run on the first `stopping` of them, in the order by value."""
    network = engine.network
    roles = Roles.of(network)
    scorer = Scorer(engine, roles)
    costs = np.array([roles.costs[name] for name in scorer.names])
    random = np.random.default_rng(seed)
    drawn = draw_codes(network, count, random)
    truth = np.stack([drawn[name] for name in scorer.batch.columns], axis=1).astype(np.int16)
    shuffled = random.permuted(np.tile(np.arange(len(scorer.names)), (count, 1)), axis=1)
    fixed = np.tile(np.arange(len(scorer.names)), (count, 1))
    courses = {}
    for name in ORDERS:
        run = _Run(scorer, engine, truth, costs, stopping if name == "value" else 0)
        if name in ("value", "information"):
            courses[name] = run.course(lambda t, scores, by=name: order(scores, costs, by)[:, 0], adaptive=True)  # type: ignore[misc]
        else:
            given = shuffled if name == "random" else fixed
            courses[name] = run.course(lambda t, _, given=given: given[:, t], adaptive=False)  # type: ignore[misc]
    return Study(courses, count, seed, str(engine.provenance))


class _Run:
    """Everybody asked in one order, one question at a time."""

    def __init__(self, scorer: Scorer, engine: Engine, truth: Codes, costs: Floats, stopping: int) -> None:
        self.scorer, self.engine, self.truth, self.costs = scorer, engine, truth, costs
        self.rule = Rule("care" if guidance_of(engine.network).losses else "cause", samples=100)
        self.stopped = np.full(len(truth), -1, dtype=np.int64)
        self.running = np.arange(len(truth)) < stopping

    def course(self, choose: Callable[[int, Any], Ints], *, adaptive: bool) -> Course:
        """The decisions after each question; `choose` gives the place of the next in the scorer's names."""
        scorer, n = self.scorer, len(self.truth)
        codes = np.repeat(scorer.batch.first[None], n, axis=0)
        possible = np.ones((n, len(scorer.answers)), dtype=bool)
        care, cause = [], []
        for t in range(len(scorer.names) + 1):
            different, which = distinct(codes)
            decided = scorer.decider.decide(different, scorer.batch.answer(different)[0])
            care.append(decided.told[which])
            cause.append(decided.leading[which])
            if t == len(scorer.names):
                self.stopped[self.running] = t
                break
            if adaptive:
                first = np.zeros(len(different), dtype=np.int64)
                first[which] = np.arange(n)
                chosen = np.zeros(len(different), dtype=np.int64)
                chances = np.zeros((len(different), len(scorer.answers)))
                for begin in range(0, len(different), CHUNK):
                    part = slice(begin, begin + CHUNK)
                    scores = scorer.scores(different[part], possible[first[part]])
                    chosen[part], chances[part] = choose(t, scores), scores.chance
                    self._stop(t, different[part], scores, which - begin)
                asked, possible = chosen[which], chances[which] > 0
            else:
                asked = choose(t, None)
            column = scorer.columns[asked]
            codes[np.arange(n), column] = self.truth[np.arange(n), column]
        return Course(np.array(care), np.array(cause), self.stopped)

    def _stop(self, t: int, codes: Codes, scores: Scores, which: Ints) -> None:
        """Stop those for whom the rule says so."""
        inside = self.running & (which >= 0) & (which < len(codes))
        for i in np.unique(which[inside]).tolist():
            one = scores.row(i)
            random = np.random.default_rng(0)
            if verdict(self.scorer, self.engine, codes[i], one, self.costs, self.rule, random).stop:
                ended = inside & (which == i)
                self.stopped[ended] = t
                self.running[ended] = False


def plot(found: Study, path: str) -> None:
    """How many people have the final level of care after so many questions, as a picture."""
    import matplotlib

    from spasmnet.plots.style import BLUE, INK, ORANGE, SOFT, finish, heading, new_axes

    ax = new_axes(7.5, 4.2)
    figure: Any = ax.figure
    looks = {"value": (BLUE, "-"), "information": (BLUE, ":"), "file": (ORANGE, "-"), "random": (SOFT, "--")}
    for name in found.courses:
        settled = found.settled(name, "care")
        x = np.arange(len(found.courses[name].care))
        colour, style = looks[name]
        ax.plot(x, [(settled <= k).mean() for k in x], style, color=colour, linewidth=2, label=ORDERS[name])
    ax.set_ylim(0.1, 1.01)
    ax.set_xlabel("questions asked", color=INK)
    ax.legend(frameon=False, loc="lower right", fontsize=10)
    finish(ax, percent=True, along="y")
    heading(ax, "People whose level of care is settled", f"{found.people:,} people drawn from the network", above=0)
    with matplotlib.rc_context({"svg.hashsalt": "spasmnet", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and print its table."""
    parser = argparse.ArgumentParser(prog="python -m spasmnet.validation.asking_study", description=__doc__)
    parser.add_argument("--model", default="muscle_spasm")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stopping", type=int, default=2000, help="people on whom the stopping rule is run")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--plot", metavar="FILE.svg")
    options = parser.parse_args(arguments)
    found = study(compile(load(options.model)), options.people, options.seed, options.stopping)
    print(found.table())
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(found.as_dict(), file, indent=2)
    if options.plot:
        plot(found, options.plot)


if __name__ == "__main__":
    main()
