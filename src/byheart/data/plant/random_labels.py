"""randY: labels that are drawn anew, whatever the input (Arpit et al. 2017)."""

import numpy as np

from byheart.base.registry import register
from byheart.data.plant import limits
from byheart.data.plant.label_noise import relabelled
from byheart.data.plant.rows import at, marked
from byheart.data.task import Task


@register("plant", "random-labels")
def random_labels(task: Task, amount: float, random: np.random.Generator) -> Task:
    """A share of the labels is drawn from all classes alike, so that one in K stays right. truth: random_label,
    wrong, original.
    """
    classes, n = limits.classes("random-labels", task), len(task.train)
    rows = np.sort(random.choice(n, limits.share("random-labels", amount, n), replace=False))
    return marked(relabelled(task, rows, random.integers(0, classes, len(rows))), random_label=at(n, rows))
