"""Draw a network, the whole of it or around some variables, as a picture that notebooks show and files keep."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spasmnet.display.phrases import prior_of
from spasmnet.display.svg import safe, tip
from spasmnet.drawing.boxes import Beliefs, box_height, box_width
from spasmnet.drawing.layout import Layout, layered
from spasmnet.drawing.svg import Key, Scene, picture
from spasmnet.errors import SpasmnetError
from spasmnet.inference.engine import Engine
from spasmnet.inference.posterior import Posterior
from spasmnet.model.network import Network
from spasmnet.model.words import finding_text, name_of, plain
from spasmnet.views import Shown

if TYPE_CHECKING:
    import pandas as pd

MOST = 100  # variables that one picture shows legibly
BAND = {"risk_factor": 0, "cause": 1, "serious": 1, "finding": 2}
PAGE = ":root{color:#222;background:#fff}@media(prefers-color-scheme:dark){:root{color:#ddd;background:#181818}}"
PRINT = (
    "@media print{.spasmnet-drawing{overflow:visible!important}"
    ".spasmnet-drawing>svg{min-width:0!important;max-width:100%!important}}"
)
DEEP, MUCH = 1400.0, 0.7  # from which width on a picture is turned, if that is less than this share as wide
LEAST = 0.62  # of its size, to which a picture shrinks before it is scrolled


@dataclass(frozen=True, slots=True)
class Drawing(Shown):
    """A picture: shown by notebooks, `svg` as text, `save` to a file.

    `body` holds the elements of the SVG, `width` and `height` its size in pixels, and `summary` what it shows in words.
    """

    body: str
    width: float
    height: float
    summary: str

    @property
    def svg(self) -> str:
        """The picture as a document of its own, light or dark as the reader prefers."""
        return self._svg(f"<style>{PAGE}</style>", ' xmlns="http://www.w3.org/2000/svg"')

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file that ends in .svg or .html; returns its path.

        Raises SpasmnetError for another ending. For PNG or PDF, open either file in a browser and print it.
        """
        place = Path(path)
        if place.suffix.lower() == ".svg":
            content = self.svg
        elif place.suffix.lower() in (".html", ".htm"):
            content = (
                f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{safe(self.summary)}</title>'
                f"<style>{PAGE}</style></head><body>{self.html}</body></html>"
            )
        else:
            raise SpasmnetError(
                f"a picture is saved as .svg or .html, not as {place.suffix or 'a name without ending'}"
            )
        place.write_text(content, encoding="utf-8")
        return place

    def _svg(self, style: str = "", attributes: str = "") -> str:
        return (
            f'<svg{attributes} viewBox="0 0 {self.width:.0f} {self.height:.0f}" width="{self.width:.0f}" '
            f'height="{self.height:.0f}" role="img" aria-label="{safe(self.summary)}" fill="currentColor" '
            f'font-family="system-ui,sans-serif">{tip(self.summary)}{style}{self.body}</svg>'
        )

    @property
    def html(self) -> str:
        """The picture as an element for a page: it shrinks a little, and is scrolled where it is still too wide."""
        fit = f' style="width:100%;min-width:{LEAST * self.width:.0f}px;max-width:{self.width:.0f}px;height:auto"'
        picture = self._svg(attributes=fit)
        return f'<div class="spasmnet-drawing" style="overflow-x:auto"><style>{PRINT}</style>{picture}</div>'

    def __repr__(self) -> str:
        return f"<Drawing of {self.summary}; save it with .save('network.svg')>"


