"""Features that are trained to hide the colour: whether they do, and whether digits are told better without it."""

from __future__ import annotations

import numpy as np

from byheart.base.seeds import generator
from byheart.data.made.coloured_mnist_varied import coloured_mnist_varied
from byheart.data.task import Task
from byheart.diagnosis.layer_probes import probed
from byheart.methods.bias_feature import colour, labels_of
from byheart.methods.lntl import LNTL
from byheart.runs.run import Run
from byheart.studies.criterion import above, below
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import accuracy, coloured, trained, with_recipe

BINS, EPOCHS = 8, 20
KINDS = {
    "varied": "where colours vary around that of the class",
    "exceptions": "where one picture in twenty has the colour of another class",
}


def told_wrong_colours(lab: Lab) -> Reading:
    """The adversary is told the colours of other pictures: it can hide nothing."""
    found = {}
    for kind, task in tasks(lab).items():
        order = generator(lab.seed, "dealt").permutation(len(task.train))
        found |= measured(lab, kind, task, LNTL(bias=labels_of("colour", task, BINS)[order]))
    return Reading(found)


@study(
    Row("C14", tuple(
        criterion for kind, when in KINDS.items() for criterion in (
            below(f"{kind}: probe", 0, f"accuracy of a linear probe for the colour minus plain training's, {when[6:]}",
                  when=when),
            above(f"{kind}: gain", 0, f"unbiased test accuracy minus plain training's, {when[6:]}", when=when),
        )
    ), paper="kim2019"),
    control=told_wrong_colours, cost=26, data=("mnist",),
)  # fmt: skip
def hidden_colour(lab: Lab) -> Reading:
    """Coloured digits, plainly trained and with an adversary that reads the colour from the last features: how well a
    linear map reads it there from held-out digits of any colour, and how many of these are told right.
    """
    return Reading(
        {name: v for kind, task in tasks(lab).items() for name, v in measured(lab, kind, task, LNTL()).items()}
    )


def tasks(lab: Lab) -> dict[str, Task]:
    """The source's kind of colours, which vary; and fixed colours with exceptions."""
    varied = coloured_mnist_varied(lab.seed, lab.size(5_000, 300), lab.size(4_000, 300))
    few = lab.size(EPOCHS, 2)
    return {"varied": with_recipe(varied, epochs=few), "exceptions": coloured(lab, 0.95, epochs=few)}


def measured(lab: Lab, kind: str, task: Task, method: LNTL) -> dict[str, float]:
    """The method against plain training."""
    plain = trained(lab, task, f"{kind}-plain")
    hiding = trained(lab, with_recipe(task, methods=(method,)), f"{kind}-hiding")
    return {
        f"{kind}: probe": read(hiding, task) - read(plain, task),
        f"{kind}: gain": accuracy(hiding, task, "test") - accuracy(plain, task, "test"),
    }


def read(run: Run, task: Task) -> float:
    """Accuracy on test pictures of a linear probe for the steps of each channel, fitted to validation pictures."""
    features = [np.asarray(run[f"{part}_features"], np.float64) for part in ("validation", "test")]
    steps = [np.minimum(colour(part.inputs) * BINS, BINS - 1).astype(np.int64) for part in (task.validation, task.test)]
    return float(np.mean([probed(*features, *(s[:, k] for s in steps))["accuracy"] for k in range(3)]))
