"""final_loss: the loss at an example's last presentation.

Small for everything once training has memorized it, which is why it finds little then. Higher = not fitted yet; 0 to
infinity; free; also for regression.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.scores.score import score
from byheart.scores.trajectory.presented import last


@score(
    "final_loss",
    needs="trajectory",
    higher="not fitted yet",
    direction=1,
    unit="nats (regression: loss)",
    range=(0, np.inf),
    cost="free",
    finds="examples not fitted yet",
    source="the usual baseline, as in Ravikumar et al. 2025",
)
def final_loss(loss: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Loss (n,) at the last presentation; NaN where never seen."""
    return last(loss)
