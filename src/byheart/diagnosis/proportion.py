"""Intervals for frequencies and for their differences."""

from __future__ import annotations

import math

import numpy as np

Z = 1.959963984540054  # 97.5% point of the normal distribution
Number = int | float | np.number


def wilson(hits: Number, n: Number) -> tuple[float, float, float]:
    """Frequency hits / n with its 95% interval, in [0, 1]; NaNs when n is 0. Source: Wilson (1927)."""
    value, low, high = wilson_many(np.array([hits], float), np.array([n], float))
    return float(value[0]), float(low[0]), float(high[0])


def wilson_many(hits: np.ndarray, n: np.ndarray, z: float = Z) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequencies (k,) with 95% intervals (k,), (k,), for another `z` wider ones; NaN where n is 0. Source: Wilson
    (1927).
    """
    hits, n = np.asarray(hits, float), np.asarray(n, float)
    n = np.where(n > 0, n, np.nan)
    p = hits / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(np.maximum(p * (1 - p), 0) / n + z**2 / (4 * n**2))
    return p, np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def difference(hits_a: Number, n_a: Number, hits_b: Number, n_b: Number, z: float = Z) -> tuple[float, float, float]:
    """Frequency a minus frequency b with its 95% interval, for another `z` a wider one; NaNs when one is of nothing.
    Source: Agresti and Caffo (2000).
    """
    if not (n_a > 0 and n_b > 0):
        return math.nan, math.nan, math.nan
    a, b = (hits_a + 1) / (n_a + 2), (hits_b + 1) / (n_b + 2)
    half = z * math.sqrt(a * (1 - a) / (n_a + 2) + b * (1 - b) / (n_b + 2))
    return hits_a / n_a - hits_b / n_b, max(a - b - half, -1.0), min(a - b + half, 1.0)
