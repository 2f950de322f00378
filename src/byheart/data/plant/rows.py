"""Training rows that are added or replaced, with the truth kept in step."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from byheart.data.examples import Examples
from byheart.data.task import Task


def marked(task: Task, **masks: np.ndarray) -> Task:
    """The task with truth masks set; a bool mask that is there already is joined with the new one."""
    truth = dict(task.truth)
    for name, mask in masks.items():
        truth[name] = truth[name] | mask if name in truth and mask.dtype == bool else mask
    return replace(task, truth=truth)


def at(n: int, rows: np.ndarray) -> np.ndarray:
    """A bool mask (n,) that is true at `rows`."""
    mask = np.zeros(n, bool)
    mask[rows] = True
    return mask


def with_inputs(task: Task, rows: np.ndarray, inputs: np.ndarray) -> Task:
    """The task with other training inputs at `rows`."""
    whole = task.train.inputs.copy()
    whole[rows] = inputs
    return replace(task, train=replace(task.train, inputs=whole))


def appended(
    task: Task, inputs: np.ndarray, targets: np.ndarray, prefix: str, groups: np.ndarray | None = None
) -> Task:
    """The task with training rows added at the end under new ids.

    Truth of the new rows: false, -1 for indices, and their own target as the original. Numbered ids go on after the
    largest; text ids are `prefix` and a number.
    """
    train, k = task.train, len(inputs)
    labels = train.targets.dtype.type
    examples = Examples(
        np.concatenate([train.inputs, inputs.astype(train.inputs.dtype)]),
        np.concatenate([train.targets, targets.astype(labels)]),
        np.concatenate([train.ids, new_ids(task, prefix, k)]),
        None
        if train.groups is None
        else np.concatenate([train.groups, np.full(k, prefix) if groups is None else groups]),
    )
    return replace(task, train=examples, truth=longer(task.truth, targets, k))


def without(task: Task, rows: np.ndarray) -> Task:
    """The task without these training rows; a copy whose original goes is no copy of a row any more (-1)."""
    stay = np.setdiff1d(np.arange(len(task.train)), rows)
    place = np.full(len(task.train) + 1, -1)  # the last entry serves those that point nowhere
    place[stay] = np.arange(len(stay))
    truth = {name: mask[stay] for name, mask in task.truth.items()}
    if "duplicate_of" in truth:
        truth["duplicate_of"] = place[truth["duplicate_of"]]
    return replace(task, train=task.train.take(stay), truth=truth)


def longer(truth: Mapping[str, np.ndarray], targets: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Truth with `k` rows added about which nothing is planted yet."""
    found = {}
    for name, mask in truth.items():
        fill = targets if name == "original" else np.full(k, False if mask.dtype == bool else -1)
        found[name] = np.concatenate([mask, fill.astype(mask.dtype)])
    return found


def new_ids(task: Task, prefix: str, k: int) -> np.ndarray:
    """`k` ids that no example of the task has, of the kind its ids are."""
    known = [part.ids for part in (task.train, task.validation, task.test) if part is not None]
    if task.train.ids.dtype.kind in "iu":
        return 1 + max(int(ids.max()) for ids in known if ids.dtype.kind in "iu") + np.arange(k)
    taken, found, number = {str(i) for ids in known for i in ids}, [], 0
    while len(found) < k:
        if f"{prefix}-{number}" not in taken:
            found.append(f"{prefix}-{number}")
        number += 1
    return np.array(found)
