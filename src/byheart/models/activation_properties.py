"""What an activation is like, found by evaluating it: its range, whether it ever falls, how smooth it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

FAR = 1e6  # an activation that still grows here has no bound
GRID = np.linspace(-10, 10, 100_001)  # outside it no activation in use turns
COARSE, FINE = 1e-2, 1e-3  # steps of the grids on which jumps are told from slopes
MOST = 2  # derivatives that are looked at


@dataclass(frozen=True)
class Properties:
    """The range of an activation as infimum and supremum (infinite without a bound), its smallest slope
    (below 0: it falls somewhere), and how many of its first two derivatives are continuous (-1: itself it is not).
    """

    low: float
    high: float
    slope: float
    derivatives: int

    @property
    def monotone(self) -> bool:
        """Whether it never falls."""
        return self.slope >= 0


def properties(activation: nn.Module) -> Properties:
    """The properties of an activation, as a function of one number.

    One that looks at all features together (softmax) is given that number and a 0, and its first output is read.
    """
    seen = values(activation, GRID)
    ends = [end(activation, sign) for sign in (-1.0, 1.0)]
    step = float(np.diff(seen).min())
    rounding = 4 * np.finfo(np.float64).eps * max(1.0, np.abs(seen).max())
    return Properties(
        low=min(*ends, float(seen.min())),
        high=max(*ends, float(seen.max())),
        slope=0.0 if -rounding <= step < 0 else step / float(GRID[1] - GRID[0]),
        derivatives=continuous(activation),
    )


def values(activation: nn.Module, x: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """The activation (n,) of each number beside a 0, in double precision."""
    inputs = torch.from_numpy(np.stack([x, np.zeros_like(x)], 1))
    with torch.no_grad():
        return activation.double()(inputs)[:, 0].numpy()


def end(activation: nn.Module, sign: float) -> float:
    """Where the activation tends to far out: a number, or infinite where ten times as far it is twice as large."""
    near, far = values(activation, sign * np.array([FAR / 10, FAR])).tolist()
    return float(np.copysign(np.inf, far)) if abs(far) > 1 and abs(far) > 2 * abs(near) else far


def continuous(activation: nn.Module) -> int:
    """How many of the first two derivatives are continuous; -1 where the activation itself jumps.

    The change of the k-th derivative over a step is the difference of order k + 1 over the step's k-th power. Where it
    is continuous it shrinks with the step; at a jump it stays.
    """
    for order in range(MOST + 1):
        changes = [steepest(activation, order, step) for step in (COARSE, FINE)]
        if changes[1] > 1e-6 and changes[1] > 0.3 * changes[0]:
            return order - 1
    return MOST


def steepest(activation: nn.Module, order: int, step: float) -> float:
    """The largest change of the derivative of that order over a step."""
    half = round(8 / step)
    seen = values(activation, np.arange(-half, half + 1) * step)
    return float(np.abs(np.diff(seen, order + 1)).max() / step**order)
