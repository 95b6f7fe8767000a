"""Random networks of every kind, also with numbers down to 1e-307 and likelihoods to 1e±300, beside an oracle.

The oracle is enumeration in extended precision, with an exponent beside the whole joint distribution. Every way of
answering is asked: one case by circuit and directly, tables small and specialised, chosen targets, without a circuit,
the joint, the most probable explanation, and parameter sensitivity.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import spasmnet
from spasmnet import Deterministic, Engine, ImpossibleEvidenceError, Network, NoisyMax, Table, Variable
from spasmnet.inference.table import solve_rows
from spasmnet.inference.targeted import targeted_posterior
from spasmnet.model.cpd import CPD
from tests import enumeration
from tests.soak.report import Report
from tests.strategies import extreme_rows, rows

Floats = NDArray[np.float64]
RELATIVE = 1e-10
LEAST = 1e-320  # a float below has hardly a digit
LN2 = float(np.log(np.longdouble(2)))


def run(seconds: float, seed: int) -> Report:
    """Draw networks for so long, and ask each in every way; errors are told by the seeds that `faults` takes."""
    end, counts, report = time.perf_counter() + seconds, Counter[str](), Report("networks")
    while time.perf_counter() < end:
        begin, one = time.perf_counter(), report.tried
        told = [f"({seed}, {one}) {kind}: {what}" for kind, what in faults(seed, one, counts)]
        report.add(time.perf_counter() - begin, "; ".join(told) or None)
    for name in ("answers", "impossible"):
        report.note(name, counts[name])
    return report


def faults(seed: int, one: int, counts: Counter[str]) -> list[tuple[str, str]]:
    """What is wrong with the answers about one random network: wrong, nan or exceptions, and which answer."""
    random = np.random.default_rng([seed, one])
    asked = network(random)
    evidence = findings(asked, random)
    values, power = enumeration.scaled_joint(asked, evidence)
    total = values.sum()
    found: list[tuple[str, str]] = []
    engine = spasmnet.compile(asked)
    truth = None
    if total > 0:
        truth = {v.name: (enumeration.marginal(asked, values, [v.name]) / total).astype(float) for v in asked.variables}
        truth[""] = np.array([float(np.log(total)) + power * LN2])
    else:
        counts["impossible"] += 1
    for name, way in WAYS.items():
        try:
            answers = way(engine, evidence, random)
        except ImpossibleEvidenceError:
            answers = None
        except Exception:
            found.append(("exceptions", f"{name}: {traceback.format_exc(limit=-3, chain=False)}"))
            continue
        counts["answers"] += 1
        found += [(kind, f"{name}: {what}") for kind, what in _differences(answers, truth)]
    if truth is not None:
        for name, check in CHECKS.items():
            try:
                counts["answers"] += 1
                found += [(kind, f"{name}: {what}") for kind, what in check(engine, evidence, values, power, random)]
            except Exception:
                found.append(("exceptions", f"{name}: {traceback.format_exc(limit=-3, chain=False)}"))
    return found


def _differences(answers: dict[str, Floats] | None, truth: dict[str, Floats] | None) -> list[tuple[str, str]]:
    if answers is None or truth is None:
        return [] if answers is truth else [("wrong", f"impossible or not: {answers} for {truth}")]
    found = []
    for name, row in answers.items():
        if not np.isfinite(row).all():
            found.append(("nan", f"{name} {row}"))
        elif name == "":
            if abs(row[0] - truth[name][0]) > RELATIVE * max(1.0, abs(truth[name][0])):
                found.append(("wrong", f"ln P(e) {row} for {truth[name]}"))
        elif not close(row, truth[name]):
            found.append(("wrong", f"{name} {row} for {truth[name]}"))
    return found


def close(row: Any, expected: Any) -> bool:
    """Whether all numbers agree to ten digits, as far as floats have them."""
    return bool((np.abs(np.asarray(row) - expected) <= RELATIVE * np.abs(expected) + LEAST).all())


# ------------------------------------------------------------------ ways of answering


def _posterior(engine: Engine, evidence: Mapping[str, Any]) -> dict[str, Floats]:
    post = engine.posterior(evidence)
    rows_ = {name: np.array(list(post[name].values())) for name in engine.network.names}
    return {**rows_, "": np.array([post.log_evidence])}


def one_case(engine: Engine, evidence: Mapping[str, Any], random: np.random.Generator) -> dict[str, Floats]:
    """By the engine's own choice."""
    return _posterior(engine, evidence)


