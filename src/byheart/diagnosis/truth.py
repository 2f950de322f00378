"""What was planted, held against scores and findings."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from byheart.base.registry import every
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.proportion import Z, wilson

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.scores.table import Scores


# which finding is meant to find what was planted
MEANT = {"wrong": "MEM001", "duplicate": "MEM002", "rare": "MEM003", "leaked": "MEM005", "conflicting": "MEM008"}


@dataclass(frozen=True)
class TruthRow:
    """How well one score ranks the examples of one planted mask: AUROC in [0, 1] with its 95% interval, over `n`
    examples that have the score.
    """

    name: str
    count: int
    score: str
    auroc: float
    se: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class FindingRow:
    """How well one finding hits one planted mask: precision and recall with 95% intervals (Wilson)."""

    name: str
    count: int
    code: str
    found: int
    hits: int
    precision: float
    precision_low: float
    precision_high: float
    recall: float
    recall_low: float
    recall_high: float


@dataclass(frozen=True)
class Truth:
    """All scores and all findings against all planted masks, the best score of each mask first."""

    scores: tuple[TruthRow, ...]
    findings: tuple[FindingRow, ...]

    def of(self, name: str) -> tuple[TruthRow, ...]:
        """The scores' rows for one planted mask."""
        return tuple(row for row in self.scores if row.name == name)

    @property
    def meant(self) -> tuple[FindingRow, ...]:
        """The findings' rows where the finding is meant to find just that."""
        return tuple(row for row in self.findings if MEANT.get(row.name) == row.code)


def hold(scores: Scores, task: Task, findings: Iterable[Finding] = ()) -> Truth:
    """Hold scores and findings against every mask in `task.truth`.

    Masks with one value only, truth that is no mask, and scores that are no ranking are left out.
    """
    masks = {name: mask for name, mask in task.truth.items() if mask.dtype == bool and mask.any() and not mask.all()}
    directions = {name: spec.direction for name, spec in every("score").items() if spec.direction}
    by_score = []
    for name, mask in masks.items():
        rows = []
        for column, values in scores.columns.items():
            known = np.isfinite(values)
            if column not in directions or not mask[known].any() or mask[known].all():
                continue
            estimate = auroc(np.asarray(values, float)[known] * directions[column], mask[known])
            rows.append(TruthRow(name, int(mask.sum()), column, *estimate, int(known.sum())))
        by_score += sorted(rows, key=lambda row: -row.auroc)
    by_finding = [
        against(found, name, with_originals(name, mask, task), task)
        for name, mask in masks.items()
        for found in findings
        if found.count
    ]
    return Truth(tuple(by_score), tuple(by_finding))


def with_originals(name: str, mask: np.ndarray, task: Task) -> np.ndarray:
    """The mask (n,), for planted copies together with their originals: a finding cannot know which was first."""
    if "duplicate" not in name or "duplicate_of" not in task.truth:
        return mask
    originals = task.truth["duplicate_of"][mask]
    whole = mask.copy()
    whole[originals[originals >= 0]] = True
    return whole


def against(finding: Finding, name: str, mask: np.ndarray, task: Task) -> FindingRow:
    """Precision and recall of one finding for one mask (n,)."""
    found = np.isin(task.train.ids, finding.ids)
    hits = int((found & mask).sum())
    return FindingRow(
        name,
        int(mask.sum()),
        finding.code,
        int(found.sum()),
        hits,
        *wilson(hits, found.sum()),
        *wilson(hits, mask.sum()),
    )


def auroc(values: np.ndarray, mask: np.ndarray) -> tuple[float, float, float, float]:
    """AUROC of values (n,) for mask (n,), its standard error, and its 95% interval on the logit scale.

    Source: DeLong, DeLong and Clarke-Pearson (1988), by midranks after Sun and Xu (2014). A perfect ranking has no
    spread; its interval then ends at the least AUROC that would show no error with 95% probability (rule of three on
    the smaller side).
    """
    from scipy.stats import rankdata

    positive, negative = values[mask], values[~mask]
    m, n = len(positive), len(negative)
    ranks = rankdata(np.concatenate([positive, negative]))
    placed = (ranks[:m] - rankdata(positive)) / n  # share of negatives below each positive
    placed_other = 1 - (ranks[m:] - rankdata(negative)) / m
    value = float(placed.mean())
    spread = (placed.var(ddof=1) / m if m > 1 else 0.25) + (placed_other.var(ddof=1) / n if n > 1 else 0.25)
    se = math.sqrt(max(float(spread), 0.0))
    edge = min(3 / min(m, n), 0.5)
    if value >= 1 or value <= 0:
        return value, se, max(value - edge, 0.0), min(value + edge, 1.0)
    reach = Z * se / (value * (1 - value))
    logit = math.log(value / (1 - value))
    return value, se, 1 / (1 + math.exp(min(reach - logit, 700.0))), 1 / (1 + math.exp(min(-logit - reach, 700.0)))
