"""Blocks of an input that a network may read: features, regions of an image, its border, its colour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Num

from byheart.data.task import Task

Exchange = Callable[[np.ndarray, np.ndarray], np.ndarray]  # own inputs (n, ...), others' (n, ...) -> changed (n, ...)
GRID = 4  # cells along each side of an image
EDGE = 8  # the border is one in so many pixels wide
FEATURES = 64  # more features than these are taken together in runs
RUNS = 16


@dataclass(frozen=True, eq=False)
class Block:
    """A part of the input: how to put that of other examples in its place, and `where` it is, a mask of one input's
    shape; all False for what has no place, such as colour.
    """

    name: str
    exchange: Exchange
    where: Bool[np.ndarray, "..."]

    def apart(self, other: Block) -> bool:
        """Whether the two have no coordinate in common."""
        return self is not other and not (self.where & other.where).any()


def region(name: str, where: Bool[np.ndarray, "..."]) -> Block:
    """The block of the coordinates in a mask of one input's shape."""
    return Block(name, lambda own, other: np.where(where, other, own), where)


def blocks_of(task: Task) -> tuple[Block, ...]:
    """The blocks that inputs of this task are probed in.

    Images: a grid of 4 x 4 cells, the border (an eighth wide) and, with several channels, the colour. Otherwise each
    feature, or beyond 64 of them 16 runs of neighbouring ones.
    """
    if len(task.input_shape) == 3:
        return image_blocks(task.input_shape)
    return feature_blocks(task.input_shape, task.feature_names)


def feature_blocks(shape: tuple[int, ...], names: tuple[str, ...] = ()) -> tuple[Block, ...]:
    """One block a feature, or runs of neighbouring features."""
    count = int(np.prod(shape))
    places = np.arange(count).reshape(shape)
    if count <= FEATURES:
        known = names if len(names) == count else tuple(f"feature {k}" for k in range(count))
        return tuple(region(str(known[k]), places == k) for k in range(count))
    cuts = np.linspace(0, count, RUNS + 1).round().astype(int)
    return tuple(region(f"features {a} to {b - 1}", (places >= a) & (places < b)) for a, b in pairwise(cuts.tolist()))


def image_blocks(shape: tuple[int, ...]) -> tuple[Block, ...]:
    """Cells, border and colour of images (channels, height, width)."""
    channels, height, width = shape
    rows, columns = (np.linspace(0, size, min(GRID, size) + 1).round().astype(int).tolist() for size in (height, width))
    found = []
    for i, (top, bottom) in enumerate(pairwise(rows)):
        for j, (left, right) in enumerate(pairwise(columns)):
            where = np.zeros(shape, bool)
            where[:, top:bottom, left:right] = True
            place = f"rows {top} to {bottom - 1}, columns {left} to {right - 1}"
            found.append(region(f"cell {i + 1}, {j + 1} ({place})", where))
    edge = max(1, min(height, width) // EDGE)
    border = np.ones(shape, bool)
    border[:, edge : height - edge, edge : width - edge] = False
    found.append(region(f"border ({edge} wide)" if edge > 1 else "border", border))
    if channels > 1:
        found.append(Block("colour", repainted, np.zeros(shape, bool)))
    return tuple(found)


def colours(images: Num[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n c 1 1"]:
    """The mean colour of each image, its largest channel 1; black is grey."""
    mean = (images.astype(np.float64) - images.min()).mean((2, 3), keepdims=True)
    largest = mean.max(1, keepdims=True)
    return np.where(largest > 0, mean / np.where(largest > 0, largest, 1), 1.0)


def repainted(own: Num[np.ndarray, "n c h w"], other: Num[np.ndarray, "n c h w"]) -> Num[np.ndarray, "n c h w"]:
    """Images in the mean colour of others.

    Each pixel is moved by its brightness (its largest channel) times the difference of the two colours, so that an
    image in one colour is in the other's after, and details in colours of their own keep them.
    """
    low, high = own.min(), own.max()
    bright = own.astype(np.float64).max(1, keepdims=True) - low
    moved = np.clip(own + bright * (colours(other) - colours(own)), low, high)
    return (moved if own.dtype.kind == "f" else np.rint(moved)).astype(own.dtype)
