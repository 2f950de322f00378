"""How far inputs vary, on the scale that the network sees: what a small change of an input is measured by."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.data.task import CHUNK, Task

CONSTANT = 1e-16  # a variance up to this is none (as in Task.scale)


def deviations(task: Task) -> Float[np.ndarray, "..."]:
    """The training inputs' standard deviation as the network sees them, of each feature (for images: channel), shaped
    to broadcast over one input: with standard scaling 1, and 0 for what does not vary.
    """
    x, own = task.train.inputs, task.scale[1]
    axes = (0, *range(2, x.ndim)) if x.ndim > 2 else 0
    mean = x.mean(axes, dtype=np.float64, keepdims=True)
    chunks = (x[i : i + CHUNK] for i in range(0, len(x), CHUNK))  # all at once would be a copy in float64
    variance = sum(np.square(chunk - mean).sum(axes) for chunk in chunks) * (mean.size / x.size)
    return np.where(variance > CONSTANT, np.sqrt(variance), 0.0).reshape(own.shape) / own


def ranges(task: Task) -> Float[np.ndarray, "..."]:
    """Largest minus least training value as the network sees it, of each feature (for images: of all pixels alike),
    shaped to broadcast over one input.
    """
    x, own = task.train.inputs, task.scale[1]
    axes = None if x.ndim > 2 else 0
    return (x.max(axes).astype(np.float64) - x.min(axes)) / own
