"""Copies of training examples: exact, near, and with another label."""

from dataclasses import replace

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.data.plant import limits
from byheart.data.plant.rows import appended, at, marked
from byheart.data.task import Task

NEAR = 0.02  # deviation of a near copy's change, in parts of the range (images) or of the column's deviation (tables)


@register("plant", "duplicates")
def exact(task: Task, amount: float, random: np.random.Generator) -> Task:
    """Exact copies of `amount` training examples are added. truth: duplicate, duplicate_of (row of the original, -1:
    none).
    """
    rows = sources("duplicates", task, amount, random)
    return copied(task, rows, task.train.inputs[rows], task.train.targets[rows])


@register("plant", "near-duplicates")
def near(task: Task, amount: float, random: np.random.Generator) -> Task:
    """Copies of `amount` training examples with a little noise are added. truth: duplicate, near_duplicate,
    duplicate_of.
    """
    rows = sources("near-duplicates", task, amount, random)
    planted = copied(task, rows, nudged(task, rows, random), task.train.targets[rows])
    return marked(planted, near_duplicate=added(task, rows))


@register("plant", "conflicting-duplicates")
def conflicting(task: Task, amount: float, random: np.random.Generator) -> Task:
    """Exact copies with another label are added. truth: duplicate, conflicting_duplicate, duplicate_of, and wrong and
    original.
    """
    classes = limits.classes("conflicting-duplicates", task)
    rows = sources("conflicting-duplicates", task, amount, random)
    # another label than the one given and than the right one, where there are three classes to choose from
    given, right = task.train.targets[rows], task.truth.get("original", task.train.targets)[rows]
    allowed = np.ones((len(rows), classes))
    allowed[np.arange(len(rows)), given] = 0
    if classes > 2:
        allowed[np.arange(len(rows)), right] = 0
    labels = np.where(allowed > 0, random.random(allowed.shape), -1.0).argmax(1)
    planted = copied(task, rows, task.train.inputs[rows], labels)
    original = np.concatenate([task.truth.get("original", task.train.targets), right])
    planted = replace(
        planted, truth={**planted.truth, "original": original, "wrong": planted.train.targets != original}
    )
    return marked(planted, conflicting_duplicate=added(task, rows))


def sources(name: str, task: Task, amount: float, random: np.random.Generator) -> np.ndarray:
    """`amount` training rows that are no copies themselves, sorted."""
    free = np.flatnonzero(~task.truth.get("duplicate", np.zeros(len(task.train), bool)))
    return np.sort(random.choice(free, limits.count(name, amount, most=len(free)), replace=False))


def copied(task: Task, rows: np.ndarray, inputs: np.ndarray, targets: np.ndarray) -> Task:
    """The task with the copies added at its end; what is true of a row is true of its copy."""
    groups = None if task.train.groups is None else task.train.groups[rows]
    planted = appended(task, inputs, targets, "copy", groups)
    truth = {name: np.concatenate([mask, mask[rows]]) for name, mask in task.truth.items()}
    n, k = len(task.train), len(rows)
    truth["duplicate"] = np.concatenate([task.truth.get("duplicate", np.zeros(n, bool)), np.ones(k, bool)])
    truth["duplicate_of"] = np.concatenate([task.truth.get("duplicate_of", np.full(n, -1)), rows])
    return replace(planted, truth=truth)


def added(task: Task, rows: np.ndarray) -> np.ndarray:
    """A mask over the longer training set that is true for the rows that were added."""
    return at(len(task.train) + len(rows), len(task.train) + np.arange(len(rows)))


def nudged(task: Task, rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Inputs at `rows` with a small change in each: pixels within their range, columns of more than two values."""
    inputs, whole = task.train.inputs[rows], task.train.inputs
    drawn = random.normal(size=inputs.shape)
    if inputs.ndim > 2:
        low, high = float(whole.min()), float(whole.max())
        values = np.clip(inputs + drawn * NEAR * (high - low), low, high)
        values = values if inputs.dtype.kind == "f" else np.rint(values)
        flat, before = values.reshape(len(rows), -1), inputs.reshape(len(rows), -1)
        same = np.flatnonzero((flat == before).all(1))
        pixel = np.abs(drawn).reshape(len(rows), -1).argmax(1)[same]
        step = 1.0 if inputs.dtype.kind != "f" else NEAR * (high - low)
        flat[same, pixel] += np.where(flat[same, pixel] + step <= high, step, -step)  # rounding undid all: one step
        return values.astype(inputs.dtype)
    many = np.array([len(np.unique(column)) > 2 for column in whole.T])
    if not many.any():
        raise UsageError("near-duplicates needs a column of more than two values.", do="plant duplicates instead")
    moved = inputs + drawn * NEAR * whole.std(0, dtype=np.float64) * many
    return moved.astype(inputs.dtype) if inputs.dtype.kind == "f" else np.rint(moved).astype(inputs.dtype)
