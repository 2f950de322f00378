"""Bounds from canaries: honest for every policy, and wrong where a policy is left out."""

from __future__ import annotations

import numpy as np
import pytest

from byheart.base.errors import NotApplicable, UsageError
from byheart.privacy import dp_audit, dp_bound, many_runs, one_run

AUDITS, ALLOWED = 1000, 67  # of 1,000 audits at alpha .05: 50, and 2.5 standard deviations
DELTA = 1e-5


def coins(seed: int, canaries: int) -> tuple[np.random.Generator, np.ndarray]:
    g = np.random.default_rng(seed)
    return g, g.random((AUDITS, canaries)) < 0.5


def gaussian(mu: float, canaries: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """1,000 audits of the Gaussian mechanism: each canary's answer is its coin times mu plus noise."""
    g, inside = coins(seed, canaries)
    return inside * mu + g.normal(size=inside.shape), inside


def randomized(epsilon: float, canaries: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """1,000 audits of randomized response, for which the bound of one run is tight: the coin, or sometimes its
    opposite.
    """
    g, inside = coins(seed, canaries)
    true = g.random(inside.shape) < 1 / (1 + np.exp(-epsilon))
    return (inside == true) + g.random(inside.shape) / 2, inside


ONE_RUN = {
    "fixed": lambda s, c, d, b="one_run": dp_audit.fixed(s, c, 0.3, d, bound=b),
    "bonferroni": lambda s, c, d, b="one_run": dp_audit.bonferroni(s, c, delta=d, bound=b),
    "split": lambda s, c, d, b="one_run": dp_audit.split(s, c, delta=d, bound=b),
}
THRESHOLDS = (0.0, 0.5, 1.0, 1.5, 2.0)
MANY = {
    "fixed": lambda s, c, b, d: many_runs.fixed(s, c, 1.0, b, d),
    "bonferroni": lambda s, c, b, d: many_runs.bonferroni(s, c, THRESHOLDS, b, d),
    "split": lambda s, c, b, d: many_runs.split(s, c, b, d),
}


@pytest.mark.parametrize("bound", dp_audit.BOUNDS)
@pytest.mark.parametrize("policy", ONE_RUN)
@pytest.mark.parametrize("mu", [0.3, 1.0])
def test_one_run_is_above_the_truth_as_rarely_as_it_says(policy, mu, bound):
    truth = dp_bound.epsilon_of(mu, DELTA)
    found = [ONE_RUN[policy](s, c, DELTA, bound).epsilon for s, c in zip(*gaussian(mu, 300), strict=True)]
    assert sum(e > truth for e in found) <= ALLOWED and max(found) > 0


@pytest.mark.parametrize("policy", ONE_RUN)
def test_of_gaussian_mechanisms_their_own_curve_shows_more(policy):
    pairs = list(zip(*gaussian(1.0, 300), strict=True))[:200]
    plain, curve = (np.mean([ONE_RUN[policy](s, c, DELTA, bound).epsilon for s, c in pairs])
                    for bound in ("one_run", "f_dp_gaussian"))  # fmt: skip
    assert curve > 1.4 * plain > 0


def test_which_bound_it_is_stays_with_the_audit():
    s, c = (a[0] for a in gaussian(1.0, 300))
    for bound in dp_audit.BOUNDS:
        assert all(ONE_RUN[policy](s, c, DELTA, bound).bound == bound for policy in ONE_RUN)
    with pytest.raises(UsageError, match="no epsilon at delta=0"):
        dp_audit.fixed(s, c, 0.3, 0.0, bound="f_dp_gaussian")


@pytest.mark.parametrize("bound", ["one_run", "f_dp"])
@pytest.mark.parametrize("policy", ONE_RUN)
def test_one_run_where_it_is_tight(policy, bound):
    found = np.array([ONE_RUN[policy](s, c, 0.0, bound).epsilon for s, c in zip(*randomized(1.0, 300), strict=True)])
    assert (found > 1.0).sum() <= ALLOWED and np.median(found) > 0.3


def test_the_best_of_many_shares_without_correction_is_not_honest():
    """What the policies are for: the same bounds, the largest taken as it is."""
    shares = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
    pairs = list(zip(*randomized(1.0, 300), strict=True))
    loose = sum(max(dp_audit.fixed(s, c, share).epsilon for share in shares) > 1 for s, c in pairs)
    held = sum(dp_audit.bonferroni(s, c, shares).epsilon > 1 for s, c in pairs)
    assert loose > ALLOWED >= held


@pytest.mark.parametrize("policy", MANY)
@pytest.mark.parametrize("bound", ["clopper_pearson", "gaussian"])
def test_many_runs_are_above_the_truth_as_rarely_as_they_say(policy, bound):
    truth = dp_bound.epsilon_of(1.0, 1e-2)
    pairs = zip(*gaussian(1.0, 60, seed=2), strict=True)
    found = np.array([MANY[policy](s, c, bound, 1e-2).epsilon for s, c in pairs])
    assert (found > truth).sum() <= ALLOWED and (found > 0).any()


def test_subset_models_are_above_the_truth_as_rarely_as_they_say():
    """40 models, 30 canaries of one Gaussian mechanism each: canary and threshold chosen on 20, tested on 20."""
    truth, g, above, positive = dp_bound.epsilon_of(2.0, 1e-2), np.random.default_rng(4), 0, 0
    for seed in range(AUDITS):
        member = g.random((40, 30)) < 0.5
        loss = g.normal(size=30) + g.normal(size=member.shape) - 2.0 * member
        found = many_runs.of_subset_models(loss, member, "gaussian", 1e-2, seed=seed).epsilon
        above, positive = above + (found > truth), positive + (found > 0)
    assert above <= ALLOWED and positive > AUDITS / 4


def test_subset_models_use_the_canary_that_leaks():
    g = np.random.default_rng(5)
    member = g.random((64, 20)) < 0.5
    loss = 5 + 0.1 * g.normal(size=member.shape)
    loss[:, 7] -= 4 * member[:, 7]
    found = many_runs.of_subset_models(loss, member)
    assert found.epsilon == found.ceiling > 1 and found.missed == found.alarms == 0
    assert found.members + found.others == 32
    with pytest.raises(NotApplicable, match="takes 8"):
        many_runs.of_subset_models(loss[:6], member[:6])
    with pytest.raises(NotApplicable, match="not in others"):
        many_runs.of_subset_models(loss, np.ones_like(member))


@pytest.mark.parametrize("policy", ONE_RUN)
def test_where_nothing_leaks_nothing_is_shown_and_the_ceiling_says_how_much_could_be(policy):
    s, c = (a[0] for a in gaussian(0.0, 200, seed=3))
    found = ONE_RUN[policy](s, c, DELTA)
    assert found.epsilon == 0 < found.ceiling
    assert "no proof of privacy" in found.shown and f"{found.ceiling:.2f}" in found.shown


def test_a_perfect_attack_reaches_the_ceiling():
    inside = np.arange(1000) % 2 == 0
    found = dp_audit.fixed(inside.astype(float), inside, 0.1, 0.0)
    assert found.epsilon == found.ceiling == pytest.approx(3.4930, abs=5e-5)  # 1,000 canaries, 100 of 100 right
    both = dp_audit.bonferroni(inside.astype(float), inside)
    assert both.epsilon == both.ceiling == one_run.epsilon(1000, 500, 500, 0.0, 0.025)
    assert "perfect guesses would show" in both.shown and "95% confidence" in both.shown


@pytest.mark.parametrize("epsilon", [0.5, 2.0, 4.0])
def test_so_many_canaries_as_are_needed_reach_it_and_fewer_do_not(epsilon):
    def ceiling(canaries: int) -> float:
        inside = np.arange(canaries) % 2 == 0
        return dp_audit.bonferroni(inside.astype(float), inside).ceiling

    many = dp_audit.needed(epsilon)
    assert ceiling(many + 4) > epsilon > ceiling(int(0.9 * many) - 4)


def test_guesses_that_were_right_are_named():
    scores, inside = np.array([3.0, 2.0, 1.0, 0.0]), np.array([True, False, True, False])
    assert dp_audit.guessed_right(scores, inside, 4).tolist() == [True, False, False, False]


@pytest.mark.parametrize("call", [
    lambda: dp_audit.fixed(np.zeros(3), np.zeros(3, bool), 1.0),
    lambda: dp_audit.fixed(np.full(10, np.nan), np.zeros(10, bool), 0.5),
    lambda: dp_audit.fixed(np.zeros(10), np.zeros(10, bool), 0.0),
    lambda: dp_audit.bonferroni(np.zeros(10), np.zeros(10, bool), ()),
    lambda: many_runs.bonferroni(np.zeros(10), np.arange(10) < 5, ()),
])  # fmt: skip
def test_what_cannot_be_audited_is_refused(call):
    with pytest.raises(UsageError):
        call()
