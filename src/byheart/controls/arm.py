"""An arm of a change: one training, with or without the plan, into one small file that is whole or absent."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from jaxtyping import Float

from byheart.base.errors import RunError, TrainingFailed
from byheart.base.store import digest, read_arrays, read_json, write_arrays, write_json
from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.diagnosis.calibration import probabilities
from byheart.runs.evidence import read
from byheart.runs.learner import Learner
from byheart.runs.loop import events_of
from byheart.runs.single import digest_of, scaled

COLUMNS = ("correct", "loss", "confidence")  # of held-out examples; "train" beside them


def arm_key(task: Task) -> str:
    """What names an arm, but for seed and learner: all that decides what is learned."""
    return digest(task.digests, digest_of(events_of(task)))[:16]


def train_arm(base: Task, task: Task, learner: Learner, seed: int, path: Path) -> float:
    """Train `task` and write what it answers; CPU-seconds.

    Columns (held-out,): correct (1 or 0), loss (nats; for regression squared error in deviations of the base task),
    confidence (the largest probability). "train" (n,): whether the base task's training examples, with its labels, are
    answered right, for regression their loss.
    """
    begun = time.process_time()
    predict = learner.fit(task, np.arange(len(task.train)), seed)
    held = answers(base, task, predict(base.held_out), base.held_out)
    train = answers(base, task, predict(base.train), base.train)
    seconds = time.process_time() - begun
    write_json(path.with_suffix(".time"), seconds)  # first: an arm that is there has its time
    write_arrays(path, held | {"train": train["correct" if base.classes else "loss"]})
    return seconds


def answers(
    base: Task, task: Task, outputs: Float[np.ndarray, "n outputs"], examples: Examples
) -> dict[str, np.ndarray]:
    """What the outputs of a network that learned `task` say of examples of the base task, as float32 columns."""
    if not np.isfinite(outputs).all():
        raise TrainingFailed("The network's outputs are no numbers.", do="lower the learning rate")
    found = read(outputs.astype(np.float32), scaled(task, examples.targets), task.classes)
    if task.classes:
        sure = probabilities(outputs).max(1)
    else:  # another training set has another deviation, which losses are in
        found["loss"] = found["loss"] * (task.target_scale[1] / base.target_scale[1]) ** 2
        sure = np.full(len(outputs), np.nan)
    return {
        "correct": found["correct"].astype(np.float32),
        "loss": found["loss"].astype(np.float32),
        "confidence": sure.astype(np.float32),
    }


def opened(path: Path, base: Task) -> dict[str, np.ndarray]:
    """An arm from its file, in float64; RunError when it is damaged."""
    found, wanted = read_arrays(path), dict.fromkeys(COLUMNS, len(base.held_out)) | {"train": len(base.train)}
    if any(
        name not in found or found[name].shape != (n,) or found[name].dtype.kind != "f" for name, n in wanted.items()
    ):
        raise RunError(f"{path} is damaged.", "It lacks some of its numbers.", "delete it; it is trained again")
    return {name: found[name].astype(np.float64) for name in wanted}


def seconds_of(path: Path) -> float:
    """CPU-seconds of an arm, NaN where nobody wrote them down."""
    try:
        return float(read_json(path.with_suffix(".time")))
    except (RunError, TypeError, ValueError):
        return float("nan")
