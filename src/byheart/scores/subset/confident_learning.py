"""confident_learning: how well the label fits what models without the example say, and which labels are wrong.

Northcutt, Jiang and Chuang (2021), with the default rules of cleanlab 2.9: a class is claimed for an example when its
out-of-sample probability reaches the mean that the class's own examples get; counts of (given, claimed) pairs estimate
the joint distribution of given and true labels; the off-diagonal counts say how many labels of each pair to flag.

The score is the normalized margin, (p[label] - largest other p + 1) / 2, 0 to 1, higher = the label fits better;
`label_errors` is the filter (prune by noise rate). Cost: no training beyond the subset models.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy.special import xlogy

from byheart.base.errors import NotApplicable
from byheart.runs.left_out import class_probabilities
from byheart.scores.score import score

TOLERANCE = 1e-6
ABSENT = 2.0  # the threshold of a class that nobody has: above every probability


@score(
    "confident_learning",
    needs="subset",
    higher="the label fits better",
    unit="(margin of probabilities + 1) / 2",
    range=(0.0, 1.0),
    cost="none beyond the subset models",
    finds="wrong labels (low)",
    source="Northcutt et al. 2021, normalized margin",
)
def confident_learning(
    member: Bool[np.ndarray, "models n"],
    many_logits: Float[np.ndarray, "models n k"],
    targets: Shaped[np.ndarray, "n"],
) -> Float[np.ndarray, "n"]:
    """Normalized margin (n,) of the mean probabilities of the models without each example; NaN where all have it."""
    if targets.dtype.kind == "f":
        raise NotApplicable("a regression target has no class probabilities")
    return normalized_margin(class_probabilities(member, many_logits), targets.astype(int))


def thresholds(probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"]) -> Float[np.ndarray, "k"]:
    """Mean probability that each class gets from the examples that carry it; 2 for a class without examples."""
    own = np.full(probabilities.shape[1], ABSENT)
    for k in np.unique(labels):
        own[k] = probabilities[labels == k, k].mean()
    return np.maximum(own, 2 * TOLERANCE)


def confident_counts(probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"]) -> Int[np.ndarray, "k k"]:
    """Counts of (given, claimed) class pairs where some class reaches its threshold; the diagonal is at least 1."""
    reached = probabilities >= thresholds(probabilities, labels) - TOLERANCE
    number = reached.sum(1)
    claimed = np.where(number > 1, probabilities.argmax(1), reached.argmax(1))
    some = number > 0
    # column order, as in cleanlab: sums over the matrix then round alike, and ties in `_round` fall alike
    counts = np.zeros((probabilities.shape[1],) * 2, dtype=int, order="F")
    np.add.at(counts, (labels[some], claimed[some]), 1)
    np.fill_diagonal(counts, np.maximum(np.diagonal(counts), 1))
    return counts


def calibrated_counts(probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"]) -> Int[np.ndarray, "k k"]:
    """Confident counts scaled so that each row sums to the number of examples given that label."""
    counts = confident_counts(probabilities, labels)
    given = np.bincount(labels, minlength=len(counts))
    scaled = (counts.T / counts.sum(1) * given).T
    return np.stack([_round(row) for row in scaled / scaled.sum() * given.sum()])


def joint(probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"]) -> Float[np.ndarray, "k k"]:
    """Estimated joint distribution of given (rows) and true (columns) labels; sums to 1."""
    counts = calibrated_counts(probabilities, labels)
    return counts / counts.sum()


def label_errors(probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
    """Which labels are probably wrong: for each pair of classes, as many of the largest margins as the joint counts."""
    remove = _keep_one(calibrated_counts(probabilities, labels))
    flagged = np.zeros(len(labels), dtype=bool)
    for given in range(len(remove)):
        rows = np.flatnonzero(labels == given)
        if len(rows) <= 1:
            continue  # the last example of a class stays
        for claimed in np.flatnonzero(remove[given]):
            if claimed != given:
                margin = probabilities[rows, claimed] - probabilities[rows, given]
                flagged[rows[np.argsort(-margin)[: remove[given, claimed]]]] = True
    nearly = probabilities.copy()
    nearly[np.arange(len(labels)), labels] += TOLERANCE
    return flagged & (nearly.argmax(1) != labels)


def self_confidence(probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Probability of the given label, 0 to 1, higher = the label fits better."""
    return probabilities[np.arange(len(labels)), labels]


def normalized_margin(probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """(p[label] - largest other p + 1) / 2, 0 to 1, higher = the label fits better."""
    others = probabilities.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    return (self_confidence(probabilities, labels) - others.max(1) + 1) / 2


def confidence_weighted_entropy(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"]
) -> Float[np.ndarray, "n"]:
    """log(1 + e) / e with e = entropy / log(classes) / p[label], 0 to 1, higher = the label fits better."""
    entropy = -xlogy(probabilities, probabilities).sum(1) / np.log(probabilities.shape[1])
    e = entropy / np.maximum(self_confidence(probabilities, labels), TOLERANCE)
    return np.log(e + 1) / np.maximum(e, TOLERANCE)


def _keep_one(counts: np.ndarray) -> np.ndarray:
    """Counts (given, claimed) to remove, with at least one example of each given class kept."""
    kept = np.maximum(np.diagonal(counts), 1)
    missing = (kept - np.diagonal(counts))[:, None]
    share = missing / np.maximum(np.count_nonzero(counts, axis=1, keepdims=True) - 1, 1)
    fewer = np.maximum(counts - share, 0).astype(int)
    np.fill_diagonal(fewer, kept)
    return fewer


def _round(row: np.ndarray) -> np.ndarray:
    """Whole numbers with the row's rounded sum: the entries that rounding changed most take up the difference."""
    whole = row.round()
    while difference := int(row.sum().round() - whole.sum().round()):
        step = 1 if difference > 0 else -1
        most_changed = np.argsort(row - whole)[::-step]
        whole[most_changed[: abs(difference)]] += step
    return whole.astype(int)
