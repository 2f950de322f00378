"""A mark that every training picture of a class bears: the network answers from it, and maps show that it does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.made.perceptron import perceptron
from byheart.data.made.pictures import drawn, names_of, small
from byheart.data.made.shortcut_core import with_noise
from byheart.data.plant import plant
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.diagnosis.input_maps import gradient_map, occlusion_map
from byheart.diagnosis.shortcut_probe import predictor
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import trained

NOISE = {"plain": 0.0, "little": 0.15, "more": 0.3, "hard": 0.6}  # deviation of the pixels' noise, in ranges
PLAIN, HARD = "where what is meant is plain to see", "where what is meant is hard to see"
OCCLUSION, GRADIENT = "by occlusion", "by input gradients"
CHANCE, MAPPED = 0.1, 200  # accuracy by chance; pictures that are mapped


def no_mark_in_training(lab: Lab) -> Reading:
    """The same pictures without marks in training; marks are put into, and taken out of, the held-out ones alone."""
    found = {kind: measured(lab, kind, marked=False) for kind in ("plain", "hard")}
    return Reading({f"{kind}: {name}": value for kind, values in found.items() for name, value in values.items()})


@study(
    Row("C08", (
        above("gained", 0, "what marks add to held-out accuracy on noisy pictures, as long as they are there"),
        above("displaced", 0, "what training with marks takes from accuracy on noisy pictures without them"),
        at_least("plain: lost", 0.5, "share of the accuracy beyond chance that is lost without the mark", when=PLAIN),
        at_least("hard: lost", 0.5, "share of the accuracy beyond chance that is lost without the mark", when=HARD),
    ), paper="roberts2021"),
    Row("C09", (
        at_least("plain: occlusion", 0.5, "share of the occlusion map on the marks' places", when=OCCLUSION),
        at_least("hard: occlusion", 0.5, "the same, noisy pictures", when=OCCLUSION),
        at_least("plain: gradient", 0.5, "share of the gradient map on the marks' places", when=GRADIENT),
        at_least("hard: gradient", 0.5, "the same, noisy pictures", when=GRADIENT),
    )),
    control=no_mark_in_training, cost=16,
)  # fmt: skip
def artifacts(lab: Lab) -> Reading:
    """Digits with a bright pixel at the edge, whose place says the class in all training pictures: accuracy with and
    without it, and how much of occlusion and input-gradient maps lies where the pixel can be.
    """
    found = {kind: measured(lab, kind, marked=True) for kind in NOISE}
    without = {kind: measured(lab, kind, marked=False)["without"] for kind in NOISE}
    values = {f"{kind}: {name}": value for kind, values in found.items() for name, value in values.items()}
    values["gained"] = found["hard"]["with the mark"] - without["hard"]
    values["displaced"] = without["hard"] - found["hard"]["without"]
    lines = {
        "with the mark": [found[kind]["with the mark"] for kind in NOISE],
        "mark taken out": [found[kind]["without"] for kind in NOISE],
        "trained without marks": list(without.values()),
    }
    curves = [Curve(name, list(NOISE.values()), y) for name, y in lines.items()]
    return Reading(values, curves, "noise of the pixels, in parts of their range", "held-out accuracy")


def measured(lab: Lab, kind: str, marked: bool) -> dict[str, float]:
    """A network trained on pictures of that noise, with marks or without; held-out pictures with and without marks."""
    clean, bearing = tasks(lab, NOISE[kind])
    task = bearing if marked else clean
    run = trained(lab, task, f"{kind}-{'marked' if marked else 'clean'}")
    network = run.network(task)
    predict, shown, bare = predictor(task, network), bearing.test, clean.test
    right = [float((predict(part.inputs).argmax(1) == part.targets).mean()) for part in (shown, bare)]
    places = (shown.inputs != bare.inputs).any((0, 1))  # where a mark can be
    few = shown.take(np.arange(min(MAPPED, len(shown))))
    covered = occlusion_map(predict, few.inputs, few.targets, task.train.inputs.mean(0), side=1)
    return {
        "with the mark": right[0],
        "without": right[1],
        "lost": (right[0] - right[1]) / (right[0] - CHANCE),
        "occlusion": mass(np.clip(covered, 0, None), places),
        "gradient": mass(gradient_map(task, network, few).sum(1), places),
    }


def mass(maps: np.ndarray, places: np.ndarray) -> float:
    """Share of a map (n, rows, columns) that lies at `places`, the mean over pictures whose map is not all 0."""
    total = maps.sum((1, 2))
    return float((maps[:, places].sum(1)[total > 0] / total[total > 0]).mean())


def tasks(lab: Lab, noise: float) -> tuple[Task, Task]:
    """The same pictures without marks, and with marks that say the class in every part."""
    n, test = lab.size(1_000, 150), lab.size(780, 100)
    learned, held = (small(part) for part in drawn("digits", n, test, lab.seed))
    inputs = np.concatenate([learned.inputs, held.inputs])
    inputs = with_noise(inputs, noise, generator(lab.seed, "artifacts")) if noise else inputs
    every = Examples(inputs, np.concatenate([learned.targets, held.targets]))
    whole = Task(every, every.take(np.arange(2)), class_names=names_of("digits"))
    # planted into all as if they were for training, so that the held-out marks tell the class too
    return task_of(lab, whole.train, n), task_of(lab, plant(whole, "shortcut-patch=1", lab.seed).train, n)


def task_of(lab: Lab, examples: Examples, n: int) -> Task:
    """The first n to learn from, the others held out."""
    rows, recipe = np.arange(len(examples)), Recipe(epochs=lab.size(30, 2))
    plain = replace(examples, groups=None)
    return Task(plain.take(rows[:n]), plain.take(rows[n:]), network=perceptron(256), recipe=recipe, name="artifacts")
