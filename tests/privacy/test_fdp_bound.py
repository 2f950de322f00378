"""The bound by a trade-off curve: its recursion literally, golden values, and the largest chance by linear programs."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import binom, norm

from byheart.base.errors import UsageError
from byheart.privacy import dp_bound, fdp_bound, one_run

COUNTS = [(1000, 1000, 600), (1000, 100, 95), (1000, 100, 100), (1000, 500, 400), (200, 200, 200), (300, 150, 100),
          (300, 30, 28), (50, 50, 30), (40, 10, 9)]  # fmt: skip


def cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def literally(m: int, c_cap: int, c: int, inverse, tau: float) -> bool:
    """The paper's two lists, from c down to 0, in plain floats."""
    r, h = [0.0] * (c + 1), [0.0] * (c + 1)
    r[c], h[c] = tau * c / m, tau * (c_cap - c) / m
    for i in range(c - 1, -1, -1):
        h[i] = max(h[i + 1], (2 - 1) * inverse(min(r[i + 1], 1 - 1e-16)))
        r[i] = r[i + 1] + i / (c_cap - i) * (h[i] - h[i + 1])
    return r[0] + h[0] > c_cap / m


def slow_mu(m: int, c_cap: int, c: int, tau: float = 0.05) -> float:
    def inverse(mu: float):
        return lambda y: cdf(NormalDist().inv_cdf(y) - mu) if y > 0 else 0.0

    low, high = 0.0, 8.0
    if not literally(m, c_cap, c, inverse(0.0), tau):
        return 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if literally(m, c_cap, c, inverse(middle), tau) else (low, middle)
    return low


@pytest.mark.parametrize("counts", COUNTS)
def test_it_is_the_recursion_written_out(counts):
    assert fdp_bound.mu(*counts) == pytest.approx(slow_mu(*counts), abs=1e-9)
    assert fdp_bound.mu(*counts, alpha=0.01) == pytest.approx(slow_mu(*counts, tau=0.01), abs=1e-9)


@pytest.mark.parametrize(("shift", "guesses", "right", "thresholds", "golden"), [
    (1, 406, 379, 386, 2.164749), (2, 938, 934, 374, 4.7218075), (4, 5436, 5436, 140, 9.133752),
])  # fmt: skip
def test_golden_values(shift, guesses, right, thresholds, golden):
    """Of tests/auditing_test.py of google-deepmind/jax_privacy, test_epsilon_one_run_close: 10,000 normal quantiles and
    as many shifted ones, delta 1e-6, .05 divided by the thresholds of the curve's hull; these guesses are the best.
    """
    quantiles = norm.ppf((np.arange(10_000) + 0.5) / 10_000)
    cut = np.sort(np.r_[quantiles, quantiles + shift])[-guesses]
    assert (quantiles + shift >= cut).sum() == right and (quantiles >= cut).sum() == guesses - right
    found = fdp_bound.gaussian(20_000, guesses, right, 1e-6, 0.05 / thresholds)
    assert found == pytest.approx(golden, rel=1e-6)


def largest_chance(mu: float, m: int, guesses: int, right: int) -> float:
    """The largest chance of so many right guesses among all (p_i) that mu-GDP allows: by tangents of its curve."""
    x = norm.cdf(np.linspace(-8, 4, 300))
    z, i = norm.ppf(x), np.arange(guesses + 1)
    height, slope = norm.cdf(z + mu), np.exp(-mu * z - mu**2 / 2)
    rows = [np.where(i >= j, i, 0) / m - slope[:, None] * (np.where(i >= j - 1, guesses - i, 0) / m)
            for j in range(1, guesses + 1)]  # fmt: skip
    found = linprog(
        -(i >= right).astype(float), np.concatenate(rows), np.tile(height - slope * x, guesses),
        np.ones((1, guesses + 1)), [1.0], method="highs",
    )  # fmt: skip
    return -float(found.fun)


@pytest.mark.parametrize(("mu", "counts"), [
    (0.5, (20, 20, 15)), (1.0, (20, 20, 18)), (1.0, (40, 10, 9)), (0.3, (30, 30, 20)), (2.0, (30, 15, 15)),
])  # fmt: skip
def test_what_it_refutes_is_what_no_distribution_allows(mu, counts):
    """Just below the largest chance it does not refute mu, just above it does; tangents lie a little too high."""
    chance = largest_chance(mu, *counts)

    def inverse(y: float) -> float:
        return float(norm.cdf(norm.ppf(y) - mu))

    assert not fdp_bound.refuted(*counts, inverse, 0.999 * chance)
    assert fdp_bound.refuted(*counts, inverse, 1.0001 * chance)
    m, guesses, right = counts
    if m == guesses:  # one Gaussian mechanism for each canary is allowed
        assert binom.sf(right - 1, guesses, norm.cdf(mu / 2)) < chance


@pytest.mark.parametrize("bound", [fdp_bound.gaussian, fdp_bound.any_mechanism])
def test_more_right_guesses_show_more_and_more_confidence_less(bound):
    right = [bound(300, 100, v, 1e-5) for v in range(50, 101, 5)]
    assert right == sorted(right) and right[0] == 0 < right[-1]
    confident = [bound(300, 100, 90, 1e-5, alpha) for alpha in (0.2, 0.05, 0.01, 0.001)]
    assert confident == sorted(confident, reverse=True)
    wide = [bound(m, 100, 90, 1e-3) for m in (100, 300, 1000, 10_000)]
    assert wide == sorted(wide, reverse=True)  # the guesses can be chosen among more


@pytest.mark.parametrize("counts", COUNTS)
def test_for_any_mechanism_it_is_about_that_of_steinke(counts):
    """Their theorem is exact at delta 0; here it is less by a few percent, and equal where all guesses are right."""
    m, guesses, right = counts
    ours, theirs = fdp_bound.any_mechanism(m, guesses, right, 0.0), one_run.epsilon(m, guesses, right)
    assert 0.9 * theirs <= ours <= theirs + 1e-6
    if guesses == right:
        assert ours == pytest.approx(theirs, abs=1e-5)
        assert fdp_bound.any_mechanism(m, guesses, right, 1e-4) > one_run.epsilon(m, guesses, right, 1e-4)
    assert fdp_bound.any_mechanism(m, guesses, right, 1e-5) <= ours + 1e-9


@pytest.mark.parametrize("counts", COUNTS[:7])
def test_of_gaussian_mechanisms_it_shows_more(counts):
    assert fdp_bound.gaussian(*counts, 1e-5) > one_run.epsilon(*counts, 1e-5)


def test_epsilon_is_that_of_mu():
    assert fdp_bound.gaussian(1000, 100, 95, 1e-5) == dp_bound.epsilon_of(fdp_bound.mu(1000, 100, 95), 1e-5)


@pytest.mark.parametrize("counts", [(100, 0, 0), (100, 50, 25), (100, 50, 0), (4, 2, 2)])
def test_guessing_shows_nothing(counts):
    assert fdp_bound.mu(*counts) == fdp_bound.any_mechanism(*counts, 0.0) == 0


@pytest.mark.parametrize("call", [
    lambda: fdp_bound.mu(10, 11, 5), lambda: fdp_bound.mu(10, 5, 6), lambda: fdp_bound.mu(10, 5, 5, 0.0),
    lambda: fdp_bound.gaussian(10, 5, 5, 0.0), lambda: fdp_bound.any_mechanism(10, 5, 5, 1.0),
])  # fmt: skip
def test_counts_that_cannot_be_are_refused(call):
    with pytest.raises(UsageError):
        call()
