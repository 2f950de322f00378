"""reweight: training examples count more or less in the loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int

from byheart.base.errors import UsageError
from byheart.controls.action import AGAIN, HUGE, a_number, a_table, action, an_id, counted, keys, unique
from byheart.controls.rows import Id, rows_of_ids
from byheart.data.task import Task
from byheart.methods.example_weights import ExampleWeights
from byheart.runs.loop import events_of

MOST = 20.0  # with more, every batch would be theirs (JTT's weights go to 20 on colours)


def trusted(
    probabilities: Float[np.ndarray, "n classes"], rows: Int[np.ndarray, "k"], targets: Int[np.ndarray, "n"]
) -> Float[np.ndarray, "k"]:
    """The out-of-sample probability (k,) of the label of some rows, in [0, 1]; where it is NaN, unknown, 1."""
    found = probabilities[rows, targets[rows]]
    return np.clip(np.where(np.isfinite(found), found, 1.0), 0.0, 1.0)


def balancing(count: int, total: int) -> float:
    """The weight that gives `count` of `total` examples as much mass as all others have, from 1 to 20."""
    return float(np.clip((total - count) / max(count, 1), 1.0, MOST))


@action
@dataclass(frozen=True)
class Reweight:
    """Multiplies the loss of the examples `ids` by their `weights`; those of the others stay 1."""

    ids: tuple[Id, ...]
    weights: tuple[float, ...]
    reason: str = ""
    name: ClassVar[str] = "reweight"

    def __post_init__(self) -> None:
        unique(self.name, self.ids)
        if len(self.ids) != len(self.weights):
            raise UsageError(f"{len(self.ids)} ids and {len(self.weights)} weights do not match.")
        bad = [w for w in self.weights if not 0 <= w <= HUGE]
        if bad:
            raise UsageError(
                f"{bad[0]!r} is no weight.", do="give numbers from 0 on; 0 takes an example out of the loss"
            )

    @property
    def says(self) -> str:
        """What it does."""
        low, high = min(self.weights), max(self.weights)
        size = f"{low:g}" if low == high else f"{low:.2g} to {high:.2g}"
        return f"weigh {counted(len(self.ids))} {size}, others 1"

    def apply(self, task: Task) -> Task:
        """The task whose recipe weighs them; UsageError when it weighs examples already."""
        rows = rows_of_ids(task, self.ids)
        if any(isinstance(event, ExampleWeights) and event.weights is not None for event in events_of(task)):
            raise UsageError("The recipe weighs examples already.", AGAIN, "undo that first, or join both in one plan")
        weights = np.ones(len(task.train), np.float32)
        weights[rows] = self.weights
        methods = (*task.recipe.methods, ExampleWeights(weights))
        return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=methods))

    def entry(self) -> dict[str, Any]:
        """What the file says of it."""
        return {"examples": [{"id": i, "weight": w} for i, w in zip(self.ids, self.weights, strict=True)]}

    @classmethod
    def read(cls, entry: Mapping[str, Any], reason: str) -> Reweight:
        """From what the file says."""
        (examples,) = keys(entry, "examples")
        columns = {"id": an_id, "weight": lambda value: a_number(value, "'weight'")}
        return cls(*a_table(examples, "'examples'", columns), reason=reason)
