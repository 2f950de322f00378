"""second_split_forgetting: when an example is forgotten once training goes on without it (Maini et al. 2022).

Train on one half of the data until it fits, then on the other half alone, and watch the first:
SSFT(i) = min{t : wrong at all s >= t}, epochs of the second phase from 1; never forgotten: epochs + 1. Mislabelled
examples go first, rare ones late: it separates what cumulative loss cannot. Both directions give every example a value.
Low = mislabelled; 1 to epochs + 1; `byheart.runs.second_split` records the trainings that it reads.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.scores.score import score
from byheart.scores.trajectory.presented import of_classes


@score(
    "second_split_forgetting",
    needs="second split",
    higher="more typical, or rare",
    direction=-1,
    unit="epochs of the second phase",
    range=(1, np.inf),
    cost="two more trainings",
    finds="mislabelled examples (low), apart from rare ones",
    source="Maini et al. 2022",
)
def second_split_forgetting(second_split_correct: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Epoch (n,) of the second phase from which on every answer was wrong; epochs + 1 where the last was right.

    `second_split_correct` is that of the examples left out, in eval mode after each epoch on the other half;
    epochs without a look break nothing. Low = mislabelled, high = rare or typical; NaN where never looked at.
    """
    correct = second_split_correct
    of_classes(correct, "second_split_forgetting")
    looked, right = ~np.isnan(correct), correct >= 0.5
    back = right[::-1].argmax(0)
    time = np.where(right.any(0), len(correct) - back + 1.0, 1.0)
    # forgotten for good begins at a look: the first one at or after `time`
    after = looked & (np.arange(1, len(correct) + 1)[:, None] >= time)
    time = np.where(after.any(0), after.argmax(0) + 1.0, len(correct) + 1.0)
    return np.where(looked.any(0), time, np.nan)
