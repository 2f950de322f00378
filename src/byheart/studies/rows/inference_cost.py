"""What memorization costs: nothing when answering, more epochs when learning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.controls.inference_time import inference_ratio
from byheart.data.made.perceptron import perceptron
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import epochs_to_fit, fitted, pictures, trained

FITTED = 0.99


def slower_network(lab: Lab) -> Reading:
    """A network of twice the width, trained on the same right labels, in place of the one that memorizes."""
    task = base(lab, 20)
    return compared(lab, task, replace(task, network=perceptron(512, 512)))


@study(
    Row("B04", (
        at_most("ratio: low", 1, "CPU time of inference after random labels over that after real ones: low end"),
        at_least("ratio: high", 1, "the same: high end of the 95% interval of its median"),
        at_least("memorized", FITTED, "random labels that the first network has fitted"),
        above("more epochs", 0, "epochs until 99% of the labels are fitted: random labels above real ones"),
    ), corrected="Inference takes the same time whatever a network has memorized; training takes more epochs."),
    control=slower_network, cost=11,
)  # fmt: skip
def inference_cost(lab: Lab) -> Reading:
    """CPU time of two perceptrons of one architecture in turns, one fitted to the real labels of the digits, one to
    random labels; and the epochs that each took.
    """
    task = base(lab, 80)
    return compared(lab, task, plant(task, "random-labels=1", lab.seed))


def base(lab: Lab, epochs: int) -> Task:
    """Digits with their own labels."""
    return pictures(lab, train=lab.size(1_000, 100), test=600, epochs=lab.size(epochs, 2), lr=0.05)


def compared(lab: Lab, task: Task, other: Task) -> Reading:
    """The second over the first."""
    runs = trained(lab, task, "one"), trained(lab, other, "other")
    inputs, _ = task.tensors(task.train, np.arange(len(task.train)))
    ratio = inference_ratio(runs[0].network(task), runs[1].network(other), inputs, lab.size(101, 9))
    epochs = [epochs_to_fit(run) for run in runs]
    values = {
        "ratio": ratio.value, "ratio: low": ratio.low, "ratio: high": ratio.high,
        "more epochs": epochs[1] - epochs[0],
    }  # fmt: skip
    if "random_label" in other.truth:
        values["memorized"] = fitted(runs[1], other, "random_label")
    return Reading(values)
