from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.privacy import pooled
from byheart.privacy.roc import auc_by_ranks, exact, roc, tpr_at


def attack(targets: int, n: int, shift: float, seed: int = 0, ties: bool = False):
    """Scores (targets, n), a fifth left out; targets differ in how much they leak."""
    g = np.random.default_rng(seed)
    member = g.random((targets, n)) < 0.4
    scores = g.normal(size=(targets, n)) + member * shift * g.uniform(0.5, 1.5, (targets, 1))
    if ties:
        scores = np.round(scores)
    scores[g.random((targets, n)) < 0.2] = np.nan
    return scores, member


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("targets", "n"), [(1, 300), (8, 100), (20, 900)])
def test_pooled_rates_are_those_of_the_whole_curve(targets, n, ties):
    scores, member = attack(targets, n, 1.0, ties=ties)
    known = ~np.isnan(scores)
    whole = roc(scores[known], member[known])
    curve = pooled.curve(scores, member)
    assert pooled.auc(scores, member) == pytest.approx(whole.auc, abs=1e-12)
    assert pooled.auc(scores, member) == pytest.approx(auc_by_ranks(scores[known], member[known]), abs=1e-12)
    for fpr in (0.001, 0.01, 0.2):
        found, truth = pooled.at(curve, scores, member, fpr), tpr_at(whole, fpr)
        assert found.rate == truth
        low, high = exact(round(truth.value * whole.members), whole.members)
        assert found.low <= low and high <= found.high
    for j, threshold in enumerate(curve.thresholds):
        said = known & (scores > threshold)
        if np.isfinite(threshold):
            np.testing.assert_array_equal(curve.tp[:, j], (said & member).sum(1))
            np.testing.assert_array_equal(curve.fp[:, j], (said & ~member).sum(1))
    assert (curve.tpr[0], curve.fpr[0], curve.tpr[-1], curve.fpr[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(curve.tpr, curve.fpr) == pytest.approx(whole.auc, abs=2e-4)


def test_the_bootstrap_is_that_of_pooling_again():
    scores, member = attack(6, 40, 1.0)
    curve = pooled.curve(scores, member)  # 240 pairs: all thresholds
    weights = np.random.default_rng(0).multinomial(6, np.full(6, 1 / 6), pooled.RESAMPLES)
    for w, tpr, fpr in list(zip(weights, *pooled._resampled(curve), strict=True))[:25]:
        chosen = np.repeat(np.arange(6), w)
        x, m = scores[chosen], member[chosen]
        whole = roc(x[~np.isnan(x)], m[~np.isnan(x)])
        assert np.trapezoid(tpr, fpr) == pytest.approx(whole.auc)
        assert tpr[np.searchsorted(fpr, 0.1 + 1e-12, side="right") - 1] == pytest.approx(tpr_at(whole, 0.1).value)


def test_thresholds_of_the_other_models():
    scores, member = attack(5, 60, 1.5)
    found = pooled.at_shadows(pooled.curve(scores, member), 0.1)
    hits = alarms = 0
    for k in range(5):
        rest, m = np.delete(scores, k, 0), np.delete(member, k, 0)
        known = ~np.isnan(rest)
        at = tpr_at(roc(rest[known], m[known]), 0.1).threshold
        # the best threshold among those that occur anywhere, as the rates of a curve over all of them
        every = np.unique(scores[~np.isnan(scores)])
        lowest = min(t for t in every if (rest[known & ~m] > t).sum() <= np.floor(0.1 * (known & ~m).sum()))
        assert lowest <= at
        hits += (scores[k][member[k]] > lowest).sum()
        alarms += (scores[k][~member[k]] > lowest).sum()
    known = ~np.isnan(scores)
    assert found == pytest.approx((hits / (known & member).sum(), alarms / (known & ~member).sum()))


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 0.6])
def test_intervals_cover_the_truth(spread):
    """20 targets, whose own AUC differs by `spread`: the truth is that of very many targets."""
    truth_scores, truth_member = draws(4000, spread, 10_000)
    truth = pooled.auc(truth_scores, truth_member)
    rate = pooled.at(pooled.curve(truth_scores, truth_member), truth_scores, truth_member, 0.05).rate.value
    hits = np.zeros(2)
    for seed in range(150):
        scores, member = draws(20, spread, seed)
        curve = pooled.curve(scores, member)
        low, high = pooled.auc_interval(curve, pooled.auc(scores, member), scores, member)
        at = pooled.at(curve, scores, member, 0.05)
        hits += [low <= truth <= high, at.low <= rate <= at.high]
    assert (hits / 150 >= 0.95 - 2.6 * np.sqrt(0.95 * 0.05 / 150)).all()  # 99 % of so many draws of .95


