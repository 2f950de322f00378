"""The scores of all targets pooled: exact rates, and intervals that know that pairs of one target belong together.

Scores are read target by target: beside them are held those of the pooled members and of the others, and no matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import norm, t

from byheart.base.errors import UsageError
from byheart.privacy.nominal import hit_rate
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

    `rate` is at the best threshold, with exact intervals as if all pairs were independent; [low, high] is over targets,
    by a bootstrap that is as much wider or narrower as `shared` says, and no narrower than errors at one threshold
    allow. `shadow_tpr` and `shadow_fpr` are at thresholds that were chosen without the target, on the other models.
    `ppv` says per prior how many of the accused are members, at this false-alarm rate.
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
    members, others = (
        np.array([int(_of(row, side).sum()) for row, side in zip(scores, chosen, strict=True)])
        for chosen in (member, ~member)
    )
    if not members.sum() or not others.sum():
        raise UsageError(f"There are {members.sum()} members and {others.sum()} others.", do="give both")
    if scores.shape[1] * len(scores) <= KNOTS:
        knots = np.unique(scores[~np.isnan(scores)])[::-1]
    else:
        values = ranked(scores, ~member)[::-1]
        last = len(values) - 1
        at = np.concatenate([np.geomspace(1, last + 1, KNOTS // 2) - 1, np.linspace(0, last, KNOTS // 2)])
        knots = np.unique(values[at.astype(int)])[::-1]
    knots = np.concatenate([[np.inf], knots, [-np.inf]])
    tp, fp = (np.stack([_above(row[_of(row, side)], knots) for row, side in zip(scores, chosen, strict=True)])
              for chosen in (member, ~member))  # fmt: skip
    tp[:, -1], fp[:, -1] = members, others  # a score of -inf is above nothing
    return Curve(knots, tp, fp, members, others)


def of_side(scores: Float[np.ndarray, "targets n"], chosen: Bool[np.ndarray, "targets n"]) -> Float[np.ndarray, "k"]:
    """The known scores of one side (k,), target by target."""
    found, at = np.empty(sum(int(_of(*pair).sum()) for pair in zip(scores, chosen, strict=True))), 0
    for row, side in zip(scores, chosen, strict=True):
        here = row[_of(row, side)]
        found[at : at + len(here)] = here
        at += len(here)
    return found


def ranked(scores: Float[np.ndarray, "targets n"], chosen: Bool[np.ndarray, "targets n"]) -> Float[np.ndarray, "k"]:
    """The same, ascending."""
    found = of_side(scores, chosen)
    found.sort()
    return found


def _of(row: np.ndarray, side: np.ndarray) -> np.ndarray:
    return side & ~np.isnan(row)


def _above(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    return len(values) - np.searchsorted(np.sort(values), thresholds, side="right")


def auc(scores: Float[np.ndarray, "targets n"], member: Bool[np.ndarray, "targets n"]) -> float:
    """The chance that a member's score is above another's, over all pooled pairs, ties counting half."""
    others, wins, members = ranked(scores, ~member), 0.0, 0
    for row, inside in zip(scores, member, strict=True):
        mine = np.sort(row[_of(row, inside)])  # places of sorted values are found much faster
        wins += sum(np.searchsorted(others, mine, side=side).sum(dtype=np.float64) for side in ("left", "right"))
        members += len(mine)
    return float(wins / (2 * len(others) * members))


def auc_interval(
    found: Curve, value: float, scores: Float[np.ndarray, "targets n"], member: Bool[np.ndarray, "targets n"]
) -> tuple[float, float]:
    """The 95% interval of the pooled AUC, over targets and examples."""
    tpr, fpr = _resampled(found)
    low, high = interval(np.trapezoid(tpr, fpr, axis=1), len(found.members))
    return widened(value, low, high, shared(placed_by_target(scores, member, value)))


def at(found: Curve, scores: Float[np.ndarray, "targets n"], member: Bool[np.ndarray, "targets n"], fpr: float) -> At:
    """The pooled rate of hits at a false-alarm rate: exact, over all thresholds."""
    if not 0 < fpr < 1:
        raise UsageError(f"A false-alarm rate of {fpr} has no threshold.", do="give a share between 0 and 1")
    n1, n0 = int(found.members.sum()), int(found.others.sum())
    allowed = int(np.floor(fpr * n0 + 1e-9))
    mine, others = of_side(scores, member), of_side(scores, ~member)
    threshold = -np.partition(-others, allowed)[allowed]  # the first that would be one too many
    tp, fp = int((mine > threshold).sum()), int((others > threshold).sum())
    as_independent = hit_rate(mine, others, fpr)
    rate = Rate(
        fpr, tp / n1, *as_independent, float(threshold), fp / n0, *exact(fp, n0),
        n0 >= (needed := int(np.ceil(LEAST_ALARMS / fpr))), needed,
    )  # fmt: skip
    low, high = interval(_hits(*_resampled(found), fpr), len(found.members))
    slope = _slope(found, fpr)
    pull = (
        np.where(np.isnan(row), 0.0, np.where(inside, ((row > threshold) - tp / n1) / n1,
                                              -slope * ((row > threshold) - fp / n0) / n0))
        for row, inside in zip(scores, member, strict=True)
    )  # fmt: skip
    low, high = widened(tp / n1, low, high, shared(pull))
    least, most = exact(tp, n1)
    shadow = at_shadows(found, fpr)
    ppv = tuple(precision(rate.value, fpr, prior) for prior in PRIORS)
    return At(fpr, rate, min(low, least), max(high, most), *shadow, ppv)


def _slope(found: Curve, fpr: float) -> float:
    """How much the rate of hits rises with the false-alarm rate, from half to twice of it."""
    least, most = (found.tpr[np.searchsorted(found.fpr, x + 1e-12, side="right") - 1] for x in (fpr / 2, fpr * 2))
    return float((most - least) / (1.5 * fpr))


def placed(
    scores: Float[np.ndarray, "targets n"], member: Bool[np.ndarray, "targets n"], value: float
) -> Float[np.ndarray, "targets n"]:
    """What each pair adds to the AUC beyond its mean (targets, n), 0 where left out. Source: DeLong et al. 1988."""
    return np.stack(list(placed_by_target(scores, member, value)))


def placed_by_target(
    scores: Float[np.ndarray, "targets n"], member: Bool[np.ndarray, "targets n"], value: float
) -> Iterator[Float[np.ndarray, "n"]]:
    """The same, one target at a time."""
    mine, others = ranked(scores, member), ranked(scores, ~member)
    for row, inside in zip(scores, member, strict=True):
        found = np.zeros(len(row))
        for here, pool, many, sign in ((inside, others, len(mine), 1), (~inside, mine, len(others), -1)):
            here = _of(row, here)
            asked = row[here]
            order = np.argsort(asked)  # places of sorted values are found much faster
            below, share = asked[order], np.empty(len(asked))
            share[order] = np.searchsorted(pool, below, "left") + np.searchsorted(pool, below, "right")
            share /= 2 * len(pool)
            found[here] = (share - value if sign > 0 else 1 - share - value) / many
        yield found


def shared(pull: Iterable[np.ndarray]) -> float:
    """By how much an interval over targets is too narrow (below 1, too wide): pairs of one example go together as well.

    `pull` (targets, n), or its rows, is what each pair adds. All targets are attacked by the same references, and some
    examples leak in all of them, or add to both sides alike: what sums by target cannot show, sums by example do. The
    square root of V = V_target + V_example - V_pair over V_target (Cameron, Gelbach and Miller 2011), in which V, a
    difference that may come out as nothing, is at least the smaller of V_target and V_example.
    """
    by_target, by_pair, of_example = 0.0, 0.0, np.zeros(1)
    for row in pull:
        by_target += float(row.sum()) ** 2
        by_pair += float(np.square(row).sum())
        of_example = of_example + row
    by_example = float(np.square(of_example).sum())
    least = min(by_target, by_example)
    return float(np.sqrt(max(least, by_target + by_example - by_pair) / by_target)) if by_target > 0 else 1.0


def widened(value: float, low: float, high: float, by: float) -> tuple[float, float]:
    """The interval, which holds the value, `by` times as far from it on either side, within [0, 1]."""
    low, high = value - by * (value - min(low, value)), value + by * (max(high, value) - value)
    return max(low, 0.0), min(high, 1.0)


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


def _resampled(found: Curve) -> tuple[Float[np.ndarray, "resamples t"], Float[np.ndarray, "resamples t"]]:
    """TPR and FPR of targets drawn with replacement, a curve a row."""
    random, k = np.random.default_rng(0), len(found.members)
    weights = random.multinomial(k, np.full(k, 1 / k), RESAMPLES).astype(np.float64)
    weights = weights[((weights @ found.members) > 0) & ((weights @ found.others) > 0)]
    n1, n0 = weights @ found.members, weights @ found.others
    return weights @ found.tp / n1[:, None], weights @ found.fp / n0[:, None]


def _hits(tpr: np.ndarray, fpr: np.ndarray, at: float) -> Float[np.ndarray, "resamples"]:
    """The rate of hits at a false-alarm rate on each curve: at the last of its thresholds that keeps it."""
    return np.take_along_axis(tpr, (fpr <= at + 1e-12).sum(1, keepdims=True) - 1, 1)[:, 0]


def band(found: Curve, fprs: Float[np.ndarray, "p"]) -> tuple[Float[np.ndarray, "p"], Float[np.ndarray, "p"]]:
    """The 95% interval over targets, point by point, of the rate of hits at each of some false-alarm rates."""
    tpr, fpr = _resampled(found)
    low, high = zip(*(interval(_hits(tpr, fpr, float(x)), len(found.members)) for x in fprs), strict=True)
    return np.array(low), np.array(high)


def interval(drawn: Float[np.ndarray, "resamples"], clusters: int) -> tuple[float, float]:
    """Percentiles of a bootstrap over few clusters, widened as a t interval is. Source: Hesterberg 2015."""
    if clusters < 2:
        return (0.0, 1.0)
    tail = float(norm.cdf(-t.ppf(0.975, clusters - 1) * np.sqrt(clusters / (clusters - 1))))
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