def directly(engine: Engine, evidence: Mapping[str, Any], random: np.random.Generator) -> dict[str, Floats]:
    """By direct elimination where that is allowed."""
    again = Engine(engine.network, engine._order, engine.compiled, engine.plan)
    again._small = 0 if again.plan.depth.extended else 10**6
    return _posterior(again, evidence)


def without_a_circuit(engine: Engine, evidence: Mapping[str, Any], random: np.random.Generator) -> dict[str, Floats]:
    """As for a network whose circuit is too large."""
    return _posterior(Engine(engine.network, engine._order, None, engine.plan), evidence)


def chosen_targets(engine: Engine, evidence: Mapping[str, Any], random: np.random.Generator) -> dict[str, Floats]:
    """By contraction of what the targets need."""
    names = random.permutation(engine.network.names)[: random.integers(1, 4)].tolist()
    found, log_total = targeted_posterior(engine.network, names, evidence, 10**8)
    if log_total == -np.inf:
        raise ImpossibleEvidenceError({})
    return {**found, "": np.array([log_total])}


def _table(engine: Engine, evidence: Mapping[str, Any], targets: list[str], count: int) -> dict[str, Floats] | None:
    hard = {name: finding for name, finding in evidence.items() if isinstance(finding, str)}
    if len(hard) < len(evidence):
        return _posterior(engine, evidence)  # tables hold states
    if not hard:
        return _posterior(engine, evidence)
    frame = pd.DataFrame([hard] * count)
    answers = engine.posteriors(frame, targets)
    return {name: answers[name].to_numpy()[-1] for name in targets}


def small_table(engine: Engine, evidence: Mapping[str, Any], random: np.random.Generator) -> dict[str, Floats] | None:
    """A row of a small table."""
    return _table(engine, evidence, list(engine.network.names), 2)


def other_rows(engine: Engine, evidence: Mapping[str, Any], random: np.random.Generator) -> dict[str, Floats]:
    """A row of a table of many different cases, large enough for a circuit of its own."""
    hard = {name: finding for name, finding in evidence.items() if isinstance(finding, str)}
    network = engine.network
    if len(hard) < len(evidence) or not hard or random.random() < 0.7:
        return _posterior(engine, evidence)
    columns = [network.names.index(name) for name in hard]
    sizes = [len(network.variables[i].states) for i in columns]
    codes = np.stack([random.integers(-1, n, 1100) for n in sizes], axis=1).astype(np.int16)
    codes[700] = [network.by_name[name].state_index(state) for name, state in hard.items()]
    target = int(random.integers(len(network)))
    found, log_evidence = solve_rows(engine, codes, columns, [target], 1)
    if np.isneginf(log_evidence[700]):
        raise ImpossibleEvidenceError(hard)
    return {network.names[target]: found[700], "": log_evidence[700:701]}


WAYS: dict[str, Callable[..., Any]] = {
    "one case": one_case,
    "directly": directly,
    "without a circuit": without_a_circuit,
    "chosen targets": chosen_targets,
    "small table": small_table,
    "large table": other_rows,
}
Faults = list[tuple[str, str]]


def joint(engine: Engine, evidence: Mapping[str, Any], values: Any, power: int, random: np.random.Generator) -> Faults:
    """The joint of some variables."""
    names = random.permutation(engine.network.names)[: random.integers(1, 4)].tolist()
    found = engine.joint(names, evidence).to_numpy()
    expected = (enumeration.marginal(engine.network, values, names) / values.sum()).astype(float).ravel()
    if not np.isfinite(found).all():
        return [("nan", f"{names} {found}")]
    return [] if close(found, expected) else [("wrong", f"{names} {found} for {expected}")]


