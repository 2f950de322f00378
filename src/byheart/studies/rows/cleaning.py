"""What training without the likeliest wrong labels does to the held-out accuracy, and what training without others."""

from __future__ import annotations

import numpy as np

from byheart.controls.drop import Drop
from byheart.controls.effect import effect
from byheart.controls.plan import Plan
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.scores.table import score
from byheart.studies.criterion import above, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import pictures, trained

SHARE, BEARABLE, PAIRS = 0.1, 0.01, 3


def no_wrong_labels(lab: Lab) -> Reading:
    """The same on labels that are right: the highest scores are then those of rare and hard digits."""
    return measured(lab, digits(lab))


@study(
    Row("B17", (
        above("top", 0.0, "test accuracy without the tenth that the score puts first, above that with all"),
        at_most("random", BEARABLE, "test accuracy without a random tenth, above that with all"),
        above("more", 0.0, "test accuracy without the first tenth, above that without a random one"),
    ),),
    control=no_wrong_labels, cost=23,
)  # fmt: skip
def cleaning(lab: Lab) -> Reading:
    """Digits with a tenth of wrong labels: trained on all, without the tenth with the largest early cumulative loss,
    and without a random tenth; the mean of three pairs of trainings.
    """
    return measured(lab, plant(digits(lab), f"label-noise={SHARE}", lab.seed))


def digits(lab: Lab) -> Task:
    """Digits and a perceptron."""
    return pictures(lab, train=lab.size(1_000, 60), test=lab.size(780, 60), epochs=lab.size(40, 3), lr=0.1)


def measured(lab: Lab, task: Task) -> Reading:
    """Both effects."""
    run = trained(lab, task)
    order = np.argsort(-score(run, names="cumulative_loss_early")["cumulative_loss_early"], kind="stable")
    dropped = {"top": order, "random": np.random.default_rng([lab.seed, 1]).permutation(len(order))}
    count, found, lines = round(SHARE * len(order)), {}, []
    for name, rows in dropped.items():
        plan = Plan((Drop(tuple(task.train.ids[rows[:count]].tolist())),))
        line = effect(task, plan, PAIRS, lab.folder / "effect", seed=lab.seed, jobs=1)["test_accuracy"]
        found[name] = line.difference.value
        label = "the highest scores" if name == "top" else "random examples"
        lines.append(Curve(f"without {label}", (0, count), (line.before.value, line.after.value)))
    return Reading(found | {"more": found["top"] - found["random"]}, lines, "examples left out", "test accuracy")
