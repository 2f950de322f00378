"""A learning rate that is measured, not left to luck."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from byheart.base.devices import choose
from byheart.base.errors import RunError, TrainingFailed
from byheart.base.provenance import versions
from byheart.base.seeds import generator
from byheart.base.store import digest, read_json, write_json
from byheart.data.task import Task
from byheart.runs.events import State
from byheart.runs.loop import begin, fit, one_thread
from byheart.runs.schema import LEARNING_RATE, RECORD

LADDER = {"sgd": (0.3, 0.1, 0.03, 0.01, 0.003), "adamw": (0.01, 0.003, 0.001, 0.0003, 0.0001)}
STEPS = 200


def settled(task: Task, folder: Path | None = None) -> Task:
    """The task with a learning rate: its own, or the one that `tried` finds; kept in a run's `folder`, so that the same
    call need not try again.
    """
    if task.recipe.lr is not None:
        return task
    if folder is None:
        return with_rate(task, tried(task))
    whose = digest(task.digest, choose(task.recipe.device), versions().get("torch"))
    lr = kept(folder, whose, LADDER[task.recipe.optimizer])
    if lr is None:
        lr = tried(task)
        if not (folder / RECORD).exists():  # else the folder is another task's, and about to be refused
            write_json(folder / LEARNING_RATE, {"task": whose, "lr": lr})
    return with_rate(task, lr)


def with_rate(task: Task, lr: float) -> Task:
    """The task, trained at this learning rate."""
    return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, lr=lr))


def kept(folder: Path, whose: str, ladder: tuple[float, ...]) -> float | None:
    """The rate that a trial of the same task chose here before; None where there was none, or its file is damaged."""
    try:
        found = read_json(folder / LEARNING_RATE)
    except RunError:
        return None
    if not isinstance(found, dict) or found.get("task") != whose:
        return None
    return next((lr for lr in ladder if lr == found.get("lr")), None)


def tried(task: Task) -> float:
    """The learning rate on the ladder whose trial loss falls lowest.

    A trial is about 200 steps on at most 50 batches' worth of training examples, from the same start; its score is the
    mean training loss of its last epoch. Deterministic: it depends on the task alone. Errors: TrainingFailed when every
    trial diverges.
    """
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
    return best


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
