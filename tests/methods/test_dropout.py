import dataclasses

import pytest
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.methods.dropout import Dropout
from byheart.models.mlp import mlp
from byheart.runs.loop import begin


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(Dropout(0))) == plain != weights(fitted(Dropout(0.5)))


def test_it_is_the_dropout_that_a_network_may_have_itself(fitted, weights, few):
    built_in = dataclasses.replace(few, network=lambda shape, outputs: mlp(shape, outputs, dropout=0.3))
    hooked, own = fitted(Dropout(0.3)), fitted(task=built_in)
    assert [w for w in weights(hooked).values()] == [w for w in weights(own).values()]


def test_a_share_is_dropped_in_training_and_nothing_in_eval(few):
    state = begin(few, torch.arange(200).numpy(), 0)
    seen = []
    Dropout(0.4).fit_start(state)
    assert len(state.hooks) == 2  # the two hidden layers
    layer = next(m for m in state.network.modules() if isinstance(m, nn.ReLU))
    layer.register_forward_hook(lambda module, given, output: seen.append(output))
    ones = torch.ones(50, 400)
    torch.manual_seed(0)
    layer.train()(ones), layer.eval()(ones)
    assert (seen[0] == 0).float().mean() == pytest.approx(0.4, abs=0.02)
    assert seen[0].max() == pytest.approx(1 / 0.6) and torch.equal(seen[1], ones)


@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_shares_that_leave_nothing_are_refused(p):
    with pytest.raises(UsageError, match="out of range"):
        Dropout(p)
