"""Whether probabilities mean what they say: confidence against accuracy, in bins and on the whole."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from byheart.base.seeds import generator
from byheart.diagnosis.intervals import mean_measure
from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.proportion import Z

BINS = 15
FEWEST = 20  # examples a bin: with fewer, chance alone makes a large error
SPLITS = 20
By = Literal["mass", "width"]


def probabilities(logits: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, "n classes"]:
    """Softmax of logits (n, classes), in float64."""
    z = logits.astype(np.float64)
    z = np.exp(z - z.max(1, keepdims=True))
    return z / z.sum(1, keepdims=True)


def answers(
    logits: Float[np.ndarray, "n classes"], targets: Int[np.ndarray, "n"]
) -> tuple[Float[np.ndarray, "n"], Bool[np.ndarray, "n"]]:
    """Confidence, the largest probability, in (0, 1], and whether the answer is right, (n,) each."""
    return probabilities(logits).max(1), logits.argmax(1) == targets


def negative_log_likelihood(
    logits: Float[np.ndarray, "n classes"], targets: Int[np.ndarray, "n"]
) -> Float[np.ndarray, "n"]:
    """-log of the label's probability (n,) in nats."""
    z = logits.astype(np.float64)
    peak = z.max(1)
    return peak + np.log(np.exp(z - peak[:, None]).sum(1)) - z[np.arange(len(z)), targets]


def bins_of(confidence: Float[np.ndarray, "n"], by: By = "mass", bins: int = BINS) -> Int[np.ndarray, "n"]:
    """The bin (n,) of each confidence, from 0.

    "mass", the default, cuts at quantiles, so that bins hold equally many and at least 20 examples; equal confidences
    share a bin. "width" cuts (0, 1] into equal parts.
    """
    if by == "width":
        edges = np.arange(1, bins) / bins
    else:
        parts = max(1, min(bins, len(confidence) // FEWEST))
        edges = np.unique(np.quantile(confidence, np.arange(1, parts) / parts))
    return np.searchsorted(edges, confidence, side="left")


def expected_calibration_error(
    confidence: Float[np.ndarray, "n"], right: Bool[np.ndarray, "n"], by: By = "mass", bins: int = BINS
) -> float:
    """ECE in [0, 1]: the mean over examples of |accuracy - mean confidence| in their bin. Source: Naeini et al. (2015).

    Chance alone makes it positive, the more so the fewer the examples: `calibration_error` says how large.
    """
    gaps = np.bincount(bins_of(confidence, by, bins), right - confidence)
    return float(np.abs(gaps).sum() / len(confidence))


def calibration_error(
    name: str, confidence: Float[np.ndarray, "n"], right: Bool[np.ndarray, "n"], by: By = "mass", z: float = Z
) -> Measure:
    """ECE with an interval that holds where the bootstrap's does not, near 0; its text says how much chance would make.

    The lower end is that of an estimate with half of the examples for the sign of each bin's gap and the other half for
    its size, which is never above the ECE on average; the upper end is that of the plain value, which is never below.
    """
    n = len(confidence)
    if n < 2:
        return missing(name, "at least two examples", "share")
    order = np.lexsort((right, confidence))  # equal rows are alike, so that the rows' order does not matter
    confidence, right = confidence[order], right[order]
    bins, surplus = bins_of(confidence, by), right - confidence
    value = float(np.abs(np.bincount(bins, surplus)).sum() / n)
    halves = generator(0, "calibration").random((SPLITS, n)) < 0.5
    split = float(np.mean([_split(bins, surplus, first) for first in halves]))
    se = float(surplus.std(ddof=1) / math.sqrt(n))
    low, high = max(split - z * se, 0.0), min(value + z * se, 1.0)
    text = f"{value:.3f} over {n}, where {chance(confidence, bins):.3f} would be by chance"
    return Measure(name, value, (high - low) / (2 * z), min(low, value), high, n, text, kind="ratio")


def chance(confidence: Float[np.ndarray, "n"], bins: Int[np.ndarray, "n"]) -> float:
    """The ECE that is expected of answers that are right exactly as often as their confidence says.

    By the normal approximation in each bin: the mean of |N(0, s^2)| is s sqrt(2 / pi). Bröcker and Smith (2007)
    draw it.
    """
    spread = np.sqrt(np.bincount(bins, confidence * (1 - confidence)))
    return float(spread.sum() * math.sqrt(2 / math.pi) / len(confidence))


def over_confidence(name: str, confidence: Float[np.ndarray, "n"], right: Bool[np.ndarray, "n"]) -> Measure:
    """Mean confidence minus accuracy, in [-1, 1], with its normal interval: an ECE with one bin and a sign, and no
    smaller for chance; positive is over-confident.
    """
    return mean_measure(name, confidence - right, "points")


def _split(bins: np.ndarray, surplus: np.ndarray, first: np.ndarray) -> float:
    count = bins.max() + 1
    signs = [np.sign(np.bincount(bins[half], surplus[half], count)) for half in (first, ~first)]
    return float((np.where(first, signs[1][bins], signs[0][bins]) * surplus).mean())
