"""Risk per class or group: whom an attack recognizes more often than others, with intervals where it can be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy.stats import t

from byheart.privacy import pooled
from byheart.privacy.pooled import At
from byheart.privacy.roc import LEAST_ALARMS


@dataclass(frozen=True)
class GroupRisk:
    """One group of `examples`: `members` and `others` pairs of a target and an example it was, or was not, trained on.

    `at` is the rate of hits at so many false alarms among this group's own others; None where these are too few, of
    which `needed` would do. `risk`, with its 95% interval over targets, is the mean of its examples' `Risk.value`.
    """

    name: str
    examples: int
    members: int
    others: int
    at: At | None
    needed: int
    risk: float
    risk_low: float
    risk_high: float

    @property
    def shown(self) -> str:
        """The rate in words."""
        return self.at.shown if self.at else f"not resolvable, needs at least {self.needed:,} non-members"


def group_risks(
    scores: Float[np.ndarray, "targets n"], member: Bool[np.ndarray, "targets n"], threshold: float, fpr: float,
    names: Shaped[np.ndarray, "n"],
) -> tuple[GroupRisk, ...]:  # fmt: skip
    """Every group of `names`, the riskiest first; NaN scores are left out.

    `threshold` is the one by which single examples are accused, the same for all groups: a group whose others are
    taken for members as well has no more risk for that.
    """
    known = ~np.isnan(scores)
    needed = int(np.ceil(LEAST_ALARMS / fpr))
    found: list[GroupRisk] = []
    groups, place = np.unique(names, return_inverse=True)
    for g, name in enumerate(groups):
        here = np.flatnonzero(place == g)
        part, inside, said = scores[:, here], member[:, here], known[:, here]
        members, others = int((said & inside).sum()), int((said & ~inside).sum())
        at = pooled.at(pooled.curve(part, inside), part, inside, fpr) if members and others >= needed else None
        risk = mean_risk(said & (part > threshold), said, inside)
        found.append(GroupRisk(str(name), len(here), members, others, at, needed, *risk))
    return tuple(sorted(found, key=lambda one: inf if np.isnan(one.risk) else -one.risk))


def mean_risk(
    accused: Bool[np.ndarray, "targets n"], known: Bool[np.ndarray, "targets n"], member: Bool[np.ndarray, "targets n"]
) -> tuple[float, float, float]:
    """Mean over examples of the share of hits minus that of false alarms, and its 95% interval over targets.

    By leaving out one target at a time (Efron and Stein 1981), Student's t with one degree of freedom less than targets
    that say anything, and as much wider as `pooled.shared` says: targets share references, and examples differ.
    """
    sides = [known & member, known & ~member]
    counts, struck = [side.sum(0) for side in sides], [(accused & side).sum(0) for side in sides]
    value, at_work = _mean(struck, counts), np.flatnonzero(known.any(1))
    without = np.array([
        _mean([s - (accused[k] & x[k]) for s, x in zip(struck, sides, strict=True)],
              [c - x[k] for c, x in zip(counts, sides, strict=True)])
        for k in at_work
    ])  # fmt: skip
    if len(without) < 2 or not np.isfinite(without).all():
        return value, -1.0, 1.0
    k = len(without)
    se = np.sqrt((k - 1) / k * ((without - without.mean()) ** 2).sum())
    half = float(t.ppf(0.975, k - 1) * se) * max(1.0, pooled.shared(_pull(accused, sides, counts)))
    return value, max(value - half, -1.0), min(value + half, 1.0)


def _mean(struck: list[Int[np.ndarray, "n"]], counts: list[Int[np.ndarray, "n"]]) -> float:
    both = (counts[0] > 0) & (counts[1] > 0)
    if not both.any():
        return float("nan")
    return float(np.mean(struck[0][both] / counts[0][both] - struck[1][both] / counts[1][both]))


def _pull(accused: np.ndarray, sides: list[np.ndarray], counts: list[np.ndarray]) -> Iterator[Float[np.ndarray, "n"]]:
    """What each pair adds to the mean risk beyond its expectation, times the number of examples; by target."""
    both = (counts[0] > 0) & (counts[1] > 0)
    struck = [sum(np.where(s & both, a, 0) for s, a in zip(side, accused, strict=True)) for side in sides]
    expected = [float((hits / np.maximum(count, 1))[both].mean()) for hits, count in zip(struck, counts, strict=True)]
    for k, said in enumerate(accused):
        found = np.zeros(len(said))
        for side, count, mean, sign in zip(sides, counts, expected, (1, -1), strict=True):
            found += sign * np.where(side[k] & both, (said - mean) / np.maximum(count, 1), 0.0)
        yield found
