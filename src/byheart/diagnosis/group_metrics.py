"""Accuracy, likelihood and calibration of each group, each with its interval, and the weakest group honestly chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from byheart.base.errors import DataError, NotApplicable
from byheart.diagnosis.calibration import (
    answers,
    calibration_error,
    negative_log_likelihood,
    over_confidence,
)
from byheart.diagnosis.check import WHY, Evidence
from byheart.diagnosis.groups import BUYS, By, labels_of, weakest
from byheart.diagnosis.intervals import at_once, mean_measure, share_measure, weighted_mean
from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.proportion import wilson_many


@dataclass(frozen=True)
class GroupRow:
    """One group on held-out examples.

    `accuracy` (Wilson's interval), `nll` (nats), `ece` (15 equal-mass bins, fewer for few examples) and
    `over_confidence` (mean confidence minus accuracy).
    """

    name: str
    n: int
    accuracy: Measure
    nll: Measure
    ece: Measure
    over_confidence: Measure


@dataclass(frozen=True)
class GroupMetrics:
    """Every group, and what they come to.

    `everyone` is the row of all examples: its accuracy is the average accuracy. `adjusted` weights the groups'
    accuracies by their shares in training. `worst` is the accuracy of the group that was chosen on other examples;
    `least` the smallest accuracy here, whose interval allows for the choice (all groups' Wilson intervals at once).
    """

    rows: tuple[GroupRow, ...]
    everyone: GroupRow
    adjusted: Measure
    worst: Measure
    least: Measure

    def __getitem__(self, name: str) -> GroupRow:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"{name!r}; the groups are {[row.name for row in self.rows]}")


def group_metrics(
    logits: Float[np.ndarray, "n classes"],
    targets: Int[np.ndarray, "n"],
    groups: np.ndarray,
    train_groups: np.ndarray | None = None,
    chosen: str | None = None,
) -> GroupMetrics:
    """All metrics of held-out logits (n, classes) by group, groups in alphabetical order.

    `chosen` is the group that was weakest on other, validation, examples: the weakest here is there partly by chance.
    Errors: DataError when there are not as many groups as rows.
    """
    if groups.shape != (len(logits),):
        raise DataError(f"There are {len(logits)} rows but groups of shape {groups.shape}.", do="give one group a row")
    names = np.unique(groups)
    rows = tuple(_row(str(name), logits[groups == name], targets[groups == name]) for name in names)
    right = logits.argmax(1) == targets
    worst = missing("worst", "a group chosen on validation examples", "share")
    if chosen is not None and chosen in names:
        worst = next(row.accuracy for row in rows if row.name == chosen)
    return GroupMetrics(
        rows, _row("all", logits, targets), adjusted(right, groups, train_groups), worst, least(right, groups)
    )


def _row(name: str, logits: np.ndarray, targets: np.ndarray) -> GroupRow:
    confidence, right = answers(logits, targets)
    return GroupRow(
        name,
        len(targets),
        share_measure("accuracy", right),
        mean_measure("nll", negative_log_likelihood(logits, targets), "loss"),
        calibration_error("ece", confidence, right),
        over_confidence("over_confidence", confidence, right),
    )


def adjusted(right: np.ndarray, groups: np.ndarray, train_groups: np.ndarray | None) -> Measure:
    """Accuracy if groups were as frequent as in training: sum over g of (share of g in training) * accuracy of g.

    Not measured where a group of the training examples has no held-out examples. Source: Sagawa et al. (2020).
    """
    if train_groups is None:
        return missing("adjusted", "groups of the training examples", "share")
    names, counts = np.unique(train_groups, return_counts=True)
    if not np.isin(names, groups).all():
        return missing("adjusted", "held-out examples of every group", "share")
    n = np.array([(groups == g).sum() for g in names])
    bounds = wilson_many(np.array([right[groups == g].sum() for g in names]), n)
    return weighted_mean("adjusted", *bounds, counts / counts.sum(), len(right), "share")


def least(right: np.ndarray, groups: np.ndarray) -> Measure:
    """The smallest accuracy of a group; its interval holds for the smallest true accuracy, whichever group has it."""
    names, n = np.unique(groups, return_counts=True)
    hits, z = np.array([right[groups == g].sum() for g in names]), at_once(len(names))
    value, low, high = wilson_many(hits, n, z)
    k = int(value.argmin())
    text = f"{names[k]}, the smallest of {len(names)} groups"
    low, high = float(low.min()), float(high.min())
    return Measure("least", float(value[k]), (high - low) / (2 * z), low, high, int(n[k]), text, kind="share")


def metrics_of(evidence: Evidence, by: By = "group") -> GroupMetrics:
    """The metrics of an audit's trained network on test examples, by given group or by class.

    The weakest group is chosen on validation examples. Errors: NotApplicable without groups, classes or final logits.
    """
    run, task = evidence.run, evidence.task
    if run is None:
        raise NotApplicable(WHY["run"])
    if not task.is_classification:
        raise NotApplicable("the targets are numbers, which have no confidence")
    groups = labels_of(evidence, by, "test")
    if groups is None:
        raise NotApplicable(f"there are no groups; what gives them: {BUYS[by]}")
    if "final_test_logits" not in run:
        raise NotApplicable("the network's final outputs were not recorded")
    logits = np.asarray(run["final_test_logits"], np.float64)
    there = labels_of(evidence, by, "train")
    return group_metrics(logits, task.test.targets, groups, there, weakest(evidence, by))
