"""Which memorized training examples help which held-out ones, and how many such pairs chance alone would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import WHY, Evidence
from byheart.diagnosis.share import memorized

if TYPE_CHECKING:
    import pandas as pd

THRESHOLD = 0.15  # Feldman and Zhang (2020): "high influence" from here on
LIMIT = 1000
TOP = 12  # so many are looked at one by one
CELLS = 40_000_000  # pairs that are looked at: about a second for one look
DEALS = 3, 20  # how often answers are dealt to other models: of many pairs, few deals give a steady count
SLACK = 1e-9  # the same difference, summed in another order, is still as high
COLUMNS = ("id", "held_out_id", "label", "held_out_label",
           "influence", "influence_se", "influence_low", "influence_high")  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """How many pairs have at least the influence `threshold`: `found`, and `by_chance` on average, when the models'
    answers are dealt to other models.
    """

    threshold: float
    found: int
    by_chance: float

    @property
    def share_by_chance(self) -> float:
        """The share of those found that chance accounts for, in [0, 1]; NaN when none was found."""
        return min(1.0, self.by_chance / self.found) if self.found else float("nan")


@dataclass(frozen=True, eq=False)
class InfluencePairs:
    """Pairs of a memorized training example and a held-out one that is right more often when it was trained on.

    `table`: at most 1,000 pairs, highest influence first; influence in [-1, 1] with standard error and 95% interval,
    labels as the task has them. Of `memorized` training examples the `asked` most memorized were looked at, on
    `held_out` others, by `models` models, whose answers were dealt anew `deals` times. `high` counts the pairs of high
    influence, `top` those at least as high as the twelfth. `skipped` says why there is nothing.
    """

    table: pd.DataFrame
    memorized: int = 0
    asked: int = 0
    held_out: int = 0
    models: int = 0
    deals: int = 0
    high: Reach = Reach(THRESHOLD, 0, 0.0)
    top: Reach = Reach(THRESHOLD, 0, 0.0)
    skipped: str = ""

    def __len__(self) -> int:
        return len(self.table)


def influence_pairs(evidence: Evidence) -> InfluencePairs:
    """The pairs of highest influence (Feldman and Zhang 2020, section 2); without subset models, or where targets are
    numbers, an empty table and the reason.
    """
    import pandas as pd

    try:
        return _pairs(evidence)
    except NotApplicable as reason:
        return InfluencePairs(pd.DataFrame(columns=list(COLUMNS)), skipped=str(reason))


def _pairs(evidence: Evidence) -> InfluencePairs:
    from byheart.scores.subset.influence import count_pairs, pairs, pairs_by_chance

    task, many, n = evidence.task, evidence.many, len(evidence.task.train)
    if not task.is_classification:
        raise NotApplicable("influence counts right answers, and the targets are numbers, not classes")
    if many is None:
        raise NotApplicable(WHY["many"])
    ids, train, held = memorized(evidence.scores), task.train, task.held_out
    right = np.asarray(many["correct"][:, n:], np.float64)
    whole = np.asarray(many["member"], bool)
    kept = able(whole, right, THRESHOLD - SLACK)
    ids, known = ids[: max(1, CELLS // max(1, int(kept.sum())))], len(ids)
    among = np.isin(train.ids, ids)
    member, right, held_ids = whole[:, among], right[:, kept], held.ids[kept]
    table = pairs(whole, right, train.ids, held_ids, among, THRESHOLD - SLACK, LIMIT)
    table.insert(2, "label", _at(train.ids, train.targets, list(table["id"])))
    table.insert(3, "held_out_label", _at(held.ids, held.targets, list(table["held_out_id"])))
    deals = int(np.clip(3 * CELLS // max(1, len(ids) * right.shape[1]), *DEALS))

    def reach(threshold: float) -> Reach:
        possible = right[:, able(member, right, threshold - SLACK)]
        chance = [pairs_by_chance(member, possible, threshold - SLACK, seed) for seed in range(deals)]
        return Reach(threshold, count_pairs(member, possible, threshold - SLACK), float(np.mean(chance)))

    high = reach(THRESHOLD)
    top = reach(float(table["influence"].iloc[TOP - 1])) if len(table) > TOP else high
    return InfluencePairs(table, known, len(ids), len(held), len(member), deals, high, top)


def able(member: np.ndarray, right: np.ndarray, threshold: float) -> np.ndarray:
    """Which held-out examples (held,) are right often enough, and wrong often enough, for an influence of `threshold`.

    All others have no such pair, however the right answers fall on models with and without a training example. member
    (models, n), right (models, held).
    """
    inside = np.unique(member.sum(0))
    inside = inside[(inside > 0) & (inside < len(member))][:, None]
    total = right.sum(0)
    most = np.minimum(total, inside) / inside - np.maximum(total - inside, 0) / (len(member) - inside)
    return most.max(0, initial=-1.0) >= threshold


def _at(ids: np.ndarray, values: np.ndarray, wanted: list) -> np.ndarray:
    """The values that belong to the ids wanted."""
    place = {one: k for k, one in enumerate(ids.tolist())}
    return values[np.array([place[one] for one in wanted], int)]
