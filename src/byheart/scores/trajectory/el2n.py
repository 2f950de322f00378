"""el2n: the length of the error vector early in training.

||softmax(z) - onehot(y)||_2 at an early epoch (Paul et al. 2021, who average ten networks in eval mode at a tenth of
the training). Here: one run, the mean over the first tenth of the epochs (at least one) on the run's own clock.
Higher = important, at the extreme noisy; 0 to sqrt(2); free.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.scores.score import score
from byheart.scores.trajectory.presented import mean, of_classes


@score(
    "el2n",
    needs="trajectory",
    higher="more memorized (at the extreme: noise)",
    unit="probability",
    range=(0, 2**0.5 + 1e-6),
    cost="free",
    finds="important, then noisy examples",
    source="Paul et al. 2021",
)
def el2n(error_norm: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Mean length (n,) of the error vector over the first tenth of the epochs; NaN where not seen in it."""
    of_classes(error_norm, "el2n")
    return mean(error_norm[: max(1, len(error_norm) // 10)])
