"""Two audits whose outcome is known, made beside every audit: one without a leak and one with a planted one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byheart.privacy import pooled
from byheart.privacy.answers import Answers
from byheart.privacy.attacks import Name
from byheart.privacy.leave_one_out import scores
from byheart.privacy.pairs import partners

PLANTED, FEWEST = 50, 20  # one example in so many leaks, and no fewer than so many
Z = 1.959964
SURER = 2.0  # nats by which a planted member's answer is surer
WIDER = 1.7  # times a 95% interval: an audit in a thousand fails by chance, instead of one in twenty


@dataclass(frozen=True)
class SelfCheck:
    """AUC with its 95% interval where nothing leaks (`null`), and over the examples that were made to (`planted`)."""

    null: float
    null_low: float
    null_high: float
    planted: float
    planted_low: float
    planted_high: float

    @property
    def clean(self) -> bool:
        """Whether nothing is found where nothing is: .5 is within the interval, widened to fail once in a thousand."""
        low, high = (self.null + WIDER * (end - self.null) for end in (self.null_low, self.null_high))
        return low <= 0.5 <= high

    @property
    def sharp(self) -> bool:
        """Whether the planted leak is found."""
        return self.planted_low > 0.5

    @property
    def shown(self) -> str:
        """What came of it, in words."""
        null = f"AUC {self.null:.3f} [{self.null_low:.3f}, {self.null_high:.3f}]"
        leak = f"{self.planted:.3f} [{self.planted_low:.3f}, {self.planted_high:.3f}]"
        end = "as it should" if self.clean and self.sharp else "which it should not: do not trust this audit"
        return f"with shuffled membership the attack reads {null}, on a planted leak {leak}, {end}"


def self_check(answers: Answers, attack: Name, seed: int = 0) -> SelfCheck:
    """The attack on membership that was dealt anew among the examples, so that no model saw what it is said to have.

    Each example gets the whole column of another, so that all counts stay as they are.
    """
    random = np.random.default_rng(seed)
    dealt = answers.member[:, random.permutation(len(answers.ids))]
    null = answers.dealt(dealt)
    partner = partners(dealt, answers.ids)
    said = scores(null, partner, attack)
    possible = random.permutation(np.flatnonzero((~np.isnan(said)).any(0)))
    planted = possible[: max(FEWEST, len(possible) // PLANTED)]
    off = np.zeros(dealt.shape, np.float32)
    off[:, planted] = np.where(dealt[:, planted], 0.0, SURER)
    found = scores(null.less_sure(off), partner, attack)[:, planted]
    return SelfCheck(*_read(said, dealt), *_read(found, dealt[:, planted]))


def _read(said: np.ndarray, member: np.ndarray) -> tuple[float, float, float]:
    value, curve = pooled.auc(said, member), pooled.curve(said, member)
    low, high = pooled.auc_interval(curve, value, said, member)
    n1, n0 = float(curve.members.sum()), float(curve.others.sum())
    least = Z * np.sqrt((n0 + n1 + 1) / (12 * n0 * n1))  # Mann and Whitney 1947, were all pairs independent
    half = max(value - low, high - value, float(least))
    return value, max(value - half, 0.0), min(value + half, 1.0)
