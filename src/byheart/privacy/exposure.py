"""Exposure of a canary: how far its loss ranks below those of sequences never inserted (Carlini et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import kstest, skewnorm

from byheart.base.errors import UsageError


@dataclass(frozen=True)
class Extrapolated:
    """Exposure by a skew normal fitted to the references, in bits, and the fit's Kolmogorov-Smirnov p-value."""

    bits: float
    fit_p_value: float


def sampled(loss: float, references: Float[np.ndarray, "n"]) -> float:
    """log2 n - log2 rank in bits, from 0 to log2 n; references of the same loss rank first.

    Where nothing is memorized, P(exposure >= t) = 2^-t: a mean of about 1.44 bits.
    """
    if not len(references):
        raise UsageError("There are no reference losses.", do="give losses of sequences that were not inserted")
    rank = min(1 + int((references <= loss).sum()), len(references))
    return float(np.log2(len(references)) - np.log2(rank))


def extrapolated(loss: float, references: Float[np.ndarray, "n"]) -> Extrapolated:
    """-log2 of the skew normal's distribution function at the canary's loss: beyond what n references can show."""
    if len(references) < 30 or np.ptp(references) == 0:
        raise UsageError(f"{len(references)} reference losses do not show a distribution.", do="give at least 30")
    shape = skewnorm.fit(references)
    bits = -float(skewnorm.logcdf(loss, *shape)) / np.log(2)
    return Extrapolated(bits, float(kstest(references, skewnorm(*shape).cdf).pvalue))
