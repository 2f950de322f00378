"""The decomposition against its identity and against learners whose bias and variance are known."""

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.diagnosis.bias_variance import bias_variance


def test_the_parts_make_up_the_mean_squared_error():
    random = np.random.default_rng(0)
    fits, truth = random.normal(size=(7, 40)), random.normal(size=40)
    found = bias_variance(fits, truth)
    assert found.error == pytest.approx(np.square(fits - truth).mean(), rel=1e-12)


def test_known_bias_and_variance_are_found_without_bias():
    random = np.random.default_rng(1)
    truth = random.normal(size=50)
    found = np.array([bias_variance(truth + 0.5 + 2 * random.normal(size=(4, 50)), truth) for _ in range(400)])
    se = found.std(0, ddof=1) / np.sqrt(400)
    np.testing.assert_array_less(np.abs(found.mean(0) - [0.25, 4.0]), 4 * se)


def test_fits_that_agree_have_no_variance():
    assert bias_variance(np.full((3, 5), 2.0), np.zeros(5)) == (4.0, 0.0)


def test_one_fit_is_refused():
    with pytest.raises(UsageError, match="no variance"):
        bias_variance(np.zeros((1, 5)), np.zeros(5))
