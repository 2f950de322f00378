"""A learning rate that is measured, not left to luck."""

from __future__ import annotations

import dataclasses

import numpy as np

from byheart.base.errors import TrainingFailed
from byheart.base.seeds import generator
from byheart.data.task import Task
from byheart.runs.events import State
from byheart.runs.loop import begin, fit, one_thread

LADDER = {"sgd": (0.3, 0.1, 0.03, 0.01, 0.003), "adamw": (0.01, 0.003, 0.001, 0.0003, 0.0001)}
STEPS = 200


def settled(task: Task) -> Task:
    """The task with a learning rate: its own, or the one on the ladder whose trial loss falls lowest.

    A trial is about 200 steps on at most 50 batches' worth of training examples, from the same start; its score is the
    mean training loss of its last epoch. Deterministic: it depends on the task alone. Errors: TrainingFailed when every
    trial diverges.
    """
    if task.recipe.lr is not None:
        return task
    rows = np.arange(len(task.train))
    most = STEPS * task.recipe.batch // 4
    if len(rows) > most:
        rows = np.sort(generator(0, "trial").choice(rows, most, replace=False))
    epochs = max(1, round(STEPS / -(-len(rows) // task.recipe.batch)))
    scores = {lr: _trial(task, rows, lr, epochs) for lr in LADDER[task.recipe.optimizer]}
    best = min(scores, key=lambda lr: scores[lr])
    if not np.isfinite(scores[best]):
        raise TrainingFailed(
            "Training diverged at every learning rate tried.", f"Tried: {', '.join(map(str, scores))}.",
            "look at the scale of inputs and targets, or add normalization to the network",
        )  # fmt: skip
    return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, lr=best))


def _trial(task: Task, rows: np.ndarray, lr: float, epochs: int) -> float:
    recipe = dataclasses.replace(task.recipe, lr=lr, epochs=epochs, schedule="constant", methods=())
    trial = dataclasses.replace(task, recipe=recipe)
    last: list[float] = []

    class Listen:
        def step(self, state: State) -> None:
            if state.epoch == epochs - 1 and state.loss is not None:
                last.append(float(state.loss.detach()))

    with one_thread():
        try:
            fit(begin(trial, rows, 0), [Listen()])
        except TrainingFailed:
            return float("inf")
    return float(np.mean(last))
