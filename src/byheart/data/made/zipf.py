"""Zipf's law: the k-th most frequent kind is k to the power of -exponent as frequent as the first."""

import numpy as np

from byheart.base.errors import UsageError


def zipf_counts(n: int, kinds: int, exponent: float) -> np.ndarray:
    """How many (kinds,) of `n` examples are of each kind, most frequent first; every kind has at least one.

    Shares are rounded by the largest remainders (Hamilton's method); a kind that is left with none gets one of the most
    frequent. An exponent of 0 makes all alike. Errors: UsageError for fewer examples than kinds and for a negative
    exponent.
    """
    if n < kinds or exponent < 0:
        raise UsageError(
            f"{n} examples with exponent {exponent:g} cannot be spread over {kinds} kinds.",
            do=f"give at least {kinds} examples and an exponent from 0",
        )
    weights = np.arange(1, kinds + 1, dtype=np.float64) ** -exponent
    shares = n * weights / weights.sum()
    counts = np.floor(shares).astype(np.int64)
    counts[np.argsort(counts - shares, kind="stable")[: n - counts.sum()]] += 1
    for empty in np.flatnonzero(counts == 0):
        counts[np.flatnonzero(counts == counts.max())[-1]] -= 1  # the last of equals, so that the order stays
        counts[empty] = 1
    return counts
