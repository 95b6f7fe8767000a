"""Words for variables, states, findings and numbers, as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, isinf, log10
from typing import Any

from spasmnet.model.network import Network, Variable


def percent(probability: float) -> str:
    """A probability for people; never 0 % or 100 % unless it is exactly that.

    >>> percent(0.256), percent(0.00001), percent(0.99999), percent(0.0)
    ('26%', '<0.1%', '>99.9%', '0%')
    """
    if probability in (0.0, 1.0):
        return f"{probability:.0%}"
    if probability < 0.001:
        return "<0.1%"
    if probability > 0.999:
        return ">99.9%"
    return f"{probability:.1%}" if probability < 0.0995 or probability > 0.9905 else f"{probability:.0%}"


def one_in(probability: float, below: float = 0.01) -> str:
    """A probability under `below` as a frequency with two digits; empty where a percentage says enough.

    >>> one_in(0.00012), one_in(0.3), one_in(1e-12), one_in(0.0)
    ('1 in 8,300', '', 'under 1 in a billion', 'impossible')
    """
    if probability == 0:
        return "impossible"
    if probability >= below:
        return ""
    if probability < 1e-9:
        return "under 1 in a billion"
    count = 1 / probability
    return f"1 in {round(count, 1 - floor(log10(count))):,.0f}"


def between(interval: tuple[float, float], *, rare: bool = False) -> str:
    """An interval for people: in percent, or (rare) in frequencies.

    >>> between((0.081, 0.17)), between((0.21, 0.44)), between((1e-5, 2e-4), rare=True)
    ('8.1-17%', '21-44%', '1 in 100,000 to 5,000')
    """
    if rare:
        first, last = (one_in(p, below=0.1) or percent(p) for p in interval)
        return first if first == last else f"{first} to {last.removeprefix('1 in ')}"
    first, last = map(percent, interval)
    return first if first == last else f"{first.removesuffix('%')}-{last}"


def plain(text: str) -> str:
    """A text from a model file without control characters, which a terminal might obey."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def name_of(variable: Variable) -> str:
    """A variable's label, or its name."""
    return plain(variable.label or variable.name)


def state_of(variable: Variable, state: str) -> str:
    """A state's label, or its name."""
    return plain(variable.state_label(state))


def finding_text(finding: Any, variable: Variable | None = None) -> str:
    """A finding in words: the state, or the likelihoods; with labels if the variable is given."""
    if isinstance(finding, Mapping):
        words = [f"{state_of(variable, s) if variable else s} {value:g}" for s, value in finding.items()]
        return "likelihood " + ", ".join(words)
    return state_of(variable, finding) if variable else str(finding)


def said(network: Network, name: str, finding: Any) -> str:
    """A finding in words: the variable and its state."""
    variable = network.by_name[name]
    return f"{name_of(variable)}: {finding_text(finding, variable)}"


def given(network: Network, evidence: Mapping[str, Any]) -> str:
    """The findings in words, or "nothing"."""
    return "; ".join(said(network, name, finding) for name, finding in evidence.items()) or "nothing"


def number(value: float) -> str:
    """A number with three significant digits.

    >>> number(0.12345), number(-1234.5), number(float("inf"))
    ('0.123', '-1,230', '∞')
    """
    if isinf(value):
        return "∞" if value > 0 else "-∞"
    if abs(value) >= 1e6:
        return f"{value:.3g}"
    return f"{float(f'{value:.3g}'):,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def share(probability: float) -> str:
    """A percentage with three digits of what is rarer, the event or its absence; 0% and 100% only if exactly so.

    >>> share(0.04293), share(0.7432), share(0.99999), share(1e-9), share(1.0)
    ('4.29%', '74.3%', '99.99900%', '1e-07%', '100%')
    """
    if not 0.5 < probability < 1:
        return f"{100 * probability:.3g}%"
    digits = 2 - floor(log10(100 * (1 - probability)) + 1e-9)  # a power of ten may be a rounding below itself
    return f"{100 * probability:.{digits}f}%" if digits < 9 else ">99.999999%"


def event_of(variable: Variable, states: Sequence[str]) -> str:
    """What a probability in one number is of: with the states, unless the variable's role says which one is neutral."""
    words = name_of(variable)
    return words if variable.role else f"{words}: {' or '.join(state_of(variable, state) for state in states)}"
