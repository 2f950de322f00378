import numpy as np
import pytest
from scipy.stats import binom, binomtest

from byheart.diagnosis.proportion import Z, difference, wilson, wilson_many


@pytest.mark.parametrize(("hits", "n"), [(0, 5), (5, 5), (3, 18), (141, 1437)])
def test_wilson_equals_scipy(hits, n):
    value, low, high = wilson(hits, n)
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert value == hits / n
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_of_nothing_there_is_no_frequency():
    assert np.isnan(wilson(0, 0)).all()
    assert np.isnan(difference(0, 0, 3, 5)).all()
    assert np.isnan(wilson_many(np.array([0, 1]), np.array([0, 2]))[0]).tolist() == [True, False]


def test_a_difference_is_covered_at_its_level():
    n, m, p, q = 30, 40, 0.9, 0.7
    cover = sum(
        binom.pmf(a, n, p) * binom.pmf(b, m, q)
        for a in range(n + 1)
        for b in range(m + 1)
        if difference(a, n, b, m)[1] <= p - q <= difference(a, n, b, m)[2]
    )
    assert 0.94 < cover < 0.985


def test_a_difference_held_more_surely_is_wider():
    value, low, high = difference(30, 40, 10, 40)
    same, lower, higher = difference(30, 40, 10, 40, 3.0)
    assert same == value and lower < low and higher > high
    assert higher - lower == pytest.approx((high - low) * 3.0 / Z)
