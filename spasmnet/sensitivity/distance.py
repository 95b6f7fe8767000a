"""How far two networks lie apart: the Chan-Darwiche distance and the Kullback-Leibler divergence, no world listed.

Both are exact. The first is a largest and a smallest product over worlds, found by eliminating variables with max for
sum; the second a sum over families. A zero is a zero: what is possible is kept apart from how probable it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, expm1, inf, log, log1p, prod

import numpy as np
from numpy.typing import NDArray

from spasmnet.errors import SpasmnetError
from spasmnet.inference.compiling import MAX_PRODUCTS
from spasmnet.model.cpd import CPD, NoisyMax, Table
from spasmnet.model.network import Network
from spasmnet.parameters.names import Place, find_place, hint, name_of, value_at
from spasmnet.parameters.rows import moved_row
from spasmnet.sensitivity.polynomial import polynomial
from spasmnet.sensitivity.worlds import Worlds

Floats = NDArray[np.float64]
MAX_TABLE = 4_000_000  # entries of a noisy-MAX written out as a table


def cd_distance(before: Network, after: Network) -> float:
    """The distance of Chan and Darwiche: ln max P'(w)/P(w) - ln min P'(w)/P(w) over all worlds w.

    It is 0 for equal distributions, symmetric, obeys the triangle inequality, and is infinite if a world is possible in
    one network only; a world that is impossible in both is left out. It bounds the change of every answer: `cd_bound`.

    `before` and `after` have the same variables, states and parents. A noisy-OR or noisy-MAX that differs is written
    out as a table of up to 4 million entries. Raises SpasmnetError, naming what differs, and CircuitTooLargeError.

    >>> from spasmnet import Network, Table, Variable
    >>> rain = Variable("rain", ("no", "yes"))
    >>> dry, wet = (Network((rain,), {"rain": Table((), row)}) for row in ([0.8, 0.2], [0.5, 0.5]))
    >>> round(cd_distance(dry, wet), 4)  # ln 4, since the odds become four times as large
    1.3863

    Source: Chan H, Darwiche A (2005), A distance measure for bounding probabilistic belief change, Int J Approx
    Reasoning 38:149-174.
    """
    families = _differing(before, after)
    if not families:
        return 0.0
    worlds = Worlds(before, families, list(families))
    if worlds.escape(families) or worlds.escape({name: (q, p) for name, (p, q) in families.items()}):
        return inf
    logs = {name: _log_ratio(p, q) for name, (p, q) in families.items()}
    highest, lowest = (worlds.best_families({n: _masked(sign * r) for n, r in logs.items()}) for sign in (1, -1))
    return max(0.0, highest + lowest)


def kl_divergence(before: Network, after: Network) -> float:
    """The Kullback-Leibler divergence of the changed network: the sum over all worlds w of P(w) ln P(w)/P'(w), in nats.

    It is 0 for equal distributions, not symmetric, and infinite if a world that is possible before is not so after. It
    is the sum over families of P(u) times the divergence of the row of u. Arguments and errors are those of
    `cd_distance`.

    >>> from spasmnet import Network, Table, Variable
    >>> rain = Variable("rain", ("no", "yes"))
    >>> dry, wet = (Network((rain,), {"rain": Table((), row)}) for row in ([0.75, 0.25], [0.5, 0.5]))
    >>> round(kl_divergence(dry, wet), 4)
    0.1308

    Source: Kullback S, Leibler RA (1951), On information and sufficiency, Ann Math Stat 22:79-86.
    """
    families = _differing(before, after)
    if not families:
        return 0.0
    worlds = Worlds(before, families, list(families))
    if worlds.escape(families):
        return inf
    compiled = polynomial(worlds.network, list(families), {}, max_products=MAX_PRODUCTS)
    gradient = compiled.differentiate(compiled.leaves(compiled.numbers.values, {}))[1][compiled.indicators :]
    total = 0.0
    for name, first, _, shape in compiled.numbers.blocks:
        if name in families:
            p, q = families[name]
            above = gradient[first : first + prod(shape)].reshape(shape).max(axis=-1)  # P(u), whatever the state
            both = (p > 0) & (q > 0)  # where q is 0 and p is not, P(u) is 0
            rows = -(p * np.where(both, _log_ratio(p, q), 0.0)).sum(axis=-1)
            total += float(above.ravel() @ np.maximum(rows, 0.0).ravel())
    return total


def cd_bound(p: float, distance: float) -> tuple[float, float]:
    """The least and the largest value that an answer P(y | e) = p can take when the network moves by a CD distance.

    With d the distance, p' lies in [p e^-d / (p (e^-d - 1) + 1), p e^d / (p (e^d - 1) + 1)]: the log-odds of no answer
    move by more than d. `p` lies in [0, 1], `distance` in [0, infinity]. Raises SpasmnetError.

    >>> [round(end, 3) for end in cd_bound(0.5, 1.0)]
    [0.269, 0.731]

    Source: Chan H, Darwiche A (2005), Int J Approx Reasoning 38:149-174.
    """
    if not _is_number(p) or not 0 <= p <= 1:
        raise SpasmnetError(f"p is a probability in [0, 1], not {p!r}")
    if not _is_number(distance) or not distance >= 0:
        raise SpasmnetError(f"a distance is a number of at least 0, not {distance!r}")
    if distance == inf:
        return 0.0, 1.0
    shrunk = exp(-distance)
    low = p * shrunk / (p * shrunk + (1 - p)) if p < 1 else 1.0
    high = p / (p + (1 - p) * shrunk) if p > 0 else 0.0
    return low, high


def change_distance(network: Network, place: Place | str, value: float) -> float:
    """The CD distance to the network in which one number has another value, the others of its row keeping their ratios.

    For a number of a table that is the change of its log-odds if P(u) > 0, and otherwise 0. The change of a leak or a
    link is no larger than that, because of what the other parents do; it is found without writing out the table.

    `place` is (variable, key) or the number in words; `value` lies in [0, 1]. Raises SpasmnetError.

    >>> import spasmnet
    >>> network = spasmnet.load()
    >>> doubled = 2 * network.cpds["spasm"].leak[1]
    >>> 0 < change_distance(network, ("spasm", (-1, 0, 1)), doubled) < 1
    True

    Source: Chan H, Darwiche A (2005), Int J Approx Reasoning 38:149-174.
    """
    found = find_place(network, place)
    _check_value(network, found, value)
    return Changes(network).distance(found, float(value))


def moved(network: Network, place: Place | str, value: float) -> Network:
    """The network with one number at another value, the others of its row keeping their ratios (or equal, if all 0).

    Cited ranges and sources stay. Raises SpasmnetError.

    >>> import spasmnet
    >>> moved(spasmnet.load(), "P(trauma=present)", 0.5).cpds["trauma"].table().tolist()
    [0.5, 0.5]
    """
    name, key = find_place(network, place)
    _check_value(network, (name, key), value)
    cpd = network.cpds[name]
    if isinstance(cpd, NoisyMax):
        leak, links = cpd.leak.copy(), [link.copy() for link in cpd.links]
        row = leak if key[0] < 0 else links[key[0]][key[1]]
        row[:] = moved_row(row, key[-1], float(value))
        return network.with_cpds({name: NoisyMax(cpd.parents, leak, links, cpd.parameters)})
    values = cpd.table().copy()
    values[key[:-1]] = moved_row(values[key[:-1]], key[-1], float(value))
    return network.with_cpds({name: Table(cpd.parents, values, cpd.parameters)})


class Changes:
    """Distances of single changes of one network; what can occur above each variable is found once."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._above: dict[str, Worlds] = {}

    def distance(self, place: Place, value: float) -> float:
        """The CD distance when one number moves."""
        name, key = place
        cpd, now = self.network.cpds[name], value_at(self.network, place)
        if value == now:
            return 0.0
        if name not in self._above:
            self._above[name] = Worlds(self.network, {}, cpd.parents)
        worlds = self._above[name]
        if isinstance(cpd, NoisyMax):
            return _noisy_distance(cpd, worlds, key, value)
        states = {worlds.position[p]: u for p, u in zip(cpd.parents, key[:-1], strict=True)}
        given = {v: _only(u, worlds.cards[v]) for v, u in states.items()}
        if worlds.best(given) == -inf:
            return 0.0
        rest = float(np.delete(cpd.table()[key[:-1]], key[-1]).sum())
        if not (now and rest and 0.0 < value < 1.0):
            return inf
        return abs(log(value) - log(now) - (log1p(-value) - log(rest)))


