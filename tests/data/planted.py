"""Small tasks to plant into, and what holds for all that is planted."""

from string import ascii_lowercase

import numpy as np

from byheart.data.examples import Examples
from byheart.data.task import Task


def pictures(n=60, classes=3, channels=1, side=8, ids=None, seed=0, kind=np.uint8):
    """Random pictures whose brightness says the class."""
    random = np.random.default_rng(seed)
    targets = np.arange(n + 20) % classes
    inputs = np.clip(random.normal(60 + 40 * targets[:, None, None, None], 30, (n + 20, channels, side, side)), 0, 255)
    train = Examples(inputs[:n].astype(kind), targets[:n], np.arange(n) if ids is None else ids)
    return Task(train, Examples(inputs[n:].astype(kind), targets[n:]), class_names=tuple(ascii_lowercase[:classes]))


def table(n=60, classes=3, seed=0):
    """Random rows of numbers and one column of zeros and ones; classes=0: regression."""
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(n + 20, 5)).astype(np.float32)
    inputs[:, 4] = inputs[:, 4] > 0
    targets = np.arange(n + 20) % classes if classes else inputs[:, 0] * 2 + 1
    return Task(Examples(inputs[:n], targets[:n]), Examples(inputs[n:], targets[n:]))


def everything(task):
    """All arrays of a task, copied."""
    found = {f"truth {name}": mask.copy() for name, mask in task.truth.items()}
    for part in ("train", "validation", "test"):
        for name in ("inputs", "targets", "ids", "groups"):
            array = getattr(getattr(task, part), name)
            found[f"{part} {name}"] = None if array is None else array.copy()
    return found


def same(a, b):
    """Whether two results of `everything` are equal."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
