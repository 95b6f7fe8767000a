"""Interruptions at random moments of queries, tables, compiling and sensitivity: all later answers are the right ones."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd

import spasmnet
from spasmnet import Engine, Network, Table, Variable
from tests.soak.report import Report
from tests.strategies import rows

CHECKS = 3  # questions asked after each interruption


def run(seconds: float, seed: int) -> Report:
    """Interrupt questions for so long, and compare later answers with those of before.

    The questions and their order are those of the seed; the moments are the clock's. Only for a process's main thread,
    since signals interrupt no other.
    """
    random = np.random.default_rng(seed)
    asked = questions(random)
    names = list(asked)
    expected, usual = {}, {}
    for name, ask in asked.items():
        expected[name] = ask()
        begin = time.perf_counter()
        ask()
        usual[name] = time.perf_counter() - begin
    report = Report("interruptions")
    timer = Timer()
    before = signal.signal(signal.SIGALRM, timer.strike)
    try:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            name = names[random.integers(len(names))]
            begin, wrong = time.perf_counter(), None
            if not timer.interrupted(asked[name], usual[name] * float(random.random()) * 1.2):
                report.note("too late")
            for i in random.integers(len(names), size=CHECKS).tolist():
                if usual[names[i]] < 0.05 or random.random() < 0.02:
                    report.note("compared")
                    if asked[names[i]]() != expected[names[i]]:
                        wrong = f"after an interrupted {name}, {names[i]} differs"
            report.add(time.perf_counter() - begin, wrong)
    finally:
        signal.signal(signal.SIGALRM, before)
    return report


class Timer:
    """Interrupts what is being asked; a signal that comes late, when nothing is asked any more, does nothing."""

    def __init__(self) -> None:
        self._asking = False

    def strike(self, _number: int, _frame: FrameType | None) -> None:
        """The signal's handler."""
        if self._asking:
            raise KeyboardInterrupt

    def interrupted(self, ask: Callable[[], object], delay: float) -> bool:
        """Ask, and interrupt after a while; whether there was still something to interrupt.

        Python's own locks may turn the interruption into a RuntimeError when it strikes them, which counts as well.
        """
        try:
            try:
                self._asking = True
                signal.setitimer(signal.ITIMER_REAL, max(delay, 1e-6))
                ask()
            finally:
                self._asking = False
                signal.setitimer(signal.ITIMER_REAL, 0)
        except (KeyboardInterrupt, RuntimeError) as error:
            self._asking = False
            return isinstance(error, KeyboardInterrupt) or isinstance(error.__context__, KeyboardInterrupt)
        return False


def questions(random: np.random.Generator) -> dict[str, Callable[[], object]]:
    """Questions of every kind to engines of every kind; the answers of each compare equal, bit for bit."""
    shipped = spasmnet.load()
    small = network(random, 12)
    engines = {
        "shipped": spasmnet.compile(shipped),
        "small": spasmnet.compile(small),
        "directly": directly(spasmnet.compile(small)),
    }
    found: dict[str, Callable[[], object]] = {"compile": lambda: answer(spasmnet.compile(small), {})}
    for kind, engine in engines.items():
        for i in range(4):
            found[f"{kind} {i}"] = _asked(answer, engine, findings(engine.network, random, soft=i == 3))
        case = findings(engine.network, random)
        free = [name for name in engine.network.names if name not in case]
        target = engine.network.by_name[free[0]]
        found[f"{kind} table"] = _asked(table, engine, cases(engine.network, random, 300))
        found[f"{kind} joint"] = _asked(lambda e, c, n: e.joint(n, c).to_numpy().tobytes(), engine, case, free[:2])
        found[f"{kind} most probable"] = _asked(lambda e, c: tuple(e.most_probable(c)), engine, case)
        found[f"{kind} sensitivity"] = _asked(sensitivity, engine, (target.name, target.states[-1]), case)
    return found


def _asked(ask: Callable[..., object], *arguments: Any) -> Callable[[], object]:
    return lambda: ask(*arguments)


def answer(engine: Engine, evidence: Mapping[str, Any]) -> object:
    """One case: ln P(e) and every posterior."""
    try:
        post = engine.posterior(evidence)
    except spasmnet.ImpossibleEvidenceError as error:
        return dict(error.findings)
    return post.log_evidence, [list(post[name].values()) for name in engine.network.names], dict(post.evidence)


def table(engine: Engine, frame: pd.DataFrame) -> bytes:
    """A table of cases."""
    return bytes(engine.posteriors(frame, on_impossible="nan").to_numpy().tobytes())


def sensitivity(engine: Engine, target: tuple[str, str], evidence: Mapping[str, Any]) -> object:
    """Every number's function."""
    found = spasmnet.parameter_sensitivity(engine, target, evidence)
    return found.answer, found.coefficients[0].tobytes(), found.derivatives.tobytes()


def directly(engine: Engine) -> Engine:
    """The engine, made to eliminate every case directly, beginning with hardly any room."""
    engine._small = 10**6
    return engine


def network(random: np.random.Generator, count: int) -> Network:
    """Variables that have up to three of the four before them as parents."""
    variables = [Variable(f"v{i}", tuple("abc"[: 2 + i % 2])) for i in range(count)]
    cpds = {}
    for i, variable in enumerate(variables):
        near = variables[max(0, i - 4) : i]
        parents = [near[j] for j in sorted(random.permutation(len(near))[:3].tolist())]
        shape = (*(len(parent.states) for parent in parents), len(variable.states))
        cpds[variable.name] = Table([parent.name for parent in parents], rows(random, shape, True))
    return Network(variables, cpds)


def findings(asked: Network, random: np.random.Generator, soft: bool = False) -> dict[str, Any]:
    """States of a few variables; the last as likelihoods if `soft`."""
    chosen = random.permutation(asked.names)[: random.integers(1, 6)].tolist()
    found: dict[str, Any] = {name: str(random.choice(asked.by_name[name].states)) for name in chosen}
    if soft:
        states = asked.by_name[chosen[-1]].states
        found[chosen[-1]] = dict(zip(states, random.random(len(states)).tolist(), strict=True))
    return found


def cases(asked: Network, random: np.random.Generator, count: int) -> pd.DataFrame:
    """A table of findings."""
    return pd.DataFrame([findings(asked, random) for _ in range(count)])
