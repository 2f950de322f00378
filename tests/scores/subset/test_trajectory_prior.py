"""The leave-one-out prior against refitting without each example, and its indifference to order and scale."""

import numpy as np
import pytest

from byheart.scores.subset import trajectory_prior
from byheart.scores.subset.trajectory_prior import basis, leave_one_out, prior_mean


def counts(n: int = 80, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hits out of 0 to 8 trials that follow the first of three features."""
    g = np.random.default_rng(seed)
    features = np.stack([g.normal(size=n), g.integers(0, 5, n).astype(float), g.normal(size=n)], axis=1)
    trials = g.integers(0, 9, n).astype(float)
    return features, g.binomial(trials.astype(int), 1 / (1 + np.exp(3 * features[:, 0]))).astype(float), trials


def ridge(table: np.ndarray, hits: np.ndarray, trials: np.ndarray, penalty: float) -> np.ndarray:
    """Weighted ridge regression with a free level, by lifting the penalty on one column."""
    design = np.c_[np.ones(len(table)), table]
    weighted = design * trials[:, None]
    frequency = hits / np.maximum(trials, 1)
    lift = np.diag([0.0, *[penalty] * table.shape[1]])
    return np.linalg.solve(weighted.T @ design + lift, weighted.T @ frequency)


@pytest.mark.parametrize("penalty", [0.1, 10.0])
def test_the_closed_form_equals_refitting_without_each_example(penalty, monkeypatch):
    features, hits, trials = counts()
    scale = max(trials.sum() / len(trials), 1.0)
    monkeypatch.setattr(trajectory_prior, "PENALTIES", np.array([penalty / scale]))
    table = basis(features)
    found = leave_one_out(table, hits, trials)
    for i in range(len(hits)):
        rest = np.delete(np.arange(len(hits)), i)
        beta = ridge(table[rest], hits[rest], trials[rest], penalty)
        assert found[i] == pytest.approx(np.r_[1.0, table[i]] @ beta, abs=1e-8)


def test_the_order_of_the_examples_changes_no_bit():
    features, hits, trials = counts(500)
    order = np.random.default_rng(1).permutation(500)
    assert np.array_equal(
        prior_mean(features, hits, trials)[order], prior_mean(features[order], hits[order], trials[order])
    )


def test_only_the_ranks_of_the_features_count():
    features, hits, trials = counts(300)
    np.testing.assert_allclose(
        prior_mean(features, hits, trials), prior_mean(np.exp(features) * 7 + 1, hits, trials), atol=1e-9
    )


def test_the_prior_follows_what_the_features_know():
    features, hits, trials = counts(2000)
    truth = 1 / (1 + np.exp(3 * features[:, 0]))
    assert np.mean((prior_mean(features, hits, trials) - truth) ** 2) < 0.005


@pytest.mark.parametrize("spoil", ["constant features", "missing features", "no trials", "all hits"])
def test_poor_evidence_gives_a_prior_all_the_same(spoil):
    features, hits, trials = counts()
    if spoil == "constant features":
        features[:] = 1.0
    if spoil == "missing features":
        features[::3] = np.nan
    if spoil == "no trials":
        hits, trials = np.zeros_like(hits), np.zeros_like(trials)
    if spoil == "all hits":
        hits = trials.copy()
    found = prior_mean(features, hits, trials)
    assert ((found >= 0.01) & (found <= 0.99)).all()
