"""How often 95% intervals hold the truth where membership does not show; there is more in benchmarks/coverage.py."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from byheart.privacy import pooled
from byheart.privacy.leave_one_out import scores
from byheart.privacy.pairs import partners
from byheart.privacy.pooled import CLUSTERS
from byheart.privacy.roc import exact, roc, tpr_at

from .conftest import answers

LEAST, MOST = 0.92, 0.98


def error(simulations: int, coverage: float = 0.95) -> float:
    """99 % of so many simulations are within this of their coverage."""
    return 2.6 * float(np.sqrt(coverage * (1 - coverage) / simulations))


def test_exact_intervals_hold_the_rates_of_their_threshold_and_the_rate_that_was_asked_for():
    held, member = np.zeros(3), np.arange(400) < 200
    for seed in range(2000):
        rate = tpr_at(roc(np.random.default_rng(seed).normal(size=400), member), 0.05)
        truth = norm.sf(rate.threshold)
        low, high = exact(round(rate.value * 200), 200)
        held += [low <= truth <= high, rate.fpr_low <= truth <= rate.fpr_high, rate.low <= 0.05 <= rate.high]
    assert (held / 2000 >= 0.95 - error(2000)).all()


def covered(draw, simulations: int, fpr: float = 0.05) -> tuple[float, float]:
    """By the interval of the AUC, and by that of the hit rate."""
    held = np.zeros(2)
    for seed in range(simulations):
        said, member = draw(seed)
        curve = pooled.curve(said, member)
        low, high = pooled.auc_interval(curve, pooled.auc(said, member), said, member)
        at = pooled.at(curve, said, member, fpr)
        held += [low <= 0.5 <= high, at.low <= fpr <= at.high]
    return float(held[0] / simulations), float(held[1] / simulations)


def independent(seed: int) -> tuple[np.ndarray, np.ndarray]:
    g = np.random.default_rng(seed)
    member = g.permuted(np.tile(np.arange(40) < 20, (CLUSTERS, 1)), axis=1)
    return g.normal(size=member.shape), member


def attacked(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """LiRA on models that leak nothing: targets share their references, which a bootstrap over them does not see."""
    a = answers(40, CLUSTERS, shift=0.0, seed=seed)
    return scores(a, partners(a.member, a.ids), "lira_online"), a.member


@pytest.mark.parametrize("draw", [independent, attacked])
def test_few_simulations_of_the_fewest_targets_that_are_not_called_few(draw):
    area, hits = covered(draw, 100)
    assert LEAST - error(100, LEAST) <= area <= 1 and hits >= LEAST - error(100, LEAST)


@pytest.mark.slow
@pytest.mark.parametrize("draw", [independent, attacked])
def test_intervals_over_the_fewest_targets_that_are_not_called_few(draw):
    area, hits = covered(draw, 2000)
    assert LEAST - error(2000, LEAST) <= area <= MOST + error(2000, MOST) and hits >= LEAST - error(2000, LEAST)


def test_targets_that_share_their_references_need_a_wider_interval():
    ratio = [pooled.shared(pooled.placed(*draw, pooled.auc(*draw))) for draw in map(attacked, range(30))]
    alone = [pooled.shared(pooled.placed(*draw, pooled.auc(*draw))) for draw in map(independent, range(30))]
    assert np.mean(ratio) > np.mean(alone) + 0.1


def test_what_a_pair_adds_is_its_share_of_the_area():
    said, member = independent(0)
    said[0, :7] = np.nan
    said[1, :9] = said[1, 9]  # ties
    value, known = pooled.auc(said, member), ~np.isnan(said)
    found = pooled.placed(said, member, value)
    others, mine = said[known & ~member], said[known & member]
    for k, i in ((0, 20), (1, 3), (5, 5), (9, 31)):
        x = said[k, i]
        if member[k, i]:
            expected = (np.mean((others < x) + 0.5 * (others == x)) - value) / len(mine)
        else:
            expected = (np.mean((mine > x) + 0.5 * (mine == x)) - value) / len(others)
        assert found[k, i] == pytest.approx(expected)
    assert found[0, :7].tolist() == [0.0] * 7 and found.sum() == pytest.approx(0, abs=1e-12)
    by_target, by_example = (found.sum(1) ** 2).sum(), (found.sum(0) ** 2).sum()
    two_ways = max(by_target + by_example - (found**2).sum(), by_target)
    assert pooled.shared(found) == pytest.approx(np.sqrt(two_ways / by_target))
    assert pooled.shared(np.zeros((3, 4))) == 1


def test_a_wider_interval_stays_within_its_range():
    assert pooled.widened(0.5, 0.45, 0.6, 2) == pytest.approx((0.4, 0.7))
    assert pooled.widened(0.95, 0.9, 0.99, 3) == pytest.approx((0.8, 1.0))
    assert pooled.widened(0.5, 0.52, 0.6, 1) == pytest.approx((0.5, 0.6))
