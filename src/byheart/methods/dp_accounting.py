"""What DP-SGD spends: epsilon of so many noisy steps on Poisson samples, and the noise that keeps within an epsilon."""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from byheart.base.errors import MissingExtra, UsageError

NEAR, ROUGHLY = 0.004, 0.1  # noise is found to within this share of itself, on the private side
TIGHTER = 0.7  # of the noise that Renyi divergences ask for, privacy loss random variables ask for no less
MOST_NOISE = 1e4  # beyond it a step is noise alone


@cache
def spent(noise: float, rate: float, steps: int, delta: float) -> float:
    """Epsilon at `delta` of `steps` steps with Gaussian noise of `noise` bounds on samples that take each example with
    chance `rate`: an upper bound, when one example is added or removed.

    By privacy loss random variables (Gopi, Lee and Wutschitz 2021), within .01 of the truth; where these have no answer
    by Renyi divergences (Mironov, Talwar and Zhang 2019). Errors: MissingExtra without opacus.
    """
    if not (noise >= 0 and 0 < rate <= 1 and steps >= 0 and 0 < delta < 1):
        raise UsageError(
            f"noise={noise}, rate={rate}, steps={steps}, delta={delta} cannot be.",
            do="noise and steps from 0, 0 < rate <= 1, 0 < delta < 1",
        )
    if not steps or not noise:
        return math.inf if steps else 0.0
    for kind in ("PRVAccountant", "RDPAccountant"):
        found = _by(kind, noise, rate, steps, delta)
        if math.isfinite(found):
            return found
    return math.inf


@cache
def noise_for(epsilon: float, rate: float, steps: int, delta: float) -> float:
    """The least noise with which `spent` is at most `epsilon`, to .4%. Errors: UsageError where none is enough."""
    low, high = 0.0, 0.25
    while _by("RDPAccountant", high, rate, steps, delta) > epsilon:
        low, high = high, 2 * high
        if high > MOST_NOISE:
            raise UsageError(
                f"No noise keeps {steps} steps within epsilon {epsilon:g} at delta {delta:g}.",
                do="allow more, or take fewer steps",
            )
    # the quick bound first; the tighter one, slow where there is little noise, asks for a little less
    high = _least(lambda noise: _by("RDPAccountant", noise, rate, steps, delta) <= epsilon, low, high, ROUGHLY)
    while spent(high, rate, steps, delta) > epsilon:
        high *= 1 + NEAR
    return _least(lambda noise: spent(noise, rate, steps, delta) <= epsilon, TIGHTER * high, high, NEAR)


def _least(enough: Callable[[float], bool], low: float, high: float, near: float) -> float:
    while high - low > near * high:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def package(name: str) -> Any:
    """A module of the package opacus; MissingExtra where it is not installed."""
    try:
        return importlib.import_module(f"opacus{name and '.'}{name}")
    except ImportError as error:
        raise MissingExtra(
            "The package opacus is not installed.", "It computes each example's gradient and what is spent.",
            "pip install 'byheart[privacy]'",
        ) from error  # fmt: skip


def _by(kind: str, noise: float, rate: float, steps: int, delta: float) -> float:
    accountant = getattr(package("accountants"), kind)()
    accountant.history = [(noise, rate, steps)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # that the best order is the largest: the bound holds, it is only wider
        try:
            found = float(accountant.get_epsilon(delta=delta))
        except (ValueError, RuntimeError, ArithmeticError, MemoryError):
            return math.inf
    return found if found >= 0 else math.inf
