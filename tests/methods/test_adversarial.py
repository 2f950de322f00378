import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.methods.adversarial import Adversarial, AdversarialFGSM, fgsm, in_eval, losses_at, pgd, uphill
from byheart.models.mlp import mlp
from byheart.runs.loop import begin

W = torch.tensor([[1.0, -2.0, 0.0, 3.0]])


def linear(inputs):
    return (inputs * W).sum(1)


def test_the_worst_input_of_a_linear_loss_is_a_corner():
    x = torch.randn(5, 4)
    assert torch.equal(fgsm(linear, x, 0.1), x + 0.1 * W.sign())
    found = pgd(linear, x, 0.1, 5)
    assert torch.allclose((found - x)[:, [0, 1, 3]], 0.1 * W.sign()[:, [0, 1, 3]].expand(5, 3), atol=1e-6)


@pytest.mark.parametrize("steps", [1, 3, 20])
def test_it_stays_within_the_radius(steps, few):
    state = begin(few, np.arange(200), 0)
    state.batch = next(few.batches(np.arange(64), 0, torch.Generator()))
    x = state.batch.inputs
    found = pgd(losses_at(state), x, 0.2, steps)
    assert (found - x).abs().max() <= 0.2 + 1e-6
    at = losses_at(state)
    assert at(found).mean() > at(x).mean()


def test_ascent_finds_what_a_grid_finds():
    """Two inputs, so that the square can be searched."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))

    def losses(inputs):
        return network(inputs)[:, 0]

    x, side = torch.randn(6, 2), torch.linspace(-0.5, 0.5, 101)
    grid = torch.cartesian_prod(side, side)
    best = torch.stack([losses(one + grid).max() for one in x])
    assert torch.allclose(losses(pgd(losses, x, 0.5, 40)), best, atol=0.01)


def test_the_gradient_leaves_no_trace(few):
    state = begin(few, np.arange(200), 0)
    state.batch = next(few.batches(np.arange(8), 0, torch.Generator()))
    uphill(losses_at(state), state.batch.inputs)
    assert all(p.grad is None for p in state.network.parameters()) and not state.batch.inputs.requires_grad


def test_the_attack_leaves_batch_norm_alone(few):
    task = dataclasses.replace(few, network=lambda shape, outputs: mlp(shape, outputs, norm="batch"))
    state = begin(task, np.arange(200), 0)
    state.batch = next(task.batches(np.arange(64), 0, torch.Generator()))
    state.network.train()
    before = {n: b.clone() for n, b in state.network.named_buffers()}
    with in_eval(state.network):
        pgd(losses_at(state), state.batch.inputs, 0.1, 3)
    assert state.network.training and all(torch.equal(b, before[n]) for n, b in state.network.named_buffers())


@pytest.mark.parametrize("kind", [Adversarial, AdversarialFGSM])
def test_none_is_plain_training(kind, fitted, weights, plain):
    assert weights(fitted(kind(0))) == plain != weights(fitted(kind(0.5)))


@pytest.mark.parametrize("kind", [Adversarial, AdversarialFGSM])
def test_the_loss_is_the_stated_mixture(kind, few):
    state = begin(few, np.arange(200), 0)
    state.batch = next(few.batches(np.arange(16), 0, torch.Generator()))
    at = losses_at(state)
    torch.manual_seed(3)
    attacks = {Adversarial: lambda: pgd(at, state.batch.inputs, 0.3, 5),
               AdversarialFGSM: lambda: fgsm(at, state.batch.inputs, 0.3)}  # fmt: skip
    expected = 0.75 * at(state.batch.inputs) + 0.25 * at(attacks[kind]())
    torch.manual_seed(3)
    state.losses = at(state.batch.inputs)
    kind(0.25, 0.3).losses(state)
    assert torch.allclose(state.losses, expected, atol=1e-6)


@pytest.mark.parametrize("kind", [Adversarial, AdversarialFGSM])
def test_it_makes_the_network_robust(kind, fitted, few):
    def under_attack(state):
        state.batch = next(few.batches(np.flatnonzero(~few.truth["wrong"]), 0, torch.Generator()))
        state.network.eval()
        torch.manual_seed(0)
        worst = pgd(losses_at(state), state.batch.inputs, 0.3, 10)
        return float((state.network(worst).argmax(1) == state.batch.targets).float().mean())

    assert under_attack(fitted(kind(0.5, 0.3), batch=32)) > under_attack(fitted(batch=32)) + 0.1


def test_what_cannot_be_is_refused():
    for make in (lambda: Adversarial(1.5), lambda: Adversarial(radius=-1), lambda: Adversarial(steps=0),
                 lambda: AdversarialFGSM(-0.1)):  # fmt: skip
        with pytest.raises(UsageError, match="out of range"):
            make()
