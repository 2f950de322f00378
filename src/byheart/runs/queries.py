"""What a model says of changed copies of every example, for attacks that ask it several times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from byheart.base.errors import UsageError
from byheart.data.augment.queries import asked
from byheart.data.examples import Examples
from byheart.data.task import Task

if TYPE_CHECKING:
    from byheart.runs.learner import Predict

QUERY_LOGITS = "query_logits"
MOST = 64  # outputs of which all logits are kept


def checked(task: Task, queries: Sequence[str]) -> None:
    """UsageError, before anything is trained, for queries that the task's examples cannot be asked."""
    if queries and not 0 < task.classes <= MOST:
        what = f"{task.classes} classes" if task.classes else "a number to predict"
        raise UsageError(
            f"Queries keep all logits, and the task has {what}.", f"They are kept of 2 to {MOST} classes.",
            "leave queries out",
        )  # fmt: skip
    for query in queries:
        asked(task.train.inputs[:1], query)


def queried(task: Task, predict: Predict, queries: Sequence[str]) -> dict[str, np.ndarray]:
    """Logits (training and held-out examples, queries, outputs) in float16; nothing without queries."""
    if not queries:
        return {}
    answers = []
    for query in queries:
        parts = [Examples(asked(p.inputs, query), p.targets, p.ids) for p in (task.train, task.held_out)]
        answers.append(np.concatenate([predict(part) for part in parts]))
    return {QUERY_LOGITS: np.clip(np.stack(answers, 1), -65504, 65504).astype(np.float16)}
