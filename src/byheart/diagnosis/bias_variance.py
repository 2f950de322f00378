"""Bias and variance: what a way of learning gets wrong on average over training sets, and how much it differs between
them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from byheart.base.errors import UsageError


class BiasVariance(NamedTuple):
    """Means over examples, in squared units of the target; together they are the mean squared error to the truth."""

    squared_bias: float
    variance: float

    @property
    def error(self) -> float:
        """Squared bias and variance together: the mean squared error over fits and examples, without label noise."""
        return self.squared_bias + self.variance


def bias_variance(predictions: Float[np.ndarray, "fits n"], truth: Float[np.ndarray, "n"]) -> BiasVariance:
    """The two parts of the squared error of fits to resampled training sets, against the noiseless truth.

    Both are unbiased for the number of fits: the mean prediction of few fits itself varies, by variance / fits, which
    is taken off its squared distance to the truth; the squared bias can so come out below 0. Source: Geman, Bienenstock
    and Doursat (1992), section 3. Errors: UsageError for fewer than two fits.
    """
    if len(predictions) < 2:
        raise UsageError(f"{len(predictions)} fit shows no variance.", do="fit at least two training sets")
    found = predictions.astype(np.float64)
    variance = found.var(0, ddof=1)
    squared_bias = np.square(found.mean(0) - truth) - variance / len(found)
    return BiasVariance(float(squared_bias.mean()), float(variance.mean()))
