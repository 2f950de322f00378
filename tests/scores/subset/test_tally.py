"""Counts inside and outside, and answers that are missing."""

import numpy as np

from byheart.scores.subset.tally import tally


def test_sums_and_means_by_side():
    member = np.array([[True, True, False], [False, True, False], [True, True, False]])
    value = np.array([[1.0, 0.5, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, np.nan]])
    found = tally(member, value)
    assert found.n_in.tolist() == [2, 3, 0]
    assert found.n_out.tolist() == [1, 0, 2]  # the answer that is missing is not counted
    np.testing.assert_allclose(found.mean_in, [0.5, 0.5, np.nan])
    np.testing.assert_allclose(found.mean_out, [0.0, np.nan, 0.5])


def test_many_half_precision_answers_sum_exactly():
    value = np.ones((5000, 1), np.float16)
    assert tally(np.ones((5000, 1), bool), value).sum_in[0] == 5000
