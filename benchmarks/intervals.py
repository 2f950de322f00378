"""Coverage of 95% intervals for a difference of two frequencies, computed exactly, and of two means, by simulation.

Claim:    the interval of byheart (one success and one failure added to each side, Welch's t) covers at least .90 at
          every pair of true frequencies on the grid and .94 to .985 on average, for the numbers of models in and out
          that subset training gives; Agresti-Caffo with the normal quantile, Newcombe's and Wald's do not.
Command:  python benchmarks/intervals.py            (writes benchmarks/results/intervals.md)
Hardware: any; about 15 s on one core. n: every pair of counts, no simulation, so no spread; means: 5,000 draws, +-.006.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.special import ndtri
from scipy.stats import binom

from byheart.scores.subset.interval import frequency_difference, mean_difference

Interval = Callable[[np.ndarray, float, np.ndarray, float], tuple[np.ndarray, np.ndarray]]
SIZES = [(14, 6), (28, 12), (42, 18), (70, 30), (32, 32), (10, 6), (6, 2), (5, 3)]
EDGE = np.geomspace(1e-4, 0.2, 25)
GRID = np.unique(np.r_[np.linspace(0, 1, 51), EDGE, 1 - EDGE])
EVEN = np.linspace(0, 1, 51)
Z = float(ndtri(0.975))
DRAWS = 5000


def byheart(s: np.ndarray, n: float, t: np.ndarray, m: float) -> tuple[np.ndarray, np.ndarray]:
    """The library's own function, over a table of counts."""
    estimate = frequency_difference(s.ravel(), np.full(s.size, n), t.ravel(), np.full(t.size, m))
    return estimate.low.reshape(s.shape), estimate.high.reshape(s.shape)


def agresti_caffo(s: np.ndarray, n: float, t: np.ndarray, m: float) -> tuple[np.ndarray, np.ndarray]:
    """Agresti and Caffo (2000)."""
    return wald(s + 1, n + 2, t + 1, m + 2)


def wald(s: np.ndarray, n: float, t: np.ndarray, m: float) -> tuple[np.ndarray, np.ndarray]:
    """The textbook interval."""
    p, q = s / n, t / m
    reach = Z * np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    return p - q - reach, p - q + reach


def newcombe(s: np.ndarray, n: float, t: np.ndarray, m: float) -> tuple[np.ndarray, np.ndarray]:
    """Newcombe (1998), method 10: two Wilson intervals, squared and added."""
    (p, p_low, p_high), (q, q_low, q_high) = _wilson(s, n), _wilson(t, m)
    low = p - q - np.sqrt((p - p_low) ** 2 + (q_high - q) ** 2)
    return low, p - q + np.sqrt((p_high - p) ** 2 + (q - q_low) ** 2)


def _wilson(s: np.ndarray, n: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    p, whole = s / n, 1 + Z * Z / n
    centre, reach = (p + Z * Z / 2 / n) / whole, Z * np.sqrt(p * (1 - p) / n + Z * Z / 4 / n / n) / whole
    return p, centre - reach, centre + reach


def coverage(interval: Interval, n: int, m: int, grid: np.ndarray) -> tuple[np.ndarray, float]:
    """Exact coverage (grid, grid) by summing binomial probabilities, and the mean width over the table of counts."""
    s, t = np.meshgrid(np.arange(n + 1.0), np.arange(m + 1.0), indexing="ij")
    low, high = interval(s, n, t, m)
    first = binom.pmf(np.arange(n + 1), n, grid[:, None])
    second = binom.pmf(np.arange(m + 1), m, grid[:, None])
    covered = np.empty((len(grid), len(grid)))
    for i, p in enumerate(grid):
        difference = (p - grid)[:, None, None]
        inside = (low - 1e-12 <= difference) & (difference <= high + 1e-12)
        covered[i] = np.einsum("s,qt,qst->q", first[i], second, inside.astype(float))
    return covered, float((np.minimum(high, 1) - np.maximum(low, -1)).mean())


DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal, equal spread": lambda g, shape: g.normal(size=shape),
    "normal, out 4 x in": lambda g, shape: g.normal(size=shape),
    "exponential, out 4 x in": lambda g, shape: g.exponential(size=shape) - 1,
    "log-normal (sigma 1), out 4 x in": lambda g, shape: g.lognormal(size=shape) - np.exp(0.5),
}


def means_coverage(name: str, n: int, m: int) -> float:
    """Share of simulated ensembles whose interval for loss out minus loss in holds the true difference, 0."""
    draw, generator = DISTRIBUTIONS[name], np.random.default_rng(0)
    member = np.zeros((n + m, DRAWS), dtype=bool)
    member[:n] = True
    value = draw(generator, (n + m, DRAWS)) * np.where(member | ("equal" in name), 1.0, 4.0)
    estimate = mean_difference(member, value)
    return float(((estimate.low <= 0) & (estimate.high >= 0)).mean())


def table() -> str:
    """The whole result as markdown."""
    methods = {"byheart": byheart, "Agresti-Caffo": agresti_caffo, "Newcombe": newcombe, "Wald": wald}
    lines = [
        "# Coverage of 95% intervals",
        "",
        "Written by `python benchmarks/intervals.py`. Difference of two frequencies, exact: least coverage over "
        f"{len(GRID)} x {len(GRID)} pairs of true frequencies with corners down to .0001 (where it is), mean over "
        f"{len(EVEN)} x {len(EVEN)} evenly spaced pairs, mean width over the table of counts.",
        "",
        "| models in / out | " + " | ".join(methods) + " |",
        "|---|" + "---|" * len(methods),
    ]
    for n, m in SIZES:
        cells = []
        for interval in methods.values():
            covered, width = coverage(interval, n, m, GRID)
            i, j = np.unravel_index(covered.argmin(), covered.shape)
            mean = coverage(interval, n, m, EVEN)[0].mean()
            cells.append(f"{covered.min():.3f} ({GRID[i]:.3g}, {GRID[j]:.3g}), mean {mean:.3f}, width {width:.3f}")
        lines.append(f"| {n} / {m} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"Difference of two means (loss out minus loss in, Welch's t), {DRAWS:,} simulated examples a cell, +-.006:",
        "",
        "| models in / out | " + " | ".join(DISTRIBUTIONS) + " |",
        "|---|" + "---|" * len(DISTRIBUTIONS),
    ]
    lines += [
        f"| {n} / {m} | " + " | ".join(f"{means_coverage(name, n, m):.3f}" for name in DISTRIBUTIONS) + " |"
        for n, m in SIZES
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = table()
    Path(__file__).parent.joinpath("results", "intervals.md").write_text(text)
    print(text)
