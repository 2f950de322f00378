"""Decoupled weight decay: weights shrink by a share in each step, whatever the gradient says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.optim import Optimizer

from byheart.methods.method import method, within
from byheart.runs.events import State


def shrink(optimizer: Optimizer, decay: float) -> None:
    """Multiply what the optimizer learns by 1 - lr * decay, in place (Loshchilov and Hutter 2019, algorithms 1, 2)."""
    with torch.no_grad():
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.mul_(1 - group["lr"] * decay)


@method("decoupled_weight_decay", acts_on="weights", source="Loshchilov and Hutter 2019")
@dataclass(frozen=True)
class DecoupledWeightDecay:
    """Shrinks every weight by the share lr * decay in each step: SGDW and AdamW.

    With `Recipe(optimizer="adamw", weight_decay=...)` this is what happens anyway; with SGD `weight_decay` is a term of
    the gradient, which momentum carries on.
    """

    decay: float = 5e-3

    def __post_init__(self) -> None:
        within("decay", self.decay, 0, math.inf)

    # before the optimizer's step, whose gradient is that of the old weights: after it, the step itself would shrink too
    def gradients(self, state: State) -> None:
        if self.decay:
            shrink(state.optimizer, self.decay)
