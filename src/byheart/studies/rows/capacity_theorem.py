"""Networks have more than enough parameters to give back any labels: by training, and by construction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from byheart.base.seeds import generator
from byheart.data.made.perceptron import perceptron
from byheart.data.plant import plant
from byheart.models.finite_sample import finite_sample
from byheart.models.linear import linear
from byheart.studies.criterion import at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, by_epoch, pictures, trained

EPOCHS = 60
SIZES = (50, 100, 200, 400, 700, 1_000)  # examples that weights are constructed for


def too_few_weights(lab: Lab) -> Reading:
    """A linear map in place of the perceptron, and a construction with half of the weights, made from half of the
    examples and asked for all.
    """
    return measured(lab, 0.5, linear)


@study(
    Row("C06", (
        at_least("fitted", 0.99, "training accuracy, random labels", published="100% (Inception, CIFAR-10)"),
        at_most("held out", 0.15, "its test accuracy (chance is .1)", published="9.78% (Inception, CIFAR-10)"),
        at_most("exact", 1e-8, "largest error of 2n + d weights, set by construction, on random labels"),
        at_most("exact on numbers", 1e-8, "the same on normal numbers as labels"),
        at_most("weights", 0, "weights of the construction above 2n + d"),
    ), paper="zhang2016"),
    control=too_few_weights, cost=6,
)  # fmt: skip
def capacity(lab: Lab) -> Reading:
    """A perceptron trained on random labels of digits, and a network of 2n + d weights that is constructed for them."""
    return measured(lab, 1.0, perceptron(256, 256))


def measured(lab: Lab, share: float, network: Callable[..., nn.Module]) -> Reading:
    """The network trained on random labels, and weights made from a share of the examples and asked for all of them."""
    real = pictures(
        lab, train=lab.size(1_000, 200), test=600, epochs=lab.size(EPOCHS, 4), lr=0.1 if lab.small else None
    )
    task = plant(replace(real, network=network), "random-labels=1", lab.seed)
    run = trained(lab, task)
    labels, numbers = (
        task.train.targets.astype(np.float64),
        generator(lab.seed, "numbers").standard_normal(len(task.train)),
    )
    inputs, sizes = task.train.inputs, [n for n in SIZES if n <= len(task.train)]
    found = [constructed(inputs[:n], labels[:n], share) for n in sizes]
    values = {
        "fitted": accuracy(run, task), "held out": accuracy(run, task, "test"), "exact": found[-1][0],
        "exact on numbers": constructed(inputs, numbers, share)[0], "weights": found[-1][1],
    }  # fmt: skip
    return Reading(
        values,
        [Curve("training", range(1, run.epochs + 1), by_epoch(run, "train").tolist())],
        "epoch",
        "accuracy on random labels",
    )


def constructed(inputs: np.ndarray, labels: np.ndarray, share: float) -> tuple[float, float]:
    """Largest error on all examples of weights that are made from a share of them, and how many more than 2n + d."""
    n = round(share * len(inputs))
    network = finite_sample(inputs[:n], labels[:n])
    with torch.no_grad():
        said = network(torch.from_numpy(inputs.copy()))[:, 0].numpy()
    count = sum(p.numel() for p in network.parameters())
    return float(np.abs(said - labels).max()), float(count - 2 * len(inputs) - inputs[0].size)
