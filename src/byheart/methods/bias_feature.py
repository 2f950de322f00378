"""What a shortcut is suspected to be read from: an image's colour, the given groups, or an array by row."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from byheart.base.errors import DataError, UsageError
from byheart.data.task import Task
from byheart.methods.groups import codes_of

Bias = str | np.ndarray
NAMED = ("colour", "groups")


def checked_bias(bias: Bias) -> Bias:
    """The source; UsageError for a name that is none, or an array that is no column or table."""
    if isinstance(bias, str) and bias not in NAMED:
        raise UsageError(
            f"There is no bias called {bias!r}.", do=f"choose one of: {', '.join(NAMED)}, or give an array"
        )
    if isinstance(bias, np.ndarray) and bias.ndim not in (1, 2):
        raise UsageError(f"The bias has shape {bias.shape}.", do="give (training examples,) or (training examples, d)")
    return bias


def colour(inputs: np.ndarray) -> Float[np.ndarray, "n channels"]:
    """The largest value of each channel of images (n, channels, height, width), from 0 to 1 over all that are given."""
    largest = inputs.max((2, 3)).astype(np.float64)
    low, high = float(inputs.min()), float(inputs.max())
    return (largest - low) / (high - low) if high > low else np.zeros_like(largest)


def features_of(bias: Bias, task: Task) -> Float[np.ndarray, "n d"]:
    """The bias of every training example as numbers (n, d): colour in [0, 1], one column a group, or the array."""
    if isinstance(bias, np.ndarray):
        return by_row(bias, task).reshape(len(task.train), -1).astype(np.float64)
    if bias == "colour":
        return colour(images(task))
    names, codes = codes_of(groups(task))
    return np.eye(len(names))[codes]


def labels_of(bias: Bias, task: Task, bins: int) -> Int[np.ndarray, "n heads"]:
    """The bias of every training example as classes (n, heads), each counted from 0: the channels of the colour in
    `bins` steps, the group, or the columns of an array of whole numbers.
    """
    if isinstance(bias, np.ndarray):
        table = by_row(bias, task).reshape(len(task.train), -1)
        return np.stack([codes_of(column)[1] for column in table.T], 1)
    if bias == "colour":
        return np.minimum((colour(images(task)) * bins).astype(np.int64), bins - 1)
    return codes_of(groups(task))[1][:, None]


def by_row(bias: np.ndarray, task: Task) -> np.ndarray:
    """The array; DataError unless it has a row for each training example."""
    if len(bias) != len(task.train):
        raise DataError(f"The bias has {len(bias)} rows for {len(task.train)} training examples.")
    return bias


def images(task: Task) -> np.ndarray:
    """The training inputs; DataError unless they are images."""
    if len(task.input_shape) != 3:
        raise DataError(
            f"Inputs of shape {task.input_shape} have no colour.", do='give bias="groups", or an array by training row'
        )
    return task.train.inputs


def groups(task: Task) -> np.ndarray:
    """The training examples' groups; DataError where there are none."""
    if task.train.groups is None:
        raise DataError("The training examples have no groups.", do="give them: Examples(..., groups=...)")
    return task.train.groups
