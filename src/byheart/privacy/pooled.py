"""The scores of all targets pooled: exact rates, and intervals that know that pairs of one target belong together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import norm, t

from byheart.base.errors import UsageError
from byheart.privacy.roc import LEAST_ALARMS, Rate, exact, precision

PRIORS = (0.5, 0.1, 0.01)
CLUSTERS = 16  # targets below which a bootstrap over targets is called so
RESAMPLES = 1000
KNOTS = 2000  # thresholds of the drawn curve and of the bootstrap, at most


@dataclass(frozen=True, eq=False)
class Curve:
    """Hits and false alarms (targets, t) of the rule "score > threshold" by target, thresholds (t,) descending."""

    thresholds: Float[np.ndarray, "t"]
    tp: Int[np.ndarray, "targets t"]
    fp: Int[np.ndarray, "targets t"]
    members: Int[np.ndarray, "targets"]
    others: Int[np.ndarray, "targets"]

    @property
    def tpr(self) -> Float[np.ndarray, "t"]:
        """Pooled share of members that are found."""
        return self.tp.sum(0) / self.members.sum()

    @property
    def fpr(self) -> Float[np.ndarray, "t"]:
        """Pooled share of others that are taken for members."""
        return self.fp.sum(0) / self.others.sum()


@dataclass(frozen=True)
class At:
    """The rate of hits at most at the false-alarm rate `fpr`.

    `rate` is at the best threshold, with exact intervals as if all pairs were independent; [low, high] covers these
    and a bootstrap over targets. `shadow_tpr` and `shadow_fpr` are at thresholds that were chosen without the target,
    on the other models. `ppv` says per prior how many of the accused are members, at this false-alarm rate.
    """

    fpr: float
    rate: Rate
    low: float
    high: float
    shadow_tpr: float
    shadow_fpr: float
    ppv: tuple[float, ...]

    @property
    def shown(self) -> str:
        """The rate in words."""
        if not self.rate.resolvable:
            return self.rate.shown
        return f"{self.rate.value:.2%} [{self.low:.2%}, {self.high:.2%}]"


def curve(scores: Float[np.ndarray, "targets n"], member: Bool[np.ndarray, "targets n"]) -> Curve:
    """Counts by target at all thresholds, or, of more than 2,000, at those that are evenly spaced on either axis.

    NaN marks pairs that are left out. Errors: UsageError when all are, or all are members.
    """
    known = ~np.isnan(scores)
    members, others = (known & member).sum(1), (known & ~member).sum(1)
    if not members.sum() or not others.sum():
        raise UsageError(f"There are {members.sum()} members and {others.sum()} others.", do="give both")
    values = np.sort(scores[known & ~member])[::-1]
    if scores.shape[1] * len(scores) <= KNOTS:
        knots = np.unique(scores[known])[::-1]
    else:
        last = len(values) - 1
        at = np.concatenate([np.geomspace(1, last + 1, KNOTS // 2) - 1, np.linspace(0, last, KNOTS // 2)])
        knots = np.unique(values[at.astype(int)])[::-1]
    knots = np.concatenate([[np.inf], knots, [-np.inf]])
    tp, fp = (np.stack([_above(row[k & side], knots) for row, k, side in zip(scores, known, chosen, strict=True)])
              for chosen in (member, ~member))  # fmt: skip
    tp[:, -1], fp[:, -1] = members, others  # a score of -inf is above nothing
    return Curve(knots, tp, fp, members, others)


def _above(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    return len(values) - np.searchsorted(np.sort(values), thresholds, side="right")


def auc(scores: Float[np.ndarray, "targets n"], member: Bool[np.ndarray, "targets n"]) -> float:
    """The chance that a member's score is above another's, over all pooled pairs, ties counting half."""
    known = ~np.isnan(scores)
    others, mine = np.sort(scores[known & ~member]), np.sort(scores[known & member])
    wins = sum(np.searchsorted(others, mine, side=side).sum(dtype=np.float64) for side in ("left", "right"))
    return float(wins / (2 * len(others) * len(mine)))


def auc_interval(found: Curve, value: float) -> tuple[float, float]:
    """The 95% interval of the pooled AUC over targets."""
    low, high = interval([float(np.trapezoid(tpr, fpr)) for tpr, fpr in _resampled(found)], len(found.members))
    return min(low, value), max(high, value)


def at(found: Curve, scores: Float[np.ndarray, "targets n"], member: Bool[np.ndarray, "targets n"], fpr: float) -> At:
    """The pooled rate of hits at a false-alarm rate: exact, over all thresholds."""
    if not 0 < fpr < 1:
        raise UsageError(f"A false-alarm rate of {fpr} has no threshold.", do="give a share between 0 and 1")
    known = ~np.isnan(scores)
    n1, n0 = int(found.members.sum()), int(found.others.sum())
    allowed = int(np.floor(fpr * n0 + 1e-9))
    threshold = -np.partition(-scores[known & ~member], allowed)[allowed]  # the first that would be one too many
    said = known & (scores > threshold)
    tp, fp = int((said & member).sum()), int((said & ~member).sum())
    rate = Rate(
        tp / n1, *exact(tp, n1), float(threshold), fp / n0, *exact(fp, n0),
        n0 >= (needed := int(np.ceil(LEAST_ALARMS / fpr))), needed,
    )  # fmt: skip
    drawn = [float(t[np.searchsorted(f, fpr + 1e-12, side="right") - 1]) for t, f in _resampled(found)]
    low, high = interval(drawn, len(found.members))
    shadow = at_shadows(found, fpr)
    ppv = tuple(precision(rate.value, fpr, prior) for prior in PRIORS)
    return At(fpr, rate, min(low, rate.low), max(high, rate.high), *shadow, ppv)


def at_shadows(found: Curve, fpr: float) -> tuple[float, float]:
    """Hit rate and false-alarm rate over all targets, each at the threshold that the other models call for; NaN for
    one target.
    """
    if len(found.members) < 2:
        return float("nan"), float("nan")
    rest, n0 = found.fp.sum(0) - found.fp, found.others.sum() - found.others
    place = np.array([np.searchsorted(row, np.floor(fpr * n + 1e-9), "right") - 1 for row, n in zip(rest, n0)])  # noqa: B905
    rows = np.arange(len(place))
    return (
        float(found.tp[rows, place].sum() / found.members.sum()),
        float(found.fp[rows, place].sum() / found.others.sum()),
    )


def _resampled(found: Curve):
    """Curves (tpr, fpr) of targets drawn with replacement."""
    random, k = np.random.default_rng(0), len(found.members)
    weights = random.multinomial(k, np.full(k, 1 / k), RESAMPLES).astype(np.float64)
    tp, fp = weights @ found.tp, weights @ found.fp
    n1, n0 = weights @ found.members, weights @ found.others
    return [(a / m, b / o) for a, b, m, o in zip(tp, fp, n1, n0, strict=True) if m and o]


def band(found: Curve, fprs: Float[np.ndarray, "p"]) -> tuple[Float[np.ndarray, "p"], Float[np.ndarray, "p"]]:
    """The 95% interval over targets, point by point, of the rate of hits at each of some false-alarm rates."""
    drawn = np.array([t[np.searchsorted(f, fprs + 1e-12, side="right") - 1] for t, f in _resampled(found)])
    low, high = zip(*(interval(list(column), len(found.members)) for column in drawn.T), strict=True)
    return np.array(low), np.array(high)


def interval(drawn: list[float], clusters: int) -> tuple[float, float]:
    """Percentiles of a bootstrap over few clusters, widened as a t interval is. Source: Hesterberg 2015."""
    if clusters < 2:
        return (0.0, 1.0)
    tail = float(norm.cdf(-t.ppf(0.975, clusters - 1) * np.sqrt(clusters / (clusters - 1))))
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
