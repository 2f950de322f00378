"""One row per class and per given group: how many, how accurate, how much of it memorized."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.final import final_correct
from byheart.diagnosis.groups import By, labels_of
from byheart.diagnosis.proportion import wilson
from byheart.diagnosis.share import MEMORIZED


@dataclass(frozen=True)
class ClassRow:
    """A class or group: training and test counts, test accuracy and share memorized with 95% intervals; NaN where not
    measured.

    For regression `accuracy` is NaN and `loss` (mean, on test) stands for it.
    """

    name: str
    train: int
    test: int
    accuracy: float = math.nan
    accuracy_low: float = math.nan
    accuracy_high: float = math.nan
    loss: float = math.nan
    memorized: int = 0
    share: float = math.nan
    share_low: float = math.nan
    share_high: float = math.nan


def class_table(evidence: Evidence) -> tuple[ClassRow, ...]:
    """One row per class, in the order of the classes; nothing for regression."""
    return rows_of(evidence, "class")


def group_table(evidence: Evidence) -> tuple[ClassRow, ...]:
    """One row per given group, in alphabetical order; nothing where no groups were given."""
    return rows_of(evidence, "group")


def rows_of(evidence: Evidence, by: By) -> tuple[ClassRow, ...]:
    """The rows of one of the two tables."""
    there, tested = labels_of(evidence, by, "train"), labels_of(evidence, by, "test")
    if there is None:
        return ()
    tested = np.zeros(len(evidence.task.test), there.dtype) if tested is None else tested
    try:
        right = final_correct(evidence, "test")
    except NotApplicable:
        right = None
    memorization = evidence.optional("memorization")
    names = list(dict.fromkeys(np.unique(np.concatenate([there, tested])).tolist()))
    if by == "class":
        known = evidence.task.class_names or tuple(str(k) for k in range(evidence.task.outputs))
        names = [str(name) for name in known]
    return tuple(
        row(str(name), there == name, tested == name, memorization, right, evidence) for name in names if name != ""
    )


def row(
    name: str,
    inside: np.ndarray,
    tested: np.ndarray,
    memorization: np.ndarray,
    right: np.ndarray | None,
    evidence: Evidence,
) -> ClassRow:
    """One row, from the masks of its training and test examples."""
    values = memorization[inside]
    values = values[np.isfinite(values)]
    hits = int((values >= MEMORIZED).sum())
    share, low, high = wilson(hits, len(values))
    found = ClassRow(
        name, int(inside.sum()), int(tested.sum()), memorized=hits, share=share, share_low=low, share_high=high
    )
    if right is None or not tested.any():
        return found
    if not evidence.task.is_classification:
        return replace(found, loss=float(-right[tested].mean()))
    accuracy, low, high = wilson(right[tested].sum(), tested.sum())
    return replace(found, accuracy=accuracy, accuracy_low=low, accuracy_high=high)
