"""confidence, variability and correctness: the three axes of a data map (Swayamdipta et al. 2020).

confidence = mean over presentations of p(y), variability = the population standard deviation of p(y), correctness = the
share of right answers, with p(y) = exp(-loss). Low confidence: hard; high variability: ambiguous; the rest easy.
Confidence and correctness 0 to 1, low = suspect; variability 0 to .5; free.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.scores.score import score
from byheart.scores.trajectory.presented import mean, of_classes


@score(
    "confidence",
    needs="trajectory",
    higher="easier",
    unit="probability",
    range=(0, 1),
    cost="free",
    finds="hard and mislabelled examples (low)",
    source="Swayamdipta et al. 2020",
)
def confidence(loss: Float[np.ndarray, "epochs n"], correct: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Mean probability (n,) of the label."""
    of_classes(correct, "confidence")
    return mean(probability(loss))


@score(
    "variability",
    needs="trajectory",
    higher="more ambiguous",
    direction=0,
    unit="probability",
    range=(0, 0.5),
    cost="free",
    finds="ambiguous examples",
    source="Swayamdipta et al. 2020",
)
def variability(loss: Float[np.ndarray, "epochs n"], correct: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Population standard deviation (n,) of the label's probability."""
    of_classes(correct, "variability")
    p = probability(loss)
    return np.sqrt(mean(np.square(p - mean(p))))


@score(
    "correctness",
    needs="trajectory",
    higher="easier",
    unit="share of presentations",
    range=(0, 1),
    cost="free",
    finds="hard and mislabelled examples (low)",
    source="Swayamdipta et al. 2020",
)
def correctness(correct: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Share (n,) of presentations with a right answer."""
    of_classes(correct, "correctness")
    return mean(correct)


def probability(loss: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "epochs n"]:
    """Probability of the label, exp(-loss), in float64."""
    return np.exp(-loss.astype(np.float64))
