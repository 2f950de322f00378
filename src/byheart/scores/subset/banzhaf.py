"""banzhaf: what an example is worth on new data: the others' held-out performance with it minus without it.

Data Banzhaf by maximum sample reuse (Wang and Jia 2023, equation 6): every subset model counts for every example, here
at the share that was trained on (a weighted Banzhaf value). One sentence: is the network better on new data for having
seen this example? Share of held-out examples (regression: squared deviations of loss saved), positive = it helps;
Welch's t interval over models. Cost: none beyond the subset models. A few dozen models resolve no single ordinary
example: read the interval.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Shaped

from byheart.scores.score import Estimate, score
from byheart.scores.subset.interval import mean_difference


@score(
    "banzhaf",
    needs="subset",
    higher="more useful on new data",
    direction=0,
    unit="share of held-out examples right (regression: held-out loss saved)",
    range=(-np.inf, np.inf),
    cost="none beyond the subset models",
    finds="examples that training is better without (low)",
    source="data Banzhaf, Wang and Jia 2023",
)
def banzhaf(
    member: Bool[np.ndarray, "models n"],
    held_correct: Float[np.ndarray, "models held"],
    held_loss: Float[np.ndarray, "models held"],
    targets: Shaped[np.ndarray, "n"],
) -> Estimate:
    """Mean held-out performance of the models with the example minus that of those without it, (n,)."""
    worth = -held_loss.astype(np.float64).mean(1) if targets.dtype.kind == "f" else held_correct.mean(1, np.float64)
    # without minus with, of what is lost: with minus without, of what is won
    return mean_difference(member, np.broadcast_to(-worth[:, None], member.shape))
