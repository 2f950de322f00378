"""L2: large weights cost, as a term of the loss."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from byheart.methods.method import method, within
from byheart.runs.events import State


@method("l2", acts_on="weights", source="Krogh and Hertz 1992")
@dataclass(frozen=True)
class L2:
    """Adds strength / 2 * sum w^2 over all learned parameters to the loss.

    For SGD this is `Recipe(weight_decay=strength)`, but for one thing: as part of the loss its gradient is clipped with
    the rest (`Recipe.clip`). For AdamW it is another method, since a loss is rescaled by Adam and decay is not; see
    `decoupled_weight_decay`.
    """

    strength: float = 1e-4

    def __post_init__(self) -> None:
        within("strength", self.strength, 0, math.inf)

    def losses(self, state: State) -> None:
        if self.strength:
            squares = [p.square().sum() for p in state.network.parameters() if p.requires_grad]
            state.penalty = state.penalty + self.strength / 2 * torch.stack(squares).sum()
