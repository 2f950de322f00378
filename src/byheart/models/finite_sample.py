"""Any labels fitted exactly, and in one go: the network of two layers and 2n + d weights of Zhang et al. (2017)."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Real
from torch import Tensor, nn

from byheart.base.errors import DataError
from byheart.base.seeds import generator

DIRECTIONS = 16  # that are drawn, of which the one is taken that keeps the closest two examples farthest apart


class FiniteSample(nn.Module):
    """(b, ...) -> (b, 1): sum over j of weights_j max(direction . x - offsets_j, 0), in float64."""

    def __init__(self, direction: np.ndarray, offsets: np.ndarray, weights: np.ndarray) -> None:
        super().__init__()
        self.direction, self.offsets, self.weights = (
            nn.Parameter(torch.from_numpy(array)) for array in (direction, offsets, weights)
        )

    def forward(self, x: Tensor) -> Tensor:
        along = x.flatten(1).double() @ self.direction
        return (along[:, None] - self.offsets).relu() @ self.weights[:, None]


def finite_sample(inputs: Real[np.ndarray, "n *shape"], targets: Float[np.ndarray, "n"], seed: int = 0) -> FiniteSample:
    """The network that gives every one of n inputs (n, ...) its target (n,), with d + n + n weights and no training.

    A random direction lines the examples up as z_1 < ... < z_n. With offsets b_1 < z_1 and b_j = z_(j-1), the matrix
    max(z_i - b_j, 0) is lower triangular with a positive diagonal, so that the weights can be solved for: they are the
    changes of slope of the line through all (z_i, y_i). Source: Zhang et al. 2017, theorem 1. Errors: DataError for
    inputs that are the same.
    """
    x, y = inputs.reshape(len(inputs), -1).astype(np.float64), targets.astype(np.float64)
    random = generator(seed, "finite_sample").standard_normal((x.shape[1], DIRECTIONS))
    all_along = np.sort(x @ random, axis=0)
    gaps = np.diff(all_along, axis=0).min(0) / np.ptp(all_along, axis=0)
    direction = random[:, gaps.argmax()].copy()
    along = x @ direction
    order = np.argsort(along)
    z, y = along[order], y[order]
    if not gaps.max() > 0 or len(np.unique(z)) < len(z):
        raise DataError("Two of the inputs are the same.", do="leave one of them out: they can have one answer only")
    offsets = np.concatenate([[z[0] - np.ptp(z) / len(z)], z[:-1]])
    slopes = np.diff(y, prepend=0) / (z - offsets)
    return FiniteSample(direction, offsets, np.diff(slopes, prepend=0))
