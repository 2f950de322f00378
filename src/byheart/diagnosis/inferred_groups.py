"""Groups where none are named: from held-out mistakes, from what is learned late, from clusters of features.

What is inferred is suspected, not known. Held-out mistakes alone make a group with low accuracy in every task, clean
ones too, because they repeat: such a group's accuracy says nothing without a weaker learner that shares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from byheart.base.errors import DataError
from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.proportion import wilson
from byheart.methods.xrm import cross_mistakes
from byheart.methods.xrm import inferred_groups as named


@dataclass(frozen=True, eq=False)
class InferredGroups:
    """A group (n,) a row, whether the row is said to be an exception (n,), and in words how that was inferred."""

    groups: np.ndarray
    exceptions: Bool[np.ndarray, "n"]
    how: str


@dataclass(frozen=True)
class Agreement:
    """How inferred groups agree with true ones.

    `adjusted_rand` and `adjusted_mutual` are 0 by chance and 1 when the groups are the same up to their names.
    `recall` is the share of the true minority among the exceptions, `precision` the share of the exceptions that are in
    the minority, both with Wilson's interval.
    """

    adjusted_rand: float
    adjusted_mutual: float
    recall: Measure
    precision: Measure


def from_cross_mistakes(
    first: Float[np.ndarray, "n classes"], second: Float[np.ndarray, "n classes"], targets: Int[np.ndarray, "n"]
) -> InferredGroups:
    """Class and whether either of XRM's twins is mistaken, from both twins' logits. Source: Pezeshki et al. (2024)."""
    mistaken = cross_mistakes(first, second, targets)
    return InferredGroups(named(targets, mistaken), mistaken, "cross-mistakes of twins that were trained on halves")


def from_held_out_mistakes(logits: Float[np.ndarray, "n classes"], targets: Int[np.ndarray, "n"]) -> InferredGroups:
    """Class and whether the held-out answer is wrong, from logits of networks that did not fit the example."""
    mistaken = logits.argmax(1) != targets
    return InferredGroups(named(targets, mistaken), mistaken, "mistakes of networks that did not have the example")


def from_small_network(logits: Float[np.ndarray, "n classes"], targets: Int[np.ndarray, "n"]) -> InferredGroups:
    """Class and whether a network of low capacity, trained on all of them, is mistaken.

    Source: the prior of Dagaev et al. (2023), which weights by the same network.
    """
    mistaken = logits.argmax(1) != targets
    return InferredGroups(named(targets, mistaken), mistaken, "mistakes of a network of low capacity")


def from_early_learning(
    correct: Num[np.ndarray, "epochs n"], targets: Int[np.ndarray, "n"], epoch: int | None = None
) -> InferredGroups:
    """Class and whether the example is still wrong after `epoch` epochs (from 1), from a trajectory of correctness.

    None takes the first epoch whose accuracy is half way from the first one's to the best: what is easy is learned
    by then. An example that the epoch did not show counts as right. Source: Liu et al. (2021).
    """
    shares = np.nanmean(correct.astype(np.float64), 1)
    if epoch is None:
        epoch = int((shares >= (shares[0] + shares.max()) / 2).argmax()) + 1
    if not 1 <= epoch <= len(correct):
        raise DataError(f"There is no epoch {epoch}: {len(correct)} were recorded.", do="give one of them")
    late = correct[epoch - 1] < 0.5
    how = f"mistakes in epoch {epoch} of {len(correct)}, when {shares[epoch - 1]:.1%} were right"
    groups = np.array([f"{y} {'late' if e else 'early'}" for y, e in zip(targets, late, strict=True)])
    return InferredGroups(groups, late, how)


def from_clusters(
    features: Float[np.ndarray, "n d"], targets: Int[np.ndarray, "n"], clusters: int = 2, seed: int = 0
) -> InferredGroups:
    """Class and k-means cluster of the network's features within the class; all but its largest are exceptions.

    Clusters are numbered by size, the largest 0. Source: Sohoni et al. (2020).
    """
    from sklearn.cluster import KMeans

    place, rare = np.zeros(len(targets), np.int64), np.zeros(len(targets), bool)
    for k in np.unique(targets):
        rows = np.flatnonzero(targets == k)
        count = min(clusters, len(np.unique(features[rows], axis=0)))
        found = KMeans(count, random_state=seed).fit_predict(features[rows])
        sizes = np.bincount(found, minlength=count)
        place[rows] = np.argsort(np.argsort(-sizes, kind="stable"))[found]
        rare[rows] = place[rows] > 0
    groups = np.array([f"{y} cluster {c}" for y, c in zip(targets, place, strict=True)])
    return InferredGroups(groups, rare, f"{clusters} k-means clusters of the features in each class")


def agreement(inferred: InferredGroups, true: np.ndarray, minority: Sequence[str]) -> Agreement:
    """How inferred groups agree with true groups (n,), of which those named in `minority` are the exceptions.

    Inferred groups are crossed with the class: so should the true ones be for the two indices to reach 1.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    if true.shape != inferred.groups.shape:
        raise DataError(f"There are {len(inferred.groups)} inferred and {len(true)} true groups.", do="give one a row")
    if unknown := sorted(set(minority) - set(true.tolist())):
        raise DataError(f"No row is in the group {unknown[0]!r}.", do="name groups that occur")
    rare = np.isin(true, list(minority))
    hits = int((rare & inferred.exceptions).sum())
    return Agreement(
        float(adjusted_rand_score(true, inferred.groups)),
        float(adjusted_mutual_info_score(true, inferred.groups)),
        _share("recall", hits, int(rare.sum())),
        _share("precision", hits, int(inferred.exceptions.sum())),
    )


def _share(name: str, hits: int, n: int) -> Measure:
    if not n:
        return missing(name, "at least one exception", "share")
    value, low, high = wilson(hits, n)
    return Measure(name, value, (high - low) / 3.92, low, high, n, f"{hits} of {n}", kind="share")
