"""ROC of a membership attack over all thresholds, and what can be said of its rate of hits at few false alarms.

Scores are high for members. A rate at a false-alarm rate below 10 / n0 rests on fewer than ten false alarms and is
called not resolvable, never zero or NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import beta, rankdata

from byheart.base.errors import UsageError
from byheart.privacy import nominal

LEAST_ALARMS = 10  # false alarms below which a rate is not resolvable


@dataclass(frozen=True, eq=False)
class Roc:
    """Hits `tp` and false alarms `fp` (t,) of the rule "score > threshold", thresholds descending; the first has none.

    `members`, `others`: how many there are.
    """

    thresholds: Float[np.ndarray, "t"]
    tp: Int[np.ndarray, "t"]
    fp: Int[np.ndarray, "t"]
    members: int
    others: int

    @property
    def tpr(self) -> Float[np.ndarray, "t"]:
        """Share of members that are found."""
        return self.tp / self.members

    @property
    def fpr(self) -> Float[np.ndarray, "t"]:
        """Share of others that are taken for members."""
        return self.fp / self.others

    @property
    def auc(self) -> float:
        """Area under the curve: the chance that a member scores above another, ties counting half; .5 is chance."""
        return float(np.trapezoid(self.tpr, self.fpr))


@dataclass(frozen=True)
class Rate:
    """The rate of hits at a false-alarm rate `asked` for, with its exact 95% interval, which knows that a threshold is
    an estimate (`nominal.hit_rate`); this threshold, and the false-alarm rate there, with its exact interval.

    `resolvable` is False when fewer than ten false alarms are allowed; `needed` says how many others would do.
    """

    asked: float
    value: float
    low: float
    high: float
    threshold: float
    fpr: float
    fpr_low: float
    fpr_high: float
    resolvable: bool
    needed: int

    @property
    def shown(self) -> str:
        """The rate in words."""
        if not self.resolvable:
            return f"not resolvable, needs at least {self.needed:,} non-members"
        return f"{self.value:.2%} [{self.low:.2%}, {self.high:.2%}]"


def roc(scores: Float[np.ndarray, "n"], member: Bool[np.ndarray, "n"]) -> Roc:
    """The curve over all thresholds; equal scores are one step. Errors: UsageError for NaN and for one-sided sets."""
    member = np.asarray(member, bool)
    members, others = int(member.sum()), int((~member).sum())
    if not members or not others:
        raise UsageError(f"There are {members} members and {others} others.", do="give both")
    if np.isnan(scores).any():
        raise UsageError(f"{np.isnan(scores).sum()} scores are no numbers.", do="leave these examples out")
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], member[order]
    last = np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True])  # the last of each run of ties
    tp = np.cumsum(hits)[last]
    below = np.r_[ranked[last[:-1] + 1], -np.inf]  # "score > threshold" takes in everything above the next value
    return Roc(np.r_[ranked[0], below].astype(np.float64), np.r_[0, tp], np.r_[0, last + 1 - tp], members, others)


def tpr_at(curve: Roc, fpr: float) -> Rate:
    """The largest share of members found with at most floor(fpr * n0) false alarms.

    Its interval is that of `nominal.hit_rate`, read from the curve.
    """
    if not 0 < fpr < 1:
        raise UsageError(f"A false-alarm rate of {fpr} has no threshold.", do="give a share between 0 and 1")
    at = int(np.searchsorted(curve.fp, np.floor(fpr * curve.others + 1e-9), side="right")) - 1
    tp, fp = int(curve.tp[at]), int(curve.fp[at])
    within, beyond = (int(np.searchsorted(curve.fp, k)) for k in nominal.places(curve.others, fpr))
    above = int(curve.tp[within - 1]) if within else 0
    at_least = int(curve.tp[beyond]) if beyond < len(curve.tp) else curve.members
    low, high = nominal.bounds(above, at_least, curve.members)
    needed = int(np.ceil(LEAST_ALARMS / fpr))
    return Rate(
        fpr, tp / curve.members, low, high, float(curve.thresholds[at]), fp / curve.others, *exact(fp, curve.others),
        curve.others >= needed, needed,
    )  # fmt: skip


def at_threshold(
    scores: Float[np.ndarray, "n"], member: Bool[np.ndarray, "n"], threshold: float
) -> tuple[float, float]:
    """Hit rate and false-alarm rate of "score > threshold": for thresholds chosen elsewhere, on shadow models."""
    said = scores > threshold
    return float(said[member].mean()), float(said[~member].mean())


def precision(tpr: float, fpr: float, prior: float) -> float:
    """Share of the accused that are members, when a share `prior` of all are; NaN where nobody is accused."""
    accused = tpr * prior + fpr * (1 - prior)
    return tpr * prior / accused if accused else float("nan")


def exact(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of Clopper and Pearson (1934) for hits / n."""
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, n - hits)) if hits < n else 1.0
    return low, high


def auc_by_ranks(scores: Float[np.ndarray, "n"], member: Bool[np.ndarray, "n"]) -> float:
    """The same area from ranks (Mann and Whitney 1947), without the curve: for bootstraps."""
    members, others = int(member.sum()), int((~member).sum())
    return float((rankdata(scores)[member].sum() - members * (members + 1) / 2) / (members * others))