def draw(
    what: Network | Engine | Posterior,
    around: str | Collection[str] | None = None,
    *,
    steps: int | None = None,
    posterior: Posterior | None = None,
    prior: Posterior | None = None,
    strength: bool | Mapping[Key, float] | pd.DataFrame = True,
) -> Drawing:
    """Draw a network: parents to the left of children, risk factors, causes and findings in this order.

    A deep network without roles is drawn downwards, parents above children.

    A network has at most 100 variables to be legible. `around` draws only some variables (names) and their Markov
    blankets, or, with `steps`, what is at most so many edges away (0: they alone). A larger network is drawn around
    its main outcome, or the variable with the largest neighbourhood, and the picture says so.

    `posterior` (or a posterior as `what`) shows belief bars: each state's probability, before the findings beneath,
    findings marked, intervals if it has them. `prior` is the posterior to stand beneath; without it, that of no
    findings. An edge is as wide as it is strong: as `edge_strength` defines it, or by the numbers in [0, 1] given as
    (parent, child) → number or as its frame; False draws all alike. Its line tells whether the article or the
    literature claims it, or sources disagree, where the model says so.

    Raises SpasmnetError for what cannot be drawn, and UnknownVariableError.

    >>> import spasmnet
    >>> spasmnet.draw(spasmnet.load(), around="dehydration")
    <Drawing of muscle_spasm: 29 of 48 variables, 52 edges; save it with .save('network.svg')>

    Source of the layout: Sugiyama K, Tagawa S, Toda M (1981), IEEE Trans Syst Man Cybern 11:109-125.
    """
    network = _network(what)
    post = what if isinstance(what, Posterior) and posterior is None else posterior
    for given, name in ((post, "posterior"), (prior, "prior")):
        if given is not None and not (isinstance(given, Posterior) and given.network == network):
            raise SpasmnetError(f"{name} must be a posterior of the network that is drawn; ask its engine for one")
    names, note = _chosen(network, around, steps)
    kept = set(names)
    parents = {name: [p for p in network.cpds[name].parents if p in kept] for name in names}
    keys = [(parent, name) for name in names for parent in parents[name]]
    beliefs = (
        None if post is None else Beliefs(post, prior or prior_of(post, what if isinstance(what, Engine) else None))
    )
    variables = [network.by_name[name] for name in names]
    bands = {v.name: BAND[v.role] for v in variables} if all(v.role in BAND for v in variables) else None
    wide = box_width(variables, beliefs)
    heights = {variable.name: box_height(variable, wide, beliefs) for variable in variables}
    whole = "" if len(names) == len(network) else f" of {len(network)}"
    count = f"{len(names)}{whole} variable{'s' * (len(network) != 1)}, {len(keys)} edge{'s' * (len(keys) != 1)}"
    cut = sum((parent in kept) != (name in kept) for name in network.names for parent in network.cpds[name].parents)
    if cut:
        note += f" {cut} edge{'s' * (cut != 1)} to variables not shown."
    given_ = f"Given {_given(post)}." if post is not None and post.evidence else ""
    scene = Scene(
        plain(network.title or network.name),
        [words for words in (f"{count}. {note}".strip(), given_) if words],
        variables,
        _laid_out(parents, wide, heights, bands),
        {(edge.parent, edge.child): edge for edge in network.edges},
        _strengths(network, keys, strength),
        beliefs,
        bands,
    )
    return Drawing(*picture(scene), f"{plain(network.name)[:80]}: {count}")


def _laid_out(
    parents: Mapping[str, Sequence[str]], wide: float, heights: Mapping[str, float], bands: Mapping[str, int] | None
) -> Layout:
    """From left to right; downwards if the network is so deep that this is much narrower, and it has no roles."""
    found = layered(parents, wide, heights, bands)
    if bands is not None or found.width <= DEEP:
        return found
    turned = layered(parents, wide, heights, down=True)
    return turned if turned.width < MUCH * found.width else found


def _network(what: Any) -> Network:
    if isinstance(what, Network):
        return what
    if isinstance(what, (Engine, Posterior)):
        return what.network
    hint = "; convert it with spasmnet.from_pgmpy" if type(what).__module__.startswith("pgmpy") else ""
    raise SpasmnetError(f"draw takes a Network, an Engine or a Posterior, not {type(what).__name__}{hint}")


def _given(post: Posterior) -> str:
    by_name = post.network.by_name
    return "; ".join(f"{name_of(by_name[n])}: {finding_text(f, by_name[n])}" for n, f in post.evidence.items())


