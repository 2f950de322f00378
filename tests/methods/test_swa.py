import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.methods.swa import SWA, running_mean
from byheart.models.mlp import mlp


@dataclasses.dataclass(frozen=True)
class Watch:
    seen: list

    def epoch_end(self, state):
        self.seen.append([p.detach().clone() for p in state.network.parameters()])


def test_the_running_mean_is_the_mean():
    values = torch.randn(7, 3, dtype=torch.float64)
    mean = values[0]
    for k in range(1, 7):
        mean = running_mean(mean, values[k], k)
    assert torch.allclose(mean, values.mean(0))


def test_the_weights_are_the_mean_of_the_last_epochs(fitted):
    watch = Watch([])
    state = fitted(watch, SWA(0.5), epochs=8, schedule="constant")
    for k, p in enumerate(state.network.parameters()):
        assert torch.allclose(p, torch.stack([epoch[k] for epoch in watch.seen[4:]]).mean(0), atol=1e-6)
    assert state.own["swa"]["count"] == 4


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(SWA(1))) == plain != weights(fitted(SWA(0.5)))


def test_batch_norms_statistics_are_those_of_the_averaged_network(few, fitted):
    task = dataclasses.replace(few, network=lambda shape, outputs: mlp(shape, outputs, hidden=(16,), norm="batch"))
    state = fitted("dropout=0.5", SWA(0.5), task=task, batch=200)  # one batch: its own mean and variance
    x, _ = task.tensors(task.train, np.arange(200))
    flat, linear, norm = state.network[0], state.network[1], state.network[2]
    before = linear(flat(x))
    assert torch.allclose(norm.running_mean, before.mean(0), atol=1e-5)
    assert torch.allclose(norm.running_var, before.var(0), rtol=1e-4)
    assert norm.momentum == 0.1 and state.network.training


def test_shares_outside_0_to_1_are_refused():
    for start in (-0.1, 1.5):
        with pytest.raises(UsageError, match="out of range"):
            SWA(start)
