"""MAT: what held-out predictions alone say of the label is added to the logits in training, and left out afterwards."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from byheart.base.errors import UsageError
from byheart.base.seeds import spawn
from byheart.methods.held_out_logits import Source, checked_source, logits_of
from byheart.methods.method import method, within
from byheart.methods.second_network import classes_needed
from byheart.runs.events import State

FLOOR = 1e-6  # inside the logarithm, so that the shift is at least log 1e-6 = -13.8


def joint(predicted: Float[Tensor, "n classes"], targets: Int[Tensor, "n"]) -> Float[Tensor, "classes classes"]:
    """P[k, c] = (1/n) sum of p(k | x_i) over y_i = c: held-out prediction k together with label c; sums to 1.

    `predicted` (n, classes) are held-out probabilities of the whole training set. A class without examples has a column
    of zeros. Bayat et al. 2025, Algorithm 1.
    """
    sums = predicted.new_zeros(predicted.shape[1], predicted.shape[1]).index_add_(0, targets, predicted)
    return sums.T / len(targets)


def calibration(joint: Float[Tensor, "classes classes"]) -> Float[Tensor, "classes classes"]:
    """p(y = c | prediction k), rows k: P[k, c] / sum over c' of P[k, c'].

    A class that is never predicted, not even with the smallest probability, says nothing: its row is p(y).
    """
    predicted = joint.sum(1, keepdim=True)
    return torch.where(predicted > 0, joint / predicted, joint.sum(0, keepdim=True))


def held_out_distribution(
    logits: Float[Tensor, "n classes"], targets: Int[Tensor, "n"], temperature: float
) -> Float[Tensor, "n classes"]:
    """p(y = c | x_i) by held-out prediction alone: sum over k of p(k | x_i) p(y = c | k), p = softmax(logits /
    temperature); rows sum to 1, and their mean is the classes' frequencies.
    """
    predicted = (logits / temperature).softmax(1)
    return predicted @ calibration(joint(predicted, targets))


def shift(
    logits: Float[Tensor, "n classes"], targets: Int[Tensor, "n"], temperature: float
) -> Float[Tensor, "n classes"]:
    """log(p(y = c | x_i) + 1e-6) in nats, from -13.8 to 0: what is added to the logits while training.

    From held-out logits and labels of the whole training set; reckoned in float64, because small temperatures
    enlarge rounding, and returned in the logits' own type.
    """
    found = held_out_distribution(logits.double(), targets, temperature)
    return torch.log(found + FLOOR).to(logits.dtype)


@method("mat", acts_on="loss", source="Bayat et al. 2025", trains_twice=True)
@dataclass(frozen=True)
class MAT:
    """Adds the log of what held-out predictions say of the label to the logits, so that the network learns the rest.

    What a shortcut predicts on examples that were not fitted is given to the network for free; it has to learn why the
    label is what it is beyond that. Prediction uses the network alone. `temperature` sharpens the held-out predictions;
    `source` says where they come from: "xrm" or XRM(...), "folds" or Folds(count), or an array (n, classes) as
    `held_out_logits(many)` makes it of subset models; `epochs` is how long those networks train (None: the recipe's).
    `strength` multiplies the shift; 1 is the paper's, 0 plain training. Kept in the run: "mat_held_out_logits" and
    "mat_mistake" (n,), whether the held-out prediction is wrong: the inferred minority.
    """

    temperature: float = 0.1
    source: Source = "xrm"
    epochs: int | None = None
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise UsageError(f"temperature={self.temperature!r} is out of range.", do="give a number above 0")
        within("strength", self.strength, 0, math.inf)
        checked_source(self.source)

    def fit_start(self, state: State) -> None:
        classes_needed("MAT", state)
        if not self.strength or "mat" in state.own:
            return
        rows, seed = state.rows, spawn(state.seed, "mat")
        logits, kept = logits_of(self.source, state.task, rows, seed, self.epochs)
        targets = state.task.train.targets
        shifts = torch.full(logits.shape, torch.nan)
        shifts[torch.from_numpy(rows)] = shift(
            torch.from_numpy(logits[rows].astype(np.float64)), torch.from_numpy(targets[rows]), self.temperature
        ).float()
        state.own["mat"] = {"shift": shifts}
        for name, array in kept.items():
            state.keep(name, array)
        state.keep("mat_held_out_logits", logits.astype(np.float32))
        state.keep("mat_mistake", np.isfinite(logits).all(1) & (logits.argmax(1) != targets))

    def logits(self, state: State) -> None:
        if self.strength:
            assert state.batch is not None and state.logits is not None
            shifts = torch.as_tensor(state.own["mat"]["shift"])[torch.from_numpy(state.batch.rows)]
            state.logits = state.logits + self.strength * shifts.to(state.logits)
