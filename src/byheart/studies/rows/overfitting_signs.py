"""Overfitting: the gap between old and new data grows with training and with width, and three signs tell of it."""

from __future__ import annotations

from dataclasses import replace

from byheart.data.made.perceptron import perceptron
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem006_overfitting import SIGNS, holds, overfitting, three
from byheart.diagnosis.turning import turn
from byheart.runs.run import Run
from byheart.runs.subsets import record_subsets
from byheart.scores.table import score
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, by_epoch, pictures, trained, with_recipe

NARROW = 4  # units a layer
HELD_BACK = {"methods": ("dropout=0.5",), "weight_decay": 0.03}


def barely_trained(lab: Lab) -> Reading:
    """The same after one epoch at a hundredth of the learning rate: nothing has been fitted yet."""
    task = with_recipe(noisy(lab), epochs=1, lr=0.0005)
    return measured(lab, task, task)


@study(
    Row("A06", (
        above("epochs", 0.0, "training minus test accuracy, end of training above its first tenth"),
        above("width", 0.0, "training minus test accuracy at the end, 256 units a layer above 4"),
        at_least("flagged", 1.0, "share of trainings that the check for overfitting flags"),
        above("after", 0.0, "epochs after the one at which validation loss turned"),
        above("rise", 0.0, "test loss at the end above that at the turning epoch"),
    )),
    Row("D03", (
        at_least("signs: overfit", 3.0, "how many of the three signs hold of the network that overfits"),
        at_most("signs: held back", 0.0, "how many hold of the same network with weight decay and dropout"),
        at_least("held back: test", 0.7, "test accuracy of that network (chance is .1)"),
    )),
    control=barely_trained, cost=15,
)  # fmt: skip
def overfitting_signs(lab: Lab) -> Reading:
    """Digits with 20% wrong labels: training minus test accuracy by epoch and by width, the check for overfitting, and
    its three signs of a network that is free to fit them and of one that is held back.
    """
    task = noisy(lab)
    return measured(lab, task, with_recipe(task, **HELD_BACK))


def noisy(lab: Lab) -> Task:
    """Few digits, a fifth of them wrongly labelled."""
    real = pictures(lab, train=lab.size(500, 100), test=780, epochs=lab.size(60, 3), lr=0.05, schedule="constant")
    return plant(real, "label-noise=0.2", lab.seed)


def measured(lab: Lab, free: Task, held_back: Task) -> Reading:
    """Signs of both, and the gaps of the first at other widths."""
    found, values = {}, {}
    for name, task in (("overfit", free), ("held back", held_back)):
        evidence = found[name] = evidence_of(lab, task, name)
        signs = three(evidence)
        values[f"signs: {name}"] = float(sum(holds(evidence, k, signs[k]) for k in SIGNS))
    run, other = found["overfit"].run, replace(free, network=perceptron(NARROW, NARROW))
    values["width"] = gap(run, free) - gap(trained(lab, other, "narrow"), other)
    values["flagged"] = float(overfitting(found["overfit"]) is not None)
    lines = {"training": by_epoch(run, "train"), "test": by_epoch(run, "test")}
    apart = lines["training"] - lines["test"]
    values["epochs"] = float(apart[-1] - apart[: max(len(apart) // 10, 1)].mean())
    turned = turn(run)
    values |= {"after": float(run.epochs - turned.epoch), "rise": turned.rise.value}
    values["held back: test"] = accuracy(found["held back"].run, held_back, "test")
    curves = [Curve(f"{name} accuracy", range(1, run.epochs + 1), y.tolist()) for name, y in lines.items()]
    return Reading(values, curves, "epoch", "accuracy")


def gap(run: Run, task: Task) -> float:
    """Training minus test accuracy at the end."""
    return accuracy(run, task) - accuracy(run, task, "test")


def evidence_of(lab: Lab, task: Task, name: str) -> Evidence:
    """A training and subset models of the same recipe."""
    run = trained(lab, task, name)
    many = record_subsets(task, lab.size(8, 2), lab.folder / f"{name}-many", lab.seed, jobs=1)
    return Evidence(task, run, many, score(run, many, "memorization", task))
