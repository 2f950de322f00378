"""Adversarial training: the network also learns on its inputs after the small changes that confuse it most."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.methods.method import method, within
from byheart.runs.events import State

Losses = Callable[[Tensor], Tensor]  # inputs (b, ...) -> losses (b,)


def fgsm(losses: Losses, inputs: Float[Tensor, "b *shape"], radius: float) -> Float[Tensor, "b *shape"]:
    """Inputs + radius * sign of the gradient of the loss: the worst change of at most `radius` in every value, to first
    order. Goodfellow et al. 2015.
    """
    return inputs + radius * uphill(losses, inputs).sign()


def pgd(losses: Losses, inputs: Float[Tensor, "b *shape"], radius: float, steps: int) -> Float[Tensor, "b *shape"]:
    """Inputs after projected gradient ascent on the loss within `radius` of every value: from a random place, `steps`
    times 2.5 * radius / steps along the gradient's sign, so that the edge can be reached. Madry et al. 2018.
    """
    found = inputs + radius * (2 * torch.rand_like(inputs) - 1)
    for _ in range(steps):
        found = found + 2.5 * radius / steps * uphill(losses, found).sign()
        found = torch.clamp(found, inputs - radius, inputs + radius)
    return found


def uphill(losses: Losses, inputs: Float[Tensor, "b *shape"]) -> Float[Tensor, "b *shape"]:
    """The gradient of each example's loss in its own input."""
    with torch.enable_grad():
        at = inputs.detach().requires_grad_(True)
        return torch.autograd.grad(losses(at).sum(), at)[0]


@contextmanager
def in_eval(network: nn.Module) -> Iterator[None]:
    """The network in eval mode: looking for a bad input must not move batch norm's statistics, nor meet dropout."""
    was = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was)


def losses_at(state: State) -> Losses:
    """The task's losses of the batch's targets as a function of other inputs."""
    assert state.batch is not None
    targets = state.batch.targets
    return lambda inputs: state.task.loss(state.network(inputs), targets)


def with_worst(state: State, worst: Tensor, weight: float) -> Tensor:
    """(1 - weight) * losses + weight * losses at the worst inputs, (b,)."""
    assert state.losses is not None
    return (1 - weight) * state.losses + weight * losses_at(state)(worst.detach())


@method("adversarial", acts_on="loss", source="Madry et al. 2018")
@dataclass(frozen=True)
class Adversarial:
    """Trains on clean and on adversarial inputs, found by projected gradient ascent (PGD), with a weight.

    `weight` is the adversarial share of the loss. `radius` bounds the change of each value, in standard deviations of
    a feature (for images: of a channel); values are not cut to the range of pixels.
    """

    weight: float = 0.5
    radius: float = 0.1
    steps: int = 5

    def __post_init__(self) -> None:
        within("weight", self.weight, 0, 1)
        within("radius", self.radius, 0, math.inf)
        if self.steps != int(self.steps) or self.steps < 1:
            raise UsageError(f"steps={self.steps!r} is out of range.", do="give a whole number from 1")

    def losses(self, state: State) -> None:
        if self.weight:
            assert state.batch is not None
            with in_eval(state.network):
                worst = pgd(losses_at(state), state.batch.inputs, self.radius, self.steps)
            state.losses = with_worst(state, worst, self.weight)


@method("adversarial_fgsm", acts_on="loss", source="Goodfellow et al. 2015")
@dataclass(frozen=True)
class AdversarialFGSM:
    """Trains on clean and on adversarial inputs, found in one step along the gradient's sign (FGSM), with a weight.

    `weight` and `radius` are as for `adversarial`, which is stronger and slower.
    """

    weight: float = 0.5
    radius: float = 0.1

    def __post_init__(self) -> None:
        within("weight", self.weight, 0, 1)
        within("radius", self.radius, 0, math.inf)

    def losses(self, state: State) -> None:
        if self.weight:
            assert state.batch is not None
            with in_eval(state.network):
                worst = fgsm(losses_at(state), state.batch.inputs, self.radius)
            state.losses = with_worst(state, worst, self.weight)
