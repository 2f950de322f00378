"""deduplicate: of every set of copies one example stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int, Shaped

from byheart.base.errors import DataError, UsageError
from byheart.controls.action import AGAIN, a_list, a_table, action, an_id, counted, keys, unique
from byheart.controls.rows import Id, rows_of_ids, taken
from byheart.data.task import Task


def kept_of(
    members: Int[np.ndarray, "k"],
    targets: Shaped[np.ndarray, "n"],
    probabilities: Float[np.ndarray, "n classes"] | None = None,
) -> int | None:
    """The row of a set of copies that stays: the first with the label that most of them have.

    Labels that tie are decided by the mean out-of-sample probability that the set gives them; None, nothing stays,
    where that is not known: one of the labels is wrong, and nobody knows which.
    """
    labels, counts = np.unique(targets[members], return_counts=True)
    most = labels[counts == counts.max()]
    if len(most) > 1:
        if probabilities is None:
            return None
        belief = probabilities[members][np.isfinite(probabilities[members]).all(1)]
        if not len(belief):
            return None
        most = most[[belief.mean(0)[most].argmax()]]
    return int(members[targets[members] == most[0]].min())


@action
@dataclass(frozen=True)
class Deduplicate:
    """Of every set of copies leaves `drop` out and keeps `keep`; None keeps nothing of the set."""

    keep: tuple[Id | None, ...]
    drop: tuple[tuple[Id, ...], ...]
    reason: str = ""
    name: ClassVar[str] = "deduplicate"

    def __post_init__(self) -> None:
        if len(self.keep) != len(self.drop):
            raise UsageError(f"{len(self.keep)} examples to keep and {len(self.drop)} sets do not match.")
        unique(self.name, [*self.ids, *(i for i in self.keep if i is not None)])
        if not self.ids:
            raise UsageError("There is nothing to deduplicate.", do="leave it out, or name copies to drop")

    @property
    def ids(self) -> tuple[Id, ...]:
        """The copies that are left out."""
        return tuple(i for copies in self.drop for i in copies)

    @property
    def says(self) -> str:
        """What it does."""
        whole = sum(i is None for i in self.keep)
        also = f", of {whole} none" if whole else ""
        return f"leave {counted(len(self.ids), 'copy').replace('copys', 'copies')} out, keep one of each set{also}"

    def apply(self, task: Task) -> Task:
        """The task without the copies; UsageError for ids that are not there."""
        rows_of_ids(task, [i for i in self.keep if i is not None])
        return taken(task, np.delete(np.arange(len(task.train)), rows_of_ids(task, self.ids, AGAIN)))

    def entry(self) -> dict[str, Any]:
        """What the file says of it."""
        return {"sets": [{"keep": k, "drop": list(d)} for k, d in zip(self.keep, self.drop, strict=True)]}

    @classmethod
    def read(cls, entry: Mapping[str, Any], reason: str) -> Deduplicate:
        """From what the file says."""
        (sets,) = keys(entry, "sets")
        columns = {"keep": id_or_none, "drop": lambda value: a_list(value, an_id, "'drop'")}
        return cls(*a_table(sets, "'sets'", columns), reason=reason)


def id_or_none(value: Any) -> Id | None:
    """An id, or null."""
    try:
        return None if value is None else an_id(value)
    except DataError as error:
        raise DataError(error.what, do="give an id, or null to keep nothing of the set") from error
