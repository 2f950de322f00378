"""Lower bounds on epsilon from an attack's mistakes at a threshold that was fixed before looking.

A threshold chosen on the same scores makes every bound here invalid: choose it on other data, or divide alpha by the
number of thresholds.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaincinv, log_ndtr, ndtr, ndtri  # ten times as fast as scipy.stats, for single numbers

from byheart.base.errors import UsageError

LARGEST = 100.0  # epsilon: beyond it no audit tells numbers apart


def upper(mistakes: int, n: int, tail: float) -> float:
    """Upper limit of a frequency with `tail` beyond it (Clopper and Pearson 1934)."""
    return 1.0 if mistakes >= n else float(betaincinv(mistakes + 1, n - mistakes, 1 - tail))


def clopper_pearson(
    missed: int, members: int, alarms: int, others: int, delta: float = 0.0, alpha: float = 0.05
) -> float:
    """Epsilon that is exceeded with confidence 1 - alpha, at least 0 (Jagielski et al. 2020; Nasr et al. 2021).

    `missed` of `members` and `alarms` of `others` at one threshold; both rules of hypothesis testing are used, each
    rate with alpha / 2.
    """
    checked(missed, members, alarms, others, delta, alpha)
    fnr, fpr = upper(missed, members, alpha / 2), upper(alarms, others, alpha / 2)
    found = 0.0
    for hit, wrong in ((1 - fnr - delta, fpr), (1 - fpr - delta, fnr)):
        if hit > 0:
            found = max(found, math.log(hit / wrong))
    return found


def gaussian(missed: int, members: int, alarms: int, others: int, delta: float, alpha: float = 0.05) -> float:
    """Epsilon at `delta` of the Gaussian mechanism whose mu the attack shows, at least 0 (Nasr et al. 2023).

    mu = Phi^-1(1 - FPR) - Phi^-1(FNR) at the upper limits, cut at 0: an attack worse than chance shows nothing. For
    Gaussian mechanisms only.
    """
    checked(missed, members, alarms, others, delta, alpha)
    fnr, fpr = upper(missed, members, alpha / 2), upper(alarms, others, alpha / 2)
    mu = float(-ndtri(fpr) - ndtri(fnr)) if max(fnr, fpr) < 1 else 0.0
    return epsilon_of(max(mu, 0.0), delta)


def epsilon_of(mu: float, delta: float) -> float:
    """The epsilon of mu-Gaussian differential privacy at `delta` (Dong, Roth and Su 2022, corollary 1)."""
    if mu <= 0 or delta_of(0.0, mu) <= delta:
        return 0.0
    if delta_of(LARGEST, mu) > delta:
        return LARGEST
    root: float = brentq(lambda e: delta_of(e, mu) - delta, 0.0, LARGEST, xtol=1e-12)  # type: ignore[assignment]
    return root


def delta_of(epsilon: float, mu: float) -> float:
    """Phi(-epsilon / mu + mu / 2) - e^epsilon Phi(-epsilon / mu - mu / 2)."""
    return float(ndtr(-epsilon / mu + mu / 2) - np.exp(epsilon + log_ndtr(-epsilon / mu - mu / 2)))


def ceiling(members: int, others: int, delta: float = 0.0, alpha: float = 0.05) -> float:
    """What a perfect attack on so many would show: no audit of this size can say more."""
    return clopper_pearson(0, members, 0, others, delta, alpha)


def checked(missed: int, members: int, alarms: int, others: int, delta: float, alpha: float) -> None:
    """UsageError for counts that cannot be."""
    if not (0 <= missed <= members and 0 <= alarms <= others and members and others):
        raise UsageError(f"{missed} of {members} missed and {alarms} of {others} alarms cannot be.")
    if not (0 <= delta < 1 and 0 < alpha < 1):
        raise UsageError(f"delta={delta} and alpha={alpha} are no probabilities.", do="0 <= delta < 1, 0 < alpha < 1")
