import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.final import final_correct

from .conftest import Columns, scores_of


def test_the_trained_network_is_asked_in_eval_mode(noisy):
    """The last row of the trajectory is of the training pass; the end is what the network says after it."""
    right = final_correct(noisy.evidence, "test")
    assert right.mean() == pytest.approx(noisy.run["test_correct"][-1].astype(float).mean())
    assert right.shape == (len(noisy.task.test),)
    assert final_correct(noisy.evidence, "train").mean() > 0.9


def test_regression_gives_minus_the_loss(line):
    loss = -final_correct(line.evidence, "test")
    np.testing.assert_allclose(loss, line.run["test_loss"][-1], rtol=1e-3, atol=1e-5)


def test_a_recorder_of_somebodys_own_loop_gives_the_last_epoch(easy):
    n = len(easy.task.train)
    run = Columns(correct=np.stack([np.zeros(n), np.ones(n)]))
    evidence = Evidence(easy.task, run, None, scores_of(easy.task, run))
    assert final_correct(evidence, "train").all()
    with pytest.raises(NotApplicable, match="test_correct"):
        final_correct(evidence, "test")
    with pytest.raises(NotApplicable):
        final_correct(Evidence(easy.task, None, None, easy.scores), "test")


def test_the_final_loss_is_that_of_the_trained_network_on_any_part(noisy, line):
    from byheart.diagnosis.final import final_loss

    run = noisy.run
    np.testing.assert_allclose(final_loss(noisy.evidence, "test"), run["test_loss"][-1], rtol=1e-4, atol=1e-5)
    trained = final_loss(noisy.evidence, "train")
    assert trained.shape == run.targets.shape and (trained >= 0).all()
    np.testing.assert_allclose(final_loss(line.evidence, "test"), line.run["test_loss"][-1], rtol=1e-4, atol=1e-5)
