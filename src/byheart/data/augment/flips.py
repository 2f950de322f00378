"""Mirror images."""

import torch
from torch import Generator, Tensor

from byheart.data.augment.augmentation import augmentation
from byheart.data.augment.draws import between


@augmentation("flip", "the share of images mirrored left to right", default=0.5, low=0, high=1)
def flip(inputs: Tensor, generator: Generator, amount: float) -> Tensor:
    """Mirror left to right with probability `amount`."""
    return mirrored(inputs, generator, amount, axis=3)


@augmentation("flip-vertical", "the share of images mirrored top to bottom", default=0.5, low=0, high=1)
def flip_vertical(inputs: Tensor, generator: Generator, amount: float) -> Tensor:
    """Mirror top to bottom with probability `amount`."""
    return mirrored(inputs, generator, amount, axis=2)


def mirrored(inputs: Tensor, generator: Generator, share: float, axis: int) -> Tensor:
    """Mirror along `axis` with probability `share`."""
    chosen = between(inputs, generator, 0, 1) < share
    return torch.where(chosen[:, None, None, None], inputs.flip(axis), inputs)
