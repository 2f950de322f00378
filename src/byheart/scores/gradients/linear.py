"""Linear layers: the gradient of one example is D^T A over its positions, of rank one where there is one position."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.scores.gradients.kernel import Kernel, Rows, total, total_in_place

CELLS = 2**18  # numbers of products at a time: they are squared while they are in the cache


def positions(values: Tensor) -> Float[Tensor, "n t width"]:
    """Input or output gradient with all positions in one dimension."""
    return values.reshape(len(values), -1, values.shape[-1])


def product_square(a: Float[Tensor, "n t i"], d: Float[Tensor, "n t o"]) -> Float[Tensor, "n"]:
    """||D^T A||_F^2 (n,) by whichever is cheaper: two norms (t = 1), two t x t Gram matrices, or the product itself."""
    t, i, o = a.shape[1], a.shape[2], d.shape[2]
    if t == 1:
        return total(a) * total(d)
    if t * (i + o) < 0.5 * i * o:
        return ((a @ a.mT) * (d @ d.mT)).sum((1, 2))
    rows = max(1, CELLS // max(1, i * o))
    return torch.cat([total_in_place(e.mT @ b) for b, e in zip(a.split(rows), d.split(rows), strict=True)])


def squares(module: nn.Module, a: Tensor, d: Tensor) -> Rows:
    """||gradient||^2 of weight and bias."""
    a, d = positions(a), positions(d)
    found = {"weight": product_square(a, d)}
    if getattr(module, "bias", None) is not None:
        found["bias"] = total_in_place(d.sum(1))
    return found


def gradients(module: nn.Module, a: Tensor, d: Tensor) -> Rows:
    """Gradients of weight (n, out, in) and bias (n, out)."""
    a, d = positions(a), positions(d)
    found = {"weight": d.mT @ a}
    if getattr(module, "bias", None) is not None:
        found["bias"] = d.sum(1)
    return found


def transposed(module: nn.Module, a: Tensor, d: Tensor) -> Rows:
    """Gradients of a weight that is stored as (in, out)."""
    found = gradients(module, a, d)
    return found | {"weight": found["weight"].mT}


LINEAR = Kernel(squares, gradients)
TRANSPOSED = Kernel(squares, transposed)
