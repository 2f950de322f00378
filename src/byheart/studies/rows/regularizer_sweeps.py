"""Dropout and weight decay, from none to much: what they cost random labels, and what real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.runs.loop import outputs
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, averaged, trained, unwatched, with_recipe

DROPPED, DECAYED = (0.0, 0.2, 0.5, 0.8), (0.0, 0.001, 0.002, 0.005)
HALF, MOST = 0.5, 0.005


@dataclass(frozen=True)
class Found:
    """Of one strength: accuracy on random labels that were trained on, on new data after real ones, and the norm of the
    weights that fitted the random ones.
    """

    random: float
    real: float
    norm: float


def no_strength(lab: Lab) -> Reading:
    """The same with no regularizer: only the draws of networks and batches differ from strength to strength."""
    labs = [replace(lab, seed=lab.seed + 1_000 * k) for k in range(8)]
    task = task_of(lab, lab.size(500, 100), 30)
    found = [at(other, task, f"{k}") for k, other in enumerate(labs)]
    return measured(dict(zip(DROPPED, found[:4], strict=True)), dict(zip(DECAYED, found[4:], strict=True)))


@study(
    Row("B05", (
        above("decay: random", 0.0, "training accuracy on random labels, least fall from one strength to the next"),
        above("decay: norm", 0.0, "norm of the weights, least fall from one strength to the next"),
        at_least("decay: real", -0.01, "accuracy on new data after real labels above that without, least of all"),
    ), paper="krogh1992"),
    Row("B06", (
        above("dropout: random", 0.0, "training accuracy on random labels, least fall from 0 to .2, .5 and .8"),
        at_least("half: random", 0.2, "the same, fall from 0 to .5"),
        at_least("half: real", -0.01, "accuracy on new data after real labels above that without, least of .2 and .5"),
    ), paper="arpit2017"),
    Row("E06", (
        at_least("half: random", 0.2, "training accuracy on random labels, fall by dropout of .5", when="of dropout"),
        above("most: random", 0.0, "the same by weight decay of .005", when="of weight decay"),
        above("frontier", 0.0, "accuracy on new data, dropout above weight decay where they fit random labels alike",
              when="of dropout above weight decay"),
    ), paper="arpit2017"),
    control=no_strength, cost=58, data=("mnist",),
)  # fmt: skip
def regularizer_sweeps(lab: Lab) -> Reading:
    """MNIST with random and with real labels, dropout of 0, .2, .5 and .8, weight decay of 0, .001, .002 and .005:
    how many random labels are fitted in the same epochs, and how many new pictures are answered right.
    """
    task = task_of(lab, lab.size(2_000, 100), 60)
    none = at(lab, task, "none")
    dropped = {p: at(lab, with_recipe(task, methods=(f"dropout={p}",)), f"dropout-{p}") for p in DROPPED[1:]}
    decayed = {w: at(lab, with_recipe(task, weight_decay=w), f"decay-{w}") for w in DECAYED[1:]}
    return measured({0.0: none} | dropped, {0.0: none} | decayed)


def task_of(lab: Lab, n: int, epochs: int) -> Task:
    """Pictures with real labels."""
    return averaged(lab, n, lab.size(4_000, 100), epochs=lab.size(epochs, 2))


def at(lab: Lab, task: Task, name: str) -> Found:
    """One strength, on random labels and on real ones."""
    few = unwatched(task)
    noise = plant(few, "random-labels=1", lab.seed)
    run = trained(lab, noise, f"{name}-random")
    norm = float(np.sqrt(sum(np.square(w, dtype=np.float64).sum() for w in run.weights.values())))
    network = trained(lab, few, f"{name}-real").network(few)
    real = float((outputs(task, network, task.test).argmax(1) == task.test.targets).mean())
    return Found(accuracy(run, noise), real, norm)


def measured(dropout: Mapping[float, Found], decay: Mapping[float, Found]) -> Reading:
    """What is asked of both sweeps."""
    values = {}
    for name, sweep in (("dropout", dropout), ("decay", decay)):
        found = list(sweep.values())
        values[f"{name}: random"] = min(a.random - b.random for a, b in pairwise(found))
        values[f"{name}: norm"] = min(a.norm - b.norm for a, b in pairwise(found))
        values[f"{name}: real"] = min(f.real for f in found[1:]) - found[0].real
    values["half: random"] = dropout[0.0].random - dropout[HALF].random
    values["half: real"] = min(f.real for p, f in dropout.items() if 0 < p <= HALF) - dropout[0.0].real
    values["most: random"] = decay[0.0].random - decay[MOST].random
    values["frontier"] = over(list(dropout.values()), list(decay.values()))
    lines = [
        Curve(name, [f.random for f in sweep.values()], [f.real for f in sweep.values()])
        for name, sweep in (("dropout of 0 to .8", dropout), ("weight decay of 0 to .005", decay))
    ]
    return Reading(values, lines, "training accuracy, random labels", "accuracy on new data, real labels")


def over(ours: list[Found], theirs: list[Found]) -> float:
    """How much higher one line of real against random accuracy runs than another, on average over what both reach."""
    grid = np.linspace(max(min(f.random for f in s) for s in (ours, theirs)), ours[0].random, 21)
    lines = [sorted((f.random, f.real) for f in side) for side in (ours, theirs)]
    return float(np.mean(np.subtract(*(np.interp(grid, *np.transpose(line)) for line in lines))))
