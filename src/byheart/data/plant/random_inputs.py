"""randX: inputs that mean nothing, under labels that stay (Arpit et al. 2017)."""

import numpy as np

from byheart.base.registry import register
from byheart.data.plant import limits
from byheart.data.plant.rows import at, marked, with_inputs
from byheart.data.task import Task


@register("plant", "random-inputs")
def random_inputs(task: Task, amount: float, random: np.random.Generator) -> Task:
    """A share of the training inputs becomes noise with each feature's mean and deviation (images: each channel's).
    truth: random_input.
    """
    n = len(task.train)
    rows = np.sort(random.choice(n, limits.share("random-inputs", amount, n), replace=False))
    return marked(with_inputs(task, rows, noise(task, len(rows), random)), random_input=at(n, rows))


def noise(task: Task, count: int, random: np.random.Generator) -> np.ndarray:
    """Gaussian inputs (count, ...) with the training set's moments, kept within its range, in its dtype."""
    inputs = task.train.inputs
    axes = (0, *range(2, inputs.ndim)) if inputs.ndim > 2 else (0,)
    mean = inputs.mean(axes, dtype=np.float64, keepdims=True)
    std = inputs.std(axes, dtype=np.float64, keepdims=True)
    low, high = inputs.min(axes, keepdims=True), inputs.max(axes, keepdims=True)
    drawn = random.normal(mean, std, (count, *inputs.shape[1:]))
    drawn = drawn if inputs.dtype.kind == "f" else np.rint(drawn)
    return np.clip(drawn, low, high).astype(inputs.dtype)
