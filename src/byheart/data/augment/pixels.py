"""Pixel values changed where they are: noise, brightness, contrast, saturation. Values are not cut to a range."""

import torch
from torch import Generator, Tensor

from byheart.data.augment.augmentation import augmentation
from byheart.data.augment.draws import between

GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601 luma


@augmentation("noise", "the noise's deviation, in the images' own units", default=1, low=0, high=1e6)
def noise(inputs: Tensor, generator: Generator, amount: float) -> Tensor:
    """Add Gaussian noise of deviation `amount` to every pixel."""
    drawn = torch.randn(inputs.shape, generator=generator, device=generator.device)
    return inputs + amount * drawn.to(inputs.device, inputs.dtype)


@augmentation("jitter", "how far brightness, contrast and saturation go from 1", default=0.2, low=0, high=1)
def jitter(inputs: Tensor, generator: Generator, amount: float) -> Tensor:
    """Scale brightness, contrast (about the image's mean) and, with three channels, saturation by factors in 1 +-
    amount.
    """
    light, contrast, colour = (
        between(inputs, generator, 1 - amount, 1 + amount)[:, None, None, None] for _ in range(3)
    )
    inputs = light * inputs
    mean = inputs.mean((1, 2, 3), keepdim=True)
    inputs = mean + contrast * (inputs - mean)
    if inputs.shape[1] == 3:
        grey = (inputs * torch.tensor(GREY, dtype=inputs.dtype, device=inputs.device)[:, None, None]).sum(
            1, keepdim=True
        )
        inputs = grey + colour * (inputs - grey)
    return inputs
