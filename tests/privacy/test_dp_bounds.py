from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, norm

from byheart.base.errors import UsageError
from byheart.privacy import dp_bound, exposure, one_run


@pytest.mark.parametrize(("counts", "golden"), [((900, 1000, 1, 1000), 2.6926), ((500, 1000, 10, 1000), 3.2420)])
def test_clopper_pearson_golden_values(counts, golden):
    assert dp_bound.clopper_pearson(*counts) == pytest.approx(golden, abs=5e-5)


@pytest.mark.parametrize(
    ("counts", "golden"),
    [
        ((1000, 1000, 600, 0.0), 0.2975), ((1000, 1000, 600, 1e-5), 0.2972), ((1000, 100, 95, 0.0), 2.1724),
        ((1000, 100, 95, 1e-5), 2.1652), ((1000, 100, 100, 0.0), 3.4930), ((5000, 500, 475, 1e-5), 2.5900),
        ((200, 200, 200, 0.0), 4.1936),
    ],
)  # fmt: skip
def test_one_run_golden_values(counts, golden):
    m, r, v, delta = counts
    assert one_run.epsilon(m, r, v, delta) == pytest.approx(golden, abs=5e-5)


def test_gaussian_golden_value_and_inverse():
    assert dp_bound.epsilon_of(1.0, 1e-5) == pytest.approx(4.3772, abs=5e-5)
    for mu in (0.1, 1.0, 3.0):
        assert dp_bound.delta_of(dp_bound.epsilon_of(mu, 1e-4), mu) == pytest.approx(1e-4, rel=1e-6)
    assert dp_bound.epsilon_of(0.0, 1e-5) == 0


@pytest.mark.parametrize(("n", "golden"), [(100, 3.28), (1000, 5.60), (10_000, 7.90)])
def test_the_ceiling_of_a_perfect_attack(n, golden):
    assert dp_bound.ceiling(n, n) == pytest.approx(golden, abs=5e-3)


def test_an_attack_worse_than_chance_shows_nothing():
    assert dp_bound.clopper_pearson(500, 1000, 500, 1000) == 0
    assert dp_bound.gaussian(900, 1000, 900, 1000, 1e-5) == 0
    assert one_run.epsilon(1000, 100, 40) == 0


def test_the_p_value_is_the_theorem_written_out():
    m, r, v, eps, delta = 50, 30, 24, 0.7, 1e-2
    q = np.exp(eps) / (1 + np.exp(eps))
    pmf = binom.pmf(np.arange(r + 1), r, q)
    alpha = max(pmf[v - i : v].sum() / i for i in range(1, v + 1))
    assert one_run.p_value(m, r, v, eps, delta) == pytest.approx(min(pmf[v:].sum() + 2 * m * delta * alpha, 1))


def test_the_bounds_exceed_the_truth_as_rarely_as_they_say():
    """Gaussian mechanism with mu = 1, one threshold fixed beforehand: at most 5% of the bounds lie above the truth."""
    g, truth = np.random.default_rng(0), dp_bound.epsilon_of(1.0, 1e-3)
    too_high = 0
    for _ in range(400):
        missed, alarms = g.binomial(500, norm.cdf(0.5 - 1)), g.binomial(500, norm.sf(0.5))
        too_high += dp_bound.gaussian(missed, 500, alarms, 500, 1e-3) > truth
        assert dp_bound.clopper_pearson(missed, 500, alarms, 500, 1e-3) < truth + 1
    assert too_high <= 0.05 * 400 + 3 * np.sqrt(400 * 0.05 * 0.95)


def test_one_run_is_honest_where_the_mechanism_is_random_response():
    """Each canary's answer is right with q = e / (1 + e): the truth is epsilon 1."""
    g, q = np.random.default_rng(1), np.e / (1 + np.e)
    too_high = sum(one_run.epsilon(500, 500, int(g.binomial(500, q))) > 1 for _ in range(300))
    assert too_high <= 0.05 * 300 + 3 * np.sqrt(300 * 0.05 * 0.95)


def test_guesses_are_the_highest_and_the_lowest():
    scores, inserted = np.array([5.0, 4, 3, 2, 1]), np.array([True, False, True, False, True])
    assert one_run.guessed(scores, inserted, 2, 1) == (3, 1)
    assert one_run.guessed(scores, inserted, 1, 2) == (3, 2)
    with pytest.raises(UsageError, match="at most once"):
        one_run.guessed(scores, inserted, 3, 3)


