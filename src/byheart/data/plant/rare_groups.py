"""Rare groups: a part of every class of which only a few training examples are left (the long tail of Feldman 2020)."""

from dataclasses import replace

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.data.examples import Examples
from byheart.data.plant import limits
from byheart.data.plant.rows import at, marked
from byheart.data.task import Task

TAIL = 0.1


@register("plant", "rare-groups")
def rare_groups(task: Task, amount: float, random: np.random.Generator) -> Task:
    """Of the tenth of each class that lies farthest along the class's main direction, `amount` training examples in
    all are kept.

    Groups ("rare", "common") are set in every part, by the same rule. truth: rare. Rows are removed, so plant
    duplicates afterwards.
    """
    if "duplicate_of" in task.truth:
        raise UsageError(
            "rare-groups removes rows, and copies point to rows.", do="plant rare-groups before duplicates"
        )
    rules = directions(task)
    rare = {name: outside(getattr(task, name), rules, task) for name in ("train", "validation", "test")}
    tail = np.flatnonzero(rare["train"])
    kept = random.choice(tail, limits.count("rare-groups", amount, most=len(tail)), replace=False)
    rows = np.sort(np.concatenate([np.flatnonzero(~rare["train"]), kept]))
    parts = {name: grouped(getattr(task, name), mask) for name, mask in rare.items()}
    truth = {name: mask[rows] for name, mask in task.truth.items()}
    planted = replace(task, **{**parts, "train": parts["train"].take(rows)}, truth=truth)
    return marked(planted, rare=at(len(rows), np.flatnonzero(np.isin(rows, kept))))


def directions(task: Task) -> dict[int, tuple[np.ndarray, float]]:
    """For each class (regression: one for all) its first principal direction and the value that its last tenth lies
    above.
    """
    labels, inputs = kinds(task.train, task), flat(task.train, task)
    found = {}
    for label in np.unique(labels):
        rows = inputs[labels == label]
        direction = np.linalg.eigh(np.cov(rows.T, dtype=np.float64))[1][:, -1]
        direction = direction * np.sign(direction[np.abs(direction).argmax()])  # an eigenvector's sign is arbitrary
        found[int(label)] = (direction, float(np.quantile(rows @ direction, 1 - TAIL)))
    return found


def outside(part: Examples, rules: dict[int, tuple[np.ndarray, float]], task: Task) -> np.ndarray:
    """Which examples (n,) of a part lie in the tail of their class."""
    labels, inputs = kinds(part, task), flat(part, task)
    mask = np.zeros(len(part), bool)
    for label, (direction, edge) in rules.items():
        mask[labels == label] = inputs[labels == label] @ direction > edge
    return mask


def kinds(part: Examples, task: Task) -> np.ndarray:
    """Classes, or one kind for all in regression."""
    return part.targets if task.classes else np.zeros(len(part), np.int64)


def flat(part: Examples, task: Task) -> np.ndarray:
    """Inputs (n, d) standardized as the network sees them."""
    mean, std = task.scale
    return ((part.inputs - mean) / std).reshape(len(part), -1)


def grouped(part: Examples, rare: np.ndarray) -> Examples:
    """The examples with the groups "rare" and "common"."""
    return replace(part, groups=np.where(rare, "rare", "common"))
