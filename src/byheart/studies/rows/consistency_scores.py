"""How regular an example is, by models that never saw it, held against what one training shows of it."""

from __future__ import annotations

import numpy as np
from scipy.stats import spearmanr

from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.diagnosis.truth import auroc
from byheart.runs.subsets import record_subsets
from byheart.scores.table import score
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import marked, pictures, shuffled, trained

SHARES, MODELS, WRONG = (0.3, 0.5, 0.7), 20, 0.1


def nothing_regular(lab: Lab) -> Reading:
    """Labels that are all dealt anew, a tenth of them called wrong: no example is told by the others."""
    return measured(lab, marked(shuffled(mnist(lab), lab.seed), WRONG, lab.seed))


@study(
    Row("P02", (
        at_least("learning speed", 0.7, "rank correlation of the C-score with the share of epochs that are right"),
        above("forgetting behind", 0.0, "the same correlation, above that of (fewer) forgetting events"),
        at_least("AUROC", 0.9, "AUROC of a low C-score for wrong labels"),
        above("apart", 0.0, "mean C-score of right labels above that of wrong ones"),
    ), paper="jiang2021"),
    control=nothing_regular, cost=39, data=("mnist",),
)  # fmt: skip
def consistency_scores(lab: Lab) -> Reading:
    """MNIST with a tenth of wrong labels: how often models on 30, 50 and 70% of the others are right on an example, on
    average (C-score), beside the epochs of one training in which it is right.
    """
    return measured(lab, plant(mnist(lab), f"label-noise={WRONG}", lab.seed))


def mnist(lab: Lab) -> Task:
    """A thousand pictures and a perceptron."""
    return pictures(lab, "mnist", lab.size(1_000, 100), 60, (128,), epochs=lab.size(40, 3), lr=0.1, schedule="constant")


def measured(lab: Lab, task: Task) -> Reading:
    """The C-score, averaged over the sizes of the subsets, and its likeness to what is free."""
    by_share = []
    for share in SHARES:
        many = record_subsets(task, lab.size(MODELS, 4), lab.folder / f"{share}", lab.seed, share=share, jobs=1)
        by_share.append(score(None, many, "consistency")["consistency"])
    c_score, run = np.nanmean(by_share, axis=0), trained(lab, task)
    speed = np.asarray(run["correct"], np.float64).mean(0)
    forgotten = score(run, names="forgetting")["forgetting"]
    likeness = {name: alike(c_score, values) for name, values in (("speed", speed), ("forgetting", -forgotten))}
    wrong, edges = task.truth["wrong"], np.linspace(0, 1, 11)
    curves = [
        Curve(name, edges.tolist(), [float((c_score[rows] <= edge).mean()) for edge in edges])
        for name, rows in (("right labels", ~wrong), ("wrong labels", wrong))
    ]
    values = {
        "learning speed": likeness["speed"], "forgetting behind": likeness["speed"] - likeness["forgetting"],
        "AUROC": auroc(-c_score, wrong)[0], "apart": float(c_score[~wrong].mean() - c_score[wrong].mean()),
    }  # fmt: skip
    return Reading(values, curves, "C-score", "share with no more")


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation; 0 where one of both is constant."""
    return float(np.asarray(spearmanr(one, other)[0])) if np.ptp(one) and np.ptp(other) else 0.0