def _noisy_distance(cpd: NoisyMax, worlds: Worlds, key: tuple[int, ...], value: float) -> float:
    """The distance when a leak or a link moves.

    With z the row that moves, Z its sums, and r and R the same of the maximum of all the others, P(Y=y | u) is
    R(y) (z(y) + Z(y-1) h) with h = r(y)/R(y) = 1 - R(y-1)/R(y). Its ratio to what it was is monotone in h, and ln(1-h)
    is a sum over the other parents, so that the ends of h come from the worlds that can occur above.
    """
    parent, state = key[0], key[1]
    old = cpd.leak if parent < 0 else cpd.links[parent][state]
    new = moved_row(old, key[-1], value)
    others = {worlds.position[p]: np.atleast_2d(cpd.links[i]) for i, p in enumerate(cpd.parents) if i != parent}
    fixed = {} if parent < 0 else {worlds.position[cpd.parents[parent]]: _only(state, len(cpd.links[parent]))}
    logs = []
    for y in range(len(old)):
        terms = {v: _log_reached(rows, y) for v, rows in others.items()}
        constant = 0.0 if parent < 0 else float(_log_reached(cpd.leak[None], y)[0])
        valid = {v: _log_possible(rows, y) for v, rows in others.items()} | fixed
        if (parent >= 0 and not cpd.leak[: y + 1].any()) or worlds.best(valid) == -inf:
            continue
        below_old, below_new = float(old[:y].sum()), float(new[:y].sum())
        for h in _ends(worlds, terms, valid, constant) if y else (0.0,):
            then, now = float(new[y]) + below_new * h, float(old[y]) + below_old * h
            if (then > 0) != (now > 0):
                return inf
            if now > 0:
                logs.append(log(then) - log(now))
    return max(logs) - min(logs) if logs else 0.0


