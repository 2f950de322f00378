"""Test examples that are in the training set: whether they are found, and what they make of test accuracy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.base.seeds import generator
from byheart.data.plant import plant
from byheart.data.plant.duplicates import nudged
from byheart.data.plant.rows import with_inputs
from byheart.data.task import Task
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem005_leakage import copies
from byheart.scores.table import Scores
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import pictures, right, shuffled, trained


def nothing_leaked(lab: Lab) -> Reading:
    """The same test examples are held to have leaked, but training has none of them."""
    real, random = tasks(lab)
    leaked = rows_of(exactly(real, lab))
    values = {f"{kind}: recall": float(flagged(real)[leaked].mean()) for kind in ("exact", "near")}
    for kind, task in (("real", real), ("random", random)):
        correct = right(trained(lab, task, kind), task, "test")
        values[f"{kind}: too high"] = float(correct[leaked].mean() - correct[~leaked].mean())
    return Reading(values)


@study(
    Row("C11", (
        at_least("exact: recall", 1, "share of the exact copies that MEM005 finds"),
        above("near: recall", 0.5, "share of the near copies that it finds, 2% of the range added to every pixel"),
        at_most("false alarms", 0.01, "share of the test examples that did not leak and are called copies"),
        above("real: too high", 0, "test accuracy, leaked above not leaked examples"),
        above("random: too high", 0.5, "the same where training and test labels are random and nothing can be known"),
    )),
    control=nothing_leaked, cost=14,
)  # fmt: skip
def leakage(lab: Lab) -> Reading:
    """A quarter of the test digits put into training, as exact copies and with a little noise: how many of them the
    check for leaks finds, and how far accuracy on them is above that on the others.
    """
    real, random = tasks(lab)
    values, alarms = {}, []
    for kind, leak in {"exact": exactly, "near": nearly}.items():
        task = leak(real, lab)
        found, leaked = flagged(task), rows_of(task)
        values[f"{kind}: recall"] = float(found[leaked].mean())
        alarms.append(float(found[~leaked].mean()))
    for kind, task in (("real", exactly(real, lab)), ("random", exactly(random, lab))):
        correct, leaked = right(trained(lab, task, kind), task, "test"), rows_of(task)
        of = {"leaked": float(correct[leaked].mean()), "others": float(correct[~leaked].mean())}
        values |= {f"{kind}: {which}": share for which, share in of.items()}
        values[f"{kind}: too high"] = of["leaked"] - of["others"]
    return Reading(values | {"false alarms": max(alarms)})


def tasks(lab: Lab) -> tuple[Task, Task]:
    """Digits, and the same with labels dealt anew in training and test."""
    real = pictures(lab, train=lab.size(1_000, 150), test=lab.size(780, 160), epochs=lab.size(60, 3))
    dealt = generator(lab.seed, "dealt").permutation(real.test.targets)
    return real, replace(shuffled(real, lab.seed), test=replace(real.test, targets=dealt))


def exactly(task: Task, lab: Lab) -> Task:
    """A quarter of the test examples added to training as they are."""
    return plant(task, f"leakage={len(task.test) // 4}", lab.seed)


def nearly(task: Task, lab: Lab) -> Task:
    """The same, with a little noise in every pixel."""
    leaked = exactly(task, lab)
    rows = np.flatnonzero(leaked.truth["leaked"])
    return with_inputs(leaked, rows, nudged(leaked, rows, generator(lab.seed, "nearly")))


def rows_of(task: Task) -> np.ndarray:
    """Which test rows (n,) were planted into training."""
    return np.isin(np.arange(len(task.test)), task.truth["leaked_from"])


def flagged(task: Task) -> np.ndarray:
    """Which test rows (n,) MEM005 takes for copies of training examples."""
    _, _, _, copied = copies(Evidence(task, None, None, Scores(task.train.ids, {})))
    return copied[-len(task.test) :]
