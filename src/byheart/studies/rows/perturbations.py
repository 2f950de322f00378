"""What was memorized against what was learned, under noise and shifts, and how near the next class is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch

from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.diagnosis.neighbours import points
from byheart.methods.input_scale import ranges
from byheart.methods.lass import PIXEL, lass
from byheart.runs.loop import outputs
from byheart.runs.run import Run
from byheart.scores.checkpoint.critical_sample_ratio import RADIUS
from byheart.studies.criterion import above, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import averaged, trained, unwatched, with_recipe

DEVIATIONS = (0.0, 0.1, 0.2, 0.4, 0.8)  # of the noise; pixels go from 0 to 1
RADII = {"score": RADIUS, "source": 0.3 * PIXEL}  # shares of the pixels' range
NETWORK, NEIGHBOUR = "of a network that was fitted to random labels", "of the nearest stored picture"
Answers = Callable[[Examples], np.ndarray]  # pictures -> predicted classes (n,)


def learned_alone(lab: Lab) -> Reading:
    """The same with real labels and the same recipe throughout: only the draws of networks and batches differ."""
    task = pictures_of(lab, lab.size(500, 100), 40)
    runs = [trained(replace(lab, seed=lab.seed + 1_000 * k), unwatched(task), f"{k}") for k in range(3)]
    said = [answers(run, task) for run in runs]
    values, _ = variations(lab, task, (said[0], task), {"network": (said[1], task), "neighbour": (said[2], task)})
    return Reading(values | above_each(dict(zip(("0", "20", "80"), runs[:3], strict=True)), task))


@study(
    Row("A07", (
        *(above(f"{who}: {what}", 0.0, f"accuracy lost {how}, above that of a network with dropout", when=when)
          for who, when in (("network", NETWORK), ("neighbour", NEIGHBOUR))
          for what, how in (("noise", "to noise on average over its strengths"), ("shift", "to a shift by one pixel"))),
        *(at_most(f"{who}: rise", 0.01, "largest rise of accuracy from one noise to the next", when=when)
          for who, when in (("network", NETWORK), ("neighbour", NEIGHBOUR))),
    )),
    Row("B34", (
        *(above(f"{name}: {pair}", 0.0, f"new pictures with another class within {r} of the pixels' range, {says}")
          for name, r in (("score", ".01"), ("source", ".3/255"))
          for pair, says in (("20 above 0", "20% random labels above none"), ("80 above 20", "80% above 20%"))),
    ), paper="arpit2017"),
    control=learned_alone, cost=24, data=("mnist",),
)  # fmt: skip
def perturbations(lab: Lab) -> Reading:
    """MNIST: accuracy on training pictures made noisy or shifted, of a network fitted to random labels, of the nearest
    stored picture and of a network with dropout; and the share of new pictures that have another class nearby (LASS),
    after 0, 20 and 80% random labels.
    """
    task = pictures_of(lab, lab.size(2_000, 100), 80)
    kinds = {"0": task} | {f"{p}": plant(task, f"random-labels={p / 100}", lab.seed) for p in (20, 80, 100)}
    runs = {kind: trained(lab, unwatched(made), kind) for kind, made in kinds.items()}
    held_back = with_recipe(task, methods=("dropout=0.5",))
    base = answers(trained(lab, unwatched(held_back), "dropout"), held_back), task
    memorizers = {"network": (answers(runs["100"], kinds["100"]), kinds["100"]), "neighbour": (stored(task), task)}
    values, lines = variations(lab, task, base, memorizers)
    values |= above_each({kind: runs[kind] for kind in ("0", "20", "80")}, task)
    return Reading(values, lines, "deviation of the noise (pixels: 0 to 1)", "accuracy on training pictures")


def pictures_of(lab: Lab, n: int, epochs: int) -> Task:
    """Pictures with real labels."""
    return averaged(lab, n, lab.size(2_000, 100), epochs=lab.size(epochs, 2))


def answers(run: Run, task: Task) -> Answers:
    """What a trained network says."""
    network = run.network(task)
    return lambda part: outputs(task, network, part).argmax(1)


def stored(task: Task) -> Answers:
    """What the nearest training example says; all distances are taken."""
    from sklearn.neighbors import KNeighborsClassifier

    near = KNeighborsClassifier(1, algorithm="brute").fit(points(task, task.train), task.train.targets)
    return lambda part: near.predict(points(task, part))


def variations(
    lab: Lab, task: Task, base: tuple[Answers, Task], memorizers: Mapping[str, tuple[Answers, Task]]
) -> tuple[dict[str, float], list[Curve]]:
    """Accuracy lost by each who memorizes, above that of the other, by the labels that each was given."""
    noise = generator(lab.seed, "noise").standard_normal(task.train.inputs.shape).astype(np.float32)
    noisy = [replace(task.train, inputs=task.train.inputs + d * noise) for d in DEVIATIONS]
    padded = np.pad(task.train.inputs, ((0, 0), (0, 0), (1, 1), (1, 1)))
    height, width = task.train.inputs.shape[2:]
    moved = [replace(task.train, inputs=np.ascontiguousarray(padded[:, :, a : a + height, b : b + width]))
             for a, b in ((0, 1), (1, 0), (1, 2), (2, 1))]  # fmt: skip
    curve, shifted = {}, {}
    for name, (say, own) in {"dropout": base, **memorizers}.items():
        curve[name] = [float((say(part) == own.train.targets).mean()) for part in noisy]
        shifted[name] = curve[name][0] - float(np.mean([say(part) == own.train.targets for part in moved]))
    lost = {name: line[0] - float(np.mean(line[1:])) for name, line in curve.items()}
    values = {f"{who}: noise": lost[who] - lost["dropout"] for who in memorizers}
    values |= {f"{who}: shift": shifted[who] - shifted["dropout"] for who in memorizers}
    values |= {f"{who}: rise": max(b - a for a, b in pairwise(curve[who])) for who in memorizers}
    said = {"dropout": "dropout, real labels", "network": "random labels", "neighbour": "nearest stored picture"}
    return values, [Curve(said[name], DEVIATIONS, line) for name, line in curve.items()]


def above_each(runs: Mapping[str, Run], task: Task) -> dict[str, float]:
    """Critical sample ratios on test pictures, each above that with fewer random labels."""
    inputs, values = task.tensors(task.test, np.arange(len(task.test)))[0], {}
    for name, radius in RADII.items():
        box = torch.as_tensor(radius * ranges(task), dtype=inputs.dtype)
        near = {k: float(lass(r.network(task), inputs, box).critical.double().mean()) for k, r in runs.items()}
        values |= {f"{name}: {b} above {a}": near[b] - near[a] for a, b in pairwise(runs)}
    return values
