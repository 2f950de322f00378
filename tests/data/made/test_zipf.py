import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.base.errors import UsageError
from byheart.data.made.zipf import zipf_counts


@given(st.integers(1, 40), st.integers(0, 2000), st.floats(0, 4))
def test_all_are_spread_and_no_kind_is_empty(kinds, more, exponent):
    n = kinds + more
    counts = zipf_counts(n, kinds, exponent)
    assert counts.sum() == n
    assert counts.min() >= 1
    assert (np.diff(counts) <= 0).all()


@given(st.integers(1, 20), st.integers(200, 5000), st.floats(0, 2))
def test_counts_are_the_shares_to_less_than_one(kinds, n, exponent):
    shares = np.array([k**-exponent for k in range(1, kinds + 1)])
    shares = n * shares / shares.sum()
    if shares.min() >= 1:
        assert np.abs(zipf_counts(n, kinds, exponent) - shares).max() < 1


@given(st.integers(2, 6), st.integers(0, 12), st.floats(0, 2))
def test_no_other_rounding_is_nearer(kinds, more, exponent):
    """Brute force: largest remainders have the least squared distance to the shares of all that sum to n."""
    n = 6 * kinds + more
    shares = n * np.arange(1, kinds + 1.0) ** -exponent / (np.arange(1, kinds + 1.0) ** -exponent).sum()
    counts = zipf_counts(n, kinds, exponent)
    if shares.min() < 1:
        return
    floors = np.floor(shares).astype(int)
    best = min(
        np.square(floors + up - shares).sum()
        for up in (np.array([(mask >> k) & 1 for k in range(kinds)]) for mask in range(2**kinds))
        if (floors + up).sum() == n
    )
    assert np.square(counts - shares).sum() == pytest.approx(best, abs=1e-9)


def test_known_counts():
    assert zipf_counts(100, 4, 0).tolist() == [25] * 4
    assert zipf_counts(11, 3, 1).tolist() == [6, 3, 2]  # 11 x 6/11, 3/11, 2/11
    assert zipf_counts(4, 4, 3).tolist() == [1] * 4
    assert zipf_counts(10, 4, 5).tolist() == [7, 1, 1, 1]


@pytest.mark.parametrize("wrong", [(3, 4, 1.0), (10, 4, -0.5)])
def test_too_few_or_a_negative_exponent_is_refused(wrong):
    with pytest.raises(UsageError, match="exponent"):
        zipf_counts(*wrong)
