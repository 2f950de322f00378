"""first_learned and learning_time: when the network first got an example right, and when it got it right for good.

first_learned = min{t : right at t}, learning_time = min{t : right at all s >= t}, over the epochs in which the example
was seen, counted from 1; never: epochs + 1 (Toneva et al. 2019; the learning time of Baldock et al. 2021 compares with
the final prediction instead of the label). Higher = more memorized; 1 to epochs + 1; free.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.scores.score import score
from byheart.scores.trajectory.presented import of_classes


@score(
    "first_learned",
    needs="trajectory",
    higher="more memorized",
    unit="epochs",
    range=(1, np.inf),
    cost="free",
    finds="hard and mislabelled examples",
    source="Toneva et al. 2019",
)
def first_learned(correct: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Epoch (n,) of the first right answer, from 1; epochs + 1 where there was none; NaN where never seen."""
    of_classes(correct, "first_learned")
    right = correct >= 0.5
    first = np.where(right.any(0), right.argmax(0) + 1.0, len(correct) + 1.0)
    return np.where(np.isnan(correct).all(0), np.nan, first)


@score(
    "learning_time",
    needs="trajectory",
    higher="more memorized",
    unit="epochs",
    range=(1, np.inf),
    cost="free",
    finds="examples learned late: memorized, mislabelled",
    source="Toneva et al. 2019",
)
def learning_time(correct: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Epoch (n,) from which on all was right, from 1; epochs + 1 where the last was wrong; NaN where never seen."""
    of_classes(correct, "learning_time")
    wrong = correct < 0.5  # an epoch in which the example was not seen breaks nothing
    back = wrong[::-1].argmax(0)
    time = np.where(wrong.any(0), len(correct) - back + 1.0, 1.0)
    seen = ~np.isnan(correct)
    # right for good begins at a presentation: the first seen epoch at or after `time`
    after = seen & (np.arange(1, len(correct) + 1)[:, None] >= time)
    time = np.where(after.any(0), after.argmax(0) + 1.0, len(correct) + 1.0)
    return np.where(seen.any(0), time, np.nan)
