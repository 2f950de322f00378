"""Intervals beside those of frequencies: means, differences that are paired or not, weighted means, several at once."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from jaxtyping import Float, Num, Shaped

from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.proportion import Z, wilson_many


def at_once(count: int, level: float = 0.95) -> float:
    """The z with which `count` two-sided intervals hold together with probability `level` at least. Source: Bonferroni,
    Dunn (1961).
    """
    return NormalDist().inv_cdf(1 - (1 - level) / (2 * max(count, 1)))


def mean_measure(name: str, values: Num[np.ndarray, "n"], kind: str, z: float = Z) -> Measure:
    """Mean of values (n,) with its normal interval; not measured below two values."""
    values = np.asarray(values, np.float64)
    if len(values) < 2:
        return missing(name, "at least two examples", kind)
    value, se = float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))
    return Measure(name, value, se, value - z * se, value + z * se, len(values), f"over {len(values)}", kind=kind)


def share_measure(name: str, hits: Shaped[np.ndarray, "n"], z: float = Z) -> Measure:
    """Share of rows (n,) that are right, with Wilson's interval."""
    n = len(hits)
    if not n:
        return missing(name, "examples", "share")
    value, low, high = (float(x[0]) for x in wilson_many(np.array([hits.sum()]), np.array([n]), z))
    return Measure(name, value, (high - low) / (2 * z), low, high, n, f"{hits.sum():.4g} of {n}", kind="share")


def unpaired(name: str, a: Num[np.ndarray, "n"], b: Num[np.ndarray, "m"], kind: str) -> Measure:
    """Mean of a minus mean of b, which have no rows in common, with its normal interval. Source: Welch (1947)."""
    if min(len(a), len(b)) < 2:
        return missing(name, "at least two examples on either side", kind)
    value = float(np.mean(a) - np.mean(b))
    se = math.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))
    return Measure(name, value, se, value - Z * se, value + Z * se, min(len(a), len(b)), kind=kind)


def paired_points(name: str, gain: Num[np.ndarray, "n"]) -> Measure:
    """Mean of paired differences of shares (n,), each from -1 to 1, with its interval.

    The interval is of the rows and two more, +1 and -1, so that it has a width when all are equal. Source: Bonett and
    Price (2012), whose formula this is where all differences are -1, 0 or 1.
    """
    gain = np.asarray(gain, np.float64)
    n = len(gain)
    if not n:
        return missing(name, "examples", "points")
    more = np.concatenate([gain, [1.0, -1.0]])
    centre, half = float(more.mean()), Z * float(more.std()) / math.sqrt(n + 2)
    low, high = max(centre - half, -1.0), min(centre + half, 1.0)
    return Measure(name, float(gain.mean()), (high - low) / (2 * Z), low, high, n, f"over {n} pairs")


def weighted_mean(
    name: str, values: Float[np.ndarray, "k"], low: Float[np.ndarray, "k"], high: Float[np.ndarray, "k"],
    weights: Float[np.ndarray, "k"], n: int, kind: str,
) -> Measure:  # fmt: skip
    """Weighted mean of k independent estimates, with an interval from theirs. Source: Zou and Donner (2008)."""
    value = float(weights @ values)
    below = math.sqrt(float((weights**2) @ (values - low) ** 2))
    above = math.sqrt(float((weights**2) @ (high - values) ** 2))
    return Measure(name, value, (below + above) / (2 * Z), value - below, value + above, n, kind=kind)
