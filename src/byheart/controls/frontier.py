"""The frontier of memorization against generalization: settings that no other beats in both."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from byheart.base.seeds import generator
from byheart.diagnosis.proportion import Z
from byheart.diagnosis.uncertainty import resampled

DRAWS = 500


def undominated(
    cost: Float[np.ndarray, "... settings"], worth: Float[np.ndarray, "... settings"]
) -> Bool[np.ndarray, "... settings"]:
    """Which settings are on the frontier: none other is at least as good in both and better in one.

    Low `cost` and high `worth` are good; NaN is on no frontier and beats nobody.
    """
    known = np.isfinite(cost) & np.isfinite(worth)
    a, b = np.where(known, cost, np.inf), np.where(known, worth, -np.inf)
    less, more = a[..., :, None] <= a[..., None, :], b[..., :, None] >= b[..., None, :]
    strictly = (a[..., :, None] < a[..., None, :]) | (b[..., :, None] > b[..., None, :])
    return known & ~(less & more & strictly).any(-2)


def membership(
    memorized: Float[np.ndarray, "settings seeds"],
    error: Float[np.ndarray, "settings"],
    worth: Float[np.ndarray, "settings seeds rows"],
    draws: int = DRAWS,
) -> Float[np.ndarray, "settings"]:
    """How often each setting is on the frontier when seeds and test rows are drawn anew, in [0, 1].

    `memorized` by seed is drawn with the seeds; where it was measured once for all seeds, `error` is the standard
    error with which it is drawn instead (0 for none). Few seeds make this coarse: three give ten different draws.
    """
    value = resampled(worth, draws)
    cost = resampled(memorized[:, :, None], draws)  # the same seeds in the same draws: one generator, one order
    noise = generator(0, "memorized").normal(size=value.shape)
    return undominated(cost + noise * error, value).mean(0)


def standard_error(low: float, high: float) -> float:
    """The standard error behind a 95% interval; 0 where there is none."""
    width = (high - low) / (2 * Z)
    return float(width) if np.isfinite(width) else 0.0
