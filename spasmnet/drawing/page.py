"""Pages of networks, engines and drawings: the picture in a notebook, the variables in words in a terminal."""

from __future__ import annotations

from spasmnet.display.page import Grid, Page, Picture, stamp
from spasmnet.display.phrases import ROLE_TITLES
from spasmnet.display.text import text
from spasmnet.drawing.draw import Drawing, draw
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Provenance
from spasmnet.model.network import Network, Variable
from spasmnet.model.words import name_of, plain, state_of

MOST_LISTED, MOST_STATES = 120, 12


def network_page(shown: Network | Engine) -> Page:
    """The picture of a network, and beneath it what answers questions and where the network comes from."""
    network = shown.network if isinstance(shown, Engine) else shown
    notes = [_engine_words(shown)] if isinstance(shown, Engine) else []
    words = text(_listing(network, shown))
    return Page("", "", [Picture(draw(shown).html, words)], notes, stamp(network, Provenance.of(network)))


def drawing_page(shown: Drawing) -> Page:
    """The picture; in a terminal, what it shows."""
    return Page("", "", [Picture(shown.html, repr(shown))])


def _listing(network: Network, shown: Network | Engine) -> Page:
    """The variables with their states, by role where they have one."""
    listed = network.variables[:MOST_LISTED]
    titles = {role: ROLE_TITLES[role] for role in ("risk_factor", "cause", "serious", "finding")}
    groups = [(title, [v for v in listed if v.role == role]) for role, title in titles.items()]
    groups.append(("Variables", [v for v in listed if v.role not in titles]))
    grids = [Grid(title, ("", "", ""), "wss", [_row(v) for v in found]) for title, found in groups if found]
    left = len(network) - MOST_LISTED
    more = [f"and {left:,} more variables"] if left > 0 else []
    return Page(repr(shown), plain(network.title), [*grids, *more])


def _row(variable: Variable) -> tuple[str, str, str]:
    label = name_of(variable)
    states = ", ".join(state_of(variable, state) for state in variable.states[:MOST_STATES])
    more = f", and {len(variable.states) - MOST_STATES} more" if len(variable.states) > MOST_STATES else ""
    return plain(variable.name), label if label != plain(variable.name) else "", states + more


def _engine_words(engine: Engine) -> str:
    how = f"a circuit of {engine.products:,} products" if engine.has_circuit else "what each question needs of it"
    return f"Compiled: answered by {how}, width {engine.width}."
