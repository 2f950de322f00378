"""Random changes of the few images that there are: the gap, and what is known of new images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from byheart.data.augment import augmented
from byheart.data.augment.label_kept import label_kept
from byheart.data.augment.transforms import Compose, RandomHorizontalFlip, RandomResizedCrop, RandomRotation, named
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.models.cnn import cnn
from byheart.runs.learner import Network
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import pictures

SIDE = 14
TURNS = (RandomRotation(10), RandomResizedCrop(SIDE, scale=(0.8, 1.0)))
CLOTHES, DIGITS = "on clothes, with flips, turns and crops", "on digits, with turns and crops"
COLOURED = {"turned": "rotate=10", "noise": "noise=60", "colours": "jitter=0.8"}
WHEN = {"turned": "when turned", "noise": "with noise added", "colours": "with colours changed"}
Change = Callable[[Task, tuple[str, ...], int], Task]


def changed_once(lab: Lab) -> Reading:
    """Each image changed once, before training, instead of anew for every batch; flips of clothes asked after in place
    of flips of digits.
    """
    return measured(lab, frozen, flips_of="fashion_mnist", others_of="digits")


@study(
    Row("D05", (
        above("clothes: gap", 0.0, "training minus test accuracy, without changes above with them", when=CLOTHES),
        above("clothes: test", 0.0, "test accuracy with changes above that without", when=CLOTHES),
        above("digits: gap", 0.0, "training minus test accuracy, without changes above with them", when=DIGITS),
        above("digits: test", 0.0, "test accuracy with changes above that without", when=DIGITS),
        at_least("flips suspected", 1.0, "the check suspects that flips of digits change the label"),
        at_most("others suspected", 0.0, "changes of clothes that the check suspects"),
    )),
    Row("E07", tuple(
        above(f"{name}: gap", 0.0, "training minus test accuracy, without the change above with it", when=WHEN[name])
        for name in COLOURED
    )),
    control=changed_once, cost=58, data=("mnist", "fashion_mnist"),
)  # fmt: skip
def augmentations(lab: Lab) -> Reading:
    """A convolutional network and three hundred images changed anew for every batch: clothes flipped, turned and
    cropped, digits turned and cropped; and tinted digits turned, with noise added, or with their colours changed.
    """
    return measured(lab, anew, flips_of="digits", others_of="fashion_mnist")


def measured(lab: Lab, change: Change, flips_of: str, others_of: str) -> Reading:
    """All accuracies, and what the check says."""
    sample, turns = (named(Compose(steps), SIDE) for steps in ((RandomHorizontalFlip(), *TURNS), TURNS))
    tinted = plant(few(lab, "mnist"), "shortcut-colour=0.1", lab.seed)
    found: dict[str, float] = {}
    for name, task, changes in (("clothes", few(lab, "fashion_mnist"), sample), ("digits", few(lab, "mnist"), turns)):
        before, after = accuracies(lab, task), accuracies(lab, change(task, changes, lab.seed))
        found |= {f"{name}: gap": before[0] - after[0], f"{name}: test": after[1] - before[1]}
    plain = accuracies(lab, tinted)
    for name, text in COLOURED.items():
        found[f"{name}: gap"] = plain[0] - accuracies(lab, change(tinted, (text,), lab.seed))[0]
    known, new = lab.size(1_000, 300), lab.size(600, 200)
    asked = {data: pictures(lab, data, train=known, test=new) for data in (flips_of, others_of)}
    found["flips suspected"] = float(not label_kept(asked[flips_of], sample[0], lab.seed).kept)
    others = [*sample] if others_of == "fashion_mnist" else [sample[0]]
    found["others suspected"] = float(sum(not label_kept(asked[others_of], text, lab.seed).kept for text in others))
    return Reading(found)


def few(lab: Lab, data: str) -> Task:
    """A few pictures to train on and many held out."""
    task = pictures(lab, data, train=lab.size(300, 60), test=lab.size(2_000, 100), epochs=lab.size(120, 2), lr=0.05)
    return replace(task, network=partial(cnn, channels=(16, 32), hidden=64))


def anew(task: Task, changes: tuple[str, ...], seed: int) -> Task:
    """The task with its images changed anew for every batch."""
    return replace(task, augment=changes)


def frozen(task: Task, changes: tuple[str, ...], seed: int) -> Task:
    """The task with each image changed once."""
    images = torch.from_numpy(task.train.inputs.astype(np.float32))
    once = augmented(images, changes, torch.Generator().manual_seed(seed)).numpy()
    return replace(task, train=replace(task.train, inputs=once.clip(0, float(images.max()))))


def accuracies(lab: Lab, task: Task) -> tuple[float, float]:
    """Training minus test accuracy, and test accuracy."""
    predict = Network().fit(task, np.arange(len(task.train)), lab.seed)
    train, test = ((predict(part).argmax(1) == part.targets).mean() for part in (task.train, task.test))
    return float(train - test), float(test)
