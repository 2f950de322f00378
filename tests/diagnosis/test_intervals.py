import math

import numpy as np
import pytest
from scipy import stats

from byheart.diagnosis.intervals import at_once, mean_measure, paired_points, share_measure, unpaired, weighted_mean
from byheart.diagnosis.proportion import Z, wilson, wilson_many


def test_at_once_is_bonferronis():
    assert at_once(1) == pytest.approx(Z)
    assert at_once(10) == pytest.approx(stats.norm.ppf(1 - 0.05 / 20))


def test_wilson_solves_its_equation_for_any_z():
    """Its ends are where the hits are z standard errors of the end itself away."""
    for z in (Z, 2.8):
        p, low, high = (float(x[0]) for x in wilson_many(np.array([7]), np.array([20]), z))
        assert p == 0.35
        for end in (low, high):
            assert abs(p - end) == pytest.approx(z * math.sqrt(end * (1 - end) / 20))


def test_means_and_differences_against_scipy():
    random = np.random.default_rng(0)
    a, b = random.normal(1, 2, 40), random.normal(0, 1, 70)
    found = mean_measure("m", a, "loss")
    assert (found.value, found.se) == (pytest.approx(a.mean()), pytest.approx(stats.sem(a)))
    assert (found.low, found.high) == tuple(pytest.approx(x) for x in stats.norm.interval(0.95, a.mean(), stats.sem(a)))
    gap = unpaired("g", a, b, "loss")
    welch = stats.ttest_ind(a, b, equal_var=False)
    assert gap.value / gap.se == pytest.approx(welch.statistic)
    assert not mean_measure("m", a[:1], "loss").measured and not unpaired("g", a[:1], b, "loss").measured


def test_shares():
    found = share_measure("s", np.array([1, 0, 1, 1], bool))
    assert (found.value, found.low, found.high) == tuple(pytest.approx(x) for x in wilson(3, 4))
    assert not share_measure("s", np.array([])).measured


def test_paired_points_are_bonett_and_prices_interval():
    """With a and b discordant pairs of n: ((a + 1) - (b + 1)) / (n + 2) -+ z sqrt(...), from their formula."""
    a, b, n = 9, 2, 50
    gain = np.r_[np.ones(a), -np.ones(b), np.zeros(n - a - b)]
    p, q = (a + 1) / (n + 2), (b + 1) / (n + 2)
    half = Z * math.sqrt((p + q - (p - q) ** 2) / (n + 2))
    found = paired_points("d", gain)
    assert found.value == pytest.approx((a - b) / n)
    assert (found.low, found.high) == (pytest.approx(p - q - half), pytest.approx(p - q + half))
    assert paired_points("d", np.zeros(50)).low < 0 < paired_points("d", np.zeros(50)).high


def test_paired_points_cover():
    random = np.random.default_rng(0)
    for p, q in ((0.02, 0.02), (0.3, 0.05), (0.0, 0.1)):
        draws = random.multinomial(40, [p, q, 1 - p - q], 3000)
        ends = [paired_points("d", np.r_[np.ones(a), -np.ones(b), np.zeros(c)]) for a, b, c in draws]
        assert np.mean([e.low <= p - q <= e.high for e in ends]) >= 0.93


def test_a_weighted_mean_covers_though_a_part_is_never_wrong():
    random = np.random.default_rng(1)
    weights, p, n = np.array([0.7, 0.25, 0.05]), np.array([0.99, 0.8, 0.3]), np.array([60, 40, 25])
    hits = random.binomial(n, p, (3000, 3))
    found = [weighted_mean("a", *wilson_many(h, n), weights, 125, "share") for h in hits]
    assert np.mean([f.low <= weights @ p <= f.high for f in found]) >= 0.93
    assert found[0].value == pytest.approx(weights @ (hits[0] / n))
