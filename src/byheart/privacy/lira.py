"""LiRA: the likelihood ratio of a model's answer under models with and without the example (Carlini et al. 2022)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import norm

from byheart.base.errors import UsageError

Variance = Literal["example", "pooled", "shrunk"]
PRIOR_MODELS = 8  # models' worth of belief in the pooled variance
SMALLEST = 1e-6  # of the pooled variance: an example on which all models agree is no certainty
FROM = 32  # models on a side from which a variance per example is estimated well enough


def online(
    target: Float[np.ndarray, "n"], shadows: Float[np.ndarray, "models n"], member: Bool[np.ndarray, "models n"],
    variance: Variance = "shrunk",
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """Log N(phi; mu_in, s_in) - log N(phi; mu_out, s_out) (n,), high for members; NaN without models on both sides.

    `target` (n,) are the attacked model's signals, `shadows` those of the others, which must not include it. Means are
    means; variances are within examples, per side: of each example, pooled over examples, or shrunk between the two.
    Errors: UsageError for fewer than two models.
    """
    inside, outside = side(shadows, member, variance), side(shadows, ~member, variance)
    return norm.logpdf(target, *inside) - norm.logpdf(target, *outside)


def offline(
    target: Float[np.ndarray, "n"], shadows: Float[np.ndarray, "models n"], member: Bool[np.ndarray, "models n"],
    variance: Variance = "shrunk",
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """Log P(Z <= phi) (n,) for Z ~ N(mu_out, s_out): one-sided, from models without the example alone."""
    return norm.logcdf(target, *side(shadows, ~member, variance))


def side(
    shadows: Float[np.ndarray, "models n"], counted: Bool[np.ndarray, "models n"], variance: Variance
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Mean and standard deviation (n,) of the signals that are counted; NaN where there is none."""
    if len(shadows) < 2:
        raise UsageError(f"{len(shadows)} shadow model has no spread.", do="record at least 2 others: RMIA needs 1")
    count = counted.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(counted, shadows, 0.0).sum(0, dtype=np.float64) / count
        squares = np.square(np.where(counted, shadows - mean, 0.0)).sum(0)
    return np.where(count > 0, mean, np.nan), deviation(count, squares, variance)


def deviation(
    count: Int[np.ndarray, "n"], squares: Float[np.ndarray, "n"], variance: Variance
) -> Float[np.ndarray, "n"]:
    """Standard deviation (n,) from how many signals there are of each example and their summed squared deviations."""
    pooled = squares[count > 1].sum() / max((count[count > 1] - 1).sum(), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        if variance == "pooled":
            own = np.full(squares.shape, pooled)
        elif variance == "example":
            own = squares / (count - 1)
        else:
            own = (PRIOR_MODELS * pooled + squares) / (PRIOR_MODELS + np.maximum(count - 1, 0))
    if not pooled > 0:
        pooled = 1.0  # every model gives the same answer: any width tells the same order
    return np.sqrt(np.maximum(own, SMALLEST * pooled))


def default_variance(models: int) -> Variance:
    """The variance that is used for so many models on both sides together: per example only where it can be known."""
    return "example" if models >= 8 * FROM else "shrunk"
