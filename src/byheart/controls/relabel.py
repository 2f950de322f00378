"""relabel: training examples get another label, by default what models that never saw them say."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int

from byheart.base.errors import DataError, UsageError
from byheart.controls.action import AGAIN, HUGE, a_table, a_text, action, an_id, counted, keys, unique
from byheart.controls.rows import Id, relabelled, rows_of_ids
from byheart.data.task import Task

Label = int | float | str  # a class number or name; for regression a number


def suggested(
    probabilities: Float[np.ndarray, "n classes"], rows: Int[np.ndarray, "k"], targets: Int[np.ndarray, "n"]
) -> tuple[Int[np.ndarray, "j"], Int[np.ndarray, "j"]]:
    """Of some rows those (j,) whose likeliest class is not the label, and that class (j,).

    `probabilities` (n, classes) must be out of sample; a row of NaNs says nothing.
    """
    known = rows[np.isfinite(probabilities[rows]).all(1)]
    likeliest = probabilities[known].argmax(1)
    other = likeliest != targets[known]
    return known[other], likeliest[other]


@action
@dataclass(frozen=True)
class Relabel:
    """Gives the examples `ids` the labels `to` in place of those in `given`: class numbers or names, for regression
    numbers.
    """

    ids: tuple[Id, ...]
    given: tuple[Label, ...]
    to: tuple[Label, ...]
    reason: str = ""
    name: ClassVar[str] = "relabel"

    def __post_init__(self) -> None:
        unique(self.name, self.ids)
        if not len(self.ids) == len(self.given) == len(self.to):
            raise UsageError(f"{len(self.ids)} ids, {len(self.given)} labels and {len(self.to)} new ones do not match.")

    @property
    def says(self) -> str:
        """What it does."""
        return f"give {counted(len(self.ids))} another label"

    def apply(self, task: Task) -> Task:
        """The task with the new labels; UsageError when a label is not the one that was to be replaced."""
        rows = rows_of_ids(task, self.ids)
        given = np.array([target_of(task, label) for label in self.given]).astype(task.train.targets.dtype)
        to = np.array([target_of(task, label) for label in self.to]).astype(task.train.targets.dtype)
        other = np.flatnonzero(task.train.targets[rows] != given)
        if len(other):
            k = other[0]
            found, wanted = (label_of(task, t) for t in (task.train.targets[rows[k]].item(), given[k].item()))
            raise UsageError(
                f"The example {self.ids[k]!r} has the label {found!r}, where the plan expects {wanted!r} "
                f"({counted(len(other))} like it).", AGAIN, "apply it to the task that it was made for",
            )  # fmt: skip
        return relabelled(task, rows, to)

    def entry(self) -> dict[str, Any]:
        """What the file says of it."""
        rows = zip(self.ids, self.given, self.to, strict=True)
        return {"examples": [{"id": i, "from": a, "to": b} for i, a, b in rows]}

    @classmethod
    def read(cls, entry: Mapping[str, Any], reason: str) -> Relabel:
        """From what the file says."""
        (examples,) = keys(entry, "examples")
        columns = {"id": an_id, "from": a_label, "to": a_label}
        return cls(*a_table(examples, "'examples'", columns), reason=reason)


def a_label(value: Any) -> Label:
    """A class name or a number."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | str)
        or not (isinstance(value, str) or abs(value) <= HUGE)
    ):
        raise DataError(f"{value!r} is no label.", do="give a class name in quotes, or a number")
    return a_text(value, "a label") if isinstance(value, str) else value


def label_of(task: Task, target: int | float) -> Label:
    """The name of a class where classes have names, else its number; for regression the target."""
    return task.class_names[int(target)] if task.class_names else target


def target_of(task: Task, label: Label) -> int | float:
    """The class number of a label, for regression its value; UsageError with the nearest name for an unknown one."""
    if not task.is_classification:
        if isinstance(label, str) or not abs(label) <= HUGE:
            raise UsageError(f"{label!r} is no target of a regression.", do="give a number")
        return float(label)
    if isinstance(label, str):
        if label in task.class_names:
            return task.class_names.index(label)
        near = difflib.get_close_matches(label, task.class_names, n=1)
        known = ", ".join(task.class_names) or f"the numbers 0 to {task.classes - 1}"
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of: {known}"
        raise UsageError(f"There is no class called {label!r} in {task.name}.", do=hint)
    if not 0 <= label < task.classes or label != int(label):
        raise UsageError(f"There is no class {label!r} in {task.name}.", do=f"give 0 to {task.classes - 1}")
    return int(label)
