"""Influence of training examples on held-out ones, and the pairs where it is highest.

infl(i, j) = P(right on j | i in the training set) - P(right on j | i not in it), from the subset models that measure
memorization too (Feldman and Zhang 2020, section 2), in [-1, 1]; pairs of at least .15 are their "high influence".
The matrix of all pairs is never held: it is made a block of held-out columns at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Shaped

from byheart.base import seeds
from byheart.scores.score import Estimate
from byheart.scores.subset.interval import frequency_difference

THRESHOLD = 0.15
CHUNK_CELLS = 5_000_000  # pairs in memory at once: 40 MB an array


def influence_on(
    member: Bool[np.ndarray, "models n"], correct: Float[np.ndarray, "models"], counted: Bool[np.ndarray, "models"]
) -> Estimate:
    """Influence of every training example on one, with intervals, from the models that are counted.

    To ask what makes the network right on training example t, count the models that did not train on t.
    """
    inside, right = member[counted].astype(float), correct[counted].astype(float)
    n_in, hits_in = inside.sum(0), right @ inside
    return frequency_difference(hits_in, n_in, right.sum() - hits_in, len(right) - n_in)


def pairs(
    member: Bool[np.ndarray, "models n"],
    held_correct: Float[np.ndarray, "models held"],
    ids: Shaped[np.ndarray, "n"],
    held_ids: Shaped[np.ndarray, "held"],
    among: Bool[np.ndarray, "n"],
    threshold: float = THRESHOLD,
    limit: int = 1000,
) -> pd.DataFrame:
    """The pairs of highest influence, at least `threshold` and at most `limit`, highest first.

    among: training examples that are asked about (Feldman and Zhang: memorization of at least .25).
    Columns id, held_out_id, influence, influence_se, influence_low, influence_high. No model on one side: no pair.
    """
    rows = np.flatnonzero(among)
    found_row, found_column, found_value = np.empty(0, int), np.empty(0, int), np.empty(0)
    for start, block in _blocks(member[:, rows], held_correct):
        at_row, at_column = np.nonzero(block >= threshold)
        found_row = np.r_[found_row, rows[at_row]]
        found_column = np.r_[found_column, at_column + start]
        found_value = np.r_[found_value, block[at_row, at_column]]
        best = np.lexsort((found_column, found_row, -found_value))[:limit]
        found_row, found_column, found_value = found_row[best], found_column[best], found_value[best]
    estimate = _pair_estimate(member[:, found_row], held_correct[:, found_column])
    return pd.DataFrame(
        {
            "id": ids[found_row],
            "held_out_id": held_ids[found_column],
            "influence": estimate.value,
            "influence_se": estimate.se,
            "influence_low": estimate.low,
            "influence_high": estimate.high,
        }
    )


def count_pairs(
    member: Bool[np.ndarray, "models n"], held_correct: Float[np.ndarray, "models held"], threshold: float = THRESHOLD
) -> int:
    """How many pairs reach the threshold."""
    return sum(int((block >= threshold).sum()) for _, block in _blocks(member, held_correct))


def pairs_by_chance(
    member: Bool[np.ndarray, "models n"],
    held_correct: Float[np.ndarray, "models held"],
    threshold: float = THRESHOLD,
    seed: int = 0,
) -> int:
    """How many pairs reach the threshold when the models' answers are dealt to other models: none is influence."""
    dealt = seeds.generator(seed, "influence", "null").permutation(len(member))
    return count_pairs(member, held_correct[dealt], threshold)


def _blocks(member: np.ndarray, held_correct: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Influence (n, columns), a block of held-out columns at a time; NaN where all models had the example or none."""
    inside = member.astype(float)
    n_in = inside.sum(0)[:, None]
    n_out = len(member) - n_in
    known = (n_in > 0) & (n_out > 0)
    width = max(1, CHUNK_CELLS // max(member.shape[1], 1))
    for start in range(0, held_correct.shape[1], width):
        right = held_correct[:, start : start + width].astype(float)
        hits_in = inside.T @ right
        block = hits_in / np.maximum(n_in, 1) - (right.sum(0) - hits_in) / np.maximum(n_out, 1)
        yield start, np.where(known, block, np.nan)


def _pair_estimate(member: np.ndarray, correct: np.ndarray) -> Estimate:
    """Influence and interval of matched columns, (pairs,)."""
    right = correct.astype(float)
    n_in, hits_in = member.sum(0).astype(float), (right * member).sum(0)
    return frequency_difference(hits_in, n_in, right.sum(0) - hits_in, len(member) - n_in)
