"""AUROC against scikit-learn's and against counting pairs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from byheart.scores.calibrate import auroc

pairs = st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=40)


@given(pairs)
def test_it_is_the_share_of_pairs_in_the_right_order(rows):
    truth, values = np.array([r[0] for r in rows]), np.array([float(r[1]) for r in rows])
    inside, outside = values[truth], values[~truth]
    if not len(inside) or not len(outside):
        assert math.isnan(auroc(truth, values))
        return
    expected = np.mean([1.0 if a > b else 0.5 if a == b else 0.0 for a in inside for b in outside])
    assert auroc(truth, values) == pytest.approx(expected, abs=1e-12)
    assert auroc(truth, values) == pytest.approx(roc_auc_score(truth, values), abs=1e-12)
    assert auroc(~truth, values) == pytest.approx(1 - expected, abs=1e-12)


def test_examples_without_a_value_are_left_out_and_infinity_is_a_rank():
    truth, values = np.array([True, True, False, False]), np.array([np.inf, np.nan, 1.0, np.nan])
    assert auroc(truth, values) == 1.0
    assert math.isnan(auroc(truth, np.array([np.nan, np.nan, 1.0, 2.0])))
