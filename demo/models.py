"""The two models of the built-in world: how they fit, choose, and know when they are unsure. Imports no Django."""

from dataclasses import dataclass

import numpy as np

from audits.decisions import columns
from demo.world import COMMUNITIES, EDGES, NORM_EDGE, NORM_MINIMUM, Bools, Floats, Ints, Panel

NORM = columns.Norm(EDGES.index(NORM_EDGE), NORM_MINIMUM)


@dataclass(frozen=True, slots=True)
class Answers:
    """Per post: the option ``chosen``, the ``margin`` of its total over the runner-up, and its ``confidence``."""

    chosen: Ints
    margin: Floats
    confidence: Floats


def fit(scores: Floats, labels: Floats) -> Floats:
    """(j,): least squares of labels (m,) on scores (m, j) with an intercept, as weights that sum to 1."""
    design = np.column_stack([scores, np.ones(len(scores))])
    slopes = np.linalg.lstsq(design, labels, rcond=None)[0][:-1]
    positive = np.maximum(slopes, 0.0)
    total = positive.sum()
    return np.asarray(positive / total if total > 0 else np.full(len(slopes), 1 / len(slopes)))


def fit_scalar(panel: Panel) -> Floats:
    """(c, j): one reward for everybody, fitted on all labels together."""
    weights = fit(panel.scores.reshape(-1, len(EDGES)), panel.label.reshape(-1))
    return np.tile(weights, (len(COMMUNITIES), 1))


def fit_edge_aware(panel: Panel, community: Ints) -> Floats:
    """(c, j): one policy per community, fitted on its own labels."""
    return np.array(
        [
            fit(panel.scores[community == c].reshape(-1, len(EDGES)), panel.label[community == c].reshape(-1))
            for c in range(len(COMMUNITIES))
        ]
    )


def answer(scores: Floats, sd: Floats, weights: Floats, norms: tuple[columns.Norm, ...] = (NORM,)) -> Answers:
    """The choice under a weighted sum with hard norms. ``scores``, ``sd`` (n, o, j); ``weights`` (n, j) or (j,).

    Where no option meets the norms all are considered: the world's *remove* always does, but for noise.
    """
    open_question = np.full(len(scores), -1, dtype=np.int64)
    everything = np.ones(scores.shape[:2], dtype=bool)
    terms = columns.Terms(weights=weights)
    asked = columns.Columns(scores, sd, everything, open_question)
    meets = columns.feasible(asked, norms)
    meets |= ~meets.any(axis=1, keepdims=True)
    utility = columns.utilities(scores, terms)
    chosen = columns.best(utility, meets)
    answered = columns.Columns(scores, sd, everything, chosen)
    margin = columns.pick(utility, chosen) - runner_up(utility, columns.without(meets, chosen))
    return Answers(chosen, margin, columns.confidence(answered, terms, meets))


def runner_up(utility: Floats, rivals: Bools) -> Floats:
    """(n,): the highest utility among rivals, −1 where there is none (totals lie in [0, 1])."""
    return np.asarray(np.where(rivals, utility, -1.0).max(axis=1))


def flag_lowest(signal: Floats, share: float) -> Bools:
    """(n,): the ``share`` of posts with the lowest signal; ties by order, so that the rate is exact."""
    flagged = np.zeros(len(signal), dtype=bool)
    flagged[np.argsort(signal, kind="stable")[: round(share * len(signal))]] = True
    return flagged
