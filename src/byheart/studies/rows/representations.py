"""What the last hidden layer knows: more than the pixels do, and which training examples a prediction rests on."""

from __future__ import annotations

import numpy as np

from byheart.data.task import Task
from byheart.diagnosis.layer_probes import probe_layers
from byheart.scores.gradients.ekfac import fit
from byheart.scores.gradients.ekfac_pairs import ekfac_dots
from byheart.studies.criterion import above
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import pictures, shuffled, trained

NEAR = 0.05  # of the training examples are the nearest ones


def labels_dealt(lab: Lab) -> Reading:
    """Training labels are dealt anew: the network is as good at its training set, and has nothing to abstract."""
    return measured(lab, shuffled(task_of(lab), lab.seed))


@study(
    Row("B13", (
        above("probe", 0.0, "test accuracy of a linear probe, last hidden layer above pixels"),
        above("near", NEAR, "share of the test examples whose most helpful training example is among the 5% nearest"),
    )),
    control=labels_dealt, cost=9, data=("mnist",),
)  # fmt: skip
def representations(lab: Lab) -> Reading:
    """MNIST: linear probes of pixels and of the last hidden layer; and, for test examples, where the training example
    of the largest influence (EK-FAC) lies among all by distance in that layer.
    """
    return measured(lab, task_of(lab))


def task_of(lab: Lab) -> Task:
    """1,000 pictures and two layers of 128."""
    return pictures(lab, "mnist", lab.size(1_000, 150), lab.size(2_000, 200), (128, 128), epochs=lab.size(40, 3))


def measured(lab: Lab, task: Task) -> Reading:
    """Both, of one training."""
    run = trained(lab, task)
    probes = probe_layers(run, task).set_index("layer")["accuracy"]
    hidden = probes.iloc[-2]  # the last layer is that of the outputs
    network, asked = run.network(task), np.arange(lab.size(150, 10))
    known = task.tensors(task.train, np.arange(len(task.train)))
    fitted = fit(network, *known, task.loss)
    influence = ekfac_dots(network, known, task.tensors(task.test, asked), task.loss, fitted).numpy()
    here, there = np.asarray(run["features"], np.float64), np.asarray(run["test_features"], np.float64)[asked]
    distance = np.square(here[:, None] - there[None]).sum(2)
    best = influence.argmax(0)
    closer = (distance < distance[best, asked]).mean(0)  # share of the training examples that are nearer than the best
    return Reading({"probe": float(hidden - probes.iloc[0]), "near": float((closer < NEAR).mean())})
