"""Sharpness-aware minimization: the gradient is taken where the loss nearby is worst."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from byheart.methods.method import method, within
from byheart.runs.events import State

TINY = 1e-12


def ascent(gradients: Sequence[Float[Tensor, "..."]], radius: float) -> list[Float[Tensor, "..."]]:
    """The step to the worst loss nearby, to first order: radius * g / ||g||, g being all gradients together. Foret et
    al. 2021, equation 2.
    """
    norm = torch.stack([g.norm() for g in gradients]).norm()
    return [radius * g / (norm + TINY) for g in gradients]


@method("sam", acts_on="gradient", source="Foret et al. 2021")
@dataclass(frozen=True)
class SAM:
    """Steps along the gradient at the worst point within `radius` of the weights, so that flat minima are preferred.

    The loss of the batch is taken twice, which doubles the time. Normalization's running statistics, and what later
    moments see of the batch, are those of the first time.
    """

    radius: float = 0.05

    def __post_init__(self) -> None:
        within("radius", self.radius, 0, math.inf)

    def gradients(self, state: State) -> None:
        if not self.radius:
            return
        assert state.closure is not None
        learned = [p for p in state.network.parameters() if p.grad is not None]
        seen = state.logits, state.losses, state.weights, state.penalty, state.loss
        kept = [(b, b.clone()) for b in state.network.buffers()]
        with torch.no_grad():
            here = [p.clone() for p in learned]
            for p, step in zip(learned, ascent([p.grad for p in learned if p.grad is not None], self.radius),
                               strict=True):  # fmt: skip
                p.add_(step)
        state.closure()
        with torch.no_grad():
            for p, before in zip(learned, here, strict=True):
                p.copy_(before)
            for buffer, before in kept:
                buffer.copy_(before)
        state.logits, state.losses, state.weights, state.penalty, state.loss = seen
