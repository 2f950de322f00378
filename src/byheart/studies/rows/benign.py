"""Overfitting that does no harm: noise is absorbed by very many directions in which inputs hardly vary."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.linear_model import LinearRegression

from byheart.data.made.spiked_covariance import spiked_covariance
from byheart.data.task import Task
from byheart.runs.estimator import Estimator
from byheart.runs.learner import Learner, Network
from byheart.studies.criterion import at_most, below
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import with_recipe

EXAMPLES, SPIKES, NOISE = 100, 5, 0.5
TOTAL = 5.0  # variance of all other features together, however many they are
MANY, FEW = 5_000, 110  # features: many more than examples, hardly more
SWEEP = (105, 110, 125, 150, 200, 400, 800, 1_500, 3_000, 5_000)
LEAST_NORM = Estimator(LinearRegression(fit_intercept=False))


def hardly_more_features_than_examples(lab: Lab) -> Reading:
    """The same with 110 features for 100 examples: noise is fitted as exactly, and ruins what was learned."""
    return Reading(errors("least norm", LEAST_NORM, made(lab, FEW)) | errors("network", Network(), made(lab, FEW)))


@study(
    Row("C23", (
        at_most("least norm: fitted", 1e-6, "mean squared error on noisy training labels, least-norm regression"),
        below("least norm: error", 1.0, "its error to the clean function, in units of the noise variance"),
        at_most("network: fitted", 1e-6, "mean squared error on the same labels, linear network by gradient descent"),
        below("network: error", 1.0, "its error to the clean function, in units of the noise variance"),
    ), paper="bartlett2020"),
    control=hardly_more_features_than_examples, cost=4,
)  # fmt: skip
def benign_overfitting(lab: Lab) -> Reading:
    """Noisy labels fitted exactly in 5,000 features of which 5 matter, by least-norm regression and by a linear network
    without any penalty; the error to the clean function on new examples.
    """
    many = made(lab, lab.size(MANY, 400))
    found = errors("least norm", LEAST_NORM, many) | errors("network", Network(), many)
    swept = [errors("", LEAST_NORM, made(lab, size))[": error"] for size in SWEEP[: lab.size(len(SWEEP), 3)]]
    line = Curve(
        "error in units of the noise variance", np.log10(SWEEP[: len(swept)]).tolist(), np.log10(swept).tolist()
    )
    return Reading(found, [line], "log10 of the number of features", "log10 of the error to the clean function")


def made(lab: Lab, features: int) -> Task:
    """The task with so many features, all but the first five of equal variance, together the same."""
    tail = TOTAL / (features - SPIKES)
    task = spiked_covariance(lab.seed, EXAMPLES, 400, features, SPIKES, tail, NOISE)
    return with_recipe(replace(task, name="benign"), epochs=lab.size(1_000, 20), schedule="constant")


def errors(name: str, learner: Learner, task: Task) -> dict[str, float]:
    """What a learner leaves of the training labels, and how far it is from the clean function on new examples."""
    predict = learner.fit(task, np.arange(len(task.train)), 0)
    off = [np.square(predict(part)[:, 0] - part.targets, dtype=np.float64).mean() for part in (task.train, task.test)]
    return {f"{name}: fitted": float(off[0]), f"{name}: error": float(off[1]) / NOISE**2}
