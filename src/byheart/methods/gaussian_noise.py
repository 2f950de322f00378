"""Gaussian noise on the inputs, or on the hidden units, while the network trains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from byheart.methods.hidden import activations, in_training
from byheart.methods.method import method, within
from byheart.runs.events import State


def noisy(values: Float[Tensor, "*shape"], deviation: float) -> Float[Tensor, "*shape"]:
    """Values plus independent noise from N(0, deviation^2)."""
    return values + deviation * torch.randn_like(values)


@method("input_noise", acts_on="inputs", source="Bishop 1995")
@dataclass(frozen=True)
class InputNoise:
    """Adds Gaussian noise to the inputs in training, so that an example stands for its surroundings.

    `deviation` is in standard deviations of a feature (for images: of a channel), since inputs are standardized.
    """

    deviation: float = 0.3
    clock: ClassVar[str] = "eval"

    def __post_init__(self) -> None:
        within("deviation", self.deviation, 0, math.inf)

    def batch(self, state: State) -> None:
        if self.deviation:
            assert state.batch is not None
            state.batch = state.batch._replace(inputs=noisy(state.batch.inputs, self.deviation))


@method("hidden_noise", acts_on="representation", source="Arpit et al. 2017, Fig. 10")
@dataclass(frozen=True)
class HiddenNoise:
    """Adds Gaussian noise of the given deviation to every hidden unit in training, after its activation."""

    deviation: float = 0.1

    def __post_init__(self) -> None:
        within("deviation", self.deviation, 0, math.inf)

    def fit_start(self, state: State) -> None:
        if self.deviation:
            add = in_training(lambda hidden: noisy(hidden, self.deviation))
            state.hooks += [module.register_forward_hook(add) for module in activations(state.network)]
