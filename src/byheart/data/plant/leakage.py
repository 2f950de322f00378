"""Leakage: held-out examples that got into the training set."""

import numpy as np

from byheart.base.registry import register
from byheart.data.plant import limits
from byheart.data.plant.rows import appended, at, marked
from byheart.data.task import Task


@register("plant", "leakage")
def leakage(task: Task, amount: float, random: np.random.Generator) -> Task:
    """Copies of `amount` test examples are added to training. truth: leaked, and leaked_from, the row of the test set
    (-1: none).
    """
    n, test = len(task.train), task.test
    count = limits.count("leakage", amount, most=len(test))
    rows = np.sort(random.choice(len(test), count, replace=False))
    groups = None if test.groups is None else test.groups[rows]
    planted = appended(task, test.inputs[rows], test.targets[rows], "leaked", groups)
    source = planted.truth.get("leaked_from", np.full(n + count, -1)).copy()
    source[n:] = rows
    return marked(planted, leaked=at(n + count, n + np.arange(count)), leaked_from=source)
