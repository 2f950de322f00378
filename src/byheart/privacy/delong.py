"""The interval of one target's AUC: over examples, since there is no other target to compare it with."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from byheart.privacy import pooled

Z = 1.959964


def auc_interval(
    said: Float[np.ndarray, "both"], member: Bool[np.ndarray, "both"], value: float
) -> tuple[float, float]:
    """The 95% interval over examples (DeLong et al. 1988), not narrower than 0 errors of so many allow."""
    known = ~np.isnan(said)
    pull = pooled.placed(said[None], member[None], value)
    fewest = min((known & member).sum(), (known & ~member).sum())
    half = max(Z * float(np.sqrt((pull**2).sum())), 1 - 0.025 ** (1 / int(fewest))) if 0 < fewest else 1.0
    return max(value - half, 0.0), min(value + half, 1.0)
