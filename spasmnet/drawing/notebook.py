"""What a notebook shows of a network or an engine: its picture, and the same facts in words for a terminal."""

from __future__ import annotations

from typing import Any

from spasmnet.display import NOTICE, ROLE_TITLES, name_of, plain, state_of
from spasmnet.drawing.draw import draw
from spasmnet.drawing.text import safe
from spasmnet.engine import Engine
from spasmnet.network import Network, Variable
from spasmnet.posterior import Provenance

LINE = 100  # characters of a line in a terminal
MOST_LISTED = 120  # variables named in a terminal


def bundle(shown: Any) -> dict[str, str]:
    """The representations of a network or an engine by media type, for IPython."""
    network = shown.network if isinstance(shown, Engine) else shown
    return {"text/plain": in_words(network, shown), "text/html": in_html(network, shown)}


def in_words(network: Network, shown: Network | Engine) -> str:
    """The variables with their states, by role where they have one, for a terminal."""
    lines = [plain(repr(shown))]
    if network.title:
        lines.append(plain(network.title))
    for heading, variables in _groups(network):
        lines += ["", heading]
        lines += [f"  {_shortened(_variable_words(v))}" for v in variables]
    left = len(network) - MOST_LISTED
    if left > 0:
        lines.append(f"  and {left:,} more")
    return "\n".join([*lines, "", f"{plain(str(Provenance.of(network)))}. {plain(network.intended_use) or NOTICE}"])


def in_html(network: Network, shown: Network | Engine) -> str:
    """The picture, and beneath it what answers questions and where the network comes from."""
    facts = [_engine_words(shown)] if isinstance(shown, Engine) else []
    facts += [plain(network.intended_use) or NOTICE, plain(str(Provenance.of(network)))]
    notes = "<br>".join(map(safe, facts))
    return f'{draw(shown)._repr_html_()}<div style="opacity:.65;font-size:85%;margin-top:.5em">{notes}</div>'


def _groups(network: Network) -> list[tuple[str, list[Variable]]]:
    """The first variables in declared order, those with a role under its title."""
    listed = network.variables[:MOST_LISTED]
    titles = {role: ROLE_TITLES[role] for role in ("risk_factor", "cause", "serious", "finding")}
    found = [(title, [v for v in listed if v.role == role]) for role, title in titles.items()]
    found.append(("Variables", [v for v in listed if v.role not in titles]))
    return [(title, variables) for title, variables in found if variables]


def _variable_words(variable: Variable) -> str:
    label = name_of(variable)
    name = f"{plain(variable.name)} ({label})" if label != plain(variable.name) else label
    return f"{name}: {', '.join(state_of(variable, state) for state in variable.states[:12])}"


def _shortened(words: str) -> str:
    return words if len(words) <= LINE else f"{words[: LINE - 1]}…"


def _engine_words(engine: Engine) -> str:
    how = f"a circuit of {engine.products:,} products" if engine.has_circuit else "what each question needs of it"
    return f"Compiled: answered by {how}, width {engine.width}."
