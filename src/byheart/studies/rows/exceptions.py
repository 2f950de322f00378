"""The exceptions to a rule are memorized, and self-influence shows it: against retraining, and between groups."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.stats import rankdata
from torch.nn.functional import cross_entropy

from byheart.base.seeds import generator
from byheart.data.made.bayat_classification import bayat_classification
from byheart.data.task import Task
from byheart.runs.run import Run
from byheart.scores.gradients.hessian import fit_head, with_one
from byheart.scores.table import score
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import pictures, right, trained, with_recipe

DECAY = 1e-3  # of the convex model


def without_noise(lab: Lab) -> Reading:
    """The same examples without noise features, which are all that could tell them apart; groups and, for retraining,
    examples are dealt anew.
    """
    task = made(lab, 0.0)
    run = trained(lab, task, "plain")
    dealt = generator(lab.seed, "dealt").permutation(task.truth["minority"])
    influence, effect = left_out(lab)
    return Reading({
        **gap(run, task), "minority above": above_others(run, task, dealt),
        "spearman": spearman(generator(lab.seed, "pairs").permutation(influence), effect),
    })  # fmt: skip


@study(
    Row("C07", (
        at_least("minority: train", 0.99, "training accuracy of the exceptions"),
        above("test: gap", 0.3, "test accuracy of those that the shortcut serves above that of the exceptions"),
        above("minority above", 0.0, "log ratio of the exceptions' mean self-influence to the others'"),
    )),
    Row("C28", (
        at_least("spearman", 0.8, "rank correlation of self-influence with leaving out and fitting anew (convex)"),
        above("minority above", 0.0, "log ratio of the exceptions' mean self-influence to the others'"),
        above("reduced", 0.0, "by how much memorization-aware training lowers that"),
    )),
    control=without_noise, cost=41,
)  # fmt: skip
def exceptions(lab: Lab) -> Reading:
    """The toy classification of memorization-aware training: accuracy and self-influence (EK-FAC) of its exceptions,
    with plain training and with that; and softmax regression on digits fitted without one example, 40 times.
    """
    task = made(lab, 0.5)
    aware = with_recipe(task, methods=("mat",))
    plain, held = trained(lab, task, "plain"), trained(lab, aware, "aware")
    minority = task.truth["minority"]
    more, less = above_others(plain, task, minority), above_others(held, aware, minority)
    influence, effect = left_out(lab)
    return Reading({
        **gap(plain, task), "minority above": more, "reduced": more - less,
        "spearman": spearman(influence, effect),
    })  # fmt: skip


def made(lab: Lab, noise: float) -> Task:
    """The toy classification; small, it has few features and epochs."""
    task = bayat_classification(lab.seed, features=lab.size(900, 30), noise=noise)
    return with_recipe(task, epochs=lab.size(task.recipe.epochs, 5))


def gap(run: Run, task: Task) -> dict[str, float]:
    """Training accuracy of the exceptions, and the test accuracy that they lack."""
    groups, known = task.test.groups, right(run, task, "test")
    assert groups is not None
    served, others = known[groups == "majority"].mean(), known[groups == "minority"].mean()
    return {
        "minority: train": float(right(run, task)[task.truth["minority"]].mean()),
        "test: gap": float(served - others),
    }


def above_others(run: Run, task: Task, chosen: np.ndarray) -> float:
    """Log ratio of the mean self-influence of the chosen to that of the others."""
    values = score(run, None, ["self_influence"], task=task)["self_influence"]
    return math.log(values[chosen].mean() / values[~chosen].mean())


def left_out(lab: Lab) -> tuple[np.ndarray, np.ndarray]:
    """Self-influence by the exact Hessian, and what fitting anew without the example does to its loss (40 digits)."""
    task = pictures(lab, train=lab.size(200, 60), test=100)
    inputs, targets = task.tensors(task.train, np.arange(len(task.train)))
    features = inputs.flatten(1).double()
    whole = fit_head(features, targets, 10, DECAY)
    rows = generator(lab.seed, "left out").permutation(len(features))[: lab.size(40, 5)]
    effect = []
    for row in rows:
        kept = torch.arange(len(features)) != int(row)
        weight = fit_head(features[kept], targets[kept], 10, DECAY).weight
        after, before = (
            cross_entropy(with_one(features[[row]]) @ w.mT, targets[[row]]) for w in (weight, whole.weight)
        )
        effect.append(float(after - before))
    return whole.self_influence().numpy()[rows], np.array(effect)


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation."""
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])
