"""Exceptions to a shortcut: learned after the others where nothing can be memorized, and memorized where it can."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from byheart.data.made.bayat_classification import bayat_classification
from byheart.data.task import Task
from byheart.runs.learner import Network
from byheart.runs.run import Run
from byheart.studies.criterion import above, at_least, at_most, below
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import trained, with_recipe

NOISE, QUIET = 0.5, 0.0  # deviation of the features by which examples can be memorized
SPURIOUS, IDLE = 0.1, 0.5  # share of training examples that the large feature misleads; by half it says nothing
LEARNED, EVERY = 0.99, 20  # accuracy of a group that is learned; epochs between points of the picture
GROUPS = {"majority": "the others", "minority": "the exceptions"}


def nothing_spurious(lab: Lab) -> Reading:
    """The large feature says nothing of the class in training either; two draws take the place of the two columns."""
    quiet = followed(lab, IDLE)[0]
    loud = fitted(lab, NOISE, IDLE)
    again = fitted(replace(lab, seed=lab.seed + 1_000), NOISE, IDLE)
    return Reading({**quiet, **loud, "more": again["worst group"] - loud["worst group"]})


@study(
    Row("C21", (
        at_least("quiet: minority, test", 0.99, "test accuracy of the exceptions at the end"),
        above("later", 0, "log ratio of the epochs after which exceptions and others are right at test"),
        below("then", 0.5, "test accuracy of the exceptions when the others are right (a coin: .5)"),
    ), paper="bayat2024"),
    Row("C22", (
        at_least("minority, train", 1.0, "training accuracy of the exceptions, with noise features"),
        at_most("minority, test", 0.2, "test accuracy of the exceptions, with noise features"),
    ), paper="bayat2024"),
    Row("C24", (
        at_most("worst group", 0.2, "worst group at test, spurious feature and noise features"),
        at_least("others", 0.8, "worst group at test, the lowest of: only the one, only the other, neither"),
        above("more", 0, "worst-group accuracy that noise features cost, beside a spurious feature minus without"),
    ), paper="bayat2024"),
    control=nothing_spurious, cost=30,
)  # fmt: skip
def minority(lab: Lab) -> Reading:
    """The toy classification of memorization-aware training, plainly trained: with and without noise features to
    memorize by, and with and without a large feature that is spurious.
    """
    quiet, curves = followed(lab, SPURIOUS)
    loud, alone, neither = (fitted(lab, *both) for both in ((NOISE, SPURIOUS), (NOISE, IDLE), (QUIET, IDLE)))
    worst = quiet["quiet: worst group"]
    found = {
        **quiet,
        **loud,
        "others": min(worst, alone["worst group"], neither["worst group"]),
        "more": worst - loud["worst group"] - (neither["worst group"] - alone["worst group"]),
    }
    return Reading(found, curves, "epoch", "test accuracy without noise features")


def followed(lab: Lab, misleading: float) -> tuple[dict[str, float], list[Curve]]:
    """A training without noise features, epoch by epoch: when each group is right at test, and with what end."""
    task = made(lab, QUIET, misleading)
    run = trained(lab, task)
    paths = {group: by_group(run, task, group) for group in GROUPS}
    after = {group: learned(path) for group, path in paths.items()}
    found = {
        "quiet: minority, test": float(paths["minority"][-1]),
        "quiet: worst group": min(float(path[-1]) for path in paths.values()),
        "then": float(paths["minority"][int(min(after["majority"], run.epochs)) - 1]),
        "later": math.log(after["minority"] / after["majority"]) if max(after.values()) < math.inf else math.nan,
    }
    epochs = range(1, run.epochs + 1, EVERY)
    return found, [Curve(GROUPS[group], epochs, path[::EVERY].tolist()) for group, path in paths.items()]


def fitted(lab: Lab, noise: float, misleading: float) -> dict[str, float]:
    """Accuracies at the end of a training."""
    task = made(lab, noise, misleading)
    predict = Network().fit(task, np.arange(len(task.train)), lab.seed)
    learned_by, test = (predict(part).argmax(1) == part.targets for part in (task.train, task.test))
    groups = {group: float(test[task.test.groups == group].mean()) for group in GROUPS}
    return {
        "minority, train": float(learned_by[task.truth["minority"]].mean()),
        "minority, test": groups["minority"],
        "worst group": min(groups.values()),
    }


def made(lab: Lab, noise: float, misleading: float) -> Task:
    """The toy classification; without noise the features that would bear it are all 0, and few are as good as many."""
    features = lab.size(1_800 if noise else 100, 30)
    task = bayat_classification(lab.seed, features=features, noise=noise, misleading=misleading)
    return with_recipe(task, epochs=lab.size(task.recipe.epochs, 5))


def by_group(run: Run, task: Task, group: str) -> np.ndarray:
    """Test accuracy (epochs,) of a group."""
    return np.asarray(run["test_correct"], np.float64)[:, task.test.groups == group].mean(1)


def learned(path: np.ndarray) -> float:
    """The first epoch from which a group stays learned; infinity where it never does."""
    missed = np.flatnonzero(path < LEARNED)
    first = missed[-1] + 2 if len(missed) else 1
    return float(first) if first <= len(path) else math.inf
