"""Looking two questions ahead: what a question is worth with the best next one after each of its answers.

    information  I(X) + Σ_x P(x | e) max_Y I(Y | e, x)
    net value    V(X) - c(X) + Σ_x P(x | e) max(0, max_Y [V(Y | e, x) - c(Y)]): one may stop after X

Source: Heckerman D, Horvitz E, Middleton B (1993), An approximate nonmyopic computation for value of information, IEEE
Transactions on Pattern Analysis and Machine Intelligence 15:292-298 (why one looks further than one question).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from spasmnet.voi.batch import Codes, Floats
from spasmnet.voi.scores import Scorer, Scores, order


@dataclass(frozen=True, eq=False)
class Ahead:
    """Scores of which information and value count a second question, and that question, by question and answer."""

    scores: Scores
    then: tuple[Mapping[str, str], ...]


def look_ahead(scorer: Scorer, codes: Codes, scores: Scores, costs: Floats) -> Ahead:
    """The scores of one case (one row of codes) with the best second question."""
    network = scorer.batch.network
    then: list[dict[str, str]] = [{} for _ in scorer.names]
    possible = scores.chance > 0
    rows, _, answer = scorer.rows(codes, possible)
    if not len(rows):
        return Ahead(scores, tuple(then))
    chance = scores.chance[0, answer]
    second = scorer.scores(rows, possible)
    net = np.where(second.open, second.value - costs, 0.0)
    asked = scorer.answers[answer, 0]
    information, value = scores.information.copy(), scores.value.copy()
    np.add.at(information[0], asked, chance * second.information.max(axis=1))
    np.add.at(value[0], asked, chance * np.maximum(net.max(axis=1), 0.0))
    best = order(second, costs, "value")[:, 0]
    for i, (a, s) in enumerate(scorer.answers[answer].tolist()):
        if second.open[i, best[i]]:
            then[a][network.by_name[scorer.names[a]].states[s]] = scorer.names[best[i]]
    return Ahead(replace(scores, information=information, value=value), tuple(then))
