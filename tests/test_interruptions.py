"""An interruption leaves nothing behind: wherever it strikes, later answers are bit for bit what they would have been."""

from __future__ import annotations

import gc
import pickle
import sys
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import spasmnet
from spasmnet import Engine
from spasmnet.inference.halves import side_by_side
from spasmnet.inference.rows import share
from tests.soak import interruptions

HERE = str(Path(spasmnet.__file__).parent)
RANDOM = np.random.default_rng(3)
NETWORK = interruptions.network(RANDOM, 8)
FIRST, SECOND, SOFT = (interruptions.findings(NETWORK, RANDOM, soft=soft) for soft in (False, False, True))
TARGET = next(name for name in NETWORK.names if name not in {**FIRST, **SECOND, **SOFT})
FRAME = interruptions.cases(NETWORK, RANDOM, 20)


class Interrupted(BaseException):
    """Stands for KeyboardInterrupt, which pytest would take for its own."""


def interrupted(ask: Callable[[], object], moment: int) -> bool:
    """Ask, and interrupt before a bytecode of the library, counted from 0; whether it got so far."""
    left = moment

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(HERE):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise Interrupted
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        ask()
    except Interrupted:
        return True
    finally:
        sys.settrace(before)
    return False


def everything(engine: Engine) -> list[object]:
    """Answers of several kinds."""
    return [interruptions.answer(engine, found) for found in (FIRST, {}, SECOND, SOFT)]


def by_circuit(engine: Engine) -> Engine:
    return engine


KINDS: dict[str, Callable[[Engine], Engine]] = {"by circuit": by_circuit, "directly": interruptions.directly}


@pytest.mark.parametrize("used", [False, True], ids=["new engine", "used engine"])
@pytest.mark.parametrize("kind", KINDS)
def test_at_every_bytecode_of_a_query(kind: str, used: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query is interrupted before each of its bytecodes, and at many where its memory is first made."""
    monkeypatch.setattr("spasmnet.inference.direct.FIRST_ROOM", 2)  # so that it has to grow
    stored = pickle.dumps(spasmnet.compile(NETWORK))
    engine = KINDS[kind](pickle.loads(stored))
    expected = everything(engine)
    for found in (FIRST, SOFT):
        moment, going_on = 0, True
        while going_on:
            if not used:
                engine = KINDS[kind](pickle.loads(stored))
            going_on = interrupted(partial(engine.posterior, found), moment)
            assert everything(engine) == expected, f"{kind}: interrupted before bytecode {moment}"
            moment += 1 if used else 13
        assert moment > 50


ASKED: dict[str, Callable[[Engine], object]] = {
    "table": lambda engine: interruptions.table(engine, FRAME),
    "joint": lambda engine: engine.joint([TARGET, NETWORK.names[0]], FIRST).to_numpy().tobytes(),
    "most probable": lambda engine: tuple(engine.most_probable(FIRST)),
    "sensitivity": lambda engine: interruptions.sensitivity(engine, (TARGET, "a"), FIRST),
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("kind", KINDS)
def test_at_many_bytecodes_of_the_others(kind: str, name: str) -> None:
    """So are tables, joints, explanations and sensitivity, which keep circuits, at dozens of moments each."""
    ask, stored = ASKED[name], pickle.dumps(spasmnet.compile(NETWORK))
    expected = ask(KINDS[kind](pickle.loads(stored))), everything(KINDS[kind](pickle.loads(stored)))
    bytecodes = 1
    while interrupted(lambda: ask(KINDS[kind](pickle.loads(stored))), bytecodes):
        bytecodes *= 2
    engine = KINDS[kind](pickle.loads(stored))
    for i, moment in enumerate(range(0, bytecodes, -(-bytecodes // 60))):
        if i % 10 == 0:
            engine = KINDS[kind](pickle.loads(stored))
        interrupted(partial(ask, engine), moment)
        assert (ask(engine), everything(engine)) == expected, f"{name}: interrupted before bytecode {moment}"


def test_compiling_is_begun_anew() -> None:
    """After compiling was interrupted, it gives the same engine."""
    expected = everything(spasmnet.compile(NETWORK))
    for moment in range(0, 20_000, 509):
        interrupted(lambda: spasmnet.compile(NETWORK), moment)
        if moment % (10 * 509) == 0:
            assert everything(spasmnet.compile(NETWORK)) == expected


class Memory:
    """Something that a thread works on."""


def test_a_thread_keeps_its_memory() -> None:
    """When one of two jobs is interrupted, the other's memory lives until that one is done."""
    begun, may_end = threading.Event(), threading.Event()
    memory = Memory()
    lives = weakref.ref(memory)

    def one() -> None:
        begun.wait()
        raise Interrupted

    def other() -> None:
        begun.set()
        may_end.wait()

    with pytest.raises(Interrupted):
        side_by_side(one, other, memory)
    del memory
    gc.collect()
    assert lives() is not None
    may_end.set()
    for _ in range(1000):
        if lives() is None:
            break
        time.sleep(0.01)
    assert lives() is None


def test_threads_stop_after_an_error() -> None:
    """When one thread of a table fails, the others take no more of it."""
    done: list[int] = []
    failed = threading.Event()

    def work(queue: Any) -> None:
        for i in queue:
            if i == 0:
                failed.set()
                raise Interrupted
            failed.wait()
            time.sleep(0.001)
            done.append(i)

    with pytest.raises(Interrupted):
        share(work, iter(range(100_000)), 2)
    assert len(done) < 50_000


def test_random_moments() -> None:
    """So it is with a timer's signal in a loop of questions of all kinds."""
    report = interruptions.run(3.0, 0)
    assert (report.wrong, report.errors) == (0, [])
    assert report.notes["compared"] > 0
