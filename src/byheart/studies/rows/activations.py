"""Activations: without one a network of any depth is one affine map; what each is like; how fast each memorizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf, isclose
from typing import Any

import numpy as np
import torch
from torch import nn

from byheart.base.registry import every
from byheart.data.made.parity import parity
from byheart.data.made.perceptron import perceptron
from byheart.data.plant import plant
from byheart.models.activation_properties import properties, values
from byheart.models.mlp import mlp
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, by_epoch, pictures, trained, with_recipe

DEPTH, EPOCHS = 4, 40
# by analysis: infimum, supremum, whether it never falls, whether it has no kink
FACTS = {
    "elu": (-1, inf, True, True), "gelu": (-0.169971, inf, False, True), "identity": (-inf, inf, True, True),
    "leaky_relu": (-inf, inf, True, False), "prelu": (-inf, inf, True, False), "relu": (0, inf, True, False),
    "sigmoid": (0, 1, True, True), "silu": (-0.278465, inf, False, True), "softmax": (0, 1, True, True),
    "tanh": (-1, 1, True, True),
}  # fmt: skip


class Cosine(nn.Module):
    """What is no activation in use: it rises and falls for ever."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cos(x)


def others_in_their_place(lab: Lab) -> Reading:
    """ReLU where there should be no activation, compared with itself; the cosine in place of each activation."""
    fits = {"affine": from_affine(lab, "relu"), "identity fits": solved(lab, "relu"), "relu over identity": 0.0}
    return Reading(fits | as_analysed(dict.fromkeys(FACTS, Cosine)))


@study(
    Row("A22", (
        at_most("affine", 10, "distance of 4 hidden layers without activation from one affine map, in millionths"),
        at_most("identity fits", 0.8, "accuracy on XOR without activation (an affine map is right on at most 3/4)"),
        at_least("fit", 9, "activations with which one hidden layer is right on 99% of XOR, of 9"),
        above("relu over identity", 0, "share of random labels fitted, with ReLU above without activation"),
    )),
    Row("B20", (
        at_least("ranges", 10, "activations whose measured range is that of analysis, of 10"),
        at_least("monotone", 10, "activations rightly found to fall somewhere or nowhere, of 10"),
        at_least("smooth", 10, "activations rightly found to have a kink or none, of 10"),
        at_least("relu slope", 0, "smallest slope of ReLU"),
        at_most("leaky far", -1e3, "leaky ReLU of minus a million"),
    ), corrected="ReLU is monotone, and the range of leaky ReLU is all real numbers; GELU and SiLU are not monotone."),
    control=others_in_their_place, cost=24,
)  # fmt: skip
def activations(lab: Lab) -> Reading:
    """Each activation as a function of one number, and in networks: whether they fit XOR, and how fast random labels
    of digits.
    """
    known = every("activation")
    names = ["identity", "relu"] if lab.small else list(known)
    lines = {name: memorized(lab, name) for name in names}
    found = {
        "affine": from_affine(lab, "identity"),
        "identity fits": solved(lab, "identity"),
        "fit": float(sum(solved(lab, name) >= 0.99 for name in names if name != "identity")),
        "relu over identity": float(lines["relu"][-1] - lines["identity"][-1]),
    }
    curves = [Curve(name, range(1, len(line) + 1), line.tolist()) for name, line in lines.items()]
    return Reading(found | as_analysed(known), curves, "epoch", "share of random labels fitted")


def from_affine(lab: Lab, activation: str) -> float:
    """Largest distance of a random network from the affine map that it is at 0 and at the unit vectors, in
    millionths of the largest output.
    """
    torch.manual_seed(lab.seed)
    network = mlp((8,), 5, (64,) * DEPTH, activation)
    x = torch.randn(500, 8)
    with torch.no_grad():
        found, at_zero = network(x), network(torch.zeros(1, 8))
        slopes = network(torch.eye(8)) - at_zero
    return 1e6 * float((found - (x @ slopes + at_zero)).abs().max() / found.abs().max())


def solved(lab: Lab, activation: str) -> float:
    """Accuracy of one hidden layer of 64 with this activation on exclusive or, held out."""
    task = replace(parity(lab.seed, lab.size(400, 100), 400), network=perceptron(64, activation=activation))
    run = trained(lab, with_recipe(task, epochs=lab.size(EPOCHS, 2), optimizer="adamw", lr=0.01), f"xor-{activation}")
    return accuracy(run, task, "test")


def memorized(lab: Lab, activation: str) -> np.ndarray:
    """Share (epochs,) of random labels that one hidden layer fits, at the learning rate that a short trial chooses."""
    rate: dict[str, Any] = {"lr": 0.1} if lab.small else {}
    task = pictures(lab, train=lab.size(500, 64), test=100, epochs=lab.size(EPOCHS, 2), **rate)
    task = replace(plant(task, "random-labels=1", lab.seed), network=perceptron(128, activation=activation))
    return by_epoch(trained(lab, task, f"random-{activation}"), "train")


def as_analysed(shapes: Mapping[str, Any]) -> dict[str, float]:
    """How many of the activations are measured to be what analysis has them, and the two that the table has wrong."""
    found = {name: properties(shapes[name]()) for name in FACTS}
    close = lambda a, b: a == b or isclose(a, b, abs_tol=1e-5)  # noqa: E731
    return {
        "ranges": float(sum(close(f.low, FACTS[n][0]) and close(f.high, FACTS[n][1]) for n, f in found.items())),
        "monotone": float(sum(f.monotone == FACTS[n][2] for n, f in found.items())),
        "smooth": float(sum((f.derivatives > 0) == FACTS[n][3] for n, f in found.items())),
        "relu slope": found["relu"].slope,
        "leaky far": float(values(shapes["leaky_relu"](), np.array([-1e6]))[0]),
    }
