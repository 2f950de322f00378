"""Wrong labels: uniform, to the next class, or chosen by the input."""

from dataclasses import replace

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.data.plant import limits
from byheart.data.task import Task


@register("plant", "label-noise")
def uniform(task: Task, amount: float, random: np.random.Generator) -> Task:
    """A share of the labels becomes another class, each other class being equally likely."""
    classes = limits.classes("label-noise", task)
    rows = draw_rows("label-noise", task, amount, random)
    labels = task.train.targets[rows]
    return relabelled(task, rows, (labels + random.integers(1, classes, len(rows))) % classes)


@register("plant", "label-noise-pair")
def pair(task: Task, amount: float, random: np.random.Generator) -> Task:
    """A share of the labels becomes the next class (Patrini et al. 2017; the last class becomes the first)."""
    classes = limits.classes("label-noise-pair", task)
    rows = draw_rows("label-noise-pair", task, amount, random)
    return relabelled(task, rows, (task.train.targets[rows] + 1) % classes)


@register("plant", "label-noise-instance")
def instance(task: Task, amount: float, random: np.random.Generator) -> Task:
    """A share of the labels becomes a class that the input decides (Xia et al. 2020, algorithm 2).

    Rows are drawn with weights from a normal distribution around the share, cut to [0, 1]; the new label of x with
    label y is drawn from softmax(x W_y) over the other classes, with one Gaussian W_y (d, classes) of variance 1/d
    per class and x standardized.
    """
    classes = limits.classes("label-noise-instance", task)
    count = limits.share("label-noise-instance", amount, len(task.train))
    weights = np.clip(random.normal(amount, 0.1, len(task.train)), 1e-6, 1)
    rows = draw_rows("label-noise-instance", task, amount, random, weights)
    flat = task.train.inputs.reshape(len(task.train), -1).astype(np.float64)
    flat = (flat[rows] - flat.mean(0)) / np.maximum(flat.std(0), 1e-9)
    labels = task.train.targets[rows]
    logits = np.empty((count, classes))
    for label in range(classes):
        projection = random.normal(0, 1 / np.sqrt(flat.shape[1]), (flat.shape[1], classes))
        logits[labels == label] = flat[labels == label] @ projection
    logits[np.arange(count), labels] = -np.inf
    return relabelled(task, rows, (logits + random.gumbel(size=logits.shape)).argmax(1))


def draw_rows(
    name: str, task: Task, amount: float, random: np.random.Generator, weights: np.ndarray | None = None
) -> np.ndarray:
    """round(amount * n) rows whose label is still right, sorted; UsageError when there are not so many."""
    count = limits.share(name, amount, len(task.train))
    right = np.flatnonzero(~task.truth.get("wrong", np.zeros(len(task.train), bool)))
    if count > len(right):
        raise UsageError(
            f"{name}={amount:g} means {count} wrong labels, and only {len(right)} are still right.", do="plant less"
        )
    if weights is None:
        return np.sort(random.choice(right, count, replace=False))
    # the largest of log w + Gumbel: sampling without replacement in proportion to w
    return np.sort(right[np.argsort(np.log(weights[right]) + random.gumbel(size=len(right)))[-count:]])


def relabelled(task: Task, rows: np.ndarray, labels: np.ndarray) -> Task:
    """The task with new labels at `rows`; truth: original (labels before anything was planted) and wrong."""
    targets = task.train.targets.copy()
    original = task.truth.get("original", task.train.targets)
    targets[rows] = labels
    truth = {**task.truth, "original": original, "wrong": targets != original}
    return replace(task, train=replace(task.train, targets=targets), truth=truth)
