"""An ensemble as one learner: models on random subsets whose probabilities are averaged."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from byheart.base.errors import UsageError
from byheart.base.seeds import spawn
from byheart.data.examples import Examples
from byheart.data.subsets import masks
from byheart.data.task import Task
from byheart.runs.learner import Learner, Network, Predict


def average(logits: Float[np.ndarray, "models n outputs"], classes: int) -> Float[np.ndarray, "n outputs"]:
    """What models say together (n, outputs) in float64: the log of their mean probability; for regression (classes = 0)
    their mean.

    Its cross-entropy or squared error on any example is at most the members' mean, as both are convex (Jensen's
    inequality; for squared errors Krogh and Vedelsby 1995).
    """
    z = logits.astype(np.float64)
    if not classes:
        return z.mean(0)
    log_p = z - log_sum_exp(z, 2)
    return log_sum_exp(log_p, 0)[0] - math.log(len(z))


def log_sum_exp(z: Float[np.ndarray, "..."], axis: int) -> Float[np.ndarray, "..."]:
    """Log of the sum of exponentials along an axis, which stays with length 1."""
    top = z.max(axis, keepdims=True)
    return top + np.log(np.exp(z - top).sum(axis, keepdims=True))


@dataclass(frozen=True)
class Averaged:
    """Trains `models` of another learner on random subsets, each of a `share` of the rows, and averages what they say.

    Source: Breiman 1996 (without repeated examples); for networks Lakshminarayanan et al. 2017. Errors: UsageError for
    fewer than two models and for a share that is no multiple of .05.
    """

    learner: Learner = field(default_factory=Network)
    models: int = 8
    share: float = 0.7

    def __post_init__(self) -> None:
        if self.models < 2:
            raise UsageError(f"{self.models} models have no average.", do="give at least 2")

    def fit(self, task: Task, rows: np.ndarray, seed: int) -> Predict:
        """Train all; deterministic in (task, rows, seed)."""
        member = masks(len(rows), self.models, seed, self.share)
        says = [
            self.learner.fit(task, np.asarray(rows)[chosen], spawn(seed, "averaged", k))
            for k, chosen in enumerate(member)
        ]

        def predict(examples: Examples) -> np.ndarray:
            return average(np.stack([each(examples) for each in says]), task.classes)

        return predict
