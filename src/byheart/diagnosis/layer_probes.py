"""How well a linear classifier reads the classes off each layer (Alain and Bengio 2016)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from byheart.base.errors import NotApplicable
from byheart.base.seeds import generator
from byheart.diagnosis.proportion import wilson
from byheart.scores.trained import network_of, rows_of_run, same_data

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.runs.run import Run

MOST = 5000  # training examples, drawn where there are more
STEPS = 1000
INPUT = "(input)"  # no module of a class is called so


def probe_layers(run: Run, task: Task) -> pd.DataFrame:
    """One row a layer, in the order in which they run, after "(input)": what a linear probe of it finds.

    "accuracy" on the test examples with a 95% interval over them ("accuracy_low", "accuracy_high"), "train_accuracy" on
    those that the probe was fitted to (at most 5,000 training examples, labels as they were trained on), "features" and
    whether the fit "converged". Accuracy that rises on training examples and falls on test examples is a layer that
    tells examples apart by themselves. Errors: NotApplicable for regression and where no layer is seen; UsageError for
    a run of other data.
    """
    from byheart.runs.loop import one_thread
    from byheart.scores.checkpoint.layer_features import layer_features

    if not task.is_classification:
        raise NotApplicable("the targets are numbers, not classes")
    same_data(run, task)
    network, rows = network_of(run, task), rows_of_run(run, task)
    if len(rows) > MOST:
        rows = np.sort(generator(0, "probes", len(rows)).permutation(rows)[:MOST])
    labels, held = task.train.targets[rows], task.test.targets
    if len(np.unique(labels)) < 2:
        raise NotApplicable("all examples that a probe would be fitted to are of one class")
    kind = next(network.parameters()).dtype
    with one_thread():
        known, _ = task.tensors(task.train, rows)
        new, _ = task.tensors(task.test, np.arange(len(held)))
        here = {INPUT: known.flatten(1)} | layer_features(network, known.to(kind))
        there = {INPUT: new.flatten(1)} | layer_features(network, new.to(kind))
        pairs = {name: (here[name].double().numpy(), there[name].double().numpy()) for name in here}
        return pd.DataFrame([{"layer": name} | probed(*pair, labels, held) for name, pair in pairs.items()])


def probed(
    features: Float[np.ndarray, "n d"], held_features: Float[np.ndarray, "m d"], labels: Int[np.ndarray, "n"],
    held: Int[np.ndarray, "m"],
) -> dict[str, float | int | bool]:  # fmt: skip
    """Accuracy of softmax regression on standardized features, fitted to `labels` and held against `held`."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scale = StandardScaler().fit(features)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is in the table
        probe = LogisticRegression(max_iter=STEPS).fit(scale.transform(features), labels)
    right = probe.predict(scale.transform(held_features)) == held
    value, low, high = wilson(int(right.sum()), len(held))
    return {
        "features": features.shape[1], "accuracy": value, "accuracy_low": low, "accuracy_high": high,
        "train_accuracy": float(probe.score(scale.transform(features), labels)),
        "converged": bool(probe.n_iter_.max() < STEPS),
    }  # fmt: skip
