"""cumulative_loss and cumulative_loss_early: the loss of an example, summed over the epochs.

CSL(i) = sum over t of loss_i(t) (Ravikumar et al. 2025), of the whole run and of its first third: once training goes on
until everything is memorized, the first third separates wrong labels better. An example that missed some epochs gets
its mean loss times the number of epochs. Higher = more memorized; 0 to infinity; free; also for regression.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.scores.score import score
from byheart.scores.trajectory.presented import early, mean


@score(
    "cumulative_loss",
    needs="trajectory",
    higher="more memorized",
    unit="nats x epochs (regression: loss x epochs)",
    range=(0, np.inf),
    cost="free",
    finds="memorized and mislabelled examples",
    source="Ravikumar et al. 2025",
)
def cumulative_loss(loss: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Loss (n,) summed over all epochs; NaN where never seen."""
    return mean(loss) * len(loss)


@score(
    "cumulative_loss_early",
    needs="trajectory",
    higher="more memorized",
    unit="nats x epochs (regression: loss x epochs)",
    range=(0, np.inf),
    cost="free",
    finds="mislabelled examples",
    source="Ravikumar et al. 2025, first third of the epochs",
)
def cumulative_loss_early(loss: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Loss (n,) summed over the first third of the epochs; NaN where not seen in it."""
    first = early(loss)
    return mean(first) * len(first)
