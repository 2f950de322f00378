"""DFR: the last layer is fitted anew, on held-out features in which every group is equally frequent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression

from byheart.base.errors import UsageError
from byheart.base.seeds import generator
from byheart.data.subsets import folds
from byheart.methods.groups import groups_needed
from byheart.methods.last_layer import last_linear
from byheart.methods.method import method
from byheart.methods.second_network import classes_needed
from byheart.runs.events import State
from byheart.runs.single import last_layer

GRID = (1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01)
PARTS = ("validation", "train")
Layer = tuple[Float[np.ndarray, "outputs d"], Float[np.ndarray, "outputs"]]


def balanced_rows(codes: Int[np.ndarray, "n"], random: np.random.Generator) -> Int[np.ndarray, "k"]:
    """Rows (k,) in which every group that occurs is as frequent as the smallest one, drawn without replacement."""
    groups, counts = np.unique(codes, return_counts=True)
    return np.concatenate([random.choice(np.flatnonzero(codes == g), counts.min(), replace=False) for g in groups])


def one_against_rest(
    features: Float[np.ndarray, "n d"], targets: Int[np.ndarray, "n"], classes: int, c: float, seed: int
) -> Layer:
    """Weights (classes, d) and biases of L1 logistic regressions, one a class against the others; of two classes one
    regression, half of it in each row with opposite signs.

    A class that does not occur gets no weights and the log odds of half an example in n + 1.
    """
    weights, biases = np.zeros((classes, features.shape[1])), np.zeros(classes)
    for k in range(classes) if classes > 2 else (1,):
        own = targets == k
        if own.any() and not own.all():
            fitted = LogisticRegression(l1_ratio=1.0, solver="liblinear", C=c, max_iter=1000, random_state=seed)
            fitted.fit(features, own)
            weights[k], biases[k] = np.ravel(fitted.coef_), np.ravel(fitted.intercept_)[0]
        else:
            odds = (own.sum() + 0.5) / ((~own).sum() + 0.5)
            biases[k] = math.log(odds)
    if classes == 2:
        weights, biases = np.stack([-weights[1], weights[1]]) / 2, np.array([-biases[1], biases[1]]) / 2
    return weights, biases


def retrained(
    features: Float[np.ndarray, "n d"],
    targets: Int[np.ndarray, "n"],
    codes: Int[np.ndarray, "n"],
    classes: int,
    c: float,
    samples: int,
    random: np.random.Generator,
) -> Layer:
    """The last layer (classes, d), (classes,): the mean of regressions on `samples` group-balanced subsamples.

    Features are standardized for the fit, and the layer is given for features as they come.
    """
    mean, deviation = features.mean(0), features.std(0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    scaled = (features - mean) / deviation
    found = []
    for _ in range(samples):
        rows = balanced_rows(codes, random)
        found.append(one_against_rest(scaled[rows], targets[rows], classes, c, int(random.integers(2**31))))
    weights, biases = (np.mean(part, 0) for part in zip(*found, strict=True))
    return weights / deviation, biases - weights @ (mean / deviation)


def worst_group_accuracy(layer: Layer, features: np.ndarray, targets: np.ndarray, codes: np.ndarray) -> float:
    """Accuracy of the group that a last layer does worst on, in [0, 1]."""
    right = (features @ layer[0].T + layer[1]).argmax(1) == targets
    return min(float(right[codes == g].mean()) for g in np.unique(codes))


def chosen_c(features: np.ndarray, targets: np.ndarray, codes: np.ndarray, classes: int, seed: int) -> float:
    """The value on the grid that, fitted on one half, has the best worst group on the other; of equals the smallest."""
    first = folds(codes, 2, seed) == 0
    fits = {
        c: retrained(features[first], targets[first], codes[first], classes, c, 1, generator(seed, "choice"))
        for c in sorted(GRID)
    }
    there = features[~first], targets[~first], codes[~first]
    return max(fits, key=lambda c: worst_group_accuracy(fits[c], *there))


@method("dfr", acts_on="weights", source="Kirichenko et al. 2023", needs_groups=True)
@dataclass(frozen=True)
class DFR:
    """Trains as usual, and at the end fits the last layer anew on held-out examples, every group equally frequent.

    The layer is the mean of L1 logistic regressions on `samples` balanced subsamples; 0 is plain training. `c` is the
    inverse strength of the penalty (None: chosen on one half of the examples for the worst group of the other). `part`
    says which examples: "validation", as published, which then is held out no more, or "train". Kept in the run:
    "dfr_c". The trajectory is that of the training before.
    """

    samples: int = 10
    c: float | None = None
    part: str = "validation"

    def __post_init__(self) -> None:
        if not (isinstance(self.samples, int) and self.samples >= 0):
            raise UsageError(f"samples={self.samples!r} is out of range.", do="give a whole number from 0")
        if self.c is not None and not (math.isfinite(self.c) and self.c > 0):
            raise UsageError(f"c={self.c!r} is out of range.", do="give a number above 0")
        if self.part not in PARTS:
            raise UsageError(f"There is no part called {self.part!r}.", do=f"choose one of: {', '.join(PARTS)}")

    def fit_start(self, state: State) -> None:
        classes_needed("DFR", state)
        groups_needed("DFR", state, self.part)
        last_linear(state.task, state.network)

    def fit_end(self, state: State) -> None:
        if not self.samples:
            return
        task, random = state.task, generator(state.seed, "dfr")
        codes, examples = groups_needed("DFR", state, self.part)[1], getattr(task, self.part)
        if self.part == "train":
            codes, examples = codes[state.rows], examples.take(state.rows)
        features = last_layer(task, state.network, examples, state.device)[1].astype(np.float64)
        data = features, examples.targets, codes, task.classes
        c = chosen_c(*data, int(random.integers(2**31))) if self.c is None else self.c
        weights, biases = retrained(*data, c, self.samples, random)
        layer = last_linear(task, state.network)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights))
            layer.bias.copy_(torch.from_numpy(biases))
        state.keep("dfr_c", np.array(c))
