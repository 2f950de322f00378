import pytest
import torch

from byheart.base.errors import UsageError
from byheart.methods.l2 import L2


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(L2(0))) == plain != weights(fitted(L2(1e-3)))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_it_is_the_weight_decay_of_sgd(fitted, momentum):
    by_loss = fitted(L2(0.03), clip=0.0, momentum=momentum)
    by_optimizer = fitted(weight_decay=0.03, clip=0.0, momentum=momentum)
    free = fitted(clip=0.0, momentum=momentum)
    for p, q, r in zip(*(s.network.parameters() for s in (by_loss, by_optimizer, free)), strict=True):
        assert torch.allclose(p, q, atol=1e-5) and not torch.allclose(p, r, atol=1e-3)


def test_for_adamw_it_is_not_the_optimizers_decay(fitted):
    adam = {"optimizer": "adamw", "lr": 1e-2, "clip": 0.0}
    by_loss, decoupled = fitted(L2(0.1), **adam), fitted(weight_decay=0.1, **adam)
    assert not torch.allclose(next(by_loss.network.parameters()), next(decoupled.network.parameters()), atol=1e-3)


def test_frozen_parameters_pay_nothing(few):
    import dataclasses

    from byheart.runs.loop import begin, fit

    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=1))
    state = begin(task, torch.arange(64).numpy(), 0, train_only="5.*")
    penalties = []

    class Spy:
        def losses(self, state):
            penalties.append(
                (float(state.penalty.detach()), [p.detach().clone() for p in state.network[5].parameters()])
            )

    fit(state, [L2(1.0), Spy()])
    for penalty, head in penalties:
        assert penalty == pytest.approx(sum(float(p.square().sum()) for p in head) / 2, rel=1e-5)


def test_a_negative_strength_is_refused():
    with pytest.raises(UsageError, match="out of range"):
        L2(-1e-3)
