"""Spectral penalty: no layer may stretch any direction much, so that the outputs change little where the inputs do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from byheart.methods.method import method, within
from byheart.runs.events import State

BEFORE = 10  # rounds before the first step; in training one a step keeps up, since weights move slowly


def power_iteration(weight: Float[Tensor, "out in"], vector: Float[Tensor, "in"], rounds: int) -> Float[Tensor, "in"]:
    """The vector after `rounds` of v <- W'W v / ||W'W v||: it turns to the first right singular vector."""
    for _ in range(rounds):
        vector = F.normalize(weight.T @ F.normalize(weight @ vector, dim=0), dim=0)
    return vector


def spectral_norm(weight: Float[Tensor, "out in"], vector: Float[Tensor, "in"]) -> Float[Tensor, ""]:
    """||W v|| for a unit vector v, at most the largest singular value, and equal to it for the first right one; its
    gradient in W is then u v'.
    """
    return (weight @ vector).norm()


@method("spectral", acts_on="weights", source="Yoshida and Miyato 2017, equation 3")
@dataclass(frozen=True)
class Spectral:
    """Adds strength / 2 * sum of squared spectral norms over the weight matrices to the loss.

    A convolution's weights are a matrix (channels out, channels in x height x width); biases and normalization are
    left alone. One power iteration a step follows the norms, a little below them where the penalty has made the first
    singular values alike.
    """

    strength: float = 0.01

    def __post_init__(self) -> None:
        within("strength", self.strength, 0, math.inf)

    def fit_start(self, state: State) -> None:
        if self.strength:
            with torch.no_grad():
                state.own["spectral"] = {
                    name: power_iteration(w, F.normalize(torch.randn_like(w[0]), dim=0), BEFORE)
                    for name, w in matrices(state.network).items()
                }

    def losses(self, state: State) -> None:
        if not self.strength:
            return
        vectors, squares = state.own["spectral"], []
        for name, w in matrices(state.network).items():
            with torch.no_grad():
                vectors[name] = power_iteration(w, vectors[name].to(w), 1)
            squares.append(spectral_norm(w, vectors[name]).square())
        if squares:
            state.penalty = state.penalty + self.strength / 2 * torch.stack(squares).sum()


def matrices(network: nn.Module) -> dict[str, Float[Tensor, "out in"]]:
    """The learned weights that map one vector to another, as matrices by name."""
    return {n: p.flatten(1) for n, p in network.named_parameters() if p.requires_grad and p.ndim > 1}
