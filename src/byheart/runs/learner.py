"""Whatever can be trained on some examples and then answers for all: the loop here, and others by this protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from torch import nn

from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.runs.learning_rate import settled
from byheart.runs.loop import begin, events_of, fit, one_thread, outputs

Predict = Callable[[Examples], np.ndarray]


@runtime_checkable
class Learner(Protocol):
    """`fit(task, rows, seed)` trains on the given training rows and returns `predict(examples) -> raw outputs (n,
    outputs)`.
    """

    def fit(self, task: Task, rows: np.ndarray, seed: int) -> Predict: ...


@dataclass(frozen=True)
class Network:
    """The task's own network and recipe, trained by the loop; predictions in eval mode."""

    def fit(self, task: Task, rows: np.ndarray, seed: int) -> Predict:
        """Train; deterministic in (task, rows, seed)."""
        with one_thread():
            state = fit(begin(settled(task), rows, seed), events_of(task))

        return predictor(task, state.network, state.device)


def predictor(task: Task, network: nn.Module, device: str = "cpu") -> Predict:
    """What a trained network says of examples, in eval mode."""

    def predict(examples: Examples) -> np.ndarray:
        with one_thread():
            return outputs(task, network, examples, device)

    return predict
