"""The exact interval of a hit rate at a false-alarm rate that was asked for, whose threshold is an estimate as well.

Of n0 others, the share of all others that score above the k-th largest is Beta(k, n0 - k + 1), whatever the scores are
(Wilks 1941). So there are two places k between which the threshold of a false-alarm rate lies with confidence, and the
members above the upper one and at least at the lower one bound its hit rate (Clopper and Pearson 1934).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.stats import beta, binom

LEVEL = 0.95
# The share of each tail that the threshold may take. Fixed, since one chosen after looking would not hold: where there
# is no leak and as many members as others, both errors are equal, and the sum of the two reaches is least at a half.
SHARE = 0.5


@lru_cache(maxsize=4096)
def places(others: int, fpr: float, level: float = LEVEL) -> tuple[int, int]:
    """Two places k among the scores of the others, the largest being 1: at the first the false-alarm rate is truly at
    most `fpr`, at the second at least, each with confidence; 0 and `others` + 1 stand for beyond all of them.

    The first is the largest k with P(Beta(k, n0 - k + 1) <= fpr) = P(Binomial(n0, fpr) >= k) >= 1 - gamma, the second
    the smallest with P(Beta >= fpr) = P(Binomial <= k - 1) >= 1 - gamma.
    """
    gamma = SHARE * (1 - level) / 2
    within = int(binom.ppf(gamma, others, fpr))  # the smallest k with P(Binomial <= k) >= gamma
    while within > 0 and binom.cdf(within - 1, others, fpr) > gamma:
        within -= 1
    while within < others and binom.cdf(within, others, fpr) <= gamma:
        within += 1
    beyond = int(binom.ppf(1 - gamma, others, fpr)) + 1
    while beyond <= others and binom.cdf(beyond - 1, others, fpr) < 1 - gamma:
        beyond += 1
    return within, min(beyond, others + 1)


def bounds(above: int, at_least: int, members: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval from how many of `members` score `above` the others' first place, and `at_least` at the second."""
    tail = (1 - SHARE) * (1 - level) / 2
    low = float(beta.ppf(tail, above, members - above + 1)) if above else 0.0
    high = float(beta.ppf(1 - tail, at_least + 1, members - at_least)) if at_least < members else 1.0
    return low, high


def hit_rate(
    mine: Float[np.ndarray, "members"], others: Float[np.ndarray, "others"], fpr: float, level: float = LEVEL
) -> tuple[float, float]:
    """The interval of the largest share of members that score above a threshold which a share `fpr` of others exceed.

    It holds for every distribution, with ties and infinite scores: members that tie with a place count at the upper end
    and not at the lower. It takes independent scores, and no NaN. The lower end is 0 where n0 resolves no such rate.
    """
    within, beyond = places(len(others), fpr, level)
    kept = [k for k in (within, beyond) if 1 <= k <= len(others)]
    ranked = -np.partition(-others, [k - 1 for k in kept]) if kept else others
    above = int((mine > ranked[within - 1]).sum()) if within else 0
    at_least = int((mine >= ranked[beyond - 1]).sum()) if beyond <= len(others) else len(mine)
    return bounds(above, at_least, len(mine), level)
