"""LASS, Langevin adversarial sample search: is there another class within a small box around an input?

Source: Arpit et al. 2017, section 4.2, algorithm 1. Published for pixels from 0 to 255, with a step of 0.25, noise of
0.2 and a radius of 0.3 there; here all three are shares of what an input's values range over, so that any scale will
do: a radius of 0.3 / 255 is theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

Logits = Callable[[Tensor], Tensor]  # inputs (b, ...) -> logits (b, classes)
PIXEL = 1 / 255  # a step of one in 256 grey levels, as a share of their range
RADIUS, STEP, NOISE = 0.3 * PIXEL, 0.25 / 0.3, 0.2 / 0.3  # step and noise as shares of the radius
ROUNDS = 20  # from the second step on, most values lie on the box's faces


@dataclass(frozen=True, eq=False)
class Found:
    """Where each search ended (b, ...), and whether the network says another class there (b,)."""

    inputs: Float[Tensor, "b *shape"]
    critical: Bool[Tensor, "b"]


def lass(
    logits: Logits, inputs: Float[Tensor, "b *shape"], radius: Float[Tensor, "..."], rounds: int = ROUNDS, seed: int = 0
) -> Found:
    """Search within `radius` of every value, broadcast over one input, for an input of another predicted class.

    Each round moves a search that has found none by step * sign(gradient) + noise * N(0, 1), where the gradient raises
    the cross-entropy of the class that the network says of the input as it is, and cuts it back to the box. A round's
    noise is the same for all examples and follows from the seed, so that an outcome depends on its example alone.
    """
    generator = torch.Generator(device="cpu").manual_seed(seed)
    with torch.no_grad():
        said = logits(inputs).argmax(1)
    at, critical = inputs.detach().clone(), torch.zeros(len(inputs), dtype=torch.bool, device=inputs.device)
    low, high = inputs - radius, inputs + radius
    for _ in range(rounds):
        noise = torch.randn(inputs.shape[1:], generator=generator, dtype=inputs.dtype).to(inputs.device)
        open_ = (~critical).nonzero()[:, 0]
        if not len(open_):
            break
        step = STEP * uphill(logits, at[open_], said[open_]).sign() + NOISE * noise
        moved = torch.clamp(at[open_] + radius * step, low[open_], high[open_])
        at[open_] = moved
        with torch.no_grad():
            critical[open_] = logits(moved).argmax(1) != said[open_]
    return Found(at, critical)


def uphill(logits: Logits, inputs: Float[Tensor, "b *shape"], said: Tensor) -> Float[Tensor, "b *shape"]:
    """The gradient of each example's cross-entropy against `said` in its own input."""
    with torch.enable_grad():
        at = inputs.detach().requires_grad_(True)
        return torch.autograd.grad(F.cross_entropy(logits(at), said, reduction="sum"), at)[0]
