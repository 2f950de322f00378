"""Differences between two trainings that share seeds and held-out rows, with intervals over both."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from byheart.diagnosis.proportion import Z
from byheart.diagnosis.uncertainty import UNKNOWN, Interval, normal, row_variance, seed_variance

BLOCKS = 20
Statistic = Callable[[np.ndarray], float]  # of some rows (numbers of them), one number


def paired_rows(
    before: Float[np.ndarray, "seeds rows"], after: Float[np.ndarray, "seeds rows"], shares: bool = True
) -> Interval:
    """Mean of after - before over seeds and rows with its 95% interval.

    The variance is the seeds' part, stretched by Student's t for few seeds, plus the rows' part, since all seeds look
    at the same rows. Differences of shares get two more rows, +1 and -1 (Bonett and Price 2012), so that the interval
    has a width when nothing changed.
    """
    difference = after.astype(np.float64) - before
    value = float(difference.mean())
    if shares:
        means, n = np.concatenate([difference.mean(0), [1.0, -1.0]]), difference.shape[1]
        return normal(value, float(means.var()) / (n + 2) + seed_variance(difference.mean(1)))
    return normal(value, row_variance(difference) + seed_variance(difference.mean(1)))


def paired_statistic(rows: int, before: list[Statistic], after: list[Statistic]) -> Interval:
    """The same for what is no mean over rows, such as ECE: one statistic a seed; the rows' part is a jackknife that
    deletes 20 blocks of rows in turn.
    """
    pairs = list(zip(before, after, strict=True))
    whole = np.arange(rows)

    def of(kept: np.ndarray) -> np.ndarray:
        return np.array([b(kept) - a(kept) for a, b in pairs])

    difference = of(whole)
    if rows < 2 * BLOCKS:
        return Interval(float(difference.mean()), math.nan, math.nan)
    without = np.array([of(whole[whole % BLOCKS != block]).mean() for block in range(BLOCKS)])
    by_row = (BLOCKS - 1) / BLOCKS * float(np.square(without - without.mean()).sum())
    return normal(float(difference.mean()), by_row + seed_variance(difference))


def apart(before: Interval, after: Interval) -> Interval:
    """After - before for two estimates with nothing in common, from their intervals. Source: Zou and Donner (2008)."""
    if not all(map(math.isfinite, (*before, *after))):
        return UNKNOWN
    value = after.value - before.value
    below = math.hypot(after.value - after.low, before.high - before.value)
    above = math.hypot(after.high - after.value, before.value - before.low)
    return Interval(value, value - below, value + above)


def error_of(found: Interval) -> float:
    """The standard error that an interval stands for."""
    return (found.high - found.low) / (2 * Z)
