"""memorization_shrunk: memorization from few models, with one run's trajectory as prior; byheart's own.

mem = P(right | trained on it) - P(right | not trained on it). For each of the two probabilities of each example,

    p ~ Beta(m M, (1 - m) M),  hits | p ~ Binomial(trials, p),  so  p | hits ~ Beta(m M + hits, (1 - m) M + misses),

where m is what the trajectory says (trajectory_prior.py) and M, the number of models that this prior is worth, is one
number for all examples: averaged over a grid by its marginal likelihood, so that what the counts cannot tell of M
widens the interval. Derivation and measurements: docs/decisions/0003-memorization-from-few-models.md.

Range -1 to 1, higher = more memorized, 95% interval; every example has a value, also one in all models or in none.
Below 8 models the ensemble says too little about M; the score `memorization_marked` then marks every value.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy.special import betaln

from byheart.base.errors import NotApplicable
from byheart.scores.score import Estimate, score
from byheart.scores.subset.interval import NORMAL
from byheart.scores.subset.tally import tally
from byheart.scores.subset.trajectory_prior import prior_mean
from byheart.scores.trajectory.aum import aum
from byheart.scores.trajectory.cumulative_loss import cumulative_loss, cumulative_loss_early
from byheart.scores.trajectory.early_margin import early_margin
from byheart.scores.trajectory.final_loss import final_loss
from byheart.scores.trajectory.forgetting import forgetting
from byheart.scores.trajectory.learning_time import first_learned

STRENGTHS = 2.0 ** np.arange(
    -1, 7
)  # half a model to 64; the floor keeps a prior that fits well from drowning the counts
FEWEST_MODELS = 8
FEWEST_EXAMPLES = 50


def posterior(
    mean: Float[np.ndarray, "n"], hits: Float[np.ndarray, "n"], trials: Float[np.ndarray, "n"]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (n,) of each example's probability, averaged over the prior's strength."""
    strength = STRENGTHS[:, None]
    a, b = mean * strength, (1 - mean) * strength
    gain = betaln(a + hits, b + trials - hits) - betaln(a, b)
    evidence = np.sort(gain, axis=1).sum(1)  # sorted, so that the order of the examples changes no bit
    weight = np.exp(evidence - evidence.max())
    weight = weight[:, None] / weight.sum()
    total = strength + trials
    centre = (a + hits) / total
    spread = centre * (1 - centre) / (total + 1)
    middle = (weight * centre).sum(0)
    return middle, (weight * (spread + centre**2)).sum(0) - middle**2


def difficulty(
    loss: Float[np.ndarray, "epochs n"], margin: Float[np.ndarray, "epochs n"], correct: Float[np.ndarray, "epochs n"]
) -> Float[np.ndarray, "n features"]:
    """What the prior reads of a trajectory: seven scores, each turned so that higher = harder."""
    return np.stack(
        [
            cumulative_loss(loss),
            cumulative_loss_early(loss),
            -aum(margin),
            -early_margin(margin),
            first_learned(correct),
            forgetting(correct),
            final_loss(loss),
        ],
        axis=1,
    )


@score(
    "memorization_shrunk",
    needs="both",
    higher="more memorized",
    unit="difference of probabilities",
    range=(-1.0, 1.0),
    cost="a few subset models",
    finds="memorized examples: wrong labels, rare and atypical ones",
    source="empirical Bayes on Feldman and Zhang 2020",
    by_column=False,
)
def memorization_shrunk(
    member: Bool[np.ndarray, "models n"],
    many_correct: Float[np.ndarray, "models n"],
    loss: Float[np.ndarray, "epochs n"],
    margin: Float[np.ndarray, "epochs n"],
    correct: Float[np.ndarray, "epochs n"],
    targets: Shaped[np.ndarray, "n"],
) -> Estimate:
    """Memorization (n,) from counts and trajectory; NotApplicable to regression and below 50 examples."""
    if targets.dtype.kind == "f":
        raise NotApplicable("regression has no right and wrong to count; memorization_raw compares losses")
    if len(targets) < FEWEST_EXAMPLES:
        raise NotApplicable(f"a prior cannot be learned from {len(targets)} examples; {FEWEST_EXAMPLES} are needed")
    sums, features = tally(member, many_correct), difficulty(loss, margin, correct)
    inside, spread_in = posterior(prior_mean(features, sums.sum_in, sums.n_in), sums.sum_in, sums.n_in)
    outside, spread_out = posterior(prior_mean(features, sums.sum_out, sums.n_out), sums.sum_out, sums.n_out)
    value, error = inside - outside, np.sqrt(spread_in + spread_out)
    reach = NORMAL * error
    return Estimate(value, error, np.maximum(value - reach, -1.0), np.minimum(value + reach, 1.0))