def draws(targets: int, spread: float, seed: int):
    g = np.random.default_rng(seed)
    member = np.arange(60) < 30
    shift = 0.5 + spread * g.normal(size=(targets, 1))
    return g.normal(size=(targets, 60)) + shift * member, np.tile(member, (targets, 1))


def test_few_false_alarms_are_not_resolvable():
    scores, member = attack(4, 200, 1.0)
    at = pooled.at(pooled.curve(scores, member), scores, member, 0.001)
    assert at.shown == "not resolvable, needs at least 10,000 non-members"


def test_all_tied_and_infinite_scores():
    member = np.tile(np.arange(40) < 20, (3, 1))
    flat = np.zeros((3, 40))
    assert pooled.auc(flat, member) == 0.5
    assert pooled.at(pooled.curve(flat, member), flat, member, 0.1).rate.value == 0
    sure = np.where(member, np.inf, -np.inf)
    assert pooled.auc(sure, member) == 1
    assert pooled.at(pooled.curve(sure, member), sure, member, 0.1).rate.value == 1


def test_one_target_has_no_interval_over_targets():
    scores, member = attack(1, 200, 1.0)
    curve = pooled.curve(scores, member)
    assert pooled.auc_interval(curve, 0.7, scores, member) == (0, 1)
    assert np.isnan(pooled.at_shadows(curve, 0.1)).all()


def test_ppv_at_three_priors():
    scores, member = attack(8, 400, 2.0)
    at = pooled.at(pooled.curve(scores, member), scores, member, 0.01)
    hits = at.rate.value
    assert at.ppv == pytest.approx([hits * p / (hits * p + 0.01 * (1 - p)) for p in (0.5, 0.1, 0.01)])


def test_one_side_alone_is_refused():
    with pytest.raises(UsageError, match="0 others"):
        pooled.curve(np.zeros((2, 3)), np.ones((2, 3), bool))
    with pytest.raises(UsageError, match="no threshold"):
        pooled.at(pooled.curve(*attack(2, 30, 1.0)), *attack(2, 30, 1.0), fpr=0)


def test_beside_the_scores_no_matrix_is_held(monkeypatch):
    """The memory of an interval and of a rate: that of the pooled scores, where it was that of three matrices."""
    monkeypatch.setattr(pooled, "RESAMPLES", 10)
    g = np.random.default_rng(0)
    said = g.normal(size=(200, 10000))
    said[g.random(said.shape) < 0.5] = np.nan
    member = g.random(said.shape) < 0.5
    curve, value = pooled.curve(said, member), pooled.auc(said, member)
    for measure in (
        lambda: pooled.auc_interval(curve, value, said, member),
        lambda: pooled.at(curve, said, member, 0.01),
    ):
        tracemalloc.start()
        measure()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1.2 * said.nbytes


@pytest.mark.parametrize(
    ("alike", "level", "where"), [(1.0, 0.05, "wider"), (-1.0, 0.3, "narrower"), (-1.0, 0.0, "floor")]
)
def test_intervals_know_what_pairs_of_one_example_have_in_common(alike, level, where):
    """Examples that pull all targets one way make intervals wider; whose pulls cancel over targets, narrower: to the
    part that targets have of their own, and no further than what sums by example show.
    """
    g = np.random.default_rng(0)
    sign = np.where(np.arange(12) % 2, 1.0, alike)[:, None]
    pull = sign * g.normal(size=400) + level * g.normal(size=(12, 1)) + 0.1 * g.normal(size=(12, 400))
    target, example, pair = np.square(pull.sum(1)).sum(), np.square(pull.sum(0)).sum(), np.square(pull).sum()
    both = target + example - pair
    assert {"wider": both > target, "narrower": example < both < target, "floor": both < example < target}[where]
    expected = np.sqrt((example if where == "floor" else both) / target)
    assert pooled.shared(pull) == pytest.approx(expected)
    assert pooled.shared(np.zeros((3, 4))) == 1.0
