import math

import numpy as np
import pytest
from scipy import stats

from byheart.diagnosis.proportion import wilson
from byheart.diagnosis.uncertainty import (
    Interval,
    normal,
    of_counts,
    of_rows,
    of_seeds,
    resampled,
    row_variance,
    seed_variance,
    share,
    within,
)


def test_one_seed_of_rows_is_wilson():
    values = (np.arange(50) < 40).astype(float)[None]
    assert of_rows(values) == pytest.approx(wilson(40, 50), abs=0.004)  # n - 1 under the row variance, n in Wilson's


def test_all_right_is_wilson_of_all_right():
    assert of_rows(np.ones((3, 50))) == pytest.approx(wilson(50, 50))


def test_losses_are_normal_and_seeds_students():
    values = np.array([[1.0, 2.0, 4.0], [1.5, 2.5, 6.0]])
    by_row = values.mean(0).var(ddof=1) / 3
    by_seed = values.mean(1).var(ddof=1) / 2 * (stats.t.ppf(0.975, 1) / 1.959963984540054) ** 2
    half = 1.959963984540054 * math.sqrt(by_row + by_seed)
    assert of_rows(values) == pytest.approx((values.mean(), values.mean() - half, values.mean() + half))


def test_seeds_alone_are_students_interval():
    values = np.array([0.9, 0.92, 0.97])
    low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert of_seeds(values) == pytest.approx((values.mean(), low, high))


def test_one_seed_has_no_spread():
    value, low, high = of_seeds(np.array([0.5, np.nan]))
    assert value == 0.5 and math.isnan(low) and math.isnan(high)
    assert seed_variance(np.array([0.5])) == 0.0


def test_what_diverged_is_left_out():
    values = np.array([[1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0]])
    with_gap = np.vstack([values, np.full(4, np.nan)])
    assert of_rows(with_gap) == of_rows(values)
    assert of_seeds(np.array([0.1, np.nan, 0.3])) == of_seeds(np.array([0.1, 0.3]))
    for found in (of_rows(np.full((2, 3), np.nan)), of_seeds(np.full(2, np.nan)), of_counts(*np.full((2, 2), np.nan))):
        assert all(map(math.isnan, found))


def test_one_row_has_no_variance():
    assert math.isnan(row_variance(np.ones((2, 1))))
    assert all(math.isnan(end) for end in of_rows(np.array([[0.5], [0.7]]))[1:])


def test_counts_are_shares_of_other_examples():
    found = of_counts(np.array([0.5, 0.5, 0.5]), np.array([20.0, 20.0, 20.0]))
    assert found == pytest.approx(wilson(10, 20))
    wider = of_counts(np.array([0.3, 0.5, 0.7]), np.array([20.0, 20.0, 20.0]))
    assert wider.low < found.low and wider.high > found.high


def test_shares_stay_shares():
    for p in (0.0, 0.02, 0.5, 0.99, 1.0):
        found = share(p, 0.01, 30)
        assert 0 <= found.low <= p <= found.high <= 1


def test_cut_to_what_there_can_be():
    assert within(normal(0.9, 0.01), 0, 1) == Interval(0.9, pytest.approx(0.704, abs=1e-3), 1.0)


@pytest.mark.parametrize("seeds", [3, 5])
def test_intervals_hold_the_truth_as_often_as_they_say(seeds):
    """Accuracy that differs by seed and by row: 95% intervals hold the mean of all seeds and rows."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        hard = random.beta(4, 1, 200)  # each row's chance to be right; mean 0.8
        shift = random.normal(0, 0.03, seeds)
        values = (random.random((seeds, 200)) < np.clip(hard + shift[:, None], 0, 1)).astype(float)
        found = of_rows(values)
        held += found.low <= 0.798 <= found.high  # clipping takes 0.002 off
    assert held / 400 >= 0.93


def test_the_bootstrap_against_a_slow_one():
    random = np.random.default_rng(1)
    values = random.random((4, 5, 30))
    drawn = resampled(values, 400)
    slow = []
    for _ in range(400):
        k, r = random.integers(0, 5, 5), random.integers(0, 30, 30)
        slow.append(values[:, k][:, :, r].mean((1, 2)))
    slow = np.array(slow)
    assert drawn.shape == (400, 4)
    np.testing.assert_allclose(drawn.mean(0), slow.mean(0), atol=0.02)
    np.testing.assert_allclose(drawn.std(0), slow.std(0), rtol=0.15)


def test_draws_are_paired_between_settings_and_repeat():
    values = np.random.default_rng(2).random((1, 3, 20))
    drawn = resampled(np.concatenate([values, values + 1]), 50)
    np.testing.assert_allclose(drawn[:, 1] - drawn[:, 0], 1)
    np.testing.assert_array_equal(drawn, resampled(np.concatenate([values, values + 1]), 50))


def test_draws_without_any_training_are_not_known():
    values = np.ones((2, 2, 4))
    values[1, 0] = np.nan
    drawn = resampled(values, 100)
    assert np.isfinite(drawn[:, 0]).all()
    assert 0.1 < np.isnan(drawn[:, 1]).mean() < 0.45  # both draws took the one that diverged: a quarter of the time
