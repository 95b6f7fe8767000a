"""A network of which every text is hostile, and everything that can be asked of it, for tests of what people see."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np

import spasmnet
from spasmnet import Edge, Harm, Losses, Network, Parameter, Rule, Source, Table, Variable
from spasmnet.triage.guidance import Guidance

TEXTS = (
    "<script>window.hacked=1;alert(1)</script>",
    "\"><img src='http://evil.invalid/x.png' onerror='window.hacked=1'>",
    "'); alert(1); window.hacked=1; ('",
    "\u202eturned\u202c \u2067around\u2069 \u200f",
    "x" * 300,
    r"$\frac{a}{b}_c^d$ $\notacommand{",
    "line\nbreak\ttab\x00\x1b[2J\x07\u2028",
    "]]> -- --> <!-- --",
    "</svg></td></tr></table></div></body><h1>out</h1>",
    "<style>body{display:none;direction:rtl}</style>",
    "<a href='javascript:alert(1)'>&lt;b&gt; &amp; &#60;</a>",
    "\u05e9\u05dc\u05d5\u05dd \u0639\u0627\u0644\u0645 \u202b",
    "[red]bold[/red] %s {0} {{7*7}} \\x1b `rm`",
    "a_b_c=d | e ; \ufffe \ufeff",
    "<iframe src=http://evil.invalid></iframe><base href='http://evil.invalid/'>",
    "<svg onload=alert(1)><use href='http://evil.invalid/#a'/></svg>",
)
ROLES = ("risk_factor", "cause", "serious", "finding")
LEVELS = ("self_care", "routine", "urgent", "emergency")


def network(texts: tuple[str, ...] = TEXTS) -> Network:
    """Hostile texts as names, states, labels, questions, titles, sources, rules and all else that is shown."""
    names = [f"{_name(text)} {i}" for i, text in enumerate(texts)]
    texts = tuple(texts[i % len(texts)] for i in range(16))
    variables, cpds, edges = [], {}, []
    for i, name in enumerate(names):
        text, role = texts[i], ROLES[i % 4]
        states = (f"no {_name(text)}", _name(text))
        variables.append(
            Variable(name, states, label=name if i % 3 else "", question=text, role=role, description=text,
                     state_labels=(f"no {text}", text), modifiable=role == "risk_factor", cost=0.01)
        )  # fmt: skip
        parents = {"cause": [names[i - 1]], "serious": [names[i - 1]], "finding": names[i - 2 : i]}.get(role, [])
        shape = (2,) * len(parents)
        values, cited = [], {}
        for key in [()] if not parents else [(u,) for u in (0, 1)] if len(shape) == 1 else _pairs():
            chance = 0.1 + 0.2 * sum(key) + 0.01 * i
            values += [1 - chance, chance]
            cited[(*key, 1)] = Parameter(chance, chance / 2, min(1.5 * chance, 0.99), texts[i - 1], text, text)
            rest = 1 - chance
            cited[(*key, 0)] = Parameter(
                rest, 1 - min(1.5 * chance, 0.99), 1 - chance / 2, texts[i - 1], text, text, True
            )
        table = np.reshape(values, (*shape, 2))
        cpds[name] = Table(parents, table, cited)
        edges += [Edge(p, name, "literature" if i % 2 else "article", i % 5 == 0, source=text) for p in parents]
    when = {names[3]: (texts[3],)}
    return Network(
        variables, cpds, name=texts[0], version=texts[1], title=texts[8], description=texts[2], population=texts[3],
        intended_use=f"{texts[9]} research", license=texts[5], main_outcome=names[1], edges=edges,
        sources={text: Source(text, "review", text, authors=text, journal=text, url=text) for text in texts},
        guidance=Guidance(
            advice=(Rule(texts[0], {names[1]: (texts[1],)}, texts[0]), Rule("always", {}, texts[15])),
            red_flags=(Rule("flag", when, texts[1], "urgent", source=texts[0], suspects=(names[2],)),),
            losses=Losses(dict(zip(LEVELS, (0.0, 0.05, 0.1, 0.2), strict=True)), (
                Harm("harm", names[1], (texts[1],), dict(zip(LEVELS, (2.0, 0.5, 0.1, 0.0), strict=True))),
            )),
        ),
    )  # fmt: skip


def _name(text: str) -> str:
    """The text without what no name may have: control characters and lone surrogates."""
    return "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cs"))


def _pairs() -> list[tuple[int, int]]:
    return [(u, v) for u in (0, 1) for v in (0, 1)]


def shown() -> Iterator[tuple[str, Any]]:
    """Every kind of object that shows itself, of the hostile network."""
    import pandas as pd

    from spasmnet.triage.report import report
    from spasmnet.voi.summary import summary

    model = network()
    engine = spasmnet.compile(model)
    v = model.variables
    case = {
        v[3].name: v[3].states[1],
        v[7].name: dict(zip(v[7].states, (0.2, 0.8), strict=True)),
        v[8].name: v[8].states[1],
    }
    hard = {name: finding for name, finding in case.items() if isinstance(finding, str)}
    target = (v[1].name, v[1].states[1])
    post = engine.posterior(case, interval=0.9)
    yield from (("network", model), ("engine", engine), ("posterior", post), ("prior", engine.posterior()))
    yield from (("distribution", post[v[1].name]), ("most probable", engine.most_probable(case)))
    yield from (("provenance", post.provenance), ("report", report(engine, case, interval=0.9)))
    yield from (("drawing", model.draw()), ("beliefs", spasmnet.draw(post, around=v[1].name)))
    ps = spasmnet.parameter_sensitivity(engine, target, case)
    yield from (("parameter sensitivity", ps), ("function", next(iter(ps))))
    yield "log-odds", spasmnet.parameter_sensitivity(engine, target, case, measure="log_odds")
    yield "n-way", spasmnet.nway_sensitivity(engine, target, [(v[1].name, (0, 1)), (v[1].name, (1, 1))], case)
    cases = pd.DataFrame({v[3].name: [v[3].states[1], None], v[8].name: [v[8].states[0], v[8].states[1]]})
    yield "population", spasmnet.population_sensitivity(engine, target, cases)
    for bound in (post[v[1].name][v[1].states[1]] * 1.1, 0.999999):
        yield "tuning", spasmnet.tune(engine, target, case, at_least=bound)
    yield "table", spasmnet.tune_table(engine, v[1].name, target, at_least=0.3)
    yield "intervals", spasmnet.credible_intervals(engine, case, targets=[v[1].name, v[2].name], draws=200)
    yield "sobol", spasmnet.sobol_indices(engine, target, hard, samples=8)
    yield "robustness", spasmnet.decision_robustness(engine, hard, draws=50)
    yield "evidence sensitivity", spasmnet.evidence_sensitivity(engine, target, case)
    yield "evidence sensitivity of a variable", spasmnet.evidence_sensitivity(engine, v[1].name, case)
    yield "evidence in cases", spasmnet.evidence_sensitivity(engine, target, cases)
    yield "explanation", spasmnet.explain(engine, target, case)
    yield "what if", spasmnet.what_if(engine, target, hard, draws=100)
    ranking = spasmnet.next_question(engine, hard)
    yield from (("ranking", ranking), ("question", ranking.best))
    yield "same decision", spasmnet.same_decision(engine, hard, samples=20)
    step = spasmnet.interview_step(engine, [*hard.items(), (v[0].name, None)])
    yield from (("step", step), ("interview", summary(engine, step)))
    fault = spasmnet.interview_step(engine, {v[3].name: v[3].states[1]}, interval=None)
    yield "step without intervals", fault
