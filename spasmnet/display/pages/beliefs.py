"""Pages of probabilities: posteriors as belief bars, one distribution, the most probable joint state, a provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import exp

from spasmnet.display.page import BLUE, ORANGE, RED, Cell, Grid, Heading, Page, Row, Track, left_out, stamp
from spasmnet.display.phrases import ROLE_TITLES, presence, prior_of, probability_of, states_text
from spasmnet.inference.posterior import Distribution, Explanation, Posterior, Provenance
from spasmnet.model.network import Variable
from spasmnet.model.words import between, event_of, finding_text, name_of, one_in, percent, plain, state_of
from spasmnet.triage.report import Ranked, ranked, total

MOST_STATES, MOST_ROWS = 6, 120


def posterior_page(post: Posterior) -> Page:
    """What was found, then every variable as belief bars: by role, or in declared order with a bar a state."""
    network, before = post.network, prior_of(post)
    grids = [grid for grid in (ranked_grid(post, before, list(_sections(post))), *_by_state(post, before)) if grid.rows]
    notes = [post.uncertainty.meaning] if post.uncertainty is not None else []
    title = plain(network.title or network.name)
    return Page(title, f"given {given(post)}", grids, notes, stamp(network, post.provenance))


def given(post: Posterior, longest: int = 400) -> str:
    """The findings in words, or "nothing"."""
    by_name = post.network.by_name
    found = [f"{name_of(by_name[n])}: {finding_text(f, by_name[n])}" for n, f in post.evidence.items()]
    words = "; ".join(found) or "nothing"
    return words if len(words) <= longest else f"{len(found)} findings"


def _sections(post: Posterior) -> Iterator[tuple[str, Sequence[Ranked]]]:
    """What was not observed and has a role, by role."""
    rows = ranked(post)
    for role, title in ROLE_TITLES.items():
        found = [row for row in rows if row.variable.role == role]
        if found:
            yield title, found


def ranked_grid(
    post: Posterior,
    before: Posterior | None,
    sections: Sequence[tuple[str, Sequence[Ranked]]],
    *,
    observed: bool = True,
) -> Grid:
    """What was observed, and variables by the probability of their event (see `Variable.event`)."""
    known = post.uncertainty is not None
    rows: list[Row] = []
    colours: dict[str, str] = {}
    if observed and post.evidence:
        rows += [Heading("Observed"), *(_finding(post, name, before) for name in post.evidence)]
        colours[ORANGE] = "observed"
    for title, ranking in sections:
        rows += [Heading(title), *(_ranked(row, post, before) for row in ranking)]
        colours.setdefault(BLUE, probability_of(row.variable for _, listed in sections for row in listed))
        if title == ROLE_TITLES["serious"]:
            colours[RED] = "the same of a serious condition"
    heads = ["", "", *(["interval"] if known else []), "", *(["before"] if before is not None else []), ""]
    kinds = "wn" + "n" * known + "t" + "n" * (before is not None) + "s"
    return Grid("", heads, kinds, rows, legend=[*colours.items(), *_marks(post, before)])


def _marks(post: Posterior, before: Posterior | None) -> list[tuple[str, str]]:
    """The legend of what is drawn on belief bars."""
    found = [("line", "before the findings")] if before is not None else []
    if post.uncertainty is not None:
        found.append(("reach", f"{100 * post.uncertainty.level:.6g}% interval"))
    return found


def _finding(post: Posterior, name: str, before: Posterior | None) -> Sequence[Cell]:
    """What was observed, with its probability before all findings."""
    variable, finding = post.network.by_name[name], post.evidence[name]
    state = finding if isinstance(finding, str) else max(post[name], key=post[name].__getitem__)
    chance, was = post[name][state], before[name][state] if before is not None else None
    words = f"{name_of(variable)}: {state_of(variable, state)} {percent(chance)}"
    cells: list[Cell] = [name_of(variable), percent(chance), *([""] if post.uncertainty is not None else [])]
    cells += [Track(words, ((0.0, chance, ORANGE),), was), *([percent(was)] if was is not None else [])]
    return [*cells, finding_text(finding, variable)]


def _ranked(row: Ranked, post: Posterior, before: Posterior | None) -> Sequence[Cell]:
    serious = row.variable.role == "serious"
    was = total(before[row.variable.name], row.event) if before is not None else None
    bar = Track(_states(row.variable, post), ((0.0, row.probability, RED if serious else BLUE),), was, row.interval)
    cells: list[Cell] = [event_of(row.variable, row.event), percent(row.probability)]
    cells += [between(row.interval) if row.interval else ""] if post.uncertainty is not None else []
    cells += [bar, *([percent(was)] if was is not None else [])]
    return [*cells, one_in(row.probability) if serious else presence(row)]


def _states(variable: Variable, post: Posterior) -> str:
    return f"{name_of(variable)}: {states_text(variable, post[variable.name], most=12, post=post)}"


def _by_state(post: Posterior, before: Posterior | None) -> list[Grid]:
    """The variables without a role, a bar a state."""
    rows: list[Row] = []
    known, was = post.uncertainty is not None, before is not None
    variables = [v for v in post.network.variables if v.role not in ROLE_TITLES]
    variables = [v for v in variables if not isinstance(post.evidence.get(v.name), str)]
    shown = 0
    for variable in variables:
        states = kept(variable.states, post[variable.name])
        if rows and len(rows) + len(states) > MOST_ROWS:
            break
        shown += 1
        for i, state in enumerate(states):
            chance = post[variable.name][state]
            earlier = before[variable.name][state] if before is not None else None
            ends = post.interval(variable.name, state) if known else None
            words = f"{name_of(variable)}: {state_of(variable, state)} {percent(chance)}"
            cells: list[Cell] = [name_of(variable) if i == 0 else "", state_of(variable, state), percent(chance)]
            cells += [between(ends)] if ends is not None else []
            cells += [Track(words, ((0.0, chance, BLUE),), earlier, ends)]
            rows.append([*cells, *([percent(earlier)] if earlier is not None else [])])
        if len(states) < len(variable.states):
            rest = f"and {len(variable.states) - len(states)} less probable states"
            rows.append(["", rest, *[""] * (2 + known + was)])
    if not rows:
        return []
    heads = ["", "", "", *(["interval"] if known else []), "", *(["before"] if was else [])]
    note = left_out(len(variables), shown, "more variables; to_frame() has all")
    legend = [(BLUE, "probability"), *_marks(post, before)]
    return [Grid("Variables", heads, "wsn" + "n" * known + "t" + "n" * was, rows, legend=legend, note=note)]


def kept(states: Sequence[str], chances: Mapping[str, float]) -> list[str]:
    """The states, or of many the most probable ones in their order."""
    if len(states) <= MOST_STATES:
        return list(states)
    first = set(sorted(states, key=lambda state: -chances[state])[: MOST_STATES - 1])
    return [state for state in states if state in first]


def distribution_page(found: Distribution) -> Page:
    """The probability of each state as a bar."""
    rows = [(state, percent(p), Track(f"{state} {percent(p)}", ((0.0, p, BLUE),))) for state, p in found.items()]
    note = left_out(len(rows), MOST_ROWS, "more states")
    count = f"The probabilities of {len(rows)} state{'s' * (len(rows) != 1)}"
    return Page("", "", [Grid(count, ("", "", ""), "wnt", rows[:MOST_ROWS], note=note)])


def most_probable_page(found: Explanation) -> Page:
    """The state of every variable in the most probable joint state, the findings marked."""
    rows = [
        (
            name,
            state,
            "observed" if isinstance(found.evidence.get(name), str) else "uncertain" * (name in found.evidence),
        )
        for name, state in found.assignment.items()
    ]
    said = "; ".join(f"{name}={finding_text(finding)}" for name, finding in found.evidence.items()) or "nothing"
    chance = one_in(exp(found.log_posterior)) or percent(exp(found.log_posterior))
    title = "The most probable joint state of all variables"
    notes = [
        f"Its probability given the findings is {chance} (ln {found.log_posterior:.6g}); with them, "
        f"ln {found.log_probability:.6g}. Of single variables the posterior may favour other states."
    ]
    note = left_out(len(rows), MOST_ROWS)
    grid = Grid("", ("variable", "state", ""), "wws", rows[:MOST_ROWS], note=note)
    return Page(title, f"given {said}", [grid], notes, stamp(None, found.provenance))


def provenance_page(found: Provenance) -> Page:
    """The versions, one a line."""
    plain = found.as_dict()
    rows = [(key.replace("_", " "), v if isinstance(v, str) else "; ".join(v)) for key, v in plain.items()]
    return Page("Where a result comes from", "", [Grid("", ("", ""), "sw", rows)])
