"""Two networks that know the same training examples, and which of them knows more: told without a held-out example."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.base.seeds import generator, spawn
from byheart.data.task import Task
from byheart.runs.run import Run
from byheart.runs.single import record
from byheart.scores.table import score
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import pictures, right

SHARED, POISON = 300, 600
SCORES = ("geometric_complexity", "curvature", "self_influence")  # of a network at its training examples


def twins(lab: Lab) -> Reading:
    """Two networks that generalize alike: both have learned the shared digits alone, with seeds of their own."""
    task, shared = digits(lab)
    few = replace(task, train=task.train.take(np.arange(shared)))
    one, other = (record(few, lab.folder / f"{k}", spawn(lab.seed, k)) for k in range(2))
    return compared((few, one), (few, other), shared)


@study(
    Row("E08", (
        at_least("fitted", 0.999, "accuracy of the worse of the two on the shared training examples"),
        above("held out", 0.1, "held-out accuracy of the one that generalizes, above that of the one that memorizes"),
        *(above(name, 0.0, f"log of the mean {name.replace('_', ' ')} at the shared examples, of the one that "
                "memorizes above the other", when=f"by {name.replace('_', ' ')}") for name in SCORES),
    )),
    control=twins, cost=7,
)  # fmt: skip
def same_training_accuracy(lab: Lab) -> Reading:
    """Two networks that are right on the same 300 digits: one has learned these alone, the other also 600 more whose
    labels are random; their held-out accuracy, and scores of the 300.
    """
    task, shared = digits(lab)
    few = replace(task, train=task.train.take(np.arange(shared)))
    labels = task.train.targets.copy()
    labels[shared:] = generator(lab.seed, "poison").integers(0, task.classes, len(labels) - shared)
    poisoned = replace(task, train=replace(task.train, targets=labels))
    runs = [record(t, lab.folder / f"{k}", spawn(lab.seed, k)) for k, t in enumerate((poisoned, few))]
    return compared((poisoned, runs[0]), (few, runs[1]), shared)


def digits(lab: Lab) -> tuple[Task, int]:
    """Digits in random order, and how many of the first are shared."""
    shared = lab.size(SHARED, 40)
    train = shared + lab.size(POISON, 40)
    task = pictures(lab, train=train, test=lab.size(800, 60), epochs=lab.size(80, 3), lr=0.1)
    order = generator(lab.seed, "shared").permutation(train)
    return replace(task, train=task.train.take(order)), shared


def compared(memorizes: tuple[Task, Run], generalizes: tuple[Task, Run], shared: int) -> Reading:
    """The first network beside the second, on the training examples that both have learned."""
    held, fitted, logs = [], [], []
    for task, run in (memorizes, generalizes):
        held.append(float(np.concatenate([right(run, task, part) for part in ("validation", "test")]).mean()))
        fitted.append(float(right(run, task)[:shared].mean()))
        scores = score(run, names=SCORES, task=task)
        logs.append([float(np.log(scores[name][:shared].mean())) for name in SCORES])
    found = {name: one - other for name, one, other in zip(SCORES, *logs, strict=True)}
    return Reading(found | {"fitted": min(fitted), "held out": held[1] - held[0]})
