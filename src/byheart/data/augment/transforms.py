"""The random transforms that image pipelines are written in, on tensors, under the names and arguments of torchvision.

Bilinear throughout, where torchvision turns by the nearest pixel unless told otherwise; a batch is one call, and every
image of it has draws of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from byheart.base.errors import UsageError
from byheart.base.registry import every
from byheart.data.augment.draws import between
from byheart.data.augment.flips import mirrored
from byheart.data.augment.moves import frames, rotated, sampled

Images = Float[Tensor, "*b c h w"]
Resized = Float[Tensor, "*b c height width"]
ASPECTS = (3 / 4, 4 / 3)
FIXED = ("ToTensor", "ToImage", "ToDtype", "PILToTensor", "ConvertImageDtype", "Normalize")  # the task does these


@dataclass(frozen=True)
class RandomHorizontalFlip:
    """Mirrors images left to right with probability `p`."""

    p: float = 0.5

    def __call__(self, images: Images, generator: Generator | None = None) -> Images:
        return each(images, lambda batch: mirrored(batch, generator or torch.default_generator, self.p, 3))


@dataclass(frozen=True)
class RandomVerticalFlip:
    """Mirrors images top to bottom with probability `p`."""

    p: float = 0.5

    def __call__(self, images: Images, generator: Generator | None = None) -> Images:
        return each(images, lambda batch: mirrored(batch, generator or torch.default_generator, self.p, 2))


@dataclass(frozen=True)
class RandomRotation:
    """Turns images about their centre by an angle uniform in `degrees` (one number d: from -d to d); zeros come in."""

    degrees: float | Sequence[float]

    def __call__(self, images: Images, generator: Generator | None = None) -> Images:
        low, high = pair(self.degrees)
        drawn = generator or torch.default_generator
        return each(images, lambda batch: rotated(batch, between(batch, drawn, low, high)))


@dataclass(frozen=True)
class RandomResizedCrop:
    """Cuts out a share of the area uniform in `scale`, width over height log-uniform in `ratio`, and stretches it to
    `size` (height, width, or one number for both). Source: Szegedy et al. 2015.
    """

    size: int | Sequence[int]
    scale: Sequence[float] = (0.08, 1.0)
    ratio: Sequence[float] = ASPECTS

    def __call__(self, images: Images, generator: Generator | None = None) -> Resized:
        drawn = generator or torch.default_generator
        return each(images, lambda batch: sampled(batch, frames(batch, drawn, self.scale, self.ratio), "border",
                                                  sides(self.size)))  # fmt: skip


@dataclass(frozen=True)
class Compose:
    """One transform after the other."""

    transforms: Sequence[Any]

    def __call__(self, images: Images, generator: Generator | None = None) -> Resized:
        changed: Tensor = images
        for transform in self.transforms:
            changed = transform(changed, generator)
        return changed


def each(images: Tensor, change: Any) -> Tensor:
    """A change of a batch, for one image (c, h, w) too."""
    return change(images[None])[0] if images.ndim == 3 else change(images)


def pair(degrees: Any) -> tuple[float, float]:
    """Both ends of a range of angles."""
    low, high = (-degrees, degrees) if isinstance(degrees, int | float) else degrees
    return float(low), float(high)


def sides(size: Any) -> tuple[int, int]:
    """Height and width from either form of a size."""
    height, width = (size, size) if isinstance(size, int) else size if len(size) == 2 else (size[0], size[0])
    return int(height), int(width)


def named(pipeline: Any, side: int | Sequence[int]) -> tuple[str, ...]:
    """A pipeline of these transforms, or of torchvision's own, as `Task(augment=...)` names them; images keep their
    sides, `side`.

    What draws nothing (ToTensor, Normalize) is left out: the task does it. Errors: UsageError for a transform, or an
    argument, that has no counterpart there.
    """
    found = []
    for transform in getattr(pipeline, "transforms", None) or [pipeline]:
        kind = type(transform).__name__
        if kind in FIXED:
            continue
        if kind in ("RandomHorizontalFlip", "RandomVerticalFlip"):
            found.append(f"flip{'-vertical' * (kind == 'RandomVerticalFlip')}={transform.p:g}")
        elif kind == "RandomRotation" and -pair(transform.degrees)[0] == pair(transform.degrees)[1]:
            found.append(f"rotate={pair(transform.degrees)[1]:g}")
        elif kind == "RandomResizedCrop" and common(transform, sides(side)):
            found.append(f"resized-crop={transform.scale[0]:g}")
        else:
            raise UsageError(
                f"{kind} with these arguments has no name among the augmentations.", f"({transform})",
                f"write augment=(...) yourself, of: {', '.join(every('augment'))}",
            )  # fmt: skip
    return tuple(found)


def common(crop: Any, side: tuple[int, int]) -> bool:
    """Whether a resized crop keeps the images' size, goes up to the whole image and has the usual ratios."""
    usual = all(math.isclose(a, b) for a, b in zip(crop.ratio, ASPECTS, strict=True))
    return sides(crop.size) == side and crop.scale[1] == 1 and usual
