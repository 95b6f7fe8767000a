"""Calibration: what the model answers where the literature has a figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, inf

from spasmnet.inference.engine import Engine
from spasmnet.validation.files import Target

States = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Verdict:
    """A target and the model's answer; `met` if it lies within the target's interval."""

    target: Target
    answer: float

    @property
    def met(self) -> bool:
        """Whether the answer lies in [low, high]."""
        return self.target.low <= self.answer <= self.target.high


def calibrate(engine: Engine, targets: Iterable[Target]) -> tuple[Verdict, ...]:
    """The model's answers to the targets, in their order."""
    return tuple(Verdict(target, answer(engine, target)) for target in targets)


def answer(engine: Engine, target: Target) -> float:
    """What the model says: P(event | given), or its ratio to P(event | against), or the ratio of their odds."""
    p = conditional(engine, target.event, target.given)
    if target.measure == "probability":
        return p
    q = conditional(engine, target.event, target.against)
    if target.measure == "odds_ratio":
        return p * (1 - q) / ((1 - p) * q) if q > 0 and p < 1 else inf
    return p / q if q > 0 else inf


def conditional(engine: Engine, event: States, given: States) -> float:
    """P(event | given), where each variable is in one of the named states."""
    both = {name: _common(event.get(name), given.get(name)) for name in {**event, **given}}
    if not all(both.values()):
        return 0.0
    return exp(_log_probability(engine, both) - _log_probability(engine, given))


def _common(first: tuple[str, ...] | None, second: tuple[str, ...] | None) -> tuple[str, ...]:
    if first is None or second is None:
        return first or second or ()
    return tuple(state for state in first if state in second)


def _log_probability(engine: Engine, states: States) -> float:
    by_name = engine.network.by_name
    return engine.log_evidence(
        {name: {s: float(s in allowed) for s in by_name[name].states} for name, allowed in states.items()}
    )
