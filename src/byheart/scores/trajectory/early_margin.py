"""early_margin: the mean margin in the first third of the epochs.

mean over presentations t <= T/3 of z[y] - max over k != y of z[k]. Below zero the network believed in another label
before it memorized this one. Low = suspect; any number of logits; free.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.scores.score import score
from byheart.scores.trajectory.presented import early, mean, of_classes


@score(
    "early_margin",
    needs="trajectory",
    higher="more typical",
    direction=-1,
    unit="logits",
    range=(-np.inf, np.inf),
    cost="free",
    finds="mislabelled examples (below zero)",
    source="Pleiss et al. 2020, first third of the epochs",
)
def early_margin(margin: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Mean margin (n,) over the first third of the epochs; NaN where not seen in it."""
    of_classes(margin, "early_margin")
    return mean(early(margin))
