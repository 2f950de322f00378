"""Cross-validation: an estimate that training examples cannot flatter, and answers for each by who never saw it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, PredefinedSplit, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from byheart.base.seeds import generator
from byheart.data.plant import plant
from byheart.data.subsets import folds
from byheart.data.task import Task
from byheart.models.linear import linear
from byheart.runs.estimator import Estimator, flat
from byheart.runs.kfold import kfold
from byheart.studies.criterion import above, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, by_epoch, pictures, trained

COUNT, NOISE = 5, 0.2
TRAIN, HELD_OUT = 1_000, 500  # both with wrong labels, so that they follow the same law


def nothing_to_detect(lab: Lab) -> Reading:
    """Labels as they are, with a random fifth called wrong, learned for 2 epochs by a linear map, which overfits
    little.
    """
    return Reading(estimates(lab, 0.0)[0])


@study(
    Row("D10", (
        at_most("folds: sizes", 0, "examples of a fold and class more or less than scikit-learn's StratifiedKFold(5)"),
        at_most("folds: numbers", 0, "examples of a fold more or less than scikit-learn's KFold(5), for regression"),
        at_most("folds: scores", 1e-6, "accuracy of each fold, difference from scikit-learn's cross_val_score"),
        above("gap", 0, "training accuracy minus cross-validated accuracy"),
        above("closer", 0, "distance to held-out accuracy: training accuracy's minus the cross-validated one's"),
        above("signal", 0.5, "AUROC of the out-of-fold loss for wrong labels"),
        above("signal above training's", 0, "that AUROC minus that of the loss of the network trained on them"),
    )),
    control=nothing_to_detect, cost=9,
)  # fmt: skip
def cross_validation(lab: Lab) -> Reading:
    """Five folds of digits with 20% wrong labels in training and held out: sizes and scores beside scikit-learn's, the
    estimate beside the training accuracy, and what the out-of-fold answers say of each label.
    """
    values, curves = estimates(lab, NOISE)
    return Reading(values | beside(lab, made(lab, NOISE)), curves, "epoch", "accuracy on the given labels")


def made(lab: Lab, noise: float) -> Task:
    """Digits whose training and held-out labels are wrong alike; truth: wrong, a random fifth without noise."""
    whole = pictures(lab, train=lab.size(TRAIN + HELD_OUT, 300), test=100, epochs=lab.size(60, 3), lr=0.1)
    wrong = generator(lab.seed, "fifth").permutation(len(whole.train)) < NOISE * len(whole.train)
    if noise:
        whole = plant(whole, f"label-noise={noise}", lab.seed)
        wrong = whole.truth["wrong"]
    else:
        whole = replace(whole, network=linear, recipe=replace(whole.recipe, epochs=2))
    rows = generator(lab.seed, "parts").permutation(len(whole.train))  # digits come writer by writer
    learned, held = rows[: lab.size(TRAIN, 200)], rows[lab.size(TRAIN, 200) :]
    return replace(whole, train=whole.train.take(learned), test=whole.train.take(held), truth={"wrong": wrong[learned]})


def estimates(lab: Lab, noise: float) -> tuple[dict[str, float], list[Curve]]:
    """Training, cross-validated and held-out accuracy, and the losses' AUROC for wrong labels."""
    task = made(lab, noise)
    run, found = trained(lab, task), kfold(task, COUNT, lab.folder / "folds", lab.seed, jobs=1)
    learned, held, wrong = accuracy(run, task), accuracy(run, task, "test"), task.truth["wrong"]
    signal = roc_auc_score(wrong, found["loss"])
    values = {
        "gap": learned - found.mean,
        "closer": abs(learned - held) - abs(found.mean - held),
        "signal": float(signal),
        "signal above training's": float(signal - roc_auc_score(wrong, run["loss"][-1])),
    }
    epochs = range(1, run.epochs + 1)
    lines = {"training": by_epoch(run, "train").tolist(), "held out": np.asarray(run["test_correct"]).mean(1, float)}
    curves = [Curve(name, epochs, list(map(float, line))) for name, line in lines.items()]
    return values, [*curves, Curve("out of fold, at the end", epochs, [found.mean] * run.epochs)]


def beside(lab: Lab, task: Task) -> dict[str, float]:
    """How folds, their sizes and their scores differ from scikit-learn's."""
    y, numbers = np.sort(task.train.targets), np.linspace(0, 1, len(task.train) + 3)
    parts = StratifiedKFold(COUNT).split(y, y)
    theirs = np.array([np.bincount(y[rows], minlength=10) for _, rows in parts])
    fold = folds(task.train.targets, COUNT, lab.seed)
    ours = np.array([np.bincount(task.train.targets[fold == k], minlength=10) for k in range(COUNT)])
    lengths = [len(rows) for _, rows in KFold(n_splits=COUNT).split(numbers)]
    own = np.bincount(folds(numbers, COUNT, lab.seed))
    nearest = KNeighborsClassifier(1)
    found = kfold(task, COUNT, lab.folder / "nearest", lab.seed, learner=Estimator(nearest), jobs=1)
    scores = cross_val_score(nearest, flat(task, task.train), task.train.targets, cv=PredefinedSplit(found.fold))
    return {
        "folds: sizes": float(np.abs(ours - theirs).max()), "folds: numbers": float(np.abs(own - lengths).max()),
        "folds: scores": float(np.abs(found.by_fold - scores).max()),
    }  # fmt: skip
