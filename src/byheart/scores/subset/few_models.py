"""memorization_shrunk: memorization from few models, with one run's trajectory as prior; byheart's own.

mem = P(right | trained on it) - P(right | not trained on it). For each of the two probabilities of each example,

    p ~ Beta(m M, (1 - m) M),   hits | p ~ Binomial(trials, p),   so   p | hits ~ Beta(m M + hits, (1 - m) M + trials - hits),

where m is what the trajectory says (trajectory_prior.py) and M, the number of models that this prior is worth, is one
number for all examples: averaged over a grid by its marginal likelihood, so that what the counts cannot tell of M widens
the interval. Derivation and measurements: docs/decisions/0003-memorization-from-few-models.md.

Range -1 to 1, higher = more memorized, 95% interval; every example has a value, also one that is in all models or in none.
Below 8 models the ensemble says too little about M: `few(member)` is then true and whoever shows the values must say so.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import betaln

from byheart.base.errors import NotApplicable
from byheart.scores.score import Estimate, score
from byheart.scores.subset.interval import NORMAL
from byheart.scores.subset.tally import tally
from byheart.scores.subset.trajectory_prior import prior_mean

STRENGTHS = 2.0 ** np.arange(-1, 7)  # half a model to 64; the floor keeps a prior that fits well from drowning the counts
FEWEST_MODELS = 8
FEWEST_EXAMPLES = 50


def few(member: Bool[np.ndarray, "models n"]) -> bool:
    """Whether there are too few models (fewer than 8) to show shrunk values without a mark."""
    return len(member) < FEWEST_MODELS


def posterior(
    mean: Float[np.ndarray, "n"], hits: Float[np.ndarray, "n"], trials: Float[np.ndarray, "n"]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (n,) of each example's probability, averaged over the prior's strength."""
    strength = STRENGTHS[:, None]
    a, b = mean * strength, (1 - mean) * strength
    evidence = (betaln(a + hits, b + trials - hits) - betaln(a, b)).sum(1)
    weight = np.exp(evidence - evidence.max())
    weight = weight[:, None] / weight.sum()
    total = strength + trials
    centre = (a + hits) / total
    spread = centre * (1 - centre) / (total + 1)
    middle = (weight * centre).sum(0)
    return middle, (weight * (spread + centre**2)).sum(0) - middle**2
