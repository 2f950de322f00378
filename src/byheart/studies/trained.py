"""What most studies begin with: pictures, a perceptron, a training, and what it answers right at the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from byheart.data.made.perceptron import perceptron
from byheart.data.made.pictures import drawn, names_of, small
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.runs.run import Run
from byheart.runs.single import record
from byheart.studies.study import Lab

Part = str  # "train", "validation" or "test"


def pictures(
    lab: Lab, data: str = "digits", train: int = 1_000, test: int = 780, hidden: tuple[int, ...] = (256, 256),
    dropout: float = 0.0, **recipe: Any,
) -> Task:  # fmt: skip
    """Random pictures of ten classes, at most 14 x 14, and a perceptron; half of `test` becomes the validation part."""
    learned, held = (small(part) for part in drawn(data, train, test, lab.seed))
    network = perceptron(*hidden, dropout=dropout)
    return Task(learned, held, network=network, name=data, recipe=Recipe(**recipe), class_names=names_of(data))


def trained(lab: Lab, task: Task, name: str = "run") -> Run:
    """The task's network, recorded in the study's folder under a name."""
    return record(task, lab.folder / name, lab.seed)


def right(run: Run, task: Task, part: Part = "train") -> np.ndarray:
    """Which examples (n,) of a part the trained network answers right, in eval mode, by the given labels."""
    logits = run["final_logits" if part == "train" else f"final_{part}_logits"]
    return np.asarray(logits).argmax(1) == getattr(task, part).targets


def accuracy(run: Run, task: Task, part: Part = "train") -> float:
    """Share of a part that the trained network answers right."""
    return float(right(run, task, part).mean())


def fitted(run: Run, task: Task, truth: str = "wrong") -> float:
    """Share of the training examples with a planted truth whose given labels the trained network gives back."""
    return float(right(run, task)[task.truth[truth]].mean())


def by_epoch(run: Run, part: Part = "validation") -> np.ndarray:
    """Accuracy (epochs,) on a part; on training examples as they were met in training."""
    return np.asarray(run["correct" if part == "train" else f"{part}_correct"], np.float64).mean(1)


def with_recipe(task: Task, **changes: Any) -> Task:
    """The same task with some fields of the recipe changed."""
    return replace(task, recipe=replace(task.recipe, **changes))


def shuffled(task: Task, seed: int) -> Task:
    """The same task with training labels dealt anew: no rule is left to learn."""
    order = np.random.default_rng([seed, 7]).permutation(len(task.train))
    return replace(task, train=replace(task.train, targets=task.train.targets[order]))
