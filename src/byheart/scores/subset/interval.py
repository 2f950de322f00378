"""95% intervals for a difference between models with an example and models without it.

Frequencies: Agresti and Caffo (2000) add one success and one failure to each side; the quantile is Student's with
Welch's degrees of freedom instead of the normal one. With 14 models in and 6 out the normal quantile covers .888 where
the example is always right in and right half of the time out, which is what a memorized example looks like; with
Welch's the least coverage anywhere is .929. Exact coverage of both, of Newcombe's and of Wald's interval:
benchmarks/results/intervals.md.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtri, stdtrit

from byheart.scores.score import Estimate
from byheart.scores.subset.tally import tally

LEVEL = 0.95
UPPER = 0.5 + LEVEL / 2
NORMAL = float(ndtri(UPPER))


def frequency_difference(
    hits: Float[np.ndarray, "*n"],
    trials: Float[np.ndarray, "*n"],
    other_hits: Float[np.ndarray, "*n"],
    other_trials: Float[np.ndarray, "*n"],
) -> Estimate:
    """hits/trials - other_hits/other_trials in [-1, 1]; NaN where a side has no trial.

    Hits may be fractions (a share of tokens): they vary less than a coin of the same mean, so the interval is wide.
    """
    known = (trials > 0) & (other_trials > 0)
    n, m = np.where(known, trials, 1.0), np.where(known, other_trials, 1.0)
    s, t = np.where(known, hits, 0.0), np.where(known, other_hits, 0.0)
    value = s / n - t / m
    p, q = (s + 1) / (n + 2), (t + 1) / (m + 2)
    a, b = p * (1 - p) / (n + 2), q * (1 - q) / (m + 2)
    reach = stdtrit(_welch(a, n + 2, b, m + 2), UPPER) * np.sqrt(a + b)
    low, high = np.clip(p - q - reach, -1, 1), np.clip(p - q + reach, -1, 1)
    return _where(known, value, np.sqrt(a + b), low, high)


def mean_difference(member: Bool[np.ndarray, "models n"], value: Float[np.ndarray, "models n"]) -> Estimate:
    """Mean of `value` without minus mean with the example, in its unit, with Welch's (1947) t interval.

    NaN where a side has no model; the value alone where a side has only one.
    """
    sums = tally(member, value)
    inside, outside = sums.mean_in, sums.mean_out
    spread = tally(member, (value - np.where(member, inside, outside)) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):  # one model on a side: no spread is known
        a = spread.sum_out / (sums.n_out - 1) / sums.n_out
        b = spread.sum_in / (sums.n_in - 1) / sums.n_in
        exact = (a + b) == 0  # every model on either side gave the same number
        degrees = np.where(exact, 1.0, _welch(a, sums.n_out, b, sums.n_in))
    known = (sums.n_in > 1) & (sums.n_out > 1)
    error = np.where(known, np.sqrt(np.where(known, a + b, 0.0)), np.nan)
    reach = stdtrit(np.where(known, degrees, 1.0), UPPER) * error
    difference = outside - inside
    return Estimate(difference, error, difference - reach, difference + reach)


def frequency(hits: Float[np.ndarray, "n"], trials: Float[np.ndarray, "n"]) -> Estimate:
    """hits/trials in [0, 1] with the interval of Agresti and Coull (1998); NaN where there is no trial."""
    known = trials > 0
    n = np.where(known, trials, 1.0)
    extra = NORMAL**2
    p = (hits + extra / 2) / (n + extra)
    error = np.sqrt(p * (1 - p) / (n + extra))
    low, high = np.clip(p - NORMAL * error, 0, 1), np.clip(p + NORMAL * error, 0, 1)
    return _where(known, hits / n, error, low, high)


def mean(value: Float[np.ndarray, "models n"], low: float, high: float) -> Estimate:
    """Mean over the models that are not NaN, with Student's t interval, cut to [low, high]; no error from one model."""
    asked = np.isfinite(value)
    count = asked.sum(0).astype(float)
    centre = np.divide(
        np.where(asked, value, 0.0).sum(0, dtype=float), count, out=np.full(count.shape, np.nan), where=count > 0
    )
    squares = np.where(asked, value - centre, 0.0) ** 2
    several = count > 1
    room = np.where(several, count, 2.0)
    error = np.where(several, np.sqrt(squares.sum(0, dtype=float) / (room - 1) / room), np.nan)
    reach = stdtrit(room - 1, UPPER) * error
    return Estimate(centre, error, np.clip(centre - reach, low, high), np.clip(centre + reach, low, high))


def _welch(a: np.ndarray, n: np.ndarray, b: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Degrees of freedom of a difference whose two parts have variances a, b from n, m observations (Welch 1947)."""
    return (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (m - 1))


def _where(known: np.ndarray, *columns: np.ndarray) -> Estimate:
    return Estimate(*(np.where(known, column, np.nan) for column in columns))
