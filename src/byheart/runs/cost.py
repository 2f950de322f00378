"""What trainings cost, and how many a budget of time buys."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import numpy as np

from byheart.base.provenance import cores
from byheart.data.task import Task
from byheart.runs.learning_rate import LADDER as RATES
from byheart.runs.loop import begin, fit, one_thread

# (subset models, pairs of utility), in the order they are bought; the first pairs bring a regularized twin with them
LADDER = ((8, 0), (8, 5), (20, 5), (40, 5), (60, 5))
SUBSET, ARM = 0.75, 0.95  # cost of a subset model, and of one arm of a pair, over that of the watched run
TWIN = 1.3  # cost of the regularized twin, which is watched too, and for which dropout is drawn
WORKER = 3.0  # seconds until a worker process has imported torch
REST = 8.0  # seconds for scores, diagnosis and report


@dataclass(frozen=True)
class Purchase:
    """What will be trained: `models` on subsets, `pairs` without some ids and without others; `seconds` of wall time
    for all that is left to do.
    """

    models: int
    pairs: int
    seconds: float

    @property
    def left_out(self) -> str:
        """What a larger budget would add."""
        if not self.models:
            return "subset models and marginal utility"
        if not self.pairs:
            return "marginal utility and more subset models"
        return "" if self.models >= LADDER[-1][0] else "more subset models (narrower intervals)"


def pace(task: Task, steps: int = 30) -> float:
    """CPU-seconds that one training by the task's recipe takes, from a few steps of it, at any learning rate."""
    rows, lr = np.arange(min(len(task.train), steps * task.recipe.batch)), RATES[task.recipe.optimizer][-1]
    short = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=1, methods=(), lr=lr))
    with one_thread():
        state = begin(short, rows[: 2 * task.recipe.batch], 0)
        fit(state)  # the first steps pay for set-up
        state.rows, state.epoch = rows, 0
        begun = time.process_time()
        fit(state)
    return (time.process_time() - begun) / len(rows) * len(task.train) * task.recipe.epochs


def afford(one_run: float, left: float, jobs: int | None = None) -> Purchase:
    """The most that `left` seconds of wall time buy, when one run costs `one_run` CPU-seconds."""
    jobs = jobs or cores()
    chosen = Purchase(0, 0, REST)
    for models, pairs in LADDER:
        seconds = priced(one_run, models, pairs, jobs)
        if seconds > left:
            break
        chosen = Purchase(models, pairs, seconds)
    return chosen


def priced(one_run: float, models: int, pairs: int, jobs: int) -> float:
    """Wall seconds of that many models and pairs, with pairs of a twin too, scores and report included."""
    rounds = -(-models // jobs) * SUBSET + -(-2 * pairs // jobs) * ARM + (TWIN if pairs else 0.0)
    return rounds * one_run + (WORKER if jobs > 1 else 0.0) + REST
