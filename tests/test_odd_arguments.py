"""Whatever is given to whatever is public: a SpasmnetError with a short message, or an answer."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spasmnet
from spasmnet import Deterministic, Network, NoisyMax, Parameter, SpasmnetError, Table, Variable

MOST = 8_000  # characters of a message


class Hostile:
    """An object of which nothing can be asked."""

    def _refuse(self, *_: object) -> Any:
        raise RuntimeError("hostile")

    __repr__ = __str__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __float__ = __index__ = _refuse  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = __add__ = __contains__ = __getitem__ = __fspath__ = _refuse  # type: ignore[assignment]


class Shy(Hostile):
    """One that can be compared and hashed, but not shown."""

    __eq__ = object.__eq__  # type: ignore[assignment]
    __hash__ = object.__hash__


class Long:
    """An object with a long text."""

    def __repr__(self) -> str:
        return "x" * 100_000


ODD: dict[str, Any] = {
    "None": None, "NA": pd.NA, "nan": math.nan, "inf": math.inf, "True": True, "-1": -1, "1.5": 1.5, "10**5000": 10**5000,
    "-10**400": -(10**400), "1j": 1j, "decimal": Decimal("NaN"), "numpy nan": np.float32("nan"),
    "array": np.array([1.0, math.nan]), "objects": np.array([None, "x"], dtype=object), "text": "no such thing", "": "",
    "null": "a\0b", "surrogate": "\ud800", "long text": "y" * 100_000, "bytes": b"\xff\0", "list": [1, None, "x"], "[[]]": [[]],
    "()": (), "pair": ("b", "much"), "long pair": ("b" * 10**5, "x" * 10**5), "long list": ["z" * 100] * 2_000, "{}": {},
    "mapping": {"a": "yes", 1: 2, None: None}, "long key": {"k" * 100_000: "v" * 100_000}, "hostile key": {Shy(): Shy()},
    "likelihood": {"a": {"no": 10**5000, "yes": Shy()}}, "nan likelihood": {"a": {"no": math.nan, "yes": pd.NA}},
    "function": len, "class": int, "series": pd.Series([1, 2]), "frame": pd.DataFrame({"a": ["yes", None], 7: [1, 2]}),
    "hostile": Hostile(), "shy": Shy(), "long": Long(), "hostile list": [Hostile()], "shy list": [Shy(), Long()],
    "hostile values": {"a": Hostile()}, "long values": {"a": Long()},
}  # fmt: skip


@cache
def engine() -> spasmnet.Engine:
    network = Network(
        [Variable("a", ("no", "yes")), Variable("b", ("none", "some", "much"), role="cause"), Variable("c", ("no", "yes"), question="c?")],
        {
            "a": Table((), [0.7, 0.3], {(1,): Parameter(0.3, 0.2, 0.4, "guess"), (0,): Parameter(0.7, 0.6, 0.8, "guess", complement=True)}),
            "b": NoisyMax(("a",), [0.8, 0.15, 0.05], ([[1, 0, 0], [0.5, 0.3, 0.2]],)),
            "c": Deterministic(("b",), [0, 0, 1], 2),
        },
        sources={"guess": spasmnet.Source("guess", "assumption", "A guess")},
    )  # fmt: skip
    return spasmnet.compile(network)


def usual() -> dict[str, Any]:
    """An argument that is fine, by the name of the parameter."""
    model = engine().network
    return {
        "engine": engine(), "network": model, "p": model, "q": model, "first": model, "second": model, "other": model,
        "post": engine().posterior(), "posterior": engine().posterior(), "evidence": {"a": "yes"}, "findings": {"a": "yes"},
        "target": ("b", "much"), "targets": ["b"], "variable": "b", "variables": ["b"], "numbers": [("a", (1,))],
        "frame": pd.DataFrame({"a": ["yes"]}), "cases": pd.DataFrame({"a": ["yes"]}), "question": {"contract": 1, "evidence": {}},
        "error": ValueError("x"), "name": "question", "path": "nowhere.bif", "n": 2, "size": 2, "count": 2, "draws": 10, "samples": 4,
        "at_least": 0.3, "edge": ("a", "b"), "parent": "a", "child": "b", "answers": {}, "interventions": {"a": "yes"}, "do": {"a": "yes"},
        "rng": np.random.default_rng(1), "hidden": ["c"], "model": None, "source": model, "what": model, "parameters": [("a", (1,))], "before": model, "after": model,
        "cause": ("a", "yes"), "effect": "b", "distance": 0.1, "place": ("a", (1,)),
    }  # fmt: skip


LEVELS = ("self_care", "routine", "urgent", "emergency")
PARTS: dict[str, dict[str, Any]] = {  # what the parts of a network are made of
    "Network": {"variables": [Variable("a", ("no", "yes"))], "cpds": {"a": Table((), [0.5, 0.5])}},
    "Variable": {"name": "a", "states": ("no", "yes")},
    "Table": {"parents": (), "values": [0.5, 0.5]},
    "NoisyMax": {"parents": ("a",), "leak": [0.8, 0.2], "links": ([[1, 0], [0.5, 0.5]],)},
    "Deterministic": {"parents": ("a",), "outcome": [0, 1], "states": 2},
    "Source": {"key": "x", "kind": "expert", "title": "X"},
    "Edge": {"parent": "a", "child": "b", "basis": "article"},
    "Rule": {"id": "x", "when": {"a": ("yes",)}, "text": "do"},
    "Losses": {"burden": dict.fromkeys(LEVELS, 1.0), "harms": ()},
    "Harm": {"id": "x", "variable": "a", "states": ("yes",), "loss": dict.fromkeys(LEVELS, 1.0)},
    "sample": {"cases": 2},
    "tune": {"at_least": 0.3},
    "tune_table": {"variable": "a", "at_least": 0.3},
    "cd_bound": {"p": 0.3, "distance": 0.1},
    "change_distance": {"value": 0.4},
    "Parameter": {"value": 0.3, "low": 0.2, "high": 0.4, "source": "x"},
}
RESULTS = ("CPD", "Engine", "Posterior", "Explanation", "Provenance", "Drawing", "Report", "Care")  # never made by hand
METHODS = ("posterior", "posterior_of", "log_evidence", "posteriors", "joint", "most_probable", "reports")


def callables() -> dict[str, Callable[..., Any]]:
    """Every public function and the engine's methods."""
    found = {
        name: getattr(spasmnet, name)
        for name in spasmnet.__all__
        if name not in RESULTS and callable(getattr(spasmnet, name)) and not name.endswith(("Error", "Warning"))
    }
    found.pop("Problem")
    return found | {f"Engine.{name}": getattr(engine(), name) for name in METHODS}


