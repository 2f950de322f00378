"""Shrunk memorization: the error that it saves, its coverage, its arithmetic."""

import numpy as np
import pytest
from scipy.stats import beta as beta_distribution

from byheart.base.errors import NotApplicable
from byheart.scores.subset.few_models import STRENGTHS, memorization_shrunk, posterior
from byheart.scores.subset.memorization import memorization_raw

Evidence = dict[str, np.ndarray]


def shrunk(subset: Evidence, trajectory: Evidence):
    return memorization_shrunk(subset["member"], subset["many_correct"], **trajectory, targets=subset["targets"])


@pytest.mark.parametrize("seed", range(3))
def test_eight_models_do_better_than_half_of_the_raw_error_and_cover(seed, ensemble):
    subset, trajectory, truth = ensemble(8, seed=seed)
    raw, found = memorization_raw(**subset), shrunk(subset, trajectory)
    assert np.isfinite(found.value).all()
    assert np.mean((found.value - truth) ** 2) <= 0.5 * np.nanmean((raw.value - truth) ** 2)
    assert ((found.low <= truth) & (truth <= found.high)).mean() >= 0.92


def test_the_order_of_the_examples_changes_no_bit(ensemble):
    subset, trajectory, _ = ensemble(8, 300)
    order = np.random.default_rng(1).permutation(300)
    first = shrunk(subset, trajectory)
    second = shrunk({k: v[..., order] for k, v in subset.items()}, {k: v[:, order] for k, v in trajectory.items()})
    for column in ("value", "se", "low", "high"):
        assert np.array_equal(getattr(first, column)[order], getattr(second, column))


def test_an_example_that_no_model_left_out_gets_the_prior_and_a_wide_interval(ensemble):
    subset, trajectory, _ = ensemble(8)
    subset["member"][:, 0] = True
    found = shrunk(subset, trajectory)
    assert np.isfinite(found.value[0])
    assert found.high[0] - found.low[0] > np.median(found.high - found.low)


def test_the_posterior_equals_the_mixture_of_betas():
    g = np.random.default_rng(0)
    mean, trials = g.uniform(0.05, 0.95, 40), g.integers(0, 9, 40).astype(float)
    hits = np.floor(trials * mean)
    found, variance = posterior(mean, hits, trials)
    evidence, means, seconds = [], [], []
    for strength in STRENGTHS:
        log_evidence, m1, m2 = 0.0, [], []
        for m, s, n in zip(mean, hits, trials, strict=True):
            exact = beta_distribution(m * strength + s, (1 - m) * strength + n - s)
            m1.append(exact.mean())
            m2.append(exact.moment(2))
            prior = beta_distribution(m * strength, (1 - m) * strength)
            middle = 0.3
            ratio = prior.logpdf(middle) + s * np.log(middle) + (n - s) * np.log(1 - middle) - exact.logpdf(middle)
            log_evidence += ratio  # Bayes' rule at any one point gives the evidence
        evidence.append(log_evidence)
        means.append(m1)
        seconds.append(m2)
    weight = np.exp(np.array(evidence) - max(evidence))
    weight /= weight.sum()
    expected = weight @ np.array(means)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    np.testing.assert_allclose(variance, weight @ np.array(seconds) - expected**2, atol=1e-9)


def test_regression_and_too_few_examples_do_not_apply(ensemble):
    subset, trajectory, _ = ensemble(20, 49)
    with pytest.raises(NotApplicable, match="49 examples"):
        shrunk(subset, trajectory)
    subset["targets"] = subset["targets"].astype(np.float32)
    with pytest.raises(NotApplicable, match="regression"):
        shrunk(subset, trajectory)
