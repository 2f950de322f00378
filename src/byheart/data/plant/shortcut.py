"""Shortcuts: a cue that gives the label away in training and means nothing held out."""

import colorsys
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.data.examples import Examples
from byheart.data.plant import limits
from byheart.data.plant.rows import at, marked
from byheart.data.task import Task

Cue = Callable[[np.ndarray, np.ndarray], np.ndarray]  # images (n, c, h, w), class of the cue (n,) -> images


@register("plant", "shortcut-colour")
def colour(task: Task, amount: float, random: np.random.Generator) -> Task:
    """Images are tinted: a share of the training images in the colour of their class, the others in that of another
    class.

    One channel becomes three. In validation and test the colour is drawn at random, whatever the class. Groups
    ("aligned", "conflicting") are set in every part. truth: conflicting.
    """
    classes = limits.classes("shortcut-colour", task)
    limits.images("shortcut-colour", task)
    tints = np.array([colorsys.hsv_to_rgb(label / classes, 1, 1) for label in range(classes)])

    def tint(images: np.ndarray, cues: np.ndarray) -> np.ndarray:
        # a tenth of every channel stays, so that shape never vanishes from one
        values = images * (0.1 + 0.9 * tints[cues])[:, :, None, None]
        return (values if images.dtype.kind == "f" else np.rint(values)).astype(images.dtype)

    return cued("shortcut-colour", task, amount, random, tint)


@register("plant", "shortcut-patch")
def patch(task: Task, amount: float, random: np.random.Generator) -> Task:
    """A bright square at the image's edge says the class: rightly for a share of the training images, wrongly for the
    others.

    The squares of the classes are spread along the edge, an eighth of the image wide. In validation and test the
    place is drawn at random. Groups ("aligned", "conflicting") are set in every part. truth: conflicting.
    """
    classes = limits.classes("shortcut-patch", task)
    _, height, width = limits.images("shortcut-patch", task)
    side, bright = max(1, min(height, width) // 8), task.train.inputs.max()
    places = edge(height - side + 1, width - side + 1)
    places = places[np.arange(classes) * len(places) // classes]
    apart = np.abs(places[:, None] - places[None]).max(2) + side * np.eye(classes, dtype=int)
    if apart.min() < side:
        raise UsageError(
            f"{classes} squares of {side} pixels do not fit along the edge of {height} x {width} pixels.",
            do="plant shortcut-colour",
        )

    def stamp(images: np.ndarray, cues: np.ndarray) -> np.ndarray:
        stamped = images.copy()
        for label, (top, left) in enumerate(places):
            of_label = np.flatnonzero(cues == label)
            stamped[of_label, :, top : top + side, left : left + side] = bright
        return stamped

    return cued("shortcut-patch", task, amount, random, stamp)


def edge(rows: int, columns: int) -> np.ndarray:
    """The places (k, 2) along the edge of a grid, clockwise from the top left."""
    top, right = [(0, c) for c in range(columns)], [(r, columns - 1) for r in range(1, rows)]
    bottom = [(rows - 1, c) for c in range(columns - 2, -1, -1)]
    left = [(r, 0) for r in range(rows - 2, 0, -1)]
    return np.array(top + right + bottom + left)


def cued(name: str, task: Task, amount: float, random: np.random.Generator, show: Cue) -> Task:
    """The task with a cue in every image: right for round(amount * n) training images, random held out."""
    classes, n = limits.classes(name, task), len(task.train)
    right = random.permutation(n) < limits.share(name, amount, n)
    other = (task.train.targets + random.integers(1, classes, n)) % classes
    cues = {"train": np.where(right, task.train.targets, other)}
    parts = {}
    for part in ("train", "validation", "test"):
        examples: Examples = getattr(task, part)
        cue = cues.get(part, random.integers(0, classes, len(examples)))
        groups = np.where(cue == examples.targets, "aligned", "conflicting")
        parts[part] = replace(examples, inputs=show(examples.inputs, cue), groups=groups)
    return marked(replace(task, **parts), conflicting=at(n, np.flatnonzero(~right)))
