"""Generalized cross-entropy: a loss that is bounded, so that a label the network disbelieves loses its pull."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from byheart.methods.method import method, within
from byheart.methods.second_network import classes_needed
from byheart.runs.events import State


def generalized_cross_entropy(
    logits: Float[Tensor, "b classes"], targets: Int[Tensor, "b"], q: float
) -> Float[Tensor, "b"]:
    """(1 - p_y^q) / q, (b,), from 0 to 1 / q; q = 0 is its limit, cross-entropy, and q = 1 is 1 - p_y, half the mean
    absolute error. The gradient is p_y^q times cross-entropy's. Zhang and Sabuncu 2018, equation 6.
    """
    loss = F.cross_entropy(logits, targets, reduction="none")
    return -torch.expm1(-q * loss) / q if q else loss


@method("generalized_cross_entropy", acts_on="loss", source="Zhang and Sabuncu 2018, equation 6")
@dataclass(frozen=True)
class GeneralizedCrossEntropy:
    """Bounds what one example can cost, so that wrong labels pull less than right ones.

    `q` goes from 0, cross-entropy, to 1, the absolute error, which withstands noise and learns slowly.
    """

    q: float = 0.7

    def __post_init__(self) -> None:
        within("q", self.q, 0, 1)

    def fit_start(self, state: State) -> None:
        classes_needed("Generalized cross-entropy", state)

    def losses(self, state: State) -> None:
        if self.q:
            assert state.logits is not None and state.batch is not None
            state.losses = generalized_cross_entropy(state.logits, state.batch.targets, self.q)
