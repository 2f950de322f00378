"""What one run's trajectory says about a frequency: a smooth additive fit, judged and read by leaving one example out.

Each feature becomes a normal score of its rank, then a piecewise-linear basis with knots that crowd towards the hard
end; one ridge penalty is chosen by the leave-one-out error. Leaving one out has a closed form for ridge regression
(Allen 1974: residual / (1 - leverage)), so that there are no folds and nothing random, and example i's own counts never
enter i's prior. Rows are put in an order of their own first, so that the order of the examples changes no bit.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

KNOTS = ndtri(np.array([0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.875, 0.925, 0.965, 0.985]))
PENALTIES = np.geomspace(1e-3, 1e4, 15)
FLOOR = 0.01  # a prior never says "never" or "always"


def prior_mean(
    features: Float[np.ndarray, "n d"], hits: Float[np.ndarray, "n"], trials: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n"]:
    """Expected hits/trials of each example from its features and the other examples' counts, in [.01, .99].

    features: higher = harder; a NaN counts as the middle rank. Examples without trials are predicted, not fitted.
    """
    order = np.lexsort((trials, hits, *features.T))
    ordered = leave_one_out(basis(features[order]), hits[order], trials[order])
    result = np.empty_like(ordered)
    result[order] = ordered
    return np.clip(result, FLOOR, 1 - FLOOR)


def basis(features: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n columns"]:
    """Normal scores of the ranks and their parts beyond each knot; columns that do not vary are left out."""
    columns = []
    for feature in features.T:
        z = _normal_score(feature)
        columns += [z, *(np.maximum(z - knot, 0.0) for knot in KNOTS)]
    table = np.stack(columns, axis=1)
    deviation = table.std(0)
    varies = deviation > 1e-9
    return (table[:, varies] - table[:, varies].mean(0)) / deviation[varies]


def leave_one_out(
    table: Float[np.ndarray, "n columns"], hits: Float[np.ndarray, "n"], trials: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n"]:
    """Ridge prediction of hits/trials, weighted by trials, each from a fit without that example."""
    fitted = trials > 0
    frequency = np.divide(hits, trials, out=np.zeros_like(hits, dtype=float), where=fitted)
    total = trials.sum()
    if total == 0:
        return np.full(len(hits), 0.5)
    centre, level = trials @ table / total, trials @ frequency / total
    table = table - centre
    values, vectors = np.linalg.eigh((table * trials[:, None]).T @ table)
    values = np.maximum(values, 0.0)
    rotated = table @ vectors
    target = frequency - level
    projected = (rotated * trials[:, None]).T @ target
    best, best_error = np.zeros(len(hits)), np.inf
    for penalty in PENALTIES * max(total / len(hits), 1.0):
        shrink = 1.0 / (values + penalty)
        leverage = trials * ((rotated**2) @ shrink + 1.0 / total)  # the level is fitted too, without a penalty
        whole = rotated @ (shrink * projected)
        residual = (target - whole) / np.maximum(1.0 - leverage, 1e-9)
        error = trials @ residual**2
        if error < best_error:
            best, best_error = np.where(fitted, target - residual, whole), error
    return best + level


def _normal_score(feature: np.ndarray) -> np.ndarray:
    known = np.isfinite(feature)
    score = np.zeros(len(feature))
    if known.any():
        _, place, count = np.unique(feature[known], return_inverse=True, return_counts=True)
        middle = np.cumsum(count) - (count - 1) / 2  # the mean rank of the tied, from 1
        score[known] = ndtri((middle[place] - 0.5) / known.sum())
    return score
