import pytest
import torch

from byheart.base.errors import UsageError
from byheart.data.task import Batch
from byheart.methods.input_dropout import InputDropout
from byheart.runs.loop import begin


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(InputDropout(0))) == plain != weights(fitted(InputDropout(0.2)))


def test_a_share_becomes_the_mean_and_the_rest_grows(few):
    state = begin(few, torch.arange(200).numpy(), 0)
    ones = torch.ones(200, 50)
    state.batch = Batch(state.rows, state.rows, ones, torch.zeros(200))
    torch.manual_seed(0)
    InputDropout(0.3).batch(state)
    assert (state.batch.inputs == 0).float().mean() == pytest.approx(0.3, abs=0.02)
    assert state.batch.inputs.max() == pytest.approx(1 / 0.7) and ones.min() == 1


@pytest.mark.parametrize("p", [-0.1, 1.0])
def test_shares_that_leave_nothing_are_refused(p):
    with pytest.raises(UsageError, match="out of range"):
        InputDropout(p)
