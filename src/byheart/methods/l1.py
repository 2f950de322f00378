"""L1: weights pay for their size, so that many become zero: by a penalty, or by soft-thresholding after each step."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from byheart.methods.method import method, within
from byheart.runs.events import State


def soft_threshold(weights: Float[Tensor, "*shape"], threshold: float) -> Float[Tensor, "*shape"]:
    """sign(w) max(|w| - threshold, 0): the w' with the smallest (w' - w)^2 / 2 + threshold |w'|; zeros are exact."""
    return weights.sign() * (weights.abs() - threshold).clamp(min=0)


@method("l1", acts_on="weights", source="Tibshirani 1996")
@dataclass(frozen=True)
class L1:
    """Adds strength * sum |w| over all learned parameters to the loss; the subgradient makes weights small, not 0."""

    strength: float = 1e-5

    def __post_init__(self) -> None:
        within("strength", self.strength, 0, math.inf)

    def losses(self, state: State) -> None:
        if self.strength:
            sizes = [p.abs().sum() for p in state.network.parameters() if p.requires_grad]
            state.penalty = state.penalty + self.strength * torch.stack(sizes).sum()


@method("l1_proximal", acts_on="weights", source="Parikh and Boyd 2014, section 6.5.2")
@dataclass(frozen=True)
class L1Proximal:
    """Takes lr * strength off every weight's size after each step, so that weights that are not needed become zero."""

    strength: float = 1e-5

    def __post_init__(self) -> None:
        within("strength", self.strength, 0, math.inf)

    def step(self, state: State) -> None:
        if self.strength:
            with torch.no_grad():
                for group in state.optimizer.param_groups:
                    for p in group["params"]:
                        p.copy_(soft_threshold(p, group["lr"] * self.strength))
