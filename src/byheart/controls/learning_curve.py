"""Held-out error over the size of the training set, as a power law: error(n) = a n^-b + c.

a n^-b is what more data remove, c what they never will (Cortes et al. 1993; Hestness et al. 2017). For a given b the
law is linear in a and c, so that b alone is searched: the fit is the best there is with a >= 0 and c >= 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from byheart.diagnosis.uncertainty import Interval, resampled

FEWEST_SIZES = 4  # the law has three parameters; at three sizes every curve fits
SLOW, STEEP = 0.02, 4.0  # exponents that are searched
STEPS, ZOOMS = 80, 5
EXPLAINED = 0.8  # of the variance between sizes
DRAWS = 300


@dataclass(frozen=True)
class LearningCurve:
    """The law with 95% intervals by bootstrap over seeds and test rows; `reason` says why there is none.

    `label` names the other factors' levels, `sizes` and `errors` are the points, `explained` is the share of their
    variance that the law explains, `doubled` the fall of the error from the largest size to twice as many.
    """

    label: str
    sizes: tuple[int, ...]
    errors: tuple[float, ...]
    a: Interval | None = None
    b: Interval | None = None
    c: Interval | None = None
    doubled: Interval | None = None
    explained: float = float("nan")
    reason: str = ""

    def at(self, n: float) -> float:
        """The law's error with n training examples; NaN without a law."""
        if self.reason or self.a is None or self.b is None or self.c is None:
            return float("nan")
        return self.a.value * n**-self.b.value + self.c.value


def power_law(
    sizes: Float[np.ndarray, "sizes"], errors: Float[np.ndarray, "draws sizes"]
) -> Float[np.ndarray, "draws 3"]:
    """The least-squares a, b, c of each draw, a and c not below 0."""
    low, high = np.full(len(errors), np.log(SLOW)), np.full(len(errors), np.log(STEEP))
    best = low
    for _ in range(ZOOMS):  # each look at STEPS exponents narrows the range to the neighbours of the best
        grid = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, STEPS)
        loss = linear(sizes, errors, np.exp(grid))[2]
        at = loss.argmin(1)
        best, step = np.take_along_axis(grid, at[:, None], 1)[:, 0], (high - low) / (STEPS - 1)
        low, high = np.maximum(best - step, np.log(SLOW)), np.minimum(best + step, np.log(STEEP))
    a, c, _ = linear(sizes, errors, np.exp(best)[:, None])
    return np.stack([a[:, 0], np.exp(best), c[:, 0]], 1)


def linear(
    sizes: Float[np.ndarray, "sizes"], errors: Float[np.ndarray, "draws sizes"], b: Float[np.ndarray, "draws steps"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The best a and c, neither below 0, for each exponent, with their squared error: three of (draws, steps)."""
    x = (sizes / sizes[-1]) ** -b[:, :, None]  # relative to the largest size: no exponent is too large for a float
    y = np.broadcast_to(errors[:, None, :], x.shape)
    dx, dy = x - x.mean(2, keepdims=True), y - y.mean(2, keepdims=True)
    slope = np.maximum((dx * dy).sum(2) / (dx * dx).sum(2), 0)
    floor = y.mean(2) - slope * x.mean(2)
    through = np.maximum((x * y).sum(2) / (x * x).sum(2), 0)  # the best a where c would be below 0
    slope, floor = np.where(floor < 0, through, slope), np.maximum(floor, 0)
    loss = ((slope[:, :, None] * x + floor[:, :, None] - y) ** 2).sum(2)
    return slope * sizes[-1] ** b, floor, loss


def learning_curve(
    label: str, sizes: Float[np.ndarray, "sizes"], values: Float[np.ndarray, "sizes seeds rows"], draws: int = DRAWS
) -> LearningCurve:
    """The curve of held-out errors (0 or 1, or losses) at ascending sizes; without a law, and why, where none fits."""
    mean = np.array([np.nanmean(v) if np.isfinite(v).any() else np.nan for v in values])
    known = np.isfinite(mean)
    sizes, values, mean = sizes[known], values[known], mean[known]
    points = (tuple(int(n) for n in sizes), tuple(float(e) for e in mean))
    if len(sizes) < FEWEST_SIZES:
        few = f"{len(sizes)} sizes are too few for a law of three parameters; give at least {FEWEST_SIZES}"
        return LearningCurve(label, *points, reason=few)
    a, b, c = power_law(sizes, mean[None])[0]
    spread = float(((mean - mean.mean()) ** 2).sum())
    explained = 1 - float(((a * sizes**-b + c - mean) ** 2).sum()) / spread if spread else 0.0
    if reason := unfit(b, explained):
        return LearningCurve(label, *points, explained=explained, reason=reason)
    drawn = resampled(values, draws)
    drawn = power_law(sizes, drawn[np.isfinite(drawn).all(1)])
    n = float(sizes[-1])
    falls = drawn[:, 0] * (n ** -drawn[:, 1] - (2 * n) ** -drawn[:, 1])
    fall = float(a * (n**-b - (2 * n) ** -b))
    a, b, c, doubled = (around(float(v), d) for v, d in zip((a, b, c, fall), (*drawn.T, falls), strict=True))
    return LearningCurve(label, *points, a=a, b=b, c=c, doubled=doubled, explained=explained)


def around(value: float, drawn: Float[np.ndarray, "draws"]) -> Interval:
    """A value with the middle 95% of what was drawn."""
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(value, float(low), float(high))


def unfit(b: float, explained: float) -> str:
    """Why a fit is no law; nothing when it is one."""
    if explained < EXPLAINED:
        return (
            f"the error does not fall by a power of the size: the law explains {max(explained, 0):.0%} of its variance"
        )
    if b < 1.05 * SLOW:
        return "the error falls too slowly for a power to be told (exponent near 0)"
    if b > 0.95 * STEEP:
        return "the error falls at once and then no more: no power of the size"
    return ""
