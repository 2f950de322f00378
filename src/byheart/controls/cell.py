"""A cell of a sweep: one setting trained with one seed, into one small file that is whole or absent."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np

from byheart.base.errors import RunError, TrainingFailed
from byheart.base.seeds import spawn
from byheart.base.store import digest, read_arrays, read_json, write_arrays, write_json
from byheart.controls.complexity import complexity
from byheart.controls.setting import Setting
from byheart.data.task import Task
from byheart.runs.events import State
from byheart.runs.evidence import read
from byheart.runs.learning_rate import settled, with_rate
from byheart.runs.loop import begin, events_of, fit, one_thread, outputs
from byheart.runs.single import scaled

CONVERGED = 0.99  # training accuracy in eval mode
PARTS = ("validation", "test")
# what every cell holds beside the values by held-out row (`PARTS`)
SCALARS = ("diverged", "epochs", "examples", "epochs_to_converge", "train", "complexity", "wrong", "wrong_fitted")


def rate_key(task: Task) -> str:
    """What the trial of learning rates depends on: settings that share it share the rate."""
    trial = dataclasses.replace(task.recipe, methods=(), epochs=1, schedule="constant")
    return digest(task.digests["data"], task.digests["network"], trial, task.augment)


def settle(base: Task, setting: Setting, seed: int, path: Path) -> None:
    """Write the learning rate of a setting; null when every trial diverged."""
    begun = time.process_time()
    try:
        rate = settled(setting.task(base, spawn(seed, "data", 0))).recipe.lr
    except TrainingFailed:
        rate = None
    write_json(path.with_suffix(".time"), time.process_time() - begun)
    write_json(path, rate)


def train(base: Task, setting: Setting, k: int, seed: int, rate: float | None, path: Path) -> None:
    """Train a setting with seed number k and write its cell; a training that diverges is a cell that says so.

    Data are drawn and networks begin alike for all settings of one k, so that settings can be compared in pairs.
    """
    task = setting.task(base, spawn(seed, "data", k))
    if task.recipe.lr is None and rate is not None:
        task = with_rate(task, rate)
    found, seconds = diverged(task, 0), 0.0
    if task.recipe.lr is not None:
        found, seconds = trained(task, spawn(seed, "training", k))
    write_json(path.with_suffix(".time"), seconds)  # first: a cell that is there has its time
    write_arrays(path, {name: np.asarray(value) for name, value in found.items()})


def trained(task: Task, seed: int) -> tuple[dict[str, float | np.ndarray], float]:
    """What one training leaves, and its CPU-seconds without the looks at it."""
    rows, reached, looked = np.arange(len(task.train)), [np.nan], 0.0

    def look(state: State) -> None:
        nonlocal looked
        if np.isnan(reached[0]):
            begun = time.process_time()
            if right(task, state, "train").mean() >= CONVERGED:
                reached[0] = state.epoch
            looked += time.process_time() - begun

    with one_thread():
        state = begin(task, rows, seed)
        begun = time.process_time()
        try:
            fit(state, events_of(task), each_epoch=look if task.classes else None)
            seconds = time.process_time() - begun - looked
            found = measured(task, state)
        except TrainingFailed:
            return diverged(task, state.epoch), time.process_time() - begun - looked
    return found | {"epochs": float(state.epoch), "epochs_to_converge": reached[0]}, seconds


def measured(task: Task, state: State) -> dict[str, float | np.ndarray]:
    """What is read of the trained network; TrainingFailed when its outputs are no numbers."""
    train, wrong = right(task, state, "train"), np.asarray(task.truth.get("wrong", np.zeros(len(task.train))), bool)
    held = {part: right(task, state, part) for part in PARTS}
    return held | {
        "diverged": 0.0, "examples": float(len(train)), "train": float(train.mean()),
        "complexity": complexity(task, state.network), "wrong": float(wrong.sum()),
        "wrong_fitted": float(train[wrong].mean()) if wrong.any() and task.classes else np.nan,
    }  # fmt: skip


def right(task: Task, state: State, part: str) -> np.ndarray:
    """Whether each example (n,) is answered right (1 or 0), for regression its loss; float64, in eval mode."""
    examples = getattr(task, part)
    logits = outputs(task, state.network, examples, state.device)
    if not np.isfinite(logits).all():
        raise TrainingFailed("The network's outputs are no numbers.", do="lower the learning rate")
    found = read(logits, scaled(task, examples.targets), task.classes)
    return found["correct" if task.classes else "loss"].astype(np.float64)


def diverged(task: Task, epochs: int) -> dict[str, float | np.ndarray]:
    """A cell without numbers: training failed after so many epochs."""
    held = {part: np.full(len(getattr(task, part)), np.nan) for part in PARTS}
    return held | dict.fromkeys(SCALARS, np.nan) | {
        "diverged": 1.0, "epochs": float(epochs), "examples": float(len(task.train))
    }  # fmt: skip


def opened(path: Path) -> dict[str, np.ndarray]:
    """A cell from its file; RunError when it is damaged."""
    found = read_arrays(path)
    if set(found) < {*SCALARS, *PARTS} or any(found[name].ndim for name in SCALARS):
        raise RunError(f"{path} is damaged.", "It lacks some of its numbers.", "delete it; it is trained again")
    return found


def seconds_of(path: Path) -> float:
    """CPU-seconds of a cell, NaN where nobody wrote them down."""
    try:
        return float(read_json(path.with_suffix(".time")))
    except (RunError, TypeError, ValueError):
        return float("nan")
