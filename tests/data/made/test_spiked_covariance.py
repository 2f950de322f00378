import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.data.made.spiked_covariance import spiked_covariance


def test_variances_and_labels_are_as_described():
    task = spiked_covariance(0, train=2_000, test=100, features=40, spikes=3, tail=0.04, noise=0.5)
    variance = task.train.inputs.var(0)
    np.testing.assert_allclose(variance[:3], 1, rtol=0.15)
    np.testing.assert_allclose(variance[3:], 0.04, rtol=0.15)
    x = task.train.inputs.astype(np.float64)
    rule, *_ = np.linalg.lstsq(x, task.truth["original"].astype(np.float64), rcond=None)
    assert np.linalg.norm(rule) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(rule[3:], 0, atol=1e-5)
    np.testing.assert_allclose(task.test.inputs @ rule, task.test.targets, atol=1e-5)
    assert (task.train.targets - task.truth["original"]).std() == pytest.approx(0.5, rel=0.06)


@pytest.mark.parametrize("wrong", [{"spikes": 0}, {"features": 3}, {"tail": -1.0}, {"noise": -0.1}, {"train": 1}])
def test_what_makes_no_task_is_refused(wrong):
    with pytest.raises(UsageError, match="no such task"):
        spiked_covariance(**wrong)
