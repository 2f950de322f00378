"""An example that is right while it is trained on, and wrong when it is held out, is memorized."""

from __future__ import annotations

import numpy as np

from byheart.base.seeds import generator
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.methods.held_out_logits import out_of_fold_logits
from byheart.runs.loop import one_thread
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import coloured, fitted, pictures, right, trained

FOLDS, WRONG, AGREE = 5, 0.2, 0.95


def nothing_planted(lab: Lab) -> Reading:
    """As many examples at random in place of the wrong labels and of the digits in a wrong colour, and the network's
    labels are all right.
    """
    task = pictures(lab, train=lab.size(1_000, 200), test=300, epochs=lab.size(60, 3), lr=0.1)
    flags = flagged(lab, task, "plain")[0]
    random = generator(lab.seed, "at random").random(len(task.train))
    return Reading({"wrong labels: enriched": enriched(flags, random < WRONG),
                    "minority: enriched": enriched(flags, random < 1 - AGREE)})  # fmt: skip


@study(
    Row("C26", (
        at_least("wrong labels: fitted", 0.95, "share of the wrong labels that the network gives back in the end"),
        above("wrong labels: enriched", 0, "share of wrong labels among the flagged minus that in the training set"),
        above("minority: enriched", 0, "the same, digits in the colour of another class"),
        above("error", 0, "held-out minus training error of what is flagged minus the same of the training set"),
    )),
    control=nothing_planted, cost=37, data=("mnist",),
)  # fmt: skip
def held_out_flags(lab: Lab) -> Reading:
    """Examples that a network answers right after training on them, and that five-fold predictions get wrong: digits of
    which a fifth have wrong labels, and coloured digits of which a twentieth have a misleading colour.
    """
    clean = pictures(lab, train=lab.size(1_000, 200), test=300, epochs=lab.size(60, 3), lr=0.1)
    noisy = plant(clean, f"label-noise={WRONG}", lab.seed)
    tinted = coloured(lab, AGREE, train=3_000, test=600, epochs=lab.size(20, 2))
    flags, fits, gap = flagged(lab, noisy, "noisy")
    return Reading({
        "wrong labels: fitted": fits,
        "wrong labels: enriched": enriched(flags, noisy.truth["wrong"]),
        "minority: enriched": enriched(flagged(lab, tinted, "tinted")[0], tinted.truth["conflicting"]),
        "error": gap,
    })  # fmt: skip


def flagged(lab: Lab, task: Task, name: str) -> tuple[np.ndarray, float, float]:
    """Which training examples (n,) are memorized by that test; the share of wrong labels fitted; and how much higher
    the gap between held-out and training error is among the flagged, on a second division into folds.
    """
    run, rows = trained(lab, task, name), np.arange(len(task.train))
    known = right(run, task)
    with one_thread():
        first, second = (out_of_fold_logits(task, rows, FOLDS, lab.seed + k) for k in (0, 1_000))
    flags = known & (first.argmax(1) != task.train.targets)
    gap = (second.argmax(1) != task.train.targets).astype(float) - ~known
    fits = fitted(run, task) if "wrong" in task.truth else float("nan")
    return flags, fits, float(gap[flags].mean() - gap.mean()) if flags.any() else float("nan")


def enriched(flags: np.ndarray, planted: np.ndarray) -> float:
    """Share of the planted among the flagged minus that among all; unknown where nothing is flagged."""
    return float(planted[flags].mean() - planted.mean()) if flags.any() else float("nan")
