"""Two audits whose outcome is known, made beside every audit: one without a leak and one with a planted one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from byheart.privacy import pooled
from byheart.privacy.answers import Answers
from byheart.privacy.attacks import Name
from byheart.privacy.leave_one_out import scores
from byheart.privacy.pairs import partners
from byheart.privacy.rmia import TINY

PLANTED, FEWEST = 50, 20  # one example in so many leaks, and no fewer than so many
Z = 1.959964
SURER = 2.0  # nats by which a planted member's answer is surer
WIDER = 1.7  # times a 95% interval: an audit in a thousand fails by chance, instead of one in twenty
MOST = 100_000  # models or records: beyond it a number is no advice
FAULT = (
    "do not trust this audit, it has a fault, as chance makes it seem once in a thousand; record the models with "
    "another seed, and report it if it stays"
)

Outcome = Literal["found", "not resolved", "missed"]
Counted = Literal["models", "records"]
BEYOND: dict[Counted, str] = {"models": "more models than can be trained", "records": "more records than can be had"}


@dataclass(frozen=True)
class SelfCheck:
    """AUC with its 95% interval where nothing leaks (`null`), and over the examples that were made to (`planted`).

    `expected` is the AUC of the planted leak by counting, without the attack's code; `number` is how many there were of
    what the intervals are over.
    """

    null: float
    null_low: float
    null_high: float
    planted: float
    planted_low: float
    planted_high: float
    expected: float
    number: int
    of: Counted = "models"

    @property
    def clean(self) -> bool:
        """Whether nothing is found where nothing is: .5 is within the interval, widened to fail once in a thousand."""
        low, high = (self.null + WIDER * (end - self.null) for end in (self.null_low, self.null_high))
        return low <= 0.5 <= high

    @property
    def outcome(self) -> Outcome:
        """What became of the planted leak: "found" if the interval is above .5; "not resolved" if it holds .5 and,
        widened as above, what was planted; "missed" if it lies below either.
        """
        if self.planted_low > 0.5:
            return "found"
        return "not resolved" if self.planted + self._reach >= max(self.expected, 0.5) else "missed"

    @property
    def sharp(self) -> bool:
        """Whether the planted leak is found."""
        return self.outcome == "found"

    @property
    def wanted(self) -> int:
        """About how many models, or records, would find the planted leak in all but a draw in a thousand, were the
        interval narrower with the square root of their number.
        """
        short = (self.planted - self.planted_low + self._reach) / max(self.expected - 0.5, 1e-9)
        return max(math.ceil(min(self.number * short**2, MOST)), self.number + 1)

    @property
    def shown(self) -> str:
        """What came of it, why, and what to do, as the end of a sentence."""
        null = f"with shuffled membership the attack reads AUC {_ends(self.null, self.null_low, self.null_high)}"
        leak = _ends(self.planted, self.planted_low, self.planted_high)
        if not self.clean:
            return f"{null}, which excludes .5 where no model has seen what it is said to have: {FAULT}"
        if self.outcome == "found":
            return f"{null}, on a planted leak {leak}, as it should"
        planted = f"{null}, as it should; a planted leak of AUC {self.expected:.3f}"
        if self.outcome == "missed":
            return f"{planted} was missed, {leak} excludes it: {FAULT}"
        many = f"about {self.wanted:,} {self.of}" if self.wanted < MOST else BEYOND[self.of]
        return (
            f"{planted} is not resolved, {leak} fits both it and guessing, because {self.number:,} {self.of} are too "
            f"few to see it: no fault, but as small a leak could stay unseen here; {many} would show it"
        )

    @property
    def _reach(self) -> float:
        """How far above the value the widened interval reaches."""
        return WIDER * (self.planted_high - self.planted)


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
    leaky = null.less_sure(np.where(dealt[:, planted], 0.0, SURER), planted)
    found, member = scores(leaky, partner, attack)[:, planted], dealt[:, planted]
    counted = np.where(np.isnan(found), np.nan, plainly(leaky, partner, attack, planted))
    expected = pooled.auc(counted, member)
    return SelfCheck(*_read(said, dealt), *_read(found, member), expected, answers.models)


def plainly(
    answers: Answers, partner: Int[np.ndarray, "models n"], attack: Name, at: Int[np.ndarray, "k"]
) -> Float[np.ndarray, "models k"]:
    """What the simplest attack of this kind says of some examples (models, k): the signal that `attack` reads, less its
    mean over the same references. It shares no code with the attacks, so that a fault in these is not in it.
    """
    said = np.asarray(np.mean([signal(one, attack, at) for one in (answers, *answers.again)], axis=0), np.float64)
    if attack in ("loss", "attack_p"):
        return said
    member, other = answers.member[:, at], partner[:, at]
    everybody = np.ones_like(member) if attack.endswith("online") else ~member
    found = np.full(said.shape, np.nan)
    for k in range(len(said)):
        references = everybody.copy()
        references[k] = False
        references[np.maximum(other[k], 0), np.arange(len(at))] = False
        count = references.sum(0)
        mean = np.divide((said * references).sum(0), count, out=np.full(len(at), np.nan), where=count > 0)
        found[k] = np.where(other[k] >= 0, said[k] - mean, np.nan)
    return found


def signal(answers: Answers, attack: Name, at: Int[np.ndarray, "k"]) -> Float[np.ndarray, "models k"]:
    """What an attack reads of some examples, high for a sure and right answer."""
    if attack.startswith("rmia"):
        return np.log(np.maximum(answers.probability[:, at], TINY))
    return answers.phi[:, at] if attack.startswith("lira") else -answers.loss[:, at]


def _ends(value: float, low: float, high: float) -> str:
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _read(said: np.ndarray, member: Bool[np.ndarray, "models n"]) -> tuple[float, float, float]:
    value, curve = pooled.auc(said, member), pooled.curve(said, member)
    low, high = pooled.auc_interval(curve, value, said, member)
    n1, n0 = float(curve.members.sum()), float(curve.others.sum())
    least = Z * np.sqrt((n0 + n1 + 1) / (12 * n0 * n1))  # Mann and Whitney 1947, were all pairs independent
    half = max(value - low, high - value, float(least))
    return value, max(value - half, 0.0), min(value + half, 1.0)
