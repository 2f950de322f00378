"""How sure a mean over seeds and rows is."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from byheart.base.seeds import generator
from byheart.diagnosis.proportion import Z, wilson


class Interval(NamedTuple):
    """A value with its 95% interval; NaN where it cannot be told."""

    value: float
    low: float
    high: float


UNKNOWN = Interval(math.nan, math.nan, math.nan)


def of_rows(values: Float[np.ndarray, "seeds rows"]) -> Interval:
    """Mean over seeds and rows; its interval covers other seeds and other rows. Seeds of NaN diverged and are left out.

    Values of 0 and 1 are shares: Wilson's interval at the count that has the joint error. Others: normal. The seeds'
    part is stretched by Student's t, since few seeds know their own spread badly.
    """
    known = values[np.isfinite(values).all(1)]
    if not known.size:
        return UNKNOWN
    variance = row_variance(known) + seed_variance(known.mean(1))
    if np.isin(known, (0, 1)).all():
        return share(float(known.mean()), variance, known.shape[1])
    return normal(float(known.mean()), variance)


def of_seeds(values: Float[np.ndarray, "seeds"]) -> Interval:
    """Mean over seeds; its interval covers other seeds. One seed has no spread: its interval is unknown."""
    known = values[np.isfinite(values)]
    if not len(known):
        return UNKNOWN
    return normal(float(known.mean()), seed_variance(known) if len(known) > 1 else math.nan)


def of_counts(shares: Float[np.ndarray, "seeds"], counts: Float[np.ndarray, "seeds"]) -> Interval:
    """Mean share of the examples that each seed counted; its interval covers other seeds and other examples."""
    known = np.isfinite(shares) & (counts > 0)
    if not known.any():
        return UNKNOWN
    p, n = float(shares[known].mean()), float(counts[known].mean())
    return share(p, seed_variance(shares[known]) + p * (1 - p) / n, n)


def within(found: Interval, low: float, high: float) -> Interval:
    """The interval cut to the values that there can be."""
    return Interval(found.value, *(min(max(end, low), high) for end in found[1:]))


def row_variance(values: Float[np.ndarray, "seeds rows"]) -> float:
    """Variance of the mean from the choice of rows, all seeds looking at the same; NaN for one row."""
    rows = values.shape[1]
    return float(values.mean(0).var(ddof=1) / rows) if rows > 1 else math.nan


def seed_variance(means: Float[np.ndarray, "seeds"]) -> float:
    """Variance of the mean of some seeds, stretched so that 1.96 deviations are Student's interval; 0 for one seed."""
    from scipy import stats

    k = len(means)
    if k < 2:
        return 0.0
    return float(means.var(ddof=1) / k * (stats.t.ppf(0.975, k - 1) / Z) ** 2)


def share(p: float, variance: float, rows: float) -> Interval:
    """Wilson's interval at the count whose binomial variance is `variance`; never more than the rows there are."""
    size = min(p * (1 - p) / variance, rows) if variance > 0 and 0 < p < 1 else rows
    _, low, high = wilson(p * size, size)
    return Interval(p, min(low, p), max(high, p))  # at 0 and 1 Wilson's end is the value, but for rounding


def normal(value: float, variance: float) -> Interval:
    """Value -+ 1.96 deviations."""
    half = Z * math.sqrt(variance) if variance >= 0 else math.nan
    return Interval(value, value - half, value + half)


def resampled(
    values: Float[np.ndarray, "settings seeds rows"], draws: int, seed: int = 0
) -> Float[np.ndarray, "draws settings"]:
    """Means under the bootstrap of seeds and rows: every draw takes the same seeds and rows for all settings.

    A seed that diverged counts for the settings that have it; NaN where a draw has none.
    """
    random = generator(seed, "bootstrap")
    _, seeds, rows = values.shape
    by_seed = random.multinomial(seeds, np.full(seeds, 1 / seeds), draws)  # (draws, seeds): how often each
    by_row = random.multinomial(rows, np.full(rows, 1 / rows), draws)
    there = np.asarray(np.isfinite(values).all(2))
    filled = np.where(there[:, :, None], values, 0.0)
    means = np.tensordot(by_row / rows, filled, (1, 2))  # (draws, settings, seeds)
    weight = by_seed[:, None, :] * there
    with np.errstate(invalid="ignore"):
        return (means * weight).sum(2) / weight.sum(2)
