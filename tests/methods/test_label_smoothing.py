import pytest
import torch
from torch.nn import functional as F

from byheart.base.errors import UsageError
from byheart.methods.label_smoothing import LabelSmoothing, smoothed_loss


def test_it_is_cross_entropy_against_the_smoothed_label():
    logits, targets = torch.randn(7, 4, dtype=torch.float64), torch.arange(7) % 4
    goal = 0.9 * F.one_hot(targets, 4) + 0.1 / 4
    assert torch.allclose(smoothed_loss(logits, targets, 0.1), -(goal * logits.log_softmax(1)).sum(1))


def test_it_is_what_torch_computes():
    logits, targets = torch.randn(7, 4), torch.arange(7) % 4
    expected = F.cross_entropy(logits, targets, label_smoothing=0.3, reduction="none")
    assert torch.allclose(smoothed_loss(logits, targets, 0.3), expected)


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(LabelSmoothing(0))) == plain != weights(fitted(LabelSmoothing(0.1)))


def test_it_keeps_the_network_less_sure(fitted):
    sure = [
        state.network(state.task.tensors(state.task.train, state.rows)[0]).softmax(1).amax(1).mean()
        for state in (fitted(), fitted("label_smoothing=0.3"))
    ]
    assert sure[1] < sure[0] - 0.05


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_shares_outside_0_to_1_are_refused(share):
    with pytest.raises(UsageError, match="out of range"):
        LabelSmoothing(share)
