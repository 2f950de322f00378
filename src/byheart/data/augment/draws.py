"""Random numbers per image, drawn where the generator is and used where the images are."""

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor


def between(inputs: Tensor, generator: Generator, low: float | int, high: float | int) -> Float[Tensor, " b"]:
    """One number per image, uniform in [low, high)."""
    drawn = torch.rand(len(inputs), generator=generator, device=generator.device)
    return (low + (high - low) * drawn).to(inputs.device, inputs.dtype)


def whole(inputs: Tensor, generator: Generator, low: int, high: int) -> Int[Tensor, " b"]:
    """One whole number per image, uniform in [low, high]."""
    return torch.randint(low, high + 1, (len(inputs),), generator=generator, device=generator.device).to(inputs.device)
