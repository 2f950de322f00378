"""Two ways to learn digits of which few have a misleading colour: resampling, and another network's failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from byheart.base.seeds import generator
from byheart.data.task import Task
from byheart.methods.bias_feature import features_of
from byheart.methods.repair import bias, fit_classifier, kept_rows, weights_against
from byheart.runs.learner import Network
from byheart.studies.criterion import above
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import coloured, with_recipe

BIASED, MORE, NONE = 0.95, 0.995, 0.1  # share of the training digits in their class's colour; a tenth is chance
EPOCHS, ROUNDS = 20, 200


def colour_says_nothing(lab: Lab) -> Reading:
    """The colour is drawn at random in training too."""
    task, failed = coloured(lab, NONE, epochs=lab.size(EPOCHS, 2)), Weighed()
    gain = unbiased(lab, task, ("lff", failed)) - unbiased(lab, task)
    return Reading({"LfF: gain": gain, "LfF: weights": failed.ratio(task), **repaired(lab, task)})


@study(
    Row("C15", (
        above("REPAIR: bias", 0, "how much of the labels the colour explains, all examples minus those kept (of 1)"),
        above("REPAIR: gain", 0, "unbiased accuracy, examples kept by their weights minus as many at random"),
    ), paper="li2019"),
    Row("C17", (
        above("LfF: weights", 0, "log ratio of the mean weight of conflicting to that of other examples"),
        above("LfF: gain", 0, "unbiased accuracy above plain training's, 95% in their class's colour"),
        above("LfF: gain, 99.5%", 0, "unbiased accuracy above plain training's, 99.5% in their class's colour"),
    ), paper="nam2020"),
    control=colour_says_nothing, cost=27, data=("mnist",),
)  # fmt: skip
def mitigation(lab: Lab) -> Reading:
    """Digits in ten colours, nearly all in that of their class in training and in any at test: learning from failure
    against plain training, and resampling against as many examples at random.
    """
    task, failed = coloured(lab, BIASED, epochs=lab.size(EPOCHS, 2)), Weighed()
    more = coloured(lab, MORE, epochs=lab.size(EPOCHS, 2))
    return Reading({
        "LfF: gain": unbiased(lab, task, ("lff", failed)) - unbiased(lab, task), "LfF: weights": failed.ratio(task),
        "LfF: gain, 99.5%": unbiased(lab, more, ("lff",)) - unbiased(lab, more),
        **repaired(lab, task),
    })  # fmt: skip


def unbiased(lab: Lab, task: Task, methods: Sequence = (), rows: np.ndarray | None = None) -> float:
    """Accuracy on test pictures, whose colour says nothing, after a training by these methods, on these rows or all."""
    rows = np.arange(len(task.train)) if rows is None else rows
    predict = Network().fit(with_recipe(task, methods=tuple(methods)), rows, lab.seed)
    return float((predict(task.test).argmax(1) == task.test.targets).mean())


def repaired(lab: Lab, task: Task) -> dict[str, float]:
    """REPAIR's part of the examples: what the colour explains in it, and what it teaches, beside as large a part."""
    features, targets, random = features_of("colour", task), task.train.targets, generator(lab.seed, "repaired")
    weights = weights_against(features, targets, task.classes, lab.size(ROUNDS, 5), task.recipe.batch)
    kept = np.flatnonzero(kept_rows(weights, targets, "sample", random))
    uniform = np.sort(random.permutation(len(targets))[: len(kept)])
    explained = [explains(features[rows], targets[rows], task.classes) for rows in (np.arange(len(targets)), kept)]
    gain = unbiased(lab, task, rows=kept) - unbiased(lab, task, rows=uniform)
    return {"REPAIR: bias": explained[0] - explained[1], "REPAIR: gain": gain, "REPAIR: kept": len(kept) / len(targets)}


def explains(features: np.ndarray, targets: np.ndarray, classes: int) -> float:
    """The bias B of examples of equal weight by a classifier that is fitted to them."""
    x, y, equal = torch.from_numpy(features), torch.from_numpy(targets.copy()), torch.ones(len(features)).double()
    model = torch.nn.Linear(x.shape[1], classes, dtype=torch.float64)
    for _ in range(10):
        fit_classifier(model, x, y, equal)
    return float(bias(model(x), y, equal).detach())


@dataclass(frozen=True)
class Weighed:
    """The weight that each example's loss last had, after the methods before it."""

    weights: dict = field(default_factory=dict)

    def losses(self, state) -> None:
        plain = cross_entropy(state.logits.detach(), state.batch.targets, reduction="none")
        self.weights.update(zip(state.batch.rows.tolist(), (state.losses.detach() / plain).tolist(), strict=True))

    def ratio(self, task: Task) -> float:
        """Log ratio of the mean weight of conflicting to that of other examples; losses of 0 tell none."""
        found = np.array([self.weights[row] for row in range(len(task.train))])
        known, minority = np.isfinite(found), task.truth["conflicting"]
        return float(np.log(found[known & minority].mean() / found[known & ~minority].mean()))
