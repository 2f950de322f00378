"""What the words mean: each number of an audit worked out again by hand from the evidence it rests on."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from byheart.data.plant import plant
from byheart.diagnosis.audit import Audit, diagnose
from byheart.runs.run import Run
from byheart.runs.subsets import SubsetRuns, record_subsets
from byheart.scores.table import score
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import fitted, pictures, trained


def nothing_by_heart(lab: Lab) -> Reading:
    """The same perceptron after a single epoch: it has not learned its training data too well."""
    return measured(lab, epochs=1)


@study(
    Row("D01", (
        at_most("by hand", 1e-5, "largest difference of a number of the audit from its formula worked out by hand"),
        above("gap", 0.0, "gap between training and test accuracy"),
        at_least("noise", 0.9, "wrong labels that are given back: noise is learned too"),
        at_least("details", 0.5, "memorization of the examples with wrong labels"),
    ),),
    control=nothing_by_heart, cost=7,
)  # fmt: skip
def definitions(lab: Lab) -> Reading:
    """An audit of digits with a fifth of wrong labels: accuracies, gap and scores beside their formulas in NumPy, and
    whether the network has learned the noise and the details.
    """
    return measured(lab, epochs=lab.size(40, 3))


def measured(lab: Lab, epochs: int) -> Reading:
    """The audit, and how far it is from the formulas."""
    task = pictures(lab, train=lab.size(200, 60), test=lab.size(400, 60), epochs=epochs, lr=0.1)
    task = plant(task, "label-noise=0.2", lab.seed)
    run = trained(lab, task)
    many = record_subsets(task, lab.size(20, 4), lab.folder / "subsets", lab.seed, jobs=1)
    audit = diagnose(score(run, many, BY_HAND), task)
    wrong = task.truth["wrong"]
    return Reading({
        "by hand": max(differences(audit).values()),
        "gap": audit.measures["gap"].value,
        "noise": fitted(run, task),
        "details": float(np.nanmean(audit.scores["memorization_raw"][wrong])),
    })  # fmt: skip


def differences(audit: Audit) -> dict[str, float]:
    """How far each number is from its formula, as docs/glossary.md has it."""
    run, many, task = audit.scores.run, audit.scores.many, audit.task
    assert run is not None
    assert many is not None
    right = {part: run[key].argmax(1) == getattr(task, part).targets for part, key in
             (("train", "final_logits"), ("test", "final_test_logits"))}  # fmt: skip
    found = {f"{part}_accuracy": abs(audit.measures[f"{part}_accuracy"].value - right[part].mean()) for part in right}
    gap = right["train"].mean() - right["test"].mean()
    found["gap"] = abs(audit.measures["gap"].value - gap)
    hand = {name: np.array([BY_HAND[name](run, many, i) for i in range(len(task.train))]) for name in BY_HAND}
    return found | {name: float(np.nanmax(np.abs(audit.scores[name] - hand[name]))) for name in hand}


def memorization(run: Run, many: SubsetRuns, i: int) -> float:
    """Share right of the models that trained on the example, minus the same of those that did not."""
    inside, correct = many["member"][:, i], many["correct"][:, i].astype(float)
    if inside.all() or not inside.any():
        return math.nan
    return correct[inside].mean() - correct[~inside].mean()


def cumulative_loss(run: Run, many: SubsetRuns, i: int) -> float:
    """The sum of the example's losses over the epochs."""
    return sum(float(loss) for loss in run["loss"][:, i])


def aum(run: Run, many: SubsetRuns, i: int) -> float:
    """The mean over the epochs of the label's logit minus the largest other."""
    return float(np.mean([float(margin) for margin in run["margin"][:, i]]))


def forgetting(run: Run, many: SubsetRuns, i: int) -> float:
    """How often an epoch with a right answer is followed by one with a wrong one; all epochs where none was right."""
    right = [bool(c) for c in run["correct"][:, i]]
    if not any(right):
        return len(right)
    return sum(a and not b for a, b in pairwise(right))


BY_HAND = {
    "memorization_raw": memorization,
    "cumulative_loss": cumulative_loss,
    "aum": aum,
    "forgetting": forgetting,
}
