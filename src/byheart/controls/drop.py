"""drop: training examples are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from byheart.controls.action import AGAIN, a_list, action, an_id, counted, keys, unique
from byheart.controls.rows import Id, rows_of_ids, taken
from byheart.data.task import Task


@action
@dataclass(frozen=True)
class Drop:
    """Leaves the examples `ids` out of training."""

    ids: tuple[Id, ...]
    reason: str = ""
    name: ClassVar[str] = "drop"

    def __post_init__(self) -> None:
        unique(self.name, self.ids)

    @property
    def says(self) -> str:
        """What it does."""
        return f"leave {counted(len(self.ids))} out"

    def apply(self, task: Task) -> Task:
        """The task without them; UsageError for ids that are not there."""
        return taken(task, np.delete(np.arange(len(task.train)), rows_of_ids(task, self.ids, AGAIN)))

    def entry(self) -> dict[str, Any]:
        """What the file says of it."""
        return {"ids": list(self.ids)}

    @classmethod
    def read(cls, entry: Mapping[str, Any], reason: str) -> Drop:
        """From what the file says."""
        (ids,) = keys(entry, "ids")
        return cls(a_list(ids, an_id, "'ids'"), reason)
