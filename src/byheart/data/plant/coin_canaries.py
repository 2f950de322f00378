"""Canaries that a coin put in or left out: what an audit of differential privacy counts (Steinke et al. 2023)."""

from dataclasses import replace

import numpy as np

from byheart.base.registry import register
from byheart.data.plant import limits
from byheart.data.plant.label_noise import relabelled
from byheart.data.plant.rows import at, marked, without
from byheart.data.task import Task


@register("plant", "coin-canaries")
def coin_canaries(task: Task, amount: float, random: np.random.Generator) -> Task:
    """`amount` training rows get a wrong label (regression: another row's target), and each stays only if its own fair
    coin says so; those left out are kept aside. truth: coin_canary, wrong, original.
    """
    n = len(task.train)
    count = limits.count("coin-canaries", amount, most=n // 2)
    taken = task.truth.get("wrong", np.zeros(n, bool)) | task.truth.get("duplicate", np.zeros(n, bool))
    free = np.setdiff1d(np.flatnonzero(~taken), task.truth.get("duplicate_of", np.zeros(0, int)))
    limits.count("coin-canaries", amount, most=len(free))
    rows = np.sort(random.choice(free, count, replace=False))
    if task.classes:
        labels = (task.train.targets[rows] + random.integers(1, task.classes, count)) % task.classes
    else:
        labels = random.choice(task.train.targets, count)
    heads = random.random(count) < 0.5
    planted = marked(relabelled(task, rows, labels), coin_canary=at(n, rows))
    return replace(without(planted, rows[~heads]), aside=planted.train.take(rows[~heads]))