def most_probable(
    engine: Engine, evidence: Mapping[str, Any], values: Any, power: int, random: np.random.Generator
) -> Faults:
    """The most probable joint state."""
    assignment, log_p = engine.most_probable(evidence)
    at = tuple(engine.network.by_name[name].states.index(state) for name, state in assignment.items())
    best = float(np.log(values.max())) + power * LN2
    wrong = abs(log_p - best) > RELATIVE * max(1.0, abs(best)) or values[at] < values.max() * (1 - RELATIVE)
    return [("wrong", f"{assignment} {log_p} for {best}")] if wrong else []


def sensitivity(
    engine: Engine, evidence: Mapping[str, Any], values: Any, power: int, random: np.random.Generator
) -> Faults:
    """Every number's function at its present value, and nothing that is no number."""
    free = [v for v in engine.network.variables if not isinstance(evidence.get(v.name), str) and len(v.states) > 1]
    if not free:
        return []
    variable = free[random.integers(len(free))]
    found = spasmnet.parameter_sensitivity(engine, (variable.name, variable.states[-1]), evidence)
    expected = float(enumeration.marginal(engine.network, values, [variable.name])[-1] / values.sum())
    if not close(found.answer, expected):
        return [("wrong", f"answer {found.answer} for {expected}")]
    if not (np.isfinite(found.coefficients[0]).all() and np.isfinite(found.derivatives).all()):
        return [("nan", f"{variable.name}={variable.states[-1]}")]
    frame = found.frame
    empty = frame[["alpha", "beta", "gamma", "delta", "derivative", "minimum", "maximum"]].isna().any(axis=1)
    return [("nan", f"{frame.index[empty.to_numpy()].tolist()}")] if empty.any() else []


CHECKS: dict[str, Callable[..., Faults]] = {
    "joint": joint,
    "most probable": most_probable,
    "parameter sensitivity": sensitivity,
}


# ------------------------------------------------------------------ networks


def network(random: np.random.Generator) -> Network:
    """Up to seven variables of up to four states; ordinary numbers, extreme ones, or both."""
    variables = [
        Variable(f"v{i}", tuple("abcd"[: 1 + random.choice(4, p=[0.05, 0.5, 0.3, 0.15])]))
        for i in range(random.integers(1, 8))
    ]
    extreme = float(random.choice([0.0, 0.3, 1.0], p=[0.2, 0.4, 0.4]))
    cpds = {}
    for i, variable in enumerate(variables):
        parents = [variables[j] for j in random.permutation(i)[: random.integers(0, 5)].tolist()]
        cpds[variable.name] = _cpd(random, variable, parents, extreme)
    return Network(tuple(variables[i] for i in random.permutation(len(variables))), cpds, name="random")


def _cpd(random: np.random.Generator, variable: Variable, parents: list[Variable], extreme: float) -> CPD:
    names, sizes, states = [p.name for p in parents], [len(p.states) for p in parents], len(variable.states)

    def drawn(*shape: int) -> Floats:
        return (extreme_rows if random.random() < extreme else rows)(random, shape)

    kind = random.integers(5)
    if kind == 0:
        return Deterministic(names, random.integers(0, states, sizes), states)
    if kind <= 2 and parents:
        links = [drawn(size, states) for size in sizes]
        for link in links:
            link[0] = np.eye(states)[0]
        return NoisyMax(names, drawn(states), links)
    return Table(names, drawn(*sizes, states))


def findings(asked: Network, random: np.random.Generator) -> dict[str, Any]:
    """States and likelihoods of some variables; the likelihoods from 1e-300 to 1e300."""
    found: dict[str, Any] = {}
    soft = random.random() < 0.5
    for variable in asked.variables:
        draw = random.random()
        if draw < 0.35:
            found[variable.name] = str(random.choice(variable.states))
        elif draw < 0.6 and soft:
            spread = float(random.choice([1.0, 30.0, 299.0]))
            top = random.uniform(spread - 300, 300)
            values = 10.0 ** (top - random.uniform(0, spread, len(variable.states)))
            values[random.random(len(values)) < 0.15] = 0.0
            if values.any():
                found[variable.name] = dict(zip(variable.states, values.tolist(), strict=True))
    return found
