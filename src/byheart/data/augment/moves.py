"""Images moved, turned and cut: what leaves the frame is lost, what comes in is zero."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor
from torch.nn import functional as F

from byheart.base.errors import UsageError
from byheart.data.augment.augmentation import augmentation
from byheart.data.augment.draws import between, whole


@augmentation("translate", "pixels at most, along each axis", default=2, low=0, high=1024, whole=True)
def translate(inputs: Tensor, generator: Generator, amount: float) -> Tensor:
    """Move by whole pixels, uniform from -amount to amount along each axis; zeros come in."""
    k = int(amount)
    down, right = whole(inputs, generator, -k, k), whole(inputs, generator, -k, k)
    return moved(inputs, down, right, k, "constant")


@augmentation("crop", "pixels of mirrored border that the frame is cut from", default=4, low=0, high=1024, whole=True)
def crop(inputs: Tensor, generator: Generator, amount: float) -> Tensor:
    """Put a mirrored border of `amount` pixels around and cut the old size out at a random place."""
    k = int(amount)
    if k >= min(inputs.shape[2:]):
        raise UsageError(
            f"crop={k} mirrors more than images of {inputs.shape[2]} x {inputs.shape[3]} hold.", do="give less"
        )
    down, right = whole(inputs, generator, -k, k), whole(inputs, generator, -k, k)
    return moved(inputs, down, right, k, "reflect")


@augmentation("rotate", "degrees at most, either way", default=10, low=0, high=180)
def rotate(inputs: Tensor, generator: Generator, amount: float) -> Tensor:
    """Turn about the centre by an angle uniform from -amount to amount degrees; bilinear, zeros come in."""
    return rotated(inputs, between(inputs, generator, -amount, amount))


@augmentation("resized-crop", "the smallest share of the area that is kept", default=0.6, low=0.05, high=1)
def resized_crop(inputs: Tensor, generator: Generator, amount: float) -> Tensor:
    """Cut out a share of the area uniform from `amount` to 1, sides 3:4 to 4:3, and stretch it to the old size
    (Szegedy et al. 2015).
    """
    return sampled(inputs, frames(inputs, generator, (amount, 1), (3 / 4, 4 / 3)), "border")


def moved(
    inputs: Float[Tensor, "b c h w"], down: Int[Tensor, " b"], right: Int[Tensor, " b"], border: int, fill: str
) -> Float[Tensor, "b c h w"]:
    """Images moved by whole pixels, at most `border`; the border is filled by `fill` (constant: zeros, reflect)."""
    height, width = inputs.shape[2:]
    padded = F.pad(inputs, (border, border, border, border), mode=fill)
    rows = border - down[:, None] + torch.arange(height, device=inputs.device)
    columns = border - right[:, None] + torch.arange(width, device=inputs.device)
    each = torch.arange(len(inputs), device=inputs.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def frames(
    inputs: Float[Tensor, "b c h w"], generator: Generator, scale: Sequence[float], ratio: Sequence[float]
) -> Float[Tensor, "b 2 3"]:
    """A matrix for each image that cuts a share of the area in `scale` out at random, sides in `ratio`."""
    area = between(inputs, generator, *scale)
    aspect = between(inputs, generator, math.log(ratio[0]), math.log(ratio[1])).exp()
    # a frame wider or higher than the image is cut back to it
    height, width = (area / aspect).sqrt().clamp(max=1), (area * aspect).sqrt().clamp(max=1)
    down = between(inputs, generator, -1, 1) * (1 - height)
    right = between(inputs, generator, -1, 1) * (1 - width)
    zero = torch.zeros_like(width)
    return torch.stack([width, zero, right, zero, height, down], 1).reshape(-1, 2, 3)


def rotated(inputs: Float[Tensor, "b c h w"], degrees: Float[Tensor, " b"]) -> Float[Tensor, "b c h w"]:
    """Images turned counter-clockwise about their centre; bilinear, zeros come in."""
    height, width = inputs.shape[2:]
    cos, sin = torch.cos(torch.deg2rad(degrees)), torch.sin(torch.deg2rad(degrees))
    zero = torch.zeros_like(cos)
    # coordinates run from -1 to 1 along each side: turning in pixels needs the ratio of the sides
    matrix = torch.stack([cos, -sin * height / width, zero, sin * width / height, cos, zero], 1)
    return sampled(inputs, matrix.reshape(-1, 2, 3), "zeros")


def sampled(
    inputs: Float[Tensor, "b c h w"], matrix: Float[Tensor, "b 2 3"], outside: str, size: tuple[int, int] | None = None
) -> Float[Tensor, "b c h2 w2"]:
    """Each image read at the places to which its matrix takes the (x, y) of the new one, of `size` (default: the
    same); bilinear.
    """
    grid = F.affine_grid(matrix, [*inputs.shape[:2], *(size or inputs.shape[2:])], align_corners=False)
    return F.grid_sample(inputs, grid, mode="bilinear", padding_mode=outside, align_corners=False)
