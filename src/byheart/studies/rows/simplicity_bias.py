"""Of a simple feature and many that are less so, each enough alone, a network learns the simple one only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.made.slabs import slabs
from byheart.data.task import Task
from byheart.diagnosis.blocks import region
from byheart.diagnosis.calibration import probabilities
from byheart.diagnosis.shortcut_probe import predictor, randomized, randomized_auc
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, by_epoch, trained, with_recipe

FEATURES, EPOCHS = 20, 10


def simple_feature_dealt_out(lab: Lab) -> Reading:
    """The same data and network, the simple feature dealt to other examples before training: the others are learned."""
    task = made(lab, linear=1)
    order = generator(lab.seed, "dealt")
    parts = {name: dealt(getattr(task, name), order) for name in ("train", "validation", "test")}
    return Reading(probed(lab, replace(task, **parts), "dealt"))


@study(
    Row("C03", (
        at_least("test", 0.99, "test accuracy, one linear feature and 19 of five slabs"),
        at_least("slabs alone", 0.98, "test accuracy of the same network where all 20 features are slabs"),
        at_most("simple dealt", 0.55, "AUC after the linear feature is dealt to other examples", published=".50"),
        at_least("rest dealt", 0.98, "AUC after all other features are dealt to other examples", published="1.00"),
        above("too sure", 0, "confidence minus accuracy of the answers after the linear feature is dealt"),
    ), paper="shah2020"),
    control=simple_feature_dealt_out, cost=7,
)  # fmt: skip
def simplicity_bias(lab: Lab) -> Reading:
    """Which features a trained network reads when each says the class, one by its sign and 19 by five slabs each."""
    alone = made(lab, linear=0)
    run = trained(lab, alone, "slabs")
    mixed = made(lab, linear=1)
    values = probed(lab, mixed, "mixed") | {"slabs alone": accuracy(run, alone, "test")}
    lines = {"one linear feature, 19 of slabs": by_epoch(trained(lab, mixed, "mixed")), "20 of slabs": by_epoch(run)}
    curves = [Curve(name, range(1, len(y) + 1), y.tolist()) for name, y in lines.items()]
    return Reading(values, curves, "epoch", "held-out accuracy")


def made(lab: Lab, linear: int) -> Task:
    """The task, as many of its features linear."""
    task = slabs(lab.seed, lab.size(20_000, 500), lab.size(8_000, 400), features=FEATURES, linear=linear)
    return with_recipe(task, epochs=lab.size(EPOCHS, 1))


def dealt(part: Examples, random: np.random.Generator) -> Examples:
    """The examples with their first feature from others."""
    inputs = part.inputs.copy()
    inputs[:, 0] = inputs[random.permutation(len(part)), 0]
    return replace(part, inputs=inputs)


def probed(lab: Lab, task: Task, name: str) -> dict[str, float]:
    """Accuracy of the trained network, and its AUC and confidence after the first feature, or all others, are dealt."""
    run = trained(lab, task, name)
    predict, first = predictor(task, run.network(task)), np.arange(FEATURES) == 0
    found = {
        kind: randomized(predict, task.test.inputs, task.test.targets, region(kind, where), seed=lab.seed)
        for kind, where in (("simple dealt", first), ("rest dealt", ~first))
    }
    sure = np.mean([probabilities(logits).max(1) for logits in found["simple dealt"].logits])
    return {
        "test": accuracy(run, task, "test"),
        "too sure": float(sure - found["simple dealt"].right.mean()),
        **{kind: randomized_auc(f).value for kind, f in found.items()},
    }
