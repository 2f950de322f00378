"""Image classification from few images: the signs of memorization, and what reduces them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.data.made.pictures import drawn, small
from byheart.data.task import Task
from byheart.runs.evidence import read
from byheart.runs.run import Run
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, by_epoch, pictures, trained, with_recipe

FEW, MANY, TEST = 200, 2_000, 2_000
FIXES = {"more images": {}, "augmentation": {"augment": ("translate=1",)}, "dropout": {"methods": ("dropout=0.5",)},
         "weight decay": {"weight_decay": 0.01}}  # fmt: skip
NONE = {"more images": {}, "augmentation": {"augment": ("translate=0",)}, "dropout": {"methods": ("dropout=0",)},
        "weight decay": {"weight_decay": 0.0}}  # fmt: skip
MEASURES = {"accuracy": "gap", "loss": "loss gap"}


def without_strength(lab: Lab) -> Reading:
    """A network so weak that it cannot memorize, with each fix at strength 0, and other images instead of more."""
    task = with_recipe(few(lab), lr=1e-4)
    plain = signs(trained(lab, task, "plain"), task)
    values = dict(plain)
    for name, changes in NONE.items():
        same = replace(task, train=few(replace(lab, seed=lab.seed + 1_000)).train) if name == "more images" else task
        same = changed(same, changes)
        values |= less(name, plain, signs(trained(lab, same, name.replace(" ", "-")), same))
    return Reading(values)


@study(
    Row("D04", (
        at_least("train", 0.99, "training accuracy with 200 images"),
        above("gap", 0.05, "training above test accuracy"),
        above("loss gap", 0.1, "test above training loss, in nats"),
        *(above(f"{name}: {of} less", 0, f"gap of {of} without {name}, above that with it", when=f"in {of} with {name}")
          for of in MEASURES for name in FIXES),
    )),
    control=without_strength, cost=17, data=("fashion_mnist",),
)  # fmt: skip
def small_data(lab: Lab) -> Reading:
    """Fashion-MNIST from 200 images, and the same with ten times as many, moved images, dropout, or weight decay."""
    task = few(lab)
    plain = trained(lab, task, "plain")
    values, curves = signs(plain, task), [line("200 images", plain)]
    for name, changes in FIXES.items():
        fixed = more(lab, task) if name == "more images" else changed(task, changes)
        run = trained(lab, fixed, name.replace(" ", "-"))
        values |= less(name, values, signs(run, fixed))
        curves.append(line(f"with {name}", run))
    return Reading(values, curves, "epoch", "validation accuracy")


def few(lab: Lab) -> Task:
    """200 images, and a perceptron that can fit them."""
    return pictures(lab, "fashion_mnist", lab.size(FEW, 100), lab.size(TEST, 200), epochs=lab.size(60, 2), lr=0.05)


def more(lab: Lab, task: Task) -> Task:
    """The same held-out images, and ten times as many to learn from."""
    learned, _ = drawn("fashion_mnist", lab.size(MANY, 200), lab.size(TEST, 200), lab.seed)
    return replace(task, train=small(learned), truth={})


def changed(task: Task, changes: dict) -> Task:
    """The task with a field of its own or of its recipe changed."""
    return replace(task, **changes) if "augment" in changes else with_recipe(task, **changes)


def signs(run: Run, task: Task) -> dict[str, float]:
    """Training accuracy, and the gaps of accuracy and of loss to new images."""
    losses = [float(read(np.asarray(run[name]), part.targets, 10)["loss"].mean())
              for name, part in (("final_logits", task.train), ("final_test_logits", task.test))]  # fmt: skip
    known = accuracy(run, task)
    return {"train": known, "gap": known - accuracy(run, task, "test"), "loss gap": losses[1] - losses[0]}


def less(name: str, before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """How much smaller the gaps are afterwards."""
    return {f"{name}: {of} less": before[key] - after[key] for of, key in MEASURES.items()}


def line(name: str, run: Run) -> Curve:
    """Validation accuracy by epoch."""
    return Curve(name, range(1, run.epochs + 1), by_epoch(run).tolist())