def _chosen(network: Network, around: str | Collection[str] | None, steps: int | None) -> tuple[tuple[str, ...], str]:
    """The variables to draw, in declared order, and what to say about the choice."""
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 0 or around is None):
        raise SpasmnetError(f"steps is a whole number of edges from the variables of around=, not {steps!r}")
    if around is None:
        if len(network) <= MOST:
            return network.names, ""
        centre = _centre(network)
        found = _blanket(network, [centre])
        where = _label(network, centre)
        note = f"The whole is too large to draw legibly (at most {MOST}): this is around {where}; around= chooses."
        if len(found) > MOST:
            found = {centre}
        return tuple(name for name in network.names if name in found), note
    centres = [network.variable(name).name for name in ([around] if isinstance(around, str) else around)]
    if not centres:
        raise SpasmnetError("around= needs at least one variable")
    found = _blanket(network, centres) if steps is None else _within(network, centres, steps)
    if len(found) > MOST:
        reach = "the Markov blanket" if steps is None else f"what is at most {steps} edges away"
        less = "steps=1" if steps is None else f"steps={steps - 1}" if steps else "fewer variables"
        raise SpasmnetError(
            f"{reach} of {', '.join(centres[:3])} has {len(found)} variables, more than the {MOST} that can be drawn "
            f"legibly; try {less}"
        )
    labels = ", ".join(_label(network, name) for name in centres[:3]) + (", …" if len(centres) > 3 else "")
    return tuple(name for name in network.names if name in found), f"Around {labels}."


def _label(network: Network, name: str) -> str:
    words = name_of(network.by_name[name])
    return words if len(words) <= 60 else f"{words[:59]}…"


def _centre(network: Network) -> str:
    """The main outcome, if it can be drawn with its neighbours; else the largest neighbourhood that can be."""
    near: dict[str, set[str]] = {name: {name} for name in network.names}
    for name in network.names:
        family = {name, *network.cpds[name].parents}
        for member in family:
            near[member] |= family
    sizes = {name: len(found) for name, found in near.items()}
    if sizes.get(network.main_outcome, MOST + 1) <= MOST:
        return network.main_outcome
    return max(network.names, key=lambda name: sizes[name] if sizes[name] <= MOST else -sizes[name])


def _blanket(network: Network, centres: Collection[str]) -> set[str]:
    """The variables with their parents, children, and the children's other parents."""
    found = set(centres)
    for name in centres:
        found |= set(network.cpds[name].parents)
    for name in network.names:
        if any(parent in centres for parent in network.cpds[name].parents):
            found |= {name, *network.cpds[name].parents}
    return found


def _within(network: Network, centres: Collection[str], steps: int) -> set[str]:
    near: dict[str, set[str]] = {name: set(network.cpds[name].parents) for name in network.names}
    for name in network.names:
        for parent in network.cpds[name].parents:
            near[parent].add(name)
    found = edge = set(centres)
    for _ in range(steps):
        edge = {other for name in edge for other in near[name]} - found
        found = found | edge
    return found


def _strengths(network: Network, keys: list[Key], given: bool | Mapping[Key, float] | pd.DataFrame) -> dict[Key, float]:
    """How strong the drawn edges are; empty if they shall be alike."""
    if isinstance(given, bool):
        from spasmnet.sensitivity.structure import strength_of

        cpds = network.cpds
        return {key: strength_of(cpds[key[1]], cpds[key[1]].parents.index(key[0])) for key in keys} if given else {}
    try:
        if isinstance(given, Mapping):
            found = {key: float(given[key]) for key in keys if key in given}
        else:
            rows = zip(given["parent"], given["child"], given["strength"], strict=True)
            every = {(parent, child): float(number) for parent, child, number in rows}
            found = {key: every[key] for key in keys if key in every}
    except (TypeError, ValueError, KeyError) as error:
        raise SpasmnetError(
            "strength is True, False, the frame of edge_strength, or a mapping from (parent, child) to a number"
        ) from error
    wrong = [key for key, number in found.items() if not 0 <= number <= 1]
    if wrong:
        raise SpasmnetError(f"the strength of {wrong[0][0]} -> {wrong[0][1]} is {found[wrong[0]]:g}, not in [0, 1]")
    return found
