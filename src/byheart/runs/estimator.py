"""Estimators of scikit-learn as learners: linear models under any loss, trees, neighbours, pipelines."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np

from byheart.base.errors import UsageError
from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.runs.learner import Predict

LEAST = 1e-12  # probability that a class gets at least: its logarithm must be a number
LARGEST_SEED = 2**32  # of scikit-learn


@dataclass(frozen=True)
class Estimator:
    """A scikit-learn regressor or classifier, fitted anew to every set of rows.

    Inputs are flattened and, like regression targets, on the scale that the task's network would see, in float64.
    Outputs: (n, 1) predictions, or the logarithms (n, classes) of `predict_proba`. What the estimator draws at random
    follows the seed, unless it was given a `random_state`. Errors: UsageError for what cannot be cloned, and for a
    classifier of a regression or the reverse.
    """

    model: InitVar[Any]
    about: str = field(init=False)

    def __post_init__(self, model: Any) -> None:
        if isinstance(model, type) or not (hasattr(model, "fit") and hasattr(model, "get_params")):
            raise UsageError(
                f"{model!r} is no estimator of scikit-learn.", do="give one, made: Estimator(LinearRegression())"
            )
        # the name by which folders know the learner: every parameter, those of a pipeline's steps too
        parameters = sorted(model.get_params().items())
        object.__setattr__(self, "about", f"{type(model).__module__}.{type(model).__qualname__}{parameters}")
        object.__setattr__(self, "_model", model)

    def fit(self, task: Task, rows: np.ndarray, seed: int) -> Predict:
        """Fit a copy; deterministic in (task, rows, seed)."""
        from sklearn.base import is_classifier

        if is_classifier(self._model) != task.is_classification:  # type: ignore[attr-defined]
            kind = "classes" if task.is_classification else "numbers"
            raise UsageError(f"{self.about.split('[')[0]} does not predict {kind}.", do=f"give an estimator of {kind}")
        model = seeded(self._model, seed)  # type: ignore[attr-defined]
        mean, deviation = task.target_scale
        targets = task.train.targets[rows]
        model.fit(
            flat(task, task.train.take(rows)),
            targets if task.is_classification else (targets.astype(np.float64) - mean) / deviation,
        )

        def predict(examples: Examples) -> np.ndarray:
            inputs = flat(task, examples)
            if not task.is_classification:
                return np.asarray(model.predict(inputs), np.float64).reshape(-1, 1)
            probability = np.zeros((len(inputs), task.outputs))
            probability[:, model.classes_] = model.predict_proba(inputs)  # a class without examples is not in it
            return np.log(np.maximum(probability, LEAST))

        return predict


def flat(task: Task, examples: Examples) -> np.ndarray:
    """Inputs (n, features) float64 on the scale that the task's network would see."""
    mean, deviation = (part.astype(np.float64) for part in task.scale)
    return ((examples.inputs - mean) / deviation).reshape(len(examples), -1)


def seeded(model: Any, seed: int) -> Any:
    """An unfitted copy whose random parts, where they were given no seed, follow this one."""
    from sklearn.base import clone

    copy: Any = clone(model)
    names = [n for n, value in copy.get_params().items() if n.split("__")[-1] == "random_state" and value is None]
    return copy.set_params(**dict.fromkeys(names, seed % LARGEST_SEED))
