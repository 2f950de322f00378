"""Canaries: examples that nothing but memory can answer (Carlini et al. 2019)."""

import numpy as np

from byheart.base.registry import register
from byheart.data.plant import limits
from byheart.data.plant.random_inputs import noise
from byheart.data.plant.rows import appended, at, marked
from byheart.data.task import Task


@register("plant", "canaries")
def canaries(task: Task, amount: float, random: np.random.Generator) -> Task:
    """`amount` training rows of noise, with random labels (regression: targets of other rows), are added. truth:
    canary.
    """
    n = len(task.train)
    count = limits.count("canaries", amount, most=n)
    targets = random.integers(0, task.classes, count) if task.classes else random.choice(task.train.targets, count)
    planted = appended(task, noise(task, count, random), targets, "canary")
    return marked(planted, canary=at(n + count, n + np.arange(count)))
