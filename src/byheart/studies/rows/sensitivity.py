"""Signs by which real data and noise are told apart: critical samples, and how unequally training hangs on examples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.methods.input_scale import ranges
from byheart.methods.lass import lass
from byheart.scores.checkpoint.sensitivity import gini
from byheart.scores.checkpoint.unrolled import unrolled_sensitivity
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import pictures, trained

RADIUS = 0.3 / 255  # of the values' range, as in the source
STEPS = 15  # that sensitivity is followed through


def all_alike(lab: Lab) -> Reading:
    """Three trainings on real labels, and two on noise: what is said to differ is the same kind of thing."""
    real = deep(lab)
    ratios = [critical(replace_seed(lab, k), real, f"alike-{k}") for k in range(3)]
    noise = [concentration(lab, plant(narrow(lab, 0.0), "random-inputs=1", lab.seed + k), f"{k}") for k in range(2)]
    return Reading({
        "20% above none": ratios[1] - ratios[0], "80% above 20%": ratios[2] - ratios[1],
        "gini: early": noise[1] - noise[0],
    })  # fmt: skip


@study(
    Row("E05", (
        above("20% above none", 0.0, "critical sample ratio with 20% random labels above that with none"),
        above("80% above 20%", 0.0, "the same with 80% above that with 20%"),
        at_least("gini: early", 0.3, "Gini coefficient of loss sensitivity, real inputs above noise", when="early"),
        at_least("gini: fitted", 0.3, "the same at the end", when="once noise is fitted"),
    ), paper="arpit2017"),
    control=all_alike, cost=33, data=("mnist",),
)  # fmt: skip
def sensitivity(lab: Lab) -> Reading:
    """MNIST with 0, 20 and 80% random labels, fitted: the share of new pictures that have another class within .3 of
    255 grey levels (LASS); and the Gini coefficient of the loss's sensitivity to single pictures, real ones and noise.
    """
    real = deep(lab)
    kinds = {"0": real} | {f"{p}": plant(real, f"random-labels={p / 100}", lab.seed) for p in (20, 80)}
    ratio = {kind: critical(lab, task, kind) for kind, task in kinds.items()}
    values = {"20% above none": ratio["20"] - ratio["0"], "80% above 20%": ratio["80"] - ratio["20"]}
    for name, momentum in (("early", 0.0), ("fitted", 0.9)):
        small = narrow(lab, momentum)
        noise = plant(small, "random-inputs=1", lab.seed)
        spread = [concentration(lab, task, f"{name}-{k}") for k, task in enumerate((small, noise))]
        values[f"gini: {name}"] = spread[0] - spread[1]
    return Reading(values)


def deep(lab: Lab) -> Task:
    """2,000 pictures and two layers of 256."""
    return pictures(
        lab, "mnist", lab.size(2_000, 200), lab.size(2_000, 200), epochs=lab.size(60, 3), lr=0.05, schedule="constant"
    )


def narrow(lab: Lab, momentum: float) -> Task:
    """1,000 pictures and two layers of 16, trained for some 900 steps: without momentum noise is not yet fitted."""
    return pictures(
        lab, "mnist", lab.size(1_000, 200), 200, (16, 16), epochs=lab.size(56, 2), lr=0.05, schedule="constant",
        momentum=momentum,
    )  # fmt: skip


def critical(lab: Lab, task: Task, name: str) -> float:
    """The critical sample ratio on test pictures, at the source's radius."""
    network = trained(lab, task, f"critical-{name}").network(task)
    inputs, _ = task.tensors(task.test, np.arange(len(task.test)))
    radius = RADIUS * torch.as_tensor(np.asarray(ranges(task)), dtype=inputs.dtype)
    return float(lass(network, inputs, radius, rounds=lab.size(60, 5)).critical.double().mean())


def concentration(lab: Lab, task: Task, name: str) -> float:
    """The Gini coefficient of sensitivities followed through 15 steps, begun where training had come to."""
    run = trained(lab, task, f"gini-{name}")
    found = unrolled_sensitivity(task, lab.size(STEPS, 2), lab.seed, run.weights)
    return gini(found.sensitivity.mean(0))


def replace_seed(lab: Lab, k: int) -> Lab:
    """Another draw of the network and of the batches, with the same data."""
    return replace(lab, seed=lab.seed + 1_000 * k)
