"""What the trained network gets right, example by example."""

from __future__ import annotations

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence


def final_correct(evidence: Evidence, part: str) -> np.ndarray:
    """Whether the trained network is right (n,) on a part, "train", "validation" or "test"; for regression minus the
    loss.
    """
    run, task = evidence.run, evidence.task
    if run is None:
        raise NotApplicable("no trajectory was recorded")
    examples = getattr(task, part)
    name = "final_logits" if part == "train" else f"final_{part}_logits"
    if name in run:
        logits = np.asarray(run[name], np.float64)
        if task.is_classification:
            return (logits.argmax(1) == examples.targets).astype(float)
        mean, deviation = task.target_scale
        return -((logits[:, 0] - (examples.targets - mean) / deviation) ** 2)
    prefix = "" if part == "train" else f"{part}_"
    column = f"{prefix}correct" if task.is_classification else f"{prefix}loss"
    if column not in run:
        raise NotApplicable(f"{column} was not recorded")
    last = np.asarray(run[column][-1], np.float64)  # recorded in somebody's own loop: the last epoch stands for the end
    return last if task.is_classification else -last


def final_loss(evidence: Evidence, part: str) -> np.ndarray:
    """The trained network's loss (n,) on a part: cross-entropy in nats, or squared error in squared deviations."""
    run, task = evidence.run, evidence.task
    name = "final_logits" if part == "train" else f"final_{part}_logits"
    if run is None or name not in run or not task.is_classification:
        if run is not None and task.is_classification:  # somebody's own loop: the last epoch stands for the end
            return np.asarray(run["loss" if part == "train" else f"{part}_loss"][-1], np.float64)
        return -final_correct(evidence, part)
    logits, targets = np.asarray(run[name], np.float64), getattr(task, part).targets
    peak = logits.max(1)
    total = peak + np.log(np.exp(logits - peak[:, None]).sum(1))
    return total - logits[np.arange(len(logits)), targets]