def questions() -> Iterator[tuple[str, str]]:
    for name, function in callables().items():
        for parameter in inspect.signature(function).parameters:
            yield name, parameter


def arguments(name: str, function: Callable[..., Any], tmp_path: Path) -> dict[str, Any]:
    """Arguments that are fine for what a function must be given."""
    fine = {**usual(), **PARTS.get(name, {})}
    needed = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    chosen = {p.name: fine[p.name] for p in needed} | PARTS.get(name, {})
    if name in ("write", "explorer_page") and "path" in chosen:
        chosen["path"] = tmp_path / "x.bif"
    return chosen


def fault(function: Callable[..., Any], chosen: dict[str, Any]) -> str | None:
    """What is wrong with how a function takes its arguments; None if nothing is."""
    try:
        function(**chosen)
    except SpasmnetError as error:
        try:
            text = str(error)
        except Exception as another:
            return f"the message of {type(error).__name__} cannot be shown: {type(another).__name__}"
        return None if len(text) <= MOST else f"a message of {len(text):,} characters: {text[:80]}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:100]}"
    return None


@pytest.mark.parametrize(("name", "parameter"), list(questions()))
@pytest.mark.filterwarnings("ignore")
def test_odd_arguments(name: str, parameter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each argument in turn is something that nobody would give."""
    monkeypatch.chdir(tmp_path)
    function = callables()[name]
    chosen = arguments(name, function, tmp_path)
    faults = {kind: fault(function, {**chosen, parameter: odd}) for kind, odd in ODD.items()}
    assert not {kind: told for kind, told in faults.items() if told}