def _only(state: int, states: int) -> Floats:
    """0 for one state, minus infinity for the others."""
    return np.where(np.arange(states) == state, 0.0, -inf)


def _log_reached(rows: Floats, y: int) -> Floats:
    """ln C(y-1)/C(y) for each row; minus infinity where C(y-1) is 0."""
    reached, below, at = rows[:, : y + 1].sum(axis=1), rows[:, :y].sum(axis=1), rows[:, y]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(at < below, np.log1p(-at / reached), np.where(below > 0, np.log(below / reached), -inf))


def _log_possible(rows: Floats, y: int) -> Floats:
    """0 where a parent leaves y possible, minus infinity where it does not."""
    return np.where(rows[:, : y + 1].any(axis=1), 0.0, -inf)


def _ends(
    worlds: Worlds, terms: Mapping[int, Floats], valid: Mapping[int, Floats], constant: float
) -> tuple[float, float]:
    """The least and the largest h over the worlds in which `valid` holds; ln(1 - h) is the sum of the terms."""
    if constant == -inf:
        return 1.0, 1.0
    least = worlds.best({**valid, **{v: valid[v] + t for v, t in terms.items()}})
    certain = worlds.best({**valid, **{v: valid[v] + (t == -inf) for v, t in terms.items()}})
    most = (
        1.0 if certain > 0 else -expm1(constant - worlds.best({**valid, **{v: _masked(-t) for v, t in terms.items()}}))
    )
    return (1.0 if least == -inf else -expm1(least + constant)), most


def _log_ratio(p: Floats, q: Floats) -> Floats:
    """ln q/p; not finite where one of them is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(q) - np.log(p))


def _masked(values: Floats) -> Floats:
    """Minus infinity for all that is not finite."""
    return np.where(np.isfinite(values), values, -inf)


def _differing(before: Network, after: Network) -> dict[str, tuple[Floats, Floats]]:
    """The tables of the variables whose distributions differ, before and after; raises SpasmnetError."""
    for which, network in (("first", before), ("second", after)):
        if not isinstance(network, Network):
            raise SpasmnetError(f"the {which} is not a network but {type(network).__name__}{hint(network)}")
    wrong = [f"{n} is only in the first" for n in before.names if n not in after.by_name]
    wrong += [f"{n} is only in the second" for n in after.names if n not in before.by_name]
    for name in before.names:
        if name in after.by_name:
            for what in ("states", "parents"):
                one, two = ((n.by_name[name].states, n.parents(name))[what == "parents"] for n in (before, after))
                if one != two and not (what == "parents" and set(one) == set(two)):
                    wrong.append(f"{name} has the {what} {_listed(one)} in the first and {_listed(two)} in the second")
    if wrong:
        more = f" (and {len(wrong) - 8} more)" if len(wrong) > 8 else ""
        raise SpasmnetError(f"distances are for two networks of one structure: {'; '.join(wrong[:8])}{more}")
    found = {}
    for name in before.names:
        old, new = before.cpds[name], after.cpds[name]
        if old is not new and not _same_numbers(old, new):
            p, q = _written_out(name, old), _written_out(name, new)
            q = q.transpose([*(new.parents.index(parent) for parent in old.parents), q.ndim - 1])
            if not np.array_equal(p, q):
                found[name] = (p, q)
    return found


def _same_numbers(one: CPD, two: CPD) -> bool:
    if not isinstance(one, NoisyMax) or not isinstance(two, NoisyMax) or one.parents != two.parents:
        return False
    return all(np.array_equal(a, b) for a, b in zip((one.leak, *one.links), (two.leak, *two.links), strict=True))


def _written_out(name: str, cpd: CPD) -> Floats:
    if isinstance(cpd, NoisyMax) and prod(cpd.shape) > MAX_TABLE:
        raise SpasmnetError(
            f"the noisy-MAX distribution of {name} differs, and its table would have {prod(cpd.shape):,} entries, "
            f"above {MAX_TABLE:,}; for one leak or link that moves, change_distance needs no table"
        )
    return cpd.table()


def _listed(names: Sequence[str]) -> str:
    return f"({', '.join(names)})"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.floating)) and not isinstance(value, bool)


def _check_value(network: Network, place: Place, value: object) -> None:
    if not isinstance(value, (int, float, np.floating)) or isinstance(value, bool) or not 0 <= value <= 1:
        raise SpasmnetError(f"{name_of(network, place)} is a probability in [0, 1], not {value!r}")
    if len(network.by_name[place[0]].states) == 1 and value != 1:
        raise SpasmnetError(f"{place[0]} has one state only, so its probability is 1 and cannot become {value!r}")
