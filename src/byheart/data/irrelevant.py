"""Inputs that say nothing of the target, beside those that do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.seeds import generator
from byheart.data.task import Task

PARTS = ("train", "validation", "test")


def with_irrelevant(task: Task, count: Any, seed: int = 0) -> Task:
    """The task with `count` more features of noise in every example; for images, so many lines below the picture.

    Each is normal with the mean and deviation of all training inputs, kept within their range, in their dtype. 0 leaves
    the task as it is. Errors: UsageError for a count below 0, and for inputs that are neither tables nor images.
    """
    known = isinstance(count, int | float) and not isinstance(count, bool)
    if not known or not count >= 0 or count != int(count):
        raise UsageError(f"irrelevant={count!r} features cannot be added.", do="give a whole number from 0")
    if task.train.inputs.ndim not in (2, 4):
        raise UsageError(f"Inputs of shape {task.input_shape} take no irrelevant features.", do="give tables or images")
    if not count:
        return task
    inputs, random = task.train.inputs, generator(seed, "irrelevant")
    mean, deviation, low, high = inputs.mean(dtype=np.float64), inputs.std(dtype=np.float64), inputs.min(), inputs.max()
    parts = {}
    for name in PARTS:
        part = getattr(task, name)
        shape = list(part.inputs.shape)
        shape[-2 if inputs.ndim == 4 else -1] = int(count)
        drawn = random.normal(mean, deviation, shape)
        drawn = np.clip(drawn if inputs.dtype.kind == "f" else np.rint(drawn), low, high).astype(inputs.dtype)
        parts[name] = replace(part, inputs=np.concatenate([part.inputs, drawn], -2 if inputs.ndim == 4 else -1))
    names = task.feature_names and (*task.feature_names, *(f"irrelevant {k + 1}" for k in range(int(count))))
    return replace(task, **parts, feature_names=names)
