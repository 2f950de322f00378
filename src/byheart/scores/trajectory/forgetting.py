"""forgetting: how often the network gave an example up again.

Sum over presentations t of 1[right at t and wrong at t + 1], between presentations that follow each other; an example that was never right counts as many
times as it was presented (Toneva et al. 2019, algorithm 1: such examples rank above all others; `first_learned` tells them apart).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.scores.score import score
from byheart.scores.trajectory.presented import of_classes


@score(
    "forgetting", needs="trajectory", higher="more memorized", unit="events", range=(0, np.inf), cost="free",
    finds="hard, atypical and mislabelled examples", source="Toneva et al. 2019",
)  # fmt: skip
def forgetting(correct: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Forgetting events (n,), from right to wrong; never learned = all presentations; NaN where never seen."""
    of_classes(correct, "forgetting")
    events = np.zeros(correct.shape[1])
    shown = np.zeros(correct.shape[1])
    before = np.full(correct.shape[1], np.nan)
    ever = np.zeros(correct.shape[1], bool)
    for now in correct.astype(np.float64):
        seen = ~np.isnan(now)
        right = now >= 0.5
        events += seen & (before >= 0.5) & ~right
        ever |= seen & right
        shown += seen
        before = np.where(seen, now, before)
    return np.where(shown == 0, np.nan, np.where(ever, events, shown))
