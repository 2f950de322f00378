"""Memorization by models on random subsets: of wrong labels, and of a long tail whose removal costs."""

from __future__ import annotations

import numpy as np
from scipy.stats import spearmanr

from byheart.data.made.long_tail import long_tail
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.diagnosis.truth import auroc
from byheart.runs.subsets import record_subsets
from byheart.runs.utility import utility
from byheart.scores.table import score
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import pictures, trained, with_recipe

MODELS, TAIL_MODELS, PAIRS = 40, 20, 3
REMOVED = (0.05, 0.1, 0.2)  # of the training examples; the criterion reads the last


def no_time_and_no_tail(lab: Lab) -> Reading:
    """The same estimates from networks that see each example once, too short to learn one by heart; and the same
    removal where all kinds are as frequent as each other.
    """
    found = estimated(lab, wrong(lab, train=300, epochs=1), models=20)
    return Reading(found | dict(removed(lab, long_tail(lab.seed, exponent=0.0))[0]))


@study(
    Row("B36", (
        at_most("largest", 1.0, "largest memorization without its sign"),
        at_least("wrong", 0.85, "mean memorization of wrong labels"),
        at_least("AUROC", 0.93, "AUROC of memorization for wrong labels"),
        at_least("AUROC, loss", 0.97, "AUROC of the cumulative loss of one training for wrong labels"),
        at_least("Spearman", 0.8, "rank correlation of cumulative loss and memorization"),
        above("tail", 0.0, "long tail: held-out accuracy without random examples above that without the memorized"),
    ), paper="feldman2020"),
    control=no_time_and_no_tail, cost=24, data=("mnist",),
)  # fmt: skip
def long_tail_study(lab: Lab) -> Reading:
    """Forty models on subsets of 1,000 pictures of MNIST with a tenth of wrong labels; and on a clean long tail of
    kinds, trainings without the most memorized fifth and without a random fifth.
    """
    found = estimated(lab, wrong(lab, train=1_000, epochs=40), models=MODELS)
    values, lines = removed(lab, long_tail(lab.seed))
    return Reading(found | values, lines, "share of the training examples removed", "held-out accuracy")


def wrong(lab: Lab, train: int, epochs: int) -> Task:
    """Pictures with a tenth of wrong labels, and a perceptron of 64 units."""
    recipe = {"epochs": lab.size(epochs, 2), "batch": 100, "lr": 0.1, "schedule": "constant"}
    task = pictures(lab, "mnist", train=lab.size(train, 100), test=60, hidden=(64,), **recipe)
    return plant(task, "label-noise=0.1", lab.seed)


def estimated(lab: Lab, task: Task, models: int) -> dict[str, float]:
    """Memorization and cumulative loss, held against the wrong labels."""
    many = record_subsets(task, lab.size(models, 4), lab.folder / "subsets", lab.seed, jobs=1)
    scores = score(trained(lab, task), many, ("memorization_raw", "cumulative_loss"))
    memorization, loss = scores["memorization_raw"], scores["cumulative_loss"]
    known, mask = np.isfinite(memorization), task.truth["wrong"]
    return {
        "largest": np.abs(memorization[known]).max(),
        "wrong": memorization[known & mask].mean(),
        "AUROC": auroc(memorization[known], mask[known])[0],
        "AUROC, loss": auroc(loss, mask)[0],
        "Spearman": float(np.asarray(spearmanr(memorization[known], loss[known])[0])),
    }


def removed(lab: Lab, task: Task) -> tuple[dict[str, float], list[Curve]]:
    """What the removal of the most memorized costs above that of as many at random."""
    task = with_recipe(task, epochs=lab.size(60, 3), lr=0.1)
    many = record_subsets(task, lab.size(TAIL_MODELS, 4), lab.folder / "tail", lab.seed, jobs=1)
    memorization = np.nan_to_num(score(None, many, "memorization_raw")["memorization_raw"], nan=-1)
    order = np.argsort(-memorization, kind="stable")
    shares = REMOVED if not lab.small else REMOVED[-1:]
    effects = [utility(task, task.train.ids[order[: round(share * len(order))]].tolist(), lab.size(PAIRS, 2),
                       lab.folder / f"without-{share}", seed=lab.seed, jobs=1) for share in shares]  # fmt: skip
    lines = [Curve(f"without {name}", shares, [float(getattr(e, arm).mean()) for e in effects])
             for name, arm in (("the most memorized", "without"), ("random examples", "random"))]  # fmt: skip
    return {"tail": effects[-1].utility}, lines
