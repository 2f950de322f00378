"""A lower bound on epsilon from one training with many canaries, by a whole trade-off curve (Mahloujifar et al. 2025).

Where a mechanism is f-DP, an event that has probability y when a canary is in has at least (1 - f)^-1(y) when it is
out, and the other way round. So of all chances p_i of i right guesses not every one can be: with r_j the sum of
i p_i / m and h_j that of (c' - i) p_i / m over i >= j, for m canaries and c' guesses, h_{j-1} >= (1 - f)^-1(r_j).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.special import ndtr, ndtri

from byheart.base.errors import UsageError
from byheart.privacy.dp_bound import LARGEST, epsilon_of

TOLERANCE = 1e-10
Inverse = Callable[[float], float]  # y -> the least x with 1 - f(x) >= y


def refuted(canaries: int, guesses: int, right: int, inverse: Inverse, alpha: float = 0.05) -> bool:
    """Whether so many right guesses, or more, have a chance below `alpha` in every mechanism with this trade-off curve.

    Were that chance alpha, r and h from `right` downwards would be as small as the recursion makes them, and
    r_0 + h_0 = c' / m: what is above refutes it. `guesses` must have been fixed beforehand, and every canary put in by
    its own fair coin. Errors: UsageError for counts that cannot be. Source: Mahloujifar, Melis and Chaudhuri 2025, the
    recursion for two answers, in and out, with abstentions.
    """
    if not (0 <= right <= guesses <= canaries and canaries and 0 < alpha < 1):
        raise UsageError(f"{right} of {guesses} guesses on {canaries} canaries at alpha={alpha} cannot be.")
    r, h = alpha * right / canaries, alpha * (guesses - right) / canaries
    for i in range(right - 1, -1, -1):
        more = max(h, inverse(r))
        if more == h:
            break  # neither changes any more
        r, h = min(r + i / (guesses - i) * (more - h), 1.0), more
    return r + h > guesses / canaries


def mu(canaries: int, guesses: int, right: int, alpha: float = 0.05) -> float:
    """The largest mu of Gaussian differential privacy that is refuted with confidence 1 - alpha, at least 0."""

    def curve(apart: float) -> Inverse:
        return lambda y: float(ndtr(ndtri(y) - apart))

    return _largest(canaries, guesses, right, curve, alpha)


def gaussian(canaries: int, guesses: int, right: int, delta: float, alpha: float = 0.05) -> float:
    """Epsilon at `delta` of that mu: for Gaussian mechanisms only, and nearly for what is composed of many steps.

    Errors: UsageError where delta is 0, at which no Gaussian mechanism has an epsilon.
    """
    if not 0 < delta < 1:
        raise UsageError(f"A Gaussian mechanism has no epsilon at delta={delta}.", do="give 0 < delta < 1")
    return epsilon_of(mu(canaries, guesses, right, alpha), delta)


def any_mechanism(canaries: int, guesses: int, right: int, delta: float, alpha: float = 0.05) -> float:
    """The largest epsilon at `delta` that is refuted whatever the mechanism is, by the curve of (epsilon, delta)-DP:
    1 - f(x) = min(1, e^epsilon x + delta, 1 - e^-epsilon (1 - delta - x)) (Wasserman and Zhou 2010).
    """
    if not 0 <= delta < 1:
        raise UsageError(f"delta={delta} is no probability.", do="give 0 <= delta < 1")

    def curve(epsilon: float) -> Inverse:
        e = math.exp(epsilon)
        return lambda y: max(0.0, (y - delta) / e, 1 - delta - e * (1 - y))

    return _largest(canaries, guesses, right, curve, alpha)


def _largest(canaries: int, guesses: int, right: int, family: Callable[[float], Inverse], alpha: float) -> float:
    """The largest parameter of a family that is refuted, and so are all below; 0 where none is."""
    if not refuted(canaries, guesses, right, family(0.0), alpha):
        return 0.0
    low, high = 0.0, 1.0
    while high < LARGEST and refuted(canaries, guesses, right, family(high), alpha):
        low, high = high, 2 * high
    while high - low > TOLERANCE:
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(canaries, guesses, right, family(middle), alpha) else (low, middle)
    return low