@pytest.mark.parametrize("call", [
    lambda: dp_bound.clopper_pearson(11, 10, 0, 10), lambda: dp_bound.clopper_pearson(1, 10, 0, 10, delta=1.0),
    lambda: one_run.epsilon(10, 11, 5), lambda: one_run.epsilon(10, 5, 6),
])  # fmt: skip
def test_counts_that_cannot_be_are_refused(call):
    with pytest.raises(UsageError):
        call()


def test_exposure_by_sampling():
    references = np.arange(1024.0)
    assert exposure.sampled(-1.0, references) == 10
    assert exposure.sampled(511.5, references) == pytest.approx(np.log2(1024 / 513))
    assert exposure.sampled(5000.0, references) == 0
    assert exposure.sampled(0.0, np.zeros(16)) == 0  # ties: references first


def test_exposure_where_nothing_is_memorized():
    g = np.random.default_rng(2)
    found = [exposure.sampled(x, g.normal(size=2000)) for x in g.normal(size=2000)]
    assert np.mean(found) == pytest.approx(1 / np.log(2), abs=0.1)
    assert np.mean(np.array(found) >= 3) == pytest.approx(1 / 8, abs=0.03)


@pytest.mark.parametrize("gap", [0.0, 1.0, 50.0])
def test_exposures_are_each_canarys_own(gap):
    g = np.random.default_rng(4)
    losses, inserted = g.normal(size=300), g.random(300) < 0.5
    losses[inserted] -= gap
    found = exposure.exposures(losses, inserted)
    each = [exposure.sampled(x, losses[~inserted]) for x in losses[inserted]]
    np.testing.assert_array_equal(found.bits, each)
    assert found.mean == np.mean(each) and found.low <= found.mean <= found.high
    assert found.left_out == (~inserted).sum() and found.most == np.log2(found.left_out)
    assert found.furthest == exposure.extrapolated(losses[inserted].min(), losses[~inserted])
    if gap == 0:
        assert found.low < found.by_chance < found.high and found.at_most < 10
    if gap == 50:
        assert found.low == found.high == pytest.approx(found.most) and found.at_most == inserted.sum()


def test_the_mean_by_chance_is_that_of_many_draws():
    g = np.random.default_rng(5)
    bits = [exposure.ranked(g.normal(size=4), g.normal(size=8)).mean() for _ in range(20_000)]
    found = exposure.exposures(g.normal(size=12), np.arange(12) < 4)
    assert found.by_chance == pytest.approx(np.mean(bits), abs=0.02) and found.furthest is None


@pytest.mark.parametrize(("gap", "least"), [(0.0, 0.91), (2.0, 0.84)])
def test_intervals_of_the_mean_exposure_cover(monkeypatch, gap, least):
    """400 audits of canaries that stand out or not: the interval holds what so many references give on average."""
    monkeypatch.setattr(exposure, "DRAWS", 200)
    monkeypatch.setattr(exposure, "FITTED", 1000)  # nothing is fitted, which takes its time
    g, inserted = np.random.default_rng(6), np.arange(200) < 100
    found = [exposure.exposures(g.normal(size=200) - gap * inserted, inserted, k) for k in range(400)]
    true = np.mean([exposure.ranked(g.normal(size=100) - gap, g.normal(size=100)).mean() for _ in range(4000)])
    inside = np.mean([one.low <= true <= one.high for one in found])
    assert least < inside < 0.98
    assert gap or true == pytest.approx(found[0].by_chance, abs=0.02)


def test_exposures_need_canaries_of_either_kind():
    with pytest.raises(UsageError, match="1 canaries were inserted and 9 left out"):
        exposure.exposures(np.arange(10.0), np.arange(10) < 1)


def test_exposure_beyond_the_references():
    g = np.random.default_rng(3)
    references = g.normal(10, 1, 5000)
    found = exposure.extrapolated(4.0, references)
    assert found.bits == pytest.approx(-norm.logcdf(-6) / np.log(2), rel=0.25) and found.fit_p_value > 0.01
    with pytest.raises(UsageError, match="at least 30"):
        exposure.extrapolated(1.0, np.arange(5.0))
