import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.methods.decoupled_weight_decay import DecoupledWeightDecay


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(DecoupledWeightDecay(0))) == plain != weights(fitted(DecoupledWeightDecay(0.1)))


def test_it_is_the_decay_of_adamw(fitted):
    adam = {"optimizer": "adamw", "lr": 1e-2}
    ours, torchs = fitted(DecoupledWeightDecay(0.5), **adam), fitted(weight_decay=0.5, **adam)
    for p, q in zip(ours.network.parameters(), torchs.network.parameters(), strict=True):
        assert torch.allclose(p, q, atol=1e-6)


def test_it_is_sgdw_as_written_down(few, fitted):
    """Loshchilov and Hutter 2019, algorithm 1: m = 0.9 m + lr g; w = w - m - lr * decay * w."""
    decay, lr = 0.2, 0.05
    found = fitted(DecoupledWeightDecay(decay), lr=lr, schedule="constant", clip=0.0, epochs=2)
    from byheart.base.seeds import spawn
    from byheart.runs.loop import begin

    state = begin(found.task, np.arange(200), 0)
    w = list(state.network.parameters())
    m = [torch.zeros_like(p) for p in w]
    for epoch in range(2):
        order = torch.Generator().manual_seed(spawn(0, "batches", epoch))
        for batch in found.task.batches(np.arange(200), epoch, order):
            loss = found.task.loss(state.network(batch.inputs), batch.targets).mean()
            for p, v, g in zip(w, m, torch.autograd.grad(loss, w), strict=True):
                v.mul_(0.9).add_(lr * g)
                p.data = p.data - v - lr * decay * p.data
    for p, q in zip(found.network.parameters(), w, strict=True):
        assert torch.allclose(p, q, atol=1e-5)


def test_a_negative_decay_is_refused():
    with pytest.raises(UsageError, match="out of range"):
        DecoupledWeightDecay(-0.1)
