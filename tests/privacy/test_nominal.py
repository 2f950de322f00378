"""The interval of a hit rate at a false-alarm rate that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binomtest, norm

from byheart.privacy import nominal
from byheart.privacy.nominal import hit_rate, places
from byheart.privacy.roc import exact, roc, tpr_at

FPRS = (0.001, 0.01, 0.05, 0.3, 0.9)
VALUES = st.one_of(st.integers(-3, 3).map(float), st.sampled_from([np.inf, -np.inf]))


def both(least: int = 1):
    side = st.lists(VALUES, min_size=least, max_size=150).map(np.array)
    return st.tuples(side, side)


def covered(draw, truth: float, fpr: float, simulations: int) -> np.ndarray:
    """How often the interval, its lower and its upper end hold the truth."""
    held = np.zeros(3)
    for seed in range(simulations):
        low, high = hit_rate(*draw(np.random.default_rng(seed)), fpr)
        held += [low <= truth <= high, low <= truth, truth <= high]
    return held / simulations


def error(simulations: int, coverage: float) -> float:
    return 2.6 * float(np.sqrt(coverage * (1 - coverage) / simulations))


@pytest.mark.parametrize("fpr", FPRS)
@pytest.mark.parametrize("others", [1, 5, 37, 200, 1000, 2500])
def test_places_are_those_of_the_beta_distribution(others, fpr):
    k, gamma = np.arange(1, others + 1), 0.0125
    below = beta.cdf(fpr, k, others - k + 1)  # chance that the share above the k-th largest is at most fpr
    within, beyond = places(others, fpr)
    assert within == (k[below >= 1 - gamma].max() if (below >= 1 - gamma).any() else 0)
    assert beyond == (k[1 - below >= 1 - gamma].min() if (1 - below >= 1 - gamma).any() else others + 1)


@pytest.mark.parametrize("fpr", FPRS)
def test_more_others_bring_the_places_closer_and_never_back(fpr):
    many = [10, 11, 12, 40, 100, 101, 400, 1000, 4000, 4001, 16000]
    found = np.array([places(n, fpr) for n in many])
    assert (np.diff(found, axis=0) >= 0).all()
    apart = np.array([(beyond - within) / n for (within, beyond), n in zip(found, many, strict=True)])
    assert (np.diff(apart[[0, 3, 4, 6, 8, 10]]) < 0).all()
    assert (found[:, 0] <= fpr * np.array(many)).all() and (found[:, 1] >= fpr * np.array(many)).all()


@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_the_interval_is_narrower_of_more_and_closes_on_the_truth(shift):
    widths = []
    for n in (300, 1200, 4800, 19200):
        spread = norm.ppf((np.arange(n) + 0.5) / n)
        low, high = hit_rate(spread + shift, spread, 0.05)
        assert low <= norm.sf(norm.isf(0.05) - shift) <= high
        widths.append(high - low)
    assert (np.diff(widths) < 0).all() and widths[-1] < widths[0] / 5


@given(both(), st.sampled_from(FPRS))
def test_it_is_that_of_the_curve_and_holds_what_is_found(sides, fpr):
    mine, others = sides
    scores, member = np.concatenate(sides), np.arange(len(mine) + len(others)) < len(mine)
    rate, (low, high) = tpr_at(roc(scores, member), fpr), hit_rate(mine, others, fpr)
    assert (rate.low, rate.high) == (low, high) and rate.asked == fpr
    least, most = exact(round(rate.value * len(mine)), len(mine))
    assert low <= least <= rate.value <= most <= high


@given(both(), st.sampled_from(FPRS))
def test_only_the_order_counts(sides, fpr):
    mine, others = sides
    _, ranks = np.unique(np.concatenate(sides), return_inverse=True)
    ranks = 7.0 + 3.0 * ranks
    assert hit_rate(ranks[: len(mine)], ranks[len(mine) :], fpr) == hit_rate(mine, others, fpr)


@given(both(), st.sampled_from(FPRS))
def test_members_that_tie_count_above_and_not_below(sides, fpr):
    """As if ties of members with others were broken against them at the lower end, and for them at the upper."""
    mine, others = (np.clip(side, -9, 9) for side in sides)
    low, high = hit_rate(mine, others, fpr)
    assert low == hit_rate(mine - 0.5, others, fpr)[0] and high == hit_rate(mine + 0.5, others, fpr)[1]


@given(both(), st.sampled_from(FPRS), st.integers(0, 149))
def test_a_higher_score_of_a_member_lowers_neither_end(sides, fpr, which):
    mine, others = sides
    more = mine.copy()
    more[which % len(mine)] = np.inf
    assert all(a <= b for a, b in zip(hit_rate(mine, others, fpr), hit_rate(more, others, fpr), strict=True))


def test_by_hand():
    """1,000 others at 1%: the threshold is between their 4th and 19th, the members are 3 and 6 of 10."""
    others = np.arange(1000, 0, -1.0)
    mine = np.array([999.0, 998.0, 997.5, 997.0, 990.0, 982.0, 981.9, 5.0, 4.0, 3.0])
    assert places(1000, 0.01) == (4, 19)  # at least 997 and 982
    ends = binomtest(3, 10).proportion_ci(0.975).low, binomtest(6, 10).proportion_ci(0.975).high
    assert hit_rate(mine, others, 0.01) == pytest.approx(ends)


def test_too_few_others_leave_one_end_open():
    mine = np.full(50, np.inf)
    assert places(100, 0.01) == (0, 5) and hit_rate(mine, np.zeros(100), 0.01) == (0.0, 1.0)
    assert places(3, 0.9)[1] == 4 and hit_rate(-mine, np.zeros(3), 0.9)[1] == 1.0


def test_infinite_and_tied_scores():
    sure, flat = np.full(400, np.inf), np.zeros(400)
    low, high = hit_rate(sure, -sure, 0.05)
    assert low == pytest.approx(0.0125 ** (1 / 400)) and high == 1.0
    assert hit_rate(-sure, sure, 0.05) == pytest.approx((0.0, 1 - 0.0125 ** (1 / 400)))
    assert hit_rate(flat, flat, 0.05) == (0.0, 1.0)  # where all tie, a threshold finds nobody or everybody


@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_it_covers_a_smooth_curve(shift):
    held = covered(lambda g: (g.normal(size=300) + shift, g.normal(size=300)),
                   norm.sf(norm.isf(0.05) - shift), 0.05, 1000)  # fmt: skip
    assert held[0] >= 0.95 - error(1000, 0.95) and (held[1:] >= 0.975 - error(1000, 0.975)).all()


@pytest.mark.parametrize("side", [1, -1])
def test_it_covers_a_curve_that_jumps_where_it_was_asked(side):
    """The worst case of either end: all members but a few score just below, or just above, the true threshold, so that
    a place on the wrong side of it finds nearly all, or nearly none.
    """
    threshold = norm.isf(0.05)
    truth = 0.2 if side > 0 else 0.8

    def draw(g: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        few = np.where(g.random(300) < 0.2, 5.0 * side, threshold - 1e-9 * side)
        return few, g.normal(size=300)

    held = covered(draw, truth, 0.05, 2000)
    assert held[0] >= 0.95 - error(2000, 0.95) and (held[1:] >= 0.975 - error(2000, 0.975)).all()
    assert held[0] < 0.995  # the price of both errors is paid for something


def test_it_covers_where_scores_tie():
    """Scores of 0 to 9, members one higher in four of ten: at 15% of others the rule that is allowed is 9 alone."""

    def draw(g: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return np.minimum(g.integers(0, 10, 400) + (g.random(400) < 0.4), 9.0), g.integers(0, 10, 400).astype(float)

    held = covered(draw, 0.14, 0.15, 1000)
    assert held[0] >= 0.95 - error(1000, 0.95)


def test_the_share_that_the_threshold_takes_is_fixed():
    assert nominal.SHARE == 0.5 and nominal.bounds(3, 6, 10) == pytest.approx(
        (beta.ppf(0.0125, 3, 8), beta.ppf(0.9875, 7, 4))
    )
