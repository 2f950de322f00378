"""Mixup: training on mixtures of two examples and of their labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from byheart.methods.method import method, within
from byheart.runs.events import State


def mixed(values: Float[Tensor, "b *rest"], partners: Int[Tensor, "b"], share: float) -> Float[Tensor, "b *rest"]:
    """A mixture of each value and its partner's: share * values + (1 - share) * values[partners]."""
    return share * values + (1 - share) * values[partners]


@method("mixup", acts_on="inputs", source="Zhang et al. 2018")
@dataclass(frozen=True)
class Mixup:
    """Trains on mixtures of two examples, so that the network has to be simple between them.

    The share of the first is drawn from Beta(alpha, alpha) for every batch, and the loss is the same mixture of both
    labels' losses; for cross-entropy and, up to a constant, for the squared error that is the loss of the mixed label.
    """

    alpha: float = 0.2
    clock: ClassVar[str] = "eval"

    def __post_init__(self) -> None:
        within("alpha", self.alpha, 0, math.inf)

    def batch(self, state: State) -> None:
        if not self.alpha:
            return
        assert state.batch is not None
        share = float(torch.distributions.Beta(self.alpha, self.alpha).sample())
        partners = torch.randperm(len(state.batch.targets)).to(state.device)
        state.own["mixup"] = {"share": share, "targets": state.batch.targets[partners]}
        state.batch = state.batch._replace(inputs=mixed(state.batch.inputs, partners, share))

    def losses(self, state: State) -> None:
        if self.alpha:
            assert state.logits is not None and state.losses is not None
            drawn = state.own["mixup"]
            other = state.task.loss(state.logits, drawn["targets"])
            state.losses = drawn["share"] * state.losses + (1 - drawn["share"]) * other

    def step(self, state: State) -> None:
        state.own.pop("mixup", None)  # it belongs to this batch
