"""What most studies begin with: pictures, a perceptron, a training, and what it answers right at the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from byheart.data.examples import Examples
from byheart.data.made.coloured_mnist_ten import coloured_mnist_ten
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


def averaged(
    lab: Lab, train: int = 2_000, test: int = 2_000, hidden: tuple[int, ...] = (256, 256), lr: float = 0.05,
    **recipe: Any,
) -> Task:  # fmt: skip
    """MNIST as Arpit et al. (2017) have it, at 14 x 14: pixels in [0, 1], each the mean of four; a constant learning
    rate, and gradients as they come.
    """
    learned, held = (in_fours(part) for part in drawn("mnist", train, test, lab.seed))
    return Task(
        learned, held, network=perceptron(*hidden), name="mnist", class_names=names_of("mnist"), scaling="none",
        recipe=Recipe(lr=lr, schedule="constant", clip=0.0, **recipe),
    )  # fmt: skip


def in_fours(part: Examples) -> Examples:
    """Pictures (n, 1, 28, 28) at 14 x 14 and in [0, 1], each pixel the mean of four."""
    blocks = part.inputs.reshape(-1, 1, 14, 2, 14, 2).astype(np.float32)
    return replace(part, inputs=blocks.mean((3, 5)) / 255)


def coloured(lab: Lab, agree: float = 0.95, train: int = 5_000, test: int = 4_000, **recipe: Any) -> Task:
    """Digits in ten colours (coloured_mnist_ten) at 14 x 14, a share `agree` of those in training in the colour of
    their class; held out the colour says nothing, so that test accuracy is unbiased.
    """
    whole = coloured_mnist_ten(lab.seed, lab.size(train, 300), lab.size(test, 300), agree)
    parts = {part: small(getattr(whole, part)) for part in ("train", "validation", "test")}
    return with_recipe(replace(whole, **parts), **recipe)


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


def epochs_to_fit(run: Run, share: float = 0.99) -> float:
    """Epochs until so many training examples are right as they are met; one more than were trained if never."""
    reached = by_epoch(run, "train") >= share
    return float(reached.argmax() + 1 if reached.any() else run.epochs + 1)


def with_recipe(task: Task, **changes: Any) -> Task:
    """The same task with some fields of the recipe changed."""
    return replace(task, recipe=replace(task.recipe, **changes))


def shuffled(task: Task, seed: int) -> Task:
    """The same task with training labels dealt anew: no rule is left to learn."""
    order = np.random.default_rng([seed, 7]).permutation(len(task.train))
    return replace(task, train=replace(task.train, targets=task.train.targets[order]))


def marked(task: Task, share: float, seed: int) -> Task:
    """The same task with a random share of its examples called wrong, though their labels are what they were."""
    wrong = np.random.default_rng([seed, round(1_000 * share), 8]).random(len(task.train)) < share
    return replace(task, truth={"wrong": wrong, "original": task.train.targets})


def unwatched(task: Task, n: int = 20) -> Task:
    """The same training with few held-out examples to read after every epoch, where only its end is of interest."""
    few = {part: getattr(task, part).take(np.arange(n)) for part in ("validation", "test")}
    return replace(task, **few)
