"""Attacks that read the loss: Yeom et al. 2018, Watson et al. 2022, Ye et al. 2022 (P and R)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float


def yeom(target: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Minus the target's loss (n,)."""
    return -target


def watson(
    target: Float[np.ndarray, "n"], shadows: Float[np.ndarray, "models n"], member: Bool[np.ndarray, "models n"]
) -> Float[np.ndarray, "n"]:
    """Mean loss of the models without the example minus the target's loss (n,); NaN where every model has it."""
    with np.errstate(invalid="ignore"):
        return np.where(member, 0.0, shadows).sum(0) / (~member).sum(0) - target


def attack_p(target: Float[np.ndarray, "n"], others: Bool[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Share of the other examples whose loss is above this one's (n,): minus the loss, on a scale of false alarms."""
    pool = np.sort(target[others])
    above = len(pool) - np.searchsorted(pool, target, side="right")
    return above / max(len(pool), 1)


def attack_r(
    target: Float[np.ndarray, "n"], shadows: Float[np.ndarray, "models n"], member: Bool[np.ndarray, "models n"]
) -> Float[np.ndarray, "n"]:
    """Share of the models without the example whose loss on it is above the target's (n,), smoothed between models.

    By linear interpolation of their empirical distribution from a loss of 0 up to one of 1,000.
    """
    found = np.full(target.shape, np.nan)
    for i, loss in enumerate(target):
        outside = np.sort(shadows[~member[:, i], i])
        if len(outside):
            knots = np.concatenate([[0.0], outside, [1000.0]])
            found[i] = 1 - np.interp(loss, knots, np.linspace(0, 1, len(knots)))
    return found
