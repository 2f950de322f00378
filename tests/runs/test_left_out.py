"""Votes and probabilities of the models that left an example out, against loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax as of_scipy

from byheart.runs.left_out import averaged, class_probabilities, softmax, votes


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 7), st.integers(1, 5))
def test_votes_are_counted_as_a_loop_counts_them(seed, voters, n, classes):
    random = np.random.default_rng(seed)
    said, asked = random.integers(-1, classes, (voters, n)), random.random((voters, n)) < 0.6
    wanted = [[sum(said[k, i] == c and asked[k, i] for k in range(voters)) for c in range(classes)] for i in range(n)]
    assert votes(said, asked, classes).tolist() == wanted


@pytest.mark.parametrize(("voters", "kind"), [(20, np.uint8), (255, np.uint8), (256, np.uint16)])
def test_the_smallest_type_that_holds_all_votes_is_taken(voters, kind):
    found = votes(np.ones((voters, 3), np.int16), np.ones((voters, 3), bool), 2)
    assert found.dtype == kind and found.tolist() == [[0, voters]] * 3


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_probabilities_are_the_mean_of_the_models_without_the_example(seed, models):
    random = np.random.default_rng(seed)
    member = random.random((models, 5)) < 0.5
    logits = random.normal(0, 20, (models, 5, 3)).astype(np.float16)
    found = class_probabilities(member, logits)
    for i in range(5):
        out = [of_scipy(logits[k, i].astype(float)) for k in range(models) if not member[k, i]]
        np.testing.assert_allclose(found[i], np.mean(out, axis=0) if out else np.full(3, np.nan), atol=1e-12)
    again = averaged(member, lambda k, rows: softmax(logits[k, rows]), 3)
    np.testing.assert_array_equal(again, found)


def test_large_logits_stay_numbers():
    np.testing.assert_allclose(softmax(np.array([[65504.0, -65504.0]], np.float32)), [[1.0, 0.0]])
