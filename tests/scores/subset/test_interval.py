"""The intervals against exact coverage, scipy, and slow references."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, t, ttest_ind

from byheart.scores.subset.interval import frequency, frequency_difference, mean, mean_difference


def slow_difference(s: float, n: float, u: float, m: float) -> tuple[float, float]:
    """One pair of counts, written out."""
    p, q = (s + 1) / (n + 2), (u + 1) / (m + 2)
    a, b = p * (1 - p) / (n + 2), q * (1 - q) / (m + 2)
    quantile = t.ppf(0.975, (a + b) ** 2 / (a * a / (n + 1) + b * b / (m + 1)))
    reach = quantile * (a + b) ** 0.5
    return max(-1.0, p - q - reach), min(1.0, p - q + reach)


@given(st.integers(1, 70), st.integers(1, 70), st.data())
def test_a_difference_of_frequencies_equals_its_formula(n, m, data):
    s, u = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    found = frequency_difference(*(np.array([float(x)]) for x in (s, n, u, m)))
    assert (found.low[0], found.high[0]) == pytest.approx(slow_difference(s, n, u, m), abs=1e-9)
    assert found.value[0] == pytest.approx(s / n - u / m)
    assert found.low[0] <= found.value[0] <= found.high[0]


@pytest.mark.parametrize(("n", "m"), [(14, 6), (28, 12), (32, 32), (5, 3)])
def test_the_exact_coverage_is_at_least_point_nine_everywhere(n, m):
    grid = np.unique(np.r_[np.linspace(0, 1, 21), 0.001, 0.006, 0.36, 0.48, 0.52, 0.994, 0.999])
    s, u = (x.ravel() for x in np.meshgrid(np.arange(n + 1.0), np.arange(m + 1.0), indexing="ij"))
    found = frequency_difference(s, np.full(s.size, float(n)), u, np.full(s.size, float(m)))
    covered = []
    for p in grid:
        for q in grid:
            weight = binom.pmf(s, n, p) * binom.pmf(u, m, q)
            covered.append(weight[(found.low <= p - q) & (p - q <= found.high)].sum())
    assert min(covered) >= 0.90
    assert 0.94 <= np.mean(covered) <= 0.995


def test_no_trial_on_a_side_is_not_a_number():
    found = frequency_difference(np.array([0.0, 3.0]), np.array([0.0, 3.0]), np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    for column in (found.value, found.se, found.low, found.high):
        assert np.isnan(column).all()


def test_a_difference_of_means_equals_scipys_welch():
    generator = np.random.default_rng(0)
    member, value = generator.random((20, 50)) < 0.7, generator.exponential(size=(20, 50))
    found = mean_difference(member, value)
    for i in range(50):
        reference = ttest_ind(value[~member[:, i], i], value[member[:, i], i], equal_var=False)
        interval = reference.confidence_interval(0.95)
        assert found.low[i] == pytest.approx(interval.low, abs=1e-9)
        assert found.high[i] == pytest.approx(interval.high, abs=1e-9)
        assert found.value[i] / found.se[i] == pytest.approx(reference.statistic)


def test_one_model_on_a_side_leaves_the_difference_without_an_error():
    member = np.array([[True, True], [True, True], [False, True]])
    found = mean_difference(member, np.array([[1.0, 1.0], [2.0, 1.0], [5.0, 1.0]]))
    assert found.value[0] == 3.5
    assert np.isnan(found.se[0])
    assert np.isnan(found.value[1])


def test_equal_values_on_each_side_have_an_error_of_zero():
    found = mean_difference(np.array([[True], [True], [False], [False]]), np.array([[1.0], [1.0], [2.0], [2.0]]))
    assert (found.value[0], found.se[0], found.low[0], found.high[0]) == (1.0, 0.0, 1.0, 1.0)


@given(st.integers(1, 60), st.data())
def test_a_frequency_lies_in_its_interval(n, data):
    hits = data.draw(st.integers(0, n))
    found = frequency(np.array([float(hits)]), np.array([float(n)]))
    assert 0 <= found.low[0] <= found.value[0] <= found.high[0] <= 1


def test_the_exact_coverage_of_a_frequency_is_at_least_point_nine():
    for n in (6, 12, 18, 30):
        hits = np.arange(n + 1.0)
        found = frequency(hits, np.full(n + 1, float(n)))
        covered = [binom.pmf(hits, n, p)[(found.low <= p) & (p <= found.high)].sum() for p in np.linspace(0, 1, 201)]
        assert min(covered) >= 0.90


def test_a_mean_ignores_what_was_not_measured():
    value = np.array([[1.0, np.nan, np.nan], [3.0, 2.0, np.nan]])
    found = mean(value, 0.0, 10.0)
    assert found.value[:2].tolist() == [1 + 1, 2.0]
    assert found.se[0] == pytest.approx(1.0)
    assert np.isnan(found.se[1]) and np.isnan(found.value[2])
    assert (found.low[0], found.high[0]) == (0.0, 10.0)
