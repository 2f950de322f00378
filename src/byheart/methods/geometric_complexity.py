"""Geometric complexity: how steep the network's outputs are in its inputs, and a penalty on it.

Source: Dherin et al. 2022, equation 1: the mean over examples of the squared Frobenius norm of the Jacobian of the
logits in the input.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from byheart.methods.adversarial import in_eval
from byheart.methods.method import method, within
from byheart.runs.events import State


def steepness(
    logits: Float[Tensor, "b outputs"], inputs: Float[Tensor, "b *shape"], scale: Float[Tensor, "..."] | float = 1.0
) -> Float[Tensor, "b"]:
    """||J_i||_F^2 (b,) exactly: one backward pass an output; differentiable in the parameters unless under no_grad.

    `logits` must have been computed from `inputs`, each row from its own. `scale` multiplies the gradient in each input
    value, broadcast over one input: a deviation makes it that of the input in deviations.
    """
    with torch.enable_grad():  # the sums belong to the network's graph, whatever is done with their gradients
        totals = logits.sum(0).unbind()
    return torch.stack([_square(total, inputs, scale) for total in totals]).sum(0)


def projected_steepness(
    logits: Float[Tensor, "b outputs"], inputs: Float[Tensor, "b *shape"],
    directions: Float[Tensor, "draws #b outputs"], scale: Float[Tensor, "..."] | float = 1.0,
) -> Float[Tensor, "b"]:  # fmt: skip
    """The mean over draws of ||J_i' v||^2 (b,): one backward pass a draw.

    Unbiased for ||J_i||_F^2 when E v v' is the identity, as for `signs`. Source: Hutchinson 1989.
    """
    with torch.enable_grad():  # the product belongs to the network's graph, whatever is done with its gradient
        along = [(logits * v).sum() for v in directions]
    return torch.stack([_square(total, inputs, scale) for total in along]).mean(0)


def signs(*shape: int, like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Independent signs, -1 or 1 with equal probability."""
    drawn = torch.randint(0, 2, shape, generator=generator)
    return drawn.to(like).mul_(2).sub_(1)


def _square(total: Tensor, inputs: Tensor, scale: Tensor | float) -> Tensor:
    # a penalty needs the gradient's own graph, a measurement only keeps that of the logits for the next output
    slopes = torch.autograd.grad(total, inputs, retain_graph=True, create_graph=torch.is_grad_enabled())[0]
    return (slopes * scale).flatten(1).square().sum(1)


@method("geometric_complexity", acts_on="loss", source="Dherin et al. 2022, equation 1")
@dataclass(frozen=True)
class GeometricComplexity:
    """Adds strength * the batch's mean geometric complexity to the loss, so that outputs change little between
    examples.

    It is estimated with `draws` random projections a step, without bias; inputs are on the scale that the network sees,
    and the network is looked at in eval mode, where rows do not mix.
    """

    strength: float = 0.001
    draws: int = 1

    def __post_init__(self) -> None:
        within("strength", self.strength, 0, math.inf)
        within("draws", self.draws, 1, math.inf)

    def losses(self, state: State) -> None:
        if not self.strength:
            return
        assert state.batch is not None
        with in_eval(state.network):
            inputs = state.batch.inputs.detach().requires_grad_(True)
            logits = state.network(inputs)
            directions = signs(int(self.draws), *logits.shape, like=logits)
            found = projected_steepness(logits, inputs, directions).mean()
        state.penalty = state.penalty + self.strength * found
