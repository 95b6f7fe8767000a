"""Structure: how strong each edge is, and what an answer becomes when an edge is cut.

Cutting an edge replaces the parent, where the child looks at it, by an independent copy with the parent's own prior
distribution: the rows of the child's table are averaged over P(parent). For a noisy-MAX that is one more contribution
to the leak, since the distribution of a maximum is linear in each link.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import CircuitTooLargeError, SpasmnetError, suggest
from spasmnet.inference.compiling import MAX_PRODUCTS
from spasmnet.inference.engine import Engine
from spasmnet.inference.factors import ancestors
from spasmnet.model.cpd import CPD, Deterministic, NoisyMax, Table
from spasmnet.model.network import Network
from spasmnet.parameters.names import hint
from spasmnet.sensitivity.one_way import parameter_sensitivity
from spasmnet.sensitivity.polynomial import polynomial
from spasmnet.sensitivity.scaling import slopes_of_rows, split

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
MAX_TABLE = 4_000_000  # entries of a noisy-MAX written out as a table
CHUNK = 4_000_000  # numbers in the rows of a batch


def edge_strength(network: Network, *, expected: bool = True) -> pd.DataFrame:
    """How strongly each parent acts on its child: the total variation between rows that differ only in that parent.

    One row an edge, the strongest first: parent, child; strength, the largest total variation ½ Σ_y |P(y | x, z) -
    P(y | x', z)| over the parent's states x, x' and the other parents' z, in [0, 1]; expected, the mean total variation
    between the child's row and the row when the edge is cut, weighted by P(x, z); and what the model says of the edge
    (basis, contested, claims, source, where, note).

    `expected=False` leaves out the column that needs inference. Raises SpasmnetError for a noisy-MAX too large for
    that, and CircuitTooLargeError.

    >>> import spasmnet
    >>> frame = edge_strength(spasmnet.load())
    >>> bool((frame["expected"] <= frame["strength"] + 1e-12).all())
    True

    Source: Leonelli M, Smith JQ, Wright SK (2024), The diameter of a stochastic matrix, arXiv:2407.04667 (the same
    strength); Boerlage B (1994), Link strength in Bayesian networks, University of British Columbia, TR-94-17.
    """
    import pandas as pd

    if not isinstance(network, Network):
        raise SpasmnetError(f"a network is needed, not {type(network).__name__}{hint(network)}")
    means = _expected(network) if expected else {}
    rows = []
    for parent, child in _edges(network):
        cpd = network.cpds[child]
        row: dict[str, Any] = {
            "parent": parent,
            "child": child,
            "strength": strength_of(cpd, cpd.parents.index(parent)),
        }
        if expected:
            row["expected"] = means[parent, child]
        rows.append({**row, **_said(network, parent, child)})
    columns = ["parent", "child", "strength", *(["expected"] if expected else []), *SAID]
    frame = pd.DataFrame(rows, columns=columns).sort_values("strength", ascending=False, kind="stable")
    return frame.reset_index(drop=True)


def cut_effects(
    engine: Engine,
    target: Any,
    evidence: Mapping[str, Any] | None = None,
    *,
    against: Any = None,
    measure: str | None = None,
) -> pd.DataFrame:
    """What P(target | evidence) becomes when each edge is cut by itself.

    Cutting an edge averages the child's rows over the parent's prior distribution (`cut_edge`). One row an edge, the
    largest change first: parent, child, strength (of `edge_strength`), answer (after cutting), change (from the answer
    now), and what the model says of the edge (basis, contested, claims, source, where, note). All edges are one batch
    of one circuit. The arguments, and what is raised, are those of `parameter_sensitivity`.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> frame = cut_effects(engine, ("dehydration", "mild"), {"spasm": "painful"})
    >>> frame[["parent", "child"]].iloc[0].tolist()
    ['muscle_fatigue', 'spasm']

    Source: Choi A, Chan H, Darwiche A (2005), On Bayesian network approximation by edge deletion, UAI, 128-135.
    """
    import pandas as pd

    ps = parameter_sensitivity(engine, target, evidence, against=against, measure=measure)
    network, asked = engine.network, ps.target
    relevant = ancestors(network, [asked.variable, *ps.evidence])
    edges = [(parent, child) for parent, child in _edges(network) if child in relevant]
    answers = dict.fromkeys(_edges(network), ps.answer)
    if edges:
        joint = _when_cut(engine, edges, asked.variable, ps.evidence)
        top, bottom = joint @ asked.numerator, joint @ asked.denominator
        with np.errstate(divide="ignore"):
            found = np.log(top) - np.log(bottom) if asked.log else top / bottom
        answers |= dict(zip(edges, found.tolist(), strict=True))
    rows = []
    for (parent, child), answer in answers.items():
        cpd = network.cpds[child]
        strength = strength_of(cpd, cpd.parents.index(parent))
        row = {"parent": parent, "child": child, "strength": strength, "answer": answer, "change": answer - ps.answer}
        rows.append({**row, **_said(network, parent, child)})
    frame = pd.DataFrame(rows, columns=["parent", "child", "strength", "answer", "change", *SAID])
    frame = frame.iloc[np.argsort(-frame["change"].abs().to_numpy(), kind="stable")].reset_index(drop=True)
    frame.attrs["spasmnet"] = {"target": str(asked), "answer": ps.answer, "provenance": ps.provenance.as_dict()}
    return frame


def cut_edge(network: Network, parent: str, child: str) -> Network:
    """The network without an edge: the child's rows are averaged over the parent's prior distribution.

    The numbers of the child's new distribution are no longer cited ones. Raises SpasmnetError if there is no such edge,
    UnknownVariableError and CircuitTooLargeError.

    >>> import spasmnet
    >>> cut_edge(spasmnet.load(), "low_fluid_intake", "dehydration").parents("dehydration").count("low_fluid_intake")
    0

    Source: Choi A, Chan H, Darwiche A (2005), UAI, 128-135.
    """
    if not isinstance(network, Network):
        raise SpasmnetError(f"a network is needed, not {type(network).__name__}{hint(network)}")
    parents = network.parents(child)
    if network.variable(parent).name not in parents:
        raise SpasmnetError(f"there is no edge from {parent} to {child}; {suggest(parent, parents, show_all=True)}")
    prior = _priors(network, {parent}, MAX_PRODUCTS)[parent]
    cpd, i = network.cpds[child], parents.index(parent)
    rest = parents[:i] + parents[i + 1 :]
    if isinstance(cpd, NoisyMax):
        links = [link for k, link in enumerate(cpd.links) if k != i]
        leak = _with_leak(cpd, i, prior)
        new: CPD = NoisyMax(rest, leak, links) if rest else Table((), leak)
    else:
        new = Table(rest, _averaged(cpd.table(), i, prior))
    kept = tuple(edge for edge in network.edges if (edge.parent, edge.child) != (parent, child))
    return network.with_cpds({child: new}, edges=kept)


SAID = ("basis", "contested", "claims", "source", "where", "note")


def _said(network: Network, parent: str, child: str) -> dict[str, Any]:
    """What the model says of an edge; the claims in their own words."""
    for edge in network.edges:
        if (edge.parent, edge.child) == (parent, child):
            claims = "; ".join(network.claims.get(claim, claim) for claim in edge.claims)
            return {name: claims if name == "claims" else getattr(edge, name) for name in SAID}
    return {name: False if name == "contested" else "" for name in SAID}


def _edges(network: Network) -> Iterator[tuple[str, str]]:
    return ((parent, child) for child in network.names for parent in network.cpds[child].parents)


def _priors(network: Network, names: Collection[str], max_products: int) -> dict[str, Floats]:
    """The distributions of some variables when nothing is observed."""
    free = [name for name in network.names if name in names]
    compiled = polynomial(network, free, {}, derivatives=False, posteriors=True, max_products=max_products)
    slopes = compiled.differentiate(compiled.leaves(compiled.numbers.values, {}))[1]
    return {name: slopes[start : start + states] for name, (start, states) in compiled.free.items()}


def _averaged(table: Floats, axis: int, prior: Floats) -> Floats:
    """The table with one parent averaged out."""
    return np.minimum(np.tensordot(prior, table, (0, axis)), 1.0)  # rounding can pass 1 by one unit


def _with_leak(cpd: NoisyMax, i: int, prior: Floats) -> Floats:
    """The leak together with what a parent of that distribution contributes: their maximum."""
    mean = np.minimum(prior @ cpd.links[i], 1.0)
    return np.asarray(NoisyMax(("copy",), cpd.leak, [np.stack([np.eye(len(mean))[0], mean])]).table()[1])


def strength_of(cpd: CPD, i: int) -> float:
    """The largest total variation between rows that differ in one parent.

    Of a noisy-MAX it is reached where the other parents contribute nothing: taking a maximum with something independent
    brings distributions no further apart.
    """
    if isinstance(cpd, NoisyMax):
        rows = NoisyMax((cpd.parents[i],), cpd.leak, [cpd.links[i]]).table()
    else:
        rows = np.moveaxis(cpd.table(), i, 0)
    apart = (float(np.abs(rows[a] - rows[:a]).sum(axis=-1).max()) / 2 for a in range(1, len(rows)))
    return max(apart, default=0.0)


def _expected(network: Network) -> dict[tuple[str, str], float]:
    """For each edge the mean total variation between the child's row and the one when the edge is cut."""
    written: dict[str, CPD] = {}
    for name, cpd in network.cpds.items():
        if isinstance(cpd, NoisyMax) and prod(cpd.shape) > MAX_TABLE:
            raise SpasmnetError(
                f"the table of {name} would have {prod(cpd.shape):,} entries, above {MAX_TABLE:,}; expected=False "
                "leaves out the expected strength"
            )
        written[name] = Table(cpd.parents, cpd.table())
    found = {}
    for name, weights in _above(network.with_cpds(written)).items():
        table = written[name].table()
        for i, parent in enumerate(written[name].parents):
            prior = weights.sum(axis=tuple(axis for axis in range(weights.ndim) if axis != i))
            apart = np.abs(table - np.expand_dims(_averaged(table, i, prior), i)).sum(axis=-1) / 2
            found[parent, name] = float((weights * apart).sum())
    return found


def _above(network: Network) -> dict[str, Floats]:
    """P(u) of all states u of each variable's parents: in one circuit, or one for each leaf if that is too large."""
    parents = {parent for parent, _ in _edges(network)}
    leaves = [name for name in network.names if name not in parents]
    try:
        return _above_of(network, leaves)
    except CircuitTooLargeError:
        found: dict[str, Floats] = {}
        for leaf in leaves:
            found |= _above_of(network, [leaf])
        return found


def _above_of(network: Network, leaves: list[str]) -> dict[str, Floats]:
    compiled = polynomial(network, leaves, {}, max_products=MAX_PRODUCTS)
    gradient = compiled.differentiate(compiled.leaves(compiled.numbers.values, {}))[1][compiled.indicators :]
    return {
        name: gradient[first : first + prod(shape)].reshape(shape).max(axis=-1)  # whatever the state
        for name, first, _, shape in compiled.numbers.blocks
    }


def _when_cut(engine: Engine, edges: list[tuple[str, str]], target: str, evidence: Mapping[str, Any]) -> Floats:
    """P(y, e) for the target's states (second axis) when each edge (first axis) is cut by itself."""
    children = {child for _, child in edges}
    written: dict[str, CPD] = {
        name: Table(cpd.parents, cpd.table())
        for name, cpd in engine.network.cpds.items()
        if name in children and isinstance(cpd, Deterministic)
    }
    network = engine.network.with_cpds(written) if written else engine.network
    hard, weights = split(network, evidence)
    free = tuple(dict.fromkeys((target, *weights)))
    compiled = polynomial(network, free, hard, derivatives=False, posteriors=True, max_products=engine.max_products)
    own = weights.pop(target, np.ones(len(network.by_name[target].states)))
    priors = _priors(engine.network, {parent for parent, _ in edges}, engine.max_products)
    numbers, found = compiled.numbers, np.empty((len(edges), len(own)))
    size = max(1, CHUNK // max(1, len(numbers.values)))
    for start in range(0, len(edges), size):
        chosen = edges[start : start + size]
        values = np.tile(numbers.values, (len(chosen), 1))
        for row, (parent, child) in zip(values, chosen, strict=True):
            cpd, prior = network.cpds[child], priors[parent]
            i = cpd.parents.index(parent)
            for name, first, prefix, shape in numbers.blocks:
                at = slice(first, first + prod(shape))
                if name != child or (len(prefix) == 1 and prefix != (i,)):
                    continue
                if not isinstance(cpd, NoisyMax):
                    mean = np.expand_dims(_averaged(cpd.table(), i, prior), i)
                    row[at] = np.broadcast_to(mean, shape).ravel()
                elif prefix == (i,):
                    row[at] = np.eye(shape[-1])[np.zeros(shape[0], dtype=int)].ravel()  # contributes nothing
                else:
                    row[at] = _with_leak(cpd, i, prior)
        slopes = slopes_of_rows(compiled, compiled.leaves(values, weights), compiled.leaves(numbers.values, weights))
        found[start : start + size] = slopes[:, : len(own)] * own
    return found
