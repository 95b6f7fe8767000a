"""What to ask next: one question, two questions ahead, the stopping rule, a step of the interview."""

from __future__ import annotations

import pytest

import spasmnet
from tests.benchmarks.conftest import Add, timed
from tests.benchmarks.report import Row

SHIPPED = "muscle_spasm"
CASE = {"spasm": "painful"}


@pytest.fixture(scope="module")
def engine() -> spasmnet.Engine:
    """The shipped network."""
    return spasmnet.compile(spasmnet.load(SHIPPED))


def test_next_question(engine: spasmnet.Engine, add: Add) -> None:
    """All open questions ranked, warm."""
    time = timed(lambda: spasmnet.next_question(engine, CASE), 20)
    add(Row("next question, all open questions ranked", SHIPPED, time, most_asked=0.005))


def test_two_questions_ahead(engine: spasmnet.Engine, add: Add) -> None:
    """The same with the best second question after each answer."""
    time = timed(lambda: spasmnet.next_question(engine, CASE, ahead=2), 9)
    add(Row("next question, two questions ahead", SHIPPED, time, most_asked=0.2))


def test_same_decision(engine: spasmnet.Engine, add: Add) -> None:
    """The same-decision probability over 30 hidden variables, from 500 draws."""
    add(Row("same-decision probability, 500 draws", SHIPPED, timed(lambda: spasmnet.same_decision(engine, CASE), 9)))


def test_interview_step(engine: spasmnet.Engine, add: Add) -> None:
    """A whole step with intervals and the stopping rule."""
    add(Row("a step of the interview", SHIPPED, timed(lambda: spasmnet.interview_step(engine, CASE), 9)))
