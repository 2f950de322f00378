import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from byheart.base.errors import UsageError
from byheart.methods.mixup import Mixup, mixed
from byheart.runs.loop import begin


def test_a_mixture_by_hand():
    x = torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    assert torch.allclose(mixed(x, torch.tensor([1, 0, 2]), 0.75),
                          torch.tensor([[0.5, 1.5], [1.5, 2.5], [4.0, 5.0]]))  # fmt: skip


def test_the_loss_is_that_of_the_mixed_label(few):
    state = begin(few, np.arange(200), 0)
    event = Mixup(0.5)
    for seed in range(5):
        torch.manual_seed(seed)
        state.batch = next(few.batches(np.arange(32), 0, torch.Generator().manual_seed(seed)))
        before = state.batch.inputs.clone()
        event.batch(state)
        share, partner = state.own["mixup"]["share"], state.own["mixup"]["targets"]
        state.logits = state.network(state.batch.inputs)
        state.losses = few.loss(state.logits, state.batch.targets)
        event.losses(state)
        label = share * F.one_hot(state.batch.targets, 10) + (1 - share) * F.one_hot(partner, 10)
        assert torch.allclose(state.losses, -(label * state.logits.log_softmax(1)).sum(1), atol=1e-6)
        assert not torch.equal(before, state.batch.inputs)
        # the inputs are mixed with those whose labels these are
        other = (state.batch.inputs - share * before) / (1 - share)
        found = (other[:, None] - before[None]).flatten(2).norm(dim=2).argmin(1)
        assert torch.equal(state.batch.targets[found], partner)


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(Mixup(0))) == plain != weights(fitted(Mixup(0.2)))


def test_it_leaves_nothing_of_a_batch_behind(fitted):
    assert "mixup" not in fitted(Mixup(0.2)).own


def test_shares_are_drawn_from_beta(few):
    state, drawn = begin(few, np.arange(200), 0), []
    torch.manual_seed(0)
    for _ in range(2000):
        state.batch = next(few.batches(np.arange(2), 0, torch.Generator()))
        Mixup(0.4).batch(state)
        drawn.append(state.own["mixup"]["share"])
    # the variance of Beta(a, a) is 1 / (4 (2 a + 1))
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.03) and np.var(drawn) == pytest.approx(1 / 7.2, rel=0.05)


def test_the_trajectory_is_read_from_clean_inputs(few, tmp_path):
    from byheart.runs.single import record

    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, methods=("mixup=1.0",), epochs=2))
    assert record(task, tmp_path / "run").clock == "eval"


def test_a_negative_alpha_is_refused():
    with pytest.raises(UsageError, match="out of range"):
        Mixup(-0.1)
