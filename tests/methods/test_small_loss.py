import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.methods.small_loss import SmallLoss, kept_share, smallest
from byheart.runs.loop import begin


def test_the_schedule():
    assert [kept_share(t, 0.2, 10) for t in (1, 5, 10, 50)] == pytest.approx([0.98, 0.9, 0.8, 0.8])
    assert kept_share(1, 0.3, 1) == pytest.approx(0.7)


def test_the_smallest_losses_are_chosen():
    losses = torch.tensor([3.0, 1.0, 2.0, 1.0, 9.0])
    assert smallest(losses, 0.6).tolist() == [False, True, True, True, False]
    assert smallest(losses, 0.0).sum() == 1 and smallest(losses, 1.0).all()


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(SmallLoss(0))) == plain != weights(fitted(SmallLoss(0.2)))


def test_one_step_by_hand(few):
    """Each network learns what the other finds easy."""
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, lr=0.1, clip=0.0, momentum=0.0))
    state = begin(task, np.arange(200), 0)
    event = SmallLoss(0.5, 1)
    event.fit_start(state)
    event.epoch_start(state)
    peer = state.own["small_loss"]["network"]
    x, y = task.tensors(task.train, np.arange(32))
    state.batch = next(task.batches(np.arange(32), 0, torch.Generator()))._replace(inputs=x, targets=y)
    state.losses, state.weights = task.loss(state.network(x), y), None
    theirs, before = task.loss(peer(x), y), [p.detach().clone() for p in peer.parameters()]
    easy_for_me, easy_for_peer = (set(v.detach().argsort()[:16].tolist()) for v in (state.losses, theirs))
    gradients = torch.autograd.grad(theirs[sorted(easy_for_me)].mean(), list(peer.parameters()))
    event.losses(state)
    assert set(state.weights.nonzero()[:, 0].tolist()) == easy_for_peer != easy_for_me
    for p, old, g in zip(peer.parameters(), before, gradients, strict=True):
        assert torch.allclose(p, old - 0.1 * g, atol=1e-6)


def test_wrong_labels_are_left_out_more_often_than_right_ones(few, fitted):
    left = np.zeros(200)

    @dataclasses.dataclass(frozen=True)
    class Spy:
        def losses(self, state):
            if state.epoch >= 10:
                left[state.batch.rows] += (state.weights == 0).numpy()

    fitted(SmallLoss(0.15, 5), Spy(), epochs=20, lr=0.05)
    wrong = few.truth["wrong"]
    assert left[wrong].mean() > 0.6 * 10 and left[~wrong].mean() < 0.2 * 10


def test_what_cannot_be_is_refused():
    with pytest.raises(UsageError, match="out of range"):
        SmallLoss(1.5)
    with pytest.raises(UsageError, match="rise"):
        SmallLoss(0.2, 0)
