"""A layer's Kronecker eigenbasis, and squared gradients in it: factored where a gradient is of rank one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.scores.gradients.kernel import own
from byheart.scores.gradients.layers import kernel_of
from byheart.scores.gradients.matrices import matrix, parts, rank_one

Uses = list[tuple[Tensor, Tensor]]  # each use of a layer in a pass: its input and the gradient in its output
Gradient = tuple[Tensor, Tensor] | Tensor  # output gradients (n, out) and inputs (n, in + 1), or (n, ...) itself


@dataclass(frozen=True, eq=False)
class Basis:
    """Eigenvectors of a layer's inputs (in + 1, in + 1) and output gradients (out, out)."""

    inputs: Tensor
    outputs: Tensor


@dataclass(frozen=True, eq=False)
class Factored:
    """Squared gradients (n, out, in + 1) of rank one, as output parts (n, out) and input parts (n, in + 1)."""

    outputs: Tensor
    inputs: Tensor

    def sum(self) -> Float[Tensor, "o i"]:
        """Over examples."""
        return self.outputs.mT @ self.inputs

    def weighted(self, weights: Float[Tensor, "o i"]) -> Float[Tensor, "n"]:
        """The weighted sum of each example's squares."""
        return ((self.outputs @ weights) * self.inputs).sum(1)


@dataclass(frozen=True, eq=False)
class Dense:
    """Squared gradients (n, ...) as they are."""

    values: Tensor

    def sum(self) -> Tensor:
        """Over examples."""
        return self.values.sum(0)

    def weighted(self, weights: Tensor) -> Float[Tensor, "n"]:
        """The weighted sum of each example's squares."""
        return (self.values * weights).flatten(1).sum(1)


Squares = Factored | Dense


def covariances(module: nn.Module, uses: Uses) -> tuple[Tensor, Tensor]:
    """Sums over examples and positions of a a^T (in + 1, in + 1) and d d^T (out, out)."""
    pairs = [[v.flatten(0, 1) for v in parts(module, *use)] for use in uses]
    a, d = (torch.cat([pair[k] for pair in pairs]) for k in (0, 1))
    return a.mT @ a, d.mT @ d


def gradient_of(module: nn.Module, uses: Uses) -> Gradient:
    """A layer's gradients: their two factors where they are of rank one."""
    factors = rank_one(module, uses)
    if factors:
        return factors[1], factors[0]
    kernel = kernel_of(module)
    assert kernel is not None
    rows = [kernel.gradients(module, *use) for use in uses]
    return matrix(module, {name: sum((r[name] for r in rows[1:]), rows[0][name]) for name in own(module)})


def squares(module: nn.Module, uses: Uses, basis: Basis) -> Squares:
    """Each example's squared gradient in the basis."""
    g = gradient_of(module, uses)
    if isinstance(g, tuple):
        return Factored((g[0] @ basis.outputs).square_(), (g[1] @ basis.inputs).square_())
    # one product over all rows of all gradients first: it is the large one
    return Dense((basis.outputs.mT @ (g @ basis.inputs)).square_())
