"""The value of information: what knowing variables is worth for the choice of a level of care."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from spasmnet.errors import EvidenceError, SpasmnetError
from spasmnet.inference.engine import Engine
from spasmnet.inference.evidence import read_evidence
from spasmnet.triage.guidance import guidance_of
from spasmnet.voi.batch import Batch
from spasmnet.voi.outcomes import Decider

MOST_JOINT = 200_000


def value_of_information(
    engine: Engine, variables: Sequence[str] | None = None, evidence: Mapping[str, Any] | None = None
) -> float:
    """What knowing some variables together is worth before a level of care is chosen, on the scale of the losses.

    For variables S it is min_a E[L(a) | e] - Σ_s P(s | e) min_a E[L(a) | s, e], at least 0: the expected value of
    perfect information (EVPI) of hidden variables, of sample information (EVSI) of findings. By default S are all
    variables on which a harm depends, which nothing that can be asked is worth more than. Red flags are left out: they
    hold whatever the losses say. Variables that are observed are worth nothing.

    Raises SpasmnetError if the model has no losses, EvidenceError, ImpossibleEvidenceError and UnknownVariableError.

    >>> import spasmnet
    >>> engine = spasmnet.compile(spasmnet.load())
    >>> value_of_information(engine, ["rhabdomyolysis"]) >= value_of_information(engine, ["dark_urine"]) / 100 > 0
    True

    Source: Howard RA (1966), Information value theory, IEEE Transactions on Systems Science and Cybernetics 2:22-26.
    """
    network = engine.network
    given = read_evidence(network, {} if evidence is None else evidence)
    if guidance_of(network).losses is None:
        raise SpasmnetError(
            f"{network.name!r} has no losses, so that no information has a value; see docs/model-file.md"
        )
    harms = list(dict.fromkeys(harm.variable for harm in guidance_of(network).harms))
    if isinstance(variables, str):
        raise EvidenceError(f"variables is a list of variables, such as [{variables!r}]")
    known = [network.variable(name).name for name in (harms if variables is None else variables)]
    known = [name for name in dict.fromkeys(known) if not isinstance(given.get(name), str)]
    shape = tuple(len(network.by_name[name].states) for name in known)
    if prod(shape) > MOST_JOINT:
        raise EvidenceError(f"the {len(known)} variables have {prod(shape):,} joint states, above {MOST_JOINT:,}")
    batch = Batch(engine, harms, known, given)
    decider = Decider(batch, harms)
    posteriors, log_now = batch.base()
    rows = np.repeat(batch.first[None], prod(shape), axis=0)
    rows[:, [batch.at[name] for name in known]] = list(np.ndindex(*shape))
    found, log_p = batch.answer(rows)
    now = decider.decide(batch.first[None], posteriors).losses.min()
    then = decider.decide(rows, found).losses.min(axis=1)
    return max(0.0, float(now - np.exp(log_p - log_now[0]) @ then))
