"""forgetting: how often the network gave an example up again.

Sum over presentations t of 1[right at t and wrong at t + 1], between presentations that follow each other; an example
that was never right counts as many times as it was presented (Toneva et al. 2019, algorithm 1: such examples rank above
all others; `first_learned` tells them apart). Higher = more memorized; 0 to the number of presentations; free.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.scores.score import score
from byheart.scores.trajectory.presented import of_classes


@score(
    "forgetting",
    needs="trajectory",
    higher="more memorized",
    unit="events",
    range=(0, np.inf),
    cost="free",
    finds="hard, atypical and mislabelled examples",
    source="Toneva et al. 2019",
)
def forgetting(correct: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Forgetting events (n,), from right to wrong; never learned = all presentations; NaN where never seen."""
    of_classes(correct, "forgetting")
    n = correct.shape[1]
    events, shown = np.zeros(n), np.zeros(n)
    was_right, ever = np.zeros(n, bool), np.zeros(n, bool)
    for now in correct:
        seen, right = ~np.isnan(now), now >= 0.5
        events += seen & was_right & ~right
        shown += seen
        ever |= right
        was_right = np.where(seen, right, was_right)
    return np.where(shown == 0, np.nan, np.where(ever, events, shown))
