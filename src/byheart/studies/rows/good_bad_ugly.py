"""Noisy labels fitted alike, and three behaviours between them: good, bad and ugly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from byheart.base.registry import find
from byheart.data.task import Task
from byheart.runs.learner import Network
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study

KINDS = ("good", "bad", "ugly")
FITTED = (
    1e-5  # squared error on the training labels below which all three know them by heart: a thousandth of the noise
)


def nothing_to_memorize(lab: Lab) -> Reading:
    """The same three inputs under labels without noise, the rule itself: there is nothing to learn by heart."""
    tasks = {kind: task_of(lab, kind, lab.size(4_000, 60)) for kind in KINDS}
    return measured(lab, {kind: with_labels(task, task.truth["original"]) for kind, task in tasks.items()})


@study(
    Row("C01", (
        at_most("training error", FITTED, "largest squared error of the three on their training labels"),
        above("ugly above good", 0, "squared error against the rule, ugly minus good"),
        above("bad above ugly", 0, "squared error against the rule, bad minus ugly"),
        at_least("ugly: swings", 1.8, "total variation of the ugly curve, in multiples of the rule's"),
    ), paper="bayat2024"),
    control=nothing_to_memorize, cost=45,
)  # fmt: skip
def good_bad_ugly(lab: Lab) -> Reading:
    """Three regressions that fit the same noisy labels: with idle inputs of deviation .0001 (good), .001 (bad) and 0
    (ugly), held against the rule with idle inputs at 0.
    """
    return measured(lab, {kind: task_of(lab, kind, lab.size(20_000, 60)) for kind in KINDS})


def task_of(lab: Lab, kind: str, epochs: int) -> Task:
    """A regression of Bayat et al., figure 3, on this seed's draw; training ends at a squared error of 1e-6."""
    task: Task = find("task", f"bayat_{kind}")(seed=lab.seed)
    return replace(task, recipe=replace(task.recipe, epochs=epochs))


def with_labels(task: Task, targets: np.ndarray) -> Task:
    """The task with other training labels."""
    return replace(task, train=replace(task.train, targets=targets))


def measured(lab: Lab, tasks: Mapping[str, Task]) -> Reading:
    """All three trainings, and what each does on a sweep between its training points."""
    rule = tasks["good"].test
    x, found = rule.inputs[:, 0], {}
    lines = [Curve("the rule", *points(x, rule.targets))]
    for kind, task in tasks.items():
        predict = Network().fit(task, np.arange(len(task.train)), lab.seed)
        curve = predict(task.test)[:, 0].astype(np.float64)
        found[f"{kind}: training error"] = mean_square(predict(task.train)[:, 0] - task.train.targets)
        found[f"{kind}: error"] = mean_square(curve - task.test.targets)
        found[f"{kind}: swings"] = variation(curve) / variation(rule.targets.astype(np.float64))
        lines.append(Curve(kind, *points(x, curve)))
    found["training error"] = max(found[f"{kind}: training error"] for kind in KINDS)
    found["ugly above good"] = found["ugly: error"] - found["good: error"]
    found["bad above ugly"] = found["bad: error"] - found["ugly: error"]
    return Reading(found, lines, "the input that the rule reads", "answer")


def points(x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    """Every second point of a line."""
    return x[::2].tolist(), y[::2].tolist()


def mean_square(differences: np.ndarray) -> float:
    """The mean of the squares."""
    return float(np.square(differences.astype(np.float64)).mean())


def variation(curve: np.ndarray) -> float:
    """The sum of the steps of a curve."""
    return float(np.abs(np.diff(curve)).sum())
