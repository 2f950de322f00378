"""The exact inverse Hessian of a convex head: softmax regression on fixed features, with weight decay.

H = mean_i (diag(p_i) - p_i p_i^T) kron x_i x_i^T + decay I over (classes, features + 1). Leaving i out moves the
parameters by H^-1 g_i / n to first order (Koh and Liang 2017, equation 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from byheart.base.errors import UsageError

LARGEST = 8192  # parameters: the Hessian is dense


@dataclass(frozen=True, eq=False)
class Head:
    """A fitted head: weights (classes, features + 1), features with a one (n, features + 1), probabilities (n,
    classes), labels (n,), and the Cholesky factor of its Hessian.
    """

    weight: Tensor
    features: Tensor
    probabilities: Tensor
    labels: Tensor
    factor: Tensor

    def gradients(self, features: Tensor, labels: Tensor) -> Float[Tensor, "n p"]:
        """Gradients of examples' losses, without the decay."""
        x = with_one(features)
        error = (x @ self.weight.mT).softmax(1)
        error[torch.arange(len(x)), labels] -= 1
        return torch.einsum("nk,nf->nkf", error, x).flatten(1)

    def solved(self, gradients: Float[Tensor, "n p"]) -> Float[Tensor, "n p"]:
        """H^-1 g of each."""
        return torch.cholesky_solve(gradients.mT, self.factor).mT

    def self_influence(self) -> Float[Tensor, "n"]:
        """g_i^T H^-1 g_i / n (n,), at least 0: how much example i's loss rises when it is left out, to first order."""
        g = self.gradients(self.features[:, :-1], self.labels)
        return (g * self.solved(g)).sum(1) / len(g)

    def influence(self, features: Tensor, labels: Tensor) -> Float[Tensor, "n m"]:
        """g_i^T H^-1 g_j / n (n, m): how much the loss of j rises when training example i is left out."""
        g = self.gradients(self.features[:, :-1], self.labels)
        return self.solved(g) @ self.gradients(features, labels).mT / len(g)


def with_one(features: Tensor) -> Tensor:
    """Features with a column of ones, for the bias."""
    return torch.cat([features, features.new_ones(len(features), 1)], 1)


def fit_head(
    features: Float[Tensor, "n f"], labels: Int[Tensor, "n"], classes: int, decay: float, steps: int = 100
) -> Head:
    """Newton's method to the minimum of the mean cross-entropy + decay / 2 ||weight||^2, in float64.

    Errors: UsageError without decay (the minimum may be at infinity) and when the Hessian would be too large.
    """
    size = classes * (features.shape[1] + 1)
    if decay <= 0:
        raise UsageError("Without weight decay the minimum may be at infinity.", do="give a decay above 0")
    if size > LARGEST:
        raise UsageError(f"The Hessian of {size} parameters is too large.", do="use EK-FAC")
    x = with_one(features.double())
    weight = x.new_zeros(classes, x.shape[1])
    for weight_next, step in newton(x, labels, weight, decay, steps):
        weight = weight_next
        if step < 1e-10:
            break
    p = (x @ weight.mT).softmax(1)
    return Head(weight, x, p, labels, torch.linalg.cholesky(hessian(x, p, decay)))


def newton(x: Tensor, labels: Tensor, weight: Tensor, decay: float, steps: int) -> Iterator[tuple[Tensor, float]]:
    """Damped Newton steps: each halves until the objective falls."""

    def objective(w: Tensor) -> Tensor:
        return torch.nn.functional.cross_entropy(x @ w.mT, labels) + decay / 2 * w.square().sum()

    for _ in range(steps):
        p = (x @ weight.mT).softmax(1)
        error = p.clone()
        error[torch.arange(len(x)), labels] -= 1
        g = error.mT @ x / len(x) + decay * weight
        step = torch.linalg.solve(hessian(x, p, decay), g.flatten()).view_as(weight)
        size = 1.0
        while objective(weight - size * step) > objective(weight) and size > 1e-6:
            size /= 2
        weight = weight - size * step
        yield weight, float(step.abs().max())


def hessian(x: Float[Tensor, "n f"], p: Float[Tensor, "n k"], decay: float) -> Float[Tensor, "p p"]:
    """The Hessian (k f, k f) of the mean loss with decay, block by block."""
    n, k, f = len(x), p.shape[1], x.shape[1]
    whole = x.new_zeros(k, f, k, f)
    for a in range(k):
        for b in range(a, k):
            weights = p[:, a] * (float(a == b) - p[:, b])
            whole[a, :, b] = whole[b, :, a] = (x * weights[:, None]).mT @ x / n
    return whole.view(k * f, k * f) + decay * torch.eye(k * f, dtype=x.dtype)
