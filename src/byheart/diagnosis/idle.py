"""Idle inputs: those that vary in training and not in what is held out. Does the network answer from them?

Such an input says which training example it is and nothing of any other. It is dealt to other training examples: when
the training error then rises towards the held-out one, the network answers training examples from it. Whether that is
bad is another question: it may have taken up the noise that would have bent the rule (Bayat et al. 2024, figure 3).
Only a twin that was trained without these inputs tells.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float, Num

from byheart.base.errors import NotApplicable, RunError
from byheart.base.seeds import generator
from byheart.data.task import CHUNK, Task
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.final import final_correct
from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.shortcut_probe import predictor
from byheart.diagnosis.twins import performances
from byheart.runs.evidence import read
from byheart.runs.run import Run
from byheart.runs.single import scaled

IDLE = 0.01  # held-out deviation over the one in training
DEALS = 5
REACHED = 0.5  # of the way from training to held-out error
BUYS = "byheart.record(task), whose network can be asked again"
WITHOUT = "a larger --budget, where the network answers from idle inputs: it trains a twin without them"


def idle_inputs(task: Task) -> Bool[np.ndarray, "..."]:
    """Which values of an input (a mask of its shape) deviate in the held-out examples by at most a hundredth of what
    they do in training.
    """
    train, held = spread(task.train.inputs), spread(task.held_out.inputs)
    return (train > 0) & (held <= IDLE * train)


def spread(inputs: Num[np.ndarray, "n *shape"]) -> Float[np.ndarray, "..."]:
    """Standard deviation of every single input value over the examples."""
    mean = inputs.mean(0, dtype=np.float64)
    chunks = (inputs[i : i + CHUNK] for i in range(0, len(inputs), CHUNK))  # all at once would be a copy in float64
    return np.sqrt(sum(np.square(chunk - mean).sum(0) for chunk in chunks) / len(inputs))


def idle_level(evidence: Evidence) -> Measure:
    """How far, on the way from the training error (0) to the held-out error (1), training examples get with the idle
    inputs of others; 0 when no input is idle. Error is the share of wrong answers, for regression the loss.
    """
    task, run = evidence.task, evidence.run
    idle = idle_inputs(task)
    if not idle.any():
        return Measure("idle", 0.0, 0.0, 0.0, 0.0, len(task.train), "no input is idle at test time", kind="ratio")
    try:
        before = worst_is_high(final_correct(evidence, "train"), task)
        held = worst_is_high(np.concatenate([final_correct(evidence, p) for p in ("validation", "test")]), task)
        if run is None:
            return missing("idle", BUYS, "ratio")
        after = dealt_error(run, task, idle)
    except NotApplicable as reason:
        return missing("idle", f"{BUYS} ({reason})", "ratio")
    n, way = len(before), float(held.mean() - before.mean())
    numbers = (f"{x.mean():.1%}" if task.classes else f"{x.mean():.3g}" for x in (before, after, held))
    text = "{} of {} inputs; with those of others the training error goes from {} to {}, held out it is {}"
    text = text.format(idle.sum(), idle.size, *numbers)
    if way <= 0:
        return Measure("idle", 0.0, 0.0, 0.0, 0.0, n, text, kind="ratio")
    rise = after - before
    level = float(rise.mean()) / way
    error = math.sqrt(rise.var(ddof=1) / n + level**2 * held.var(ddof=1) / len(held)) / way
    return Measure("idle", level, error, level - 1.96 * error, level + 1.96 * error, n, text, kind="ratio")


def answers_from_idle(evidence: Evidence) -> bool:
    """Whether a twin without the idle inputs is worth training: with those of others, training error rises at least
    half of the way to the held-out one, by more than its uncertainty.
    """
    return reached(idle_level(evidence))


def reached(level: Measure) -> bool:
    """Whether that much of the way is passed, by more than its uncertainty."""
    return level.known and level.value >= REACHED and level.least > 0


def worst_is_high(right: Float[np.ndarray, "n"], task: Task) -> Float[np.ndarray, "n"]:
    """Error (n,) from correctness, or the loss from minus the loss."""
    return 1 - right if task.is_classification else -right


def dealt_error(run: Run, task: Task, idle: Bool[np.ndarray, "..."]) -> Float[np.ndarray, "n"]:
    """Mean error (n,) of the training examples over five dealings of their idle inputs, all of them together, to other
    examples.
    """
    try:
        predict = predictor(task, run.network(task))
    except RunError:
        raise NotApplicable("the network's weights were not recorded") from None
    x, goals, total = task.train.inputs, scaled(task, task.train.targets), np.zeros(len(task.train))
    for k in range(DEALS):
        order = generator(0, "idle", k).permutation(len(x))
        found = read(predict(np.where(idle, x[order], x)), goals, task.classes)
        total += 1 - found["correct"].astype(np.float64) if task.classes else found["loss"]
    return total / DEALS


def idle_worth(evidence: Evidence) -> Measure:
    """Held-out performance of the network minus that of its twin without idle inputs: negative, they do harm."""
    kind = "points" if evidence.task.is_classification else "loss"
    twin, level = evidence.effects.get("idle"), idle_level(evidence)
    if twin is None and level.known and not reached(level):
        return Measure("idle_worth", text="not asked: training examples are not answered from idle inputs", kind=kind)
    if twin is None:
        return missing("idle_worth", WITHOUT, kind)
    return performances(evidence, twin, "idle_worth")
