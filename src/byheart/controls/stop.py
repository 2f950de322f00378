"""stop: training ends earlier, at an epoch that validation examples chose or somebody names."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from byheart.base.errors import UsageError
from byheart.controls.action import AGAIN, action, keys, whole
from byheart.controls.methods import acting
from byheart.data.task import Task
from byheart.diagnosis.turning import peak
from byheart.methods.stop_at_epoch import StopAtEpoch
from byheart.runs.loop import events_of
from byheart.runs.run import Run


def best_epoch(run: Run) -> int:
    """The recommended stopping epoch (from 1): where smoothed validation accuracy is highest (regression: loss least).

    No test example has a say. Errors: UsageError for a run that recorded no validation examples.
    """
    if "validation_loss" not in run:
        raise UsageError(
            f"{run.folder} has no validation examples.", "They choose the epoch.", "name the epoch: --stop-at 12"
        )
    return peak(run)


@action
@dataclass(frozen=True)
class Stop:
    """Ends training after `epochs` epochs; the learning rates stay those of the whole training."""

    epochs: int
    reason: str = ""
    name: ClassVar[str] = "stop"

    def __post_init__(self) -> None:
        StopAtEpoch(self.epochs)

    @property
    def ids(self) -> tuple[()]:
        """It is about no example in particular."""
        return ()

    @property
    def says(self) -> str:
        """What it does."""
        return f"stop after epoch {self.epochs}"

    def apply(self, task: Task) -> Task:
        """The task whose training ends there; UsageError when it does so already."""
        ends = [e.epochs for e in events_of(task) if isinstance(e, StopAtEpoch) and e.epochs is not None]
        if min([task.recipe.epochs, *ends]) <= self.epochs:
            raise UsageError(
                f"Training ends after epoch {min([task.recipe.epochs, *ends])} already.", AGAIN,
                f"name an earlier epoch than {self.epochs}, or leave stop out",
            )  # fmt: skip
        methods = acting(task, list(task.recipe.methods), f"stop_at_epoch={self.epochs}")
        return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=tuple(methods)))

    def entry(self) -> dict[str, Any]:
        """What the file says of it."""
        return {"epochs": self.epochs}

    @classmethod
    def read(cls, entry: Mapping[str, Any], reason: str) -> Stop:
        """From what the file says."""
        (epochs,) = keys(entry, "epochs")
        return cls(whole(epochs, "'epochs'"), reason)
