"""Two kinds of examples told apart by their loss: a mixture of two normal distributions (Li et al. 2020)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.base.errors import NotApplicable

STEPS, CLOSE = 200, 1e-8  # of expectation-maximization; it stops where the log likelihood rises by less
LEAST = 1e-6  # variance of a component, of losses scaled to [0, 1]: equal losses have none


def loss_mixture(loss: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Probability (n,) that an example belongs to the component of the larger losses, NaN where the loss is.

    Two normal components with variances of their own, fitted to the losses scaled to [0, 1] by
    expectation-maximization from the halves above and below the middle of the range. In one epoch while a network
    learns, wrong labels are the component of the larger losses (Li et al. 2020, DivideMix). Errors: NotApplicable when
    fewer than two losses differ.
    """
    known = np.isfinite(loss)
    x = np.asarray(loss, np.float64)[known]
    if len(x) < 2 or np.ptp(x) == 0:
        raise NotApplicable("fewer than two losses differ")
    x = (x - x.min()) / np.ptp(x)
    high = np.where(x > 0.5, 1.0, 0.0)
    last = -np.inf
    for _ in range(STEPS):
        log_density = np.stack([weighted(x, 1 - high), weighted(x, high)])
        top = log_density.max(0)
        total = top + np.log(np.exp(log_density - top).sum(0))
        high = np.exp(log_density[1] - total)
        if total.mean() - last < CLOSE:
            break
        last = total.mean()
    means = [np.average(x, weights=share + 1e-12) for share in (1 - high, high)]
    found = np.full(len(loss), np.nan)
    found[known] = high if means[1] >= means[0] else 1 - high
    return found


def weighted(x: Float[np.ndarray, "n"], share: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Log of a component's weight times its normal density (n,), fitted to the examples' shares in it."""
    weight = max(float(share.mean()), 1e-12)
    mean = float((share * x).sum() / (weight * len(x)))
    variance = max(float((share * np.square(x - mean)).sum() / (weight * len(x))), LEAST)
    return np.log(weight) - 0.5 * (np.log(2 * np.pi * variance) + np.square(x - mean) / variance)
