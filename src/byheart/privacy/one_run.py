"""A lower bound on epsilon from one training with many canaries, each in or out by a coin (Steinke et al. 2023)."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc

from byheart.base.errors import UsageError

LARGEST = 50.0
TOLERANCE = 1e-6


def p_value(canaries: int, guesses: int, right: int, epsilon: float, delta: float) -> float:
    """The chance of at least so many right guesses under (epsilon, delta)-privacy, at most 1 (theorem 5.2).

    With q = e^eps / (1 + e^eps) and B ~ Binomial(guesses, q): beta + 2 m delta alpha, where beta = P(B >= v) and
    alpha = max over i of P(v > B >= v - i) / i.
    """
    q = 1 / (1 + np.exp(-epsilon))
    tail = float(_at_least(np.array(right), guesses, q))
    if not delta:
        return min(tail, 1.0)
    steps = np.arange(1, right + 1)
    between = _at_least(right - steps, guesses, q) - tail
    alpha = float((between / steps).max()) if right else 0.0
    return min(tail + 2 * canaries * delta * alpha, 1.0)


def _at_least(right: np.ndarray, guesses: int, q: float) -> np.ndarray:
    """P(B >= right) for B ~ Binomial(guesses, q)."""
    return np.where(right <= 0, 1.0, betainc(np.maximum(right, 1), guesses - np.maximum(right, 1) + 1, q))


def epsilon(canaries: int, guesses: int, right: int, delta: float = 0.0, alpha: float = 0.05) -> float:
    """The largest epsilon that is refuted with confidence 1 - alpha, at least 0.

    `right` of `guesses` on `canaries`, whose number must have been fixed beforehand: abstaining is free, choosing how
    often to guess after looking is not. Errors: UsageError for counts that cannot be.
    """
    if not (0 <= right <= guesses <= canaries and canaries and 0 <= delta < 1 and 0 < alpha < 1):
        raise UsageError(
            f"{right} of {guesses} guesses on {canaries} canaries, delta={delta}, alpha={alpha} cannot be."
        )
    if not guesses or p_value(canaries, guesses, right, 0.0, delta) >= alpha:
        return 0.0
    low, high = 0.0, LARGEST
    while high - low > TOLERANCE:
        middle = (low + high) / 2
        if p_value(canaries, guesses, right, middle, delta) < alpha:
            low = middle
        else:
            high = middle
    return low


def guessed(scores: np.ndarray, inserted: np.ndarray, most: int, least: int) -> tuple[int, int]:
    """Guesses and right ones, the `most` highest scores called in and the `least` lowest out; ties by order."""
    if most + least > len(scores) or min(most, least) < 0:
        raise UsageError(f"{most} and {least} guesses on {len(scores)} canaries.", do="guess at most once on each")
    order = np.argsort(-scores, kind="stable")
    said_out = order[len(order) - least :]
    return most + least, int(inserted[order[:most]].sum() + (~inserted[said_out]).sum())
