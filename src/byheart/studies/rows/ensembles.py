"""The usual ways against memorizing, each a switch in a task's configuration, and ensembles among them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.data.made.perceptron import perceptron
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.runs.averaged import average
from byheart.runs.evidence import read
from byheart.runs.run import Run
from byheart.runs.single import record
from byheart.runs.subsets import record_subsets
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, by_epoch, pictures, trained

MODELS = 6
SWITCHES = ("dropout=0.5", "l1=1e-4", "l1=1e-3", "l2=1e-3", "augment=translate=1")
OFF = ("dropout=0", "l1=0", "l2=0", "augment=")
SMALLER = "16 units of 256"
EVERY = (*SWITCHES, SMALLER)


def switched_off(lab: Lab) -> Reading:
    """Every switch off, another network each; and the ensemble's members all the same network."""
    task, values = noisy(lab), {}
    plain = gap(lab, task, "plain", lab.seed)
    for k, name in enumerate(EVERY):
        other = with_method(task, OFF[k % len(OFF)])
        values[f"{name}: gap"] = plain - gap(lab, other, name, lab.seed + 1_000 * (k + 1))
    logits = np.asarray(record(task, lab.folder / "plain", lab.seed)["final_test_logits"], np.float32)
    return Reading(values | together(np.stack([logits] * MODELS), task.test.targets))


@study(
    Row("B31", (
        at_least("off", len(OFF), "switches at strength 0 that leave every weight as without them, of 4"),
        *(above(f"{name}: gap", 0, "training minus test accuracy, 20% wrong labels: without minus with",
                when=f"with {name}") for name in EVERY),
        above("ensemble: loss", 0, "mean test loss of six networks minus that of their average", when="with ensembles"),
        above("ensemble: accuracy", 0, "test accuracy of the average minus the mean of six", when="with ensembles"),
    )),
    control=switched_off, cost=21,
)  # fmt: skip
def ensembles(lab: Lab) -> Reading:
    """A perceptron on digits with 20% wrong labels, with and without dropout, L1, L2, augmentation and most of its
    units; and six on random subsets, apart and averaged.
    """
    task, values, curves = noisy(lab), {}, []
    plain = gap(lab, task, "plain", lab.seed)
    for name in EVERY:
        other = replace(task, network=perceptron(16)) if name == SMALLER else with_method(task, name)
        values[f"{name}: gap"] = plain - gap(lab, other, name, lab.seed)
        curves.append(curve(name, trained(lab, other, name)))
    many = record_subsets(task, MODELS, lab.folder / "subsets", lab.seed, jobs=1)
    held = many["logits"][:, many.n + len(task.validation) :].astype(np.float32)
    short = replace(task, recipe=replace(task.recipe, epochs=2))
    weights = trained(lab, short, "short").weights
    same = [trained(lab, with_method(short, text), f"off {text}").weights for text in OFF]
    values["off"] = float(sum(all(np.array_equal(weights[n], each[n]) for n in weights) for each in same))
    curves = [curve("plain", trained(lab, task, "plain")), *curves]
    return Reading(values | together(held, task.test.targets), curves, "epoch", "test accuracy")


def noisy(lab: Lab) -> Task:
    """1,000 digits, 20% of their labels wrong, and a perceptron of 256 units."""
    task = pictures(lab, train=lab.size(1_000, 200), test=780, hidden=(256,), epochs=lab.size(60, 2), lr=0.1)
    return plant(task, "label-noise=0.2", lab.seed)


def with_method(task: Task, text: str) -> Task:
    """The task with a method that is named by a text."""
    return replace(task, recipe=replace(task.recipe, methods=(text,)))


def gap(lab: Lab, task: Task, name: str, seed: int) -> float:
    """Training accuracy on the given labels minus test accuracy, of the trained network."""
    run = record(task, lab.folder / name, seed)
    return accuracy(run, task) - accuracy(run, task, "test")


def curve(name: str, run: Run) -> Curve:
    """Test accuracy by epoch."""
    return Curve(name, range(1, run.epochs + 1), by_epoch(run, "test").tolist())


def together(logits: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """What averaging the members' answers (models, n, classes) gains in loss and in accuracy."""
    whole = read(average(logits, logits.shape[2]), targets, logits.shape[2])
    apart = [read(each, targets, logits.shape[2]) for each in logits]
    mean = {name: np.mean([each[name].mean(dtype=float) for each in apart]) for name in ("loss", "correct")}
    return {
        "ensemble: loss": float(mean["loss"] - whole["loss"].mean(dtype=float)),
        "ensemble: accuracy": float(whole["correct"].mean(dtype=float) - mean["correct"]),
    }
