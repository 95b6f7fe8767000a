"""Many threads share one engine: every answer is bitwise the one that a single thread gets."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import numpy as np
import pandas as pd

import spasmnet
from spasmnet.errors import ImpossibleEvidenceError
from spasmnet.inference.engine import Engine
from tests import classic
from tests.soak.report import Report

NETWORKS = ("asia", "insurance", "alarm", "muscle_spasm")
THREADS = 8
QUESTIONS = 24  # of each round, asked by all threads, each in an order of its own
SWITCH = 1e-5  # seconds after which the interpreter lets another thread run: as often as it can

Ask = Callable[[Engine], bytes]


def run(seconds: float, seed: int) -> Report:
    """Rounds of questions to one network after another; a fresh engine each, whose lazy parts the threads race for."""
    report = Report("threads")
    end = time.monotonic() + seconds
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        for number in count():
            _round(report, np.random.default_rng([seed, number]), f"seed {seed}, round {number}")
            if time.monotonic() >= end:
                return report
    finally:
        sys.setswitchinterval(before)
    return report


def _round(report: Report, random: np.random.Generator, name: str) -> None:
    model = str(random.choice(NETWORKS))
    network = spasmnet.load() if model == "muscle_spasm" else classic.load(model)
    alone, shared = spasmnet.compile(network), spasmnet.compile(network)
    questions = [_question(network, random) for _ in range(QUESTIONS)]
    right = [ask(alone) for _, ask in questions]
    orders = [random.permutation(QUESTIONS).tolist() for _ in range(THREADS)]
    start = threading.Barrier(THREADS)

    def work(order: list[int]) -> list[tuple[int, bytes, float]]:
        start.wait()
        answers = []
        for i in order:
            begin = time.perf_counter()
            answers.append((i, questions[i][1](shared), time.perf_counter() - begin))
        return answers

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, order) for order in orders]:
            for i, answer, took in done.result():
                report.add(took, None if answer == right[i] else f"{name}: {model}, {questions[i][0]}: another answer")
    report.note("rounds")


def _question(network: spasmnet.Network, random: np.random.Generator) -> tuple[str, Ask]:
    evidence = _evidence(network, random)
    free = [name for name in network.names if name not in evidence]
    target = str(random.choice(free))
    state = str(random.choice(network.by_name[target].states))
    kind = str(random.choice(["posterior", "posterior", "table", "sensitivity", "most probable", "targeted", "joint"]))
    asked: dict[str, Callable[[Engine], Any]] = {
        "posterior": lambda engine: _numbers(engine.posterior(evidence)),
        "table": lambda engine: engine.posteriors(_cases(network, evidence), on_impossible="nan").to_numpy(),
        "sensitivity": lambda engine: spasmnet.parameter_sensitivity(engine, (target, state), evidence).functions,
        "most probable": lambda engine: list(engine.most_probable(evidence).assignment.values()),
        "targeted": lambda engine: [list(p.values()) for p in engine.posterior_of([target], evidence).values()],
        "joint": lambda engine: engine.joint(free[:2], evidence).to_numpy(),
    }

    def ask(engine: Engine) -> bytes:
        try:
            answer = asked[kind](engine)
        except ImpossibleEvidenceError as error:
            return repr(error.findings).encode()
        return answer.tobytes() if isinstance(answer, np.ndarray) else repr(answer).encode()

    return f"{kind} of {target} = {state} given {evidence}", ask


def _numbers(post: spasmnet.Posterior) -> list[Any]:
    return [post.log_evidence, *(tuple(distribution.items()) for distribution in post.values())]


def _evidence(network: spasmnet.Network, random: np.random.Generator) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable in network.variables:
        chance = random.random()
        if chance < 0.15:
            found[variable.name] = str(random.choice(variable.states))
        elif chance < 0.2:
            found[variable.name] = {state: float(random.random()) for state in variable.states}
    found.pop(str(random.choice(network.names)), None)  # one to ask about, at least
    return found if len(found) < len(network.names) - 2 else {}


def _cases(network: spasmnet.Network, evidence: dict[str, Any]) -> pd.DataFrame:
    """300 cases, of which each lacks some of the findings."""
    hard = {name: state for name, state in evidence.items() if isinstance(state, str)} or {
        network.names[0]: network.variables[0].states[0]
    }
    columns = {
        name: [state if (row >> (i % 8)) & 1 else None for row in range(300)]
        for i, (name, state) in enumerate(hard.items())
    }
    return pd.DataFrame(columns)
