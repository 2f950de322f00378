"""Changed copies of images, always the same, about which a model can be asked again."""

from __future__ import annotations

import re

import numpy as np
import torch
from jaxtyping import Shaped

from byheart.base.errors import UsageError
from byheart.data.augment.moves import moved

MOVES = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}  # rows and columns
PART = re.compile(r"(up|down|left|right)=(\d+)")
WAYS = "mirror, up=1, down=1, left=1, right=1, or several joined by +, as in mirror+left=2"


def asked(inputs: Shaped[np.ndarray, "n *shape"], query: str) -> Shaped[np.ndarray, "n *shape"]:
    """Images (n, channels, height, width) changed as the query says: mirrored left to right, or moved by so many
    pixels, where zeros come in. Errors: UsageError for what is no image, and for what is no query.
    """
    if inputs.ndim != 4:
        raise UsageError(
            f"The query {query} changes images (channels, height, width).",
            f"The inputs have shape {inputs.shape[1:]}: no other change is known that keeps what a row or text means.",
            "leave queries out",
        )
    images = torch.from_numpy(np.array(inputs, np.float32))
    for part in query.split("+"):
        images = _changed(images, part.strip())
    return images.numpy().astype(inputs.dtype)


def _changed(images: torch.Tensor, part: str) -> torch.Tensor:
    if part == "mirror":
        return images.flip(3)
    move = PART.fullmatch(part)
    if not move or int(move[2]) >= min(images.shape[2:]):
        raise UsageError(f"{part!r} is no query about images of {tuple(images.shape[2:])} pixels.", do=f"give {WAYS}")
    (down, right), k = MOVES[move[1]], int(move[2])
    rows, columns = (torch.full((len(images),), sign * k) for sign in (down, right))
    return moved(images, rows, columns, k, "constant")
