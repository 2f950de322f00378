"""Paired intervals held against simulation, and against the formula written out."""

import numpy as np
import pytest
from scipy import stats

from byheart.controls.paired import BLOCKS, apart, error_of, paired_rows, paired_statistic
from byheart.diagnosis.uncertainty import Interval


def drawn(rng, seeds, rows, gain):
    """Two arms (seeds, rows) of 0 and 1: rows differ in how hard they are, seeds share a part of their luck."""
    hard = rng.normal(0, 1.0, rows)
    luck = rng.normal(0, 0.3, (seeds, 1))
    before = hard + luck + rng.normal(0, 0.5, (seeds, rows)) > 0
    after = hard + luck + rng.normal(0, 0.3, (seeds, 1)) + gain + rng.normal(0, 0.5, (seeds, rows)) > 0
    return before.astype(float), after.astype(float)


def truth(gain):
    rng = np.random.default_rng(9)
    before, after = drawn(rng, 400, 4000, gain)
    return (after - before).mean()


@pytest.mark.parametrize(("seeds", "rows"), [(3, 60), (5, 200)])
def test_intervals_of_differences_cover_as_often_as_they_say(seeds, rows):
    real, rng = truth(0.4), np.random.default_rng(1)
    hits = [f.low <= real <= f.high for f in (paired_rows(*drawn(rng, seeds, rows, 0.4)) for _ in range(400))]
    assert 0.92 <= np.mean(hits) <= 0.995  # three standard errors of 400 draws are .033


def test_nothing_changed_has_a_width():
    right = np.ones((3, 50))
    found = paired_rows(right, right)
    assert found.value == 0 and found.low == -found.high < 0


def test_order_of_rows_and_of_arms():
    before, after = drawn(np.random.default_rng(0), 3, 40, 0.5)
    one, back, mixed = (
        paired_rows(before, after),
        paired_rows(after, before),
        paired_rows(before[:, ::-1], after[:, ::-1]),
    )
    np.testing.assert_allclose([-back.value, -back.high, -back.low], one)
    np.testing.assert_allclose(mixed, one)


def test_a_statistic_that_is_a_mean_has_nearly_the_interval_of_a_mean():
    rng = np.random.default_rng(3)
    before, after = rng.normal(size=(4, 400)), rng.normal(0.3, 1, size=(4, 400))
    by_blocks = paired_statistic(
        400, [lambda r, x=x: float(x[r].mean()) for x in before], [lambda r, x=x: float(x[r].mean()) for x in after]
    )
    by_rows = paired_rows(before, after, shares=False)
    assert by_blocks.value == pytest.approx(by_rows.value)
    assert 0.6 < error_of(by_blocks) / error_of(by_rows) < 1.6


def test_too_few_rows_for_blocks_have_no_interval():
    found = paired_statistic(2 * BLOCKS - 1, [lambda r: 0.0] * 2, [lambda r: 1.0] * 2)
    assert found.value == 1 and np.isnan([found.low, found.high]).all()


def test_estimates_apart_cover():
    rng, hits = np.random.default_rng(2), []
    for _ in range(500):
        arms = []
        for p, n in ((0.2, 80), (0.5, 120)):
            k = rng.binomial(n, p)
            low, high = stats.binomtest(int(k), n).proportion_ci(method="wilson")
            arms.append(Interval(k / n, low, high))
        found = apart(*arms)
        hits.append(found.low <= 0.3 <= found.high)
    assert 0.92 <= np.mean(hits) <= 0.98


def test_apart_of_what_is_not_known():
    assert np.isnan(apart(Interval(0.1, np.nan, np.nan), Interval(0.2, 0.1, 0.3)).value)
