"""Gradient clipping: no batch moves the weights further than a bound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.methods.method import method, within
from byheart.runs.events import State


def bounded_norm(gradients: Sequence[Float[Tensor, "..."]], bound: float) -> list[Float[Tensor, "..."]]:
    """All gradients times min(1, bound / their common Euclidean norm): the direction stays. Pascanu et al. 2013."""
    norm = torch.stack([g.norm() for g in gradients]).norm()
    return [g * torch.clamp(bound / norm, max=1.0) for g in gradients] if norm > 0 else list(gradients)


def bounded_values(gradients: Sequence[Float[Tensor, "..."]], bound: float) -> list[Float[Tensor, "..."]]:
    """All gradients with each entry cut to [-bound, bound]: the direction changes."""
    return [g.clamp(-bound, bound) for g in gradients]


@method("clip_norm", acts_on="gradient", source="Pascanu et al. 2013")
@dataclass(frozen=True)
class ClipNorm:
    """Scales the gradient down to a norm of at most `bound`, so that one odd batch cannot carry the weights away.

    0 is no bound. It is what `Recipe(clip=bound)` does (1 by default), which acts afterwards on what this has left: of
    the two bounds the smaller holds, and for a larger one than the recipe's, set `Recipe(clip=0)`.
    """

    bound: float = 1.0

    def __post_init__(self) -> None:
        within("bound", self.bound, 0, math.inf)

    def gradients(self, state: State) -> None:
        if self.bound:
            learned = with_gradient(state.network)
            put(learned, bounded_norm([p.grad for p in learned if p.grad is not None], self.bound))


@method("clip_value", acts_on="gradient", source="Pascanu et al. 2013")
@dataclass(frozen=True)
class ClipValue:
    """Cuts every entry of the gradient to [-bound, bound]; 0 is no bound.

    `Recipe(clip=...)`, 1 by default, bounds the norm of what this has left.
    """

    bound: float = 0.1

    def __post_init__(self) -> None:
        within("bound", self.bound, 0, math.inf)

    def gradients(self, state: State) -> None:
        if self.bound:
            learned = with_gradient(state.network)
            put(learned, bounded_values([p.grad for p in learned if p.grad is not None], self.bound))


def with_gradient(network: nn.Module) -> list[nn.Parameter]:
    """The parameters that have a gradient."""
    return [p for p in network.parameters() if p.grad is not None]


def put(parameters: Sequence[nn.Parameter], gradients: Sequence[Tensor]) -> None:
    """Give the parameters these gradients."""
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = g
