from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from byheart.base.errors import UsageError
from byheart.scores.checkpoint.sensitivity import class_sensitivity, gini


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(lambda v: sum(v) > 1e-3))
def test_gini_is_half_the_relative_mean_difference(values):
    v = np.array(values)
    slow = np.abs(v[:, None] - v).mean() / (2 * v.mean())
    assert gini(v) == pytest.approx(slow, abs=1e-9)
    assert gini(7 * v[::-1]) == pytest.approx(slow, abs=1e-9)


def test_gini_of_equals_of_one_owner_and_of_nothing():
    assert gini(np.full(5, 3.0)) == 0
    assert gini(np.array([0.0, 0, 0, 2])) == pytest.approx(3 / 4)
    assert np.isnan(gini(np.zeros(4)))


@pytest.mark.parametrize("values", [[], [1.0, -0.1], [1.0, np.nan], [np.inf, 1.0]])
def test_what_has_no_gini(values):
    with pytest.raises(UsageError, match="at least 0"):
        gini(np.array(values, float))


def test_class_sensitivity_is_a_mean_over_the_inputs_of_a_class():
    gradients, labels = torch.randn(3, 8, 2, 5), torch.tensor([0, 0, 1, 1, 1, 0, 0, 1])
    found = class_sensitivity(gradients, labels)
    for i in range(3):
        for j in range(2):
            slow = np.mean([abs(float(g)) for k in range(8) if labels[k] == j for g in gradients[i, k].flatten()])
            assert found[i, j] == pytest.approx(slow, rel=1e-6)
    assert np.isnan(found[:, 2]).all(), "no example of the third class"
