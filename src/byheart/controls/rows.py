"""Training rows that are taken, relabelled or added: truth, groups and example weights go with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int, Shaped

from byheart.base.errors import UsageError
from byheart.controls.setting import only
from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.methods.example_weights import ExampleWeights

Id = int | str
LISTED = 3


def taken(task: Task, rows: Int[np.ndarray, "k"]) -> Task:
    """The task with the training examples at `rows`; UsageError when fewer than two examples or classes are left."""
    left = task.train.targets[rows]
    if len(left) < 2 or (task.is_classification and len(np.unique(left)) < 2):
        what = "examples" if len(left) < 2 else "classes"
        raise UsageError(f"Fewer than two {what} would be left.", do="take fewer out")
    return weighted(only(task, rows), lambda event: event.take(rows))


def relabelled(task: Task, rows: Int[np.ndarray, "k"], labels: Shaped[np.ndarray, "k"]) -> Task:
    """The task with other targets at `rows`; truth: `wrong` is reckoned anew from the original labels, and left out
    where nobody knows them.
    """
    targets = task.train.targets.copy()
    targets[rows] = labels
    truth = dict(task.truth)
    if "wrong" in truth and "original" in truth:
        truth["wrong"] = targets != truth["original"]
    else:
        truth.pop("wrong", None)
    return dataclasses.replace(task, train=dataclasses.replace(task.train, targets=targets), truth=truth)


def extended(
    task: Task, inputs: np.ndarray, targets: np.ndarray, ids: Sequence[Id], sources: Int[np.ndarray, "k"]
) -> Task:
    """The task with new examples at its end: group, weight, and what is true of the label are those of their sources.

    Other truth is false for them, or -1 where it points at rows.
    """
    train = task.train
    joined = lambda old, new: np.concatenate([old, new])  # noqa: E731
    examples = Examples(
        joined(train.inputs, inputs.astype(train.inputs.dtype)),
        joined(train.targets, targets.astype(train.targets.dtype)),
        joined(train.ids, np.array(ids)),
        None if train.groups is None else joined(train.groups, train.groups[sources]),
    )
    truth = {}
    for name, mask in task.truth.items():
        follows = name in ("wrong", "original") or mask.dtype.kind not in "biu"
        nothing = np.full(len(sources), False if mask.dtype == bool else -1)
        truth[name] = joined(mask, (mask[sources] if follows else nothing).astype(mask.dtype))
    changed = dataclasses.replace(task, train=examples, truth=truth)
    return weighted(changed, lambda event: event.take(joined(np.arange(len(train)), sources)))


def weighted(task: Task, follow: Any) -> Task:
    """The task with its recipe's example weights made to follow the rows; those are not touched that weigh nothing."""
    methods = tuple(
        follow(m) if isinstance(m, ExampleWeights) and m.weights is not None else m for m in task.recipe.methods
    )
    if methods == task.recipe.methods:
        return task
    return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=methods))


def rows_of_ids(task: Task, ids: Sequence[Id], missing: str = "") -> Int[np.ndarray, "k"]:
    """The training rows of some ids, in that order; UsageError for ids that are not there, with `missing` as the
    reason.
    """
    known = task.train.ids
    place = {i: row for row, i in enumerate(known.tolist())}
    strange = [i for i in ids if i not in place]
    if strange:
        said = ", ".join(repr(i) for i in strange[:LISTED]) + (", ..." if len(strange) > LISTED else "")
        kind = "whole numbers" if known.dtype.kind in "iu" else "texts"
        raise UsageError(
            f"{len(strange)} of {len(ids)} ids are not among the training examples of {task.name}: {said}.",
            missing or f"Its ids are {kind}, such as {known.tolist()[0]!r}.",
            "give ids of this task's training examples",
        )  # fmt: skip
    return np.array([place[i] for i in ids], np.int64)


def plain(ids: np.ndarray) -> tuple[Id, ...]:
    """Ids as Python's numbers and texts."""
    return tuple(np.asarray(ids).tolist())
