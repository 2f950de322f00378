import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.data.made.polynomial import curve, polynomial


def test_the_curve_is_the_sum_of_chebyshevs_polynomials():
    x = np.linspace(-1, 1, 11)
    np.testing.assert_allclose(curve(x, (0.3, 2, -1, 0.5)), 0.3 + 2 * x - (2 * x**2 - 1) + 0.5 * (4 * x**3 - 3 * x))


def test_labels_have_the_noise_and_held_out_ones_do_not():
    task = polynomial(0, 5_000, noise=0.2, coefficients=(0, 1))
    np.testing.assert_allclose(task.test.targets, task.test.inputs[:, 0], atol=1e-6)
    np.testing.assert_allclose(task.truth["original"], task.train.inputs[:, 0], atol=1e-6)
    left = task.train.targets - task.truth["original"]
    assert abs(left.mean()) < 0.01
    assert left.std() == pytest.approx(0.2, rel=0.05)
    assert abs(np.corrcoef(left, task.train.inputs[:, 0])[0, 1]) < 0.05


@pytest.mark.parametrize("wrong", [{"noise": -1.0}, {"coefficients": (1.0,)}, {"train": 1}])
def test_what_makes_no_task_is_refused(wrong):
    with pytest.raises(UsageError, match="make no such task"):
        polynomial(**wrong)
